/* SPDX-License-Identifier: MIT */
/* What is seen from within scopes: the earliest deadline and every cancel around, through no shield
 * before its time, as often as one looks. */
#include "core/scopes.h"

#include "support/cast.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)

static void play(void **state, troupe_body *body, struct cast *cast)
{
    cast->seen = a_probe();
    cast->refs[0] = a_root(*state, TROUPE_SPAWN(.body = body, .argument = cast));
    tr_world_advance(*state, 10000 * MS);
}

/* Says how a wait of 100 ms ends, and after how long. */
static troupe_error nap(troupe_self *self, const struct cast *cast)
{
    const uint64_t before_ns = troupe_self_now_ns(self);
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(100));
    probe_say(cast->seen, "slept %s %d", troupe_error_name(error),
              (int) ((troupe_self_now_ns(self) - before_ns) / MS));
    return error;
}

static troupe_error sleeps_in_three_scopes(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    const uint64_t timeouts_ms[] = {50, 20, 80};
    troupe_scope *scopes[3];
    for (unsigned i = 0; i < 3; i++) {
        (void) troupe_scope_enter(self, TROUPE_SCOPE(.timeout = TROUPE_WITHIN_MS(timeouts_ms[i])),
                                  &scopes[i]);
    }
    (void) nap(self, cast);
    (void) nap(self, cast);
    (void) tell(cast, "yield", troupe_yield(self));
    (void) tell(cast, "leave", troupe_scope_leave(self, &scopes[2]));
    (void) tell(cast, "leave", troupe_scope_leave(self, &scopes[1]));
    (void) nap(self, cast);
    (void) tell(cast, "leave", troupe_scope_leave(self, &scopes[0]));
    (void) nap(self, cast);
    return TROUPE_OK;
}

/* Promise: SCOPE-DEADLINE */
static void show_the_earliest_deadline_around(void **state)
{
    struct cast cast = {0};
    play(state, sleeps_in_three_scopes, &cast);
    assert_said(cast.seen, "slept TIMED_OUT 20", "slept TIMED_OUT 0", "yield TIMED_OUT", "leave OK",
                "leave TIMED_OUT", "slept TIMED_OUT 30", "leave TIMED_OUT", "slept OK 100");
    drop_probe(&cast.seen);
}

static troupe_error waits_in_all_ways(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_scope *scope = NULL;
    troupe_ref ref;
    (void) tell(cast, "spawned", troupe_spawn(self, TROUPE_SPAWN(.body = play_idle), &ref));
    (void) troupe_scope_enter(self, NULL, &scope);
    (void) troupe_scope_cancel(self, scope, TROUPE_ERROR_USER, "for a reason");
    for (unsigned i = 0; i < 2; i++) {
        (void) tell(cast, "sleep", troupe_sleep(self, TROUPE_WITHIN_MS(1)));
        (void) tell(cast, "yield", troupe_yield(self));
        (void) tell(cast, "receive", troupe_receive(self, &message, TROUPE_WITHIN_MS(1)));
        (void) tell(cast, "ask", ask_figure(self, ref, 1, TROUPE_WITHIN_MS(1), NULL));
        (void) tell(cast, "spawn", troupe_spawn(self, TROUPE_SPAWN(.body = play_idle), &ref));
    }
    const char *text = NULL;
    (void) tell(cast, "reason", troupe_scope_reason(self, &text));
    probe_say(cast->seen, "%s", text);
    (void) tell(cast, "leave", troupe_scope_leave(self, &scope));
    (void) tell(cast, "reason", troupe_scope_reason(self, &text));
    return tell(cast, "sleep", troupe_sleep(self, TROUPE_WITHIN_MS(1)));
}

/* Promise: SCOPE-LEVEL */
static void show_a_cancel_as_often_as_one_waits(void **state)
{
    struct cast cast = {0};
    play(state, waits_in_all_ways, &cast);
    assert_said(cast.seen, "spawned OK", "sleep CANCELLED", "yield CANCELLED", "receive CANCELLED",
                "ask CANCELLED", "spawn CANCELLED", "sleep CANCELLED", "yield CANCELLED",
                "receive CANCELLED", "ask CANCELLED", "spawn CANCELLED", "reason USER",
                "for a reason", "leave CANCELLED", "reason OK", "sleep OK");
    drop_probe(&cast.seen);
}

struct part {
    struct cast *cast;
    troupe_scope *scope;
    uint64_t sleep_ms;
};

