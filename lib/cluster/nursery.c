/* SPDX-License-Identifier: MIT */
#include "cluster/nursery.h"

#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "cluster/incoming.h"
#include "cluster/outgoing.h"
#include "cluster/peer.h"
#include "core/guardian.h"
#include "core/link.h"
#include "core/monitor.h"
#include "core/offers.h"
#include "core/spawn.h"

/* It takes nothing itself. */
const troupe_behavior tr_nursery_behavior = TROUPE_BEHAVIOR(.name = "nursery");
const troupe_type tr_nursery_answer_type = TROUPE_TYPE(tr_nursery_answer);

struct tr_nursling {
    tr_root_ready ready; /* first */
    tr_nursery *nursery;
    tr_map_node by_key;
    tr_list in_keyed;
    tr_list in_under_way;
    tr_list waiters; /* of tr_their */
    tr_timer deadline;
    const tr_offer *offer;
    troupe_message *argument; /* NULL: none, or it is ready */
    uint64_t key;             /* 0: none */
    uint64_t begun_ns;
    tr_address child;
    troupe_error result;
    bool is_under_way; /* its start has not ended */
    bool has_result;
};

struct key {
    uint64_t key;
    const tr_offer *offer;
};

static uint64_t hash_of(const struct key *key)
{
    return tr_hash_u64(key->key) ^ tr_hash_bytes(key->offer->name, strlen(key->offer->name));
}

static bool has_key(const tr_map_node *node, const void *wanted)
{
    const tr_nursling *nursling = TR_CONTAINER_OF_CONST(node, tr_nursling, by_key);
    const struct key *key = wanted;
    return nursling->key == key->key && nursling->offer == key->offer;
}

void tr_nursery_init(tr_nursery *nursery, tr_border *border)
{
    *nursery = (tr_nursery) {
        .border = border, .under_way_max = TR_SPAWNS_MAX, .keys_max = TR_SPAWN_KEYS_MAX};
    tr_map_init(&nursery->by_key, border->system->ports.allocator);
    tr_list_init(&nursery->keyed);
    tr_list_init(&nursery->under_way);
}

/* Frees one that nothing refers to any more. */
static void drop(tr_nursling *nursling)
{
    tr_nursery *nursery = nursling->nursery;
    tr_worker *worker = nursery->border->worker;
    TR_ASSERT(tr_list_is_empty(&nursling->waiters));
    if (nursling->key != 0) {
        tr_map_remove(&nursery->by_key, &nursling->by_key);
        tr_list_remove(&nursling->in_keyed);
    }
    if (nursling->is_under_way) {
        tr_list_remove(&nursling->in_under_way);
        nursery->under_way_count--;
    }
    if (nursling->argument != NULL) {
        tr_message_free(&worker->pool, nursling->argument);
    }
    if (tr_timer_is_running(&nursling->deadline)) {
        tr_timers_cancel(&worker->timers, &nursling->deadline);
    }
    tr_free(nursery->border->system->ports.allocator, nursling, sizeof *nursling);
}

void tr_nursery_fini(tr_nursery *nursery)
{
    for (tr_list *node = tr_list_first(&nursery->under_way); node != NULL;
         node = tr_list_first(&nursery->under_way)) {
        drop(TR_CONTAINER_OF(node, tr_nursling, in_under_way));
    }
    for (tr_list *node = tr_list_first(&nursery->keyed); node != NULL;
         node = tr_list_first(&nursery->keyed)) {
        drop(TR_CONTAINER_OF(node, tr_nursling, in_keyed));
    }
    tr_map_fini(&nursery->by_key);
}

/* Keys whose time is over are forgotten; so are those of which nothing has come, and that does not
 * take long. */
static void forget_old(tr_nursery *nursery)
{
    const uint64_t now_ns = nursery->border->worker->now_ns;
    tr_list *next = NULL;
    for (tr_list *node = tr_list_first(&nursery->keyed); node != NULL; node = next) {
        tr_nursling *nursling = TR_CONTAINER_OF(node, tr_nursling, in_keyed);
        next = tr_list_next(&nursery->keyed, node);
        if (now_ns - nursling->begun_ns < TR_SPAWN_KEY_NS) {
            return;
        }
        if (!nursling->is_under_way) {
            drop(nursling);
        }
    }
}

