/* SPDX-License-Identifier: MIT */
/* What leaving a scope promises: all that was started in it has ended, what was deferred has run
 * once, and the errors are told. */
#include <string.h>
#include <troupe/troupe.h>

#include "core/actor.h"
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

static troupe_error start(troupe_self *self, troupe_scope *scope, struct part *part)
{
    return troupe_task_start(
        self, scope, TROUPE_TASK(.name = part->name, .body = play_part, .argument = part), NULL);
}

static void play(void **state, troupe_body *body, struct cast *cast)
{
    cast->seen = a_probe();
    cast->refs[0] = a_root(*state, TROUPE_SPAWN(.body = body, .argument = cast));
    tr_world_advance(*state, 100000 * MS);
}

static troupe_error leaves_with_a_failure(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    struct part parts[] = {
        {cast, "a", 30, TROUPE_OK}, {cast, "b", 10, TROUPE_ERROR_USER}, {cast, "c", 5, TROUPE_OK}};
    troupe_scope *scope = NULL;
    const troupe_on_failure rule = cast->number != 0 ? TROUPE_COLLECT_ALL : TROUPE_CANCEL_SIBLINGS;
    (void) troupe_scope_enter(self, TROUPE_SCOPE(.on_failure = rule), &scope);
    for (unsigned i = 0; i < 3; i++) {
        (void) start(self, scope, &parts[i]);
    }
    troupe_scope_report report;
    (void) tell(cast, "leave", troupe_scope_leave_report(self, &scope, &report));
    probe_say(cast->seen, "%u failed, first '%s' %s, reason %s", report.failed,
              report.failures[0].name, troupe_error_name(report.failures[0].error),
              troupe_error_name(report.reason));
    return TROUPE_OK;
}

/* Promise: SCOPE-FAILURE */
static void cancels_the_siblings_of_the_first_that_fails(void **state)
{
    struct cast cast = {0};
    play(state, leaves_with_a_failure, &cast);
    assert_said(cast.seen, "c OK", "b USER", "a CANCELLED", "leave USER",
                "1 failed, first 'b' USER, reason USER");
    drop_probe(&cast.seen);
}

/* Promise: SCOPE-FAILURE */
static void collects_all_where_it_is_told_to(void **state)
{
    struct cast cast = {.number = 1};
    play(state, leaves_with_a_failure, &cast);
    assert_said(cast.seen, "c OK", "b USER", "a OK", "leave USER",
                "1 failed, first 'b' USER, reason OK");
    drop_probe(&cast.seen);
}

static troupe_error fails_in_many_ways(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    struct part parts[10];
    troupe_scope *scope = NULL;
    (void) troupe_scope_enter(self, TROUPE_SCOPE(.on_failure = TROUPE_COLLECT_ALL), &scope);
    for (unsigned i = 0; i < 10; i++) {
        parts[i] = (struct part) {cast, "part", 10 + i, (troupe_error) (TROUPE_ERROR_USER + i)};
        (void) start(self, scope, &parts[i]);
    }
    troupe_scope_report report;
    const troupe_error error = troupe_scope_leave_report(self, &scope, &report);
    probe_clear(cast->seen);
    probe_say(cast->seen, "%d: %u failed, %u told, from %d to %d", (int) error, report.failed,
              report.count, (int) report.failures[0].error,
              (int) report.failures[report.count - 1].error);
    return TROUPE_OK;
}

/* Promise: SCOPE-REPORT */
static void tells_of_several_failures_together(void **state)
{
    struct cast cast = {0};
    play(state, fails_in_many_ways, &cast);
    assert_said(cast.seen, "1000: 10 failed, 8 told, from 1000 to 1007");
    drop_probe(&cast.seen);
}

static troupe_error leaves_late(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    struct part part = {cast, "part", 30, TROUPE_OK};
    troupe_scope *scope = NULL;
    (void) troupe_scope_enter(self, TROUPE_SCOPE(.timeout = TROUPE_WITHIN_MS(20)), &scope);
    (void) start(self, scope, &part);
    (void) tell(cast, "leave", troupe_scope_leave(self, &scope));

    part.sleep_ms = 10;
    (void) troupe_scope_enter(self, TROUPE_SCOPE(.timeout = TROUPE_WITHIN_MS(20)), &scope);
    (void) start(self, scope, &part);
    (void) tell(cast, "leave", troupe_scope_leave(self, &scope));
    return TROUPE_OK;
}

/* Promise: SCOPE-DEADLINE */
static void waits_no_longer_than_until_the_deadline(void **state)
{
    struct cast cast = {0};
    play(state, leaves_late, &cast);
    assert_said(cast.seen, "part TIMED_OUT", "leave TIMED_OUT", "part OK", "leave OK");
    drop_probe(&cast.seen);
}

static void say_it(troupe_self *self, void *context)
{
    const struct part *part = context;
    const troupe_error error =
        part->sleep_ms > 0 ? troupe_sleep(self, TROUPE_WITHIN_MS(part->sleep_ms)) : TROUPE_OK;
    (void) tell(part->cast, part->name, error);
}

static troupe_error defers(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    static struct part parts[5]; /* outlive the body's frame */
    const struct part given[] = {{cast, "first", 0, TROUPE_OK},
                                 {cast, "second", 10, TROUPE_OK},
                                 {cast, "task", 10, TROUPE_OK},
                                 {cast, "of the body", 0, TROUPE_OK},
                                 {cast, "inner", 0, TROUPE_OK}};
    memcpy(parts, given, sizeof parts);
    troupe_scope *scope = NULL;
    troupe_scope *inner = NULL;
    (void) troupe_defer(self, say_it, &parts[3]);
    (void) troupe_scope_enter(self, NULL, &scope);
    (void) troupe_defer(self, say_it, &parts[0]);
    (void) troupe_defer(self, say_it, &parts[1]);
    (void) start(self, scope, &parts[2]);
    (void) troupe_scope_enter(self, NULL, &inner);
    (void) troupe_defer(self, say_it, &parts[4]);
    (void) tell(cast, "leave", troupe_scope_leave(self, &inner));
    if (cast->number == 1) {
        return TROUPE_ERROR_USER; /* with the scope open */
    }
    (void) troupe_scope_cancel(self, scope, TROUPE_OK, NULL);
    return tell(cast, "leave", troupe_scope_leave(self, &scope));
}

