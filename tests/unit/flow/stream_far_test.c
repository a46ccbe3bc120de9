/* SPDX-License-Identifier: MIT */
/* Streams whose producers, consumers and stages are on other nodes than they. */
#include <string.h>
#include <troupe/stream.h>

#include "support/cast.h"
#include "support/fleet.h"
#include "support/world_fixture.h"

#define CAPACITY 4

static struct scene {
    uint64_t count;    /* that is to be produced */
    uint64_t produced; /* that the stream has taken */
    uint64_t consumed;
    uint64_t wrong;      /* out of order, or twice */
    uint64_t most_ahead; /* produced and not consumed */
    uint64_t last;
    troupe_error produced_with;
    troupe_error consumed_with;
    bool has_produced;
    bool has_consumed;
    uint64_t stops_after; /* the consumer; 0: never */
    troupe_timeout pause; /* of the consumer */
    troupe_error at_once[2];
    uint64_t returned; /* what a put that failed has given back */
} scene;

static troupe_error owns(troupe_self *self, void *argument)
{
    troupe_ref stream;
    const char *name = argument != NULL ? argument : "stream";
    troupe_error error = troupe_learn_type(self, &figure_type);
    error = error ? error
                  : troupe_stream_create(self, TROUPE_QUEUE(.name = name, .capacity = CAPACITY),
                                         &stream);
    return error ? error : troupe_sleep(self, TROUPE_FOREVER);
}

static troupe_error find(troupe_self *self, const char *name, troupe_ref *out_stream)
{
    uint64_t node = 0;
    const troupe_error error = troupe_lookup(self, name, out_stream);
    const troupe_error learned = troupe_learn_type(self, &figure_type);
    if (error == TROUPE_OK || learned != TROUPE_OK) {
        return learned;
    }
    const troupe_error found = troupe_await_node(self, "a", TROUPE_WITHIN_S(10), &node);
    return found ? found : troupe_await_on(self, node, name, TROUPE_WITHIN_S(10), out_stream);
}

static troupe_error put(troupe_self *self, troupe_ref stream, uint64_t figure,
                        troupe_timeout timeout)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_message_create(self, &figure_type, &figure, &message);
    error = error ? error : troupe_stream_send(self, stream, &message, timeout);
    scene.returned = error && message != NULL ? figure_of(message) : 0;
    return error;
}

static troupe_error produces(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_ref stream;
    troupe_error error = find(self, "stream", &stream);
    for (uint64_t i = 1; i <= scene.count && error == TROUPE_OK; i++) {
        error = put(self, stream, i, TROUPE_FOREVER);
        scene.produced += error == TROUPE_OK ? 1 : 0;
        if (scene.produced > scene.consumed + scene.most_ahead) {
            scene.most_ahead = scene.produced - scene.consumed;
        }
    }
    error = error ? error : troupe_stream_end(self, stream, TROUPE_OK, TROUPE_FOREVER);
    scene.produced_with = error;
    scene.has_produced = true;
    return TROUPE_OK;
}

static troupe_error consumes(troupe_self *self, void *argument)
{
    const char *name = argument != NULL ? argument : "stream";
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_ref stream;
    troupe_error error = find(self, name, &stream);
    while (error == TROUPE_OK && (scene.stops_after == 0 || scene.consumed < scene.stops_after)) {
        error = troupe_stream_next(self, stream, &message, TROUPE_FOREVER);
        if (error == TROUPE_OK) {
            scene.wrong += figure_of(message) <= scene.last ? 1 : 0;
            scene.last = figure_of(message);
            scene.consumed++;
            error = scene.pause.ns != 0 ? troupe_sleep(self, scene.pause) : TROUPE_OK;
        }
    }
    error = error ? error : troupe_queue_close(self, stream, TROUPE_CLOSE_DISCARD, TROUPE_FOREVER);
    scene.consumed_with = error;
    scene.has_consumed = true;
    return TROUPE_OK;
}

static void spawn(uint32_t node, troupe_body *body, void *argument)
{
    troupe_ref ref;
    assert_ok(troupe_simulation_spawn(fleet.simulation, node,
                                      TROUPE_SPAWN(.body = body, .argument = argument), &ref));
}

static void begin(uint64_t seed, uint64_t count)
{
    memset(&scene, 0, sizeof scene);
    scene.count = count;
    fleet_clear();
    fleet_begin(seed, 3);
    spawn(0, owns, NULL);
}

/* Promise: STREAM-FAR */
static void bring_all_in_order_and_then_the_end(void **state)
{
    (void) state;
    begin(1, 2000);
    spawn(1, produces, NULL);
    spawn(2, consumes, NULL);
    fleet_run(20000);
    assert_true(scene.has_produced && scene.has_consumed);
    assert_ok(scene.produced_with);
    assert_int_equal(scene.consumed_with, TROUPE_ERROR_END);
    assert_int_equal(scene.consumed, 2000);
    assert_int_equal(scene.wrong, 0);
    fleet_end();
}

