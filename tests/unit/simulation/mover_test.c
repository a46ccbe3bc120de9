/* SPDX-License-Identifier: MIT */
/* What the mover promises: it moves who may be moved, and says how many. */
#include "simulation/mover.h"

#include <troupe/troupe.h>

#include "support/actors.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

static void gives_some_in_time(void **state)
{
    tr_world *world = *state;
    tr_random random;
    uint32_t given = 0;
    struct probe *seen = a_probe();
    (void) a_root(
        world, TROUPE_SPAWN(.body = receiver_body, .argument = &(struct receiver) {.seen = seen}));
    tr_random_seed(&random, 1);

    for (unsigned i = 0; i < 100 && given == 0; i++) {
        given = tr_mover_give_from(tr_world_worker(world, 0), &random, 1);
    }

    assert_int_equal(given, 1);
    assert_int_equal(tr_mover_give_from(tr_world_worker(world, 0), &random, 1), 0);
    assert_true(tr_world_stop(world)); /* before the argument goes */
    drop_probe(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD_OF_TWO(gives_some_in_time),
    };
    return cmocka_run_group_tests_name("mover", tests, NULL, NULL);
}
