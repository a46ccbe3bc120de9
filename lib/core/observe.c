/* SPDX-License-Identifier: MIT */
#include "core/observe.h"

#if defined(TR_CHANCES)

#include <stddef.h>

static _Thread_local tr_observer *present;

/* Neither is inlined: where a coroutine goes on, on whatever thread, present is looked up anew. */

__attribute__((noinline)) tr_observer *tr_observer_set(tr_observer *observer)
{
    tr_observer *before = present;
    present = observer;
    return before;
}

__attribute__((noinline)) void tr_observe(const tr_told *told)
{
    if (present != NULL) {
        present(told);
    }
}

#endif
