/* SPDX-License-Identifier: MIT */
/* A node that stops at any time, with whatever it has to do with another: it ends, and its books
 * are in order. */
#include "cluster/peer.h"
#include "support/actors.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/wire_fixture.h"

enum {
    RECEIVERS = 6,
    SENDERS = 8
};

struct crowd {
    struct wires *wires;
    troupe_ref refs[RECEIVERS];
};

/* Takes its time, and answers now and then. */
static troupe_error takes(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        if (troupe_message_wants_reply(message) && troupe_self_random(self) % 3 != 0) {
            (void) reply_figure(self, message, 1);
        }
        if (troupe_self_random(self) % 4 == 0) {
            const uint64_t us = 1 + troupe_self_random(self) % 300;
            (void) troupe_sleep(self, troupe_timeout_of_ns(us * 1000));
        }
    }
    return TROUPE_OK;
}

static troupe_error does_something(troupe_self *self, troupe_ref to)
{
    troupe_monitor_id id;
    uint64_t answer = 0;
    switch (troupe_self_random(self) % 8) {
    case 0:
        (void) ask_figure(self, to, 1, TROUPE_WITHIN_MS(1), &answer);
        return TROUPE_OK;
    case 1:
        (void) troupe_monitor(self, to, &id);
        return TROUPE_OK;
    case 2:
        return troupe_sleep(self, troupe_timeout_of_ns(MS / 20));
    default:
        return send_figure(self, to, 1) == TROUPE_ERROR_STOPPING ? TROUPE_ERROR_STOPPING
                                                                 : TROUPE_OK;
    }
}

static troupe_error gives(troupe_self *self, void *argument)
{
    const struct crowd *crowd = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        error = does_something(self, crowd->refs[troupe_self_random(self) % RECEIVERS]);
        const troupe_error heard = error ? error : troupe_receive(self, &message, TROUPE_NOW);
        error = heard == TROUPE_ERROR_STOPPING || heard == TROUPE_ERROR_CANCELLED ? heard : error;
    }
    return TROUPE_OK;
}

static void populate(struct wires *wires, uint32_t end, struct crowd *own)
{
    for (uint32_t i = 0; i < RECEIVERS; i++) {
        own->refs[i] =
            wires_root(wires, end, TROUPE_SPAWN(.body = takes, .mailbox_capacity = 1 + i * i));
    }
}

static void run_one(uint64_t seed, void *context)
{
    (void) context;
    struct wires *wires = some_wires(seed, 1 + seed % 2);
    struct crowd there[2] = {{.wires = wires}, {.wires = wires}}; /* of each end */
    tr_random random = {0};
    tr_random_seed(&random, seed);
    wires->delay_ns_max = tr_random_below(&random, 2) * MS / 5;
    wires->refuse_percent = (uint32_t) tr_random_below(&random, 2) * 20;
    if (seed % 3 != 0) {
        for (unsigned i = 0; i < 2; i++) {
            tr_border_give_windows(&wires->ends[i].border, wires->ends[1 - i].node,
                                   TR_CREDIT_MESSAGES, TR_CREDIT_BYTES);
        }
    }
    for (uint32_t i = 0; i < 2; i++) {
        populate(wires, i, &there[i]);
    }
    for (uint32_t i = 0; i < 2 * SENDERS; i++) {
        (void) wires_root(wires, i % 2, TROUPE_SPAWN(.body = gives, .argument = &there[1 - i % 2]));
    }
    for (uint64_t steps = 10 + tr_random_below(&random, 100); steps > 0; steps--) {
        wires->ends[tr_random_below(&random, 2)].is_stuck = tr_random_below(&random, 2) == 0;
        wires_run(wires, WIRE_STEP_NS);
    }
    tr_virtual_node *node = tr_fleet_berth(tr_world_fleet(wires->ends[0].world), 0)->node;
    tr_virtual_node_stop(node);
    for (uint32_t i = 0; i < 200; i++) {
        wires->ends[tr_random_below(&random, 2)].is_stuck = tr_random_below(&random, 2) == 0;
        wires_run(wires, WIRE_STEP_NS);
    }
    assert_true(tr_virtual_node_has_ended(node));
    wires->ends[1].is_stuck = false;
    drop_wires(&wires);
}

/* Promise: REMOTE-BOUND */
static void ends_whatever_it_has_to_do_with_others(void **state)
{
    (void) state;
    for_each_seed(300, run_one, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_whatever_it_has_to_do_with_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
