/* SPDX-License-Identifier: MIT */
#include "cluster/peer.h"

#include "base/assert.h"
#include "base/memory.h"
#include "cluster/carrier.h"
#include "cluster/incoming.h"
#include "cluster/outgoing.h"
#include "core/ask.h"
#include "core/far.h"
#include "core/monitor.h"
#include "core/spawn.h"

void tr_peer_choke(tr_peer *peer)
{
    tr_worker *worker = peer->border->worker;
    tr_actor *actor = tr_peer_actor(peer, peer->carrier);
    tr_timers_start(&worker->timers, &peer->again, worker->now_ns + TR_WIRE_AGAIN_NS);
    if (peer->is_choked || actor == NULL || actor->state != TR_ACTOR_LIVE) {
        return;
    }
    tr_worker_make_unrunnable(worker, actor);
    actor->is_runnable = true;
    peer->is_choked = true;
}

void tr_peer_unchoke(tr_peer *peer)
{
    tr_worker *worker = peer->border->worker;
    tr_actor *actor = tr_peer_actor(peer, peer->carrier);
    if (tr_timer_is_running(&peer->again)) {
        tr_timers_cancel(&worker->timers, &peer->again);
    }
    if (peer->is_choked && actor != NULL) {
        actor->is_runnable = false;
        tr_worker_make_runnable(worker, actor);
    }
    peer->is_choked = false;
}

static void offer_again(tr_timer *timer, void *context)
{
    (void) timer;
    tr_peer *peer = context;
    tr_outgoing_flush(peer);
    const tr_actor *carrier = tr_peer_actor(peer, peer->carrier);
    if (peer->is_choked && carrier != NULL && carrier->state == TR_ACTOR_LIVE &&
        (carrier->is_stopping || carrier->is_cancelled)) {
        tr_peer_unchoke(peer); /* to end */
    }
}

/* Requests that were sent and whose askers have long been told by their own deadlines: the answer,
 * if it is not lost, finds nobody. */
static void sweep(tr_timer *timer, void *context)
{
    tr_peer *peer = context;
    tr_worker *worker = peer->border->worker;
    uint64_t number = 0;
    for (tr_own *own = tr_numbers_next_own(&peer->numbers, &number); own != NULL;
         own = tr_numbers_next_own(&peer->numbers, &number)) {
        if (own->is_sent && tr_message_kind(own->message) == TR_KIND_USER &&
            own->message->deadline_ns <= worker->now_ns) {
            tr_message_free(&worker->pool, tr_numbers_remove_own(&peer->numbers, own));
        }
    }
    if (peer->numbers.own.count > 0) {
        tr_timers_start(&worker->timers, timer, worker->now_ns + TR_NUMBERS_SWEEP_NS);
    }
}

void tr_peer_send_down(tr_peer *peer, troupe_message *entry, troupe_error reason,
                       troupe_down_kind kind)
{
    troupe_down *down = entry->body;
    down->reason = reason;
    down->kind = kind;
    if (!tr_landing_put_behind(peer, entry)) {
        tr_monitor_send_down(peer->border->worker, entry, reason, kind);
    }
}

troupe_error tr_peer_spawn(tr_peer *peer, const troupe_behavior *behavior, uint32_t capacity,
                           tr_address *out_address)
{
    tr_border *border = peer->border;
    const bool is_entrance = behavior == &tr_entrance_behavior;
    const troupe_spawn_options options = {
        .size = sizeof options,
        .behavior = behavior,
        .argument = peer,
        .mailbox_capacity = capacity,
        .mailbox_bytes = TR_WINDOW_BYTES,
        .reply_bytes = TR_LARGE_BYTES_MAX,
        .asks_max = TR_ENTRANCE_ASKS_MAX,
        .monitors_max = TR_CARRIER_MONITORS_MAX,
        .pinned = 1,
    };
    tr_worker *worker = border->worker;
    const tr_actor *root = tr_actor_at(worker, border->root);
    /* Once it has told its children to stop it would wait for this one for ever. */
    TR_REQUIRE(root != NULL && root->state == TR_ACTOR_LIVE, STOPPING);
    const troupe_error error = tr_spawn(worker, border->root, &options, NULL, out_address);
    if (error) {
        return error;
    }
    /* It is here, but not live yet: it is to be before anything else comes. */
    tr_worker_drain_inner(worker);
    tr_actor *actor = tr_peer_actor(peer, *out_address);
    TR_ASSERT(actor != NULL && actor->state == TR_ACTOR_LIVE);
    actor->is_entrance = is_entrance;
    actor->is_carrier = !is_entrance;
    actor->evicts = !is_entrance; /* what comes is looked at */
    ((tr_carrier *) actor->state_block)->peer = peer;
    if (!is_entrance) {
        tr_far_window_found(actor->slot, (tr_address) {0});
    }
    return TROUPE_OK;
}

