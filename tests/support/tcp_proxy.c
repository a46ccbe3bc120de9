/* SPDX-License-Identifier: MIT */
#include "support/tcp_proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/thread.h"
#include "support/fixtures.h"

#define CONNECTIONS_MAX 64
#define CHUNK_BYTES 16384
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)
/* What a way holds back at most; a little more when it is slow. */
#define HELD_BYTES_MAX (1U << 20)
#define HELD_BYTES_MAX_SLOW (1U << 16)

struct chunk {
    struct chunk *next;
    uint64_t due_ns;
    size_t size;
    size_t sent;
    unsigned char data[CHUNK_BYTES];
};

/* What one end says to the other. */
struct way {
    struct chunk *first;
    struct chunk *last;
    size_t held_bytes;
    uint64_t next_ns; /* when it may go on, being slow */
    bool has_ended;
    bool has_lost;
};

struct connection {
    int fds[TCP_WAYS]; /* who says what goes this way */
    struct way ways[TCP_WAYS];
};

struct tcp_proxy {
    int listener;
    int bell;
    struct sockaddr_in target;
    char endpoint[64];
    tr_thread thread;
    tr_mutex mutex;
    /* Under the mutex. */
    struct tcp_faults faults;
    uint64_t cuts;
    uint32_t cuts_wanted;
    bool is_over;
    /* The thread's. */
    struct tcp_faults now; /* as the faults were when it looked */
    tr_random random;
    uint64_t cut_ns; /* the next */
    uint32_t count;
    struct connection connections[CONNECTIONS_MAX];
    struct pollfd polled[2 + CONNECTIONS_MAX * TCP_WAYS];
};

static uint64_t now_ns(void)
{
    return tr_clock_real().now_ns(NULL);
}

/* Connections. */

static void empty(struct way *way)
{
    while (way->first != NULL) {
        struct chunk *gone = way->first;
        way->first = gone->next;
        free(gone);
    }
    *way = (struct way) {0};
}

/* The last one takes its place. */
static void end_connection(struct tcp_proxy *proxy, uint32_t at, bool by_reset)
{
    struct connection *connection = &proxy->connections[at];
    const struct linger none = {.l_onoff = 1};
    for (int way = 0; way < TCP_WAYS; way++) {
        if (by_reset) {
            (void) setsockopt(connection->fds[way], SOL_SOCKET, SO_LINGER, &none, sizeof none);
        }
        (void) close(connection->fds[way]);
        empty(&connection->ways[way]);
    }
    *connection = proxy->connections[--proxy->count];
}

static void cut_all(struct tcp_proxy *proxy)
{
    const uint32_t count = proxy->count;
    while (proxy->count > 0) {
        end_connection(proxy, proxy->count - 1, proxy->count % 2 == 0);
    }
    tr_mutex_lock(&proxy->mutex);
    proxy->cuts += count;
    tr_mutex_unlock(&proxy->mutex);
}