static void stop_actor(tr_border *border, tr_address actor)
{
    /* Without memory it lives on until the node stops; one that has ended is as it was to be. */
    (void) tr_actor_signal(border->worker, actor, TR_SIGNAL_STOP);
}

void tr_nursery_undelivered(tr_border *border, const troupe_message *answer)
{
    const tr_nursery_answer *body = answer->body;
    if (body->error == TROUPE_OK && body->key == 0) {
        stop_actor(border, body->actor);
    }
}

/* Answers. */

/* The monitor or link of this number comes to nothing. */
static void untie(tr_peer *peer, uint64_t number)
{
    tr_their *tie = number != 0 ? tr_numbers_find_their(&peer->numbers, number) : NULL;
    if (tie != NULL && tie->is_monitor) {
        tr_incoming_end(peer, tie);
    }
}

/* The answer to one who waits. */
static void answer(tr_their *their, const tr_nursling *nursling, troupe_error error)
{
    tr_peer *peer = their->owner;
    troupe_message *message = their->answer;
    tr_nursery_answer *body = message->body;
    body->error = error;
    body->key = nursling != NULL ? nursling->key : 0;
    if (error == TROUPE_OK) {
        body->actor = nursling->child;
    } else {
        untie(peer, their->ties[0]);
        untie(peer, their->ties[1]);
    }
    tr_list_remove(&their->waiting);
    their->answer = NULL;
    tr_numbers_remove_their(&peer->numbers, their);
    tr_outgoing_push_at_once(peer, message);
}

static void settle(tr_nursling *nursling, troupe_error result)
{
    nursling->has_result = true;
    nursling->result = result;
    for (tr_list *node = tr_list_first(&nursling->waiters); node != NULL;
         node = tr_list_first(&nursling->waiters)) {
        answer(TR_CONTAINER_OF(node, tr_their, waiting), nursling, result);
    }
}

/* It is not to be, though it may say just now that it is ready. */
static void give_up(tr_nursling *nursling, troupe_error why)
{
    if (!nursling->has_result) {
        settle(nursling, why);
        stop_actor(nursling->nursery->border, nursling->child);
    }
}

static void note_deadline(tr_timer *timer, void *context)
{
    (void) timer;
    give_up(context, TROUPE_ERROR_TIMED_OUT);
}

/* What its start has returned. */
static void note_ready(tr_root_ready *ready, troupe_error error)
{
    tr_nursling *nursling = TR_CONTAINER_OF(ready, tr_nursling, ready);
    tr_nursery *nursery = nursling->nursery;
    if (!nursling->has_result) {
        settle(nursling, error);
    }
    if (nursling->key == 0) {
        drop(nursling);
        return;
    }
    tr_worker *worker = nursery->border->worker;
    nursling->is_under_way = false;
    tr_list_remove(&nursling->in_under_way);
    nursery->under_way_count--;
    if (tr_timer_is_running(&nursling->deadline)) {
        tr_timers_cancel(&worker->timers, &nursling->deadline);
    }
    if (nursling->argument != NULL) {
        tr_message_free(&worker->pool, nursling->argument);
        nursling->argument = NULL;
    }
}

/* Who asked waits no more. Whether anybody else does. */
static bool leave(tr_their *their)
{
    tr_nursling *nursling = their->nursling;
    tr_list_remove(&their->waiting);
    return !tr_list_is_empty(&nursling->waiters);
}

void tr_nursery_cancel(tr_peer *peer, tr_their *their)
{
    tr_nursling *nursling = their->nursling;
    TR_ASSERT(their->owner == peer);
    answer(their, nursling, TROUPE_ERROR_CANCELLED);
    if (tr_list_is_empty(&nursling->waiters)) {
        give_up(nursling, TROUPE_ERROR_CANCELLED);
    }
}

void tr_nursery_forget(tr_peer *peer, tr_their *their)
{
    tr_nursling *nursling = their->nursling;
    const bool is_waited_for = leave(their);
    tr_message_free(&peer->border->worker->pool, their->answer);
    their->answer = NULL;
    tr_numbers_remove_their(&peer->numbers, their);
    if (!is_waited_for && nursling->key == 0) {
        give_up(nursling, TROUPE_ERROR_NODE_LOST);
    }
}

