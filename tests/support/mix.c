/* SPDX-License-Identifier: MIT */
#include "support/mix.h"

#include "simulation/passes.h"
#include "support/cast.h"

enum {
    ACTS_MAX = 3 /* of a node, unless it has all */
};

static troupe_error plays(troupe_self *self, void *argument)
{
    struct act *act = argument;
    troupe_error error = troupe_learn_type(self, &figure_type);
    while (!error) {
        error = act->play(self, act);
        act->rounds += error ? 0 : 1;
        error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(2));
    }
    if (!is_end(error)) {
        BREAK(act, "an act ended with %s", troupe_error_name(error));
    }
    return error;
}

static troupe_error doubles(troupe_self *self, void *argument)
{
    const troupe_error error = troupe_learn_type(self, &figure_type);
    return error ? error : play_doubler(self, argument);
}

static troupe_error start(troupe_simulation *simulation, uint32_t node, void *context)
{
    struct host *host = context;
    troupe_ref ref = troupe_ref_none();
    *host->id = troupe_simulation_node_id(simulation, node);
    troupe_error error = troupe_simulation_spawn(
        simulation, node, TROUPE_SPAWN(.body = doubles, .name = "doubler"), &ref);
    for (uint32_t i = 0; i < host->count && !error; i++) {
        error = troupe_simulation_spawn(
            simulation, node,
            TROUPE_SPAWN(.body = plays, .argument = &host->acts[i], .place = TROUPE_PLACE_ANY),
            &ref);
    }
    return error;
}

static uint32_t draw(troupe_simulation *simulation, uint32_t limit)
{
    return (uint32_t) troupe_simulation_draw(simulation, limit);
}

static void cast_acts(troupe_simulation *simulation, struct mix *mix, struct host *host)
{
    host->count = mix->has_all ? PLAYS : 1 + draw(simulation, ACTS_MAX);
    for (uint32_t i = 0; i < host->count; i++) {
        host->acts[i] = (struct act) {
            .simulation = simulation,
            .play = all_plays[mix->has_all ? i : draw(simulation, PLAYS)],
            .nodes = mix->nodes,
            .nodes_count = mix->count,
        };
    }
}

static troupe_error add_host(troupe_simulation *simulation, struct mix *mix, uint32_t index)
{
    struct host *host = &mix->hosts[index];
    /* Of all nodes or none, and not drawn: other runs are as they were. */
    const bool has_sessions = !mix->has_all && troupe_simulation_seed(simulation) % 4 == 3;
    const bool has_chances = (mix->has_all || draw(simulation, 3) == 0) && tr_passes_can_stop();
    uint32_t node = 0;
    host->id = &mix->nodes[index];
    cast_acts(simulation, mix, host);
    return troupe_simulation_add(
        simulation,
        TROUPE_SIMULATION_NODE(.start = start, .context = host,
                               .workers = mix->has_all ? 3 : 1 + draw(simulation, 3),
                               .delay_max = TROUPE_WITHIN_US(1 + draw(simulation, 2000)),
                               .moves_percent = mix->has_all ? 10 : draw(simulation, 3) * 10,
                               .refuse_percent = draw(simulation, 2) * 5,
                               .switch_percent = has_chances ? 5 : 0,
                               .rare_percent = has_chances ? 5 : 0,
                               .sessions =
                                   has_sessions ? TROUPE_WITHIN_S(1) : (troupe_timeout) {0}),
        &node);
}

/* Each kind of fault in every second run. */
static troupe_timeout every(troupe_simulation *simulation)
{
    const uint32_t ms = 10 + draw(simulation, 60);
    return draw(simulation, 2) == 0 ? (troupe_timeout) {0} : TROUPE_WITHIN_MS(ms);
}

static bool have_gone_on(troupe_simulation *simulation, void *context)
{
    const struct mix *mix = context;
    bool have = true;
    (void) simulation;
    for (uint32_t i = 0; i < mix->count; i++) {
        for (uint32_t k = 0; k < mix->hosts[i].count; k++) {
            have = have && mix->hosts[i].acts[k].rounds >= mix->hosts[i].acts[k].target;
        }
    }
    return have;
}

troupe_error play_mix(troupe_simulation *simulation, void *context)
{
    struct mix *mix = context;
    *mix = (struct mix) {
        .has_all = mix->has_all,
        .count = troupe_simulation_draw_nodes(simulation, 1, mix->has_all ? 2 : MIX_NODES_MAX),
        .runs = mix->runs + 1,
    };
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; i < mix->count && !error; i++) {
        error = add_host(simulation, mix, i);
    }
    const troupe_timeout a_bit = TROUPE_WITHIN_MS(20);
    const troupe_simulation_rates rates = {
        .size = sizeof rates,
        .crash_every = every(simulation),
        .crash_for = a_bit,
        .stall_every = every(simulation),
        .stall_for = a_bit,
        .cut_every = every(simulation),
        .cut_for = a_bit,
        .skew_every = every(simulation),
    };
    error = error ? error : troupe_simulation_rate(simulation, &rates);
    error = error ? error
                  : troupe_simulation_run(simulation, mix->has_all ? TROUPE_WITHIN_MS(20)
                                                                   : TROUPE_WITHIN_MS(50));
    for (uint32_t i = 0; i < mix->count; i++) {
        for (uint32_t k = 0; k < mix->hosts[i].count; k++) {
            mix->hosts[i].acts[k].target = mix->hosts[i].acts[k].rounds + 2;
        }
    }
    return error ? error
                 : troupe_simulation_settle(simulation, have_gone_on, mix, TROUPE_WITHIN_S(1));
}
