/* SPDX-License-Identifier: MIT */
/* Tasks and scopes on real threads: crowds that ask each other from many tasks, a task that holds
 * up its thread, and threads from outside. */
#include <stdatomic.h>
#include <troupe/troupe.h>

#include "node/membarrier.h"
#include "support/cast.h"
#include "support/node_fixture.h"

#define SERVERS 4
#define CLIENTS 4
#define AT_ONCE 16
#define ROUNDS 20

/* What the actors of a test share. */
struct crowd {
    troupe_ref servers[SERVERS];
    _Atomic uint32_t answered;
    _Atomic uint32_t unanswered;
    _Atomic uint32_t cleaned;
    _Atomic uint32_t done;
    struct probe *seen;
    struct latch *latch;
};

/* Answers the request that it was handed over after a while, maybe by way of another server. */
static troupe_error answers(troupe_self *self, void *argument)
{
    struct crowd *crowd = argument;
    TROUPE_AUTO(troupe_message) *request = troupe_task_message(self);
    const uint64_t number = figure_of(request);
    uint64_t other = 0;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_US(troupe_self_random(self) % 500));
    if (error == TROUPE_OK && number % 3 == 0) {
        error = ask_figure(self, crowd->servers[number % SERVERS], number + 1, TROUPE_WITHIN_MS(50),
                           &other);
    }
    return error ? error : reply_figure(self, request, number + other);
}

static troupe_error serves(troupe_self *self, void *argument)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_scope *scope = NULL;
    troupe_error error = troupe_scope_enter(
        self, TROUPE_SCOPE(.on_failure = TROUPE_COLLECT_ALL, .tasks_max = 64), &scope);
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (error == TROUPE_OK) {
            error = troupe_task_start(
                self, scope,
                TROUPE_TASK(.body = answers, .argument = argument, .message = &message), NULL);
        }
    }
    return error;
}

static void counts_cleaning(troupe_self *self, void *context)
{
    struct crowd *crowd = context;
    (void) self;
    atomic_fetch_add(&crowd->cleaned, 1);
}

static troupe_error asks(troupe_self *self, void *argument)
{
    struct crowd *crowd = argument;
    uint64_t answer = 0;
    troupe_error error = troupe_defer(self, counts_cleaning, crowd);
    if (error) {
        return error;
    }
    const uint64_t draw = troupe_self_random(self);
    error = ask_figure(self, crowd->servers[draw % SERVERS], draw % 100,
                       TROUPE_WITHIN_US(100 + draw % 2000), &answer);
    atomic_fetch_add(error ? &crowd->unanswered : &crowd->answered, 1);
    return TROUPE_OK;
}

static troupe_error calls(troupe_self *self, void *argument)
{
    struct crowd *crowd = argument;
    const troupe_task_options *const one = TROUPE_TASK(.body = asks, .argument = crowd);
    const troupe_task_options *tasks[AT_ONCE];
    troupe_error error = TROUPE_OK;
    for (unsigned i = 0; i < AT_ONCE; i++) {
        tasks[i] = one;
    }
    for (unsigned i = 0; i < ROUNDS && error == TROUPE_OK; i++) {
        error = troupe_gather(self, NULL, tasks, AT_ONCE, NULL);
    }
    if (atomic_fetch_add(&crowd->done, 1) == CLIENTS - 1) {
        probe_say(crowd->seen, "done");
    }
    return error;
}

/* Promise: TASK-ONE, TASK-MESSAGE */
static void ask_and_answer_in_crowds(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(2);
    static struct crowd crowd;
    crowd = (struct crowd) {.seen = a_probe()};
    for (unsigned i = 0; i < SERVERS; i++) {
        crowd.servers[i] = a_root_of(
            node, TROUPE_SPAWN(.body = serves, .argument = &crowd, .place = TROUPE_PLACE_ANY));
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        a_root_of(node, TROUPE_SPAWN(.body = calls, .argument = &crowd, .place = TROUPE_PLACE_ANY));
    }
    assert_true(probe_wait_for(crowd.seen, "done"));
    drop_node(&node);
    assert_int_equal(atomic_load(&crowd.answered) + atomic_load(&crowd.unanswered),
                     CLIENTS * AT_ONCE * ROUNDS);
    assert_int_equal(atomic_load(&crowd.cleaned), CLIENTS * AT_ONCE * ROUNDS);
    drop_probe(&crowd.seen);
}

/* Holds up its thread until the test lets go. */
static troupe_error blocks(troupe_self *self, void *argument)
{
    struct crowd *crowd = argument;
    (void) self;
    probe_say(crowd->seen, "blocks");
    latch_pass(crowd->latch);
    probe_say(crowd->seen, "goes on");
    return TROUPE_OK;
}

