/* SPDX-License-Identifier: MIT */
/* How several tasks of one actor share its mailbox. */
#include "core/tasks.h"

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

static const troupe_accept accepts_figures = {.type = &figure_type};

static troupe_error has_receivers(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    struct part parts[] = {
        {cast, "other", &(const troupe_accept) {.type = &other_figure_type}, {0}},
        {cast, "figure", &accepts_figures, {0}},
        {cast, "any", NULL, {0}},
        {cast, "last", NULL, {0}}};
    troupe_scope *scope = NULL;
    (void) troupe_scope_enter(self, NULL, &scope);
    for (unsigned i = 0; i < 4; i++) {
        (void) troupe_task_start(self, scope, TROUPE_TASK(.body = takes_one, .argument = &parts[i]),
                                 NULL);
    }
    (void) troupe_yield(self);
    for (uint64_t i = 1; i <= 3; i++) {
        (void) send_figure(self, troupe_self_ref(self), i);
    }
    const uint64_t four = 4;
    (void) troupe_send_struct(self, troupe_self_ref(self), &other_figure_type, &four);
    return tell(cast, "leave", troupe_scope_leave(self, &scope));
}

static void play(void **state, troupe_body *body, struct cast *cast)
{
    cast->seen = a_probe();
    cast->refs[0] =
        a_root(*state, TROUPE_SPAWN(.body = body, .argument = cast, .mailbox_capacity = 16));
    tr_world_advance(*state, 10000 * MS);
}

/* Promise: TASK-RECEIVE */
static void gets_messages_to_who_waits_longest_of_those_that_take_them(void **state)
{
    struct cast cast = {0};
    play(state, has_receivers, &cast);
    assert_said(cast.seen, "figure OK 1", "any OK 2", "last OK 3", "other OK 0", "leave OK");
    drop_probe(&cast.seen);
}

/* A task that is cancelled just when a message has come for it leaves it to the next. */
static troupe_error cancels_a_receiver(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    struct part parts[] = {{cast, "first", NULL, {0}}, {cast, "second", NULL, {0}}};
    troupe_task tasks[2];
    troupe_scope *scope = NULL;
    (void) troupe_scope_enter(self, NULL, &scope);
    for (unsigned i = 0; i < 2; i++) {
        (void) troupe_task_start(self, scope, TROUPE_TASK(.body = takes_one, .argument = &parts[i]),
                                 &tasks[i]);
    }
    (void) troupe_yield(self);
    (void) send_figure(self, troupe_self_ref(self), 1); /* wakes the first */
    (void) troupe_task_cancel(self, tasks[0]);
    return tell(cast, "leave", troupe_scope_leave(self, &scope));
}

/* Promise: TASK-RECEIVE */
static void leave_no_message_with_one_that_is_cancelled(void **state)
{
    struct cast cast = {0};
    play(state, cancels_a_receiver, &cast);
    assert_said(cast.seen, "first CANCELLED 0", "second OK 1", "leave OK");
    drop_probe(&cast.seen);
}

/* The mailbox of 2 fills with what none of two receivers takes. */
static troupe_error starves(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    const troupe_accept other = {.type = &other_figure_type};
    struct part parts[] = {{cast, "first", &other, {0}}, {cast, "second", &other, {0}}};
    troupe_scope *scope = NULL;
    (void) troupe_scope_enter(self, TROUPE_SCOPE(.on_failure = TROUPE_COLLECT_ALL), &scope);
    for (unsigned i = 0; i < 2; i++) {
        (void) troupe_task_start(self, scope, TROUPE_TASK(.body = takes_one, .argument = &parts[i]),
                                 NULL);
    }
    return tell(cast, "leave", troupe_scope_leave(self, &scope)) == TROUPE_ERROR_MAILBOX_FULL
               ? TROUPE_OK
               : TROUPE_ERROR_FAILED;
}

static troupe_error sends_two(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    (void) send_figure(self, cast->refs[0], 1);
    return send_figure(self, cast->refs[0], 2);
}

/* Promise: TASK-RECEIVE */
static void fail_when_the_mailbox_is_full_of_what_none_of_them_takes(void **state)
{
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] =
        a_root(*state, TROUPE_SPAWN(.body = starves, .argument = &cast, .mailbox_capacity = 2));
    tr_world_advance(*state, MS);
    a_root(*state, TROUPE_SPAWN(.body = sends_two, .argument = &cast));
    tr_world_advance(*state, 1000 * MS);
    assert_said(cast.seen, "first MAILBOX_FULL 0", "second MAILBOX_FULL 0", "leave MAILBOX_FULL");
    drop_probe(&cast.seen);
}

