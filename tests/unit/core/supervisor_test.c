/* SPDX-License-Identifier: MIT */
/* What a supervisor does with its children: the order of starts and stops, who is restarted, when
 * it gives up. */
#include <inttypes.h>
#include <string.h>

#include "support/fixtures.h"
#include "support/parts.h"
#include "support/world_fixture.h"

#define SECOND UINT64_C(1000000000)
#define PARTS 3

struct scene {
    struct probe *seen;
    struct part parts[PARTS];
    troupe_spawn_options spawns[PARTS];
    troupe_child_spec children[PARTS];
    troupe_supervisor_spec spec;
    troupe_ref supervisor;
    void (*act)(troupe_self *self, struct scene *scene);
};

/* Children "a", "b" and "c"; the test changes what it wants otherwise. */
static void set_up(struct scene *scene)
{
    static const char *const names[PARTS] = {"a", "b", "c"};
    *scene = (struct scene) {.seen = a_probe()};
    for (size_t i = 0; i < PARTS; i++) {
        scene->parts[i] = (struct part) {.seen = scene->seen, .name = names[i]};
        scene->spawns[i] = *PART_BODY_SPAWN(scene->parts[i]);
        scene->children[i] =
            (troupe_child_spec) TROUPE_CHILD(.id = names[i], .actor = &scene->spawns[i],
                                             .jitter_percent = 1);
    }
    scene->spec =
        (troupe_supervisor_spec) TROUPE_SUPERVISOR(.name = "head", .children = scene->children,
                                                   .child_count = PARTS);
}

/* Says how the start went, does what the test wants, then how the supervisor ended, if it did. */
static troupe_error root(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_monitor_id monitor;
    const troupe_error error = troupe_supervise(self, &scene->spec, &scene->supervisor);
    probe_say(scene->seen, "start %s", troupe_error_name(error));
    if (error == TROUPE_OK && scene->act != NULL &&
        troupe_monitor(self, scene->supervisor, &monitor) == TROUPE_OK) {
        scene->act(self, scene);
        if (troupe_receive(self, &message, TROUPE_WITHIN_S(300)) == TROUPE_OK) {
            const troupe_down *down = troupe_message_struct(message, &troupe_down_type);
            probe_say(scene->seen, "head down %s", troupe_error_name(down->reason));
        }
    }
    return TROUPE_OK;
}

static void play(tr_world *world, struct scene *scene)
{
    (void) a_root(world, TROUPE_SPAWN(.body = root, .argument = scene,
                                      .ready_when = TROUPE_READY_WHEN_WAITING));
    tr_world_advance(world, 1000 * SECOND);
}

static void pause_ms(troupe_self *self, uint64_t ms)
{
    (void) troupe_sleep(self, TROUPE_WITHIN_MS(ms)); /* the root is not told to stop */
}

static void wants(struct scene *scene, troupe_self *self, const char *name, uint64_t figure)
{
    const troupe_error error = order(self, name, figure);
    if (error) {
        probe_say(scene->seen, "order %s", troupe_error_name(error));
    }
}

static void fails_b_and_stops(troupe_self *self, struct scene *scene)
{
    wants(scene, self, "b", PART_FAIL);
    pause_ms(self, 1000);
    (void) troupe_stop(self, scene->supervisor);
}

static void stops(troupe_self *self, struct scene *scene)
{
    (void) troupe_stop(self, scene->supervisor);
}

/* Promise: SUPERVISOR-ORDER */
static void starts_in_order_and_stops_in_reverse(void **state)
{
    struct scene scene;
    set_up(&scene);
    scene.act = stops;
    scene.parts[1].stops_in_ms = 100; /* the others wait */
    play(*state, &scene);
    assert_said(scene.seen, "a up", "b up", "c up", "start OK", "c down STOPPING",
                "b down STOPPING", "a down STOPPING", "head down OK");
    drop_probe(&scene.seen);
}

/* Promise: SUPERVISOR-READY */
static void waits_until_each_is_ready(void **state)
{
    struct scene scene;
    set_up(&scene);
    scene.act = stops;
    scene.parts[0].is_slow_at = 1;
    scene.children[0].ready_timeout = TROUPE_WITHIN_S(200);
    play(*state, &scene);
    assert_said(scene.seen, "a up", "b up", "c up", "start OK", "c down STOPPING",
                "b down STOPPING", "a down STOPPING", "head down OK");
    assert_true(scene.parts[1].last_start_ns - scene.parts[0].last_start_ns >= 100 * SECOND);
    drop_probe(&scene.seen);
}

