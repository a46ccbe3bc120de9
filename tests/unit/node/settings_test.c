/* SPDX-License-Identifier: MIT */
/* What the options of a node promise: defaults for what is zero, and no silence about what is
 * wrong. */
#include "node/settings.h"

#include <string.h>
#include <unistd.h>

#include "base/thread.h"
#include "support/fixtures.h"

static troupe_error read_options(const troupe_node_options *options)
{
    tr_node_settings settings;
    return tr_node_settings_read(&settings, options);
}

/* A program of a later version that asks for something this one does not know. */
struct later_options {
    troupe_node_options known;
    uint64_t added;
};

static void takes_the_documented_defaults(void **state)
{
    (void) state;
    tr_node_settings settings;

    assert_ok(tr_node_settings_read(&settings, NULL));

    const uint64_t memory = (uint64_t) sysconf(_SC_PHYS_PAGES) * (uint64_t) sysconf(_SC_PAGESIZE);
    assert_string_equal(settings.name, "node");
    assert_true(settings.log.write == NULL);
    assert_true(settings.allocator.resize != NULL);
    assert_true(settings.system.memory_budget == memory / 2);
    assert_true(settings.drain_timeout_ns == UINT64_C(5000000000));
    assert_true(settings.stop_timeout_ns == UINT64_C(5000000000));
    assert_true(settings.deaf_after_ns == UINT64_C(5000000000));
    assert_int_equal(settings.system.workers, tr_processor_count());
    assert_int_equal(settings.system.actors_max, 4U << 20);
    assert_int_equal(settings.system.ends_max, settings.system.workers + 1 + 64);
    assert_int_equal(settings.system.mailbox_capacity_default, TR_MAILBOX_CAPACITY_DEFAULT);
    assert_int_equal(settings.system.turn_messages, TR_TURN_MESSAGES_DEFAULT);
    assert_int_equal(settings.system.has_balance, 1);
    assert_false(settings.stops_on_signals);
}

/* Promise: DEBUG-SLOW */
static void watch_more_closely_in_debug_mode(void **state)
{
    (void) state;
    tr_node_settings settings;
    assert_ok(tr_node_settings_read(&settings, TROUPE_NODE_OPTIONS(.debug = 1)));
    assert_int_equal(settings.watch, TROUPE_WATCHDOG_ON);
    assert_true(settings.slow_after_ns == UINT64_C(10000000));
    assert_ok(tr_node_settings_read(
        &settings, TROUPE_NODE_OPTIONS(.debug = 1, .slow_after = TROUPE_WITHIN_MS(70),
                                       .watchdog = TROUPE_WATCHDOG_ALL)));
    assert_int_equal(settings.watch, TROUPE_WATCHDOG_ALL);
    assert_true(settings.slow_after_ns == UINT64_C(70000000));
}

static void keeps_what_is_given(void **state)
{
    (void) state;
    tr_node_settings settings;

    assert_ok(tr_node_settings_read(
        &settings,
        TROUPE_NODE_OPTIONS(.name = "orders", .memory_budget = 77, .seed = 5,
                            .drain_timeout = TROUPE_NOW, .stop_timeout = TROUPE_FOREVER,
                            .workers = 3, .actors_max = 10, .own_threads_max = 7,
                            .mailbox_capacity_default = 9, .stack_size = 32768,
                            .stop_on_signals = 1, .turn_messages = 11,
                            .deaf_after = TROUPE_WITHIN_MS(7), .balance = TROUPE_BALANCE_OFF)));

    assert_string_equal(settings.name, "orders");
    assert_int_equal(settings.system.memory_budget, 77);
    assert_int_equal(settings.system.seed, 5);
    assert_int_equal(settings.drain_timeout_ns, 1);
    assert_true(settings.deaf_after_ns == UINT64_C(7000000));
    assert_true(settings.stop_timeout_ns == TR_NEVER);
    assert_int_equal(settings.system.workers, 3);
    assert_int_equal(settings.system.ends_max, 11);
    assert_int_equal(settings.system.actors_max, 10);
    assert_int_equal(settings.system.mailbox_capacity_default, 9);
    assert_int_equal(settings.stack_size, 32768);
    assert_int_equal(settings.system.turn_messages, 11);
    assert_int_equal(settings.system.has_balance, 0);
    assert_true(settings.stops_on_signals);
}

