/* SPDX-License-Identifier: MIT */
#include "core/worker.h"

#include "base/assert.h"
#include "base/memory.h"
#include "core/actor.h"
#include "core/ask.h"
#include "core/budget.h"
#include "core/dead_letter.h"
#include "core/far.h"
#include "core/future.h"
#include "core/line.h"
#include "core/mailbox.h"
#include "core/monitor.h"
#include "core/offload.h"
#include "core/pressure.h"
#include "core/probe.h"
#include "core/restart.h"
#include "core/scope.h"
#include "core/send.h"
#include "core/spawn.h"

static void feed_hungry(tr_timer *timer, void *context)
{
    (void) timer;
    tr_line_feed_hungry(context);
}

static void sum_up_dead_letters(tr_timer *timer, void *context)
{
    (void) timer;
    tr_dead_letter_summarise(context);
}

troupe_error tr_worker_init(tr_worker *worker, tr_system *system, uint32_t index)
{
    const troupe_allocator *allocator = system->ports.allocator;
    const uint32_t ends = system->options.ends_max;
    *worker = (tr_worker) {.system = system, .index = index};
    worker->is_own_thread =
        index >= system->options.workers &&
        (system->options.has_border == 0 || index != tr_system_border_worker(system));
    tr_seat_init(&worker->home_seat);
    atomic_init(&worker->seat, &worker->home_seat);
    worker->now_ns = system->ports.clock.now_ns(system->ports.clock.context);
    worker->turns_per_look = TR_TURNS_PER_LOOK_MIN;
    tr_list_init(&worker->hungry);
    tr_list_init(&worker->actors);
    tr_timers_init(&worker->timers, worker->now_ns);
    tr_fds_init(worker);
    tr_timer_init(&worker->hungry_timer, feed_hungry, worker);
    tr_timer_init(&worker->dead_letter_timer, sum_up_dead_letters, worker);
    tr_random_seed(&worker->random, system->options.seed + index);
    tr_ledger_init(&worker->ledger, allocator);
    tr_stack_cache_init(&worker->stacks, system->ports.stacks);

    tr_balance_init(worker);
    worker->outboxes = tr_allocate(allocator, ends * sizeof *worker->outboxes);
    if (worker->outboxes == NULL || !tr_moves_init(worker) ||
        !tr_pool_init(&worker->pool, allocator, system, index, ends)) {
        tr_worker_fini(worker);
        tr_worker_fini_pool(worker);
        return TROUPE_ERROR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < ends; i++) {
        worker->outboxes[i].to = i;
    }
    return TROUPE_OK;
}

static uint64_t sum_of(tr_system *system, tr_count count)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < system->options.ends_max; i++) {
        const tr_worker *worker = tr_system_worker(system, i);
        /* Acquire pairs with the release in tr_ledger_add. */
        sum += worker != NULL
                   ? atomic_load_explicit(&worker->ledger.counts[count], memory_order_acquire)
                   : 0;
    }
    return sum;
}

uint64_t tr_worker_slots_in_use(tr_system *system)
{
    /* In this order: a slot given is counted as taken, too. */
    const uint64_t given = sum_of(system, TR_COUNT_SLOTS_GIVEN);
    return sum_of(system, TR_COUNT_SLOTS_TAKEN) - given;
}

static void drop(tr_worker *worker, troupe_message *message)
{
    if (tr_message_kind(message) == TR_KIND_START) {
        /* An actor that was on its way here goes with the others. */
        tr_actor *actor = message->body;
        tr_list_push_back(&worker->actors, &actor->link);
    }
    if (tr_message_kind(message) == TR_KIND_MOVE) {
        tr_moves_drop_message(worker, message);
        return;
    }
    tr_message_free(&worker->pool, message);
}

void tr_worker_drop(tr_worker *worker, const tr_batch *batch)
{
    tr_queue queue = {.head = batch->head, .tail = batch->tail};
    for (troupe_message *message = tr_queue_pop(&queue); message != NULL;
         message = tr_queue_pop(&queue)) {
        drop(worker, message);
    }
}

troupe_message *tr_queue_take(tr_queue *queue, tr_address sender, uint64_t correlation)
{
    troupe_message *previous = NULL;
    troupe_message *at = queue->head;
    while (at != NULL &&
           !(at->correlation == correlation && tr_address_is_same(at->sender, sender))) {
        previous = at;
        at = at->next;
    }
    if (at != NULL) {
        tr_queue_remove(queue, previous, at);
    }
    return at;
}

void tr_worker_drop_queues(tr_worker *worker)
{
    tr_worker_drop(worker, &(const tr_batch) {.head = worker->inner.head});
    worker->inner = (tr_queue) {0};
    worker->balance.askers = (tr_queue) {0}; /* each lies in its worker */
    tr_moves_drop(worker);
    for (uint32_t i = 0; worker->outboxes != NULL && i < worker->system->options.ends_max; i++) {
        tr_worker_drop(worker, &worker->outboxes[i].batch);
        worker->outboxes[i].batch = (tr_batch) {0};
    }
}

