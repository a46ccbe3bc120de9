/* SPDX-License-Identifier: MIT */
#include "core/balance.h"

#include "base/assert.h"
#include "core/actor.h"
#include "core/moves.h"

/* Between two looks at the others, while there is something to run. */
#define LOOK_NS UINT64_C(1000000)
/* For how long nothing is offered after there was nothing to give; doubled each time. */
#define QUIET_NS_MIN UINT64_C(10000000)
#define QUIET_NS_MAX UINT64_C(320000000)
/* How long an actor is watched until it is known not to talk that much. */
#define WATCH_NS UINT64_C(10000000)

enum step {
    STEP_WAKE,  /* a message of the pool's: look at the others */
    STEP_ASK,   /* `value` is the asker's index, `size` how many it has */
    STEP_ANSWER /* the same message; `size` is how many have been given */
};

void tr_balance_init(tr_worker *worker)
{
    const tr_system_options *options = &worker->system->options;
    tr_balance *balance = &worker->balance;
    const bool is_on =
        options->has_balance != 0 && worker->index < options->workers && options->workers > 1;
    *balance = (tr_balance) {.look_ns = is_on ? 0 : TR_NEVER};
    tr_message_embed(&balance->ask, TR_KIND_BALANCE);
    balance->ask.value = worker->index;
}

/* Policy. */

tr_balance_deed tr_balance_decide(const tr_load *loads, uint32_t count, uint32_t self, uint32_t own,
                                  uint32_t *out_who)
{
    uint32_t most = 0;
    uint32_t idle = self;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t other = (self + 1 + i) % count; /* so that not all ask the same one */
        if (other == self) {
            continue;
        }
        if (loads[other].offer > most) {
            most = loads[other].offer;
            *out_who = other;
        }
        if (loads[other].standing == 0 && idle == self) {
            idle = other;
        }
    }
    if (most >= 2 && tr_balance_share(most, own) > 0) {
        return TR_BALANCE_ASKS;
    }
    if (loads[self].offer >= 2 && idle != self) {
        *out_who = idle;
        return TR_BALANCE_WAKES;
    }
    return TR_BALANCE_NOTHING;
}

/* What the workers know of each other. */

static tr_load load_of(const tr_worker *worker)
{
    /* Relaxed: a guess that is right soon. */
    return (tr_load) {.standing =
                          atomic_load_explicit(&worker->balance.standing, memory_order_relaxed),
                      .offer = atomic_load_explicit(&worker->balance.offer, memory_order_relaxed)};
}

static void publish(tr_balance *balance, uint32_t standing, bool is_quiet)
{
    atomic_store_explicit(&balance->standing, standing, memory_order_relaxed);
    atomic_store_explicit(&balance->offer, is_quiet ? 0 : standing, memory_order_relaxed);
}

static void ask(tr_worker *worker, uint32_t who, uint32_t own)
{
    troupe_message *message = &worker->balance.ask;
    if (worker->balance.has_asked) {
        return;
    }
    worker->balance.has_asked = true;
    message->correlation = STEP_ASK;
    message->size = own;
    tr_worker_tell(worker, who, message);
}

static void wake(tr_worker *worker, uint32_t who)
{
    tr_worker *other = tr_system_worker(worker->system, who);
    uint32_t nothing = 0;
    troupe_message *message = tr_message_of_kind(&worker->pool, TR_KIND_BALANCE);
    if (message == NULL) {
        return;
    }
    /* It counts as busy from here until it has looked, so that it is woken once. Relaxed: the
     * message says the rest. */
    if (!atomic_compare_exchange_strong_explicit(&other->balance.standing, &nothing, 1,
                                                 memory_order_relaxed, memory_order_relaxed)) {
        tr_message_free(&worker->pool, message);
        return;
    }
    message->correlation = STEP_WAKE;
    tr_worker_tell(worker, who, message);
}

static void look_at_others(tr_worker *worker)
{
    tr_balance *balance = &worker->balance;
    tr_system *system = worker->system;
    const uint32_t count = system->options.workers;
    tr_load loads[TR_WORKERS_MAX];
    for (uint32_t i = 0; i < count; i++) {
        loads[i] = load_of(tr_system_worker(system, i));
    }
    uint32_t who = worker->index;
    const uint32_t own = worker->run_count > 0 ? balance->high : 0;
    switch (tr_balance_decide(loads, count, worker->index, own, &who)) {
    case TR_BALANCE_ASKS:
        ask(worker, who, own);
        break;
    case TR_BALANCE_WAKES:
        wake(worker, who);
        break;
    case TR_BALANCE_NOTHING:
        break;
    }
}

/* Giving. */

