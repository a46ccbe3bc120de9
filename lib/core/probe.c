/* SPDX-License-Identifier: MIT */
#include "core/probe.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "core/failure.h"
#include "core/far.h"
#include "core/line.h"
#include "core/park.h"
#include "core/tasks.h"

/* Beyond these a knot is not looked through: its waits end with their deadlines. */
#define STEPS_MAX 16
#define FORKS_MAX 8

/* An edge that is still to be followed. */
struct step {
    tr_address from;
    tr_probe_edge edge;
};

struct probe {
    tr_probe_way way;        /* first */
    uint64_t here;           /* this node */
    uint32_t has_met_origin; /* in this round */
    uint32_t is_homeward;    /* follows no edge: goes to its origin */
    uint32_t step_count;
    uint32_t fork_count;
    struct step steps[STEPS_MAX];
    tr_address forks[FORKS_MAX]; /* actors all of whose tasks have been looked at */
};

static struct probe *probe_of(const troupe_message *message)
{
    tr_body *body = message->body; /* of a block of its own */
    return (struct probe *) (void *) (body + 1);
}

tr_probe_way *tr_probe_way_of(const troupe_message *message)
{
    return &probe_of(message)->way;
}

static bool is_same_wait(const tr_probe_edge *left, const tr_probe_edge *right)
{
    return left->id == right->id && left->since_ns == right->since_ns &&
           left->is_reply == right->is_reply;
}

/* Each behavior chooses anew for each probe, the same in both rounds. */
static bool parked_edge(const tr_actor *actor, uint64_t choice, tr_probe_edge *out_edge)
{
    const uint64_t own = tr_hash_u64(choice ^ actor->address.slot);
    *out_edge = (tr_probe_edge) {.is_reply = false};
    return tr_park_edge(actor, own, &out_edge->to, &out_edge->id, &out_edge->since_ns);
}

static bool waits_for_another(const tr_task *task)
{
    return task->wait == TROUPE_WAIT_ROOM || task->wait == TROUPE_WAIT_REPLY;
}

/* Of one that waits for another actor. */
static tr_probe_edge edge_of(const tr_task *task)
{
    return (tr_probe_edge) {.to = task->waits_for,
                            .id = task->wait_id,
                            .since_ns = task->since_ns,
                            .is_reply = task->wait == TROUPE_WAIT_REPLY};
}

/* The task after this one, the body's after NULL; NULL after the last. */
static tr_task *task_after(const tr_actor *actor, const tr_task *task)
{
    if (actor->task->branch == NULL) {
        return task == NULL ? actor->task : NULL;
    }
    const tr_branch *before = task != NULL ? task->branch : NULL;
    const tr_branch *branch = tr_tasks_after(actor->task->branch->tasks, before);
    return branch != NULL ? branch->task : NULL;
}

static bool is_request(const troupe_message *message, tr_address from, uint64_t id)
{
    return tr_message_has(message, TR_MESSAGE_WANTS_REPLY) && message->correlation == id &&
           tr_address_is_same(message->sender, from);
}

static bool queue_has(const troupe_message *at, tr_address from, uint64_t id)
{
    while (at != NULL && !is_request(at, from, id)) {
        at = at->next;
    }
    return at != NULL;
}

/* Whether the actor holds the request and cannot get to answer it as things stand. */
static bool holds_request(const tr_actor *actor, tr_address from, uint64_t id)
{
    if (queue_has(actor->lane.head, from, id)) {
        return true;
    }
    for (uint32_t i = 1; actor->lanes != NULL && i < TR_PRIORITIES; i++) {
        if (queue_has(actor->lanes->lanes[i - 1].head, from, id)) {
            return true;
        }
    }
    if (actor->task == NULL) {
        return false; /* what a behavior keeps it may answer when a timer or a reply comes */
    }
    return queue_has(actor->held, from, id) ||
           (actor->keeps && queue_has(actor->extra->kept.head, from, id)) ||
           (actor->extra != NULL && queue_has(actor->extra->stash.head, from, id));
}

/* Whether nobody but the actor itself can make room: all its places are taken by what is queued. */
static bool is_full_of_queued(const tr_actor *actor)
{
    const uint64_t word = atomic_load_explicit(&actor->slot->admission, memory_order_relaxed);
    const uint32_t stashed = actor->extra != NULL ? actor->extra->stashed : 0;
    return (word & TR_SLOT_DEPTH_MASK) == actor->queued + stashed;
}

static bool edge_stands(const tr_actor *actor, tr_address from, const tr_probe_edge *edge)
{
    return edge->is_reply ? holds_request(actor, from, edge->id)
                          : tr_line_has(actor, from, edge->id) && is_full_of_queued(actor);
}