/* Promise: STREAM-FAR-BOUND */
static void hold_a_producer_that_is_ahead(void **state)
{
    (void) state;
    begin(2, 200);
    scene.pause = TROUPE_WITHIN_MS(20);
    spawn(1, produces, NULL);
    spawn(2, consumes, NULL);
    fleet_run(10000);
    assert_int_equal(scene.consumed, 200);
    /* What the stream keeps, and what is on its way to the consumer. */
    assert_true(scene.most_ahead >= CAPACITY && scene.most_ahead <= CAPACITY + 2);
    fleet_end();
}

/* Promise: STREAM-FAR-BOUND */
static void are_closed_by_a_consumer_that_wants_no_more(void **state)
{
    (void) state;
    begin(3, 1000);
    scene.stops_after = 50;
    spawn(1, produces, NULL);
    spawn(2, consumes, NULL);
    fleet_run(10000);
    assert_true(scene.has_produced && scene.has_consumed);
    assert_int_equal(scene.produced_with, TROUPE_ERROR_CLOSED);
    assert_ok(scene.consumed_with);
    assert_int_equal(scene.consumed, 50);
    fleet_end();
}

/* Giving up. */

static troupe_error puts_in_vain(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_ref stream;
    troupe_error error = find(self, "stream", &stream);
    for (uint64_t i = 1; i <= CAPACITY && error == TROUPE_OK; i++) {
        error = put(self, stream, i, TROUPE_FOREVER);
    }
    const uint64_t began_ns = troupe_self_now_ns(self);
    scene.produced_with = error ? error : put(self, stream, 77, TROUPE_WITHIN_MS(50));
    scene.produced = (troupe_self_now_ns(self) - began_ns) / 1000000;
    scene.at_once[0] = put(self, stream, 78, TROUPE_NOW);
    scene.has_produced = true;
    return TROUPE_OK;
}

static troupe_error gets_in_vain(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_ref stream;
    troupe_error error = find(self, "stream", &stream);
    const uint64_t began_ns = troupe_self_now_ns(self);
    error = error ? error : troupe_stream_next(self, stream, &message, TROUPE_WITHIN_MS(50));
    scene.consumed_with = error;
    scene.consumed = (troupe_self_now_ns(self) - began_ns) / 1000000;
    scene.at_once[1] = troupe_stream_next(self, stream, &message, TROUPE_NOW);
    return TROUPE_OK;
}

/* Promise: STREAM-FAR-GIVE-UP */
static void settle_what_is_given_up(void **state)
{
    (void) state;
    begin(4, 0);
    spawn(2, gets_in_vain, NULL);
    fleet_run(1000);
    assert_int_equal(scene.consumed_with, TROUPE_ERROR_TIMED_OUT);
    assert_in_range(scene.consumed, 50, 60);
    assert_int_equal(scene.at_once[1], TROUPE_ERROR_TIMED_OUT);
    spawn(1, puts_in_vain, NULL);
    fleet_run(1000);
    assert_int_equal(scene.produced_with, TROUPE_ERROR_TIMED_OUT);
    assert_in_range(scene.produced, 50, 60);
    assert_int_equal(scene.at_once[0], TROUPE_ERROR_TIMED_OUT);
    assert_int_equal(scene.returned, 78); /* with what is in it */
    scene.consumed = 0;
    scene.stops_after = CAPACITY;
    spawn(2, consumes, NULL); /* none is lost, none is too many */
    fleet_run(1000);
    assert_int_equal(scene.consumed, CAPACITY);
    assert_int_equal(scene.last, CAPACITY);
    fleet_end();
}

static troupe_error is_cancelled(troupe_self *self, void *argument)
{
    troupe_ref child;
    troupe_error error =
        troupe_spawn(self, TROUPE_SPAWN(.body = argument == NULL ? consumes : produces), &child);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(500));
    return error ? error : troupe_cancel(self, child);
}

/* Promise: STREAM-FAR-GIVE-UP */
static void settle_what_is_cancelled(void **state)
{
    (void) state;
    begin(5, 10);
    spawn(2, is_cancelled, NULL); /* it waits for the first */
    fleet_run(2000);
    assert_true(scene.has_consumed);
    assert_int_equal(scene.consumed_with, TROUPE_ERROR_CANCELLED);
    scene.has_consumed = false;
    spawn(1, is_cancelled, &scene); /* it waits for room */
    fleet_run(2000);
    assert_int_equal(scene.produced_with, TROUPE_ERROR_CANCELLED);
    assert_int_equal(scene.produced, CAPACITY);
    spawn(0, consumes, NULL);
    fleet_run(1000);
    assert_int_equal(scene.consumed, CAPACITY);
    fleet_end();
}

