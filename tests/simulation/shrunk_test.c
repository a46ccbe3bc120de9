/* SPDX-License-Identifier: MIT */
/* Bugs of a client and a server over simulated nodes, planted here, are found within a few seeds
 * and shrunk to the few faults that bring them about; the line that is told repeats that. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/simulate.h>
#include <troupe/troupe.h>

#include "support/cast.h"
#include "support/fixtures.h"
#include "support/probe.h"

enum {
    SEEDS = 20,       /* within which each is found */
    SOUND_SEEDS = 50, /* in which nothing is found where nothing is */
    FAULTS = 2,       /* that are left at most */
    CLIENTS_MAX = 5,
    DEPOSITS = 1000
};

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
    error = error ? error : troupe_simulation_run(simulation, TROUPE_WITHIN_S(2));
    for (uint32_t i = 1; i < nodes; i++) {
        bank->targets[i] = bank->asked[i] + 1;
    }
    error = error ? error
                  : troupe_simulation_settle(simulation, have_gone_on, bank, TROUPE_WITHIN_S(5));
    return error;
}

static void say(void *seen, troupe_log_level level, const char *text)
{
    probe_say(seen, "%d %s", (int) level, text);
}

/* The value of NAME= in the line, into the environment. False if it has none. */
static bool set_from(const char *line, const char *name)
{
    const char *at = strstr(line, name);
    char value[256];
    if (at == NULL) {
        return false;
    }
    at += strlen(name) + 1;
    (void) snprintf(value, sizeof value, "%.*s", (int) strcspn(at, " "), at);
    assert_int_equal(setenv(name, value, 1), 0); /* NOLINT(concurrency-mt-unsafe): one thread */
    return true;
}

static int forget_environment(void **state)
{
    static const char *const names[] = {"TROUPE_SEED", "TROUPE_FAULTS", "TROUPE_NODES",
                                        "TROUPE_COURSE", "TROUPE_END_MS"};
    (void) state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(unsetenv(names[i]), 0); /* NOLINT(concurrency-mt-unsafe) */
    }
    return 0;
}

static uint32_t count_faults(struct probe *seen)
{
    uint32_t count = 0;
    for (size_t i = 0; i < probe_count(seen); i++) {
        const bool is_one = strstr(probe_line(seen, i), " fault ") != NULL;
        count += is_one ? 1 : 0;
        if (is_one) {
            print_message("%s\n", probe_line(seen, i));
        }
    }
    return count;
}

/* Finds it, and repeats it as the line says: step, time and fault are the same. */
static void find(struct bank *bank, const char *fault)
{
    struct probe *seen = a_probe();
    struct probe *again = a_probe();
    const troupe_log log = {.write = say, .context = seen};
    const troupe_log log_again = {.write = say, .context = again};
    assert_fails(troupe_simulate(TROUPE_SIMULATE(.seeds = SEEDS, .log = &log), scenario, bank),
                 FAILED);
    const char *line = probe_line(seen, probe_count(seen) - 1);
    print_message("%s\n", line);
    assert_non_null(strstr(line, fault));
    assert_in_range(count_faults(seen), 1, FAULTS);
    assert_true(set_from(line, "TROUPE_SEED"));
    assert_true(set_from(line, "TROUPE_FAULTS"));
    assert_true(strstr(line, ", 2 of ") != NULL || strstr(line, ", 3 of ") != NULL); /* nodes */
    (void) set_from(line, "TROUPE_NODES"); /* there may have been no more */
    (void) set_from(line, "TROUPE_COURSE");
    (void) set_from(line, "TROUPE_END_MS");
    bank->runs = 0;
    assert_fails(troupe_simulate(TROUPE_SIMULATE(.log = &log_again), scenario, bank), FAILED);
    assert_int_equal(bank->runs, 1);
    const char *line_again = probe_line(again, probe_count(again) - 1);
    const char *how = strstr(line, " (shrunk");
    assert_non_null(how);
    assert_true(strncmp(line, line_again, (size_t) (how - line)) == 0);
    drop_probe(&again);
    drop_probe(&seen);
}

/* Promise: SIMULATE-SHRINKS */
static void shrinks_a_retry_without_duplicate_removal(void **state)
{
    (void) state;
    struct bank bank = {.forgets = true};
    find(&bank, "was made twice");
}

/* Promise: SIMULATE-SHRINKS */
static void shrinks_a_client_that_gives_up(void **state)
{
    (void) state;
    struct bank bank = {.gives_up = true};
    find(&bank, "not settled");
}

static void finds_nothing_where_nothing_is(void **state)
{
    (void) state;
    struct bank bank = {0};
    assert_ok(troupe_simulate(TROUPE_SIMULATE(.seeds = SOUND_SEEDS), scenario, &bank));
    assert_int_equal(bank.runs, SOUND_SEEDS);
}

int main(void)
{
#define ALONE(test) cmocka_unit_test_setup_teardown(test, forget_environment, forget_environment)
    const struct CMUnitTest tests[] = {
        ALONE(finds_nothing_where_nothing_is),
        ALONE(shrinks_a_retry_without_duplicate_removal),
        ALONE(shrinks_a_client_that_gives_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
