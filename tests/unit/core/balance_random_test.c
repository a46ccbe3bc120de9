/* SPDX-License-Identifier: MIT */
/* Actors that talk, some of which compute, are balanced and moved at random all the time: each
 * hears every other in the order sent, once, and the ledger balances. */
#include <stdlib.h>
#include <troupe/troupe.h>

#include "support/actors.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define TALKERS 8
#define SEEDS TR_SHAKEN(40, 8)

struct word {
    uint32_t from;
    uint32_t number;
};

static const troupe_type word_type = TROUPE_TYPE(struct word);

struct field;

struct talker {
    struct field *field;
    uint32_t index;
    uint32_t sent[TALKERS];
    uint32_t heard[TALKERS];
};

/* All that live in one world; one thread runs them. */
struct field {
    tr_world *world;
    troupe_ref refs[TALKERS];
    struct talker talkers[TALKERS];
    uint64_t words;
    uint64_t given;
    uint64_t drawn;
    uint64_t moves; /* by force */
    bool is_out_of_order;
};

static uint64_t draw(troupe_self *self, uint64_t below)
{
    return troupe_self_random(self) % below;
}

/* Half of the pairs work much and say what comes to their minds, the others answer each other. */
static bool is_brisk(const struct talker *talker)
{
    return talker->index % 4 >= 2;
}

static troupe_error say(troupe_self *self, struct talker *talker, uint32_t to)
{
    const struct word word = {.from = talker->index, .number = talker->sent[to] + 1};
    tr_world_spend(talker->field->world, draw(self, is_brisk(talker) ? 400 : 20000));
    const troupe_error error = troupe_send_struct(self, talker->field->refs[to], &word_type, &word);
    talker->sent[to] += error == TROUPE_OK ? 1 : 0;
    return error;
}

static troupe_error hear(troupe_self *self, struct talker *talker, const troupe_message *message)
{
    const struct word *word = troupe_message_struct(message, &word_type);
    if (word->number != ++talker->heard[word->from]) {
        talker->field->is_out_of_order = true;
    }
    talker->field->words++;
    const bool is_answered = is_brisk(talker) && word->from == (talker->index ^ 1U);
    return is_answered ? say(self, talker, word->from) : TROUPE_OK;
}

static bool is_over(troupe_error error)
{
    return error == TROUPE_ERROR_STOPPING || error == TROUPE_ERROR_CANCELLED;
}

static troupe_error talk(troupe_self *self, void *argument)
{
    struct talker *talker = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_US(50)); /* until all are there */
    while (!is_over(error)) {
        if (!is_brisk(talker) || error != TROUPE_OK) {
            error = say(self, talker, (uint32_t) draw(self, TALKERS)); /* refused: not counted */
        }
        error = is_over(error) || is_brisk(talker) ? error : troupe_yield(self);
        const troupe_timeout timeout = is_brisk(talker) ? TROUPE_WITHIN_US(200) : TROUPE_NOW;
        while (!is_over(error) && (error = troupe_receive(self, &message, timeout)) == TROUPE_OK) {
            error = hear(self, talker, message);
        }
    }
    return TROUPE_OK;
}

static void run_seed(uint64_t seed, void *context)
{
    struct field *total = context;
    struct field field = {.words = 0};
    troupe_counts counts;
    field.world = a_world_of(&(const tr_world_options) {.seed = seed,
                                                        .workers = 2 + (uint32_t) seed % 4,
                                                        .delay_ns_max = seed % 3 * 10000,
                                                        .turn_messages = 1 + (uint32_t) seed % 8,
                                                        .pass_ns = 1000,
                                                        .moves_percent = (uint32_t) seed % 3,
                                                        .has_balance = true});
    for (uint32_t i = 0; i < TALKERS; i++) {
        field.talkers[i] = (struct talker) {.field = &field, .index = i};
        field.refs[i] = a_root(
            field.world,
            TROUPE_SPAWN(.body = talk, .argument = &field.talkers[i], .mailbox_capacity = 256,
                         .place = i % 4 < 2 ? TROUPE_PLACE_WITH_PARENT : TROUPE_PLACE_ANY));
    }
    tr_world_advance(field.world, 300 * MS);
    assert_false(field.is_out_of_order);
    tr_world_counts(field.world, &counts);
    total->given += counts.given;
    total->drawn += counts.drawn;
    total->moves += tr_world_moves(field.world);
    total->words += field.words;
    drop_world(&field.world);
}

/* Promise: MOVE-ORDER, BALANCE-LOAD, BALANCE-TALK */
static void keeps_order_while_loads_are_balanced(void **state)
{
    (void) state;
    struct field total = {.words = 0};
    for_each_seed(SEEDS, run_seed, &total);
    if (getenv("TROUPE_SEED") == NULL) {
        assert_true(total.given > SEEDS);
        assert_true(total.moves > SEEDS);
        assert_true(total.words > SEEDS * 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_order_while_loads_are_balanced),
    };
    return cmocka_run_group_tests_name("balance_random", tests, NULL, NULL);
}
