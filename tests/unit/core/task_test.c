/* SPDX-License-Identifier: MIT */
/* What waiting promises a coroutine: to end at its time, or by an interruption that stays. */
#include "core/task.h"

#include <string.h>

#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)

static void play(tr_world *world, troupe_body *body, struct cast *cast)
{
    cast->refs[0] = a_root(world, TROUPE_SPAWN(.body = body, .argument = cast));
    tr_world_advance(world, 10000 * MS);
}

static void signal_actor(tr_world *world, troupe_ref ref, uint32_t bit)
{
    const tr_address address = {.slot = ref.slot, .generation = ref.generation};
    assert_ok(tr_actor_signal(tr_world_worker(world, 0), address, bit));
    tr_world_advance(world, 1000 * MS);
}

static void say_time(troupe_self *self, const struct cast *cast, const char *what,
                     troupe_error error)
{
    probe_say(cast->seen, "%s %s %d", what, troupe_error_name(error),
              (int) ((troupe_self_now_ns(self) - cast->number) / MS));
}

static troupe_error waits_for_times(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    cast->number = troupe_self_now_ns(self);
    say_time(self, cast, "sleep", troupe_sleep(self, TROUPE_WITHIN_MS(7)));
    say_time(self, cast, "receive", troupe_receive(self, &message, TROUPE_WITHIN_MS(5)));
    say_time(self, cast, "now", troupe_receive(self, &message, TROUPE_NOW));
    say_time(self, cast, "nap", troupe_sleep(self, TROUPE_NOW));
    say_time(self, cast, "yield", troupe_yield(self));
    return TROUPE_OK;
}

/* Promise: TASK-TIME */
static void ends_at_its_time_exactly(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, waits_for_times, &cast);
    assert_said(cast.seen, "sleep OK 7", "receive TIMED_OUT 12", "now TIMED_OUT 12", "nap OK 12",
                "yield OK 12");
    drop_probe(&cast.seen);
}

/* Tries all that waits, over and over. */
static troupe_error waits_in_all_ways(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_accept accepted = {.type = &figure_type};
    troupe_ref ref;
    troupe_snapshot *snapshot = NULL;
    (void) tell(cast, "first", troupe_receive(self, &message, TROUPE_FOREVER));
    for (unsigned i = 0; i < 2; i++) {
        (void) tell(cast, "receive", troupe_receive(self, &message, TROUPE_FOREVER));
        (void) tell(cast, "only", troupe_receive_only(self, &accepted, 1, &message, TROUPE_NOW));
        (void) tell(cast, "sleep", troupe_sleep(self, TROUPE_WITHIN_MS(1)));
        (void) tell(cast, "nap", troupe_sleep(self, TROUPE_NOW));
        (void) tell(cast, "yield", troupe_yield(self));
        (void) tell(cast, "ask", ask_figure(self, cast->refs[1], 1, TROUPE_FOREVER, NULL));
        (void) tell(cast, "full", send_figure(self, cast->refs[2], 1));
        (void) tell(cast, "free", send_figure(self, cast->refs[1], 1));
        (void) tell(cast, "spawn", troupe_spawn(self, TROUPE_SPAWN(.body = play_idle), &ref));
        (void) tell(cast, "snapshot", troupe_self_snapshot(self, &snapshot));
        troupe_snapshot_destroy(&snapshot);
    }
    return TROUPE_OK;
}

static troupe_error fills(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    return send_figure(self, cast->refs[2], 1);
}

static void make_others(tr_world *world, struct cast *cast)
{
    cast->refs[1] = a_root(world, TROUPE_SPAWN(.body = play_doubler));
    cast->refs[2] = a_root(world, TROUPE_SPAWN(.body = play_sleeper, .mailbox_capacity = 1));
    (void) a_root(world, TROUPE_SPAWN(.body = fills, .argument = cast));
    tr_world_run(world);
}

/* Promise: ACTOR-CANCEL */
static void is_cancelled_for_good(void **state)
{
    struct cast cast = {.seen = a_probe()};
    make_others(*state, &cast);
    play(*state, waits_in_all_ways, &cast);
    assert_silent(cast.seen);
    signal_actor(*state, cast.refs[0], TR_SIGNAL_CANCEL);
    assert_int_equal(probe_count(cast.seen), 21);
    for (size_t i = 0; i < probe_count(cast.seen); i++) {
        const char *line = probe_line(cast.seen, i);
        assert_true(strcmp(line, "free OK") == 0 || strstr(line, " CANCELLED") != NULL);
    }
    drop_probe(&cast.seen);
}

