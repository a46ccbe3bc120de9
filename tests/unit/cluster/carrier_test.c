/* SPDX-License-Identifier: MIT */
/* What is sent to another node is on the way out at once, and keeps its place until it has gone. */
#include "cluster/carrier.h"

#include "support/actors.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/wire_fixture.h"

static troupe_error sends_three(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 1; i <= 3 && error == TROUPE_OK; i++) {
        error = send_figure(self, cast->refs[0], i);
    }
    return error;
}

static uint32_t places_of(struct wires *wires, const tr_peer *peer)
{
    const tr_slot *slot = tr_system_slot(wires_system(wires, 0), peer->carrier);
    return (uint32_t) (atomic_load(&slot->admission) & TR_SLOT_DEPTH_MASK);
}

static uint32_t on_the_way_out(const tr_peer *peer)
{
    uint32_t count = 0;
    for (const troupe_message *at = peer->out.head; at != NULL; at = at->next) {
        count++;
    }
    return count;
}

/* Promise: REMOTE-BOUND */
static void keeps_the_places_until_the_wire_takes_it(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_listener, .argument = &cast));
    wires_run(wires, 2 * MS);
    const tr_peer *peer = tr_border_peer(&wires->ends[0].border, wires->ends[1].node);
    wires->ends[0].is_stuck = true;
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_three, .argument = &cast));
    wires_run(wires, 5 * MS);
    assert_int_equal(places_of(wires, peer), 3);
    assert_int_equal(on_the_way_out(peer), 3);
    wires->ends[0].is_stuck = false;
    wires_run(wires, 5 * MS);

    assert_int_equal(places_of(wires, peer), 0);
    assert_said(cast.seen, "got 1", "got 2", "got 3");
    drop_probe(&cast.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WIRES(keeps_the_places_until_the_wire_takes_it),
    };
    return cmocka_run_group_tests_name("carrier", tests, NULL, NULL);
}
