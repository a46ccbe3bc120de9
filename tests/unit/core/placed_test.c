/* SPDX-License-Identifier: MIT */
/* Children of a supervisor that run on other nodes: where, and what becomes of them. */
#include "core/placed.h"

#include <string.h>

#include "support/cast.h"
#include "support/fleet.h"
#include "support/world_fixture.h"

#define CHILDREN_MAX 8
#define ANY UINT32_MAX

/* The supervisor of node "a". */
static struct {
    uint64_t numbers[CHILDREN_MAX];
    troupe_placement placements[CHILDREN_MAX];
    troupe_child_spec children[CHILDREN_MAX];
    troupe_supervisor_spec spec;
    troupe_error ended;
    bool has_ended;
    uint64_t told;   /* to child 1 when it asks */
    uint64_t answer; /* of child 1 */
    troupe_error error;
    troupe_ref placed; /* child 1 */
} shop;

static troupe_error keeps_shop(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_ref ref;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_S(1)); /* till all are connected */
    error = error ? error : troupe_supervise(self, &shop.spec, &ref);
    troupe_monitor_id id;
    TROUPE_AUTO(troupe_message) *message = NULL;
    error = error ? error : troupe_monitor(self, ref, &id);
    error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    const troupe_down *down =
        message != NULL ? troupe_message_struct(message, &troupe_down_type) : NULL;
    shop.ended = down != NULL ? down->reason : error;
    shop.has_ended = true;
    return TROUPE_OK;
}

static troupe_error start_shop(troupe_simulation *simulation, uint32_t node, void *context)
{
    (void) context;
    troupe_ref ref;
    return troupe_simulation_spawn(simulation, node, TROUPE_SPAWN(.body = keeps_shop), &ref);
}

/* Nodes "b" and up offer workers; "a" does if it says so. */
static void set_the_scene(uint32_t nodes, uint32_t children, const troupe_placement *placement)
{
    static const char *const names[] = {"1", "2", "3", "4", "5", "6", "7", "8"};
    static const troupe_spawn_options one = {.size = sizeof one, .name = "one"};
    fleet_clear();
    memset(&shop, 0, sizeof shop);
    for (uint32_t i = 1; i < nodes; i++) {
        fleet.offers[i] = true;
    }
    fleet.offers[0] = placement->not_here == 0;
    fleet.start = start_shop;
    for (uint32_t i = 0; i < children; i++) {
        shop.numbers[i] = i + 1;
        shop.placements[i] = *placement;
        shop.placements[i].name = "worker";
        shop.placements[i].type = &figure_type;
        shop.placements[i].body = &shop.numbers[i];
        shop.placements[i].key = i;
        const troupe_child_spec child =
            TROUPE_CHILD(.id = names[i], .placement = &shop.placements[i],
                         .ready_timeout = TROUPE_FOREVER, .actor = i == 0 ? &one : NULL);
        memcpy(&shop.children[i], &child, sizeof child);
    }
    shop.spec =
        (troupe_supervisor_spec) TROUPE_SUPERVISOR(.name = "shop", .children = shop.children,
                                                   .child_count = children,
                                                   .strategy = TROUPE_DYNAMIC, .restarts_max = 2);
}

static const troupe_placement elsewhere = TROUPE_PLACEMENT(.not_here = 1);

/* Asks child 1, by its name, for where it is. */
static troupe_error asks_one(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_ref ref;
    shop.error = troupe_lookup(self, "one", &ref);
    shop.error = shop.error ? shop.error
                            : ask_figure(self, ref, shop.told, TROUPE_WITHIN_S(20), &shop.answer);
    if (shop.error == TROUPE_OK) {
        shop.error = troupe_placed(self, ref, TROUPE_WITHIN_S(1), &shop.placed);
    }
    return TROUPE_OK;
}

static void ask_one(uint64_t figure)
{
    troupe_ref ref;
    shop.told = figure;
    shop.answer = 0;
    assert_ok(troupe_simulation_spawn(fleet.simulation, 0, TROUPE_SPAWN(.body = asks_one), &ref));
}

static void assert_one_each(uint32_t children)
{
    for (uint32_t i = 1; i <= children; i++) {
        assert_int_equal(fleet_living(i, ANY), 1);
    }
    assert_int_equal(fleet_living(0, ANY), children);
}

/* Promise: PLACED-RULES */
static void are_spread(void **state)
{
    (void) state;
    set_the_scene(4, 6, &elsewhere);
    fleet_begin(1, 4);
    fleet_run(2000);
    assert_one_each(6);
    for (uint32_t node = 1; node < 4; node++) {
        assert_int_equal(fleet_living(0, node), 2);
    }
    fleet_end();

    const troupe_placement here_too = TROUPE_PLACEMENT(.rule = TROUPE_NODES_SPREAD);
    set_the_scene(2, 4, &here_too);
    fleet_begin(2, 2);
    fleet_run(2000);
    assert_one_each(4);
    assert_true(fleet_living(0, 0) >= 1 && fleet_living(0, 1) >= 1);
    fleet_end();
}

