/* SPDX-License-Identifier: MIT */
/* stream: messages from producing actors to consuming ones, with an end.
 *
 * A stream is a queue (see there) whose end is part of it: a consumer gets what was sent, in order,
 * then END, or the error that a producer ended it with. Its capacity is the credit: a producer that
 * is ahead of the consumers by so many messages, or bytes, waits. A consumer that wants no more
 * closes it with troupe_queue_close and TROUPE_CLOSE_DISCARD; sends then fail with CLOSED.
 *
 * Stages are actors that read one stream and write others; they are children of who makes them,
 * end when what they read has ended, and pass ends and errors on. A stage whose output is closed
 * closes its input; one that is stopped ends its outputs with STOPPING.
 *
 * Producers, consumers and stages may be on other nodes than the stream: all is as within a node,
 * for types that can leave theirs (remote.h). What a connection that is lost takes along is lost:
 * a message that was on its way to its consumer; who waits is told NODE_LOST; a get that waited is
 * given up, and takes nothing with it.
 * Threads: the handler or body that self was given to. */
#ifndef TROUPE_STREAM_H
#define TROUPE_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/actor.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/queue.h>
#include <troupe/ref.h>
#include <troupe/time.h>

TROUPE_BEGIN

/* Makes a stream; `options` may be NULL. With .closers it has so many producers, each of which
 * ends it once. Errors: as troupe_queue_create. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_stream_create(troupe_self *self,
                                                               const troupe_queue_options *options,
                                                               troupe_ref *out_stream);

/* Sends a message when there is credit for it. As troupe_queue_put.
 * Errors: CLOSED when it has been ended or closed. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_stream_send(troupe_self *self, troupe_ref stream,
                                                             troupe_message **message,
                                                             troupe_timeout timeout);

/* Ends it: what was sent is still to be had, then END if `error` is TROUPE_OK, else the error,
 * which ends it for all its producers. As troupe_queue_close. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_stream_end(troupe_self *self, troupe_ref stream,
                                                            troupe_error error,
                                                            troupe_timeout timeout);

/* Gets the next message. As troupe_queue_get. Errors: END; the producer's error; CLOSED after a
 * TROUPE_CLOSE_DISCARD. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_stream_next(troupe_self *self, troupe_ref stream,
                                                             troupe_message **message,
                                                             troupe_timeout timeout);

/* Where a batch goes, and how large it may get. */
typedef struct troupe_batch {
    troupe_message **messages; /* room for `max` */
    size_t max;
    troupe_timeout linger; /* how long to wait for more after the first; not given: not at all */
} troupe_batch;

/* Gets the next messages: waits for the first at most `timeout`, for more until there are as many
 * as fit or the linger is over.
 * Owns:        batch->messages[0] to [*out_count - 1] are the caller's; what was there is
 *              overwritten.
 * Cancel-safe: as soon as one was got it is TROUPE_OK, and what ended the wait is told by the next
 *              call.
 * Errors:      as troupe_stream_next; then no message was got. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_stream_next_batch(troupe_self *self,
                                                                   troupe_ref stream,
                                                                   const troupe_batch *batch,
                                                                   troupe_timeout timeout,
                                                                   size_t *out_count);

/* Makes of one message another, or leaves it as it is, or destroys it, which drops it. Runs in the
 * stage, like a behavior's handler: it does not wait. An error ends the stage's output with it. */
typedef troupe_error troupe_stream_function(troupe_self *self, troupe_message **message,
                                            void *context);

/* A stage that has `function` (NULL: nothing is changed) applied to all that comes. The context is
 * borrowed until the output has ended.
 * Errors: as troupe_spawn_nowait. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_stream_map(troupe_self *self, troupe_ref in,
                                                            troupe_ref out,
                                                            troupe_stream_function *function,
                                                            void *context);

/* Stages that bring several streams together in one, which was made with .closers = count. What
 * comes of one keeps its order.
 * Errors: as troupe_spawn_nowait; then `out` is to be closed, which ends those that were made. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_stream_merge(troupe_self *self,
                                                              const troupe_ref *ins, size_t count,
                                                              troupe_ref out);

/* A number by which a message is sent one way or another. */
typedef uint64_t troupe_stream_key(const troupe_message *message, void *context);

/* A stage that spreads a stream over several: a message goes to outs[key % count]. What has the
 * same key keeps its order. Errors: as troupe_spawn_nowait. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_stream_partition(troupe_self *self, troupe_ref in,
                                                                  troupe_stream_key *key,
                                                                  void *context,
                                                                  const troupe_ref *outs,
                                                                  size_t count);

TROUPE_END

#endif
