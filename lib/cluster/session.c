/* SPDX-License-Identifier: MIT */
#include "cluster/session.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/log.h"
#include "cluster/limits.h"
#include "cluster/speech.h"

#define NEVER UINT64_MAX

static void clear_dues(tr_session *session, tr_session_due first, tr_session_due last)
{
    for (unsigned i = first; i <= last; i++) {
        session->due_ns[i] = NEVER;
    }
}

/* Links. */

static bool wants_link(const tr_session *session, uint64_t now_ns)
{
    return session->is_open || now_ns < session->wanted_until_ns;
}

/* There is no link: another is asked for, after a pause. */
static void be_down(tr_session *session, uint64_t now_ns)
{
    clear_dues(session, TR_SESSION_DUE_HELLO, TR_SESSION_DUE_PUMP);
    session->is_up = false;
    session->is_ready = false;
    tr_redial_pause(&session->redial, now_ns);
    session->due_ns[TR_SESSION_DUE_DIAL] =
        wants_link(session, now_ns) ? session->redial.from_ns : NEVER;
}

static void close_link(tr_session *session, uint64_t now_ns)
{
    if (session->is_up) {
        be_down(session, now_ns);
        session->port.close(session->port.context);
    }
}

static void dial(tr_session *session, uint64_t now_ns)
{
    if (!session->is_up && wants_link(session, now_ns)) {
        tr_redial_pause(&session->redial, now_ns);
        session->due_ns[TR_SESSION_DUE_DIAL] = session->redial.from_ns;
        session->port.open(session->port.context);
    }
}

/* Begin and end. */

/* What there was of this session; the next one's number is another. */
static void lose(tr_session *session, troupe_error reason)
{
    const bool was_open = session->is_open;
    session->counts.frames_lost += session->window.sent - session->window.acked;
    tr_window_clear(&session->window);
    session->number++;
    session->least = session->bound + 1;
    session->bound = 0;
    session->received = 0;
    session->missed = NEVER;
    session->put_max = 0;
    session->rewound_at = 0;
    session->heard_frames = 0;
    session->heard_bytes = 0;
    session->is_open = false;
    session->is_ready = false;
    session->is_suspect = false;
    session->is_short = false;
    clear_dues(session, TR_SESSION_DUE_ACK, TR_SESSION_DUE_PUMP);
    session->due_ns[TR_SESSION_DUE_LOOK] = NEVER;
    if (was_open) {
        session->counts.lost++;
        session->port.lost(session->port.context, reason);
    }
}

static void end(tr_session *session, troupe_error reason)
{
    session->is_over = true;
    if (session->is_open) {
        lose(session, reason);
    }
    clear_dues(session, TR_SESSION_DUE_HELLO, TR_SESSION_DUE_LOOK);
    session->is_up = false;
}

/* Once, until a session begins. */
static void complain(tr_session *session, troupe_log_level level, const char *what)
{
    if (!session->has_complained) {
        session->has_complained = true;
        tr_log_write(session->options.log, level, "session: node %s %s; its link is closed",
                     session->options.title, what);
    }
}

/* They have said what nobody may say. */
static void refuse(tr_session *session, uint64_t now_ns, const char *what)
{
    complain(session, TROUPE_LOG_WARNING, what);
    tr_speech_say_bye(session, TR_LINK_CONTROL, TR_BYE_BROKEN);
    if (session->is_open) {
        lose(session, TROUPE_ERROR_NODE_LOST);
    }
    tr_redial_despair(&session->redial);
    close_link(session, now_ns);
}

static void die(tr_session *session, uint64_t now_ns)
{
    tr_log_write(session->options.log, TROUPE_LOG_WARNING,
                 "session: nothing was heard of node %s for %llu ms; it is taken for dead",
                 session->options.title,
                 (unsigned long long) (session->detector.silence_ns / 1000000));
    lose(session, TROUPE_ERROR_NODE_LOST);
    close_link(session, now_ns);
}

