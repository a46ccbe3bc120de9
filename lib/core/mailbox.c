/* SPDX-License-Identifier: MIT */
#include "core/mailbox.h"

#include "base/assert.h"
#include "base/chance.h"
#include "core/admission.h"
#include "core/line.h"
#include "core/monitor.h"
#include "core/pressure.h"
#include "core/tap.h"
#include "core/task.h"

static const uint32_t weights[TR_PRIORITIES] = {16, 4, 2, 1};

const troupe_type_rule *tr_rule_for(const troupe_type_rule *rules, size_t count,
                                    const troupe_message *message)
{
    for (size_t i = 0; i < count; i++) {
        const void *type =
            rules[i].protobuf != NULL ? (const void *) rules[i].protobuf : rules[i].type;
        if (type == message->type) {
            return &rules[i];
        }
    }
    return NULL;
}

static const troupe_type_rule *rule_of(const tr_actor *actor, const troupe_message *message)
{
    return tr_rule_for(actor->settings->rules, actor->settings->rule_count, message);
}

static tr_queue *lane_at(tr_actor *actor, uint32_t priority)
{
    return priority == 0 ? &actor->lane : &actor->lanes->lanes[priority - 1];
}

static uint32_t priority_of(const tr_actor *actor, const troupe_message *message)
{
    if (actor->lanes == NULL || tr_message_kind(message) == TR_KIND_TICK) {
        return 0;
    }
    const troupe_type_rule *rule = rule_of(actor, message);
    return rule != NULL ? rule->priority : 0;
}

static void enter_lane(tr_actor *actor, troupe_message *message, uint32_t priority)
{
    tr_queue *lane = lane_at(actor, priority);
    TR_TELL(ENTERED, .worker = actor->worker, .actor = actor, .message = message,
            .number = priority);
    if (TR_PLANTED(TR_BUG_LAST_FIRST) && lane->head != NULL) {
        message->next = lane->head;
        lane->head = message;
    } else {
        tr_queue_push(lane, message);
    }
    if (actor->lanes != NULL) {
        actor->lanes->entered[priority]++;
    }
}

static bool is_evictable(const tr_actor *actor, const troupe_message *message)
{
    if (!tr_message_has(message, TR_MESSAGE_PLACED)) {
        return false;
    }
    const troupe_type_rule *rule = rule_of(actor, message);
    const troupe_on_full policy = rule != NULL && rule->on_full != TROUPE_ON_FULL_DEFAULT
                                      ? rule->on_full
                                      : actor->settings->on_full;
    return policy == TROUPE_ON_FULL_DROP_OLDEST || policy == TROUPE_ON_FULL_CONFLATE;
}

static bool conflates(const tr_actor *actor, const troupe_message *message)
{
    const troupe_type_rule *rule = rule_of(actor, message);
    return rule != NULL && rule->on_full != TROUPE_ON_FULL_DEFAULT
               ? rule->on_full == TROUPE_ON_FULL_CONFLATE
               : actor->settings->on_full == TROUPE_ON_FULL_CONFLATE;
}

/* Ends a message that gave way; its place is free at once. */
static void evict(tr_worker *worker, tr_actor *actor, troupe_message *message)
{
    tr_message_clear(message, TR_MESSAGE_PLACED);
    (void) tr_admission_undate(message, actor->address);
    actor->to_release++;
    actor->bytes_to_release += tr_message_charge(message);
    tr_message_end(worker, message, TROUPE_OUTCOME_DROPPED, TROUPE_ERROR_MAILBOX_FULL);
}

static uint64_t key_of(const tr_actor *actor, const troupe_message *message)
{
    return actor->settings->conflate_key != NULL ? actor->settings->conflate_key(message) : 0;
}

/* Puts the message into the place of a queued one of the same type and key, which ends. */
static bool conflate(tr_worker *worker, tr_actor *actor, troupe_message *message)
{
    tr_queue *lane = lane_at(actor, priority_of(actor, message));
    const uint64_t key = key_of(actor, message);
    troupe_message *previous = NULL;
    for (troupe_message *at = lane->head; at != NULL; previous = at, at = at->next) {
        if (at->type != message->type || !tr_message_has(at, TR_MESSAGE_PLACED) ||
            key_of(actor, at) != key) {
            continue;
        }
        message->next = at->next;
        if (previous == NULL) {
            lane->head = message;
        } else {
            previous->next = message;
        }
        if (lane->tail == at) {
            lane->tail = message;
        }
        TR_TELL(SLIPPED_IN, .worker = worker, .actor = actor, .message = message);
        evict(worker, actor, at);
        return true;
    }
    return false;
}

