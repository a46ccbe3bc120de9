/* SPDX-License-Identifier: MIT */
/* inproc_bench: what it costs to hand a batch to another thread, by the carrier and by ZeroMQ's
 * sockets alone; what an empty look and a wake-up cost. Prints `workload subject value unit`, one
 * line each: the best of the runs. The sender stays at most WINDOW batches ahead, as admission
 * would see to.
 *
 *     inproc_bench [BATCHES]
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#include "base/memory.h"
#include "base/thread.h"
#include "transport/inproc.h"
#include "transport/waiter.h"

enum {
    RUNS = 7,
    WINDOW = 512,
    ROUND_TRIPS = 20000
};

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            (void) fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                 \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* The words that two threads share, each in a pair of cache lines of its own. */
struct shared {
    _Alignas(128) _Atomic uint64_t sent;
    _Alignas(128) _Atomic uint64_t received;
    _Alignas(128) _Atomic int ready;
};

struct parcel {
    void *head;
    void *tail;
    uint64_t count;
};

struct run;

/* A way to send and to receive; `receive` returns whether there was something. */
struct way {
    const char *name;
    void (*open)(struct run *run, int side);
    void (*send)(struct run *run);
    bool (*receive)(struct run *run);
    void (*close)(struct run *run, int side);
};

struct run {
    const struct way *way;
    uint64_t batches;
    tr_inproc *inproc;
    tr_inproc_end *ends[2];
    void *context;
    void *sockets[2];
    struct shared shared;
};

static double now_ns(void)
{
    struct timespec now;
    (void) clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec * 1e9 + (double) now.tv_nsec;
}

static const tr_batch some_batch = {.head = NULL, .tail = NULL, .count = 1};

static void open_end(struct run *run, int side)
{
    MUST(tr_inproc_open(run->inproc, (uint32_t) side, &run->ends[side]) == TROUPE_OK);
}

static void send_by_end(struct run *run)
{
    MUST(tr_inproc_send(run->ends[0], 1, &some_batch) == TROUPE_OK);
}

static bool receive_by_end(struct run *run)
{
    tr_inproc_arrival arrival;
    return tr_inproc_receive(run->ends[1], &arrival);
}

static void close_end(struct run *run, int side)
{
    tr_inproc_arrival arrival;
    MUST(!tr_inproc_drain(run->ends[side], &arrival));
    tr_inproc_close(&run->ends[side]);
}

static void open_socket(struct run *run, int side, int type)
{
    const int none = 0;
    const int yes = 1;
    void *socket = zmq_socket(run->context, type);
    MUST(socket != NULL);
    MUST(zmq_setsockopt(socket, ZMQ_SNDHWM, &none, sizeof none) == 0);
    MUST(zmq_setsockopt(socket, ZMQ_RCVHWM, &none, sizeof none) == 0);
    if (type == ZMQ_ROUTER) {
        MUST(zmq_setsockopt(socket, ZMQ_ROUTER_MANDATORY, &yes, sizeof yes) == 0);
        MUST(zmq_setsockopt(socket, ZMQ_ROUTING_ID, side == 0 ? "<0" : "<1", 2) == 0);
        MUST(zmq_setsockopt(socket, ZMQ_CONNECT_ROUTING_ID, ">1", 2) == 0);
    }
    run->sockets[side] = socket;
}

/* Side 1 is opened first and binds. */
static void open_router(struct run *run, int side)
{
    open_socket(run, side, ZMQ_ROUTER);
    MUST(side == 0 ? zmq_connect(run->sockets[side], "inproc://1") == 0
                   : zmq_bind(run->sockets[side], "inproc://1") == 0);
}

static void open_pair(struct run *run, int side)
{
    open_socket(run, side, ZMQ_PAIR);
    MUST(side == 0 ? zmq_connect(run->sockets[side], "inproc://1") == 0
                   : zmq_bind(run->sockets[side], "inproc://1") == 0);
}

static void close_socket(struct run *run, int side)
{
    MUST(zmq_close(run->sockets[side]) == 0);
}

static void send_parcel(struct run *run)
{
    const struct parcel parcel = {NULL, NULL, 1};
    MUST(zmq_send(run->sockets[0], &parcel, sizeof parcel, ZMQ_DONTWAIT) == sizeof parcel);
}

