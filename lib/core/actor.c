/* SPDX-License-Identifier: MIT */
#include "core/actor.h"

#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "core/actor_timer.h"
#include "core/ask.h"
#include "core/attached.h"
#include "core/dispatch.h"
#include "core/failure.h"
#include "core/fate.h"
#include "core/fd_watch.h"
#include "core/future.h"
#include "core/line.h"
#include "core/mailbox.h"
#include "core/monitor.h"
#include "core/park.h"
#include "core/restart.h"
#include "core/supervisor.h"
#include "core/takeover.h"
#include "core/tap.h"
#include "core/tasks.h"

tr_extra *tr_actor_extra(tr_worker *worker, tr_actor *actor)
{
    if (actor->extra == NULL) {
        const troupe_allocator *allocator = worker->system->ports.allocator;
        tr_extra *extra = tr_allocate(allocator, sizeof *extra);
        if (extra != NULL) {
            tr_table_init(&extra->asks, allocator, actor->settings->asks_max);
            tr_table_init(&extra->timers, allocator, actor->settings->timers_max);
            tr_table_init(&extra->watches, allocator, actor->settings->timers_max);
            tr_table_init(&extra->monitors, allocator, actor->settings->monitors_max);
            tr_list_init(&extra->futures);
            actor->extra = extra;
        }
    }
    return actor->extra;
}

static void free_extra(tr_worker *worker, tr_actor *actor)
{
    tr_extra *extra = actor->extra;
    if (extra == NULL) {
        return;
    }
    tr_park_free(worker, actor);
    tr_names_remove(worker->system, &extra->name);
    tr_failure_free(worker, actor);
    tr_tap_release(&extra->tap);
    tr_restart_free(worker, actor);
    for (troupe_message *entry = tr_queue_pop(&extra->pressure); entry != NULL;
         entry = tr_queue_pop(&extra->pressure)) {
        tr_message_free(&worker->pool, entry);
    }
    for (troupe_message *message = tr_queue_pop(&extra->stash); message != NULL;
         message = tr_queue_pop(&extra->stash)) {
        tr_message_free(&worker->pool, message);
    }
    tr_table_fini(&extra->asks);
    tr_table_fini(&extra->timers);
    tr_table_fini(&extra->watches);
    tr_table_fini(&extra->monitors);
    tr_free(worker->system->ports.allocator, extra, sizeof *extra);
    actor->extra = NULL;
}

/* Frees messages without counting: after the worker's end nobody reads the counts. */
static void free_queues(tr_worker *worker, tr_actor *actor)
{
    tr_queue queues[] = {actor->line, {.head = actor->watchers}};
    for (size_t i = 0; i < sizeof queues / sizeof queues[0]; i++) {
        for (troupe_message *message = tr_queue_pop(&queues[i]); message != NULL;
             message = tr_queue_pop(&queues[i])) {
            tr_message_free(&worker->pool, message);
        }
    }
    if (actor->state == TR_ACTOR_ENDED) {
        return; /* it has no mailbox any more */
    }
    for (troupe_message *message = tr_mailbox_drain(actor); message != NULL;
         message = tr_mailbox_drain(actor)) {
        tr_message_free(&worker->pool, message);
    }
    for (troupe_message *message = tr_held_any(actor); message != NULL;
         message = tr_held_any(actor)) {
        tr_held_remove(actor, message);
        tr_message_free(&worker->pool, message);
    }
}

void *tr_actor_take_block(tr_worker *worker, size_t size)
{
    if (size + TR_POISON_GAP > TR_POOL_BLOCK_MAX) {
        return tr_allocate(worker->system->ports.allocator, size);
    }
    unsigned char *block = tr_pool_take(&worker->pool, size + TR_POISON_GAP);
    if (block == NULL) {
        return NULL;
    }
    TR_POISON(block + size, tr_pool_block_size(block) - size);
    return memset(block, 0, size);
}

void tr_actor_give_block(tr_worker *worker, void *block, size_t size)
{
    if (size + TR_POISON_GAP > TR_POOL_BLOCK_MAX) {
        tr_free(worker->system->ports.allocator, block, size);
    } else {
        tr_pool_give(&worker->pool, block);
    }
}

