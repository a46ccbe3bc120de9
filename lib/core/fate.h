/* SPDX-License-Identifier: MIT */
/* fate: what becomes of what a supervised actor has when one of its starts has ended.
 *
 * Owns:    nothing.
 * Threads: the worker's of the actor.
 * Fails:   never.
 * Uses:    restart, mailbox, send, dead_letter, quarantine. */
#ifndef TR_CORE_FATE_H
#define TR_CORE_FATE_H

#include "core/actor.h"

/* A message that the actor fails with, as it has `before` times, out of its hands: keeps it for the
 * next start or puts it into quarantine, if the terms say so. False: it ends as failed. */
bool tr_fate_takes(tr_worker *worker, tr_actor *actor, troupe_message *message, troupe_error error,
                   uint32_t before);

/* The same of the message that the body of a coroutine, which has returned an error, was handling:
 * takes it out of its hands first. */
void tr_fate_of_held(tr_worker *worker, tr_actor *actor, troupe_error error);

/* Does with what is in its mailbox as the terms say. */
void tr_fate_of_mailbox(tr_worker *worker, tr_actor *actor);

#endif
