/* SPDX-License-Identifier: MIT */
/* What tasks of one actor promise those who start them: to run one at a time, to be waited for, and
 * to give their results once. */
#include <troupe/troupe.h>

#include "support/cast.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)

/* What one task is to do. */
struct part {
    struct cast *cast;
    const char *name;
    uint64_t sleep_ms;
    troupe_error result;
    troupe_task joins; /* all zero: nobody */
};

static troupe_error play_part(troupe_self *self, void *argument)
{
    const struct part *part = argument;
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(part->sleep_ms));
    if (error) {
        return tell(part->cast, part->name, error);
    }
    return tell(part->cast, part->name, part->result);
}

static void play(void **state, troupe_body *body, struct cast *cast)
{
    cast->seen = a_probe();
    a_root(*state, TROUPE_SPAWN(.body = body, .argument = cast));
    tr_world_advance(*state, 10000 * MS);
}

static troupe_error start(troupe_self *self, troupe_scope *scope, struct part *part,
                          troupe_task *out_task)
{
    return troupe_task_start(self, scope,
                             TROUPE_TASK(.name = part->name, .body = play_part, .argument = part),
                             out_task);
}

static troupe_error joins_three(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    struct part parts[] = {{cast, "a", 30, TROUPE_OK, {0}},
                           {cast, "b", 10, TROUPE_ERROR_USER, {0}},
                           {cast, "c", 20, TROUPE_OK, {0}}};
    troupe_task tasks[3];
    troupe_scope *scope = NULL;
    troupe_error result = TROUPE_OK;
    (void) tell(cast, "enter",
                troupe_scope_enter(self, TROUPE_SCOPE(.on_failure = TROUPE_COLLECT_ALL), &scope));
    for (unsigned i = 0; i < 3; i++) {
        (void) tell(cast, "start", start(self, scope, &parts[i], &tasks[i]));
    }
    for (unsigned i = 0; i < 3; i++) {
        const troupe_error error = troupe_join(self, tasks[i], TROUPE_FOREVER, &result);
        (void) tell(cast, "join", error ? error : result);
        (void) tell(cast, "again", troupe_join(self, tasks[i], TROUPE_FOREVER, &result));
    }
    return tell(cast, "leave", troupe_scope_leave(self, &scope)) == TROUPE_ERROR_USER &&
                   scope == NULL
               ? TROUPE_OK
               : TROUPE_ERROR_FAILED;
}

/* Promise: TASK-JOIN */
static void give_their_results_to_who_joins_them_once(void **state)
{
    struct cast cast = {0};
    play(state, joins_three, &cast);
    assert_said(cast.seen, "enter OK", "start OK", "start OK", "start OK", "b USER", "c OK", "a OK",
                "join OK", "again STALE", "join USER", "again STALE", "join OK", "again STALE",
                "leave USER");
    drop_probe(&cast.seen);
}

static troupe_error takes_them_as_they_end(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    struct part parts[] = {{cast, "a", 30, TROUPE_OK, {0}},
                           {cast, "b", 10, TROUPE_OK, {0}},
                           {cast, "c", 20, TROUPE_OK, {0}}};
    troupe_task tasks[3];
    troupe_task ended = {0};
    troupe_scope *scope = NULL;
    troupe_error result = TROUPE_OK;
    (void) troupe_scope_enter(self, NULL, &scope);
    for (unsigned i = 0; i < 3; i++) {
        (void) start(self, scope, &parts[i], &tasks[i]);
    }
    (void) tell(cast, "early", troupe_next(self, scope, TROUPE_WITHIN_MS(5), &ended, &result));
    while (troupe_next(self, scope, TROUPE_FOREVER, &ended, &result) == TROUPE_OK) {
        for (unsigned i = 0; i < 3; i++) {
            if (tasks[i].id == ended.id) {
                (void) tell(cast, parts[i].name, TROUPE_ERROR_END);
            }
        }
    }
    (void) tell(cast, "next", troupe_next(self, scope, TROUPE_FOREVER, &ended, &result));
    return tell(cast, "leave", troupe_scope_leave(self, &scope));
}

/* Promise: TASK-NEXT */
static void are_told_as_they_end(void **state)
{
    struct cast cast = {0};
    play(state, takes_them_as_they_end, &cast);
    assert_said(cast.seen, "early TIMED_OUT", "b OK", "b END", "c OK", "c END", "a OK", "a END",
                "next END", "leave OK");
    drop_probe(&cast.seen);
}