void tr_worker_fini(tr_worker *worker)
{
    const troupe_allocator *allocator = worker->system->ports.allocator;
    tr_worker_drop_queues(worker);
    tr_fds_fini(worker); /* what waits lies with the actors */
    for (tr_list *node = tr_list_first(&worker->actors); node != NULL;
         node = tr_list_first(&worker->actors)) {
        tr_actor_free(worker, TR_CONTAINER_OF(node, tr_actor, link));
    }
    if (worker->outboxes != NULL) {
        tr_free(allocator, worker->outboxes,
                worker->system->options.ends_max * sizeof *worker->outboxes);
        worker->outboxes = NULL;
    }
    if (worker->spare != NULL) {
        tr_message_free(&worker->pool, worker->spare);
        worker->spare = NULL;
    }
    tr_moves_fini(worker);
    tr_stack_cache_fini(&worker->stacks);
    tr_ledger_fini(&worker->ledger);
    tr_budget_settle(worker);
    tr_pool_settle(&worker->pool);
}

void tr_worker_fini_pool(tr_worker *worker)
{
    tr_pool_fini(&worker->pool);
}

void tr_worker_make_unrunnable(tr_worker *worker, tr_actor *actor)
{
    if (!actor->is_runnable) {
        return;
    }
    tr_actor *previous = NULL;
    for (tr_actor *at = worker->run_head; at != actor; at = at->run_next) {
        previous = at;
    }
    if (previous == NULL) {
        worker->run_head = actor->run_next;
    } else {
        previous->run_next = actor->run_next;
    }
    if (worker->run_tail == actor) {
        worker->run_tail = previous;
    }
    worker->run_count--;
    actor->is_runnable = false;
}

static tr_actor *pop_runnable(tr_worker *worker)
{
    tr_actor *actor = worker->run_head;
    worker->run_head = actor->run_next;
    worker->run_count--;
    actor->is_runnable = false;
    return actor;
}

/* Whether the batch has been handed over. */
static bool hand_over(tr_worker *worker, tr_outbox *outbox)
{
    const tr_ports *ports = &worker->system->ports;
    if (!ports->carry(ports->context, worker, outbox->to, &outbox->batch)) {
        return false;
    }
    outbox->batch = (tr_batch) {0};
    tr_ledger_add(&worker->ledger, TR_COUNT_BATCHES_SENT, 1);
    return true;
}

void tr_worker_flush(tr_worker *worker)
{
    tr_outbox *outbox = worker->outboxes_used;
    worker->outboxes_used = NULL;
    while (outbox != NULL) {
        tr_outbox *next = outbox->next;
        outbox->is_listed = false;
        if (outbox->batch.count > 0 && !hand_over(worker, outbox)) {
            outbox->is_listed = true;
            outbox->next = worker->outboxes_used;
            worker->outboxes_used = outbox;
        }
        outbox = next;
    }
}

void tr_worker_flush_to(tr_worker *worker, uint32_t to)
{
    if (to != worker->index && worker->outboxes[to].batch.count > 0) {
        (void) hand_over(worker, &worker->outboxes[to]); /* not now: the next flush tries again */
    }
}

bool tr_worker_has_outgoing(const tr_worker *worker)
{
    return worker->outboxes_used != NULL;
}

void tr_worker_tell(tr_worker *worker, uint32_t to, troupe_message *message)
{
    message->next = NULL;
    if (to == worker->index) {
        tr_queue_push(&worker->inner, message);
        return;
    }
    tr_outbox *outbox = &worker->outboxes[to];
    tr_batch *batch = &outbox->batch;
    if (batch->count == 0) {
        batch->head = message;
    } else {
        batch->tail->next = message;
    }
    batch->tail = message;
    batch->count++;
    if (!outbox->is_listed) {
        outbox->is_listed = true;
        outbox->next = worker->outboxes_used;
        worker->outboxes_used = outbox;
    }
    if (batch->count >= TR_BATCH_MAX || TR_RARELY(TR_RARE_SMALL_BATCH)) {
        (void) hand_over(worker, outbox); /* not now: the next flush tries again */
    }
}

void tr_worker_route(tr_worker *worker, troupe_message *message)
{
    const tr_slot *slot = tr_system_slot(worker->system, message->receiver);
    const uint64_t way = atomic_load_explicit(&slot->way, memory_order_relaxed);
    if (way != worker->index && tr_message_kind(message) == TR_KIND_REPLY) {
        tr_balance_sent(worker, message, way);
    }
    if (TR_LIKELY(way == worker->index ||
                  (!tr_way_is_moving(way) && worker->moves.arrived == NULL))) {
        tr_worker_tell(worker, (uint32_t) way, message);
    } else {
        tr_moves_send(worker, message);
    }
}

