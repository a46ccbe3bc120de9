/* SPDX-License-Identifier: MIT */
#include "core/spawn.h"

#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "core/attached.h"
#include "core/bracket.h"
#include "core/guardian.h"
#include "core/link.h"
#include "core/monitor.h"
#include "core/place.h"
#include "core/restart.h"
#include "core/scope.h"
#include "core/scopes.h"

/* What lies where in an actor's block. */
struct layout {
    size_t settings;
    size_t lanes;
    size_t state;
    size_t size;
};

static size_t round_up(size_t size)
{
    return (size + 15) & ~(size_t) 15;
}

static bool names_priorities(const troupe_spawn_options *options)
{
    for (size_t i = 0; i < options->type_rule_count; i++) {
        if (options->type_rules[i].priority > 0) {
            return true;
        }
    }
    return false;
}

static bool needs_lanes(const troupe_spawn_options *options)
{
    return names_priorities(options) || options->admission_target.ns != 0;
}

static troupe_admission admission_of(const troupe_spawn_options *options)
{
    troupe_admission admission = {0};
    if (options->admission_target.ns != 0) {
        const troupe_error error = troupe_admission_init(
            &admission, TROUPE_ADMISSION(.target = options->admission_target,
                                         .interval = options->admission_interval));
        TR_ASSERT(error == TROUPE_OK);
    }
    return admission;
}

static struct layout layout_of(const troupe_spawn_options *options, bool has_own_settings)
{
    struct layout layout = {.settings = round_up(sizeof(tr_actor))};
    layout.lanes = layout.settings + (has_own_settings ? round_up(sizeof(tr_settings)) : 0);
    layout.state = layout.lanes + (needs_lanes(options) ? round_up(sizeof(tr_lanes)) : 0);
    layout.size =
        layout.state + (options->behavior != NULL ? round_up(options->behavior->state_size) : 0);
    return layout;
}

static bool is_evicting(troupe_on_full policy)
{
    return policy == TROUPE_ON_FULL_DROP_OLDEST || policy == TROUPE_ON_FULL_CONFLATE;
}

static bool has_evicting_rule(const troupe_spawn_options *options)
{
    for (size_t i = 0; i < options->type_rule_count; i++) {
        if (is_evicting(options->type_rules[i].on_full)) {
            return true;
        }
    }
    return is_evicting(options->on_full);
}

/* The block with actor, settings, lanes and state. */
static tr_actor *make_block(tr_worker *worker, const troupe_spawn_options *options)
{
    const tr_settings settings = tr_settings_of(options);
    const bool has_own = memcmp(&settings, &worker->system->settings, sizeof settings) != 0;
    const struct layout layout = layout_of(options, has_own);
    unsigned char *block = tr_actor_take_block(worker, layout.size);
    if (block == NULL) {
        return NULL;
    }
    tr_actor *actor = (tr_actor *) (void *) block;
    actor->block_size = (uint32_t) layout.size;
    actor->settings = &worker->system->settings;
    if (has_own) {
        tr_settings *own = (tr_settings *) (void *) (block + layout.settings);
        *own = settings;
        actor->settings = own;
    }
    if (needs_lanes(options)) {
        actor->lanes = (tr_lanes *) (void *) (block + layout.lanes);
        actor->lanes->admission = admission_of(options);
    }
    if (options->behavior != NULL) {
        actor->state_block = block + layout.state;
        actor->state_size = (uint32_t) options->behavior->state_size; /* at most STATE_SIZE_MAX */
    } else {
        actor->body = options->body;
    }
    return actor;
}

static void fill_in(tr_actor *actor, tr_worker *home, const troupe_spawn_options *options)
{
    actor->self.actor = actor;
    TR_MARK_BEGIN(&actor->self.mark, TR_HANDLE_SELF, NULL);
    actor->worker = home;
    actor->behavior = options->behavior;
    actor->is_attached = options->body == tr_attached_body;
    actor->argument = options->argument;
    /* A thread from outside has made itself at home. */
    actor->is_pinned =
        options->pinned != 0 || actor->is_attached || options->place == TROUPE_PLACE_WORKER ||
        options->place == TROUPE_PLACE_BY_KEY || options->place == TROUPE_PLACE_OWN_THREAD;
    actor->says_ready = options->ready_when == TROUPE_READY_WHEN_SAID;
    actor->evicts = has_evicting_rule(options);
    actor->traps_exits = options->trap_exits != 0;
    actor->message_deadline_ns = TR_NEVER;
    tr_list_init(&actor->link);
    tr_list_init(&actor->hungry);
}

