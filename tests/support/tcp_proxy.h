/* SPDX-License-Identifier: MIT */
/* tcp_proxy: a bad network between two ends of tcp on this machine.
 *
 * It listens on loopback, dials its target for each who dials it, and passes on what either says:
 * late, slowly, not at all, or until it cuts the connection, by a reset and by an ordinary end in
 * turn; what was under way then is gone.
 * Invariants: of what one end said in a connection the other hears a beginning, unchanged. What it
 *             holds back is bounded.
 * Threads:    one of its own; the functions are the test's. */
#ifndef TR_TESTS_SUPPORT_TCP_PROXY_H
#define TR_TESTS_SUPPORT_TCP_PROXY_H

#include <stdbool.h>
#include <stdint.h>

struct tcp_proxy;

enum tcp_way {
    TCP_FROM_DIALLER,
    TCP_FROM_TARGET,
    TCP_WAYS
};

/* Zero: none of it. */
struct tcp_faults {
    uint32_t delay_ms;     /* each byte, either way */
    uint32_t bytes_per_s;  /* of a connection, either way */
    uint32_t cut_every_ms; /* all connections, on the average */
    bool is_closed;        /* who dials is hung up on */
    /* What comes this way is taken and thrown away; for good, in connections that lost some. */
    bool swallows[TCP_WAYS];
};

/* `target`: as "tcp://127.0.0.1:7400". */
struct tcp_proxy *a_tcp_proxy(const char *target);
void drop_tcp_proxy(struct tcp_proxy **in_proxy);

/* Where it is to be dialled, for as long as it is there. */
const char *tcp_proxy_endpoint(const struct tcp_proxy *proxy);

void tcp_proxy_be(struct tcp_proxy *proxy, const struct tcp_faults *faults);
/* All connections that there are. */
void tcp_proxy_cut(struct tcp_proxy *proxy);

/* How many connections it has cut. */
uint64_t tcp_proxy_cuts(struct tcp_proxy *proxy);

#endif
