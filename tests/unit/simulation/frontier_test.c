/* SPDX-License-Identifier: MIT */
/* Actors of two simulated nodes that talk over the simulated network. */
#include "simulation/frontier.h"

#include <inttypes.h>
#include <stdlib.h>
#include <troupe/simulate.h>
#include <troupe/troupe.h>

#include "support/cast.h"
#include "support/fixtures.h"

/* What a client on one node and a server on the other have seen. */
struct talk {
    uint64_t server;   /* the id of its node, now */
    uint64_t asked;    /* by the client, who counts up */
    uint64_t answered; /* with the right number */
    uint64_t failed;
    uint64_t wrong;
    troupe_error first; /* what the first got: that begins the connection */
    uint64_t in_a_row;  /* answered since the last that failed */
};

static troupe_error serves(troupe_self *self, void *argument)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    (void) argument;
    troupe_error error = troupe_learn_type(self, &figure_type);
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        const uint64_t *number = error ? NULL : troupe_message_struct(message, &figure_type);
        if (number != NULL) {
            TROUPE_AUTO(troupe_message) *reply = NULL;
            if (a_figure(self, *number + 1, &reply) == TROUPE_OK) {
                (void) troupe_reply_message(self, message, &reply); /* it may have gone */
            }
        }
    }
    return error;
}

static troupe_error ask_one(troupe_self *self, struct talk *talk)
{
    TROUPE_AUTO(troupe_message) *question = NULL;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_ref ref = troupe_ref_none();
    troupe_error error = troupe_lookup_on(self, talk->server, "server", TROUPE_WITHIN_MS(50), &ref);
    error = error ? error : a_figure(self, talk->asked, &question);
    error = error ? error : troupe_ask_message(self, ref, &question, TROUPE_WITHIN_MS(50), &reply);
    if (!error) {
        const uint64_t *number = troupe_message_struct(reply, &figure_type);
        talk->wrong += number == NULL || *number != talk->asked + 1 ? 1 : 0;
    }
    return error;
}

static troupe_error asks(troupe_self *self, void *argument)
{
    struct talk *talk = argument;
    troupe_error error = troupe_learn_type(self, &figure_type);
    while (!error) {
        const troupe_error outcome = ask_one(self, talk);
        const bool is_answered = outcome == TROUPE_OK;
        talk->first = talk->asked == 0 ? outcome : talk->first;
        talk->asked++;
        talk->answered += is_answered ? 1 : 0;
        talk->failed += is_answered ? 0 : 1;
        talk->in_a_row = is_answered ? talk->in_a_row + 1 : 0;
        error = troupe_sleep(self, TROUPE_WITHIN_MS(5));
    }
    return error;
}

static troupe_error start_server(troupe_simulation *simulation, uint32_t node, void *context)
{
    troupe_ref ref = troupe_ref_none();
    ((struct talk *) context)->server = troupe_simulation_node_id(simulation, node);
    return troupe_simulation_spawn(simulation, node, TROUPE_SPAWN(.body = serves, .name = "server"),
                                   &ref);
}

static troupe_error start_client(troupe_simulation *simulation, uint32_t node, void *context)
{
    troupe_ref ref = troupe_ref_none();
    return troupe_simulation_spawn(simulation, node,
                                   TROUPE_SPAWN(.body = asks, .argument = context), &ref);
}

static troupe_error add_both(troupe_simulation *simulation, struct talk *talk)
{
    uint32_t node = 0;
    troupe_error error = troupe_simulation_add(
        simulation, TROUPE_SIMULATION_NODE(.name = "s", .start = start_server, .context = talk),
        &node);
    return error ? error
                 : troupe_simulation_add(simulation,
                                         TROUPE_SIMULATION_NODE(.name = "c", .workers = 2,
                                                                .start = start_client,
                                                                .context = talk),
                                         &node);
}

static bool is_going_on(troupe_simulation *simulation, void *context)
{
    (void) simulation;
    return ((const struct talk *) context)->in_a_row >= 10;
}

static troupe_error calm(troupe_simulation *simulation, void *context)
{
    struct talk *talk = context;
    *talk = (struct talk) {0};
    troupe_error error = add_both(simulation, talk);
    error = error ? error : troupe_simulation_run(simulation, TROUPE_WITHIN_S(1));
    if (talk->failed != 1 || talk->wrong != 0 || talk->answered < 100 ||
        talk->first != TROUPE_ERROR_UNREACHABLE) {
        troupe_simulation_fail(simulation, "%" PRIu64 " answered, %" PRIu64 " failed, first %s",
                               talk->answered, talk->failed, troupe_error_name(talk->first));
    }
    return error;
}

/* Promise: SIMULATION-REMOTE */
static void ask_and_answer_over_the_network(void **state)
{
    (void) state;
    struct talk talk;
    assert_ok(troupe_simulate(TROUPE_SIMULATE(.seeds = 20), calm, &talk));
}

