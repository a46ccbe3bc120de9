/* SPDX-License-Identifier: MIT */
#include "core/far.h"

#include <string.h>
#include <troupe/ask.h>
#include <troupe/remote.h>

#include "base/memory.h"
#include "core/bracket.h"
#include "core/far_spawn.h"
#include "core/park.h"
#include "core/send.h"
#include "core/task.h"

const troupe_type tr_far_lookup_type = TROUPE_TYPE(tr_far_lookup);
const troupe_type tr_far_found_type = TROUPE_TYPE(tr_far_found);
const troupe_type tr_far_signal_type = TROUPE_TYPE(tr_far_signal);

/* A node that this one has been connected to. */
struct far_node {
    tr_map_node node;
    uint64_t id;
    tr_address carrier;
    tr_far_windows *windows; /* NULL: there are none */
    troupe_error verdict;
};

static bool is_node(const tr_map_node *node, const void *key)
{
    return TR_CONTAINER_OF_CONST(node, struct far_node, node)->id == *(const uint64_t *) key;
}

static struct far_node *find(const tr_system *system, uint64_t id)
{
    tr_map_node *node = tr_map_find(&system->far_nodes, tr_hash_u64(id), is_node, &id);
    return node != NULL ? TR_CONTAINER_OF(node, struct far_node, node) : NULL;
}

static void lock(const tr_system *system)
{
    system->ports.lock(system->ports.context);
}

static void unlock(const tr_system *system)
{
    system->ports.unlock(system->ports.context);
}

void tr_far_open(tr_system *system, const tr_far_port *port)
{
    lock(system);
    system->far = port;
    tr_far_ways_change(system);
    unlock(system);
}

/* Puts a new entry on the list. */
static troupe_error add_locked(tr_system *system, uint64_t id, tr_address carrier)
{
    struct far_node *far = find(system, id);
    if (far == NULL) {
        troupe_error error = tr_map_reserve_one(&system->far_nodes);
        if (error) {
            return error;
        }
        far = tr_allocate(system->ports.allocator, sizeof *far);
        TR_REQUIRE(far != NULL, NO_MEMORY);
        far->id = id;
        tr_map_add(&system->far_nodes, &far->node, tr_hash_u64(id));
    }
    far->carrier = carrier;
    far->verdict = TROUPE_OK;
    tr_far_ways_change(system);
    return TROUPE_OK;
}

troupe_error tr_far_add(tr_system *system, uint64_t node, tr_address carrier)
{
    TR_ASSERT(node != 0 && node != system->options.node_id);
    lock(system);
    const troupe_error error = add_locked(system, node, carrier);
    unlock(system);
    return error;
}

void tr_far_close(tr_system *system, uint64_t node, troupe_error verdict)
{
    lock(system);
    struct far_node *far = find(system, node);
    if (far != NULL && far->verdict != TROUPE_ERROR_STALE) { /* which it stays */
        far->verdict = verdict;
        tr_far_ways_change(system);
    }
    unlock(system);
}

void tr_far_set_windows(tr_system *system, uint64_t node, tr_far_windows *windows)
{
    lock(system);
    struct far_node *far = find(system, node);
    if (far != NULL) {
        far->windows = windows;
        tr_far_ways_change(system);
    }
    unlock(system);
}

tr_address tr_far_carrier_of(const tr_system *system, tr_address address)
{
    const tr_slot *slot = tr_slots_at(&system->slots, address.slot);
    const tr_address pool = {
        .slot = atomic_load_explicit(&slot->redirect_slot, memory_order_relaxed),
        .generation = atomic_load_explicit(&slot->redirect_generation, memory_order_relaxed)};
    const bool is_outlet =
        atomic_load_explicit(&slot->on_full, memory_order_relaxed) == TR_SLOT_IS_WINDOW &&
        pool.generation != 0;
    return is_outlet ? pool : address;
}