static void accept_one(struct tcp_proxy *proxy)
{
    const int one = 1;
    const int fd = accept4(proxy->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    const int to = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || to < 0 || proxy->now.is_closed || proxy->count == CONNECTIONS_MAX ||
        connect(to, (const struct sockaddr *) &proxy->target, sizeof proxy->target) != 0 ||
        fcntl(to, F_SETFL, O_NONBLOCK) != 0) {
        (void) close(fd);
        (void) close(to);
        return;
    }
    (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void) setsockopt(to, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    proxy->connections[proxy->count++] =
        (struct connection) {.fds = {[TCP_FROM_DIALLER] = fd, [TCP_FROM_TARGET] = to}};
}

/* Passing on. */

static bool may_read(const struct tcp_proxy *proxy, const struct way *way)
{
    return !way->has_ended &&
           way->held_bytes < (proxy->now.bytes_per_s != 0 ? HELD_BYTES_MAX_SLOW : HELD_BYTES_MAX);
}

/* TR_NEVER: it has nothing to say. */
static uint64_t due_ns(const struct way *way)
{
    if (way->first == NULL) {
        return TR_NEVER;
    }
    return way->first->due_ns > way->next_ns ? way->first->due_ns : way->next_ns;
}

/* As much as goes in some 10 ms, when it is slow. */
static size_t piece_of(const struct tcp_proxy *proxy)
{
    const size_t slow = proxy->now.bytes_per_s / 100 + 1;
    return proxy->now.bytes_per_s == 0 || slow > CHUNK_BYTES ? CHUNK_BYTES : slow;
}

static void read_some(const struct tcp_proxy *proxy, int fd, struct way *way, bool is_swallowed)
{
    struct chunk *chunk = calloc(1, sizeof *chunk);
    if (chunk == NULL) {
        return; /* later, perhaps */
    }
    const ssize_t got = recv(fd, chunk->data, piece_of(proxy), 0);
    if (got <= 0 || is_swallowed || way->has_lost) {
        way->has_ended = way->has_ended || got == 0 || (got < 0 && errno != EAGAIN);
        way->has_lost = way->has_lost || got > 0;
        free(chunk);
        return;
    }
    chunk->size = (size_t) got;
    chunk->due_ns = now_ns() + proxy->now.delay_ms * NS_PER_MS;
    way->held_bytes += chunk->size;
    if (way->first == NULL) {
        way->first = chunk;
    } else {
        way->last->next = chunk;
    }
    way->last = chunk;
}

/* False: nobody hears it. */
static bool write_some(const struct tcp_proxy *proxy, int fd, struct way *way)
{
    while (due_ns(way) <= now_ns()) {
        struct chunk *chunk = way->first;
        const ssize_t sent =
            send(fd, chunk->data + chunk->sent, chunk->size - chunk->sent, MSG_NOSIGNAL);
        if (sent < 0) {
            return errno == EAGAIN;
        }
        chunk->sent += (size_t) sent;
        way->held_bytes -= (size_t) sent;
        if (proxy->now.bytes_per_s != 0) {
            way->next_ns = now_ns() + (uint64_t) sent * NS_PER_S / proxy->now.bytes_per_s;
        }
        if (chunk->sent == chunk->size) {
            way->first = chunk->next;
            free(chunk);
        }
    }
    return true;
}

/* Nobody hears it any more; but what goes the other way, and was sent before, still comes. */
static void fall_silent(struct way *way)
{
    const bool has_ended = way->has_ended;
    empty(way);
    way->has_ended = has_ended;
    way->has_lost = true;
}

/* False: it is over. */
static bool serve(const struct tcp_proxy *proxy, struct connection *connection,
                  const struct pollfd *polled)
{
    for (int i = 0; i < TCP_WAYS; i++) {
        struct way *way = &connection->ways[i];
        if ((polled[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && may_read(proxy, way)) {
            read_some(proxy, connection->fds[i], way, proxy->now.swallows[i]);
        }
        if (!write_some(proxy, connection->fds[1 - i], way)) {
            fall_silent(way);
        }
        if (way->has_ended && way->first == NULL) {
            return false;
        }
    }
    return true;
}

/* The thread. */

/* False: it is to end. */
static bool look_at_faults(struct tcp_proxy *proxy)
{
    tr_mutex_lock(&proxy->mutex);
    proxy->now = proxy->faults;
    const bool is_over = proxy->is_over;
    const uint32_t cuts_wanted = proxy->cuts_wanted;
    proxy->cuts_wanted = 0;
    tr_mutex_unlock(&proxy->mutex);
    const uint64_t every_ns = proxy->now.cut_every_ms * NS_PER_MS;
    if (cuts_wanted > 0 || (every_ns > 0 && proxy->cut_ns <= now_ns())) {
        cut_all(proxy);
        proxy->cut_ns = TR_NEVER;
    }
    if (every_ns > 0 && proxy->cut_ns == TR_NEVER) {
        proxy->cut_ns = now_ns() + every_ns / 2 + tr_random_below(&proxy->random, every_ns);
    } else if (every_ns == 0) {
        proxy->cut_ns = TR_NEVER;
    }
    return !is_over;
}

/* Fills `polled`; returns when to look at the latest. */
static uint64_t what_to_poll(struct tcp_proxy *proxy)
{
    uint64_t least_ns = proxy->cut_ns;
    proxy->polled[0] = (struct pollfd) {.fd = proxy->bell, .events = POLLIN};
    proxy->polled[1] = (struct pollfd) {.fd = proxy->listener, .events = POLLIN};
    for (uint32_t i = 0; i < proxy->count; i++) {
        const struct connection *connection = &proxy->connections[i];
        struct pollfd *polled = &proxy->polled[2 + i * TCP_WAYS];
        for (int j = 0; j < TCP_WAYS; j++) {
            const struct way *back = &connection->ways[1 - j]; /* what this end is to hear */
            const uint64_t back_ns = due_ns(back);
            const bool is_due = back_ns <= now_ns();
            polled[j] = (struct pollfd) {.fd = connection->fds[j]};
            polled[j].events = (short) ((may_read(proxy, &connection->ways[j]) ? POLLIN : 0) |
                                        (is_due ? POLLOUT : 0));
            polled[j].fd = polled[j].events != 0 ? polled[j].fd : -1;
            least_ns = !is_due && back_ns < least_ns ? back_ns : least_ns;
        }
    }
    return least_ns;
}

static void poll_until(struct tcp_proxy *proxy, uint64_t until_ns)
{
    const uint64_t time_ns = now_ns();
    const uint64_t left_ns = until_ns > time_ns ? until_ns - time_ns : 0;
    const struct timespec left = {.tv_sec = (time_t) (left_ns / NS_PER_S),
                                  .tv_nsec = (long) (left_ns % NS_PER_S)};
    (void) ppoll(proxy->polled, 2 + proxy->count * TCP_WAYS, until_ns == TR_NEVER ? NULL : &left,
                 NULL);
}

static void run(void *context)
{
    struct tcp_proxy *proxy = context;
    while (look_at_faults(proxy)) {
        poll_until(proxy, what_to_poll(proxy));
        for (uint32_t i = proxy->count; i-- > 0;) { /* one that ends is replaced by a later one */
            if (!serve(proxy, &proxy->connections[i], &proxy->polled[2 + i * TCP_WAYS])) {
                end_connection(proxy, i, false);
            }
        }
        uint64_t rings = 0;
        if ((proxy->polled[0].revents & POLLIN) != 0) {
            (void) !read(proxy->bell, &rings, sizeof rings);
        }
        if ((proxy->polled[1].revents & POLLIN) != 0) {
            accept_one(proxy);
        }
    }
    while (proxy->count > 0) {
        end_connection(proxy, proxy->count - 1, false);
    }
}

/* The test's. */

static void ring(struct tcp_proxy *proxy)
{
    const uint64_t one = 1;
    assert_int_equal(write(proxy->bell, &one, sizeof one), sizeof one);
}

struct tcp_proxy *a_tcp_proxy(const char *target)
{
    struct tcp_proxy *proxy = calloc(1, sizeof *proxy);
    assert_non_null(proxy);
    const char *port = strrchr(target, ':');
    assert_non_null(port);
    proxy->target =
        (struct sockaddr_in) {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    proxy->target.sin_port = htons((uint16_t) strtoul(port + 1, NULL, 10));
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof own;
    proxy->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    proxy->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(proxy->bell >= 0 && proxy->listener >= 0);
    assert_int_equal(bind(proxy->listener, (struct sockaddr *) &own, sizeof own), 0);
    assert_int_equal(listen(proxy->listener, 64), 0);
    assert_int_equal(getsockname(proxy->listener, (struct sockaddr *) &own, &size), 0);
    (void) snprintf(proxy->endpoint, sizeof proxy->endpoint, "tcp://127.0.0.1:%u",
                    ntohs(own.sin_port));
    proxy->cut_ns = TR_NEVER;
    tr_random_seed(&proxy->random, 1);
    tr_mutex_init(&proxy->mutex);
    assert_ok(tr_thread_start(&proxy->thread, "proxy", run, proxy));
    return proxy;
}

void drop_tcp_proxy(struct tcp_proxy **in_proxy)
{
    struct tcp_proxy *proxy = *in_proxy;
    *in_proxy = NULL;
    tr_mutex_lock(&proxy->mutex);
    proxy->is_over = true;
    tr_mutex_unlock(&proxy->mutex);
    ring(proxy);
    tr_thread_join(&proxy->thread);
    tr_mutex_fini(&proxy->mutex);
    (void) close(proxy->listener);
    (void) close(proxy->bell);
    free(proxy);
}

const char *tcp_proxy_endpoint(const struct tcp_proxy *proxy)
{
    return proxy->endpoint;
}

void tcp_proxy_be(struct tcp_proxy *proxy, const struct tcp_faults *faults)
{
    tr_mutex_lock(&proxy->mutex);
    proxy->faults = *faults;
    tr_mutex_unlock(&proxy->mutex);
    ring(proxy);
}

void tcp_proxy_cut(struct tcp_proxy *proxy)
{
    tr_mutex_lock(&proxy->mutex);
    proxy->cuts_wanted++;
    tr_mutex_unlock(&proxy->mutex);
    ring(proxy);
}

uint64_t tcp_proxy_cuts(struct tcp_proxy *proxy)
{
    tr_mutex_lock(&proxy->mutex);
    const uint64_t cuts = proxy->cuts;
    tr_mutex_unlock(&proxy->mutex);
    return cuts;
}
