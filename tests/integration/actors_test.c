/* SPDX-License-Identifier: MIT */
/* Ready-made actors on real threads: what they promise in virtual time holds there too. */
#include <stdatomic.h>
#include <troupe/actors/pool.h>
#include <troupe/actors/router.h>
#include <troupe/actors/topic.h>
#include <troupe/troupe.h>

#include "support/actors.h"
#include "support/cast.h"
#include "support/node_fixture.h"

#define CLIENTS 8
#define REQUESTS 300
#define READERS 6

/* What the actors of a test share. */
struct stage {
    struct probe *seen;
    troupe_ref served; /* the ready-made actor */
    _Atomic unsigned answered;
    _Atomic unsigned others;
    _Atomic uint64_t got;
    _Atomic unsigned breaks;
};

/* Starts the actor, says so, and lives until it is told to stop. */
static troupe_error live(troupe_self *self, struct stage *stage, troupe_error error)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    probe_say(stage->seen, "begin %s", troupe_error_name(error));
    return error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
}

static troupe_error asks(troupe_self *self, void *argument)
{
    struct stage *stage = argument;
    for (uint64_t i = 1; i <= REQUESTS; i++) {
        uint64_t answer = 0;
        const troupe_error error = ask_figure(self, stage->served, i, TROUPE_WITHIN_S(20), &answer);
        const bool is_right = error == TROUPE_OK && answer == 2 * i;
        (void) atomic_fetch_add(is_right ? &stage->answered : &stage->others, 1);
    }
    probe_say(stage->seen, "done");
    return TROUPE_OK;
}

static void let_clients_ask(troupe_node *node, struct stage *stage)
{
    for (unsigned i = 0; i < CLIENTS; i++) {
        (void) a_root_of(node,
                         TROUPE_SPAWN(.body = asks, .argument = stage, .place = TROUPE_PLACE_ANY));
    }
    assert_true(probe_wait(stage->seen, 1 + CLIENTS));
    assert_int_equal(stage->answered, CLIENTS * REQUESTS);
    assert_int_equal(stage->others, 0);
}

static troupe_error route(troupe_self *self, void *argument)
{
    struct stage *stage = argument;
    troupe_error error =
        troupe_router_spawn(self, TROUPE_ROUTER(.way = TROUPE_ROUTER_LEAST_LOADED), &stage->served);
    for (unsigned i = 0; i < 4 && error == TROUPE_OK; i++) {
        troupe_ref member;
        error = troupe_spawn(self, TROUPE_SPAWN(.body = play_doubler, .place = TROUPE_PLACE_ANY),
                             &member);
        error = error ? error : troupe_router_join(self, stage->served, member, 0);
    }
    return live(self, stage, error);
}

static void routes_each_request_once(void **state)
{
    (void) state;
    struct stage stage = {.seen = a_probe()};
    troupe_node *node = a_node_of(4);
    (void) a_root_of(node, TROUPE_SPAWN(.body = route, .argument = &stage));
    assert_true(probe_wait_for(stage.seen, "begin OK"));
    let_clients_ask(node, &stage);
    drop_node(&node);
    drop_probe(&stage.seen);
}

static troupe_error doubles_slowly(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        error = error ? error : troupe_sleep(self, TROUPE_WITHIN_US(100));
        if (error == TROUPE_OK && figure_of(message) != 0) {
            error = reply_figure(self, message, 2 * figure_of(message));
        }
    }
    return error;
}

static troupe_error keep_pool(troupe_self *self, void *argument)
{
    struct stage *stage = argument;
    const troupe_error error =
        troupe_pool_spawn(self,
                          TROUPE_POOL(.worker = TROUPE_SPAWN(.body = doubles_slowly),
                                      .workers_max = 6, .check_every = TROUPE_WITHIN_MS(2),
                                      .delay_max = TROUPE_WITHIN_US(200), .calm_checks = 1),
                          &stage->served);
    return live(self, stage, error);
}

static void grows_and_shrinks_without_loss(void **state)
{
    (void) state;
    struct stage stage = {.seen = a_probe()};
    troupe_node *node = a_node_of(4);
    (void) a_root_of(node, TROUPE_SPAWN(.body = keep_pool, .argument = &stage));
    assert_true(probe_wait_for(stage.seen, "begin OK"));
    let_clients_ask(node, &stage);
    drop_node(&node);
    drop_probe(&stage.seen);
}