void tr_actor_free(tr_worker *worker, tr_actor *actor)
{
    free_queues(worker, actor);
    if (actor->extra != NULL) {
        tr_future_drop_all(actor);
        tr_ask_forget_all(worker, actor);
        tr_actor_timer_cancel_all(worker, actor);
        tr_fd_watch_cancel_all(worker, actor);
        tr_tasks_free(worker, actor);
        free_extra(worker, actor);
    }
    if (actor->is_supervisor) {
        tr_supervisor_free(worker, actor);
    }
    tr_task_destroy(worker, &actor->task);
    if (actor->ready_message != NULL) {
        tr_message_free(&worker->pool, actor->ready_message);
    }
    tr_list_remove(&actor->link);
    tr_list_remove(&actor->hungry);
    TR_MARK_END(&actor->self.mark);
    tr_actor_give_block(worker, actor, actor->block_size);
}

void tr_actor_report_ready(tr_worker *worker, tr_actor *actor, troupe_error error)
{
    actor->is_ready = true;
    troupe_message *ready = actor->ready_message;
    if (ready != NULL) {
        actor->ready_message = NULL;
        ready->sender = actor->address;
        ready->receiver = tr_actor_parent(actor);
        ready->value = (uint64_t) error;
        tr_worker_route(worker, ready);
    }
}

/* Whether it can be told anything. */
static troupe_error find_slot(const tr_worker *worker, tr_address to, tr_slot **out_slot)
{
    tr_slot *slot = tr_system_slot(worker->system, to);
    *out_slot = slot;
    TR_REQUIRE(slot != NULL && to.generation != 0, NO_SUCH_ACTOR);
    const uint32_t present = tr_slot_generation(slot);
    TR_REQUIRE(present >= to.generation, NO_SUCH_ACTOR);
    TR_REQUIRE(present == to.generation, STALE);
    /* Relaxed: whether it has just gone makes no difference. */
    TR_REQUIRE(atomic_load_explicit(&slot->actor, memory_order_relaxed) != NULL, STALE);
    return TROUPE_OK;
}

troupe_error tr_actor_signal(tr_worker *worker, tr_address to, uint32_t bits)
{
    tr_slot *slot = NULL;
    const troupe_error error = find_slot(worker, to, &slot);
    if (error) {
        return error;
    }
    troupe_message *message = tr_message_of_kind(&worker->pool, TR_KIND_SIGNAL);
    TR_REQUIRE(message != NULL, NO_MEMORY);
    if (!tr_slot_signal(slot, to.generation, bits)) {
        tr_message_free(&worker->pool, message); /* it knows already */
        return TROUPE_OK;
    }
    message->receiver = to;
    tr_worker_route(worker, message);
    return TROUPE_OK;
}

troupe_error tr_actor_signal_start(tr_worker *worker, tr_address from, tr_address to, uint32_t bits)
{
    tr_slot *slot = NULL;
    const troupe_error error = find_slot(worker, to, &slot);
    if (error) {
        return error;
    }
    troupe_message *message = tr_message_of_kind(&worker->pool, TR_KIND_SIGNAL);
    TR_REQUIRE(message != NULL, NO_MEMORY);
    message->sender = from;
    message->receiver = to;
    message->value = bits;
    tr_worker_route(worker, message);
    return TROUPE_OK;
}

/* Passes stop or cancel on to the children. False if memory was short; then it is to be done
 * again. */
static bool signal_children(tr_worker *worker, const tr_actor *actor)
{
    const uint32_t bit = TR_SIGNAL_END | (actor->is_killed ? TR_SIGNAL_KILL : 0) |
                         (actor->is_cancelled ? TR_SIGNAL_CANCEL : TR_SIGNAL_STOP);
    const tr_system *system = worker->system;
    const uint32_t first = actor->slot->first_child;
    const bool has_nursery = actor->is_home && system->far_nursery.generation != 0;
    bool is_done = true;
    for (uint32_t next = first; next != 0;) {
        const tr_slot *child = &system->slots.table[next - 1];
        const tr_address address = {.slot = child->index, .generation = tr_slot_generation(child)};
        const bool is_only = next == first && child->next_sibling == 0;
        next = child->next_sibling;
        if (actor->is_guardian && !is_only && tr_address_is_same(address, system->last_root)) {
            continue; /* when the others have ended */
        }
        if (has_nursery && !tr_address_is_same(address, system->far_nursery)) {
            continue; /* when that has ended */
        }
        is_done = tr_actor_signal(worker, address, bit) != TROUPE_ERROR_NO_MEMORY && is_done;
    }
    return is_done;
}

/* What counts of what the start of an actor was told. One that rests already is not meant; one that
 * waits for its children passes a cancel on. */
static uint32_t meant(const tr_actor *actor, uint32_t told)
{
    return actor->state <= TR_ACTOR_LIVE      ? told
           : actor->state == TR_ACTOR_FALLING ? told & TR_SIGNAL_CANCEL
                                              : 0;
}

