/* SPDX-License-Identifier: MIT */
#include "core/snapshot.h"

#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "core/bracket.h"
#include "core/offload.h"
#include "core/park.h"
#include "core/restart.h"
#include "core/scope.h"
#include "core/tasks.h"

struct picture {
    TR_MARK_FIELD(mark)
    troupe_snapshot snapshot;
    size_t node_room;
};

/* Pictures outlive nodes and their allocators: they are the C library's. */
static bool grow(void **array, size_t element_size, size_t count, size_t more)
{
    const troupe_allocator *allocator = tr_allocator_default();
    void *grown = *array == NULL ? tr_allocate(allocator, more * element_size)
                                 : tr_resize(allocator, *array, count * element_size,
                                             (count + more) * element_size);
    if (grown == NULL) {
        return false;
    }
    memset((unsigned char *) grown + count * element_size, 0, more * element_size);
    *array = grown;
    return true;
}

static bool add_nodes(troupe_snapshot *snapshot, const tr_system *system)
{
    const size_t room = tr_nodes_list(system, NULL, 0);
    if (room > 0 && !grow((void **) &snapshot->nodes, sizeof *snapshot->nodes, 0, room)) {
        return false;
    }
    TR_CONTAINER_OF(snapshot, struct picture, snapshot)->node_room = room;
    const size_t count = tr_nodes_list(system, snapshot->nodes, room); /* may be more by now */
    snapshot->node_count = count < room ? count : room;
    return true;
}

troupe_error tr_snapshot_create(const tr_system *system, uint32_t workers,
                                troupe_snapshot **out_snapshot)
{
    const troupe_allocator *allocator = tr_allocator_default();
    struct picture *picture = tr_allocate(allocator, sizeof *picture);
    TR_REQUIRE(picture != NULL, NO_MEMORY);
    TR_MARK_BEGIN(&picture->mark, TR_HANDLE_SNAPSHOT, NULL);
    troupe_snapshot *snapshot = &picture->snapshot;
    snapshot->workers = tr_allocate(allocator, workers * sizeof *snapshot->workers);
    if (snapshot->workers == NULL) {
        tr_free(allocator, picture, sizeof *picture);
        return TROUPE_ERROR_NO_MEMORY;
    }
    snapshot->worker_count = workers;
    tr_offload_count(system, &snapshot->offloads);
    if (!add_nodes(snapshot, system)) {
        troupe_snapshot_destroy(&snapshot);
        return TROUPE_ERROR_NO_MEMORY;
    }
    *out_snapshot = snapshot;
    return TROUPE_OK;
}

void troupe_snapshot_destroy(troupe_snapshot **given)
{
    if (given == NULL || *given == NULL) {
        return;
    }
    const troupe_allocator *allocator = tr_allocator_default();
    troupe_snapshot *snapshot = *given;
    struct picture *picture = TR_CONTAINER_OF(snapshot, struct picture, snapshot);
    TR_CHECK_MARKED(picture, TR_HANDLE_SNAPSHOT);
    *given = NULL;
    tr_free(allocator, snapshot->workers, snapshot->worker_count * sizeof *snapshot->workers);
    if (snapshot->actors != NULL) {
        tr_free(allocator, snapshot->actors, snapshot->actor_count * sizeof *snapshot->actors);
    }
    if (snapshot->types != NULL) {
        tr_free(allocator, snapshot->types, snapshot->type_count * sizeof *snapshot->types);
    }
    if (snapshot->nodes != NULL) {
        tr_free(allocator, snapshot->nodes, picture->node_room * sizeof *snapshot->nodes);
    }
    TR_MARK_END(&picture->mark);
    tr_free(allocator, picture, sizeof *picture);
}

/* The row of the type with this name, a new one if need be; NULL when memory is out. They are in
 * the order of their names: the ledger's map is in that of their addresses. */
