/* SPDX-License-Identifier: MIT */
/* Bugs of a client and a server over simulated nodes, planted here, are found within a few seeds
 * and shrunk to the few faults that bring them about; the line that is told repeats that. */
#include <inttypes.h>
#include <string.h>
#include <troupe/simulate.h>
#include <troupe/troupe.h>

#include "support/cast.h"
#include "support/fixtures.h"
#include "support/found.h"

enum {
    SEEDS = 20, /* within which each is found */
    FAULTS = 2, /* that are left at most */
    CLIENTS_MAX = 5,
    DEPOSITS = 1000
};

/* In which nothing is found where nothing is. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SOUND_SEEDS 100
#else
#define SOUND_SEEDS 1000
#endif

static const uint64_t client_unit = 10000;

struct bank;

struct role {
    struct bank *bank;
    uint32_t node;
};

struct bank {
    struct role roles[CLIENTS_MAX + 1];
    troupe_simulation *simulation;
    bool forgets;    /* planted: the server does not know what it has done already */
    bool gives_up;   /* planted: a client does not try again when the server's node was lost */
    uint64_t server; /* the id of its node, now */
    bool done[CLIENTS_MAX + 1][DEPOSITS]; /* lasting */
    uint64_t asked[CLIENTS_MAX + 1];      /* lasting; the deposit that is being made */
    uint64_t targets[CLIENTS_MAX + 1];    /* that each client has to come to */
    uint32_t nodes;
    uint64_t runs;
};

static troupe_error serves(troupe_self *self, void *argument)
{
    struct bank *bank = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_learn_type(self, &figure_type);
    error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    while (!error) {
        const uint64_t figure = figure_of(message);
        bool *is_done = &bank->done[figure / client_unit][figure % client_unit];
        if (*is_done && bank->forgets) {
            troupe_simulation_fail(bank->simulation, "deposit %" PRIu64 " was made twice", figure);
        }
        *is_done = true;
        (void) reply_figure(self, message, figure); /* the client may have gone */
        error = troupe_receive(self, &message, TROUPE_FOREVER);
    }
    return error;
}

static troupe_error deposit(troupe_self *self, const struct role *role)
{
    const struct bank *bank = role->bank;
    const uint64_t figure = role->node * client_unit + bank->asked[role->node];
    uint64_t answer = 0;
    troupe_ref ref = troupe_ref_none();
    const troupe_error error =
        troupe_lookup_on(self, bank->server, "server", TROUPE_WITHIN_MS(50), &ref);
    return error ? error : ask_figure(self, ref, figure, TROUPE_WITHIN_MS(50), &answer);
}

static troupe_error pays_in(troupe_self *self, void *argument)
{
    const struct role *role = argument;
    struct bank *bank = role->bank;
    troupe_error error = troupe_learn_type(self, &figure_type);
    while (!error && bank->asked[role->node] + 1 < DEPOSITS) {
        const troupe_error outcome = deposit(self, role);
        if (outcome == TROUPE_OK) {
            bank->asked[role->node]++;
        } else if (outcome == TROUPE_ERROR_NODE_LOST && bank->gives_up) {
            return TROUPE_OK;
        }
        error = troupe_sleep(self, TROUPE_WITHIN_MS(5));
    }
    return error;
}

static troupe_error start_server(troupe_simulation *simulation, uint32_t node, void *context)
{
    struct role *role = context;
    troupe_ref ref = troupe_ref_none();
    role->bank->server = troupe_simulation_node_id(simulation, node);
    return troupe_simulation_spawn(
        simulation, node, TROUPE_SPAWN(.body = serves, .argument = role->bank, .name = "server"),
        &ref);
}

static troupe_error start_client(troupe_simulation *simulation, uint32_t node, void *context)
{
    troupe_ref ref = troupe_ref_none();
    return troupe_simulation_spawn(simulation, node,
                                   TROUPE_SPAWN(.body = pays_in, .argument = context), &ref);
}

