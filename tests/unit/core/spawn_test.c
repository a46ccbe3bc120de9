/* SPDX-License-Identifier: MIT */
/* What spawning promises: the child's own word on how its start went, or nothing left of it. */
#include <string.h>

#include "base/memory.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define ELSEWHERE .place = TROUPE_PLACE_ANY

static void play(tr_world *world, troupe_body *body, struct cast *cast)
{
    (void) a_root(world, TROUPE_SPAWN(.body = body, .argument = cast));
    tr_world_advance(world, UINT64_C(60000000000));
}

static troupe_error returns_at_once(troupe_self *self, void *argument)
{
    (void) self;
    (void) argument;
    return (troupe_error) (TROUPE_ERROR_USER + 1);
}

static troupe_error start_fails(troupe_self *self, void *state, void *argument)
{
    (void) self;
    (void) state;
    (void) argument;
    return (troupe_error) (TROUPE_ERROR_USER + 2);
}

static const troupe_behavior unwilling = TROUPE_BEHAVIOR(.name = "unwilling", .start = start_fails);
static const troupe_behavior willing = TROUPE_BEHAVIOR(.name = "willing");

static troupe_error spawns_failing(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_ref ref = {.slot = 77};
    for (unsigned i = 0; i < 2; i++) { /* twice: the name is free again */
        troupe_error error = troupe_spawn(
            self, TROUPE_SPAWN(.body = returns_at_once, .name = "child", ELSEWHERE), &ref);
        probe_say(cast->seen, "body %d", (int) error);
        error = troupe_spawn(self, TROUPE_SPAWN(.behavior = &unwilling, .name = "child", ELSEWHERE),
                             &ref);
        probe_say(cast->seen, "start %d", (int) error);
    }
    probe_say(cast->seen, ref.slot == 77 ? "untouched" : "written");
    return TROUPE_OK;
}

/* Promise: SPAWN-ERROR */
static void reports_what_the_start_returned_and_leaves_nothing(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, spawns_failing, &cast);
    assert_said(cast.seen, "body 1001", "start 1002", "body 1001", "start 1002", "untouched");
    troupe_snapshot *snapshot = NULL;
    assert_ok(tr_world_snapshot(*state, &snapshot));
    assert_int_equal(snapshot->actor_count, 0);
    troupe_snapshot_destroy(&snapshot);
    drop_probe(&cast.seen);
}

/* Fails after it has had a child that takes long to end. */
static troupe_error stubborn(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {}
    TROUPE_AUTO(troupe_message) *request = NULL;
    const troupe_error error = a_figure(self, 1, &request);
    TROUPE_AUTO(troupe_message) *reply = NULL;
    (void) tell(cast, "stubborn",
                troupe_ask_message(self, cast->refs[0], &request, TROUPE_WITHIN_MS(100), &reply));
    return error;
}

static troupe_error fails_with_a_child(troupe_self *self, void *argument)
{
    troupe_ref ref;
    const troupe_error error =
        troupe_spawn_nowait(self, TROUPE_SPAWN(.body = stubborn, .argument = argument), &ref);
    return error ? error : TROUPE_ERROR_FAILED;
}

static troupe_error spawns_family(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.body = play_sleeper), &cast->refs[0]);
    troupe_ref ref;
    for (unsigned i = 0; i < 2 && error == TROUPE_OK; i++) {
        (void) tell(cast, "family",
                    troupe_spawn(self,
                                 TROUPE_SPAWN(.body = fails_with_a_child, .argument = argument,
                                              .name = "family", ELSEWHERE),
                                 &ref));
    }
    return error;
}

/* Promise: SPAWN-ERROR */
static void reports_a_failed_start_after_what_it_had_spawned_has_ended(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, spawns_family, &cast);
    assert_said(cast.seen, "stubborn TIMED_OUT", "family FAILED", "stubborn TIMED_OUT",
                "family FAILED");
    drop_probe(&cast.seen);
}

/* Says when it is ready by itself, after two waits. */
static troupe_error says_ready(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(10));
    probe_say(cast->seen, "prepared");
    troupe_ready(self);
    troupe_ready(self); /* said again: nothing */
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(10));
    probe_say(cast->seen, "went on");
    return error;
}

