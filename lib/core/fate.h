/* SPDX-License-Identifier: MIT */
/* fate: what becomes of what a supervised actor has when one of its starts has ended.
 *
 * Owns:    nothing.
 * Threads: the worker's of the actor.
 * Fails:   never.
 * Uses:    restart, mailbox, send, dead_letter. */
#ifndef TR_CORE_FATE_H
#define TR_CORE_FATE_H

#include "core/actor.h"

/* Does with what is in its mailbox as the terms say. */
void tr_fate_of_mailbox(tr_worker *worker, tr_actor *actor);

#endif
