/* SPDX-License-Identifier: MIT */
/* Actors that talk are moved at random moments, many times: each hears every other in the order
 * sent, once, and what it started comes to it. */
#include <stdlib.h>
#include <troupe/troupe.h>

#include "support/actors.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define TALKERS 10
#define ALL (TALKERS + 2) /* and some with a thread of their own, that come later */
#define STEPS 80
#define SEEDS 400
#define CHATTERERS 8
#define LAST_WORDS 3

struct word {
    uint32_t from;
    uint32_t number;
};

static const troupe_type word_type = TROUPE_TYPE(struct word);
static const troupe_type question_type = TROUPE_TYPE(struct word);
static const troupe_type last_type = TROUPE_TYPE(struct word); /* of a child to its parent */

struct field;

struct talker {
    struct field *field;
    uint32_t index;
    uint32_t sent[ALL];  /* to each */
    uint32_t heard[ALL]; /* the last number from each */
    uint32_t last_words; /* of the child there is */
    bool has_child;
};

/* All that live in one world; one thread runs them. */
struct field {
    troupe_ref refs[ALL];
    struct talker talkers[ALL];
    char names[ALL][8];
    uint64_t words;
    uint64_t replies;
    uint64_t downs;
    uint64_t ticks;
    uint64_t waits;
    uint64_t moves;
    const char *fault;
};

static uint64_t draw(troupe_self *self, uint64_t below)
{
    return troupe_self_random(self) % below;
}

static void blame(struct field *field, const char *fault)
{
    if (field->fault == NULL) {
        field->fault = fault;
    }
}

static troupe_error say(troupe_self *self, struct talker *talker, uint32_t to)
{
    const struct word word = {.from = talker->index, .number = talker->sent[to] + 1};
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_message_create(self, &word_type, &word, &message);
    if (error == TROUPE_OK) {
        error = troupe_send_message(self, talker->field->refs[to], &message);
    }
    talker->sent[to] += error == TROUPE_OK ? 1 : 0;
    return error;
}

static bool is_behavior(uint32_t index)
{
    return index % 3 == 2 && index < TALKERS;
}

/* What a behavior gets back leaves a hole. */
static void hear_word(struct talker *talker, const struct word *word)
{
    const uint32_t before = talker->heard[word->from];
    if (word->number <= before || (!is_behavior(word->from) && word->number != before + 1)) {
        blame(talker->field, "a word came out of order, twice or not at all");
    }
    talker->heard[word->from] = word->number;
    talker->field->words++;
}

static const struct word *word_of(const troupe_message *message)
{
    const troupe_type *const types[] = {&word_type, &question_type, &last_type};
    const struct word *word = NULL;
    for (size_t i = 0; i < 3 && word == NULL; i++) {
        word = troupe_message_struct(message, types[i]);
    }
    return word;
}

static void hear(troupe_self *self, struct talker *talker, troupe_message *message)
{
    struct field *field = talker->field;
    const struct word *word = word_of(message);
    if (troupe_message_is(message, &word_type)) {
        hear_word(talker, word);
    } else if (troupe_message_is(message, &question_type)) {
        (void) troupe_reply_struct(self, message, &question_type, word); /* who asked may be gone */
    } else if (troupe_message_is(message, &last_type)) {
        talker->last_words++;
        if (word->number != talker->last_words) {
            blame(field, "a child's words came out of order");
        }
    } else if (troupe_message_is(message, &troupe_down_type)) {
        if (!talker->has_child || talker->last_words != LAST_WORDS) {
            blame(field, "a DOWN came twice, or before what the dead had sent");
        }
        talker->has_child = false;
        field->downs++;
    } else {
        field->ticks++;
    }
}

static troupe_error live_shortly(troupe_self *self, void *argument)
{
    (void) argument;
    for (uint32_t i = 1; i <= LAST_WORDS; i++) {
        const struct word word = {.number = i};
        const troupe_error error =
            troupe_send_struct(self, troupe_self_parent(self), &last_type, &word);
        if (error) {
            return error;
        }
    }
    return TROUPE_OK;
}

