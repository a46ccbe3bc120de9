/* SPDX-License-Identifier: MIT */
/* Promises that threads keep which Troupe knows nothing of, while actors wait, give up and end. */
#include <stdatomic.h>
#include <troupe/troupe.h>

#include "base/thread.h"
#include "support/node_fixture.h"

#define KEEPERS 3
#define PLAYERS 24
#define ROUNDS 100

struct thing {
    _Atomic unsigned kept;
    _Atomic unsigned taken;
    _Atomic unsigned discarded;
};

static struct thing things[PLAYERS + 1][ROUNDS]; /* the last are those of an attached thread */

/* What is to be kept, each by whoever finds it first. */
static struct {
    _Atomic(troupe_promise *) promises[PLAYERS + 1][ROUNDS];
    _Atomic int is_over;
} board;

static void discard(void *result)
{
    struct thing *thing = result;
    atomic_fetch_add(&thing->discarded, 1);
}

static void keep(unsigned player, unsigned round)
{
    troupe_promise *promise = atomic_exchange(&board.promises[player][round], NULL);
    struct thing *thing = &things[player][round];
    if (promise != NULL && round % 7 == 6) {
        troupe_promise_destroy(&promise);
    } else if (promise != NULL && troupe_promise_complete(&promise, thing, discard) == TROUPE_OK) {
        atomic_fetch_add(&thing->kept, 1);
    }
}

static void keep_all(void)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i <= PLAYERS; i++) {
            keep(i, round);
        }
    }
}

static void keep_until_over(void *context)
{
    (void) context;
    while (atomic_load(&board.is_over) == 0) {
        keep_all();
    }
}

static troupe_timeout some_timeout(troupe_self *self)
{
    const uint64_t random = troupe_self_random(self);
    return random % 2 == 0 ? TROUPE_WITHIN_S(20) : TROUPE_WITHIN_US(random % 200);
}

static void take(struct thing *thing, troupe_error error, const void *result)
{
    if (error == TROUPE_OK) {
        atomic_fetch_add(&thing->taken, result == thing ? 1 : 1000);
    }
}

static troupe_error play_waiter(troupe_self *self, void *argument)
{
    const unsigned player = *(const unsigned *) argument;
    for (unsigned i = 0; i < ROUNDS; i++) {
        TROUPE_AUTO(troupe_future) *future = NULL;
        troupe_promise *promise = NULL;
        void *result = NULL;
        troupe_error error = troupe_future_create(self, &future, &promise);
        if (error) {
            return error;
        }
        atomic_store(&board.promises[player][i], promise);
        error = troupe_future_wait(self, &future, some_timeout(self), &result);
        take(&things[player][i], error, result);
        if (error == TROUPE_ERROR_CANCELLED) {
            return error;
        }
    }
    return TROUPE_OK;
}

static troupe_error resolved(troupe_self *self, void *state, troupe_error error, void *result,
                             void *context)
{
    (void) self;
    (void) state;
    take(context, error, result);
    return TROUPE_OK;
}

static troupe_error start_waiter(troupe_self *self, void *state, void *argument)
{
    const unsigned player = *(const unsigned *) argument;
    (void) state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        TROUPE_AUTO(troupe_future) *future = NULL;
        troupe_promise *promise = NULL;
        troupe_error error = troupe_future_create(self, &future, &promise);
        if (error) {
            return error;
        }
        atomic_store(&board.promises[player][i], promise);
        error = troupe_future_then(self, &future, some_timeout(self), resolved, &things[player][i]);
        if (error != TROUPE_OK && error != TROUPE_ERROR_TIMED_OUT) {
            return error;
        }
    }
    return TROUPE_OK;
}

static const troupe_behavior waiter = TROUPE_BEHAVIOR(.name = "waiter", .start = start_waiter);

static void clear(void)
{
    atomic_store(&board.is_over, 0);
    for (unsigned i = 0; i <= PLAYERS; i++) {
        for (unsigned j = 0; j < ROUNDS; j++) {
            atomic_store(&things[i][j].kept, 0);
            atomic_store(&things[i][j].taken, 0);
            atomic_store(&things[i][j].discarded, 0);
        }
    }
}

static void spawn_all(troupe_self *self, troupe_ref *refs)
{
    static unsigned numbers[PLAYERS];
    for (unsigned i = 0; i < PLAYERS; i++) {
        numbers[i] = i;
        const troupe_spawn_options options = {.size = sizeof options,
                                              .body = i % 2 == 0 ? play_waiter : NULL,
                                              .behavior = i % 2 == 0 ? NULL : &waiter,
                                              .argument = &numbers[i],
                                              .place = TROUPE_PLACE_ANY};
        assert_ok(troupe_spawn_nowait(self, &options, &refs[i]));
    }
}

/* An attached thread waits, too. */
static void wait_for_promises(troupe_self *self)
{
    for (unsigned i = 0; i < 6; i++) {
        struct thing *thing = &things[PLAYERS][i];
        troupe_future *future = NULL;
        troupe_promise *promise = NULL;
        void *result = NULL;
        assert_ok(troupe_future_create(self, &future, &promise));
        atomic_store(&board.promises[PLAYERS][i], promise);
        assert_ok(troupe_future_wait(self, &future, TROUPE_WITHIN_S(20), &result));
        take(thing, TROUPE_OK, result);
    }
}

/* Promise: FUTURE-RESULT, FUTURE-DROPPED */
static void are_kept_by_threads_that_nobody_knows(void **state)
{
    (void) state;
    static tr_thread keepers[KEEPERS];
    troupe_ref refs[PLAYERS];
    troupe_self *self = NULL;
    troupe_node *node = a_node_of(2);
    clear();
    for (unsigned i = 0; i < KEEPERS; i++) {
        assert_ok(tr_thread_start(&keepers[i], "keeper", keep_until_over, NULL));
    }
    assert_ok(troupe_attach(node, NULL, &self));
    spawn_all(self, refs);
    for (unsigned i = 0; i < PLAYERS; i += 5) {
        const troupe_error error = troupe_cancel(self, refs[i]);
        assert_true(error == TROUPE_OK || error == TROUPE_ERROR_STALE);
    }
    wait_for_promises(self);
    assert_ok(troupe_detach(&self));
    drop_node(&node); /* while they go on keeping */
    atomic_store(&board.is_over, 1);
    for (unsigned i = 0; i < KEEPERS; i++) {
        tr_thread_join(&keepers[i]);
    }
    keep_all(); /* what is left, of a node that is no more */
    for (unsigned i = 0; i <= PLAYERS; i++) {
        for (unsigned j = 0; j < ROUNDS; j++) {
            assert_int_equal(things[i][j].taken + things[i][j].discarded, things[i][j].kept);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_kept_by_threads_that_nobody_knows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
