/* SPDX-License-Identifier: MIT */
/* Nodes that are connected over real tcp. */
#include "integration/oracle.h"
#include "support/node_fixture.h"

struct asking {
    uint64_t node;
    uint32_t times;
    uint32_t answered;
    struct probe *probe;
};

/* Asks the oracle so often. */
static troupe_error asks(troupe_self *self, void *argument)
{
    struct asking *asking = argument;
    troupe_ref oracle;
    troupe_error error = find_oracle(self, asking->node, &oracle);
    for (uint32_t i = 0; i < asking->times && !error; i++) {
        TROUPE_AUTO(troupe_message) *reply = NULL;
        error = troupe_ask_struct(self, oracle, &question_type, NULL, TROUPE_WITHIN_S(5), &reply);
        asking->answered += error == TROUPE_OK ? 1 : 0;
    }
    probe_say(asking->probe, "%s", troupe_error_name(error));
    return error;
}

/* Two that are connected: a listens, b dials. */
struct two_nodes {
    troupe_node *a;
    troupe_node *b;
};

static struct two_nodes connect_two(uint32_t workers, uint32_t border)
{
    char endpoint[64];
    struct two_nodes two = {
        .a = a_node(TROUPE_NODE_OPTIONS(.name = "a", .workers = workers, .border = border,
                                        .listen = "tcp://127.0.0.1:*",
                                        .plain = TROUPE_PLAIN_ON_LOOPBACK))};
    assert_ok(troupe_node_endpoint(two.a, endpoint, sizeof endpoint));
    const troupe_peer peer = {.endpoint = endpoint};
    two.b = a_node(TROUPE_NODE_OPTIONS(.name = "b", .workers = 1, .border = border, .peers = &peer,
                                       .peer_count = 1, .plain = TROUPE_PLAIN_ON_LOOPBACK));
    return two;
}

static void ask_across_with(uint32_t border)
{
    struct two_nodes two = connect_two(1, border);
    struct asking asking = {.node = troupe_node_id(two.a), .times = 1000, .probe = a_probe()};
    (void) a_root_of(two.a, TROUPE_SPAWN(.name = "oracle", .body = answers));
    (void) a_root_of(two.b, TROUPE_SPAWN(.body = asks, .argument = &asking));
    assert_true(probe_wait_for(asking.probe, "OK"));
    assert_int_equal(asking.answered, 1000);
    drop_node(&two.b);
    drop_node(&two.a);
    drop_probe(&asking.probe);
}

static void ask_across(void **state)
{
    (void) state;
    ask_across_with(TROUPE_BORDER_OWN_THREAD);
}

/* Promise: HOSTS-SHARED */
static void worker_zero_may_look_after_other_nodes(void **state)
{
    (void) state;
    ask_across_with(TROUPE_BORDER_SHARED);
}

/* Watches the oracle until it has ended. */
static troupe_error watches(troupe_self *self, void *argument)
{
    struct asking *asking = argument;
    troupe_ref oracle;
    troupe_error error = find_oracle(self, asking->node, &oracle);
    troupe_monitor_id monitor;
    TROUPE_AUTO(troupe_message) *message = NULL;
    error = error ? error : troupe_monitor(self, oracle, &monitor);
    if (!error) { /* behind the word of the monitor */
        TROUPE_AUTO(troupe_message) *reply = NULL;
        error = troupe_ask_struct(self, oracle, &question_type, NULL, TROUPE_WITHIN_S(5), &reply);
    }
    probe_say(asking->probe, "watches");
    error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    const troupe_down *down = troupe_message_struct(message, &troupe_down_type);
    probe_say(asking->probe, "%s %d", down != NULL ? troupe_error_name(down->reason) : "none",
              down != NULL ? (int) down->kind : -1);
    return error;
}

static void stop_one_of_two(uint32_t border)
{
    for (int i = 0; i < 10; i++) {
        struct two_nodes two = connect_two(2, border);
        struct asking asking = {.node = troupe_node_id(two.a), .probe = a_probe()};
        (void) a_root_of(two.a, TROUPE_SPAWN(.name = "oracle", .body = answers,
                                             .place = TROUPE_PLACE_WORKER, .place_worker = 1));
        (void) a_root_of(two.b, TROUPE_SPAWN(.body = watches, .argument = &asking));
        assert_true(probe_wait_for(asking.probe, "watches"));
        drop_node(&two.a);
        char expected[32];
        (void) snprintf(expected, sizeof expected, "OK %d", TROUPE_DOWN_SHUTDOWN);
        assert_true(probe_wait(asking.probe, 2));
        assert_string_equal(probe_line(asking.probe, 1), expected);
        drop_node(&two.b);
        drop_probe(&asking.probe);
    }
}

/* Promise: HOSTS-LEAVE */
static void a_node_that_stops_tells_how_its_actors_ended(void **state)
{
    (void) state;
    stop_one_of_two(TROUPE_BORDER_OWN_THREAD);
}

/* Promise: HOSTS-LEAVE, HOSTS-SHARED */
static void so_does_one_whose_worker_zero_looks_after_others(void **state)
{
    (void) state;
    stop_one_of_two(TROUPE_BORDER_SHARED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ask_across),
        cmocka_unit_test(worker_zero_may_look_after_other_nodes),
        cmocka_unit_test(a_node_that_stops_tells_how_its_actors_ended),
        cmocka_unit_test(so_does_one_whose_worker_zero_looks_after_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
