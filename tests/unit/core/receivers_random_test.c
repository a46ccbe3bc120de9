/* SPDX-License-Identifier: MIT */
/* Tasks that receive all or one type, for ever or for a moment, put aside, are cancelled and moved
 * at random, and held up while their worker goes on, beside two that between them take everything:
 * each message is handled once, and none is left lying. */
#include <string.h>

#include "base/random.h"
#include "core/takeover.h"
#include "core/worker.h"
#include "support/actors.h"
#include "support/cast.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)
#define SENDERS 3
#define NUMBERS 30 /* of each */
#define PASSERS 6  /* tasks that come and go */

struct crowd {
    troupe_ref actor;
    uint64_t sent;
    uint64_t handled;
    uint64_t seed;
    uint32_t senders;
    unsigned seen[SENDERS * NUMBERS];
    const char *fault;
};

static const troupe_accept types[] = {{.type = &figure_type}, {.type = &other_figure_type}};

static unsigned takeovers;
static bool is_held_up; /* one of its tasks is, and no other of them may run */

/* Runs some passes as a spare thread would that has the worker meanwhile. */
static void hold_up(const troupe_self *self)
{
    tr_worker *worker = self->actor->worker;
    tr_seat *own = self->actor->seat;
    tr_seat spare;
    tr_seat_init(&spare);
    if (!tr_takeover_is_possible(worker, own)) {
        return;
    }
    tr_takeover_begin(worker, own);
    atomic_store(&worker->seat, &spare);
    takeovers++;
    is_held_up = true;
    for (unsigned i = 0; i < 4; i++) {
        (void) tr_worker_pass(worker);
    }
    is_held_up = false;
    atomic_store(&worker->seat, own);
    tr_takeover_end(worker, own);
}

static uint64_t number_of(const troupe_message *message)
{
    const uint64_t *body = troupe_message_struct(message, &figure_type);
    body = body != NULL ? body : troupe_message_struct(message, &other_figure_type);
    return body != NULL ? *body : UINT64_MAX;
}

static void note(struct crowd *crowd, const troupe_message *message)
{
    const uint64_t number = number_of(message);
    if (number >= SENDERS * NUMBERS || crowd->seen[number]++ > 0) {
        crowd->fault = "a message is none, or comes twice";
    }
    crowd->handled++;
}

/* Takes one type to the end. */
static troupe_error takes_for_ever(troupe_self *self, void *argument, const troupe_accept *type)
{
    struct crowd *crowd = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        error = troupe_receive_only(self, type, 1, &message, TROUPE_FOREVER);
        if (error == TROUPE_OK) {
            note(crowd, message);
        }
    }
    if (error != TROUPE_ERROR_STOPPING) {
        crowd->fault = "one that takes for ever has ended";
    }
    return error;
}

static troupe_error takes_figures(troupe_self *self, void *argument)
{
    return takes_for_ever(self, argument, &types[0]);
}

static troupe_error takes_others(troupe_self *self, void *argument)
{
    return takes_for_ever(self, argument, &types[1]);
}

static troupe_error receives(troupe_self *self, troupe_message **message)
{
    const uint64_t choice = troupe_self_random(self) % 8;
    const troupe_timeout timeout =
        choice < 2 ? TROUPE_FOREVER : TROUPE_WITHIN_US(1 + troupe_self_random(self) % 200);
    return choice % 2 == 0 ? troupe_receive(self, message, timeout)
                           : troupe_receive_only(self, &types[choice / 2 % 2], 1, message, timeout);
}

/* Takes some, keeps each for a while, or puts it aside and back. */
static troupe_error passes_by(troupe_self *self, void *argument)
{
    struct crowd *crowd = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    for (unsigned i = 0; i < 5 && error != TROUPE_ERROR_CANCELLED; i++) {
        error = receives(self, &message);
        if (error == TROUPE_OK && troupe_self_random(self) % 4 == 0 &&
            troupe_stash(self, &message) == TROUPE_OK) {
            error = troupe_sleep(self, TROUPE_WITHIN_US(troupe_self_random(self) % 50));
            (void) troupe_unstash(self, SIZE_MAX);
        } else if (error == TROUPE_OK) {
            note(crowd, message);
            if (troupe_self_random(self) % 3 == 0) {
                hold_up(self);
            }
            error = troupe_sleep(self, TROUPE_WITHIN_US(troupe_self_random(self) % 50));
        }
        if (is_held_up) {
            crowd->fault = "a task runs beside one that is held up";
        }
    }
    return TROUPE_OK;
}

