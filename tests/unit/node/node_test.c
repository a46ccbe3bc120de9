/* SPDX-License-Identifier: MIT */
/* What a node promises: made whole or not at all, started once, stopped and destroyed in any
 * order. */
#include "node/node.h"

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/failing_allocator.h"
#include "support/node_fixture.h"

/* Promise: NODE-WHOLE */
static void is_whole_or_not_at_all_when_memory_is_out(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    troupe_error error = TROUPE_ERROR_NO_MEMORY;
    troupe_node *node = NULL;

    for (int64_t allowed = 0; error == TROUPE_ERROR_NO_MEMORY; allowed++) {
        assert_int_equal(tr_failing_allocator_live(&memory), 0);
        tr_failing_allocator_fail_after(&memory, allowed);
        error =
            troupe_node_create(TROUPE_NODE_OPTIONS(.workers = 2, .allocator = &allocator), &node);
        assert_true((error == TROUPE_OK) == (node != NULL));
    }

    assert_ok(error);
    tr_failing_allocator_fail_never(&memory);
    troupe_node_destroy(&node);
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
}

/* Promise: NODE-WHOLE */
static void can_be_started_again_when_memory_was_out(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    troupe_node *node = NULL;
    assert_ok(
        troupe_node_create(TROUPE_NODE_OPTIONS(.workers = 2, .allocator = &allocator), &node));
    troupe_error error = TROUPE_ERROR_NO_MEMORY;

    for (int64_t allowed = 0; error == TROUPE_ERROR_NO_MEMORY; allowed++) {
        tr_failing_allocator_fail_after(&memory, allowed);
        error = troupe_node_start(node);
    }

    assert_ok(error);
    tr_failing_allocator_fail_never(&memory);
    drop_node(&node);
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
}

static void refuses_null(void **state)
{
    (void) state;
    troupe_node *none = NULL;
    troupe_ref ref;

    assert_fails(troupe_node_create(NULL, NULL), BAD_ARGUMENT);
    assert_fails(troupe_node_start(NULL), BAD_ARGUMENT);
    assert_fails(troupe_node_join(NULL), BAD_ARGUMENT);
    assert_fails(troupe_node_spawn(NULL, TROUPE_SPAWN(.body = idle_body), &ref), BAD_ARGUMENT);
    troupe_node_stop(NULL);
    troupe_node_destroy(NULL);
    troupe_node_destroy(&none);
}

/* Promise: NODE-ORDER */
static void starts_once(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(1);

    assert_fails(troupe_node_start(node), BAD_ARGUMENT);

    drop_node(&node);
}

/* Promise: NODE-ORDER */
static void can_be_destroyed_in_every_state(void **state)
{
    (void) state;
    for (unsigned steps = 0; steps < 4; steps++) {
        troupe_node *node = NULL;
        assert_ok(troupe_node_create(TROUPE_NODE_OPTIONS(.workers = 2), &node));
        if (steps > 0) {
            assert_ok(troupe_node_start(node));
        }
        if (steps > 1) {
            troupe_node_stop(node);
        }
        if (steps > 2) {
            assert_ok(troupe_node_join(node));
        }

        troupe_node_destroy(&node);

        assert_null(node);
    }
}

/* Promise: NODE-ORDER */
static void stops_before_it_was_started(void **state)
{
    (void) state;
    troupe_node *node = NULL;
    assert_ok(troupe_node_create(NULL, &node));
    assert_fails(troupe_node_join(node), BAD_ARGUMENT);

    troupe_node_stop(node);

    assert_ok(troupe_node_join(node));
    assert_fails(troupe_node_start(node), BAD_ARGUMENT);
    troupe_node_destroy(&node);
}

static void may_be_stopped_and_joined_again(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(2);

    troupe_node_stop(node);
    troupe_node_stop(node);
    assert_ok(troupe_node_join(node));
    assert_ok(troupe_node_join(node));
    troupe_node_stop(node);

    drop_node(&node);
}

