/* SPDX-License-Identifier: MIT */
#include "transport/tsan.h"

#if TR_THREAD_SANITIZER

/* Of ThreadSanitizer's; no header has them. What is allocated meanwhile is nobody's, and writes are
 * not heeded either. */
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);

void tr_tsan_release(void *object)
{
    __tsan_release(object);
}

void tr_tsan_acquire(void *object)
{
    __tsan_acquire(object);
}

void tr_tsan_read(void *to, const void *from, size_t size)
{
    tr_tsan_ignore();
    memcpy(to, from, size);
    tr_tsan_heed();
}

void tr_tsan_ignore(void)
{
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
}

void tr_tsan_heed(void)
{
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
}

#endif