static bool have_gone_on(troupe_simulation *simulation, void *context)
{
    const struct bank *bank = context;
    bool have = true;
    (void) simulation;
    for (uint32_t i = 1; i < bank->nodes; i++) {
        have = have && bank->asked[i] >= bank->targets[i];
    }
    return have;
}

/* A server and one to five clients, while everything goes wrong; then each client goes on. */
static troupe_error scenario(troupe_simulation *simulation, void *context)
{
    struct bank *bank = context;
    const uint32_t nodes = troupe_simulation_draw_nodes(simulation, 2, CLIENTS_MAX + 1);
    *bank = (struct bank) {.simulation = simulation,
                           .forgets = bank->forgets,
                           .gives_up = bank->gives_up,
                           .nodes = nodes,
                           .runs = bank->runs + 1};
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; i < nodes && !error; i++) {
        uint32_t node = 0;
        bank->roles[i] = (struct role) {bank, i};
        error = troupe_simulation_add(
            simulation,
            TROUPE_SIMULATION_NODE(.start = i == 0 ? start_server : start_client,
                                   .context = &bank->roles[i]),
            &node);
    }
    error = error ? error
                  : troupe_simulation_rate(
                        simulation, TROUPE_SIMULATION_RATES(.crash_every = TROUPE_WITHIN_MS(200),
                                                            .crash_for = TROUPE_WITHIN_MS(50),
                                                            .stall_every = TROUPE_WITHIN_MS(200),
                                                            .stall_for = TROUPE_WITHIN_MS(100),
                                                            .cut_every = TROUPE_WITHIN_MS(200),
                                                            .cut_for = TROUPE_WITHIN_MS(100),
                                                            .skew_every = TROUPE_WITHIN_S(1)));
    error = error ? error : troupe_simulation_run(simulation, TROUPE_WITHIN_S(1));
    for (uint32_t i = 1; i < nodes; i++) {
        bank->targets[i] = bank->asked[i] + 1;
    }
    error = error ? error
                  : troupe_simulation_settle(simulation, have_gone_on, bank, TROUPE_WITHIN_S(5));
    return error;
}

/* Finds it, and repeats it as the line says: step, time and fault are the same. */
static void find(struct bank *bank, const char *name, const char *fault)
{
    struct found found;
    find_and_repeat(TROUPE_SIMULATE(.seeds = SEEDS), scenario, bank, &found);
    print_found(name, &found);
    assert_non_null(strstr(found.why, fault));
    assert_in_range(found.after.faults, 1, FAULTS);
    assert_in_range(found.after.nodes, 2, 3);
}

/* Promise: SIMULATE-SHRINKS */
static void shrinks_a_retry_without_duplicate_removal(void **state)
{
    (void) state;
    struct bank bank = {.forgets = true};
    find(&bank, "a retry without duplicate removal", "was made twice");
}

/* Promise: SIMULATE-SHRINKS */
static void shrinks_a_client_that_gives_up(void **state)
{
    (void) state;
    struct bank bank = {.gives_up = true};
    find(&bank, "a client that gives up", "not settled");
}

/* Promise: SIMULATE-SHRINKS */
static void finds_nothing_where_nothing_is(void **state)
{
    (void) state;
    struct bank bank = {0};
    assert_ok(troupe_simulate(TROUPE_SIMULATE(.seeds = SOUND_SEEDS), scenario, &bank));
    assert_int_equal(bank.runs, SOUND_SEEDS);
}

int main(void)
{
#define ALONE(test) cmocka_unit_test_setup_teardown(test, forget_repetition, forget_repetition)
    const struct CMUnitTest tests[] = {
        ALONE(finds_nothing_where_nothing_is),
        ALONE(shrinks_a_retry_without_duplicate_removal),
        ALONE(shrinks_a_client_that_gives_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
