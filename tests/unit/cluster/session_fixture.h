/* SPDX-License-Identifier: MIT */
/* session_fixture: one end of a session; the test is the other, word by word. */
#ifndef TR_TESTS_UNIT_CLUSTER_SESSION_FIXTURE_H
#define TR_TESTS_UNIT_CLUSTER_SESSION_FIXTURE_H

#include "cluster/session.h"

#include <string.h>

#include "base/memory.h"
#include "cluster/limits.h"
#include "support/fixtures.h"

#define MS UINT64_C(1000000)
#define OWN 0xa
#define PEER 0xb
#define SAID_MAX 64

struct end {
    tr_session session;
    uint64_t now_ns;
    tr_word said[SAID_MAX]; /* without their frames */
    tr_link_kind ways[SAID_MAX];
    uint32_t count;
    bool is_full; /* the link */
    uint32_t opened;
    uint32_t closed;
    uint32_t begun;
    uint32_t lost;
    uint32_t ready;
    uint32_t came;
    uint64_t age_ns;
    troupe_error reason;
    troupe_error answer; /* to begun */
    uint32_t lines;      /* of the log */
};

static inline bool end_send(void *context, tr_link_kind kind, const void *word, size_t size)
{
    struct end *end = context;
    if (end->is_full) {
        return false;
    }
    assert_in_range(end->count, 0, SAID_MAX - 1);
    assert_true(tr_word_read(word, size, &end->said[end->count]));
    end->ways[end->count++] = kind;
    return true;
}

static inline void end_open(void *context)
{
    ((struct end *) context)->opened++;
}

static inline void end_close(void *context)
{
    ((struct end *) context)->closed++;
}

static inline troupe_error end_begun(void *context)
{
    struct end *end = context;
    end->begun += end->answer == TROUPE_OK ? 1 : 0;
    return end->answer;
}

static inline void end_came(void *context, const void *frame, size_t size, uint64_t age_ns)
{
    struct end *end = context;
    (void) frame;
    (void) size;
    end->came++;
    end->age_ns = age_ns;
}

static inline void end_lost(void *context, troupe_error reason)
{
    struct end *end = context;
    end->lost++;
    end->reason = reason;
}

static inline void end_ready(void *context)
{
    ((struct end *) context)->ready++;
}

static inline void end_log(void *context, troupe_log_level level, const char *text)
{
    (void) level;
    (void) text;
    ((struct end *) context)->lines++;
}

static inline void end_init(struct end *end)
{
    static troupe_log log;
    *end = (struct end) {.now_ns = 1000 * MS};
    log = (troupe_log) {.write = end_log, .context = end, .level = TROUPE_LOG_WARNING};
    const tr_session_port port = {.context = end,
                                  .send = end_send,
                                  .open = end_open,
                                  .close = end_close,
                                  .begun = end_begun,
                                  .came = end_came,
                                  .lost = end_lost,
                                  .ready = end_ready};
    const tr_session_options options = {
        .allocator = tr_allocator_default(), .log = &log, .own = OWN, .peer = PEER, .seed = 1};
    tr_session_init(&end->session, &port, &options);
}

/* Says a word to it. */
static inline void tell(struct end *end, tr_word word)
{
    static unsigned char bytes[TR_WORD_HEAD_BYTES_MAX + 100];
    unsigned char *frame = bytes + TR_WORD_HEAD_BYTES_MAX;
    word.from = word.from != 0 ? word.from : PEER;
    word.to = word.to != 0 ? word.to : OWN;
    if (word.frame_size > 0) {
        memcpy(frame, word.frame, word.frame_size);
    }
    if (word.kind == TR_WORD_HELLO && word.version_most == 0) {
        word.version_least = 1;
        word.version_most = 1;
    }
    const unsigned char *start = tr_word_write_before(&word, frame);
    tr_session_came(&end->session, end->now_ns, start, (size_t) (frame + word.frame_size - start));
}

static inline void tell_frame(struct end *end, uint64_t session, uint64_t sequence)
{
    tell(end, (tr_word) {.kind = TR_WORD_DATA,
                         .session = session,
                         .sequence = sequence,
                         .age_ns = 7,
                         .frame = "abc",
                         .frame_size = 3});
}

/* The last word said, of this kind. */
static inline const tr_word *last(const struct end *end, tr_word_kind kind)
{
    assert_true(end->count > 0);
    const tr_word *word = &end->said[end->count - 1];
    assert_int_equal(word->kind, kind);
    return word;
}

/* Time goes on, and what is due is done. */
static inline void pass(struct end *end, uint64_t ns)
{
    const uint64_t until_ns = end->now_ns + ns;
    while (tr_session_due_ns(&end->session) <= until_ns) {
        const uint64_t due_ns = tr_session_due_ns(&end->session);
        end->now_ns = due_ns > end->now_ns ? due_ns : end->now_ns;
        tr_session_tick(&end->session, end->now_ns);
        end->count = end->count > SAID_MAX / 2 ? SAID_MAX / 2 : end->count; /* the last are lost */
    }
    end->now_ns = until_ns;
}

/* A link, and a session of number 1 on either side. */
static inline void be_open(struct end *end)
{
    tr_session_link_up(&end->session, end->now_ns);
    tell(end, (tr_word) {.kind = TR_WORD_HELLO, .session = 1, .known = 1});
    assert_true(end->session.is_open);
    assert_int_equal(end->begun, 1);
    pass(end, 2 * MS); /* the answer */
    end->count = 0;
}

static inline void end_fini(struct end *end)
{
    tr_session_fini(&end->session);
}

#endif
