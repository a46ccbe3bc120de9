/* SPDX-License-Identifier: MIT */
/* What a world of several nodes promises: each runs, crashes, stalls and comes back by itself. */
#include "simulation/fleet.h"

#include <inttypes.h>
#include <troupe/troupe.h>

#include "simulation/world.h"
#include "support/probe.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)

struct clock_task {
    struct probe *seen;
    tr_world *world;
    uint32_t node;
    bool crashes; /* after the first word */
    bool stalls;
};

/* Says every 10 ms by the node's clock how much time has gone by in the world. */
static troupe_error ticks(troupe_self *self, void *argument)
{
    const struct clock_task *task = argument;
    const uint64_t begun_ns = tr_world_now_ns(task->world);
    troupe_error error = TROUPE_OK;
    troupe_ready(self);
    for (uint32_t i = 0; i < 3 && !error; i++) {
        error = troupe_sleep(self, TROUPE_WITHIN_MS(10));
        probe_say(task->seen, "%" PRIu32 " at %" PRIu64, task->node,
                  (tr_world_now_ns(task->world) - begun_ns) / 1000);
        if (task->crashes) {
            tr_world_crash(task->world, task->node, false);
        } else if (task->stalls && i == 0) {
            tr_world_stall(task->world, task->node, 15 * MS);
        }
    }
    return error;
}

static troupe_error rests(troupe_self *self, void *nothing)
{
    (void) nothing;
    return troupe_sleep(self, TROUPE_FOREVER);
}

static struct clock_task a_task(tr_world *world, struct probe *seen, uint32_t node)
{
    return (struct clock_task) {.seen = seen, .world = world, .node = node};
}

static void spawn(const struct clock_task *task)
{
    troupe_ref ref = troupe_ref_none();
    assert_ok(tr_world_spawn_at(task->world, task->node,
                                TROUPE_SPAWN(.body = ticks, .argument = (void *) (uintptr_t) task),
                                &ref));
}

static uint32_t add(tr_world *world)
{
    uint32_t index = 0;
    assert_ok(tr_world_add(world, NULL, &index));
    return index;
}

/* Promise: WORLD-NODES */
static void runs_them_all_in_one_time(void **state)
{
    tr_world *world = *state;
    struct probe *seen = a_probe();
    const uint32_t other = add(world);
    const struct clock_task here = a_task(world, seen, 0);
    const struct clock_task there = a_task(world, seen, other);
    assert_int_equal(other, 1);
    spawn(&here);
    tr_world_advance(world, 5 * MS);
    spawn(&there);
    tr_world_advance(world, 40 * MS);
    assert_said(seen, "0 at 10000", "1 at 10000", "0 at 20000", "1 at 20000", "0 at 30000",
                "1 at 30000");
    drop_probe(&seen);
}

/* Promise: WORLD-CRASH */
static void kills_one_in_the_middle_of_its_step(void **state)
{
    tr_world *world = *state;
    struct probe *seen = a_probe();
    struct clock_task task = a_task(world, seen, add(world));
    const tr_berth *berth = tr_fleet_berth(tr_world_fleet(world), task.node);
    const uint64_t first_id = berth->identity.id;
    task.crashes = true;
    spawn(&task);
    tr_world_advance(world, 40 * MS);
    assert_said(seen, "1 at 10000");
    assert_null(berth->node);
    assert_fails(tr_world_spawn_at(world, 1, TROUPE_SPAWN(.body = rests), &(troupe_ref) {0}),
                 NODE_LOST);

    assert_ok(tr_world_raise(world, 1));
    assert_fails(tr_world_raise(world, 1), BAD_ARGUMENT);
    assert_true(berth->identity.id != first_id);
    assert_int_equal(berth->identity.incarnation, 1);
    task.crashes = false;
    probe_clear(seen);
    spawn(&task);
    tr_world_advance(world, 40 * MS);
    assert_said(seen, "1 at 10000", "1 at 20000", "1 at 30000");
    drop_probe(&seen);
}

