/* SPDX-License-Identifier: MIT */
/* What threads promise: they run what they are given, untouched by signals, and wait in time. */
#include "base/clock.h"
#include "base/thread.h"
#include "support/fixtures.h"

#include <signal.h>
#include <string.h>

#define ROUNDS 10000

/* What threads leave behind for the test to look at; guarded by the mutex while they run. */
struct shared {
    tr_mutex mutex;
    tr_condition condition;
    int count;
    bool is_done;
    uint64_t id;
    char name[TR_THREAD_NAME_BYTES_MAX];
    sigset_t blocked;
};

static int make_shared(void **state)
{
    static struct shared shared;
    memset(&shared, 0, sizeof shared);
    tr_mutex_init(&shared.mutex);
    tr_condition_init(&shared.condition);
    *state = &shared;
    return 0;
}

static int drop_shared(void **state)
{
    struct shared *shared = *state;
    tr_condition_fini(&shared->condition);
    tr_mutex_fini(&shared->mutex);
    return 0;
}

static void describe_itself(void *context)
{
    struct shared *shared = context;
    shared->id = tr_thread_id();
    (void) pthread_getname_np(pthread_self(), shared->name, sizeof shared->name);
    (void) pthread_sigmask(SIG_BLOCK, NULL, &shared->blocked);
}

static void count_to_rounds(void *context)
{
    struct shared *shared = context;
    for (int i = 0; i < ROUNDS; i++) {
        tr_mutex_lock(&shared->mutex);
        shared->count++;
        tr_mutex_unlock(&shared->mutex);
    }
}

static void be_done(void *context)
{
    struct shared *shared = context;
    tr_mutex_lock(&shared->mutex);
    shared->is_done = true;
    tr_condition_signal(&shared->condition);
    tr_mutex_unlock(&shared->mutex);
}

static void wait_until_done(void *context)
{
    struct shared *shared = context;
    tr_mutex_lock(&shared->mutex);
    while (!shared->is_done) {
        tr_condition_wait(&shared->condition, &shared->mutex);
    }
    shared->count++;
    tr_mutex_unlock(&shared->mutex);
}

static void describe_one(struct shared *shared, const char *name)
{
    tr_thread thread;
    assert_ok(tr_thread_start(&thread, name, describe_itself, shared));
    tr_thread_join(&thread);
}

static void have_an_id_and_a_name(void **state)
{
    struct shared *shared = *state;

    describe_one(shared, "worker-1");

    assert_true(shared->id != 0);
    assert_true(shared->id != tr_thread_id());
    assert_string_equal(shared->name, "worker-1");
}

static void have_long_names_cut(void **state)
{
    struct shared *shared = *state;

    describe_one(shared, "a name of more than 16 bytes");

    assert_string_equal(shared->name, "a name of more ");
}

static void get_no_signals_but_those_of_their_own_faults(void **state)
{
    struct shared *shared = *state;
    sigset_t before;
    sigset_t after;
    (void) pthread_sigmask(SIG_BLOCK, NULL, &before);

    describe_one(shared, "masked");

    assert_int_equal(sigismember(&shared->blocked, SIGINT), 1);
    assert_int_equal(sigismember(&shared->blocked, SIGTERM), 1);
    assert_int_equal(sigismember(&shared->blocked, SIGCHLD), 1);
    assert_int_equal(sigismember(&shared->blocked, SIGSEGV), 0);
    assert_int_equal(sigismember(&shared->blocked, SIGABRT), 0);
    (void) pthread_sigmask(SIG_BLOCK, NULL, &after);
    assert_int_equal(sigismember(&after, SIGINT), sigismember(&before, SIGINT));
}

static void can_give_up_signals_themselves(void **state)
{
    (void) state;
    sigset_t before;
    sigset_t after;
    (void) pthread_sigmask(SIG_BLOCK, NULL, &before);

    tr_thread_block_signals();

    (void) pthread_sigmask(SIG_SETMASK, &before, &after);
    assert_int_equal(sigismember(&after, SIGINT), 1);
    assert_int_equal(sigismember(&after, SIGSEGV), 0);
}