/* Whether a wait began later than the origin's; by address, then number, where both are equal. Of
 * another node's, whose clock says nothing here: by the nodes. */
static bool is_later(const tr_probe_edge *edge, tr_address of, const struct probe *probe)
{
    if (probe->here != probe->way.origin_node) {
        return probe->here > probe->way.origin_node;
    }
    if (edge->since_ns != probe->way.origin_edge.since_ns) {
        return edge->since_ns > probe->way.origin_edge.since_ns;
    }
    return of.slot > probe->way.origin.slot ||
           (of.slot == probe->way.origin.slot && edge->id > probe->way.origin_edge.id);
}

/* The held request, of which the edge waits for the answer; NULL if it is queued. */
static const troupe_message *find_held(const tr_actor *actor, tr_address from, uint64_t id)
{
    const troupe_message *at = actor->held;
    while (at != NULL && !is_request(at, from, id)) {
        at = at->next;
    }
    if (at == NULL && actor->keeps) {
        at = actor->extra->kept.head;
        while (at != NULL && !is_request(at, from, id)) {
            at = at->next;
        }
    }
    return at;
}

/* The task that was started to handle the request of this edge, which is its alone; NULL if there
 * is none: then any task might serve the edge. */
static tr_task *handler_of(const tr_actor *actor, tr_address from, const tr_probe_edge *edge)
{
    const troupe_message *request =
        edge->is_reply && actor->task->branch != NULL ? find_held(actor, from, edge->id) : NULL;
    if (request == NULL) {
        return NULL;
    }
    tr_task *task = task_after(actor, actor->task);
    while (task != NULL && (task->received > 0 || tr_tasks_flow(task->branch).message != request)) {
        task = task_after(actor, task);
    }
    return task;
}

static bool add_step(struct probe *probe, tr_address from, const tr_probe_edge *edge)
{
    if (probe->step_count == STEPS_MAX || is_later(edge, from, probe)) {
        return false; /* the later one's own probe will see the ring */
    }
    probe->steps[probe->step_count++] = (struct step) {.from = from, .edge = *edge};
    return true;
}

/* Whether the wait of the task is the origin's, which then has been met. */
static bool meets_origin(struct probe *probe, const tr_actor *actor, const tr_probe_edge *edge)
{
    if (probe->here != probe->way.origin_node ||
        !tr_address_is_same(actor->address, probe->way.origin) ||
        !is_same_wait(edge, &probe->way.origin_edge)) {
        return false;
    }
    probe->has_met_origin = 1;
    return true;
}

static bool is_known_fork(const struct probe *probe, tr_address address)
{
    uint32_t i = 0;
    while (i < probe->fork_count && !tr_address_is_same(probe->forks[i], address)) {
        i++;
    }
    return i < probe->fork_count;
}

static bool add_edge(struct probe *probe, const tr_actor *actor, const tr_probe_edge *edge)
{
    return meets_origin(probe, actor, edge) || add_step(probe, actor->address, edge);
}

/* All tasks that do not wait for others of the actor: any of them might go on, so each has to be
 * seen not to. False if one may. */
static bool add_all_tasks(struct probe *probe, const tr_actor *actor)
{
    if (is_known_fork(probe, actor->address)) {
        return true;
    }
    uint32_t count = 0;
    for (tr_task *task = task_after(actor, NULL); task != NULL; task = task_after(actor, task)) {
        if (task->branch != NULL && tr_tasks_waits_for_tasks_only(task->branch)) {
            continue;
        }
        const tr_probe_edge edge = edge_of(task);
        if (!waits_for_another(task) || !add_edge(probe, actor, &edge)) {
            return false;
        }
        count++;
    }
    if (count > 1) {
        if (probe->fork_count == FORKS_MAX) {
            return false;
        }
        probe->forks[probe->fork_count++] = actor->address;
    }
    return count > 0;
}

/* Adds the edges by which the actor does not serve the one just followed; false if it may. */
static bool add_edges(struct probe *probe, const tr_actor *actor, tr_address from)
{
    tr_probe_edge edge;
    if (actor->state != TR_ACTOR_LIVE || actor->is_cancelled) {
        return false;
    }
    if (actor->task == NULL) {
        return parked_edge(actor, probe->way.choice, &edge) && add_edge(probe, actor, &edge);
    }
    tr_task *task = handler_of(actor, from, &probe->way.edge);
    if (task == NULL || task->wait == TROUPE_WAIT_TASK) {
        return add_all_tasks(probe, actor);
    }
    edge = edge_of(task);
    return waits_for_another(task) && add_edge(probe, actor, &edge);
}

