/* SPDX-License-Identifier: MIT */
/* Messages that an actor keeps, many of them, and that threads of the pool destroy while it goes on
 * receiving: each ends once, and all who asked are told. */
#include <stdatomic.h>
#include <troupe/troupe.h>

#include "support/cast.h"
#include "support/node_fixture.h"

#define ASKERS 40
#define ROUNDS 25
#define BUNDLE 10 /* messages that a job destroys */

struct hoard {
    troupe_message *kept[ASKERS];
    uint32_t count;
};

struct bundle {
    troupe_message *messages[BUNDLE];
    uint32_t count;
};

static _Atomic uint32_t unanswered;
static _Atomic uint32_t wrong;

static struct bundle bundles[ASKERS * ROUNDS];
static uint32_t bundle_count; /* the hoarder's */

static void *destroys(void *argument)
{
    struct bundle *bundle = argument;
    for (uint32_t i = bundle->count; i > 0; i--) {
        troupe_message_destroy(&bundle->messages[i - 1]);
    }
    return NULL;
}

static troupe_error is_destroyed(troupe_self *self, void *state, troupe_error error, void *result,
                                 void *context)
{
    (void) self;
    (void) state;
    (void) result;
    (void) context;
    return error;
}

/* Keeps each, and gives the newest of them to a job now and then, or destroys the oldest. */
static troupe_error hoards(troupe_self *self, void *state, troupe_message **message)
{
    struct hoard *hoard = state;
    hoard->kept[hoard->count++] = *message;
    *message = NULL;
    if (hoard->count < 2 * BUNDLE) {
        return TROUPE_OK;
    }
    troupe_message_destroy(&hoard->kept[0]);
    hoard->kept[0] = hoard->kept[--hoard->count];
    struct bundle *bundle = &bundles[bundle_count++];
    while (bundle->count < BUNDLE) {
        bundle->messages[bundle->count++] = hoard->kept[--hoard->count];
    }
    if (troupe_offload_then(self, TROUPE_JOB(.work = destroys, .argument = bundle), TROUPE_FOREVER,
                            is_destroyed, NULL) != TROUPE_OK) {
        (void) destroys(bundle); /* there are as many jobs as may be */
    }
    return TROUPE_OK;
}

/* What is left is few: after each tick there is nothing to be waited for. */
static troupe_error ticks(troupe_self *self, void *state, troupe_message **message)
{
    struct hoard *hoard = state;
    (void) self;
    (void) message;
    if (hoard->count > 0) {
        troupe_message_destroy(&hoard->kept[--hoard->count]);
    }
    return TROUPE_OK;
}

static troupe_error begins(troupe_self *self, void *state, void *argument)
{
    (void) state;
    (void) argument;
    troupe_timer timer;
    return troupe_timer_start(
        self, TROUPE_TIMER(.after = TROUPE_WITHIN_US(200), .every = TROUPE_WITHIN_US(200)), &timer);
}

static const troupe_handles handles[] = {
    {.type = &figure_type, .handler = hoards}, {.type = &troupe_tick_type, .handler = ticks}, {0}};
static const troupe_behavior hoarder =
    TROUPE_BEHAVIOR(.name = "hoarder", .state_size = sizeof(struct hoard), .start = begins,
                    .handlers = handles);

static troupe_error asks(troupe_self *self, void *argument)
{
    const troupe_ref *to = argument;
    for (unsigned i = 0; i < ROUNDS; i++) {
        const troupe_error error = ask_figure(self, *to, 1, TROUPE_WITHIN_S(20), NULL);
        atomic_fetch_add(error == TROUPE_ERROR_NO_REPLY ? &unanswered : &wrong, 1);
    }
    return TROUPE_OK;
}

static troupe_error play_root(troupe_self *self, void *argument)
{
    struct probe *seen = argument;
    troupe_ref to;
    troupe_scope *scope;
    troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.behavior = &hoarder), &to);
    error = error ? error : troupe_scope_enter(self, NULL, &scope);
    for (unsigned i = 0; i < ASKERS && error == TROUPE_OK; i++) {
        troupe_ref ref;
        error = troupe_spawn_nowait(
            self,
            TROUPE_SPAWN(.body = asks, .argument = &to, .scope = scope, .place = TROUPE_PLACE_ANY),
            &ref);
    }
    error = error ? error : troupe_scope_leave(self, &scope);
    probe_say(seen, "%s", troupe_error_name(error));
    return troupe_stop(self, to);
}

/* Promise: MESSAGE-ENDS */
static void end_once_whoever_destroys_them(void **state)
{
    (void) state;
    struct probe *seen = a_probe();
    troupe_node *node = a_node_of(2);
    (void) a_root_of(node, TROUPE_SPAWN(.body = play_root, .argument = seen));
    assert_true(probe_wait_for(seen, "OK"));
    assert_int_equal(atomic_load(&unanswered), ASKERS * ROUNDS);
    assert_int_equal(atomic_load(&wrong), 0);
    assert_true(bundle_count > 10);
    drop_node(&node);
    drop_probe(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(end_once_whoever_destroys_them),
    };
    return cmocka_run_group_tests_name("held", tests, NULL, NULL);
}
