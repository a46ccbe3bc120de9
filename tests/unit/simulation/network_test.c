/* SPDX-License-Identifier: MIT */
/* What the network of a world promises, with plain frames. */
#include "simulation/network.h"

#include <string.h>

#include "simulation/world.h"
#include "support/probe.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)
#define NODES 3

struct net {
    tr_world *world;
    tr_network *network;
    struct probe *seen;
    uint32_t next[NODES][NODES]; /* number of the next frame, where numbers are looked at */
    uint32_t came[NODES];
    bool is_counted; /* frames are numbers in order; nothing is said */
};

static uint32_t index_of(const struct net *net, uint64_t id)
{
    const tr_fleet *fleet = tr_world_fleet(net->world);
    for (uint32_t i = 0; i < fleet->count; i++) {
        if (tr_fleet_berth(fleet, i)->identity.id == id) {
            return i;
        }
    }
    return 99; /* of the past */
}

static void connected(void *context, uint32_t at, uint64_t node)
{
    struct net *net = context;
    if (!net->is_counted) {
        probe_say(net->seen, "%u: up %u", at, index_of(net, node));
    }
}

static void lost(void *context, uint32_t at, uint64_t node, troupe_error reason)
{
    struct net *net = context;
    if (!net->is_counted) {
        probe_say(net->seen, "%u: lost %u %s", at, index_of(net, node), troupe_error_name(reason));
    }
}

static void came(void *context, uint32_t at, uint64_t from, const void *frame, size_t size)
{
    struct net *net = context;
    if (net->is_counted) {
        uint32_t number = 0;
        const uint32_t sender = index_of(net, from);
        assert_int_equal(size, sizeof number);
        memcpy(&number, frame, sizeof number);
        assert_int_equal(number, net->next[sender][at]);
        net->next[sender][at]++;
        net->came[at]++;
    } else {
        probe_say(net->seen, "%u: '%.*s' from %u", at, (int) size, (const char *) frame,
                  index_of(net, from));
    }
}

static void make_net(struct net *net, uint64_t seed)
{
    *net = (struct net) {.world = a_world(seed, 1), .seen = a_probe()};
    net->network = tr_world_network(net->world);
    tr_network_set_ears(
        net->network,
        &(const tr_ears) {.context = net, .connected = connected, .lost = lost, .came = came});
    for (uint32_t i = 1; i < NODES; i++) {
        uint32_t index = 0;
        assert_ok(tr_world_add(net->world, NULL, &index));
    }
}

static void drop_net(struct net *net)
{
    drop_world(&net->world);
    drop_probe(&net->seen);
}

static int make(void **state)
{
    static struct net net;
    make_net(&net, 1);
    *state = &net;
    return 0;
}

static int drop(void **state)
{
    drop_net(*state);
    return 0;
}

static uint64_t id_of(const struct net *net, uint32_t node)
{
    return tr_fleet_berth(tr_world_fleet(net->world), node)->identity.id;
}

static bool send(const struct net *net, uint32_t from, uint32_t to, const char *text)
{
    return tr_network_send(net->network, from, id_of(net, to), text, strlen(text));
}

/* Connects two, and forgets what was said of it. */
static void connect(const struct net *net, uint32_t one, uint32_t other)
{
    assert_false(send(net, one, other, "?"));
    tr_world_advance(net->world, 5 * MS);
    assert_true(tr_network_are_connected(net->network, one, other));
    assert_true(tr_network_are_connected(net->network, other, one));
    probe_clear(net->seen);
}

/* Promise: NETWORK-FRAMES */
static void connects_two_and_carries_between_them(void **state)
{
    const struct net *net = *state;
    assert_false(send(net, 0, 2, "too early"));
    tr_world_advance(net->world, 5 * MS);
    assert_said(net->seen, "2: up 0", "0: up 2");
    probe_clear(net->seen);
    assert_true(send(net, 0, 2, "one"));
    assert_true(send(net, 0, 2, "two"));
    tr_world_advance(net->world, MS);
    assert_true(send(net, 2, 0, "back"));
    tr_world_advance(net->world, MS);
    assert_said(net->seen, "2: 'one' from 0", "2: 'two' from 0", "0: 'back' from 2");
    assert_false(tr_network_are_connected(net->network, 0, 1));
}

