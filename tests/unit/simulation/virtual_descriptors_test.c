/* SPDX-License-Identifier: MIT */
/* What a node that runs out of descriptors does: on its own, its disk's, its connections'. */
#include "simulation/virtual_descriptors.h"

#include <troupe/simulation_network.h>
#include <troupe/simulation_store.h>
#include <troupe/troupe.h>

#include "simulation/simulation.h"
#include "support/cast.h"
#include "support/fixtures.h"

static void are_taken_up_to_the_limit_and_come_back(void **state)
{
    (void) state;
    tr_virtual_descriptors descriptors = {0};
    assert_true(tr_virtual_descriptors_take(&descriptors));
    assert_true(tr_virtual_descriptors_take(&descriptors));
    tr_virtual_descriptors_limit(&descriptors, 1); /* what there is stays */
    tr_virtual_descriptors_give(&descriptors);
    assert_false(tr_virtual_descriptors_take(&descriptors));
    tr_virtual_descriptors_give(&descriptors);
    assert_true(tr_virtual_descriptors_take(&descriptors));
    tr_virtual_descriptors_heal(&descriptors);
    assert_true(tr_virtual_descriptors_take(&descriptors));
    assert_int_equal(descriptors.used, 2);
    assert_int_equal(descriptors.refused, 1);
}

static const tr_virtual_descriptors *of(const troupe_simulation *simulation, uint32_t node)
{
    return &tr_fleet_berth(tr_world_fleet(simulation->world), node)->descriptors;
}

static void run(troupe_simulation *simulation, uint64_t ms)
{
    assert_ok(troupe_simulation_run(simulation, TROUPE_WITHIN_MS(ms)));
}

/* Promise: SIMULATION-DESCRIPTORS */
static void are_held_by_files_until_they_are_synced(void **state)
{
    (void) state;
    troupe_simulation *simulation = NULL;
    uint32_t node = 0;
    assert_ok(troupe_simulation_create(NULL, &simulation));
    assert_ok(troupe_simulation_add(simulation, TROUPE_SIMULATION_NODE(.name = "a"), &node));
    assert_ok(troupe_simulation_script(simulation, "limit a to 2 descriptors for 1 s"));
    run(simulation, 1);
    assert_ok(troupe_simulation_write(simulation, 0, "f", 0, "abc", 3));
    assert_ok(troupe_simulation_write(simulation, 0, "g", 0, "abc", 3));
    assert_ok(troupe_simulation_write(simulation, 0, "f", 3, "abc", 3)); /* it is open */
    assert_fails(troupe_simulation_write(simulation, 0, "h", 0, "abc", 3), LIMIT_REACHED);
    assert_int_equal(troupe_simulation_file_size(simulation, 0, "h"), 0);
    assert_ok(troupe_simulation_sync(simulation, 0, "f"));
    assert_ok(troupe_simulation_sync(simulation, 0, "f")); /* it is not open any more */
    assert_ok(troupe_simulation_write(simulation, 0, "h", 0, "abc", 3));
    assert_fails(troupe_simulation_write(simulation, 0, "f", 0, "abc", 3), LIMIT_REACHED);
    troupe_simulation_remove(simulation, 0, "h");
    assert_ok(troupe_simulation_write(simulation, 0, "f", 0, "abc", 3));
    assert_int_equal(of(simulation, 0)->used, 2);
    assert_ok(troupe_simulation_script(simulation, "crash a for 1 ms"));
    run(simulation, 2);
    assert_int_equal(of(simulation, 0)->used, 0);
    run(simulation, 1000); /* the limit is over */
    for (char name[] = "a"; name[0] <= 'c'; name[0]++) {
        assert_ok(troupe_simulation_write(simulation, 0, name, 0, "abc", 3));
    }
    troupe_simulation_destroy(&simulation);
}

/* Nodes a, b and c, on each of which somebody answers, and asks the others. */
struct town {
    troupe_simulation *simulation;
    uint32_t answers[3][3]; /* had by this node from that one */
    uint32_t refusals[3][3];
};

struct citizen {
    struct town *town;
    uint32_t at;
};

static troupe_error asks_all(troupe_self *self, void *argument)
{
    const struct citizen *citizen = argument;
    struct town *town = citizen->town;
    troupe_error error = TROUPE_OK;
    while (!error) {
        for (uint32_t other = 0; other < 3; other++) {
            troupe_ref ref;
            if (other == citizen->at) {
                continue;
            }
            const troupe_error asked =
                troupe_lookup_on(self, troupe_simulation_node_id(town->simulation, other),
                                 "doubler", TROUPE_WITHIN_MS(500), &ref);
            town->answers[citizen->at][other] += asked == TROUPE_OK ? 1 : 0;
            town->refusals[citizen->at][other] += asked == TROUPE_ERROR_UNREACHABLE ? 1 : 0;
        }
        error = troupe_sleep(self, TROUPE_WITHIN_MS(10));
    }
    return error;
}

static troupe_error start(troupe_simulation *simulation, uint32_t node, void *context)
{
    static struct citizen citizens[3];
    troupe_ref ref;
    struct town *town = context;
    town->simulation = simulation;
    citizens[node] = (struct citizen) {.town = town, .at = node};
    const troupe_error error = troupe_simulation_spawn(
        simulation, node, TROUPE_SPAWN(.body = play_doubler, .name = "doubler"), &ref);
    return error ? error
                 : troupe_simulation_spawn(
                       simulation, node,
                       TROUPE_SPAWN(.body = asks_all, .argument = &citizens[node]), &ref);
}

