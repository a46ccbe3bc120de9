/* SPDX-License-Identifier: MIT */
#include "cluster/landing.h"

#include "base/assert.h"
#include "base/memory.h"
#include "cluster/carrier.h"
#include "cluster/outgoing.h"
#include "core/bracket.h"
#include "core/monitor.h"
#include "core/scope.h"

/* What stands there for one receiver. */
struct landing {
    tr_map_node by_receiver;
    tr_address to;
    tr_queue waiting;
    tr_queue late; /* DOWNs for it, each behind so many as its deadline_ns says */
    uint64_t came; /* that have stood there, since it was made */
    uint64_t left; /* of those, that do no more */
    uint64_t ticket;
    uint64_t queue; /* its number */
};

static uint64_t hash_of(const tr_peer *peer, tr_address to)
{
    return tr_hash_u64(((uint64_t) to.generation << 32 | to.slot) ^ peer->border->system->hash_key);
}

static bool is_for(const tr_map_node *node, const void *key)
{
    return tr_address_is_same(TR_CONTAINER_OF_CONST(node, struct landing, by_receiver)->to,
                              *(const tr_address *) key);
}

static struct landing *find(const tr_peer *peer, tr_address to)
{
    const tr_map *map = &peer->landings.by_receiver;
    tr_map_node *node = map->count > 0 ? tr_map_find(map, hash_of(peer, to), is_for, &to) : NULL;
    return node != NULL ? TR_CONTAINER_OF(node, struct landing, by_receiver) : NULL;
}

static tr_peer *peer_of(const tr_actor *entrance)
{
    return ((const tr_carrier *) entrance->state_block)->peer;
}

void tr_landing_init(tr_peer *peer)
{
    tr_map_init(&peer->landings.by_receiver, peer->border->system->ports.allocator);
}

bool tr_landing_blocks(const tr_actor *entrance, tr_address to)
{
    return find(peer_of(entrance), to) != NULL;
}

void tr_landing_begin(tr_peer *peer, uint32_t window, uint32_t charge)
{
    peer->landings.window = window;
    peer->landings.charge = charge;
    peer->landings.last = (tr_landing_stand) {.queue = 0};
}

void tr_landing_finish(tr_peer *peer)
{
    tr_landings *landings = &peer->landings;
    if (landings->window != 0) {
        tr_credit_owe(peer, landings->window, landings->charge);
        landings->window = 0;
    }
}

/* Counts. What a message counts in stands where one that goes to another node has its receiver. */

static tr_landing_count *count_of(tr_peer *peer, uint32_t window)
{
    return window != 0 ? &peer->landings.counted : &peer->landings.others;
}

/* What a message that stands there counts in. */
static tr_address stay_of(troupe_message *message)
{
    return tr_message_extended(message)->to;
}

/* DOWNs before which nothing stands any more. */
static void tell_late(tr_peer *peer, struct landing *landing)
{
    troupe_message *entry = landing->late.head;
    for (; entry != NULL && entry->deadline_ns <= landing->left; entry = landing->late.head) {
        const troupe_down *down = entry->body;
        (void) tr_queue_pop(&landing->late);
        entry->deadline_ns = TR_NEVER;
        tr_monitor_send_down(peer->border->worker, entry, down->reason, down->kind);
    }
}

/* One of this size is not there any more. */
static void have_left(tr_peer *peer, struct landing *landing, tr_address stay, uint32_t size)
{
    landing->left++;
    tr_landing_count *count = count_of(peer, stay.slot);
    count->messages--;
    count->bytes -= size;
    if (stay.slot != 0) {
        tr_credit_owe(peer, stay.slot, stay.generation);
    }
}

/* Takes the first out of the queue, to enter a mailbox or to end. */
static troupe_message *take_first(tr_peer *peer, struct landing *landing)
{
    troupe_message *message = tr_queue_pop(&landing->waiting);
    have_left(peer, landing, stay_of(message), message->size);
    tr_message_extended(message)->to = (tr_address) {0};
    return message;
}

static bool has_room(tr_peer *peer, const troupe_message *message)
{
    const tr_landings *landings = &peer->landings;
    if (landings->window == 0) {
        return landings->others.messages < TR_ENTRANCE_PARKED_MAX &&
               landings->others.bytes + message->size <= TR_ENTRANCE_PARKED_BYTES;
    }
    if (tr_landing_held(landings) >= 2 * TR_CREDIT_MESSAGES ||
        landings->others.bytes > TR_CREDIT_BYTES_LANDED) {
        return false; /* sessions are lost again and again */
    }
    const bool is_within = landings->counted.messages < TR_CREDIT_MESSAGES &&
                           landings->counted.bytes + message->size <= TR_CREDIT_BYTES_LANDED;
    if (!is_within) {
        tr_outgoing_complain(peer, "sends more than it has credit for");
    }
    return is_within;
}

/* Standing in line. */

static void drop(tr_peer *peer, struct landing *landing)
{
    tell_late(peer, landing); /* all: nothing stands there */
    TR_ASSERT(landing->late.head == NULL);
    tr_map_remove(&peer->landings.by_receiver, &landing->by_receiver);
    tr_free(peer->border->system->ports.allocator, landing, sizeof *landing);
    tr_peer_end_entrance(peer);
}