/* Promise: NETWORK-CUT */
static void holds_back_what_is_sent_while_it_is_cut(void **state)
{
    const struct net *net = *state;
    connect(net, 0, 1);
    assert_ok(tr_network_cut(net->network, 0, 1));
    assert_true(send(net, 0, 1, "one"));
    assert_true(send(net, 0, 1, "two"));
    assert_true(send(net, 1, 0, "the other way"));
    tr_world_advance(net->world, 500 * MS);
    assert_said(net->seen, "0: 'the other way' from 1");
    tr_network_heal(net->network, 0, 1);
    tr_world_advance(net->world, 5 * MS);
    assert_said(net->seen, "0: 'the other way' from 1", "1: 'one' from 0", "1: 'two' from 0");
}

/* Promise: NETWORK-LOST */
static void is_lost_to_who_hears_nothing_for_too_long(void **state)
{
    const struct net *net = *state;
    connect(net, 0, 1);
    assert_ok(tr_network_cut(net->network, 0, 1));
    assert_true(send(net, 0, 1, "never"));
    tr_world_advance(net->world, 999 * MS);
    assert_silent(net->seen);
    tr_world_advance(net->world, 5 * MS);
    assert_said(net->seen, "1: lost 0 NODE_LOST", "0: lost 1 NODE_LOST");
    assert_int_equal(net->network->wires.counts.dropped, 1);

    assert_false(send(net, 1, 0, "?"));
    tr_world_advance(net->world, 50 * MS);
    probe_clear(net->seen);
    tr_network_heal_all(net->network);
    tr_world_advance(net->world, 50 * MS);
    assert_true(send(net, 0, 1, "again"));
    tr_world_advance(net->world, 5 * MS);
    assert_string_equal(probe_line(net->seen, probe_count(net->seen) - 1), "1: 'again' from 0");
}

static void is_lost_to_both_when_both_ways_are_cut(void **state)
{
    const struct net *net = *state;
    connect(net, 0, 1);
    assert_ok(tr_network_cut(net->network, 0, 1));
    assert_ok(tr_network_cut(net->network, 1, 0));
    tr_world_advance(net->world, 1001 * MS);
    assert_int_equal(probe_count(net->seen), 2);
    assert_int_equal(probe_count_of(net->seen, "1: lost 0 NODE_LOST"), 1);
    assert_int_equal(probe_count_of(net->seen, "0: lost 1 NODE_LOST"), 1);
}

/* Promise: NETWORK-CRASH */
static void tells_the_others_of_a_crash(void **state)
{
    const struct net *net = *state;
    const uint64_t old_id = id_of(net, 1);
    connect(net, 0, 1);
    assert_true(send(net, 1, 0, "last word"));
    tr_world_crash(net->world, 1, false);
    tr_world_advance(net->world, 5 * MS);
    assert_said(net->seen, "0: 'last word' from 1", "0: lost 1 NODE_LOST");
    probe_clear(net->seen);

    assert_false(send(net, 0, 1, "to nobody"));
    tr_world_advance(net->world, 5 * MS);
    assert_said(net->seen, "0: lost 1 NODE_LOST");
    probe_clear(net->seen);
    assert_ok(tr_world_raise(net->world, 1));
    assert_false(tr_network_send(net->network, 0, old_id, "to the dead", 11));
    tr_world_advance(net->world, 5 * MS);
    assert_said(net->seen, "0: lost 99 STALE");
    connect(net, 1, 0);
}

