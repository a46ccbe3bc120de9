/* SPDX-License-Identifier: MIT */
/* What a test has its probes do. */
#include <troupe/troupe.h>

#include "support/kit_fixture.h"

/* Twice what it is asked, by asking the one whom the argument names. */
static troupe_error asks_another(troupe_self *self, void *argument)
{
    troupe_message *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    uint64_t answer = 0;
    if (!error) {
        error = ask_figure(self, *(const troupe_ref *) argument, figure_of(message),
                           TROUPE_WITHIN_S(1), &answer);
        error = error ? troupe_reply_error(self, message, error)
                      : reply_figure(self, message, 2 * answer);
    }
    troupe_message_destroy(&message);
    return error;
}

static const uint64_t seven = 7;

static troupe_ref spawned(const struct kit_stage *stage, troupe_body *body, void *argument)
{
    troupe_ref ref = troupe_ref_none();
    troupe_must(
        stage->kit,
        troupe_probe_spawn(stage->probe, TROUPE_SPAWN(.body = body, .argument = argument), &ref));
    return ref;
}

/* Promise: KIT-PROBE */
static void ask_and_answer_in_the_middle_of_it(void **state)
{
    struct kit_stage *stage = *state;
    troupe_probe *other = NULL;
    troupe_must(stage->kit, troupe_probe_create(stage->kit, 0, "other", &other));
    troupe_ref to = troupe_probe_ref(other);
    const troupe_ref asker = spawned(stage, asks_another, &to);
    troupe_must(stage->kit,
                troupe_probe_ask(stage->probe, asker, TROUPE_STRUCT(&figure_type, &seven),
                                 TROUPE_WITHIN_S(1)));
    troupe_message *request = troupe_expect(other, TROUPE_WITHIN_S(1), .type = &figure_type);
    assert_int_equal(figure_of(request), 7);
    assert_true(troupe_message_wants_reply(request));
    assert_true(troupe_ref_is_same(troupe_message_sender(request), asker));
    const uint64_t eight = 8;
    troupe_must(stage->kit,
                troupe_probe_reply(other, &request, TROUPE_STRUCT(&figure_type, &eight)));
    assert_null(request);
    assert_int_equal(expect_figure(stage->probe, TROUPE_WITHIN_S(1)), 16);
}

/* Promise: KIT-PROBE */
static void leave_a_request_unanswered_or_answer_with_an_error(void **state)
{
    struct kit_stage *stage = *state;
    troupe_probe *other = NULL;
    troupe_must(stage->kit, troupe_probe_create(stage->kit, 0, NULL, &other));
    troupe_ref to = troupe_probe_ref(other);
    const troupe_error expected[] = {TROUPE_ERROR_TIMED_OUT, TROUPE_ERROR_NO_REPLY,
                                     TROUPE_ERROR_NOT_AUTHORISED};
    for (uint32_t i = 0; i < 3; i++) {
        const troupe_ref asker = spawned(stage, asks_another, &to);
        troupe_must(stage->kit,
                    troupe_probe_ask(stage->probe, asker, TROUPE_STRUCT(&figure_type, &seven),
                                     TROUPE_WITHIN_S(2)));
        troupe_message *request = troupe_expect(other, TROUPE_WITHIN_S(1), .type = &figure_type);
        if (i == 1) {
            troupe_message_destroy(&request);
        } else if (i == 2) {
            troupe_must(stage->kit,
                        troupe_probe_reply(other, &request,
                                           TROUPE_CONTENT(.error = TROUPE_ERROR_NOT_AUTHORISED)));
        }
        troupe_message *answer = troupe_fish(stage->probe, i == 0 ? TROUPE_WITHIN_S(1) : TROUPE_NOW,
                                             .type = &troupe_no_answer_type);
        const troupe_no_answer *why = troupe_message_struct(answer, &troupe_no_answer_type);
        assert_int_equal(why->error, expected[i]);
        troupe_message_destroy(&answer);
        troupe_message_destroy(&request);
        (void) troupe_expect_down(stage->probe, asker, TROUPE_NOW);
    }
}

/* Promise: KIT-PROBE */
static void stand_before_the_real_one(void **state)
{
    struct kit_stage *stage = *state;
    const troupe_ref doubler = spawned(stage, play_doubler, NULL);
    troupe_probe *before = NULL;
    troupe_must(stage->kit, troupe_probe_create(stage->kit, 0, NULL, &before));
    troupe_ref to = troupe_probe_ref(before);
    const troupe_ref asker = spawned(stage, asks_another, &to);
    troupe_must(stage->kit,
                troupe_probe_ask(stage->probe, asker, TROUPE_STRUCT(&figure_type, &seven),
                                 TROUPE_WITHIN_S(2)));
    troupe_message *held = troupe_expect(before, TROUPE_NOW, .type = &figure_type);
    troupe_advance(stage->kit, TROUPE_WITHIN_MS(500));
    troupe_must(stage->kit, troupe_probe_forward(before, doubler, &held));
    assert_null(held);
    assert_int_equal(expect_figure(stage->probe, TROUPE_NOW), 28);
}

static troupe_error fails_at_start(troupe_self *self, void *argument)
{
    (void) argument;
    return troupe_fail(self, TROUPE_ERROR_PROTOCOL, "no");
}

