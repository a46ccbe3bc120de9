/* SPDX-License-Identifier: MIT */
/* What <troupe/simulation_network.h> promises, by what actors of two nodes see of it. */
#include <troupe/simulation_network.h>

#include <troupe/troupe.h>

#include "core/shake.h"
#include "simulation/simulation.h"
#include "support/cast.h"
#include "support/fixtures.h"

#define MS UINT64_C(1000000)

/* A client counts up and asks, or only tells; a server answers with twice the number. */
struct talk {
    troupe_simulation *simulation;
    uint64_t server; /* the id of its node */
    troupe_timeout pause;
    bool only_tells;
    uint64_t asked;
    uint64_t handled;
    uint64_t last_handled;
    uint64_t out_of_order;
    uint64_t instants; /* at which something came to the server */
    uint64_t last_instant_ns;
    uint64_t answered;
    uint64_t wrong;
    uint64_t timed_out;
    uint64_t least_ns; /* from question to answer */
    uint64_t most_ns;
};

static void hear(struct talk *talk, uint64_t number)
{
    const uint64_t now_ns = troupe_simulation_now_ns(talk->simulation);
    talk->handled++;
    talk->out_of_order += number <= talk->last_handled ? 1 : 0;
    talk->last_handled = number;
    talk->instants += now_ns != talk->last_instant_ns ? 1 : 0;
    talk->last_instant_ns = now_ns;
}

static troupe_error serves(troupe_self *self, void *argument)
{
    struct talk *talk = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_learn_type(self, &figure_type);
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (!error) {
            hear(talk, figure_of(message));
        }
        if (!error && !talk->only_tells) {
            (void) reply_figure(self, message, 2 * figure_of(message)); /* it may have gone */
        }
    }
    return error;
}

static void ask_one(troupe_self *self, struct talk *talk, troupe_ref ref)
{
    uint64_t answer = 0;
    const uint64_t began_ns = troupe_self_now_ns(self);
    talk->asked++;
    if (talk->only_tells) {
        (void) send_figure(self, ref, talk->asked);
        return;
    }
    const troupe_error error = ask_figure(self, ref, talk->asked, TROUPE_WITHIN_MS(900), &answer);
    const uint64_t took_ns = troupe_self_now_ns(self) - began_ns;
    if (error) {
        talk->timed_out += error == TROUPE_ERROR_TIMED_OUT ? 1 : 0;
        return;
    }
    talk->answered++;
    talk->wrong += answer != 2 * talk->asked ? 1 : 0;
    talk->least_ns = talk->least_ns == 0 || took_ns < talk->least_ns ? took_ns : talk->least_ns;
    talk->most_ns = took_ns > talk->most_ns ? took_ns : talk->most_ns;
}

static troupe_error asks(troupe_self *self, void *argument)
{
    struct talk *talk = argument;
    troupe_ref ref = troupe_ref_none();
    troupe_error error = troupe_learn_type(self, &figure_type);
    while (!error && troupe_lookup_on(self, talk->server, "server", TROUPE_WITHIN_S(1), &ref)) {
        error = troupe_sleep(self, TROUPE_WITHIN_MS(1));
    }
    while (!error) {
        ask_one(self, talk, ref);
        error = troupe_sleep(self, talk->pause);
    }
    return error;
}

static troupe_error start_server(troupe_simulation *simulation, uint32_t node, void *context)
{
    troupe_ref ref = troupe_ref_none();
    ((struct talk *) context)->server = troupe_simulation_node_id(simulation, node);
    return troupe_simulation_spawn(
        simulation, node, TROUPE_SPAWN(.body = serves, .argument = context, .name = "server"),
        &ref);
}

static troupe_error start_client(troupe_simulation *simulation, uint32_t node, void *context)
{
    troupe_ref ref = troupe_ref_none();
    return troupe_simulation_spawn(simulation, node,
                                   TROUPE_SPAWN(.body = asks, .argument = context), &ref);
}

/* They have found each other when this returns. */
static void begin_with(struct talk *talk, const troupe_simulation_network_options *network,
                       const char *script)
{
    uint32_t node = 0;
    talk->pause = talk->pause.ns != 0 ? talk->pause : TROUPE_WITHIN_MS(1);
    assert_ok(troupe_simulation_create(TROUPE_SIMULATION(.seed = 3), &talk->simulation));
    assert_ok(troupe_simulation_shape_network(talk->simulation, network));
    assert_ok(troupe_simulation_script(talk->simulation, script));
    assert_ok(troupe_simulation_add(talk->simulation,
                                    TROUPE_SIMULATION_NODE(.name = "s", .start = start_server,
                                                           .context = talk,
                                                           .mailbox_capacity_default = 1024),
                                    &node));
    assert_ok(troupe_simulation_add(talk->simulation,
                                    TROUPE_SIMULATION_NODE(.name = "c", .start = start_client,
                                                           .context = talk,
                                                           .mailbox_capacity_default = 1024),
                                    &node));
    assert_ok(troupe_simulation_run(talk->simulation, TROUPE_WITHIN_MS(200)));
    assert_true(talk->asked > 0);
}

