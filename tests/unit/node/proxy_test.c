/* SPDX-License-Identifier: MIT */
/* What threads from outside are promised, and what they cannot spoil. */
#include "node/proxy.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <troupe/troupe.h>
#include <unistd.h>

#include "support/cast.h"
#include "support/failing_allocator.h"
#include "support/node_fixture.h"

static troupe_self *attached(troupe_node *node, const troupe_attach_options *options)
{
    troupe_self *self = NULL;
    assert_ok(troupe_attach(node, options, &self));
    assert_non_null(self);
    return self;
}

static troupe_error send_with(troupe_self *self, troupe_ref to, uint64_t number,
                              const troupe_send_options *options)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = a_figure(self, number, &message);
    return error ? error : troupe_send_message_with(self, to, &message, options);
}

/* Promise: ATTACH-CALLS */
static void asks_and_is_answered(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(2);
    const troupe_ref doubler = a_root_of(node, TROUPE_SPAWN(.body = play_doubler));
    troupe_self *self = attached(node, NULL);
    for (uint64_t i = 1; i <= 100; i++) {
        uint64_t answer = 0;
        assert_ok(ask_figure(self, doubler, i, TROUPE_WITHIN_S(20), &answer));
        assert_int_equal(answer, 2 * i);
    }
    assert_ok(troupe_detach(&self));
    assert_null(self);
    drop_node(&node);
}

/* Sends the numbers from 1 to 1000 to the ref it is told. */
static troupe_error counts_for(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 1; i <= 1000 && !error; i++) {
        error = send_figure(self, cast->refs[0], i);
    }
    return error;
}

/* Promise: ATTACH-CALLS, ATTACH-ORDER */
static void receives_in_order_what_is_sent_to_it(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(2);
    troupe_self *self = attached(node, TROUPE_ATTACH(.name = "outside", .mailbox_capacity = 8));
    struct cast cast = {.seen = a_probe(), .refs = {troupe_self_ref(self)}};
    troupe_ref found;
    assert_ok(troupe_lookup(self, "outside", &found));
    assert_true(troupe_ref_is_same(found, cast.refs[0]));
    a_root_of(node, TROUPE_SPAWN(.body = counts_for, .argument = &cast));
    TROUPE_AUTO(troupe_message) *message = NULL;
    for (uint64_t i = 1; i <= 1000; i++) {
        assert_ok(troupe_receive(self, &message, TROUPE_WITHIN_S(20)));
        assert_int_equal(figure_of(message), i);
    }
    assert_fails(troupe_receive(self, &message, TROUPE_NOW), TIMED_OUT);
    assert_fails(troupe_receive(self, &message, TROUPE_WITHIN_MS(1)), TIMED_OUT);
    assert_ok(troupe_sleep(self, TROUPE_WITHIN_MS(1)));
    assert_ok(troupe_yield(self));
    troupe_message_destroy(&message);
    assert_ok(troupe_detach(&self));
    drop_probe(&cast.seen);
    drop_node(&node);
}

/* Hears 1000 numbers of one sender. */
static troupe_error hears_a_thousand(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    for (uint64_t i = 1; i <= 1000; i++) {
        const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (error || figure_of(message) != i) {
            probe_say(cast->seen, "%d instead of %d", (int) figure_of(message), (int) i);
            return error;
        }
    }
    probe_say(cast->seen, "all");
    return TROUPE_OK;
}

/* Promise: ATTACH-ORDER, ATTACH-FULL */
static void sends_in_order_and_waits_for_room_when_told_to(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(2);
    struct cast cast = {.seen = a_probe()};
    const troupe_ref listener = a_root_of(
        node, TROUPE_SPAWN(.body = hears_a_thousand, .argument = &cast, .mailbox_capacity = 4));
    troupe_self *self = attached(node, NULL);
    for (uint64_t i = 1; i <= 1000; i++) {
        assert_ok(send_with(self, listener, i, TROUPE_SEND(.timeout = TROUPE_WITHIN_S(20))));
    }
    assert_true(probe_wait(cast.seen, 1));
    assert_said(cast.seen, "all");
    assert_ok(troupe_detach(&self));
    drop_probe(&cast.seen);
    drop_node(&node);
}

/* Promise: ATTACH-FULL */
static void fails_at_once_when_not_told_to_wait(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(1);
    const troupe_ref sleeper =
        a_root_of(node, TROUPE_SPAWN(.body = play_sleeper, .mailbox_capacity = 2));
    troupe_self *self = attached(node, NULL);
    assert_ok(send_figure(self, sleeper, 1));
    assert_ok(send_figure(self, sleeper, 2));
    assert_fails(send_figure(self, sleeper, 3), MAILBOX_FULL);
    assert_fails(send_with(self, sleeper, 3, TROUPE_SEND(.timeout = TROUPE_WITHIN_MS(1))),
                 TIMED_OUT);
    assert_ok(troupe_stop(self, sleeper));
    assert_ok(troupe_detach(&self));
    troupe_node_stop(node);
    assert_ok(troupe_node_join(node));
    drop_node(&node);
}