/* Promise: WORLD-STALL */
static void stalls_one_while_its_clock_goes_on(void **state)
{
    tr_world *world = *state;
    struct probe *seen = a_probe();
    struct clock_task task = a_task(world, seen, 0);
    task.stalls = true;
    spawn(&task);
    tr_world_advance(world, 50 * MS);
    assert_said(seen, "0 at 10000", "0 at 25000", "0 at 35000");
    drop_probe(&seen);
}

/* Promise: WORLD-SKEW */
static void skews_the_clock_of_one_also_across_a_crash(void **state)
{
    tr_world *world = *state;
    struct probe *seen = a_probe();
    const struct clock_task task = a_task(world, seen, add(world));
    tr_fleet_skew(tr_world_fleet(world), 1, 250000, 0);
    tr_world_crash(world, 1, false);
    assert_ok(tr_world_raise(world, 1));
    spawn(&task);
    tr_world_advance(world, 30 * MS);
    assert_said(seen, "1 at 8000", "1 at 16000", "1 at 24000");
    drop_probe(&seen);
}

/* Promise: WORLD-MEMORY */
static void lets_one_run_out_of_memory_until_it_comes_back(void **state)
{
    tr_world *world = *state;
    struct probe *seen = a_probe();
    const struct clock_task task = a_task(world, seen, add(world));
    tr_berth *berth = tr_fleet_berth(tr_world_fleet(world), 1);
    tr_virtual_memory_limit(&berth->memory, berth->memory.bytes);
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; i < 10000 && !error; i++) {
        troupe_ref ref = troupe_ref_none();
        error = tr_world_spawn_at(world, 1, TROUPE_SPAWN(.body = rests), &ref);
    }
    assert_int_equal(error, TROUPE_ERROR_NO_MEMORY);
    tr_world_crash(world, 1, false);
    assert_int_equal(berth->memory.bytes, 0);
    assert_ok(tr_world_raise(world, 1));
    spawn(&task);
    tr_world_advance(world, 40 * MS);
    assert_int_equal(probe_count(seen), 3);
    drop_probe(&seen);
}

/* Who crashes at any moment, whatever it was doing, leaves nothing. */
static void run_crashes(uint64_t seed, void *context)
{
    uint64_t *hash = context;
    tr_world *world = a_world(seed, 2);
    struct probe *seen = a_probe();
    struct clock_task tasks[4];
    for (uint32_t i = 0; i < 4; i++) {
        tasks[i] = a_task(world, seen, i == 0 ? 0 : add(world));
        tasks[i].stalls = i == 3;
    }
    for (uint32_t round = 0; round < 6; round++) {
        for (uint32_t i = 1; i < 4; i++) {
            tr_berth *berth = tr_fleet_berth(tr_world_fleet(world), i);
            if (berth->node == NULL) {
                assert_ok(tr_world_raise(world, i));
            }
            if (berth->stalled_until_ns <= tr_world_now_ns(world)) {
                spawn(&tasks[i]);
            }
        }
        tr_world_advance(world, tr_random_below(&tr_world_course(world)->random, 30 * MS));
        tr_world_crash(world, 1 + round % 3, false);
        assert_int_equal(tr_fleet_berth(tr_world_fleet(world), 1 + round % 3)->memory.bytes, 0);
    }
    *hash = tr_world_trace_hash(world);
    drop_world(&world);
    drop_probe(&seen);
}

static void run_twice(uint64_t seed, void *context)
{
    uint64_t hashes[2] = {0};
    (void) context;
    run_crashes(seed, &hashes[0]);
    run_crashes(seed, &hashes[1]);
    assert_true(hashes[0] == hashes[1]);
}

/* Promise: WORLD-NODES-SEED */
static void does_the_same_for_the_same_seed_whatever_crashes(void **state)
{
    (void) state;
    for_each_seed(50, run_twice, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(runs_them_all_in_one_time),
        WITH_WORLD(kills_one_in_the_middle_of_its_step),
        WITH_WORLD(stalls_one_while_its_clock_goes_on),
        WITH_WORLD(skews_the_clock_of_one_also_across_a_crash),
        WITH_WORLD(lets_one_run_out_of_memory_until_it_comes_back),
        cmocka_unit_test(does_the_same_for_the_same_seed_whatever_crashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
