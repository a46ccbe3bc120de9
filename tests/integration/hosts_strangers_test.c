/* SPDX-License-Identifier: MIT */
/* Whoever says what to a listening node: other nodes go on undisturbed. */
#include <arpa/inet.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <troupe/troupe.h>
#include <unistd.h>
#include <zmq.h>

#include "base/clock.h"
#include "cluster/greeting.h"
#include "cluster/words.h"
#include "core/sanitizers.h"
#include "support/descriptors.h"
#include "support/node_fixture.h"
#include "support/numbered.h"

#define WAIT_MS 20000
#define FLOOD 300
#define NUMBERS (TR_THREAD_SANITIZER ? 2000 : 20000)

/* Two nodes that talk all the while, and what the one that listens has logged. */
struct town {
    troupe_node *nodes[2];
    char endpoint[64];
    uint32_t fds;
    struct numbered_receiver receiver;
    struct numbered_sender sender;
    struct probe *probe;
    _Atomic uint32_t refused;
    _Atomic uint32_t broken;
    _Atomic uint32_t interrupted;
    _Atomic uint32_t greeted; /* strangers */
};

static void write_log(void *context, troupe_log_level level, const char *text)
{
    struct town *town = context;
    (void) level;
    town->refused += strstr(text, "hangs up on") != NULL ? 1 : 0;
    town->broken += strstr(text, "its link is closed") != NULL ? 1 : 0;
    town->greeted += strstr(text, "connected with node 'stranger'") != NULL ? 1 : 0;
    town->interrupted +=
        strstr(text, "node 'friend' (") != NULL && strstr(text, "is interrupted") != NULL ? 1 : 0;
}

/* Starts another round of numbers from the friend. */
static void talk(struct town *town)
{
    town->sender = (struct numbered_sender) {.node = troupe_node_id(town->nodes[0]),
                                             .name = "numbers",
                                             .sender = town->sender.sender + 1,
                                             .count = NUMBERS,
                                             .asks_after = 1000,
                                             .probe = town->probe};
    probe_clear(town->probe);
    (void) a_root_of(town->nodes[1],
                     TROUPE_SPAWN(.body = numbered_sends, .argument = &town->sender));
}

/* What the friend said has come. */
static void assert_talked(const struct town *town)
{
    assert_true(probe_wait_for(town->probe, "OK"));
    assert_said(town->probe, "OK");
    assert_int_equal(town->receiver.wrong, 0);
    assert_int_equal(town->receiver.last[town->sender.sender], NUMBERS);
}

static int make_town(void **state)
{
    static struct town town;
    memset(&town, 0, sizeof town);
    town.probe = a_probe();
    const troupe_log log = {.write = write_log, .context = &town, .level = TROUPE_LOG_NOTICE};
    town.nodes[0] = a_node(TROUPE_NODE_OPTIONS(.name = "town", .workers = 1, .log = &log,
                                               .listen = "tcp://127.0.0.1:*",
                                               .plain = TROUPE_PLAIN_ON_LOOPBACK));
    assert_ok(troupe_node_endpoint(town.nodes[0], town.endpoint, sizeof town.endpoint));
    const troupe_peer peer = {.endpoint = town.endpoint};
    town.nodes[1] = a_node(TROUPE_NODE_OPTIONS(.name = "friend", .workers = 1, .peers = &peer,
                                               .peer_count = 1, .plain = TROUPE_PLAIN_ON_LOOPBACK));
    (void) a_root_of(town.nodes[0], TROUPE_SPAWN(NUMBERED_RECEIVER, .name = "numbers",
                                                 .argument = &town.receiver));
    talk(&town);
    assert_talked(&town);
    town.fds = descriptors_open();
    talk(&town);
    *state = &town;
    return 0;
}

static int drop_town(void **state)
{
    struct town *town = *state;
    assert_talked(town);
    talk(town);
    assert_talked(town);
    assert_int_equal(town->interrupted, 0);
    drop_node(&town->nodes[1]);
    drop_node(&town->nodes[0]);
    drop_probe(&town->probe);
    return 0;
}

static uint64_t now_ms(void)
{
    return tr_clock_real().now_ns(NULL) / 1000000;
}

