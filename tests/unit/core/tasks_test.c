/* SPDX-License-Identifier: MIT */
/* What holds for an actor that runs several tasks: one at a time, each with its own message to
 * handle, its own `self` and its own waits. */
#include "core/tasks.h"

#include <stdio.h>

#include "support/cast.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)

struct part {
    struct cast *cast;
    const char *name;
    const troupe_accept *accepts;
    troupe_task joins;
};

/* Takes one message and says which. */
static troupe_error takes_one(troupe_self *self, void *argument)
{
    const struct part *part = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error =
        part->accepts != NULL
            ? troupe_receive_only(self, part->accepts, 1, &message, TROUPE_FOREVER)
            : troupe_receive(self, &message, TROUPE_FOREVER);
    probe_say(part->cast->seen, "%s %s %d", part->name, troupe_error_name(error),
              (int) figure_of(message));
    return error;
}

static void play(void **state, troupe_body *body, struct cast *cast)
{
    cast->seen = a_probe();
    cast->refs[0] =
        a_root(*state, TROUPE_SPAWN(.body = body, .argument = cast, .mailbox_capacity = 16));
    tr_world_advance(*state, 10000 * MS);
}

/* Counts up in steps with waits in between: others' steps must not come in between two. */
static troupe_error counts_up(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    for (unsigned i = 0; i < 20; i++) {
        const uint64_t before = cast->count;
        cast->number++;
        cast->count = before + 1;
        const troupe_error error =
            i % 3 == 0 ? troupe_yield(self)
                       : troupe_sleep(self, TROUPE_WITHIN_US(troupe_self_random(self) % 100));
        if (error) {
            return error;
        }
    }
    return TROUPE_OK;
}

static troupe_error counts_in_ten_tasks(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    troupe_scope *scope = NULL;
    (void) troupe_scope_enter(self, NULL, &scope);
    for (unsigned i = 0; i < 10; i++) {
        (void) troupe_task_start(self, scope, TROUPE_TASK(.body = counts_up, .argument = cast),
                                 NULL);
    }
    return tell(cast, "leave", troupe_scope_leave(self, &scope));
}

/* Promise: TASK-ONE */
static void runs_one_at_a_time(void **state)
{
    struct cast cast = {0};
    play(state, counts_in_ten_tasks, &cast);
    assert_said(cast.seen, "leave OK");
    assert_int_equal(cast.count, 200);
    drop_probe(&cast.seen);
}

/* Handles the request that it was given: answers twice the number after as many milliseconds. */
static troupe_error answers_later(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = troupe_task_message(self);
    const uint64_t number = figure_of(message);
    if (troupe_task_message(self) != NULL) {
        return tell(cast, "twice", TROUPE_ERROR_FAILED);
    }
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(number));
    if (error) {
        return tell(cast, "handling", error);
    }
    if (number % 10 == 9) {
        return troupe_fail(self, TROUPE_ERROR_USER, "no nines");
    }
    return number % 10 == 8 ? TROUPE_OK : reply_figure(self, message, 2 * number);
}

static troupe_error serves_in_tasks(troupe_self *self, void *argument)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_scope *scope = NULL;
    troupe_error error =
        troupe_scope_enter(self, TROUPE_SCOPE(.on_failure = TROUPE_COLLECT_ALL), &scope);
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (error == TROUPE_OK) {
            error = troupe_task_start(
                self, scope,
                TROUPE_TASK(.body = answers_later, .argument = argument, .message = &message),
                NULL);
        }
    }
    (void) troupe_scope_leave(self, &scope);
    return error;
}

struct asker {
    struct cast *cast;
    uint64_t number;
    troupe_timeout timeout;
};

static troupe_error asks_once(troupe_self *self, void *argument)
{
    const struct asker *asker = argument;
    uint64_t answer = 0;
    const uint64_t before_ns = troupe_self_now_ns(self);
    const troupe_error error =
        ask_figure(self, asker->cast->refs[0], asker->number, asker->timeout, &answer);
    probe_say(asker->cast->seen, "%d: %s %d after %d", (int) asker->number,
              troupe_error_name(error), (int) answer,
              (int) ((troupe_self_now_ns(self) - before_ns) / MS));
    return TROUPE_OK;
}

