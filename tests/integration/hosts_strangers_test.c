/* SPDX-License-Identifier: MIT */
/* Whoever says what to a listening node: other nodes go on undisturbed. */
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "support/descriptors.h"
#include "support/town.h"

#define FLOOD 300

static const unsigned char greeting_v3[64] = {0xff, 0,    0, 0, 0,   0,   0,   0,
                                              0,    0x7f, 3, 0, 'N', 'U', 'L', 'L'};
static const unsigned char ready[] = {4,   41,  5,   'R', 'E', 'A', 'D', 'Y', 11,  'S', 'o',
                                      'c', 'k', 'e', 't', '-', 'T', 'y', 'p', 'e', 0,   0,
                                      0,   6,   'D', 'E', 'A', 'L', 'E', 'R', 8,   'I', 'd',
                                      'e', 'n', 't', 'i', 't', 'y', 0,   0,   0,   0};

/* Promise: HOSTS-GARBAGE */
static void garbage_by_tcp(void **state)
{
    struct town *town = *state;
    const int silent = town_dial(town);
    const int slow = town_dial(town);
    tcp_say(slow, greeting_v3, 20); /* and nothing more */

    /* Somebody who wants something else. */
    static const char get[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    int fd = town_dial(town);
    tcp_say(fd, get, sizeof get - 1);
    tcp_assert_closed(fd);

    /* A valid greeting, and then what is no command. */
    fd = town_dial(town);
    tcp_say(fd, greeting_v3, sizeof greeting_v3);
    tcp_say(fd, get, sizeof get - 1);
    tcp_assert_closed(fd);

    /* A valid handshake, and then a frame of 2^62 bytes. */
    fd = town_dial(town);
    tcp_say(fd, greeting_v3, sizeof greeting_v3);
    tcp_say(fd, ready, sizeof ready);
    tcp_say(fd, "\x02\x40\0\0\0\0\0\0\0garbage", 16);
    tcp_assert_closed(fd);
    town_until(&town->refused, 1);

    /* Who says nothing, or too little, has 5 s. */
    tcp_assert_closed(silent);
    tcp_assert_closed(slow);
}

/* Promise: HOSTS-GARBAGE */
static void garbage_by_zeromq(void **state)
{
    struct town *town = *state;
    char mark = '0';
    char *large = calloc(1, 4 << 20);
    assert_non_null(large);
    struct stranger stranger = a_stranger(town->endpoint, ++mark);
    assert_int_equal(zmq_send(stranger.sockets[0], "who are you?", 12, 0), 12);
    town_until(&town->refused, 1);
    stranger_assert_hung_up_on(&stranger);
    drop_stranger(town, &stranger);

    stranger = a_stranger(town->endpoint, ++mark);
    stranger_greets(town, &stranger, 77);
    assert_int_equal(zmq_send(stranger.sockets[1], "nonsense", 8, 0), 8);
    town_until(&town->broken, 1);
    stranger_assert_hung_up_on(&stranger);
    drop_stranger(town, &stranger);

    stranger = a_stranger(town->endpoint, ++mark);
    stranger_greets(town, &stranger, 78);
    assert_int_equal(zmq_send(stranger.sockets[0], large, 4 << 20, 0), 4 << 20);
    stranger_assert_hung_up_on(&stranger);
    drop_stranger(town, &stranger);
    free(large);
}

/* A session of its own, and in it words of others, and of sessions that are over.
 * Promise: HOSTS-REPLAY */
static void words_of_other_sessions(void **state)
{
    struct town *town = *state;
    const uint64_t own = 79;
    const uint64_t to = troupe_node_id(town->nodes[0]);
    tr_word hello = {.kind = TR_WORD_HELLO,
                     .from = own,
                     .to = to,
                     .session = 1,
                     .version_least = 1,
                     .version_most = 1,
                     .frames_max = 100,
                     .bytes_max = 1000000};
    struct stranger stranger = a_stranger(town->endpoint, 'a');
    stranger_greets(town, &stranger, own);
    stranger_says(&stranger, 0, &hello);
    /* Words in the friend's name, who is there, and of one who is not. */
    tr_word word = {.kind = TR_WORD_DATA,
                    .from = troupe_node_id(town->nodes[1]),
                    .to = to,
                    .session = 1,
                    .sequence = 1,
                    .frame = "garbage",
                    .frame_size = 7};
    for (uint32_t i = 0; i < 1000; i++) {
        word.sequence = i + 1;
        stranger_says(&stranger, 1, &word);
    }
    word.kind = TR_WORD_BYE;
    word.reason = TR_BYE_LEAVING;
    word.frame = NULL;
    word.frame_size = 0;
    stranger_says(&stranger, 1, &word);
    word.from = 12345;
    stranger_says(&stranger, 1, &word);
    /* Its own next session, and then the one before. */
    hello.session = 2;
    stranger_says(&stranger, 0, &hello);
    word = (tr_word) {.kind = TR_WORD_DATA,
                      .from = own,
                      .to = to,
                      .session = 1,
                      .sequence = 1,
                      .frame = "garbage",
                      .frame_size = 7};
    for (uint32_t i = 0; i < 1000; i++) {
        stranger_says(&stranger, 1, &word);
    }
    town_assert_talked(town);
    assert_int_equal(town->broken, 0);
    town_talk(town);
    /* What nobody may say. */
    hello.known = 4711;
    stranger_says(&stranger, 0, &hello);
    town_until(&town->broken, 1);
    stranger_assert_hung_up_on(&stranger);
    drop_stranger(town, &stranger);
}

/* Promise: HOSTS-FLOOD */
static void a_flood_of_connections(void **state)
{
    struct town *town = *state;
    int fds[FLOOD];
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < FLOOD; i++) {
            fds[i] = town_dial(town);
            tcp_say(fds[i], greeting_v3, round == 0 ? 0 : sizeof greeting_v3);
            tcp_say(fds[i], ready, round == 2 ? sizeof ready : 0);
        }
        for (uint32_t i = 0; i < FLOOD; i++) {
            assert_int_equal(close(fds[i]), 0);
        }
    }
    town_assert_talked(town);
    town_talk(town);
    const uint64_t limit_ms = town_now_ms() + TOWN_WAIT_MS;
    while (descriptors_open() > town->fds + 5) {
        assert_true(town_now_ms() < limit_ms);
        (void) sched_yield();
    }
}

int main(void)
{
#define IN_TOWN(test) cmocka_unit_test_setup_teardown(test, make_town, drop_town)
    const struct CMUnitTest tests[] = {
        IN_TOWN(garbage_by_tcp),
        IN_TOWN(garbage_by_zeromq),
        IN_TOWN(words_of_other_sessions),
        IN_TOWN(a_flood_of_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