uint64_t tr_far_node_of(const tr_system *system, tr_address address)
{
    const tr_address carrier = tr_far_carrier_of(system, address);
    uint64_t id = 0;
    lock(system);
    for (const tr_map_node *node = tr_map_first(&system->far_nodes); node != NULL && id == 0;
         node = tr_map_next(&system->far_nodes, node)) {
        const struct far_node *far = TR_CONTAINER_OF_CONST(node, struct far_node, node);
        id = tr_address_is_same(far->carrier, carrier) ? far->id : 0;
    }
    unlock(system);
    return id;
}

static void remove_locked(tr_system *system, struct far_node *far)
{
    tr_map_remove(&system->far_nodes, &far->node);
    tr_far_ways_change(system);
    tr_free(system->ports.allocator, far, sizeof *far);
}

void tr_far_remove(tr_system *system, uint64_t node)
{
    lock(system);
    struct far_node *far = find(system, node);
    if (far != NULL) {
        remove_locked(system, far);
    }
    unlock(system);
}

void tr_far_forget_all(tr_system *system)
{
    for (tr_map_node *node = tr_map_first(&system->far_nodes); node != NULL;
         node = tr_map_first(&system->far_nodes)) {
        remove_locked(system, TR_CONTAINER_OF(node, struct far_node, node));
    }
}

void tr_far_set_home(tr_system *system, tr_address home)
{
    lock(system);
    system->far_home = home;
    unlock(system);
}

tr_address tr_far_home(tr_system *system)
{
    lock(system);
    const tr_address home = system->far_home;
    unlock(system);
    return home;
}

/* A wish on its way to who makes connections: for one with the node that the ref names, or to be
 * rid of the actor that it names; or, where it names no node, to be told of nodes. */
struct wish {
    tr_call call; /* first */
    troupe_ref what;
};

static void hear_wish(tr_worker *worker, troupe_message *message)
{
    const struct wish *wish = message->body;
    const tr_far_port *far = worker->system->far;
    tr_actor *home = tr_actor_at(worker, message->receiver);
    if (home == NULL || home->state != TR_ACTOR_LIVE) {
        /* Nothing goes there any more. */
    } else if (wish->what.node == 0) {
        far->tell(worker, home);
    } else if (troupe_ref_is_none(wish->what)) {
        far->want(worker, home, wish->what.node);
    } else {
        far->disown(worker, home, wish->what);
    }
    tr_message_free(&worker->pool, message);
}

/* Without memory the next one who wants to go there says it again; an actor that nobody waits for
 * lives on. */
static bool send_wish(tr_worker *worker, tr_address home, troupe_ref what)
{
    troupe_message *message = NULL;
    if (home.generation == 0) {
        return true;
    }
    if (tr_message_with_body(&worker->pool, TR_FORM_NONE, NULL, sizeof(struct wish), &message) !=
        TROUPE_OK) {
        return false;
    }
    *(struct wish *) message->body = (struct wish) {.call.run = hear_wish, .what = what};
    message->receiver = home;
    tr_message_set_kind(message, TR_KIND_CALL);
    tr_worker_route(worker, message);
    return true;
}

static tr_address home_of(const tr_system *system)
{
    lock(system);
    const tr_address home = system->far_home;
    unlock(system);
    return home;
}

bool tr_far_look_at_news(tr_worker *worker)
{
    return send_wish(worker, home_of(worker->system), (troupe_ref) {0});
}

/* Where a behavior has something parked for this actor there, the next stands behind it. */
static bool find_parked(const tr_system *system, const tr_actor *sender, tr_address carrier,
                        tr_address there, tr_address *out_address)
{
    const troupe_message *at = tr_park_first(sender);
    for (; at != NULL; at = at->next) {
        const tr_extension *extension = tr_message_has(at, TR_MESSAGE_EXTENDED)
                                            ? (const tr_extension *) (const void *) (at + 1)
                                            : NULL;
        if (extension != NULL && tr_address_is_same(extension->to, there) &&
            tr_address_is_same(tr_far_carrier_of(system, at->receiver), carrier)) {
            *out_address = at->receiver;
            return true;
        }
    }
    return false;
}

