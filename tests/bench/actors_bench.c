/* SPDX-License-Identifier: MIT */
/* actors_bench: what the hot paths cost, with full messages and bounds on. Prints
 * `workload subject value unit`, one line each; the best of five runs. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <troupe/troupe.h>

enum {
    RUNS = 5,
    BALLS = 5000000,
    ASKS = 1000000,
    PARCELS = 5000000,
    HOPS = 5000000,
    RING = 503,
    BIRTHS = 1000000
};

static const troupe_type ball_type = TROUPE_TYPE(uint64_t);

static double now_s(void)
{
    struct timespec now;
    (void) clock_gettime(CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec + (double) now.tv_nsec * 1e-9;
}

static troupe_error throw_ball(troupe_self *self, troupe_ref to, uint64_t number)
{
    troupe_message *message = NULL;
    troupe_error error = troupe_message_create(self, &ball_type, &number, &message);
    if (error == TROUPE_OK) {
        error = troupe_send_message(self, to, &message);
        troupe_message_destroy(&message);
    }
    return error;
}

/* Waits until an actor has ended. */
static troupe_error await_end(troupe_self *self, troupe_ref actor)
{
    troupe_monitor_id monitor;
    troupe_error error = troupe_monitor(self, actor, &monitor);
    const troupe_accept down = {.type = &troupe_down_type};
    TROUPE_AUTO(troupe_message) *message = NULL;
    return error ? error : troupe_receive_only(self, &down, 1, &message, TROUPE_FOREVER);
}

/* Hits the ball on to `to`, or back to whom it came from; ends at 0. */
static troupe_error hit(troupe_self *self, void *state, troupe_message **message)
{
    const troupe_ref *to = state;
    const uint64_t *number = troupe_message_struct(*message, &ball_type);
    if (*number == 0) {
        return troupe_stop(self, troupe_self_ref(self));
    }
    return throw_ball(self, troupe_ref_is_none(*to) ? troupe_message_sender(*message) : *to,
                      *number - 1);
}

static troupe_error take_target(troupe_self *self, void *state, void *argument)
{
    (void) self;
    if (argument != NULL) {
        memcpy(state, argument, sizeof(troupe_ref));
    }
    return TROUPE_OK;
}

static const troupe_handles hits[] = {{.type = &ball_type, .handler = hit}, {0}};
static const troupe_behavior player = TROUPE_BEHAVIOR(
    .name = "player", .state_size = sizeof(troupe_ref), .start = take_target, .handlers = hits);

static troupe_error ping_pong(troupe_self *self, uint64_t count)
{
    troupe_ref left;
    troupe_ref right;
    troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.behavior = &player), &left);
    if (error == TROUPE_OK) {
        error = troupe_spawn(
            self, TROUPE_SPAWN(.behavior = &player, .argument = &left), &right);
    }
    if (error == TROUPE_OK) {
        error = throw_ball(self, right, count | 1); /* odd: left, who ends, gets the 0 */
    }
    if (error == TROUPE_OK) {
        error = await_end(self, left);
    }
    (void) troupe_stop(self, right);
    return error;
}

static troupe_error throw_back(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK && troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        const uint64_t *number = troupe_message_struct(message, &ball_type);
        error = throw_ball(self, troupe_message_sender(message), *number);
    }
    return error;
}

static troupe_error ping_pong_coroutines(troupe_self *self, uint64_t count)
{
    troupe_ref other;
    troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.body = throw_back), &other);
    TROUPE_AUTO(troupe_message) *message = NULL;
    for (uint64_t i = 0; error == TROUPE_OK && i < count / 2; i++) {
        error = throw_ball(self, other, i);
        if (error == TROUPE_OK) {
            error = troupe_receive(self, &message, TROUPE_FOREVER);
        }
    }
    (void) troupe_stop(self, other);
    return error;
}

struct sink {
    uint64_t left;
};

static troupe_error sink_start(troupe_self *self, void *state, void *argument)
{
    (void) self;
    struct sink *sink = state;
    sink->left = *(uint64_t *) argument;
    return TROUPE_OK;
}

static troupe_error sink_take(troupe_self *self, void *state, troupe_message **message)
{
    (void) message;
    struct sink *sink = state;
    sink->left--;
    return sink->left == 0 ? troupe_stop(self, troupe_self_ref(self)) : TROUPE_OK;
}

