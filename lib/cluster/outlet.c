/* SPDX-License-Identifier: MIT */
#include "cluster/outlet.h"

#include "base/assert.h"
#include "base/memory.h"
#include "cluster/outgoing.h"
#include "core/bracket.h"
#include "core/far.h"
#include "core/line.h"

static void look(tr_timer *timer, void *context);

static tr_worker *worker_of(const tr_peer *peer)
{
    return peer->border->worker;
}

static tr_outlet *outlet_of(tr_list *node)
{
    return TR_CONTAINER_OF(node, tr_outlet, link);
}

void tr_outlet_init(tr_peer *peer)
{
    tr_outlets *outlets = &peer->outlets;
    tr_far_windows_init(&outlets->windows, peer->border->system->ports.allocator);
    tr_list_init(&outlets->all);
    tr_timer_init(&outlets->timer, look, peer);
}

void tr_outlet_fini(tr_peer *peer)
{
    tr_outlets *outlets = &peer->outlets;
    tr_far_set_windows(peer->border->system, peer->node, NULL);
    for (tr_list *node = tr_list_pop_front(&outlets->all); node != NULL;
         node = tr_list_pop_front(&outlets->all)) {
        outlet_of(node)->peer = NULL; /* of an actor that is freed with its worker */
    }
    if (worker_of(peer) != NULL) {
        tr_timers_cancel(&worker_of(peer)->timers, &outlets->timer);
    }
    if (outlets->by_number != NULL) {
        tr_free(peer->border->system->ports.allocator, outlets->by_number,
                outlets->room * sizeof(tr_outlet *));
    }
    tr_far_windows_fini(&outlets->windows);
}

tr_outlet *tr_outlet_at(const tr_peer *peer, tr_address address)
{
    const tr_actor *actor = tr_peer_actor(peer, address);
    return actor != NULL && actor->behavior == &tr_outlet_behavior && actor->state != TR_ACTOR_ENDED
               ? actor->state_block
               : NULL;
}

/* Numbers. */

static bool reserve_number(tr_peer *peer)
{
    tr_outlets *outlets = &peer->outlets;
    const troupe_allocator *allocator = peer->border->system->ports.allocator;
    if (outlets->by_number == NULL) {
        outlets->by_number = tr_allocate(allocator, (TR_WINDOWS_MAX + 1) * sizeof(tr_outlet *));
        outlets->room = outlets->by_number != NULL ? TR_WINDOWS_MAX + 1 : 0;
    }
    return outlets->room > 0 && outlets->count < TR_WINDOWS_MAX;
}

static uint32_t free_number(const tr_outlets *outlets)
{
    uint32_t number = 1;
    while (outlets->by_number[number] != NULL) {
        number++;
    }
    return number;
}

/* The actor, which there is as long as its outlet is on a list. */
static tr_actor *actor_of(const tr_peer *peer, tr_address address)
{
    tr_actor *actor = tr_peer_actor(peer, address);
    TR_ASSERT(actor != NULL);
    return actor;
}

/* Making them. */

/* How many places the next one gets; 0: there are not enough left. */
static uint32_t places_of_next(const tr_outlets *outlets)
{
    const uint32_t share = outlets->left / (2 * (outlets->count + 4));
    const uint32_t places = share < TR_WINDOW_LEAST  ? TR_WINDOW_LEAST
                            : share > TR_WINDOW_MOST ? TR_WINDOW_MOST
                                                     : share;
    return outlets->left >= places ? places : 0;
}

/* While its actor is made others may be: what it is to have is taken before. */
static tr_outlet *make(tr_peer *peer)
{
    tr_outlets *outlets = &peer->outlets;
    const uint32_t places = places_of_next(outlets);
    tr_address address;
    if (places == 0 || !reserve_number(peer)) {
        return NULL;
    }
    outlets->count++;
    outlets->left -= places;
    if (tr_peer_spawn(peer, &tr_outlet_behavior, places, &address) != TROUPE_OK) {
        outlets->count--;
        outlets->left += places;
        return NULL;
    }
    tr_actor *actor = actor_of(peer, address);
    tr_outlet *outlet = actor->state_block;
    tr_far_window_found(actor->slot, peer->carrier);
    outlet->peer = peer;
    outlet->address = address;
    outlet->window.outlet = address;
    tr_list_init(&outlet->window.ready);
    outlet->places = places;
    outlet->number = free_number(outlets);
    outlet->is_fresh = true;
    outlets->by_number[outlet->number] = outlet;
    tr_list_push_back(&outlets->all, &outlet->link);
    return outlet;
}

