/* SPDX-License-Identifier: MIT */
/* The watchdog: who is slow is named while it still runs. */
#include <string.h>
#include <troupe/troupe.h>

#include "support/cast.h"
#include "support/node_fixture.h"

#define LIMIT TROUPE_WITHIN_MS(5)

struct order {
    int number;
};
static const troupe_type order_type = TROUPE_TYPE(struct order);

/* A node that logs to a probe, and a gate for its handlers. */
struct slow {
    troupe_log log;
    struct probe *log_lines;
    struct probe *seen;
    struct latch *latch;
    troupe_node *node;
    troupe_ref ref;
};

static struct slow a_slow_node(const troupe_node_options *options)
{
    struct slow slow = {.log_lines = a_probe(), .seen = a_probe(), .latch = a_latch()};
    slow.log = log_of(slow.log_lines);
    slow.log.level = TROUPE_LOG_WARNING;
    troupe_node_options complete = *options;
    complete.log = &slow.log;
    slow.node = a_node(&complete);
    return slow;
}

static void drop_slow_node(struct slow *slow)
{
    drop_node(&slow->node);
    drop_probe(&slow->log_lines);
    drop_probe(&slow->seen);
    drop_latch(&slow->latch);
}

/* How many lines of the log have this in them. */
static unsigned count_of(struct slow *slow, const char *part)
{
    unsigned count = 0;
    for (size_t i = 0; i < probe_count(slow->log_lines); i++) {
        count += strstr(probe_line(slow->log_lines, i), part) != NULL ? 1 : 0;
    }
    return count;
}

/* Waits until `count` lines of the log have this in them. */
static void wait_for(struct slow *slow, const char *part, unsigned count)
{
    while (count_of(slow, part) < count) {
        assert_true(probe_wait(slow->log_lines, probe_count(slow->log_lines) + 1));
    }
}

/* Seen by the linker, so that a backtrace has its name. */
__attribute__((visibility("default"), noinline)) troupe_error
slow_handler_of_the_test(troupe_self *self, void *state, troupe_message **message);

troupe_error slow_handler_of_the_test(troupe_self *self, void *state, troupe_message **message)
{
    struct slow *slow = *(struct slow **) state;
    (void) self;
    (void) message;
    latch_pass(slow->latch);
    probe_say(slow->seen, "handled");
    return TROUPE_OK;
}

static troupe_error keep_slow(troupe_self *self, void *state, void *argument)
{
    (void) self;
    memcpy(state, &argument, sizeof argument);
    return TROUPE_OK;
}

static const troupe_behavior slow_behavior = {
    .size = sizeof(troupe_behavior),
    .name = "slow",
    .state_size = sizeof(struct slow *),
    .start = keep_slow,
    .other = slow_handler_of_the_test,
};

static troupe_error slow_body(troupe_self *self, void *argument)
{
    struct slow *slow = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        const troupe_error error = slow_handler_of_the_test(self, &slow, &message);
        if (error) {
            return error;
        }
    }
    return TROUPE_OK;
}

static troupe_error send_order_body(troupe_self *self, void *argument)
{
    const struct slow *slow = argument;
    const struct order order = {.number = 1};
    return troupe_send_struct(self, slow->ref, &order_type, &order);
}

/* Sends an order to an actor on worker 1 that holds it at the latch. */
static void begin(struct slow *slow, const troupe_spawn_options *options)
{
    slow->ref = a_root_of(slow->node, options);
    a_root_of(slow->node, TROUPE_SPAWN(.body = send_order_body, .argument = slow,
                                       .place = TROUPE_PLACE_WORKER, .place_worker = 0));
}

#define SLOW_NODE(...)                                                                             \
    a_slow_node(TROUPE_NODE_OPTIONS(.workers = 2, .slow_after = LIMIT, __VA_ARGS__))

static void end(struct slow *slow)
{
    assert_int_equal(probe_count(slow->seen), 0); /* it still ran when it was reported */
    latch_open(slow->latch);
    wait_for(slow, "slow handler ended: actor 'till' ", 1);
    /* Others too may be, for a moment, where the machine has much to do. */
    assert_int_equal(count_of(slow, "slow handler: actor 'till' "), 1);
    drop_slow_node(slow);
}

/* Promise: WATCH-SLOW */
static void names_a_slow_handler_of_a_behavior_while_it_runs(void **state)
{
    (void) state;
    struct slow slow = SLOW_NODE(.watchdog = TROUPE_WATCHDOG_ON, .fault_signals = 1);
    begin(&slow, TROUPE_SPAWN(.name = "till", .behavior = &slow_behavior, .argument = &slow,
                              .place = TROUPE_PLACE_WORKER, .place_worker = 1));

    wait_for(&slow, "slow handler: actor 'till' ", 1);
    wait_for(&slow, "on worker 1 has been handling struct order for ", 1);
    wait_for(&slow, " slow_handler_of_the_test+0x", 1);
    end(&slow);
}

