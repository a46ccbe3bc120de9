/* SPDX-License-Identifier: MIT */
/* What the carrier promises while threads use it at the same time, as workers do: spin, look,
 * sleep. A wake-up that is lost stops a test for good, and its time limit ends it. What threads see
 * is collected and looked at on the test's own. The balls that fly are written by the sender and
 * read by the receiver without any other care, so that the thread sanitizer watches them. */
#include "transport/inproc.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/thread.h"
#include "support/fixtures.h"
#include "transport/waiter.h"

/* The indices of the one that throws balls in, and of the one that comes and goes. */
#define THROWER 64
#define GUEST 65
#define INDICES 66
#define GUEST_VISITS 2000
#define CHAINS_PER_VISIT 4

struct ball {
    struct ball *next; /* in its batch */
    uint32_t from;
    uint32_t sequence;  /* from this sender to this receiver */
    uint32_t visit;     /* of the guest: each is an end of its own, with an order of its own */
    uint32_t hops_left; /* in the tests where balls are passed on */
};

struct player;

/* What all players of one game share. */
struct game {
    tr_inproc *inproc;
    struct player *players;
    uint32_t count;
    uint32_t balls_per_pair;
    _Atomic uint32_t balls_left; /* in the tests where balls are passed on */
    _Atomic uint32_t ready;      /* players whose end is open */
    void (*play)(struct player *player);
};

struct player {
    struct game *game;
    tr_thread thread;
    uint32_t index;
    tr_inproc_end *end;
    tr_waiter *waiter;
    tr_random random;
    uint64_t sleeps;
    uint64_t received; /* balls */
    uint64_t wrong;    /* balls or chains that were not as sent, and calls that failed */
    uint32_t sent_to[INDICES];
    uint32_t received_from[INDICES];
    uint32_t received_of_visit[GUEST_VISITS];
    uint32_t visit;             /* the guest's own */
    _Atomic uint32_t guest_has; /* of what was sent to the guest, so as not to get far ahead */
};

static void note(struct player *player, bool is_right)
{
    player->wrong += !is_right;
}

static bool throw_balls(struct player *player, uint32_t to, struct ball *head, struct ball *tail,
                        uint32_t count)
{
    const tr_batch batch = {(troupe_message *) (void *) head, (troupe_message *) (void *) tail,
                            count};
    return tr_inproc_send(player->end, to, &batch) == TROUPE_OK;
}

static struct ball *a_ball(struct player *player, uint32_t to)
{
    struct ball *ball = malloc(sizeof *ball);
    if (ball == NULL) {
        abort();
    }
    *ball = (struct ball) {
        .from = player->index, .sequence = player->sent_to[to]++, .visit = player->visit};
    return ball;
}

/* A chain of one ball and a chain of two in turn. False: the end is not open. */
static bool throw_a_chain(struct player *player, uint32_t to)
{
    const uint32_t count = 1 + player->sent_to[to] % 3;
    struct ball *head = a_ball(player, to);
    struct ball *tail = head;
    for (uint32_t i = 1; i < count; i++) {
        tail->next = a_ball(player, to);
        tail = tail->next;
    }
    if (throw_balls(player, to, head, tail, count)) {
        return true;
    }
    player->sent_to[to] -= count;
    while (head != NULL) {
        struct ball *next = head->next;
        free(head);
        head = next;
    }
    return false;
}

static void check_order(struct player *player, const struct ball *ball)
{
    uint32_t *next = ball->from == GUEST ? &player->received_of_visit[ball->visit]
                                         : &player->received_from[ball->from];
    note(player, ball->sequence == *next);
    *next = ball->sequence + 1;
}

/* Looks at the chain and frees it. */
static void catch_chain(struct player *player, const tr_inproc_arrival *arrival)
{
    uint32_t count = 0;
    struct ball *ball = (struct ball *) (void *) arrival->batch.head;
    while (ball != NULL) {
        struct ball *next = ball->next;
        note(player, ball->from == arrival->from);
        note(player, (next == NULL) == ((void *) ball == (void *) arrival->batch.tail));
        check_order(player, ball);
        free(ball);
        count++;
        ball = next;
    }
    note(player, count == arrival->batch.count);
    player->received += count;
}

