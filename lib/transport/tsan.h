/* SPDX-License-Identifier: MIT */
/* tsan: tells ThreadSanitizer of the order that ZeroMQ gives; nothing without it.
 *
 * ZeroMQ makes what was written before a send visible after the receive, but it is not compiled
 * with the sanitizer, which would report races. A program that uses this also has what the
 * sanitizer is not to report inside ZeroMQ.
 * Threads: any. */
#ifndef TR_TRANSPORT_TSAN_H
#define TR_TRANSPORT_TSAN_H

#include "core/sanitizers.h"

#if TR_THREAD_SANITIZER

/* Before the send of something that leads to `object`. */
void tr_tsan_release(void *object);

/* After the receive. */
void tr_tsan_acquire(void *object);

#else

static inline void tr_tsan_release(void *object)
{
    (void) object;
}

static inline void tr_tsan_acquire(void *object)
{
    (void) object;
}

#endif

#endif
