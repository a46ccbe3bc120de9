/* SPDX-License-Identifier: MIT */
/* Random trees of supervisors, actors, scopes and tasks on real threads. */
#include <stdlib.h>

#include "support/grove.h"
#include "support/node_fixture.h"

#define ROUNDS 8

/* Promise: GROVE */
static void leaves_nothing_and_tells_each_end_once(void **state)
{
    (void) state;
    uint32_t begun = 0;
    uint32_t watched = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct probe *seen = a_probe();
        struct grove *grove = calloc(1, sizeof *grove);
        assert_non_null(grove);
        grove_begin(grove, seen, 200, 30);
        troupe_node *node = a_node_of(2);
        (void) a_root_of(node, TROUPE_SPAWN(.body = grove_observer, .argument = grove,
                                            .mailbox_capacity = GROVE_WATCHED,
                                            .monitors_max = GROVE_WATCHED));
        assert_true(probe_wait_for(seen, "over"));
        drop_node(&node);
        if (grove_fault(grove) != NULL) {
            fail_msg("%s", grove_fault(grove));
        }
        begun += grove->begun;
        watched += grove->watched;
        free(grove);
        drop_probe(&seen);
    }
    assert_true(begun > 20 * ROUNDS && watched > 4 * ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_nothing_and_tells_each_end_once),
    };
    return cmocka_run_group_tests_name("grove", tests, NULL, NULL);
}
