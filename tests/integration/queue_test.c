/* SPDX-License-Identifier: MIT */
/* A queue on real threads: crowds that put and get, wait too briefly and are cancelled; a thread
 * from outside gets, too. */
#include <stdatomic.h>
#include <troupe/troupe.h>

#include "support/cast.h"
#include "support/node_fixture.h"

#define PLAYERS 16 /* half of them produce */
#define ITEMS 200  /* of each producer */

struct player {
    unsigned number;
    troupe_ref ref;
};

static struct player players[PLAYERS];
static troupe_ref queue;
static _Atomic unsigned put[PLAYERS * ITEMS];
static _Atomic unsigned got[PLAYERS * ITEMS];
static _Atomic unsigned wrong;
static _Atomic unsigned living;

static troupe_timeout some_timeout(troupe_self *self)
{
    const uint64_t random = troupe_self_random(self);
    return random % 4 == 0 ? TROUPE_NOW : TROUPE_WITHIN_US(1 + random % 2000);
}

static void note_got(const troupe_message *message)
{
    const uint64_t number = figure_of(message);
    if (number < PLAYERS * ITEMS) {
        atomic_fetch_add(&got[number], 1);
    } else {
        atomic_fetch_add(&wrong, 1);
    }
}

static troupe_error play_producer(troupe_self *self, void *argument)
{
    const struct player *player = argument;
    troupe_error error = TROUPE_OK;
    for (unsigned i = 0; i < ITEMS && error != TROUPE_ERROR_CANCELLED; i++) {
        const unsigned number = player->number * ITEMS + i;
        TROUPE_AUTO(troupe_message) *message = NULL;
        error = a_figure(self, number, &message);
        if (error == TROUPE_OK) {
            error = troupe_queue_put(self, queue, &message, some_timeout(self));
        }
        if (error == TROUPE_OK) {
            atomic_fetch_add(&put[number], 1);
        } else if (figure_of(message) != number) {
            atomic_fetch_add(&wrong, 1);
        }
    }
    atomic_fetch_sub(&living, 1);
    return TROUPE_OK;
}

static troupe_error play_consumer(troupe_self *self, void *argument)
{
    troupe_error error = TROUPE_OK;
    (void) argument;
    for (unsigned i = 0; i < ITEMS && error != TROUPE_ERROR_CANCELLED; i++) {
        TROUPE_AUTO(troupe_message) *message = NULL;
        error = troupe_queue_get(self, queue, &message, some_timeout(self));
        if (error == TROUPE_OK) {
            note_got(message);
        }
    }
    atomic_fetch_sub(&living, 1);
    return TROUPE_OK;
}

static void spawn_all(troupe_self *self)
{
    atomic_store(&living, PLAYERS);
    for (unsigned i = 0; i < PLAYERS; i++) {
        players[i].number = i;
        assert_ok(
            troupe_spawn_nowait(self,
                                TROUPE_SPAWN(.body = i % 2 == 0 ? play_producer : play_consumer,
                                             .argument = &players[i], .place = TROUPE_PLACE_ANY),
                                &players[i].ref));
    }
}

/* Gets what is there until nobody is left who might put more. */
static void sweep(troupe_self *self)
{
    bool is_last = false;
    troupe_error error = TROUPE_OK;
    while (!is_last || error == TROUPE_OK) {
        TROUPE_AUTO(troupe_message) *message = NULL;
        is_last = atomic_load(&living) == 0;
        error = troupe_queue_get(self, queue, &message, is_last ? TROUPE_NOW : TROUPE_WITHIN_MS(1));
        if (error == TROUPE_OK) {
            note_got(message);
        }
        assert_true(error == TROUPE_OK || error == TROUPE_ERROR_TIMED_OUT);
    }
}

/* Promise: QUEUE-ONCE, QUEUE-CANCEL-SAFE */
static void loses_and_doubles_nothing_on_real_threads(void **state)
{
    (void) state;
    unsigned total = 0;
    troupe_node *node = a_node_of(3);
    troupe_self *self = NULL;
    assert_ok(troupe_attach(node, NULL, &self));
    assert_ok(troupe_queue_create(self, TROUPE_QUEUE(.capacity = 5), &queue));
    spawn_all(self);
    assert_ok(troupe_sleep(self, TROUPE_WITHIN_MS(5)));
    for (unsigned i = 0; i < PLAYERS; i += 5) {
        const troupe_error error = troupe_cancel(self, players[i].ref);
        assert_true(error == TROUPE_OK || error == TROUPE_ERROR_STALE);
    }
    sweep(self);
    for (unsigned i = 0; i < PLAYERS * ITEMS; i++) {
        assert_int_equal(atomic_load(&put[i]), atomic_load(&got[i]));
        assert_true(atomic_load(&put[i]) <= 1);
        total += atomic_load(&got[i]);
    }
    assert_int_equal(atomic_load(&wrong), 0);
    assert_true(total > ITEMS);
    assert_ok(troupe_detach(&self));
    drop_node(&node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loses_and_doubles_nothing_on_real_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
