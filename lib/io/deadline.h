/* SPDX-License-Identifier: MIT */
/* deadline: one limit for a call that waits several times.
 *
 * Threads: the actor's. */
#ifndef TR_IO_DEADLINE_H
#define TR_IO_DEADLINE_H

#include <stdint.h>
#include <troupe/actor.h>
#include <troupe/time.h>

#include "base/clock.h"

static inline uint64_t tr_io_deadline(const troupe_self *self, troupe_timeout timeout)
{
    return tr_deadline_of(troupe_self_now_ns(self), timeout);
}

/* What is left; TROUPE_NOW when it has passed. */
static inline troupe_timeout tr_io_left(const troupe_self *self, uint64_t deadline_ns)
{
    const uint64_t now_ns = troupe_self_now_ns(self);
    if (deadline_ns == TR_NEVER) {
        return TROUPE_FOREVER;
    }
    return deadline_ns > now_ns ? troupe_timeout_of_ns(deadline_ns - now_ns) : TROUPE_NOW;
}

#endif