static troupe_error play_joiner(troupe_self *self, void *argument)
{
    const struct part *part = argument;
    troupe_error result = TROUPE_OK;
    const troupe_error error = troupe_join(self, part->joins, TROUPE_FOREVER, &result);
    (void) tell(part->cast, part->name, error ? error : result);
    return TROUPE_OK;
}

static troupe_error joins_in_a_ring(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    struct part parts[] = {{.cast = cast, .name = "a"}, {.cast = cast, .name = "b"}};
    troupe_task tasks[2];
    troupe_scope *scope = NULL;
    (void) troupe_scope_enter(self, NULL, &scope);
    for (unsigned i = 0; i < 2; i++) {
        (void) troupe_task_start(
            self, scope, TROUPE_TASK(.body = play_joiner, .argument = &parts[i]), &tasks[i]);
    }
    parts[0].joins = tasks[1];
    parts[1].joins = tasks[0];
    return tell(cast, "leave", troupe_scope_leave(self, &scope));
}

/* Promise: TASK-RING */
static void do_not_wait_for_each_other_in_a_ring(void **state)
{
    struct cast cast = {0};
    play(state, joins_in_a_ring, &cast);
    assert_said(cast.seen, "b WOULD_DEADLOCK", "a OK", "leave OK");
    drop_probe(&cast.seen);
}

static troupe_error fills_a_group(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    struct part parts[4];
    troupe_scope *scope = NULL;
    (void) troupe_scope_enter(self, TROUPE_SCOPE(.tasks_max = 2), &scope);
    for (unsigned i = 0; i < 4; i++) {
        parts[i] = (struct part) {.cast = cast, .name = "part", .sleep_ms = 10};
        const uint64_t before_ns = troupe_self_now_ns(self);
        const troupe_error error = start(self, scope, &parts[i], NULL);
        probe_say(cast->seen, "start %s %d", troupe_error_name(error),
                  (int) ((troupe_self_now_ns(self) - before_ns) / MS));
    }
    (void) tell(cast, "now",
                troupe_task_start(
                    self, scope,
                    TROUPE_TASK(.body = play_part, .argument = &parts[0], .timeout = TROUPE_NOW),
                    NULL));
    return tell(cast, "leave", troupe_scope_leave(self, &scope));
}

/* Promise: TASK-GROUP */
static void wait_for_a_place_in_a_bounded_group(void **state)
{
    struct cast cast = {0};
    play(state, fills_a_group, &cast);
    assert_said(cast.seen, "start OK 0", "start OK 0", "part OK", "part OK", "start OK 10",
                "start OK 0", "now TIMED_OUT", "part OK", "part OK", "leave OK");
    drop_probe(&cast.seen);
}

struct group {
    struct cast *cast;
    troupe_scope *scope;
};

static troupe_error starts_one_more(troupe_self *self, void *argument)
{
    struct group *group = argument;
    (void) tell(group->cast, "more",
                troupe_task_start(self, group->scope,
                                  TROUPE_TASK(.body = starts_one_more, .argument = group), NULL));
    return TROUPE_OK;
}

static troupe_error fills_a_group_from_within(troupe_self *self, void *argument)
{
    struct group group = {.cast = argument};
    (void) troupe_scope_enter(self, TROUPE_SCOPE(.tasks_max = 1), &group.scope);
    (void) troupe_task_start(self, group.scope,
                             TROUPE_TASK(.body = starts_one_more, .argument = &group), NULL);
    return tell(group.cast, "leave", troupe_scope_leave(self, &group.scope));
}

/* Promise: TASK-RING */
static void do_not_wait_for_a_place_that_only_they_could_give(void **state)
{
    struct cast cast = {0};
    play(state, fills_a_group_from_within, &cast);
    assert_said(cast.seen, "more WOULD_DEADLOCK", "leave OK");
    drop_probe(&cast.seen);
}

static troupe_error cancels_one(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    struct part parts[] = {{cast, "a", 30, TROUPE_OK, {0}}, {cast, "b", 30, TROUPE_OK, {0}}};
    troupe_task tasks[2];
    troupe_scope *scope = NULL;
    (void) troupe_scope_enter(self, NULL, &scope);
    (void) start(self, scope, &parts[0], &tasks[0]);
    (void) start(self, scope, &parts[1], &tasks[1]);
    (void) troupe_sleep(self, TROUPE_WITHIN_MS(1));
    (void) tell(cast, "cancel", troupe_task_cancel(self, tasks[0]));
    (void) tell(cast, "cancel", troupe_task_cancel(self, tasks[0]));
    return tell(cast, "leave", troupe_scope_leave(self, &scope));
}