/* Whether it is open then. */
static bool open(tr_session *session, uint64_t now_ns)
{
    const troupe_error error =
        session->is_over ? TROUPE_ERROR_STALE : session->port.begun(session->port.context);
    if (error == TROUPE_ERROR_STALE) {
        end(session, TROUPE_ERROR_STALE);
    } else if (error && error != TROUPE_ERROR_STOPPING) {
        close_link(session, now_ns);
    } else if (!error) { /* who stops will say that it leaves, for which the link has to be there */
        session->is_open = true;
        session->has_complained = false;
        session->counts.begun++;
        tr_detector_start(&session->detector, now_ns);
        session->due_ns[TR_SESSION_DUE_LOOK] = tr_detector_due_ns(&session->detector);
        session->due_ns[TR_SESSION_DUE_BEAT] = now_ns + session->options.beat_ns;
    }
    return session->is_open;
}

/* Frames. */

/* Gives the link what is to be put on it. */
static void pump(tr_session *session, uint64_t now_ns)
{
    tr_window *window = &session->window;
    while (session->is_ready && window->at != NULL) {
        if (!tr_speech_say_frame(session, now_ns)) {
            tr_session_set_due(session, TR_SESSION_DUE_PUMP, now_ns + TR_SESSION_AGAIN_NS);
            return;
        }
        session->counts.frames_again += window->next <= session->put_max ? 1 : 0;
        session->put_max = window->next > session->put_max ? window->next : session->put_max;
        tr_window_advance(window);
        tr_session_set_due(session, TR_SESSION_DUE_PROBE, now_ns + session->probe_ns);
    }
}

static void probe(tr_session *session, uint64_t now_ns)
{
    const tr_window *window = &session->window;
    if (!session->is_ready || window->first == NULL) {
        return;
    }
    if (window->at == NULL) { /* else the next frame says it */
        tr_speech_say_probe(session);
    }
    const uint64_t longer_ns = 2 * session->probe_ns;
    session->probe_ns = longer_ns < session->options.beat_ns ? longer_ns : session->options.beat_ns;
    tr_session_set_due(session, TR_SESSION_DUE_PROBE, now_ns + session->probe_ns);
}

/* All up to this one have come there. */
static void acknowledge(tr_session *session, uint64_t now_ns, uint64_t upto)
{
    if (!tr_window_acknowledge(&session->window, upto)) {
        return;
    }
    session->probe_ns = TR_SESSION_PROBE_NS;
    session->due_ns[TR_SESSION_DUE_PROBE] =
        session->window.first != NULL ? now_ns + session->probe_ns : NEVER;
    if (session->is_short) {
        session->is_short = false;
        session->port.ready(session->port.context);
    }
}

/* They are in this session and have received so much. Whether we are too. */
static bool agree(tr_session *session, uint64_t now_ns, uint64_t upto)
{
    if (upto > session->window.sent) {
        refuse(session, now_ns, "has acknowledged a frame that was not sent");
        return false;
    }
    if (!session->is_open && !open(session, now_ns)) {
        return false;
    }
    const bool is_first = session->is_up && !session->is_ready;
    if (is_first) {
        session->is_ready = true;
        tr_redial_succeed(&session->redial);
        tr_window_rewind(&session->window);
        tr_session_set_due(session, TR_SESSION_DUE_BEAT, now_ns + session->options.beat_ns);
    }
    acknowledge(session, now_ns, upto);
    return session->is_open; /* who was told that there is room may have it renewed */
}

static void send_again(tr_session *session, uint64_t now_ns)
{
    const uint64_t acked = session->window.acked;
    if (acked > session->rewound_at || now_ns - session->rewound_ns >= TR_SESSION_REWIND_NS) {
        session->rewound_at = acked;
        session->rewound_ns = now_ns;
        tr_window_rewind(&session->window);
    }
}

