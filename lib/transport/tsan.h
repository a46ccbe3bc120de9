/* SPDX-License-Identifier: MIT */
/* tsan: tells ThreadSanitizer of the order that ZeroMQ gives; nothing without it.
 *
 * ZeroMQ makes what was written before a send visible after the receive, but it is not compiled
 * with the sanitizer, which would report races. A program that uses this also has what the
 * sanitizer is not to report inside ZeroMQ.
 * Threads: any. */
#ifndef TR_TRANSPORT_TSAN_H
#define TR_TRANSPORT_TSAN_H

#include <stddef.h>
#include <string.h>

#include "core/sanitizers.h"

#if TR_THREAD_SANITIZER

/* Before the send of something that leads to `object`. */
void tr_tsan_release(void *object);

/* After the receive. */
void tr_tsan_acquire(void *object);

/* Copies bytes that ZeroMQ's own threads have written. */
void tr_tsan_read(void *to, const void *from, size_t size);

/* Around a call of ZeroMQ's that touches what its threads touch too: every byte would be reported,
 * if only to be suppressed, which takes a hundred times as long as the call. */
void tr_tsan_ignore(void);
void tr_tsan_heed(void);

#else

static inline void tr_tsan_release(void *object)
{
    (void) object;
}

static inline void tr_tsan_acquire(void *object)
{
    (void) object;
}

static inline void tr_tsan_read(void *to, const void *from, size_t size)
{
    memcpy(to, from, size);
}

static inline void tr_tsan_ignore(void)
{
}

static inline void tr_tsan_heed(void)
{
}

#endif

#endif