static troupe_error naps(troupe_self *self, void *argument)
{
    const struct part *part = argument;
    return nap(self, part->cast);
}

static troupe_error naps_further_in(troupe_self *self, void *argument)
{
    struct part *part = argument;
    troupe_scope *scope = NULL;
    (void) troupe_scope_enter(self, NULL, &scope);
    (void) troupe_task_start(self, scope, TROUPE_TASK(.body = naps, .argument = part), NULL);
    return tell(part->cast, "inner", troupe_scope_leave(self, &scope));
}

static troupe_error cancels(troupe_self *self, void *argument)
{
    const struct part *part = argument;
    (void) troupe_sleep(self, TROUPE_WITHIN_MS(part->sleep_ms));
    return troupe_scope_cancel(self, part->scope, TROUPE_OK, NULL);
}

static troupe_error is_a_tree(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    struct part part = {.cast = cast, .sleep_ms = 30};
    troupe_scope *outer = NULL;
    (void) troupe_scope_enter(self, NULL, &outer);
    (void) troupe_task_start(self, outer, TROUPE_TASK(.body = cancels, .argument = &part), NULL);
    (void) troupe_scope_enter(self, NULL, &part.scope);
    (void) troupe_task_start(self, part.scope,
                             TROUPE_TASK(.body = naps_further_in, .argument = &part), NULL);
    (void) troupe_task_start(self, outer, TROUPE_TASK(.body = naps, .argument = &part), NULL);
    (void) tell(cast, "scope", troupe_scope_leave(self, &part.scope));
    return tell(cast, "outer", troupe_scope_leave(self, &outer));
}

/* Promise: SCOPE-LEVEL */
static void show_a_cancel_to_all_that_lies_within_and_to_nobody_else(void **state)
{
    struct cast cast = {0};
    play(state, is_a_tree, &cast);
    assert_said(cast.seen, "slept CANCELLED 30", "inner CANCELLED", "scope CANCELLED",
                "slept OK 100", "outer OK");
    drop_probe(&cast.seen);
}

/* Sleeps in a shield, in a scope that is cancelled or late from outside. */
static troupe_error sleeps_behind_a_shield(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    troupe_scope *outer = NULL;
    troupe_scope *shield = NULL;
    (void) troupe_scope_enter(self, TROUPE_SCOPE(.timeout = TROUPE_WITHIN_MS(10)), &outer);
    (void) troupe_shield(self, TROUPE_WITHIN_MS(cast->number), &shield);
    (void) nap(self, cast);
    (void) tell(cast, "shield", troupe_scope_leave(self, &shield));
    (void) nap(self, cast);
    (void) tell(cast, "outer", troupe_scope_leave(self, &outer));
    return TROUPE_OK;
}

/* Promise: SCOPE-SHIELD */
static void show_nothing_through_a_shield(void **state)
{
    struct cast cast = {.number = 150};
    play(state, sleeps_behind_a_shield, &cast);
    assert_said(cast.seen, "slept OK 100", "shield OK", "slept TIMED_OUT 0", "outer TIMED_OUT");
    drop_probe(&cast.seen);
}

/* Promise: SCOPE-SHIELD */
static void show_a_deadline_through_a_shield_when_its_grace_is_over(void **state)
{
    struct cast cast = {.number = 60};
    play(state, sleeps_behind_a_shield, &cast);
    assert_said(cast.seen, "slept TIMED_OUT 60", "shield OK", "slept TIMED_OUT 0",
                "outer TIMED_OUT");
    drop_probe(&cast.seen);
}

static troupe_error naps_behind_a_shield(troupe_self *self, void *argument)
{
    const struct part *part = argument;
    troupe_scope *shield = NULL;
    (void) troupe_shield(self, TROUPE_WITHIN_MS(part->sleep_ms), &shield);
    (void) nap(self, part->cast);
    (void) tell(part->cast, "shield", troupe_scope_leave(self, &shield));
    return nap(self, part->cast);
}

static troupe_error cancels_a_shielded_one(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    struct part part = {.cast = cast, .sleep_ms = cast->number};
    troupe_scope *scope = NULL;
    (void) troupe_scope_enter(self, NULL, &scope);
    (void) troupe_task_start(self, scope,
                             TROUPE_TASK(.body = naps_behind_a_shield, .argument = &part), NULL);
    (void) troupe_sleep(self, TROUPE_WITHIN_MS(10));
    (void) troupe_scope_cancel(self, scope, TROUPE_OK, NULL);
    return tell(cast, "leave", troupe_scope_leave(self, &scope)) == TROUPE_ERROR_CANCELLED
               ? TROUPE_OK
               : TROUPE_ERROR_FAILED;
}