static void note_signals(tr_actor *actor, uint32_t told)
{
    const uint32_t bits =
        tr_slot_take_signals(actor->slot, actor->address.generation) | meant(actor, told);
    actor->is_ending = actor->is_ending || (bits & TR_SIGNAL_END) != 0;
    actor->is_killed = actor->is_killed || (bits & TR_SIGNAL_KILL) != 0;
    actor->is_stopping = actor->is_stopping || (bits & TR_SIGNAL_STOP) != 0;
    actor->is_overloaded = actor->is_overloaded || (bits & TR_SIGNAL_OVERLOAD) != 0;
    actor->is_cancelled =
        actor->is_cancelled || (bits & (TR_SIGNAL_CANCEL | TR_SIGNAL_OVERLOAD)) != 0;
}

void tr_actor_signalled(tr_worker *worker, tr_actor *actor, uint32_t told)
{
    note_signals(actor, told);
    switch ((tr_actor_state) actor->state) {
    case TR_ACTOR_LIVE:
        if (actor->extra != NULL && actor->extra->tasks != NULL) {
            tr_tasks_interrupt(worker, actor);
        } else if (actor->task != NULL) {
            tr_task_interrupt(worker, actor->task);
        }
        if (actor->task == NULL || actor->is_attached) {
            tr_worker_make_runnable(worker, actor);
        }
        break;
    case TR_ACTOR_FALLING:
    case TR_ACTOR_CLOSING:
        if (!signal_children(worker, actor)) {
            tr_worker_make_runnable(worker, actor);
        }
        break;
    case TR_ACTOR_RESTING:
        tr_restart_signalled(worker, actor);
        break;
    case TR_ACTOR_NEW:
    case TR_ACTOR_ENDED:
        break;
    }
}

/* The actor's turn begins on this thread. */
static void sit_down(tr_worker *worker, tr_actor *actor)
{
    tr_seat *seat = tr_worker_seat(worker);
    if (actor->seat != seat) { /* a thread from outside reads it before it enters the guard */
        actor->seat = seat;
    }
    tr_seat_set_slot(seat, actor->address.slot);
}

static void run_task(tr_worker *worker, tr_actor *actor)
{
    tr_task *task = actor->task;
    if (TR_UNLIKELY(task->coroutine == NULL)) {
        tr_attached_run(worker, actor);
        return;
    }
    if (TR_UNLIKELY(task->branch != NULL)) {
        tr_tasks_run(worker, actor);
        return;
    }
    actor->is_started = true;
    tr_seat_set_type(actor->seat, actor->held != NULL ? actor->held->type : NULL);
    tr_coroutine_resume(task->coroutine);
    worker = actor->worker;
    if (tr_coroutine_has_ended(task->coroutine)) {
        tr_actor_close(worker, actor, task->result);
    }
}

void tr_actor_run(tr_worker *worker, tr_actor *actor)
{
    tr_ledger_add(&worker->ledger, TR_COUNT_TURNS, 1);
    TR_TELL(TURN_BEGINS, .worker = worker, .actor = actor);
    sit_down(worker, actor);
    actor->turn_left = TR_RARELY(TR_RARE_SHORT_TURN) ? 1 : worker->system->options.turn_messages;
    if (TR_UNLIKELY(actor->state != TR_ACTOR_LIVE)) {
        if (tr_actor_waits_for_children(actor) && !signal_children(worker, actor)) {
            tr_worker_make_runnable(worker, actor);
        }
        tr_actor_try_reap(worker, actor);
    } else if (actor->task != NULL) {
        run_task(worker, actor);
    } else {
        tr_dispatch_turn(worker, actor);
    }
    TR_TELL(TURN_ENDS, .worker = worker);
}

/* How the actor ended, given what its body or handler returned. */
static troupe_error final_reason(const tr_actor *actor, troupe_error error)
{
    if (actor->is_killed) {
        return TROUPE_ERROR_KILLED;
    }
    if (actor->is_overloaded) {
        return TROUPE_ERROR_OVERLOADED;
    }
    if (actor->is_cancelled) {
        return actor->is_struck ? TROUPE_ERROR_LINKED : TROUPE_ERROR_CANCELLED;
    }
    const bool is_of_stopping = error == TROUPE_ERROR_STOPPING || error == TROUPE_ERROR_STALE;
    return actor->is_stopping && is_of_stopping ? TROUPE_OK : error;
}

const char *tr_actor_title(const tr_actor *actor)
{
    if (tr_actor_name(actor) != NULL) {
        return tr_actor_name(actor);
    }
    return actor->behavior != NULL && actor->behavior->name != NULL ? actor->behavior->name
                                                                    : "coroutine";
}

