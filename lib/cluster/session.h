/* SPDX-License-Identifier: MIT */
/* session: frames to and from one other node, in order and once, over links that break.
 *
 * Sans-io: it is told the time and what happens to its link, and says by its port what is to be
 * done. docs/sessions.md says what each word does in each state.
 * Owns:       the frames that are not yet acknowledged.
 * Invariants: it is open only while bound, ready only while open and the link is up. What came in
 *             it are the frames 1 to `received` of the other's, each once.
 * Threads:    its owner's. A call of the port may call send, renew and leave, nothing else; it
 *             may not free the session.
 * Fails:      in send.
 * Uses:       window, words, detector, redial. */
#ifndef TR_CLUSTER_SESSION_H
#define TR_CLUSTER_SESSION_H

#include <troupe/error.h>
#include <troupe/log.h>

#include "cluster/detector.h"
#include "cluster/redial.h"
#include "cluster/window.h"
#include "core/nodes.h"

/* Of a link's two ways, which keep their order each for itself. */
typedef enum tr_link_kind {
    TR_LINK_CONTROL,
    TR_LINK_DATA
} tr_link_kind;

typedef struct tr_session_port {
    void *context;
    /* The link, of which there is one at most. send takes a copy; false: not now. open asks for
     * one, and link_up may follow; of close no link_down has to come. */
    bool (*send)(void *context, tr_link_kind kind, const void *word, size_t size);
    /* The same on data, of a word that lies in the crate: it may take a share of it instead of a
     * copy. NULL: send does. */
    bool (*lend)(void *context, const void *word, size_t size, tr_crate *crate);
    void (*open)(void *context);
    void (*close)(void *context);
    /* The border. One `lost` for each `begun` that returned OK, before the next; frames between
     * the two. An error: it does not begin; STALE: and never will. */
    troupe_error (*begun)(void *context);
    void (*came)(void *context, const void *frame, size_t size, uint64_t age_ns);
    void (*lost)(void *context, troupe_error reason);
    /* There is room again, after send found none. */
    void (*ready)(void *context);
} tr_session_port;

typedef struct tr_session_options {
    const troupe_allocator *allocator; /* borrowed */
    const troupe_log *log;             /* borrowed */
    uint64_t own;                      /* the incarnations */
    uint64_t peer;
    char title[TR_NODE_TITLE_SIZE]; /* what it is called in the log; "": as its incarnation */
    uint64_t seed;                  /* of what is left to chance: pauses */
    /* 0: as limits.h says, as all below. */
    uint64_t beat_ns;
    uint64_t suspect_ns;
    uint64_t dead_ns;
    uint32_t credit_messages; /* that this node has room for */
} tr_session_options;

typedef struct tr_session_counts {
    uint64_t begun;
    uint64_t lost;
    uint64_t links;
    uint64_t words_received;
    uint64_t words_old; /* of a session that is over */
    uint64_t frames_sent;
    uint64_t frames_again; /* put on the link once more */
    uint64_t frames_received;
    uint64_t frames_repeated; /* not taken in again */
    uint64_t frames_lost;     /* not acknowledged when the session was lost */
    uint64_t frames_ahead;    /* that came after a gap, and were not taken in */
    uint64_t suspicions;
} tr_session_counts;

/* What is due at some time. */
typedef enum tr_session_due {
    TR_SESSION_DUE_HELLO,
    TR_SESSION_DUE_ACK,
    TR_SESSION_DUE_BEAT,
    TR_SESSION_DUE_PROBE,
    TR_SESSION_DUE_PUMP, /* what the link did not take */
    TR_SESSION_DUE_DIAL,
    TR_SESSION_DUE_LOOK, /* is the other alive? */
    TR_SESSION_DUES
} tr_session_due;

typedef struct tr_session {
    tr_session_port port;
    tr_session_options options;
    tr_redial redial;
    tr_detector detector;
    tr_window window;
    tr_session_counts counts;
    uint64_t due_ns[TR_SESSION_DUES];
    uint64_t number;   /* ours */
    uint64_t bound;    /* theirs; 0: not known. Never another for the same number of ours */
    uint64_t least;    /* theirs below it are over */
    uint64_t received; /* theirs, up to this one */
    uint64_t missed;   /* after this one one was missing, and they have been told */
    uint64_t put_max;  /* the last of ours that was ever on a link */
    uint64_t heard_bytes;
    uint64_t features;     /* theirs, as in their hello */
    uint64_t credit_bytes; /* that they have room for */
    uint32_t credit_messages;
    uint32_t heard_frames; /* since the last acknowledgement */
    uint64_t said_hello_ns;
    uint64_t rewound_ns;
    uint64_t rewound_at;
    uint64_t probe_ns;
    uint64_t wanted_until_ns; /* somebody wants to reach that node */
    bool is_over;             /* that incarnation, or this one, is over; for good */
    bool is_up;               /* the link */
    bool is_open;
    bool is_ready;   /* on this link they have said what they have received */
    bool is_suspect; /* nothing was heard for some time */
    bool is_short;   /* send found no room */
    bool has_complained;
} tr_session;

/* It is not moved in memory afterwards. Nothing can fail. */
void tr_session_init(tr_session *session, const tr_session_port *port,
                     const tr_session_options *options);
void tr_session_fini(tr_session *session);

/* As a wire port's: takes a copy of the frame, which goes to the other once, or is lost with the
 * session. False: not now; `ready` or `begun` follows. Where there is no session it is taken for
 * the wish that there be one. */
bool tr_session_send(tr_session *session, uint64_t now_ns, const void *frame, size_t size);

/* The same without a copy: if it is taken, the caller's share is the session's. */
bool tr_session_give(tr_session *session, uint64_t now_ns, tr_crate *frame);

/* Whether more of something large may be sent now: not so much that what is small waits long for
 * it. False: `ready` follows. */
bool tr_session_may_add(tr_session *session);

/* There is a link, a new one if there was one; there is none any more. */
void tr_session_link_up(tr_session *session, uint64_t now_ns);
void tr_session_link_down(tr_session *session, uint64_t now_ns);
/* A word has come. Whatever it is, nothing bad comes of it. */
void tr_session_came(tr_session *session, uint64_t now_ns, const void *word, size_t size);
/* The same, when it has been read. */
void tr_session_hear(tr_session *session, uint64_t now_ns, const tr_word *word);

/* When tr_session_tick has something to do; UINT64_MAX: never. */
uint64_t tr_session_due_ns(const tr_session *session);
void tr_session_tick(tr_session *session, uint64_t now_ns);

/* Another session in the place of this one, if it is open: what is under way in it is lost at both
 * ends, and both are told. */
void tr_session_renew(tr_session *session, uint64_t now_ns);

/* That incarnation is over: it is lost, if it was open, as STALE; for good. */
void tr_session_end(tr_session *session);
/* This node ends: the other is told behind all that was put on the link; for good. Nobody here is
 * told. */
void tr_session_leave(tr_session *session, uint64_t now_ns);

#endif
