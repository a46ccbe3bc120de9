/* SPDX-License-Identifier: MIT */
/* What the calls on tasks and scopes promise of a cancel, or a deadline, in the very moment in
 * which they complete: results stay to be had, and nobody is left. */
#include "support/fixtures.h"
#include "support/races.h"

#define SEEDS 240
#define TASKS 3

static troupe_error ends_soon(troupe_self *self, void *argument)
{
    struct race *race = argument;
    race->live++;
    const troupe_error error = troupe_sleep(self, a_moment(self));
    race->live--;
    race->made += error == TROUPE_OK ? 1 : 0;
    return error;
}

static void starts(troupe_self *self, struct race *race)
{
    race_expect(race,
                troupe_task_start(self, race->outer,
                                  TROUPE_TASK(.body = ends_soon, .argument = race),
                                  &race->task) == TROUPE_OK,
                "not started");
}

/* Its result is given once, to the attempt or after. */

static troupe_error joins(troupe_self *self, struct race *race)
{
    troupe_error result = TROUPE_ERROR_FAILED;
    const troupe_error error = troupe_join(self, race->task, TROUPE_FOREVER, &result);
    race->is_done = error == TROUPE_OK;
    race_expect(race, !race->is_done || result == TROUPE_OK, "a wrong result");
    return error;
}

static troupe_error takes_the_next(troupe_self *self, struct race *race)
{
    troupe_task task = {.id = 0};
    troupe_error result = TROUPE_ERROR_FAILED;
    const troupe_error error = troupe_next(self, race->outer, TROUPE_FOREVER, &task, &result);
    race->is_done = error == TROUPE_OK;
    race_expect(race, !race->is_done || (result == TROUPE_OK && task.id == race->task.id),
                "a wrong result");
    return error;
}

static void has_the_result_once(troupe_self *self, struct race *race)
{
    troupe_error result = TROUPE_ERROR_FAILED;
    if (!race->is_done) {
        const troupe_error error = troupe_join(self, race->task, TROUPE_FOREVER, &result);
        race_expect(race, error == TROUPE_OK && result == TROUPE_OK, "a result was lost");
    }
    race_expect(race, troupe_join(self, race->task, TROUPE_NOW, &result) == TROUPE_ERROR_STALE,
                "a result was given twice");
    race_expect(race, race->live == 0, "it has not ended");
}

/* Promise: CANCEL-JOIN */
static void leaves_a_result_to_be_had(void **state)
{
    static const struct race_kind kinds[] = {
        {.prepare = starts, .attempt = joins, .settle = has_the_result_once},
        {.prepare = starts, .attempt = takes_the_next, .settle = has_the_result_once}};
    (void) state;
    run_races(&kinds[0], SEEDS);
    run_races(&kinds[1], SEEDS);
}

/* A place in a group of one. */

static troupe_error counts(troupe_self *self, void *argument)
{
    struct race *race = argument;
    (void) self;
    race->got++;
    return TROUPE_OK;
}

static troupe_error starts_another(troupe_self *self, struct race *race)
{
    troupe_task task;
    const troupe_error error =
        troupe_task_start(self, race->outer, TROUPE_TASK(.body = counts, .argument = race), &task);
    race->marks[0] += error == TROUPE_OK ? 1 : 0;
    return error;
}

static void has_run_if_it_was_started(struct race *race, const troupe_counts *none)
{
    (void) none;
    race_expect(race, race->got == race->marks[0], "started and not, or twice");
    race_expect(race, race->live == 0, "a task is left");
}

/* Promise: CANCEL-TASK-START */
static void starts_a_task_or_does_not(void **state)
{
    static const struct race_kind kind = {.prepare = starts,
                                          .attempt = starts_another,
                                          .check = has_run_if_it_was_started,
                                          .tasks_max = 1};
    (void) state;
    run_races(&kind, SEEDS);
}

/* Those that wait for several. */

