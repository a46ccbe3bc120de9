/* SPDX-License-Identifier: MIT */
/* Many small worlds in which pipelines, crowds, pools, trees of actors, scopes, supervisors and
 * callers of other nodes run while nodes crash, stall and are cut off, as the seed says. Each
 * checks what it was promised, and goes on when the faults are over. tests/simulation/run runs
 * more of them. */
#include <stdlib.h>

#include "support/fixtures.h"
#include "support/mix.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SEEDS 1000
#else
#define SEEDS 10000
#endif

/* Promise: SIMULATION-MIXED */
static void go_on_and_keep_their_promises(void **state)
{
    (void) state;
    struct mix mix = {0};
    const char *given = getenv("TROUPE_SEEDS"); /* NOLINT(concurrency-mt-unsafe): nobody sets it */
    assert_ok(
        troupe_simulate(TROUPE_SIMULATE(.seeds = given != NULL ? strtoull(given, NULL, 10) : SEEDS,
                                        .command = "tests/simulation/run"),
                        play_mix, &mix));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(go_on_and_keep_their_promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