static troupe_type_counts *row_of(troupe_snapshot *snapshot, const char *name)
{
    size_t place = 0;
    while (place < snapshot->type_count && strcmp(snapshot->types[place].type, name) < 0) {
        place++;
    }
    if (place < snapshot->type_count && strcmp(snapshot->types[place].type, name) == 0) {
        return &snapshot->types[place];
    }
    void *array = snapshot->types;
    if (!grow(&array, sizeof *snapshot->types, snapshot->type_count, 1)) {
        return NULL;
    }
    snapshot->types = array;
    troupe_type_counts *row = &snapshot->types[place];
    memmove(row + 1, row, (snapshot->type_count - place) * sizeof *row);
    snapshot->type_count++;
    *row = (troupe_type_counts) {.type = name};
    return row;
}

static troupe_error add_types(troupe_snapshot *snapshot, tr_worker *worker)
{
    tr_map *types = &worker->ledger.types;
    for (tr_map_node *node = tr_map_first(types); node != NULL; node = tr_map_next(types, node)) {
        const tr_type_ledger *type = TR_CONTAINER_OF(node, tr_type_ledger, node);
        troupe_type_counts *row = row_of(snapshot, type->name);
        TR_REQUIRE(row != NULL, NO_MEMORY);
        for (unsigned outcome = 0; outcome < TROUPE_OUTCOME_COUNT; outcome++) {
            row->outcomes[outcome] += type->outcomes[outcome];
        }
    }
    return TROUPE_OK;
}

static void describe_wait(const tr_worker *worker, const tr_actor *actor, troupe_actor_info *info)
{
    tr_address to = {0};
    uint64_t ticket = 0;
    if (tr_actor_waits_for_children(actor)) {
        info->wait = TROUPE_WAIT_CHILDREN;
    } else if (actor->state == TR_ACTOR_RESTING) {
        info->wait = TROUPE_WAIT_RESTART;
    } else if (actor->task != NULL) {
        info->wait = actor->task->wait;
        info->waiting_since_ns = actor->task->since_ns;
        to = info->wait != TROUPE_WAIT_NOTHING ? actor->task->waits_for : to;
    } else if (tr_park_edge(actor, 0, &to, &ticket, &info->waiting_since_ns)) {
        info->wait = TROUPE_WAIT_ROOM;
    } else if (!actor->is_runnable) {
        info->wait = TROUPE_WAIT_MESSAGE;
    }
    info->waits_for = tr_system_ref(worker->system, to);
}

static void describe_slot(const tr_slot *slot, troupe_actor_info *info)
{
    const uint64_t word = atomic_load_explicit(&slot->admission, memory_order_relaxed);
    info->depth = (uint32_t) (word & TR_SLOT_DEPTH_MASK);
    info->depth_peak = atomic_load_explicit(&slot->peak, memory_order_relaxed);
    if (info->depth_peak < info->depth) {
        info->depth_peak = info->depth;
    }
    info->capacity = atomic_load_explicit(&slot->capacity, memory_order_relaxed);
    info->bytes = atomic_load_explicit(&slot->bytes, memory_order_relaxed);
    info->refused = atomic_load_explicit(&slot->refused, memory_order_relaxed);
}

static void describe_mailbox(const tr_actor *actor, troupe_actor_info *info)
{
    describe_slot(actor->slot, info);
    for (const troupe_message *at = actor->line.head; at != NULL; at = at->next) {
        info->waiting++;
    }
    info->parked = tr_park_count(actor);
    if (actor->extra != NULL) {
        info->stashed = actor->extra->stashed;
        info->asks = actor->extra->asks.count;
        info->restarts = actor->is_supervised && actor->extra->supervised != NULL
                             ? actor->extra->supervised->restarts
                             : 0;
    }
}