/* What senders read. Opening the slot publishes it; until then one with an old ref may still look
 * there, and must not take some of the last actor's with some of this one's. Release, for what is
 * of use only together: it comes after the generation (send.c). */
static void fill_slot(tr_slot *slot, tr_actor *actor, const tr_worker *home,
                      const troupe_spawn_options *options)
{
    const uint32_t capacity = options->mailbox_capacity;
    const uint32_t limit = has_evicting_rule(options) ? 2 * capacity : capacity;
    atomic_store_explicit(&slot->actor, actor, memory_order_relaxed);
    atomic_store_explicit(&slot->way, home->index, memory_order_relaxed);
    atomic_store_explicit(&slot->capacity, capacity, memory_order_relaxed);
    atomic_store_explicit(&slot->limit, limit, memory_order_relaxed);
    atomic_store_explicit(&slot->on_full, (uint32_t) options->on_full, memory_order_relaxed);
    atomic_store_explicit(&slot->bytes_limit, options->mailbox_bytes, memory_order_relaxed);
    atomic_store_explicit(&slot->reply_bytes, options->reply_bytes, memory_order_relaxed);
    atomic_store_explicit(&slot->rules, options->type_rules, memory_order_release);
    atomic_store_explicit(&slot->rule_count, (uint32_t) options->type_rule_count,
                          memory_order_release);
    atomic_store_explicit(&slot->redirect_slot, options->redirect_to.slot, memory_order_release);
    atomic_store_explicit(&slot->redirect_generation, options->redirect_to.generation,
                          memory_order_release);
}

static void link_child(tr_system *system, tr_slot *child)
{
    if (child->parent.generation == 0) {
        return;
    }
    tr_slot *above = tr_system_slot(system, child->parent);
    TR_ASSERT(above != NULL);
    child->next_sibling = above->first_child;
    if (above->first_child != 0) {
        system->slots.table[above->first_child - 1].previous_sibling = child->index + 1;
    }
    above->first_child = child->index + 1;
}

static void unlink_child(tr_system *system, tr_slot *child)
{
    tr_slot *above = tr_system_slot(system, child->parent);
    if (child->previous_sibling != 0) {
        system->slots.table[child->previous_sibling - 1].next_sibling = child->next_sibling;
    } else {
        above->first_child = child->next_sibling;
    }
    if (child->next_sibling != 0) {
        system->slots.table[child->next_sibling - 1].previous_sibling = child->previous_sibling;
    }
}

/* Whether it is of those that the node itself is made of: these have such names, or such a parent,
 * but for what a child of the border's spawns for other nodes. The border says it of itself. */
static bool is_own(tr_worker *worker, const tr_actor *parent, const char *name)
{
    static const char prefix[] = "troupe.";
    if (parent != NULL && parent->is_own) {
        const tr_actor *above = tr_actor_at(worker, tr_actor_parent(parent));
        return above == NULL || !above->is_home;
    }
    return name != NULL && strncmp(name, prefix, sizeof prefix - 1) == 0;
}

/* All that can fail of an actor whose block and slot are there. */
static troupe_error furnish(tr_worker *worker, tr_actor *actor, const troupe_spawn_options *options,
                            const troupe_message *ready)
{
    troupe_error error = TROUPE_OK;
    tr_actor *parent = tr_actor_at(worker, tr_actor_parent(actor));
    actor->is_own = is_own(worker, parent, options->name);
    if (options->body != NULL) {
        error = tr_task_create(worker, actor);
    }
    if (error == TROUPE_OK && options->name != NULL) {
        tr_extra *extra = tr_actor_extra(worker, actor);
        error = extra == NULL
                    ? TROUPE_ERROR_NO_MEMORY
                    : tr_names_add(worker->system, options->name, actor->address, &extra->name);
    }
    if (error == TROUPE_OK && options->out_monitor != NULL) {
        error = tr_monitor_attach(worker, parent, actor, options->out_monitor);
    }
    if (error == TROUPE_OK && options->link != 0) {
        error = tr_link_attach(worker, parent, actor);
        if (error && options->out_monitor != NULL) {
            (void) tr_monitor_end(worker, parent, *options->out_monitor);
        }
    }
    if (error == TROUPE_OK && parent != NULL && parent->is_supervisor) {
        error = tr_restart_enrol(worker, actor, ready);
    }
    return error;
}

