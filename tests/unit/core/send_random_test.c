/* SPDX-License-Identifier: MIT */
/* Whatever actors do to each other's mailboxes: no bound is broken on the way, and when all have
 * ended each message is accounted for and no place, byte or flag is left. */
#include <stdlib.h>
#include <troupe/troupe.h>

#include "support/actors.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define ACTORS 12
#define STEPS 40
#define SEEDS 1000

/* All that live in one world; one thread runs them. */
struct field {
    troupe_ref refs[ACTORS];
    uint64_t sent;
    uint64_t full;
    uint64_t timed_out;
    uint64_t came_back;
};

static uint64_t draw(troupe_self *self, uint64_t below)
{
    return troupe_self_random(self) % below;
}

static troupe_ref somebody(troupe_self *self, const struct field *field)
{
    return field->refs[draw(self, ACTORS)];
}

static troupe_send_options some_options(troupe_self *self)
{
    troupe_send_options options = {.size = sizeof options};
    options.on_full = (troupe_on_full) draw(self, TROUPE_ON_FULL_DEAD_LETTER + 1);
    if (draw(self, 2) == 0) {
        options.timeout = TROUPE_WITHIN_US(draw(self, 3000));
    }
    if (draw(self, 3) == 0) {
        options.expires = TROUPE_WITHIN_US(draw(self, 3000));
    }
    options.margin = draw(self, 8) == 0 ? 1 : 0;
    options.trace_id = draw(self, 4) == 0 ? 7 : 0;
    return options;
}

static void note(struct field *field, troupe_error error)
{
    field->sent += error == TROUPE_OK ? 1 : 0;
    field->full += error == TROUPE_ERROR_MAILBOX_FULL ? 1 : 0;
    field->timed_out += error == TROUPE_ERROR_TIMED_OUT ? 1 : 0;
}

static troupe_error make_some(troupe_self *self, troupe_message **out_message)
{
    switch (draw(self, 3)) {
    case 0:
        return make_bulk(self, draw(self, 2000), out_message);
    case 1:
        return make_extra(self, draw(self, 5), out_message);
    default:
        return make_item(self, draw(self, 5), out_message);
    }
}

static void send_some(troupe_self *self, struct field *field)
{
    const troupe_send_options options = some_options(self);
    TROUPE_AUTO(troupe_message) *message = NULL;
    TROUPE_AUTO(troupe_message) *copy = NULL;
    if (make_some(self, &message) != TROUPE_OK) {
        return;
    }
    if (draw(self, 4) == 0 && troupe_message_copy(self, message, &copy) == TROUPE_OK) {
        note(field, troupe_send_message(self, somebody(self, field), &copy));
    }
    note(field, troupe_send_message_with(self, somebody(self, field), &message, &options));
}

static void send_several(troupe_self *self, struct field *field)
{
    const troupe_send_options options = some_options(self);
    troupe_message *messages[5] = {NULL};
    size_t made = 0;
    while (made < 5 && make_some(self, &messages[made]) == TROUPE_OK) {
        made++;
    }
    size_t sent = 0;
    note(field, troupe_send_many(self, somebody(self, field), messages, made,
                                 draw(self, 2) == 0 ? NULL : &options, &sent));
    for (size_t i = 0; i < made; i++) {
        troupe_message_destroy(&messages[i]);
    }
}

/* What can be done with a received message; it may be taken. */
static void deal_with(troupe_self *self, struct field *field, troupe_message **message)
{
    TROUPE_AUTO(troupe_message) *next = NULL;
    switch (draw(self, 8)) {
    case 0:
        (void) troupe_stash(self, message);
        break;
    case 1:
        note(field, troupe_forward(self, somebody(self, field), message));
        break;
    case 2:
        if (make_some(self, &next) == TROUPE_OK) {
            (void) troupe_continue(self, &next);
        }
        break;
    case 3:
        note(field, troupe_send_message(self, somebody(self, field), message));
        break;
    case 4:
        troupe_message_destroy(message);
        break;
    default:
        break;
    }
}

static troupe_error receive_some(troupe_self *self, struct field *field)
{
    static const troupe_accept accepted[] = {{.type = &extra_type}, {.type = &bulk_type}};
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = draw(self, 6); error == TROUPE_OK && i > 0; i--) {
        const troupe_timeout timeout = TROUPE_WITHIN_US(draw(self, 1000));
        error = draw(self, 4) == 0 ? troupe_receive_only(self, accepted, 2, &message, timeout)
                                   : troupe_receive(self, &message, timeout);
        if (error == TROUPE_OK) {
            deal_with(self, field, &message);
        }
    }
    return error;
}

static void trouble_some(troupe_self *self, struct field *field)
{
    const troupe_ref other = somebody(self, field);
    switch (draw(self, 6)) {
    case 0:
        (void) troupe_cancel(self, other);
        break;
    case 1:
        (void) troupe_stop(self, other);
        break;
    default:
        (void) troupe_watch_pressure(self, other);
        break;
    }
}