/* Takes it off all lists. */
static void forget(tr_outlet *outlet)
{
    tr_peer *peer = outlet->peer;
    tr_outlets *outlets = &peer->outlets;
    tr_far_windows_unbind(peer->border->system, &outlets->windows, &outlet->window, false);
    tr_list_remove(&outlet->link);
    outlets->by_number[outlet->number] = NULL;
    outlets->count--;
    outlets->left += outlet->places;
}

static void give_back_sent(tr_outlet *outlet)
{
    tr_worker *worker = worker_of(outlet->peer);
    tr_actor *actor = actor_of(outlet->peer, outlet->address);
    const uint32_t sent = outlet->sent;
    const uint64_t bytes = outlet->sent_bytes;
    outlet->sent = 0;
    outlet->sent_bytes = 0;
    if (sent > 0) {
        tr_line_give_back(worker, actor, sent, bytes);
    }
}

static void stop(troupe_self *self, void *state, troupe_error reason)
{
    (void) reason;
    tr_outlet *outlet = state;
    (void) tr_enter(self);
    if (outlet->peer != NULL && outlet->number != 0) {
        outlet->peer->outlets.orphaned += outlet->sent; /* the node stops: none is made any more */
        give_back_sent(outlet);
        forget(outlet);
        outlet->number = 0;
    }
    tr_leave(self);
}

const troupe_behavior tr_outlet_behavior =
    TROUPE_BEHAVIOR(.name = "outlet", .state_size = sizeof(tr_outlet), .stop = stop);

void tr_outlet_refill(tr_peer *peer)
{
    tr_outlets *outlets = &peer->outlets;
    uint32_t missed = 0;
    if (!outlets->wants_more || !peer->is_connected || !outlets->is_open) {
        return;
    }
    outlets->wants_more = false;
    uint32_t ready = tr_far_windows_look(peer->border->system, &outlets->windows, &missed);
    const uint32_t most = TR_WINDOWS_MORE + outlets->count;
    const uint32_t more = missed < most ? missed : most;
    for (; ready < TR_WINDOWS_READY + more; ready++) {
        tr_outlet *outlet = make(peer);
        if (outlet == NULL) {
            return;
        }
        if (tr_far_windows_add(peer->border->system, &outlets->windows, &outlet->window) !=
            TROUPE_OK) {
            outlet->is_leaving = true;
            return;
        }
    }
}

static void want_more(tr_peer *peer)
{
    peer->outlets.wants_more = true;
    tr_outgoing_flush_soon(peer);
}

void tr_outlet_came(tr_outlet *outlet)
{
    tr_peer *peer = outlet->peer;
    if (outlet->is_fresh || tr_address_is_same(outlet->address, peer->outlets.windows.common)) {
        outlet->is_fresh = false;
        want_more(peer);
    }
}

/* Sessions. */

/* The one that is shared, and those that are ready. */
static bool have_common(tr_peer *peer)
{
    tr_outlets *outlets = &peer->outlets;
    if (tr_outlet_at(peer, outlets->windows.common) == NULL) {
        const tr_outlet *common = make(peer);
        if (common == NULL) {
            return false;
        }
        outlets->windows.common = common->address;
    }
    return true;
}

void tr_outlet_open(tr_peer *peer, uint64_t messages, uint64_t bytes)
{
    tr_outlets *outlets = &peer->outlets;
    tr_worker *worker = worker_of(peer);
    const tr_actor *carrier = tr_peer_actor(peer, peer->carrier);
    if (outlets->is_open || carrier == NULL || messages < TR_CREDIT_MESSAGES_LEAST ||
        bytes < TR_CREDIT_BYTES_LEAST) {
        return;
    }
    const uint64_t places = messages < TR_CREDIT_MESSAGES ? messages : TR_CREDIT_MESSAGES;
    const uint64_t pool = bytes < TR_CREDIT_BYTES ? bytes : TR_CREDIT_BYTES;
    if (outlets->count == 0) {
        outlets->left = (uint32_t) places;
    }
    if (!have_common(peer)) {
        return; /* all goes by the carrier */
    }
    atomic_store_explicit(&carrier->slot->bytes_limit, pool, memory_order_relaxed);
    outlets->is_open = true;
    tr_far_set_windows(worker->system, peer->node, &outlets->windows);
    want_more(peer);
    tr_timers_start(&worker->timers, &outlets->timer, worker->now_ns + TR_WINDOW_LOOK_NS);
}

void tr_outlet_close(tr_peer *peer)
{
    tr_outlets *outlets = &peer->outlets;
    outlets->is_open = false;
    outlets->orphaned = 0;
    tr_far_set_windows(peer->border->system, peer->node, NULL);
    for (tr_list *node = tr_list_first(&outlets->all); node != NULL;
         node = tr_list_next(&outlets->all, node)) {
        give_back_sent(outlet_of(node));
    }
}

