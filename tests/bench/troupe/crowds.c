/* SPDX-License-Identifier: MIT */
#include "bench/troupe/workload.h"

enum {
    FAN_OUT = 10,
    SIZE_BITS = 20
};

static const troupe_type sum_type = TROUPE_TYPE(uint64_t);

/* The tree. A node knows which leaves are below it by its argument, a number and not a pointer:
 * the first of them and how many there are. */

static void *leaves_from(uint64_t first, uint64_t count)
{
    return (void *) (uintptr_t) (first << SIZE_BITS | count);
}

struct branch {
    uint64_t sum;
    uint32_t left;
};

static const troupe_behavior branch_behavior;

static troupe_error grow(troupe_self *self, void *state, void *argument)
{
    const uint64_t first = (uintptr_t) argument >> SIZE_BITS;
    const uint64_t part = ((uintptr_t) argument & ((1 << SIZE_BITS) - 1)) / FAN_OUT;
    if (part == 0) {
        const troupe_error error =
            troupe_send_struct(self, troupe_self_parent(self), &sum_type, &first);
        return error ? error : troupe_stop(self, troupe_self_ref(self));
    }
    struct branch *branch = state;
    branch->left = FAN_OUT;
    for (uint64_t i = 0; i < FAN_OUT; i++) {
        troupe_ref child;
        const troupe_error error =
            troupe_spawn_nowait(self,
                                TROUPE_SPAWN(.behavior = &branch_behavior,
                                             .argument = leaves_from(first + i * part, part)),
                                &child);
        if (error) {
            return error;
        }
    }
    return TROUPE_OK;
}

static troupe_error add(troupe_self *self, void *state, troupe_message **message)
{
    struct branch *branch = state;
    const uint64_t *sum = troupe_message_struct(*message, &sum_type);
    branch->sum += *sum;
    if (--branch->left > 0) {
        return TROUPE_OK;
    }
    const troupe_error error =
        troupe_send_struct(self, troupe_self_parent(self), &sum_type, &branch->sum);
    return error ? error : troupe_stop(self, troupe_self_ref(self));
}

static const troupe_handles adds[] = {{.type = &sum_type, .handler = add}, {0}};
static const troupe_behavior branch_behavior =
    TROUPE_BEHAVIOR(.name = "branch", .state_size = sizeof(struct branch), .start = grow,
                    .handlers = adds);

troupe_error bench_tree(troupe_self *self, void *argument)
{
    bench_run *run = argument;
    BENCH_MUST(run->count < UINT64_C(1) << SIZE_BITS);
    const uint64_t part = run->count / FAN_OUT;
    uint64_t sum = 0;
    troupe_error error = TROUPE_OK;
    bench_begin(run);
    for (uint32_t i = 0; !error && i < FAN_OUT; i++) {
        troupe_ref child;
        error = troupe_spawn_nowait(
            self,
            TROUPE_SPAWN(.behavior = &branch_behavior, .argument = leaves_from(i * part, part),
                         .place = TROUPE_PLACE_WORKER, .place_worker = i % run->workers),
            &child);
    }
    TROUPE_AUTO(troupe_message) *message = NULL;
    for (uint32_t i = 0; !error && i < FAN_OUT; i++) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        sum += error ? 0 : *(const uint64_t *) troupe_message_struct(message, &sum_type);
    }
    bench_end(run);
    BENCH_MUST(error || sum == run->count * (run->count - 1) / 2);
    return error;
}

/* The crowd. */

static const troupe_type ping_type = TROUPE_SIGNAL("ping");
static const troupe_type pong_type = TROUPE_SIGNAL("pong");
static const troupe_type done_type = TROUPE_SIGNAL("done");

/* What all in it know; written before the first word is sent. */
struct crowd {
    troupe_ref members[BENCH_BIG_SIZE];
    uint64_t pings;
};

struct member {
    const struct crowd *crowd;
    uint64_t left;
    uint64_t random;
};

static troupe_error join(troupe_self *self, void *state, void *argument)
{
    struct member *member = state;
    const struct crowd *crowd = argument;
    member->crowd = crowd;
    member->left = crowd->pings;
    member->random = troupe_self_random(self) | 1;
    return TROUPE_OK;
}

static troupe_error pinged(troupe_self *self, void *state, troupe_message **message)
{
    (void) state;
    return troupe_send_struct(self, troupe_message_sender(*message), &pong_type, NULL);
}

/* Also the first word. */
static troupe_error ponged(troupe_self *self, void *state, troupe_message **message)
{
    (void) message;
    struct member *member = state;
    if (member->left == 0) {
        return troupe_send_struct(self, troupe_self_parent(self), &done_type, NULL);
    }
    member->left--;
    member->random ^= member->random << 13;
    member->random ^= member->random >> 7;
    member->random ^= member->random << 17;
    const troupe_ref to = member->crowd->members[member->random % BENCH_BIG_SIZE];
    return troupe_send_struct(self, to, &ping_type, NULL);
}

static const troupe_handles words[] = {
    {.type = &ping_type, .handler = pinged}, {.type = &pong_type, .handler = ponged}, {0}};
static const troupe_behavior member_behavior =
    TROUPE_BEHAVIOR(.name = "member", .state_size = sizeof(struct member), .start = join,
                    .handlers = words);

troupe_error bench_big(troupe_self *self, void *argument)
{
    bench_run *run = argument;
    struct crowd crowd = {.pings = run->count / 2 / BENCH_BIG_SIZE};
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; !error && i < BENCH_BIG_SIZE; i++) {
        error = troupe_spawn(self,
                             TROUPE_SPAWN(.behavior = &member_behavior, .argument = &crowd,
                                          .place = TROUPE_PLACE_WORKER,
                                          .place_worker = i % run->workers),
                             &crowd.members[i]);
    }
    bench_begin(run);
    for (uint32_t i = 0; !error && i < BENCH_BIG_SIZE; i++) {
        error = troupe_send_struct(self, crowd.members[i], &pong_type, NULL);
    }
    TROUPE_AUTO(troupe_message) *message = NULL;
    for (uint32_t i = 0; !error && i < BENCH_BIG_SIZE; i++) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
    }
    bench_end(run);
    return error; /* all have had their last pong, so that nobody looks at the crowd any more */
}
