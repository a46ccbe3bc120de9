/* SPDX-License-Identifier: MIT */
/* queue: a bounded queue of messages between any number of producers and consumers.
 *
 * A queue is an actor, known by its ref, that keeps what is put into it, in order, until somebody
 * gets it. A put waits while the queue is full, a get while it is empty, each in the order in which
 * they came; it holds no more than its capacity and what those have brought who wait. Messages of
 * all types may be put; who gets one owns it. The queue ends with the actor that made it.
 *
 * No message is lost or doubled: a put or get that is given up, for its timeout or a cancel, is
 * settled with the queue first, and is either done, or has left everything as it was.
 * Threads: the handler or body that self was given to. */
#ifndef TROUPE_QUEUE_H
#define TROUPE_QUEUE_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/actor.h>
#include <troupe/api.h>
#include <troupe/ask.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/ref.h>
#include <troupe/spawn.h>
#include <troupe/time.h>

TROUPE_BEGIN

/* Zero is the default of each. */
typedef struct troupe_queue_options {
    size_t size;      /* set by TROUPE_QUEUE */
    const char *name; /* registered, copied; NULL: none */
    /* Of the messages kept, rounded up to KiB; 0: no limit. One that is larger fits alone. */
    uint64_t bytes_max;
    uint32_t capacity;  /* messages, at most a million; 0: 64 */
    uint32_t closers;   /* how many have to close it with TROUPE_CLOSE_DRAIN; 0: 1; at most 4095 */
    troupe_place place; /* as in troupe_spawn_options, with place_worker */
    uint32_t place_worker;
} troupe_queue_options;

#define TROUPE_QUEUE(...)                                                                          \
    (&(const troupe_queue_options) {.size = sizeof(troupe_queue_options), __VA_ARGS__})

typedef enum troupe_close {
    TROUPE_CLOSE_DRAIN = 0, /* gets go on until it is empty */
    TROUPE_CLOSE_DISCARD    /* what it holds is ended */
} troupe_close;

/* Makes a queue; `options` may be NULL. Never waits.
 * Errors: as troupe_spawn_nowait. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_queue_create(troupe_self *self,
                                                              const troupe_queue_options *options,
                                                              troupe_ref *out_queue);

/* Puts a message at the end. For coroutines.
 * Owns:        *message is taken, and NULL, on TROUPE_OK; else it is the caller's.
 * Waits:       while the queue is full, at most `timeout` (not given: no limit; TROUPE_NOW: only
 *              for the queue's word).
 * Cancel-safe: it was put, which is TROUPE_OK, or was not.
 * Errors:      TIMED_OUT, CANCELLED; CLOSED; STALE when the queue has ended; those of
 *              troupe_send. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_queue_put(troupe_self *self, troupe_ref queue,
                                                           troupe_message **message,
                                                           troupe_timeout timeout);

/* Gets the first message. Ends what *message held before. For coroutines.
 * Owns:        *message is the caller's on TROUPE_OK, else NULL.
 * Waits:       while the queue is empty, as troupe_queue_put.
 * Cancel-safe: a message was got, which is TROUPE_OK, or none.
 * Errors:      TIMED_OUT, CANCELLED; CLOSED when it is closed and empty; STALE; TOO_LARGE if the
 *              first is larger than the caller's reply_bytes: it stays the first. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_queue_get(troupe_self *self, troupe_ref queue,
                                                           troupe_message **message,
                                                           troupe_timeout timeout);

/* The same for behaviors: `then` is told TROUPE_OK, and for a get the message; or the error, and
 * for a put the message that was not put. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_queue_put_then(troupe_self *self, troupe_ref queue,
                                                                troupe_message **message,
                                                                troupe_timeout timeout,
                                                                troupe_continuation *then,
                                                                void *context);
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_queue_get_then(troupe_self *self, troupe_ref queue,
                                                                troupe_timeout timeout,
                                                                troupe_continuation *then,
                                                                void *context);

/* Says that what was got once has been done with; for troupe_queue_join. Errors: as troupe_send. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_queue_done(troupe_self *self, troupe_ref queue);

/* Waits until all that was put has been done with, or discarded. For coroutines.
 * Cancel-safe: TROUPE_OK if it was so; nothing is changed.
 * Errors:      TIMED_OUT, CANCELLED; STALE; those of troupe_send. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_queue_join(troupe_self *self, troupe_ref queue,
                                                            troupe_timeout timeout);

/* Closes it: from here on, and for those who wait to put, a put fails with CLOSED; gets likewise
 * when it is empty. Closed again, only a DISCARD does something. Waits for the queue's word, at
 * most `timeout`. For coroutines.
 * Errors: STALE; TIMED_OUT, CANCELLED: it may be closed; those of troupe_send. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_queue_close(troupe_self *self, troupe_ref queue,
                                                             troupe_close how,
                                                             troupe_timeout timeout);

TROUPE_END

#endif
