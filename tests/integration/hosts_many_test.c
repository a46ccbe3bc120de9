/* SPDX-License-Identifier: MIT */
/* Many nodes, each connected with each, that come and go. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <troupe/troupe.h>
#include <unistd.h>

#include "base/random.h"
#include "core/sanitizers.h"
#include "support/descriptors.h"
#include "support/node_fixture.h"
#include "support/numbered.h"
#include "support/ports.h"

#define NODES (TR_THREAD_SANITIZER ? 20 : 50)
#define ASKS 5

struct crowd {
    char endpoints[NODES][64];
    troupe_node *nodes[NODES];
    uint64_t ids[NODES]; /* as they are asked for */
    struct probe *probe;
};

static void begin(struct crowd *crowd, uint32_t at)
{
    troupe_peer peers[NODES];
    char name[16];
    uint32_t count = 0;
    for (uint32_t i = 0; i < NODES; i++) {
        if (i != at) {
            peers[count++] = (troupe_peer) {.endpoint = crowd->endpoints[i]};
        }
    }
    (void) snprintf(name, sizeof name, "n%" PRIu32, at);
    crowd->nodes[at] = a_node(
        TROUPE_NODE_OPTIONS(.name = name, .workers = 1, .listen = crowd->endpoints[at],
                            .peers = peers, .peer_count = count, .dead_after = TROUPE_WITHIN_S(60),
                            .suspect_after = TROUPE_WITHIN_S(30),
                            .plain = TROUPE_PLAIN_ON_LOOPBACK));
    crowd->ids[at] = troupe_node_id(crowd->nodes[at]);
    (void) a_root_of(crowd->nodes[at], TROUPE_SPAWN(.name = "oracle", .body = answers));
}

/* Asks the oracle of each other node. */
static troupe_error asks_all(troupe_self *self, void *argument)
{
    const struct crowd *crowd = argument;
    troupe_ready(self);
    troupe_error error = troupe_learn_type(self, &answer_type);
    for (uint32_t i = 0; i < NODES && !error; i++) {
        troupe_ref oracle;
        if (crowd->ids[i] == troupe_self_node_id(self)) {
            continue;
        }
        error = lookup_when_there(self, crowd->ids[i], "oracle", &oracle);
        for (uint32_t j = 0; j < ASKS && !error; j++) {
            TROUPE_AUTO(troupe_message) *reply = NULL;
            error =
                troupe_ask_struct(self, oracle, &question_type, NULL, TROUPE_WITHIN_S(60), &reply);
        }
    }
    probe_say(crowd->probe, "%s", troupe_error_name(error));
    return TROUPE_OK;
}

static void let_all_ask(struct crowd *crowd)
{
    probe_clear(crowd->probe);
    for (uint32_t i = 0; i < NODES; i++) {
        (void) a_root_of(crowd->nodes[i], TROUPE_SPAWN(.body = asks_all, .argument = crowd));
    }
    for (int i = 0; i < 3 && !probe_wait(crowd->probe, NODES); i++) {}
    assert_int_equal(probe_count_of(crowd->probe, "OK"), NODES);
}

static void shuffle(tr_random *random, uint32_t *order)
{
    for (uint32_t i = 0; i < NODES; i++) {
        const uint32_t at = (uint32_t) tr_random_below(random, i + 1);
        order[i] = order[at];
        order[at] = i;
    }
}

/* Promise: HOSTS-MANY */
static void each_with_each_in_any_order(void **state)
{
    (void) state;
    struct crowd crowd = {.probe = a_probe()};
    uint32_t order[NODES];
    tr_random random;
    tr_random_seed(&random, 7);
    for (uint32_t i = 0; i < NODES; i++) {
        a_free_endpoint(crowd.endpoints[i], sizeof crowd.endpoints[i]);
    }
    const uint32_t descriptors = descriptors_open();
    shuffle(&random, order);
    for (uint32_t i = 0; i < NODES; i++) {
        begin(&crowd, order[i]);
    }
    let_all_ask(&crowd);

    /* Some go and come again, as others. */
    shuffle(&random, order);
    for (uint32_t i = 0; i < NODES / 2; i++) {
        drop_node(&crowd.nodes[order[i]]);
    }
    for (uint32_t i = 0; i < NODES / 2; i++) {
        begin(&crowd, order[i]);
    }
    let_all_ask(&crowd);

    shuffle(&random, order);
    for (uint32_t i = 0; i < NODES; i++) {
        drop_node(&crowd.nodes[order[i]]);
    }
    assert_int_equal(descriptors_open(), descriptors);
    drop_probe(&crowd.probe);
}

int main(void)
{
    /* All ends of all connections are in this process. */
    struct rlimit limit;
    (void) getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    (void) setrlimit(RLIMIT_NOFILE, &limit);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_with_each_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
