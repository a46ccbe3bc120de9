/* SPDX-License-Identifier: MIT */
/* offload: work that would hold up a worker, done on a thread of the node's pool.
 *
 * What computes for long, or calls what blocks, is a job. While a thread of the pool does it a
 * coroutine waits, and a behavior goes on; all other actors of the worker run. The pool has at most
 * .offload_threads_max threads, started when there is work for them and ended when they have had
 * none for ten seconds. What finds no thread free is queued, in order, up to .offload_queue_max
 * jobs; then a coroutine's job waits all the same, within the coroutine's deadline, and a
 * behavior's is refused.
 *
 * A job that runs cannot be stopped. When the one that waits for it has waited long enough, is
 * cancelled or ends, it goes on at once: a job that is still queued is never begun; one that runs
 * keeps its thread to its end and is counted as abandoned meanwhile. When the node stops, jobs that
 * run are waited for as long as actors are (.stop_timeout); those left then are named by
 * troupe_node_report and left behind, with the node's memory.
 *
 * Who frees the argument: it is the job's from the call on, also when the call fails. If it returns
 * TROUPE_OK both argument and result are the caller's. Otherwise `discard` is called once, with
 * both, as soon as nothing uses them any more, be it before the call returns or long after it, on
 * whatever thread. Only BAD_ARGUMENT takes nothing.
 * Threads: the handler or body that self was given to. */
#ifndef TROUPE_OFFLOAD_H
#define TROUPE_OFFLOAD_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/time.h>

TROUPE_BEGIN

/* Runs on a thread of the pool, where it may block; it has no `self` and calls nothing of Troupe
 * that takes one. What it returns is the result; what may fail says so there, or in its argument.
 * Several run at once. */
typedef void *troupe_work(void *argument);

typedef struct troupe_job {
    size_t size;      /* set by TROUPE_JOB */
    const char *name; /* for reports; borrowed for the node's life; NULL: "job" */
    troupe_work *work;
    void *argument;
    /* Frees what nobody is going to take, as said above; `result` is NULL if the work was never
     * begun. Never waits, calls nothing of Troupe. NULL: there is nothing to free. */
    void (*discard)(void *argument, void *result);
} troupe_job;

#define TROUPE_JOB(...) (&(const troupe_job) {.size = sizeof(troupe_job), __VA_ARGS__})

/* Has a job done and waits for its result. For coroutines, and for threads that are attached.
 * Owns:        argument and *out_result as said above. out_result may be NULL for work without
 *              result.
 * Waits:       until the work is done, at most `timeout` (not given: no limit) and no longer than
 *              the message being handled may take.
 * Cancel-safe: work that has ended when the wait does is a TROUPE_OK.
 * Errors:      TIMED_OUT, CANCELLED; CANNOT_WAIT; STOPPING; NO_MEMORY; SYSTEM if there is no thread
 *              to be had; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_offload(troupe_self *self, const troupe_job *job,
                                                         troupe_timeout timeout, void **out_result);

/* Receives what became of a behavior's job: `error` is TROUPE_OK, and argument and result are the
 * actor's; or it says why not, and they are discarded. Runs like a handler. */
typedef troupe_error troupe_offloaded(troupe_self *self, void *state, troupe_error error,
                                      void *result, void *context);

/* Has a job done; the result comes as a call of `then`. Counts as an ask of the actor (asks_max).
 * For behaviors.
 * Owns:   the argument as said above, of an actor that ends too. The context is handed through; it
 *         has to live until the call.
 * Errors: LIMIT_REACHED when the queue is full, or asks_max; TIMED_OUT for a deadline that has
 *         passed; STOPPING; NO_MEMORY; SYSTEM; BAD_ARGUMENT. After an error `then` is not called;
 *         it is told TIMED_OUT at most. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_offload_then(troupe_self *self,
                                                              const troupe_job *job,
                                                              troupe_timeout timeout,
                                                              troupe_offloaded *then,
                                                              void *context);

TROUPE_END

#endif
