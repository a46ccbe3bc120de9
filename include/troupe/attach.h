/* SPDX-License-Identifier: MIT */
/* attach: threads that are not the node's own, as actors.
 *
 * `main`, or a thread of another library, attaches to a node and gets a `self` of its own. With it
 * the thread does what a coroutine does, by the same calls: send, ask, receive, reply, monitor, set
 * timers, spawn. Where a coroutine would wait, the thread blocks. It has a ref and a mailbox like
 * any actor; a thread that does not look after them for a while is a receiver that is slow, and
 * harms nobody else: those who send to it meet a full mailbox. The watchdog names it (.deaf_after,
 * node.h).
 *
 * Three differences: a send to a full mailbox whose policy is to wait fails with MAILBOX_FULL,
 * unless the send has a timeout or says TROUPE_ON_FULL_WAIT; children are not placed with their
 * parent but as by TROUPE_PLACE_ANY; and a stop of the node closes the actor as soon as the thread
 * holds no message, wherever the thread is: from then on its calls return STOPPING.
 *
 * A thread that ends while it is attached is detached, and the log says so. In a child by fork
 * `self` is not to be used.
 * Threads: `self` belongs to the thread that attached. */
#ifndef TROUPE_ATTACH_H
#define TROUPE_ATTACH_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/mailbox.h>
#include <troupe/message.h>
#include <troupe/node.h>

TROUPE_BEGIN

/* Zero means the default of each field; they are those of troupe_spawn_options. */
typedef struct troupe_attach_options {
    size_t size;               /* set by TROUPE_ATTACH */
    const char *name;          /* registered, copied; at most 63 bytes; NULL: none */
    uint64_t mailbox_bytes;    /* 0: 1 MiB; what messages may take above 256 bytes each */
    uint64_t reply_bytes;      /* 0: 64 KiB; the largest reply to an ask of this thread */
    troupe_on_full on_full;    /* of its own mailbox */
    uint32_t mailbox_capacity; /* messages; 0: the node's default */
    uint32_t asks_max;         /* open at once; 0: 1024 */
    uint32_t timers_max;       /* 0: 1024 */
    uint32_t monitors_max;     /* 0: 1024 */
    uint32_t reserved;
} troupe_attach_options;

#define TROUPE_ATTACH(...)                                                                         \
    (&(const troupe_attach_options) {.size = sizeof(troupe_attach_options), __VA_ARGS__})

/* Attaches the calling thread to a started node; `options` may be NULL. A thread may be attached
 * several times, to several nodes. The first attachment starts a thread of the node that looks
 * after all of them.
 * Owns:   *out_self is to be given to troupe_detach, by the same thread, before the node is
 *         destroyed.
 * Waits:  some microseconds, for worker 0.
 * Errors: STOPPING; FORKED; NAME_TAKEN; LIMIT_REACHED (actors_max); TIMED_OUT if worker 0 is stuck
 *         for 5 s; SYSTEM; NO_MEMORY; BAD_ARGUMENT, also before start and from within an actor. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_attach(troupe_node *node,
                                                        const troupe_attach_options *options,
                                                        troupe_self **out_self);

/* Ends the actor that the thread was: messages that it still holds count as handled and remain the
 * thread's to destroy; those queued become dead letters; its children are stopped; its monitors and
 * names go. Sets *self to NULL. Takes NULL in it.
 * Errors: BAD_ARGUMENT if it was not attached, or by another thread; FORKED. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_detach(troupe_self **self);

TROUPE_END

#endif