static void begin(struct talk *talk, const troupe_simulation_network_options *network)
{
    begin_with(talk, network, "");
}

static void run(struct talk *talk, const char *script, uint64_t ms)
{
    if (script != NULL) {
        assert_ok(troupe_simulation_script(talk->simulation, script));
        assert_ok(troupe_simulation_run(talk->simulation, TROUPE_WITHIN_MS(100)));
    }
    *talk = (struct talk) {.simulation = talk->simulation,
                           .server = talk->server,
                           .pause = talk->pause,
                           .only_tells = talk->only_tells,
                           .asked = talk->asked,
                           .last_handled = talk->last_handled};
    assert_ok(troupe_simulation_run(talk->simulation, TROUPE_WITHIN_MS(ms)));
    assert_int_equal(talk->wrong, 0);
}

static void end(struct talk *talk)
{
    assert_ok(troupe_simulation_stop(talk->simulation));
    troupe_simulation_destroy(&talk->simulation);
}

/* Promise: NETWORK-SHAPE */
static void delays_each_way_as_a_script_says(void **state)
{
    (void) state;
    struct talk talk = {0};
    begin(&talk, NULL);
    run(&talk, NULL, 500);
    assert_true(talk.answered > 100 && talk.most_ns < 2 * MS);
    run(&talk, "delay c to s by 20 ms; delay s to c by 30 ms", 1000);
    assert_true(talk.answered > 10 && talk.least_ns == 50 * MS && talk.most_ns < 51 * MS);
    run(&talk, "delay c from s by 10 ms to 20 ms", 1000);
    assert_true(talk.answered > 10 && talk.least_ns >= 20 * MS && talk.most_ns < 41 * MS);
    assert_true(talk.most_ns > talk.least_ns + 5 * MS);
    end(&talk);
}

/* Promise: NETWORK-SHAPE */
static void loses_what_a_script_says_for_as_long(void **state)
{
    (void) state;
    struct talk talk = {0};
    begin(&talk, NULL);
    run(&talk, "lose 100 percent of c to s for 3 s", 2800);
    assert_true(talk.answered == 0 && talk.handled == 0 && talk.timed_out == 3);
    run(&talk, NULL, 1000);
    assert_true(talk.answered > 10);
    run(&talk, "lose 50 percent of s", 20000);
    assert_true(talk.answered > 5 && talk.timed_out > 5);
    run(&talk, "lose 0 percent of all", 1000); /* the last is over then */
    run(&talk, NULL, 1000);
    assert_true(talk.answered > 100 && talk.timed_out == 0);
    end(&talk);
}

/* Promise: NETWORK-SHAPE */
static void repeats_and_reorders_and_no_message_comes_twice(void **state)
{
    (void) state;
    struct talk talk = {.only_tells = true, .pause = TROUPE_WITHIN_US(200)};
    begin(&talk, NULL);
    run(&talk, "repeat 100 percent of c to s", 1000);
    assert_true(talk.handled > 1000 && talk.out_of_order == 0);
    const uint64_t in_order = talk.handled;
    assert_true(tr_world_network(talk.simulation->world)->wires.counts.repeated >= in_order);
    run(&talk, "reorder 50 percent of c to s; delay c to s by 1 ms to 50 ms", 1000);
    assert_true(talk.handled > 10 && talk.out_of_order == 0);
    assert_true(talk.handled < in_order / 2); /* who was overtaken is not taken in */
    end(&talk);
}

/* Promise: NETWORK-SHAPE */
static void passes_so_many_bytes_a_second(void **state)
{
    (void) state;
    struct talk talk = {0};
    begin(&talk, NULL);
    run(&talk, "pass 1000 bytes of c to s", 2000);
    assert_true(talk.answered > 5 && talk.least_ns > 20 * MS);
    run(&talk, "pass 1000000000 bytes of all", 500);
    assert_true(talk.answered > 100 && talk.most_ns < 2 * MS);
    end(&talk);
}

/* There is little room for what is on its way in the shake build. */
#define IS_HELD_UP TR_SHAKEN(false, true)

