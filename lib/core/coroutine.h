/* SPDX-License-Identifier: MIT */
/* coroutine: a function on a stack of its own that can stop in the middle and go on later.
 *
 * Its record lies at the top of its stack, so that one that waits costs the one page that it
 * touches there. Whoever resumes it waits, in tr_coroutine_resume, until it suspends itself or its
 * body returns. A coroutine may resume others, not itself and not one that waits for it.
 *
 * It may be resumed by another thread than the last time. Then errno and thread-locals are those
 * of the new thread: nothing that was read from them, and no address of one, is kept across a
 * suspension. (gcc keeps &errno for the length of a function.) The modes of the floating-point unit
 * are the coroutine's own, those at its start.
 *
 * Owns:    nothing; the stack is borrowed until the body has returned.
 * Threads: one at a time; who passes a coroutine on to another thread sees to the order.
 * Fails:   never.
 * Uses:    stacks, sanitizers, boost.context's two functions. */
#ifndef TR_CORE_COROUTINE_H
#define TR_CORE_COROUTINE_H

#include "core/stacks.h"

#include <stdbool.h>

typedef struct tr_coroutine tr_coroutine;

/* A coroutine that runs body(argument) when it is first resumed. Valid until the stack is given
 * back, which may be before the first resumption and after the body's return. In between, what the
 * coroutine holds would be lost, but no more than that. */
tr_coroutine *tr_coroutine_start(tr_stack *stack, void (*body)(void *argument), void *argument);

/* Runs it until it suspends or ends. It is not running and has not ended. */
void tr_coroutine_resume(tr_coroutine *coroutine);

/* Called by the running coroutine itself, or by one that it runs, or that one runs, which then stop
 * with it; returns when it is resumed. */
void tr_coroutine_suspend(tr_coroutine *coroutine);

/* True if the body has returned. */
bool tr_coroutine_has_ended(const tr_coroutine *coroutine);

/* The one it was started on. */
tr_stack *tr_coroutine_stack(const tr_coroutine *coroutine);

#endif
