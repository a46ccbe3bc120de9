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
#include "core/takeover.h"

static inline tr_worker *tr_enter(const troupe_self *self)
{
#if defined(TR_SHAKE)
    /* One within another would end it too early. */
    TR_ASSERT(self->actor->worker->guard != NULL || !tr_seat_is_inside(self->actor->seat));
#endif
    const uint32_t special = tr_seat_enter(self->actor->seat);
    if (TR_UNLIKELY(special != 0)) {
        tr_takeover_enter(self, special);
    }
    return self->actor->worker;
}

static inline void tr_leave(const troupe_self *self)
{
    const uint32_t special = tr_seat_leave(self->actor->seat);
    if (TR_UNLIKELY(special != 0)) {
        tr_takeover_leave(self, special);
    }
}

#endif
