/* SPDX-License-Identifier: MIT */
/* What looking at a node from outside promises: all actors before, while and after it runs, and a
 * stuck worker is passed by. */
#include "node/inspect.h"

#include <string.h>
#include <troupe/message.h>
#include <troupe/send.h>

#include "support/node_fixture.h"

#define MS UINT64_C(1000000)

static const troupe_type stone_type = TROUPE_SIGNAL("stone");

static const troupe_actor_info *find(const troupe_snapshot *snapshot, const char *name)
{
    for (size_t i = 0; i < snapshot->actor_count; i++) {
        if (strcmp(snapshot->actors[i].name, name) == 0) {
            return &snapshot->actors[i];
        }
    }
    return NULL;
}

/* Promise: NODE-SNAPSHOT */
static void sees_actors_of_all_workers(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(3);
    TROUPE_AUTO(troupe_snapshot) *snapshot = NULL;
    const troupe_ref first =
        a_root_of(node, TROUPE_SPAWN(.name = "first", .body = idle_body,
                                     .place = TROUPE_PLACE_WORKER, .place_worker = 0));
    a_root_of(node, TROUPE_SPAWN(.name = "last", .body = idle_body, .place = TROUPE_PLACE_WORKER,
                                 .place_worker = 2));

    assert_ok(troupe_node_snapshot(node, &snapshot));

    assert_int_equal(snapshot->worker_count, 3 + 1); /* and that of threads from outside */
    assert_non_null(find(snapshot, "first"));
    assert_true(troupe_ref_is_same(find(snapshot, "first")->ref, first));
    assert_int_equal(find(snapshot, "first")->worker, 0);
    assert_non_null(find(snapshot, "last"));
    assert_int_equal(find(snapshot, "last")->worker, 2);
    drop_node(&node);
}

/* Promise: NODE-SNAPSHOT */
static void sees_a_node_that_does_not_run(void **state)
{
    (void) state;
    troupe_node *node = NULL;
    TROUPE_AUTO(troupe_snapshot) *before = NULL;
    TROUPE_AUTO(troupe_snapshot) *after = NULL;
    assert_ok(troupe_node_create(TROUPE_NODE_OPTIONS(.workers = 2), &node));

    assert_ok(troupe_node_snapshot(node, &before));
    assert_ok(troupe_node_start(node));
    a_root_of(node, TROUPE_SPAWN(.body = idle_body));
    troupe_node_stop(node);
    assert_ok(troupe_node_join(node));
    assert_ok(troupe_node_snapshot(node, &after));

    assert_int_equal(before->worker_count, 2 + 1);
    assert_int_equal(after->actor_count, 0);
    assert_int_equal(after->node.spawned, after->node.ended);
    assert_true(after->node.ended >= 1);
    drop_node(&node);
}

static void passes_by_a_stuck_worker(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(2);
    struct blocking blocking = {.probe = a_probe(), .latch = a_latch()};
    TROUPE_AUTO(troupe_snapshot) *snapshot = NULL;
    tr_silent silent;
    a_root_of(node, TROUPE_SPAWN(.body = blocking_body, .argument = &blocking,
                                 .place = TROUPE_PLACE_WORKER, .place_worker = 1));
    assert_true(probe_wait_for(blocking.probe, "blocked"));

    assert_ok(tr_inspect(node, tr_node_now_ns(node) + 20 * MS, &snapshot, &silent));

    assert_int_equal(silent.count, 1);
    assert_int_equal(silent.workers[0], 1);
    latch_open(blocking.latch);
    drop_node(&node);
    drop_probe(&blocking.probe);
    drop_latch(&blocking.latch);
}

/* Sends three messages to the actor named "heap". */
static troupe_error thrower_body(troupe_self *self, void *argument)
{
    troupe_ref to;
    troupe_error error = troupe_lookup(self, "heap", &to);
    for (unsigned i = 0; i < 3 && !error; i++) {
        TROUPE_AUTO(troupe_message) *message = NULL;
        error = troupe_message_create(self, &stone_type, NULL, &message);
        if (!error) {
            error = troupe_send_message(self, to, &message);
        }
    }
    probe_say(argument, "thrown");
    return error;
}

/* Takes nothing until it is stopped. */
static troupe_error heap_body(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_ready(self);
    (void) troupe_sleep(self, TROUPE_FOREVER); /* until told to stop */
    return TROUPE_OK;
}

/* Promise: NODE-DEPTH */
static void tells_the_depth_of_a_mailbox_from_any_thread(void **state)
{
    (void) state;
    troupe_node *node = a_node(TROUPE_NODE_OPTIONS(.workers = 2, .drain_timeout = TROUPE_NOW));
    struct probe *seen = a_probe();
    uint32_t depth = 99;
    uint32_t peak = 99;
    const troupe_ref heap =
        a_root_of(node, TROUPE_SPAWN(.name = "heap", .body = heap_body, .mailbox_capacity = 5));
    a_root_of(node, TROUPE_SPAWN(.body = thrower_body, .argument = seen));
    assert_true(probe_wait(seen, 1));

    assert_ok(troupe_node_depth(node, heap, &depth, &peak));

    assert_int_equal(depth, 3);
    assert_int_equal(peak, 3);
    drop_node(&node);
    drop_probe(&seen);
}

/* Promise: NODE-DEPTH */
static void knows_no_depth_of_who_is_not_there(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(1);
    struct probe *seen = a_probe();
    uint32_t depth = 0;
    uint32_t peak = 0;
    const troupe_ref ref = a_root_of(node, TROUPE_SPAWN(.body = stopping_body, .argument = seen));
    troupe_ref future = ref;
    future.generation += 7;
    troupe_ref nowhere = ref;
    nowhere.slot = UINT32_MAX;
    assert_ok(troupe_node_join(node));

    assert_fails(troupe_node_depth(node, ref, &depth, &peak), STALE);
    assert_fails(troupe_node_depth(node, future, &depth, &peak), NO_SUCH_ACTOR);
    assert_fails(troupe_node_depth(node, nowhere, &depth, &peak), NO_SUCH_ACTOR);
    assert_fails(troupe_node_depth(node, troupe_ref_none(), &depth, &peak), NO_SUCH_ACTOR);
    assert_fails(troupe_node_depth(NULL, ref, &depth, &peak), BAD_ARGUMENT);
    assert_fails(troupe_node_depth(node, ref, NULL, &peak), BAD_ARGUMENT);
    assert_fails(troupe_node_snapshot(node, NULL), BAD_ARGUMENT);
    drop_node(&node);
    drop_probe(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_actors_of_all_workers),
        cmocka_unit_test(sees_a_node_that_does_not_run),
        cmocka_unit_test(passes_by_a_stuck_worker),
        cmocka_unit_test(tells_the_depth_of_a_mailbox_from_any_thread),
        cmocka_unit_test(knows_no_depth_of_who_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