/* Sleeps until something may have come; returns with it or without. */
static void wait_for_arrival(struct player *player)
{
    if (tr_inproc_prepare_sleep(player->end)) {
        const tr_waiter_event *events = NULL;
        player->sleeps++;
        (void) tr_waiter_wait(player->waiter, TR_NEVER, 0, &events);
    }
}

static void drain_and_close(struct player *player)
{
    tr_inproc_arrival arrival;
    while (tr_inproc_drain(player->end, &arrival)) {
        catch_chain(player, &arrival);
    }
    tr_inproc_close(&player->end);
}

static void wait_for_all_players(struct game *game)
{
    while (atomic_load(&game->ready) < game->count) {
        (void) sched_yield(); /* cannot fail */
    }
}

static void run_player(void *context)
{
    struct player *player = context;
    note(player, tr_inproc_open(player->game->inproc, player->index, &player->end) == TROUPE_OK);
    note(player, tr_waiter_create(tr_allocator_default(), &player->waiter) == TROUPE_OK);
    note(player, tr_waiter_add(player->waiter, tr_inproc_fd(player->end), TR_WAITER_READ, player) ==
                     TROUPE_OK);
    atomic_fetch_add(&player->game->ready, 1);
    wait_for_all_players(player->game);

    player->game->play(player);

    tr_waiter_remove(player->waiter, tr_inproc_fd(player->end));
    drain_and_close(player);
    tr_waiter_destroy(&player->waiter);
}

static void start_game(struct game *game, uint32_t count, void (*play)(struct player *player))
{
    const tr_inproc_options options = {.name = "game"};
    assert_ok(tr_inproc_create(&options, &game->inproc));
    game->count = count;
    game->play = play;
    game->players = calloc(count, sizeof *game->players);
    assert_non_null(game->players);
    for (uint32_t i = 0; i < count; i++) {
        struct player *player = &game->players[i];
        player->game = game;
        player->index = i;
        tr_random_seed(&player->random, i);
        assert_ok(tr_thread_start(&player->thread, "player", run_player, player));
    }
}

/* Returns the number of balls received. */
static uint64_t end_game(struct game *game)
{
    uint64_t received = 0;
    uint64_t wrong = 0;
    uint64_t sleeps = 0;
    for (uint32_t i = 0; i < game->count; i++) {
        tr_thread_join(&game->players[i].thread);
        received += game->players[i].received;
        wrong += game->players[i].wrong;
        sleeps += game->players[i].sleeps;
    }
    assert_int_equal(wrong, 0);
    print_message("%llu balls received, %llu sleeps\n", (unsigned long long) received,
                  (unsigned long long) sleeps);
    tr_inproc_destroy(&game->inproc);
    free(game->players);
    return received;
}

static void catch_all_there_is(struct player *player)
{
    tr_inproc_arrival arrival;
    while (tr_inproc_receive(player->end, &arrival)) {
        catch_chain(player, &arrival);
    }
}

/* Everybody sends everybody else the same number of balls, chains to all in turn. */
static void send_to_all(struct player *player)
{
    const struct game *game = player->game;
    const uint64_t expected = (uint64_t) game->balls_per_pair * (game->count - 1);
    bool has_sent_all = false;
    while (!has_sent_all || player->received < expected) {
        has_sent_all = true;
        for (uint32_t to = 0; to < game->count; to++) {
            if (to != player->index && player->sent_to[to] < game->balls_per_pair) {
                note(player, throw_a_chain(player, to));
                has_sent_all = false;
            }
        }
        catch_all_there_is(player);
        if (has_sent_all && player->received < expected) {
            wait_for_arrival(player);
        }
    }
}

static void assert_order_is_kept_among(uint32_t count, uint32_t balls_per_pair)
{
    assert_int_equal(balls_per_pair % 3, 0); /* a chain of one and a chain of two */
    struct game game = {.balls_per_pair = balls_per_pair};
    start_game(&game, count, send_to_all);
    assert_int_equal(end_game(&game), (uint64_t) count * (count - 1) * balls_per_pair);
}

