/* SPDX-License-Identifier: MIT */
/* What the table of signals promises: each row counts, and what was there before comes back. */
#include "io/signal_table.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <troupe/signal.h>
#include <unistd.h>

#include "base/thread.h"
#include "support/fixtures.h"

static volatile sig_atomic_t heard_before;

static void hear(int number)
{
    (void) number;
    heard_before = heard_before + 1;
}

static uint64_t count_of(int fd)
{
    uint64_t count = 0;
    return read(fd, &count, sizeof count) == (ssize_t) sizeof count ? count : 0;
}

static void counts_for_each_row_and_puts_back_what_was_there(void **state)
{
    (void) state;
    const struct sigaction own = {.sa_handler = hear};
    struct sigaction found;
    int row[3];
    int fd[3];
    heard_before = 0;
    assert_int_equal(sigaction(SIGUSR1, &own, NULL), 0);
    assert_ok(tr_signal_table_add(SIGUSR1, &row[0], &fd[0]));
    assert_ok(tr_signal_table_add(SIGUSR1, &row[1], &fd[1]));
    assert_ok(tr_signal_table_add(SIGUSR2, &row[2], &fd[2]));
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(raise(SIGUSR2), 0);
    assert_int_equal(count_of(fd[0]), 2);
    tr_signal_table_remove(row[0]);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(count_of(fd[1]), 3);
    assert_int_equal(count_of(fd[2]), 1);
    assert_int_equal(heard_before, 0);
    tr_signal_table_remove(row[1]);
    tr_signal_table_remove(row[2]);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(heard_before, 1);
    assert_int_equal(sigaction(SIGUSR2, NULL, &found), 0);
    assert_true(found.sa_handler == SIG_DFL);
    assert_int_equal(fcntl(fd[0], F_GETFD), -1);
    assert_int_equal(signal(SIGUSR1, SIG_DFL) == SIG_ERR, 0);
}

static void has_so_many_rows_and_no_more(void **state)
{
    (void) state;
    int rows[TROUPE_SIGNAL_WATCHES_MAX];
    int fd = -1;
    for (unsigned i = 0; i < TROUPE_SIGNAL_WATCHES_MAX; i++) {
        assert_ok(tr_signal_table_add(SIGRTMIN, &rows[i], &fd));
    }
    int row = -1;
    assert_fails(tr_signal_table_add(SIGRTMIN, &row, &fd), LIMIT_REACHED);
    tr_signal_table_remove(rows[7]);
    assert_ok(tr_signal_table_add(SIGHUP, &rows[7], &fd));
    for (unsigned i = 0; i < TROUPE_SIGNAL_WATCHES_MAX; i++) {
        tr_signal_table_remove(rows[i]);
    }
}

static void refuses_what_is_not_to_be_caught(void **state)
{
    (void) state;
    static const int numbers[] = {-1, 0, 32, 33, 65, 1000, SIGKILL, SIGSTOP, SIGSEGV, SIGABRT};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        int row = -1;
        int fd = -1;
        assert_fails(tr_signal_table_add(numbers[i], &row, &fd), BAD_ARGUMENT);
    }
}

/* A child by fork has the handler, but the descriptor is its parent's. */
static void tells_the_parent_nothing_of_a_childs_signals(void **state)
{
    (void) state;
    int row = -1;
    int fd = -1;
    assert_ok(tr_signal_table_add(SIGUSR1, &row, &fd));
    const pid_t child = fork();
    if (child == 0) {
        (void) raise(SIGUSR1);
        _exit(0);
    }
    int raw = 1;
    assert_int_equal(waitpid(child, &raw, 0), child);
    assert_int_equal(raw, 0);
    assert_int_equal(count_of(fd), 0);
    tr_signal_table_remove(row);
}

static _Atomic int must_end;

static void raise_many(void *context)
{
    sigset_t wanted;
    (void) context;
    (void) sigemptyset(&wanted);
    (void) sigaddset(&wanted, SIGUSR1);
    (void) pthread_sigmask(SIG_UNBLOCK, &wanted, NULL);
    while (must_end == 0) {
        (void) raise(SIGUSR1);
    }
}

/* A row is not closed under a handler that runs on another thread. */
static void lets_handlers_finish_before_it_closes(void **state)
{
    (void) state;
    int kept = -1;
    int fd = -1;
    tr_thread threads[2];
    assert_ok(tr_signal_table_add(SIGUSR1, &kept, &fd));
    must_end = 0;
    assert_ok(tr_thread_start(&threads[0], "raiser", raise_many, NULL));
    assert_ok(tr_thread_start(&threads[1], "raiser", raise_many, NULL));
    uint64_t heard = 0;
    for (int closed = 0; closed < 500 || heard < 1000; closed++) {
        heard += count_of(fd);
        int row = -1;
        int own = -1;
        int ends[2];
        const troupe_error error = tr_signal_table_add(SIGUSR1, &row, &own);
        if (error == TROUPE_ERROR_LIMIT_REACHED) { /* a handler was stopped for long */
            closed--;
            continue;
        }
        assert_ok(error);
        tr_signal_table_remove(row);
        /* What has its number now is written to by nobody. */
        assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
        char byte = 0;
        assert_int_equal(read(ends[0], &byte, 1), -1);
        assert_int_equal(close(ends[0]), 0);
        assert_int_equal(close(ends[1]), 0);
    }
    must_end = 1;
    tr_thread_join(&threads[0]);
    tr_thread_join(&threads[1]);
    tr_signal_table_remove(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_for_each_row_and_puts_back_what_was_there),
        cmocka_unit_test(has_so_many_rows_and_no_more),
        cmocka_unit_test(refuses_what_is_not_to_be_caught),
        cmocka_unit_test(tells_the_parent_nothing_of_a_childs_signals),
        cmocka_unit_test(lets_handlers_finish_before_it_closes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
