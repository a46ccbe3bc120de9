/* SPDX-License-Identifier: MIT */
/* future: a result that comes later, from whatever thread.
 *
 * A future belongs to the actor that made it, which waits for it; its promise is a handle that may
 * be given to any thread, attached or not, and to any actor. The promise is kept once: with a
 * result, or with an error. One that is destroyed unkept answers NO_REPLY, so that nobody waits for
 * what has been forgotten. What is promised to a future that is no more, because it was destroyed
 * or its actor or node has ended, is discarded: that does no harm at any time, and a promise may
 * outlive the node.
 *
 * A result is a pointer, and `discard` says how to free what nobody takes: it is called once, on
 * whatever thread, and calls nothing of Troupe that takes a `self`. A message that was made and not
 * sent may be a result, too, while its node lives. */
#ifndef TROUPE_FUTURE_H
#define TROUPE_FUTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/time.h>

TROUPE_BEGIN

typedef struct troupe_future troupe_future;
typedef struct troupe_promise troupe_promise;

/* Makes a future and its promise.
 * Owns:    the future ends with its result, with troupe_future_destroy, or with the actor (that of
 *          an attached thread with its detaching); the promise when it is kept or destroyed.
 * Threads: the handler or body that self was given to.
 * Errors:  LIMIT_REACHED: the actor has as many as it may have asks open (asks_max); STOPPING;
 *          NO_MEMORY; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_future_create(troupe_self *self,
                                                               troupe_future **out_future,
                                                               troupe_promise **out_promise);

/* Keeps a promise with a result, which the future owns from then on. Sets *promise to NULL. Never
 * waits.
 * Owns:    `discard` may be NULL where there is nothing to free.
 * Threads: any.
 * Errors:  BAD_ARGUMENT; then the result is still the caller's. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_promise_complete(troupe_promise **promise,
                                                                  void *result,
                                                                  void (*discard)(void *result));

/* Keeps a promise with an error, which the future's wait returns. Threads: any.
 * Errors: BAD_ARGUMENT, also if `error` is TROUPE_OK. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_promise_fail(troupe_promise **promise,
                                                              troupe_error error);

/* Whether the future is still there, so that a long computation may be left off. Threads: any. */
TROUPE_API bool troupe_promise_is_wanted(const troupe_promise *promise);

/* Fails the promise with NO_REPLY. Takes NULL; sets *promise to NULL. Threads: any. */
TROUPE_API void troupe_promise_destroy(troupe_promise **promise);

/* Waits for the promise to be kept. When it has been, TROUPE_OK or the promise's error is returned,
 * the future has ended and *future is NULL; when the wait ends first, *future is as before and may
 * be waited for again. A behavior may look with TROUPE_NOW.
 * Owns:        *out_result is the caller's on TROUPE_OK; out_result may be NULL for a result that
 *              needs no freeing.
 * Threads:     the handler or body that self was given to.
 * Waits:       at most `timeout` (not given: no limit) and no longer than the message being handled
 *              may take.
 * Cancel-safe: a promise that was kept before is a result, in what is cancelled, too.
 * Errors:      the promise's; TIMED_OUT, CANCELLED; CANNOT_WAIT; STOPPING; BAD_ARGUMENT, also for
 *              another actor's future and one that somebody waits for. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_future_wait(troupe_self *self,
                                                             troupe_future **future,
                                                             troupe_timeout timeout,
                                                             void **out_result);

/* Waits until the promise of one of `count` futures has been kept; *out_index is the first such.
 * That one is then to be taken with troupe_future_wait, which does not wait, nor look for a cancel.
 * Those that are NULL are passed over.
 * Cancel-safe: nothing is taken.
 * Errors:      those of waiting; BAD_ARGUMENT, also if all are NULL. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_future_wait_any(troupe_self *self,
                                                                 troupe_future *const *futures,
                                                                 size_t count,
                                                                 troupe_timeout timeout,
                                                                 size_t *out_index);

/* Receives what became of a behavior's future: the result is the actor's if `error` is TROUPE_OK.
 * Runs like a handler. */
typedef troupe_error troupe_resolved(troupe_self *self, void *state, troupe_error error,
                                     void *result, void *context);

/* Has `then` called with what becomes of the future, at the latest when `timeout` is over. Counts
 * as an ask of the actor. For behaviors.
 * Owns:    *future is taken over and set to NULL on TROUPE_OK. The context is handed through.
 * Threads: the handler that self was given to.
 * Errors:  TIMED_OUT for a deadline that has passed; LIMIT_REACHED (asks_max); STOPPING; NO_MEMORY;
 *          BAD_ARGUMENT. After an error `then` is not called. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_future_then(troupe_self *self,
                                                             troupe_future **future,
                                                             troupe_timeout timeout,
                                                             troupe_resolved *then, void *context);

/* Ends a future whose result is not wanted any more. Takes NULL; sets *future to NULL.
 * Threads: the actor's. */
TROUPE_API void troupe_future_destroy(troupe_future **future);

TROUPE_END

#endif