static void send_by_router(struct run *run)
{
    atomic_fetch_add(&run->shared.sent, 1);
    MUST(zmq_send(run->sockets[0], ">1", 2, ZMQ_DONTWAIT | ZMQ_SNDMORE) == 2);
    send_parcel(run);
}

static void send_by_pair(struct run *run)
{
    atomic_fetch_add(&run->shared.sent, 1);
    send_parcel(run);
}

static void send_by_pair_uncounted(struct run *run)
{
    send_parcel(run);
}

static bool receive_parcel(struct run *run)
{
    struct parcel parcel;
    return zmq_recv(run->sockets[1], &parcel, sizeof parcel, ZMQ_DONTWAIT) == sizeof parcel;
}

static bool has_arrivals(struct run *run)
{
    return atomic_load(&run->shared.sent) !=
           atomic_load_explicit(&run->shared.received, memory_order_relaxed);
}

static bool receive_by_router(struct run *run)
{
    char id[8];
    return has_arrivals(run) && zmq_recv(run->sockets[1], id, sizeof id, ZMQ_DONTWAIT) == 2 &&
           receive_parcel(run);
}

static bool receive_by_pair(struct run *run)
{
    return has_arrivals(run) && receive_parcel(run);
}

static const struct way ways[] = {
    {"carrier", open_end, send_by_end, receive_by_end, close_end},
    {"router_counted", open_router, send_by_router, receive_by_router, close_socket},
    {"pair_counted", open_pair, send_by_pair, receive_by_pair, close_socket},
    {"pair_uncounted", open_pair, send_by_pair_uncounted, receive_parcel, close_socket},
};

static void send_all(void *context)
{
    struct run *run = context;
    run->way->open(run, 0);
    atomic_store(&run->shared.ready, 1);
    for (uint64_t i = 0; i < run->batches; i++) {
        while (i - atomic_load(&run->shared.received) >= WINDOW) {}
        run->way->send(run);
    }
    while (atomic_load(&run->shared.received) < run->batches) {}
    run->way->close(run, 0);
}

static double ns_per_batch(const struct way *way, uint64_t batches)
{
    struct run run = {.way = way, .batches = batches};
    const tr_inproc_options options = {.name = "bench"};
    MUST(tr_inproc_create(&options, &run.inproc) == TROUPE_OK);
    run.context = zmq_ctx_new();
    way->open(&run, 1);
    tr_thread sender;
    MUST(tr_thread_start(&sender, "sender", send_all, &run) == TROUPE_OK);
    while (atomic_load(&run.shared.ready) == 0) {}

    const double start_ns = now_ns();
    for (uint64_t count = 0; count < batches;) {
        if (way->receive(&run)) {
            count++;
            atomic_store_explicit(&run.shared.received, count, memory_order_release);
        }
    }
    const double taken_ns = now_ns() - start_ns;

    tr_thread_join(&sender);
    way->close(&run, 1);
    MUST(zmq_ctx_term(run.context) == 0);
    tr_inproc_destroy(&run.inproc);
    return taken_ns / (double) batches;
}

/* Sends a window full and receives it. */
static void pass_window(struct run *run)
{
    for (int sent = 0; sent < WINDOW; sent++) {
        send_by_end(run);
    }
    for (int received = 0; received < WINDOW; received++) {
        MUST(receive_by_end(run));
    }
}

static double ns_per_batch_on_one_thread(uint64_t batches)
{
    struct run run = {.way = &ways[0]};
    const tr_inproc_options options = {.name = "bench"};
    MUST(tr_inproc_create(&options, &run.inproc) == TROUPE_OK);
    open_end(&run, 0);
    open_end(&run, 1);
    const double start_ns = now_ns();
    const uint64_t windows = batches / WINDOW;
    for (uint64_t i = 0; i < windows; i++) {
        pass_window(&run);
    }
    const double taken_ns = now_ns() - start_ns;
    close_end(&run, 0);
    close_end(&run, 1);
    tr_inproc_destroy(&run.inproc);
    return taken_ns / (double) (windows * WINDOW);
}

static double ns_per_empty_look(uint64_t looks)
{
    struct run run = {.way = &ways[0]};
    const tr_inproc_options options = {.name = "bench"};
    MUST(tr_inproc_create(&options, &run.inproc) == TROUPE_OK);
    open_end(&run, 1);
    const double start_ns = now_ns();
    for (uint64_t i = 0; i < looks; i++) {
        MUST(!receive_by_end(&run));
    }
    const double taken_ns = now_ns() - start_ns;
    close_end(&run, 1);
    tr_inproc_destroy(&run.inproc);
    return taken_ns / (double) looks;
}