static void describe(const tr_worker *worker, const tr_actor *actor, troupe_actor_info *info)
{
    info->ref = tr_system_ref(worker->system, actor->address);
    info->parent = tr_address_is_same(tr_actor_parent(actor), worker->system->guardian)
                       ? troupe_ref_none()
                       : tr_system_ref(worker->system, tr_actor_parent(actor));
    if (tr_actor_name(actor) != NULL) {
        memcpy(info->name, actor->extra->name->text, sizeof info->name);
    }
    info->form = actor->behavior != NULL ? TROUPE_FORM_BEHAVIOR : TROUPE_FORM_COROUTINE;
    info->behavior = actor->behavior == NULL         ? "coroutine"
                     : actor->behavior->name != NULL ? actor->behavior->name
                                                     : "behavior";
    info->worker = worker->index;
    info->is_supervisor = actor->is_supervisor ? 1 : 0;
    info->handled = actor->is_started ? actor->handled : 0;
    describe_wait(worker, actor, info);
    describe_mailbox(actor, info);
}

static bool is_shown(const tr_actor *actor)
{
    return actor->state != TR_ACTOR_ENDED && !actor->is_guardian;
}

static troupe_error add_actors(troupe_snapshot *snapshot, const tr_worker *worker)
{
    size_t count = 0;
    for (tr_list *node = tr_list_first(&worker->actors); node != NULL;
         node = tr_list_next(&worker->actors, node)) {
        count += is_shown(TR_CONTAINER_OF(node, tr_actor, link)) ? 1 : 0;
    }
    if (count == 0) {
        return TROUPE_OK;
    }
    void *array = snapshot->actors;
    TR_REQUIRE(grow(&array, sizeof *snapshot->actors, snapshot->actor_count, count), NO_MEMORY);
    snapshot->actors = array;
    for (tr_list *node = tr_list_first(&worker->actors); node != NULL;
         node = tr_list_next(&worker->actors, node)) {
        const tr_actor *actor = TR_CONTAINER_OF(node, tr_actor, link);
        if (is_shown(actor)) {
            describe(worker, actor, &snapshot->actors[snapshot->actor_count++]);
        }
    }
    return TROUPE_OK;
}

/* The generation of one whose mailbox is open, or 0. Acquire: what its spawner has made of it is
 * there to be seen. */
static uint32_t open_generation(const tr_slot *slot)
{
    const uint64_t word = atomic_load_explicit(&slot->admission, memory_order_acquire);
    return (word & TR_SLOT_CLOSED) == 0 ? (uint32_t) (word >> 32) : 0;
}

void tr_snapshot_look(tr_worker *worker, uint32_t first, uint32_t count, troupe_actor_info *rows)
{
    for (uint32_t i = 0; i < count; i++) {
        const tr_slot *slot = tr_slots_at(&worker->system->slots, first + i);
        const tr_address address = {.slot = first + i,
                                    .generation = slot != NULL ? open_generation(slot) : 0};
        const tr_actor *actor = address.generation != 0 ? tr_actor_at(worker, address) : NULL;
        /* One that is on its way here is its spawner's still. */
        if (actor != NULL && tr_list_is_linked(&actor->link) && is_shown(actor)) {
            rows[i] = (troupe_actor_info) {0};
            describe(worker, actor, &rows[i]);
        }
    }
}

bool tr_snapshot_glance(const tr_system *system, uint32_t index, troupe_actor_info *info)
{
    const tr_slot *slot = tr_slots_at(&system->slots, index);
    const uint32_t generation = slot != NULL ? open_generation(slot) : 0;
    const tr_address address = {.slot = index, .generation = generation};
    if (generation == 0 || tr_address_is_same(address, system->guardian)) {
        return false;
    }
    const uint64_t way = atomic_load_explicit(&slot->way, memory_order_relaxed);
    const uint32_t worker = tr_way_is_moving(way) ? tr_way_to(way) : (uint32_t) way;
    *info = (troupe_actor_info) {.behavior = "", .worker = worker};
    info->ref = tr_system_ref(system, address);
    describe_slot(slot, info);
    return true;
}

bool tr_snapshot_is_running(tr_system *system, const troupe_actor_info *info)
{
    const tr_worker *worker = tr_system_worker(system, info->worker);
    const tr_seat *seat = worker != NULL ? tr_worker_seat(worker) : NULL;
    return seat != NULL &&
           atomic_load_explicit(&seat->slot, memory_order_relaxed) == info->ref.slot;
}