static void log_failure(tr_worker *worker, const tr_actor *actor)
{
    if (actor->reason == TROUPE_OK || actor->reason == TROUPE_ERROR_CANCELLED) {
        return;
    }
    tr_ledger_add(&worker->ledger, TR_COUNT_FAILED, 1);
    const char *text = tr_failure_text(actor, actor->reason);
    tr_log_write(worker->system->ports.log, TROUPE_LOG_ERROR, "actor '%s' (%u.%u) failed: %s%s%s",
                 tr_actor_title(actor), actor->address.slot, actor->address.generation,
                 troupe_error_text(actor->reason), text[0] != '\0' ? ": " : "", text);
}

/* Whether `stop` is going to run, which may still answer what the actor has kept. */
static bool will_stop(const tr_actor *actor)
{
    return actor->behavior != NULL && actor->behavior->stop != NULL && actor->is_started;
}

static void end_held(tr_worker *worker, tr_actor *actor)
{
    const bool has_failed = actor->reason != TROUPE_OK;
    tr_held_end_all(worker, actor, has_failed ? TROUPE_OUTCOME_FAILED : TROUPE_OUTCOME_HANDLED,
                    has_failed ? TROUPE_ERROR_HANDLER_FAILED : TROUPE_ERROR_NO_REPLY);
}

void tr_actor_close(tr_worker *worker, tr_actor *actor, troupe_error error)
{
    TR_ASSERT(actor->state == TR_ACTOR_LIVE);
    const bool rests = tr_restart_is_due(actor);
    actor->state = rests ? TR_ACTOR_FALLING : TR_ACTOR_CLOSING;
    actor->reason = final_reason(actor, error);
    if (!rests) {
        tr_line_close(worker, actor);
    }
    if (actor->reason == TROUPE_OK) {
        tr_actor_report_ready(worker, actor, TROUPE_OK);
    } /* A start that failed is told when nothing is left of it. */
    log_failure(worker, actor);
    if (rests && actor->task != NULL) {
        tr_fate_of_held(worker, actor, error);
    }
    if (!will_stop(actor)) {
        end_held(worker, actor);
    }
    if (rests) {
        tr_restart_note_task(actor);
    }
    if (!actor->is_attached) { /* its thread still has `self` */
        if (actor->extra != NULL) {
            tr_tasks_free(worker, actor);
        }
        tr_task_destroy(worker, &actor->task);
    }
    tr_mailbox_release(worker, actor);
    if (!rests) {
        tr_line_refuse_all(worker, actor, TROUPE_ERROR_STALE);
    }
    if (actor->slot->first_child == 0) {
        tr_actor_finish(worker, actor);
        return;
    }
    if (rests) {
        tr_restart_await_children(worker, actor);
    }
    if (!signal_children(worker, actor)) {
        tr_worker_make_runnable(worker, actor);
    }
}

void tr_actor_end_resting(tr_worker *worker, tr_actor *actor)
{
    TR_ASSERT(actor->state == TR_ACTOR_RESTING);
    actor->state = TR_ACTOR_CLOSING;
    tr_line_close(worker, actor);
    tr_line_refuse_all(worker, actor, TROUPE_ERROR_STALE);
    tr_actor_finish(worker, actor);
}

static troupe_dead_reason burial_reason(const tr_worker *worker)
{
    return atomic_load_explicit(&worker->system->is_stopping, memory_order_relaxed) != 0
               ? TROUPE_DEAD_STOPPING
               : TROUPE_DEAD_ENDED;
}

static void bury_mailbox(tr_worker *worker, tr_actor *actor)
{
    const troupe_dead_reason reason = burial_reason(worker);
    if (actor->extra != NULL) {
        (void) tr_stash_put_back(actor, SIZE_MAX);
    }
    for (troupe_message *message = tr_mailbox_drain(actor); message != NULL;
         message = tr_mailbox_drain(actor)) {
        const tr_kind kind = tr_message_kind(message);
        if (kind == TR_KIND_USER && tr_message_failures(message) > 0) { /* it comes to no try */
            tr_message_end(worker, message, TROUPE_OUTCOME_FAILED, TROUPE_ERROR_HANDLER_FAILED);
        } else if (kind == TR_KIND_USER) {
            tr_message_bury(worker, message, reason, TROUPE_ERROR_STALE);
        } else if (kind != TR_KIND_REPLY || !tr_message_has(message, TR_MESSAGE_EMBEDDED)) {
            tr_message_end(worker, message, TROUPE_OUTCOME_CANCELLED, TROUPE_OK);
        }
    }
    tr_mailbox_release(worker, actor);
}