static troupe_error rove(troupe_self *self, void *argument)
{
    struct field *field = argument;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_US(100)); /* until all are there */
    for (unsigned i = 0;
         i < STEPS && error != TROUPE_ERROR_STOPPING && error != TROUPE_ERROR_CANCELLED; i++) {
        const uint64_t choice = draw(self, 100);
        if (choice < 45) {
            send_some(self, field);
        } else if (choice < 55) {
            send_several(self, field);
        } else if (choice < 90) {
            error = receive_some(self, field);
        } else if (choice < 94) {
            (void) troupe_unstash(self, draw(self, 4));
        } else if (choice < 98) {
            error = troupe_sleep(self, TROUPE_WITHIN_US(draw(self, 500)));
        } else {
            trouble_some(self, field);
        }
    }
    return draw(self, 4) == 0 ? TROUPE_ERROR_USER : error;
}

static troupe_error grow(troupe_self *self, void *state, void *argument)
{
    struct field **field = state;
    *field = argument;
    troupe_timer timer;
    return troupe_timer_start(self, TROUPE_TIMER(.every = TROUPE_WITHIN_US(300)), &timer);
}

static troupe_error react(troupe_self *self, void *state, troupe_message **message)
{
    struct field *field = *(struct field **) state;
    if (troupe_message_is(*message, &troupe_tick_type)) {
        send_some(self, field);
        (void) troupe_unstash(self, draw(self, 3));
        return draw(self, 60) == 0 ? TROUPE_ERROR_USER : TROUPE_OK;
    }
    deal_with(self, field, message);
    if (draw(self, 3) == 0) {
        send_several(self, field);
    }
    return TROUPE_OK;
}

static troupe_error take_back(troupe_self *self, void *state, troupe_error reason,
                              troupe_message **message)
{
    struct field *field = *(struct field **) state;
    (void) reason;
    field->came_back++;
    if (draw(self, 2) == 0) {
        note(field, troupe_send_message(self, somebody(self, field), message));
    }
    return draw(self, 20) == 0 ? TROUPE_ERROR_USER : TROUPE_OK;
}

static const troupe_behavior reactive_behavior =
    TROUPE_BEHAVIOR(.name = "reactive", .state_size = sizeof(struct field *), .start = grow,
                    .other = react, .refused = take_back);

static uint64_t key_of(const troupe_message *message)
{
    return item_of(message) % 2;
}

static troupe_on_full policy_of(uint64_t number, unsigned index)
{
    const troupe_on_full policy = (troupe_on_full) (number / 8 % (TROUPE_ON_FULL_STOP_ACTOR + 1));
    return index == 0 && policy == TROUPE_ON_FULL_REDIRECT ? TROUPE_ON_FULL_WAIT : policy;
}

/* Every third is a behavior; capacities, policies and priorities vary with seed and index. */
static troupe_ref an_actor(tr_world *world, struct field *field, uint64_t seed, unsigned index)
{
    static const troupe_type_rule rules[] = {
        {.type = &extra_type, .priority = 2},
        {.type = &bulk_type, .on_full = TROUPE_ON_FULL_DROP_OLDEST, .priority = 1}};
    const uint64_t number = tr_hash_u64(seed * ACTORS + index);
    const bool is_behavior = index % 3 == 2;
    return a_root(
        world, TROUPE_SPAWN(.body = is_behavior ? NULL : rove,
                            .behavior = is_behavior ? &reactive_behavior : NULL, .argument = field,
                            .mailbox_capacity = 1 + number % 4, .mailbox_bytes = 2500,
                            .parked_max = 4, .on_full = policy_of(number, index),
                            .redirect_to = index > 0 ? field->refs[index - 1] : troupe_ref_none(),
                            .conflate_key = key_of, .type_rules = rules,
                            .type_rule_count = number / 128 % 3, .place = TROUPE_PLACE_ANY));
}

static void run_seed(uint64_t seed, void *context)
{
    struct field *total = context;
    struct field field = {.sent = 0};
    tr_world *world = a_shaken_world_of(
        &(const tr_world_options) {.seed = seed,
                                   .workers = 1 + (uint32_t) seed % 4,
                                   .delay_ns_max = seed % 5 * MS / 10,
                                   .memory_budget = seed % 7 == 0 ? 4000 : 0,
                                   .turn_messages = 1 + (uint32_t) seed % 8,
                                   .refuse_chance_percent = (uint32_t) seed % 3 * 10,
                                   .moves_percent = (uint32_t) seed % 4 * 5});
    for (unsigned i = 0; i < ACTORS; i++) {
        field.refs[i] = an_actor(world, &field, seed, i);
    }
    advance_within_bounds(world, (1 + seed % 40) * MS);
    assert_sound(world);
    drop_world(&world);
    total->sent += field.sent;
    total->full += field.full;
    total->timed_out += field.timed_out;
    total->came_back += field.came_back;
}

/* Promise: MAILBOX-BOUND, MAILBOX-ACCOUNT */
static void accounts_for_every_message_place_and_byte(void **state)
{
    (void) state;
    struct field total = {.sent = 0};
    for_each_seed(SEEDS, run_seed, &total);
    if (getenv("TROUPE_SEED") == NULL) {
        assert_true(total.sent > SEEDS * 100);
        assert_true(total.full > SEEDS);
        assert_true(total.timed_out > SEEDS / 4);
        assert_true(total.came_back > SEEDS / 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accounts_for_every_message_place_and_byte),
    };
    return cmocka_run_group_tests_name("send_random", tests, NULL, NULL);
}
