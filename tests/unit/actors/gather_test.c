/* SPDX-License-Identifier: MIT */
/* What a request to all members of a router promises: one answer, with the outcome of each. */
#include <troupe/actors/router.h>

#include "support/cast.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)
#define MEMBERS 5

/* How the members answer. */
enum manner {
    ANSWERS,
    FAILS,
    REFUSES,
    SAYS_NOTHING,
    IS_SILENT
};

struct member {
    enum manner manner;
    uint64_t after_ms;
    uint64_t number;
};

struct scene {
    tr_world *world;
    troupe_router_options options;
    troupe_ref router;
    struct member members[MEMBERS];
    troupe_ref refs[MEMBERS];
    troupe_timeout timeout;
    troupe_error error; /* of the ask */
    uint64_t took_ms;
    uint32_t count; /* of the answers */
    uint32_t succeeded;
    troupe_error errors[MEMBERS];
    uint64_t sum; /* of the numbers in them */
};

static troupe_error treat(troupe_self *self, const struct member *member, troupe_message *message)
{
    switch (member->manner) {
    case ANSWERS:
        return reply_figure(self, message, member->number);
    case FAILS:
        return TROUPE_ERROR_FAILED;
    case REFUSES:
        return troupe_reply_error(self, message, TROUPE_ERROR_OVERLOADED);
    case SAYS_NOTHING:
        return TROUPE_OK;
    case IS_SILENT:
        break;
    }
    return troupe_sleep(self, TROUPE_WITHIN_S(50));
}

static troupe_error member_body(troupe_self *self, void *argument)
{
    const struct member *member = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (error == TROUPE_OK && member->after_ms != 0) {
            error = troupe_sleep(self, TROUPE_WITHIN_MS(member->after_ms));
        }
        if (error == TROUPE_OK) {
            error = treat(self, member, message);
        }
        /* Nobody waits for it any more: that is no failure. */
        error =
            error == TROUPE_ERROR_TIMED_OUT || error == TROUPE_ERROR_CANCELLED ? TROUPE_OK : error;
    }
    return error;
}

static troupe_error root_body(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_router_spawn(self, &scene->options, &scene->router);
    for (size_t i = 0; i < MEMBERS && error == TROUPE_OK; i++) {
        error = troupe_router_join(self, scene->router, scene->refs[i], 0);
    }
    return error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
}

static void note_answers(struct scene *scene, const troupe_router_answers *answers)
{
    scene->count = answers->count;
    scene->succeeded = answers->succeeded;
    for (uint32_t i = 0; i < answers->count && i < MEMBERS; i++) {
        scene->errors[i] = answers->list[i].error;
        if (answers->list[i].reply != NULL) {
            scene->sum += figure_of(answers->list[i].reply);
        }
    }
}

static troupe_error asker_body(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    const uint64_t one = 1;
    const uint64_t from_ns = troupe_self_now_ns(self);
    scene->error =
        troupe_ask_struct(self, scene->router, &figure_type, &one, scene->timeout, &reply);
    scene->took_ms = (troupe_self_now_ns(self) - from_ns) / MS;
    const troupe_router_answers *answers =
        troupe_message_struct(reply, &troupe_router_answers_type);
    if (answers != NULL) {
        note_answers(scene, answers);
    }
    return TROUPE_OK;
}

static void make(struct scene *scene, uint64_t seed)
{
    scene->world = a_world(seed, 1 + (uint32_t) (seed % 3));
    scene->options.size = sizeof scene->options;
    scene->options.way = TROUPE_ROUTER_BROADCAST;
    for (size_t i = 0; i < MEMBERS; i++) {
        scene->refs[i] =
            a_root(scene->world, TROUPE_SPAWN(.body = member_body, .argument = &scene->members[i]));
    }
    (void) a_root(scene->world, TROUPE_SPAWN(.body = root_body, .argument = scene));
    tr_world_run(scene->world);
}