/* Ties. */

/* A monitor or link that comes with a spawn: its entry, for whom nobody is named yet. */
static troupe_error make_tie(tr_peer *peer, const tr_envelope *envelope, bool is_link,
                             tr_their *tie, troupe_message **out_entry)
{
    tr_worker *worker = peer->border->worker;
    const tr_system *system = peer->border->system;
    tr_actor *carrier = tr_peer_actor(peer, peer->carrier);
    const troupe_ref nobody = {.node = system->options.node_id};
    TR_REQUIRE(carrier != NULL && carrier->state == TR_ACTOR_LIVE, NODE_LOST);
    if (!is_link) {
        const troupe_error error =
            tr_monitor_make_entry(worker, carrier, nobody, tr_monitor_value(peer->carrier, false),
                                  &troupe_down_type, out_entry);
        if (error == TROUPE_OK) {
            tr_numbers_note_monitor(&peer->numbers, tie, (*out_entry)->correlation);
        }
        return error;
    }
    const troupe_ref from = {
        .node = peer->node, .slot = envelope->from.slot, .generation = envelope->from.generation};
    tr_link_ends ends;
    const troupe_error error = tr_link_make(worker, carrier, from, nobody, peer->carrier, &ends);
    if (error == TROUPE_OK) {
        *out_entry = ends.there;
        tie->exit = ends.here;
        tr_numbers_note_monitor(&peer->numbers, tie, ends.there->correlation);
    }
    return error;
}

static troupe_error add_tie(tr_peer *peer, const tr_envelope *envelope, bool is_link,
                            tr_queue *entries)
{
    const uint64_t number = is_link ? envelope->link : envelope->monitor;
    tr_their *tie = NULL;
    troupe_message *entry = NULL;
    if (number == 0) {
        return TROUPE_OK;
    }
    troupe_error error = tr_numbers_add_their(&peer->numbers, number, true, &tie);
    if (error) {
        return error == TROUPE_ERROR_BAD_ARGUMENT ? TROUPE_ERROR_PROTOCOL : error;
    }
    tie->to = peer->carrier; /* until there is an actor */
    error = make_tie(peer, envelope, is_link, tie, &entry);
    if (error) {
        tr_numbers_remove_their(&peer->numbers, tie);
        return error;
    }
    tr_queue_push(entries, entry);
    return TROUPE_OK;
}

/* Both, with their entries; none is left on an error. */
static troupe_error add_ties(tr_peer *peer, const tr_envelope *envelope, tr_their *their,
                             tr_queue *entries)
{
    troupe_error error = add_tie(peer, envelope, false, entries);
    if (error) {
        return error;
    }
    their->ties[0] = envelope->monitor;
    error = add_tie(peer, envelope, true, entries);
    their->ties[1] = error ? 0 : envelope->link;
    return error;
}

static void drop_entries(tr_worker *worker, tr_queue *entries)
{
    for (troupe_message *entry = tr_queue_pop(entries); entry != NULL;
         entry = tr_queue_pop(entries)) {
        tr_message_free(&worker->pool, entry);
    }
}

/* The ties are with this actor. */
static void name_ties(tr_peer *peer, const tr_their *their, tr_address child)
{
    for (unsigned i = 0; i < 2; i++) {
        tr_their *tie =
            their->ties[i] != 0 ? tr_numbers_find_their(&peer->numbers, their->ties[i]) : NULL;
        if (tie != NULL) {
            tie->to = child;
        }
        if (tie != NULL && tie->exit != NULL) {
            tie->exit->sender = child;
        }
    }
}

/* Spawns. */

/* Its argument, of the type that the offer says. */
static troupe_error unpack_argument(tr_peer *peer, const tr_envelope *envelope,
                                    const tr_offer *offer, troupe_message **out_argument)
{
    const bool has_argument = offer->argument.protobuf != NULL || offer->argument.type != NULL;
    TR_REQUIRE(has_argument == (envelope->form != TR_ENVELOPE_NONE), PROTOCOL);
    if (!has_argument) {
        return TROUPE_OK;
    }
    tr_worker *worker = peer->border->worker;
    troupe_message *message = NULL;
    const troupe_error error = tr_body_unpack(worker, &peer->border->unpacker, envelope, &message);
    if (error) {
        return error;
    }
    const void *wanted = offer->argument.protobuf != NULL ? (const void *) offer->argument.protobuf
                                                          : (const void *) offer->argument.type;
    if (message->type != wanted || tr_message_form(message) == TR_FORM_BYTES) {
        tr_message_free(&worker->pool, message);
        return TROUPE_ERROR_PROTOCOL;
    }
    *out_argument = message;
    return TROUPE_OK;
}