/* A child that says a few words and ends, watched from its start. */
static void have_child(troupe_self *self, struct talker *talker)
{
    troupe_monitor_id monitor;
    troupe_ref ref;
    if (talker->has_child || !troupe_ref_is_none(troupe_self_parent(self))) {
        return;
    }
    talker->last_words = 0;
    talker->has_child =
        troupe_spawn_nowait(
            self,
            TROUPE_SPAWN(.body = live_shortly, .out_monitor = &monitor, .place = TROUPE_PLACE_ANY),
            &ref) == TROUPE_OK;
}

static void ask_one(troupe_self *self, struct talker *talker, uint32_t to)
{
    const struct word word = {.from = talker->index, .number = (uint32_t) draw(self, 1000)};
    TROUPE_AUTO(troupe_message) *reply = NULL;
    const troupe_error error =
        troupe_ask_struct(self, talker->field->refs[to], &question_type, &word,
                          TROUPE_WITHIN_US(100 + draw(self, 4000)), &reply);
    if (error == TROUPE_OK) {
        const struct word *answer = word_of(reply);
        if (answer->number != word.number || answer->from != word.from) {
            blame(talker->field, "a reply to another ask");
        }
        talker->field->replies++;
    }
}

static void sleep_well(troupe_self *self, struct talker *talker)
{
    const uint64_t before_ns = troupe_self_now_ns(self);
    const uint64_t us = 1 + draw(self, 700);
    if (troupe_sleep(self, TROUPE_WITHIN_US(us)) == TROUPE_OK &&
        troupe_self_now_ns(self) < before_ns + us * 1000) {
        blame(talker->field, "woken too early");
    }
    talker->field->waits++;
}

static void find_one(troupe_self *self, struct talker *talker, uint32_t index)
{
    troupe_ref ref;
    if (!troupe_ref_is_none(talker->field->refs[index]) &&
        troupe_lookup(self, talker->field->names[index], &ref) == TROUPE_OK &&
        !troupe_ref_is_same(ref, talker->field->refs[index])) {
        blame(talker->field, "a name of another actor");
    }
}

static troupe_error listen_once(troupe_self *self, struct talker *talker, uint64_t us)
{
    static const troupe_accept accepted[] = {{.type = &question_type}};
    const troupe_timeout timeout = us > 0 ? TROUPE_WITHIN_US(us) : TROUPE_NOW;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = draw(self, 8) == 0
                                   ? troupe_receive_only(self, accepted, 1, &message, timeout)
                                   : troupe_receive(self, &message, timeout);
    if (error == TROUPE_OK) {
        if (draw(self, 10) == 0 && troupe_message_is(message, &word_type) &&
            troupe_stash(self, &message) == TROUPE_OK) {
            (void) troupe_unstash(self, 1); /* before all that came later */
            return TROUPE_OK;
        }
        hear(self, talker, message);
    }
    return error;
}

/* It may have moved between the two. */
static troupe_error say_twice(troupe_self *self, struct talker *talker, uint32_t to)
{
    troupe_error error = say(self, talker, to);
    if (error == TROUPE_OK) {
        error = troupe_yield(self);
    }
    return error == TROUPE_OK ? say(self, talker, to) : error;
}

static troupe_error do_something(troupe_self *self, struct talker *talker)
{
    const uint32_t to = (uint32_t) draw(self, ALL);
    switch (draw(self, 12)) {
    case 0:
        ask_one(self, talker, to);
        return TROUPE_OK;
    case 1:
        have_child(self, talker);
        return TROUPE_OK;
    case 2:
        sleep_well(self, talker);
        return TROUPE_OK;
    case 3:
        find_one(self, talker, to);
        return TROUPE_OK;
    case 4:
    case 5:
    case 6:
        return listen_once(self, talker, draw(self, 500));
    case 7:
    case 8:
        return troupe_yield(self);
    default:
        return say_twice(self, talker, to);
    }
}

static bool is_over(troupe_error error)
{
    return error == TROUPE_ERROR_STOPPING || error == TROUPE_ERROR_CANCELLED;
}

