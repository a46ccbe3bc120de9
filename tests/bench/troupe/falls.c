/* SPDX-License-Identifier: MIT */
/* Actors that end: a child that is restarted, and a tree that is cancelled. */
#include "bench/troupe/workload.h"

static const troupe_type fail_type = TROUPE_SIGNAL("fail");

/* A child that fails when it is told to and otherwise answers. */
static troupe_error fail_or_answer(troupe_self *self, void *state, troupe_message **message)
{
    (void) state;
    if (troupe_message_is(*message, &fail_type)) {
        return TROUPE_ERROR_FAILED;
    }
    const uint64_t number = 1;
    return troupe_reply_struct(self, *message, &bench_ball_type, &number);
}

static const troupe_behavior failing_behavior =
    TROUPE_BEHAVIOR(.name = "failing", .other = fail_or_answer);

/* Has it fail, and asks it something, which the next start answers. */
static troupe_error restart_once(troupe_self *self, troupe_ref child)
{
    TROUPE_AUTO(troupe_message) *reply = NULL;
    const uint64_t number = 1;
    const troupe_error error = troupe_send_struct(self, child, &fail_type, NULL);
    return error
               ? error
               : troupe_ask_struct(self, child, &bench_ball_type, &number, TROUPE_FOREVER, &reply);
}

troupe_error bench_restart(troupe_self *self, void *argument)
{
    bench_run *run = argument;
    const troupe_child_spec child =
        TROUPE_CHILD(.id = "failing",
                     .actor = TROUPE_SPAWN(.name = "failing", .behavior = &failing_behavior),
                     .backoff_start = TROUPE_NOW, .backoff_max = TROUPE_NOW);
    const troupe_supervisor_spec spec =
        TROUPE_SUPERVISOR(.children = &child, .child_count = 1, .window = TROUPE_NOW,
                          .restarts_max = 10000);
    troupe_ref supervisor;
    troupe_ref ref;
    troupe_error error = troupe_supervise(self, &spec, &supervisor);
    error = error ? error : troupe_lookup(self, "failing", &ref);
    bench_begin(run);
    for (uint64_t i = 0; !error && i < run->count; i++) {
        error = restart_once(self, ref);
    }
    bench_end(run);
    return error;
}

/* The tree: each has ten children, down to the leaves. */

enum {
    FAN_OUT = 10
};

static troupe_error wait_to_be_cancelled(troupe_self *self, void *argument);

#define TREE_OF(leaves)                                                                            \
    TROUPE_SPAWN(.body = wait_to_be_cancelled, .argument = (void *) (uintptr_t) (leaves),          \
                 .ready_when = TROUPE_READY_WHEN_SAID)

static troupe_error wait_to_be_cancelled(troupe_self *self, void *argument)
{
    const uint64_t leaves = (uintptr_t) argument;
    for (uint64_t i = 0; i < FAN_OUT && leaves >= FAN_OUT; i++) {
        troupe_ref child;
        const troupe_error error = troupe_spawn(self, TREE_OF(leaves / FAN_OUT), &child);
        if (error) {
            return error;
        }
    }
    troupe_ready(self);
    return troupe_sleep(self, TROUPE_FOREVER);
}

troupe_error bench_cancel_tree(troupe_self *self, void *argument)
{
    bench_run *run = argument;
    troupe_ref root;
    troupe_error error = troupe_spawn(self, TREE_OF(run->count), &root);
    bench_begin(run);
    if (error == TROUPE_OK) {
        error = troupe_cancel(self, root);
    }
    if (error == TROUPE_OK) {
        error = bench_await_end(self, root);
    }
    bench_end(run);
    return error;
}
