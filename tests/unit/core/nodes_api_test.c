/* SPDX-License-Identifier: MIT */
/* What actors see of other nodes: the list, events of what becomes of them, waiting for them. */
#include <string.h>
#include <troupe/simulation_network.h>
#include <troupe/troupe.h>

#include "core/nodes.h"
#include "simulation/simulation.h"
#include "support/cast.h"
#include "support/fixtures.h"

/* What one who watches has been told last, by name of the node. */
struct view {
    troupe_node_info nodes[4]; /* of "a" to "d" */
    uint64_t events;
    uint64_t left;
    uint64_t backward; /* events with smaller counts than before, of the same incarnation */
    troupe_timeout pause;
};

static struct {
    troupe_simulation *simulation;
    struct view quick;
    struct view slow;
    uint64_t awaited;
    troupe_ref found;
    troupe_error error;
    troupe_error in_vain[2];
} scene;

static void see(struct view *view, const troupe_node_info *info)
{
    troupe_node_info *known = &view->nodes[info->name[0] - 'a'];
    view->events++;
    view->backward += known->node == info->node && info->cuts < known->cuts ? 1 : 0;
    view->left += info->state == TROUPE_NODE_LEFT ? 1 : 0;
    if (info->state != TROUPE_NODE_LEFT || known->node == info->node) {
        *known = *info;
    }
}

static troupe_error watches(troupe_self *self, void *argument)
{
    struct view *view = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_watch_nodes(self);
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        const troupe_node_event *event =
            message != NULL ? troupe_message_struct(message, &troupe_node_event_type) : NULL;
        if (error == TROUPE_OK && event != NULL) {
            see(view, &event->node);
        }
        if (error == TROUPE_OK && view->pause.ns != 0) {
            error = troupe_sleep(self, view->pause);
        }
    }
    return error;
}

static troupe_error start_watchers(troupe_simulation *simulation, uint32_t node, void *context)
{
    (void) context;
    troupe_ref ref;
    troupe_error error = troupe_simulation_spawn(
        simulation, node, TROUPE_SPAWN(.body = watches, .argument = &scene.quick), &ref);
    return error ? error
                 : troupe_simulation_spawn(simulation, node,
                                           TROUPE_SPAWN(.body = watches, .argument = &scene.slow,
                                                        .mailbox_capacity = 1),
                                           &ref);
}

/* "a" is where they watch. */
static void begin(uint64_t seed, uint32_t count, troupe_timeout sessions)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    static const char *const labels[] = {"rack=1", "rack=1,ssd", "rack=2", NULL};
    memset(&scene, 0, sizeof scene);
    scene.slow.pause = TROUPE_WITHIN_MS(300);
    assert_ok(troupe_simulation_create(TROUPE_SIMULATION(.seed = seed), &scene.simulation));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t node = 0;
        assert_ok(troupe_simulation_add(
            scene.simulation,
            TROUPE_SIMULATION_NODE(.name = names[i], .labels = labels[i], .joins = 1,
                                   .sessions = sessions, .start = i == 0 ? start_watchers : NULL),
            &node));
    }
}

static void end(void)
{
    assert_ok(troupe_simulation_stop(scene.simulation));
    troupe_simulation_destroy(&scene.simulation);
}

static bool both_see(uint32_t which, troupe_node_state state)
{
    return scene.quick.nodes[which].state == state && scene.slow.nodes[which].state == state;
}

static void run(uint64_t ms)
{
    assert_ok(troupe_simulation_run(scene.simulation, TROUPE_WITHIN_MS(ms)));
}

/* Promise: NODES-EVENTS */
static void tells_of_each_node_and_what_becomes_of_it(void **state)
{
    (void) state;
    begin(1, 3, TROUPE_WITHIN_S(15));
    run(2000);
    assert_true(both_see(1, TROUPE_NODE_CONNECTED) && both_see(2, TROUPE_NODE_CONNECTED));
    assert_string_equal(scene.quick.nodes[1].labels, "rack=1,ssd");
    assert_true(scene.quick.nodes[2].node == troupe_simulation_node_id(scene.simulation, 2));
    assert_int_equal(scene.quick.nodes[2].connections, 1);

    assert_ok(troupe_simulation_script(scene.simulation, "cut a from b for 4 s"));
    run(5000);
    assert_true(scene.quick.nodes[1].cuts + scene.quick.nodes[1].suspicions > 0);
    assert_true(both_see(1, TROUPE_NODE_CONNECTED)); /* back, in the same session */
    assert_int_equal(scene.quick.nodes[1].connections, 1);
    assert_int_equal(scene.quick.nodes[1].losses, 0);

    assert_ok(troupe_simulation_script(scene.simulation, "cut a from c for 30 s"));
    run(20000);
    assert_true(both_see(2, TROUPE_NODE_LOST));
    run(20000);
    assert_true(both_see(2, TROUPE_NODE_CONNECTED));
    assert_int_equal(scene.quick.nodes[2].connections, 2);
    assert_int_equal(scene.quick.nodes[2].losses, 1);
    end();
}

static void a_new_incarnation_is_another_node(void **state)
{
    (void) state;
    begin(2, 2, TROUPE_WITHIN_S(5));
    run(1000);
    const uint64_t before = scene.quick.nodes[1].node;
    assert_ok(troupe_simulation_script(scene.simulation, "crash b for 1 s"));
    run(500);
    assert_true(scene.quick.nodes[1].state != TROUPE_NODE_CONNECTED);
    run(5000);
    assert_true(both_see(1, TROUPE_NODE_CONNECTED));
    assert_true(scene.quick.nodes[1].node != before);
    assert_int_equal(scene.quick.left, 1);
    assert_int_equal(scene.slow.left, 1);
    end();
}