/* Ends the oldest message of this lane that may be dropped. False if there is none. */
static bool make_room_in(tr_worker *worker, tr_actor *actor, uint32_t priority)
{
    tr_queue *lane = lane_at(actor, priority);
    troupe_message *previous = NULL;
    troupe_message *at = lane->head;
    while (at != NULL && !is_evictable(actor, at)) {
        previous = at;
        at = at->next;
    }
    if (at == NULL) {
        return false;
    }
    tr_queue_remove(lane, previous, at);
    if (actor->lanes != NULL) {
        actor->lanes->left[priority]++;
    }
    actor->queued--;
    evict(worker, actor, at);
    return true;
}

/* The same in any lane, the lowest first. */
static bool make_room(tr_worker *worker, tr_actor *actor)
{
    uint32_t priority = actor->lanes != NULL ? TR_PRIORITIES : 1;
    while (priority > 0) {
        priority--;
        if (make_room_in(worker, actor, priority)) {
            return true;
        }
    }
    return false;
}

static void wake_for_message(tr_worker *worker, tr_actor *actor, const troupe_message *message)
{
    if (actor->task != NULL) {
        tr_task_message_came(worker, actor->task, message);
    } else if (actor->state == TR_ACTOR_LIVE) {
        tr_worker_make_runnable(worker, actor);
    }
}

/* True if the message has its place in the queue, or has ended, by eviction. */
static bool put_evicting(tr_worker *worker, tr_actor *actor, troupe_message *message)
{
    bool is_done = conflates(actor, message) && conflate(worker, actor, message);
    if (!is_done && tr_mailbox_is_full(actor) && !make_room(worker, actor)) {
        evict(worker, actor, message);
        is_done = true;
    }
    return is_done;
}

static bool has_admission(const tr_actor *actor)
{
    return actor->lanes != NULL && actor->lanes->admission.target_ns != 0;
}

void tr_mailbox_put_with_care(tr_worker *worker, tr_actor *actor, troupe_message *message)
{
    if (TR_UNLIKELY(actor->is_carrier)) {
        /* Behind what this worker has told it before. */
        tr_message_clear(message, TR_MESSAGE_PLACED);
        tr_worker_tell(worker, worker->index, message);
        return;
    }
    if (has_admission(actor)) {
        tr_admission_date(message, worker->now_ns);
    }
    if (TR_UNLIKELY(actor->is_watched)) {
        tr_tap_look(worker, actor, message);
    }
    if (TR_UNLIKELY(actor->evicts)) {
        const bool is_done = put_evicting(worker, actor, message);
        if (is_done) {
            tr_mailbox_release(worker, actor);
            return;
        }
    }
    enter_lane(actor, message, priority_of(actor, message));
    actor->queued++;
    wake_for_message(worker, actor, message);
    if (TR_UNLIKELY(actor->is_watched)) {
        tr_pressure_look(worker, actor);
    }
    if (TR_UNLIKELY(actor->evicts && actor->to_release > 0 &&
                    (!actor->is_runnable || actor->is_taken))) {
        tr_mailbox_release(worker, actor);
    }
}

/* Behind all that is queued in any lane: a copy of what has entered each lane so far tells when
 * that has been taken. It needs no block, the DOWN's own fields do not use these. */
static void put_down(tr_actor *actor, troupe_message *message)
{
    tr_lanes *lanes = actor->lanes;
    uint32_t *marks = (uint32_t *) &message->receiver;
    marks[0] = lanes->entered[0];
    marks[1] = lanes->entered[1];
    message->deadline_ns = (uint64_t) lanes->entered[2] << 32 | lanes->entered[3];
    tr_queue_push(&lanes->downs, message);
}

/* Whether all that had entered when the DOWN came has left; the counts wrap. */
static bool down_is_due(const tr_lanes *lanes, const troupe_message *message)
{
    const uint32_t *marks = (const uint32_t *) &message->receiver;
    return (int32_t) (lanes->left[0] - marks[0]) >= 0 &&
           (int32_t) (lanes->left[1] - marks[1]) >= 0 &&
           (int32_t) (lanes->left[2] - (uint32_t) (message->deadline_ns >> 32)) >= 0 &&
           (int32_t) (lanes->left[3] - (uint32_t) message->deadline_ns) >= 0;
}