tr_actor *tr_actor_at(tr_worker *worker, tr_address address)
{
    tr_slot *slot = tr_system_slot(worker->system, address);
    if (slot == NULL || tr_slot_generation(slot) != address.generation) {
        return NULL;
    }
    tr_actor *actor = atomic_load_explicit(&slot->actor, memory_order_relaxed);
    const uint64_t way = atomic_load_explicit(&slot->way, memory_order_relaxed);
    return TR_LIKELY(way == worker->index) || tr_moves_have_arrived(worker, way) ? actor : NULL;
}

void tr_worker_put(tr_worker *worker, troupe_message *message)
{
    tr_actor *actor = tr_actor_at(worker, message->receiver);
    if (TR_UNLIKELY(actor == NULL)) {
        const bool is_taken = tr_moves_take_stray(worker, message);
        TR_ASSERT(is_taken); /* its place keeps the slot */
        return;
    }
    if (TR_LIKELY(tr_actor_is_live(actor))) {
        if (TR_UNLIKELY(actor->is_carrier)) {
            worker->system->far->arrive(worker, actor, message);
        } else {
            tr_mailbox_put(worker, actor, message);
        }
        return;
    }
    const uint64_t charge = tr_message_charge(message);
    tr_message_bury(worker, message, TROUPE_DEAD_STALE, TROUPE_ERROR_STALE);
    tr_line_give_back(worker, actor, 1, charge);
    tr_actor_try_reap(worker, actor);
}

static void run_call(tr_worker *worker, troupe_message *message)
{
    const tr_call *call = message->body;
    call->run(worker, message);
}

static void signalled(tr_worker *worker, troupe_message *message)
{
    tr_actor *actor = tr_actor_at(worker, message->receiver);
    const uint32_t told = (uint32_t) message->value;
    tr_message_free(&worker->pool, message);
    if (actor != NULL) {
        tr_actor_signalled(worker, actor, told);
    }
}

/* Who takes in which kind; a TICK never leaves its actor. */
typedef void receiver(tr_worker *worker, troupe_message *message);
static receiver *const receivers[] = {
    [TR_KIND_USER] = tr_worker_put,
    [TR_KIND_TICK] = NULL,
    [TR_KIND_DOWN] = tr_monitor_down,
    [TR_KIND_REPLY] = tr_ask_replied,
    [TR_KIND_START] = tr_spawn_started,
    [TR_KIND_READY] = tr_spawn_ready,
    [TR_KIND_ENDED] = tr_spawn_child_ended,
    [TR_KIND_REAPED] = tr_spawn_reaped,
    [TR_KIND_SIGNAL] = signalled,
    [TR_KIND_MONITOR] = tr_monitor_enter,
    [TR_KIND_DEMONITOR] = tr_monitor_leave,
    [TR_KIND_LINE_ENTER] = tr_line_enter,
    [TR_KIND_LINE_GRANT] = tr_send_granted,
    [TR_KIND_LINE_LEAVE] = tr_line_leave,
    [TR_KIND_LINE_RETURN] = tr_line_returned,
    [TR_KIND_GIVE_UP] = tr_scope_given_up,
    [TR_KIND_PROBE] = tr_probe_came,
    [TR_KIND_PRESSURE] = tr_pressure_watch,
    [TR_KIND_MOVE] = tr_moves_came,
    [TR_KIND_BALANCE] = tr_balance_came,
    [TR_KIND_JOB] = tr_offload_came,
    [TR_KIND_PROMISE] = tr_future_came,
    [TR_KIND_WORD] = tr_restart_word_came,
    [TR_KIND_CALL] = run_call,
};

void tr_worker_receive(tr_worker *worker, troupe_message *message)
{
    const tr_kind kind = tr_message_kind(message);
    if (TR_LIKELY(kind == TR_KIND_USER)) {
        tr_worker_put(worker, message);
    } else if (TR_LIKELY(!tr_moves_take_stray(worker, message))) {
        TR_ASSERT(receivers[kind] != NULL);
        receivers[kind](worker, message);
    }
}

static void drain_inner(tr_worker *worker)
{
    for (troupe_message *message = tr_queue_pop(&worker->inner); message != NULL;
         message = tr_queue_pop(&worker->inner)) {
        tr_worker_receive(worker, message);
    }
}

void tr_worker_drain_inner(tr_worker *worker)
{
    drain_inner(worker);
}

void tr_worker_accept(tr_worker *worker, const tr_batch *batch)
{
    tr_ledger_add(&worker->ledger, TR_COUNT_BATCHES_RECEIVED, 1);
    troupe_message *message = batch->head;
    for (uint32_t i = 0; i < batch->count; i++) {
        troupe_message *next = message->next;
        message->next = NULL;
        tr_worker_receive(worker, message);
        message = next;
    }
}

