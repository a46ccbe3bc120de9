/* SPDX-License-Identifier: MIT */
/* actor: what an actor can do with itself and with others.
 *
 * `self` is what a body or handler was given; it is valid only within it and only on its thread. */
#ifndef TROUPE_ACTOR_H
#define TROUPE_ACTOR_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/allocator.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/ref.h>
#include <troupe/time.h>

TROUPE_BEGIN

typedef struct troupe_node troupe_node;

TROUPE_API troupe_ref troupe_self_ref(const troupe_self *self);
TROUPE_API troupe_ref troupe_self_parent(const troupe_self *self); /* none for a root actor */
TROUPE_API troupe_node *troupe_self_node(const troupe_self *self);
/* The node's, for as long as the node is there; any thread may use it. NULL of NULL. */
TROUPE_API const troupe_allocator *troupe_self_allocator(const troupe_self *self);
/* The number of the worker that runs the actor just now. */
TROUPE_API uint32_t troupe_self_worker(const troupe_self *self);
/* The node's monotonic clock, as read at the start of this pass of the worker. */
TROUPE_API uint64_t troupe_self_now_ns(const troupe_self *self);
/* A random number from the node's generator, which the simulator seeds. */
TROUPE_API uint64_t troupe_self_random(troupe_self *self);

/* Waits for the next message. Ends the message that *message held before, and with it the scope of
 * handling it. Until the next call the actor handles the new one: its deadline holds for every
 * wait. For coroutines.
 * Owns:        *message is the caller's.
 * Cancel-safe: on an error no message was taken.
 * Errors:      STOPPING when the actor is told to stop; CANCELLED; TIMED_OUT; CANNOT_WAIT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_receive(troupe_self *self,
                                                         troupe_message **message,
                                                         troupe_timeout timeout);

/* A type to wait for: name it by descriptor or by type. */
typedef struct troupe_accept {
    const ProtobufCMessageDescriptor *protobuf;
    const troupe_type *type;
} troupe_accept;

/* The same, with the same cancel-safety, taking the oldest message of one of `count` types; the
 * others stay, in order, within the bound.
 * Errors: MAILBOX_FULL, at once, when the mailbox is full of what is not accepted; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_receive_only(troupe_self *self,
                                                              const troupe_accept *accepted,
                                                              size_t count,
                                                              troupe_message **message,
                                                              troupe_timeout timeout);

/* Waits. For coroutines.
 * Cancel-safe: TROUPE_OK is a sleep of the whole duration.
 * Errors:      STOPPING, CANCELLED, CANNOT_WAIT; TIMED_OUT if the deadline of the message being
 *              handled comes first. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_sleep(troupe_self *self, troupe_timeout duration);

/* Lets other actors run, whatever it returns. For coroutines. Errors: CANCELLED, CANNOT_WAIT;
 * TIMED_OUT if the deadline around it has come. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_yield(troupe_self *self);

/* Puts a received message aside; it keeps its place in the mailbox.
 * Errors: BAD_ARGUMENT if it was not received from the mailbox, or is no longer the actor's. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_stash(troupe_self *self, troupe_message **message);

/* Puts the `count` oldest stashed messages (SIZE_MAX: all) back, in order, before what is queued.
 * Returns how many. */
TROUPE_API size_t troupe_unstash(troupe_self *self, size_t count);

/* Tells an actor to stop: it handles what it is handling, stops its children, and ends. A
 * coroutine's waits for messages return STOPPING. What is still queued becomes dead letters. Never
 * waits. An actor of another node is told behind what this one has sent to it.
 * Errors: STALE, NO_SUCH_ACTOR; NO_MEMORY; BAD_ARGUMENT; of an actor of another node UNREACHABLE,
 *         and MAILBOX_FULL if as much as may wait is to go there. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_stop(troupe_self *self, troupe_ref actor);

/* Cancels an actor: every wait in it, now and later, returns CANCELLED; a behavior ends after the
 * message it is handling. Its children are cancelled with it. Never waits. Errors: as
 * troupe_stop. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_cancel(troupe_self *self, troupe_ref actor);

/* The same, and it cannot be held off: waits under a shield, and in what was deferred, return
 * CANCELLED too. The actor and its children end with KILLED, by which a transient child of a
 * supervisor is restarted. One that does not wait, or goes on in spite of what its waits return,
 * has to be left to end: there is no ending a thread in the middle of its code. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_kill(troupe_self *self, troupe_ref actor);

/* Notes why this actor is about to fail, for the log, and gives the error back:
 *     return troupe_fail(self, TROUPE_ERROR_SYSTEM, "cannot open '%s'", path); */
TROUPE_API troupe_error troupe_fail(troupe_self *self, troupe_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Finds the live actor of this name on this node.
 * Errors: NO_SUCH_ACTOR; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_lookup(troupe_self *self, const char *name,
                                                        troupe_ref *out_ref);

TROUPE_END

#endif
