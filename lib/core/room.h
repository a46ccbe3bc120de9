/* SPDX-License-Identifier: MIT */
/* room: a coroutine's wait for room in a mailbox.
 *
 * Threads: the worker's of the waiting actor. */
#ifndef TR_CORE_ROOM_H
#define TR_CORE_ROOM_H

#include "core/send.h"

/* Stands in line until there is a place, then sends; `limit` is what admission compared the depth
 * with, 0 to stand in line whatever the depth is now.
 * Errors: TIMED_OUT, CANCELLED, WOULD_DEADLOCK, MAILBOX_FULL (too many places given up and not yet
 *         got back), STALE, NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_room_wait(tr_sending *sending, tr_slot *slot, uint32_t limit);

/* LINE_GRANT came for a task's actor: whether the task waited for it; the grant is then taken. */
bool tr_room_granted(tr_worker *worker, tr_task *task, troupe_message *grant);

#endif