/* Promise: PLACED-RULES */
static void are_packed(void **state)
{
    (void) state;
    const troupe_placement packed =
        TROUPE_PLACEMENT(.rule = TROUPE_NODES_PACK, .per_node_max = 3, .not_here = 1);
    set_the_scene(4, 7, &packed);
    fleet_begin(3, 4);
    fleet_run(2000);
    assert_one_each(7);
    assert_int_equal(fleet_living(0, 1), 3);
    assert_int_equal(fleet_living(0, 2), 3);
    assert_int_equal(fleet_living(0, 3), 1);
    fleet_end();
}

/* Promise: PLACED-RULES */
static void are_where_the_label_is(void **state)
{
    (void) state;
    const troupe_placement labelled = TROUPE_PLACEMENT(.label = "ssd");
    set_the_scene(4, 4, &labelled);
    fleet.labels[2] = "rack=2,ssd";
    fleet_begin(4, 4);
    fleet_run(2000);
    assert_int_equal(fleet_living(0, 2), 4);
    assert_one_each(4);
    fleet_end();
}

/* Promise: PLACED-RULES */
static void are_where_their_keys_fall_to(void **state)
{
    (void) state;
    const troupe_placement keyed = TROUPE_PLACEMENT(.rule = TROUPE_NODES_KEY, .not_here = 1);
    uint32_t before[CHILDREN_MAX] = {0};
    set_the_scene(4, 8, &keyed);
    fleet_begin(5, 4);
    fleet_run(2000);
    assert_one_each(8);
    for (uint32_t i = 0; i < 8; i++) {
        for (uint32_t node = 1; node < 4; node++) {
            before[i] = fleet_living(i + 1, node) != 0 ? node : before[i];
        }
    }
    fleet_script("crash b");
    fleet_run(8000);
    assert_one_each(8);
    for (uint32_t i = 0; i < 8; i++) { /* those of others stay */
        assert_true(before[i] == 1 || fleet_living(i + 1, before[i]) == 1);
    }
    fleet_end();
}

/* Promise: PLACED-PASSES-ON */
static void pass_on_what_they_are_sent(void **state)
{
    (void) state;
    set_the_scene(2, 1, &elsewhere);
    fleet_begin(6, 2);
    fleet_run(2000);
    ask_one(1);
    fleet_run(100);
    assert_ok(shop.error);
    assert_true(shop.answer == fleet_id(1));
    assert_true(shop.placed.node == fleet_id(1));
    fleet_end();
}

/* Promise: PLACED-LOSS */
static void are_placed_anew_when_their_node_is_killed(void **state)
{
    (void) state;
    set_the_scene(3, 4, &elsewhere);
    fleet_begin(7, 3);
    fleet_run(2000);
    assert_one_each(4);
    fleet_script("crash b for 20 s");
    fleet_run(1000);
    ask_one(1);
    fleet_run(7000);
    const bool was_there = shop.error == TROUPE_ERROR_NODE_LOST; /* told, not left to wait */
    assert_true(was_there || shop.error == TROUPE_OK);
    ask_one(1);
    fleet_run(100);
    assert_one_each(4);
    assert_int_equal(fleet_living(0, 2), 4);
    assert_false(shop.has_ended); /* four failures would have been too many */
    assert_ok(shop.error);
    assert_true(shop.answer == fleet_id(2));
    fleet_end();
}

/* Promise: PLACED-LOSS */
static void are_placed_anew_when_their_node_leaves(void **state)
{
    (void) state;
    set_the_scene(3, 4, &elsewhere);
    fleet.line = "is placed anew";
    fleet_begin(8, 3);
    fleet_run(2000);
    fleet_stop_node(1);
    fleet_run(1000);
    assert_one_each(4);
    assert_int_equal(fleet_living(0, 2), 4);
    assert_int_equal(fleet.said, 2);
    assert_false(shop.has_ended);
    fleet_end();
}

/* Promise: PLACED-ALONE */
static void leave_no_second_one_behind_a_cut(void **state)
{
    (void) state;
    set_the_scene(3, 2, &elsewhere);
    fleet_begin(9, 3);
    fleet_run(2000);
    fleet_script("cut a to b for 8 s"); /* b hears nothing, a hears b: b decides */
    fleet_run(12000);
    assert_one_each(2);
    fleet_script("cut b to a for 8 s"); /* a decides; b has no reason to, until there is contact */
    fleet_run(12000);
    assert_one_each(2);
    assert_true(fleet.worker_count >= 3);
    fleet_end();
}

