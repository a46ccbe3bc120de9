/* SPDX-License-Identifier: MIT */
/* Which node is chosen, by rule, label, room and what was tried. */
#include "core/placements.h"

#include "support/fixtures.h"
#include "support/world_fixture.h"

static const tr_address nobody = {.slot = 1, .generation = 1};

static tr_system *three_nodes(void *state)
{
    tr_system *system = tr_world_worker(state, 0)->system;
    static const char *const names[] = {"x", "y", "z"};
    for (uint64_t i = 0; i < 3; i++) {
        tr_nodes_name(system, i + 1, names[i], i == 1 ? "ssd" : "");
        assert_true(tr_nodes_note(system, i + 1, TROUPE_NODE_CONNECTED));
    }
    return system;
}

static uint64_t take(tr_system *system, const troupe_placement *placement, tr_node_seat *seat)
{
    const tr_choice choice = {.placement = placement};
    tr_placements_init_seat(seat, nobody);
    return tr_placements_take(system, &choice, seat) ? seat->node : 0;
}

/* Promise: PLACED-RULES */
static void chooses_by_the_rule(void **state)
{
    tr_system *system = three_nodes(*state);
    const troupe_placement spread = TROUPE_PLACEMENT(.not_here = 1);
    const troupe_placement pack =
        TROUPE_PLACEMENT(.not_here = 1, .rule = TROUPE_NODES_PACK, .per_node_max = 3);
    tr_node_seat seats[9];
    const uint64_t first = take(system, &spread, &seats[0]);
    const uint64_t second = take(system, &spread, &seats[1]);
    const uint64_t third = take(system, &spread, &seats[2]);
    assert_true(first + second + third == 6 && first * second * third == 6); /* each once */
    for (uint64_t i = 0; i < 6; i++) { /* in order of their names, up to three */
        assert_true(take(system, &pack, &seats[3 + i]) == 1 + i / 2);
    }
    tr_node_seat none;
    assert_true(take(system, &pack, &none) == 0);
    tr_placements_leave(system, &seats[5]);
    assert_true(take(system, &pack, &none) == 2);
    tr_placements_leave(system, &none);
    for (uint32_t i = 0; i < 9; i++) {
        tr_placements_leave(system, &seats[i]);
    }
    assert_true(tr_list_is_empty(&system->seats));
}

/* Promise: PLACED-RULES */
static void takes_only_what_fits(void **state)
{
    tr_system *system = three_nodes(*state);
    tr_node_seat seat;
    const troupe_placement labelled = TROUPE_PLACEMENT(.label = "ssd");
    assert_true(take(system, &labelled, &seat) == 2);
    tr_placements_leave(system, &seat);
    assert_true(tr_nodes_note(system, 2, TROUPE_NODE_SUSPECTED)); /* it may be going */
    assert_true(take(system, &labelled, &seat) == 0);

    const uint64_t tried[] = {1};
    const troupe_placement any = TROUPE_PLACEMENT(.not_here = 1);
    tr_choice choice = {.placement = &any, .tried = tried, .tried_count = 1};
    tr_placements_init_seat(&seat, nobody);
    assert_true(tr_placements_take(system, &choice, &seat) && seat.node == 3);
    tr_placements_leave(system, &seat);
    choice = (tr_choice) {.placement = &any, .only_name = "x"};
    assert_true(tr_placements_take(system, &choice, &seat) && seat.node == 1);
    tr_placements_leave(system, &seat);
    choice.only_name = "nobody";
    assert_false(tr_placements_take(system, &choice, &seat));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(chooses_by_the_rule),
        WITH_WORLD(takes_only_what_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