static troupe_error gathers(troupe_self *self, struct race *race)
{
    const troupe_task_options *const tasks[TASKS] = {
        TROUPE_TASK(.body = ends_soon, .argument = race),
        TROUPE_TASK(.body = ends_soon, .argument = race),
        TROUPE_TASK(.body = ends_soon, .argument = race)};
    troupe_error results[TASKS];
    race->made = 0;
    const uint64_t wins = troupe_self_random(self) % (TASKS + 1);
    const troupe_error error =
        troupe_gather(self, TROUPE_GATHER(.wins = wins), tasks, TASKS, results);
    uint64_t won = 0;
    for (unsigned i = 0; i < TASKS; i++) {
        won += results[i] == TROUPE_OK ? 1 : 0;
    }
    race_expect(race, race->live == 0, "a task is left");
    race_expect(race, won == race->made, "a result was lost");
    race_expect(race, error != TROUPE_OK || won >= (wins == 0 ? TASKS : wins), "too few won");
    return error;
}

static troupe_error races(troupe_self *self, struct race *race)
{
    const troupe_task_options *const tasks[TASKS] = {
        TROUPE_TASK(.body = ends_soon, .argument = race),
        TROUPE_TASK(.body = ends_soon, .argument = race),
        TROUPE_TASK(.body = ends_soon, .argument = race)};
    size_t index = TASKS + 1;
    race->made = 0;
    const troupe_error error = troupe_race(self, TROUPE_FOREVER, tasks, TASKS, &index);
    race_expect(race, race->live == 0, "a task is left");
    race_expect(race, error != TROUPE_OK || (index < TASKS && race->made > 0), "nobody won");
    race_expect(race, index <= TASKS, "not said who");
    return error;
}

/* Promise: CANCEL-GATHER */
static void have_all_ended_when_they_are_gathered_or_race(void **state)
{
    static const struct race_kind kinds[] = {{.attempt = gathers}, {.attempt = races}};
    (void) state;
    run_races(&kinds[0], SEEDS);
    run_races(&kinds[1], SEEDS);
}

/* Leaving a scope. */

static void cleans_up(troupe_self *self, void *context)
{
    struct race *race = context;
    race_expect(race, race->live == 0, "cleaned up too early");
    race_expect(race, troupe_sleep(self, a_moment(self)) == TROUPE_OK, "not shielded");
    race->lost++;
}

static troupe_error leaves(troupe_self *self, struct race *race)
{
    troupe_scope *scope = NULL;
    const uint64_t cleaned = race->lost;
    troupe_error error = troupe_scope_enter(self, NULL, &scope);
    if (error) {
        return error;
    }
    error = troupe_defer(self, cleans_up, race);
    if (error == TROUPE_OK) {
        error =
            troupe_task_start(self, scope, TROUPE_TASK(.body = ends_soon, .argument = race), NULL);
    }
    const bool is_cleaned = error == TROUPE_OK;
    const uint64_t made = race->made;
    const troupe_error left = troupe_scope_leave(self, &scope);
    race_expect(race, scope == NULL && race->live == 0, "a task is left");
    race_expect(race, !is_cleaned || race->lost == cleaned + 1, "not cleaned up once");
    race_expect(race, error || left || race->made == made + 1, "left well without its task");
    return error ? error : left;
}

/* Promise: CANCEL-LEAVE */
static void is_left_by_all_and_cleaned_up_once(void **state)
{
    static const struct race_kind kind = {.attempt = leaves};
    (void) state;
    run_races(&kind, SEEDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_a_result_to_be_had),
        cmocka_unit_test(starts_a_task_or_does_not),
        cmocka_unit_test(have_all_ended_when_they_are_gathered_or_race),
        cmocka_unit_test(is_left_by_all_and_cleaned_up_once),
    };
    return cmocka_run_group_tests_name("task_races", tests, NULL, NULL);
}
