/* SPDX-License-Identifier: MIT */
/* hosts_bench: messages from one process to another over tcp on loopback, by actors and by bare
 * ZeroMQ sockets, one after the other.
 *
 *     hosts_bench [DIVISOR [SIZE [SUBJECT]]]
 *
 * SIZE is one of the sizes below, or `trip` for round trips alone; SUBJECT one of those printed.
 * Prints lines of `WORKLOAD SUBJECT VALUE UNIT`: for some sizes how many messages arrive in a
 * second, and how long a round trip takes at the median; for actors also where the thread of the
 * one worker looks after the other node too (.border), and with keys (CURVE). The
 * sender's process is the one that measures: it has the last message acknowledged. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <troupe/troupe.h>
#include <unistd.h>
#include <zmq.h>

#include "bench/bench.h"

enum {
    ROUND_TRIPS = 20000,
    SIZE_MAX_BYTES = 65536
};

struct measure {
    size_t size;
    uint64_t count;
};

static const struct measure measures[] = {
    {16, 4000000}, {100, 3000000}, {1024, 1000000}, {65536, 40000}};

static unsigned char body[SIZE_MAX_BYTES];
static uint64_t divisor = 1;
static uint32_t border = TROUPE_BORDER_OWN_THREAD; /* of the nodes */
static size_t only = 0;                            /* the one size that is measured; 0: all, */
#define TRIPS SIZE_MAX                             /* and round trips, which may be alone */
static const char *only_subject = NULL;            /* NULL: all */

static void report(const char *workload, size_t size, const char *subject, double value,
                   const char *unit)
{
    printf("%s-%zu %s %.0f %s\n", workload, size, subject, value, unit);
    (void) fflush(stdout);
}

/* 0: it is not asked for. */
static uint64_t count_of(const struct measure *measure)
{
    return only == 0 || only == measure->size ? measure->count / divisor : 0;
}

/* One at least: it ends what was measured before. */
static size_t trip_count(void)
{
    return only == 0 || only == TRIPS ? ROUND_TRIPS / divisor : 1;
}

static int by_value(const void *left, const void *right)
{
    const double a = *(const double *) left;
    const double b = *(const double *) right;
    return a < b ? -1 : a > b;
}

static void report_median(double *seconds, size_t count, const char *subject)
{
    qsort(seconds, count, sizeof *seconds, by_value);
    report("hosts-round-trip-p50", 16, subject, seconds[count / 2] * 1e9, "ns");
}

/* Actors, plain or with keys. */

struct keys {
    char public_key[41];
    char secret_key[41];
};

static struct keys keys[2]; /* of the sink and of the source */
static bool has_keys;

static const char *subject(void)
{
    return has_keys ? "troupe-curve" : border == TROUPE_BORDER_SHARED ? "troupe-shared" : "troupe";
}

static const troupe_type data_type = TROUPE_SIGNAL("data");
static const troupe_type end_type = TROUPE_SIGNAL("end");
static const troupe_type done_type = TROUPE_SIGNAL("done");

static troupe_error learn(troupe_self *self)
{
    troupe_error error = troupe_learn_type(self, &data_type);
    error = error ? error : troupe_learn_type(self, &end_type);
    return error ? error : troupe_learn_type(self, &done_type);
}

/* Takes what comes; answers the end. */
static troupe_error sink(troupe_self *self, void *state, troupe_message **message)
{
    (void) state;
    return troupe_message_is(*message, &end_type)
               ? troupe_reply_struct(self, *message, &done_type, NULL)
               : TROUPE_OK;
}

static troupe_error start_sink(troupe_self *self, void *state, void *argument)
{
    (void) state;
    (void) argument;
    return learn(self);
}

static const troupe_behavior sink_behavior =
    TROUPE_BEHAVIOR(.name = "sink", .start = start_sink, .other = sink);

static void serve(int out)
{
    char endpoint[64];
    troupe_node *node = NULL;
    troupe_ref ref;
    const char *const allowed[] = {keys[1].public_key};
    BENCH_MUST(
        troupe_node_create(TROUPE_NODE_OPTIONS(.workers = 1, .border = border, .name = "sink",
                                               .listen = "tcp://127.0.0.1:*",
                                               .plain = has_keys ? 0 : TROUPE_PLAIN_ON_LOOPBACK,
                                               .public_key = has_keys ? keys[0].public_key : NULL,
                                               .secret_key = has_keys ? keys[0].secret_key : NULL,
                                               .allowed_keys = has_keys ? allowed : NULL,
                                               .allowed_key_count = has_keys ? 1 : 0),
                           &node) == TROUPE_OK);
    BENCH_MUST(troupe_node_start(node) == TROUPE_OK);
    BENCH_MUST(troupe_node_spawn(node,
                                 TROUPE_SPAWN(.name = "sink", .behavior = &sink_behavior,
                                              .mailbox_capacity = 16384,
                                              .mailbox_bytes = UINT64_C(64) << 20),
                                 &ref) == TROUPE_OK);
    BENCH_MUST(troupe_node_endpoint(node, endpoint, sizeof endpoint) == TROUPE_OK);
    const uint64_t id = troupe_node_id(node);
    BENCH_MUST(write(out, &id, sizeof id) == sizeof id);
    BENCH_MUST(write(out, endpoint, sizeof endpoint) == sizeof endpoint);
    for (;;) {
        (void) pause();
    }
}

