/* SPDX-License-Identifier: MIT */
/* Fuzzes one end of a session with whatever the other may say: cluster/words, session, speech and
 * window. An input is a script: words, made or raw, links that come and go, time, frames of ours.
 * The session has to keep its promises to its border whatever comes. */
#include <string.h>

#include "base/memory.h"
#include "cluster/limits.h"
#include "cluster/session.h"
#include "fuzz/target.h"
#include "support/fixtures.h"

#define OWN 0xa
#define PEER 0xb
#define SAID_PER_STEP_MAX (2 * TR_SESSION_FRAMES_MAX + 16)

const fuzz_target fuzz_this = {.name = "session_test", .runs = 40000};

/* What the first byte of a step, below STEPS, stands for. */
enum step {
    HELLO,     /* session, known, received */
    DATA,      /* session, sequence, received */
    PROBE,     /* session, sequence, received */
    ACK,       /* session, received, again */
    BYE,       /* session, reason */
    RAW,       /* how many, bytes */
    ODD_HELLO, /* versions, limits */
    LINK,      /* up, down, full, not full */
    TIME,      /* how long, as a power of two */
    SEND,      /* how many */
    STRANGER,  /* from, to */
    STEPS
};

struct script {
    const uint8_t *at;
    const uint8_t *end;
};

struct end {
    tr_session session;
    uint64_t now_ns;
    uint64_t expected; /* the next frame that may come */
    uint32_t said;     /* in this step */
    bool is_open;
    bool is_full;
};

static uint8_t next(struct script *script)
{
    return script->at < script->end ? *script->at++ : 0;
}

/* Small ones, and some that are as large as can be. */
static uint64_t a_number(struct script *script)
{
    const uint8_t byte = next(script);
    return byte < 240 ? byte : UINT64_MAX >> (byte - 240) * 4;
}

/* The port. */

static bool send_word(void *context, tr_link_kind kind, const void *word, size_t size)
{
    struct end *end = context;
    tr_word read;
    (void) kind;
    assert_true(tr_word_read(word, size, &read));
    assert_int_equal(read.from, OWN);
    assert_int_equal(read.to, PEER);
    end->said++;
    assert_in_range(end->said, 1, SAID_PER_STEP_MAX);
    return !end->is_full;
}

static void open_link(void *context)
{
    (void) context;
}

static troupe_error begun(void *context)
{
    struct end *end = context;
    assert_false(end->is_open);
    end->is_open = true;
    end->expected = 1;
    return TROUPE_OK;
}

static void came(void *context, const void *frame, size_t size, uint64_t age_ns)
{
    struct end *end = context;
    uint8_t sequence = 0;
    (void) age_ns;
    assert_true(end->is_open);
    assert_in_range(size, 1, TR_FRAME_BYTES_MAX);
    memcpy(&sequence, frame, 1);
    if (size == 7) { /* one of ours; a raw one may say anything */
        assert_int_equal(sequence, end->expected % 256);
    }
    end->expected++;
}

static void lost(void *context, troupe_error reason)
{
    struct end *end = context;
    assert_true(end->is_open);
    assert_true(reason == TROUPE_ERROR_NODE_LOST || reason == TROUPE_ERROR_STALE);
    end->is_open = false;
}

static void ready(void *context)
{
    struct end *end = context;
    assert_true(end->is_open);
    (void) tr_session_send(&end->session, end->now_ns, "abc", 3); /* it may be full again */
}

/* Steps. */

static void say(struct end *end, tr_word word)
{
    unsigned char bytes[TR_WORD_HEAD_BYTES_MAX + 7];
    unsigned char *frame = bytes + TR_WORD_HEAD_BYTES_MAX;
    word.from = word.from != 0 ? word.from : PEER;
    word.to = word.to != 0 ? word.to : OWN;
    if (word.kind == TR_WORD_DATA) {
        memset(frame, (int) (word.sequence % 256), 7);
        word.frame_size = 7;
    }
    const unsigned char *start = tr_word_write_before(&word, frame);
    tr_session_came(&end->session, end->now_ns, start, (size_t) (frame + word.frame_size - start));
}

static void say_raw(struct end *end, struct script *script)
{
    const size_t wanted = next(script);
    const size_t left = (size_t) (script->end - script->at);
    const size_t size = wanted < left ? wanted : left;
    tr_session_came(&end->session, end->now_ns, script->at, size);
    script->at += size;
}

static void change_link(struct end *end, uint8_t how)
{
    if (how % 4 == 0) {
        tr_session_link_up(&end->session, end->now_ns);
    } else if (how % 4 == 1) {
        tr_session_link_down(&end->session, end->now_ns);
    } else {
        end->is_full = how % 4 == 2;
    }
}