/* The client's wish to be connected waits behind a cut, and comes in the moment in which the server
 * comes up. */
static troupe_error meet_at_the_start(troupe_simulation *simulation, void *context)
{
    struct talk *talk = context;
    *talk = (struct talk) {0};
    troupe_error error = add_both(simulation, talk);
    error = error ? error
                  : troupe_simulation_script(simulation,
                                             "at 100 ms cut s from c; at 110 ms drop s\n"
                                             "at 120 ms drop c for 10 ms\n"
                                             "at 500 ms start s; at 500 ms heal all");
    error = error ? error : troupe_simulation_run(simulation, TROUPE_WITHIN_MS(500));
    talk->in_a_row = 0;
    return error ? error
                 : troupe_simulation_settle(simulation, is_going_on, talk, TROUPE_WITHIN_S(1));
}

/* Promise: SIMULATION-HEALS */
static void go_on_if_they_are_connected_while_one_starts(void **state)
{
    (void) state;
    struct talk talk;
    assert_ok(troupe_simulate(TROUPE_SIMULATE(.seeds = 20), meet_at_the_start, &talk));
}

static troupe_error storm(troupe_simulation *simulation, void *context)
{
    struct talk *talk = context;
    *talk = (struct talk) {0};
    troupe_error error = add_both(simulation, talk);
    error = error ? error
                  : troupe_simulation_rate(
                        simulation, TROUPE_SIMULATION_RATES(.crash_every = TROUPE_WITHIN_MS(700),
                                                            .crash_for = TROUPE_WITHIN_MS(100),
                                                            .stall_every = TROUPE_WITHIN_MS(700),
                                                            .stall_for = TROUPE_WITHIN_MS(100),
                                                            .cut_every = TROUPE_WITHIN_MS(700),
                                                            .cut_for = TROUPE_WITHIN_MS(300)));
    error = error ? error : troupe_simulation_run(simulation, TROUPE_WITHIN_S(5));
    talk->in_a_row = 0;
    error =
        error ? error : troupe_simulation_settle(simulation, is_going_on, talk, TROUPE_WITHIN_S(5));
    if (talk->wrong != 0) {
        troupe_simulation_fail(simulation, "a wrong answer");
    }
    return error;
}

/* Promise: SIMULATION-HEALS */
static void go_on_when_crashes_stalls_and_cuts_are_over(void **state)
{
    (void) state;
    struct talk talk;
    assert_ok(troupe_simulate(TROUPE_SIMULATE(.seeds = 50), storm, &talk));
    assert_true(talk.failed > 0);
}

/* Has a request in hand nearly always. */
static troupe_error ponders(troupe_self *self, void *argument)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    (void) argument;
    troupe_error error = troupe_learn_type(self, &figure_type);
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (!error) {
            (void) troupe_sleep(self, TROUPE_WITHIN_S(1)); /* it is given up before */
        }
    }
    return error;
}

static troupe_error start_ponderer(troupe_simulation *simulation, uint32_t node, void *context)
{
    troupe_ref ref = troupe_ref_none();
    ((struct talk *) context)->server = troupe_simulation_node_id(simulation, node);
    return troupe_simulation_spawn(simulation, node,
                                   TROUPE_SPAWN(.body = ponders, .name = "server"), &ref);
}

static troupe_error kill_at_work(troupe_simulation *simulation, void *context)
{
    uint32_t node = 0;
    *(struct talk *) context = (struct talk) {0};
    troupe_error error = troupe_simulation_add(
        simulation,
        TROUPE_SIMULATION_NODE(.name = "s", .start = start_ponderer, .context = context), &node);
    for (uint32_t i = 0; i < 2 && !error; i++) {
        error = troupe_simulation_add(
            simulation, TROUPE_SIMULATION_NODE(.start = start_client, .context = context), &node);
    }
    error = error ? error
                  : troupe_simulation_rate(
                        simulation, TROUPE_SIMULATION_RATES(.crash_every = TROUPE_WITHIN_MS(100),
                                                            .crash_for = TROUPE_WITHIN_MS(20)));
    return error ? error : troupe_simulation_run(simulation, TROUPE_WITHIN_S(2));
}

/* Promise: SIMULATION-KILLED */
static void are_killed_while_requests_from_elsewhere_are_open(void **state)
{
    (void) state;
    struct talk talk;
    assert_ok(troupe_simulate(TROUPE_SIMULATE(.seeds = 20), kill_at_work, &talk));
    assert_true(talk.asked > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ask_and_answer_over_the_network),
        cmocka_unit_test(go_on_if_they_are_connected_while_one_starts),
        cmocka_unit_test(are_killed_while_requests_from_elsewhere_are_open),
        cmocka_unit_test(go_on_when_crashes_stalls_and_cuts_are_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
