/* SPDX-License-Identifier: MIT */
/* What remote refs promise whatever the wire does: order, one outcome, balanced books. */
#include "support/actors.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/wire_fixture.h"

enum {
    PAIRS = 4,
    NUMBERS = 60
};

struct scene;

/* A sender on one node and a receiver on the other. */
struct pair {
    struct scene *scene;
    troupe_ref receiver;
    uint64_t last;  /* that the receiver has seen */
    uint32_t asked; /* asks begun, and ended in any way */
    uint32_t ended;
    uint32_t answered;
    uint32_t watched; /* monitors made, and DOWNs had */
    uint32_t downs;
    uint32_t sent;
    uint32_t received;
    bool is_done;
};

struct scene {
    struct wires *wires;
    struct pair pairs[2 * PAIRS];
    uint32_t wrong; /* numbers that came out of order or twice, answers that are none */
};

static troupe_error receives(troupe_self *self, void *argument)
{
    struct pair *pair = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        const uint64_t number = figure_of(message);
        pair->scene->wrong += number <= pair->last ? 1 : 0;
        pair->last = number;
        pair->received++;
        if (troupe_message_wants_reply(message) && number % 7 != 0) {
            if (number % 3 == 0) { /* an asker that gave up is no error of ours */
                (void) troupe_sleep(self, TROUPE_WITHIN_MS(2));
            }
            (void) reply_figure(self, message, number + 1);
        }
        if (number == NUMBERS / 2) {
            break; /* a receiver that ends in the middle of it */
        }
    }
    return TROUPE_OK;
}

static void take_downs(troupe_self *self, struct pair *pair, troupe_timeout timeout)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, timeout) == TROUPE_OK) {
        pair->downs += troupe_message_is(message, &troupe_down_type) ? 1 : 0;
    }
}

static troupe_error sends(troupe_self *self, void *argument)
{
    struct pair *pair = argument;
    for (uint64_t number = 1; number <= NUMBERS; number++) {
        uint64_t answer = 0;
        troupe_monitor_id id;
        if (number % 10 == 1) {
            pair->watched += troupe_monitor(self, pair->receiver, &id) == TROUPE_OK ? 1 : 0;
        }
        if (number % 3 == 0) {
            pair->asked++;
            const troupe_error error =
                ask_figure(self, pair->receiver, number, TROUPE_WITHIN_MS(5), &answer);
            pair->ended++;
            pair->answered += error == TROUPE_OK ? 1 : 0;
            pair->scene->wrong += error == TROUPE_OK && answer != number + 1 ? 1 : 0;
        } else {
            pair->sent += send_figure(self, pair->receiver, number) == TROUPE_OK ? 1 : 0;
        }
        take_downs(self, pair, TROUPE_WITHIN_US(200));
    }
    pair->is_done = true;
    take_downs(self, pair, TROUPE_FOREVER);
    return TROUPE_OK;
}

static void set_the_scene(struct scene *scene, uint64_t seed)
{
    struct wires *wires = some_wires(seed, 1 + (uint32_t) (seed % 3));
    *scene = (struct scene) {.wires = wires};
    wires->delay_ns_max = UINT64_C(100000) * (seed % 5);
    wires->lose_percent = seed % 4 == 1 ? 10 : 0;
    wires->repeat_percent = seed % 3 == 1 ? 10 : 0;
    wires->refuse_percent = seed % 5 == 2 ? 50 : 0;
    wires->may_overtake = seed % 6 == 3;
    for (uint32_t i = 0; i < 2 * PAIRS; i++) {
        struct pair *pair = &scene->pairs[i];
        pair->scene = scene;
        pair->receiver =
            wires_root(wires, i % 2,
                       TROUPE_SPAWN(.body = receives, .argument = pair, .place = TROUPE_PLACE_ANY,
                                    .mailbox_capacity = 2 + (uint32_t) (seed % 9)));
        (void) wires_root(wires, 1 - i % 2,
                          TROUPE_SPAWN(.body = sends, .argument = pair, .place = TROUPE_PLACE_ANY));
    }
}

static bool are_done(const struct scene *scene)
{
    bool are_all = true;
    for (uint32_t i = 0; i < 2 * PAIRS; i++) {
        are_all = are_all && scene->pairs[i].is_done;
    }
    return are_all;
}

static void play(uint64_t seed, void *context)
{
    (void) context;
    struct scene scene;
    set_the_scene(&scene, seed);
    struct wires *wires = scene.wires;
    const bool is_calm = seed % 4 == 0;
    for (uint32_t i = 0; i < 1000 && !are_done(&scene); i++) {
        wires_run(wires, 2 * MS);
        if (!is_calm && tr_random_chance(&wires->random, 1, 10)) {
            wires_cut(wires, tr_random_chance(&wires->random, 1, 2));
            wires_run(wires, tr_random_below(&wires->random, 3) * MS);
            wires_connect(wires);
        }
    }
    assert_true(are_done(&scene));
    wires_cut(wires, true); /* whoever still watches is told */
    wires_run(wires, 5 * MS);

    assert_int_equal(scene.wrong, 0);
    uint32_t answered = 0;
    for (uint32_t i = 0; i < 2 * PAIRS; i++) {
        const struct pair *pair = &scene.pairs[i];
        assert_int_equal(pair->ended, pair->asked);
        assert_int_equal(pair->downs, pair->watched);
        assert_in_range(pair->received, 0, pair->sent + pair->asked);
        answered += pair->answered;
    }
    assert_true(!is_calm || answered > PAIRS);
    drop_wires(&wires);
}

/* Promise: REMOTE-CHAOS */
static void keep_order_and_account_of_all_whatever_the_wire_does(void **state)
{
    (void) state;
    for_each_seed(60, play, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keep_order_and_account_of_all_whatever_the_wire_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
