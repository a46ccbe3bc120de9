/* SPDX-License-Identifier: MIT */
/* Nodes of a simulation: what can be made, and what is seen of them. */
#include <string.h>
#include <troupe/troupe.h>

#include "simulation/passes.h"
#include "simulation/simulation.h"
#include "support/world_fixture.h"

static troupe_error sleeps(troupe_self *self, void *argument)
{
    (void) argument;
    for (int i = 0; i < 3; i++) {
        const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(10));
        if (error) {
            return error;
        }
    }
    return TROUPE_OK;
}

static troupe_error start(troupe_simulation *simulation, uint32_t node, void *context)
{
    (void) context;
    troupe_ref ref = troupe_ref_none();
    return troupe_simulation_spawn(simulation, node, TROUPE_SPAWN(.body = sleeps), &ref);
}

static void refuses_what_cannot_be(void **state)
{
    (void) state;
    troupe_simulation *simulation = NULL;
    assert_ok(troupe_simulation_create(TROUPE_SIMULATION(.seed = 5), &simulation));
    uint32_t node = 0;
    troupe_ref ref = troupe_ref_none();
    assert_ok(troupe_simulation_add(simulation, TROUPE_SIMULATION_NODE(.name = "a"), &node));
    assert_fails(troupe_simulation_add(simulation, TROUPE_SIMULATION_NODE(.name = "a"), &node),
                 NAME_TAKEN);
    assert_fails(troupe_simulation_add(simulation, TROUPE_SIMULATION_NODE(.name = "a b"), &node),
                 BAD_ARGUMENT);
    assert_fails(troupe_simulation_add(simulation, TROUPE_SIMULATION_NODE(.workers = 65), &node),
                 BAD_ARGUMENT);
    assert_fails(troupe_simulation_spawn(simulation, 1, TROUPE_SPAWN(.body = sleeps), &ref),
                 BAD_ARGUMENT);
    troupe_simulation_destroy(&simulation);
}

static void is_found_by_its_name(void **state)
{
    (void) state;
    troupe_simulation *simulation = NULL;
    uint32_t node = 0;
    assert_ok(troupe_simulation_create(TROUPE_SIMULATION(.seed = 5), &simulation));
    assert_ok(troupe_simulation_add(simulation, TROUPE_SIMULATION_NODE(.name = "a"), &node));
    assert_ok(troupe_simulation_add(simulation, TROUPE_SIMULATION_NODE(.workers = 2), &node));
    assert_int_equal(tr_simulation_find(simulation, "a"), 0);
    assert_int_equal(tr_simulation_find(simulation, "node1"), 1);
    assert_int_equal(tr_simulation_find(simulation, "b"), TR_PLAN_ALL);
    assert_true(troupe_simulation_is_up(simulation, 1));
    assert_false(troupe_simulation_is_up(simulation, 2));
    assert_true(troupe_simulation_node_id(simulation, 0) !=
                troupe_simulation_node_id(simulation, 1));
    troupe_simulation_destroy(&simulation);
}

/* The hash of a run; 0 if the node is refused. */
static uint64_t hash_with(uint32_t switch_percent, uint32_t rare_percent, char *fault, size_t size)
{
    troupe_simulation *simulation = NULL;
    uint32_t node = 0;
    uint64_t hash = 0;
    assert_ok(troupe_simulation_create(TROUPE_SIMULATION(.seed = 5), &simulation));
    const troupe_error error = troupe_simulation_add(
        simulation,
        TROUPE_SIMULATION_NODE(.start = start, .workers = 2, .switch_percent = switch_percent,
                               .rare_percent = rare_percent),
        &node);
    if (!error) {
        assert_ok(troupe_simulation_run(simulation, TROUPE_WITHIN_S(1)));
        assert_ok(troupe_simulation_stop(simulation));
        hash = troupe_simulation_hash(simulation);
    } else {
        assert_int_equal(error, TROUPE_ERROR_BAD_ARGUMENT);
    }
    (void) snprintf(fault, size, "%s", troupe_simulation_fault(simulation));
    troupe_simulation_destroy(&simulation);
    return hash;
}

/* Promise: SIMULATION-CHANCES */
static void has_faults_of_the_librarys_own_where_they_are_built_in(void **state)
{
    (void) state;
    char fault[512];
    const uint64_t plain = hash_with(0, 0, fault, sizeof fault);
    const uint64_t switching = hash_with(50, 0, fault, sizeof fault);
    const uint64_t rare = hash_with(0, 50, fault, sizeof fault);
    assert_true(plain != 0);
    if (tr_passes_can_stop()) {
        assert_true(switching != 0 && switching != plain);
        assert_true(rare != 0 && rare != plain);
        assert_true(hash_with(100, 0, fault, sizeof fault) == 0);
        assert_true(hash_with(0, 100, fault, sizeof fault) == 0);
    } else {
        assert_true(switching == 0 && rare == 0);
        assert_non_null(strstr(fault, "-DTROUPE_CHANCES=ON"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_cannot_be),
        cmocka_unit_test(is_found_by_its_name),
        cmocka_unit_test(has_faults_of_the_librarys_own_where_they_are_built_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