static void forget(struct town *town)
{
    for (uint32_t i = 0; i < 9; i++) {
        town->answers[i / 3][i % 3] = 0;
        town->refusals[i / 3][i % 3] = 0;
    }
}

static void found(struct town *town)
{
    static const char *const names[] = {"a", "b", "c"};
    troupe_simulation *simulation = NULL;
    assert_ok(troupe_simulation_create(TROUPE_SIMULATION(.seed = 3), &simulation));
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t node = 0;
        assert_ok(troupe_simulation_add(
            simulation, TROUPE_SIMULATION_NODE(.name = names[i], .start = start, .context = town),
            &node));
    }
}

/* Promise: SIMULATION-DESCRIPTORS */
static void are_held_by_connections_which_come_when_there_is_room_again(void **state)
{
    (void) state;
    struct town town = {0};
    found(&town);
    troupe_simulation *simulation = town.simulation;
    assert_ok(troupe_simulation_script(simulation, "limit a to 1 descriptors"));
    run(simulation, 500);
    assert_int_equal(of(simulation, 0)->used, 1);
    assert_int_equal(of(simulation, 1)->used + of(simulation, 2)->used, 3);
    const uint32_t friend = town.answers[0][1] > 0 ? 1 : 2;
    const uint32_t other = 3 - friend;
    assert_true(town.answers[0][friend] > 10 && town.answers[friend][0] > 10);
    assert_true(town.refusals[0][other] > 10 && town.refusals[other][0] > 10);
    assert_int_equal(town.answers[0][other] + town.answers[other][0], 0);
    assert_true(town.answers[1][2] > 10 && town.answers[2][1] > 10);

    /* A file takes the place of the connection, when that is lost. */
    assert_ok(troupe_simulation_script(simulation, "cut a for 2 s"));
    run(simulation, 1500);
    assert_int_equal(of(simulation, 0)->used, 0);
    assert_ok(troupe_simulation_write(simulation, 0, "f", 0, "abc", 3));
    run(simulation, 1000);
    forget(&town);
    run(simulation, 500);
    assert_int_equal(town.answers[0][1] + town.answers[0][2], 0);

    assert_ok(troupe_simulation_script(simulation, "limit a to 3 descriptors"));
    forget(&town);
    run(simulation, 1000);
    assert_true(town.answers[0][1] > 10 && town.answers[0][2] > 10);
    assert_true(town.answers[1][0] > 10 && town.answers[2][0] > 10);
    assert_int_equal(of(simulation, 0)->used, 3);
    assert_ok(troupe_simulation_stop(simulation));
    troupe_simulation_destroy(&simulation);
}

static bool has_answers(troupe_simulation *simulation, void *context)
{
    (void) simulation;
    const struct town *town = context;
    return town->answers[0][1] > 0 && town->answers[0][2] > 0 && town->answers[1][0] > 0;
}

/* Promise: SIMULATION-DESCRIPTORS */
static void hold_up_a_connection_that_is_kept_no_longer_than_they_are_missing(void **state)
{
    (void) state;
    troupe_simulation *simulation = NULL;
    uint32_t node = 0;
    assert_ok(troupe_simulation_create(NULL, &simulation));
    assert_ok(troupe_simulation_add(simulation, TROUPE_SIMULATION_NODE(.name = "a"), &node));
    assert_ok(troupe_simulation_add(simulation, TROUPE_SIMULATION_NODE(.name = "b"), &node));
    tr_network *network = tr_world_network(simulation->world);
    assert_ok(tr_network_keep(network, 0, 1));
    assert_ok(troupe_simulation_script(simulation, "limit b to 0 descriptors for 2 s"));
    run(simulation, 1900);
    assert_false(tr_network_are_connected(network, 0, 1) ||
                 tr_network_are_connected(network, 1, 0));
    assert_int_equal(of(simulation, 0)->used, 0);
    assert_true(of(simulation, 1)->refused > 10);
    run(simulation, 300);
    assert_true(tr_network_are_connected(network, 0, 1) && tr_network_are_connected(network, 1, 0));
    assert_int_equal(of(simulation, 0)->used + of(simulation, 1)->used, 2);
    assert_ok(troupe_simulation_stop(simulation));
    troupe_simulation_destroy(&simulation);
}

/* Promise: SIMULATION-DESCRIPTORS */
static void are_there_again_when_all_faults_are_over(void **state)
{
    (void) state;
    struct town town = {0};
    found(&town);
    assert_ok(troupe_simulation_script(town.simulation, "limit a to 0 descriptors"));
    run(town.simulation, 200);
    assert_int_equal(of(town.simulation, 0)->used, 0);
    assert_true(of(town.simulation, 0)->refused > 10);
    assert_int_equal(town.answers[0][1] + town.answers[0][2], 0);
    assert_fails(troupe_simulation_write(town.simulation, 0, "f", 0, "abc", 3), LIMIT_REACHED);
    assert_ok(troupe_simulation_settle(town.simulation, has_answers, &town, TROUPE_WITHIN_S(1)));
    assert_ok(troupe_simulation_stop(town.simulation));
    troupe_simulation_destroy(&town.simulation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_taken_up_to_the_limit_and_come_back),
        cmocka_unit_test(are_held_by_files_until_they_are_synced),
        cmocka_unit_test(are_held_by_connections_which_come_when_there_is_room_again),
        cmocka_unit_test(hold_up_a_connection_that_is_kept_no_longer_than_they_are_missing),
        cmocka_unit_test(are_there_again_when_all_faults_are_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
