/* SPDX-License-Identifier: MIT */
/* Child actors that belong to a scope: they are cancelled with it and waited for, for the grace,
 * and their failures count. */
#include <troupe/troupe.h>

#include "support/cast.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)

struct part {
    struct cast *cast;
    const char *name;
    uint64_t sleep_ms;
    troupe_error result;
};

static troupe_error play_part(troupe_self *self, void *argument)
{
    const struct part *part = argument;
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(part->sleep_ms));
    return tell(part->cast, part->name, error ? error : part->result);
}

/* Sleeps through a cancel. */
static troupe_error play_stubborn(troupe_self *self, void *argument)
{
    const struct part *part = argument;
    troupe_scope *shield = NULL;
    (void) troupe_shield(self, TROUPE_FOREVER, &shield);
    (void) troupe_sleep(self, TROUPE_WITHIN_MS(part->sleep_ms));
    (void) troupe_scope_leave(self, &shield);
    return tell(part->cast, part->name, TROUPE_OK);
}

static troupe_error spawn(troupe_self *self, troupe_scope *scope, troupe_body *body,
                          struct part *part)
{
    troupe_ref ref;
    return troupe_spawn(
        self,
        TROUPE_SPAWN(.body = body, .argument = part, .scope = scope, .place = TROUPE_PLACE_ANY),
        &ref);
}

static void play(void **state, troupe_body *body, struct cast *cast)
{
    cast->seen = a_probe();
    a_root(*state, TROUPE_SPAWN(.body = body, .argument = cast));
    tr_world_advance(*state, 100000 * MS);
}

static troupe_error waits_for_children(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    static struct part parts[2];
    troupe_scope *scope = NULL;
    parts[0] = (struct part) {cast, "a", 30, TROUPE_OK};
    parts[1] = (struct part) {cast, "b", 10, TROUPE_OK};
    (void) troupe_scope_enter(self, NULL, &scope);
    (void) tell(cast, "spawn", spawn(self, scope, play_part, &parts[0]));
    (void) tell(cast, "spawn", spawn(self, scope, play_part, &parts[1]));
    return tell(cast, "leave", troupe_scope_leave(self, &scope));
}

/* Promise: SCOPE-CHILDREN */
static void are_waited_for(void **state)
{
    struct cast cast = {0};
    play(state, waits_for_children, &cast);
    assert_said(cast.seen, "spawn OK", "spawn OK", "b OK", "a OK", "leave OK");
    drop_probe(&cast.seen);
}

static troupe_error has_one_that_fails(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    static struct part parts[3];
    troupe_scope *scope = NULL;
    troupe_scope_report report;
    parts[0] = (struct part) {cast, "a", 30, TROUPE_OK};
    parts[1] = (struct part) {cast, "b", 10, TROUPE_ERROR_USER};
    parts[2] = (struct part) {cast, "task", 20, TROUPE_OK};
    (void) troupe_scope_enter(self, NULL, &scope);
    (void) spawn(self, scope, play_part, &parts[0]);
    (void) spawn(self, scope, play_part, &parts[1]);
    (void) troupe_task_start(self, scope, TROUPE_TASK(.body = play_part, .argument = &parts[2]),
                             NULL);
    (void) tell(cast, "leave", troupe_scope_leave_report(self, &scope, &report));
    probe_say(cast->seen, "%u failed, an actor: %d", report.failed,
              !troupe_ref_is_none(report.failures[0].actor));
    return TROUPE_OK;
}

/* Promise: SCOPE-CHILDREN */
static void cancel_their_siblings_when_they_fail(void **state)
{
    struct cast cast = {0};
    play(state, has_one_that_fails, &cast);
    assert_int_equal(probe_count(cast.seen), 5);
    assert_int_equal(probe_count_of(cast.seen, "b USER"), 1);
    assert_int_equal(probe_count_of(cast.seen, "a CANCELLED"), 1);
    assert_int_equal(probe_count_of(cast.seen, "task CANCELLED"), 1);
    assert_int_equal(probe_count_of(cast.seen, "leave USER"), 1);
    assert_int_equal(probe_count_of(cast.seen, "1 failed, an actor: 1"), 1);
    drop_probe(&cast.seen);
}

/* The deadline comes while the owner waits for something else, not leaving yet. */
static troupe_error has_a_deadline(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    static struct part part;
    troupe_scope *scope = NULL;
    part = (struct part) {cast, "a", 100, TROUPE_OK};
    (void) troupe_scope_enter(self, TROUPE_SCOPE(.timeout = TROUPE_WITHIN_MS(20)), &scope);
    (void) spawn(self, scope, play_part, &part);
    (void) tell(cast, "slept", troupe_sleep(self, TROUPE_FOREVER));
    return tell(cast, "leave", troupe_scope_leave(self, &scope)) == TROUPE_ERROR_TIMED_OUT
               ? TROUPE_OK
               : TROUPE_ERROR_FAILED;
}

