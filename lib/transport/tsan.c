/* SPDX-License-Identifier: MIT */
#include "transport/tsan.h"

#if TR_THREAD_SANITIZER

void tr_tsan_release(void *object)
{
    __tsan_release(object);
}

void tr_tsan_acquire(void *object)
{
    __tsan_acquire(object);
}

#endif
