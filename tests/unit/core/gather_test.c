/* SPDX-License-Identifier: MIT */
/* Tasks waited for together: all, the first that fails, the first that wins, so many of them, or
 * the first to end; the rest is cancelled and has ended too. */
#include <troupe/troupe.h>

#include "core/actor.h"
#include "support/cast.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)
#define PARTS 4

struct part {
    uint64_t sleep_ms;
    troupe_error result;
};

/* In the order of their names: 30 ms OK, 10 ms USER, 20 ms OK, 40 ms OK. */
static struct part parts[PARTS] = {
    {30, TROUPE_OK}, {10, TROUPE_ERROR_USER}, {20, TROUPE_OK}, {40, TROUPE_OK}};

static troupe_error play_part(troupe_self *self, void *argument)
{
    const struct part *part = argument;
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(part->sleep_ms));
    return error ? error : part->result;
}

static void say_results(const struct cast *cast, int after_ms, troupe_error error,
                        const troupe_error *results)
{
    probe_say(cast->seen, "after %d %s: %s %s %s %s", after_ms, troupe_error_name(error),
              troupe_error_name(results[0]), troupe_error_name(results[1]),
              troupe_error_name(results[2]), troupe_error_name(results[3]));
}

static troupe_error gathers(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    const troupe_task_options *const tasks[] = {
        TROUPE_TASK(.body = play_part, .argument = &parts[0]),
        TROUPE_TASK(.body = play_part, .argument = &parts[1]),
        TROUPE_TASK(.body = play_part, .argument = &parts[2]),
        TROUPE_TASK(.body = play_part, .argument = &parts[3])};
    const troupe_gather_options *const ways[] = {
        NULL,
        TROUPE_GATHER(.on_failure = TROUPE_COLLECT_ALL),
        TROUPE_GATHER(.wins = 1),
        TROUPE_GATHER(.wins = 2),
        TROUPE_GATHER(.wins = 4),
        TROUPE_GATHER(.on_failure = TROUPE_COLLECT_ALL, .timeout = TROUPE_WITHIN_MS(25)),
        TROUPE_GATHER(.wins = 1, .tasks_max = 1),
        TROUPE_GATHER(.on_failure = TROUPE_COLLECT_ALL, .tasks_max = 2)};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        troupe_error results[PARTS];
        const uint64_t before_ns = troupe_self_now_ns(self);
        const troupe_error error = troupe_gather(self, ways[i], tasks, PARTS, results);
        say_results(cast, (int) ((troupe_self_now_ns(self) - before_ns) / MS), error, results);
    }
    size_t index = 0;
    troupe_error error = troupe_race(self, TROUPE_FOREVER, tasks, PARTS, &index);
    probe_say(cast->seen, "%s of %d", troupe_error_name(error), (int) index);
    error = troupe_race(self, TROUPE_WITHIN_MS(5), tasks, PARTS, &index);
    probe_say(cast->seen, "%s of %d", troupe_error_name(error), (int) index);
    return TROUPE_OK;
}

/* Promise: TASK-GATHER */
static void wait_for_all_for_some_or_for_the_first(void **state)
{
    struct cast cast = {.seen = a_probe()};
    a_root(*state, TROUPE_SPAWN(.body = gathers, .argument = &cast));
    tr_world_advance(*state, 10000 * MS);
    assert_said(cast.seen, "after 10 USER: CANCELLED USER CANCELLED CANCELLED",
                "after 40 USER: OK USER OK OK", "after 20 OK: CANCELLED USER OK CANCELLED",
                "after 30 OK: OK USER OK CANCELLED",
                "after 10 USER: CANCELLED USER CANCELLED CANCELLED",
                "after 25 USER: TIMED_OUT USER OK TIMED_OUT",
                "after 30 OK: OK CANCELLED CANCELLED CANCELLED", "after 70 USER: OK USER OK OK",
                "USER of 1", "TIMED_OUT of 4");
    drop_probe(&cast.seen);
}

static troupe_error gathers_and_is_cancelled(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    troupe_error results[PARTS];
    const troupe_task_options *const tasks[] = {
        TROUPE_TASK(.body = play_part, .argument = &parts[0]),
        TROUPE_TASK(.body = play_part, .argument = &parts[2]),
        TROUPE_TASK(.body = play_part, .argument = &parts[2]),
        TROUPE_TASK(.body = play_part, .argument = &parts[3])};
    const troupe_error error = troupe_gather(self, NULL, tasks, PARTS, results);
    say_results(cast, 0, error, results);
    return error;
}

/* Promise: TASK-GATHER */
static void have_ended_when_who_waits_is_cancelled(void **state)
{
    struct cast cast = {.seen = a_probe()};
    const troupe_ref ref =
        a_root(*state, TROUPE_SPAWN(.body = gathers_and_is_cancelled, .argument = &cast));
    tr_world_advance(*state, 25 * MS);
    const tr_address address = {.slot = ref.slot, .generation = ref.generation};
    assert_ok(tr_actor_signal(tr_world_worker(*state, 0), address, TR_SIGNAL_CANCEL));
    tr_world_advance(*state, 1000 * MS);
    assert_said(cast.seen, "after 0 CANCELLED: CANCELLED OK OK CANCELLED");
    drop_probe(&cast.seen);
}

/* A thousand at once, with the time it takes in instructions of no interest here. */
static troupe_error ends_at_once(troupe_self *self, void *argument)
{
    uint64_t *count = argument;
    (void) self;
    (*count)++;
    return TROUPE_OK;
}

#define MANY 1000

static troupe_error gathers_many(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    static const troupe_task_options *tasks[MANY];
    const troupe_task_options *one = TROUPE_TASK(.body = ends_at_once, .argument = &cast->count);
    for (size_t i = 0; i < MANY; i++) {
        tasks[i] = one;
    }
    return tell(cast, "many", troupe_gather(self, NULL, tasks, MANY, NULL));
}

/* Promise: TASK-GATHER */
static void may_be_many(void **state)
{
    struct cast cast = {.seen = a_probe()};
    a_root(*state, TROUPE_SPAWN(.body = gathers_many, .argument = &cast));
    tr_world_advance(*state, 1000 * MS);
    assert_said(cast.seen, "many OK");
    assert_int_equal(cast.count, MANY);
    drop_probe(&cast.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(wait_for_all_for_some_or_for_the_first),
        WITH_WORLD(have_ended_when_who_waits_is_cancelled),
        WITH_WORLD(may_be_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