static troupe_error make_nursling(tr_nursery *nursery, const tr_offer *offer, uint64_t key,
                                  tr_nursling **out_nursling)
{
    forget_old(nursery);
    TR_REQUIRE(nursery->under_way_count < nursery->under_way_max, LIMIT_REACHED);
    TR_REQUIRE(key == 0 || nursery->by_key.count < nursery->keys_max, LIMIT_REACHED);
    TR_REQUIRE(key == 0 || tr_map_reserve_one(&nursery->by_key) == TROUPE_OK, NO_MEMORY);
    tr_nursling *nursling = tr_allocate(nursery->border->system->ports.allocator, sizeof *nursling);
    TR_REQUIRE(nursling != NULL, NO_MEMORY);
    nursling->ready.done = note_ready;
    nursling->nursery = nursery;
    nursling->offer = offer;
    nursling->begun_ns = nursery->border->worker->now_ns;
    nursling->is_under_way = true;
    tr_list_init(&nursling->waiters);
    tr_timer_init(&nursling->deadline, note_deadline, nursling);
    tr_list_push_back(&nursery->under_way, &nursling->in_under_way);
    nursery->under_way_count++;
    if (key != 0) {
        const struct key wanted = {.key = key, .offer = offer};
        nursling->key = key;
        tr_map_add(&nursery->by_key, &nursling->by_key, hash_of(&wanted));
        tr_list_push_back(&nursery->keyed, &nursling->in_keyed);
    }
    *out_nursling = nursling;
    return TROUPE_OK;
}

/* The parent, made if need be. */
static troupe_error find_parent(tr_border *border, tr_address *out_parent)
{
    tr_worker *worker = border->worker;
    tr_system *system = border->system;
    const tr_actor *root = tr_actor_at(worker, border->root);
    TR_REQUIRE(root != NULL && root->state == TR_ACTOR_LIVE, STOPPING);
    /* Relaxed: one that slips through is told to stop like the others. */
    TR_REQUIRE(atomic_load_explicit(&system->is_stopping, memory_order_relaxed) < 2, STOPPING);
    if (system->far_nursery.generation == 0) {
        const troupe_spawn_options given = {
            .size = sizeof given, .behavior = &tr_nursery_behavior, .pinned = 1};
        troupe_spawn_options options;
        troupe_error error =
            tr_settings_complete(&given, system->options.mailbox_capacity_default, &options);
        error =
            error ? error : tr_spawn(worker, border->root, &options, NULL, &system->far_nursery);
        if (error) {
            return error;
        }
        TR_ASSERT(tr_actor_at(worker, system->far_nursery) != NULL); /* it stays with its parent */
    }
    *out_parent = system->far_nursery;
    return TROUPE_OK;
}

static troupe_error spawn(tr_nursling *nursling, tr_queue *entries)
{
    tr_border *border = nursling->nursery->border;
    tr_worker *worker = border->worker;
    troupe_spawn_options options = nursling->offer->options;
    tr_address parent;
    troupe_error error = find_parent(border, &parent);
    if (error) {
        return error;
    }
    troupe_message *ready = tr_message_of_kind(&worker->pool, TR_KIND_READY);
    TR_REQUIRE(ready != NULL, NO_MEMORY);
    ready->correlation = (uint64_t) (uintptr_t) &nursling->ready;
    if (nursling->argument != NULL) {
        options.argument = troupe_message_body(nursling->argument);
    }
    error = tr_spawn_watched(worker, parent, &options, ready, entries, &nursling->child);
    if (error) {
        tr_message_free(&worker->pool, ready);
    }
    return error;
}

