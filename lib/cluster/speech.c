/* SPDX-License-Identifier: MIT */
#include "cluster/speech.h"

#include <string.h>

#include "cluster/limits.h"
#include "cluster/squeeze.h"

#define NEVER UINT64_MAX

static bool say(tr_session *session, tr_link_kind kind, tr_word *word)
{
    unsigned char bytes[TR_WORD_HEAD_BYTES_MAX];
    unsigned char *end = bytes + sizeof bytes;
    if (!session->is_up) {
        return false;
    }
    word->from = session->options.own;
    word->to = session->options.peer;
    word->session = session->number;
    word->received = session->received;
    const unsigned char *start = tr_word_write_before(word, end);
    return session->port.send(session->port.context, kind, start, (size_t) (end - start));
}

void tr_speech_say_hello(tr_session *session, uint64_t now_ns)
{
    tr_word hello = {.kind = TR_WORD_HELLO,
                     .known = session->bound,
                     .version_least = TR_SESSION_VERSION_LEAST,
                     .version_most = TR_SESSION_VERSION_MOST,
                     .features = tr_squeeze_features() | TR_FEATURE_REPEATS,
                     .frames_max = TR_SESSION_FRAMES_MAX,
                     .bytes_max = TR_SESSION_BYTES_MAX,
                     .credit_messages = session->options.credit_messages != 0
                                            ? session->options.credit_messages
                                            : TR_CREDIT_MESSAGES,
                     .credit_bytes = TR_CREDIT_BYTES};
    const bool is_said = say(session, TR_LINK_CONTROL, &hello);
    const uint64_t again_ns = is_said ? TR_SESSION_HELLO_AGAIN_NS : TR_SESSION_AGAIN_NS;
    session->said_hello_ns = now_ns;
    session->due_ns[TR_SESSION_DUE_HELLO] =
        session->is_up && !session->is_ready ? now_ns + again_ns : NEVER;
}

/* They do not know something that a hello says. */
void tr_speech_owe_hello(tr_session *session, uint64_t now_ns)
{
    const uint64_t from_ns = session->said_hello_ns + TR_SESSION_HELLO_GAP_NS;
    if (session->is_up) {
        tr_session_set_due(session, TR_SESSION_DUE_HELLO, from_ns > now_ns ? from_ns : now_ns);
        if (from_ns <= now_ns) {
            tr_speech_say_hello(session, now_ns);
        }
    }
}

void tr_speech_say_ack(tr_session *session, uint64_t now_ns, bool again)
{
    tr_word ack = {.kind = TR_WORD_ACK, .again = again};
    session->due_ns[TR_SESSION_DUE_ACK] = NEVER;
    if (say(session, TR_LINK_CONTROL, &ack)) {
        session->heard_frames = 0;
        session->heard_bytes = 0;
        session->due_ns[TR_SESSION_DUE_BEAT] = now_ns + session->options.beat_ns;
    } else if (session->is_up) {
        tr_session_set_due(session, TR_SESSION_DUE_ACK, now_ns + TR_SESSION_AGAIN_NS);
    }
}

void tr_speech_say_bye(tr_session *session, tr_link_kind kind, tr_bye reason)
{
    tr_word bye = {.kind = TR_WORD_BYE, .reason = reason};
    (void) say(session, kind, &bye); /* who does not hear it finds out */
}

void tr_speech_say_probe(tr_session *session)
{
    tr_word probe = {.kind = TR_WORD_PROBE, .sequence = session->window.sent};
    (void) say(session, TR_LINK_DATA, &probe); /* it will be asked again */
}

/* With its head in front of it, which nobody may read any more that it was sent to before. */
static bool lend(tr_session *session, tr_word *word, tr_crate *kept)
{
    const unsigned char *start = tr_word_write_before(word, kept->data);
    const size_t size = (size_t) (kept->data + kept->size - start);
    return session->port.lend != NULL
               ? session->port.lend(session->port.context, start, size, kept)
               : session->port.send(session->port.context, TR_LINK_DATA, start, size);
}

/* What it was sent to before still has it. */
static bool send_copy(tr_session *session, tr_word *word, tr_crate *kept)
{
    tr_crate *copy = tr_crates_take(&session->window.crates, kept->size);
    if (copy == NULL) {
        return false;
    }
    (void) memcpy(copy->data, kept->data, kept->size);
    copy->size = kept->size;
    const bool is_sent = lend(session, word, copy);
    tr_crates_give(copy);
    return is_sent;
}

bool tr_speech_say_frame(tr_session *session, uint64_t now_ns)
{
    tr_crate *kept = session->window.at;
    tr_word data = {.kind = TR_WORD_DATA,
                    .from = session->options.own,
                    .to = session->options.peer,
                    .session = session->number,
                    .received = session->received,
                    .sequence = session->window.next,
                    .age_ns = now_ns - kept->packed_ns,
                    .frame = kept->data,
                    .frame_size = kept->size};
    if (!(tr_crate_is_alone(kept) ? lend : send_copy)(session, &data, kept)) {
        return false;
    }
    session->due_ns[TR_SESSION_DUE_ACK] = NEVER; /* it says what has come */
    session->heard_frames = 0;
    session->heard_bytes = 0;
    return true;
}