static troupe_error reads(troupe_self *self, void *argument)
{
    struct stage *stage = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    uint64_t last = 0;
    const troupe_topic_subscription says = {.subscriber = troupe_self_ref(self),
                                            .on_full = TROUPE_ON_FULL_WAIT};
    troupe_error error = troupe_ask_struct(self, stage->served, &troupe_topic_subscribe_type, &says,
                                           TROUPE_WITHIN_S(20), &message);
    troupe_ready(self);
    while (error == TROUPE_OK && last < REQUESTS) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (error == TROUPE_OK) {
            const uint64_t number = figure_of(message);
            (void) atomic_fetch_add(&stage->breaks, number != last + 1 ? 1 : 0);
            (void) atomic_fetch_add(&stage->got, 1);
            last = number;
        }
    }
    probe_say(stage->seen, "done");
    return error;
}

static troupe_error publishes(troupe_self *self, void *argument)
{
    struct stage *stage = argument;
    troupe_error error = troupe_topic_spawn(self, NULL, &stage->served);
    for (unsigned i = 0; i < READERS && error == TROUPE_OK; i++) {
        troupe_ref reader;
        error = troupe_spawn(self,
                             TROUPE_SPAWN(.body = reads, .argument = stage,
                                          .ready_when = TROUPE_READY_WHEN_SAID,
                                          .mailbox_capacity = 8, .place = TROUPE_PLACE_ANY),
                             &reader);
    }
    for (uint64_t i = 1; i <= REQUESTS && error == TROUPE_OK; i++) {
        error = send_figure(self, stage->served, i);
    }
    return live(self, stage, error);
}

static void publishes_to_all_in_order(void **state)
{
    (void) state;
    struct stage stage = {.seen = a_probe()};
    troupe_node *node = a_node_of(4);
    (void) a_root_of(node, TROUPE_SPAWN(.body = publishes, .argument = &stage));
    assert_true(probe_wait(stage.seen, 1 + READERS));
    assert_int_equal(stage.got, READERS * REQUESTS);
    assert_int_equal(stage.breaks, 0);
    drop_node(&node);
    drop_probe(&stage.seen);
}

static troupe_error gathers(troupe_self *self, void *argument)
{
    struct stage *stage = argument;
    troupe_error error =
        troupe_router_spawn(self, TROUPE_ROUTER(.way = TROUPE_ROUTER_BROADCAST), &stage->served);
    for (unsigned i = 0; i < 4 && error == TROUPE_OK; i++) {
        troupe_ref member;
        error = troupe_spawn(self, TROUPE_SPAWN(.body = play_doubler, .place = TROUPE_PLACE_ANY),
                             &member);
        error = error ? error : troupe_router_join(self, stage->served, member, 0);
    }
    for (uint64_t i = 1; i <= REQUESTS && error == TROUPE_OK; i++) {
        TROUPE_AUTO(troupe_message) *reply = NULL;
        error =
            troupe_ask_struct(self, stage->served, &figure_type, &i, TROUPE_WITHIN_S(20), &reply);
        const troupe_router_answers *answers =
            troupe_message_struct(reply, &troupe_router_answers_type);
        for (uint32_t k = 0; answers != NULL && k < answers->count; k++) {
            stage->got += figure_of(answers->list[k].reply) == 2 * i ? 1 : 0;
        }
    }
    return live(self, stage, error);
}

static void asks_all_and_reads_their_answers(void **state)
{
    (void) state;
    struct stage stage = {.seen = a_probe()};
    troupe_node *node = a_node_of(4);
    (void) a_root_of(node, TROUPE_SPAWN(.body = gathers, .argument = &stage));
    assert_true(probe_wait(stage.seen, 1));
    assert_int_equal(stage.got, 4 * REQUESTS);
    drop_node(&node);
    drop_probe(&stage.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(routes_each_request_once),
        cmocka_unit_test(grows_and_shrinks_without_loss),
        cmocka_unit_test(publishes_to_all_in_order),
        cmocka_unit_test(asks_all_and_reads_their_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