/* Promise: SCOPE-SHIELD */
static void show_a_cancel_when_the_shield_is_left_or_over(void **state)
{
    struct cast cast = {.number = 150};
    play(state, cancels_a_shielded_one, &cast);
    assert_said(cast.seen, "slept OK 100", "shield OK", "slept CANCELLED 0", "leave CANCELLED");
    drop_probe(&cast.seen);

    struct cast other = {.number = 70};
    play(state, cancels_a_shielded_one, &other);
    assert_said(other.seen, "slept CANCELLED 70", "shield OK", "slept CANCELLED 0",
                "leave CANCELLED");
    drop_probe(&other.seen);
}

/* Handles one request in a scope of its own and in a task. */
static troupe_error handles_in_a_scope(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    struct part part = {.cast = cast};
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_scope *scope = NULL;
    (void) troupe_receive(self, &message, TROUPE_FOREVER);
    (void) troupe_scope_enter(self, TROUPE_SCOPE(.timeout = TROUPE_WITHIN_MS(80)), &scope);
    (void) troupe_task_start(self, scope, TROUPE_TASK(.body = naps, .argument = &part), NULL);
    (void) nap(self, cast);
    (void) tell(cast, "leave", troupe_scope_leave(self, &scope));
    return TROUPE_OK;
}

static troupe_error asks_and_gives_up(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    troupe_scope *scope = NULL;
    struct part part = {.cast = cast, .sleep_ms = 30};
    (void) troupe_scope_enter(self, NULL, &part.scope);
    (void) troupe_scope_enter(self, NULL, &scope);
    if (cast->count == 1) {
        (void) troupe_task_start(self, scope, TROUPE_TASK(.body = cancels, .argument = &part),
                                 NULL);
    }
    const troupe_timeout timeout = cast->count == 1 ? TROUPE_FOREVER : TROUPE_WITHIN_MS(40);
    (void) tell(cast, "asked", ask_figure(self, cast->refs[1], 1, timeout, NULL));
    (void) troupe_scope_leave(self, &scope);
    (void) troupe_scope_leave(self, &part.scope);
    return TROUPE_OK;
}

static void ask_and_give_up(void **state, struct cast *cast)
{
    cast->refs[1] = a_root(*state, TROUPE_SPAWN(.body = handles_in_a_scope, .argument = cast));
    a_root(*state, TROUPE_SPAWN(.body = asks_and_gives_up, .argument = cast));
    tr_world_advance(*state, 1000 * MS);
}

/* Promise: SCOPE-MESSAGE */
static void show_the_deadline_of_the_message_around_them(void **state)
{
    struct cast cast = {.seen = a_probe()};
    ask_and_give_up(state, &cast);
    assert_int_equal(probe_count_of(cast.seen, "slept TIMED_OUT 40"), 2);
    assert_int_equal(probe_count_of(cast.seen, "asked TIMED_OUT"), 1);
    assert_int_equal(probe_count_of(cast.seen, "leave TIMED_OUT"), 1);
    drop_probe(&cast.seen);
}

/* Promise: SCOPE-MESSAGE */
static void show_that_its_asker_has_given_up(void **state)
{
    struct cast cast = {.seen = a_probe(), .count = 1};
    ask_and_give_up(state, &cast);
    assert_int_equal(probe_count_of(cast.seen, "asked CANCELLED"), 1);
    assert_int_equal(probe_count_of(cast.seen, "slept CANCELLED 30"), 2);
    drop_probe(&cast.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(show_the_earliest_deadline_around),
        WITH_WORLD(show_a_cancel_as_often_as_one_waits),
        WITH_WORLD(show_a_cancel_to_all_that_lies_within_and_to_nobody_else),
        WITH_WORLD(show_nothing_through_a_shield),
        WITH_WORLD(show_a_deadline_through_a_shield_when_its_grace_is_over),
        WITH_WORLD(show_a_cancel_when_the_shield_is_left_or_over),
        WITH_WORLD(show_the_deadline_of_the_message_around_them),
        WITH_WORLD(show_that_its_asker_has_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