static void take_step(struct end *end, struct script *script)
{
    const enum step step = (enum step)(next(script) % STEPS);
    tr_word word = {.version_least = 1, .version_most = 1};
    end->said = 0;
    switch (step) {
    case HELLO:
    case DATA:
    case PROBE:
    case ACK:
        word.kind = (tr_word_kind) (step + TR_WORD_HELLO);
        word.session = a_number(script);
        word.known = step == HELLO ? a_number(script) : 0;
        word.sequence = step == DATA || step == PROBE ? a_number(script) : 0;
        word.received = a_number(script);
        word.again = step == ACK && next(script) % 2 == 1;
        say(end, word);
        break;
    case BYE:
        word.kind = TR_WORD_BYE;
        word.session = a_number(script);
        word.reason = (tr_bye) (next(script) % 5);
        say(end, word);
        break;
    case RAW:
        say_raw(end, script);
        break;
    case ODD_HELLO:
        word.kind = TR_WORD_HELLO;
        word.session = 1;
        word.known = 1;
        word.version_least = next(script) % 4;
        word.version_most = next(script) % 4;
        word.frames_max = next(script);
        word.bytes_max = a_number(script);
        say(end, word);
        break;
    case LINK:
        change_link(end, next(script));
        break;
    case TIME:
        end->now_ns += UINT64_C(1) << next(script) % 36;
        tr_session_tick(&end->session, end->now_ns);
        break;
    case SEND:
        for (unsigned i = next(script); i > 0; i--) {
            if (!tr_session_send(&end->session, end->now_ns, "abcd", 4)) {
                break;
            }
        }
        break;
    case STRANGER:
        word.kind = TR_WORD_HELLO;
        word.from = next(script);
        word.to = next(script);
        word.session = 1;
        say(end, word);
        break;
    case STEPS:
        break;
    }
}

static void look(const struct end *end)
{
    const tr_session *session = &end->session;
    const tr_window *window = &session->window;
    assert_true(session->is_open == end->is_open || session->is_over);
    assert_true(!session->is_open || session->bound != 0);
    assert_true(!session->is_ready || (session->is_open && session->is_up));
    assert_true(window->acked < window->next && window->next <= window->sent + 1);
    assert_in_range(window->sent - window->acked, 0, TR_SESSION_FRAMES_MAX);
    assert_in_range(window->bytes, 0, TR_SESSION_BYTES_MAX);
    assert_true(!session->is_open || session->received == end->expected - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct end end;
    struct script script = {.at = data, .end = data + size};
    end = (struct end) {.now_ns = UINT64_C(1000000000)};
    const tr_session_port port = {.context = &end,
                                  .send = send_word,
                                  .open = open_link,
                                  .close = open_link,
                                  .begun = begun,
                                  .came = came,
                                  .lost = lost,
                                  .ready = ready};
    const tr_session_options options = {
        .allocator = tr_allocator_default(), .own = OWN, .peer = PEER, .seed = 1};
    tr_session_init(&end.session, &port, &options);
    while (script.at < script.end) {
        take_step(&end, &script);
        look(&end);
    }
    tr_session_fini(&end.session);
    return 0;
}

size_t fuzz_sample(size_t index, uint8_t *bytes, size_t capacity)
{
    static const struct {
        uint8_t bytes[64];
        size_t size;
    } samples[] = {
        /* A link, hellos, frames both ways, an acknowledgement. */
        {{LINK, 0, HELLO, 1, 0, 0, HELLO, 1, 1, 0, DATA, 1, 1, 0, SEND, 3, ACK, 1, 2, 0, TIME, 30},
         22},
        /* A gap, asked for again, a repetition, a probe. */
        {{LINK, 0, HELLO, 1, 1, 0, DATA,  1, 1, 0, DATA, 1, 3,   0, DATA, 1,
          2,    0, DATA,  1, 2, 0, PROBE, 1, 5, 0, SEND, 9, ACK, 1, 4,    1},
         32},
        /* A break, a resume, another session, late words. */
        {{LINK, 0, HELLO, 1, 1, 0, SEND, 5, LINK, 1, TIME, 28, LINK, 0, HELLO, 1, 1, 2, HELLO, 2,
          0,    0, HELLO, 2, 2, 0, DATA, 1, 1,    0, ACK,  1,  3,    0, DATA,  2, 1, 0},
         38},
        /* Death, goodbyes, versions, strangers. */
        {{LINK, 0, HELLO, 1,    1, 0,         TIME, 34, TIME, 34, LINK,     0, HELLO, 9,   2, 0,
          BYE,  9, 4,     LINK, 0, ODD_HELLO, 2,    3,  1,    1,  STRANGER, 1, 2,     BYE, 1, 1},
         32},
        /* A full link, bytes as they are. */
        {{LINK, 0,  HELLO, 1,    1,    0,    LINK, 2, SEND, 99, TIME, 21, LINK, 3,    TIME, 21,
          RAW,  13, 0x08,  0x04, 0x11, PEER, 0,    0, 0,    0,  0,    0,  0,    0x20, 0x01},
         31},
    };
    if (index >= sizeof samples / sizeof samples[0] || samples[index].size > capacity) {
        return 0;
    }
    memcpy(bytes, samples[index].bytes, samples[index].size);
    return samples[index].size;
}
