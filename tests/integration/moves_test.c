/* SPDX-License-Identifier: MIT */
/* Actors that talk are moved between threads at random moments, thousands of times. */
#include <stdatomic.h>
#include <troupe/troupe.h>

#include "node/node.h"
#include "simulation/mover.h"
#include "support/fixtures.h"
#include "support/node_fixture.h"

enum {
    WORKERS = 4,
    TALKERS = 16,
    MOVES = 2000,
    WORDS = 1000 /* of a thread from outside */
};

struct word {
    uint32_t from;
    uint32_t number;
};
static const troupe_type word_type = TROUPE_TYPE(struct word);

/* Each actor's own, but for what is atomic. */
struct talker {
    uint32_t index;
    uint32_t sent[TALKERS];
    uint32_t heard[TALKERS];
    uint32_t count;
};

static struct {
    struct talker talkers[TALKERS];
    troupe_ref refs[TALKERS];
    _Atomic uint32_t are_there;
    _Atomic uint32_t faults;
    _Atomic uint64_t words;
} field;

static uint32_t draw(troupe_self *self, uint32_t below)
{
    return (uint32_t) (troupe_self_random(self) % below);
}

static void hear(struct talker *talker, const troupe_message *message)
{
    const struct word *word = troupe_message_struct(message, &word_type);
    if (word != NULL) {
        atomic_fetch_add(&field.faults, word->number != talker->heard[word->from] + 1 ? 1 : 0);
        atomic_fetch_add(&field.words, 1);
        talker->heard[word->from] = word->number;
    }
}

static void say(troupe_self *self, struct talker *talker)
{
    const uint32_t to = draw(self, TALKERS);
    const struct word word = {.from = talker->index, .number = talker->sent[to] + 1};
    if (troupe_send_struct(self, field.refs[to], &word_type, &word) == TROUPE_OK) {
        talker->sent[to]++;
    }
}

static bool is_over(troupe_error error)
{
    return error == TROUPE_ERROR_STOPPING || error == TROUPE_ERROR_CANCELLED;
}

static troupe_error talk(troupe_self *self, void *argument)
{
    struct talker *talker = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (!is_over(error)) {
        if (atomic_load(&field.are_there) == TALKERS) { /* acquire: the refs are there too */
            say(self, talker);
        }
        error = troupe_yield(self);
        while (!is_over(error) && error == TROUPE_OK) {
            error = troupe_receive(self, &message,
                                   draw(self, 20) == 0 ? TROUPE_WITHIN_US(100) : TROUPE_NOW);
            if (error == TROUPE_OK) {
                hear(talker, message);
            }
        }
    }
    return TROUPE_ERROR_STOPPING;
}

/* What is moved is moved by the test alone. */
static troupe_node *a_quiet_node(uint32_t workers)
{
    return a_node(TROUPE_NODE_OPTIONS(.workers = workers, .balance = TROUPE_BALANCE_OFF));
}

struct moving {
    tr_random *random;
    uint32_t to;
    uint64_t count;
};

/* On the worker's thread, between two passes. */
static void move_some(tr_worker *worker, void *context)
{
    struct moving *moving = context;
    moving->count += tr_mover_give_from(worker, moving->random, moving->to);
}

static void move_from(troupe_node *node, uint32_t from, struct moving *moving)
{
    moving->to = (uint32_t) tr_random_below(moving->random, WORKERS);
    assert_ok(tr_engine_call_and_wait(node->engines[from], move_some, moving, TR_NEVER));
}

/* Promise: MOVE-ORDER */
static void keeps_order_between_threads_over_thousands_of_moves(void **state)
{
    (void) state;
    tr_random random;
    struct moving moving = {.random = &random};
    troupe_node *node = a_quiet_node(WORKERS);
    tr_random_seed(&random, 1);
    for (uint32_t i = 0; i < TALKERS; i++) {
        field.talkers[i].index = i;
        field.refs[i] = a_root_of(node, TROUPE_SPAWN(.body = talk, .argument = &field.talkers[i],
                                                     .place = TROUPE_PLACE_ANY));
        atomic_fetch_add(&field.are_there, 1);
    }

    for (uint32_t i = 0; moving.count < MOVES; i++) {
        move_from(node, i % WORKERS, &moving);
    }

    drop_node(&node);
    assert_int_equal(atomic_load(&field.faults), 0);
    assert_true(atomic_load(&field.words) > MOVES);
}

/* Hears the words of one that is not on any worker. */
static troupe_error heed(troupe_self *self, void *argument)
{
    struct talker *talker = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        hear(talker, message);
    }
    return TROUPE_ERROR_STOPPING;
}

