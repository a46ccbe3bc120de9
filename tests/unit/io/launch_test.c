/* SPDX-License-Identifier: MIT */
#include "io/launch.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/failing_allocator.h"
#include "support/fixtures.h"

static void copies_all_that_it_is_given(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    const char *const arguments[] = {"sort", "-r", NULL};
    const char *const environment[] = {"A=1", "B=2", "C=3", NULL};
    const troupe_process_options options = {.program = "sort",
                                            .arguments = arguments,
                                            .environment = environment,
                                            .folder = "/tmp",
                                            .errors = TROUPE_STREAM_WITH_OUTPUT};
    tr_launch *launch = NULL;
    tr_failing_allocator_fail_after(&memory, 0);
    assert_fails(tr_launch_create(&allocator, &options, &launch), NO_MEMORY);
    tr_failing_allocator_fail_after(&memory, 1);
    assert_ok(tr_launch_create(&allocator, &options, &launch));
    assert_string_equal(launch->program, "sort");
    assert_string_equal(launch->folder, "/tmp");
    assert_string_equal(launch->arguments[1], "-r");
    assert_null(launch->arguments[2]);
    assert_string_equal(launch->environment[2], "C=3");
    assert_null(launch->environment[3]);
    assert_int_equal(launch->streams[2], TROUPE_STREAM_WITH_OUTPUT);
    assert_true(launch->has_own_group);
    tr_launch_destroy(&launch);
    tr_launch_destroy(&launch);
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
}

static void leaves_nothing_when_descriptors_are_out(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    const troupe_process_options options = {
        .program = "true", .input = TROUPE_STREAM_PIPE, .output = TROUPE_STREAM_PIPE};
    tr_launch *launch = NULL;
    assert_ok(tr_launch_create(&allocator, &options, &launch));
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const int lowest = dup(0);
    assert_int_equal(close(lowest), 0);
    int number = EMFILE;
    tr_launched launched = {.id = 0};
    for (unsigned more = 0; number == EMFILE; more++) {
        const struct rlimit few = {.rlim_cur = (rlim_t) lowest + more, .rlim_max = before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        number = tr_launch_run(launch, &launched);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        const int next = dup(0);
        assert_int_equal(close(next), 0);
        assert_true(number == 0 || next == lowest);
    }
    assert_int_equal(number, 0);
    int raw = 1;
    assert_int_equal(waitpid(launched.id, &raw, 0), launched.id);
    assert_int_equal(raw, 0);
    assert_true(launched.ends[0] >= 3 && launched.ends[1] >= 3 && launched.ends[2] == -1);
    assert_int_equal(close(launched.ends[0]), 0);
    assert_int_equal(close(launched.ends[1]), 0);
    tr_launch_destroy(&launch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_all_that_it_is_given),
        cmocka_unit_test(leaves_nothing_when_descriptors_are_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
