/* SPDX-License-Identifier: MIT */
/* speech: how a session says its words.
 *
 * Owns:    nothing.
 * Threads: the session's owner's.
 * Fails:   where the link takes nothing; what matters is said again.
 * Uses:    words, session, whose inside it sees. */
#ifndef TR_CLUSTER_SPEECH_H
#define TR_CLUSTER_SPEECH_H

#include "cluster/session.h"

/* Something is due then, unless it is before. */
static inline void tr_session_set_due(tr_session *session, tr_session_due due, uint64_t at_ns)
{
    if (at_ns < session->due_ns[due]) {
        session->due_ns[due] = at_ns;
    }
}

/* Now; and again until the session is ready. */
void tr_speech_say_hello(tr_session *session, uint64_t now_ns);
/* Now or soon: they do not know something that a hello says. */
void tr_speech_owe_hello(tr_session *session, uint64_t now_ns);

/* What has come; with `again` that something after it is missing. */
void tr_speech_say_ack(tr_session *session, uint64_t now_ns, bool again);
void tr_speech_say_bye(tr_session *session, tr_link_kind kind, tr_bye reason);
void tr_speech_say_probe(tr_session *session);

/* The next of the window's frames. False: the link does not take it now. */
bool tr_speech_say_frame(tr_session *session, uint64_t now_ns);

#endif
