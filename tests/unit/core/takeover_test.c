/* SPDX-License-Identifier: MIT */
/* A worker that goes on beside one of its handlers. Here that is done on one thread: the handler
 * itself runs the passes of the worker that the spare thread would run. */
#include "core/takeover.h"

#include <stdlib.h>
#include <string.h>
#include <troupe/troupe.h>

#include "support/fixtures.h"
#include "support/probe.h"
#include "support/world_fixture.h"

struct figure {
    unsigned value;
};
static const troupe_type figure_type = TROUPE_TYPE(struct figure);

/* What the actors of one test share. */
struct stage {
    tr_world *world;
    struct probe *seen;
    troupe_ref refs[8];
    unsigned count;
    unsigned depth; /* of handlers that are held up */
    unsigned takeovers;
    unsigned overlaps; /* an actor ran while its handler was held up */
    unsigned disorders;
    unsigned handled;
};

/* The state of an actor. */
struct role {
    struct stage *stage;
    bool is_busy;
    unsigned last[8]; /* of each sender */
};

/* Runs `passes` passes as a spare thread would that has the worker meanwhile. */
static bool hold_up(struct stage *stage, troupe_self *self, unsigned passes)
{
    tr_worker *worker = self->actor->worker;
    tr_seat *own = self->actor->seat;
    tr_seat spare;
    tr_seat_init(&spare);
    if (!tr_takeover_is_possible(worker, own)) {
        return false;
    }
    tr_takeover_begin(worker, own);
    atomic_store(&worker->seat, &spare);
    stage->depth++;
    stage->takeovers++;
    for (unsigned i = 0; i < passes; i++) {
        (void) tr_worker_pass(worker);
    }
    stage->depth--;
    atomic_store(&worker->seat, own);
    tr_takeover_end(worker, own);
    return true;
}

static troupe_error begin(troupe_self *self, void *state, void *argument)
{
    struct role *role = state;
    (void) self;
    role->stage = argument;
    return TROUPE_OK;
}

/* In order. */

static troupe_error say_and_be_held_up(troupe_self *self, void *state, troupe_message **message)
{
    const struct role *role = state;
    struct stage *stage = role->stage;
    const struct figure *figure = troupe_message_struct(*message, &figure_type);
    const unsigned value = figure->value;
    probe_say(stage->seen, "begins %u", value);
    if (value == 1) {
        probe_say(stage->seen, hold_up(stage, self, 5) ? "held up" : "not held up");
    }
    probe_say(stage->seen, "ends %u", value);
    return TROUPE_OK;
}

static troupe_error say(troupe_self *self, void *state, troupe_message **message)
{
    const struct role *role = state;
    const struct figure *figure = troupe_message_struct(*message, &figure_type);
    (void) self;
    probe_say(role->stage->seen, "other %u", figure->value);
    return TROUPE_OK;
}

static void be_held_up_at_the_end(troupe_self *self, void *state, troupe_error reason)
{
    const struct role *role = state;
    (void) reason;
    probe_say(role->stage->seen, "stop, %s",
              tr_takeover_is_possible(self->actor->worker, self->actor->seat) ? "possible"
                                                                              : "impossible");
}

static const troupe_behavior held_up = {
    .size = sizeof(troupe_behavior),
    .name = "held up",
    .state_size = sizeof(struct role),
    .start = begin,
    .stop = be_held_up_at_the_end,
    .other = say_and_be_held_up,
};
static const troupe_behavior speaker = {
    .size = sizeof(troupe_behavior),
    .name = "speaker",
    .state_size = sizeof(struct role),
    .start = begin,
    .other = say,
};

static troupe_error send_figures(troupe_self *self, void *argument)
{
    struct stage *stage = argument;
    troupe_error error = TROUPE_OK;
    for (unsigned i = 1; i <= 3 && !error; i++) {
        const struct figure figure = {.value = i};
        error = troupe_send_struct(self, stage->refs[0], &figure_type, &figure);
        error = error ? error : troupe_send_struct(self, stage->refs[1], &figure_type, &figure);
    }
    return error;
}

static void lets_others_run_but_not_the_actor_itself(void **state)
{
    struct stage stage = {.world = *state, .seen = a_probe()};
    stage.refs[0] = a_root(
        *state, TROUPE_SPAWN(.behavior = &held_up, .argument = &stage, .mailbox_capacity = 8));
    stage.refs[1] = a_root(
        *state, TROUPE_SPAWN(.behavior = &speaker, .argument = &stage, .mailbox_capacity = 8));

    a_root(*state, TROUPE_SPAWN(.body = send_figures, .argument = &stage));
    tr_world_run(*state);
    assert_said(stage.seen, "begins 1", "other 1", "other 2", "other 3", "held up", "ends 1",
                "begins 2", "ends 2", "begins 3", "ends 3");

    probe_clear(stage.seen);
    assert_true(tr_world_stop(*state));
    assert_said(stage.seen, "stop, impossible");
    drop_probe(&stage.seen);
}

