/* SPDX-License-Identifier: MIT */
/* link: actors that fail together.
 *
 * When one of two linked actors ends with an error, or is cancelled, the other is cancelled, and
 * ends with LINKED; an orderly end concerns the other no more than that the link is gone. One that
 * was spawned with .trap_exits is not cancelled but told by a message of troupe_exit_type, whose
 * body is a troupe_down without monitor, in order behind all that the other had sent to it. A
 * cancel by troupe_cancel is not trapped by anything.
 * A child is linked from its start on by .link in its spawn options. A restart is no end: links of
 * a supervised actor stay until it ends for good.
 * Threads: the handler or body that self was given to. None of these waits. */
#ifndef TROUPE_LINK_H
#define TROUPE_LINK_H

#include <stdbool.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/ref.h>

TROUPE_BEGIN

extern TROUPE_API const troupe_type troupe_exit_type;

/* Links this actor and the other; again: nothing happens. One that has ended already is as one that
 * fails at once, with STALE or NO_SUCH_ACTOR.
 * Errors: LIMIT_REACHED (monitors_max); NO_MEMORY; BAD_ARGUMENT for a ref that names nobody, or the
 *         actor itself. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_link(troupe_self *self, troupe_ref other);

/* After this the end of neither concerns the other, whichever made the link; an exit message that
 * is queued stays. Returns whether they were linked. */
TROUPE_API bool troupe_unlink(troupe_self *self, troupe_ref other);

TROUPE_END

#endif