static void *ends_without_a_word(void *argument)
{
    troupe_node *node = argument;
    troupe_self *self = NULL;
    if (troupe_attach(node, TROUPE_ATTACH(.name = "leaver"), &self) == TROUPE_OK) {
        /* It was told to wait for the monitor's owner. */
        TROUPE_AUTO(troupe_message) *message = NULL;
        (void) troupe_receive(self, &message, TROUPE_FOREVER);
    }
    return NULL;
}

/* Promise: ATTACH-THREAD-ENDS */
static void is_detached_and_named_when_its_thread_ends(void **state)
{
    (void) state;
    struct probe *seen = a_probe();
    const troupe_log log = log_of(seen);
    troupe_node *node = a_node(TROUPE_NODE_OPTIONS(.workers = 2, .log = &log));
    troupe_self *self = attached(node, NULL);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, ends_without_a_word, node), 0);
    troupe_ref leaver;
    while (troupe_lookup(self, "leaver", &leaver) != TROUPE_OK) {
        assert_ok(troupe_yield(self));
    }
    troupe_monitor_id monitor;
    assert_ok(troupe_monitor(self, leaver, &monitor));
    assert_ok(send_figure(self, leaver, 1));

    TROUPE_AUTO(troupe_message) *message = NULL;
    assert_ok(troupe_receive(self, &message, TROUPE_WITHIN_S(20)));
    assert_non_null(troupe_message_struct(message, &troupe_down_type));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_fails(troupe_lookup(self, "leaver", &leaver), NO_SUCH_ACTOR);
    assert_true(probe_has(seen, "ended while it was attached as 'leaver'; it is detached"));
    assert_ok(troupe_detach(&self));
    assert_non_null(troupe_message_struct(message, &troupe_down_type)); /* still the thread's */
    troupe_message_destroy(&message);
    drop_node(&node);
    drop_probe(&seen);
}

/* Promise: ATTACH-STOP */
static void holds_up_no_stop_though_it_is_elsewhere(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(2);
    troupe_self *self = attached(node, NULL);
    const troupe_ref me = troupe_self_ref(self);
    troupe_node_stop(node);
    assert_ok(troupe_node_join(node)); /* this thread is the attached one */

    TROUPE_AUTO(troupe_message) *message = NULL;
    assert_fails(troupe_receive(self, &message, TROUPE_FOREVER), STOPPING);
    assert_fails(troupe_sleep(self, TROUPE_FOREVER), STOPPING);
    assert_fails(ask_figure(self, me, 1, TROUPE_FOREVER, NULL), STOPPING);
    assert_fails(send_figure(self, me, 1), STOPPING);
    assert_ok(troupe_detach(&self));
    drop_node(&node);
}

struct waiter {
    troupe_node *node;
    struct probe *seen;
};

static void *waits_for_a_message(void *argument)
{
    const struct waiter *waiter = argument;
    troupe_self *self = NULL;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_attach(waiter->node, NULL, &self);
    probe_say(waiter->seen, "attached %s", troupe_error_name(error));
    error = troupe_receive(self, &message, TROUPE_FOREVER);
    probe_say(waiter->seen, "received %s", troupe_error_name(error));
    error = troupe_detach(&self);
    probe_say(waiter->seen, "detached %s", troupe_error_name(error));
    return NULL;
}

/* Promise: ATTACH-STOP */
static void is_woken_by_a_stop(void **state)
{
    (void) state;
    struct waiter waiter = {.node = a_node_of(2), .seen = a_probe()};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, waits_for_a_message, &waiter), 0);
    assert_true(probe_wait(waiter.seen, 1));
    troupe_node_stop(waiter.node);
    assert_ok(troupe_node_join(waiter.node));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_said(waiter.seen, "attached OK", "received STOPPING", "detached OK");
    drop_node(&waiter.node);
    drop_probe(&waiter.seen);
}