/* The test's own thread has nothing to wait on. */
static void until(const _Atomic uint32_t *counter, uint32_t least)
{
    const uint64_t limit_ms = now_ms() + WAIT_MS;
    while (*counter < least) {
        assert_true(now_ms() < limit_ms);
        (void) sched_yield();
    }
}

/* By plain tcp. */

static int dial_plainly(const struct town *town)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    to.sin_port = htons((uint16_t) strtoul(strrchr(town->endpoint, ':') + 1, NULL, 10));
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *) &to, sizeof to), 0);
    return fd;
}

static void say(int fd, const void *data, size_t size)
{
    (void) send(fd, data, size, MSG_NOSIGNAL); /* it may have been closed there */
}

/* Hears until the other side closes. */
static void assert_closed(int fd)
{
    char heard[256];
    const uint64_t limit_ms = now_ms() + WAIT_MS;
    ssize_t size = 1;
    while (size > 0) {
        assert_true(now_ms() < limit_ms);
        struct pollfd one = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&one, 1, WAIT_MS), 1);
        size = recv(fd, heard, sizeof heard, 0);
    }
    assert_int_equal(close(fd), 0);
}

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
    const int silent = dial_plainly(town);
    const int slow = dial_plainly(town);
    say(slow, greeting_v3, 20); /* and nothing more */

    /* Somebody who wants something else. */
    static const char get[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    int fd = dial_plainly(town);
    say(fd, get, sizeof get - 1);
    assert_closed(fd);

    /* A valid greeting, and then what is no command. */
    fd = dial_plainly(town);
    say(fd, greeting_v3, sizeof greeting_v3);
    say(fd, get, sizeof get - 1);
    assert_closed(fd);

    /* A valid handshake, and then a frame of 2^62 bytes. */
    fd = dial_plainly(town);
    say(fd, greeting_v3, sizeof greeting_v3);
    say(fd, ready, sizeof ready);
    say(fd, "\x02\x40\0\0\0\0\0\0\0garbage", 16);
    assert_closed(fd);
    until(&town->refused, 1);

    /* Who says nothing, or too little, has 5 s. */
    assert_closed(silent);
    assert_closed(slow);
}

/* By ZeroMQ. */

struct stranger {
    void *context;
    void *sockets[2];
    void *monitor; /* of the first */
};

static void *dial_side(struct stranger *stranger, const char *endpoint, const void *id, size_t size)
{
    const int none = 0;
    const int limit = WAIT_MS;
    void *socket = zmq_socket(stranger->context, ZMQ_DEALER);
    assert_non_null(socket);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_ROUTING_ID, id, size), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_RCVTIMEO, &limit, sizeof limit), 0);
    if (stranger->monitor == NULL) {
        assert_int_equal(zmq_socket_monitor(socket, "inproc://events", ZMQ_EVENT_DISCONNECTED), 0);
        stranger->monitor = zmq_socket(stranger->context, ZMQ_PAIR);
        assert_int_equal(zmq_setsockopt(stranger->monitor, ZMQ_RCVTIMEO, &limit, sizeof limit), 0);
        assert_int_equal(zmq_connect(stranger->monitor, "inproc://events"), 0);
    }
    assert_int_equal(zmq_connect(socket, endpoint), 0);
    return socket;
}

/* It has knocked, and was heard. */
static struct stranger a_stranger(const char *endpoint, char mark)
{
    struct stranger stranger = {.context = zmq_ctx_new()};
    for (int i = 0; i < 2; i++) {
        char id[17] = "c0123456789abcde";
        id[0] = i == 0 ? 'c' : 'd';
        id[16] = mark;
        stranger.sockets[i] = dial_side(&stranger, endpoint, id, sizeof id);
        assert_int_equal(zmq_send(stranger.sockets[i], "", 0, 0), 0);
    }
    char answer = 0;
    assert_int_equal(zmq_recv(stranger.sockets[0], &answer, 1, 0), 0);
    return stranger;
}

static void assert_hung_up_on(struct stranger *stranger)
{
    char event[64];
    assert_int_equal(zmq_recv(stranger->monitor, event, sizeof event, 0), 6);
}

/* Its end is known there when this returns: a descriptor may be the next one's at once, who would
 * be taken for it, and strangers here do not dial again as nodes do. */