/* Promise: SCOPE-CHILDREN */
static void are_cancelled_at_the_deadline(void **state)
{
    struct cast cast = {0};
    play(state, has_a_deadline, &cast);
    assert_said(cast.seen, "slept TIMED_OUT", "a CANCELLED", "leave TIMED_OUT");
    drop_probe(&cast.seen);
}

static troupe_error has_a_stubborn_one(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    static struct part part;
    troupe_scope *scope = NULL;
    troupe_scope_report report;
    part = (struct part) {cast, "stubborn", 100, TROUPE_OK};
    (void) troupe_scope_enter(self, TROUPE_SCOPE(.grace = TROUPE_WITHIN_MS(30)), &scope);
    (void) spawn(self, scope, play_stubborn, &part);
    (void) troupe_scope_cancel(self, scope, TROUPE_OK, NULL);
    const uint64_t before_ns = troupe_self_now_ns(self);
    (void) tell(cast, "leave", troupe_scope_leave_report(self, &scope, &report));
    probe_say(cast->seen, "after %d: %u left, %d",
              (int) ((troupe_self_now_ns(self) - before_ns) / MS), report.left,
              (int) report.failures[0].is_left);
    return TROUPE_OK;
}

/* Promise: SCOPE-GRACE */
static void are_left_behind_after_the_grace_and_named(void **state)
{
    (void) state;
    struct cast cast = {.seen = a_probe()};
    const troupe_log log = log_of(cast.seen);
    tr_world *world = a_world_of(&(const tr_world_options) {.seed = 1, .workers = 2, .log = &log});
    a_root(world, TROUPE_SPAWN(.name = "leaver", .body = has_a_stubborn_one, .argument = &cast));
    tr_world_advance(world, 1000 * MS);
    assert_true(probe_has(cast.seen,
                          "has not ended within the grace of scope 'scope'; it is not "
                          "waited for any more"));
    assert_int_equal(probe_count_of(cast.seen, "leave TIMED_OUT"), 1);
    assert_int_equal(probe_count_of(cast.seen, "after 30: 1 left, 1"), 1);
    assert_int_equal(probe_count_of(cast.seen, "stubborn OK"), 1);
    drop_world(&world);
    drop_probe(&cast.seen);
}

static troupe_error fails_at_once(troupe_self *self, void *argument)
{
    (void) self;
    (void) argument;
    return TROUPE_ERROR_USER;
}

static troupe_error has_one_that_does_not_start(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    troupe_scope *scope = NULL;
    troupe_ref ref;
    (void) troupe_scope_enter(self, NULL, &scope);
    (void) tell(cast, "spawn", spawn(self, scope, fails_at_once, NULL));
    (void) tell(cast, "leave", troupe_scope_leave(self, &scope));
    (void) troupe_scope_enter(self, NULL, &scope);
    (void) tell(
        cast, "nowait",
        troupe_spawn_nowait(self, TROUPE_SPAWN(.body = fails_at_once, .scope = scope), &ref));
    (void) tell(cast, "leave", troupe_scope_leave(self, &scope));
    (void) troupe_scope_enter(self, NULL, &scope);
    (void) troupe_scope_cancel(self, scope, TROUPE_OK, NULL);
    (void) tell(
        cast, "cancelled",
        troupe_spawn_nowait(self, TROUPE_SPAWN(.body = fails_at_once, .scope = scope), &ref));
    (void) tell(cast, "leave", troupe_scope_leave(self, &scope));
    return TROUPE_OK;
}

/* Promise: SCOPE-CHILDREN */
static void fail_to_start_once(void **state)
{
    struct cast cast = {0};
    play(state, has_one_that_does_not_start, &cast);
    assert_said(cast.seen, "spawn USER", "leave OK", "nowait OK", "leave USER",
                "cancelled CANCELLED", "leave CANCELLED");
    drop_probe(&cast.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD_OF_TWO(are_waited_for),
        WITH_WORLD_OF_TWO(cancel_their_siblings_when_they_fail),
        WITH_WORLD(cancel_their_siblings_when_they_fail),
        WITH_WORLD_OF_TWO(are_cancelled_at_the_deadline),
        cmocka_unit_test(are_left_behind_after_the_grace_and_named),
        WITH_WORLD_OF_TWO(fail_to_start_once),
        WITH_WORLD(fail_to_start_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