void tr_probe_name(tr_probe_way *way, const char *text)
{
    const size_t length = strlen(way->ring);
    (void) snprintf(way->ring + length, TR_PROBE_RING_SIZE - length, "%s", text);
}

static void note_name(struct probe *probe, const tr_actor *actor)
{
    char text[TR_NAME_MAX + 32];
    const char *name = tr_actor_name(actor);
    if (name != NULL) {
        (void) snprintf(text, sizeof text, "'%s' -> ", name);
    } else {
        (void) snprintf(text, sizeof text, "%u.%u -> ", actor->address.slot,
                        actor->address.generation);
    }
    tr_probe_name(&probe->way, text);
}

/* Follows the last edge added. */
static void follow(tr_worker *worker, troupe_message *message)
{
    struct probe *probe = probe_of(message);
    const struct step step = probe->steps[--probe->step_count];
    probe->way.edge = step.edge;
    probe->way.hops++;
    probe->way.hash = tr_hash_u64(probe->way.hash ^ step.edge.id) + step.from.slot;
    message->sender = step.from;
    message->receiver = step.edge.to;
    tr_worker_route(worker, message);
}

/* The task of the origin that still waits as it did; NULL if it does not. */
static tr_task *find_origin(const tr_actor *actor, const struct probe *probe)
{
    tr_task *task = task_after(actor, NULL);
    while (task != NULL) {
        const tr_probe_edge edge = edge_of(task);
        if (waits_for_another(task) && is_same_wait(&edge, &probe->way.origin_edge)) {
            return task;
        }
        task = task_after(actor, task);
    }
    return NULL;
}

/* Whether the origin still waits as it did, and for whom: other nodes do not tell that. */
static bool origin_waits(const tr_actor *actor, struct probe *probe)
{
    tr_probe_edge edge;
    if (actor == NULL || actor->state != TR_ACTOR_LIVE || actor->is_cancelled) {
        return false;
    }
    if (actor->task != NULL) {
        const tr_task *task = find_origin(actor, probe);
        if (task == NULL) {
            return false;
        }
        edge = edge_of(task);
    } else if (!parked_edge(actor, probe->way.choice, &edge) ||
               !is_same_wait(&edge, &probe->way.origin_edge)) {
        return false;
    }
    probe->way.origin_edge.to = edge.to;
    return true;
}

static void break_ring(tr_worker *worker, tr_actor *actor, const struct probe *probe)
{
    static const char prefix[] = "ring: ";
    char said[sizeof prefix + TR_PROBE_RING_SIZE + TR_NAME_MAX];
    const char *text = said + sizeof prefix - 1;
    (void) snprintf(said, sizeof said, "%s%s%s", prefix, probe->way.ring,
                    tr_actor_name(actor) != NULL ? tr_actor_name(actor) : "the first");
    tr_log_write(worker->system->ports.log, TROUPE_LOG_WARNING,
                 "ring of actors that wait for each other: %s; the wait of the first was ended",
                 text);
    tr_failure_say(worker, actor, TROUPE_ERROR_WOULD_DEADLOCK, said);
    if (actor->task != NULL) {
        tr_task_wake(worker, find_origin(actor, probe), TROUPE_ERROR_WOULD_DEADLOCK);
    } else {
        tr_park_break(worker, actor, probe->way.origin_edge.id);
    }
}

/* At the origin, with all edges followed: goes round again, or has proved the ring. */
static void close_round(tr_worker *worker, tr_actor *actor, troupe_message *message)
{
    struct probe *probe = probe_of(message);
    if (probe->way.is_second) {
        if (probe->way.hash == probe->way.first_hash) {
            break_ring(worker, actor, probe);
        }
        tr_message_free(&worker->pool, message);
        return;
    }
    probe->way.first_hash = probe->way.hash;
    probe->way.hash = 0;
    probe->way.hops = 0;
    probe->fork_count = 0;
    probe->has_met_origin = 0;
    probe->is_homeward = 0;
    probe->way.is_second = true;
    note_name(probe, actor);
    probe->steps[probe->step_count++] =
        (struct step) {.from = actor->address, .edge = probe->way.origin_edge};
    follow(worker, message);
}

/* All edges have been followed. A round ends where it began. */
static void end_round(tr_worker *worker, troupe_message *message)
{
    struct probe *probe = probe_of(message);
    tr_actor *actor = tr_actor_at(worker, probe->way.origin);
    if (!tr_address_is_same(message->receiver, probe->way.origin)) {
        probe->is_homeward = 1;
        message->receiver = probe->way.origin;
        tr_worker_route(worker, message);
    } else if (origin_waits(actor, probe)) {
        close_round(worker, actor, message);
    } else {
        tr_message_free(&worker->pool, message);
    }
}