static troupe_error has_one_that_blocks(troupe_self *self, void *argument)
{
    struct crowd *crowd = argument;
    troupe_scope *scope = NULL;
    troupe_error error = troupe_scope_enter(self, NULL, &scope);
    error = error ? error
                  : troupe_task_start(self, scope, TROUPE_TASK(.body = blocks, .argument = crowd),
                                      NULL);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(5)); /* over while it blocks */
    probe_say(crowd->seen, "slept");
    return error ? error : troupe_scope_leave(self, &scope);
}

/* Promise: TASK-ONE */
static void hold_up_their_actor_only(void **state)
{
    (void) state;
    if (!tr_membarrier_open()) { /* valgrind has none, and then nothing is taken over */
        skip();
    }
    static struct crowd crowd;
    crowd = (struct crowd) {.seen = a_probe(), .latch = a_latch()};
    troupe_node *node = a_node(
        TROUPE_NODE_OPTIONS(.workers = 1, .spares_max = 2, .blocking_limit = TROUPE_WITHIN_MS(1)));
    const troupe_ref doubler = a_root_of(node, TROUPE_SPAWN(.body = play_doubler));
    a_root_of(node, TROUPE_SPAWN(.body = has_one_that_blocks, .argument = &crowd));
    assert_true(probe_wait_for(crowd.seen, "blocks"));

    troupe_self *self = NULL;
    uint64_t answer = 0;
    assert_ok(troupe_attach(node, NULL, &self));
    assert_ok(troupe_sleep(self, TROUPE_WITHIN_MS(10)));
    assert_ok(ask_figure(self, doubler, 21, TROUPE_WITHIN_S(20), &answer));
    assert_int_equal(answer, 42);
    assert_ok(troupe_detach(&self));
    assert_said(crowd.seen, "blocks");
    latch_open(crowd.latch);
    assert_true(probe_wait_for(crowd.seen, "slept"));
    assert_said(crowd.seen, "blocks", "goes on", "slept");
    drop_node(&node);
    drop_latch(&crowd.latch);
    drop_probe(&crowd.seen);
}

/* Promise: SCOPE-ATTACHED */
static void have_scopes_where_a_thread_is_attached(void **state)
{
    (void) state;
    static struct crowd crowd;
    crowd = (struct crowd) {.seen = a_probe()};
    troupe_node *node = a_node_of(2);
    troupe_self *self = NULL;
    troupe_scope *scope = NULL;
    troupe_scope *inner = NULL;
    troupe_ref child;
    assert_ok(troupe_attach(node, NULL, &self));
    /* Long enough for the spawn on a machine that is busy with others. */
    assert_ok(troupe_scope_enter(self, TROUPE_SCOPE(.timeout = TROUPE_WITHIN_MS(1000)), &scope));
    assert_ok(troupe_spawn(
        self, TROUPE_SPAWN(.body = play_sleeper, .scope = scope, .place = TROUPE_PLACE_ANY),
        &child));
    assert_ok(troupe_defer(self, counts_cleaning, &crowd));
    assert_fails(troupe_task_start(self, scope, TROUPE_TASK(.body = play_sleeper), NULL),
                 CANNOT_WAIT);
    assert_fails(troupe_sleep(self, TROUPE_FOREVER), TIMED_OUT);
    assert_int_equal(atomic_load(&crowd.cleaned), 0);
    assert_fails(troupe_scope_leave(self, &scope), TIMED_OUT);
    assert_int_equal(atomic_load(&crowd.cleaned), 1);

    assert_ok(troupe_scope_enter(self, NULL, &scope));
    assert_ok(troupe_spawn(self, TROUPE_SPAWN(.body = play_sleeper, .scope = scope), &child));
    assert_ok(troupe_defer(self, counts_cleaning, &crowd));
    assert_ok(troupe_shield(self, TROUPE_WITHIN_MS(5), &inner));
    assert_ok(troupe_scope_cancel(self, scope, TROUPE_OK, NULL));
    assert_fails(troupe_sleep(self, TROUPE_FOREVER), CANCELLED); /* after the grace */
    assert_ok(troupe_detach(&self));                             /* with both open */
    assert_int_equal(atomic_load(&crowd.cleaned), 2);
    drop_node(&node);
    drop_probe(&crowd.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ask_and_answer_in_crowds),
        cmocka_unit_test(hold_up_their_actor_only),
        cmocka_unit_test(have_scopes_where_a_thread_is_attached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
