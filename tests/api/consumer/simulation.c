/* SPDX-License-Identifier: MIT */
/* A test of somebody else's actor, in a simulated world. */
#include <stdio.h>
#include <troupe/simulate.h>
#include <troupe/troupe.h>

static troupe_error sleeper(troupe_self *self, void *argument)
{
    (void) argument;
    return troupe_sleep(self, TROUPE_WITHIN_S(3600));
}

static troupe_error scenario(troupe_simulation *simulation, void *context)
{
    uint32_t node = 0;
    troupe_ref ref;
    /* What needs a library in which chance has a say: libtroupe_simulation is always one. */
    troupe_error error = troupe_simulation_add(
        simulation, TROUPE_SIMULATION_NODE(.switch_percent = 5, .rare_percent = 5), &node);
    (void) context;
    if (!error) {
        error = troupe_simulation_spawn(simulation, node, TROUPE_SPAWN(.body = sleeper), &ref);
    }
    return error ? error : troupe_simulation_run(simulation, TROUPE_WITHIN_S(7200));
}

int main(void)
{
    const troupe_error error = troupe_simulate(TROUPE_SIMULATE(.seeds = 3), scenario, NULL);
    puts(error ? troupe_error_name(error) : "MAILBOX_FULL");
    return error ? 1 : 0;
}
