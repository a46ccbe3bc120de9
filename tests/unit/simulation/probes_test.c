/* SPDX-License-Identifier: MIT */
/* What the actors behind probes do: they take in all that comes, and end with their nodes. */
#include <troupe/troupe.h>

#include "support/kit_fixture.h"

static troupe_error sends_ten(troupe_self *self, void *argument)
{
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 1; i <= 10 && !error; i++) {
        error = send_figure(self, *(const troupe_ref *) argument, i);
    }
    return error;
}

static const uint64_t seven = 7;

/* Promise: KIT-PROBE */
static void see_several_messages_in_their_order(void **state)
{
    struct kit_stage *stage = *state;
    troupe_ref to = troupe_probe_ref(stage->probe);
    troupe_ref sender = troupe_ref_none();
    troupe_must(stage->kit,
                troupe_probe_spawn(stage->probe, TROUPE_SPAWN(.body = sends_ten, .argument = &to),
                                   &sender));
    troupe_rest(stage->kit);
    assert_int_equal(troupe_probe_count(stage->probe), 11);
    for (uint64_t i = 1; i <= 10; i++) {
        assert_int_equal(expect_figure(stage->probe, TROUPE_WITHIN_S(1)), i);
    }
    const troupe_down down = troupe_expect_down(stage->probe, sender, TROUPE_WITHIN_S(1));
    assert_int_equal(down.kind, TROUPE_DOWN_NORMAL);
    troupe_expect_none(stage->probe, TROUPE_WITHIN_S(1));
}

static troupe_error find_other(troupe_self *self, void *context)
{
    return troupe_lookup(self, "other", context);
}

/* Promise: KIT-PROBE */
static void do_what_any_actor_may(void **state)
{
    struct kit_stage *stage = *state;
    troupe_probe *other = NULL;
    troupe_ref found = troupe_ref_none();
    assert_fails(troupe_probe_do(stage->probe, find_other, &found), NO_SUCH_ACTOR);
    troupe_must(stage->kit, troupe_probe_create(stage->kit, 0, "other", &other));
    troupe_must(stage->kit, troupe_probe_do(stage->probe, find_other, &found));
    assert_true(troupe_ref_is_same(found, troupe_probe_ref(other)));
}

/* Promise: KIT-CRASH */
static void end_with_their_node(void **state)
{
    struct kit_stage *stage = *state;
    troupe_simulation *simulation = troupe_kit_simulation(stage->kit);
    uint32_t node = 0;
    troupe_probe *far = NULL;
    troupe_must(stage->kit,
                troupe_simulation_add(simulation, TROUPE_SIMULATION_NODE(.name = "far"), &node));
    troupe_must(stage->kit, troupe_probe_create(stage->kit, node, NULL, &far));
    const troupe_ref there = troupe_probe_ref(far);
    /* Who first wants to reach a node begins the connection. */
    assert_fails(troupe_probe_send(stage->probe, there, TROUPE_STRUCT(&figure_type, &seven)),
                 UNREACHABLE);
    troupe_advance(stage->kit, TROUPE_WITHIN_S(1));
    troupe_must(stage->kit, troupe_probe_watch(stage->probe, there));
    troupe_expect_none(stage->probe, TROUPE_WITHIN_S(1));
    troupe_must(stage->kit, troupe_simulation_script(simulation, "crash far for 10 ms"));
    const troupe_down down = troupe_expect_down(stage->probe, there, TROUPE_WITHIN_S(5));
    assert_int_equal(down.kind, TROUPE_DOWN_NODE_LOST);
    assert_fails(troupe_probe_send(far, there, TROUPE_STRUCT(&figure_type, &seven)), STALE);
    troupe_advance(stage->kit, TROUPE_WITHIN_MS(20));
    assert_fails(troupe_probe_watch(far, there), STALE);
    troupe_must(stage->kit, troupe_probe_create(stage->kit, node, NULL, &far));
    troupe_expect_none(far, TROUPE_WITHIN_MS(1));
}

static troupe_error sets_true(troupe_self *self, void *context)
{
    (void) self;
    *(bool *) context = true;
    return TROUPE_OK;
}

/* Promise: KIT-PROBE */
static void do_not_do_later_what_was_given_up(void **state)
{
    struct kit_stage *stage = *state;
    bool is_set = false;
    troupe_must(stage->kit,
                troupe_simulation_script(troupe_kit_simulation(stage->kit), "stall test for 15 s"));
    troupe_rest(stage->kit);
    assert_fails(troupe_probe_do(stage->probe, sets_true, &is_set), TIMED_OUT);
    troupe_advance(stage->kit, TROUPE_WITHIN_S(10));
    assert_false(is_set);
    troupe_must(stage->kit, troupe_probe_do(stage->probe, sets_true, &is_set));
    assert_true(is_set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KIT(see_several_messages_in_their_order),
        WITH_KIT(do_what_any_actor_may),
        WITH_KIT(do_not_do_later_what_was_given_up),
        WITH_KIT(end_with_their_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