/* Promise: SUPERVISOR-START-FAILS */
static void fails_its_start_with_that_of_a_child(void **state)
{
    struct scene scene;
    set_up(&scene);
    scene.parts[2].fails_at = 1;
    play(*state, &scene);
    assert_said(scene.seen, "a up", "b up", "c up", "c down SYSTEM", "b down STOPPING",
                "a down STOPPING", "start SYSTEM");
    drop_probe(&scene.seen);
}

/* Promise: SUPERVISOR-START-FAILS */
static void fails_its_start_when_a_child_is_not_ready_in_time(void **state)
{
    struct scene scene;
    set_up(&scene);
    scene.parts[1].is_slow_at = 1;
    play(*state, &scene);
    assert_said(scene.seen, "a up", "b up", "b down CANCELLED", "a down STOPPING",
                "start TIMED_OUT");
    drop_probe(&scene.seen);
}

/* Promise: SUPERVISOR-STRATEGY */
static void restarts_one_for_one(void **state)
{
    struct scene scene;
    set_up(&scene);
    scene.act = fails_b_and_stops;
    play(*state, &scene);
    assert_said(scene.seen, "a up", "b up", "c up", "start OK", "b 1001", "b down PROTOCOL", "b up",
                "c down STOPPING", "b down STOPPING", "a down STOPPING", "head down OK");
    drop_probe(&scene.seen);
}

/* Promise: SUPERVISOR-STRATEGY */
static void restarts_one_for_all(void **state)
{
    struct scene scene;
    set_up(&scene);
    scene.act = fails_b_and_stops;
    scene.spec.strategy = TROUPE_ONE_FOR_ALL;
    play(*state, &scene);
    assert_said(scene.seen, "a up", "b up", "c up", "start OK", "b 1001", "b down PROTOCOL",
                "c down STOPPING", "a down STOPPING", "a up", "b up", "c up", "c down STOPPING",
                "b down STOPPING", "a down STOPPING", "head down OK");
    drop_probe(&scene.seen);
}

/* Promise: SUPERVISOR-STRATEGY */
static void restarts_the_rest_for_one(void **state)
{
    struct scene scene;
    set_up(&scene);
    scene.act = fails_b_and_stops;
    scene.spec.strategy = TROUPE_REST_FOR_ONE;
    play(*state, &scene);
    assert_said(scene.seen, "a up", "b up", "c up", "start OK", "b 1001", "b down PROTOCOL",
                "c down STOPPING", "b up", "c up", "c down STOPPING", "b down STOPPING",
                "a down STOPPING", "head down OK");
    drop_probe(&scene.seen);
}

/* Promise: SUPERVISOR-STRATEGY */
static void restarts_one_of_a_dynamic_ones(void **state)
{
    struct scene scene;
    set_up(&scene);
    scene.act = fails_b_and_stops;
    scene.spec.strategy = TROUPE_DYNAMIC;
    for (size_t i = 0; i < PARTS; i++) { /* one after the other in any case */
        scene.spawns[i].place = TROUPE_PLACE_WITH_PARENT;
    }
    play(*state, &scene);
    assert_said(scene.seen, "a up", "b up", "c up", "start OK", "b 1001", "b down PROTOCOL", "b up",
                "a down STOPPING", "b down STOPPING", "c down STOPPING", "head down OK");
    drop_probe(&scene.seen);
}

static void returns_each(troupe_self *self, struct scene *scene)
{
    static const char *const names[PARTS] = {"a", "b", "c"};
    for (size_t i = 0; i < PARTS; i++) {
        wants(scene, self, names[i], PART_RETURN);
        pause_ms(self, 100);
    }
    wants(scene, self, "b", 1);
    (void) troupe_stop(self, scene->supervisor);
}

/* Promise: SUPERVISOR-KIND */
static void restarts_by_kind_those_that_returned(void **state)
{
    struct scene scene;
    set_up(&scene);
    scene.act = returns_each;
    scene.children[1].kind = TROUPE_TRANSIENT;
    scene.children[2].kind = TROUPE_TEMPORARY;
    play(*state, &scene);
    assert_said(scene.seen, "a up", "b up", "c up", "start OK", "a 0", "a down OK", "a up", "b 0",
                "b down OK", "c 0", "c down OK", "order NO_SUCH_ACTOR", "a down STOPPING",
                "head down OK");
    drop_probe(&scene.seen);
}

static void fails_each(troupe_self *self, struct scene *scene)
{
    static const char *const names[PARTS] = {"a", "b", "c"};
    for (size_t i = 0; i < PARTS; i++) {
        wants(scene, self, names[i], PART_FAIL);
        pause_ms(self, 100);
    }
    (void) troupe_stop(self, scene->supervisor);
}

