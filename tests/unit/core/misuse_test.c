/* SPDX-License-Identifier: MIT */
/* What users do wrong is told in debug mode. */
#include "core/misuse.h"

#include <pthread.h>
#include <string.h>
#include <troupe/troupe.h>

#include "support/cast.h"
#include "support/node_fixture.h"

static const troupe_type parcel_type = TROUPE_SIGNAL("parcel");
static const troupe_type letter_type = TROUPE_SIGNAL("letter");

/* A node that logs to a probe, and what its actors do. */
struct watched {
    troupe_log log;
    struct probe *log_lines;
    struct probe *seen;
    struct latch *latch;
    troupe_node *node;
    troupe_self *self; /* of another actor */
    troupe_message *kept[3];
};

static struct watched a_watched_node(void)
{
    struct watched watched = {.log_lines = a_probe(), .seen = a_probe(), .latch = a_latch()};
    watched.log = log_of(watched.log_lines);
    watched.log.level = TROUPE_LOG_WARNING;
    return watched;
}

static void start(struct watched *watched, uint32_t is_debug)
{
    watched->node =
        a_node(TROUPE_NODE_OPTIONS(.log = &watched->log, .workers = 1, .debug = is_debug));
}

static void drop_watched(struct watched *watched)
{
    drop_probe(&watched->log_lines);
    drop_probe(&watched->seen);
    drop_latch(&watched->latch);
}

static unsigned count_of(const struct watched *watched, const char *part)
{
    unsigned count = 0;
    for (size_t i = 0; i < probe_count(watched->log_lines); i++) {
        count += strstr(probe_line(watched->log_lines, i), part) != NULL ? 1 : 0;
    }
    return count;
}

static troupe_error keep_messages_body(troupe_self *self, void *argument)
{
    struct watched *watched = argument;
    const troupe_type *types[] = {&parcel_type, &letter_type, &parcel_type};
    TROUPE_AUTO(troupe_message) *brief = NULL;
    troupe_error error = troupe_message_create(self, &parcel_type, NULL, &brief);
    for (int i = 0; i < 3 && error == TROUPE_OK; i++) {
        error = troupe_message_create(self, types[i], NULL, &watched->kept[i]);
    }
    probe_say(watched->seen, "kept");
    return error;
}

/* Promise: DEBUG-LEAKS */
static void names_the_messages_that_were_left(void **state)
{
    (void) state;
    struct watched watched = a_watched_node();
    start(&watched, 1);
    a_root_of(watched.node, TROUPE_SPAWN(.body = keep_messages_body, .argument = &watched));
    assert_true(probe_wait(watched.seen, 1));
    drop_node(&watched.node);
    assert_int_equal(count_of(&watched, "misuse: 2 messages of type parcel"), 1);
    assert_int_equal(count_of(&watched, "misuse: 1 messages of type letter"), 1);
    assert_int_equal(count_of(&watched, "misuse"), 2);
    drop_watched(&watched);
}

/* Promise: DEBUG-LEAKS */
static void says_nothing_of_them_without_debug_mode(void **state)
{
    (void) state;
    struct watched watched = a_watched_node();
    start(&watched, 0);
    a_root_of(watched.node, TROUPE_SPAWN(.body = keep_messages_body, .argument = &watched));
    assert_true(probe_wait(watched.seen, 1));
    drop_node(&watched.node);
    assert_int_equal(probe_count(watched.log_lines), 0);
    drop_watched(&watched);
}

/* The worker is in another call with the same self, or in none. */
static void *call_with_self(void *argument)
{
    struct watched *watched = argument;
    (void) troupe_self_random(watched->self);
    return NULL;
}

static troupe_error lend_self_body(troupe_self *self, void *argument)
{
    struct watched *watched = argument;
    pthread_t thread;
    watched->self = self;
    (void) troupe_self_random(self);
    if (pthread_create(&thread, NULL, call_with_self, watched) == 0) {
        (void) pthread_join(thread, NULL);
    }
    probe_say(watched->seen, "lent");
    return TROUPE_OK;
}

/* Promise: DEBUG-THREAD */
static void names_a_call_on_the_wrong_thread(void **state)
{
    (void) state;
    struct watched watched = a_watched_node();
    start(&watched, 1);
    a_root_of(watched.node, TROUPE_SPAWN(.body = lend_self_body, .argument = &watched));
    assert_true(probe_wait(watched.seen, 1));
    drop_node(&watched.node);
    assert_int_equal(count_of(&watched, "by a thread that does not run it"), 1);
    assert_int_equal(count_of(&watched, "misuse"), 1);
    drop_watched(&watched);
}

/* Promise: DEBUG-THREAD */
static void names_a_call_on_the_wrong_thread_by_one_that_is_attached(void **state)
{
    (void) state;
    struct watched watched = a_watched_node();
    start(&watched, 1);
    assert_int_equal(troupe_attach(watched.node, NULL, &watched.self), TROUPE_OK);
    (void) troupe_self_random(watched.self);
    assert_int_equal(count_of(&watched, "misuse"), 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, call_with_self, &watched), 0);
    (void) pthread_join(thread, NULL);
    assert_int_equal(count_of(&watched, "by a thread that does not run it"), 1);
    assert_int_equal(troupe_detach(&watched.self), TROUPE_OK);
    drop_node(&watched.node);
    drop_watched(&watched);
}

