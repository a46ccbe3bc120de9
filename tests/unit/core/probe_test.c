/* SPDX-License-Identifier: MIT */
/* What is promised of rings of actors that wait for each other: one is told, by name, and no other;
 * and nobody who is not in a ring. */
#include <string.h>

#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define SEEDS 50
#define PLAYERS_MAX 3

/* A ring of players, each of whom waits for the next. */
struct ring {
    struct probe *seen;
    struct probe *log;
    troupe_ref refs[PLAYERS_MAX];
    uint32_t count;
    uint32_t workers;
};

struct player {
    struct ring *ring;
    uint32_t number;
};

static const char *const names[PLAYERS_MAX] = {"ann", "bob", "cat"};

static troupe_ref next_of(const struct player *player)
{
    return player->ring->refs[(player->number + 1) % player->ring->count];
}

static void say(const struct player *player, troupe_error error)
{
    probe_say(player->ring->seen, "%s", troupe_error_name(error));
}

/* Answers and takes what comes. */
static troupe_error serve(troupe_self *self)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (error == TROUPE_OK && troupe_message_wants_reply(message)) {
            error = reply_figure(self, message, 1);
        }
    }
    return error;
}

static troupe_error asks_next(troupe_self *self, void *argument)
{
    const struct player *player = argument;
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(100));
    say(player, ask_figure(self, next_of(player), 1, TROUPE_FOREVER, NULL));
    return error ? error : serve(self);
}

static troupe_error sends_to_next(troupe_self *self, void *argument)
{
    const struct player *player = argument;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(100));
    if (error == TROUPE_OK) {
        error = send_figure(self, next_of(player), 1);
    }
    say(player, send_figure(self, next_of(player), 2));
    return error ? error : serve(self);
}

/* Every second player asks, the others send. */
static troupe_error does_either(troupe_self *self, void *argument)
{
    const struct player *player = argument;
    return player->number == 0 ? asks_next(self, argument) : sends_to_next(self, argument);
}

static troupe_error starts_clock(troupe_self *self, void *state, void *argument)
{
    troupe_timer timer;
    *(const struct player **) state = argument;
    const uint64_t start_ns = UINT64_C(1100000000); /* all at the same moment */
    const troupe_timeout after = troupe_timeout_of_ns(start_ns - troupe_self_now_ns(self));
    return troupe_timer_start(self, TROUPE_TIMER(.after = after), &timer);
}

static troupe_error sends_two(troupe_self *self, void *state, troupe_message **message)
{
    const struct player *player = *(const struct player **) state;
    (void) message;
    const troupe_error error = send_figure(self, next_of(player), 1);
    return error ? error : send_figure(self, next_of(player), 2);
}

static troupe_error takes_one(troupe_self *self, void *state, troupe_message **message)
{
    const struct player *player = *(const struct player **) state;
    (void) self;
    if (figure_of(*message) == 2) {
        say(player, TROUPE_OK);
    }
    return TROUPE_OK;
}

static troupe_error gets_back(troupe_self *self, void *state, troupe_error reason,
                              troupe_message **message)
{
    (void) self;
    (void) message;
    say(*(const struct player **) state, reason);
    return TROUPE_OK;
}

static const troupe_handles handlers[] = {{.type = &troupe_tick_type, .handler = sends_two},
                                          {.type = &figure_type, .handler = takes_one},
                                          {0}};
static const troupe_behavior parking =
    TROUPE_BEHAVIOR(.name = "parking", .state_size = sizeof(struct player *), .start = starts_clock,
                    .handlers = handlers, .refused = gets_back);