static void take_frame(tr_session *session, uint64_t now_ns, const tr_word *word)
{
    if (word->sequence <= session->received) {
        session->counts.frames_repeated++;
        tr_session_set_due(session, TR_SESSION_DUE_ACK, now_ns + TR_SESSION_ACK_NS);
        return;
    }
    if (word->sequence > session->received + 1) {
        session->counts.frames_ahead++;
        if (session->missed != session->received) {
            session->missed = session->received;
            tr_speech_say_ack(session, now_ns, true);
        }
        return;
    }
    session->received++;
    session->counts.frames_received++;
    session->heard_frames++;
    session->heard_bytes += word->frame_size;
    const bool is_much = session->heard_frames >= TR_SESSION_ACK_FRAMES ||
                         session->heard_bytes >= TR_SESSION_ACK_BYTES;
    if (is_much) {
        tr_speech_say_ack(session, now_ns, false);
    } else {
        tr_session_set_due(session, TR_SESSION_DUE_ACK, now_ns + TR_SESSION_ACK_NS);
    }
    session->port.came(session->port.context, word->frame, word->frame_size, word->age_ns);
}

/* Words. */

static void take_limits(tr_session *session, const tr_word *hello)
{
    tr_window *window = &session->window;
    window->frames_max = TR_SESSION_FRAMES_MAX;
    window->bytes_max = TR_SESSION_BYTES_MAX;
    session->features = hello->features;
    session->credit_messages = hello->credit_messages;
    session->credit_bytes = hello->credit_bytes;
    if (hello->frames_max != 0 && hello->frames_max < window->frames_max) {
        window->frames_max = hello->frames_max;
    }
    if (hello->bytes_max != 0 && hello->bytes_max < window->bytes_max) {
        window->bytes_max =
            hello->bytes_max > TR_SESSION_BYTES_LEAST ? hello->bytes_max : TR_SESSION_BYTES_LEAST;
    }
}

static void be_incompatible(tr_session *session, uint64_t now_ns)
{
    complain(session, TROUPE_LOG_ERROR,
             "and this one have no version of the protocol in common, one has to be updated");
    tr_redial_despair(&session->redial);
    close_link(session, now_ns);
}

static void hear_hello(tr_session *session, uint64_t now_ns, const tr_word *hello)
{
    if (hello->version_least > TR_SESSION_VERSION_MOST ||
        hello->version_most < TR_SESSION_VERSION_LEAST) {
        tr_speech_say_bye(session, TR_LINK_CONTROL, TR_BYE_INCOMPATIBLE);
        be_incompatible(session, now_ns);
        return;
    }
    if (hello->session < session->least) {
        session->counts.words_old++;
        tr_speech_owe_hello(session, now_ns);
        return;
    }
    if (hello->known > session->number) {
        refuse(session, now_ns, "knows of a session that there was not");
        return;
    }
    if (session->bound != 0 && hello->session > session->bound) {
        lose(session, TROUPE_ERROR_NODE_LOST); /* they have */
    }
    const bool is_known = hello->known == session->number;
    const bool is_new = session->bound == 0;
    if (is_new && hello->known != 0 && !is_known) {
        refuse(session, now_ns, "goes on with a session that is over");
        return;
    }
    session->bound = hello->session;
    session->least = hello->session;
    take_limits(session, hello);
    if (is_known && !agree(session, now_ns, hello->received)) {
        return;
    }
    if (is_new || !is_known) {
        tr_speech_owe_hello(session, now_ns);
    } else {
        tr_speech_say_ack(session, now_ns, false);
    }
}

static void hear_bye(tr_session *session, uint64_t now_ns, const tr_word *bye)
{
    switch (bye->reason) {
    case TR_BYE_LEAVING:
        end(session, TROUPE_ERROR_STALE);
        break;
    case TR_BYE_INCOMPATIBLE:
        be_incompatible(session, now_ns);
        break;
    case TR_BYE_BROKEN:
        complain(session, TROUPE_LOG_WARNING, "says that this one has broken the protocol");
        if (session->is_open && bye->session == session->bound) {
            lose(session, TROUPE_ERROR_NODE_LOST);
        }
        tr_redial_despair(&session->redial);
        close_link(session, now_ns);
        break;
    case TR_BYE_OVER: /* its owner's */
        break;
    }
}

/* A word of this session's. */
static void hear_ours(tr_session *session, uint64_t now_ns, const tr_word *word)
{
    if (!agree(session, now_ns, word->received)) {
        return;
    }
    if (word->kind == TR_WORD_ACK) {
        if (word->again) {
            send_again(session, now_ns);
        }
    } else if (word->sequence > session->received &&
               word->sequence - session->received > TR_SESSION_FRAMES_MAX) {
        refuse(session, now_ns, "has sent more frames than it may");
    } else if (word->kind == TR_WORD_DATA) {
        take_frame(session, now_ns, word);
    } else {
        tr_speech_say_ack(session, now_ns, word->sequence > session->received);
    }
}

