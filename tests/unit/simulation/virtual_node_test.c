/* SPDX-License-Identifier: MIT */
/* What one virtual node promises to who drives it by hand. */
#include "simulation/virtual_node.h"

#include <troupe/troupe.h>

#include "base/memory.h"
#include "support/fixtures.h"
#include "support/probe.h"

#define MS UINT64_C(1000000)

struct stage {
    tr_course course;
    tr_virtual_node *node;
    struct probe *seen;
};

static int make(void **state)
{
    static struct stage stage;
    tr_world_options options;
    stage = (struct stage) {.seen = a_probe()};
    tr_course_init(&stage.course, 1);
    assert_ok(tr_world_options_read(&options, NULL));
    const tr_virtual_identity identity = {.id = 77, .index = 3, .incarnation = 2};
    assert_ok(tr_virtual_node_create(&stage.course, &options, tr_allocator_default(), &identity,
                                     &stage.node));
    *state = &stage;
    return 0;
}

static int drop(void **state)
{
    struct stage *stage = *state;
    tr_virtual_node_destroy(&stage->node);
    tr_virtual_node_destroy(&stage->node); /* of none: nothing */
    drop_probe(&stage->seen);
    return 0;
}

/* All that can be done now. */
static uint32_t drive(struct stage *stage)
{
    uint32_t steps = 0;
    for (uint32_t choices = tr_virtual_node_choices(stage->node); choices > 0;
         choices = tr_virtual_node_choices(stage->node)) {
        tr_virtual_node_step(stage->node, choices - 1);
        steps++;
    }
    return steps;
}

static troupe_error sleeps(troupe_self *self, void *seen)
{
    troupe_ready(self);
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(20));
    probe_say(seen, "slept: %s", troupe_error_name(error));
    return error;
}

static void says_when_it_has_something_to_do(void **state)
{
    struct stage *stage = *state;
    tr_root *root = NULL;
    (void) drive(stage);
    assert_int_equal(tr_virtual_node_choices(stage->node), 0);
    assert_ok(tr_virtual_node_spawn(stage->node,
                                    TROUPE_SPAWN(.body = sleeps, .argument = stage->seen), &root));
    assert_true(drive(stage) > 0);
    assert_true(root->is_done);
    assert_int_equal(root->ref.node, 77);
    tr_virtual_node_forget(&root);

    const uint64_t due_ns = tr_virtual_node_next_due_ns(stage->node);
    assert_int_equal(due_ns, stage->course.now_ns + 20 * MS);
    assert_int_equal(tr_virtual_node_choices(stage->node), 0);
    stage->course.now_ns = due_ns;
    assert_true(drive(stage) > 0);
    assert_said(stage->seen, "slept: OK");
    assert_int_equal(tr_virtual_node_roots_ended(stage->node), 1);
}

/* 20 ms of a clock that is a quarter too fast are 16. */
static void lives_by_its_own_clock(void **state)
{
    struct stage *stage = *state;
    tr_root *root = NULL;
    tr_virtual_node_set_skew(stage->node, 250000, 5 * MS);
    assert_int_equal(tr_virtual_node_now_ns(stage->node), stage->course.now_ns + 5 * MS);
    assert_ok(tr_virtual_node_spawn(stage->node,
                                    TROUPE_SPAWN(.body = sleeps, .argument = stage->seen), &root));
    (void) drive(stage);
    tr_virtual_node_forget(&root);
    assert_int_equal(tr_virtual_node_next_due_ns(stage->node), stage->course.now_ns + 16 * MS);
}

static void tells_who_waits_for_a_start_when_it_goes(void **state)
{
    struct stage *stage = *state;
    tr_root *root = NULL;
    assert_ok(tr_virtual_node_spawn(stage->node,
                                    TROUPE_SPAWN(.body = sleeps, .argument = stage->seen), &root));
    tr_virtual_node_destroy(&stage->node);
    assert_true(root->is_done);
    assert_int_equal(root->error, TROUPE_ERROR_NODE_LOST);
    tr_virtual_node_forget(&root);
    assert_silent(stage->seen);
}

static void ends_when_it_is_stopped(void **state)
{
    struct stage *stage = *state;
    char fault[200] = "";
    tr_virtual_node_stop(stage->node);
    tr_virtual_node_stop(stage->node);
    (void) drive(stage);
    assert_true(tr_virtual_node_was_stopped(stage->node));
    assert_true(tr_virtual_node_has_ended(stage->node));
    assert_true(tr_virtual_node_is_at_rest(stage->node));
    assert_true(tr_virtual_node_is_sound(stage->node, fault, sizeof fault));
}

int main(void)
{
#define WITH_NODE(test) cmocka_unit_test_setup_teardown(test, make, drop)
    const struct CMUnitTest tests[] = {
        WITH_NODE(says_when_it_has_something_to_do),
        WITH_NODE(lives_by_its_own_clock),
        WITH_NODE(tells_who_waits_for_a_start_when_it_goes),
        WITH_NODE(ends_when_it_is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