/* Promise: NODES-SLOW */
static void who_is_slow_misses_what_was_never_what_is(void **state)
{
    (void) state;
    begin(3, 4, TROUPE_WITHIN_S(60));
    run(3000);
    const uint64_t slow = scene.slow.events;
    const uint64_t quick = scene.quick.events;
    for (uint32_t i = 0; i < 20; i++) {
        assert_ok(troupe_simulation_script(scene.simulation, "cut a from b for 3 s"));
        run(3100);
    }
    scene.slow.pause = TROUPE_WITHIN_S(20);
    for (uint32_t i = 0; i < 20; i++) {
        assert_ok(troupe_simulation_script(scene.simulation, "cut a from c for 3 s"));
        run(3100);
    }
    run(60000);
    assert_true(both_see(1, TROUPE_NODE_CONNECTED) && both_see(2, TROUPE_NODE_CONNECTED));
    assert_int_equal(scene.slow.nodes[2].suspicions + scene.slow.nodes[2].cuts,
                     scene.quick.nodes[2].suspicions + scene.quick.nodes[2].cuts);
    assert_true(scene.quick.events - quick > 60);
    assert_true(scene.slow.events - slow < scene.quick.events - quick);
    assert_int_equal(scene.quick.backward + scene.slow.backward, 0);
    end();
}

/* Waiting. */

static troupe_error serves(troupe_self *self, void *argument)
{
    (void) argument;
    return troupe_sleep(self, TROUPE_FOREVER);
}

static troupe_error comes_late(troupe_self *self, void *argument)
{
    troupe_ref ref;
    (void) argument;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_S(3));
    error = error ? error : troupe_spawn(self, TROUPE_SPAWN(.body = serves, .name = "late"), &ref);
    return error ? error : troupe_sleep(self, TROUPE_FOREVER);
}

static troupe_error awaits(troupe_self *self, void *argument)
{
    (void) argument;
    uint64_t node = 0;
    scene.in_vain[0] = troupe_await_node(self, "none", TROUPE_WITHIN_MS(50), &node);
    scene.error = troupe_await_node(self, "b", TROUPE_WITHIN_S(10), &scene.awaited);
    if (scene.error == TROUPE_OK) {
        scene.in_vain[1] =
            troupe_await_on(self, scene.awaited, "late", TROUPE_WITHIN_MS(100), &scene.found);
        scene.error =
            troupe_await_on(self, scene.awaited, "late", TROUPE_WITHIN_S(60), &scene.found);
    }
    return TROUPE_OK;
}

/* Promise: NODES-AWAIT */
static void waits_for_a_node_and_for_a_name_on_it(void **state)
{
    (void) state;
    begin(4, 1, TROUPE_WITHIN_S(5));
    uint32_t node = 0;
    troupe_ref ref;
    assert_ok(troupe_simulation_spawn(scene.simulation, 0, TROUPE_SPAWN(.body = awaits), &ref));
    run(1000);
    assert_true(scene.awaited == 0);
    assert_ok(troupe_simulation_add(
        scene.simulation,
        TROUPE_SIMULATION_NODE(.name = "b", .joins = 1, .sessions = TROUPE_WITHIN_S(5)), &node));
    run(1000);
    assert_true(scene.awaited == troupe_simulation_node_id(scene.simulation, node));
    assert_ok(
        troupe_simulation_spawn(scene.simulation, node, TROUPE_SPAWN(.body = comes_late), &ref));
    assert_ok(troupe_simulation_script(scene.simulation, "at 2 s cut a from b for 8 s"));
    run(9000); /* the connection is lost, the name comes, the connection comes back */
    assert_true(troupe_ref_is_none(scene.found));
    run(5000);
    assert_ok(scene.error);
    assert_int_equal(scene.in_vain[0], TROUPE_ERROR_TIMED_OUT);
    assert_int_equal(scene.in_vain[1], TROUPE_ERROR_TIMED_OUT);
    assert_false(troupe_ref_is_none(scene.found));
    assert_true(scene.found.node == scene.awaited);
    end();
}

static void lists_them(void **state)
{
    (void) state;
    begin(5, 3, TROUPE_WITHIN_S(5));
    run(1000);
    const tr_fleet *fleet = tr_world_fleet(scene.simulation->world);
    const tr_system *system = tr_virtual_node_ends(tr_fleet_berth(fleet, 0)->node)->system;
    troupe_node_info infos[2];
    assert_int_equal(tr_nodes_list(system, infos, 2), 2);
    assert_int_equal(tr_nodes_list(system, infos, 1), 2);
    assert_true(tr_nodes_find(system, "c") == troupe_simulation_node_id(scene.simulation, 2));
    assert_true(tr_nodes_find(system, "a") == 0); /* itself */
    assert_string_equal(system->nodes.own.name, "a");
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_of_each_node_and_what_becomes_of_it),
        cmocka_unit_test(a_new_incarnation_is_another_node),
        cmocka_unit_test(who_is_slow_misses_what_was_never_what_is),
        cmocka_unit_test(waits_for_a_node_and_for_a_name_on_it),
        cmocka_unit_test(lists_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