/* Promise: ATTACH-STOP */
static void is_named_when_the_node_is_destroyed_before_it_detaches(void **state)
{
    (void) state;
    struct probe *seen = a_probe();
    const troupe_log log = log_of(seen);
    const pid_t child = fork(); /* whose memory is left behind on purpose */
    if (child == 0) {
        troupe_node *node = NULL;
        troupe_self *self = NULL;
        bool is_right = troupe_node_create(TROUPE_NODE_OPTIONS(.workers = 1, .log = &log), &node) ==
                            TROUPE_OK &&
                        troupe_node_start(node) == TROUPE_OK &&
                        troupe_attach(node, TROUPE_ATTACH(.name = "main"), &self) == TROUPE_OK;
        troupe_node_destroy(&node);
        is_right = is_right && node == NULL && probe_has(seen, "is still attached as 'main'");
        is_right = is_right && troupe_sleep(self, TROUPE_NOW) == TROUPE_ERROR_STOPPING;
        _exit(is_right ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    drop_probe(&seen);
}

/* Promise: ATTACH-STOP */
static void closes_its_actor_when_its_last_message_is_done_with(void **state)
{
    (void) state;
    troupe_node *node =
        a_node(TROUPE_NODE_OPTIONS(.workers = 1, .drain_timeout = TROUPE_WITHIN_MS(1)));
    troupe_self *self = attached(node, NULL);
    TROUPE_AUTO(troupe_message) *message = NULL;
    assert_ok(send_figure(self, troupe_self_ref(self), 7));
    assert_ok(troupe_receive(self, &message, TROUPE_WITHIN_S(20)));
    troupe_node_stop(node);
    while (troupe_sleep(self, TROUPE_NOW) == TROUPE_OK) {
        /* until it is told */
    }
    assert_int_equal(figure_of(message), 7); /* still there to be read */
    troupe_message_destroy(&message);
    (void) troupe_yield(self);
    assert_ok(troupe_node_join(node));
    assert_ok(troupe_detach(&self));
    drop_node(&node);
}

static troupe_error asks_the_outside(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    (void) tell(cast, "asked", ask_figure(self, cast->refs[0], 1, TROUPE_WITHIN_S(20), NULL));
    return TROUPE_OK;
}

/* Promise: ASK-NO-REPLY */
static void answers_what_it_holds_when_it_detaches(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(1);
    troupe_self *self = attached(node, NULL);
    struct cast cast = {.seen = a_probe(), .refs = {troupe_self_ref(self)}};
    TROUPE_AUTO(troupe_message) *message = NULL;
    a_root_of(node, TROUPE_SPAWN(.body = asks_the_outside, .argument = &cast));
    assert_ok(troupe_receive(self, &message, TROUPE_WITHIN_S(20)));
    assert_ok(troupe_detach(&self));
    assert_true(probe_wait(cast.seen, 1));
    assert_said(cast.seen, "asked NO_REPLY");
    assert_int_equal(figure_of(message), 1);
    troupe_message_destroy(&message);
    drop_node(&node);
    drop_probe(&cast.seen);
}

static void *detaches_anothers(void *argument)
{
    troupe_self *self = argument;
    return troupe_detach(&self) == TROUPE_ERROR_BAD_ARGUMENT && self != NULL ? argument : NULL;
}

static troupe_error detaches_itself(troupe_self *self, void *argument)
{
    troupe_self *mine = self;
    troupe_self *another = NULL;
    (void) tell(argument, "detach", troupe_detach(&mine));
    (void) tell(argument, "attach", troupe_attach(troupe_self_node(self), NULL, &another));
    return TROUPE_OK;
}

/* Promise: ATTACH-ARGUMENTS */
static void refuses_what_is_not_right(void **state)
{
    (void) state;
    struct cast cast = {.seen = a_probe()};
    troupe_self *self = NULL;
    troupe_self *second = NULL;
    troupe_node *node = NULL;
    assert_ok(troupe_node_create(TROUPE_NODE_OPTIONS(.workers = 1), &node));
    assert_fails(troupe_attach(node, NULL, &self), BAD_ARGUMENT); /* before start */
    assert_ok(troupe_node_start(node));
    assert_fails(troupe_attach(NULL, NULL, &self), BAD_ARGUMENT);
    assert_fails(troupe_attach(node, NULL, NULL), BAD_ARGUMENT);
    assert_fails(troupe_attach(node, &(const troupe_attach_options) {0}, &self), BAD_ARGUMENT);
    assert_fails(troupe_detach(NULL), BAD_ARGUMENT);
    assert_ok(troupe_detach(&self)); /* nothing to detach */
    assert_ok(troupe_attach(node, TROUPE_ATTACH(.name = "one"), &self));
    assert_fails(troupe_attach(node, TROUPE_ATTACH(.name = "one"), &second), NAME_TAKEN);
    assert_ok(troupe_attach(node, TROUPE_ATTACH(.name = "two"), &second));

    pthread_t thread;
    void *was_refused = NULL;
    assert_int_equal(pthread_create(&thread, NULL, detaches_anothers, self), 0);
    assert_int_equal(pthread_join(thread, &was_refused), 0);
    assert_non_null(was_refused);
    a_root_of(node, TROUPE_SPAWN(.body = detaches_itself, .argument = &cast));
    assert_true(probe_wait(cast.seen, 2));
    assert_said(cast.seen, "detach BAD_ARGUMENT", "attach BAD_ARGUMENT");

    assert_ok(troupe_detach(&self));
    assert_ok(troupe_detach(&second));
    drop_node(&node);
    drop_probe(&cast.seen);
}

/* Promise: ATTACH-ARGUMENTS */
static void is_whole_or_not_at_all_when_memory_is_out(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    troupe_node *node = a_node(TROUPE_NODE_OPTIONS(.workers = 1, .allocator = &allocator));
    troupe_self *self = NULL;
    troupe_error error = TROUPE_ERROR_NO_MEMORY;
    for (int64_t allowed = 0; error == TROUPE_ERROR_NO_MEMORY; allowed++) {
        tr_failing_allocator_fail_after(&memory, allowed);
        error = troupe_attach(node, NULL, &self);
        tr_failing_allocator_fail_never(&memory);
        assert_true((error == TROUPE_OK) == (self != NULL));
    }
    assert_ok(error);
    assert_ok(troupe_detach(&self));
    drop_node(&node);
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
}

static void *uses_no_descriptor_of_the_parent(void *argument)
{
    troupe_node *node = argument;
    troupe_self *self = NULL;
    return troupe_attach(node, NULL, &self) == TROUPE_ERROR_FORKED ? node : NULL;
}

/* Promise: NODE-FORK */
static void is_refused_in_a_child_by_fork(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(1);
    troupe_self *self = attached(node, NULL);
    const pid_t child = fork();
    if (child == 0) {
        const bool is_refused = uses_no_descriptor_of_the_parent(node) != NULL &&
                                troupe_detach(&self) == TROUPE_ERROR_FORKED;
        _exit(is_refused ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_ok(troupe_detach(&self));
    drop_node(&node);
}

#define THREADS 8
#define ROUNDS 300

struct crowd {
    troupe_node *node;
    troupe_ref doubler;
    _Atomic uint32_t right;
    _Atomic uint32_t left;
};

/* Asks, sends, is asked by nobody, and leaves in three ways. */
static void *takes_part(void *argument)
{
    struct crowd *crowd = argument;
    for (uint64_t i = 0; i < ROUNDS / 10; i++) {
        troupe_self *self = NULL;
        if (troupe_attach(crowd->node, NULL, &self) != TROUPE_OK) {
            return NULL;
        }
        for (uint64_t j = 0; j < 10; j++) {
            uint64_t answer = 0;
            const troupe_error error =
                ask_figure(self, crowd->doubler, j, TROUPE_WITHIN_S(20), &answer);
            crowd->right += error == TROUPE_OK && answer == 2 * j;
            if (send_figure(self, troupe_self_ref(self), j) == TROUPE_OK && j % 2 == 0) {
                TROUPE_AUTO(troupe_message) *message = NULL;
                (void) troupe_receive(self, &message, TROUPE_NOW);
            }
        }
        if (i + 1 < ROUNDS / 10 && troupe_detach(&self) != TROUPE_OK) {
            return NULL;
        }
    }
    crowd->left++;
    return NULL; /* attached still */
}

/* Promise: ATTACH-CALLS */
static void many_threads_take_turns(void **state)
{
    (void) state;
    struct crowd crowd = {.node = a_node_of(2)};
    crowd.doubler = a_root_of(crowd.node, TROUPE_SPAWN(.body = play_doubler));
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, takes_part, &crowd), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(crowd.left, THREADS);
    assert_int_equal(crowd.right, THREADS * ROUNDS);
    drop_node(&crowd.node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_and_is_answered),
        cmocka_unit_test(receives_in_order_what_is_sent_to_it),
        cmocka_unit_test(sends_in_order_and_waits_for_room_when_told_to),
        cmocka_unit_test(fails_at_once_when_not_told_to_wait),
        cmocka_unit_test(is_detached_and_named_when_its_thread_ends),
        cmocka_unit_test(holds_up_no_stop_though_it_is_elsewhere),
        cmocka_unit_test(is_woken_by_a_stop),
        cmocka_unit_test(is_named_when_the_node_is_destroyed_before_it_detaches),
        cmocka_unit_test(closes_its_actor_when_its_last_message_is_done_with),
        cmocka_unit_test(answers_what_it_holds_when_it_detaches),
        cmocka_unit_test(refuses_what_is_not_right),
        cmocka_unit_test(is_whole_or_not_at_all_when_memory_is_out),
        cmocka_unit_test(is_refused_in_a_child_by_fork),
        cmocka_unit_test(many_threads_take_turns),
    };
    return cmocka_run_group_tests_name("proxy", tests, NULL, NULL);
}