static troupe_error check_redirect(const tr_system *system, const troupe_spawn_options *options)
{
    tr_address to;
    bool redirects = options->on_full == TROUPE_ON_FULL_REDIRECT;
    for (size_t i = 0; i < options->type_rule_count; i++) {
        redirects = redirects || options->type_rules[i].on_full == TROUPE_ON_FULL_REDIRECT;
    }
    if (!redirects && troupe_ref_is_none(options->redirect_to)) {
        return TROUPE_OK;
    }
    const uint64_t node = options->redirect_to.node;
    TR_REQUIRE(node == 0 || node == system->options.node_id, LOCAL_ONLY);
    TR_REQUIRE(tr_system_address(system, options->redirect_to, &to) == TROUPE_OK, BAD_ARGUMENT);
    return TROUPE_OK;
}

/* The actor is on its worker and may run. */
static void begin(tr_worker *worker, tr_actor *actor)
{
    TR_ASSERT(actor->worker == worker && actor->state == TR_ACTOR_NEW);
    tr_worker_count_actors(worker, 1);
    tr_list_push_back(&worker->actors, &actor->link);
    actor->state = TR_ACTOR_LIVE;
    tr_worker_make_runnable(worker, actor);
}

/* `start` is the message that takes it to another worker. */
static void ship(tr_worker *worker, tr_worker *home, tr_actor *actor, troupe_message *start)
{
    tr_ledger_add(&worker->ledger, TR_COUNT_SPAWNED, 1);
    tr_ledger_add(&worker->ledger, TR_COUNT_SLOTS_TAKEN, 1);
    tr_slot_open(actor->slot);
    TR_TELL(SPAWNED, .worker = worker, .actor = actor, .number = actor->worker->index);
    if (start == NULL) {
        begin(worker, actor);
        return;
    }
    atomic_fetch_add_explicit(&home->arriving, 1, memory_order_relaxed);
    start->sender = tr_actor_parent(actor);
    start->receiver = actor->address;
    start->body = actor;
    tr_worker_tell(worker, home->index, start);
}

/* An actor with a slot and all that it needs to begin. */
static troupe_error make_actor(tr_worker *worker, tr_worker *home, tr_address parent,
                               const troupe_spawn_options *options, const troupe_message *ready,
                               tr_actor **out_actor)
{
    tr_actor *actor = make_block(worker, options);
    TR_REQUIRE(actor != NULL, NO_MEMORY);
    tr_slot *slot = tr_slots_take(&worker->system->slots);
    if (slot == NULL) {
        tr_actor_give_block(worker, actor, actor->block_size);
        return TROUPE_ERROR_LIMIT_REACHED;
    }
    fill_in(actor, home, options);
    actor->slot = slot;
    actor->address = (tr_address) {.slot = slot->index, .generation = tr_slot_generation(slot)};
    slot->parent = parent;
    const troupe_error error = furnish(worker, actor, options, ready);
    if (error) {
        tr_slots_give(&worker->system->slots, slot);
        tr_actor_free(worker, actor);
        return error;
    }
    *out_actor = actor;
    return TROUPE_OK;
}

/* They watch it, or are linked to it, before it runs. */
static void add_entries(tr_worker *worker, tr_actor *actor, tr_queue *entries)
{
    (void) worker; /* where nobody is told */
    for (troupe_message *entry = tr_queue_pop(entries); entry != NULL;
         entry = tr_queue_pop(entries)) {
        entry->receiver = actor->address;
        if (entry->type == &troupe_down_type) {
            TR_TELL(MONITOR_MADE, .worker = worker, .message = entry, .actor = actor);
        }
        tr_monitor_add_entry(actor, entry);
    }
}

/* Whose child, where, how; who is told, and who watches. */
struct birth {
    tr_address parent;
    tr_worker *home;
    const troupe_spawn_options *options;
    troupe_message *ready;
    tr_queue *entries;
};

static troupe_error spawn_on(tr_worker *worker, const struct birth *birth, tr_address *out_child)
{
    tr_worker *home = birth->home;
    troupe_message *start = NULL;
    if (home != worker) {
        start = tr_message_of_kind(&worker->pool, TR_KIND_START);
        TR_REQUIRE(start != NULL, NO_MEMORY);
    }
    tr_actor *actor = NULL;
    const troupe_error error =
        make_actor(worker, home, birth->parent, birth->options, birth->ready, &actor);
    if (error) {
        if (start != NULL) {
            tr_message_free(&worker->pool, start);
        }
        return error;
    }
    fill_slot(actor->slot, actor, home, birth->options);
    link_child(worker->system, actor->slot);
    actor->ready_message = birth->ready;
    add_entries(worker, actor, birth->entries);
    *out_child = actor->address; /* before it may run elsewhere */
    ship(worker, home, actor, start);
    return TROUPE_OK;
}

