/* SPDX-License-Identifier: MIT */
/* What the line before a full mailbox promises: first come first served, no place is lost when
 * one in it gives up or ends, and all are told when the receiver ends. */
#include "core/line.h"

#include "support/actors.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define WAITERS 4

/* Sends one number and says how that went. */
struct waiter {
    struct probe *seen;
    troupe_ref to;
    troupe_ref self;
    uint64_t number;
    uint64_t timeout_ms; /* 0: none */
    size_t size;         /* of a bulk instead; 0: the number */
};

static troupe_error wait_for_room(troupe_self *self, void *argument)
{
    const struct waiter *waiter = argument;
    troupe_send_options options = {.size = sizeof options, .on_full = TROUPE_ON_FULL_WAIT};
    if (waiter->timeout_ms > 0) {
        options.timeout = TROUPE_WITHIN_MS(waiter->timeout_ms);
    }
    const troupe_error error = waiter->size > 0
                                   ? send_bulk(self, waiter->to, waiter->size, &options)
                                   : send_item(self, waiter->to, waiter->number, &options);
    if (waiter->seen != NULL) {
        probe_say(waiter->seen, "%llu sent %s", (unsigned long long) waiter->number,
                  troupe_error_name(error));
    }
    return error;
}

/* A receiver of capacity 1 that is full, and four who wait, each on the next worker. */
struct queue {
    struct receiver receiver;
    troupe_ref to;
    struct waiter waiters[WAITERS];
};

static void spawn_waiters(tr_world *world, struct queue *queue)
{
    const uint32_t workers = tr_world_worker(world, 0)->system->options.workers;
    for (uint64_t i = 0; i < WAITERS; i++) {
        struct waiter *waiter = &queue->waiters[i];
        waiter->to = queue->to;
        waiter->number = i + 1;
        waiter->self = a_root(world, TROUPE_SPAWN(.body = wait_for_room, .argument = waiter,
                                                  .place = TROUPE_PLACE_WORKER,
                                                  .place_worker = (uint32_t) i % workers));
        tr_world_run(world); /* it stands in line */
    }
}

static void line_up(tr_world *world, struct queue *queue, uint64_t bytes)
{
    queue->receiver.pause_ms = 100;
    queue->to = a_root(world, TROUPE_SPAWN(.body = receiver_body, .argument = &queue->receiver,
                                           .mailbox_capacity = 1, .mailbox_bytes = bytes,
                                           .place = TROUPE_PLACE_ANY));
    struct script first = {.to = queue->to, .count = 1};
    (void) a_root(world, TROUPE_SPAWN(.body = sender_body, .argument = &first));
    tr_world_run(world);
    spawn_waiters(world, queue);
    assert_true(is_waiting_flag_set(world, queue->to));
}

static uint32_t line_count(const tr_world *world, troupe_ref ref)
{
    const tr_actor *actor = atomic_load(&slot_of(world, ref)->actor);
    uint32_t count = 0;
    for (const troupe_message *at = actor->line.head; at != NULL; at = at->next) {
        count++;
    }
    return count;
}

static void check_is_empty(const tr_world *world, troupe_ref ref)
{
    assert_int_equal(depth_of(world, ref), 0);
    assert_int_equal(bytes_of(world, ref), 0);
    assert_int_equal(line_count(world, ref), 0);
    assert_false(is_waiting_flag_set(world, ref));
}

/* Promise: LINE-ORDER */
static void serves_those_who_wait_in_the_order_they_came(void **state)
{
    struct probe *seen = a_probe();
    struct queue queue = {.receiver = {.seen = seen}};
    line_up(*state, &queue, 0);
    assert_int_equal(line_count(*state, queue.to), WAITERS);

    advance_within_bounds(*state, 1000 * MS);

    assert_said(seen, "1", "1", "2", "3", "4");
    check_is_empty(*state, queue.to);
    drop_probe(&seen);
}

/* Promise: LINE-LEAVE */
static void goes_on_without_those_whose_time_is_up(void **state)
{
    struct probe *seen = a_probe();
    struct queue queue = {.receiver = {.seen = seen}};
    queue.waiters[0].timeout_ms = 50;
    queue.waiters[2].timeout_ms = 60;
    line_up(*state, &queue, 0);

    advance_within_bounds(*state, 1000 * MS);

    assert_said(seen, "1", "2", "4");
    check_is_empty(*state, queue.to);
    drop_probe(&seen);
}

static troupe_error cancel_one(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    (void) troupe_cancel(self, script->other); /* it may have ended */
    return TROUPE_OK;
}

static troupe_error stop_one(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    (void) troupe_stop(self, script->other);
    return TROUPE_OK;
}

static void run_on(tr_world *world, troupe_body *body, troupe_ref other)
{
    struct script script = {.other = other};
    (void) a_root(world, TROUPE_SPAWN(.body = body, .argument = &script));
    tr_world_run(world);
}

/* Promise: LINE-LEAVE */
static void goes_on_without_those_who_are_cancelled(void **state)
{
    struct probe *seen = a_probe();
    struct queue queue = {.receiver = {.seen = seen}};
    queue.waiters[0].seen = seen;
    line_up(*state, &queue, 0);
    run_on(*state, cancel_one, queue.waiters[0].self);
    run_on(*state, cancel_one, queue.waiters[3].self);
    assert_int_equal(line_count(*state, queue.to), 2);

    advance_within_bounds(*state, 1000 * MS);

    assert_said(seen, "1 sent CANCELLED", "1", "2", "3");
    check_is_empty(*state, queue.to);
    drop_probe(&seen);
}

