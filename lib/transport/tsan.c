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

/* Asked for by the sanitizer when the program starts. ZeroMQ hands sockets and pipes over to a
 * thread of its own that it leaves to free them, in ways that the sanitizer does not see. What our
 * threads do with messages is not done inside ZeroMQ, and is reported. A program may define its
 * own. */
__attribute__((weak, visibility("default"))) const char *__tsan_default_suppressions(void);

const char *__tsan_default_suppressions(void)
{
    return "race:libzmq.so\n";
}

#endif
