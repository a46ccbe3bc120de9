/* SPDX-License-Identifier: MIT */
/* What a queue lets in, and those who are never let in. In virtual time. */
#include "flow/queue_actor.h"

#include "unit/flow/queue_fixture.h"

static const troupe_type bulk = TROUPE_SIGNAL("bulk");
static char bytes[100000];

static troupe_error put_bulk(troupe_self *self, const struct stage *stage, size_t size)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_bytes data = {.data = bytes, .size = size};
    troupe_error error = troupe_message_create_bytes(self, &bulk, &data, &message);
    if (error == TROUPE_OK) {
        error = troupe_queue_put(self, stage->queue, &message, TROUPE_NOW);
    }
    return error;
}

static troupe_error play_bulky(troupe_self *self, void *argument)
{
    const struct stage *stage = argument;
    static const size_t sizes[] = {3000, 1, 1500, 500, 100};
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        TROUPE_AUTO(troupe_message) *message = NULL;
        say(stage, "put", put_bulk(self, stage, sizes[i]));
        if (i == 1) {
            say(stage, "get", troupe_queue_get(self, stage->queue, &message, TROUPE_NOW));
        }
    }
    return TROUPE_OK;
}

/* Promise: QUEUE-BYTES */
static void lets_in_no_more_bytes_than_it_may_hold(void **state)
{
    (void) state;
    struct stage stage;
    make(&stage, 1, 5);
    stage.options.bytes_max = 2000; /* two KiB, then */
    open_queue(&stage);
    a_root(stage.world, TROUPE_SPAWN(.body = play_bulky, .argument = &stage));
    tr_world_advance(stage.world, 100 * MS);
    assert_said(stage.seen, "put OK", "put TIMED_OUT", "get OK", "put OK", "put OK",
                "put TIMED_OUT");
    drop(&stage);
}

static troupe_error get_small(troupe_self *self, void *argument)
{
    const struct stage *stage = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    say(stage, "put", put_bulk(self, stage, sizeof bytes));
    say(stage, "get", troupe_queue_get(self, stage->queue, &message, TROUPE_NOW));
    return TROUPE_OK;
}

static troupe_error get_any(troupe_self *self, void *argument)
{
    const struct stage *stage = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    say(stage, "get", troupe_queue_get(self, stage->queue, &message, TROUPE_NOW));
    return TROUPE_OK;
}

/* Promise: QUEUE-BYTES */
static void keeps_what_is_too_large_for_who_would_get_it(void **state)
{
    (void) state;
    struct stage stage;
    make(&stage, 1, 5);
    open_queue(&stage);
    a_root(stage.world, TROUPE_SPAWN(.body = get_small, .argument = &stage));
    tr_world_advance(stage.world, 100 * MS);
    a_root(stage.world,
           TROUPE_SPAWN(.body = get_any, .argument = &stage, .reply_bytes = sizeof bytes));
    tr_world_advance(stage.world, 100 * MS);
    assert_said(stage.seen, "put OK", "get TOO_LARGE", "get OK");
    drop(&stage);
}

/* Promise: QUEUE-CLOSE */
static void is_closed_when_all_have_closed_it(void **state)
{
    (void) state;
    struct stage stage;
    struct actor closer = {.number = 1};
    make(&stage, 1, 5);
    stage.options.closers = 2;
    open_queue(&stage);
    play(&stage, &closer, "cpcp");
    tr_world_advance(stage.world, 100 * MS);
    assert_said(stage.seen, "close OK", "put 1 OK", "close OK", "put 2 CLOSED back");
    drop(&stage);
}

/* Many wait on both sides, and give up. */
static void forgets_those_who_give_up(void **state)
{
    (void) state;
    struct stage stage;
    static struct actor actors[40];
    struct actor last = {.number = 99};
    make(&stage, 3, 1);
    open_queue(&stage);
    for (unsigned i = 0; i < 40; i++) {
        actors[i] = (struct actor) {.number = i, .timeout = TROUPE_WITHIN_MS(20 + i % 7)};
        play(&stage, &actors[i], "g");
    }
    tr_world_advance(stage.world, 100 * MS);
    assert_int_equal(probe_count_of(stage.seen, "get TIMED_OUT 0"), 40);
    probe_clear(stage.seen);
    play(&stage, &last, "pg");
    tr_world_advance(stage.world, 100 * MS);
    assert_said(stage.seen, "put 99 OK", "get OK 99");
    drop(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lets_in_no_more_bytes_than_it_may_hold),
        cmocka_unit_test(keeps_what_is_too_large_for_who_would_get_it),
        cmocka_unit_test(is_closed_when_all_have_closed_it),
        cmocka_unit_test(forgets_those_who_give_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
