/* SPDX-License-Identifier: MIT */
/* limit: the same workloads in bare C: what is left when the promises are. One thread, a mailbox
 * that is a list, a queue of those that can run, a message from malloc and a call through a
 * pointer. No bounds (but in `count`), no types, no counts, no errors, no end of an actor that
 * anybody hears of. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/peers/limit.h"

enum {
    BALLS = 40000000,
    RING = 503,
    BOUND = 1024,
    LIVES = 4000000,
    AT_ONCE = 64,
    FAN_OUT = 10,
    BIG = 100,
    BIG_PINGS = 40000
};

struct actor;

struct message {
    struct message *next;
    struct actor *sender;
    uint64_t number;
    uint64_t size;
};

struct actor {
    struct actor *next; /* in the run queue */
    struct message *head;
    struct message *tail;
    void (*handle)(struct actor *self, const struct message *message);
    struct actor *peer;
    uint64_t left;
    uint64_t sum;
    uint64_t random;
    uint32_t queued;
    int is_runnable;
    int has_ended;
};

static struct actor *run_head;
static struct actor *run_tail;

static void make_runnable(struct actor *actor)
{
    actor->is_runnable = 1;
    actor->next = NULL;
    if (run_head == NULL) {
        run_head = actor;
    } else {
        run_tail->next = actor;
    }
    run_tail = actor;
}

static void send_sized(struct actor *sender, struct actor *to, uint64_t number, uint64_t size)
{
    struct message *message = malloc(sizeof *message);
    BENCH_MUST(message != NULL);
    message->next = NULL;
    message->sender = sender;
    message->number = number;
    message->size = size;
    if (to->head == NULL) {
        to->head = message;
    } else {
        to->tail->next = message;
    }
    to->tail = message;
    to->queued++;
    if (!to->is_runnable) {
        make_runnable(to);
    }
}

static void send(struct actor *sender, struct actor *to, uint64_t number)
{
    send_sized(sender, to, number, 0);
}

static struct actor *spawn(void (*handle)(struct actor *self, const struct message *message))
{
    struct actor *actor = calloc(1, sizeof *actor);
    BENCH_MUST(actor != NULL);
    actor->handle = handle;
    return actor;
}

/* A turn: up to 64 messages. */
static void run_one(struct actor *actor)
{
    for (int i = 0; i < 64 && actor->head != NULL; i++) {
        struct message *message = actor->head;
        actor->head = message->next;
        actor->queued--;
        actor->handle(actor, message);
        free(message);
    }
    actor->is_runnable = 0;
    if (actor->head != NULL) {
        make_runnable(actor);
    } else if (actor->has_ended) {
        free(actor);
    }
}

static void run_all(void)
{
    while (run_head != NULL) {
        struct actor *actor = run_head;
        run_head = actor->next;
        run_one(actor);
    }
}

/* Workloads. */

static void hit(struct actor *self, const struct message *message)
{
    if (message->number > 0) {
        send(self, self->peer, message->number - 1);
    }
}

static void play(const bench_arguments *arguments, uint32_t size, const char *unit)
{
    struct actor *players[RING];
    const uint64_t balls = bench_count_of(arguments, BALLS, 1);
    for (uint32_t i = 0; i < size; i++) {
        players[i] = spawn(hit);
    }
    for (uint32_t i = 0; i < size; i++) {
        players[i]->peer = players[(i + 1) % size];
    }
    const double start_s = bench_now_s();
    send(NULL, players[0], balls - 1);
    run_all();
    bench_report(arguments, "", "limit", (double) balls / (bench_now_s() - start_s), unit);
    for (uint32_t i = 0; i < size; i++) {
        free(players[i]); /* NOLINT(clang-analyzer-unix.Malloc): players do not end */
    }
}

static void consume(struct actor *self, const struct message *message)
{
    self->sum += message->number;
}

/* Sends until the mailbox is full, then lets the consumer run. */
static void produce(struct actor *self, const struct message *message)
{
    (void) message;
    while (self->left > 0 && self->peer->queued < BOUND) {
        send(self, self->peer, self->left--);
    }
    if (self->left > 0) {
        send(self, self, 0);
    }
}

static void count(const bench_arguments *arguments)
{
    const uint64_t parcels = bench_count_of(arguments, BALLS, 1);
    struct actor *producer = spawn(produce);
    producer->peer = spawn(consume);
    producer->left = parcels;
    const double start_s = bench_now_s();
    send(NULL, producer, 0);
    run_all();
    const double taken_s = bench_now_s() - start_s;
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): producers do not end */
    BENCH_MUST(producer->peer->sum == parcels * (parcels + 1) / 2);
    bench_report(arguments, "", "limit", (double) parcels / taken_s, "messages/s");
    free(producer->peer);
    free(producer);
}