static troupe_error spawns_three_ways(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_ref ref;
    (void) tell(cast, "said",
                troupe_spawn(self,
                             TROUPE_SPAWN(.body = says_ready, .argument = argument,
                                          .ready_when = TROUPE_READY_WHEN_SAID, ELSEWHERE),
                             &ref));
    (void) tell(cast, "waiting",
                troupe_spawn(self, TROUPE_SPAWN(.body = play_sleeper, ELSEWHERE), &ref));
    (void) tell(cast, "behavior",
                troupe_spawn(self, TROUPE_SPAWN(.behavior = &willing, ELSEWHERE), &ref));
    return troupe_sleep(self, TROUPE_WITHIN_S(1));
}

/* Promise: SPAWN-READY */
static void waits_until_the_child_is_ready(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, spawns_three_ways, &cast);
    assert_int_equal(probe_count(cast.seen), 5);
    assert_string_equal(probe_line(cast.seen, 0), "prepared");
    assert_string_equal(probe_line(cast.seen, 1), "said OK");
    assert_true(probe_has(cast.seen, "waiting OK"));
    assert_true(probe_has(cast.seen, "behavior OK"));
    drop_probe(&cast.seen);
}

/* Never says that it is ready; ends when it is told to. */
static troupe_error never_ready(troupe_self *self, void *argument)
{
    return tell(argument, "child", troupe_sleep(self, TROUPE_FOREVER));
}

static troupe_error spawns_never_ready(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    const uint64_t before_ns = troupe_self_now_ns(self);
    troupe_ref ref;
    (void) tell(cast, "spawn",
                troupe_spawn(self,
                             TROUPE_SPAWN(.body = never_ready, .argument = argument, ELSEWHERE,
                                          .ready_when = TROUPE_READY_WHEN_SAID,
                                          .start_timeout = TROUPE_WITHIN_MS(200)),
                             &ref));
    probe_say(cast->seen, "%d ms",
              (int) ((troupe_self_now_ns(self) - before_ns) / UINT64_C(1000000)));
    return tell(cast, "parent", troupe_sleep(self, TROUPE_WITHIN_S(1)));
}

/* Promise: SPAWN-TIMEOUT */
static void stops_a_child_that_is_not_ready_in_time(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, spawns_never_ready, &cast);
    assert_said(cast.seen, "spawn TIMED_OUT", "200 ms", "child STOPPING", "parent OK");
    drop_probe(&cast.seen);
}

static troupe_error spawns_without_waiting(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_ref ref;
    troupe_monitor_id monitor;
    troupe_error error = troupe_spawn_nowait(
        self, TROUPE_SPAWN(.body = play_listener, .argument = argument, ELSEWHERE), &ref);
    error = error ? error : send_figure(self, ref, 1); /* kept until it has started */
    error = error ? error : send_figure(self, ref, 2);
    error = error
                ? error
                : troupe_spawn_nowait(self, TROUPE_SPAWN(.behavior = &unwilling, ELSEWHERE), &ref);
    error = error ? error : troupe_monitor(self, ref, &monitor);
    return error ? tell(cast, "failed", error) : play_listener(self, argument);
}

/* Promise: SPAWN-NOWAIT */
static void need_not_wait_and_keeps_what_is_sent_meanwhile(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, spawns_without_waiting, &cast);
    assert_int_equal(probe_count(cast.seen), 3);
    assert_int_equal(probe_count_of(cast.seen, "got 1"), 1);
    assert_int_equal(probe_count_of(cast.seen, "got 2"), 1);
    assert_true(probe_has(cast.seen, "down"));
    drop_probe(&cast.seen);
}

static troupe_error spawns_in_start(troupe_self *self, void *state, void *argument)
{
    const struct cast *cast = argument;
    troupe_ref ref;
    (void) state;
    (void) tell(cast, "body", troupe_spawn(self, TROUPE_SPAWN(.body = play_idle), &ref));
    (void) tell(cast, "with start", troupe_spawn(self, TROUPE_SPAWN(.behavior = &unwilling), &ref));
    (void) tell(cast, "without", troupe_spawn(self, TROUPE_SPAWN(.behavior = &willing), &ref));
    (void) tell(cast, "nowait", troupe_spawn_nowait(self, TROUPE_SPAWN(.body = play_idle), &ref));
    return TROUPE_OK;
}

static const troupe_behavior spawner = TROUPE_BEHAVIOR(.name = "spawner", .start = spawns_in_start);