/* Promise: NETWORK-SHAPE */
static void has_so_many_frames_under_way(void **state)
{
    (void) state;
    struct talk talk = {.only_tells = true};
    begin(&talk, NULL);
    run(&talk, "delay c to s by 50 ms; queue 1 frames of c to s", 1000);
    assert_true(talk.instants <= 20);
    assert_true(IS_HELD_UP || (talk.handled > 900 && talk.instants >= 18));
    assert_int_equal(talk.out_of_order, 0);
    run(&talk, "queue 5 frames of c to s", 1000);
    assert_true(talk.instants <= 100);
    assert_true(IS_HELD_UP || (talk.handled > 900 && talk.instants >= 90));
    run(&talk, "queue 1000 frames of c to s; queue 1 bytes of c to s", 1000);
    assert_true(talk.instants <= 20);
    assert_true(IS_HELD_UP || (talk.handled > 900 && talk.instants >= 18));
    end(&talk);
}

static bool is_asked(troupe_simulation *simulation, void *context)
{
    (void) simulation;
    return ((const struct talk *) context)->answered >= 10;
}

/* Promise: NETWORK-SHAPE */
static void is_as_usual_unless_a_script_says_otherwise(void **state)
{
    (void) state;
    struct talk talk = {0};
    begin(&talk, TROUPE_SIMULATION_NETWORK(.latency_min = TROUPE_WITHIN_MS(5),
                                           .latency_max = TROUPE_WITHIN_MS(5)));
    run(&talk, NULL, 500);
    assert_true(talk.least_ns == 10 * MS && talk.most_ns < 11 * MS);
    run(&talk, "delay all by 20 ms for 1 s", 500);
    assert_true(talk.least_ns == 40 * MS && talk.most_ns < 41 * MS);
    assert_ok(troupe_simulation_run(talk.simulation, TROUPE_WITHIN_S(1)));
    run(&talk, NULL, 500);
    assert_true(talk.least_ns == 10 * MS && talk.most_ns < 11 * MS);
    run(&talk, "delay all by 20 ms for 1 s; lose 100 percent of s", 500);
    assert_ok(troupe_simulation_settle(talk.simulation, is_asked, &talk, TROUPE_WITHIN_S(3)));
    run(&talk, NULL, 500);
    assert_true(talk.least_ns == 10 * MS && talk.most_ns < 11 * MS);
    end(&talk);
}

/* Promise: NETWORK-SHAPE */
static void is_so_for_nodes_still_to_come(void **state)
{
    (void) state;
    struct talk talk = {0};
    begin_with(&talk, NULL, "delay all by 3 ms");
    run(&talk, NULL, 500);
    assert_true(talk.least_ns == 6 * MS && talk.most_ns < 7 * MS);
    end(&talk);
}

/* Promise: NETWORK-SHAPE */
static void loses_nothing_when_it_settles(void **state)
{
    (void) state;
    struct talk talk = {0};
    begin(&talk, NULL);
    assert_ok(troupe_simulation_shape_network(talk.simulation,
                                              TROUPE_SIMULATION_NETWORK(.loss_ppm = 1000000)));
    assert_ok(troupe_simulation_run(talk.simulation, TROUPE_WITHIN_MS(10)));
    run(&talk, NULL, 500);
    assert_int_equal(talk.answered, 0);
    assert_ok(troupe_simulation_settle(talk.simulation, is_asked, &talk, TROUPE_WITHIN_S(3)));
    end(&talk);
}

static void refuses_what_cannot_be(void **state)
{
    (void) state;
    troupe_simulation *simulation = NULL;
    assert_ok(troupe_simulation_create(NULL, &simulation));
    assert_fails(
        troupe_simulation_shape_network(simulation, TROUPE_SIMULATION_NETWORK(.loss_ppm = 1000001)),
        BAD_ARGUMENT);
    assert_fails(troupe_simulation_shape_network(
                     simulation, TROUPE_SIMULATION_NETWORK(.latency_min = TROUPE_WITHIN_MS(2),
                                                           .latency_max = TROUPE_WITHIN_MS(1))),
                 BAD_ARGUMENT);
    troupe_simulation_destroy(&simulation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_each_way_as_a_script_says),
        cmocka_unit_test(loses_what_a_script_says_for_as_long),
        cmocka_unit_test(repeats_and_reorders_and_no_message_comes_twice),
        cmocka_unit_test(passes_so_many_bytes_a_second),
        cmocka_unit_test(has_so_many_frames_under_way),
        cmocka_unit_test(is_as_usual_unless_a_script_says_otherwise),
        cmocka_unit_test(is_so_for_nodes_still_to_come),
        cmocka_unit_test(loses_nothing_when_it_settles),
        cmocka_unit_test(refuses_what_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
