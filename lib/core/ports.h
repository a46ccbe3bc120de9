/* SPDX-License-Identifier: MIT */
/* ports: what the core needs of the outside, as tables of functions handed down at creation.
 *
 * The real ones are the kernel's and ZeroMQ's (lib/node), the others the simulator's.
 * Threads: each function is called by the workers, at the same time. */
#ifndef TR_CORE_PORTS_H
#define TR_CORE_PORTS_H

#include <stdint.h>
#include <troupe/allocator.h>
#include <troupe/log.h>
#include <troupe/message.h>
#include <troupe/spawn.h>

#include "base/clock.h"
#include "core/jobs.h"
#include "core/stacks.h"

struct tr_worker;
struct tr_seat;
typedef struct tr_gate tr_gate;

/* Messages on their way to one other worker, chained by `next` in the order sent. */
typedef struct tr_batch {
    troupe_message *head;
    troupe_message *tail;
    uint32_t count;
} tr_batch;

/* The pool that does the work of jobs (core/jobs). */
typedef struct tr_jobs_port {
    void *context;
    /* Takes a copy of *wanted. When its work is done its message is routed to its actor from some
     * worker. Errors: LIMIT_REACHED, NO_MEMORY, STOPPING, SYSTEM. NULL where there is no pool. */
    troupe_error (*begin)(void *context, const tr_job *wanted, tr_job **out_job);
    /* As tr_jobs_give_up; an UNDONE one is freed, its argument left to the caller. */
    tr_job_fate (*give_up)(void *context, tr_job *job, void **out_result);
    /* Its message has come: frees it, with what it was done on unless that is taken. */
    void (*forget)(void *context, tr_job *job, bool is_taken);
    void (*count)(void *context, troupe_offload_counts *out_counts);
} tr_jobs_port;

/* The descriptors that a worker's actors wait for (core/fds). */
typedef struct tr_fds_port {
    void *context;
    /* The worker is to hear by tr_fds_came, on a thread that has it and between two of its passes,
     * when the descriptor is ready for one of `events` (of troupe_fd_event); once.
     * Errors: BAD_ARGUMENT for what cannot be waited for; LIMIT_REACHED; NO_MEMORY; SYSTEM.
     * NULL where there are no descriptors. */
    troupe_error (*watch)(void *context, struct tr_worker *worker, int fd, uint32_t events);
    /* The same for one that is watched: once more, or for other events.
     * Errors: BAD_ARGUMENT if it was closed since, be it another by now. */
    troupe_error (*change)(void *context, struct tr_worker *worker, int fd, uint32_t events);
    void (*unwatch)(void *context, struct tr_worker *worker, int fd);
    /* Which of the events it is ready for just now. Errors: BAD_ARGUMENT if it is not open. */
    troupe_error (*look)(void *context, int fd, uint32_t events, uint32_t *out_events);
} tr_fds_port;

typedef struct tr_ports {
    const troupe_allocator *allocator;
    const troupe_log *log; /* NULL: none */
    tr_clock clock;
    tr_stacks *stacks; /* of coroutines */
    void *context;     /* first argument of the rest */
    /* Carries a batch; order is kept from each worker to each other. False: not now, the worker
     * keeps the batch and tries again in its next pass. */
    bool (*carry)(void *context, struct tr_worker *from, uint32_t to, const tr_batch *batch);
    /* Guards what all workers share: names and the list of those who hear of dead letters. */
    void (*lock)(void *context);
    void (*unlock)(void *context);
    /* Makes a worker with a thread of its own, for one actor; its index.
     * Errors: LIMIT_REACHED, NO_MEMORY, SYSTEM. NULL where there is none. */
    troupe_error (*make_worker)(void *context, uint32_t *out_index);
    /* The actor with its own thread has ended: the worker may end. */
    void (*worker_is_done)(void *context, uint32_t index);
    /* The worker has been taken from the calling thread, which has this seat, in the middle of a
     * handler (core/takeover). Wait until the thread may use it for one call; give it back after
     * that; wait until the thread has it again for good. NULL where no worker is ever taken. */
    void (*want_worker)(void *context, struct tr_worker *worker, struct tr_seat *seat);
    void (*return_worker)(void *context, struct tr_worker *worker, struct tr_seat *seat);
    void (*come_back)(void *context, struct tr_worker *worker, struct tr_seat *seat);
    /* Whether `self` is the calling thread's to use. NULL: nobody knows. */
    bool (*is_caller)(void *context, const troupe_self *self);
    tr_jobs_port jobs;
    tr_fds_port fds;
    tr_gate *gate; /* by which promises are kept (core/future); borrowed. NULL: there are none */
    /* The root actor `error` ended with this; and: the last actor has ended. */
    void (*root_ended)(void *context, troupe_error error);
    void (*all_ended)(void *context);
    void *observer; /* who hears what is told of the node (core/observe); NULL: nobody */
} tr_ports;

#endif