/* Runs a ring of these and says how many were told that they would deadlock. */
static void run_ring(uint64_t seed, struct ring *ring, const troupe_spawn_options *form)
{
    struct player players[PLAYERS_MAX];
    ring->seen = a_probe();
    ring->log = a_probe();
    const troupe_log log = log_of(ring->log);
    tr_world *world = a_world_of(&(const tr_world_options) {
        .seed = seed, .workers = ring->workers, .delay_ns_max = 1000000, .log = &log});
    for (uint32_t i = 0; i < ring->count; i++) {
        players[i] = (struct player) {.ring = ring, .number = i};
        troupe_spawn_options options = *form;
        options.name = names[i];
        options.argument = &players[i];
        options.mailbox_capacity = 1;
        options.place = TROUPE_PLACE_ANY;
        ring->refs[i] = a_root(world, &options);
    }
    tr_world_advance(world, UINT64_C(10000000000));

    assert_int_equal(probe_count(ring->seen), ring->count);
    assert_int_equal(probe_count_of(ring->seen, "WOULD_DEADLOCK"), 1);
    assert_int_equal(probe_count_of(ring->seen, "OK"), ring->count - 1);
    for (uint32_t i = 0; i < ring->count; i++) {
        char named[16];
        (void) snprintf(named, sizeof named, "'%s' -> ", names[i]);
        assert_true(probe_has(ring->log, named));
    }
    assert_int_equal(probe_count(ring->log), 1);
    drop_world(&world);
    drop_probe(&ring->seen);
    drop_probe(&ring->log);
}

static void run_rings(uint64_t seed, void *context)
{
    for (uint32_t workers = 1; workers <= 3; workers++) {
        for (uint32_t count = 2; count <= PLAYERS_MAX; count++) {
            struct ring ring = {.count = count, .workers = workers};
            run_ring(seed, &ring, context);
        }
    }
}

/* Promise: RING-REPLY */
static void tells_one_of_those_who_wait_for_each_others_replies(void **state)
{
    (void) state;
    troupe_spawn_options form = *TROUPE_SPAWN(.body = asks_next);
    for_each_seed(SEEDS, run_rings, &form);
}

/* Promise: RING-ROOM */
static void tells_one_of_those_who_wait_for_each_others_room(void **state)
{
    (void) state;
    troupe_spawn_options form = *TROUPE_SPAWN(.body = sends_to_next);
    for_each_seed(SEEDS, run_rings, &form);
}

/* Promise: RING-MIXED */
static void tells_one_of_those_who_wait_for_room_and_replies(void **state)
{
    (void) state;
    troupe_spawn_options form = *TROUPE_SPAWN(.body = does_either);
    for_each_seed(SEEDS, run_rings, &form);
}

/* Promise: RING-PARKED */
static void gives_one_behaviors_parked_message_back(void **state)
{
    (void) state;
    troupe_spawn_options form = *TROUPE_SPAWN(.behavior = &parking);
    for_each_seed(SEEDS, run_rings, &form);
}

/* A player that is stuck with somebody who takes nothing, besides being in the ring. */
static troupe_error sends_past_the_stuck(troupe_self *self, void *state, troupe_message **message)
{
    const struct player *player = *(const struct player **) state;
    const troupe_ref stuck = player->ring->refs[PLAYERS_MAX - 1];
    (void) message;
    troupe_error error = send_figure(self, stuck, 1);
    error = error ? error : send_figure(self, stuck, 2);
    error = error ? error : send_figure(self, next_of(player), 1);
    return error ? error : send_figure(self, next_of(player), 2);
}

static const troupe_handles stuck_handlers[] = {
    {.type = &troupe_tick_type, .handler = sends_past_the_stuck},
    {.type = &figure_type, .handler = takes_one},
    {0}};
static const troupe_behavior parking_more = TROUPE_BEHAVIOR(
    .name = "parking more", .state_size = sizeof(struct player *), .start = starts_clock,
    .handlers = stuck_handlers, .refused = gets_back);

static void run_ring_past_the_stuck(uint64_t seed, void *context)
{
    (void) context;
    struct ring ring = {.count = 2, .workers = 1 + (uint32_t) (seed % 3), .seen = a_probe()};
    struct player players[2];
    tr_world *world = a_world(seed, ring.workers);
    ring.refs[PLAYERS_MAX - 1] =
        a_root(world, TROUPE_SPAWN(.body = play_sleeper, .mailbox_capacity = 1));
    for (uint32_t i = 0; i < 2; i++) {
        players[i] = (struct player) {.ring = &ring, .number = i};
        ring.refs[i] = a_root(world, TROUPE_SPAWN(.behavior = &parking_more, .mailbox_capacity = 1,
                                                  .argument = &players[i],
                                                  .place = TROUPE_PLACE_ANY));
    }
    tr_world_advance(world, UINT64_C(60000000000));
    assert_int_equal(probe_count_of(ring.seen, "WOULD_DEADLOCK"), 1);
    drop_world(&world);
    drop_probe(&ring.seen);
}

