/* SPDX-License-Identifier: MIT */
/* bracket: what every public call that takes `self` begins and ends with.
 *
 * The worker is found anew through `self` each time, and it is written down whether its thread is
 * in the library or in user code: the seam by which a worker can be taken from a thread that a
 * handler blocks.
 * Threads: the worker's. */
#ifndef TR_CORE_BRACKET_H
#define TR_CORE_BRACKET_H

#include "base/assert.h"
#include "core/attached.h"

static inline tr_worker *tr_enter(const troupe_self *self)
{
    tr_worker *worker = self->actor->worker;
    if (TR_UNLIKELY(worker->guard != NULL)) {
        tr_attached_enter(self);
    }
    tr_seat_enter(self->actor->seat);
    return worker;
}

static inline void tr_leave(const troupe_self *self)
{
    tr_seat_leave(self->actor->seat);
    if (TR_UNLIKELY(self->actor->worker->guard != NULL)) {
        tr_attached_leave(self);
    }
}

#endif