/* Sleeps until there is a batch, as a worker does. */
static void await_batch(tr_inproc_end *end, tr_waiter *waiter)
{
    tr_inproc_arrival arrival;
    while (!tr_inproc_receive(end, &arrival)) {
        if (tr_inproc_prepare_sleep(end)) {
            const tr_waiter_event *events = NULL;
            (void) tr_waiter_wait(waiter, TR_NEVER, 0, &events);
        }
    }
}

static void open_sleeper(struct run *run, int side, tr_waiter **out_waiter)
{
    open_end(run, side);
    MUST(tr_waiter_create(tr_allocator_default(), out_waiter) == TROUPE_OK);
    MUST(tr_waiter_add(*out_waiter, tr_inproc_fd(run->ends[side]), TR_WAITER_READ, run) ==
         TROUPE_OK);
}

static void answer_all(void *context)
{
    struct run *run = context;
    tr_waiter *waiter = NULL;
    open_sleeper(run, 1, &waiter);
    atomic_store(&run->shared.ready, 1);
    for (uint64_t i = 0; i < run->batches; i++) {
        await_batch(run->ends[1], waiter);
        MUST(tr_inproc_send(run->ends[1], 0, &some_batch) == TROUPE_OK);
    }
    tr_waiter_destroy(&waiter);
    close_end(run, 1);
}

static double ns_per_wake_up(uint64_t round_trips)
{
    struct run run = {.way = &ways[0], .batches = round_trips};
    const tr_inproc_options options = {.name = "bench"};
    MUST(tr_inproc_create(&options, &run.inproc) == TROUPE_OK);
    tr_waiter *waiter = NULL;
    open_sleeper(&run, 0, &waiter);
    tr_thread answerer;
    MUST(tr_thread_start(&answerer, "answerer", answer_all, &run) == TROUPE_OK);
    while (atomic_load(&run.shared.ready) == 0) {}

    const double start_ns = now_ns();
    for (uint64_t i = 0; i < round_trips; i++) {
        send_by_end(&run);
        await_batch(run.ends[0], waiter);
    }
    const double taken_ns = now_ns() - start_ns;

    tr_thread_join(&answerer);
    tr_waiter_destroy(&waiter);
    close_end(&run, 0);
    tr_inproc_destroy(&run.inproc);
    return taken_ns / (double) round_trips / 2;
}

struct measurement {
    const char *name;
    double best_ns;
};

static void keep_best(struct measurement *measurement, double value_ns)
{
    if (measurement->best_ns == 0 || value_ns < measurement->best_ns) {
        measurement->best_ns = value_ns;
    }
}

int main(int argc, char **argv)
{
    enum {
        WAYS = sizeof ways / sizeof ways[0]
    };
    const uint64_t batches = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    struct measurement of_ways[WAYS] = {{NULL, 0}};
    struct measurement one_thread = {"carrier_one_thread", 0};
    struct measurement empty_look = {"empty_look", 0};
    struct measurement wake_up = {"wake_up", 0};
    /* In turn, so that what else the machine does falls on all alike. */
    for (int run = 0; run < RUNS; run++) {
        for (size_t i = 0; i < WAYS; i++) {
            of_ways[i].name = ways[i].name;
            keep_best(&of_ways[i], ns_per_batch(&ways[i], batches));
        }
        keep_best(&one_thread, ns_per_batch_on_one_thread(batches));
        keep_best(&empty_look, ns_per_empty_look(batches));
        keep_best(&wake_up, ns_per_wake_up(ROUND_TRIPS < batches ? ROUND_TRIPS : batches));
    }

    for (size_t i = 0; i < WAYS; i++) {
        printf("inproc %s %.1f ns\n", of_ways[i].name, of_ways[i].best_ns);
    }
    printf("inproc %s %.1f ns\n", one_thread.name, one_thread.best_ns);
    printf("inproc %s %.1f ns\n", empty_look.name, empty_look.best_ns);
    printf("inproc %s %.1f ns\n", wake_up.name, wake_up.best_ns);
    return 0;
}