/* Promise: LINE-ENDED */
static void tells_all_when_the_receiver_ends(void **state)
{
    struct probe *seen = a_probe();
    struct queue queue = {.receiver = {.seen = seen}};
    for (int i = 0; i < WAITERS; i++) {
        queue.waiters[i].seen = seen;
    }
    line_up(*state, &queue, 0);

    run_on(*state, stop_one, queue.to);
    tr_world_advance(*state, 10 * MS);

    assert_int_equal(probe_count(seen), WAITERS);
    assert_int_equal(probe_count_of(seen, "1 sent STALE"), 1);
    assert_int_equal(probe_count_of(seen, "4 sent STALE"), 1);
    drop_probe(&seen);
}

static troupe_error fill_with_bytes(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    (void) send_bulk(self, script->to, 256 + 700, NULL);
    return TROUPE_OK;
}

/* The mailbox has places, but only 300 of 1000 bytes; the first in line wants 900. */
static void line_up_for_bytes(tr_world *world, struct queue *queue)
{
    queue->receiver.pause_ms = 100;
    queue->to = a_root(world, TROUPE_SPAWN(.body = receiver_body, .argument = &queue->receiver,
                                           .mailbox_capacity = 8, .mailbox_bytes = 1000,
                                           .place = TROUPE_PLACE_ANY));
    struct script first = {.to = queue->to};
    (void) a_root(world, TROUPE_SPAWN(.body = fill_with_bytes, .argument = &first));
    tr_world_run(world);
    queue->waiters[0].size = 256 + 900;
    queue->waiters[2].size = 256 + 200;
    spawn_waiters(world, queue);
}

/* Promise: MAILBOX-BYTES, LINE-ORDER */
static void serves_one_who_waits_for_bytes_before_those_behind(void **state)
{
    struct probe *seen = a_probe();
    struct queue queue = {.receiver = {.seen = seen}};
    line_up_for_bytes(*state, &queue);
    assert_int_equal(line_count(*state, queue.to), WAITERS);

    advance_within_bounds(*state, 1000 * MS);

    assert_said(seen, "956", "1156", "2", "456", "4");
    check_is_empty(*state, queue.to);
    drop_probe(&seen);
}

/* Promise: LINE-LEAVE */
static void serves_those_behind_when_one_who_waits_for_bytes_leaves(void **state)
{
    struct probe *seen = a_probe();
    struct queue queue = {.receiver = {.seen = seen}};
    queue.waiters[0].timeout_ms = 50;
    line_up_for_bytes(*state, &queue);

    tr_world_advance(*state, 60 * MS);
    assert_int_equal(line_count(*state, queue.to), 0);
    advance_within_bounds(*state, 1000 * MS);

    assert_said(seen, "956", "2", "456", "4");
    check_is_empty(*state, queue.to);
    drop_probe(&seen);
}

/* The receiver takes one at about the time that waiters give up: whoever gets the place, it is used
 * or comes back. */
static void race_seed(uint64_t seed, void *context)
{
    (void) context;
    tr_world *world = a_world(seed, 1 + (uint32_t) seed % 3);
    struct queue queue = {.receiver = {.each_ms = 1}};
    for (uint64_t i = 0; i < WAITERS; i++) {
        queue.waiters[i].timeout_ms = 99 + (seed + i) % 4;
    }
    line_up(world, &queue, 0);
    tr_world_advance(world, (98 + seed % 3) * MS);
    run_on(world, cancel_one, queue.waiters[seed % WAITERS].self);

    advance_within_bounds(world, 1000 * MS);

    assert_true(queue.receiver.count >= 1 && queue.receiver.count <= 1 + WAITERS);
    check_is_empty(world, queue.to);
    drop_world(&world);
}

/* Promise: LINE-LEAVE */
static void loses_no_place_when_grants_and_leaving_cross(void **state)
{
    (void) state;
    for_each_seed(100, race_seed, NULL);
}

static void end_seed(uint64_t seed, void *context)
{
    (void) context;
    tr_world *world = a_world(seed, 1 + (uint32_t) seed % 3);
    struct queue queue = {.receiver = {.each_ms = 1}};
    queue.waiters[seed % WAITERS].timeout_ms = 101;
    line_up(world, &queue, 0);
    tr_world_advance(world, (99 + seed % 4) * MS);
    run_on(world, seed % 2 == 0 ? stop_one : cancel_one, queue.to);
    drop_world(&world);
}

/* Promise: LINE-ENDED */
static void leaves_nothing_behind_when_the_receiver_ends_meanwhile(void **state)
{
    (void) state;
    for_each_seed(100, end_seed, NULL);
}

#define IN_WORLDS(test) WITH_WORLD(test), WITH_WORLD_OF_THREE(test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLDS(serves_those_who_wait_in_the_order_they_came),
        IN_WORLDS(goes_on_without_those_whose_time_is_up),
        IN_WORLDS(goes_on_without_those_who_are_cancelled),
        IN_WORLDS(tells_all_when_the_receiver_ends),
        WITH_WORLD(serves_one_who_waits_for_bytes_before_those_behind),
        WITH_WORLD(serves_those_behind_when_one_who_waits_for_bytes_leaves),
        cmocka_unit_test(loses_no_place_when_grants_and_leaving_cross),
        cmocka_unit_test(leaves_nothing_behind_when_the_receiver_ends_meanwhile),
    };
    return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