static void is_of_use_only_if_there_is_something_to_do(void **state)
{
    tr_worker *worker = tr_world_worker(*state, 0);
    const uint64_t now_ns = tr_world_now_ns(*state);
    tr_world_run(*state);
    assert_false(tr_takeover_is_useful(worker, now_ns));

    troupe_message *message = tr_message_of_kind(&worker->pool, TR_KIND_SIGNAL);
    message->receiver = (tr_address) {.slot = 1, .generation = 77};
    tr_worker_tell(worker, 0, message);

    assert_true(tr_takeover_is_useful(worker, now_ns));
    tr_world_run(*state);
}

/* At random. */

static void be_at_it(struct role *role, troupe_self *self, unsigned sender, unsigned value)
{
    struct stage *stage = role->stage;
    stage->overlaps += role->is_busy ? 1 : 0;
    stage->disorders += value != role->last[sender] + 1 ? 1 : 0;
    role->last[sender] = value;
    role->is_busy = true;
    const uint64_t chance = troupe_self_random(self);
    if (stage->depth < 2 && chance % 3 == 0) {
        (void) hold_up(stage, self, 1 + (unsigned) (chance >> 8) % 4);
    }
    if (chance % 5 == 0) {
        (void) troupe_send_struct(self, stage->refs[chance % stage->count], &figure_type,
                                  &(const struct figure) {.value = 0});
    }
    role->is_busy = false;
    stage->handled++;
}

static void take_part(struct role *role, troupe_self *self, const troupe_message *message)
{
    const struct figure *figure = troupe_message_struct(message, &figure_type);
    if (figure != NULL && figure->value > 0) {
        be_at_it(role, self, figure->value >> 16, figure->value & 0xffff);
    }
}

static troupe_error take_part_as_behavior(troupe_self *self, void *state, troupe_message **message)
{
    take_part(state, self, *message);
    return TROUPE_OK;
}

static const troupe_behavior part = {
    .size = sizeof(troupe_behavior),
    .name = "part",
    .state_size = sizeof(struct role),
    .start = begin,
    .other = take_part_as_behavior,
};

static troupe_error part_body(troupe_self *self, void *argument)
{
    struct role role = {.stage = argument};
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        take_part(&role, self, message);
    }
    return TROUPE_OK;
}

#define SENDERS 4
#define ROUNDS 20

struct source {
    struct stage *stage;
    unsigned number;
};

static troupe_error source_body(troupe_self *self, void *argument)
{
    const struct source *source = argument;
    struct stage *stage = source->stage;
    troupe_error error = TROUPE_OK;
    for (unsigned i = 1; i <= ROUNDS && !error; i++) {
        const struct figure figure = {.value = source->number << 16 | i};
        for (unsigned to = 0; to < stage->count && !error; to++) {
            error = troupe_send_struct(self, stage->refs[to], &figure_type, &figure);
        }
        if (!error && troupe_self_random(self) % 2 == 0) {
            error = troupe_sleep(self, TROUPE_WITHIN_US(50));
        }
    }
    return error;
}

static void run_at_random(uint64_t seed, void *context)
{
    (void) context;
    struct stage stage = {.world = a_world(seed, 2), .count = 6};
    struct source sources[SENDERS];
    for (unsigned i = 0; i < stage.count; i++) {
        stage.refs[i] =
            i % 2 == 0 ? a_root(stage.world,
                                TROUPE_SPAWN(.behavior = &part, .argument = &stage,
                                             .mailbox_capacity = 5, .place = TROUPE_PLACE_WORKER,
                                             .place_worker = i % 3 == 0 ? 1 : 0))
                       : a_root(stage.world,
                                TROUPE_SPAWN(.body = part_body, .argument = &stage,
                                             .mailbox_capacity = 5, .place = TROUPE_PLACE_WORKER,
                                             .place_worker = i % 3 == 0 ? 1 : 0));
    }
    for (unsigned i = 0; i < SENDERS; i++) {
        sources[i] = (struct source) {.stage = &stage, .number = i};
        a_root(stage.world, TROUPE_SPAWN(.body = source_body, .argument = &sources[i]));
    }

    tr_world_advance(stage.world, UINT64_C(60000000000)); /* rings of full mailboxes take theirs */

    assert_int_equal(stage.overlaps, 0);
    assert_int_equal(stage.disorders, 0);
    assert_int_equal(stage.handled, SENDERS * ROUNDS * stage.count);
    assert_true(stage.takeovers > 0);
    drop_world(&stage.world);
}

/* Promise: TAKEOVER-ORDER */
static void loses_nothing_and_runs_nobody_twice_at_once(void **state)
{
    (void) state;
    for_each_seed(100, run_at_random, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(lets_others_run_but_not_the_actor_itself),
        WITH_WORLD(is_of_use_only_if_there_is_something_to_do),
        cmocka_unit_test(loses_nothing_and_runs_nobody_twice_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