bool tr_landing_put_behind(tr_peer *peer, troupe_message *entry)
{
    struct landing *landing = find(peer, entry->sender);
    if (landing != NULL) {
        entry->deadline_ns = landing->came;
        tr_queue_push(&landing->late, entry);
    }
    return landing != NULL;
}

static void enter_line(tr_worker *worker, tr_actor *entrance, struct landing *landing,
                       troupe_message *enter)
{
    landing->ticket = ++entrance->tickets_made;
    entrance->tickets++;
    enter->sender = entrance->address;
    enter->receiver = landing->to;
    enter->correlation = landing->ticket;
    enter->size = tr_message_charge(landing->waiting.head);
    tr_message_set_kind(enter, TR_KIND_LINE_ENTER);
    tr_slot *slot = tr_system_slot(worker->system, landing->to);
    (void) tr_slot_set_waiting(slot, landing->to.generation, 0); /* the owner sees to it anyway */
    tr_worker_route(worker, enter);
}

static troupe_error begin(tr_worker *worker, tr_peer *peer, tr_address to,
                          struct landing **out_landing, troupe_message **out_enter)
{
    const troupe_allocator *allocator = worker->system->ports.allocator;
    TR_REQUIRE(tr_map_reserve_one(&peer->landings.by_receiver) == TROUPE_OK, NO_MEMORY);
    troupe_message *enter = tr_message_of_kind(&worker->pool, TR_KIND_LINE_ENTER);
    TR_REQUIRE(enter != NULL, NO_MEMORY);
    struct landing *landing = tr_allocate(allocator, sizeof *landing);
    if (landing == NULL) {
        tr_message_free(&worker->pool, enter);
        return TROUPE_ERROR_NO_MEMORY;
    }
    *landing = (struct landing) {.to = to, .queue = ++peer->landings.queues};
    tr_map_add(&peer->landings.by_receiver, &landing->by_receiver, hash_of(peer, to));
    *out_landing = landing;
    *out_enter = enter;
    return TROUPE_OK;
}

troupe_error tr_landing_land(tr_worker *worker, tr_sending *sending)
{
    tr_actor *entrance = sending->sender;
    tr_peer *peer = peer_of(entrance);
    tr_landings *landings = &peer->landings;
    troupe_message *enter = NULL;
    struct landing *landing = find(peer, sending->to);
    TR_REQUIRE(entrance->state == TR_ACTOR_LIVE && has_room(peer, *sending->message),
               LIMIT_REACHED);
    if (landing == NULL) {
        const troupe_error error = begin(worker, peer, sending->to, &landing, &enter);
        if (error) {
            return error;
        }
    }
    troupe_message *message = tr_send_take(worker, sending);
    tr_message_extended(message)->to =
        (tr_address) {.slot = landings->window, .generation = landings->charge};
    tr_landing_count *count = count_of(peer, landings->window);
    count->messages++;
    count->bytes += message->size;
    landings->window = 0;
    landing->came++;
    tr_queue_push(&landing->waiting, message);
    landings->last =
        (tr_landing_stand) {.message = message, .queue = landing->queue, .place = landing->came};
    sending->was_parked = true;
    if (enter != NULL) {
        enter_line(worker, entrance, landing, enter);
    }
    return TROUPE_OK;
}

static void bury(tr_worker *worker, troupe_message *message, troupe_error error)
{
    tr_message_bury(worker, message,
                    error == TROUPE_ERROR_STALE ? TROUPE_DEAD_STALE : TROUPE_DEAD_REFUSED, error);
}

static void bury_all(tr_worker *worker, tr_peer *peer, struct landing *landing, troupe_error error)
{
    while (landing->waiting.head != NULL) {
        bury(worker, take_first(peer, landing), error);
    }
}

static void put_back(struct landing *landing, troupe_message *message, tr_address stay)
{
    tr_message_extended(message)->to = stay;
    message->next = landing->waiting.head;
    landing->waiting.head = message;
    if (message->next == NULL) {
        landing->waiting.tail = message;
    }
}

/* Lets in as many as there is room for. */
static void drain(tr_worker *worker, tr_peer *peer, struct landing *landing)
{
    for (troupe_message *message = tr_queue_pop(&landing->waiting); message != NULL;
         message = tr_queue_pop(&landing->waiting)) {
        const tr_address stay = stay_of(message);
        const uint32_t size = message->size;
        tr_message_extended(message)->to = (tr_address) {0};
        const troupe_error error = tr_send_on(worker, landing->to, message);
        if (error == TROUPE_ERROR_MAILBOX_FULL || error == TROUPE_ERROR_NO_MEMORY) {
            put_back(landing, message, stay);
            return;
        }
        have_left(peer, landing, stay, size);
        if (error) {
            bury(worker, message, error);
        }
        tell_late(peer, landing);
    }
}

