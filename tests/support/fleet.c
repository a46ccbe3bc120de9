/* SPDX-License-Identifier: MIT */
#include "support/fleet.h"

#include <string.h>

struct fleet fleet;

static troupe_error works(troupe_self *self, void *argument)
{
    if (fleet.worker_count == FLEET_WORKERS_MAX) {
        return TROUPE_ERROR_LIMIT_REACHED;
    }
    struct fleet_worker *worker = &fleet.workers[fleet.worker_count++];
    *worker = (struct fleet_worker) {.node = troupe_self_node_id(self),
                                     .number = *(const uint64_t *) argument};
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (error == TROUPE_OK && figure_of(message) == 99) {
            error = TROUPE_ERROR_FAILED;
        } else if (error == TROUPE_OK && figure_of(message) == 98) {
            break;
        } else if (error == TROUPE_OK && troupe_message_wants_reply(message)) {
            (void) reply_figure(self, message, troupe_self_node_id(self)); /* it may have gone */
        }
    }
    worker->has_ended = true;
    return error;
}

static troupe_error offers(troupe_self *self, void *argument)
{
    const troupe_accept figure = {.type = &figure_type};
    (void) argument;
    return troupe_offer(self, "worker", TROUPE_SPAWN(.body = works), &figure);
}

static troupe_error learns(troupe_self *self, void *argument)
{
    (void) argument;
    return troupe_learn_type(self, &figure_type);
}

static troupe_error start(troupe_simulation *simulation, uint32_t node, void *context)
{
    troupe_ref ref;
    (void) context;
    troupe_error error = troupe_simulation_spawn(
        simulation, node, TROUPE_SPAWN(.body = fleet.offers[node] ? offers : learns), &ref);
    if (error == TROUPE_OK && node == 0 && fleet.start != NULL) {
        error = fleet.start(simulation, node, context);
    }
    if (error == TROUPE_OK && fleet.start_each != NULL) {
        error = fleet.start_each(simulation, node, context);
    }
    return error;
}

static void take_line(void *context, troupe_log_level level, const char *text)
{
    (void) context;
    (void) level;
    fleet.said += fleet.line != NULL && strstr(text, fleet.line) != NULL ? 1 : 0;
}

void fleet_clear(void)
{
    memset(&fleet, 0, sizeof fleet);
}

void fleet_begin(uint64_t seed, uint32_t nodes)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    const troupe_log log = {.write = take_line, .level = TROUPE_LOG_DEBUG};
    assert_true(nodes <= FLEET_MAX);
    fleet.count = nodes;
    assert_ok(
        troupe_simulation_create(TROUPE_SIMULATION(.seed = seed, .log = &log), &fleet.simulation));
    for (uint32_t i = 0; i < nodes; i++) {
        uint32_t node = 0;
        assert_ok(troupe_simulation_add(
            fleet.simulation,
            TROUPE_SIMULATION_NODE(.name = names[i], .labels = fleet.labels[i], .joins = 1,
                                   .sessions = TROUPE_WITHIN_S(3), .start = start,
                                   .workers = 1 + (uint32_t) (seed + i) % 2),
            &node));
    }
}

static void check(troupe_error error)
{
    if (error != TROUPE_OK) {
        print_error("%s\n", troupe_simulation_fault(fleet.simulation));
    }
    assert_ok(error);
}

void fleet_end(void)
{
    check(troupe_simulation_stop(fleet.simulation));
    troupe_simulation_destroy(&fleet.simulation);
}

void fleet_run(uint64_t ms)
{
    check(troupe_simulation_run(fleet.simulation, TROUPE_WITHIN_MS(ms)));
}

void fleet_script(const char *script)
{
    check(troupe_simulation_script(fleet.simulation, script));
}

void fleet_stop_node(uint32_t node)
{
    tr_fleet *nodes = tr_world_fleet(fleet.simulation->world);
    tr_virtual_node_stop(tr_fleet_berth(nodes, node)->node);
    tr_fleet_look(nodes, node);
}

uint64_t fleet_id(uint32_t node)
{
    return troupe_simulation_node_id(fleet.simulation, node);
}

static bool is_up(uint64_t id)
{
    for (uint32_t i = 0; i < fleet.count; i++) {
        if (fleet_id(i) == id) {
            return troupe_simulation_is_up(fleet.simulation, i);
        }
    }
    return false;
}

uint32_t fleet_living(uint64_t number, uint32_t node)
{
    uint32_t living = 0;
    for (uint32_t i = 0; i < fleet.worker_count; i++) {
        const struct fleet_worker *worker = &fleet.workers[i];
        living += !worker->has_ended && is_up(worker->node) &&
                          (number == 0 || worker->number == number) &&
                          (node == UINT32_MAX || worker->node == fleet_id(node))
                      ? 1
                      : 0;
    }
    return living;
}