void tr_outlet_stop_all(tr_peer *peer)
{
    tr_list *all = &peer->outlets.all;
    for (tr_list *node = tr_list_first(all); node != NULL; node = tr_list_next(all, node)) {
        /* Without memory it ends with the border. */
        (void) tr_actor_signal(worker_of(peer), outlet_of(node)->address, TR_SIGNAL_STOP);
    }
}

void tr_outlet_credit_came(tr_peer *peer, uint32_t number, uint64_t messages, uint64_t bytes)
{
    tr_outlets *outlets = &peer->outlets;
    tr_outlet *outlet = number < outlets->room ? outlets->by_number[number] : NULL;
    if (outlet == NULL && messages <= outlets->orphaned) {
        outlets->orphaned -= (uint32_t) messages;
        return;
    }
    if (outlet == NULL || messages > outlet->sent || bytes > outlet->sent_bytes) {
        tr_outgoing_complain(peer, "gives credit for what it was not sent");
        return;
    }
    outlet->sent -= (uint32_t) messages;
    outlet->sent_bytes -= bytes;
    tr_worker *worker = worker_of(peer);
    tr_line_give_back(worker, actor_of(peer, outlet->address), (uint32_t) messages, bytes);
    if (bytes > 0) {
        tr_line_feed_hungry(worker);
    }
}

/* Idle ones. */

static bool is_idle(const tr_peer *peer, const tr_outlet *outlet)
{
    const tr_actor *actor = actor_of(peer, outlet->address);
    const uint64_t word = atomic_load_explicit(&actor->slot->admission, memory_order_acquire);
    return (word & (TR_SLOT_DEPTH_MASK | TR_SLOT_WAITING)) == 0 && actor->line.head == NULL;
}

/* One that nobody uses is ready for others, or is to go; one that has few places while many are
 * left is to be replaced. */
static void look_at(tr_peer *peer, tr_outlet *outlet)
{
    tr_outlets *outlets = &peer->outlets;
    tr_system *system = peer->border->system;
    uint64_t uses = 0;
    uint32_t missed = 0;
    const bool is_bound = tr_far_windows_is_bound(system, &outlet->window, &uses);
    const bool was_used = uses != outlet->uses;
    const bool is_small = places_of_next(outlets) / 4 >= outlet->places;
    outlet->uses = uses;
    if (outlet->was_common) {
        tr_line_pass_on(worker_of(peer), actor_of(peer, outlet->address),
                        actor_of(peer, outlets->windows.common));
    }
    if (outlet->is_leaving) {
        if (is_idle(peer, outlet)) {
            (void) tr_actor_signal(worker_of(peer), outlet->address, TR_SIGNAL_STOP);
        }
        return;
    }
    const uint32_t ready = tr_far_windows_look(system, &outlets->windows, &missed);
    const uint32_t others = is_bound ? ready : ready - 1;
    if ((!was_used && is_idle(peer, outlet)) || is_small) {
        outlet->is_leaving = is_small || others >= TR_WINDOWS_READY;
        if (is_bound || outlet->is_leaving) {
            tr_far_windows_unbind(system, &outlets->windows, &outlet->window, !outlet->is_leaving);
        }
    }
}

/* The one that is shared may be full of what one receiver does not take. Who stands in line there
 * is not to wait for that one: another takes its place, and them. */
static void relieve_common(tr_peer *peer)
{
    tr_outlets *outlets = &peer->outlets;
    tr_outlet *old = tr_outlet_at(peer, outlets->windows.common);
    if (!outlets->is_open || old == NULL || actor_of(peer, old->address)->line.head == NULL) {
        return;
    }
    const tr_outlet *next = make(peer);
    if (next != NULL) {
        tr_far_windows_share(peer->border->system, &outlets->windows, next->address);
        old->was_common = true;
        old->is_leaving = true;
    }
}

static void look(tr_timer *timer, void *context)
{
    tr_peer *peer = context;
    tr_outlets *outlets = &peer->outlets;
    tr_worker *worker = worker_of(peer);
    relieve_common(peer);
    for (tr_list *node = tr_list_first(&outlets->all); node != NULL;
         node = tr_list_next(&outlets->all, node)) {
        tr_outlet *outlet = outlet_of(node);
        if (!tr_address_is_same(outlet->address, outlets->windows.common)) {
            look_at(peer, outlet);
        }
    }
    if (outlets->is_open) {
        want_more(peer);
    }
    if (outlets->count > 1 + TR_WINDOWS_READY || outlets->is_open) {
        tr_timers_start(&worker->timers, timer, worker->now_ns + TR_WINDOW_LOOK_NS);
    }
}
