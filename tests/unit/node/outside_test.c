/* SPDX-License-Identifier: MIT */
/* What the real ports promise: batches between all workers, own threads up to the limit. */
#include "node/outside.h"

#include <stdatomic.h>

#include "support/node_fixture.h"

#define OWN_THREADS 5

/* Says the thread that it runs on, and stays until it is stopped. */
static troupe_error there_body(troupe_self *self, void *argument)
{
    probe_say(argument, "%u", troupe_self_worker(self));
    return idle_body(self, NULL);
}

/* Blocks its thread as only one with a thread of its own may. */
static troupe_error short_body(troupe_self *self, void *argument)
{
    struct blocking *blocking = argument;
    probe_say(blocking->probe, "on %u", troupe_self_worker(self));
    latch_pass(blocking->latch);
    return TROUPE_OK;
}

static void runs_actors_on_every_worker(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(4);
    struct probe *seen = a_probe();

    for (uint32_t i = 0; i < 4; i++) {
        a_root_of(node, TROUPE_SPAWN(.body = there_body, .argument = seen,
                                     .place = TROUPE_PLACE_WORKER, .place_worker = i));
    }

    assert_said(seen, "0", "1", "2", "3");
    drop_node(&node);
    drop_probe(&seen);
}

static troupe_error spawn_own(troupe_node *node, troupe_body *body, void *argument)
{
    troupe_ref ref;
    return troupe_node_spawn(
        node, TROUPE_SPAWN(.body = body, .argument = argument, .place = TROUPE_PLACE_OWN_THREAD),
        &ref);
}

static uint32_t parked_count(troupe_node *node)
{
    uint32_t count = 0;
    tr_mutex_lock(&node->mutex);
    for (uint32_t i = 0; i < node->ends.count; i++) {
        count += node->ends.ends[i].is_parked ? 1 : 0;
    }
    tr_mutex_unlock(&node->mutex);
    return count;
}

/* Promise: NODE-OWN-THREADS */
static void gives_actors_threads_of_their_own_up_to_the_limit_and_again(void **state)
{
    (void) state;
    troupe_node *node = a_node(TROUPE_NODE_OPTIONS(.workers = 1, .own_threads_max = OWN_THREADS));

    for (unsigned round = 0; round < 3; round++) {
        struct blocking blocking = {.probe = a_probe(), .latch = a_latch()};
        for (unsigned i = 0; i < OWN_THREADS; i++) {
            troupe_ref ref;
            /* Its start returns only when the latch opens. */
            assert_ok(tr_node_spawn_nowait(node,
                                           TROUPE_SPAWN(.body = short_body, .argument = &blocking,
                                                        .place = TROUPE_PLACE_OWN_THREAD),
                                           &ref));
        }
        assert_true(probe_wait(blocking.probe, OWN_THREADS));
        assert_fails(spawn_own(node, idle_body, NULL), LIMIT_REACHED);
        latch_open(blocking.latch);
        while (parked_count(node) < OWN_THREADS) {
            /* the last are on their way */
        }
        for (uint32_t i = 2; i < 2 + OWN_THREADS; i++) { /* 1 is for threads from outside */
            char line[16];
            (void) snprintf(line, sizeof line, "on %u", i);
            assert_int_equal(probe_count_of(blocking.probe, line), 1);
        }
        drop_probe(&blocking.probe);
        drop_latch(&blocking.latch);
    }
    assert_int_equal(node->ends.count, 2 + OWN_THREADS);
    drop_node(&node);
}

/* Promise: NODE-OWN-THREADS */
static void stops_actors_on_threads_of_their_own(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(2);
    struct probe *seen = a_probe();

    for (unsigned i = 0; i < 3; i++) {
        assert_ok(spawn_own(node, idle_body, seen));
    }
    drop_node(&node);

    assert_int_equal(probe_count_of(seen, "stopped"), 3);
    drop_probe(&seen);
}

static void counts_the_threads_that_want_a_processor(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(2);
    struct probe *seen = a_probe();

    assert_int_equal(atomic_load(&node->crowd.threads), 2);
    assert_ok(spawn_own(node, stopping_body, seen));
    assert_ok(troupe_node_join(node));

    assert_int_equal(atomic_load(&node->crowd.threads), 2);
    assert_true(tr_outside_is_at_rest(node));
    drop_node(&node);
    drop_probe(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_actors_on_every_worker),
        cmocka_unit_test(gives_actors_threads_of_their_own_up_to_the_limit_and_again),
        cmocka_unit_test(stops_actors_on_threads_of_their_own),
        cmocka_unit_test(counts_the_threads_that_want_a_processor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
