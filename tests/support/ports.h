/* SPDX-License-Identifier: MIT */
/* ports: ports of tcp that nobody uses, for a test that listens there again and again.
 *
 * What the kernel gives ("tcp://127.0.0.1:*") it gives to somebody else as soon as it is free;
 * these are of a range from which it gives none, and each process begins to look somewhere else in
 * it. */
#ifndef TR_TESTS_SUPPORT_PORTS_H
#define TR_TESTS_SUPPORT_PORTS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/fixtures.h"

#define PORTS_FIRST 10000
#define PORTS_COUNT 20000
#define PORTS_STEP 7919 /* prime, so that all have their turn */

static inline bool port_is_free(uint16_t port)
{
    const struct sockaddr_in own = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int yes = 1;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), 0);
    const bool is_free = bind(fd, (const struct sockaddr *) &own, sizeof own) == 0;
    assert_int_equal(close(fd), 0);
    return is_free;
}

static inline uint16_t a_free_port(void)
{
    static uint32_t tried;
    uint16_t port = 0;
    do {
        const uint32_t at = (uint32_t) getpid() * 31 + tried++;
        assert_true(tried < PORTS_COUNT);
        port = (uint16_t) (PORTS_FIRST + at * PORTS_STEP % PORTS_COUNT);
    } while (!port_is_free(port));
    return port;
}

static inline void a_free_endpoint(char *endpoint, size_t size)
{
    (void) snprintf(endpoint, size, "tcp://127.0.0.1:%u", a_free_port());
}

#endif
