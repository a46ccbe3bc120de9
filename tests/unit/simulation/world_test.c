/* SPDX-License-Identifier: MIT */
/* What a world promises: a whole node without a thread, its time virtual, its order the seed's. */
#include "simulation/world.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/ask.h>
#include <troupe/message.h>
#include <troupe/send.h>

#include "support/failing_allocator.h"
#include "support/probe.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)

struct number {
    uint64_t value;
};
static const troupe_type number_type = TROUPE_TYPE(struct number);

static troupe_error send_number(troupe_self *self, troupe_ref to, uint64_t value)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    const struct number number = {.value = value};
    const troupe_error error = troupe_message_create(self, &number_type, &number, &message);
    return error ? error : troupe_send_message(self, to, &message);
}

/* Says each number that it gets, until told to stop. */
static troupe_error listener(troupe_self *self, void *argument)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while ((error = troupe_receive(self, &message, TROUPE_FOREVER)) == TROUPE_OK) {
        const struct number *number = troupe_message_struct(message, &number_type);
        probe_say(argument, "%" PRIu64, number->value);
    }
    return error == TROUPE_ERROR_STOPPING ? TROUPE_OK : error;
}

struct sender_task {
    troupe_ref to;
    uint64_t first;
    uint64_t count;
};

static troupe_error sender(troupe_self *self, void *argument)
{
    const struct sender_task *task = argument;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 0; i < task->count && !error; i++) {
        error = send_number(self, task->to, task->first + i);
    }
    return error;
}

static troupe_error sleeper(troupe_self *self, void *argument)
{
    const uint64_t before_ns = troupe_self_now_ns(self);
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(250));
    probe_say(argument, "%s after %" PRIu64 " ms", troupe_error_name(error),
              (troupe_self_now_ns(self) - before_ns) / MS);
    return TROUPE_OK;
}

static troupe_error failing(troupe_self *self, void *argument)
{
    (void) argument;
    return troupe_fail(self, TROUPE_ERROR_FAILED, "on purpose");
}

static void runs_an_actor_without_a_thread(void **state)
{
    tr_world *world = *state;
    struct probe *seen = a_probe();
    const troupe_ref ref = a_root(world, TROUPE_SPAWN(.body = listener, .argument = seen));
    struct sender_task task = {.to = ref, .first = 1, .count = 3};

    a_root(world, TROUPE_SPAWN(.body = sender, .argument = &task));
    tr_world_run(world);

    assert_said(seen, "1", "2", "3");
    drop_probe(&seen);
}

/* Promise: WORLD-TIME */
static void moves_time_only_when_nothing_can_run(void **state)
{
    tr_world *world = *state;
    struct probe *seen = a_probe();
    const uint64_t before_ns = tr_world_now_ns(world);

    a_root(world,
           TROUPE_SPAWN(.body = sleeper, .argument = seen, .ready_when = TROUPE_READY_WHEN_SAID,
                        .start_timeout = TROUPE_FOREVER));

    assert_int_equal(tr_world_now_ns(world) - before_ns, 250 * MS);
    assert_said(seen, "OK after 250 ms");
    drop_probe(&seen);
}

static void advances_by_the_time_given_and_no_more(void **state)
{
    tr_world *world = *state;
    const uint64_t before_ns = tr_world_now_ns(world);

    tr_world_advance(world, 7 * MS + 1);

    assert_int_equal(tr_world_now_ns(world) - before_ns, 7 * MS + 1);
}

static void reports_a_failing_start(void **state)
{
    tr_world *world = *state;
    troupe_ref ref = troupe_ref_none();

    assert_fails(tr_world_spawn(world, TROUPE_SPAWN(.body = failing), &ref), FAILED);

    assert_true(troupe_ref_is_none(ref));
    tr_world_run(world);
    assert_int_equal(tr_world_roots_ended(world), 1);
    assert_int_equal(tr_world_root_error(world), TROUPE_ERROR_FAILED);
}

static void gives_up_a_start_that_takes_too_long(void **state)
{
    tr_world *world = *state;
    struct probe *seen = a_probe();
    troupe_ref ref;

    assert_fails(tr_world_spawn(world,
                                TROUPE_SPAWN(.body = sleeper, .argument = seen,
                                             .ready_when = TROUPE_READY_WHEN_SAID,
                                             .start_timeout = TROUPE_WITHIN_MS(100)),
                                &ref),
                 TIMED_OUT);
    tr_world_run(world);

    assert_said(seen, "STOPPING after 100 ms");
    drop_probe(&seen);
}

/* Three senders on three workers and a listener, all racing: what was said and the trace. */
static uint64_t race(uint64_t seed, struct probe *seen)
{
    tr_world *world = a_world_of(&(const tr_world_options) {.seed = seed,
                                                            .workers = 4,
                                                            .delay_ns_max = MS,
                                                            .refuse_chance_percent = 20,
                                                            .mailbox_capacity_default = 3});
    const troupe_ref ref = a_root(world, TROUPE_SPAWN(.body = listener, .argument = seen));
    struct sender_task tasks[3];
    for (uint32_t i = 0; i < 3; i++) {
        tasks[i] = (struct sender_task) {.to = ref, .first = UINT64_C(100) * i, .count = 20};
        a_root(world, TROUPE_SPAWN(.body = sender, .argument = &tasks[i],
                                   .place = TROUPE_PLACE_WORKER, .place_worker = i + 1));
    }
    tr_world_run(world);
    const uint64_t trace = tr_world_trace_hash(world);
    drop_world(&world);
    return trace;
}