/* Promise: TASK-MESSAGE */
static void handles_each_message_in_a_task_of_its_own(void **state)
{
    struct cast cast = {0};
    play(state, serves_in_tasks, &cast);
    struct asker askers[] = {{&cast, 30, TROUPE_FOREVER},
                             {&cast, 10, TROUPE_FOREVER},
                             {&cast, 50, TROUPE_WITHIN_MS(20)},
                             {&cast, 19, TROUPE_FOREVER},
                             {&cast, 18, TROUPE_FOREVER}};
    for (unsigned i = 0; i < 5; i++) {
        a_root(*state, TROUPE_SPAWN(.body = asks_once, .argument = &askers[i]));
    }
    tr_world_advance(*state, 1000 * MS);
    assert_int_equal(probe_count(cast.seen), 6);
    assert_int_equal(probe_count_of(cast.seen, "10: OK 20 after 10"), 1);
    assert_int_equal(probe_count_of(cast.seen, "18: NO_REPLY 0 after 18"), 1);
    assert_int_equal(probe_count_of(cast.seen, "19: HANDLER_FAILED 0 after 19"), 1);
    assert_int_equal(probe_count_of(cast.seen, "50: TIMED_OUT 0 after 20"), 1);
    assert_int_equal(probe_count_of(cast.seen, "handling TIMED_OUT"), 1);
    assert_int_equal(probe_count_of(cast.seen, "30: OK 60 after 30"), 1);
    drop_probe(&cast.seen);
}

/* Promise: TASK-MESSAGE */
static void cancels_the_task_whose_asker_gives_up(void **state)
{
    struct cast cast = {0};
    play(state, serves_in_tasks, &cast);
    struct asker askers[] = {{&cast, 30, TROUPE_FOREVER}, {&cast, 40, TROUPE_FOREVER}};
    const troupe_ref one = a_root(*state, TROUPE_SPAWN(.body = asks_once, .argument = &askers[0]));
    a_root(*state, TROUPE_SPAWN(.body = asks_once, .argument = &askers[1]));
    tr_world_advance(*state, 10 * MS);
    const tr_address address = {.slot = one.slot, .generation = one.generation};
    assert_ok(tr_actor_signal(tr_world_worker(*state, 0), address, TR_SIGNAL_CANCEL));
    tr_world_advance(*state, 1000 * MS);
    assert_said(cast.seen, "30: CANCELLED 0 after 10", "handling CANCELLED", "40: OK 80 after 40");
    drop_probe(&cast.seen);
}

static troupe_error works_on(troupe_self *self, void *argument)
{
    return tell(argument, "worked", troupe_sleep(self, TROUPE_WITHIN_MS(200)));
}

static troupe_error replies_before_its_task_has_ended(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_scope *scope = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    error = error ? error : troupe_scope_enter(self, NULL, &scope);
    error = error ? error
                  : troupe_task_start(self, scope,
                                      TROUPE_TASK(.body = works_on, .argument = argument), NULL);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(50));
    error = error ? error : reply_figure(self, message, 1);
    return tell(cast, "leave", error ? error : troupe_scope_leave(self, &scope));
}

/* Promise: TASK-MESSAGE */
static void goes_on_waiting_when_the_reply_has_lifted_the_deadline(void **state)
{
    struct cast cast = {0};
    play(state, replies_before_its_task_has_ended, &cast);
    struct asker asker = {&cast, 7, TROUPE_WITHIN_MS(100)};
    a_root(*state, TROUPE_SPAWN(.body = asks_once, .argument = &asker));
    tr_world_advance(*state, 1000 * MS);
    assert_said(cast.seen, "7: OK 1 after 50", "worked OK", "leave OK");
    drop_probe(&cast.seen);
}

/* Outlives the request that its starter handles. */
static troupe_error works_detached(troupe_self *self, void *argument)
{
    (void) tell(argument, "detach", troupe_scope_detach(self));
    return works_on(self, argument);
}

static troupe_error has_a_task_that_detaches(troupe_self *self, void *argument)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_scope *scope = NULL;
    troupe_error error = troupe_scope_enter(self, NULL, &scope);
    error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    error =
        error ? error
              : troupe_task_start(self, scope,
                                  TROUPE_TASK(.body = works_detached, .argument = argument), NULL);
    error =
        error ? error : troupe_scope_detach(self); /* or the scope is cancelled when it is left */
    const troupe_error left = troupe_scope_leave(self, &scope);
    return tell(argument, "leave", error ? error : left);
}

/* Promise: TASK-MESSAGE */
static void leaves_a_detached_task_alone_when_the_asker_gives_up(void **state)
{
    struct cast cast = {0};
    play(state, has_a_task_that_detaches, &cast);
    struct asker asker = {&cast, 7, TROUPE_FOREVER};
    const troupe_ref one = a_root(*state, TROUPE_SPAWN(.body = asks_once, .argument = &asker));
    tr_world_advance(*state, 10 * MS);
    const tr_address address = {.slot = one.slot, .generation = one.generation};
    assert_ok(tr_actor_signal(tr_world_worker(*state, 0), address, TR_SIGNAL_CANCEL));
    tr_world_advance(*state, 1000 * MS);
    assert_said(cast.seen, "detach OK", "7: CANCELLED 0 after 10", "worked OK", "leave OK");
    drop_probe(&cast.seen);
}

/* Two actors ask each other; a task of the first waits for something else, and answers then. */
static troupe_error asks_back(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    uint64_t answer = 0;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    error = error ? error : ask_figure(self, cast->refs[0], 1, TROUPE_WITHIN_S(9), &answer);
    return error ? error : reply_figure(self, message, answer + 1);
}

