/* SPDX-License-Identifier: MIT */
/* Random trees of supervisors, actors, scopes and tasks together: whatever fails, is cancelled,
 * stopped or restarted when, nothing is left over, each clean-up runs once and each DOWN comes
 * once. */
#include <stdlib.h>

#include "support/fixtures.h"
#include "support/grove.h"
#include "support/world_fixture.h"

#define SEEDS 300
#define SECOND UINT64_C(1000000000)

struct tally {
    uint64_t begun;
    uint64_t watched;
    uint64_t deferred;
};

static void run(uint64_t seed, void *context)
{
    struct tally *tally = context;
    struct probe *seen = a_probe();
    struct grove *grove = calloc(1, sizeof *grove);
    assert_non_null(grove);
    grove_begin(grove, seen, 150, 20);
    tr_world *world =
        a_world_of(&(const tr_world_options) {.seed = seed,
                                              .workers = 1 + (uint32_t) (seed % 3),
                                              .delay_ns_max = 100000,
                                              .refuse_chance_percent = 10,
                                              .moves_percent = seed % 2 == 0 ? 20 : 0});
    (void) a_root(world,
                  TROUPE_SPAWN(.body = grove_observer, .argument = grove,
                               .mailbox_capacity = GROVE_WATCHED, .monitors_max = GROVE_WATCHED));
    tr_world_advance(world, 60 * SECOND);
    assert_said(seen, "over");
    if (grove_fault(grove) != NULL) {
        fail_msg("%s", grove_fault(grove));
    }
    tally->begun += grove->begun;
    tally->watched += grove->watched;
    tally->deferred += grove->note_count;
    drop_world(&world);
    free(grove);
    drop_probe(&seen);
}

/* Promise: GROVE */
static void leaves_nothing_and_tells_each_end_once(void **state)
{
    (void) state;
    struct tally tally = {0};
    for_each_seed(SEEDS, run, &tally);
    if (getenv("TROUPE_SEED") == NULL) {
        assert_true(tally.begun > SEEDS * 50 && tally.watched > SEEDS * 10);
        assert_true(tally.deferred > SEEDS * 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_nothing_and_tells_each_end_once),
    };
    return cmocka_run_group_tests_name("grove", tests, NULL, NULL);
}