/* Promise: RING-SEVERAL */
static void finds_a_ring_past_an_edge_that_is_stuck(void **state)
{
    (void) state;
    for_each_seed(SEEDS, run_ring_past_the_stuck, NULL);
}

/* A crowd that waits much, and always for somebody who is going to move. */
#define CROWD 6

struct crowd {
    struct probe *seen;
    troupe_ref refs[CROWD];
    troupe_ref server;
};

struct member {
    struct crowd *crowd;
    uint32_t number;
};

static troupe_timeout a_while(troupe_self *self)
{
    return TROUPE_WITHIN_MS(troupe_self_random(self) % 60);
}

/* Takes its time for each answer; waits for nobody. */
static troupe_error serves_slowly(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    while (error == TROUPE_OK) {
        error = troupe_sleep(self, a_while(self));
        error = error ? error : reply_figure(self, message, 1);
        error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    }
    return error;
}

/* Asks the server, and hands a token on round the circle, of whose places half are taken. */
static troupe_error hands_on(troupe_self *self, const struct member *member)
{
    const struct crowd *crowd = member->crowd;
    troupe_error error = troupe_sleep(self, a_while(self));
    if (error == TROUPE_OK && troupe_self_random(self) % 3 == 0) {
        error = ask_figure(self, crowd->server, 7, TROUPE_FOREVER, NULL);
    }
    error = error ? error : send_figure(self, crowd->refs[(member->number + 1) % CROWD], 1);
    return error;
}

static troupe_error mingles(troupe_self *self, void *argument)
{
    const struct member *member = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(100));      /* until all are there */
    error = error ? error : send_figure(self, troupe_self_ref(self), 1); /* its token */
    for (unsigned i = 0; i < 40 && error == TROUPE_OK; i++) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        error = error ? error : hands_on(self, member);
    }
    if (error) {
        probe_say(member->crowd->seen, "%s", troupe_error_name(error));
    }
    return error ? error : serve(self);
}

static void run_crowd(uint64_t seed, void *context)
{
    uint64_t *waited = context;
    struct crowd crowd = {.seen = a_probe()};
    struct member members[CROWD];
    tr_world *world = a_world(seed, 1 + (uint32_t) (seed % 3));
    crowd.server = a_root(world, TROUPE_SPAWN(.body = serves_slowly, .mailbox_capacity = 1,
                                              .place = TROUPE_PLACE_ANY));
    for (uint32_t i = 0; i < CROWD; i++) {
        members[i] = (struct member) {.crowd = &crowd, .number = i};
        crowd.refs[i] =
            a_root(world, TROUPE_SPAWN(.body = mingles, .argument = &members[i],
                                       .mailbox_capacity = 2, .place = TROUPE_PLACE_ANY));
    }
    tr_world_advance(world, UINT64_C(60000000000));
    assert_silent(crowd.seen);
    troupe_counts counts;
    tr_world_counts(world, &counts);
    *waited += counts.waited;
    drop_world(&world);
    drop_probe(&crowd.seen);
}

/* Promise: RING-NONE */
static void tells_nobody_in_a_system_that_moves(void **state)
{
    (void) state;
    uint64_t waited = 0;
    for_each_seed(200, run_crowd, &waited);
    assert_true(waited > 1000); /* it was not idle either */
}

/* The first asks the second, who answers and asks the third, who asks the first. While the answer
 * is under way all three wait for each other, and nobody is stuck. */
static troupe_error answers_and_asks(troupe_self *self, void *argument)
{
    const struct player *player = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_S(1)); /* until all are there */
    if (player->number > 0) {
        error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    }
    if (player->number == 1) {
        error = error ? error : reply_figure(self, message, 1);
    }
    say(player, error ? error : ask_figure(self, next_of(player), 1, TROUPE_FOREVER, NULL));
    if (player->number == 2) {
        error = error ? error : reply_figure(self, message, 1);
    }
    return error ? error : serve(self);
}