/* As above, but for the sending to a full mailbox, which would wait. */
static troupe_error works_on(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    (void) tell(cast, "first", troupe_receive(self, &message, TROUPE_FOREVER));
    (void) tell(cast, "again", troupe_receive(self, &message, TROUPE_FOREVER));
    (void) tell(cast, "sleep", troupe_sleep(self, TROUPE_WITHIN_MS(1)));
    (void) tell(cast, "yield", troupe_yield(self));
    (void) tell(cast, "ask", ask_figure(self, cast->refs[1], 1, TROUPE_FOREVER, NULL));
    (void) tell(cast, "free", send_figure(self, cast->refs[1], 1));
    return troupe_receive(self, &message, TROUPE_FOREVER);
}

/* Promise: ACTOR-STOP */
static void is_told_to_stop_where_it_waits_for_messages(void **state)
{
    struct cast cast = {.seen = a_probe()};
    make_others(*state, &cast);
    play(*state, works_on, &cast);
    signal_actor(*state, cast.refs[0], TR_SIGNAL_STOP);
    assert_said(cast.seen, "first STOPPING", "again STOPPING", "sleep STOPPING", "yield OK",
                "ask OK", "free OK");
    assert_int_equal(tr_world_root_error(*state), TROUPE_OK); /* STOPPING is orderly */
    drop_probe(&cast.seen);
}

static troupe_error gives_bad_arguments(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_message *message = NULL;
    const troupe_accept neither = {0};
    const troupe_accept both = {.type = &figure_type, .protobuf = (const void *) &figure_type};
    (void) tell(cast, "1", troupe_receive(NULL, &message, TROUPE_NOW));
    (void) tell(cast, "2", troupe_receive(self, NULL, TROUPE_NOW));
    (void) tell(cast, "3", troupe_receive_only(self, NULL, 1, &message, TROUPE_NOW));
    (void) tell(cast, "4", troupe_receive_only(self, &neither, 1, &message, TROUPE_NOW));
    (void) tell(cast, "5", troupe_receive_only(self, &both, 1, &message, TROUPE_NOW));
    (void) tell(cast, "6", troupe_receive_only(self, &both, 0, &message, TROUPE_NOW));
    (void) tell(cast, "7", troupe_sleep(NULL, TROUPE_NOW));
    (void) tell(cast, "8", troupe_yield(NULL));
    return TROUPE_OK;
}

static void refuses_bad_arguments(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, gives_bad_arguments, &cast);
    assert_int_equal(probe_count(cast.seen), 8);
    for (size_t i = 0; i < 8; i++) {
        assert_non_null(strstr(probe_line(cast.seen, i), "BAD_ARGUMENT"));
    }
    drop_probe(&cast.seen);
}

/* A behavior cannot do any of it. */
static troupe_error tries_to_wait(troupe_self *self, void *state, void *argument)
{
    const struct cast *cast = argument;
    const troupe_accept accepted = {.type = &figure_type};
    troupe_message *message = NULL;
    troupe_snapshot *snapshot = NULL;
    (void) state;
    (void) tell(cast, "receive", troupe_receive(self, &message, TROUPE_NOW));
    (void) tell(cast, "only", troupe_receive_only(self, &accepted, 1, &message, TROUPE_NOW));
    (void) tell(cast, "sleep", troupe_sleep(self, TROUPE_NOW));
    (void) tell(cast, "yield", troupe_yield(self));
    (void) tell(cast, "ask", ask_figure(self, troupe_self_ref(self), 1, TROUPE_FOREVER, NULL));
    (void) tell(cast, "snapshot", troupe_self_snapshot(self, &snapshot));
    return TROUPE_OK;
}

static const troupe_behavior impatient =
    TROUPE_BEHAVIOR(.name = "impatient", .start = tries_to_wait);

/* Promise: TASK-CANNOT-WAIT */
static void is_not_for_behaviors(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.behavior = &impatient, .argument = &cast));
    assert_said(cast.seen, "receive CANNOT_WAIT", "only CANNOT_WAIT", "sleep CANNOT_WAIT",
                "yield CANNOT_WAIT", "ask CANNOT_WAIT", "snapshot CANNOT_WAIT");
    drop_probe(&cast.seen);
}

#define IN_WORLDS(test)                                                                            \
    cmocka_unit_test_setup_teardown(test, make_world, drop_made_world),                            \
        cmocka_unit_test_setup_teardown(test, make_world_of_three, drop_made_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLDS(ends_at_its_time_exactly),
        IN_WORLDS(is_cancelled_for_good),
        IN_WORLDS(is_told_to_stop_where_it_waits_for_messages),
        WITH_WORLD(refuses_bad_arguments),
        WITH_WORLD(is_not_for_behaviors),
    };
    return cmocka_run_group_tests_name("task", tests, NULL, NULL);
}
