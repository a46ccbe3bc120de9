/* SPDX-License-Identifier: MIT */
/* Descriptors that are one connection's after another: nobody is taken for who had his before. */
#include <sched.h>
#include <unistd.h>
#include <zmq.h>

#include "mesh_fixture.h"
#include "support/descriptors.h"

#define ROUNDS 90
#define FEW_ROUNDS 8
#define TURNS 20
#define FILLERS 32

/* One that knocks as a node does, and says a number; the mesh has not looked since. */
struct caller {
    void *sockets[TR_CHANNEL_COUNT];
};

static struct caller caller_with_id(struct meshes *meshes, char mark)
{
    struct caller caller;
    char id[17] = "c0123456789abcde";
    id[16] = mark;
    for (tr_channel i = 0; i < TR_CHANNEL_COUNT; i++) {
        const int none = 0;
        const int never = -1;
        id[0] = i == TR_CHANNEL_CONTROL ? 'c' : 'd';
        caller.sockets[i] = zmq_socket(meshes->zmq, ZMQ_DEALER);
        assert_non_null(caller.sockets[i]);
        assert_int_equal(zmq_setsockopt(caller.sockets[i], ZMQ_LINGER, &none, sizeof none), 0);
        assert_int_equal(zmq_setsockopt(caller.sockets[i], ZMQ_RECONNECT_IVL, &never, sizeof never),
                         0);
        assert_int_equal(zmq_setsockopt(caller.sockets[i], ZMQ_ROUTING_ID, id, sizeof id), 0);
    }
    return caller;
}

static void call(struct meshes *meshes, struct caller *caller, tr_channel channel)
{
    void *socket = caller->sockets[channel];
    assert_int_equal(zmq_connect(socket, tr_mesh_endpoint(meshes->places[0].mesh)), 0);
    assert_int_equal(zmq_send(socket, "", 0, 0), 0);
}

static struct caller a_caller(struct meshes *meshes, char mark)
{
    struct caller caller = caller_with_id(meshes, mark);
    for (tr_channel i = 0; i < TR_CHANNEL_COUNT; i++) {
        call(meshes, &caller, i);
    }
    return caller;
}

static void say(struct caller *caller)
{
    const uint64_t number = 0;
    assert_int_equal(zmq_send(caller->sockets[TR_CHANNEL_DATA], &number, sizeof number, 0),
                     sizeof number);
}

static void drop_caller(struct caller *caller)
{
    for (tr_channel i = 0; i < TR_CHANNEL_COUNT; i++) {
        assert_int_equal(zmq_close(caller->sockets[i]), 0);
    }
}

/* What callers say has come meanwhile: their connections are served by the same thread of ZeroMQ's
 * as this one is, and it has turned more often than a handshake takes. */