static const troupe_handles takes[] = {{.type = &ball_type, .handler = sink_take}, {0}};
static const troupe_behavior sink_behavior = TROUPE_BEHAVIOR(
    .name = "sink", .state_size = sizeof(struct sink), .start = sink_start, .handlers = takes);

static troupe_error count_to(troupe_self *self, uint64_t count, uint32_t worker)
{
    troupe_ref sink;
    troupe_error error = troupe_spawn(
        self,
        TROUPE_SPAWN(.behavior = &sink_behavior, .argument = &count, .mailbox_capacity = 1024,
                     .place = TROUPE_PLACE_WORKER, .place_worker = worker),
        &sink);
    for (uint64_t i = 0; error == TROUPE_OK && i < count; i++) {
        error = throw_ball(self, sink, i);
    }
    return error ? error : await_end(self, sink);
}

static troupe_error count_near(troupe_self *self, uint64_t count)
{
    return count_to(self, count, 0);
}

static troupe_error count_far(troupe_self *self, uint64_t count)
{
    return count_to(self, count, 1);
}

static troupe_error ring(troupe_self *self, uint64_t count)
{
    troupe_error error = TROUPE_OK;
    troupe_ref next = troupe_self_ref(self);
    const uint64_t rounds = count / RING;
    for (unsigned i = 0; error == TROUPE_OK && i < RING - 1; i++) {
        error = troupe_spawn(self, TROUPE_SPAWN(.behavior = &player, .argument = &next), &next);
    }
    TROUPE_AUTO(troupe_message) *message = NULL;
    for (uint64_t i = 0; error == TROUPE_OK && i < rounds; i++) {
        error = throw_ball(self, next, RING * 2);
        if (error == TROUPE_OK) {
            error = troupe_receive(self, &message, TROUPE_FOREVER);
        }
    }
    return error;
}

static troupe_error spawn_many(troupe_self *self, uint64_t count)
{
    troupe_error error = TROUPE_OK;
    static const uint64_t one = 1;
    for (uint64_t i = 0; error == TROUPE_OK && i < count; i++) {
        troupe_ref child;
        error = troupe_spawn_nowait(
            self, TROUPE_SPAWN(.behavior = &sink_behavior, .argument = (void *) (uintptr_t) &one),
            &child);
        if (error == TROUPE_OK) {
            error = throw_ball(self, child, i);
        }
        if (i % 64 == 63 && error == TROUPE_OK) {
            error = troupe_yield(self);
        }
    }
    return error;
}

struct workload {
    const char *name;
    troupe_error (*run)(troupe_self *self, uint64_t count);
    uint64_t count;
    const char *unit;
};

static const struct workload workloads[] = {
    {"ping-pong-behaviors", ping_pong, BALLS, "messages/s"},
    {"ping-pong-coroutines", ping_pong_coroutines, BALLS, "messages/s"},
    {"count-one-worker", count_near, PARCELS, "messages/s"},
    {"count-two-workers", count_far, PARCELS, "messages/s"},
    {"ring-503", ring, HOPS, "hops/s"},
    {"spawn-message-end", spawn_many, BIRTHS, "actors/s"},
};

struct run {
    const struct workload *workload;
    double seconds;
};

static troupe_error bench(troupe_self *self, void *argument)
{
    struct run *run = argument;
    const double start_s = now_s();
    const troupe_error error = run->workload->run(self, run->workload->count);
    run->seconds = now_s() - start_s;
    return error;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof workloads / sizeof workloads[0]; i++) {
        if (argc > 1 && strcmp(argv[1], workloads[i].name) != 0) {
            continue;
        }
        double best_s = 1e9;
        for (unsigned k = 0; k < RUNS; k++) {
            struct run run = {.workload = &workloads[i]};
            const troupe_error error =
                troupe_run(TROUPE_NODE_OPTIONS(.workers = 2), bench, &run);
            if (error) {
                (void) fprintf(stderr, "%s: %s\n", workloads[i].name, troupe_error_text(error));
                return 1;
            }
            best_s = run.seconds < best_s ? run.seconds : best_s;
        }
        (void) printf("%s troupe %.0f %s\n", workloads[i].name,
                      (double) workloads[i].count / best_s, workloads[i].unit);
        (void) fflush(stdout);
    }
    return 0;
}