/* Promise: NODE-OPTIONS */
static void refuses_each_option_that_is_out_of_range(void **state)
{
    (void) state;
    const troupe_allocator no_allocator = {0};
    const troupe_log bad_log = {.level = TROUPE_LOG_DEBUG + 1};
    char long_name[65];
    memset(long_name, 'x', 64);
    long_name[64] = '\0';

    assert_fails(read_options(TROUPE_NODE_OPTIONS(.name = long_name)), BAD_ARGUMENT);
    assert_fails(read_options(TROUPE_NODE_OPTIONS(.allocator = &no_allocator)), BAD_ARGUMENT);
    assert_fails(read_options(TROUPE_NODE_OPTIONS(.log = &bad_log)), BAD_ARGUMENT);
    assert_fails(read_options(TROUPE_NODE_OPTIONS(.workers = 65)), BAD_ARGUMENT);
    assert_fails(read_options(TROUPE_NODE_OPTIONS(.balance = 2)), BAD_ARGUMENT);
    assert_fails(read_options(TROUPE_NODE_OPTIONS(.on_root_failure = 2)), BAD_ARGUMENT);
    assert_fails(read_options(TROUPE_NODE_OPTIONS(.on_refusal = 2)), BAD_ARGUMENT);
    assert_fails(read_options(TROUPE_NODE_OPTIONS(.actors_max = UINT32_MAX)), BAD_ARGUMENT);
    assert_fails(read_options(TROUPE_NODE_OPTIONS(.own_threads_max = 193)), BAD_ARGUMENT);
    assert_fails(read_options(TROUPE_NODE_OPTIONS(.mailbox_capacity_default = UINT32_MAX)),
                 BAD_ARGUMENT);
    assert_fails(read_options(TROUPE_NODE_OPTIONS(.stack_size = 1000)), BAD_ARGUMENT);
    assert_fails(read_options(TROUPE_NODE_OPTIONS(.stack_size = UINT32_MAX)), BAD_ARGUMENT);
    assert_fails(read_options(TROUPE_NODE_OPTIONS(.stop_on_signals = 2)), BAD_ARGUMENT);
    assert_fails(read_options(TROUPE_NODE_OPTIONS(.turn_messages = UINT32_MAX)), BAD_ARGUMENT);
    assert_fails(read_options(TROUPE_NODE_OPTIONS(.watchdog = TROUPE_WATCHDOG_ALL + 1)),
                 BAD_ARGUMENT);
    assert_fails(read_options(TROUPE_NODE_OPTIONS(.fault_signals = 2)), BAD_ARGUMENT);
    assert_fails(read_options(TROUPE_NODE_OPTIONS(.debug = 2)), BAD_ARGUMENT);
    assert_fails(read_options(TROUPE_NODE_OPTIONS(.spares_max = 257)), BAD_ARGUMENT);
    assert_fails(read_options(&(const troupe_node_options) {.size = 0, .workers = 1}),
                 BAD_ARGUMENT);
}

static void refuses_what_only_a_later_version_knows(void **state)
{
    (void) state;
    struct later_options options = {.known.size = sizeof options};

    assert_ok(read_options(&options.known));
    options.added = 1;

    assert_fails(read_options(&options.known), BAD_ARGUMENT);
}

static void gives_each_node_an_incarnation_of_its_own(void **state)
{
    (void) state;
    tr_node_settings first;
    tr_node_settings second;

    assert_ok(tr_node_settings_read(&first, NULL));
    assert_ok(tr_node_settings_read(&second, NULL));

    assert_true(first.system.node_id != 0);
    assert_true(first.system.node_id != second.system.node_id);
    assert_true(first.system.seed != second.system.seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_documented_defaults),
        cmocka_unit_test(watch_more_closely_in_debug_mode),
        cmocka_unit_test(keeps_what_is_given),
        cmocka_unit_test(refuses_each_option_that_is_out_of_range),
        cmocka_unit_test(refuses_what_only_a_later_version_knows),
        cmocka_unit_test(gives_each_node_an_incarnation_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