bool tr_landing_granted(tr_worker *worker, tr_actor *entrance, troupe_message *grant)
{
    tr_peer *peer = peer_of(entrance);
    struct landing *landing = find(peer, grant->sender);
    if (landing == NULL || landing->ticket != grant->correlation) {
        return false;
    }
    const troupe_error error = (troupe_error) grant->value;
    if (error) {
        bury_all(worker, peer, landing, error);
    } else {
        troupe_message *first = take_first(peer, landing);
        TR_ASSERT(tr_message_charge(first) == grant->size);
        tr_worker_post(worker, tr_system_slot(worker->system, landing->to), first);
        tell_late(peer, landing);
        drain(worker, peer, landing);
    }
    if (landing->waiting.head != NULL) {
        enter_line(worker, entrance, landing, grant);
    } else {
        tr_message_free(&worker->pool, grant);
        drop(peer, landing);
    }
    return true;
}

/* The queue that it still stands in, or NULL: they are left in the order in which they came. */
static const struct landing *find_stand(const tr_peer *peer, tr_address to,
                                        const tr_landing_stand *stand)
{
    const struct landing *landing = stand->queue != 0 ? find(peer, to) : NULL;
    return landing != NULL && landing->queue == stand->queue && landing->left < stand->place
               ? landing
               : NULL;
}

void tr_landing_give_up(tr_peer *peer, tr_address to, const tr_landing_stand *stand, uint64_t ask)
{
    if (find_stand(peer, to, stand) != NULL) {
        troupe_message *message = stand->message;
        TR_ASSERT(tr_message_has(message, TR_MESSAGE_WANTS_REPLY) && message->correlation == ask);
        tr_message_set(message, tr_message_has(message, TR_MESSAGE_SETTLES) ? TR_MESSAGE_GIVEN_UP
                                                                            : TR_MESSAGE_VOID);
    }
    tr_scope_give_up(peer->border->worker, peer->entrance, to, ask);
}

bool tr_landing_has_ask(const tr_peer *peer, tr_address to, const tr_landing_stand *stand,
                        uint64_t *out_ticket)
{
    const struct landing *landing = find_stand(peer, to, stand);
    *out_ticket = landing != NULL ? landing->ticket : 0;
    return landing != NULL;
}

bool tr_landing_has_all(const tr_peer *peer, tr_address to, uint32_t window, uint32_t count,
                        uint64_t *out_ticket, uint64_t *steps)
{
    const struct landing *landing = find(peer, to);
    uint32_t found = 0;
    *out_ticket = 0;
    if (landing == NULL || count == 0 || landing->came - landing->left < count) {
        return false;
    }
    for (troupe_message *at = landing->waiting.head; at != NULL; at = at->next) {
        found += stay_of(at).slot == window ? 1 : 0;
    }
    *steps += landing->came - landing->left;
    *out_ticket = landing->ticket;
    return found == count;
}

void tr_landing_forget_session(tr_peer *peer)
{
    tr_landings *landings = &peer->landings;
    const tr_map *map = &landings->by_receiver;
    for (tr_map_node *node = tr_map_first(map); node != NULL; node = tr_map_next(map, node)) {
        const struct landing *landing = TR_CONTAINER_OF(node, struct landing, by_receiver);
        for (troupe_message *at = landing->waiting.head; at != NULL; at = at->next) {
            tr_message_extended(at)->to = (tr_address) {0};
        }
    }
    landings->others.messages += landings->counted.messages;
    landings->others.bytes += landings->counted.bytes;
    landings->counted = (tr_landing_count) {0};
    landings->window = 0;
}

static struct landing *first_of(const tr_peer *peer)
{
    tr_map_node *node = tr_map_first(&peer->landings.by_receiver);
    return node != NULL ? TR_CONTAINER_OF(node, struct landing, by_receiver) : NULL;
}

static void end_all(tr_peer *peer)
{
    for (struct landing *landing = first_of(peer); landing != NULL; landing = first_of(peer)) {
        bury_all(peer->border->worker, peer, landing, TROUPE_ERROR_STOPPING);
        drop(peer, landing);
    }
}

static void stop(troupe_self *self, void *state, troupe_error reason)
{
    (void) reason;
    (void) tr_enter(self);
    end_all(((const tr_carrier *) state)->peer);
    tr_leave(self);
}

/* It takes nothing itself. */
const troupe_behavior tr_entrance_behavior =
    TROUPE_BEHAVIOR(.name = "entrance", .state_size = sizeof(tr_carrier), .stop = stop);

void tr_landing_fini(tr_peer *peer)
{
    peer->is_over = false; /* nobody is told any more */
    for (struct landing *landing = first_of(peer); landing != NULL; landing = first_of(peer)) {
        for (troupe_message *message = tr_queue_pop(&landing->waiting); message != NULL;
             message = tr_queue_pop(&landing->waiting)) {
            tr_message_free(&peer->border->worker->pool, message);
        }
        for (troupe_message *entry = tr_queue_pop(&landing->late); entry != NULL;
             entry = tr_queue_pop(&landing->late)) {
            tr_message_free(&peer->border->worker->pool, entry);
        }
        drop(peer, landing);
    }
    tr_map_fini(&peer->landings.by_receiver);
}
