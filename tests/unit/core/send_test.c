/* SPDX-License-Identifier: MIT */
/* What sending promises whatever the order of events: the bound holds, each sender's order is kept,
 * nothing is lost. */
#include "core/send.h"

#include "support/actors.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define SENDERS 4
#define EACH 12
#define SEEDS 50

/* What a receiver counts: numbers are sender * 1000 + n. */
struct tally {
    uint64_t last[SENDERS];
    uint64_t count;
    uint64_t disorder;
    uint64_t size; /* of a bulk that is sent with each number; 0: none */
    uint64_t bulks;
};

static troupe_error count_all(troupe_self *self, void *argument)
{
    struct tally *tally = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (error == TROUPE_OK && troupe_message_is(message, &bulk_type)) {
            tally->bulks++;
        } else if (error == TROUPE_OK) {
            const uint64_t number = item_of(message);
            uint64_t *last = &tally->last[number / 1000];
            tally->disorder += number % 1000 <= *last ? 1 : 0;
            *last = number % 1000;
            tally->count++;
        }
        if (error == TROUPE_OK && troupe_self_random(self) % 3 == 0) {
            error = troupe_sleep(self, TROUPE_WITHIN_US(100));
        }
    }
    return error;
}

struct one_sender {
    troupe_ref to;
    uint64_t index;
    uint64_t size;
    uint64_t failed;
    troupe_on_full on_full;
    troupe_error other_error;
};

/* Sends until it is taken. */
static troupe_error send_surely(troupe_self *self, struct one_sender *sender,
                                troupe_message **message)
{
    const troupe_send_options *options = TROUPE_SEND(.on_full = sender->on_full);
    troupe_error error = troupe_send_message_with(self, sender->to, message, options);
    while (error == TROUPE_ERROR_MAILBOX_FULL) {
        sender->failed++;
        error = troupe_sleep(self, TROUPE_WITHIN_US(50));
        if (error == TROUPE_OK) {
            error = troupe_send_message_with(self, sender->to, message, options);
        }
    }
    return error;
}

static troupe_error send_each(troupe_self *self, void *argument)
{
    struct one_sender *sender = argument;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 1; error == TROUPE_OK && i <= EACH; i++) {
        TROUPE_AUTO(troupe_message) *message = NULL;
        TROUPE_AUTO(troupe_message) *bulk = NULL;
        error = make_item(self, sender->index * 1000 + i, &message);
        if (error == TROUPE_OK) {
            error = send_surely(self, sender, &message);
        }
        if (error == TROUPE_OK && sender->size > 0) {
            error = make_bulk(self, sender->size + i, &bulk);
        }
        if (error == TROUPE_OK && sender->size > 0) {
            error = send_surely(self, sender, &bulk);
        }
    }
    sender->other_error = error;
    return error;
}

/* What is the same for all seeds of a run. */
struct run {
    troupe_on_full on_full; /* of every second sender; the others wait */
    uint64_t size;
    uint64_t failed;
};

static void check_seed(uint64_t seed, void *context)
{
    struct run *run = context;
    const uint32_t workers = 1 + (uint32_t) seed % 3;
    tr_world *world = a_world(seed, workers);
    struct tally tally = {.size = run->size};
    struct one_sender senders[SENDERS];
    const troupe_ref to =
        a_root(world, TROUPE_SPAWN(.body = count_all, .argument = &tally,
                                   .mailbox_capacity = 1 + (uint32_t) (seed / 3) % 3,
                                   .mailbox_bytes = 1000, .place = TROUPE_PLACE_ANY));
    for (uint64_t i = 0; i < SENDERS; i++) {
        senders[i] =
            (struct one_sender) {.to = to,
                                 .index = i,
                                 .size = run->size,
                                 .on_full = i % 2 == 0 ? TROUPE_ON_FULL_WAIT : run->on_full};
        (void) a_root(world, TROUPE_SPAWN(.body = send_each, .argument = &senders[i],
                                          .place = TROUPE_PLACE_WORKER,
                                          .place_worker = (uint32_t) i % workers));
    }
    advance_within_bounds(world, 60000 * MS);

    for (uint64_t i = 0; i < SENDERS; i++) {
        assert_int_equal(senders[i].other_error, TROUPE_OK);
        run->failed += senders[i].failed;
    }
    assert_int_equal(tally.count, SENDERS * EACH);
    assert_int_equal(tally.bulks, run->size > 0 ? SENDERS * EACH : 0);
    assert_int_equal(tally.disorder, 0);
    assert_int_equal(depth_of(world, to), 0);
    assert_false(is_waiting_flag_set(world, to));
    drop_world(&world);
}

