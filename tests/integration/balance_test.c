/* SPDX-License-Identifier: MIT */
/* On real threads actors go to where there is room, and to those they talk to. */
#include <stdatomic.h>
#include <troupe/troupe.h>

#include "core/sanitizers.h"
#include "support/fixtures.h"
#include "support/node_fixture.h"

enum {
    CRUNCHERS = 8,
    STEPS = 20000, /* some 50 us of them */
    ROUNDS = 2000
};

struct cruncher {
    struct probe *seen;
    uint64_t number;
    uint32_t was_on[2]; /* turns */
};

static troupe_error crunch(troupe_self *self, void *argument)
{
    struct cruncher *cruncher = argument;
    troupe_error error = TROUPE_OK;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (error == TROUPE_OK &&
           troupe_receive(self, &message, TROUPE_NOW) != TROUPE_ERROR_STOPPING) {
        for (unsigned i = 0; i < STEPS; i++) {
            cruncher->number = cruncher->number * 6364136223846793005U + 1442695040888963407U;
        }
        if (++cruncher->was_on[troupe_self_worker(self)] == 10) {
            probe_say(cruncher->seen, "on %u", troupe_self_worker(self));
        }
        error = troupe_yield(self);
    }
    return TROUPE_OK;
}

/* Whose actors never rest. */
static troupe_node *a_busy_node(troupe_balance balance)
{
    return a_node(TROUPE_NODE_OPTIONS(.workers = 2, .balance = (uint32_t) balance,
                                      .drain_timeout = TROUPE_NOW));
}

static void start_crunchers(troupe_node *node, struct cruncher *crunchers, struct probe *seen)
{
    for (uint32_t i = 0; i < CRUNCHERS; i++) {
        crunchers[i] = (struct cruncher) {.seen = seen, .number = i};
        (void) a_root_of(node, TROUPE_SPAWN(.body = crunch, .argument = &crunchers[i]));
    }
}

/* Promise: BALANCE-LOAD */
static void runs_on_both_workers_what_began_on_one(void **state)
{
    (void) state;
    struct probe *seen = a_probe();
    struct cruncher crunchers[CRUNCHERS];
    troupe_node *node = a_busy_node(TROUPE_BALANCE_ON);
    start_crunchers(node, crunchers, seen);

    assert_true(probe_wait_for(seen, "on 0"));
    assert_true(probe_wait_for(seen, "on 1"));

    drop_node(&node);
    drop_probe(&seen);
}

/* Promise: BALANCE-FIXED */
static void moves_nobody_when_it_is_off(void **state)
{
    (void) state;
    struct probe *seen = a_probe();
    struct cruncher crunchers[CRUNCHERS];
    TROUPE_AUTO(troupe_snapshot) *snapshot = NULL;
    troupe_node *node = a_busy_node(TROUPE_BALANCE_OFF);
    start_crunchers(node, crunchers, seen);

    assert_true(probe_wait(seen, CRUNCHERS));

    assert_int_equal(probe_count_of(seen, "on 0"), CRUNCHERS);
    assert_ok(troupe_node_snapshot(node, &snapshot));
    assert_int_equal(snapshot->node.given + snapshot->node.taken + snapshot->node.drawn, 0);
    drop_node(&node);
    drop_probe(&seen);
}

/* Two that throw a ball. */

static const troupe_type ball_type = TROUPE_SIGNAL("ball");

struct player {
    struct probe *seen;
    troupe_ref partner; /* none: the one that is thrown to first */
    _Atomic uint32_t *partners_worker;
    _Atomic uint32_t worker;
    uint32_t rounds; /* on one worker with the partner */
};

static troupe_error throw_first(troupe_self *self, void *state, void *argument)
{
    struct player **player = state;
    *player = argument;
    atomic_store(&(*player)->worker, troupe_self_worker(self));
    return troupe_ref_is_none((*player)->partner)
               ? TROUPE_OK
               : troupe_send_struct(self, (*player)->partner, &ball_type, NULL);
}

static troupe_error throw_back(troupe_self *self, void *state, troupe_message **message)
{
    struct player *player = *(struct player **) state;
    const uint32_t worker = troupe_self_worker(self);
    atomic_store(&player->worker, worker);
    if (worker == atomic_load(player->partners_worker) && ++player->rounds == ROUNDS) {
        probe_say(player->seen, "together");
    }
    return troupe_send_struct(self, troupe_message_sender(*message), &ball_type, NULL);
}

static const troupe_handles throws[] = {{.type = &ball_type, .handler = throw_back}, {0}};
static const troupe_behavior player_behavior =
    TROUPE_BEHAVIOR(.name = "player", .state_size = sizeof(struct player *), .start = throw_first,
                    .handlers = throws);

/* Promise: BALANCE-TALK */
static void draws_two_that_talk_much_to_one_thread(void **state)
{
    (void) state;
    if (TR_THREAD_SANITIZER || TR_ADDRESS_SANITIZER) {
        skip(); /* a message takes so long that it counts as work */
    }
    struct probe *seen = a_probe();
    struct player first = {.seen = seen};
    struct player second = {.seen = seen, .partners_worker = &first.worker};
    first.partners_worker = &second.worker;
    troupe_node *node = a_busy_node(TROUPE_BALANCE_ON);
    second.partner = a_root_of(node, TROUPE_SPAWN(.behavior = &player_behavior, .argument = &first,
                                                  .place = TROUPE_PLACE_WORKER, .place_worker = 1));
    (void) a_root_of(node, TROUPE_SPAWN(.behavior = &player_behavior, .argument = &second));

    assert_true(probe_wait_for(seen, "together"));

    drop_node(&node);
    drop_probe(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_on_both_workers_what_began_on_one),
        cmocka_unit_test(moves_nobody_when_it_is_off),
        cmocka_unit_test(draws_two_that_talk_much_to_one_thread),
    };
    return cmocka_run_group_tests_name("balance", tests, NULL, NULL);
}