/* Promise: NODE-APART */
static void does_not_know_of_another_node_in_the_process(void **state)
{
    (void) state;
    troupe_node *left = a_node_of(2);
    troupe_node *right = a_node_of(2);
    struct probe *seen = a_probe();
    uint32_t depth = 0;
    uint32_t peak = 0;

    const troupe_ref ref =
        a_root_of(left, TROUPE_SPAWN(.name = "same", .body = idle_body, .argument = seen));
    a_root_of(right, TROUPE_SPAWN(.name = "same", .body = idle_body, .argument = seen));
    assert_fails(troupe_node_depth(right, ref, &depth, &peak), STALE);
    drop_node(&left);

    assert_true(probe_wait(seen, 3));
    assert_int_equal(probe_count_of(seen, "stopped"), 1);
    drop_node(&right);
    assert_int_equal(probe_count_of(seen, "stopped"), 2);
    drop_probe(&seen);
}

static unsigned count_threads(void)
{
    unsigned count = 0;
    DIR *threads = opendir("/proc/self/task");
    assert_non_null(threads);
    for (const struct dirent *entry = readdir(threads); entry != NULL; entry = readdir(threads)) {
        count += entry->d_name[0] != '.';
    }
    assert_int_equal(closedir(threads), 0);
    return count;
}

/* Promise: NODE-NO-THREAD */
static void starts_no_thread_before_start(void **state)
{
    (void) state;
    troupe_node *node = NULL;
    const unsigned before = count_threads();
    assert_ok(troupe_node_create(TROUPE_NODE_OPTIONS(.workers = 2), &node));
    assert_int_equal(count_threads(), before);
    assert_ok(troupe_node_start(node));
    assert_true(count_threads() > before);
    drop_node(&node);
}

/* Promise: NODE-QUIET */
static void leaves_signals_alone_unless_asked(void **state)
{
    (void) state;
    struct sigaction before[NSIG];
    sigset_t blocked_before;
    sigset_t blocked;
    for (int i = 1; i < NSIG; i++) {
        (void) sigaction(i, NULL, &before[i]); /* fails for those of the C library */
    }
    assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &blocked_before), 0);
    troupe_node *node = a_node_of(2);
    assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &blocked), 0);
    for (int i = 1; i < NSIG; i++) {
        struct sigaction now = before[i];
        (void) sigaction(i, NULL, &now);
        assert_true(now.sa_handler == before[i].sa_handler);
        assert_int_equal(sigismember(&blocked, i), sigismember(&blocked_before, i));
    }
    drop_node(&node);
}

/* Everything that takes the node, in a child by fork; the status is the number of what is wrong. */
static int try_all(troupe_node *node)
{
    troupe_ref ref;
    troupe_snapshot *snapshot = NULL;
    char text[64] = "x";
    if (troupe_node_start(node) != TROUPE_ERROR_FORKED) {
        return 1;
    }
    if (troupe_node_spawn(node, TROUPE_SPAWN(.body = idle_body), &ref) != TROUPE_ERROR_FORKED) {
        return 2;
    }
    if (troupe_node_join(node) != TROUPE_ERROR_FORKED) {
        return 3;
    }
    if (troupe_node_snapshot(node, &snapshot) != TROUPE_ERROR_FORKED) {
        return 4;
    }
    troupe_node_report(node, text, sizeof text);
    if (text[0] != '\0') {
        return 5;
    }
    troupe_node_stop(node);
    troupe_node_destroy(&node);
    return node == NULL ? 0 : 6;
}

/* Promise: NODE-FORK */
static void is_of_no_use_to_a_child_by_fork_and_does_not_hang_it(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(2);
    int status = -1;

    const pid_t child = fork();
    if (child == 0) {
        _exit(try_all(node));
    }

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    a_root_of(node, TROUPE_SPAWN(.body = idle_body)); /* the parent's goes on */
    drop_node(&node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_whole_or_not_at_all_when_memory_is_out),
        cmocka_unit_test(can_be_started_again_when_memory_was_out),
        cmocka_unit_test(refuses_null),
        cmocka_unit_test(starts_once),
        cmocka_unit_test(can_be_destroyed_in_every_state),
        cmocka_unit_test(stops_before_it_was_started),
        cmocka_unit_test(may_be_stopped_and_joined_again),
        cmocka_unit_test(does_not_know_of_another_node_in_the_process),
        cmocka_unit_test(starts_no_thread_before_start),
        cmocka_unit_test(leaves_signals_alone_unless_asked),
        cmocka_unit_test(is_of_no_use_to_a_child_by_fork_and_does_not_hang_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
