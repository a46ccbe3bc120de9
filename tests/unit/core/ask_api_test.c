/* SPDX-License-Identifier: MIT */
/* Asks that are given up only with the receiver's word. In virtual time. */
#include <troupe/troupe.h>

#include "support/cast.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)

/* What the receiver does with a request, and what the asker waits. */
struct stage {
    tr_world *world;
    struct probe *seen;
    troupe_ref receiver;
    troupe_timeout timeout;
    troupe_error answer; /* OK: it keeps the request */
    bool answers_late;   /* with a figure, when it is given up */
    bool fails;
};

static struct stage *stage;

struct keeper {
    troupe_message *kept;
};

static troupe_error on_request(troupe_self *self, void *state, troupe_message **message)
{
    struct keeper *keeper = state;
    probe_say(stage->seen, "request%s", troupe_message_is_given_up(*message) ? " given up" : "");
    if (stage->fails) {
        return TROUPE_ERROR_USER;
    }
    if (stage->answer != TROUPE_OK) {
        return troupe_reply_error(self, *message, stage->answer);
    }
    if (troupe_message_is_given_up(*message)) {
        return TROUPE_OK; /* ended without an answer */
    }
    keeper->kept = *message;
    *message = NULL;
    return TROUPE_OK;
}

static troupe_error given_up(troupe_self *self, void *state, troupe_message *request)
{
    struct keeper *keeper = state;
    probe_say(stage->seen, "given up%s%s", request == keeper->kept ? "" : " wrongly",
              troupe_message_is_given_up(request) ? "" : " and not so");
    if (stage->answers_late) {
        (void) reply_figure(self, request, 8);
    } else {
        (void) troupe_reply_error(self, request, TROUPE_ERROR_CANCELLED);
    }
    troupe_message_destroy(&keeper->kept);
    return TROUPE_OK;
}

static const troupe_behavior keeping =
    TROUPE_BEHAVIOR(.name = "keeper", .state_size = sizeof(struct keeper), .other = on_request,
                    .given_up = given_up);

static troupe_error play_asker(troupe_self *self, void *argument)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    (void) argument;
    troupe_error error = a_figure(self, 7, &message);
    if (error == TROUPE_OK) {
        error = troupe_ask_settled(self, stage->receiver, &message, stage->timeout, &reply);
    }
    probe_say(stage->seen, "ask %s, back %u, reply %u", troupe_error_name(error),
              (unsigned) figure_of(message), (unsigned) figure_of(reply));
    return TROUPE_OK;
}

static troupe_error answered(troupe_self *self, void *state, troupe_error error,
                             troupe_message **reply, void *context)
{
    (void) self;
    (void) state;
    (void) context;
    probe_say(stage->seen, "then %s %u", troupe_error_name(error), (unsigned) figure_of(*reply));
    return TROUPE_OK;
}

static troupe_error start_asker(troupe_self *self, void *state, void *argument)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    (void) state;
    (void) argument;
    const troupe_error error = a_figure(self, 7, &message);
    return error ? error
                 : troupe_ask_settled_then(self, stage->receiver, &message, stage->timeout,
                                           answered, NULL);
}

static const troupe_behavior asking = TROUPE_BEHAVIOR(.name = "asker", .start = start_asker);

static void make(struct stage *new_stage, troupe_timeout timeout)
{
    *new_stage = (struct stage) {.seen = a_probe(), .timeout = timeout};
    stage = new_stage;
    stage->world = a_world(1, 2);
    stage->receiver =
        a_root(stage->world,
               TROUPE_SPAWN(.behavior = &keeping, .place = TROUPE_PLACE_WORKER, .place_worker = 1));
}

static void ask(bool is_behavior)
{
    const troupe_spawn_options options = {.size = sizeof options,
                                          .body = is_behavior ? NULL : play_asker,
                                          .behavior = is_behavior ? &asking : NULL};
    a_root(stage->world, &options);
    tr_world_advance(stage->world, 100 * MS);
}

static void drop(void)
{
    drop_world(&stage->world);
    drop_probe(&stage->seen);
}

/* Promise: ASK-SETTLED */
static void gives_the_request_back_with_an_error(void **state)
{
    (void) state;
    struct stage own;
    for (unsigned is_behavior = 0; is_behavior < 2; is_behavior++) {
        make(&own, TROUPE_FOREVER);
        own.answer = TROUPE_ERROR_USER;
        ask(is_behavior != 0);
        assert_said(own.seen, "request",
                    is_behavior != 0 ? "then USER 7" : "ask USER, back 7, reply 0");
        drop();
    }
}

/* Promise: ASK-SETTLED */
static void tells_a_behavior_that_it_was_given_up(void **state)
{
    (void) state;
    struct stage own;
    for (unsigned is_behavior = 0; is_behavior < 2; is_behavior++) {
        make(&own, TROUPE_WITHIN_MS(20));
        ask(is_behavior != 0);
        assert_said(own.seen, "request", "given up",
                    is_behavior != 0 ? "then TIMED_OUT 7" : "ask TIMED_OUT, back 7, reply 0");
        drop();
        make(&own, TROUPE_NOW);
        ask(is_behavior != 0);
        assert_said(own.seen, "request given up",
                    is_behavior != 0 ? "then NO_REPLY 7" : "ask NO_REPLY, back 7, reply 0");
        drop();
    }
}

/* Promise: ASK-SETTLED */
static void counts_an_answer_that_comes_after_all(void **state)
{
    (void) state;
    struct stage own;
    for (unsigned is_behavior = 0; is_behavior < 2; is_behavior++) {
        make(&own, TROUPE_WITHIN_MS(20));
        own.answers_late = true;
        ask(is_behavior != 0);
        assert_said(own.seen, "request", "given up",
                    is_behavior != 0 ? "then OK 8" : "ask OK, back 0, reply 8");
        drop();
    }
}

static troupe_error play_stopper(troupe_self *self, void *argument)
{
    (void) argument;
    return troupe_stop(self, stage->receiver);
}

/* Promise: ASK-SETTLED */
static void gives_back_what_the_receiver_left_behind(void **state)
{
    (void) state;
    struct stage own;
    make(&own, TROUPE_FOREVER);
    own.fails = true;
    ask(false);
    assert_said(own.seen, "request", "ask HANDLER_FAILED, back 7, reply 0");
    probe_clear(own.seen);
    ask(false);
    assert_said(own.seen, "ask STALE, back 7, reply 0");
    drop();
    make(&own, TROUPE_FOREVER);
    ask(false);
    a_root(own.world, TROUPE_SPAWN(.body = play_stopper));
    tr_world_advance(own.world, 100 * MS);
    assert_said(own.seen, "request", "ask NO_REPLY, back 7, reply 0");
    drop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_request_back_with_an_error),
        cmocka_unit_test(tells_a_behavior_that_it_was_given_up),
        cmocka_unit_test(counts_an_answer_that_comes_after_all),
        cmocka_unit_test(gives_back_what_the_receiver_left_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
