/* SPDX-License-Identifier: MIT */
/* What an engine promises: calls run on the worker's thread, once or never, and nobody waits for a
 * stuck one longer than he wants. */
#include "node/engine.h"

#include "node/node.h"
#include "support/node_fixture.h"

#define MS UINT64_C(1000000)

static int make_node(void **state)
{
    *state = a_node_of(2);
    return 0;
}

static int drop_made_node(void **state)
{
    troupe_node *node = *state;
    drop_node(&node);
    return 0;
}

#define WITH_NODE(test) cmocka_unit_test_setup_teardown(test, make_node, drop_made_node)

struct seen {
    const tr_worker *worker;
    uint64_t thread_id;
    uint32_t times;
};

static void see(tr_worker *worker, void *context)
{
    struct seen *seen = context;
    seen->worker = worker;
    seen->thread_id = tr_thread_id();
    seen->times++;
}

static void runs_a_call_on_the_threads_of_its_worker(void **state)
{
    troupe_node *node = *state;
    struct seen seen[2] = {0};

    assert_ok(tr_engine_call_and_wait(node->engines[0], see, &seen[0], TR_NEVER));
    assert_ok(tr_engine_call_and_wait(node->engines[1], see, &seen[1], TR_NEVER));

    assert_ptr_equal(seen[0].worker, tr_ends_worker(&node->ends, 0));
    assert_ptr_equal(seen[1].worker, tr_ends_worker(&node->ends, 1));
    assert_true(seen[0].thread_id != seen[1].thread_id);
    assert_true(seen[0].thread_id != tr_thread_id());
    assert_false(tr_engine_is_current(node->engines[0]));
}

static void gives_up_a_call_to_a_stuck_worker(void **state)
{
    troupe_node *node = *state;
    struct blocking blocking = {.probe = a_probe(), .latch = a_latch()};
    struct seen seen = {0};
    a_root_of(node, TROUPE_SPAWN(.body = blocking_body, .argument = &blocking));
    assert_true(probe_wait_for(blocking.probe, "blocked"));

    assert_fails(
        tr_engine_call_and_wait(node->engines[0], see, &seen, tr_node_now_ns(node) + 20 * MS),
        TIMED_OUT);

    latch_open(blocking.latch);
    assert_true(probe_wait_for(blocking.probe, "freed"));
    struct seen next = {0};
    assert_ok(tr_engine_call_and_wait(node->engines[0], see, &next, TR_NEVER));
    assert_int_equal(seen.times, 0);
    drop_probe(&blocking.probe);
    drop_latch(&blocking.latch);
}

static void refuses_calls_once_it_has_ended(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(1);
    struct seen seen = {0};
    troupe_node_stop(node);
    assert_ok(troupe_node_join(node));

    assert_fails(tr_engine_call_and_wait(node->engines[0], see, &seen, TR_NEVER), STOPPING);

    assert_true(tr_engine_is_at_rest(node->engines[0]));
    assert_int_equal(seen.times, 0);
    drop_node(&node);
}

static void runs_a_posted_call_once(void **state)
{
    troupe_node *node = *state;
    struct seen seen = {0};
    tr_engine_call call = {.run = see, .context = &seen};
    struct seen after = {0};

    tr_engine_post(node->engines[0], &call);
    assert_ok(tr_engine_call_and_wait(node->engines[0], see, &after, TR_NEVER));

    assert_int_equal(seen.times, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_NODE(runs_a_call_on_the_threads_of_its_worker),
        WITH_NODE(gives_up_a_call_to_a_stuck_worker),
        cmocka_unit_test(refuses_calls_once_it_has_ended),
        WITH_NODE(runs_a_posted_call_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
