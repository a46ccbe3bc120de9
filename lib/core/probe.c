/* SPDX-License-Identifier: MIT */
#include "core/probe.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "core/failure.h"
#include "core/line.h"
#include "core/park.h"
#include "core/tasks.h"

#define RING_TEXT_SIZE 240

/* Beyond these a knot is not looked through: its waits end with their deadlines. */
#define STEPS_MAX 16
#define FORKS_MAX 8

/* Whom somebody waits for, and by what. */
struct edge {
    tr_address to;
    uint64_t id; /* the ticket or the ask */
    uint64_t since_ns;
    bool is_reply;
};

/* An edge that is still to be followed. */
struct step {
    tr_address from;
    struct edge edge;
};

struct probe {
    tr_address origin;
    struct edge origin_edge;
    struct edge edge; /* the one just followed: of the message's sender */
    uint64_t choice;  /* of the edge, where a behavior has several */
    uint64_t first_hash;
    uint64_t hash;
    uint32_t hops;
    uint32_t is_second;
    uint32_t has_met_origin; /* in this round */
    uint32_t is_homeward;    /* follows no edge: goes to its origin */
    uint32_t step_count;
    uint32_t fork_count;
    struct step steps[STEPS_MAX];
    tr_address forks[FORKS_MAX]; /* actors all of whose tasks have been looked at */
    char ring[RING_TEXT_SIZE];
};

static struct probe *probe_of(const troupe_message *message)
{
    tr_body *body = message->body; /* of a block of its own */
    return (struct probe *) (void *) (body + 1);
}

static bool is_same_wait(const struct edge *left, const struct edge *right)
{
    return left->id == right->id && left->since_ns == right->since_ns &&
           left->is_reply == right->is_reply;
}

/* Each behavior chooses anew for each probe, the same in both rounds. */
static bool parked_edge(const tr_actor *actor, uint64_t choice, struct edge *out_edge)
{
    const uint64_t own = tr_hash_u64(choice ^ actor->address.slot);
    *out_edge = (struct edge) {.is_reply = false};
    return tr_park_edge(actor, own, &out_edge->to, &out_edge->id, &out_edge->since_ns);
}

static bool waits_for_another(const tr_task *task)
{
    return task->wait == TROUPE_WAIT_ROOM || task->wait == TROUPE_WAIT_REPLY;
}

