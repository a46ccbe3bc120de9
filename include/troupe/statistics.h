/* SPDX-License-Identifier: MIT */
/* statistics: what a program can read about its node.
 *
 * Every message that was accepted ends in exactly one counted outcome; what has not ended is held
 * (queued, stashed, parked, under way, or being handled). While actors run the numbers of different
 * workers are read at slightly different moments; at rest they balance. */
#ifndef TROUPE_STATISTICS_H
#define TROUPE_STATISTICS_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/actor.h>
#include <troupe/api.h>
#include <troupe/dead_letter.h>
#include <troupe/error.h>
#include <troupe/nodes.h>
#include <troupe/ref.h>

TROUPE_BEGIN

/* How a message ended. */
typedef enum troupe_outcome {
    TROUPE_OUTCOME_HANDLED,
    TROUPE_OUTCOME_FAILED,      /* its handler failed */
    TROUPE_OUTCOME_EXPIRED,     /* its deadline passed first */
    TROUPE_OUTCOME_CANCELLED,   /* a cancelled timer's or monitor's */
    TROUPE_OUTCOME_DROPPED,     /* by the mailbox's policy */
    TROUPE_OUTCOME_DEAD_LETTER, /* nobody to handle it; troupe_dead_letter has the reason */
    TROUPE_OUTCOME_QUARANTINED,
    TROUPE_OUTCOME_LOST,    /* with a node */
    TROUPE_OUTCOME_CARRIED, /* given to the connection to another node, which counts it anew */
    TROUPE_OUTCOME_COUNT
} troupe_outcome;

/* The counts of one worker, or of the whole node. */
typedef struct troupe_counts {
    uint64_t accepted;
    uint64_t outcomes[TROUPE_OUTCOME_COUNT];
    uint64_t dead_letters[TROUPE_DEAD_REASON_COUNT]; /* by troupe_dead_reason */
    uint64_t refused;      /* sends that failed because a mailbox was full */
    uint64_t waited;       /* sends that waited or were parked for room */
    uint64_t late_replies; /* of them DROPPED: replies to asks that had ended */
    uint64_t second_replies;
    uint64_t spawned;
    uint64_t ended;
    uint64_t failed; /* actors that ended with an error */
    uint64_t turns;  /* of actors */
    uint64_t batches_sent;
    uint64_t batches_received;
    uint64_t given; /* actors that went to a worker that had less to do */
    uint64_t taken; /* and that came so */
    uint64_t drawn; /* actors that went to the worker of those they talk to */
} troupe_counts;

/* accepted less all outcomes: what is held. 0 of NULL. */
TROUPE_API uint64_t troupe_counts_held(const troupe_counts *counts);

typedef enum troupe_actor_form {
    TROUPE_FORM_COROUTINE,
    TROUPE_FORM_BEHAVIOR
} troupe_actor_form;

typedef enum troupe_wait {
    TROUPE_WAIT_NOTHING, /* running or runnable */
    TROUPE_WAIT_MESSAGE,
    TROUPE_WAIT_ROOM,  /* for room in waits_for's mailbox */
    TROUPE_WAIT_REPLY, /* for a reply of waits_for */
    TROUPE_WAIT_TIME,
    TROUPE_WAIT_START,    /* for waits_for, its child, to be ready */
    TROUPE_WAIT_CHILDREN, /* for its children to end */
    TROUPE_WAIT_OFFLOAD,  /* for work of its own that the pool does */
    TROUPE_WAIT_FD,       /* for a file descriptor */
    TROUPE_WAIT_FUTURE,   /* for a promise to be kept */
    TROUPE_WAIT_TASK,     /* for tasks of its own */
    TROUPE_WAIT_RESTART   /* for its supervisor to restart it */
} troupe_wait;

typedef struct troupe_actor_info {
    troupe_ref ref;
    troupe_ref parent;
    troupe_ref waits_for; /* the edge of the wait-for graph; none if it waits for no actor */
    char name[64];        /* "" if it has none */
    const char *behavior; /* the behavior's name, or "coroutine" */
    troupe_actor_form form;
    troupe_wait wait;
    uint32_t worker;
    uint32_t depth; /* places taken of its mailbox */
    uint32_t depth_peak;
    uint32_t capacity;
    uint32_t stashed;
    uint32_t parked;
    uint32_t waiting; /* senders in line for room */
    uint32_t asks;    /* open */
    uint32_t is_supervisor;
    uint64_t restarts; /* by its supervisor */
    uint64_t bytes;   /* taken of mailbox_bytes */
    uint64_t handled;
    uint64_t refused; /* messages that failed or were dropped as its mailbox was full */
    uint64_t waiting_since_ns;
} troupe_actor_info;

/* Messages of one type on this node. */
typedef struct troupe_type_counts {
    const char *type;
    uint64_t outcomes[TROUPE_OUTCOME_COUNT];
} troupe_type_counts;

/* What the pool of threads for troupe_offload is at. */
typedef struct troupe_offload_counts {
    uint64_t done;     /* jobs whose work has ended */
    uint64_t given_up; /* jobs that were waited for no longer */
    uint64_t refused;  /* as the queue was full */
    uint32_t threads;  /* there are just now */
    uint32_t queued;   /* jobs, those too that wait behind a full queue */
    uint32_t running;
    uint32_t abandoned; /* of those running: nobody waits for them any more */
} troupe_offload_counts;

/* A picture of the node: the actors with tree and wait-for graph, the workers, the types. */
typedef struct troupe_snapshot {
    troupe_counts node;
    troupe_counts *workers; /* the regular ones, that of attached threads, then those of their own
                             * threads */
    size_t worker_count;
    troupe_actor_info *actors;
    size_t actor_count;
    troupe_type_counts *types;
    size_t type_count;
    troupe_offload_counts offloads;
    troupe_node_info *nodes; /* the other nodes; see nodes.h */
    size_t node_count;
} troupe_snapshot;

/* Takes a picture, worker by worker, each as it is between two of its turns: the whole is not of
 * one moment. An actor that is there all the while is in it once, unless it is moved to another
 * worker meanwhile: then it may be missing, or be there twice. From outside the node's actors.
 * Owns:   *out_snapshot is the caller's.
 * Waits:  until each worker has ended the turn it is in; before start and after join for nothing.
 * Errors: NO_MEMORY; BAD_ARGUMENT; TIMED_OUT if a worker does not end its turn in 10 s; FORKED. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_node_snapshot(troupe_node *node,
                                                               troupe_snapshot **out_snapshot);

/* The same from within a coroutine, which waits; without the actors on threads of their own.
 * Cancel-safe: on an error there is no picture.
 * Errors:      NO_MEMORY, CANNOT_WAIT, CANCELLED, STOPPING; TIMED_OUT by the deadline around it. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_self_snapshot(troupe_self *self,
                                                               troupe_snapshot **out_snapshot);

TROUPE_API void troupe_snapshot_destroy(troupe_snapshot **snapshot);

/* Depth and highest depth of an actor's mailbox just now; from any thread, without waiting.
 * Errors: STALE, NO_SUCH_ACTOR. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_node_depth(troupe_node *node, troupe_ref actor,
                                                            uint32_t *out_depth,
                                                            uint32_t *out_peak);

/* The same from within an actor, for those who choose between actors of this node: how many
 * messages take a place just now, and how many places there are.
 * Errors: STALE, NO_SUCH_ACTOR; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_self_depth(troupe_self *self, troupe_ref actor,
                                                            uint32_t *out_depth,
                                                            uint32_t *out_capacity);

TROUPE_END

#endif