static void start_deadline(tr_nursling *nursling, uint64_t budget_ns)
{
    tr_worker *worker = nursling->nursery->border->worker;
    if (budget_ns != 0 && budget_ns < TR_NEVER - worker->now_ns) {
        tr_timers_start(&worker->timers, &nursling->deadline, worker->now_ns + budget_ns);
    }
}

static troupe_error begin(tr_peer *peer, const tr_envelope *envelope, const tr_offer *offer,
                          tr_their *their)
{
    tr_worker *worker = peer->border->worker;
    tr_nursling *nursling = NULL;
    tr_queue entries = {0};
    troupe_error error = make_nursling(&peer->border->nursery, offer, envelope->key, &nursling);
    if (error) {
        return error;
    }
    error = unpack_argument(peer, envelope, offer, &nursling->argument);
    error = error ? error : add_ties(peer, envelope, their, &entries);
    error = error ? error : spawn(nursling, &entries);
    if (error) {
        drop_entries(worker, &entries);
        drop(nursling);
        return error;
    }
    name_ties(peer, their, nursling->child);
    their->nursling = nursling;
    tr_list_push_back(&nursling->waiters, &their->waiting);
    start_deadline(nursling, envelope->budget_ns);
    return TROUPE_OK;
}

/* Somebody has asked for it before. */
static troupe_error join(tr_peer *peer, const tr_envelope *envelope, tr_nursling *nursling,
                         tr_their *their)
{
    tr_worker *worker = peer->border->worker;
    tr_queue entries = {0};
    if (nursling->has_result && nursling->result != TROUPE_OK) {
        return nursling->result;
    }
    const troupe_error error = add_ties(peer, envelope, their, &entries);
    if (error) {
        drop_entries(worker, &entries);
        return error;
    }
    name_ties(peer, their, nursling->child);
    for (troupe_message *entry = tr_queue_pop(&entries); entry != NULL;
         entry = tr_queue_pop(&entries)) {
        entry->receiver = nursling->child;
        if (entry->type == &troupe_down_type) {
            TR_TELL(MONITOR_MADE, .worker = worker, .message = entry);
        }
        tr_monitor_send_entry(worker, entry, TROUPE_OK);
    }
    their->nursling = nursling;
    tr_list_push_back(&nursling->waiters, &their->waiting);
    if (nursling->has_result) {
        answer(their, nursling, TROUPE_OK);
    }
    return TROUPE_OK;
}

static troupe_error take(tr_peer *peer, const tr_envelope *envelope, tr_their *their)
{
    const tr_offer *offer = tr_offers_find(peer->border->system, envelope->name);
    TR_REQUIRE(offer != NULL, NO_SUCH_ACTOR);
    forget_old(&peer->border->nursery);
    const struct key key = {.key = envelope->key, .offer = offer};
    tr_map_node *known =
        key.key == 0 ? NULL
                     : tr_map_find(&peer->border->nursery.by_key, hash_of(&key), has_key, &key);
    return known != NULL ? join(peer, envelope, TR_CONTAINER_OF(known, tr_nursling, by_key), their)
                         : begin(peer, envelope, offer, their);
}

void tr_nursery_take_spawn(tr_peer *peer, const tr_envelope *envelope)
{
    static const tr_nursery_answer nothing;
    tr_worker *worker = peer->border->worker;
    tr_their *their = NULL;
    troupe_message *message = NULL;
    /* Without memory for the answer nothing is begun. */
    if (tr_message_of_struct(&worker->pool, &tr_nursery_answer_type, &nothing, &message) !=
        TROUPE_OK) {
        tr_outgoing_break(peer);
        return;
    }
    message->correlation = envelope->number;
    tr_message_set_kind(message, TR_KIND_REPLY);
    const troupe_error added =
        tr_numbers_add_their(&peer->numbers, envelope->number, false, &their);
    if (added == TROUPE_ERROR_BAD_ARGUMENT) {
        peer->border->counts.envelopes_refused++; /* a number that is open already */
        tr_message_free(&worker->pool, message);
        return;
    }
    if (added) {
        ((tr_nursery_answer *) message->body)->error = added;
        tr_outgoing_push_at_once(peer, message);
        return;
    }
    their->owner = peer;
    their->answer = message;
    tr_list_init(&their->waiting);
    const troupe_error error = take(peer, envelope, their);
    if (error) {
        answer(their, NULL, error);
    }
}
