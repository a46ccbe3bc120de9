/* SPDX-License-Identifier: MIT */
/* Queues between actors: order, bound, waiting, closing, joining. In virtual time. */
#include "unit/flow/queue_fixture.h"

/* Promise: QUEUE-ORDER */
static void gives_what_was_put_in_order(void **state)
{
    (void) state;
    struct stage stage;
    struct actor producer = {.number = 1};
    struct actor consumer = {.number = 0};
    make(&stage, 1, 5);
    open_queue(&stage);
    play(&stage, &producer, "pppppp"); /* the sixth has to wait */
    tr_world_advance(stage.world, 20 * MS);
    assert_said(stage.seen, "put 1 OK", "put 2 OK", "put 3 OK", "put 4 OK", "put 5 OK");
    probe_clear(stage.seen);
    play(&stage, &consumer, "g");
    tr_world_advance(stage.world, 100 * MS);
    assert_int_equal(probe_count_of(stage.seen, "get OK 1"), 1);
    assert_int_equal(probe_count_of(stage.seen, "put 6 OK"), 1);
    probe_clear(stage.seen);
    play(&stage, &consumer, "gggggng");
    tr_world_advance(stage.world, 100 * MS);
    assert_said(stage.seen, "get OK 2", "get OK 3", "get OK 4", "get OK 5", "get OK 6",
                "get TIMED_OUT 0");
    drop(&stage);
}

/* Promise: QUEUE-WAITS */
static void serves_those_who_wait_in_their_order(void **state)
{
    (void) state;
    struct stage stage;
    struct actor consumers[3] = {{.number = 0}};
    struct actor producer = {.number = 1};
    make(&stage, 2, 1);
    open_queue(&stage);
    for (unsigned i = 0; i < 3; i++) {
        play(&stage, &consumers[i], "g");
        tr_world_advance(stage.world, 5 * MS);
    }
    assert_silent(stage.seen);
    play(&stage, &producer, "wpwwwpwwwp");
    tr_world_advance(stage.world, 100 * MS);
    assert_int_equal(probe_count_of(stage.seen, "get OK 1"), 1);
    assert_int_equal(probe_count_of(stage.seen, "get OK 2"), 1);
    assert_int_equal(probe_count_of(stage.seen, "get OK 3"), 1);
    drop(&stage);
}

/* Promise: QUEUE-DEADLINE */
static void gives_back_what_was_not_put_in_time(void **state)
{
    (void) state;
    struct stage stage;
    struct actor producer = {.number = 1, .timeout = TROUPE_WITHIN_MS(50)};
    struct actor consumer = {.timeout = TROUPE_WITHIN_MS(1)};
    make(&stage, 3, 1);
    open_queue(&stage);
    play(&stage, &consumer, "g");
    tr_world_advance(stage.world, 100 * MS);
    assert_said(stage.seen, "get TIMED_OUT 0");
    probe_clear(stage.seen);
    play(&stage, &producer, "ppnp");
    tr_world_advance(stage.world, 100 * MS);
    assert_said(stage.seen, "put 1 OK", "put 2 TIMED_OUT back", "put 3 TIMED_OUT back");
    probe_clear(stage.seen);
    consumer.timeout = TROUPE_NOW;
    play(&stage, &consumer, "gg");
    tr_world_advance(stage.world, 100 * MS);
    assert_said(stage.seen, "get OK 1", "get TIMED_OUT 0");
    drop(&stage);
}

/* Promise: QUEUE-CANCEL-SAFE */
static void gives_back_what_was_not_put_when_cancelled(void **state)
{
    (void) state;
    struct stage stage;
    struct actor producer = {.number = 1};
    struct actor consumer = {.timeout = TROUPE_NOW};
    make(&stage, 4, 1);
    open_queue(&stage);
    play(&stage, &producer, "pp");
    tr_world_advance(stage.world, 20 * MS);
    cancel(&stage, &producer);
    tr_world_advance(stage.world, 100 * MS);
    assert_said(stage.seen, "put 1 OK", "put 2 CANCELLED back");
    probe_clear(stage.seen);
    play(&stage, &consumer, "gg");
    tr_world_advance(stage.world, 100 * MS);
    assert_said(stage.seen, "get OK 1", "get TIMED_OUT 0");
    drop(&stage);
}

/* Promise: QUEUE-CANCEL-SAFE */
static void gives_what_was_on_its_way_before_the_cancel(void **state)
{
    unsigned got = 0;
    unsigned cancelled = 0;
    (void) state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct stage stage;
        struct actor producer = {.number = 1};
        struct actor consumer = {.number = 0};
        make(&stage, seed, 1);
        open_queue(&stage);
        play(&stage, &consumer, "g");
        tr_world_advance(stage.world, 10 * MS);
        play(&stage, &producer, "p");
        tr_world_advance(stage.world, seed * MS / 100);
        if (probe_count_of(stage.seen, "get OK 1") == 0) {
            cancel(&stage, &consumer);
            tr_world_advance(stage.world, 10 * MS);
            got += (unsigned) probe_count_of(stage.seen, "get OK 1");
        }
        if (probe_count_of(stage.seen, "get CANCELLED 0") == 1) {
            play(&stage, &consumer, "g");
            tr_world_advance(stage.world, 10 * MS);
            cancelled++;
        }
        assert_int_equal(probe_count_of(stage.seen, "get OK 1"), 1);
        drop(&stage);
    }
    assert_true(got > 5 && cancelled > 5);
}

