/* SPDX-License-Identifier: MIT */
/* What is told of the nodes that one is connected with. */
#include "node/hub_list.h"

#include <string.h>

#include "inspect.pb-c.h"
#include "support/inspected.h"
#include "support/node_fixture.h"
#include "support/tcp_proxy.h"

static Troupe__Inspect__Peers *peers_of(troupe_node *asker, const troupe_node *node)
{
    Troupe__Inspect__ListPeers request = TROUPE__INSPECT__LIST_PEERS__INIT;
    return inspected_ok(asker, troupe_node_id(node), &request, &troupe__inspect__peers__descriptor);
}

/* Promise: INSPECT-PEERS */
static void says_who_is_connected_and_who_is_not(void **state)
{
    (void) state;
    char endpoint[64];
    troupe_node *a =
        a_node(TROUPE_NODE_OPTIONS(.name = "a", .workers = 1, .listen = "tcp://127.0.0.1:*",
                                   .plain = TROUPE_PLAIN_ON_LOOPBACK));
    assert_ok(troupe_node_endpoint(a, endpoint, sizeof endpoint));
    /* Nobody listens at the second. */
    const troupe_peer peers[] = {{.endpoint = endpoint}, {.endpoint = "tcp://127.0.0.1:1"}};
    troupe_node *b = a_node(TROUPE_NODE_OPTIONS(.name = "b", .workers = 1, .peers = peers,
                                                .peer_count = 2, .inspect = TROUPE_INSPECT_ON,
                                                .plain = TROUPE_PLAIN_ON_LOOPBACK));

    Troupe__Inspect__Peers *of_a = peers_of(b, a); /* it is connected then */
    assert_int_equal(of_a->n_peers, 1);
    assert_string_equal(of_a->name, "a");
    assert_string_equal(of_a->endpoint, endpoint);
    assert_string_equal(of_a->peers[0]->name, "b");
    assert_int_equal(of_a->peers[0]->node, troupe_node_id(b));
    assert_int_equal(of_a->peers[0]->state, TROUPE__INSPECT__PEER_STATE__UP);
    assert_false(of_a->peers[0]->is_dialled);
    assert_string_equal(of_a->peers[0]->roles, "all");
    assert_int_equal(of_a->peers[0]->sessions, 1);
    assert_in_range(of_a->peers[0]->frames_received, 1, 100);
    inspected_free(of_a);

    Troupe__Inspect__Peers *of_b = peers_of(b, b);
    assert_int_equal(of_b->n_peers, 2);
    assert_string_equal(of_b->peers[0]->name, "a");
    assert_true(of_b->peers[0]->is_dialled);
    assert_int_equal(of_b->peers[1]->state, TROUPE__INSPECT__PEER_STATE__DOWN);
    assert_int_equal(of_b->peers[1]->node, 0);
    assert_string_equal(of_b->peers[1]->endpoint, "tcp://127.0.0.1:1");
    inspected_free(of_b);
    drop_node(&b);
    drop_node(&a);
}

/* Promise: INSPECT-PEERS */
static void says_who_was_connected_and_is_gone(void **state)
{
    (void) state;
    char endpoint[64];
    troupe_node *a =
        a_node(TROUPE_NODE_OPTIONS(.name = "a", .workers = 1, .listen = "tcp://127.0.0.1:*",
                                   .plain = TROUPE_PLAIN_ON_LOOPBACK));
    assert_ok(troupe_node_endpoint(a, endpoint, sizeof endpoint));
    struct tcp_proxy *proxy = a_tcp_proxy(endpoint);
    const troupe_peer peer = {.endpoint = tcp_proxy_endpoint(proxy)};
    troupe_node *b =
        a_node(TROUPE_NODE_OPTIONS(.name = "b", .workers = 1, .peers = &peer, .peer_count = 1,
                                   .labels = "rack=1", .plain = TROUPE_PLAIN_ON_LOOPBACK));
    Troupe__Inspect__Peers *peers = peers_of(b, a);
    assert_int_equal(peers->peers[0]->state, TROUPE__INSPECT__PEER_STATE__UP);
    inspected_free(peers);
    drop_tcp_proxy(&proxy); /* and with it the connection */
    bool is_down = false;
    while (!is_down) {
        peers = peers_of(a, a);
        assert_int_equal(peers->n_peers, 1);
        is_down = peers->peers[0]->state == TROUPE__INSPECT__PEER_STATE__DOWN;
        assert_int_equal(peers->peers[0]->node, troupe_node_id(b));
        assert_string_equal(peers->peers[0]->name, "b");
        assert_string_equal(peers->peers[0]->labels, "rack=1");
        inspected_free(peers);
    }
    drop_node(&b);
    drop_node(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_who_is_connected_and_who_is_not),
        cmocka_unit_test(says_who_was_connected_and_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
