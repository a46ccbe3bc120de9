/* SPDX-License-Identifier: MIT */
/* Nodes that speak the protocol, and cheat: what they get by it, and that others go on. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "cluster/frame.h"
#include "cluster/greeting.h"
#include "cluster/session.h"
#include "core/sanitizers.h"
#include "support/town.h"

#define NAMES 1000000
#define NAMES_IN_A_FRAME 500
/* What they may cost while nobody takes the answers. */
#define GROWTH_BYTES_MAX (UINT64_C(48) << 20)

static tr_word word_of(const struct town *town, const struct stranger *stranger, tr_word_kind kind)
{
    return (tr_word) {.kind = kind,
                      .from = stranger->node,
                      .to = troupe_node_id(town->nodes[0]),
                      .session = 1,
                      .version_least = 1,
                      .version_most = 1,
                      .frames_max = 100,
                      .bytes_max = 1000000};
}

static tr_frame_writer begin_frame(const struct town *town, const struct stranger *stranger,
                                   unsigned char *data, size_t size, uint64_t sequence)
{
    tr_frame_writer writer = {.data = data, .capacity = size};
    const tr_frame_head head = {.from = stranger->node,
                                .to = troupe_node_id(town->nodes[0]),
                                .connection = 1,
                                .sequence = sequence};
    tr_frame_begin(&writer, &head);
    return writer;
}

static void say_frame(const struct town *town, struct stranger *stranger,
                      const tr_frame_writer *writer, uint64_t sequence)
{
    tr_word word = word_of(town, stranger, TR_WORD_DATA);
    word.sequence = sequence;
    word.frame = writer->data;
    word.frame_size = writer->size;
    stranger_says(stranger, 1, &word);
}

/* Whether the node has taken in all that was said so far on data: it answers what stands behind it,
 * or begins another session instead. */
static bool is_heard(const struct town *town, struct stranger *stranger, uint64_t sequence)
{
    tr_word word = word_of(town, stranger, TR_WORD_PROBE);
    word.sequence = sequence;
    const uint64_t limit_ms = town_now_ms() + TOWN_WAIT_MS;
    stranger_says(stranger, 1, &word);
    do {
        stranger_hears(stranger, 0, &word);
        if (word.kind == TR_WORD_HELLO && word.session > stranger->session) {
            return false;
        }
        if (word.kind == TR_WORD_ACK && word.received >= sequence) {
            return true;
        }
    } while (town_now_ms() < limit_ms);
    fail_msg("%llu of %llu frames are acknowledged", (unsigned long long) word.received,
             (unsigned long long) sequence);
    return false;
}

/* Promise: HOSTS-REPLAY */
static void a_frame_that_is_said_again(void **state)
{
    struct town *town = *state;
    struct stranger stranger = a_stranger_in_session(town, 'a', 80);
    unsigned char data[256];
    const unsigned char number[16] = {1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0};
    tr_frame_writer writer = begin_frame(town, &stranger, data, sizeof data, 1);
    /* Number 1 of sender 7, in as many bytes as it should have: see numbered.c. */
    unsigned char body[12 + 31];
    memcpy(body, number, 12);
    memset(body + 12, 1, sizeof body - 12);
    const tr_envelope envelope = {.kind = TR_ENVELOPE_TELL,
                                  .to = town->numbers,
                                  .form = TR_ENVELOPE_STRUCT,
                                  .type = "number",
                                  .body = body,
                                  .body_size = sizeof body};
    assert_true(tr_frame_add(&writer, &envelope));
    for (uint32_t i = 0; i < 1000; i++) {
        say_frame(town, &stranger, &writer, 1);
    }
    assert_true(is_heard(town, &stranger, 1));
    town_assert_talked(town);
    town_talk(town);
    town_assert_talked(town); /* what was to come to the numbers has come before this */
    assert_int_equal(town->receiver.last[7], 1);
    assert_int_equal(town->receiver.wrong, 0);
    assert_int_equal(town->broken, 0);
    town_talk(town);
    drop_stranger(town, &stranger);
}

/* One that is in a session says this, and is hung up on. */
static void is_hung_up_on(struct town *town, char mark, int channel, tr_word word)
{
    const uint32_t broken = town->broken;
    struct stranger stranger = a_stranger_in_session(town, mark, (uint64_t) mark);
    word.from = stranger.node;
    word.to = troupe_node_id(town->nodes[0]);
    word.session = 1;
    stranger_says(&stranger, channel, &word);
    town_until(&town->broken, broken + 1);
    stranger_assert_hung_up_on(&stranger);
    drop_stranger(town, &stranger);
}