troupe_error tr_snapshot_add(troupe_snapshot *snapshot, tr_worker *worker)
{
    troupe_counts counts;
    tr_ledger_read(&worker->ledger, &counts);
    if (worker->index < snapshot->worker_count) {
        snapshot->workers[worker->index] = counts;
    }
    tr_counts_add(&snapshot->node, &counts);
    const troupe_error error = add_types(snapshot, worker);
    return error ? error : add_actors(snapshot, worker);
}

/* A picture that is taken on its way round the workers, in a message that comes home with it. */
struct round {
    tr_call call; /* first */
    troupe_snapshot *snapshot;
    tr_address asker;
    uint64_t picture_id;
    uint32_t next; /* worker to visit; one past the last: home */
    troupe_error error;
};

static bool waits_for_round(const tr_task *task, const void *id)
{
    return task->wait == TROUPE_WAIT_TIME && task->picture_id == *(const uint64_t *) id;
}

/* With its message: nobody has taken the picture. */
static void end_round(void *body)
{
    struct round *round = body;
    troupe_snapshot_destroy(&round->snapshot);
}

static void come_home(tr_worker *worker, struct round *round)
{
    const tr_actor *actor = tr_actor_at(worker, round->asker);
    tr_task *task = actor != NULL ? tr_task_of(actor, waits_for_round, &round->picture_id) : NULL;
    if (task != NULL && waits_for_round(task, &round->picture_id)) {
        task->snapshot = round->snapshot;
        round->snapshot = NULL;
        tr_task_wake(worker, task, round->error);
    }
}

static void visit(tr_worker *worker, troupe_message *message)
{
    struct round *round = message->body;
    const uint32_t workers = worker->system->options.workers;
    if (round->next > workers) {
        come_home(worker, round);
        tr_message_free(&worker->pool, message);
        return;
    }
    if (round->error == TROUPE_OK) {
        round->error = tr_snapshot_add(round->snapshot, worker);
    }
    round->next++;
    if (round->next > workers) {
        message->receiver = round->asker;
        tr_worker_route(worker, message); /* wherever that is now */
    } else {
        tr_worker_tell(worker, round->next - 1, message);
    }
}

static troupe_error start_round(tr_worker *worker, tr_task *task)
{
    static const troupe_type round_type = TROUPE_TYPE_WITH(struct round, .fini = end_round);
    troupe_message *message = NULL;
    troupe_error error = tr_message_of_struct(&worker->pool, &round_type, NULL, &message);
    if (error) {
        return error;
    }
    struct round *round = message->body;
    error = tr_snapshot_create(worker->system, worker->system->options.workers, &round->snapshot);
    if (error) {
        tr_message_free(&worker->pool, message);
        return error;
    }
    round->call.run = visit;
    round->asker = task->self.actor->address;
    round->picture_id = ++task->self.actor->tickets_made;
    round->next = 1;
    task->picture_id = round->picture_id;
    tr_message_set_kind(message, TR_KIND_CALL);
    tr_worker_tell(worker, 0, message);
    return TROUPE_OK;
}

troupe_error troupe_self_snapshot(troupe_self *self, troupe_snapshot **out_snapshot)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && out_snapshot != NULL, BAD_ARGUMENT);
    TR_REQUIRE(self->task != NULL, CANNOT_WAIT);
    tr_worker *worker = tr_enter(self);
    tr_task *task = self->task;
    troupe_error error = tr_task_check(task);
    if (error == TROUPE_OK) {
        error = start_round(worker, task);
    }
    if (error == TROUPE_OK) {
        task->snapshot = NULL;
        error = tr_task_wait(task, TROUPE_WAIT_TIME, tr_scope_deadline(self->actor, TR_NEVER));
        task->picture_id = 0; /* what comes home later does not meet another wait */
        if (error) {
            troupe_snapshot_destroy(&task->snapshot);
        }
    }
    if (error == TROUPE_OK) {
        *out_snapshot = task->snapshot;
        task->snapshot = NULL;
    }
    tr_leave(self);
    return error;
}