static void call_stop(tr_worker *worker, tr_actor *actor)
{
    const troupe_behavior *behavior = actor->behavior;
    if (behavior == NULL) {
        return;
    }
    const troupe_error reason = actor->reason != TROUPE_OK ? actor->reason : TROUPE_ERROR_STOPPING;
    sit_down(worker, actor); /* it may be another actor's turn */
    tr_park_return_all(actor, reason);
    while (tr_dispatch_returned(worker, actor) != TROUPE_OK) {
        /* It ends anyway; the rest comes back too. */
    }
    if (will_stop(actor)) {
        tr_seat_set_type(actor->seat, NULL);
        (void) tr_seat_leave(actor->seat); /* the worker is this thread's own */
        behavior->stop(&actor->self, actor->state_block, actor->reason);
        if (TR_UNLIKELY(tr_seat_enter(actor->seat) != 0)) {
            tr_takeover_come_back(actor); /* one that ends is not taken, but may be looked at */
        }
        end_held(worker, actor);
    }
}

static void tell_parent(tr_worker *worker, tr_actor *actor)
{
    TR_ASSERT(actor->lane.head == NULL && actor->replies.head == NULL &&
              tr_held_any(actor) == NULL);
    troupe_message *ended = &actor->system_message;
    tr_message_embed(ended, TR_KIND_ENDED);
    ended->sender = actor->address;
    ended->receiver = tr_actor_parent(actor);
    ended->value = (uint64_t) actor->reason;
    if (TR_UNLIKELY(worker->system->options.has_border != 0)) {
        /* Who is told of the end on other nodes is so before the last root is told to end. */
        tr_worker_flush_to(worker, tr_system_border_worker(worker->system));
    }
    if (actor->is_guardian) {
        actor->is_reaped = true;
        worker->system->ports.all_ended(worker->system->ports.context);
    } else {
        tr_worker_route(worker, ended);
    }
}

void tr_actor_finish(tr_worker *worker, tr_actor *actor)
{
    TR_ASSERT(tr_actor_waits_for_children(actor) && actor->slot->first_child == 0);
    call_stop(worker, actor);
    if (actor->state == TR_ACTOR_FALLING) {
        TR_TELL(ACTOR_FELL, .worker = worker, .actor = actor, .number = (uint64_t) actor->reason);
        tr_restart_rest(worker, actor);
        return;
    }
    /* Replies first, as they point to asks. */
    bury_mailbox(worker, actor);
    TR_TELL(ACTOR_ENDED, .worker = worker, .actor = actor, .number = (uint64_t) actor->reason);
    if (actor->extra != NULL) {
        tr_ask_give_up_all(worker, actor);
        if (!actor->is_attached) { /* its thread may still have some in its hands */
            tr_future_drop_all(actor);
        }
        tr_actor_timer_cancel_all(worker, actor);
        tr_fd_watch_cancel_all(worker, actor);
        tr_monitor_forget_all(worker, actor, false);
        tr_names_remove(worker->system, &actor->extra->name);
    }
    const bool is_told = actor->ready_message != NULL;
    tr_actor_report_ready(worker, actor, actor->reason);
    if (actor->is_supervised) {
        tr_restart_tell_end(worker, actor);
    }
    actor->state = TR_ACTOR_ENDED;
    tr_monitor_tell_all(worker, actor, is_told);
    tr_ledger_add(&worker->ledger, TR_COUNT_ENDED, 1);
    tr_worker_count_actors(worker, -1);
    tell_parent(worker, actor);
    tr_actor_try_reap(worker, actor);
}

void tr_actor_try_reap(tr_worker *worker, tr_actor *actor)
{
    if (actor->state != TR_ACTOR_ENDED || !actor->is_reaped || actor->is_runnable ||
        actor->is_attached) {
        return;
    }
    tr_slot *slot = actor->slot;
    const uint64_t word = atomic_load_explicit(&slot->admission, memory_order_acquire);
    if ((word & TR_SLOT_DEPTH_MASK) != 0 ||
        tr_way_is_moving(atomic_load_explicit(&slot->way, memory_order_relaxed))) {
        return;
    }
    TR_TELL(ACTOR_GONE, .worker = worker, .actor = actor);
    tr_slots_give(&worker->system->slots, slot);
    tr_ledger_add(&worker->ledger, TR_COUNT_SLOTS_GIVEN, 1);
    tr_actor_free(worker, actor);
    if (worker->is_own_thread && worker->guard == NULL) {
        worker->system->ports.worker_is_done(worker->system->ports.context, worker->index);
    }
}
