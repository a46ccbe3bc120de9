/* SPDX-License-Identifier: MIT */
#include "support/town.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include "base/clock.h"
#include "cluster/greeting.h"
#include "core/sanitizers.h"
#include "support/descriptors.h"

#define TOWN_TRIES 4
#define NUMBERS (TR_THREAD_SANITIZER ? 2000 : 20000)

static void write_log(void *context, troupe_log_level level, const char *text)
{
    struct town *town = context;
    (void) level;
    town->refused += strstr(text, "hangs up on") != NULL ? 1 : 0;
    town->broken += strstr(text, "its link is closed") != NULL ? 1 : 0;
    town->anew += strstr(text, "does not take its answers") != NULL ? 1 : 0;
    town->versions += strstr(text, "version") != NULL ? 1 : 0;
    town->greeted += strstr(text, "connected with node 'stranger'") != NULL ? 1 : 0;
    town->interrupted +=
        strstr(text, "node 'friend' (") != NULL && strstr(text, "is interrupted") != NULL ? 1 : 0;
}

void town_talk(struct town *town)
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

void town_assert_talked(const struct town *town)
{
    assert_true(probe_wait_for(town->probe, "OK"));
    assert_said(town->probe, "OK");
    /* And as it says on its own node, so that what it knows may be looked at. */
    struct numbered_watcher watcher = {
        .name = "numbers", .sender = town->sender.sender, .count = NUMBERS, .probe = a_probe()};
    (void) a_root_of(town->nodes[0], TROUPE_SPAWN(.body = numbered_watches, .argument = &watcher));
    assert_true(probe_wait_for(watcher.probe, "so far"));
    drop_probe(&watcher.probe);
    assert_int_equal(town->receiver.wrong, 0);
    assert_int_equal(town->receiver.last[town->sender.sender], NUMBERS);
}

int make_town(void **state)
{
    static struct town town;
    memset(&town, 0, sizeof town);
    town.probe = a_probe();
    const troupe_log log = {.write = write_log, .context = &town, .level = TROUPE_LOG_NOTICE};
    town.nodes[0] = a_node(TROUPE_NODE_OPTIONS(.name = "town", .workers = 1, .log = &log,
                                               .listen = "tcp://127.0.0.1:*", .compress = 1,
                                               .plain = TROUPE_PLAIN_ON_LOOPBACK));
    assert_ok(troupe_node_endpoint(town.nodes[0], town.endpoint, sizeof town.endpoint));
    const troupe_peer peer = {.endpoint = town.endpoint};
    town.nodes[1] = a_node(TROUPE_NODE_OPTIONS(.name = "friend", .workers = 1, .peers = &peer,
                                               .peer_count = 1, .plain = TROUPE_PLAIN_ON_LOOPBACK));
    town.numbers = a_root_of(town.nodes[0], TROUPE_SPAWN(NUMBERED_RECEIVER, .name = "numbers",
                                                         .argument = &town.receiver));
    town_talk(&town);
    town_assert_talked(&town);
    town.fds = descriptors_open();
    town_talk(&town);
    *state = &town;
    return 0;
}

int drop_town(void **state)
{
    struct town *town = *state;
    town_assert_talked(town);
    town_talk(town);
    town_assert_talked(town);
    assert_int_equal(town->interrupted, 0);
    drop_node(&town->nodes[1]);
    drop_node(&town->nodes[0]);
    drop_probe(&town->probe);
    return 0;
}

uint64_t town_now_ms(void)
{
    return tr_clock_real().now_ns(NULL) / 1000000;
}

void town_until(const _Atomic uint32_t *counter, uint32_t least)
{
    const uint64_t limit_ms = town_now_ms() + TOWN_WAIT_MS;
    while (*counter < least) {
        assert_true(town_now_ms() < limit_ms);
        (void) sched_yield();
    }
}

/* By plain tcp. */

int town_dial(const struct town *town)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    to.sin_port = htons((uint16_t) strtoul(strrchr(town->endpoint, ':') + 1, NULL, 10));
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *) &to, sizeof to), 0);
    return fd;
}

void tcp_say(int fd, const void *data, size_t size)
{
    (void) send(fd, data, size, MSG_NOSIGNAL); /* it may have been closed there */
}

void tcp_assert_closed(int fd)
{
    char heard[256];
    const uint64_t limit_ms = town_now_ms() + TOWN_WAIT_MS;
    ssize_t size = 1;
    while (size > 0) {
        assert_true(town_now_ms() < limit_ms);
        struct pollfd one = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&one, 1, TOWN_WAIT_MS), 1);
        size = recv(fd, heard, sizeof heard, 0);
    }
    assert_int_equal(close(fd), 0);
}

/* By ZeroMQ. */