uint64_t tr_peer_node_of(const tr_actor *actor)
{
    const tr_peer *peer = actor->is_carrier || actor->is_entrance
                              ? ((const tr_carrier *) actor->state_block)->peer
                              : NULL;
    return peer != NULL ? peer->node : 0;
}

static void stop_actor(tr_peer *peer, tr_address address)
{
    const tr_actor *actor = tr_peer_actor(peer, address);
    if (actor != NULL && actor->state == TR_ACTOR_LIVE) {
        /* Without memory it lives on idle, and ends with the border. */
        (void) tr_actor_signal(peer->border->worker, address, TR_SIGNAL_STOP);
    }
}

void tr_peer_end_entrance(tr_peer *peer)
{
    if (peer->is_over && tr_landing_held(&peer->landings) == 0) {
        stop_actor(peer, peer->entrance);
    }
}

/* Both actors, and the carrier known to the node. */
static troupe_error settle_in(tr_peer *peer)
{
    tr_border *border = peer->border;
    troupe_error error = TROUPE_OK;
    if (tr_peer_actor(peer, peer->entrance) == NULL) {
        error = tr_peer_spawn(peer, &tr_entrance_behavior, TR_CARRIER_CAPACITY, &peer->entrance);
    }
    if (error == TROUPE_OK && tr_peer_actor(peer, peer->carrier) == NULL) {
        error = tr_peer_spawn(peer, &tr_carrier_behavior, TR_CARRIER_CAPACITY, &peer->carrier);
    }
    return error ? error : tr_far_add(border->system, peer->node, peer->carrier);
}

troupe_error tr_peer_create(tr_border *border, uint64_t node, tr_peer **out_peer)
{
    const troupe_allocator *allocator = border->system->ports.allocator;
    troupe_error error = tr_map_reserve_one(&border->peers);
    if (error) {
        return error;
    }
    tr_peer *peer = tr_allocate(allocator, sizeof *peer);
    TR_REQUIRE(peer != NULL, NO_MEMORY);
    peer->border = border;
    peer->node = node;
    peer->known = tr_nodes_hold(border->system, node);
    if (peer->known == NULL) {
        tr_free(allocator, peer, sizeof *peer);
        return TROUPE_ERROR_NO_MEMORY;
    }
    tr_numbers_init(&peer->numbers, allocator);
    tr_timer_init(&peer->again, offer_again, peer);
    tr_timer_init(&peer->sweep, sweep, peer);
    peer->numbers.hash_key = border->system->hash_key;
    tr_landing_init(peer);
    tr_credit_init(peer);
    tr_large_init(peer);
    tr_pieces_init(peer);
    tr_outlet_init(peer);
    tr_map_add(&border->peers, &peer->by_node, tr_hash_u64(node));
    *out_peer = peer;
    return TROUPE_OK;
}

/* The flush may still be on its way. */
static void take_back_flush(tr_peer *peer)
{
    if (!peer->is_flush_queued) {
        return;
    }
    tr_queue *inner = &peer->border->worker->inner;
    troupe_message *previous = NULL;
    troupe_message *at = inner->head;
    while (at != NULL && at != &peer->flush) {
        previous = at;
        at = at->next;
    }
    if (at != NULL) {
        tr_queue_remove(inner, previous, at);
    }
    peer->is_flush_queued = false;
}