/* Promise: NETWORK-HALF-OPEN */
static void leaves_half_open_what_fell_silently(void **state)
{
    const struct net *net = *state;
    connect(net, 0, 1);
    tr_world_crash(net->world, 1, true);
    assert_true(send(net, 0, 1, "into the void"));
    tr_world_advance(net->world, 900 * MS);
    assert_silent(net->seen);
    tr_world_advance(net->world, 200 * MS);
    assert_said(net->seen, "0: lost 1 NODE_LOST");
    assert_int_equal(net->network->wires.counts.dropped, 1);

    assert_ok(tr_world_raise(net->world, 1)); /* one that comes back sooner ends the old one */
    connect(net, 0, 1);
    tr_world_crash(net->world, 1, true);
    assert_ok(tr_world_raise(net->world, 1));
    assert_false(send(net, 1, 0, "?"));
    tr_world_advance(net->world, 5 * MS);
    assert_said(net->seen, "0: lost 99 STALE", "0: up 1", "1: up 0");
}

/* Promise: NETWORK-STALL */
static void keeps_for_one_that_is_stalled(void **state)
{
    const struct net *net = *state;
    connect(net, 0, 1);
    tr_world_stall(net->world, 1, 500 * MS);
    assert_true(send(net, 0, 1, "one"));
    assert_true(send(net, 0, 1, "two"));
    tr_world_advance(net->world, 400 * MS);
    assert_silent(net->seen);
    tr_world_advance(net->world, 150 * MS);
    assert_said(net->seen, "1: 'one' from 0", "1: 'two' from 0");
    probe_clear(net->seen);
    tr_world_stall(net->world, 1, 2000 * MS); /* for too long: it is taken for dead */
    tr_world_advance(net->world, 1500 * MS);
    assert_said(net->seen, "0: lost 1 NODE_LOST");
    tr_world_advance(net->world, 600 * MS);
    assert_said(net->seen, "0: lost 1 NODE_LOST", "1: lost 0 NODE_LOST");
}

/* Promise: NETWORK-BOUND */
static void takes_no_more_than_its_limits(void **state)
{
    const struct net *net = *state;
    assert_ok(
        tr_network_shape(net->network, 0, 1,
                         &(const tr_wire_options) {.queue_frames_max = 3, .queue_bytes_max = 10}));
    connect(net, 0, 1);
    assert_true(send(net, 0, 1, "12345"));
    assert_true(send(net, 0, 1, "12345"));
    assert_false(send(net, 0, 1, "1"));
    assert_true(send(net, 0, 1, ""));
    assert_false(send(net, 0, 1, ""));
    tr_world_advance(net->world, 5 * MS);
    assert_true(send(net, 0, 1, "1234567890"));
    tr_world_advance(net->world, 5 * MS);
    assert_true(send(net, 0, 1, "12345678901")); /* alone */
    assert_false(send(net, 0, 1, "1"));
    assert_true(tr_network_is_sound(net->network));
    tr_world_advance(net->world, 5 * MS);
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(send(net, 0, 1, "123"));
    }
    assert_ok(
        tr_network_shape(net->network, 0, 1,
                         &(const tr_wire_options) {.queue_frames_max = 1, .queue_bytes_max = 1}));
    assert_true(tr_network_is_sound(net->network)); /* what is under way stays so */
    assert_false(send(net, 0, 1, "1"));
}

/* Promise: NETWORK-KEPT */
static void is_made_again_where_it_is_kept(void **state)
{
    const struct net *net = *state;
    assert_ok(tr_network_keep(net->network, 0, 1));
    tr_world_advance(net->world, 200 * MS);
    assert_said(net->seen, "1: up 0", "0: up 1");
    assert_ok(tr_network_cut(net->network, 0, 1));
    tr_world_advance(net->world, 3000 * MS);
    assert_false(tr_network_are_connected(net->network, 0, 1));
    tr_network_heal_all(net->network);
    tr_world_advance(net->world, 200 * MS);
    assert_true(tr_network_are_connected(net->network, 0, 1));
    tr_world_crash(net->world, 1, false);
    tr_world_advance(net->world, 500 * MS);
    assert_false(tr_network_are_connected(net->network, 0, 1));
    assert_ok(tr_world_raise(net->world, 1));
    tr_world_advance(net->world, 200 * MS);
    assert_true(tr_network_are_connected(net->network, 0, 1));
    tr_world_run(net->world); /* and there is an end to it */
}