static void *dial_side(struct stranger *stranger, const char *endpoint, const void *id, size_t size)
{
    const int none = 0;
    const int never = -1; /* who is hung up on does not dial again by itself, and not knock */
    const int limit = TOWN_WAIT_MS;
    const int high_water = 50; /* what it has to say takes little memory of this process */
    void *socket = zmq_socket(stranger->context, ZMQ_DEALER);
    assert_non_null(socket);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_ROUTING_ID, id, size), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &never, sizeof never), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_SNDHWM, &high_water, sizeof high_water), 0);
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

struct stranger a_stranger(const char *endpoint, char mark)
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

void stranger_assert_hung_up_on(struct stranger *stranger)
{
    char event[64];
    assert_int_equal(zmq_recv(stranger->monitor, event, sizeof event, 0), 6);
}

/* Both ends have given their descriptors back when this returns: what is counted after it is of the
 * next one. */
void drop_stranger(const struct town *town, struct stranger *stranger)
{
    assert_int_equal(zmq_socket_monitor(stranger->sockets[0], NULL, 0), 0);
    assert_int_equal(zmq_close(stranger->monitor), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(zmq_close(stranger->sockets[i]), 0);
    }
    assert_int_equal(zmq_ctx_term(stranger->context), 0);
    const uint64_t limit_ms = town_now_ms() + TOWN_WAIT_MS;
    while (descriptors_open() > town->fds) {
        assert_true(town_now_ms() < limit_ms);
        (void) sched_yield();
    }
}

void stranger_greets(struct town *town, struct stranger *stranger, uint64_t node)
{
    stranger->node = node;
    const uint32_t greeted = town->greeted;
    unsigned char data[TR_GREETING_BYTES_MAX];
    const tr_greeting greeting = tr_greeting_of(node, "stranger");
    const size_t size = tr_greeting_write(&greeting, data);
    assert_int_equal(zmq_send(stranger->sockets[0], data, size, 0), size);
    town_until(&town->greeted, greeted + 1);
}

void stranger_says(struct stranger *stranger, int channel, const tr_word *word)
{
    static unsigned char bytes[TR_WORD_HEAD_BYTES_MAX + TR_WORD_BYTES_MAX];
    unsigned char *end = bytes + TR_WORD_HEAD_BYTES_MAX;
    if (word->frame != NULL) {
        memcpy(end, word->frame, word->frame_size);
    }
    const unsigned char *from = tr_word_write_before(word, end);
    const size_t size = (size_t) (end - from) + word->frame_size;
    assert_int_equal(zmq_send(stranger->sockets[channel], from, size, 0), size);
}

static bool has_heard(struct stranger *stranger, int channel, tr_word *out_word)
{
    static unsigned char bytes[TR_WORD_BYTES_MAX];
    bool is_word = false;
    while (!is_word) {
        const int size = zmq_recv(stranger->sockets[channel], bytes, sizeof bytes, 0);
        if (size < 0 || size > (int) sizeof bytes) {
            return false;
        }
        is_word = tr_word_read(bytes, (size_t) size, out_word); /* and is no greeting */
    }
    return true;
}

void stranger_hears(struct stranger *stranger, int channel, tr_word *out_word)
{
    assert_true(has_heard(stranger, channel, out_word));
}

static bool has_session(struct town *town, struct stranger *stranger, uint64_t node)
{
    tr_word hello = {.kind = TR_WORD_HELLO,
                     .from = node,
                     .to = troupe_node_id(town->nodes[0]),
                     .session = 1,
                     .version_least = 1,
                     .version_most = 1,
                     .frames_max = 100,
                     .bytes_max = 1000000};
    tr_word heard = {.kind = 0};
    stranger_greets(town, stranger, node);
    stranger_says(stranger, 0, &hello);
    while (heard.kind != TR_WORD_HELLO || heard.known != 1) {
        if (!has_heard(stranger, 0, &heard)) {
            return false;
        }
    }
    stranger->session = heard.session;
    hello.known = heard.session;
    stranger_says(stranger, 0, &hello);
    return true;
}

struct stranger a_stranger_in_session(struct town *town, char mark, uint64_t node)
{
    /* Again if it is hung up on, as was once who had the descriptor of one before. */
    const int patience = TOWN_WAIT_MS / TOWN_TRIES;
    const int limit = TOWN_WAIT_MS;
    struct stranger stranger = {.node = 0};
    for (char i = 0; i < TOWN_TRIES; i++) {
        stranger = a_stranger(town->endpoint, (char) (mark + i * 32));
        (void) zmq_setsockopt(stranger.sockets[0], ZMQ_RCVTIMEO, &patience, sizeof patience);
        if (has_session(town, &stranger, node)) {
            (void) zmq_setsockopt(stranger.sockets[0], ZMQ_RCVTIMEO, &limit, sizeof limit);
            return stranger;
        }
        drop_stranger(town, &stranger);
    }
    fail_msg("it is hung up on again and again");
    return stranger;
}