static troupe_error send_one(troupe_self *self, troupe_ref to, size_t size)
{
    const troupe_bytes bytes = {.data = body, .size = size};
    troupe_message *message = NULL;
    troupe_error error = troupe_message_create_bytes(self, &data_type, &bytes, &message);
    error = error ? error
                  : troupe_send_message_with(self, to, &message,
                                             TROUPE_SEND(.timeout = TROUPE_FOREVER));
    troupe_message_destroy(&message);
    return error;
}

static troupe_error ask_end(troupe_self *self, troupe_ref to)
{
    TROUPE_AUTO(troupe_message) *reply = NULL;
    return troupe_ask_struct(self, to, &end_type, NULL, TROUPE_WITHIN_S(60), &reply);
}

static troupe_error pour(troupe_self *self, troupe_ref to, const struct measure *measure)
{
    const uint64_t count = count_of(measure);
    const double begun_s = bench_now_s();
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 0; i < count && !error; i++) {
        error = send_one(self, to, measure->size);
    }
    error = error ? error : ask_end(self, to);
    report("hosts-one-way", measure->size, subject(), (double) count / (bench_now_s() - begun_s),
           "messages/s");
    return error;
}

static troupe_error source(troupe_self *self, void *argument)
{
    const uint64_t *node = argument;
    troupe_ref to;
    troupe_error error = learn(self);
    while (!error) {
        error = troupe_lookup_on(self, *node, "sink", TROUPE_WITHIN_S(5), &to);
        if (error != TROUPE_ERROR_UNREACHABLE) {
            break;
        }
        error = troupe_sleep(self, TROUPE_WITHIN_MS(1));
    }
    for (size_t i = 0; i < sizeof measures / sizeof measures[0] && !error; i++) {
        error = count_of(&measures[i]) == 0 ? TROUPE_OK : pour(self, to, &measures[i]);
    }
    const size_t trips = trip_count();
    double *seconds = calloc(trips, sizeof *seconds);
    BENCH_MUST(seconds != NULL);
    for (size_t i = 0; i < trips && !error; i++) {
        const double begun_s = bench_now_s();
        error = ask_end(self, to);
        seconds[i] = bench_now_s() - begun_s;
    }
    report_median(seconds, trips, subject());
    free(seconds);
    return error;
}

static pid_t fork_into(void (*run)(int out), int *out_from)
{
    int ends[2];
    BENCH_MUST(pipe(ends) == 0);
    const pid_t child = fork();
    BENCH_MUST(child >= 0);
    if (child == 0) {
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        run(ends[1]);
        _exit(0);
    }
    (void) close(ends[1]);
    *out_from = ends[0];
    return child;
}

static void end_child(pid_t child, int from)
{
    (void) close(from);
    BENCH_MUST(kill(child, SIGKILL) == 0);
    BENCH_MUST(waitpid(child, NULL, 0) == child);
}

static void measure_actors(void)
{
    int from = -1;
    uint64_t id = 0;
    char endpoint[64];
    const pid_t child = fork_into(serve, &from);
    BENCH_MUST(read(from, &id, sizeof id) == sizeof id);
    BENCH_MUST(read(from, endpoint, sizeof endpoint) == sizeof endpoint);
    const troupe_peer peer = {.endpoint = endpoint, .key = has_keys ? keys[0].public_key : NULL};
    BENCH_MUST(troupe_run(TROUPE_NODE_OPTIONS(.workers = 1, .border = border, .name = "source",
                                              .peers = &peer, .peer_count = 1,
                                              .plain = has_keys ? 0 : TROUPE_PLAIN_ON_LOOPBACK,
                                              .public_key = has_keys ? keys[1].public_key : NULL,
                                              .secret_key = has_keys ? keys[1].secret_key : NULL),
                          source, &id) == TROUPE_OK);
    end_child(child, from);
}

/* Bare sockets. */

static void *open_socket(void *context, int type)
{
    void *socket = zmq_socket(context, type);
    const int none = 0;
    BENCH_MUST(socket != NULL && zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none) == 0);
    return socket;
}

static void bind_somewhere(void *socket, char *endpoint, size_t size)
{
    BENCH_MUST(zmq_bind(socket, "tcp://127.0.0.1:*") == 0 &&
               zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &size) == 0);
}