/* Asks all and waits for what comes of it; a second. */
static void play(struct scene *scene, uint64_t seed)
{
    scene->timeout = scene->timeout.ns != 0 ? scene->timeout : TROUPE_WITHIN_MS(1000);
    make(scene, seed);
    (void) a_root(scene->world, TROUPE_SPAWN(.body = asker_body, .argument = scene));
    tr_world_advance(scene->world, 2000 * MS);
    drop_world(&scene->world);
}

/* Promise: ROUTER-OUTCOMES */
static void says_what_became_of_each(void **state)
{
    (void) state;
    struct scene scene = {.members = {{ANSWERS, 0, 1},
                                      {FAILS, 1, 0},
                                      {REFUSES, 2, 0},
                                      {SAYS_NOTHING, 3, 0},
                                      {ANSWERS, 4, 10}}};
    play(&scene, 1);
    assert_int_equal(scene.error, TROUPE_OK);
    assert_int_equal(scene.count, MEMBERS);
    assert_int_equal(scene.succeeded, 2);
    assert_int_equal(scene.sum, 11);
    static const troupe_error expected[] = {TROUPE_OK, TROUPE_ERROR_HANDLER_FAILED,
                                            TROUPE_ERROR_OVERLOADED, TROUPE_ERROR_NO_REPLY,
                                            TROUPE_OK};
    for (size_t i = 0; i < MEMBERS; i++) {
        assert_int_equal(scene.errors[i], expected[i]);
    }
}

/* Promise: ROUTER-FIRST-N */
static void answers_when_enough_have(void **state)
{
    (void) state;
    struct scene scene = {.options = {.answers_needed = 2},
                          .members = {{ANSWERS, 100, 1},
                                      {ANSWERS, 20, 10},
                                      {FAILS, 1, 0},
                                      {ANSWERS, 30, 100},
                                      {IS_SILENT, 0, 0}}};
    play(&scene, 1);
    assert_int_equal(scene.error, TROUPE_OK);
    assert_int_equal(scene.succeeded, 2);
    assert_int_equal(scene.sum, 110);
    assert_int_equal(scene.errors[0], TROUPE_ERROR_TIMED_OUT); /* not waited for */
    assert_int_equal(scene.errors[2], TROUPE_ERROR_HANDLER_FAILED);
    assert_in_range(scene.took_ms, 30, 36);
}

/* Promise: ROUTER-GATHER-DEADLINE */
static void answers_with_what_there_is_before_the_deadline(void **state)
{
    (void) state;
    struct scene scene = {.members = {{ANSWERS, 0, 1},
                                      {IS_SILENT, 0, 0},
                                      {ANSWERS, 899, 10},
                                      {ANSWERS, 950, 100},
                                      {IS_SILENT, 0, 0}}};
    play(&scene, 1);
    assert_int_equal(scene.error, TROUPE_OK);
    assert_int_equal(scene.succeeded + (scene.errors[2] ? 1 : 0), 2);
    assert_int_equal(scene.errors[3], TROUPE_ERROR_TIMED_OUT);
    assert_in_range(scene.took_ms, 890, 910);

    struct scene short_one = {.options = {.answer_within = TROUPE_WITHIN_MS(50)},
                              .members = {{ANSWERS, 0, 1}, {IS_SILENT, 0, 0}}};
    play(&short_one, 1);
    assert_in_range(short_one.took_ms, 50, 55);
}

/* Promise: ROUTER-OUTCOMES */
static void is_refused_when_too_many_are_under_way(void **state)
{
    (void) state;
    struct scene scene = {.options = {.gathers_max = 1}, .members = {{IS_SILENT, 0, 0}}};
    scene.timeout = TROUPE_WITHIN_MS(100);
    make(&scene, 1);
    struct scene second = {.router = scene.router, .timeout = scene.timeout};
    (void) a_root(scene.world, TROUPE_SPAWN(.body = asker_body, .argument = &scene));
    (void) a_root(scene.world, TROUPE_SPAWN(.body = asker_body, .argument = &second));
    tr_world_advance(scene.world, 1000 * MS);
    assert_int_equal(second.error, TROUPE_ERROR_OVERLOADED);
    assert_int_equal(scene.error, TROUPE_OK);
    drop_world(&scene.world);
}