void tr_mailbox_put_reserved(tr_worker *worker, tr_actor *actor, troupe_message *message)
{
    if (actor->lanes != NULL && tr_message_kind(message) == TR_KIND_DOWN) {
        put_down(actor, message);
    } else {
        actor->ticks += tr_message_kind(message) == TR_KIND_TICK ? 1 : 0;
        enter_lane(actor, message, 0);
    }
    wake_for_message(worker, actor, message);
}

void tr_mailbox_put_back(tr_actor *actor, troupe_message *message)
{
    const uint32_t priority = priority_of(actor, message);
    tr_queue *lane = lane_at(actor, priority);
    TR_TELL(SLIPPED_IN, .worker = actor->worker, .actor = actor, .message = message);
    message->next = lane->head;
    lane->head = message;
    if (message->next == NULL) {
        lane->tail = message;
    }
    if (actor->lanes != NULL) {
        actor->lanes->left[priority]--;
    }
    actor->queued++;
}

bool tr_mailbox_is_full(const tr_actor *actor)
{
    const uint32_t stashed = actor->extra != NULL ? actor->extra->stashed : 0;
    return actor->queued + stashed >=
           atomic_load_explicit(&actor->slot->capacity, memory_order_relaxed);
}

bool tr_mailbox_lanes_are_empty(const tr_actor *actor)
{
    const tr_lanes *lanes = actor->lanes;
    return lanes->lanes[0].head == NULL && lanes->lanes[1].head == NULL &&
           lanes->lanes[2].head == NULL && lanes->downs.head == NULL;
}

/* The lane to serve next, by weight; TR_PRIORITIES if all are empty. */
static uint32_t choose_lane(tr_actor *actor)
{
    for (unsigned round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < TR_PRIORITIES; i++) {
            if (lane_at(actor, i)->head != NULL && actor->lanes->credit[i] > 0) {
                return i;
            }
        }
        for (uint32_t i = 0; i < TR_PRIORITIES; i++) {
            actor->lanes->credit[i] = weights[i];
        }
    }
    return TR_PRIORITIES;
}

static troupe_message *pop_down(tr_lanes *lanes)
{
    if (lanes->downs.head == NULL || !down_is_due(lanes, lanes->downs.head)) {
        return NULL;
    }
    troupe_message *message = tr_queue_pop(&lanes->downs);
    message->deadline_ns = TR_NEVER;
    return message;
}

static troupe_message *pop_lanes(tr_actor *actor)
{
    tr_lanes *lanes = actor->lanes;
    troupe_message *down = pop_down(lanes);
    if (down != NULL) {
        return down;
    }
    const uint32_t priority = choose_lane(actor);
    if (priority == TR_PRIORITIES) {
        return NULL;
    }
    lanes->credit[priority]--;
    lanes->left[priority]++;
    return tr_queue_pop(lane_at(actor, priority));
}

/* The message leaves the mailbox; its place waits for the next release. When it came, or
 * UINT64_MAX if that is not known. */
static uint64_t leave(tr_actor *actor, troupe_message *message)
{
    const uint64_t came_ns = tr_admission_undate(message, actor->address);
    if (tr_message_kind(message) == TR_KIND_TICK) {
        actor->ticks--;
    }
    if (tr_message_has(message, TR_MESSAGE_PLACED)) {
        tr_message_clear(message, TR_MESSAGE_PLACED);
        actor->queued--;
        actor->to_release++;
        actor->bytes_to_release += tr_message_charge(message);
    }
    return came_ns;
}

/* Ends a message that is not to be handled any more, or has waited too long. */
static bool is_past(tr_worker *worker, tr_actor *actor, troupe_message *message, uint64_t came_ns)
{
    const bool is_void = tr_message_kind(message) == TR_KIND_DOWN
                             ? !tr_monitor_take(actor, message)
                             : tr_message_has(message, TR_MESSAGE_VOID);
    if (TR_UNLIKELY(is_void)) {
        tr_message_end(worker, message, TROUPE_OUTCOME_CANCELLED, TROUPE_ERROR_CANCELLED);
        return true;
    }
    if (TR_UNLIKELY(message->deadline_ns <= worker->now_ns) &&
        tr_message_kind(message) == TR_KIND_USER) {
        tr_message_end(worker, message, TROUPE_OUTCOME_EXPIRED, TROUPE_ERROR_EXPIRED);
        return true;
    }
    if (has_admission(actor) && tr_admission_refuses(&actor->lanes->admission, message, came_ns,
                                                     actor->queued == 0, worker->now_ns)) {
        /* Pairs with nothing: a count for people. */
        atomic_fetch_add_explicit(&actor->slot->refused, 1, memory_order_relaxed);
        tr_message_end(worker, message, TROUPE_OUTCOME_DROPPED, TROUPE_ERROR_OVERLOADED);
        return true;
    }
    return false;
}