/* Passes on what comes, in the parts in which it does. */
static void echo(void *router, zmq_msg_t *part)
{
    BENCH_MUST(zmq_msg_recv(part, router, 0) >= 0);
    const int flags = zmq_msg_more(part) ? ZMQ_SNDMORE : 0;
    BENCH_MUST(zmq_msg_send(part, router, flags) >= 0);
}

static void pull_some(void *pull, zmq_msg_t *part, uint64_t count)
{
    for (uint64_t left = count; left > 0; left--) {
        BENCH_MUST(zmq_msg_recv(part, pull, 0) >= 0);
    }
}

static void drain(int out)
{
    void *context = zmq_ctx_new();
    void *pull = open_socket(context, ZMQ_PULL);
    void *router = open_socket(context, ZMQ_ROUTER);
    char endpoints[2][64] = {{0}};
    bind_somewhere(pull, endpoints[0], sizeof endpoints[0]);
    bind_somewhere(router, endpoints[1], sizeof endpoints[1]);
    BENCH_MUST(write(out, endpoints, sizeof endpoints) == sizeof endpoints);
    zmq_msg_t part;
    BENCH_MUST(zmq_msg_init(&part) == 0);
    for (size_t i = 0; i < sizeof measures / sizeof measures[0]; i++) {
        pull_some(pull, &part, count_of(&measures[i]));
        BENCH_MUST(write(out, "!", 1) == 1);
    }
    for (;;) {
        echo(router, &part);
    }
}

static void push_some(void *push, size_t size, uint64_t count)
{
    for (uint64_t left = count; left > 0; left--) {
        BENCH_MUST(zmq_send(push, body, size, 0) == (int) size);
    }
}

static void wait_until_taken(int from)
{
    char done = 0;
    BENCH_MUST(read(from, &done, 1) == 1);
}

static void push_all(void *push, int from)
{
    for (size_t i = 0; i < sizeof measures / sizeof measures[0]; i++) {
        const uint64_t count = count_of(&measures[i]);
        const double begun_s = bench_now_s();
        push_some(push, measures[i].size, count);
        wait_until_taken(from);
        if (count > 0) {
            report("hosts-one-way", measures[i].size, "zmq",
                   (double) count / (bench_now_s() - begun_s), "messages/s");
        }
    }
}

static void make_round_trips(void *dealer)
{
    const size_t trips = trip_count();
    double *seconds = calloc(trips, sizeof *seconds);
    BENCH_MUST(seconds != NULL);
    for (size_t i = 0; i < trips; i++) {
        const double begun_s = bench_now_s();
        BENCH_MUST(zmq_send(dealer, body, 16, 0) == 16);
        BENCH_MUST(zmq_recv(dealer, body, 16, 0) == 16);
        seconds[i] = bench_now_s() - begun_s;
    }
    report_median(seconds, trips, "zmq");
    free(seconds);
}

static void measure_sockets(void)
{
    int from = -1;
    char endpoints[2][64];
    const pid_t child = fork_into(drain, &from);
    BENCH_MUST(read(from, endpoints, sizeof endpoints) == sizeof endpoints);
    void *context = zmq_ctx_new();
    void *push = open_socket(context, ZMQ_PUSH);
    void *dealer = open_socket(context, ZMQ_DEALER);
    BENCH_MUST(zmq_connect(push, endpoints[0]) == 0 && zmq_connect(dealer, endpoints[1]) == 0);
    push_all(push, from);
    make_round_trips(dealer);
    BENCH_MUST(zmq_close(push) == 0 && zmq_close(dealer) == 0 && zmq_ctx_term(context) == 0);
    end_child(child, from);
}

static bool is_asked_for(const char *name)
{
    return only_subject == NULL || strcmp(only_subject, name) == 0;
}

static void measure_subject(uint32_t with_border, bool with_keys)
{
    border = with_border;
    has_keys = with_keys;
    if (is_asked_for(subject())) {
        measure_actors();
    }
}

int main(int argc, char **argv)
{
    divisor = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    only = argc <= 2                      ? 0
           : strcmp(argv[2], "trip") == 0 ? TRIPS
                                          : (size_t) strtoull(argv[2], NULL, 10);
    only_subject = argc > 3 ? argv[3] : NULL;
    BENCH_MUST(divisor > 0);
    for (size_t i = 0; i < 2; i++) {
        BENCH_MUST(zmq_curve_keypair(keys[i].public_key, keys[i].secret_key) == 0);
    }
    if (is_asked_for("zmq")) {
        measure_sockets();
    }
    measure_subject(TROUPE_BORDER_OWN_THREAD, false);
    measure_subject(TROUPE_BORDER_SHARED, false);
    measure_subject(TROUPE_BORDER_OWN_THREAD, true);
    return 0;
}