/* Promise: SPAWN-CANNOT-WAIT */
static void does_not_wait_in_a_behavior(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.behavior = &spawner, .argument = &cast));
    assert_said(cast.seen, "body CANNOT_WAIT", "with start CANNOT_WAIT", "without OK", "nowait OK");
    drop_probe(&cast.seen);
}

static troupe_error spawns_many(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    troupe_ref ref;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        error = troupe_spawn_nowait(self, TROUPE_SPAWN(.behavior = &willing), &ref);
        cast->number += error == TROUPE_OK ? 1 : 0;
    }
    (void) tell(cast, "spawn", error);
    (void) tell(cast, "stop", troupe_stop(self, troupe_self_ref(self)));
    return TROUPE_OK;
}

/* Promise: SPAWN-LIMIT */
static void refuses_more_actors_than_the_node_may_have(void **state)
{
    (void) state;
    struct cast cast = {.seen = a_probe()};
    tr_world *world = a_world_of(&(const tr_world_options) {.workers = 2, .actors_max = 20});
    (void) a_root(world, TROUPE_SPAWN(.body = spawns_many, .argument = &cast));
    tr_world_run(world);
    assert_said(cast.seen, "spawn LIMIT_REACHED", "stop OK");
    assert_int_equal(cast.number, 18); /* the guardian and the parent are two more */
    (void) a_root(world, TROUPE_SPAWN(.body = play_idle)); /* there is room again */
    drop_world(&world);
    drop_probe(&cast.seen);
}

/* Spawns coroutines until there are no stacks, ends one, and tries again. */
static troupe_error spawns_coroutines(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    troupe_ref ref;
    troupe_ref last = troupe_ref_none();
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        error = troupe_spawn_nowait(self, TROUPE_SPAWN(.body = play_idle), &ref);
        last = error ? last : ref;
        cast->number += error == TROUPE_OK ? 1 : 0;
    }
    (void) tell(cast, "spawn", error);
    (void) tell(cast, "behavior",
                troupe_spawn_nowait(self, TROUPE_SPAWN(.behavior = &willing), &ref));
    error = troupe_stop(self, last);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(1));
    (void) tell(cast, "again", troupe_spawn_nowait(self, TROUPE_SPAWN(.body = play_idle), &ref));
    return error;
}

/* Promise: SPAWN-STACKS */
static void refuses_more_coroutines_than_there_may_be_stacks(void **state)
{
    (void) state;
    struct cast cast = {.seen = a_probe()};
    const tr_stacks_options few = {.guard = TR_STACKS_GUARD_PROTECTION, .mappings_limit = 301};
    tr_stacks *stacks = NULL;
    tr_world *world = a_world(1, 1);
    tr_worker *worker = tr_world_worker(world, 0);
    assert_ok(tr_stacks_create(tr_allocator_default(), &few, &stacks));
    tr_stack_cache_fini(&worker->stacks);
    tr_stack_cache_init(&worker->stacks, stacks);
    (void) a_root(world, TROUPE_SPAWN(.body = spawns_coroutines, .argument = &cast));
    tr_world_advance(world, UINT64_C(1000000000));
    assert_said(cast.seen, "spawn LIMIT_REACHED", "behavior OK", "again OK");
    assert_in_range(cast.number, 32, 150);
    drop_world(&world);
    tr_stacks_destroy(&stacks);
    drop_probe(&cast.seen);
}

/* What is wrong with each is the one thing that it says. */
static const troupe_type_rule nameless_rule[] = {{.priority = 1}};
static const troupe_type_rule low_rule[] = {{.type = &figure_type, .priority = 4}};
static const troupe_type_rule redirecting_rule[] = {
    {.type = &figure_type, .on_full = TROUPE_ON_FULL_REDIRECT}};
