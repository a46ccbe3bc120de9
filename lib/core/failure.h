/* SPDX-License-Identifier: MIT */
/* failure: why an actor failed, and how those who had asked it learn that.
 *
 * The answer HANDLER_FAILED carries the callee's code and text in a body of its own; without memory
 * for that the bare error has to do.
 * Owns:       `failure` and `last_failure` of an actor's extra.
 * Threads:    the worker's of the actor.
 * Uses:       actor, ledger. */
#ifndef TR_CORE_FAILURE_H
#define TR_CORE_FAILURE_H

#include "core/actor.h"

struct tr_failure {
    troupe_error error;
    char text[TR_FAILURE_TEXT_SIZE];
};

/* Has the actor say this of the error, as troupe_fail does. */
void tr_failure_say(tr_worker *worker, tr_actor *actor, troupe_error error, const char *text);

/* What the actor said of this error, or "". */
const char *tr_failure_text(const tr_actor *actor, troupe_error error);

/* Answers a request whose receiver has failed with `error`. False without memory, or if the asker
 * takes no reply of that size. */
bool tr_failure_answer(tr_worker *worker, const tr_actor *actor, troupe_error error,
                       const troupe_message *request);

/* Such an answer, still nobody's, from what another node says. Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_failure_make(tr_pool *pool, troupe_error error, const void *text,
                                               size_t size, troupe_message **out_answer);

/* What the actor was told last, and forgets now; false: nothing since. */
bool tr_failure_take(tr_worker *worker, const tr_actor *actor, tr_failure *out_failure);

/* Whether a reply is such an answer. */
bool tr_failure_is(const troupe_message *reply);

/* Keeps what the answer says as the asker's last failure. */
void tr_failure_note(tr_worker *worker, tr_actor *asker, const troupe_message *reply);

/* Frees what the actor has of failures. */
void tr_failure_free(tr_worker *worker, tr_actor *actor);

#endif