static void drop_queue(tr_worker *worker, tr_queue *queue)
{
    for (troupe_message *message = tr_queue_pop(queue); message != NULL;
         message = tr_queue_pop(queue)) {
        tr_message_free(&worker->pool, message);
    }
}

static void drop_numbers(tr_peer *peer)
{
    tr_worker *worker = peer->border->worker;
    uint64_t number = 0;
    for (tr_own *own = tr_numbers_next_own(&peer->numbers, &number); own != NULL;
         own = tr_numbers_next_own(&peer->numbers, &number)) {
        const bool is_sent = own->is_sent; /* else it is on the way out */
        troupe_message *message = tr_numbers_remove_own(&peer->numbers, own);
        if (is_sent) {
            tr_message_free(&worker->pool, message);
        }
    }
    /* The asks that are still open here, for requests that nobody waits for any more too, own their
     * entries: these go first, so that the entrance, which is freed later, has none. */
    tr_actor *entrance = tr_peer_actor(peer, peer->entrance);
    if (entrance != NULL) {
        tr_ask_forget_all(worker, entrance);
    }
    for (tr_their *their = tr_numbers_first_their(&peer->numbers); their != NULL;
         their = tr_numbers_first_their(&peer->numbers)) {
        if (their->exit != NULL) {
            tr_message_free(&worker->pool, their->exit);
        }
        if (their->answer != NULL) {
            tr_list_remove(&their->waiting);
            tr_message_free(&worker->pool, their->answer);
        }
        tr_numbers_remove_their(&peer->numbers, their);
    }
}

void tr_peer_destroy(tr_peer *peer)
{
    tr_border *border = peer->border;
    tr_worker *worker = border->worker;
    if (worker != NULL) {
        take_back_flush(peer);
        tr_timers_cancel(&worker->timers, &peer->again);
        tr_timers_cancel(&worker->timers, &peer->sweep);
        drop_numbers(peer);
        tr_large_return_all(peer);
        drop_queue(worker, &peer->out);
    }
    tr_outlet_fini(peer);
    tr_landing_fini(peer);
    tr_large_fini(peer);
    tr_pieces_clear(peer);
    tr_credit_fini(peer);
    tr_map_remove(&border->peers, &peer->by_node);
    tr_nodes_release(border->system, peer->known);
    tr_numbers_fini(&peer->numbers);
    tr_free(border->system->ports.allocator, peer, sizeof *peer);
}

troupe_error tr_peer_connect(tr_peer *peer)
{
    TR_ASSERT(!peer->is_connected);
    const troupe_error error = settle_in(peer);
    if (error) {
        return error;
    }
    peer->is_connected = true;
    peer->squeezes = false; /* until they say that they can read it */
    peer->repeats = false;
    peer->is_broken = false;
    peer->offence = NULL;
    peer->connection++;
    peer->sequence = 0;
    peer->their_least = peer->their_connection + 1;
    peer->their_sequence = 0;
    peer->has_heard = false;
    peer->greets = true;
    peer->border->counts.connections++;
    tr_outgoing_flush_soon(peer);
    tr_herald_note(&peer->border->herald, peer->node, TROUPE_NODE_CONNECTED);
    return TROUPE_OK;
}

void tr_peer_lose(tr_peer *peer, troupe_error reason, troupe_error verdict)
{
    tr_border *border = peer->border;
    tr_far_close(border->system, peer->node, verdict);
    if (peer->is_connected) {
        peer->is_connected = false;
        peer->greets = false;
        border->counts.connections_lost++;
        tr_outgoing_fail_all(peer, reason);
        tr_outlet_close(peer);
        tr_landing_forget_session(peer);
        tr_credit_forget(peer);
        tr_pieces_clear(peer);
        tr_incoming_forget_all(peer);
        tr_peer_unchoke(peer);
    }
    tr_herald_note(&border->herald, peer->node,
                   verdict == TROUPE_ERROR_STALE ? TROUPE_NODE_LEFT : TROUPE_NODE_LOST);
    if (verdict == TROUPE_ERROR_STALE) {
        tr_outlet_stop_all(peer);
        stop_actor(peer, peer->carrier);
        peer->is_over = true;
        tr_peer_end_entrance(peer);
    }
}
