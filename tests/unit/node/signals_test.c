/* SPDX-License-Identifier: MIT */
/* What signals promise: they come as something to be read, and the mask is put back. */
#include "node/signals.h"

#include <unistd.h>

#include "support/fixtures.h"

static bool is_blocked(int number)
{
    sigset_t mask;
    assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &mask), 0);
    return sigismember(&mask, number) == 1;
}

static void counts_what_has_come(void **state)
{
    (void) state;
    tr_signals signals = {0};
    assert_ok(tr_signals_open(&signals));
    assert_int_equal(tr_signals_read(&signals), 0);

    assert_int_equal(kill(getpid(), SIGTERM), 0);
    assert_int_equal(kill(getpid(), SIGINT), 0);

    assert_int_equal(tr_signals_read(&signals), 2);
    assert_int_equal(tr_signals_read(&signals), 0);
    tr_signals_close(&signals);
}

static void blocks_them_only_while_open(void **state)
{
    (void) state;
    tr_signals signals = {0};

    assert_ok(tr_signals_open(&signals));
    assert_true(is_blocked(SIGTERM) && is_blocked(SIGINT));
    assert_false(is_blocked(SIGUSR1));
    tr_signals_close(&signals);

    assert_false(is_blocked(SIGTERM) || is_blocked(SIGINT));
}

static void drops_what_nobody_read(void **state)
{
    (void) state;
    tr_signals signals = {0};
    assert_ok(tr_signals_open(&signals));

    assert_int_equal(kill(getpid(), SIGTERM), 0);
    tr_signals_close(&signals); /* else SIGTERM ends this program now */

    assert_false(tr_signals_are_open(&signals));
}

static void holds_all_back_for_a_while(void **state)
{
    (void) state;
    sigset_t before;

    tr_signals_hold(&before);
    assert_true(is_blocked(SIGUSR1) && is_blocked(SIGTERM));
    assert_false(is_blocked(SIGSEGV));
    tr_signals_release(&before);

    assert_false(is_blocked(SIGUSR1) || is_blocked(SIGTERM));
}

static void closes_what_was_never_opened(void **state)
{
    (void) state;
    tr_signals signals = {0};

    tr_signals_close(&signals);

    assert_false(tr_signals_are_open(&signals));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_what_has_come),
        cmocka_unit_test(blocks_them_only_while_open),
        cmocka_unit_test(drops_what_nobody_read),
        cmocka_unit_test(holds_all_back_for_a_while),
        cmocka_unit_test(closes_what_was_never_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