/* Promise: WORLD-SEED */
static void repeats_a_run_of_the_same_seed(void **state)
{
    (void) state;
    struct probe *seen = a_probe();
    const uint64_t first = race(7, seen);
    const char *lines[60];
    for (size_t i = 0; i < 60; i++) {
        lines[i] = probe_line(seen, i);
    }
    struct probe *again = a_probe();

    const uint64_t second = race(7, again);

    assert_true(first == second);
    for (size_t i = 0; i < 60; i++) {
        assert_string_equal(lines[i], probe_line(again, i));
    }
    drop_probe(&seen);
    drop_probe(&again);
}

/* Promise: WORLD-SEED */
static void another_seed_gives_another_run(void **state)
{
    (void) state;
    struct probe *seen = a_probe();

    const uint64_t first = race(7, seen);
    const uint64_t second = race(8, seen);

    assert_true(first != second);
    drop_probe(&seen);
}

static void race_of_seed(uint64_t seed, void *context)
{
    struct probe *seen = context;
    probe_clear(seen);
    (void) race(seed, seen);
    assert_int_equal(probe_count(seen), 60);
    uint64_t next[3] = {0};
    for (size_t i = 0; i < 60; i++) {
        const uint64_t value = strtoull(probe_line(seen, i), NULL, 10);
        assert_int_equal(value % 100, next[value / 100]++);
    }
}

/* Promise: WORLD-ORDER */
static void keeps_order_and_balance_under_every_seed(void **state)
{
    (void) state;
    struct probe *seen = a_probe();

    for_each_seed(200, race_of_seed, seen);

    drop_probe(&seen);
}

static void makes_a_worker_for_an_actor_on_its_own_thread(void **state)
{
    tr_world *world = *state;
    struct probe *seen = a_probe();

    for (unsigned i = 0; i < 10; i++) {
        a_root(world,
               TROUPE_SPAWN(.body = sleeper, .argument = seen, .place = TROUPE_PLACE_OWN_THREAD));
        tr_world_advance(world, 300 * MS);
    }

    assert_int_equal(probe_count(seen), 10);
    assert_int_equal(tr_world_worker_count(world), 3);
    drop_probe(&seen);
}

static void says_who_does_not_end(void **state)
{
    (void) state;
    tr_world *world = a_world(1, 1);
    TROUPE_AUTO(troupe_snapshot) *snapshot = NULL;
    struct probe *seen = a_probe();
    a_root(world, TROUPE_SPAWN(.name = "ear", .body = listener, .argument = seen));

    assert_ok(tr_world_snapshot(world, &snapshot));

    bool is_there = false;
    for (size_t i = 0; i < snapshot->actor_count; i++) {
        is_there = is_there || strcmp(snapshot->actors[i].name, "ear") == 0;
    }
    assert_true(is_there);
    drop_world(&world);
    drop_probe(&seen);
}

static void refuses_bad_options(void **state)
{
    (void) state;
    tr_world *world = NULL;

    assert_fails(tr_world_create(&(const tr_world_options) {.workers = 65}, &world), BAD_ARGUMENT);
    assert_fails(tr_world_create(&(const tr_world_options) {.refuse_chance_percent = 100}, &world),
                 BAD_ARGUMENT);
    assert_fails(tr_world_create(&(const tr_world_options) {.own_threads_max = 193}, &world),
                 BAD_ARGUMENT);

    assert_null(world);
}

static void is_whole_or_not_at_all_when_memory_is_out(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    const tr_world_options options = {.workers = 2, .allocator = &allocator};
    troupe_error error = TROUPE_ERROR_NO_MEMORY;
    tr_world *world = NULL;

    for (int64_t allowed = 0; error == TROUPE_ERROR_NO_MEMORY; allowed++) {
        assert_int_equal(tr_failing_allocator_live(&memory), 0);
        tr_failing_allocator_fail_after(&memory, allowed);
        error = tr_world_create(&options, &world);
        assert_true((error == TROUPE_OK) == (world != NULL));
    }

    assert_ok(error);
    tr_failing_allocator_fail_never(&memory);
    drop_world(&world);
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
}

static void frees_what_lives_when_destroyed_early(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    struct probe *seen = a_probe();
    for (unsigned steps = 0; steps < 8; steps++) {
        tr_world *world = a_world_of(&(const tr_world_options) {
            .seed = steps, .workers = 3, .delay_ns_max = MS, .allocator = &allocator});
        const troupe_ref ref = a_root(world, TROUPE_SPAWN(.body = listener, .argument = seen));
        struct sender_task task = {.to = ref, .first = 1, .count = 5000};
        a_root(world, TROUPE_SPAWN(.body = sender, .argument = &task, .place = TROUPE_PLACE_WORKER,
                                   .place_worker = 1));
        tr_world_advance(world, steps * MS / 8);

        tr_world_destroy(&world);

        assert_int_equal(tr_failing_allocator_live(&memory), 0);
    }
    drop_probe(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(runs_an_actor_without_a_thread),
        WITH_WORLD(moves_time_only_when_nothing_can_run),
        WITH_WORLD(advances_by_the_time_given_and_no_more),
        WITH_WORLD(reports_a_failing_start),
        WITH_WORLD(gives_up_a_start_that_takes_too_long),
        cmocka_unit_test(repeats_a_run_of_the_same_seed),
        cmocka_unit_test(another_seed_gives_another_run),
        cmocka_unit_test(keeps_order_and_balance_under_every_seed),
        WITH_WORLD_OF_TWO(makes_a_worker_for_an_actor_on_its_own_thread),
        cmocka_unit_test(says_who_does_not_end),
        cmocka_unit_test(refuses_bad_options),
        cmocka_unit_test(is_whole_or_not_at_all_when_memory_is_out),
        cmocka_unit_test(frees_what_lives_when_destroyed_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