static void take_turns_at_a_mutex(void **state)
{
    struct shared *shared = *state;
    tr_thread one;
    tr_thread other;

    assert_ok(tr_thread_start(&one, "one", count_to_rounds, shared));
    assert_ok(tr_thread_start(&other, "other", count_to_rounds, shared));
    tr_thread_join(&one);
    tr_thread_join(&other);

    assert_int_equal(shared->count, 2 * ROUNDS);
}

static void try_the_mutex(void *context)
{
    struct shared *shared = context;
    const bool is_mine = tr_mutex_try_lock(&shared->mutex);
    if (is_mine) {
        shared->count++;
        tr_mutex_unlock(&shared->mutex);
    }
}

static void do_not_wait_for_a_mutex_that_is_only_tried(void **state)
{
    struct shared *shared = *state;
    tr_thread thread;

    tr_mutex_lock(&shared->mutex);
    assert_ok(tr_thread_start(&thread, "tries", try_the_mutex, shared));
    tr_thread_join(&thread);
    assert_int_equal(shared->count, 0);
    tr_mutex_unlock(&shared->mutex);

    assert_ok(tr_thread_start(&thread, "tries", try_the_mutex, shared));
    tr_thread_join(&thread);
    assert_int_equal(shared->count, 1);
}

static void wait_for_each_other(void **state)
{
    struct shared *shared = *state;
    tr_thread thread;
    assert_ok(tr_thread_start(&thread, "done", be_done, shared));

    tr_mutex_lock(&shared->mutex);
    while (!shared->is_done) {
        (void) tr_condition_wait_until(&shared->condition, &shared->mutex,
                                       TR_NEVER); /* looks again */
    }
    tr_mutex_unlock(&shared->mutex);

    tr_thread_join(&thread);
    assert_true(shared->is_done);
}

static void wake_all_who_wait(void **state)
{
    struct shared *shared = *state;
    tr_thread threads[3];
    for (size_t i = 0; i < 3; i++) {
        assert_ok(tr_thread_start(&threads[i], "waits", wait_until_done, shared));
    }

    tr_mutex_lock(&shared->mutex);
    shared->is_done = true;
    tr_condition_broadcast(&shared->condition);
    tr_mutex_unlock(&shared->mutex);

    for (size_t i = 0; i < 3; i++) {
        tr_thread_join(&threads[i]);
    }
    assert_int_equal(shared->count, 3);
}

static void do_not_wait_past_a_deadline(void **state)
{
    struct shared *shared = *state;
    const tr_clock clock = tr_clock_real();
    const uint64_t deadline_ns = clock.now_ns(clock.context) + 1000000;

    tr_mutex_lock(&shared->mutex);
    bool is_in_time = true;
    while (is_in_time) {
        is_in_time = tr_condition_wait_until(&shared->condition, &shared->mutex, deadline_ns);
    }
    tr_mutex_unlock(&shared->mutex);

    assert_true(clock.now_ns(clock.context) >= deadline_ns);
}

static void have_at_least_one_processor(void **state)
{
    (void) state;
    assert_true(tr_processor_count() >= 1);
}

#define WITH_SHARED(test) cmocka_unit_test_setup_teardown(test, make_shared, drop_shared)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SHARED(have_an_id_and_a_name),
        WITH_SHARED(have_long_names_cut),
        WITH_SHARED(get_no_signals_but_those_of_their_own_faults),
        cmocka_unit_test(can_give_up_signals_themselves),
        WITH_SHARED(take_turns_at_a_mutex),
        WITH_SHARED(do_not_wait_for_a_mutex_that_is_only_tried),
        WITH_SHARED(wait_for_each_other),
        WITH_SHARED(wake_all_who_wait),
        WITH_SHARED(do_not_wait_past_a_deadline),
        cmocka_unit_test(have_at_least_one_processor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
