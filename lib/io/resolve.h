/* SPDX-License-Identifier: MIT */
/* resolve: from names to addresses, by the pool if that may take long.
 *
 * Owns:    the list is the caller's, to be freed.
 * Threads: the actor's. */
#ifndef TR_IO_RESOLVE_H
#define TR_IO_RESOLVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <troupe/allocator.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/time.h>

#define TR_ADDRESSES_MAX 8

typedef struct tr_io_address {
    struct sockaddr_storage value;
    socklen_t size;
} tr_io_address;

typedef struct tr_io_addresses {
    tr_io_address list[TR_ADDRESSES_MAX];
    uint32_t count;
    int system_error; /* where there are none: why */
} tr_io_addresses;

/* Of host and port. Without waiting if the host is an address already, or NULL.
 * Waits:  at most `timeout`.
 * Errors: as troupe_socket_connect. */
TROUPE_MUST_CHECK troupe_error tr_io_resolve(troupe_self *self, const char *host, uint32_t port,
                                             troupe_timeout timeout,
                                             tr_io_addresses *out_addresses);

/* Never waits; "*" is all addresses of the machine. Errors: BAD_ARGUMENT if it is no address. */
TROUPE_MUST_CHECK troupe_error tr_io_address_of(const char *host, uint32_t port,
                                                tr_io_addresses *out_addresses);

/* Errors: BAD_ARGUMENT if it is empty or too long. */
TROUPE_MUST_CHECK troupe_error tr_io_address_of_path(const char *path, tr_io_address *out_address);

#endif