static bool is_stopping(const tr_worker *worker)
{
    return atomic_load_explicit(&worker->system->is_stopping, memory_order_relaxed) != 0;
}

static bool may_give(const tr_worker *worker)
{
    return worker->moves.given == NULL && worker->moves.held == 0;
}

static void answer(tr_worker *worker, uint32_t given)
{
    troupe_message *message = tr_queue_pop(&worker->balance.askers);
    message->correlation = STEP_ANSWER;
    message->size = given;
    tr_worker_tell(worker, (uint32_t) message->value, message);
}

static void be_quiet(tr_worker *worker)
{
    tr_balance *balance = &worker->balance;
    const uint64_t longer_ns = 2 * balance->quiet_ns;
    balance->quiet_ns = longer_ns < QUIET_NS_MIN   ? QUIET_NS_MIN
                        : longer_ns > QUIET_NS_MAX ? QUIET_NS_MAX
                                                   : longer_ns;
    balance->quiet_until_ns = worker->now_ns + balance->quiet_ns;
    atomic_store_explicit(&balance->offer, 0, memory_order_relaxed);
}

/* Those measured that are still to be had, at most `count`. */
static uint32_t collect(tr_worker *worker, tr_actor **actors, uint32_t count)
{
    const tr_balance *balance = &worker->balance;
    uint32_t found = 0;
    for (uint32_t i = 0; i < balance->candidates_count && found < count; i++) {
        tr_actor *actor = tr_actor_at(worker, balance->candidates[i]);
        if (actor != NULL && actor->is_runnable && tr_move_may(worker, actor)) {
            actors[found++] = actor;
        }
    }
    return found;
}

static void give_measured(tr_worker *worker)
{
    tr_balance *balance = &worker->balance;
    const troupe_message *first = balance->askers.head;
    tr_actor *actors[TR_BALANCE_BATCH_MAX];
    const uint32_t share = tr_balance_share(worker->run_count, first->size);
    const uint32_t count = collect(worker, actors, share);
    balance->has_collected = false;
    if (count == 0 || tr_moves_give(worker, actors, count, (uint32_t) first->value) != TROUPE_OK) {
        if (share > 0) {
            be_quiet(worker);
        }
        answer(worker, 0);
        return;
    }
    balance->quiet_ns = 0;
    tr_ledger_add(&worker->ledger, TR_COUNT_GIVEN, count);
    answer(worker, count);
}

/* Answers those who can be answered, and has the next pass measured if need be. */
static void serve(tr_worker *worker)
{
    tr_balance *balance = &worker->balance;
    if (balance->has_collected && may_give(worker)) {
        give_measured(worker);
    }
    while (balance->askers.head != NULL && (is_stopping(worker) || worker->run_count < 2)) {
        answer(worker, 0);
    }
    balance->has_collected = balance->has_collected && balance->askers.head != NULL;
    if (balance->askers.head != NULL && !balance->has_collected && may_give(worker)) {
        balance->candidates_count = 0;
        balance->is_collecting = true;
        balance->is_measuring = true;
    }
}

/* Drawing together. */

void tr_balance_sample(tr_worker *worker, const troupe_message *message, uint64_t way)
{
    const uint32_t workers = worker->system->options.workers;
    if (worker->balance.look_ns != TR_NEVER && !tr_way_is_moving(way) &&
        tr_way_from(way) < workers && message->sender.generation != 0) {
        tr_talk_note(&worker->balance.talk, message->sender, tr_way_from(way));
    }
}

static bool has_room(const tr_worker *worker, uint32_t to)
{
    return tr_balance_has_room(load_of(worker), load_of(tr_system_worker(worker->system, to)));
}

static tr_actor *movable(tr_worker *worker, tr_address address)
{
    tr_actor *actor = tr_actor_at(worker, address);
    return actor != NULL && tr_move_may(worker, actor) ? actor : NULL;
}

static void find_one_to_watch(tr_worker *worker)
{
    tr_balance *balance = &worker->balance;
    tr_talk_entry entry;
    uint32_t percent = 0;
    tr_talk_set_time(&balance->talk, worker->now_ns);
    if (balance->watch.actor.generation == 0 && !is_stopping(worker) &&
        tr_talk_take(&balance->talk, worker->index, &entry, &percent) &&
        movable(worker, entry.sender) != NULL && has_room(worker, entry.to)) {
        balance->watch = (tr_watch) {
            .actor = entry.sender, .to = entry.to, .percent = percent, .since_ns = worker->now_ns};
    }
}