/* Promise: MAILBOX-BOUND, SEND-ORDER, MAILBOX-WAIT */
static void keeps_bound_and_order_when_all_wait(void **state)
{
    (void) state;
    struct run run = {.on_full = TROUPE_ON_FULL_WAIT};
    for_each_seed(SEEDS, check_seed, &run);
    assert_int_equal(run.failed, 0);
}

/* Promise: MAILBOX-BOUND, SEND-ORDER, MAILBOX-FAIL */
static void keeps_bound_and_order_when_some_fail_and_try_again(void **state)
{
    (void) state;
    struct run run = {.on_full = TROUPE_ON_FULL_FAIL};
    for_each_seed(SEEDS, check_seed, &run);
    assert_true(run.failed > 0);
}

/* Promise: MAILBOX-BYTES, SEND-ORDER */
static void keeps_the_bound_in_bytes(void **state)
{
    (void) state;
    struct run run = {.on_full = TROUPE_ON_FULL_FAIL, .size = 1200};
    for_each_seed(SEEDS, check_seed, &run);
}

/* A behavior that sends two more with each tick, whether or not the last ones are still parked. */
struct teller {
    struct one_sender *sender;
    uint64_t next;
};

static troupe_error teller_start(troupe_self *self, void *state, void *argument)
{
    struct teller *teller = state;
    *teller = (struct teller) {.sender = argument, .next = 1};
    troupe_timer timer;
    return troupe_timer_start(self, TROUPE_TIMER(.every = TROUPE_WITHIN_US(150)), &timer);
}

static troupe_error teller_ticked(troupe_self *self, void *state, troupe_message **tick)
{
    (void) tick;
    struct teller *teller = state;
    for (int i = 0; i < 2 && teller->next <= EACH; i++) {
        const uint64_t number = teller->sender->index * 1000 + teller->next;
        const troupe_error error = send_item(self, teller->sender->to, number, NULL);
        if (error) {
            teller->sender->failed++;
            return error == TROUPE_ERROR_LIMIT_REACHED ? TROUPE_OK : error;
        }
        teller->next++;
    }
    return TROUPE_OK;
}

static const troupe_behavior teller_behavior =
    TROUPE_BEHAVIOR(.name = "teller", .state_size = sizeof(struct teller), .start = teller_start,
                    .other = teller_ticked);

static void check_tellers(uint64_t seed, void *context)
{
    uint64_t *failed = context;
    const uint32_t workers = 1 + (uint32_t) seed % 3;
    tr_world *world = a_world(seed, workers);
    struct tally tally = {.size = 0};
    struct one_sender senders[SENDERS];
    const troupe_ref to =
        a_root(world, TROUPE_SPAWN(.body = count_all, .argument = &tally,
                                   .mailbox_capacity = 1 + (uint32_t) (seed / 3) % 3));
    for (uint64_t i = 0; i < SENDERS; i++) {
        senders[i] = (struct one_sender) {.to = to, .index = i};
        (void) a_root(world, TROUPE_SPAWN(.behavior = &teller_behavior, .argument = &senders[i],
                                          .parked_max = 3, .place = TROUPE_PLACE_WORKER,
                                          .place_worker = (uint32_t) i % workers));
    }
    advance_within_bounds(world, 500 * MS);

    assert_int_equal(tally.count, SENDERS * EACH);
    assert_int_equal(tally.disorder, 0);
    assert_int_equal(depth_of(world, to), 0);
    *failed += senders[0].failed;
    drop_world(&world);
}

