/* SPDX-License-Identifier: MIT */
/* Where new actors go. */
#include "core/actor.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

/* The number of the worker that runs an actor. */
static uint32_t worker_of(tr_world *world, troupe_ref ref)
{
    troupe_snapshot *snapshot = NULL;
    uint32_t worker = UINT32_MAX;
    assert_ok(tr_world_snapshot(world, &snapshot));
    for (size_t i = 0; i < snapshot->actor_count; i++) {
        if (troupe_ref_is_same(snapshot->actors[i].ref, ref)) {
            worker = snapshot->actors[i].worker;
        }
    }
    troupe_snapshot_destroy(&snapshot);
    return worker;
}

/* Has a child with its parent, and says its own worker. */
static troupe_error has_child(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    cast->number = troupe_self_worker(self);
    const troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.body = play_idle), &cast->refs[0]);
    return error ? error : play_idle(self, NULL);
}

/* Promise: SPAWN-PLACE */
static void with_the_parent_or_on_the_worker_that_was_named(void **state)
{
    for (uint32_t i = 0; i < 3; i++) {
        struct cast cast = {0};
        const troupe_ref ref =
            a_root(*state, TROUPE_SPAWN(.body = has_child, .argument = &cast,
                                        .place = TROUPE_PLACE_WORKER, .place_worker = i));
        tr_world_run(*state);
        assert_int_equal(worker_of(*state, ref), i);
        assert_int_equal(cast.number, i);
        assert_int_equal(worker_of(*state, cast.refs[0]), i);
    }
}

/* Promise: SPAWN-PLACE */
static void on_the_worker_with_the_fewest_actors(void **state)
{
    uint32_t counts[3] = {0};
    for (unsigned i = 0; i < 4; i++) {
        (void) a_root(*state, TROUPE_SPAWN(.body = play_idle, .place = TROUPE_PLACE_WORKER,
                                           .place_worker = 1));
    }
    for (unsigned i = 0; i < 7; i++) { /* the guardian is on worker 0 */
        counts[worker_of(
            *state, a_root(*state, TROUPE_SPAWN(.body = play_idle, .place = TROUPE_PLACE_ANY)))]++;
    }
    assert_int_equal(counts[0], 3);
    assert_int_equal(counts[1], 0);
    assert_int_equal(counts[2], 4);
}

/* Promise: SPAWN-PLACE */
static void by_key_always_on_the_same_worker(void **state)
{
    uint32_t used = 0;
    for (uint64_t key = 0; key < 20; key++) {
        const troupe_spawn_options *options =
            TROUPE_SPAWN(.body = play_idle, .place = TROUPE_PLACE_BY_KEY, .place_key = key);
        const uint32_t first = worker_of(*state, a_root(*state, options));
        assert_int_equal(worker_of(*state, a_root(*state, options)), first);
        used |= 1U << first;
    }
    assert_int_equal(used, 7);
}

static troupe_error is_alone(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    cast->number = troupe_self_worker(self);
    const troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.body = play_doubler),
                                            &cast->refs[0]); /* not on this thread */
    (void) tell(cast, "asked",
                error ? error : ask_figure(self, cast->refs[0], 1, TROUPE_WITHIN_S(1), NULL));
    return error ? error : play_idle(self, NULL);
}

/* Promise: SPAWN-OWN-THREAD */
static void on_a_thread_of_their_own_that_serves_again_later(void **state)
{
    for (unsigned i = 0; i < 10; i++) { /* more than there may be at a time */
        struct cast cast = {.seen = a_probe()};
        const troupe_ref ref = a_root(*state, TROUPE_SPAWN(.body = is_alone, .argument = &cast,
                                                           .place = TROUPE_PLACE_OWN_THREAD));
        tr_world_advance(*state, 1000000000);
        assert_said(cast.seen, "asked OK");
        assert_true(cast.number >= 3);
        assert_true(worker_of(*state, cast.refs[0]) < 3);
        const tr_address address = {.slot = ref.slot, .generation = ref.generation};
        assert_ok(tr_actor_signal(tr_world_worker(*state, 0), address, TR_SIGNAL_STOP));
        tr_world_run(*state);
        drop_probe(&cast.seen);
    }
}

/* Promise: SPAWN-OWN-THREAD */
static void on_so_many_threads_of_their_own_and_no_more(void **state)
{
    const troupe_spawn_options *options =
        TROUPE_SPAWN(.body = play_idle, .place = TROUPE_PLACE_OWN_THREAD);
    troupe_ref ref;
    for (unsigned i = 0; i < 4; i++) {
        (void) a_root(*state, options);
    }
    assert_fails(tr_world_spawn(*state, options, &ref), LIMIT_REACHED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD_OF_THREE(with_the_parent_or_on_the_worker_that_was_named),
        WITH_WORLD_OF_THREE(on_the_worker_with_the_fewest_actors),
        WITH_WORLD_OF_THREE(by_key_always_on_the_same_worker),
        WITH_WORLD_OF_THREE(on_a_thread_of_their_own_that_serves_again_later),
        WITH_WORLD_OF_THREE(on_so_many_threads_of_their_own_and_no_more),
    };
    return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}
