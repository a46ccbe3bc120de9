/* SPDX-License-Identifier: MIT */
/* socket: connections by TCP and by local path, as descriptors to be read and written with io.
 *
 *     int fd = -1;
 *     error = troupe_socket_connect(self, TROUPE_SOCKET(.host = "::1", .port = 80),
 *                                   TROUPE_WITHIN_S(5), &fd, NULL);
 *     ... troupe_write_fd(...), troupe_read_fd(...)
 *     troupe_close_fd(self, fd);
 *
 * All descriptors made here are non-blocking and not inherited by programs that are executed.
 * Threads: the handler or body that self was given to; those without `self` any. */
#ifndef TROUPE_SOCKET_H
#define TROUPE_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/time.h>

TROUPE_BEGIN

/* Either `path`, or `host` and `port`. */
typedef struct troupe_socket_options {
    size_t size;      /* set by TROUPE_SOCKET */
    const char *path; /* of a local socket, below 108 bytes; NULL: TCP */
    /* A name, or an address of IPv4 or IPv6. NULL: this machine by its loopback. To listen: an
     * address, "*" for all that the machine has. */
    const char *host;
    uint32_t port;    /* to listen 0: one that is free; see troupe_socket_port */
    uint32_t backlog; /* to listen: connections that are not accepted yet; 0: 128 */
} troupe_socket_options;

#define TROUPE_SOCKET(...)                                                                         \
    (&(const troupe_socket_options) {.size = sizeof(troupe_socket_options), __VA_ARGS__})

/* Connects; a name is resolved by the pool of troupe_offload. Several addresses are tried in turn,
 * each for its share of the time that is left. For coroutines, and for threads that are attached.
 * Owns:        *out_fd is the caller's, to be closed with troupe_close_fd. *out_system_error (may
 *              be NULL) is the system's own number, an errno, where it has one, else 0; always set.
 * Waits:       until it is connected, at most `timeout` (not given: no limit) and no longer than
 *              the message being handled may take.
 * Cancel-safe: a connection that is there before the cancel is seen is a TROUPE_OK; otherwise
 *              nothing is left of it.
 * Errors:      DISCONNECTED if nobody accepts it or the name is not known; TIMED_OUT, CANCELLED;
 *              CANNOT_WAIT; LIMIT_REACHED when descriptors are out; NO_MEMORY; NOT_AUTHORISED;
 *              SYSTEM; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error
troupe_socket_connect(troupe_self *self, const troupe_socket_options *options,
                      troupe_timeout timeout, int *out_fd, int *out_system_error);

/* Opens a socket to accept connections on. Never waits. A path must not be there yet; it is the
 * caller's to remove.
 * Owns:   as troupe_socket_connect.
 * Errors: LIMIT_REACHED, NO_MEMORY, NOT_AUTHORISED; SYSTEM, for example with EADDRINUSE;
 *         BAD_ARGUMENT, also for a host that is no address. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_socket_listen(const troupe_socket_options *options,
                                                               int *out_fd, int *out_system_error);

/* Takes the next connection. Several actors may accept from one listener.
 * Owns:        *out_fd as troupe_socket_connect.
 * Waits:       at most `timeout` (not given: no limit) and no longer than the message being handled
 *              may take.
 * Cancel-safe: a connection that is not taken stays for the next accept.
 * Errors:      TIMED_OUT, CANCELLED; STOPPING when the actor is stopped; CANNOT_WAIT; LIMIT_REACHED
 *              when descriptors are out; NO_MEMORY; SYSTEM; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_socket_accept(troupe_self *self, int listener,
                                                               troupe_timeout timeout, int *out_fd);

/* The port that a TCP socket of this machine has; 0 if it has none. */
TROUPE_API uint32_t troupe_socket_port(int fd);

/* Says that nothing more will be written: the other side reads the END. What it sends can still be
 * read. Errors: DISCONNECTED; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_socket_finish(int fd);

TROUPE_END

#endif