/* Promise: SUPERVISOR-KIND */
static void restarts_by_kind_those_that_failed(void **state)
{
    struct scene scene;
    set_up(&scene);
    scene.act = fails_each;
    scene.children[1].kind = TROUPE_TRANSIENT;
    scene.children[2].kind = TROUPE_TEMPORARY;
    play(*state, &scene);
    assert_said(scene.seen, "a up", "b up", "c up", "start OK", "a 1001", "a down PROTOCOL", "a up",
                "b 1001", "b down PROTOCOL", "b up", "c 1001", "c down PROTOCOL", "b down STOPPING",
                "a down STOPPING", "head down OK");
    drop_probe(&scene.seen);
}

/* Promise: SUPERVISOR-KIND */
static void ends_the_temporary_ones_that_go_down_with_another(void **state)
{
    struct scene scene;
    set_up(&scene);
    scene.act = fails_b_and_stops;
    scene.spec.strategy = TROUPE_ONE_FOR_ALL;
    scene.children[0].kind = TROUPE_TEMPORARY;
    scene.children[2].kind = TROUPE_TRANSIENT;
    play(*state, &scene);
    assert_said(scene.seen, "a up", "b up", "c up", "start OK", "b 1001", "b down PROTOCOL",
                "c down STOPPING", "a down STOPPING", "b up", "c up", "c down STOPPING",
                "b down STOPPING", "head down OK");
    drop_probe(&scene.seen);
}

static void fails_b_four_times(troupe_self *self, struct scene *scene)
{
    for (int i = 0; i < 4; i++) {
        wants(scene, self, "b", PART_FAIL);
        pause_ms(self, 1000);
    }
}

/* Promise: SUPERVISOR-INTENSITY */
static void gives_up_when_restarts_are_too_many(void **state)
{
    struct scene scene;
    set_up(&scene);
    scene.act = fails_b_four_times;
    play(*state, &scene);
    assert_said(scene.seen, "a up", "b up", "c up", "start OK", "b 1001", "b down PROTOCOL", "b up",
                "b 1001", "b down PROTOCOL", "b up", "b 1001", "b down PROTOCOL", "b up", "b 1001",
                "b down PROTOCOL", "c down STOPPING", "a down STOPPING", "head down PROTOCOL");
    drop_probe(&scene.seen);
}

static void fails_b_now_and_then(troupe_self *self, struct scene *scene)
{
    for (int i = 0; i < 8; i++) {
        wants(scene, self, "b", PART_FAIL);
        pause_ms(self, 11000);
    }
    (void) troupe_stop(self, scene->supervisor);
}

/* Promise: SUPERVISOR-INTENSITY */
static void counts_restarts_within_the_window_only(void **state)
{
    struct scene scene;
    set_up(&scene);
    scene.act = fails_b_now_and_then;
    play(*state, &scene);
    assert_int_equal(scene.parts[1].starts, 9);
    assert_int_equal(probe_count_of(scene.seen, "head down OK"), 1);
    drop_probe(&scene.seen);
}

/* Promise: SUPERVISOR-INTENSITY */
static void gives_up_at_once_without_restarts(void **state)
{
    struct scene scene;
    set_up(&scene);
    scene.act = fails_b_and_stops;
    scene.spec.restarts_max = TROUPE_NO_RESTARTS;
    play(*state, &scene);
    assert_said(scene.seen, "a up", "b up", "c up", "start OK", "b 1001", "b down PROTOCOL",
                "c down STOPPING", "a down STOPPING", "head down PROTOCOL");
    drop_probe(&scene.seen);
}

static void notes_pauses(troupe_self *self, struct scene *scene)
{
    for (int i = 0; i < 3; i++) {
        const uint64_t before_ns = troupe_self_now_ns(self);
        wants(scene, self, "b", PART_FAIL);
        pause_ms(self, 990);
        probe_say(scene->seen, "after about %" PRIu64 " ms",
                  (scene->parts[1].last_start_ns - before_ns + 5000000) / 10000000 * 10);
    }
    pause_ms(self, 40000);
    const uint64_t before_ns = troupe_self_now_ns(self);
    wants(scene, self, "b", PART_FAIL);
    pause_ms(self, 990);
    probe_say(scene->seen, "then about %" PRIu64 " ms",
              (scene->parts[1].last_start_ns - before_ns + 5000000) / 10000000 * 10);
    (void) troupe_stop(self, scene->supervisor);
}

/* Promise: SUPERVISOR-BACKOFF */
static void waits_longer_before_each_restart_until_healthy(void **state)
{
    struct scene scene;
    set_up(&scene);
    scene.act = notes_pauses;
    play(*state, &scene);
    const char *const expected[] = {"after about 50 ms", "after about 100 ms", "after about 200 ms",
                                    "then about 50 ms"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(probe_count_of(scene.seen, expected[i]), 1);
    }
    drop_probe(&scene.seen);
}