/* Promise: HOSTS-CHEATS */
static void words_that_nobody_may_say(void **state)
{
    struct town *town = *state;
    is_hung_up_on(town, 'a', 0, (tr_word) {.kind = TR_WORD_ACK, .received = 4711});
    is_hung_up_on(town, 'b', 0, (tr_word) {.kind = TR_WORD_ACK, .received = UINT64_MAX});
    is_hung_up_on(town, 'c', 1,
                  (tr_word) {.kind = TR_WORD_DATA,
                             .sequence = TR_SESSION_FRAMES_MAX + 2,
                             .frame = "x",
                             .frame_size = 1});
    is_hung_up_on(town, 'd', 1, (tr_word) {.kind = TR_WORD_PROBE, .sequence = UINT64_MAX});
    is_hung_up_on(
        town, 'e', 0,
        (tr_word) {
            .kind = TR_WORD_HELLO, .known = UINT64_MAX, .version_least = 1, .version_most = 1});
}

/* Promise: HOSTS-STRANGERS */
static void other_versions(void **state)
{
    struct town *town = *state;
    unsigned char data[TR_GREETING_BYTES_MAX];
    struct stranger stranger = a_stranger(town->endpoint, 'a');
    tr_greeting greeting = tr_greeting_of(90, "stranger");
    greeting.version_least = 2;
    greeting.version_most = UINT32_MAX;
    const size_t size = tr_greeting_write(&greeting, data);
    assert_int_equal(zmq_send(stranger.sockets[0], data, size, 0), size);
    town_until(&town->versions, 1);
    stranger_assert_hung_up_on(&stranger);
    drop_stranger(town, &stranger);

    stranger = a_stranger(town->endpoint, 'b');
    stranger_greets(town, &stranger, 91);
    tr_word hello = word_of(town, &stranger, TR_WORD_HELLO);
    hello.version_least = 2;
    hello.version_most = UINT32_MAX;
    stranger_says(&stranger, 0, &hello);
    town_until(&town->versions, 2);
    stranger_assert_hung_up_on(&stranger);
    drop_stranger(town, &stranger);
}

static uint64_t resident_bytes(void)
{
    char text[128];
    FILE *file = fopen("/proc/self/statm", "re");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    assert_int_equal(fclose(file), 0);
    return strtoull(strchr(text, ' '), NULL, 10) * (uint64_t) sysconf(_SC_PAGESIZE);
}

/* Who wants to ask for a million names, and takes none of the answers.
 * Promise: HOSTS-CHEATS */
static void a_million_names(void **state)
{
    struct town *town = *state;
    struct stranger stranger = a_stranger_in_session(town, 'a', 92);
    unsigned char data[65536];
    char name[32];
    town_assert_talked(town);
    const uint64_t before = resident_bytes();
    uint64_t number = 0;
    bool has_session = true;
    for (uint64_t sequence = 1; number < NAMES && has_session; sequence++) {
        tr_frame_writer writer = begin_frame(town, &stranger, data, sizeof data, sequence);
        for (uint32_t i = 0; i < NAMES_IN_A_FRAME; i++) {
            number++;
            (void) snprintf(name, sizeof name, "name-%llu", (unsigned long long) number);
            const tr_envelope envelope = {.kind = TR_ENVELOPE_LOOKUP,
                                          .number = number,
                                          .name = name,
                                          .from = {.node = 92, .slot = 1, .generation = 1},
                                          .budget_ns = UINT64_MAX / 2};
            assert_true(tr_frame_add(&writer, &envelope));
        }
        say_frame(town, &stranger, &writer, sequence);
        has_session = sequence % 10 != 0 || is_heard(town, &stranger, sequence);
    }
    assert_false(has_session);
    const uint64_t after = resident_bytes();
    print_message("%llu names: %llu KiB\n", (unsigned long long) number,
                  (unsigned long long) (after > before ? (after - before) >> 10 : 0));
    if (TR_THREAD_SANITIZER + TR_ADDRESS_SANITIZER == 0) { /* they keep what is freed */
        assert_true(after < before + GROWTH_BYTES_MAX);
    }
    assert_int_equal(town->anew, 1);
    town_talk(town);
    drop_stranger(town, &stranger);
}

/* Byte by byte, and never to the end: the time that he has does not begin anew with each.
 * Promise: HOSTS-GARBAGE */
static void a_slow_handshake(void **state)
{
    struct town *town = *state;
    static const unsigned char greeting[64] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3};
    const int fd = town_dial(town);
    const uint64_t limit_ms = town_now_ms() + TOWN_WAIT_MS;
    struct pollfd one = {.fd = fd, .events = POLLRDHUP};
    for (size_t i = 0; one.revents == 0; i++) {
        assert_true(town_now_ms() < limit_ms);
        tcp_say(fd, greeting + i % sizeof greeting, i < sizeof greeting - 1 ? 1 : 0);
        assert_true(poll(&one, 1, 200) >= 0);
    }
    assert_int_equal(close(fd), 0);
}

int main(void)
{
#define IN_TOWN(test) cmocka_unit_test_setup_teardown(test, make_town, drop_town)
    const struct CMUnitTest tests[] = {
        IN_TOWN(a_frame_that_is_said_again),
        IN_TOWN(words_that_nobody_may_say),
        IN_TOWN(other_versions),
        IN_TOWN(a_million_names),
        IN_TOWN(a_slow_handshake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