/* Promise: WATCH-SLOW */
static void names_a_slow_coroutine_and_looks_into_its_stack(void **state)
{
    (void) state;
    struct slow slow = SLOW_NODE(.watchdog = TROUPE_WATCHDOG_ON, .fault_signals = 1);
    begin(&slow, TROUPE_SPAWN(.name = "till", .body = slow_body, .argument = &slow,
                              .place = TROUPE_PLACE_WORKER, .place_worker = 1));

    wait_for(&slow, "slow handler: actor 'till' ", 1);
    wait_for(&slow, "on worker 1 has been handling struct order for ", 1);
    wait_for(&slow, " slow_handler_of_the_test+0x", 1);
    end(&slow);
}

/* Promise: WATCH-NO-SIGNALS */
static void says_less_without_signal_handlers(void **state)
{
    (void) state;
    struct slow slow = SLOW_NODE(.watchdog = TROUPE_WATCHDOG_ON);
    begin(&slow, TROUPE_SPAWN(.name = "till", .behavior = &slow_behavior, .argument = &slow,
                              .place = TROUPE_PLACE_WORKER, .place_worker = 1));

    wait_for(&slow, "slow handler: actor 'till' ", 1);
    wait_for(&slow, "; no backtrace without .fault_signals", 1);
    assert_int_equal(count_of(&slow, "slow_handler_of_the_test"), 0);
    end(&slow);
}

/* Promise: WATCH-OWN-THREAD */
static void lets_those_with_a_thread_of_their_own_block(void **state)
{
    (void) state;
    struct slow slow = SLOW_NODE(.watchdog = TROUPE_WATCHDOG_ON);
    struct blocking blocking = {.probe = a_probe(), .latch = slow.latch};
    a_root_of(slow.node,
              TROUPE_SPAWN(.name = "alone", .body = blocking_body, .argument = &blocking,
                           .place = TROUPE_PLACE_OWN_THREAD, .start_timeout = TROUPE_FOREVER));
    begin(&slow, TROUPE_SPAWN(.name = "till", .behavior = &slow_behavior, .argument = &slow,
                              .place = TROUPE_PLACE_WORKER, .place_worker = 1));

    wait_for(&slow, "slow handler: actor 'till' ", 1); /* which began later */
    assert_int_equal(count_of(&slow, "'alone'"), 0);
    end(&slow);
    drop_probe(&blocking.probe);
}

/* Promise: WATCH-OWN-THREAD */
static void watches_them_too_if_asked(void **state)
{
    (void) state;
    struct slow slow = SLOW_NODE(.watchdog = TROUPE_WATCHDOG_ALL);
    begin(&slow, TROUPE_SPAWN(.name = "till", .behavior = &slow_behavior, .argument = &slow,
                              .place = TROUPE_PLACE_OWN_THREAD));

    wait_for(&slow, "slow handler: actor 'till' ", 1);
    end(&slow);
}

#define MANY 14

/* Promise: WATCH-RATE */
static void reports_ten_at_once_and_counts_the_rest(void **state)
{
    (void) state;
    struct slow slow = a_slow_node(TROUPE_NODE_OPTIONS(.workers = MANY + 1, .slow_after = LIMIT,
                                                       .watchdog = TROUPE_WATCHDOG_ON));
    for (uint32_t i = 1; i <= MANY; i++) {
        slow.ref =
            a_root_of(slow.node, TROUPE_SPAWN(.behavior = &slow_behavior, .argument = &slow,
                                              .place = TROUPE_PLACE_WORKER, .place_worker = i));
        a_root_of(slow.node, TROUPE_SPAWN(.body = send_order_body, .argument = &slow,
                                          .place = TROUPE_PLACE_WORKER, .place_worker = 0));
    }

    wait_for(&slow, " more slow handlers were not reported", 1);
    const unsigned logged = count_of(&slow, "slow handler: ");
    assert_in_range(logged, 10, 13); /* 10, and one for each second that the start took */
    latch_open(slow.latch);
    wait_for(&slow, "slow handler ended: ", logged);
    drop_slow_node(&slow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_a_slow_handler_of_a_behavior_while_it_runs),
        cmocka_unit_test(names_a_slow_coroutine_and_looks_into_its_stack),
        cmocka_unit_test(says_less_without_signal_handlers),
        cmocka_unit_test(lets_those_with_a_thread_of_their_own_block),
        cmocka_unit_test(watches_them_too_if_asked),
        cmocka_unit_test(reports_ten_at_once_and_counts_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
