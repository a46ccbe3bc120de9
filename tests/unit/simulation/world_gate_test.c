/* SPDX-License-Identifier: MIT */
/* The gate of the simulated world. */
#include "simulation/world_gate.h"

#include <troupe/troupe.h>

#include "base/memory.h"
#include "support/probe.h"
#include "support/world_fixture.h"

static troupe_error play_waiter(troupe_self *self, void *argument)
{
    troupe_promise **promise = argument;
    troupe_future *future = NULL;
    void *result = NULL;
    const troupe_error error = troupe_future_create(self, &future, promise);
    return error ? error : troupe_future_wait(self, &future, TROUPE_FOREVER, &result);
}

/* The world's worker would sleep for ever if it were not told. */
static void tells_the_worker_of_what_has_come_in(void **state)
{
    tr_world *world = *state;
    int result = 0;
    troupe_promise *promise = NULL;
    a_root(world, TROUPE_SPAWN(.body = play_waiter, .argument = &promise,
                               .place = TROUPE_PLACE_WORKER, .place_worker = 1));
    tr_world_run(world);
    assert_int_equal(tr_world_roots_ended(world), 0);
    assert_ok(troupe_promise_complete(&promise, &result, NULL));
    tr_world_run(world);
    assert_int_equal(tr_world_roots_ended(world), 1);
}

static void ends_with_the_last_share(void **state)
{
    (void) state;
    tr_gate *gate = NULL;
    assert_ok(tr_world_gate_create(tr_allocator_default(), NULL, NULL, NULL, &gate));
    tr_gate_shut(gate);
    tr_gate_release(&gate); /* a leak would be found */
    assert_null(gate);
    tr_gate_shut(NULL);
    tr_gate_release(&gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD_OF_TWO(tells_the_worker_of_what_has_come_in),
        cmocka_unit_test(ends_with_the_last_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