static void keeps_order_between_two(void **state)
{
    (void) state;
    assert_order_is_kept_among(2, 300000);
}

static void keeps_order_among_eight(void **state)
{
    (void) state;
    assert_order_is_kept_among(8, 6000);
}

/* Promise: CARRIER-ORDER */
static void keeps_order_among_sixty_four(void **state)
{
    (void) state;
    assert_order_is_kept_among(64, 60);
}

static uint32_t any_other(struct player *player)
{
    const uint32_t others = player->game->count - 1;
    const uint32_t chosen = (uint32_t) tr_random_below(&player->random, others);
    return chosen + (chosen >= player->index);
}

/* One ball more to each player, to wake those who sleep; others have left already. */
static void end_the_round(struct player *player)
{
    for (uint32_t to = 0; to < player->game->count; to++) {
        if (to != player->index) {
            struct ball *last = a_ball(player, to);
            if (!throw_balls(player, to, last, last, 1)) {
                free(last);
            }
        }
    }
}

/* After its last hop the ball ends, and with the last ball the round. */
static void pass_on(struct player *player, struct ball *ball)
{
    if (ball->hops_left > 0) {
        const uint32_t to = any_other(player);
        ball->from = player->index;
        ball->hops_left--;
        ball->sequence = player->sent_to[to]++;
        note(player, throw_balls(player, to, ball, ball, 1));
        return;
    }
    free(ball);
    if (atomic_fetch_sub(&player->game->balls_left, 1) == 1) {
        end_the_round(player);
    }
}

/* Balls go round until their hops are used up; who has none sleeps. */
static void pass_balls_round(struct player *player)
{
    while (atomic_load(&player->game->balls_left) > 0) {
        tr_inproc_arrival arrival;
        if (!tr_inproc_receive(player->end, &arrival)) {
            wait_for_arrival(player);
            continue;
        }
        struct ball *ball = (struct ball *) (void *) arrival.batch.head;
        check_order(player, ball);
        player->received++;
        if (atomic_load(&player->game->balls_left) > 0) {
            pass_on(player, ball);
        } else {
            free(ball);
        }
    }
}

struct throw_in {
    uint32_t balls;
    uint32_t hops;
};

/* The test's own thread throws the balls in, from an end of its own. */
static void play_with(uint32_t players, struct throw_in throw_in)
{
    struct game game = {.balls_left = throw_in.balls};
    start_game(&game, players, pass_balls_round);
    struct player thrower = {.game = &game, .index = THROWER};
    assert_ok(tr_inproc_open(game.inproc, thrower.index, &thrower.end));
    while (atomic_load(&game.ready) < players) {}

    for (uint32_t i = 0; i < throw_in.balls; i++) {
        struct ball *ball = a_ball(&thrower, i % players);
        ball->hops_left = throw_in.hops;
        assert_true(throw_balls(&thrower, i % players, ball, ball, 1));
    }

    drain_and_close(&thrower);
    assert_in_range(end_game(&game), (uint64_t) throw_in.balls * throw_in.hops,
                    (uint64_t) throw_in.balls * (throw_in.hops + 1) + players);
}

/* Promise: CARRIER-WAKE */
static void loses_no_wake_up_of_one_ball(void **state)
{
    (void) state;
    play_with(2, (struct throw_in) {.balls = 1, .hops = 100000});
}

static void loses_no_wake_up_of_a_few_balls(void **state)
{
    (void) state;
    play_with(4, (struct throw_in) {.balls = 3, .hops = 100000});
}

/* Promise: CARRIER-WAKE */
static void loses_no_wake_up_of_many_balls(void **state)
{
    (void) state;
    play_with(8, (struct throw_in) {.balls = 40, .hops = 15000});
}

#define AHEAD_OF_GUEST_MAX 300