static troupe_error waiting_body(troupe_self *self, void *argument)
{
    struct watched *watched = argument;
    watched->self = self;
    return troupe_sleep(self, TROUPE_FOREVER);
}

static troupe_error use_other_body(troupe_self *self, void *argument)
{
    const struct watched *watched = argument;
    (void) troupe_self_random(self);
    for (int i = 0; i < 20; i++) {
        (void) troupe_self_random(watched->self);
    }
    probe_say(watched->seen, "used");
    return TROUPE_OK;
}

/* Promise: DEBUG-THREAD */
static void names_a_call_in_the_turn_of_another_ten_times_at_most(void **state)
{
    (void) state;
    struct watched watched = a_watched_node();
    start(&watched, 1);
    a_root_of(watched.node, TROUPE_SPAWN(.body = waiting_body, .argument = &watched));
    a_root_of(watched.node, TROUPE_SPAWN(.body = use_other_body, .argument = &watched));
    assert_true(probe_wait(watched.seen, 1));
    drop_node(&watched.node);
    assert_int_equal(count_of(&watched, "in the turn of another"), 10);
    drop_watched(&watched);
}

static troupe_error quick_body(troupe_self *self, void *argument)
{
    (void) self;
    (void) argument;
    return TROUPE_OK;
}

/* Keeps one result and never asks for it; of another it wants none, and two are gathered. */
static troupe_error keep_task_body(troupe_self *self, void *argument)
{
    const struct watched *watched = argument;
    troupe_scope *scope = NULL;
    troupe_task task;
    const troupe_task_options *const both[] = {TROUPE_TASK(.body = quick_body),
                                               TROUPE_TASK(.body = quick_body)};
    troupe_error error = troupe_scope_enter(self, NULL, &scope);
    if (error) {
        return error;
    }
    error = troupe_task_start(self, scope, TROUPE_TASK(.name = "kept", .body = quick_body), &task);
    error = error ? error
                  : troupe_task_start(self, scope, TROUPE_TASK(.name = "not", .body = quick_body),
                                      NULL);
    error = error ? error : troupe_gather(self, NULL, both, 2, NULL);
    const troupe_error left = troupe_scope_leave(self, &scope);
    probe_say(watched->seen, "left");
    return error ? error : left;
}

/* Promise: DEBUG-UNAWAITED */
static void names_a_task_that_nobody_waited_for(void **state)
{
    (void) state;
    struct watched watched = a_watched_node();
    start(&watched, 1);
    a_root_of(watched.node, TROUPE_SPAWN(.body = keep_task_body, .argument = &watched));
    assert_true(probe_wait(watched.seen, 1));
    drop_node(&watched.node);
    assert_int_equal(count_of(&watched, "never waited for a task kept that it had kept"), 1);
    assert_int_equal(count_of(&watched, "misuse"), 1);
    drop_watched(&watched);
}

/* Three futures: one is looked at, one destroyed and one left. */
static troupe_error keep_futures_body(troupe_self *self, void *argument)
{
    const struct watched *watched = argument;
    troupe_future *futures[3] = {NULL};
    troupe_promise *promises[3] = {NULL};
    troupe_error error = TROUPE_OK;
    for (int i = 0; i < 3 && error == TROUPE_OK; i++) {
        error = troupe_future_create(self, &futures[i], &promises[i]);
    }
    if (error == TROUPE_OK) {
        (void) troupe_future_wait(self, &futures[0], TROUPE_NOW, NULL); /* it is not kept */
        troupe_future_destroy(&futures[0]);
        troupe_future_destroy(&futures[1]);
    }
    for (int i = 0; i < 3; i++) {
        troupe_promise_destroy(&promises[i]);
    }
    probe_say(watched->seen, "over");
    return error;
}

/* Promise: DEBUG-UNAWAITED */
static void names_futures_that_nobody_waited_for(void **state)
{
    (void) state;
    struct watched watched = a_watched_node();
    start(&watched, 1);
    a_root_of(watched.node, TROUPE_SPAWN(.body = keep_futures_body, .argument = &watched));
    assert_true(probe_wait(watched.seen, 1));
    drop_node(&watched.node);
    assert_int_equal(count_of(&watched, "never waited for a future that it had kept"), 2);
    assert_int_equal(count_of(&watched, "misuse"), 2);
    drop_watched(&watched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_the_messages_that_were_left),
        cmocka_unit_test(says_nothing_of_them_without_debug_mode),
        cmocka_unit_test(names_a_call_on_the_wrong_thread),
        cmocka_unit_test(names_a_call_on_the_wrong_thread_by_one_that_is_attached),
        cmocka_unit_test(names_a_task_that_nobody_waited_for),
        cmocka_unit_test(names_futures_that_nobody_waited_for),
        cmocka_unit_test(names_a_call_in_the_turn_of_another_ten_times_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