/* Promise: TASK-CANCEL */
static void are_cancelled_one_by_one(void **state)
{
    struct cast cast = {0};
    play(state, cancels_one, &cast);
    assert_said(cast.seen, "cancel OK", "cancel OK", "a CANCELLED", "b OK", "leave OK");
    drop_probe(&cast.seen);
}

/* Ends one task, and cancels its joiner in the same turn, before that one has run. */
static troupe_error play_winner(troupe_self *self, void *argument)
{
    struct part *part = argument;
    (void) troupe_sleep(self, TROUPE_WITHIN_MS(5));
    return part->result;
}

static troupe_error races_end_and_cancel(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    struct part parts[] = {{.cast = cast, .result = TROUPE_OK}, {.cast = cast, .name = "joined"}};
    troupe_task joiner;
    troupe_scope *scope = NULL;
    (void) troupe_scope_enter(self, NULL, &scope);
    (void) troupe_task_start(self, scope, TROUPE_TASK(.body = play_winner, .argument = &parts[0]),
                             &parts[1].joins);
    (void) troupe_task_start(self, scope, TROUPE_TASK(.body = play_joiner, .argument = &parts[1]),
                             &joiner);
    (void) troupe_sleep(self, TROUPE_WITHIN_MS(1));
    (void) troupe_sleep(self, TROUPE_WITHIN_MS(4)); /* due after the winner, in the same pass */
    (void) tell(cast, "cancel", troupe_task_cancel(self, joiner));
    return tell(cast, "leave", troupe_scope_leave(self, &scope));
}

/* Promise: TASK-RACE */
static void lose_no_result_to_a_cancel_that_comes_later(void **state)
{
    struct cast cast = {0};
    play(state, races_end_and_cancel, &cast);
    assert_said(cast.seen, "cancel OK", "joined OK", "leave OK");
    drop_probe(&cast.seen);
}

static troupe_error does_nothing(troupe_self *self, void *argument)
{
    (void) self;
    (void) argument;
    return TROUPE_OK;
}

static troupe_error asks_for_the_impossible(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    troupe_scope *scope = NULL;
    troupe_error result = TROUPE_OK;
    troupe_task task = {0};
    troupe_message *none = NULL;
    (void) tell(cast, "join", troupe_join(self, (troupe_task) {7}, TROUPE_FOREVER, &result));
    (void) tell(cast, "join", troupe_join(self, task, TROUPE_FOREVER, &result));
    (void) troupe_scope_enter(self, NULL, &scope);
    (void) tell(cast, "start", troupe_task_start(self, scope, TROUPE_TASK(.body = NULL), NULL));
    (void) tell(
        cast, "start",
        troupe_task_start(self, scope, TROUPE_TASK(.body = does_nothing, .message = &none), NULL));
    (void) tell(cast, "next", troupe_next(self, scope, TROUPE_FOREVER, &task, &result));
    (void) troupe_scope_cancel(self, scope, TROUPE_OK, NULL);
    (void) tell(cast, "start",
                troupe_task_start(self, scope, TROUPE_TASK(.body = does_nothing), NULL));
    (void) tell(cast, "cancel", troupe_task_cancel(self, (troupe_task) {7}));
    return tell(cast, "leave", troupe_scope_leave(self, &scope)) == TROUPE_ERROR_CANCELLED
               ? TROUPE_OK
               : TROUPE_ERROR_FAILED;
}

/* Promise: TASK-ARGUMENTS */
static void refuse_what_cannot_be(void **state)
{
    struct cast cast = {0};
    play(state, asks_for_the_impossible, &cast);
    assert_said(cast.seen, "join STALE", "join BAD_ARGUMENT", "start BAD_ARGUMENT",
                "start BAD_ARGUMENT", "next END", "start CANCELLED", "cancel STALE",
                "leave CANCELLED");
    drop_probe(&cast.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(give_their_results_to_who_joins_them_once),
        WITH_WORLD(are_told_as_they_end),
        WITH_WORLD(do_not_wait_for_each_other_in_a_ring),
        WITH_WORLD(wait_for_a_place_in_a_bounded_group),
        WITH_WORLD(do_not_wait_for_a_place_that_only_they_could_give),
        WITH_WORLD(are_cancelled_one_by_one),
        WITH_WORLD(lose_no_result_to_a_cancel_that_comes_later),
        WITH_WORLD(refuse_what_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