static bool make_void(const tr_queue *queue, tr_address asker, uint64_t ask)
{
    for (troupe_message *at = queue->head; at != NULL; at = at->next) {
        if (at->correlation == ask && tr_message_has(at, TR_MESSAGE_WANTS_REPLY) &&
            tr_address_is_same(at->sender, asker)) {
            if (tr_message_has(at, TR_MESSAGE_SETTLES)) {
                tr_message_set(at, TR_MESSAGE_GIVEN_UP);
            } else {
                tr_message_clear(at, TR_MESSAGE_WANTS_REPLY);
                tr_message_set(at, TR_MESSAGE_VOID);
            }
            return true;
        }
    }
    return false;
}

bool tr_mailbox_void(tr_actor *actor, tr_address asker, uint64_t ask)
{
    bool is_found = make_void(&actor->replies, asker, ask);
    for (uint32_t i = 0; i < (actor->lanes != NULL ? TR_PRIORITIES : 1) && !is_found; i++) {
        is_found = make_void(lane_at(actor, i), asker, ask);
    }
    return is_found || (actor->extra != NULL && make_void(&actor->extra->stash, asker, ask));
}

/* A reply, or a message that is tried again: it has no place. */
static troupe_message *take_first(tr_worker *worker, tr_actor *actor)
{
    troupe_message *message = NULL;
    do {
        message = tr_queue_pop(&actor->replies);
    } while (message != NULL && tr_message_kind(message) == TR_KIND_USER &&
             is_past(worker, actor, message, UINT64_MAX));
    return message;
}

troupe_message *tr_mailbox_take_with_care(tr_worker *worker, tr_actor *actor)
{
    troupe_message *message = take_first(worker, actor);
    uint64_t came_ns = UINT64_MAX;
    if (TR_UNLIKELY(message != NULL)) {
        return message;
    }
    do {
        message = actor->lanes == NULL ? tr_queue_pop(&actor->lane) : pop_lanes(actor);
        if (message == NULL) {
            return NULL;
        }
        came_ns = leave(actor, message);
        TR_TELL(TAKEN, .worker = worker, .actor = actor, .message = message);
    } while (is_past(worker, actor, message, came_ns));
    return message;
}

troupe_message *tr_mailbox_take_reserved(tr_worker *worker, tr_actor *actor)
{
    troupe_message *reply = take_first(worker, actor);
    troupe_message *previous = NULL;
    for (troupe_message *at = actor->ticks > 0 ? actor->lane.head : NULL;
         reply == NULL && at != NULL;) {
        troupe_message *next = at->next;
        if (tr_message_kind(at) != TR_KIND_TICK) {
            previous = at;
            at = next;
            continue;
        }
        tr_queue_remove(&actor->lane, previous, at);
        if (actor->lanes != NULL) {
            actor->lanes->left[0]++;
        }
        const uint64_t came_ns = leave(actor, at);
        if (!is_past(worker, actor, at, came_ns)) {
            return at;
        }
        at = next;
    }
    return reply;
}

bool tr_message_is_accepted(const troupe_message *message, const troupe_accept *accepted,
                            size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const void *type =
            accepted[i].protobuf != NULL ? (const void *) accepted[i].protobuf : accepted[i].type;
        if (type == message->type) {
            return true;
        }
    }
    return false;
}

/* Of a lane, or of what is to be tried again if the priority is TR_PRIORITIES. */
static troupe_message *take_only_of(tr_worker *worker, tr_actor *actor, uint32_t priority,
                                    const troupe_accept *accepted, size_t count)
{
    const bool is_lane = priority < TR_PRIORITIES;
    tr_queue *lane = is_lane ? lane_at(actor, priority) : &actor->replies;
    troupe_message *previous = NULL;
    for (troupe_message *at = lane->head; at != NULL;) {
        troupe_message *next = at->next;
        if (!tr_message_is_accepted(at, accepted, count)) {
            previous = at;
            at = next;
            continue;
        }
        tr_queue_remove(lane, previous, at);
        if (actor->lanes != NULL && is_lane) {
            actor->lanes->left[priority]++;
        }
        const uint64_t came_ns = leave(actor, at);
        if (!is_past(worker, actor, at, came_ns)) {
            return at;
        }
        at = next;
    }
    return NULL;
}