static void drop_stranger(const struct town *town, struct stranger *stranger)
{
    assert_int_equal(zmq_socket_monitor(stranger->sockets[0], NULL, 0), 0);
    assert_int_equal(zmq_close(stranger->monitor), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(zmq_close(stranger->sockets[i]), 0);
    }
    assert_int_equal(zmq_ctx_term(stranger->context), 0);
    const uint64_t limit_ms = now_ms() + WAIT_MS;
    while (descriptors_open() > town->fds) {
        assert_true(now_ms() < limit_ms);
        (void) sched_yield();
    }
}

/* Says who it is, as a node does. */
static void greet_as(struct town *town, struct stranger *stranger, uint64_t node)
{
    const uint32_t greeted = town->greeted;
    unsigned char data[TR_GREETING_BYTES_MAX];
    const tr_greeting greeting = tr_greeting_of(node, "stranger");
    const size_t size = tr_greeting_write(&greeting, data);
    assert_int_equal(zmq_send(stranger->sockets[0], data, size, 0), size);
    until(&town->greeted, greeted + 1);
}

static void say_word(struct stranger *stranger, int channel, const tr_word *word)
{
    unsigned char bytes[TR_WORD_HEAD_BYTES_MAX + 64];
    unsigned char *end = bytes + TR_WORD_HEAD_BYTES_MAX;
    if (word->frame != NULL) {
        memcpy(end, word->frame, word->frame_size);
    }
    const unsigned char *from = tr_word_write_before(word, end);
    const size_t size = (size_t) (end - from) + word->frame_size;
    assert_int_equal(zmq_send(stranger->sockets[channel], from, size, 0), size);
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
    until(&town->refused, 1);
    assert_hung_up_on(&stranger);
    drop_stranger(town, &stranger);

    stranger = a_stranger(town->endpoint, ++mark);
    greet_as(town, &stranger, 77);
    assert_int_equal(zmq_send(stranger.sockets[1], "nonsense", 8, 0), 8);
    until(&town->broken, 1);
    assert_hung_up_on(&stranger);
    drop_stranger(town, &stranger);

    stranger = a_stranger(town->endpoint, ++mark);
    greet_as(town, &stranger, 78);
    assert_int_equal(zmq_send(stranger.sockets[0], large, 4 << 20, 0), 4 << 20);
    assert_hung_up_on(&stranger);
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
    greet_as(town, &stranger, own);
    say_word(&stranger, 0, &hello);
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
        say_word(&stranger, 1, &word);
    }
    word.kind = TR_WORD_BYE;
    word.reason = TR_BYE_LEAVING;
    word.frame = NULL;
    word.frame_size = 0;
    say_word(&stranger, 1, &word);
    word.from = 12345;
    say_word(&stranger, 1, &word);
    /* Its own next session, and then the one before. */
    hello.session = 2;
    say_word(&stranger, 0, &hello);
    word = (tr_word) {.kind = TR_WORD_DATA,
                      .from = own,
                      .to = to,
                      .session = 1,
                      .sequence = 1,
                      .frame = "garbage",
                      .frame_size = 7};
    for (uint32_t i = 0; i < 1000; i++) {
        say_word(&stranger, 1, &word);
    }
    assert_talked(town);
    assert_int_equal(town->broken, 0);
    talk(town);
    /* What nobody may say. */
    hello.known = 4711;
    say_word(&stranger, 0, &hello);
    until(&town->broken, 1);
    assert_hung_up_on(&stranger);
    drop_stranger(town, &stranger);
}

/* Promise: HOSTS-FLOOD */
static void a_flood_of_connections(void **state)
{
    struct town *town = *state;
    int fds[FLOOD];
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < FLOOD; i++) {
            fds[i] = dial_plainly(town);
            say(fds[i], greeting_v3, round == 0 ? 0 : sizeof greeting_v3);
            say(fds[i], ready, round == 2 ? sizeof ready : 0);
        }
        for (uint32_t i = 0; i < FLOOD; i++) {
            assert_int_equal(close(fds[i]), 0);
        }
    }
    assert_talked(town);
    talk(town);
    const uint64_t limit_ms = now_ms() + WAIT_MS;
    while (descriptors_open() > town->fds + 5) {
        assert_true(now_ms() < limit_ms);
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