static void refuses_shapes_that_cannot_be(void **state)
{
    const struct net *net = *state;
    const tr_wire_options usual = {0};
    assert_ok(tr_network_shape(net->network, -1, -1, &usual));
    assert_fails(tr_network_shape(net->network, 0, 0, &usual), BAD_ARGUMENT);
    assert_fails(tr_network_shape(net->network, 0, NODES, &usual), BAD_ARGUMENT);
    assert_fails(tr_network_shape(net->network, -1, 0, &usual), BAD_ARGUMENT);
    assert_fails(
        tr_network_shape(net->network, 0, 1, &(const tr_wire_options) {.loss_ppm = 1000001}),
        BAD_ARGUMENT);
    assert_fails(
        tr_network_shape(net->network, 0, 1,
                         &(const tr_wire_options) {.latency_ns_min = 2, .latency_ns_max = 1}),
        BAD_ARGUMENT);
}

/* Numbers go both ways between all while cuts and stalls come and go for less than it takes to be
 * lost: all come, once, in order. */
static void run_storm(uint64_t seed, void *context)
{
    (void) context;
    struct net net;
    uint32_t sent[NODES][NODES] = {{0}};
    make_net(&net, seed);
    tr_random *random = &tr_world_course(net.world)->random;
    net.is_counted = true;
    for (uint32_t round = 0; round < 300; round++) {
        const uint32_t from = (uint32_t) tr_random_below(random, NODES);
        const uint32_t to = (from + 1 + (uint32_t) tr_random_below(random, NODES - 1)) % NODES;
        const uint32_t number = sent[from][to];
        switch (tr_random_below(random, 10)) {
        case 0:
            assert_ok(tr_network_cut(net.network, from, to));
            break;
        case 1:
            tr_world_stall(net.world, to, tr_random_below(random, 3 * MS));
            break;
        case 2:
            tr_network_heal_all(net.network);
            break;
        default:
            sent[from][to] +=
                tr_network_send(net.network, from, id_of(&net, to), &number, sizeof number) ? 1 : 0;
        }
        tr_world_advance(net.world, tr_random_below(random, MS));
        assert_true(tr_network_is_sound(net.network));
    }
    tr_network_heal_all(net.network);
    tr_world_run(net.world);
    assert_memory_equal(sent, net.next, sizeof sent);
    assert_int_equal(net.network->wires.counts.lost, 0);
    drop_net(&net);
}

/* Promise: NETWORK-ORDER */
static void loses_doubles_and_reorders_nothing_by_itself(void **state)
{
    (void) state;
    for_each_seed(100, run_storm, NULL);
}

int main(void)
{
#define WITH_NET(test) cmocka_unit_test_setup_teardown(test, make, drop)
    const struct CMUnitTest tests[] = {
        WITH_NET(connects_two_and_carries_between_them),
        WITH_NET(holds_back_what_is_sent_while_it_is_cut),
        WITH_NET(is_lost_to_who_hears_nothing_for_too_long),
        WITH_NET(is_lost_to_both_when_both_ways_are_cut),
        WITH_NET(tells_the_others_of_a_crash),
        WITH_NET(leaves_half_open_what_fell_silently),
        WITH_NET(keeps_for_one_that_is_stalled),
        WITH_NET(takes_no_more_than_its_limits),
        WITH_NET(is_made_again_where_it_is_kept),
        WITH_NET(refuses_shapes_that_cannot_be),
        cmocka_unit_test(loses_doubles_and_reorders_nothing_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