/* Promise: QUEUE-CLOSE */
static void goes_on_until_it_is_empty_when_closed_to_drain(void **state)
{
    (void) state;
    struct stage stage;
    struct actor producer = {.number = 1};
    struct actor waiter = {.number = 9};
    struct actor closer = {.number = 0};
    make(&stage, 5, 2);
    open_queue(&stage);
    play(&stage, &producer, "pp");
    tr_world_advance(stage.world, 100 * MS);
    play(&stage, &waiter, "p");
    tr_world_advance(stage.world, 20 * MS);
    probe_clear(stage.seen);
    play(&stage, &closer, "c");
    tr_world_advance(stage.world, 100 * MS);
    assert_int_equal(probe_count_of(stage.seen, "put 9 CLOSED back"), 1);
    probe_clear(stage.seen);
    play(&stage, &closer, "pggg");
    tr_world_advance(stage.world, 100 * MS);
    assert_said(stage.seen, "put 0 CLOSED back", "get OK 1", "get OK 2", "get CLOSED 0");
    drop(&stage);
}

/* Promise: QUEUE-CLOSE */
static void ends_what_it_holds_when_closed_to_discard(void **state)
{
    (void) state;
    struct stage stage;
    struct actor producer = {.number = 1};
    struct actor closer = {.number = 0};
    make(&stage, 6, 2);
    open_queue(&stage);
    play(&stage, &producer, "pp");
    tr_world_advance(stage.world, 100 * MS);
    probe_clear(stage.seen);
    play(&stage, &closer, "cxgj");
    tr_world_advance(stage.world, 100 * MS);
    assert_said(stage.seen, "close OK", "close OK", "get CLOSED 0", "join OK");
    drop(&stage);
}

/* Promise: QUEUE-CLOSE */
static void wakes_who_waits_to_get(void **state)
{
    (void) state;
    struct stage stage;
    struct actor consumer = {.number = 0};
    struct actor closer = {.number = 0};
    make(&stage, 7, 2);
    open_queue(&stage);
    play(&stage, &consumer, "g");
    tr_world_advance(stage.world, 100 * MS);
    play(&stage, &closer, "c");
    tr_world_advance(stage.world, 100 * MS);
    assert_int_equal(probe_count_of(stage.seen, "get CLOSED 0"), 1);
    drop(&stage);
}

/* Promise: QUEUE-JOIN */
static void is_joined_when_all_is_done(void **state)
{
    (void) state;
    struct stage stage;
    struct actor producer = {.number = 1};
    struct actor impatient = {.timeout = TROUPE_WITHIN_MS(2)};
    struct actor consumer = {.number = 0};
    make(&stage, 8, 5);
    open_queue(&stage);
    play(&stage, &producer, "ppj");
    tr_world_advance(stage.world, 20 * MS);
    probe_clear(stage.seen);
    play(&stage, &impatient, "j");
    tr_world_advance(stage.world, 20 * MS);
    assert_said(stage.seen, "join TIMED_OUT");
    play(&stage, &consumer, "ggd");
    tr_world_advance(stage.world, 20 * MS);
    assert_int_equal(probe_count_of(stage.seen, "join OK"), 0);
    play(&stage, &consumer, "dj");
    tr_world_advance(stage.world, 100 * MS);
    assert_int_equal(probe_count_of(stage.seen, "join OK"), 2);
    drop(&stage);
}

static troupe_error stop_owner(troupe_self *self, void *argument)
{
    const struct stage *stage = argument;
    return troupe_stop(self, stage->queue);
}

/* Promise: QUEUE-ENDED */
static void gives_back_what_waits_when_it_ends(void **state)
{
    (void) state;
    struct stage stage;
    struct actor producer = {.number = 1};
    make(&stage, 9, 1);
    open_queue(&stage);
    play(&stage, &producer, "ppp");
    tr_world_advance(stage.world, 20 * MS);
    a_root(stage.world, TROUPE_SPAWN(.body = stop_owner, .argument = &stage));
    tr_world_advance(stage.world, 100 * MS);
    assert_said(stage.seen, "put 1 OK", "put 2 STALE back", "put 3 STALE back");
    drop(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_what_was_put_in_order),
        cmocka_unit_test(serves_those_who_wait_in_their_order),
        cmocka_unit_test(gives_back_what_was_not_put_in_time),
        cmocka_unit_test(gives_back_what_was_not_put_when_cancelled),
        cmocka_unit_test(gives_what_was_on_its_way_before_the_cancel),
        cmocka_unit_test(goes_on_until_it_is_empty_when_closed_to_drain),
        cmocka_unit_test(ends_what_it_holds_when_closed_to_discard),
        cmocka_unit_test(wakes_who_waits_to_get),
        cmocka_unit_test(is_joined_when_all_is_done),
        cmocka_unit_test(gives_back_what_waits_when_it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