/* Whatever the members do, and when the asker is gone or the router ends in between: each request
 * has one answer, and nothing is left over. */
static troupe_error stopper_body(troupe_self *self, void *argument)
{
    const struct scene *scene = argument;
    const troupe_error error =
        troupe_sleep(self, troupe_timeout_of_ns(1 + troupe_self_random(self) % (40 * MS)));
    return error ? error : troupe_stop(self, scene->router);
}

static void gather_at_random(uint64_t seed, void *context)
{
    (void) context;
    struct scene scene = {.options = {.answers_needed = (uint32_t) (seed % (MEMBERS + 1))},
                          .timeout = TROUPE_WITHIN_MS(1 + seed % 40)};
    for (size_t i = 0; i < MEMBERS; i++) {
        scene.members[i] =
            (struct member) {(enum manner)((seed >> i) % 5), seed * (i + 1) % 50, i + 1};
    }
    make(&scene, seed);
    struct scene askers[3];
    for (size_t i = 0; i < 3; i++) {
        askers[i] = (struct scene) {
            .router = scene.router, .timeout = scene.timeout, .error = TROUPE_ERROR_USER};
        (void) a_root(scene.world, TROUPE_SPAWN(.body = asker_body, .argument = &askers[i]));
    }
    if (seed % 2 == 1) {
        (void) a_root(scene.world, TROUPE_SPAWN(.body = stopper_body, .argument = &scene));
    }
    tr_world_advance(scene.world, 200 * MS);
    for (size_t i = 0; i < 3; i++) {
        assert_int_not_equal(askers[i].error, TROUPE_ERROR_USER);
        assert_true(askers[i].error != TROUPE_OK || askers[i].count > 0);
    }
    drop_world(&scene.world);
}

/* Promise: ROUTER-OUTCOMES */
static void has_one_answer_whatever_happens_in_between(void **state)
{
    (void) state;
    for_each_seed(300, gather_at_random, NULL);
}

static troupe_error teller_body(troupe_self *self, void *argument)
{
    const struct scene *scene = argument;
    return send_figure(self, scene->router, 1);
}

/* Promise: ROUTER-BROADCAST */
static void gives_each_what_asks_for_no_reply(void **state)
{
    (void) state;
    struct scene scene = {.members = {{SAYS_NOTHING, 0, 0},
                                      {SAYS_NOTHING, 0, 0},
                                      {SAYS_NOTHING, 0, 0},
                                      {SAYS_NOTHING, 0, 0},
                                      {SAYS_NOTHING, 0, 0}}};
    troupe_counts before;
    troupe_counts after;
    make(&scene, 1);
    tr_world_counts(scene.world, &before);
    (void) a_root(scene.world, TROUPE_SPAWN(.body = teller_body, .argument = &scene));
    tr_world_advance(scene.world, 100 * MS);
    tr_world_counts(scene.world, &after);
    assert_int_equal(after.outcomes[TROUPE_OUTCOME_HANDLED] -
                         before.outcomes[TROUPE_OUTCOME_HANDLED],
                     1 + MEMBERS);
    drop_world(&scene.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_became_of_each),
        cmocka_unit_test(answers_when_enough_have),
        cmocka_unit_test(answers_with_what_there_is_before_the_deadline),
        cmocka_unit_test(is_refused_when_too_many_are_under_way),
        cmocka_unit_test(has_one_answer_whatever_happens_in_between),
        cmocka_unit_test(gives_each_what_asks_for_no_reply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