/* No way through the graph is longer than there are actors, with a few forks; one over several
 * nodes is not looked through beyond so many. */
static bool has_gone_far(const tr_worker *worker, const struct probe *probe)
{
    const uint32_t most = atomic_load_explicit(&worker->system->slots.used, memory_order_relaxed);
    return probe->way.hops >
           (probe->way.is_far ? TR_PROBE_FAR_HOPS_MAX : most * (1 + probe->fork_count));
}

/* The edge leads to another node. Whatever else is to be followed would have to come along. */
static void leave(tr_worker *worker, tr_actor *carrier, troupe_message *message)
{
    const struct probe *probe = probe_of(message);
    if (probe->step_count > 0 || probe->has_met_origin != 0 ||
        probe->way.hops > TR_PROBE_FAR_HOPS_MAX) {
        tr_message_free(&worker->pool, message);
    } else {
        worker->system->far->probe(worker, carrier, message);
    }
}

void tr_probe_came(tr_worker *worker, troupe_message *message)
{
    struct probe *probe = probe_of(message);
    if (probe->is_homeward != 0) {
        end_round(worker, message);
        return;
    }
    tr_actor *actor = tr_actor_at(worker, message->receiver);
    if (actor != NULL && TR_UNLIKELY(actor->is_carrier)) {
        leave(worker, actor, message);
        return;
    }
    const uint32_t known = probe->step_count;
    if (actor == NULL || !edge_stands(actor, message->sender, &probe->way.edge) ||
        !add_edges(probe, actor, message->sender) || has_gone_far(worker, probe)) {
        tr_message_free(&worker->pool, message);
        return;
    }
    if (probe->way.is_second && probe->step_count > known) {
        note_name(probe, actor);
    }
    if (probe->step_count > 0) {
        follow(worker, message);
    } else if (probe->has_met_origin != 0) {
        end_round(worker, message);
    } else {
        tr_message_free(&worker->pool, message); /* of a ring that the origin is not in */
    }
}

/* NULL: no memory; the next look comes. */
static troupe_message *make(tr_worker *worker)
{
    troupe_message *message = NULL;
    if (tr_message_with_own_body(&worker->pool, TR_FORM_STRUCT, NULL, sizeof(struct probe),
                                 &message) != TROUPE_OK) {
        return NULL;
    }
    tr_message_set_kind(message, TR_KIND_PROBE);
    tr_message_set(message, TR_MESSAGE_SEALED);
    return message;
}

void tr_probe_go_on(tr_worker *worker, const tr_probe_way *way, tr_address entrance)
{
    troupe_message *message = make(worker);
    if (message == NULL) {
        return;
    }
    struct probe *probe = probe_of(message);
    *probe = (struct probe) {.way = *way, .here = worker->system->options.node_id};
    probe->way.is_far = true;
    probe->way.hash = tr_hash_u64(way->hash ^ way->edge.id);
    message->sender = entrance;
    message->receiver = way->edge.to;
    tr_worker_route(worker, message);
}

static void start(tr_worker *worker, const tr_actor *actor, const tr_probe_edge *edge,
                  uint64_t choice)
{
    troupe_message *message = make(worker);
    if (message == NULL) {
        return;
    }
    struct probe *probe = probe_of(message);
    const uint64_t here = worker->system->options.node_id;
    *probe = (struct probe) {.way = {.origin_node = here,
                                     .origin = actor->address,
                                     .origin_edge = *edge,
                                     .choice = choice},
                             .here = here,
                             .step_count = 1,
                             .steps = {{.from = actor->address, .edge = *edge}}};
    follow(worker, message);
}

static uint64_t a_choice(const tr_worker *worker, const tr_actor *actor)
{
    return tr_hash_u64(worker->now_ns ^ (uint64_t) actor->address.slot << 32);
}

void tr_probe_start(tr_worker *worker, tr_task *task)
{
    const tr_actor *actor = task->self.actor;
    if (actor->state == TR_ACTOR_LIVE && !actor->is_cancelled) {
        const tr_probe_edge edge = edge_of(task);
        start(worker, actor, &edge, a_choice(worker, actor));
    }
}

void tr_probe_start_parked(tr_worker *worker, tr_actor *actor)
{
    tr_probe_edge edge;
    const uint64_t choice = a_choice(worker, actor);
    if (actor->state == TR_ACTOR_LIVE && !actor->is_cancelled &&
        parked_edge(actor, choice, &edge)) {
        start(worker, actor, &edge, choice);
    }
}