void tr_session_came(tr_session *session, uint64_t now_ns, const void *bytes, size_t size)
{
    tr_word word;
    if (tr_word_read(bytes, size, &word)) {
        tr_session_hear(session, now_ns, &word);
    } else if (!session->is_over) {
        refuse(session, now_ns, "has sent what is no word");
    }
}

void tr_session_hear(tr_session *session, uint64_t now_ns, const tr_word *word)
{
    if (session->is_over) {
        return;
    }
    if (word->from != session->options.peer || word->to != session->options.own) {
        session->counts.words_old++;
        return;
    }
    session->counts.words_received++;
    tr_detector_heard(&session->detector, now_ns);
    if (session->is_open) {
        session->due_ns[TR_SESSION_DUE_LOOK] = tr_detector_due_ns(&session->detector);
        session->is_suspect = false;
    }
    if (word->kind == TR_WORD_BYE) {
        hear_bye(session, now_ns, word);
    } else if (word->kind == TR_WORD_HELLO) {
        hear_hello(session, now_ns, word);
    } else if (session->bound != 0 && word->session == session->bound) {
        hear_ours(session, now_ns, word);
    } else {
        session->counts.words_old++;
        tr_speech_owe_hello(session, now_ns);
    }
    pump(session, now_ns);
}

/* What its owner tells. */

/* Whether there is a session to send in; else there is to be one. */
static bool can_send(tr_session *session, uint64_t now_ns)
{
    if (session->is_over || session->is_open) {
        return !session->is_over;
    }
    session->wanted_until_ns = now_ns + TR_SESSION_WANT_NS;
    if (!session->is_up && session->due_ns[TR_SESSION_DUE_DIAL] == NEVER) {
        tr_session_set_due(session, TR_SESSION_DUE_DIAL,
                           session->redial.from_ns > now_ns ? session->redial.from_ns : now_ns);
    }
    return false;
}

static bool have_sent(tr_session *session, uint64_t now_ns, bool is_kept)
{
    session->is_short = session->is_short || !is_kept;
    session->counts.frames_sent += is_kept ? 1 : 0;
    if (is_kept) {
        pump(session, now_ns);
    }
    return is_kept;
}

bool tr_session_send(tr_session *session, uint64_t now_ns, const void *frame, size_t size)
{
    return can_send(session, now_ns) &&
           have_sent(session, now_ns, tr_window_add(&session->window, now_ns, frame, size));
}

bool tr_session_give(tr_session *session, uint64_t now_ns, tr_crate *frame)
{
    return can_send(session, now_ns) &&
           have_sent(session, now_ns, tr_window_keep(&session->window, now_ns, frame));
}

bool tr_session_may_add(tr_session *session)
{
    const bool may = session->window.bulk_bytes < TR_LARGE_AHEAD_BYTES;
    session->is_short = session->is_short || !may;
    return may;
}

void tr_session_link_up(tr_session *session, uint64_t now_ns)
{
    if (session->is_over) {
        return;
    }
    session->counts.links++;
    session->is_up = true;
    session->is_ready = false;
    session->due_ns[TR_SESSION_DUE_DIAL] = NEVER;
    tr_speech_say_hello(session, now_ns);
}

void tr_session_link_down(tr_session *session, uint64_t now_ns)
{
    if (!session->is_over && session->is_up) {
        be_down(session, now_ns);
    }
}

/* Time. */

uint64_t tr_session_due_ns(const tr_session *session)
{
    uint64_t due_ns = NEVER;
    for (unsigned i = 0; i < TR_SESSION_DUES; i++) {
        due_ns = session->due_ns[i] < due_ns ? session->due_ns[i] : due_ns;
    }
    return due_ns;
}