/* Sends to an index that is open now and then; what was taken was received, in order. */
static void throw_at_the_guest(struct player *player)
{
    struct game *game = player->game;
    while (atomic_load(&game->balls_left) > 0) {
        if (player->sent_to[GUEST] < atomic_load(&player->guest_has) + AHEAD_OF_GUEST_MAX) {
            (void) throw_a_chain(player, GUEST); /* often nobody is there */
        }
        catch_all_there_is(player);
    }
}

static void tell_what_the_guest_has(struct player *guest)
{
    struct player *players = guest->game->players;
    for (uint32_t from = 0; from < guest->game->count; from++) {
        atomic_store(&players[from].guest_has, guest->received_from[from]);
    }
}

static void stay_a_while(struct player *guest)
{
    const uint64_t enough = guest->received + tr_random_below(&guest->random, 30);
    for (uint32_t i = 0; i < CHAINS_PER_VISIT * guest->game->count; i++) {
        note(guest, throw_a_chain(guest, i % guest->game->count));
    }
    tell_what_the_guest_has(guest);
    while (guest->received < enough) {
        wait_for_arrival(guest);
        catch_all_there_is(guest);
        tell_what_the_guest_has(guest);
    }
}

/* ZeroMQ's thread frees the sockets of earlier visits in its own time. */
static void open_when_it_can(struct player *guest)
{
    troupe_error error = TROUPE_ERROR_LIMIT_REACHED;
    for (int tries = 0; error == TROUPE_ERROR_LIMIT_REACHED && tries < 100000; tries++) {
        error = tr_inproc_open(guest->game->inproc, guest->index, &guest->end);
        (void) sched_yield(); /* cannot fail */
    }
    assert_ok(error);
}

/* What is accepted is received, even if the receiver is about to close. */
static void ends_come_and_go_while_others_send(void **state)
{
    (void) state;
    struct game game = {.balls_left = 1};
    start_game(&game, 3, throw_at_the_guest);
    wait_for_all_players(&game);
    struct player guest = {.game = &game, .index = GUEST};
    tr_random_seed(&guest.random, GUEST);
    assert_ok(tr_waiter_create(tr_allocator_default(), &guest.waiter));

    for (guest.visit = 0; guest.visit < GUEST_VISITS; guest.visit++) {
        memset(guest.sent_to, 0, sizeof guest.sent_to);
        open_when_it_can(&guest);
        assert_ok(
            tr_waiter_add(guest.waiter, tr_inproc_fd(guest.end), TR_WAITER_READ, guest.waiter));
        stay_a_while(&guest);
        tr_waiter_remove(guest.waiter, tr_inproc_fd(guest.end));
        drain_and_close(&guest);
    }
    atomic_store(&game.balls_left, 0);

    print_message("%llu balls received by the guest\n", (unsigned long long) guest.received);
    assert_int_equal(guest.wrong, 0);
    for (uint32_t i = 0; i < game.count; i++) {
        tr_thread_join(&game.players[i].thread);
        assert_int_equal(game.players[i].wrong, 0);
        assert_int_equal(game.players[i].sent_to[GUEST], guest.received_from[i]);
        for (uint32_t visit = 0; visit < GUEST_VISITS; visit++) {
            assert_int_equal(game.players[i].received_of_visit[visit], CHAINS_PER_VISIT / 2 * 3);
        }
    }
    tr_waiter_destroy(&guest.waiter);
    tr_inproc_destroy(&game.inproc);
    free(game.players);
}

static int allow_1024_descriptors(void **state)
{
    (void) state;
    struct rlimit limit;
    (void) getrlimit(RLIMIT_NOFILE, &limit); /* cannot fail */
    limit.rlim_cur = 1024;
    return setrlimit(RLIMIT_NOFILE, &limit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_order_between_two),
        cmocka_unit_test(keeps_order_among_eight),
        cmocka_unit_test(keeps_order_among_sixty_four),
        cmocka_unit_test(loses_no_wake_up_of_one_ball),
        cmocka_unit_test(loses_no_wake_up_of_a_few_balls),
        cmocka_unit_test(loses_no_wake_up_of_many_balls),
        cmocka_unit_test(ends_come_and_go_while_others_send),
    };
    return cmocka_run_group_tests(tests, allow_1024_descriptors, NULL);
}