static void draw(tr_worker *worker, const tr_watch *watch)
{
    tr_actor *actor = movable(worker, watch->actor);
    if (actor != NULL && has_room(worker, watch->to) &&
        tr_effort_is_drawn(&watch->effort, watch->percent) &&
        tr_talk_may_go(worker->now_ns / TR_TALK_EPOCH_NS, worker->index, watch->to) &&
        tr_moves_give(worker, &actor, 1, watch->to) == TROUPE_OK) {
        tr_ledger_add(&worker->ledger, TR_COUNT_DRAWN, 1);
        worker->balance.talk.tries_left++;
    }
}

static void go_on_watching(tr_worker *worker)
{
    tr_balance *balance = &worker->balance;
    tr_watch *watch = &balance->watch;
    if (watch->actor.generation == 0) {
        return;
    }
    const bool is_known = tr_effort_is_known(&watch->effort, worker->now_ns - watch->since_ns);
    if (is_known && may_give(worker)) {
        draw(worker, watch);
        watch->actor.generation = 0;
    } else if (worker->now_ns - watch->since_ns >= WATCH_NS) {
        watch->actor.generation = 0;
    } else {
        balance->is_measuring = true;
    }
}

/* The worker's own calls. */

void tr_balance_look(tr_worker *worker)
{
    tr_balance *balance = &worker->balance;
    const uint32_t now = worker->run_count;
    balance->has_collected = balance->has_collected || balance->is_collecting;
    balance->is_collecting = false;
    balance->is_measuring = false;
    if (worker->now_ns >= balance->look_ns) {
        const uint32_t standing = now == 0 ? 0 : balance->low > 0 ? balance->low : 1;
        publish(balance, standing, worker->now_ns < balance->quiet_until_ns);
        if (!is_stopping(worker)) {
            look_at_others(worker);
        }
        find_one_to_watch(worker);
        balance->look_ns = worker->now_ns + LOOK_NS;
        balance->low = now;
        balance->high = now;
    }
    serve(worker);
    go_on_watching(worker);
    balance->needs_care = balance->askers.head != NULL || balance->watch.actor.generation != 0;
}

/* Measuring. */

static void read_counts(const tr_worker *worker, tr_effort *effort)
{
    const tr_ledger *ledger = &worker->ledger;
    const tr_clock *clock = &worker->system->ports.clock;
    effort->ns = clock->now_ns(clock->context);
    /* Relaxed: this worker's own. */
    effort->sent = atomic_load_explicit(&ledger->counts[TR_COUNT_ACCEPTED], memory_order_relaxed);
    effort->handled =
        atomic_load_explicit(&ledger->outcomes[TROUPE_OUTCOME_HANDLED], memory_order_relaxed);
    effort->remote = worker->balance.talk.remote;
}

void tr_balance_begin_turn(const tr_worker *worker, const tr_actor *actor, tr_turn *turn)
{
    turn->actor = actor->address;
    read_counts(worker, &turn->before);
}

static bool is_candidate(const tr_balance *balance, tr_address actor)
{
    bool is_one = false;
    for (uint32_t i = 0; i < balance->candidates_count; i++) {
        is_one = is_one || tr_address_is_same(balance->candidates[i], actor);
    }
    return is_one;
}

bool tr_balance_end_turn(tr_worker *worker, const tr_turn *turn)
{
    tr_balance *balance = &worker->balance;
    tr_effort effort;
    read_counts(worker, &effort);
    worker->now_ns = effort.ns;
    effort.ns -= turn->before.ns;
    effort.sent -= turn->before.sent;
    effort.handled -= turn->before.handled;
    effort.remote = (uint32_t) (effort.remote - turn->before.remote); /* it wraps */
    if (tr_address_is_same(balance->watch.actor, turn->actor)) {
        tr_effort_add(&balance->watch.effort, &effort);
    }
    if (!balance->is_collecting) {
        return false;
    }
    const tr_actor *actor = movable(worker, turn->actor);
    if (actor != NULL && actor->is_runnable && tr_effort_is_heavy(&effort) &&
        balance->candidates_count < TR_BALANCE_BATCH_MAX && !is_candidate(balance, turn->actor)) {
        balance->candidates[balance->candidates_count++] = turn->actor;
    }
    return balance->candidates_count >=
           tr_balance_share(worker->run_count, balance->askers.head->size);
}

void tr_balance_came(tr_worker *worker, troupe_message *message)
{
    tr_balance *balance = &worker->balance;
    switch ((enum step) message->correlation) {
    case STEP_WAKE:
        tr_message_free(&worker->pool, message);
        balance->look_ns = worker->now_ns;
        break;
    case STEP_ASK:
        tr_queue_push(&balance->askers, message);
        balance->needs_care = true;
        break;
    case STEP_ANSWER:
        TR_ASSERT(balance->has_asked && message == &balance->ask);
        balance->has_asked = false;
        tr_ledger_add(&worker->ledger, TR_COUNT_TAKEN, message->size);
        break;
    }
}