static const troupe_behavior unsized = {.name = "unsized"};
static const troupe_spawn_options wrong[] = {
    {.size = sizeof(troupe_spawn_options)},
    {.size = sizeof(troupe_spawn_options), .body = play_idle, .behavior = &willing},
    {.size = sizeof(troupe_spawn_options), .behavior = &unsized},
    {.size = 4, .body = play_idle},
    {.size = sizeof(troupe_spawn_options), .body = play_idle, .name = ""},
    {.size = sizeof(troupe_spawn_options),
     .body = play_idle,
     .name = "a name that is longer than the sixty-three bytes that a name may have"},
    {.size = sizeof(troupe_spawn_options),
     .body = play_idle,
     .mailbox_capacity = 4,
     .high_water = 5},
    {.size = sizeof(troupe_spawn_options), .body = play_idle, .low_water = 9, .high_water = 9},
    {.size = sizeof(troupe_spawn_options), .body = play_idle, .mailbox_capacity = UINT32_MAX},
    {.size = sizeof(troupe_spawn_options), .body = play_idle, .on_full = (troupe_on_full) 99},
    {.size = sizeof(troupe_spawn_options), .body = play_idle, .place = (troupe_place) 99},
    {.size = sizeof(troupe_spawn_options),
     .body = play_idle,
     .place = TROUPE_PLACE_WORKER,
     .place_worker = 3},
    {.size = sizeof(troupe_spawn_options), .body = play_idle, .type_rule_count = 1},
    {.size = sizeof(troupe_spawn_options),
     .body = play_idle,
     .type_rules = nameless_rule,
     .type_rule_count = 1},
    {.size = sizeof(troupe_spawn_options),
     .body = play_idle,
     .type_rules = low_rule,
     .type_rule_count = 1},
    {.size = sizeof(troupe_spawn_options),
     .body = play_idle,
     .type_rules = redirecting_rule,
     .type_rule_count = 1},
    {.size = sizeof(troupe_spawn_options), .body = play_idle, .on_full = TROUPE_ON_FULL_REDIRECT},
};

static troupe_error spawns_wrongly(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_ref ref;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const troupe_error error = troupe_spawn_nowait(self, &wrong[i], &ref);
        if (error != TROUPE_ERROR_BAD_ARGUMENT ||
            troupe_spawn(self, &wrong[i], &ref) != TROUPE_ERROR_BAD_ARGUMENT) {
            probe_say(cast->seen, "%d: %s", (int) i, troupe_error_name(error));
        }
    }
    (void) tell(cast, "none", troupe_spawn(self, NULL, &ref));
    (void) tell(cast, "nowhere", troupe_spawn(self, TROUPE_SPAWN(.body = play_idle), NULL));
    (void) tell(cast, "nobody", troupe_spawn(NULL, TROUPE_SPAWN(.body = play_idle), &ref));
    (void) tell(cast, "nobody", troupe_spawn_nowait(NULL, TROUPE_SPAWN(.body = play_idle), &ref));
    troupe_ready(NULL);
    return TROUPE_OK;
}

/* Promise: SPAWN-ARGUMENTS */
static void refuses_bad_arguments(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = spawns_wrongly, .argument = &cast));
    assert_said(cast.seen, "none BAD_ARGUMENT", "nowhere BAD_ARGUMENT", "nobody BAD_ARGUMENT",
                "nobody BAD_ARGUMENT");
    drop_probe(&cast.seen);
}

static troupe_error spawns_when_cancelled(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_ref ref;
    (void) tell(cast, "cancel", troupe_cancel(self, troupe_self_ref(self)));
    (void) tell(cast, "yield", troupe_yield(self));
    return tell(cast, "spawn", troupe_spawn(self, TROUPE_SPAWN(.body = play_idle), &ref));
}

/* Promise: ACTOR-CANCEL */
static void is_cancelled_with_its_actor(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, spawns_when_cancelled, &cast);
    assert_said(cast.seen, "cancel OK", "yield CANCELLED", "spawn CANCELLED");
    drop_probe(&cast.seen);
}

#define IN_WORLDS(test)                                                                            \
    cmocka_unit_test_setup_teardown(test, make_world, drop_made_world),                            \
        cmocka_unit_test_setup_teardown(test, make_world_of_three, drop_made_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLDS(reports_what_the_start_returned_and_leaves_nothing),
        IN_WORLDS(reports_a_failed_start_after_what_it_had_spawned_has_ended),
        IN_WORLDS(waits_until_the_child_is_ready),
        IN_WORLDS(stops_a_child_that_is_not_ready_in_time),
        IN_WORLDS(need_not_wait_and_keeps_what_is_sent_meanwhile),
        IN_WORLDS(does_not_wait_in_a_behavior),
        cmocka_unit_test(refuses_more_actors_than_the_node_may_have),
        cmocka_unit_test(refuses_more_coroutines_than_there_may_be_stacks),
        IN_WORLDS(refuses_bad_arguments),
        IN_WORLDS(is_cancelled_with_its_actor),
    };
    return cmocka_run_group_tests_name("spawn", tests, NULL, NULL);
}