static troupe_error is_crowded(troupe_self *self, void *argument)
{
    struct crowd *crowd = argument;
    troupe_scope *scope = NULL;
    troupe_scope *inner = NULL;
    troupe_task tasks[PASSERS];
    troupe_error result = TROUPE_OK;
    troupe_error error = troupe_scope_enter(self, NULL, &scope);
    error = error ? error
                  : troupe_task_start(self, scope,
                                      TROUPE_TASK(.body = takes_figures, .argument = crowd), NULL);
    error = error ? error
                  : troupe_task_start(self, scope,
                                      TROUPE_TASK(.body = takes_others, .argument = crowd), NULL);
    for (unsigned round = 0; round < 10 && error == TROUPE_OK; round++) {
        error = troupe_scope_enter(self, NULL, &inner);
        for (unsigned i = 0; i < PASSERS && error == TROUPE_OK; i++) {
            error = troupe_task_start(self, inner,
                                      TROUPE_TASK(.body = passes_by, .argument = crowd), &tasks[i]);
        }
        error =
            error ? error : troupe_sleep(self, TROUPE_WITHIN_US(troupe_self_random(self) % 400));
        for (unsigned i = 0; i < PASSERS && inner != NULL; i++) {
            (void) troupe_task_cancel(self, tasks[i]);
            (void) troupe_join(self, tasks[i], TROUPE_NOW, &result); /* it may not have ended */
        }
        error = inner != NULL && error == TROUPE_OK ? troupe_scope_leave(self, &inner) : error;
    }
    if (error != TROUPE_OK && error != TROUPE_ERROR_STOPPING) {
        crowd->fault = troupe_error_name(error);
    }
    return troupe_scope_leave(self, &scope);
}

static troupe_error sends(troupe_self *self, void *argument)
{
    struct crowd *crowd = argument;
    const uint64_t first = NUMBERS * (uint64_t) crowd->senders++;
    for (uint64_t i = first; i < first + NUMBERS; i++) {
        const troupe_type *type =
            troupe_self_random(self) % 2 == 0 ? &figure_type : &other_figure_type;
        if (troupe_send_struct(self, crowd->actor, type, &i) != TROUPE_OK) {
            crowd->fault = "a message cannot be sent";
        }
        crowd->sent++;
        if (troupe_self_random(self) % 3 == 0) {
            (void) troupe_sleep(self, TROUPE_WITHIN_US(troupe_self_random(self) % 300));
        }
    }
    return TROUPE_OK;
}

static void run(uint64_t seed, void *context)
{
    static const troupe_type_rule rules[] = {{.type = &figure_type, .priority = 2}};
    uint64_t *handled = context;
    struct crowd crowd = {.seed = seed};
    tr_world *world = a_world_of(&(const tr_world_options) {.seed = seed,
                                                            .workers = 3,
                                                            .delay_ns_max = 100000,
                                                            .refuse_chance_percent = 10,
                                                            .moves_percent = 20});
    crowd.actor = a_root(world, TROUPE_SPAWN(.body = is_crowded, .argument = &crowd,
                                             .mailbox_capacity = 4 + (uint32_t) seed % 20,
                                             .type_rules = rules, .type_rule_count = seed % 2));
    for (unsigned i = 0; i < SENDERS; i++) {
        a_root(world, TROUPE_SPAWN(.body = sends, .argument = &crowd, .place = TROUPE_PLACE_ANY));
    }
    tr_world_advance(world, 2000 * MS);
    if (crowd.fault != NULL) {
        fail_msg("%s", crowd.fault);
    }
    assert_int_equal(crowd.sent, SENDERS * NUMBERS);
    assert_int_equal(crowd.handled, SENDERS * NUMBERS);
    assert_int_equal(depth_of(world, crowd.actor), 0);
    *handled += crowd.handled;
    drop_world(&world);
}

/* Promise: TASK-RECEIVE */
static void leave_no_message_and_take_none_twice(void **state)
{
    uint64_t handled = 0;
    (void) state;
    for_each_seed(300, run, &handled);
    assert_true(handled > 0);
    assert_true(takeovers > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leave_no_message_and_take_none_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