/* Whether there is hope for the receiver ends only after the mailbox is full: the other task, which
 * could have taken what is in it, ends, and the body waits for the receiver. */
static troupe_error naps(troupe_self *self, void *argument)
{
    (void) argument;
    return troupe_sleep(self, TROUPE_WITHIN_MS(10));
}

static troupe_error is_left_alone(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    const troupe_accept other = {.type = &other_figure_type};
    struct part part = {cast, "one", &other, {0}};
    troupe_scope *scope = NULL;
    (void) troupe_scope_enter(self, TROUPE_SCOPE(.on_failure = TROUPE_COLLECT_ALL), &scope);
    (void) troupe_task_start(self, scope, TROUPE_TASK(.body = takes_one, .argument = &part), NULL);
    (void) troupe_task_start(self, scope, TROUPE_TASK(.body = naps), NULL);
    (void) troupe_task_start(self, scope, TROUPE_TASK(.body = naps), NULL);
    if (cast->number != 0) {
        (void) troupe_sleep(self, TROUPE_WITHIN_MS(cast->number));
    }
    return tell(cast, "leave", troupe_scope_leave(self, &scope)) == TROUPE_ERROR_MAILBOX_FULL
               ? TROUPE_OK
               : TROUPE_ERROR_FAILED;
}

/* Promise: TASK-RECEIVE */
static void fail_when_the_last_that_could_have_taken_it_ends_or_waits_for_them(void **state)
{
    for (uint64_t nap_ms = 0; nap_ms <= 20; nap_ms += 20) {
        struct cast cast = {.seen = a_probe(), .number = nap_ms};
        cast.refs[0] = a_root(
            *state, TROUPE_SPAWN(.body = is_left_alone, .argument = &cast, .mailbox_capacity = 2));
        tr_world_advance(*state, MS);
        a_root(*state, TROUPE_SPAWN(.body = sends_two, .argument = &cast));
        tr_world_advance(*state, 1000 * MS);
        assert_said(cast.seen, "one MAILBOX_FULL 0", "leave MAILBOX_FULL");
        drop_probe(&cast.seen);
    }
}

static troupe_error has_receivers_by_priority(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    const uint64_t two = 2;
    struct part parts[] = {{cast, "any", NULL, {0}}, {cast, "figure", &accepts_figures, {0}}};
    troupe_scope *scope = NULL;
    (void) troupe_scope_enter(self, TROUPE_SCOPE(.timeout = TROUPE_WITHIN_MS(100)), &scope);
    for (unsigned i = 0; i < 2; i++) {
        (void) troupe_task_start(self, scope, TROUPE_TASK(.body = takes_one, .argument = &parts[i]),
                                 NULL);
    }
    (void) troupe_yield(self);
    (void) send_figure(self, troupe_self_ref(self), 1); /* wakes the first */
    (void) troupe_send_struct(self, troupe_self_ref(self), &other_figure_type, &two);
    return tell(cast, "leave", troupe_scope_leave(self, &scope));
}

/* One that was woken takes what has come since and is served before.
 * Promise: TASK-RECEIVE */
static void are_offered_what_one_was_woken_for_and_did_not_take(void **state)
{
    static const troupe_type_rule rules[] = {{.type = &figure_type, .priority = 3}};
    struct cast cast = {.seen = a_probe()};
    a_root(*state, TROUPE_SPAWN(.body = has_receivers_by_priority, .argument = &cast,
                                .type_rules = rules, .type_rule_count = 1));
    tr_world_advance(*state, 1000 * MS);
    assert_said(cast.seen, "any OK 0", "figure OK 1", "leave OK");
    drop_probe(&cast.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(gets_messages_to_who_waits_longest_of_those_that_take_them),
        WITH_WORLD(leave_no_message_with_one_that_is_cancelled),
        WITH_WORLD(fail_when_the_mailbox_is_full_of_what_none_of_them_takes),
        WITH_WORLD(fail_when_the_last_that_could_have_taken_it_ends_or_waits_for_them),
        WITH_WORLD(are_offered_what_one_was_woken_for_and_did_not_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