static void let_it_come(struct meshes *meshes)
{
    char endpoint[64];
    size_t size = sizeof endpoint;
    char heard = 0;
    void *here = zmq_socket(meshes->zmq, ZMQ_PAIR);
    void *there = zmq_socket(meshes->zmq, ZMQ_PAIR);
    assert_int_equal(zmq_bind(here, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(here, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
    assert_int_equal(zmq_connect(there, endpoint), 0);
    for (uint32_t i = 0; i < TURNS; i++) {
        assert_int_equal(zmq_send(there, "x", 1, 0), 1);
        assert_int_equal(zmq_recv(here, &heard, 1, 0), 1);
    }
    assert_int_equal(zmq_close(here), 0);
    assert_int_equal(zmq_close(there), 0);
}

/* Both ends have given their descriptors back, though the mesh does not know yet. */
static void wait_for_descriptors(uint32_t count)
{
    const tr_clock clock = tr_clock_real();
    const uint64_t limit_ns = clock.now_ns(clock.context) + LIMIT_NS;
    while (descriptors_open() > count) {
        assert_true(clock.now_ns(clock.context) < limit_ns);
        (void) sched_yield();
    }
}

/* Returns how many descriptors there are when nobody has called. */
static uint32_t open_listening(struct meshes *meshes)
{
    const struct mesh_place *place = &meshes->places[0];
    const tr_mesh_options options = mesh_options(meshes, 0);
    open_mesh(meshes, 0, &options);
    const uint32_t none = descriptors_open();
    struct caller caller = a_caller(meshes, 'z'); /* ZeroMQ has made what it keeps */
    turn_until(meshes, place->ups == 1);
    drop_caller(&caller);
    turn_until(meshes, place->downs == 1);
    wait_for_descriptors(none);
    return none;
}

/* Promise: MESH-DESCRIPTORS-AGAIN */
static void the_next_is_not_taken_for_who_had_its_descriptor(void **state)
{
    struct meshes *meshes = *state;
    struct mesh_place *place = &meshes->places[0];
    const uint32_t none = open_listening(meshes);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        const uint32_t ups = place->ups;
        uint32_t downs = place->downs;
        struct caller first = a_caller(meshes, (char) ('0' + 2 * (i % 10)));
        turn_until(meshes, place->ups == ups + 1);
        if (i % 3 == 0) { /* no link is left of which its end could be */
            tr_mesh_hang_up(&place->link);
        }
        drop_caller(&first);
        wait_for_descriptors(none);
        struct caller second = a_caller(meshes, (char) ('1' + 2 * (i % 10)));
        let_it_come(meshes);
        if (i % 3 == 1) { /* what it would cut is the second's by now */
            tr_mesh_hang_up(&place->link);
        } else if (i % 3 == 2) {
            downs++;
        }
        const uint64_t came = place->came[TR_CHANNEL_DATA];
        turn_until(meshes, place->ups == ups + 2 && place->downs == downs);
        say(&second);
        turn_until(meshes, place->came[TR_CHANNEL_DATA] == came + 1);
        assert_int_equal(place->downs, downs);
        drop_caller(&second);
        turn_until(meshes, place->downs == downs + 1);
        wait_for_descriptors(none);
    }
}

/* There is a link for the caller: it is answered. */
static void wait_for_answer(struct meshes *meshes, struct caller *caller)
{
    const tr_clock clock = tr_clock_real();
    const uint64_t limit_ns = clock.now_ns(clock.context) + LIMIT_NS;
    char answer = 0;
    while (zmq_recv(caller->sockets[TR_CHANNEL_CONTROL], &answer, 1, ZMQ_DONTWAIT) != 0) {
        assert_true(clock.now_ns(clock.context) < limit_ns);
        (void) tr_mesh_look(meshes->places[0].mesh);
        (void) sched_yield();
    }
}

/* The mesh hears of both at once.
 * Promise: MESH-DESCRIPTORS-AGAIN */
static void who_has_gone_before_he_was_heard_takes_nobody_along(void **state)
{
    struct meshes *meshes = *state;
    struct mesh_place *place = &meshes->places[0];
    const uint32_t none = open_listening(meshes);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        const uint64_t came = place->came[TR_CHANNEL_DATA];
        struct caller first = a_caller(meshes, (char) ('0' + 2 * (i % 10)));
        let_it_come(meshes);
        drop_caller(&first);
        wait_for_descriptors(none);
        struct caller second = a_caller(meshes, (char) ('1' + 2 * (i % 10)));
        let_it_come(meshes);
        wait_for_answer(meshes, &second);
        say(&second);
        turn_until(meshes, place->came[TR_CHANNEL_DATA] == came + 1);
        turn_until(meshes, place->ups == place->downs + 1);
        drop_caller(&second);
        turn_until(meshes, place->ups == place->downs);
        wait_for_descriptors(none);
    }
}

/* What somebody said before he was hung up on is heard when the next has his descriptor.
 * Promise: MESH-DESCRIPTORS-AGAIN */
static void what_is_left_of_one_is_not_the_next_ones(void **state)
{
    struct meshes *meshes = *state;
    struct mesh_place *place = &meshes->places[0];
    const uint32_t none = open_listening(meshes);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        const uint32_t ups = place->ups;
        const uint32_t downs = place->downs;
        const uint64_t came = place->came[TR_CHANNEL_DATA];
        struct caller first = a_caller(meshes, (char) ('0' + 2 * (i % 10)));
        turn_until(meshes, place->ups == ups + 1);
        for (uint32_t j = 0; j < 10; j++) {
            say(&first);
            assert_int_equal(zmq_send(first.sockets[TR_CHANNEL_CONTROL], "more", 4, 0), 4);
        }
        let_it_come(meshes);
        tr_mesh_hang_up(&place->link);
        drop_caller(&first);
        wait_for_descriptors(none);
        struct caller second = a_caller(meshes, (char) ('1' + 2 * (i % 10)));
        let_it_come(meshes);
        turn_until(meshes, place->ups == ups + 2);
        say(&second);
        turn_until(meshes, place->came[TR_CHANNEL_DATA] == came + 1);
        assert_int_equal(place->downs, downs);
        drop_caller(&second);
        turn_until(meshes, place->downs == downs + 1);
        wait_for_descriptors(none);
    }
}