/* Promise: SCOPE-DEFER */
static void runs_what_was_deferred_last_first_after_the_tasks(void **state)
{
    struct cast cast = {0};
    play(state, defers, &cast);
    assert_said(cast.seen, "inner OK", "leave OK", "task CANCELLED", "second OK", "first OK",
                "leave CANCELLED", "of the body OK");
    drop_probe(&cast.seen);
}

/* Promise: SCOPE-DEFER */
static void runs_what_was_deferred_when_a_body_fails_with_scopes_open(void **state)
{
    struct cast cast = {.number = 1};
    play(state, defers, &cast);
    assert_said(cast.seen, "inner OK", "leave OK", "task CANCELLED", "second OK", "first OK",
                "of the body OK");
    drop_probe(&cast.seen);
}

/* A body whose actor is cancelled while it waits in a scope, and one whose cleaning takes long. */
static troupe_error is_cancelled_with_a_scope(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    static struct part clean; /* outlives the body's frame */
    troupe_scope *scope = NULL;
    clean = (struct part) {cast, "clean", cast->number, TROUPE_OK};
    (void) troupe_scope_enter(self, TROUPE_SCOPE(.grace = TROUPE_WITHIN_MS(50)), &scope);
    (void) troupe_defer(self, say_it, &clean);
    return tell(cast, "slept", troupe_sleep(self, TROUPE_FOREVER));
}

static void cancel_it(void **state, struct cast *cast)
{
    play(state, is_cancelled_with_a_scope, cast);
    const tr_address address = {.slot = cast->refs[0].slot, .generation = cast->refs[0].generation};
    assert_ok(tr_actor_signal(tr_world_worker(*state, 0), address, TR_SIGNAL_CANCEL));
    tr_world_advance(*state, 1000 * MS);
}

/* Promise: SCOPE-SHIELD */
static void shields_what_was_deferred(void **state)
{
    struct cast cast = {.number = 40};
    cancel_it(state, &cast);
    assert_said(cast.seen, "slept CANCELLED", "clean OK");
    drop_probe(&cast.seen);
}

/* Promise: SCOPE-SHIELD */
static void shields_it_no_longer_than_the_grace(void **state)
{
    struct cast cast = {.number = 60};
    cancel_it(state, &cast);
    assert_said(cast.seen, "slept CANCELLED", "clean CANCELLED");
    drop_probe(&cast.seen);
}

static troupe_error ignores_cancels(troupe_self *self, void *argument)
{
    const struct part *part = argument;
    troupe_scope *shield = NULL;
    (void) troupe_shield(self, TROUPE_FOREVER, &shield);
    (void) troupe_sleep(self, TROUPE_WITHIN_MS(part->sleep_ms));
    (void) troupe_scope_leave(self, &shield);
    return tell(part->cast, part->name, part->result);
}

static troupe_error leaves_with_a_stubborn_one(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    struct part part = {cast, "stubborn", 100, TROUPE_OK};
    troupe_scope *scope = NULL;
    (void) troupe_scope_enter(
        self,
        TROUPE_SCOPE(.name = "one", .timeout = TROUPE_WITHIN_MS(20), .grace = TROUPE_WITHIN_MS(30)),
        &scope);
    (void) troupe_task_start(
        self, scope, TROUPE_TASK(.name = "it", .body = ignores_cancels, .argument = &part), NULL);
    return tell(cast, "leave", troupe_scope_leave(self, &scope)) == TROUPE_ERROR_TIMED_OUT
               ? TROUPE_OK
               : TROUPE_ERROR_FAILED;
}

/* Promise: SCOPE-GRACE */
static void waits_for_tasks_past_the_grace_and_names_them(void **state)
{
    (void) state;
    struct cast cast = {.seen = a_probe()};
    const troupe_log log = log_of(cast.seen);
    tr_world *world = a_world_of(&(const tr_world_options) {.seed = 1, .workers = 1, .log = &log});
    a_root(world,
           TROUPE_SPAWN(.name = "leaver", .body = leaves_with_a_stubborn_one, .argument = &cast));
    tr_world_advance(world, 60 * MS);
    assert_said(cast.seen,
                "actor 'leaver': task 'it' has not ended within the grace of scope "
                "'one'; the scope goes on waiting for it");
    tr_world_advance(world, 60 * MS);
    assert_int_equal(probe_count_of(cast.seen, "stubborn OK"), 1);
    assert_int_equal(probe_count_of(cast.seen, "leave TIMED_OUT"), 1);
    drop_world(&world);
    drop_probe(&cast.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(cancels_the_siblings_of_the_first_that_fails),
        WITH_WORLD(collects_all_where_it_is_told_to),
        WITH_WORLD(tells_of_several_failures_together),
        WITH_WORLD(waits_no_longer_than_until_the_deadline),
        WITH_WORLD(runs_what_was_deferred_last_first_after_the_tasks),
        WITH_WORLD(runs_what_was_deferred_when_a_body_fails_with_scopes_open),
        WITH_WORLD(shields_what_was_deferred),
        WITH_WORLD(shields_it_no_longer_than_the_grace),
        cmocka_unit_test(waits_for_tasks_past_the_grace_and_names_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
