/* SPDX-License-Identifier: MIT */
/* signal: the program's signals, as messages to actors that ask for them.
 *
 * Nothing is installed unasked. With the first watch of a signal a handler is installed for the
 * whole program, with the end of the last one what was there before is put back; what the program
 * did about the signal itself does not happen in between. Any number of actors, of any number of
 * nodes, may watch the same signal, and each is told.
 *
 * The node's own threads block all signals, so some thread of the program must not: that a signal
 * is blocked everywhere, as SIGINT and SIGTERM are in a node that stops on signals, keeps it from
 * those who watch it too.
 * Threads: the handler or body that self was given to. None of these waits. */
#ifndef TROUPE_SIGNAL_H
#define TROUPE_SIGNAL_H

#include <stdint.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/ref.h>

TROUPE_BEGIN

/* How many watches there may be in the program. */
#define TROUPE_SIGNAL_WATCHES_MAX 64

/* Copied freely. */
typedef struct troupe_signal_watch {
    troupe_ref actor; /* a child of the one that watches */
} troupe_signal_watch;

/* The body of the messages. */
typedef struct troupe_signal {
    uint64_t key;   /* as given */
    uint32_t count; /* how often it has come since the last message; signals of one number merge */
    int signal;
} troupe_signal;
extern TROUPE_API const troupe_type troupe_signal_type;

/* From here on the signal comes as a message, an ordinary one, to the actor that calls, until it
 * unwatches or ends. `key` is handed through.
 * Errors: LIMIT_REACHED for more than TROUPE_SIGNAL_WATCHES_MAX, or as troupe_spawn_nowait;
 *         NO_MEMORY; STOPPING; SYSTEM; BAD_ARGUMENT for what is no signal or cannot be caught, and
 *         for those that tell of faults, such as SIGSEGV. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_watch_signal(troupe_self *self, int signal,
                                                              uint64_t key,
                                                              troupe_signal_watch *out_watch);

/* Soon after this no more messages are sent; those under way still come. */
TROUPE_API void troupe_unwatch_signal(troupe_self *self, troupe_signal_watch *watch);

TROUPE_END

#endif
