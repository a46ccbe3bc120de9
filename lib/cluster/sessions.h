/* SPDX-License-Identifier: MIT */
/* sessions: a session with each other node, between a border and the links.
 *
 * To the border it is the wire. Of links it is told by the calls below; it asks for them by its
 * link port. Time is the border's worker's.
 * Owns:       the sessions.
 * Invariants: one session for each incarnation of a node that was heard of or wanted; each is
 *             looked at when it is due, or before.
 * Threads:    as border's.
 * Uses:       session, border. */
#ifndef TR_CLUSTER_SESSIONS_H
#define TR_CLUSTER_SESSIONS_H

#include "base/map.h"
#include "cluster/border.h"
#include "cluster/session.h"

/* As a session's port, of the link with that node. */
typedef struct tr_link_port {
    void *context;
    bool (*send)(void *context, uint64_t node, tr_link_kind kind, const void *word, size_t size);
    /* NULL: send does. */
    bool (*lend)(void *context, uint64_t node, const void *word, size_t size, tr_crate *crate);
    void (*open)(void *context, uint64_t node);
    void (*close)(void *context, uint64_t node);
} tr_link_port;

typedef struct tr_sessions {
    tr_border *border; /* borrowed */
    tr_system *system; /* borrowed */
    tr_link_port links;
    tr_session_options options; /* of each, but for what is its own */
    tr_map members;             /* by node */
    tr_timer timer;             /* runs while one is due some time */
    uint32_t inside;            /* calls of sessions that have not returned: none is freed */
    bool is_over;
} tr_sessions;

/* The border is made afterwards, with tr_sessions_wire. Of the options the times count; NULL: as
 * usual. Not moved in memory afterwards. Nothing can fail. */
void tr_sessions_init(tr_sessions *sessions, tr_border *border, tr_system *system,
                      const tr_link_port *links, const tr_session_options *options);
/* Before the border's fini. */
void tr_sessions_fini(tr_sessions *sessions);

tr_wire_port tr_sessions_wire(tr_sessions *sessions);

/* The node belongs to this owner, not 0, from the first time that it is said until it is forgotten.
 * False: it belongs to another, who alone may have links with it, and say that it is over. */
bool tr_sessions_claim(tr_sessions *sessions, uint64_t node, uint64_t owner);

/* There is a link with that node; there is none any more. STALE: that incarnation is over. */
void tr_sessions_link_up(tr_sessions *sessions, uint64_t node);
void tr_sessions_link_down(tr_sessions *sessions, uint64_t node, troupe_error reason);
/* A word has come by it. */
void tr_sessions_came(tr_sessions *sessions, uint64_t node, const void *word, size_t size);

/* Whether nothing is under way that is still to be acknowledged where there is a link. */
bool tr_sessions_are_quiet(const tr_sessions *sessions);

/* NULL: there is none. */
const tr_session *tr_sessions_find(const tr_sessions *sessions, uint64_t node);

/* The node that comes after this one, in no order that means anything; of 0 the first. 0: there are
 * no more. */
uint64_t tr_sessions_next(const tr_sessions *sessions, uint64_t node);

#endif
