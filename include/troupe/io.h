/* SPDX-License-Identifier: MIT */
/* io: waiting for file descriptors.
 *
 * What can be polled (sockets, pipes, eventfds, terminals) can be waited for beside everything else
 * that an actor waits for, without a thread: the thread of the actor's worker sleeps on all of them
 * at once. Readiness is a hint, as with poll: the descriptor is non-blocking, and a read or write
 * that would block after all waits again. A descriptor that has failed or was hung up counts as
 * ready for what was asked; the read or write then says what is the matter.
 *
 * The descriptor stays the caller's. Any number of actors may wait for the same one, and each is
 * told. One that is closed while somebody waits for it ends the wait with BAD_ARGUMENT: at once for
 * those on the same worker if troupe_forget_fd is called before the close, otherwise within about a
 * second. An actor that waits for a descriptor stays on its worker.
 *
 * A simulated node has no descriptors: there these calls return SYSTEM.
 * Threads: the handler or body that self was given to. */
#ifndef TROUPE_IO_H
#define TROUPE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/time.h>

TROUPE_BEGIN

/* Bits. */
typedef enum troupe_fd_event {
    TROUPE_READABLE = 1,
    TROUPE_WRITABLE = 2
} troupe_fd_event;

/* Waits until the descriptor is ready for one of `events`. For coroutines, and for threads that are
 * attached.
 * Owns:        *out_events, which of them it is ready for; may be NULL.
 * Waits:       at most `timeout` (not given: no limit) and no longer than the message being handled
 *              may take. TROUPE_NOW looks only.
 * Cancel-safe: nothing is read or written; a descriptor that was ready when the wait ended is a
 *              TROUPE_OK.
 * Errors:      TIMED_OUT, CANCELLED; STOPPING when the actor is stopped, unless it waits to write
 *              only; CANNOT_WAIT; NO_MEMORY; SYSTEM if the kernel has no room for it;
 *              BAD_ARGUMENT, also for what cannot be waited for, such as a file on disk, and for a
 *              descriptor that is or was closed. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_wait_fd(troupe_self *self, int fd, uint32_t events,
                                                         troupe_timeout timeout,
                                                         uint32_t *out_events);

/* Ends the waits for a descriptor that is going to be closed: those of all actors on this worker
 * return BAD_ARGUMENT. To be called before the close wherever others may be waiting. */
TROUPE_API void troupe_forget_fd(troupe_self *self, int fd);

/* Being told by message, for behaviors and for who has several descriptors. */

typedef struct troupe_watch {
    uint64_t id; /* 0: none; never used again by this actor */
} troupe_watch;

typedef struct troupe_watch_options {
    size_t size;             /* set by TROUPE_WATCH */
    const troupe_type *type; /* of the message, which has a troupe_fd_ready body; NULL:
                              * troupe_fd_ready_type */
    uint64_t key;            /* handed through */
    int fd;
    uint32_t events; /* of troupe_fd_event */
} troupe_watch_options;

#define TROUPE_WATCH(...)                                                                          \
    (&(const troupe_watch_options) {.size = sizeof(troupe_watch_options), __VA_ARGS__})

/* The body of a watch's message. */
typedef struct troupe_fd_ready {
    troupe_watch watch;
    uint64_t key;
    int fd;
    uint32_t events; /* 0: the descriptor was closed, or cannot be waited for; the watch is over */
} troupe_fd_ready;
extern TROUPE_API const troupe_type troupe_fd_ready_type;

/* Has a message sent to the actor, in room of its own, when the descriptor is ready; and when that
 * has been handled and it is so still or again, the next. Ends with the actor, or by unwatch; an
 * actor that watches stays on its worker. Never waits.
 * Errors: LIMIT_REACHED for more than timers_max, which timers and watches may each be; NO_MEMORY;
 *         STOPPING; SYSTEM; BAD_ARGUMENT as troupe_wait_fd, and if the type's body is not a
 *         troupe_fd_ready. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_watch_fd(troupe_self *self,
                                                          const troupe_watch_options *options,
                                                          troupe_watch *out_watch);

/* After this no message of the watch is handled, not even one that was queued. To be called before
 * the descriptor is closed. Returns whether there was such a watch. */
TROUPE_API bool troupe_unwatch_fd(troupe_self *self, troupe_watch watch);

/* What a read or write has done. */
typedef struct troupe_transfer {
    size_t count;     /* bytes read or written, whatever the call returned */
    int system_error; /* an errno, where the system has given one; else 0 */
} troupe_transfer;

/* Reads what there is, at least a byte and at most `size`. The descriptor is a socket, or
 * non-blocking. For coroutines, and for threads that are attached. Others may run first, also if
 * there is something to be read.
 * Owns:        *out_transfer, always set; may be NULL if `size` is 1.
 * Waits:       until there is something, at most `timeout` (not given: no limit) and no longer than
 *              the message being handled may take.
 * Cancel-safe: what has been read is a TROUPE_OK, what has not is still there.
 * Errors:      END when the other side has finished; DISCONNECTED when it has broken off;
 *              TIMED_OUT, CANCELLED; STOPPING when the actor is stopped; CANNOT_WAIT; NO_MEMORY;
 *              SYSTEM; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_read_fd(troupe_self *self, int fd, void *buffer,
                                                         size_t size, troupe_timeout timeout,
                                                         troupe_transfer *out_transfer);

/* Reads until there are `size` bytes, or the end, or no more time: with any error the count says
 * how many there are. Otherwise as troupe_read_fd. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_read_fd_all(troupe_self *self, int fd,
                                                             void *buffer, size_t size,
                                                             troupe_timeout timeout,
                                                             troupe_transfer *out_transfer);

/* Writes all `size` bytes. Raises no SIGPIPE. Otherwise as troupe_read_fd.
 * Owns:        *out_transfer, always set; may be NULL where nobody would go on after an error.
 * Cancel-safe: with any error the count says how many bytes were written.
 * Errors:      DISCONNECTED when nobody reads any more; TIMED_OUT, CANCELLED; CANNOT_WAIT;
 *              NO_MEMORY; SYSTEM; BAD_ARGUMENT. A stop does not end it. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_write_fd(troupe_self *self, int fd,
                                                          const void *data, size_t size,
                                                          troupe_timeout timeout,
                                                          troupe_transfer *out_transfer);

/* Forgets the descriptor (troupe_forget_fd) and closes it. Does nothing for a negative one. */
TROUPE_API void troupe_close_fd(troupe_self *self, int fd);

TROUPE_END

#endif