static void run_answered(uint64_t seed, void *context)
{
    (void) context;
    struct player players[PLAYERS_MAX];
    struct ring ring = {.seen = a_probe(), .count = 3};
    tr_world *world = a_world_of(&(const tr_world_options) {
        .seed = seed, .workers = 3, .delay_ns_max = UINT64_C(300000000)});
    for (uint32_t i = 0; i < ring.count; i++) {
        players[i] = (struct player) {.ring = &ring, .number = i};
        ring.refs[i] = a_root(world, TROUPE_SPAWN(.body = answers_and_asks, .argument = &players[i],
                                                  .place = TROUPE_PLACE_WORKER, .place_worker = i));
    }
    tr_world_advance(world, UINT64_C(10000000000));
    assert_said(ring.seen, "OK", "OK", "OK");
    drop_world(&world);
    drop_probe(&ring.seen);
}

/* Promise: RING-NONE */
static void tells_nobody_while_an_answer_is_under_way(void **state)
{
    (void) state;
    for_each_seed(300, run_answered, NULL);
}

/* Keeps the request, parks what its asker has no room for, and answers at the next tick. */
struct keeper {
    const struct player *player;
    troupe_message *kept;
};

static troupe_error knows_player(troupe_self *self, void *state, void *argument)
{
    (void) self;
    ((struct keeper *) state)->player = argument;
    return TROUPE_OK;
}

static troupe_error keeps(troupe_self *self, void *state, troupe_message **message)
{
    struct keeper *keeper = state;
    troupe_timer timer;
    keeper->kept = *message;
    *message = NULL;
    troupe_error error = send_figure(self, next_of(keeper->player), 1);
    error = error ? error : send_figure(self, next_of(keeper->player), 2); /* parked */
    return error ? error
                 : troupe_timer_start(self, TROUPE_TIMER(.after = TROUPE_WITHIN_S(1)), &timer);
}

static troupe_error answers_kept(troupe_self *self, void *state, troupe_message **message)
{
    struct keeper *keeper = state;
    (void) message;
    const troupe_error error = reply_figure(self, keeper->kept, 1);
    troupe_message_destroy(&keeper->kept);
    return error;
}

static const troupe_handles keeping_handlers[] = {
    {.type = &figure_type, .handler = keeps},
    {.type = &troupe_tick_type, .handler = answers_kept},
    {0}};
static const troupe_behavior keeping =
    TROUPE_BEHAVIOR(.name = "keeping", .state_size = sizeof(struct keeper), .start = knows_player,
                    .handlers = keeping_handlers, .refused = gets_back);

/* Promise: RING-NONE */
static void tells_nobody_where_a_timer_may_still_help(void **state)
{
    struct player players[2];
    struct ring ring = {.seen = a_probe(), .count = 2};
    for (uint32_t i = 0; i < 2; i++) {
        players[i] = (struct player) {.ring = &ring, .number = i};
    }
    ring.refs[0] = a_root(
        *state, TROUPE_SPAWN(.body = asks_next, .argument = &players[0], .mailbox_capacity = 1));
    ring.refs[1] = a_root(*state, TROUPE_SPAWN(.behavior = &keeping, .argument = &players[1]));
    tr_world_advance(*state, UINT64_C(10000000000));
    assert_said(ring.seen, "OK");
    drop_probe(&ring.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_one_of_those_who_wait_for_each_others_replies),
        cmocka_unit_test(tells_one_of_those_who_wait_for_each_others_room),
        cmocka_unit_test(tells_one_of_those_who_wait_for_room_and_replies),
        cmocka_unit_test(gives_one_behaviors_parked_message_back),
        cmocka_unit_test(finds_a_ring_past_an_edge_that_is_stuck),
        cmocka_unit_test(tells_nobody_in_a_system_that_moves),
        cmocka_unit_test(tells_nobody_while_an_answer_is_under_way),
        WITH_WORLD(tells_nobody_where_a_timer_may_still_help),
    };
    return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