/* Promise: MOVE-ORDER, ATTACH-ORDER */
static void keeps_the_order_of_a_thread_from_outside(void **state)
{
    (void) state;
    tr_random random;
    struct moving moving = {.random = &random};
    struct talker listener = {.index = 0};
    troupe_node *node = a_quiet_node(WORKERS);
    troupe_self *self = NULL;
    const troupe_ref to =
        a_root_of(node, TROUPE_SPAWN(.body = heed, .argument = &listener, .mailbox_capacity = 64,
                                     .place = TROUPE_PLACE_ANY));
    assert_ok(troupe_attach(node, NULL, &self));
    tr_random_seed(&random, 1);
    atomic_store(&field.faults, 0);
    for (uint32_t i = 1; i <= WORDS; i++) {
        TROUPE_AUTO(troupe_message) *message = NULL;
        const struct word word = {.number = i};
        assert_ok(troupe_message_create(self, &word_type, &word, &message));
        assert_ok(troupe_send_message_with(self, to, &message,
                                           TROUPE_SEND(.timeout = TROUPE_WITHIN_S(20))));
        if (i % 2 == 0) {
            move_from(node, i / 2 % WORKERS, &moving);
        }
    }
    assert_ok(troupe_detach(&self));
    drop_node(&node);
    assert_int_equal(atomic_load(&field.faults), 0);
    assert_int_equal(listener.heard[0], WORDS);
    assert_true(moving.count > 5);
}

/* Promise: MOVE-RUNS */
static void moves_again_though_no_thread_from_outside_ever_came(void **state)
{
    (void) state;
    tr_random random;
    struct moving moving = {.random = &random};
    struct talker listener = {.index = 0};
    troupe_node *node = a_quiet_node(2);
    a_root_of(node, TROUPE_SPAWN(.body = idle_body, .place = TROUPE_PLACE_OWN_THREAD));
    a_root_of(node, TROUPE_SPAWN(.body = heed, .argument = &listener, .place = TROUPE_PLACE_ANY));
    tr_random_seed(&random, 1);
    for (uint32_t i = 0; moving.count < 10; i++) {
        moving.to = 1 - i % 2;
        assert_ok(tr_engine_call_and_wait(node->engines[i % 2], move_some, &moving, TR_NEVER));
    }
    drop_node(&node);
}

/* One that answers, one that asks it all the time, and one that blocks a third worker. */
static struct {
    struct probe *seen;
    troupe_ref partner;
} game;

static troupe_error answer(troupe_self *self, void *argument)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    (void) argument;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        const struct word word = {.number = 1};
        (void) troupe_reply_struct(self, message, &word_type, &word); /* who asked may be gone */
    }
    return TROUPE_ERROR_STOPPING;
}

static troupe_error ask(troupe_self *self, void *argument)
{
    troupe_error error = TROUPE_OK;
    uint32_t rounds = 0; /* since it has moved */
    (void) argument;
    while (error == TROUPE_OK) {
        const struct word word = {.number = 1};
        TROUPE_AUTO(troupe_message) *reply = NULL;
        error = troupe_ask_struct(self, game.partner, &word_type, &word, TROUPE_FOREVER, &reply);
        rounds += troupe_self_worker(self) == 1 ? 1 : 0;
        if (rounds == 1000) {
            probe_say(game.seen, "went on");
        }
    }
    return is_over(error) || error == TROUPE_ERROR_STALE ? TROUPE_ERROR_STOPPING : error;
}

static void move_all(tr_worker *worker, void *context)
{
    for (unsigned i = 0; i < 100 && worker->moves.given == NULL; i++) {
        move_some(worker, context);
    }
}

/* Promise: MOVE-STUCK */
static void goes_on_while_another_worker_sits_in_a_handler(void **state)
{
    (void) state;
    tr_random random;
    struct moving moving = {.random = &random, .to = 1};
    struct latch *latch = a_latch();
    struct probe *seen = a_probe();
    struct blocking blocking = {.probe = seen, .latch = latch};
    troupe_node *node = a_quiet_node(3);
    game.seen = seen;
    tr_random_seed(&random, 1);
    game.partner = a_root_of(
        node, TROUPE_SPAWN(.body = answer, .place = TROUPE_PLACE_WORKER, .place_worker = 1));
    (void) a_root_of(node, TROUPE_SPAWN(.body = ask, .place = TROUPE_PLACE_WITH_PARENT));
    troupe_ref stuck;
    assert_ok(troupe_node_spawn(node,
                                TROUPE_SPAWN(.body = blocking_body, .argument = &blocking,
                                             .place = TROUPE_PLACE_WORKER, .place_worker = 2,
                                             .ready_when = TROUPE_READY_WHEN_SAID),
                                &stuck));
    assert_true(probe_wait_for(seen, "blocked"));

    assert_ok(tr_engine_call_and_wait(node->engines[0], move_all, &moving, TR_NEVER));
    assert_true(moving.count > 0);
    assert_true(probe_wait_for(seen, "went on"));
    assert_int_equal(probe_count_of(seen, "freed"), 0);

    latch_open(latch);
    drop_node(&node);
    drop_latch(&latch);
    drop_probe(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_order_between_threads_over_thousands_of_moves),
        cmocka_unit_test(keeps_the_order_of_a_thread_from_outside),
        cmocka_unit_test(moves_again_though_no_thread_from_outside_ever_came),
        cmocka_unit_test(goes_on_while_another_worker_sits_in_a_handler),
    };
    return cmocka_run_group_tests_name("moves", tests, NULL, NULL);
}