static troupe_error talk(troupe_self *self, void *argument)
{
    struct talker *talker = argument;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_US(50)); /* until all are there */
    for (unsigned i = 0; i < STEPS && !is_over(error); i++) {
        error = do_something(self, talker);
    }
    while (!is_over(error)) {
        error = listen_once(self, talker, 10000);
    }
    return TROUPE_ERROR_STOPPING;
}

static troupe_error begin(troupe_self *self, void *state, void *argument)
{
    struct talker **talker = state;
    *talker = argument;
    troupe_timer timer;
    return troupe_timer_start(self, TROUPE_TIMER(.every = TROUPE_WITHIN_US(400)), &timer);
}

static troupe_error answered(troupe_self *self, void *state, troupe_error error,
                             troupe_message **reply, void *context)
{
    struct talker *talker = *(struct talker **) state;
    (void) self;
    if (error == TROUPE_OK) {
        const struct word *answer = word_of(*reply);
        if (answer->number != (uint32_t) (uintptr_t) context) {
            blame(talker->field, "a reply to another ask");
        }
        talker->field->replies++;
    }
    return TROUPE_OK;
}

static void ask_some(troupe_self *self, struct talker *talker)
{
    const struct word word = {.from = talker->index, .number = (uint32_t) draw(self, 1000)};
    TROUPE_AUTO(troupe_message) *message = NULL;
    if (troupe_message_create(self, &question_type, &word, &message) == TROUPE_OK) {
        (void) troupe_ask_message_then(self, talker->field->refs[draw(self, ALL)], &message,
                                       TROUPE_WITHIN_US(100 + draw(self, 4000)), answered,
                                       (void *) (uintptr_t) word.number); /* refused: none */
    }
}

static troupe_error react(troupe_self *self, void *state, troupe_message **message)
{
    struct talker *talker = *(struct talker **) state;
    hear(self, talker, *message);
    if (talker->field->ticks > STEPS * 10) {
        return TROUPE_OK;
    }
    if (troupe_message_is(*message, &troupe_tick_type)) {
        (void) say(self, talker, (uint32_t) draw(self, ALL)); /* refused: not counted */
        ask_some(self, talker);
        have_child(self, talker);
    } else if (draw(self, 3) == 0) {
        (void) say(self, talker, (uint32_t) draw(self, ALL));
    }
    return TROUPE_OK;
}

static troupe_error take_back(troupe_self *self, void *state, troupe_error reason,
                              troupe_message **message)
{
    struct talker *talker = *(struct talker **) state;
    (void) self;
    (void) message;
    if (reason != TROUPE_ERROR_STALE && reason != TROUPE_ERROR_STOPPING &&
        reason != TROUPE_ERROR_WOULD_DEADLOCK) {
        blame(talker->field, "a parked message came back without a reason");
    }
    return TROUPE_OK;
}

static const troupe_behavior reactive =
    TROUPE_BEHAVIOR(.name = "reactive", .state_size = sizeof(struct talker *), .start = begin,
                    .other = react, .refused = take_back);

/* Says much and is runnable all the time, so that it moves in the middle of what it says. */
static troupe_error chatter(troupe_self *self, void *argument)
{
    struct talker *talker = argument;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_US(50)); /* until all are there */
    for (unsigned i = 0; i < STEPS * 2 && !is_over(error); i++) {
        error = say(self, talker, (uint32_t) draw(self, CHATTERERS));
        if (!is_over(error)) {
            error = troupe_yield(self);
        }
        while (!is_over(error) && listen_once(self, talker, 0) == TROUPE_OK) {
            /* All that is there. */
        }
    }
    while (!is_over(error)) {
        error = listen_once(self, talker, 10000);
    }
    return TROUPE_ERROR_STOPPING;
}

