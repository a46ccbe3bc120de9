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

/* Whom an actor waits for, and by what. */
struct edge {
    tr_address to;
    uint64_t id; /* the ticket or the ask */
    uint64_t since_ns;
    bool is_reply;
};

struct probe {
    tr_address origin;
    struct edge edge; /* the one just followed: of the message's sender */
    uint64_t origin_id;
    uint64_t origin_since_ns;
    uint64_t choice; /* of the edge, where an actor has several */
    uint64_t first_hash;
    uint64_t hash;
    uint32_t hops;
    uint32_t is_second;
    char ring[RING_TEXT_SIZE];
};

static bool edge_of(const tr_actor *actor, uint64_t choice, struct edge *out_edge)
{
    tr_task *task = actor->task;
    *out_edge = (struct edge) {0};
    if (actor->state != TR_ACTOR_LIVE || actor->is_cancelled) {
        return false;
    }
    if (task == NULL) {
        /* Each actor chooses anew for each probe, the same in both rounds. */
        const uint64_t own = tr_hash_u64(choice ^ actor->address.slot);
        return tr_park_edge(actor, own, &out_edge->to, &out_edge->id, &out_edge->since_ns);
    }
    task = tr_tasks_sole(task);
    if (task == NULL || (task->wait != TROUPE_WAIT_ROOM && task->wait != TROUPE_WAIT_REPLY)) {
        return false;
    }
    *out_edge = (struct edge) {.to = task->waits_for,
                               .id = task->wait_id,
                               .since_ns = task->since_ns,
                               .is_reply = task->wait == TROUPE_WAIT_REPLY};
    return true;
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

/* Whether a wait began later than the origin's; by address where both are equal. */
static bool is_later(const struct edge *edge, tr_address of, const struct probe *probe)
{
    if (edge->since_ns != probe->origin_since_ns) {
        return edge->since_ns > probe->origin_since_ns;
    }
    return of.slot > probe->origin.slot;
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

static void follow(tr_worker *worker, troupe_message *message, const tr_actor *actor,
                   const struct edge *edge)
{
    struct probe *probe = message->body;
    probe->edge = *edge;
    probe->hops++;
    probe->hash = tr_hash_u64(probe->hash ^ edge->id) + actor->address.slot;
    if (probe->is_second != 0) {
        note_name(probe, actor);
    }
    message->sender = actor->address;
    message->receiver = edge->to;
    tr_worker_route(worker, message);
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
        tr_task *task = tr_tasks_sole(actor->task); /* as its edge is there */
        tr_task_wake(worker, task, TROUPE_ERROR_WOULD_DEADLOCK);
    } else {
        tr_park_break(worker, actor, probe->origin_id);
    }
}

/* Back at the origin: goes round again, or has proved the ring. True if the message is used up. */
static void close_round(tr_worker *worker, tr_actor *actor, const struct edge *edge,
                        troupe_message *message)
{
    struct probe *probe = message->body;
    if (probe->is_second == 0) {
        probe->first_hash = probe->hash;
        probe->hash = 0;
        probe->hops = 0;
        probe->is_second = 1;
        follow(worker, message, actor, edge);
        return;
    }
    if (probe->hash == probe->first_hash) {
        break_ring(worker, actor, probe);
    }
    tr_message_free(&worker->pool, message);
}

void tr_probe_came(tr_worker *worker, troupe_message *message)
{
    const struct probe *probe = message->body;
    tr_actor *actor = tr_actor_at(worker, message->receiver);
    struct edge edge;
    if (actor == NULL || !edge_of(actor, probe->choice, &edge) ||
        !edge_stands(actor, message->sender, &probe->edge)) {
        tr_message_free(&worker->pool, message);
        return;
    }
    if (tr_address_is_same(actor->address, probe->origin)) {
        if (edge.id == probe->origin_id && edge.since_ns == probe->origin_since_ns) {
            close_round(worker, actor, &edge, message);
        } else {
            tr_message_free(&worker->pool, message);
        }
        return;
    }
    /* No way through the graph is longer than there are actors. */
    const uint32_t most = atomic_load_explicit(&worker->system->slots.used, memory_order_relaxed);
    if (is_later(&edge, actor->address, probe) || probe->hops > most) {
        tr_message_free(&worker->pool, message);
        return;
    }
    follow(worker, message, actor, &edge);
}

static void start(tr_worker *worker, const tr_actor *actor)
{
    struct edge edge;
    troupe_message *message = NULL;
    const uint64_t choice = tr_hash_u64(worker->now_ns ^ (uint64_t) actor->address.slot << 32);
    if (!edge_of(actor, choice, &edge) ||
        tr_message_with_body(&worker->pool, TR_FORM_STRUCT, NULL, sizeof(struct probe), &message) !=
            TROUPE_OK) {
        return; /* the next look comes */
    }
    tr_message_set_kind(message, TR_KIND_PROBE);
    tr_message_set(message, TR_MESSAGE_SEALED);
    struct probe *probe = message->body;
    *probe = (struct probe) {.origin = actor->address,
                             .choice = choice,
                             .origin_id = edge.id,
                             .origin_since_ns = edge.since_ns};
    follow(worker, message, actor, &edge);
}

void tr_probe_start(tr_worker *worker, tr_task *task)
{
    start(worker, task->self.actor);
}

void tr_probe_start_parked(tr_worker *worker, tr_actor *actor)
{
    start(worker, actor);
}