static troupe_error asks_the_other(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    uint64_t answer = 0;
    return tell(cast, "asked", ask_figure(self, cast->refs[1], 1, TROUPE_WITHIN_S(9), &answer));
}

static troupe_error sleeps_for_a_while(troupe_self *self, void *argument)
{
    (void) argument;
    return troupe_sleep(self, TROUPE_WITHIN_S(3));
}

static void waits_for_a_child(troupe_self *self)
{
    troupe_scope *scope = NULL;
    troupe_ref child;
    if (troupe_scope_enter(self, NULL, &scope) == TROUPE_OK) {
        (void) troupe_spawn(self, TROUPE_SPAWN(.body = sleeps_for_a_while, .scope = scope), &child);
        (void) troupe_scope_leave(self, &scope);
    }
}

static troupe_error answers_in_the_end(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_scope *scope = NULL;
    troupe_task task;
    troupe_error result = TROUPE_OK;
    cast->refs[0] = troupe_self_ref(self);
    (void) troupe_spawn(self, TROUPE_SPAWN(.body = asks_back, .argument = cast), &cast->refs[1]);
    troupe_error error = troupe_scope_enter(self, NULL, &scope);
    error = error ? error
                  : troupe_task_start(self, scope,
                                      TROUPE_TASK(.body = asks_the_other, .argument = cast), &task);
    if (error == TROUPE_OK && cast->number == 0) {
        waits_for_a_child(self);
    } else if (error == TROUPE_OK) {
        (void) tell(cast, "join", troupe_join(self, task, TROUPE_WITHIN_S(3), &result));
    }
    error = error ? error : troupe_receive(self, &message, TROUPE_WITHIN_S(9));
    error = error ? error : reply_figure(self, message, 1);
    return tell(cast, "leave", error ? error : troupe_scope_leave(self, &scope));
}

/* Promise: RING-NONE */
static void is_in_no_ring_while_a_task_goes_on_by_itself(void **state)
{
    for (uint64_t number = 0; number < 2; number++) {
        struct cast cast = {.number = number};
        play(state, answers_in_the_end, &cast);
        tr_world_advance(*state, 20000 * MS);
        if (number == 0) {
            assert_said(cast.seen, "asked OK", "leave OK");
        } else {
            assert_said(cast.seen, "join TIMED_OUT", "asked OK", "leave OK");
        }
        drop_probe(&cast.seen);
    }
}

/* The actor is stopped while its tasks wait for messages, time and each other. */
static troupe_error sleeps(troupe_self *self, void *argument)
{
    return tell(argument, "slept", troupe_sleep(self, TROUPE_FOREVER));
}

static troupe_error is_stopped(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    struct part part = {cast, "receiver", NULL, {0}};
    troupe_scope *scope = NULL;
    (void) troupe_scope_enter(self, NULL, &scope);
    (void) troupe_task_start(self, scope, TROUPE_TASK(.body = sleeps, .argument = cast), NULL);
    (void) troupe_task_start(self, scope, TROUPE_TASK(.body = takes_one, .argument = &part), NULL);
    return tell(cast, "leave", troupe_scope_leave(self, &scope));
}

/* Promise: TASK-STOP */
static void ends_in_order_when_the_actor_is_stopped_or_cancelled(void **state)
{
    const uint32_t signals[] = {TR_SIGNAL_STOP, TR_SIGNAL_CANCEL};
    const char *names[] = {"STOPPING", "CANCELLED"};
    for (unsigned i = 0; i < 2; i++) {
        struct cast cast = {0};
        play(state, is_stopped, &cast);
        const tr_address address = {.slot = cast.refs[0].slot,
                                    .generation = cast.refs[0].generation};
        assert_ok(tr_actor_signal(tr_world_worker(*state, 0), address, signals[i]));
        tr_world_advance(*state, 1000 * MS);
        char slept[32];
        char received[32];
        (void) snprintf(slept, sizeof slept, "slept %s", names[i]);
        (void) snprintf(received, sizeof received, "receiver %s 0", names[i]);
        assert_said(cast.seen, slept, received, i == 0 ? "leave OK" : "leave CANCELLED");
        drop_probe(&cast.seen);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(runs_one_at_a_time),
        WITH_WORLD(handles_each_message_in_a_task_of_its_own),
        WITH_WORLD(cancels_the_task_whose_asker_gives_up),
        WITH_WORLD(goes_on_waiting_when_the_reply_has_lifted_the_deadline),
        WITH_WORLD(leaves_a_detached_task_alone_when_the_asker_gives_up),
        WITH_WORLD(is_in_no_ring_while_a_task_goes_on_by_itself),
        WITH_WORLD(ends_in_order_when_the_actor_is_stopped_or_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