static void add_talker(tr_world *world, struct field *field, uint64_t seed, uint32_t index)
{
    const uint64_t number = tr_hash_u64(seed * ALL + index);
    struct talker *talker = &field->talkers[index];
    *talker = (struct talker) {.field = field, .index = index};
    (void) snprintf(field->names[index], sizeof field->names[index], "t%u", index);
    field->refs[index] = a_root(
        world, TROUPE_SPAWN(.name = field->names[index], .body = is_behavior(index) ? NULL : talk,
                            .behavior = is_behavior(index) ? &reactive : NULL, .argument = talker,
                            .mailbox_capacity = 4 + (uint32_t) number % 30, .parked_max = 16,
                            .place = index < TALKERS ? TROUPE_PLACE_ANY : TROUPE_PLACE_OWN_THREAD));
}

static void run_seed(uint64_t seed, void *context)
{
    struct field *total = context;
    struct field field = {.words = 0};
    tr_world *world =
        a_world_of(&(const tr_world_options) {.seed = seed,
                                              .workers = 2 + (uint32_t) seed % 4,
                                              .delay_ns_max = seed % 5 * MS / 5,
                                              .turn_messages = 1 + (uint32_t) seed % 8,
                                              .pass_ns = seed % 3 * 1000,
                                              .moves_percent = 5 + (uint32_t) seed % 30,
                                              .refuse_chance_percent = (uint32_t) seed % 3 * 10});
    for (uint32_t i = 0; i < ALL; i++) {
        add_talker(world, &field, seed, i);
    }
    tr_world_advance(world, 30 * MS);
    assert_sound(world);
    if (field.fault != NULL) {
        fail_msg("%s", field.fault);
    }
    total->moves += tr_world_moves(world);
    drop_world(&world);
    total->words += field.words;
    total->replies += field.replies;
    total->downs += field.downs;
    total->ticks += field.ticks;
    total->waits += field.waits;
}

static void run_chatter(uint64_t seed, void *context)
{
    struct field *total = context;
    struct field field = {.words = 0};
    tr_world *world =
        a_world_of(&(const tr_world_options) {.seed = seed,
                                              .workers = 3 + (uint32_t) seed % 4,
                                              .delay_ns_max = 20000,
                                              .turn_messages = 1 + (uint32_t) seed % 8,
                                              .pass_ns = 1000,
                                              .moves_percent = 5 + (uint32_t) seed % 40});
    for (uint32_t i = 0; i < CHATTERERS; i++) {
        field.talkers[i] = (struct talker) {.field = &field, .index = i};
        field.refs[i] =
            a_root(world, TROUPE_SPAWN(.body = chatter, .argument = &field.talkers[i],
                                       .mailbox_capacity = 256, .place = TROUPE_PLACE_ANY));
    }
    tr_world_advance(world, 5 * MS);
    if (field.fault != NULL) {
        fail_msg("%s", field.fault);
    }
    total->moves += tr_world_moves(world);
    total->words += field.words;
    drop_world(&world);
}

/* Promise: MOVE-ORDER */
static void keeps_order_when_both_ends_move_in_the_middle_of_it(void **state)
{
    (void) state;
    struct field total = {.words = 0};
    for_each_seed(SEEDS, run_chatter, &total);
    if (getenv("TROUPE_SEED") == NULL) {
        assert_true(total.moves > SEEDS * 20);
        assert_true(total.words > SEEDS * 300);
    }
}

/* Promise: MOVE-ORDER, MOVE-KEEPS */
static void keeps_order_and_all_that_belongs_to_an_actor(void **state)
{
    (void) state;
    struct field total = {.words = 0};
    for_each_seed(SEEDS, run_seed, &total);
    if (getenv("TROUPE_SEED") == NULL) {
        assert_true(total.moves > SEEDS * 20);
        assert_true(total.words > SEEDS * 50);
        assert_true(total.replies > SEEDS * 2);
        assert_true(total.downs > SEEDS * 2);
        assert_true(total.ticks > SEEDS * 10);
        assert_true(total.waits > SEEDS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_order_when_both_ends_move_in_the_middle_of_it),
        cmocka_unit_test(keeps_order_and_all_that_belongs_to_an_actor),
    };
    return cmocka_run_group_tests_name("moves_random", tests, NULL, NULL);
}