/* Promise: PARK-ORDER, SEND-ORDER */
static void keeps_the_order_of_behaviors_that_park_and_go_on_sending(void **state)
{
    (void) state;
    uint64_t failed = 0;
    for_each_seed(SEEDS, check_tellers, &failed);
    assert_true(failed > 0);
}

static troupe_error send_sizes(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    static const size_t sizes[] = {256, 1257, 1256, 256, 257, 256};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const troupe_error error =
            send_bulk(self, script->to, sizes[i], TROUPE_SEND(.timeout = TROUPE_NOW));
        probe_say(script->seen, "%d %s", (int) sizes[i], troupe_error_name(error));
    }
    return TROUPE_OK;
}

/* Promise: MAILBOX-BYTES */
static void admits_256_bytes_a_message_and_the_mailboxes_bytes(void **state)
{
    struct probe *seen = a_probe();
    struct receiver receiver = {.pause_ms = 10};
    struct script script = {.seen = seen};
    script.to = a_root(*state, TROUPE_SPAWN(.body = receiver_body, .argument = &receiver,
                                            .mailbox_capacity = 4, .mailbox_bytes = 1000));
    (void) a_root(*state, TROUPE_SPAWN(.body = send_sizes, .argument = &script));
    assert_int_equal(depth_of(*state, script.to), 4);
    assert_int_equal(bytes_of(*state, script.to), 1000);

    tr_world_advance(*state, 20 * MS);

    assert_said(seen, "256 OK", "1257 TOO_LARGE", "1256 OK", "256 OK", "257 MAILBOX_FULL",
                "256 OK");
    assert_int_equal(bytes_of(*state, script.to), 0);
    drop_probe(&seen);
}

static troupe_error send_to_the_gone(troupe_self *self, void *argument)
{
    const struct script *script = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = make_item(self, 1, &message);
    troupe_ref other_node = script->to;
    other_node.node++;
    troupe_ref never = script->to;
    never.slot += 100;
    troupe_ref beyond = script->to;
    beyond.slot = UINT32_MAX;
    troupe_ref next = script->to;
    next.generation += 50;
    say_error(script->seen, "ended", troupe_send_message(self, script->to, &message));
    say_error(script->seen, "other node", troupe_send_message(self, other_node, &message));
    say_error(script->seen, "never", troupe_send_message(self, never, &message));
    say_error(script->seen, "beyond", troupe_send_message(self, beyond, &message));
    say_error(script->seen, "next", troupe_send_message(self, next, &message));
    probe_say(script->seen, "%s", message != NULL ? "kept" : "lost");
    return error;
}

static troupe_error end_at_once(troupe_self *self, void *argument)
{
    (void) self;
    (void) argument;
    return TROUPE_OK;
}

/* Promise: SEND-STALE */
static void tells_stale_refs_from_those_that_never_named_anyone(void **state)
{
    struct probe *seen = a_probe();
    struct script script = {.seen = seen};
    script.to = a_root(*state, TROUPE_SPAWN(.body = end_at_once));
    tr_world_run(*state);
    (void) a_root(*state, TROUPE_SPAWN(.body = end_at_once));
    (void) a_root(*state, TROUPE_SPAWN(.body = send_to_the_gone, .argument = &script));
    tr_world_run(*state);
    assert_said(seen, "ended STALE", "other node STALE", "never NO_SUCH_ACTOR",
                "beyond NO_SUCH_ACTOR", "next NO_SUCH_ACTOR", "kept");
    drop_probe(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_bound_and_order_when_all_wait),
        cmocka_unit_test(keeps_bound_and_order_when_some_fail_and_try_again),
        cmocka_unit_test(keeps_the_bound_in_bytes),
        cmocka_unit_test(keeps_the_order_of_behaviors_that_park_and_go_on_sending),
        WITH_WORLD(admits_256_bytes_a_message_and_the_mailboxes_bytes),
        WITH_WORLD(tells_stale_refs_from_those_that_never_named_anyone),
    };
    return cmocka_run_group_tests_name("send", tests, NULL, NULL);
}