/* What it should stand behind has been looked through: nothing of it is accepted. */
static troupe_message *take_only_down(tr_worker *worker, tr_actor *actor,
                                      const troupe_accept *accepted, size_t count)
{
    tr_queue *downs = &actor->lanes->downs;
    while (downs->head != NULL && tr_message_is_accepted(downs->head, accepted, count)) {
        troupe_message *down = tr_queue_pop(downs);
        down->deadline_ns = TR_NEVER;
        if (!is_past(worker, actor, down, UINT64_MAX)) {
            return down;
        }
    }
    return NULL;
}

troupe_message *tr_mailbox_take_only(tr_worker *worker, tr_actor *actor,
                                     const troupe_accept *accepted, size_t count)
{
    if (TR_UNLIKELY(actor->replies.head != NULL)) {
        troupe_message *again = take_only_of(worker, actor, TR_PRIORITIES, accepted, count);
        if (again != NULL) {
            return again;
        }
    }
    for (uint32_t i = 0; i < (actor->lanes != NULL ? TR_PRIORITIES : 1); i++) {
        troupe_message *message = take_only_of(worker, actor, i, accepted, count);
        if (message != NULL) {
            return message;
        }
    }
    return actor->lanes != NULL ? take_only_down(worker, actor, accepted, count) : NULL;
}

troupe_message *tr_mailbox_drain(tr_actor *actor)
{
    troupe_message *message = tr_queue_pop(&actor->replies);
    for (uint32_t i = 0; message == NULL && i < (actor->lanes != NULL ? TR_PRIORITIES : 1); i++) {
        message = tr_queue_pop(lane_at(actor, i));
    }
    if (message == NULL && actor->lanes != NULL) {
        message = tr_queue_pop(&actor->lanes->downs);
    }
    if (message != NULL) {
        (void) leave(actor, message);
    }
    return message;
}

void tr_mailbox_release_with_care(tr_worker *worker, tr_actor *actor)
{
    const uint32_t count = actor->to_release;
    const uint64_t bytes = actor->bytes_to_release;
    actor->to_release = 0;
    actor->bytes_to_release = 0;
    tr_line_give_back(worker, actor, count, bytes);
}

bool tr_mailbox_release_past(tr_worker *worker, tr_actor *actor)
{
    uint32_t kept = 0;
    uint64_t kept_bytes = 0;
    for (const troupe_message *at = actor->held; at != NULL; at = at->next) {
        kept++;
        kept_bytes += tr_message_charge(at);
    }
    if (actor->to_release <= kept) {
        return false;
    }
    const uint32_t count = actor->to_release - kept;
    const uint64_t bytes =
        actor->bytes_to_release > kept_bytes ? actor->bytes_to_release - kept_bytes : 0;
    actor->to_release -= count;
    actor->bytes_to_release -= bytes;
    tr_line_give_back(worker, actor, count, bytes);
    return true;
}

static uint32_t count_placed(const tr_queue *queue)
{
    uint32_t count = 0;
    for (const troupe_message *at = queue->head; at != NULL; at = at->next) {
        count += tr_message_has(at, TR_MESSAGE_PLACED) ? 1 : 0;
    }
    return count;
}

bool tr_mailbox_is_sound(const tr_actor *actor)
{
    if (actor->state == TR_ACTOR_ENDED) {
        return true; /* it has none any more */
    }
    uint32_t placed = count_placed(&actor->lane);
    for (uint32_t i = 1; actor->lanes != NULL && i < TR_PRIORITIES; i++) {
        placed += count_placed(&actor->lanes->lanes[i - 1]);
    }
    const uint32_t capacity = atomic_load_explicit(&actor->slot->capacity, memory_order_relaxed);
    const uint64_t word = atomic_load_explicit(&actor->slot->admission, memory_order_relaxed);
    const uint32_t stashed = actor->extra != NULL ? actor->extra->stashed : 0;
    return placed == actor->queued && actor->queued + stashed <= capacity &&
           actor->queued + stashed <= (word & TR_SLOT_DEPTH_MASK);
}