static void look(tr_session *session, uint64_t now_ns)
{
    const tr_verdict verdict = tr_detector_look(&session->detector, now_ns);
    session->due_ns[TR_SESSION_DUE_LOOK] = tr_detector_due_ns(&session->detector);
    if (verdict == TR_VERDICT_DEAD) {
        die(session, now_ns);
    } else if (verdict == TR_VERDICT_SUSPECT && !session->is_suspect) {
        session->is_suspect = true;
        session->counts.suspicions++;
        tr_log_write(session->options.log, TROUPE_LOG_NOTICE,
                     "session: nothing is heard of node %s; it is suspected to be dead",
                     session->options.title);
    }
}

static void do_due(tr_session *session, tr_session_due due, uint64_t now_ns)
{
    session->due_ns[due] = NEVER;
    switch (due) {
    case TR_SESSION_DUE_HELLO:
        tr_speech_say_hello(session, now_ns);
        break;
    case TR_SESSION_DUE_ACK:
    case TR_SESSION_DUE_BEAT:
        tr_speech_say_ack(session, now_ns, false);
        break;
    case TR_SESSION_DUE_PROBE:
        probe(session, now_ns);
        break;
    case TR_SESSION_DUE_PUMP:
        pump(session, now_ns);
        break;
    case TR_SESSION_DUE_DIAL:
        dial(session, now_ns);
        break;
    case TR_SESSION_DUE_LOOK:
        look(session, now_ns);
        break;
    case TR_SESSION_DUES:
        break;
    }
}

void tr_session_tick(tr_session *session, uint64_t now_ns)
{
    for (unsigned i = 0; i < TR_SESSION_DUES && !session->is_over; i++) {
        if (session->due_ns[i] <= now_ns) {
            do_due(session, (tr_session_due) i, now_ns);
        }
    }
}

/* Life. */

void tr_session_init(tr_session *session, const tr_session_port *port,
                     const tr_session_options *options)
{
    *session = (tr_session) {.port = *port,
                             .options = *options,
                             .number = 1,
                             .least = 1,
                             .missed = NEVER,
                             .probe_ns = TR_SESSION_PROBE_NS};
    tr_session_options *own = &session->options;
    if (own->title[0] == '\0') {
        (void) snprintf(own->title, sizeof own->title, "%llx", (unsigned long long) own->peer);
    }
    own->beat_ns = own->beat_ns != 0 ? own->beat_ns : TR_SESSION_BEAT_NS;
    own->suspect_ns = own->suspect_ns != 0 ? own->suspect_ns : TR_SESSION_SUSPECT_NS;
    own->dead_ns = own->dead_ns != 0 ? own->dead_ns : TR_SESSION_DEAD_NS;
    session->detector = (tr_detector) {
        .step_ns = own->beat_ns, .suspect_ns = own->suspect_ns, .dead_ns = own->dead_ns};
    tr_redial_init(&session->redial, options->seed, own->dead_ns);
    tr_window_init(&session->window, options->allocator);
    clear_dues(session, TR_SESSION_DUE_HELLO, TR_SESSION_DUE_LOOK);
}

void tr_session_fini(tr_session *session)
{
    tr_window_clear(&session->window);
}

void tr_session_renew(tr_session *session, uint64_t now_ns)
{
    if (session->is_open) {
        lose(session, TROUPE_ERROR_NODE_LOST);
        tr_speech_owe_hello(session, now_ns);
        session->wanted_until_ns = now_ns + TR_SESSION_WANT_NS;
    }
}

void tr_session_end(tr_session *session)
{
    if (!session->is_over) {
        end(session, TROUPE_ERROR_STALE);
    }
}

void tr_session_leave(tr_session *session, uint64_t now_ns)
{
    if (session->is_over) {
        return;
    }
    pump(session, now_ns);
    /* After all frames; and if there can be none, after the greeting: who has not heard that one
     * listens to nothing else. */
    tr_speech_say_bye(session, session->is_open ? TR_LINK_DATA : TR_LINK_CONTROL, TR_BYE_LEAVING);
    session->is_over = true;
    session->is_open = false;
    session->is_ready = false;
    clear_dues(session, TR_SESSION_DUE_HELLO, TR_SESSION_DUE_LOOK);
    tr_window_clear(&session->window);
}