static uint64_t lives_ended;

static void live_and_end(struct actor *self, const struct message *message)
{
    (void) message;
    lives_ended++;
    self->has_ended = 1;
}

static void live(const bench_arguments *arguments)
{
    const uint64_t lives = bench_count_of(arguments, LIVES, AT_ONCE);
    const double start_s = bench_now_s();
    for (uint64_t i = 0; i < lives; i++) {
        send(NULL, spawn(live_and_end), i);
        if (i % AT_ONCE == AT_ONCE - 1) {
            run_all();
        }
    }
    BENCH_MUST(lives_ended == lives);
    bench_report(arguments, "", "limit", (double) lives / (bench_now_s() - start_s), "actors/s");
}

static uint64_t tree_sum;

static void report_up(struct actor *self)
{
    if (self->peer != NULL) {
        send(self, self->peer, self->sum);
    } else {
        tree_sum = self->sum;
    }
    self->has_ended = 1;
}

/* The first message says which leaves are below; the others are their sums. */
static void grow(struct actor *self, const struct message *message)
{
    if (message->size == 0) {
        self->sum += message->number;
        self->left--;
    } else if (message->size == 1) {
        self->sum = message->number;
    } else {
        const uint64_t part = message->size / FAN_OUT;
        self->left = FAN_OUT;
        for (uint64_t i = 0; i < FAN_OUT; i++) {
            struct actor *child = spawn(grow);
            child->peer = self;
            send_sized(self, child, message->number + i * part, part);
        }
    }
    if (self->left == 0) {
        report_up(self);
    }
}

static void tree(const bench_arguments *arguments)
{
    const uint64_t leaves = bench_leaves_of(arguments);
    const double start_s = bench_now_s();
    send_sized(NULL, spawn(grow), 0, leaves);
    run_all();
    const double taken_s = bench_now_s() - start_s;
    BENCH_MUST(tree_sum == leaves * (leaves - 1) / 2);
    bench_report(arguments, "", "limit", taken_s, "s");
}

static struct actor *crowd[BIG];

/* A pong, or the first word: pings another at random, as often as it has left. A ping has size 1
 * and is answered. */
static void mingle(struct actor *self, const struct message *message)
{
    if (message->size == 1) {
        send(self, message->sender, 0);
    } else if (self->left > 0) {
        self->left--;
        self->random ^= self->random << 13;
        self->random ^= self->random >> 7;
        self->random ^= self->random << 17;
        send_sized(self, crowd[self->random % BIG], 0, 1);
    }
}

static void big(const bench_arguments *arguments)
{
    const uint64_t pings = bench_count_of(arguments, BIG_PINGS, 1);
    for (uint64_t i = 0; i < BIG; i++) {
        crowd[i] = spawn(mingle);
        crowd[i]->left = pings;
        crowd[i]->random = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
    }
    const double start_s = bench_now_s();
    for (uint64_t i = 0; i < BIG; i++) {
        send(NULL, crowd[i], 0);
    }
    run_all();
    const double taken_s = bench_now_s() - start_s;
    for (uint64_t i = 0; i < BIG; i++) {
        free(crowd[i]);
    }
    bench_report(arguments, "", "limit", 2.0 * BIG * (double) pings / taken_s, "messages/s");
}

static void on_one_thread(const bench_arguments *arguments)
{
    if (strcmp(arguments->workload, "ping-pong") == 0) {
        play(arguments, 2, "messages/s");
    } else if (strcmp(arguments->workload, "ping-pong-coroutines") == 0) {
        limit_ping_pong_coroutines(arguments);
    } else if (strcmp(arguments->workload, "ring") == 0) {
        play(arguments, RING, "hops/s");
    } else if (strcmp(arguments->workload, "count") == 0) {
        count(arguments);
    } else if (strcmp(arguments->workload, "spawn") == 0) {
        live(arguments);
    } else if (strcmp(arguments->workload, "tree") == 0) {
        tree(arguments);
    } else if (strcmp(arguments->workload, "big") == 0) {
        big(arguments);
    } else if (strcmp(arguments->workload, "compute") == 0) {
        limit_compute(arguments);
    } else {
        bench_unknown(arguments);
    }
}

int main(int argc, char **argv)
{
    const bench_arguments arguments = bench_read_arguments(argc, argv);
    if (arguments.threads == 1) {
        on_one_thread(&arguments);
    } else if (strcmp(arguments.workload, "count-two-workers") == 0) {
        limit_count_two_threads(&arguments);
    } else if (strcmp(arguments.workload, "round-trip") == 0) {
        limit_round_trip(&arguments);
    } else if (strcmp(arguments.workload, "compute") == 0) {
        limit_compute(&arguments);
    } else {
        bench_unknown(&arguments);
    }
    return 0;
}
