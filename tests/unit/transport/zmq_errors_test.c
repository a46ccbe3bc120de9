/* SPDX-License-Identifier: MIT */
/* What ZeroMQ's error numbers become. */
#include "transport/zmq_errors.h"

#include <errno.h>
#include <string.h>
#include <zmq.h>

#include "support/fixtures.h"

static char last_line[256];

static void keep_line(void *context, troupe_log_level level, const char *text)
{
    (void) context;
    (void) snprintf(last_line, sizeof last_line, "%d %s", (int) level, text);
}

static void numbers_that_callers_act_on_have_codes(void **state)
{
    (void) state;
    assert_fails(tr_zmq_error(EAGAIN), MAILBOX_FULL);
    assert_fails(tr_zmq_error(ENOMEM), NO_MEMORY);
    assert_fails(tr_zmq_error(EMFILE), LIMIT_REACHED);
    assert_fails(tr_zmq_error(ENFILE), LIMIT_REACHED);
    assert_fails(tr_zmq_error(ENOSPC), LIMIT_REACHED);
    assert_fails(tr_zmq_error(ETERM), STOPPING);
}

static void the_rest_is_the_system(void **state)
{
    (void) state;
    assert_fails(tr_zmq_error(EHOSTUNREACH), SYSTEM);
    assert_fails(tr_zmq_error(EIO), SYSTEM);
    assert_fails(tr_zmq_error(-5), SYSTEM);
}

static void the_log_says_what_has_no_code(void **state)
{
    (void) state;
    const troupe_log log = {.write = keep_line};
    const tr_zmq_report report = {.log = &log, .node_name = "orders"};

    assert_fails(tr_zmq_failed(&report, "open a door", EMTHREAD), SYSTEM);

    assert_string_equal(last_line, "1 node 'orders': cannot open a door: No thread available");
}

static void the_log_is_silent_where_the_code_says_it(void **state)
{
    (void) state;
    const troupe_log log = {.write = keep_line};
    const tr_zmq_report report = {.log = &log, .node_name = NULL};
    last_line[0] = '\0';

    assert_fails(tr_zmq_failed(&report, "open a door", EMFILE), LIMIT_REACHED);

    assert_string_equal(last_line, "");
}

static void neither_log_nor_name_are_needed(void **state)
{
    (void) state;
    const troupe_log log = {.write = keep_line};
    const tr_zmq_report nothing = {.log = NULL};
    const tr_zmq_report nameless = {.log = &log};

    assert_fails(tr_zmq_failed(&nothing, "open a door", EIO), SYSTEM);
    assert_fails(tr_zmq_failed(&nameless, "open a door", EIO), SYSTEM);

    assert_non_null(strstr(last_line, "node '': cannot open a door: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_that_callers_act_on_have_codes),
        cmocka_unit_test(the_rest_is_the_system),
        cmocka_unit_test(the_log_says_what_has_no_code),
        cmocka_unit_test(the_log_is_silent_where_the_code_says_it),
        cmocka_unit_test(neither_log_nor_name_are_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