/* Promise: PLACED-WAIT */
static void wait_for_their_node_if_they_are_to(void **state)
{
    (void) state;
    const troupe_placement patient = TROUPE_PLACEMENT(.on_loss = TROUPE_NODE_LOSS_WAIT,
                                                      .wait = TROUPE_CONSTANT_S(20), .not_here = 1);
    set_the_scene(3, 2, &patient);
    fleet_begin(10, 3);
    fleet_run(2000);
    assert_int_equal(fleet_living(0, 1), 1);
    fleet_script("crash b for 10 s");
    fleet_run(9000);
    assert_int_equal(fleet_living(0, ANY), 1);
    fleet_run(4000);
    assert_one_each(2);
    assert_int_equal(fleet_living(0, 1), 1); /* the new incarnation */
    fleet_script("crash b");
    fleet_run(15000);
    assert_int_equal(fleet_living(0, ANY), 1);
    fleet_run(12000);
    assert_int_equal(fleet_living(0, 2), 2);
    fleet_end();
}

/* Promise: PLACED-NOWHERE */
static void wait_while_no_node_fits_and_say_so(void **state)
{
    (void) state;
    set_the_scene(2, 2, &elsewhere);
    fleet.line = "there is no node for it";
    fleet_begin(11, 2);
    fleet_run(2000);
    assert_one_each(2);
    fleet.said = 0;
    fleet_script("crash b for 30 s");
    fleet_run(25000);
    assert_int_equal(fleet_living(0, ANY), 0);
    assert_int_equal(fleet.said, 2); /* once each */
    fleet_run(10000);
    assert_one_each(2);
    fleet_end();
}

/* Promise: PLACED-FAILURE */
static void fail_and_are_restarted_like_any_child(void **state)
{
    (void) state;
    set_the_scene(3, 2, &elsewhere);
    fleet_begin(12, 3);
    fleet_run(2000);
    for (uint32_t i = 0; i < 2; i++) {
        ask_one(99);
        fleet_run(1500);
        assert_one_each(2);
        assert_false(shop.has_ended);
    }
    ask_one(98); /* it is permanent: one end too many */
    fleet_run(3000);
    assert_true(shop.has_ended);
    assert_int_equal(fleet_living(0, ANY), 0); /* the other was stopped */
    fleet_end();
}

/* Whatever happens to the nodes, there is one of each in the end, and never one whose node has
 * contact beside it. */
static bool is_one_each(troupe_simulation *simulation, void *context)
{
    (void) simulation;
    (void) context;
    for (uint32_t i = 1; i <= shop.spec.child_count; i++) {
        if (fleet_living(i, ANY) != 1) {
            return false;
        }
    }
    return fleet_living(0, ANY) == shop.spec.child_count;
}

static void live_through(uint64_t seed, void *context)
{
    (void) context;
    const troupe_placement placements[] = {
        TROUPE_PLACEMENT(.rule = TROUPE_NODES_SPREAD), TROUPE_PLACEMENT(.rule = TROUPE_NODES_KEY),
        TROUPE_PLACEMENT(.rule = TROUPE_NODES_PACK, .per_node_max = 3),
        TROUPE_PLACEMENT(.on_loss = TROUPE_NODE_LOSS_WAIT, .wait = TROUPE_CONSTANT_S(4),
                         .not_here = 1)};
    set_the_scene(4, 4, &placements[seed % 4]);
    fleet_begin(seed, 4);
    assert_ok(troupe_simulation_rate(
        fleet.simulation,
        TROUPE_SIMULATION_RATES(.crash_every = TROUPE_WITHIN_S(5), .crash_for = TROUPE_WITHIN_S(6),
                                .cut_every = TROUPE_WITHIN_S(4), .cut_for = TROUPE_WITHIN_S(6),
                                .stall_every = TROUPE_WITHIN_S(7),
                                .stall_for = TROUPE_WITHIN_S(5))));
    fleet_run(40000);
    if (seed % 5 == 0) {
        fleet_script("crash b for 5 s; crash c for 5 s; crash d for 5 s");
        fleet_run(6000);
    }
    const troupe_error error =
        troupe_simulation_settle(fleet.simulation, is_one_each, NULL, TROUPE_WITHIN_S(60));
    if (error != TROUPE_OK) {
        print_error("%s; %u live\n", troupe_simulation_fault(fleet.simulation),
                    fleet_living(0, ANY));
    }
    assert_ok(error);
    fleet_run(5000);
    assert_one_each(4);
    fleet_end();
}

/* Promise: PLACED-RANDOM */
static void there_is_one_of_each_in_the_end(void **state)
{
    (void) state;
    for_each_seed(200, live_through, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_spread),
        cmocka_unit_test(are_packed),
        cmocka_unit_test(are_where_the_label_is),
        cmocka_unit_test(are_where_their_keys_fall_to),
        cmocka_unit_test(pass_on_what_they_are_sent),
        cmocka_unit_test(are_placed_anew_when_their_node_is_killed),
        cmocka_unit_test(are_placed_anew_when_their_node_leaves),
        cmocka_unit_test(leave_no_second_one_behind_a_cut),
        cmocka_unit_test(wait_for_their_node_if_they_are_to),
        cmocka_unit_test(wait_while_no_node_fits_and_say_so),
        cmocka_unit_test(fail_and_are_restarted_like_any_child),
        cmocka_unit_test(there_is_one_of_each_in_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
