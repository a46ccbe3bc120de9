/* SPDX-License-Identifier: MIT */
/* What meets at the end of a move: the actor that ended on the way, and the last message to it. */
#include <troupe/troupe.h>

#include "core/moves.h"
#include "support/actors.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define SEEDS 150

enum {
    GUARDIANS,
    OLD,
    OTHERS,
    NEW,
    WORKERS
};

/* One thread runs them. */
struct field {
    troupe_ref mortal;
    uint64_t sent;
    bool may_send;
};

/* Ends when something has been sent to it, which it has not received. */
static troupe_error live_until_sent_to(troupe_self *self, void *argument)
{
    const struct field *field = argument;
    troupe_error error = TROUPE_OK;
    while (!error && field->sent == 0) {
        error = troupe_sleep(self, TROUPE_WITHIN_US(10));
    }
    return error;
}

static troupe_error have_one_child(troupe_self *self, void *argument)
{
    struct field *field = argument;
    const troupe_error error = troupe_spawn_nowait(
        self, TROUPE_SPAWN(.body = live_until_sent_to, .argument = field), &field->mortal);
    return error ? error : troupe_sleep(self, TROUPE_FOREVER);
}

static troupe_error send_when_it_may(troupe_self *self, void *argument)
{
    struct field *field = argument;
    troupe_error error = TROUPE_OK;
    while (!error && !field->may_send) {
        error = troupe_sleep(self, TROUPE_WITHIN_US(10));
    }
    error = error ? error : send_item(self, field->mortal, 1, NULL);
    field->sent += error == TROUPE_OK ? 1 : 0;
    return error == TROUPE_OK ? troupe_sleep(self, TROUPE_FOREVER) : error;
}

/* The sender comes to the mortal's new worker in a batch of its own, and what it sends waits until
 * the mortal's old worker has heard of that. By then the mortal's own move may be over. */
static void run_seed(uint64_t seed, void *context)
{
    struct field *total = context;
    struct field field = {.sent = 0};
    tr_world *world = a_world_of(
        &(const tr_world_options) {.seed = seed, .workers = WORKERS, .delay_ns_max = MS});
    (void) a_root(world, TROUPE_SPAWN(.body = have_one_child, .argument = &field,
                                      .place = TROUPE_PLACE_WORKER, .place_worker = NEW));
    const troupe_ref sender =
        a_root(world, TROUPE_SPAWN(.body = send_when_it_may, .argument = &field));
    assert_true(tr_world_move(world, field.mortal, OLD));
    assert_true(tr_world_move(world, sender, OTHERS));
    tr_world_advance(world, 20 * MS);

    assert_true(tr_world_move(world, field.mortal, NEW));
    tr_world_advance(world, MS + seed % 30 * MS / 10);
    assert_true(tr_world_move(world, sender, NEW));
    field.may_send = true;
    tr_world_advance(world, 20 * MS);
    total->sent += field.sent;
    drop_world(&world);
}

/* Promise: MOVE-KEEPS */
static void ends_whether_the_last_message_to_one_that_ended_comes_before_or_after(void **state)
{
    (void) state;
    struct field total = {.sent = 0};
    for_each_seed(SEEDS, run_seed, &total);
    assert_true(total.sent > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_whether_the_last_message_to_one_that_ended_comes_before_or_after),
    };
    return cmocka_run_group_tests_name("moves_end", tests, NULL, NULL);
}