static void stops_and_waits(troupe_self *self, struct scene *scene)
{
    (void) troupe_stop(self, scene->supervisor);
    pause_ms(self, 500);
    probe_say(scene->seen, "half a second later");
}

/* Promise: SUPERVISOR-STOP-TIMEOUT */
static void cancels_one_that_does_not_stop_in_time(void **state)
{
    struct scene scene;
    set_up(&scene);
    scene.act = stops_and_waits;
    scene.parts[1].stops_in_ms = 60000;
    scene.children[1].stop_timeout = TROUPE_WITHIN_MS(300);
    play(*state, &scene);
    assert_said(scene.seen, "a up", "b up", "c up", "start OK", "c down STOPPING",
                "b down STOPPING", "a down STOPPING", "half a second later", "head down OK");
    drop_probe(&scene.seen);
}

static void returns_b(troupe_self *self, struct scene *scene)
{
    wants(scene, self, "b", PART_RETURN);
}

/* Promise: SUPERVISOR-SIGNIFICANT */
static void ends_with_a_significant_child(void **state)
{
    struct scene scene;
    set_up(&scene);
    scene.act = returns_b;
    scene.children[1].kind = TROUPE_TRANSIENT;
    scene.children[1].is_significant = 1;
    scene.spec.auto_shutdown = TROUPE_AUTO_SHUTDOWN_ANY;
    play(*state, &scene);
    assert_said(scene.seen, "a up", "b up", "c up", "start OK", "b 0", "b down OK",
                "c down STOPPING", "a down STOPPING", "head down OK");
    drop_probe(&scene.seen);
}

/* A tree: head { inner { a, b }, c }. */

static void set_up_tree(struct scene *scene, troupe_supervisor_spec *inner,
                        troupe_child_spec children[2])
{
    set_up(scene);
    *inner = (troupe_supervisor_spec) TROUPE_SUPERVISOR(.children = scene->children,
                                                        .child_count = 2, .restarts_max = 1);
    children[0] = (troupe_child_spec) TROUPE_CHILD(.id = "inner", .supervisor = inner);
    children[1] = scene->children[2];
    scene->spec.children = children;
    scene->spec.child_count = 2;
    scene->spec.restarts_max = 1;
}

static void fails_b_until_all_give_up(troupe_self *self, struct scene *scene)
{
    for (int i = 0; i < 4; i++) {
        wants(scene, self, "b", PART_FAIL);
        pause_ms(self, 1000);
    }
}

/* Promise: SUPERVISOR-TREE */
static void escalates_what_it_cannot_mend(void **state)
{
    struct scene scene;
    troupe_supervisor_spec inner;
    troupe_child_spec children[2];
    set_up_tree(&scene, &inner, children);
    scene.act = fails_b_until_all_give_up;
    play(*state, &scene);
    assert_said(scene.seen, "a up", "b up", "c up", "start OK", "b 1001", "b down PROTOCOL", "b up",
                "b 1001", "b down PROTOCOL", "a down STOPPING", "a up", "b up", "b 1001",
                "b down PROTOCOL", "b up", "b 1001", "b down PROTOCOL", "a down STOPPING",
                "c down STOPPING", "head down PROTOCOL");
    drop_probe(&scene.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD_OF_THREE(starts_in_order_and_stops_in_reverse),
        WITH_WORLD_OF_TWO(waits_until_each_is_ready),
        WITH_WORLD_OF_TWO(fails_its_start_with_that_of_a_child),
        WITH_WORLD_OF_TWO(fails_its_start_when_a_child_is_not_ready_in_time),
        WITH_WORLD_OF_TWO(restarts_one_for_one),
        WITH_WORLD_OF_TWO(restarts_one_for_all),
        WITH_WORLD_OF_TWO(restarts_the_rest_for_one),
        WITH_WORLD_OF_TWO(restarts_one_of_a_dynamic_ones),
        WITH_WORLD_OF_TWO(restarts_by_kind_those_that_returned),
        WITH_WORLD_OF_TWO(restarts_by_kind_those_that_failed),
        WITH_WORLD_OF_TWO(ends_the_temporary_ones_that_go_down_with_another),
        WITH_WORLD_OF_TWO(gives_up_when_restarts_are_too_many),
        WITH_WORLD_OF_TWO(counts_restarts_within_the_window_only),
        WITH_WORLD_OF_TWO(gives_up_at_once_without_restarts),
        WITH_WORLD_OF_TWO(waits_longer_before_each_restart_until_healthy),
        WITH_WORLD_OF_TWO(cancels_one_that_does_not_stop_in_time),
        WITH_WORLD_OF_TWO(ends_with_a_significant_child),
        WITH_WORLD_OF_TWO(escalates_what_it_cannot_mend),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
