/* SPDX-License-Identifier: MIT */
/* A seat: every handler can be told from the one before, by who looks from outside. */
#include "core/seat.h"

#include <stdlib.h>
#include <troupe/troupe.h>

#include "core/actor.h"
#include "support/fixtures.h"
#include "support/probe.h"
#include "support/world_fixture.h"

struct first {
    int number;
};
static const troupe_type first_type = TROUPE_TYPE(struct first);
static const troupe_type second_type = TROUPE_SIGNAL("second");

struct sample {
    uint64_t turns;
    const void *type;
    uint32_t slot;
    uint32_t number;
    uint32_t is_inside;
};

#define MESSAGES 200

/* What an actor sees of its own worker's seat in each handler. */
struct record {
    tr_world *world;
    troupe_ref to;
    struct sample samples[MESSAGES];
    size_t count;
    unsigned types_missed; /* samples with another type than that of the message */
};

static struct sample take_sample(tr_world *world)
{
    const tr_worker *worker = tr_world_worker(world, 0);
    const tr_seat *seat = tr_worker_seat(worker);
    return (struct sample) {
        .turns = atomic_load(&worker->ledger.counts[TR_COUNT_TURNS]),
        .type = atomic_load(&seat->type),
        .slot = atomic_load(&seat->slot),
        .number = atomic_load(&seat->number),
        .is_inside = atomic_load(&seat->is_inside),
    };
}

static void note(struct record *record, const troupe_message *message)
{
    const struct sample sample = take_sample(record->world);
    const troupe_type *type = troupe_message_is(message, &first_type) ? &first_type : &second_type;
    record->types_missed += sample.type != type ? 1 : 0;
    record->samples[record->count++] = sample;
}

static troupe_error start_noting(troupe_self *self, void *state, void *argument)
{
    (void) self;
    *(struct record **) state = argument;
    return TROUPE_OK;
}

static troupe_error note_handled(troupe_self *self, void *state, troupe_message **message)
{
    (void) self;
    note(*(struct record **) state, *message);
    return TROUPE_OK;
}

static const troupe_behavior noting = {
    .size = sizeof(troupe_behavior),
    .name = "noting",
    .state_size = sizeof(struct record *),
    .start = start_noting,
    .other = note_handled,
};

static troupe_error noting_body(troupe_self *self, void *argument)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        note(argument, message);
    }
    return TROUPE_OK;
}

static troupe_error sending_body(troupe_self *self, void *argument)
{
    const struct record *record = argument;
    const struct first first = {.number = 1};
    troupe_error error = TROUPE_OK;
    for (int i = 0; i < MESSAGES && !error; i++) {
        error = i % 4 < 2 ? troupe_send_struct(self, record->to, &first_type, &first)
                           : troupe_send_struct(self, record->to, &second_type, NULL);
    }
    return error;
}

static bool is_same(const struct sample *left, const struct sample *right)
{
    return left->turns == right->turns && left->type == right->type && left->slot == right->slot &&
           left->number == right->number;
}

static void note_all(tr_world *world, const troupe_spawn_options *options, struct record *record)
{
    record->world = world;
    record->to = a_root(world, options);
    a_root(world, TROUPE_SPAWN(.body = sending_body, .argument = record));
    tr_world_run(world);

    assert_int_equal(record->count, MESSAGES);
    assert_int_equal(record->types_missed, 0);
    for (size_t i = 0; i < MESSAGES; i++) {
        assert_int_equal(record->samples[i].slot, record->to.slot);
        assert_int_equal(record->samples[i].is_inside, 0);
        assert_false(i > 0 && is_same(&record->samples[i], &record->samples[i - 1]));
    }
    const struct sample at_rest = take_sample(world);
    assert_int_equal(at_rest.slot, TR_SEAT_EMPTY);
    assert_int_equal(at_rest.is_inside, 1);
}

static void tells_the_handlers_of_a_behavior_apart(void **state)
{
    static struct record record;
    note_all(*state, TROUPE_SPAWN(.behavior = &noting, .argument = &record), &record);
}

static void tells_the_messages_of_a_coroutine_apart(void **state)
{
    static struct record record;
    note_all(*state, TROUPE_SPAWN(.body = noting_body, .argument = &record), &record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(tells_the_handlers_of_a_behavior_apart),
        WITH_WORLD(tells_the_messages_of_a_coroutine_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