/* Looks at the clock, and after how many turns to look again: so many as took a quarter to the
 * whole of what others may wait, as far as one can tell from the last ones. */
static void read_clock(tr_worker *worker)
{
    const tr_clock *clock = &worker->system->ports.clock;
    const uint64_t before_ns = worker->now_ns;
    worker->now_ns = clock->now_ns(clock->context);
    const uint64_t took_ns = worker->now_ns - before_ns;
    uint32_t turns = worker->turns_per_look;
    if (took_ns < TR_FLUSH_AFTER_NS / 4) {
        turns = turns < TR_TURNS_PER_LOOK_MAX / 2 ? 2 * turns : TR_TURNS_PER_LOOK_MAX;
    } else if (took_ns > TR_FLUSH_AFTER_NS) {
        turns = turns > 4 * TR_TURNS_PER_LOOK_MIN ? turns / 4 : TR_TURNS_PER_LOOK_MIN;
    }
    worker->turns_per_look = turns;
}

/* Hands over in the middle of a long pass what others have waited for. Whether it was long. */
static bool flush_if_late(tr_worker *worker, uint64_t *flushed_ns)
{
    read_clock(worker);
    if (worker->now_ns - *flushed_ns < TR_FLUSH_AFTER_NS) {
        return false;
    }
    tr_worker_flush(worker);
    *flushed_ns = worker->now_ns;
    return true;
}

/* Each actor that is runnable now has a turn, and those that become so while the pass is short. */
static void run_actors(tr_worker *worker)
{
    uint64_t flushed_ns = worker->now_ns;
    const uint32_t all = worker->run_count;
    uint32_t look_in = worker->turns_per_look;
    for (uint32_t i = 0; worker->run_head != NULL && (i < all || i < TR_TURNS_PER_PASS); i++) {
        if (look_in == 0) {
            if (flush_if_late(worker, &flushed_ns) && i >= all) {
                return;
            }
            look_in = worker->turns_per_look;
        }
        look_in--;
        tr_actor_run(worker, pop_runnable(worker));
        drain_inner(worker);
    }
}

/* The same, a turn each, with the balance looking on. */
static void run_measured(tr_worker *worker)
{
    uint64_t flushed_ns = worker->now_ns;
    bool has_enough = false;
    for (uint32_t left = worker->run_count; worker->run_head != NULL && left > 0 && !has_enough;
         left--) {
        tr_turn turn;
        tr_actor *actor = pop_runnable(worker);
        tr_balance_begin_turn(worker, actor, &turn);
        tr_actor_run(worker, actor);
        drain_inner(worker);
        has_enough = tr_balance_end_turn(worker, &turn);
        if (worker->now_ns - flushed_ns >= TR_FLUSH_AFTER_NS) {
            tr_worker_flush(worker);
            flushed_ns = worker->now_ns;
        }
    }
}

static void run_some(tr_worker *worker)
{
    tr_balance *balance = &worker->balance;
    if (worker->run_head != NULL &&
        atomic_load_explicit(&balance->standing, memory_order_relaxed) == 0) {
        /* Relaxed: a hint to others that it is not idle. */
        atomic_store_explicit(&balance->standing, 1, memory_order_relaxed);
    }
    if (TR_UNLIKELY(balance->is_measuring)) {
        run_measured(worker);
    } else {
        run_actors(worker);
    }
}

/* At the end of a pass: what others may know of it. */
static void look_around(tr_worker *worker)
{
    tr_balance *balance = &worker->balance;
    const uint32_t count = worker->run_count;
    balance->low = count < balance->low ? count : balance->low;
    balance->high = count > balance->high ? count : balance->high;
    if (TR_UNLIKELY(balance->needs_care || worker->now_ns >= balance->look_ns)) {
        tr_balance_look(worker);
    } else if (count == 0) {
        atomic_store_explicit(&balance->standing, 0, memory_order_relaxed);
        atomic_store_explicit(&balance->offer, 0, memory_order_relaxed);
    }
}

bool tr_worker_pass(tr_worker *worker)
{
    read_clock(worker);
    tr_timers_advance(&worker->timers, worker->now_ns);
    drain_inner(worker);
    run_some(worker);
    tr_seat_set_slot(tr_worker_seat(worker), TR_SEAT_EMPTY);
    drain_inner(worker);
    look_around(worker);
    tr_worker_flush(worker);
    tr_pool_settle(&worker->pool);
    const bool has_more = worker->run_head != NULL;
    if (!has_more) {
        tr_budget_settle(worker);
    }
    return has_more;
}

uint64_t tr_worker_next_due_ns(const tr_worker *worker)
{
    return tr_timers_next_due_ns(&worker->timers);
}