troupe_error tr_spawn(tr_worker *worker, tr_address parent, const troupe_spawn_options *options,
                      troupe_message *ready, tr_address *out_child)
{
    tr_queue nobody = {0};
    return tr_spawn_watched(worker, parent, options, ready, &nobody, out_child);
}

troupe_error tr_spawn_watched(tr_worker *worker, tr_address parent,
                              const troupe_spawn_options *options, troupe_message *ready,
                              tr_queue *entries, tr_address *out_child)
{
    troupe_error error = check_redirect(worker->system, options);
    if (error) {
        return error;
    }
    uint32_t index = 0;
    error = tr_place_find(worker, options, &index);
    if (error) {
        return error;
    }
    const struct birth birth = {.parent = parent,
                                .home = tr_system_worker(worker->system, index),
                                .options = options,
                                .ready = ready,
                                .entries = entries};
    error = spawn_on(worker, &birth, out_child);
    if (error && options->place == TROUPE_PLACE_OWN_THREAD) {
        worker->system->ports.worker_is_done(worker->system->ports.context, index);
    }
    return error;
}

void tr_spawn_started(tr_worker *worker, troupe_message *message)
{
    tr_actor *actor = message->body;
    tr_message_free(&worker->pool, message);
    atomic_fetch_sub_explicit(&worker->arriving, 1, memory_order_relaxed);
    begin(worker, actor);
}

static bool waits_for_start(const tr_task *task, const void *child)
{
    const tr_address *address = child;
    return task->wait == TROUPE_WAIT_START && tr_address_is_same(task->waits_for, *address);
}

void tr_spawn_ready(tr_worker *worker, troupe_message *message)
{
    tr_actor *spawner = tr_actor_at(worker, message->receiver);
    const troupe_error error = (troupe_error) message->value;
    if (spawner != NULL && spawner->is_supervisor) {
        tr_restart_ready_came(worker, spawner, message);
        return;
    }
    if (spawner != NULL && message->correlation != 0) {
        tr_root_ready *ready = (tr_root_ready *) (uintptr_t) message->correlation;
        ready->done(ready, error);
    } else if (spawner != NULL) {
        tr_task *task = tr_task_of(spawner, waits_for_start, &message->sender);
        if (task != NULL && waits_for_start(task, &message->sender)) {
            tr_task_wake(worker, task, error);
        }
    }
    tr_message_free(&worker->pool, message);
}

void tr_spawn_child_ended(tr_worker *worker, troupe_message *message)
{
    tr_system *system = worker->system;
    tr_slot *child = tr_system_slot(system, message->sender);
    tr_actor *parent = tr_actor_at(worker, message->receiver);
    TR_ASSERT(parent != NULL && parent->state != TR_ACTOR_ENDED); /* it ends after its children */
    const troupe_error reason = (troupe_error) message->value;
    /* It waits to be reaped. */
    const bool is_attached =
        TR_CONTAINER_OF(message, tr_actor, system_message)->body == tr_attached_body;
    const bool is_last = tr_address_is_same(message->sender, system->last_root);
    unlink_child(system, child);
    if (TR_UNLIKELY(parent->extra != NULL && parent->extra->tasks != NULL)) {
        tr_scopes_child_ended(worker, parent, message->sender, reason);
    }

    const bool was_nursery =
        parent->is_home && tr_address_is_same(message->sender, system->far_nursery);
    if (was_nursery) {
        system->far_nursery = (tr_address) {0};
    }
    message->receiver = message->sender;
    tr_message_set_kind(message, TR_KIND_REAPED);
    if (atomic_load_explicit(&child->way, memory_order_relaxed) == worker->index) {
        tr_spawn_reaped(worker, message);
    } else {
        tr_worker_route(worker, message);
    }
    if (parent->is_guardian && !is_attached && !is_last) { /* that is none of a user's */
        system->ports.root_ended(system->ports.context, reason);
    }
    if (!tr_actor_waits_for_children(parent)) {
        return;
    }
    if (parent->slot->first_child == 0) {
        tr_actor_finish(worker, parent);
    } else if (was_nursery || (parent->is_guardian && system->last_root.generation != 0)) {
        tr_worker_make_runnable(worker, parent); /* it may be the others' turn, or the last one's */
    }
}

void tr_spawn_reaped(tr_worker *worker, troupe_message *message)
{
    tr_actor *actor = TR_CONTAINER_OF(message, tr_actor, system_message);
    actor->is_reaped = true;
    tr_actor_try_reap(worker, actor);
}

