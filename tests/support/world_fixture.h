/* SPDX-License-Identifier: MIT */
/* world_fixture: worlds for tests, checked when they are dropped, and runs over many seeds.
 *
 *     static void does_something(void **state)
 *     {
 *         tr_world *world = *state;
 *         ...
 *     }
 *     ... cmocka_unit_test_setup_teardown(does_something, make_world, drop_made_world)
 *
 * Threads: the test's. */
#ifndef TR_TESTS_SUPPORT_WORLD_FIXTURE_H
#define TR_TESTS_SUPPORT_WORLD_FIXTURE_H

#include "core/shake.h"
#include "simulation/world.h"
#include "support/fixtures.h"

/* With delays of up to 1 ms between workers. */
tr_world *a_world(uint64_t seed, uint32_t workers);
tr_world *a_world_of(const tr_world_options *options);
/* Without chances (base/chance), for what must happen at its time exactly. */
tr_world *a_world_as_it_is(const tr_world_options *options);

/* In the shake build a world whose memory fails now and then, as its seed says, until it is gone:
 * each call in it may return NO_MEMORY, and nothing else may come of it. Elsewhere a plain one. The
 * options' allocator is its own. One at a time; drop_world checks that nothing is left of it. */
tr_world *a_shaken_world_of(const tr_world_options *options);
tr_world *a_shaken_world(uint64_t seed, uint32_t workers);
/* How many allocations the last one was refused. */
uint64_t a_shaken_worlds_refusals(void);
#define SHAKES TR_SHAKEN(false, true)
/* One of so many allocations fails, each message being one; with every fourth seed many do. */
#define SHAKEN_ONE_IN(seed) ((seed) % 4 == 3 ? 8 : 200)

/* Stops it, checks that it is sound, destroys it. Takes NULL; sets *world to NULL. */
void drop_world(tr_world **world);

/* The same without stopping it, for tests that leave actors behind on purpose. */
void drop_world_as_it_is(tr_world **world);

#define assert_sound(world) tr_assert_sound((world), __FILE__, __LINE__)
void tr_assert_sound(tr_world *world, const char *file, int line);

/* Spawns a root actor that has to start; where memory fails, once there is some. */
troupe_ref a_root(tr_world *world, const troupe_spawn_options *options);

/* Setups and the teardown of a test whose state is a world, of seed 1. */
int make_world(void **state);
int make_world_of_two(void **state);
int make_world_of_three(void **state);
int drop_made_world(void **state);

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, drop_made_world)
#define WITH_WORLD_OF_TWO(test)                                                                    \
    cmocka_unit_test_setup_teardown(test, make_world_of_two, drop_made_world)
#define WITH_WORLD_OF_THREE(test)                                                                  \
    cmocka_unit_test_setup_teardown(test, make_world_of_three, drop_made_world)

/* Calls run(seed, context) for seeds 1 to count; with TROUPE_SEED in the environment for that one
 * only. With every third seed the worlds made above have chances (base/chance), where these are
 * built in. Where it fails, asserts or aborts, the seed is printed. */
void for_each_seed(uint64_t count, void (*run)(uint64_t seed, void *context), void *context);

#endif