/* Promise: STREAM-FAR-LOSS */
static void lose_nothing_with_a_consumer_that_waited(void **state)
{
    (void) state;
    begin(6, 20);
    spawn(2, consumes, NULL);
    fleet_run(1000);
    fleet_script("crash c");
    fleet_run(6000); /* and is known to be */
    spawn(1, produces, NULL);
    spawn(0, consumes, NULL);
    fleet_run(2000);
    assert_int_equal(scene.consumed, 20);
    assert_int_equal(scene.wrong, 0);
    assert_int_equal(scene.consumed_with, TROUPE_ERROR_END);
    fleet_end();
}

/* Promise: STREAM-FAR-LOSS */
static void tell_both_ends_when_their_node_is_lost(void **state)
{
    (void) state;
    begin(7, 100000);
    scene.pause = TROUPE_WITHIN_MS(1);
    spawn(1, produces, NULL);
    spawn(2, consumes, NULL);
    fleet_run(2000);
    fleet_script("cut a for 8 s"); /* which is the same to them */
    fleet_run(6000);
    assert_true(scene.has_produced && scene.has_consumed);
    assert_int_equal(scene.produced_with, TROUPE_ERROR_NODE_LOST);
    assert_int_equal(scene.consumed_with, TROUPE_ERROR_NODE_LOST);
    fleet_end();
}

/* Stages. */

static troupe_error doubles(troupe_self *self, troupe_message **message, void *context)
{
    (void) context;
    const uint64_t twice = 2 * figure_of(*message);
    troupe_message_destroy(message);
    return troupe_message_create(self, &figure_type, &twice, message);
}

static troupe_error maps(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_ref in;
    troupe_ref out;
    troupe_error error = find(self, "stream", &in);
    error = error ? error : find(self, "doubled", &out);
    error = error ? error : troupe_stream_map(self, in, out, doubles, NULL);
    return error ? error : troupe_sleep(self, TROUPE_FOREVER);
}

/* Promise: STREAM-FAR */
static void go_through_stages_on_other_nodes(void **state)
{
    (void) state;
    static char doubled[] = "doubled";
    begin(8, 300);
    spawn(0, owns, doubled);
    spawn(1, maps, NULL);
    spawn(1, produces, NULL);
    spawn(2, consumes, doubled);
    fleet_run(10000);
    assert_int_equal(scene.consumed, 300);
    assert_int_equal(scene.last, 600);
    assert_int_equal(scene.wrong, 0);
    assert_int_equal(scene.consumed_with, TROUPE_ERROR_END);
    fleet_end();
}

/* Whatever the network does short of a loss. */
static void live_through(uint64_t seed, void *context)
{
    (void) context;
    begin(seed, 300);
    scene.pause = seed % 3 == 0 ? TROUPE_WITHIN_MS(5) : (troupe_timeout) {0};
    spawn(1, produces, NULL);
    spawn((uint32_t) (seed % 3), consumes, NULL);
    assert_ok(troupe_simulation_rate(fleet.simulation,
                                     TROUPE_SIMULATION_RATES(.cut_every = TROUPE_WITHIN_MS(500),
                                                             .cut_for = TROUPE_WITHIN_MS(900),
                                                             .stall_every = TROUPE_WITHIN_S(1),
                                                             .stall_for = TROUPE_WITHIN_MS(400))));
    fleet_run(10000);
    assert_ok(troupe_simulation_rate(fleet.simulation, NULL));
    fleet_script("heal all");
    fleet_run(30000);
    assert_int_equal(scene.consumed, 300);
    assert_int_equal(scene.wrong, 0);
    assert_int_equal(scene.consumed_with, TROUPE_ERROR_END);
    fleet_end();
}

/* Promise: STREAM-FAR */
static void lose_and_repeat_nothing_over_bad_networks(void **state)
{
    (void) state;
    for_each_seed(60, live_through, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bring_all_in_order_and_then_the_end),
        cmocka_unit_test(hold_a_producer_that_is_ahead),
        cmocka_unit_test(are_closed_by_a_consumer_that_wants_no_more),
        cmocka_unit_test(settle_what_is_given_up),
        cmocka_unit_test(settle_what_is_cancelled),
        cmocka_unit_test(lose_nothing_with_a_consumer_that_waited),
        cmocka_unit_test(tell_both_ends_when_their_node_is_lost),
        cmocka_unit_test(go_through_stages_on_other_nodes),
        cmocka_unit_test(lose_and_repeat_nothing_over_bad_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