/* Waits until the child says that it is ready; one that does not is stopped. */
static troupe_error wait_for_start(tr_task *task, tr_address child, uint64_t deadline_ns)
{
    tr_actor *actor = task->self.actor;
    task->waits_for = child;
    const troupe_error error =
        tr_task_wait(task, TROUPE_WAIT_START, tr_scope_deadline(actor, deadline_ns));
    if (error == TROUPE_ERROR_TIMED_OUT || error == TROUPE_ERROR_CANCELLED) {
        /* STALE if it has just ended; without memory it lives on until its parent ends. */
        (void) tr_actor_signal(actor->worker, child, TR_SIGNAL_STOP);
    }
    return error;
}

static bool has_start(const troupe_spawn_options *options)
{
    return options->behavior == NULL || options->behavior->start != NULL;
}

static troupe_error spawn_child(troupe_self *self, const troupe_spawn_options *options, bool waits,
                                troupe_ref *out_ref)
{
    tr_actor *actor = self->actor;
    tr_worker *worker = actor->worker;
    TR_REQUIRE(actor->state == TR_ACTOR_LIVE, STOPPING);
    /* Relaxed: one that slips through is told to stop like the others. */
    TR_REQUIRE(atomic_load_explicit(&worker->system->is_stopping, memory_order_relaxed) < 2,
               STOPPING);
    TR_REQUIRE(!(waits ? tr_scope_is_cancelled(actor) : actor->is_cancelled), CANCELLED);
    troupe_message *ready = waits ? tr_message_of_kind(&worker->pool, TR_KIND_READY) : NULL;
    TR_REQUIRE(!waits || ready != NULL, NO_MEMORY);
    tr_address child;
    tr_scope_child *in_scope = NULL;
    troupe_error error = options->scope != NULL
                             ? tr_scopes_expect_child(worker, actor, options->scope, &in_scope)
                             : TROUPE_OK;
    error = error ? error : tr_spawn(worker, actor->address, options, ready, &child);
    if (error) {
        if (in_scope != NULL) {
            tr_scopes_drop_child(worker, in_scope);
        }
        if (ready != NULL) {
            tr_message_free(&worker->pool, ready);
        }
        return error;
    }
    if (in_scope != NULL) {
        tr_scopes_add_child(in_scope, child, waits);
    }
    if (waits) {
        error = wait_for_start(self->task, child,
                               tr_deadline_of(worker->now_ns, options->start_timeout));
        if (in_scope != NULL) {
            tr_scopes_child_started(actor->worker, in_scope, error);
        }
    }
    if (error == TROUPE_OK) {
        *out_ref = tr_system_ref(actor->worker->system, child);
        return TROUPE_OK;
    }
    /* Its end is told by this error. */
    if (options->out_monitor != NULL) {
        (void) tr_monitor_end(actor->worker, actor, *options->out_monitor);
    }
    if (options->link != 0) {
        (void) tr_link_end(actor->worker, actor, tr_system_ref(actor->worker->system, child));
    }
    return error;
}

troupe_error troupe_spawn(troupe_self *self, const troupe_spawn_options *given, troupe_ref *out_ref)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && given != NULL && out_ref != NULL, BAD_ARGUMENT);
    const tr_worker *worker = tr_enter(self);
    troupe_spawn_options options;
    troupe_error error =
        tr_settings_complete(given, worker->system->options.mailbox_capacity_default, &options);
    if (error == TROUPE_OK && has_start(&options) && self->task == NULL) {
        error = TROUPE_ERROR_CANNOT_WAIT;
    }
    if (error == TROUPE_OK) {
        error = spawn_child(self, &options, has_start(&options), out_ref);
    }
    tr_leave(self);
    return error;
}

troupe_error troupe_spawn_nowait(troupe_self *self, const troupe_spawn_options *given,
                                 troupe_ref *out_ref)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && given != NULL && out_ref != NULL, BAD_ARGUMENT);
    const tr_worker *worker = tr_enter(self);
    troupe_spawn_options options;
    troupe_error error =
        tr_settings_complete(given, worker->system->options.mailbox_capacity_default, &options);
    if (error == TROUPE_OK) {
        error = spawn_child(self, &options, false, out_ref);
    }
    tr_leave(self);
    return error;
}

void troupe_ready(troupe_self *self)
{
    TR_CHECK_SELF(self);
    if (self != NULL) {
        tr_worker *worker = tr_enter(self);
        tr_actor_report_ready(worker, self->actor, TROUPE_OK);
        tr_worker_flush(worker); /* the body may block next, on a thread of its own */
        tr_leave(self);
    }
}
