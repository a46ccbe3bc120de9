/* SPDX-License-Identifier: MIT */
/* hub_fixture: nodes that listen and dial, and what their logs say. */
#ifndef TR_TESTS_HUB_FIXTURE_H
#define TR_TESTS_HUB_FIXTURE_H

#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "node/node.h"
#include "support/node_fixture.h"

/* Counts lines of the log by what is in them. */
struct lines {
    _Atomic uint32_t connected;
    _Atomic uint32_t interrupted; /* or ended, as the other left */
    _Atomic uint32_t left;
    _Atomic uint32_t refused;
    _Atomic uint32_t failed;
};

static void count(void *context, troupe_log_level level, const char *text)
{
    (void) level;
    struct lines *lines = context;
    lines->connected += strstr(text, "connected with node") != NULL ? 1 : 0;
    const bool has_left = strstr(text, "has left") != NULL;
    lines->left += has_left ? 1 : 0;
    lines->interrupted += has_left || strstr(text, "is interrupted") != NULL ? 1 : 0;
    /* One who dials may have given up before it was known who it is. */
    lines->refused +=
        strstr(text, "hangs up on") != NULL && strstr(text, "not in time") == NULL ? 1 : 0;
    lines->failed += strstr(text, "no connection to") != NULL ? 1 : 0;
}

static inline troupe_log log_of(struct lines *lines)
{
    return (troupe_log) {.write = count, .context = lines, .level = TROUPE_LOG_DEBUG};
}

static inline troupe_node *a_listener(const char *name, const char *listen, const troupe_log *log)
{
    return a_node(TROUPE_NODE_OPTIONS(.name = name, .workers = 1, .listen = listen, .log = log,
                                      .plain = TROUPE_PLAIN_ON_LOOPBACK));
}

static inline troupe_node *a_dialler(const char *name, const char *endpoint, const char *listen,
                                     const troupe_log *log)
{
    const troupe_peer peer = {.endpoint = endpoint};
    return a_node(TROUPE_NODE_OPTIONS(.name = name, .workers = 1, .listen = listen, .log = log,
                                      .peers = &peer, .peer_count = 1,
                                      .plain = TROUPE_PLAIN_ON_LOOPBACK));
}

/* The test's own thread has nothing to wait on. */
static inline void until(_Atomic uint32_t *counter, uint32_t least)
{
    const uint64_t limit_ns = tr_clock_real().now_ns(NULL) + UINT64_C(20000000000);
    while (*counter < least) {
        assert_true(tr_clock_real().now_ns(NULL) < limit_ns);
        (void) sched_yield();
    }
}

#endif