/* The outlet, in whose place the carrier is; or that where there are none. */
static void find_window(tr_worker *worker, const tr_actor *sender, const struct far_node *far,
                        troupe_ref to, tr_address *address)
{
    const tr_system *system = worker->system;
    const tr_address there = {.slot = to.slot, .generation = to.generation};
    if (find_parked(system, sender, far->carrier, there, address) || far->windows == NULL) {
        return;
    }
    *address = tr_far_windows_pick(system, far->windows, there);
    if (!tr_address_is_same(*address,
                            far->windows->common)) { /* there may be one of its own soon */
        tr_far_ways_note(&worker->far_ways, system, to, *address);
    }
}

/* Of a ref of another node; of an actor there, or nobody. */
static troupe_error find_way(tr_worker *worker, const tr_actor *sender, troupe_ref to,
                             tr_address *out_address)
{
    const uint64_t node = to.node;
    tr_system *system = worker->system;
    troupe_error error = TROUPE_ERROR_STALE; /* where there are no other nodes */
    if (sender != NULL && tr_park_first(sender) == NULL &&
        tr_far_ways_know(&worker->far_ways, system, to, out_address)) {
        return TROUPE_OK;
    }
    lock(system);
    const tr_address home = system->far_home;
    if (system->far != NULL) {
        const struct far_node *far = find(system, node);
        error = far != NULL ? far->verdict : TROUPE_ERROR_UNREACHABLE;
        if (error == TROUPE_OK) {
            *out_address = far->carrier;
            if (sender != NULL) {
                find_window(worker, sender, far, to, out_address);
            }
        }
    }
    unlock(system);
    if (error == TROUPE_ERROR_UNREACHABLE) {
        (void) send_wish(worker, home, (troupe_ref) {.node = node});
    }
    return error;
}

void tr_far_came_late(tr_worker *worker, const troupe_message *reply)
{
    const tr_far_found *found =
        reply->type == &tr_far_found_type ? (const tr_far_found *) reply->body : NULL;
    if (found != NULL && found->is_made) {
        (void) send_wish(worker, home_of(worker->system), found->actor);
    }
}

troupe_error tr_far_address(tr_worker *worker, troupe_ref ref, tr_address *out_address)
{
    if (!tr_far_is(worker->system, ref)) {
        return tr_system_address(worker->system, ref, out_address);
    }
    TR_REQUIRE(ref.generation != 0, NO_SUCH_ACTOR);
    return find_way(worker, NULL, ref, out_address);
}

bool tr_far_is_for_node(const troupe_message *request)
{
    return request->type == &tr_far_lookup_type || request->type == &tr_far_spawn_type;
}

/* Whether it can leave its node. */
static bool may_leave(const troupe_message *message)
{
    if (tr_message_form(message) != TR_FORM_STRUCT) {
        return tr_message_form(message) != TR_FORM_NONE;
    }
    const troupe_type *type = message->type;
    return type->body_size == 0 || (type->pack != NULL && type->unpack != NULL) ||
           type == &tr_far_signal_type || tr_far_is_for_node(message);
}

/* A copy of a message that is held, with the wish for a reply and all that belongs to it. */
static troupe_error copy_held(tr_worker *worker, troupe_message *held, troupe_message **out_copy)
{
    troupe_message *copy = NULL;
    troupe_error error = tr_message_copy_of(&worker->pool, held, &copy);
    if (error == TROUPE_OK) {
        error = tr_message_extend(&worker->pool, &copy);
    }
    if (error) {
        if (copy != NULL) {
            tr_message_free(&worker->pool, copy);
        }
        return error;
    }
    const tr_extension *extension = tr_message_extension(held);
    if (extension != NULL) {
        *tr_message_extended(copy) = *extension;
    }
    copy->sender = held->sender;
    copy->deadline_ns = held->deadline_ns;
    copy->correlation = held->correlation;
    tr_message_set(copy, held->flags & (TR_MESSAGE_WANTS_REPLY | TR_MESSAGE_REPLIED |
                                        TR_MESSAGE_SETTLES | TR_MESSAGE_GIVEN_UP));
    *out_copy = copy;
    return TROUPE_OK;
}