/* Both ends have given their descriptors back; the socket has its own still. */
static void leave_side(struct meshes *meshes, struct caller *caller, tr_channel channel,
                       uint32_t descriptors)
{
    const tr_clock clock = tr_clock_real();
    const uint64_t limit_ns = clock.now_ns(clock.context) + LIMIT_NS;
    void *socket = caller->sockets[channel];
    int events = 0;
    size_t size = sizeof events;
    assert_int_equal(zmq_disconnect(socket, tr_mesh_endpoint(meshes->places[0].mesh)), 0);
    while (descriptors_open() > descriptors) {
        assert_true(clock.now_ns(clock.context) < limit_ns);
        assert_int_equal(zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size), 0); /* it goes on */
    }
}

/* Two callers, and the first's data connection is over when the link comes up; but its descriptor
 * is the second's by then, more often than not. Returns how many descriptors there are. */
static uint32_t call_by_turns(struct meshes *meshes, uint32_t none, struct caller *first,
                              struct caller *second, char mark)
{
    const struct mesh_place *place = &meshes->places[0];
    const uint32_t ups = place->ups;
    const uint32_t then = none + 4 + 2 * 2; /* of sockets, and of both ends of connections */
    int fillers[FILLERS];                   /* so that those given back are the least */
    *second = caller_with_id(meshes, (char) (mark + 1));
    call(meshes, second, TR_CHANNEL_CONTROL);
    *first = a_caller(meshes, mark);
    let_it_come(meshes);
    wait_for_descriptors(then + 2);
    for (uint32_t i = 0; i < FILLERS; i++) {
        fillers[i] = dup(STDOUT_FILENO);
        assert_true(fillers[i] >= 0);
    }
    leave_side(meshes, first, TR_CHANNEL_DATA, then + FILLERS);
    call(meshes, second, TR_CHANNEL_DATA);
    let_it_come(meshes);
    for (uint32_t i = 0; i < FILLERS; i++) {
        assert_int_equal(close(fillers[i]), 0);
    }
    turn_until(meshes, place->ups == ups + 2);
    return then;
}

static void drop_both(struct meshes *meshes, uint32_t none, struct caller *first,
                      struct caller *second)
{
    const struct mesh_place *place = &meshes->places[0];
    drop_caller(first);
    drop_caller(second);
    turn_until(meshes, place->downs == place->ups);
    wait_for_descriptors(none);
}

/* Promise: MESH-DOWN */
static void who_cannot_be_sent_to_is_over(void **state)
{
    struct meshes *meshes = *state;
    struct mesh_place *place = &meshes->places[0];
    const uint32_t none = open_listening(meshes);
    struct caller first;
    struct caller second;
    for (uint32_t i = 0; i < FEW_ROUNDS; i++) {
        const uint32_t downs = place->downs;
        const uint64_t came = place->came[TR_CHANNEL_CONTROL];
        (void) call_by_turns(meshes, none, &first, &second, (char) ('A' + 2 * i));
        assert_int_equal(zmq_send(first.sockets[TR_CHANNEL_CONTROL], "more", 4, 0), 4);
        turn_until(meshes, place->came[TR_CHANNEL_CONTROL] > came || place->downs > downs);
        if (place->downs == downs) { /* else it was noticed without */
            const troupe_error error = tr_mesh_send(place->last_from, TR_CHANNEL_DATA, "more", 4);
            assert_int_equal(error, TROUPE_ERROR_UNREACHABLE);
        }
        turn_until(meshes, place->downs == downs + 1);
        say(&second);
        turn_until(meshes, place->came[TR_CHANNEL_DATA] == i + 1);
        assert_int_equal(place->downs, downs + 1);
        drop_both(meshes, none, &first, &second);
    }
}

/* Promise: MESH-DOWN */
static void all_are_over_whose_descriptor_is_closed(void **state)
{
    struct meshes *meshes = *state;
    struct mesh_place *place = &meshes->places[0];
    const uint32_t none = open_listening(meshes);
    struct caller first;
    struct caller second;
    for (uint32_t i = 0; i < FEW_ROUNDS; i++) {
        const uint32_t downs = place->downs;
        const uint32_t then = call_by_turns(meshes, none, &first, &second, (char) ('A' + 2 * i));
        wait_for_descriptors(then + 2);
        leave_side(meshes, &second, TR_CHANNEL_DATA, then);
        turn_until(meshes, place->downs == downs + 2);
        drop_both(meshes, none, &first, &second);
    }
}

int main(void)
{
#define WITH_MESHES(test) cmocka_unit_test_setup_teardown(test, make_meshes, drop_meshes)
    const struct CMUnitTest tests[] = {
        WITH_MESHES(the_next_is_not_taken_for_who_had_its_descriptor),
        WITH_MESHES(who_has_gone_before_he_was_heard_takes_nobody_along),
        WITH_MESHES(what_is_left_of_one_is_not_the_next_ones),
        WITH_MESHES(who_cannot_be_sent_to_is_over),
        WITH_MESHES(all_are_over_whose_descriptor_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