/* Of one that waits for another actor. */
static struct edge edge_of(const tr_task *task)
{
    return (struct edge) {.to = task->waits_for,
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

static bool edge_stands(const tr_actor *actor, tr_address from, const struct edge *edge)
{
    return edge->is_reply ? holds_request(actor, from, edge->id)
                          : tr_line_has(actor, from, edge->id) && is_full_of_queued(actor);
}

/* Whether a wait began later than the origin's; by address, then number, where both are equal. */
static bool is_later(const struct edge *edge, tr_address of, const struct probe *probe)
{
    if (edge->since_ns != probe->origin_edge.since_ns) {
        return edge->since_ns > probe->origin_edge.since_ns;
    }
    return of.slot > probe->origin.slot ||
           (of.slot == probe->origin.slot && edge->id > probe->origin_edge.id);
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
static tr_task *handler_of(const tr_actor *actor, tr_address from, const struct edge *edge)
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

static bool add_step(struct probe *probe, tr_address from, const struct edge *edge)
{
    if (probe->step_count == STEPS_MAX || is_later(edge, from, probe)) {
        return false; /* the later one's own probe will see the ring */
    }
    probe->steps[probe->step_count++] = (struct step) {.from = from, .edge = *edge};
    return true;
}

/* Whether the wait of the task is the origin's, which then has been met. */
static bool meets_origin(struct probe *probe, const tr_actor *actor, const struct edge *edge)
{
    if (!tr_address_is_same(actor->address, probe->origin) ||
        !is_same_wait(edge, &probe->origin_edge)) {
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

static bool add_edge(struct probe *probe, const tr_actor *actor, const struct edge *edge)
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
        const struct edge edge = edge_of(task);
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
    struct edge edge;
    if (actor->state != TR_ACTOR_LIVE || actor->is_cancelled) {
        return false;
    }
    if (actor->task == NULL) {
        return parked_edge(actor, probe->choice, &edge) && add_edge(probe, actor, &edge);
    }
    tr_task *task = handler_of(actor, from, &probe->edge);
    if (task == NULL || task->wait == TROUPE_WAIT_TASK) {
        return add_all_tasks(probe, actor);
    }
    edge = edge_of(task);
    return waits_for_another(task) && add_edge(probe, actor, &edge);
}

static void note_name(struct probe *probe, const tr_actor *actor)
{
    const size_t length = strlen(probe->ring);
    const char *name = tr_actor_name(actor);
    if (name != NULL) {
        (void) snprintf(probe->ring + length, RING_TEXT_SIZE - length, "'%s' -> ", name);
    } else {
        (void) snprintf(probe->ring + length, RING_TEXT_SIZE - length, "%u.%u -> ",
                        actor->address.slot, actor->address.generation);
    }
}

/* Follows the last edge added. */
static void follow(tr_worker *worker, troupe_message *message)
{
    struct probe *probe = probe_of(message);
    const struct step step = probe->steps[--probe->step_count];
    probe->edge = step.edge;
    probe->hops++;
    probe->hash = tr_hash_u64(probe->hash ^ step.edge.id) + step.from.slot;
    message->sender = step.from;
    message->receiver = step.edge.to;
    tr_worker_route(worker, message);
}

/* The task of the origin that still waits as it did; NULL if it does not. */
static tr_task *find_origin(const tr_actor *actor, const struct probe *probe)
{
    tr_task *task = task_after(actor, NULL);
    while (task != NULL) {
        const struct edge edge = edge_of(task);
        if (waits_for_another(task) && is_same_wait(&edge, &probe->origin_edge)) {
            return task;
        }
        task = task_after(actor, task);
    }
    return NULL;
}

static bool origin_waits(const tr_actor *actor, const struct probe *probe)
{
    struct edge edge;
    if (actor == NULL || actor->state != TR_ACTOR_LIVE || actor->is_cancelled) {
        return false;
    }
    return actor->task != NULL ? find_origin(actor, probe) != NULL
                               : parked_edge(actor, probe->choice, &edge) &&
                                     is_same_wait(&edge, &probe->origin_edge);
}

static void break_ring(tr_worker *worker, tr_actor *actor, const struct probe *probe)
{
    static const char prefix[] = "ring: ";
    char said[sizeof prefix + RING_TEXT_SIZE + TR_NAME_MAX];
    const char *text = said + sizeof prefix - 1;
    (void) snprintf(said, sizeof said, "%s%s%s", prefix, probe->ring,
                    tr_actor_name(actor) != NULL ? tr_actor_name(actor) : "the first");
    tr_log_write(worker->system->ports.log, TROUPE_LOG_WARNING,
                 "ring of actors that wait for each other: %s; the wait of the first was ended",
                 text);
    tr_failure_say(worker, actor, TROUPE_ERROR_WOULD_DEADLOCK, said);
    if (actor->task != NULL) {
        tr_task_wake(worker, find_origin(actor, probe), TROUPE_ERROR_WOULD_DEADLOCK);
    } else {
        tr_park_break(worker, actor, probe->origin_edge.id);
    }
}

/* At the origin, with all edges followed: goes round again, or has proved the ring. */
static void close_round(tr_worker *worker, tr_actor *actor, troupe_message *message)
{
    struct probe *probe = probe_of(message);
    if (probe->is_second != 0) {
        if (probe->hash == probe->first_hash) {
            break_ring(worker, actor, probe);
        }
        tr_message_free(&worker->pool, message);
        return;
    }
    probe->first_hash = probe->hash;
    probe->hash = 0;
    probe->hops = 0;
    probe->fork_count = 0;
    probe->has_met_origin = 0;
    probe->is_homeward = 0;
    probe->is_second = 1;
    note_name(probe, actor);
    probe->steps[probe->step_count++] =
        (struct step) {.from = actor->address, .edge = probe->origin_edge};
    follow(worker, message);
}

/* All edges have been followed. A round ends where it began. */
static void end_round(tr_worker *worker, troupe_message *message)
{
    struct probe *probe = probe_of(message);
    tr_actor *actor = tr_actor_at(worker, probe->origin);
    if (!tr_address_is_same(message->receiver, probe->origin)) {
        probe->is_homeward = 1;
        message->receiver = probe->origin;
        tr_worker_route(worker, message);
    } else if (origin_waits(actor, probe)) {
        close_round(worker, actor, message);
    } else {
        tr_message_free(&worker->pool, message);
    }
}

void tr_probe_came(tr_worker *worker, troupe_message *message)
{
    struct probe *probe = probe_of(message);
    if (probe->is_homeward != 0) {
        end_round(worker, message);
        return;
    }
    const tr_actor *actor = tr_actor_at(worker, message->receiver);
    /* No way through the graph is longer than there are actors, with a few forks. */
    const uint32_t most = atomic_load_explicit(&worker->system->slots.used, memory_order_relaxed);
    const uint32_t known = probe->step_count;
    if (actor == NULL || !edge_stands(actor, message->sender, &probe->edge) ||
        !add_edges(probe, actor, message->sender) || probe->hops > most * (1 + probe->fork_count)) {
        tr_message_free(&worker->pool, message);
        return;
    }
    if (probe->is_second != 0 && probe->step_count > known) {
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

static void start(tr_worker *worker, const tr_actor *actor, const struct edge *edge,
                  uint64_t choice)
{
    troupe_message *message = NULL;
    if (tr_message_with_own_body(&worker->pool, TR_FORM_STRUCT, NULL, sizeof(struct probe),
                                 &message) != TROUPE_OK) {
        return; /* the next look comes */
    }
    tr_message_set_kind(message, TR_KIND_PROBE);
    tr_message_set(message, TR_MESSAGE_SEALED);
    struct probe *probe = probe_of(message);
    *probe = (struct probe) {.origin = actor->address,
                             .origin_edge = *edge,
                             .choice = choice,
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
        const struct edge edge = edge_of(task);
        start(worker, actor, &edge, a_choice(worker, actor));
    }
}

void tr_probe_start_parked(tr_worker *worker, tr_actor *actor)
{
    struct edge edge;
    const uint64_t choice = a_choice(worker, actor);
    if (actor->state == TR_ACTOR_LIVE && !actor->is_cancelled &&
        parked_edge(actor, choice, &edge)) {
        start(worker, actor, &edge, choice);
    }
}