troupe_error tr_far_begin_there(tr_actor *sender, troupe_ref to, troupe_message **message,
                                tr_address *out_address, tr_passage *passage)
{
    tr_worker *worker = sender->worker;
    if (!tr_far_is(worker->system, to)) {
        return tr_system_address(worker->system, to, out_address);
    }
    TR_REQUIRE(to.generation != 0 || tr_far_is_for_node(*message), NO_SUCH_ACTOR);
    const bool needs_window = to.generation != 0 && (*message)->type != &tr_far_signal_type;
    troupe_error error = find_way(worker, needs_window ? sender : NULL, to, out_address);
    if (error) {
        return error;
    }
    TR_REQUIRE(!tr_message_has(*message, TR_MESSAGE_EMBEDDED), BAD_ARGUMENT);
    TR_REQUIRE(may_leave(*message), LOCAL_ONLY);
    if (tr_message_has(*message, TR_MESSAGE_HELD)) {
        troupe_message *held = *message;
        error = copy_held(worker, held, message);
        passage->original = error ? NULL : held;
    } else {
        error = tr_message_extend(&worker->pool, message);
    }
    if (error == TROUPE_OK) {
        tr_extension *extension = tr_message_extended(*message);
        extension->to = (tr_address) {.slot = to.slot, .generation = to.generation};
    }
    return error;
}

void tr_far_end_there(tr_actor *sender, troupe_message **message, const tr_passage *passage)
{
    tr_worker *worker = sender->worker; /* anew: it may have waited */
    troupe_message *original = passage->original;
    /* A copy that was sent is gone, or it was and has come back. */
    const bool was_sent = *message == NULL || (*message)->receiver.generation != 0;
    if (!was_sent) {
        tr_message_free(&worker->pool, *message);
        *message = original;
        return;
    }
    tr_held_remove(sender, original);
    tr_message_clear(original, TR_MESSAGE_WANTS_REPLY);
    tr_message_end(worker, original, TROUPE_OUTCOME_HANDLED, TROUPE_ERROR_NO_REPLY);
}

troupe_error tr_far_tell(tr_actor *sender, troupe_ref actor, uint32_t bits)
{
    tr_worker *worker = sender->worker;
    const tr_far_signal signal = {.bits = bits};
    troupe_message *message = NULL;
    tr_sending sending = {.sender = sender,
                          .message = &message,
                          .deadline_ns = TR_NEVER,
                          .on_full = TROUPE_ON_FULL_FAIL};
    tr_passage passage = {0};
    troupe_error error =
        tr_message_of_struct(&worker->pool, &tr_far_signal_type, &signal, &message);
    error = error ? error : tr_far_begin(sender, actor, &message, &sending.to, &passage);
    error = error ? error : tr_send(worker, &sending);
    if (message != NULL) {
        tr_message_free(&worker->pool, message);
    }
    return error;
}

troupe_error troupe_lookup_on(troupe_self *self, uint64_t node, const char *name,
                              troupe_timeout timeout, troupe_ref *out_ref)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && name != NULL && out_ref != NULL && node != 0, BAD_ARGUMENT);
    const size_t length = strnlen(name, TR_NAME_MAX + 1);
    TR_REQUIRE(length > 0 && length <= TR_NAME_MAX, BAD_ARGUMENT);
    if (node == tr_self_system(self)->options.node_id) {
        return troupe_lookup(self, name, out_ref);
    }
    tr_far_lookup lookup = {0};
    memcpy(lookup.name, name, length);
    TROUPE_AUTO(troupe_message) *reply = NULL;
    const troupe_error error = troupe_ask_struct(self, (troupe_ref) {.node = node},
                                                 &tr_far_lookup_type, &lookup, timeout, &reply);
    if (error) {
        return error;
    }
    const tr_far_found *found = troupe_message_struct(reply, &tr_far_found_type);
    TR_REQUIRE(found != NULL, PROTOCOL);
    *out_ref = found->actor;
    return TROUPE_OK;
}

uint64_t troupe_self_node_id(const troupe_self *self)
{
    TR_CHECK_SELF(self);
    return self == NULL ? 0 : tr_self_system(self)->options.node_id;
}