/* Promise: KIT-SPAWN */
static void spawn_what_is_tested_and_see_its_end(void **state)
{
    struct kit_stage *stage = *state;
    const troupe_ref failing = spawned(stage, play_failing, NULL);
    troupe_expect_none(stage->probe, TROUPE_WITHIN_S(1));
    troupe_must(stage->kit,
                troupe_probe_send(stage->probe, failing, TROUPE_STRUCT(&figure_type, &seven)));
    troupe_down down = troupe_expect_down(stage->probe, failing, TROUPE_NOW);
    assert_int_equal(down.kind, TROUPE_DOWN_FAILED);
    assert_int_equal(down.reason, TROUPE_ERROR_FAILED);

    const troupe_ref never = spawned(stage, fails_at_start, NULL);
    down = troupe_expect_down(stage->probe, never, TROUPE_NOW);
    assert_int_equal(down.reason, TROUPE_ERROR_PROTOCOL);

    static const troupe_down_kind hows[] = {TROUPE_DOWN_STOPPED, TROUPE_DOWN_CANCELLED,
                                            TROUPE_DOWN_KILLED};
    for (uint32_t i = 0; i < 3; i++) {
        const troupe_ref idle = spawned(stage, play_idle, NULL);
        troupe_must(stage->kit, troupe_probe_end(stage->probe, idle, hows[i]));
        down = troupe_expect_down(stage->probe, idle, TROUPE_NOW);
        assert_int_equal(down.kind, hows[i]);
    }
}

static troupe_error is_not_ready(troupe_self *self, void *argument)
{
    (void) argument;
    return troupe_sleep(self, TROUPE_FOREVER);
}

static void stop_what_does_not_start(void **state)
{
    struct kit_stage *stage = *state;
    troupe_ref ref = troupe_ref_none();
    assert_fails(
        troupe_probe_spawn(stage->probe,
                           TROUPE_SPAWN(.body = is_not_ready, .ready_when = TROUPE_READY_WHEN_SAID,
                                        .start_timeout = TROUPE_WITHIN_MS(3)),
                           &ref),
        TIMED_OUT);
    troupe_message *message = troupe_expect(stage->probe, TROUPE_NOW, .type = &troupe_down_type);
    troupe_message_destroy(&message);
}

/* Promise: KIT-PROBE */
static void watch_whoever_it_is(void **state)
{
    struct kit_stage *stage = *state;
    troupe_ref ref = troupe_ref_none();
    troupe_must(stage->kit, troupe_simulation_spawn(troupe_kit_simulation(stage->kit), 0,
                                                    TROUPE_SPAWN(.body = play_failing), &ref));
    troupe_must(stage->kit, troupe_probe_watch(stage->probe, ref));
    troupe_expect_none(stage->probe, TROUPE_WITHIN_S(1));
    troupe_must(stage->kit,
                troupe_probe_send(stage->probe, ref, TROUPE_STRUCT(&figure_type, NULL)));
    const troupe_down down = troupe_expect_down(stage->probe, ref, TROUPE_WITHIN_S(1));
    assert_int_equal(down.reason, TROUPE_ERROR_FAILED);
}

static void refuse_what_cannot_be(void **state)
{
    struct kit_stage *stage = *state;
    const troupe_ref self = troupe_probe_ref(stage->probe);
    troupe_ref ref = troupe_ref_none();
    troupe_probe *other = NULL;
    troupe_monitor_id monitor = {0};
    troupe_message *none = NULL;
    assert_fails(troupe_probe_create(stage->kit, 9, NULL, &other), BAD_ARGUMENT);
    assert_fails(troupe_probe_send(stage->probe, self, NULL), BAD_ARGUMENT);
    assert_fails(troupe_probe_send(stage->probe, self, TROUPE_CONTENT()), BAD_ARGUMENT);
    assert_fails(
        troupe_probe_send(stage->probe, troupe_ref_none(), TROUPE_STRUCT(&figure_type, &seven)),
        NO_SUCH_ACTOR);
    assert_fails(troupe_probe_ask(stage->probe, self, NULL, TROUPE_FOREVER), BAD_ARGUMENT);
    assert_fails(troupe_probe_reply(stage->probe, &none, TROUPE_CONTENT()), BAD_ARGUMENT);
    assert_fails(troupe_probe_forward(stage->probe, self, &none), BAD_ARGUMENT);
    assert_fails(troupe_probe_watch(stage->probe, troupe_ref_none()), BAD_ARGUMENT);
    assert_fails(troupe_probe_end(stage->probe, self, TROUPE_DOWN_NORMAL), BAD_ARGUMENT);
    assert_fails(troupe_probe_do(stage->probe, NULL, NULL), BAD_ARGUMENT);
    assert_fails(troupe_probe_spawn(stage->probe, NULL, &ref), BAD_ARGUMENT);
    assert_fails(troupe_probe_spawn(stage->probe,
                                    TROUPE_SPAWN(.body = play_idle, .out_monitor = &monitor), &ref),
                 BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KIT(ask_and_answer_in_the_middle_of_it),
        WITH_KIT(leave_a_request_unanswered_or_answer_with_an_error),
        WITH_KIT(stand_before_the_real_one),
        WITH_KIT(spawn_what_is_tested_and_see_its_end),
        WITH_KIT(stop_what_does_not_start),
        WITH_KIT(watch_whoever_it_is),
        WITH_KIT(refuse_what_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
