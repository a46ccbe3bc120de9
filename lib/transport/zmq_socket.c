/* SPDX-License-Identifier: MIT */
#include "transport/zmq_socket.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <troupe/io.h>

#include "base/assert.h"
#include "base/memory.h"
#include "transport/tsan.h"

/* With less a copy costs less. */
#define LENT_BYTES_MIN 4096
#define NAMES_TRIED 10000
/* Of an owner, to take what is left of a connection that broke: more than the queues hold. */
#define TURNS_MAX 10000

/* Of one of ZeroMQ's sockets, the descriptor by which it signals. */
struct watch {
    tr_map_node node;
    tr_zmq_socket *owner;
    int fd;
    bool is_armed;
    bool is_added;
};

struct tr_zmq_socket {
    tr_zmq_set *set;
    const tr_zmq_owner *owner; /* borrowed */
    void *socket;              /* NULL: closed */
    void *monitor;
    struct watch watch;
    struct watch monitor_watch;
    tr_list ready; /* or among the closed */
    tr_list touched;
    tr_zmq_news news;
    uint64_t told;      /* the number of the event that is told now, or was last */
    int ends;           /* while the end of a connection is told, its descriptor; -1 */
    bool may_have_news; /* of connections: its monitor was not looked at since it said so */
};

static int result_of(int rc)
{
    return rc < 0 ? errno : 0;
}

static troupe_error error_of(const tr_zmq_socket *socket, const char *what, int number)
{
    switch (number) {
    case 0:
        return TROUPE_OK;
    case EADDRINUSE:
        return TROUPE_ERROR_NAME_TAKEN;
    case EINVAL:
    case EPROTONOSUPPORT:
    case ENOCOMPATPROTO:
    case ENODEV:
    case EADDRNOTAVAIL:
        return TROUPE_ERROR_BAD_ARGUMENT;
    default:
        return tr_zmq_failed(&socket->set->report, what, number);
    }
}

/* Watching. */

static bool has_fd(const tr_map_node *node, const void *key)
{
    return TR_CONTAINER_OF_CONST(node, struct watch, node)->fd == *(const int *) key;
}

static struct watch *find_watch(const tr_zmq_set *set, int fd)
{
    tr_map_node *node = tr_map_find(&set->by_fd, tr_hash_u64((uint64_t) fd), has_fd, &fd);
    return node != NULL ? TR_CONTAINER_OF(node, struct watch, node) : NULL;
}

static troupe_error begin_watch(tr_zmq_socket *socket, struct watch *watch, void *of)
{
    tr_zmq_set *set = socket->set;
    size_t size = sizeof watch->fd;
    const int number = result_of(zmq_getsockopt(of, ZMQ_FD, &watch->fd, &size));
    if (number != 0) {
        return tr_zmq_failed(&set->report, "ask a socket for its descriptor", number);
    }
    troupe_error error = tr_map_reserve_one(&set->by_fd);
    error = error ? error : tr_poller_add(set->poller, watch->fd, TROUPE_READABLE);
    if (error) {
        return error;
    }
    watch->owner = socket;
    watch->is_armed = true;
    watch->is_added = true;
    tr_map_add(&set->by_fd, &watch->node, tr_hash_u64((uint64_t) watch->fd));
    return TROUPE_OK;
}

static void end_watch(tr_zmq_set *set, struct watch *watch)
{
    if (watch->is_added) {
        watch->is_added = false;
        tr_map_remove(&set->by_fd, &watch->node);
        tr_poller_remove(set->poller, watch->fd);
    }
}

static void arm(tr_zmq_set *set, struct watch *watch)
{
    if (watch->is_added && !watch->is_armed) {
        watch->is_armed = tr_poller_change(set->poller, watch->fd, TROUPE_READABLE) == TROUPE_OK;
    }
}

static void make_ready(tr_zmq_socket *socket)
{
    if (!tr_list_is_linked(&socket->ready)) {
        tr_list_push_back(&socket->set->ready, &socket->ready);
    }
}

static void touch(tr_zmq_socket *socket)
{
    if (!tr_list_is_linked(&socket->touched)) {
        tr_list_push_back(&socket->set->touched, &socket->touched);
    }
}

static bool can_receive(void *socket)
{
    int events = 0;
    size_t size = sizeof events;
    return zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN) != 0;
}

/* Making. */

troupe_error tr_zmq_set_init(tr_zmq_set *set, void *context, const troupe_allocator *allocator,
                             const tr_zmq_report *report)
{
    *set = (tr_zmq_set) {.context = context, .allocator = allocator, .report = *report};
    tr_map_init(&set->by_fd, allocator);
    tr_list_init(&set->ready);
    tr_list_init(&set->touched);
    tr_list_init(&set->closed);
    return tr_poller_create(allocator, &set->poller);
}

static void free_closed(tr_zmq_set *set)
{
    for (tr_list *link = tr_list_pop_front(&set->closed); link != NULL;
         link = tr_list_pop_front(&set->closed)) {
        tr_zmq_socket *socket = TR_CONTAINER_OF(link, tr_zmq_socket, ready);
        tr_free(set->allocator, socket, sizeof *socket);
    }
}

void tr_zmq_set_fini(tr_zmq_set *set)
{
    if (set->allocator == NULL) {
        return;
    }
    TR_ASSERT(set->by_fd.count == 0 && !set->is_looking);
    free_closed(set);
    tr_map_fini(&set->by_fd);
    tr_poller_destroy(&set->poller);
}

struct setting {
    int option;
    int value;
};

static int set_all(void *socket, const struct setting *settings, size_t count)
{
    int number = 0;
    for (size_t i = 0; i < count && number == 0; i++) {
        number = result_of(zmq_setsockopt(socket, settings[i].option, &settings[i].value,
                                          sizeof settings[i].value));
    }
    return number;
}

static int set_common(void *socket, const tr_zmq_options *options)
{
    const struct setting settings[] = {
        {ZMQ_LINGER, (int) options->linger_ms},
        {ZMQ_SNDHWM, (int) options->queue_max},
        {ZMQ_RCVHWM, (int) options->queue_max},
        {ZMQ_HEARTBEAT_IVL, (int) options->heartbeat_ms},
        {ZMQ_HEARTBEAT_TIMEOUT, (int) (options->heartbeat_ms * 2)},
        {ZMQ_HEARTBEAT_TTL, (int) (options->heartbeat_ms * 3)},
        {ZMQ_HANDSHAKE_IVL, (int) options->handshake_ms},
        {ZMQ_CONNECT_TIMEOUT, (int) options->handshake_ms},
        {ZMQ_RECONNECT_IVL, -1}, /* who dials sees to that */
        {ZMQ_IPV6, 1},
    };
    const int64_t bytes_max = options->message_bytes_max;
    int number = set_all(socket, settings, sizeof settings / sizeof settings[0]);
    if (number == 0) {
        number = result_of(zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &bytes_max, sizeof bytes_max));
    }
    if (number == 0 && options->id != NULL) {
        number = result_of(zmq_setsockopt(socket, ZMQ_ROUTING_ID, options->id, options->id_size));
    }
    const struct setting router = {ZMQ_ROUTER_MANDATORY, 1};
    const struct setting dealer = {ZMQ_IMMEDIATE, 1};
    return number != 0 ? number
                       : set_all(socket, options->type == ZMQ_ROUTER ? &router : &dealer, 1);
}

static int set_keys(void *socket, const tr_zmq_keys *keys)
{
    int number = result_of(
        zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->public_key, strlen(keys->public_key)));
    if (number == 0) {
        number = result_of(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->secret_key,
                                          strlen(keys->secret_key)));
    }
    if (number == 0 && keys->server_key != NULL) {
        number = result_of(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, keys->server_key,
                                          strlen(keys->server_key)));
    } else if (number == 0) {
        /* The second by number: without it a handler that is not there lets everybody in. */
        const struct setting settings[] = {{ZMQ_CURVE_SERVER, 1}, {93, 1}};
        number = set_all(socket, settings, 2);
        if (number == 0) {
            number = result_of(zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, "troupe", 6));
        }
    }
    return number;
}

/* What is heard of a socket comes by a socket of its own, which has to be read. */
static int begin_monitor(tr_zmq_socket *socket)
{
    tr_zmq_set *set = socket->set;
    char endpoint[48];
    int number = EADDRINUSE; /* the name of one of an earlier set that is being closed still */
    for (unsigned i = 0; number == EADDRINUSE && i < NAMES_TRIED; i++) {
        (void) snprintf(endpoint, sizeof endpoint, "inproc://monitor-%" PRIxPTR "-%" PRIu64,
                        (uintptr_t) set, set->monitors++); /* fits */
        number = result_of(zmq_socket_monitor(socket->socket, endpoint, tr_zmq_news_events));
    }
    if (number != 0) {
        return number;
    }
    socket->monitor = zmq_socket(set->context, ZMQ_PAIR);
    if (socket->monitor == NULL) {
        return errno;
    }
    const struct setting settings[] = {{ZMQ_LINGER, 0}};
    number = set_all(socket->monitor, settings, 1);
    return number != 0 ? number : result_of(zmq_connect(socket->monitor, endpoint));
}

/* ZeroMQ's thread may wait for room in it, with the lock that its end needs. */
static void end_monitor(tr_zmq_socket *socket)
{
    tr_zmq_notice notice;
    while (socket->monitor != NULL && tr_zmq_news_take(&socket->news, socket->monitor, &notice)) {}
    (void) zmq_socket_monitor(socket->socket, NULL, 0); /* there may be none */
}

static troupe_error make(tr_zmq_socket *socket, const tr_zmq_options *options)
{
    const tr_zmq_report *report = &socket->set->report;
    socket->socket = zmq_socket(socket->set->context, options->type);
    if (socket->socket == NULL) {
        return tr_zmq_failed(report, "make a socket", errno);
    }
    int number = set_common(socket->socket, options);
    if (number == 0 && options->keys != NULL) {
        number = set_keys(socket->socket, options->keys);
        if (number == EINVAL) {
            return TROUPE_ERROR_BAD_ARGUMENT;
        }
    }
    if (number == 0) {
        number = begin_monitor(socket);
    }
    if (number != 0) {
        return tr_zmq_failed(report, "make a socket ready", number);
    }
    const troupe_error error = begin_watch(socket, &socket->watch, socket->socket);
    return error ? error : begin_watch(socket, &socket->monitor_watch, socket->monitor);
}

troupe_error tr_zmq_open(tr_zmq_set *set, const tr_zmq_options *options, const tr_zmq_owner *owner,
                         tr_zmq_socket **out_socket)
{
    tr_zmq_socket *socket = tr_allocate(set->allocator, sizeof *socket);
    TR_REQUIRE(socket != NULL, NO_MEMORY);
    socket->set = set;
    socket->owner = owner;
    tr_list_init(&socket->ready);
    tr_list_init(&socket->touched);
    socket->may_have_news = true;
    socket->ends = -1;
    tr_zmq_news_init(&socket->news, set->allocator);
    const troupe_error error = make(socket, options);
    if (error) {
        tr_zmq_close(&socket);
        return error;
    }
    touch(socket);
    *out_socket = socket;
    return TROUPE_OK;
}

void tr_zmq_close(tr_zmq_socket **in_socket)
{
    tr_zmq_socket *socket = *in_socket;
    *in_socket = NULL;
    if (socket == NULL) {
        return;
    }
    tr_zmq_set *set = socket->set;
    end_watch(set, &socket->watch);
    end_watch(set, &socket->monitor_watch);
    if (socket->socket != NULL) {
        end_monitor(socket);
        TR_ASSERT(zmq_close(socket->socket) == 0);
        socket->socket = NULL;
    }
    if (socket->monitor != NULL) {
        TR_ASSERT(zmq_close(socket->monitor) == 0);
        socket->monitor = NULL;
    }
    tr_zmq_news_fini(&socket->news);
    tr_list_remove(&socket->ready);
    tr_list_remove(&socket->touched);
    tr_list_push_back(&set->closed, &socket->ready);
    if (!set->is_looking) {
        free_closed(set);
    }
}

/* Connections. */

troupe_error tr_zmq_listen(tr_zmq_socket *socket, const char *endpoint)
{
    touch(socket);
    return error_of(socket, "listen", result_of(zmq_bind(socket->socket, endpoint)));
}

troupe_error tr_zmq_listen_by(tr_zmq_socket *socket, const char *endpoint, int fd)
{
    const int number = result_of(zmq_setsockopt(socket->socket, ZMQ_USE_FD, &fd, sizeof fd));
    return number != 0 ? error_of(socket, "set an option", number)
                       : tr_zmq_listen(socket, endpoint);
}

/* A socket for both has IPv4 addresses in brackets. */
static void make_plain(char *endpoint)
{
    static const char mapped[] = "tcp://[::ffff:";
    char *end = strchr(endpoint, ']');
    if (strncmp(endpoint, mapped, sizeof mapped - 1) == 0 && end != NULL) {
        const char *address = endpoint + sizeof mapped - 1;
        const size_t length = (size_t) (end - address);
        char *at = endpoint + strlen("tcp://");
        memmove(at, address, length);
        memmove(at + length, end + 1, strlen(end + 1) + 1);
    }
}

troupe_error tr_zmq_endpoint(const tr_zmq_socket *socket, char *out_text, size_t size)
{
    const int number =
        result_of(zmq_getsockopt(socket->socket, ZMQ_LAST_ENDPOINT, out_text, &size));
    if (number == 0) {
        make_plain(out_text);
    }
    return error_of(socket, "ask a socket where it listens", number);
}

troupe_error tr_zmq_dial(tr_zmq_socket *socket, const char *endpoint)
{
    touch(socket);
    return error_of(socket, "connect", result_of(zmq_connect(socket->socket, endpoint)));
}

/* Messages. */

static void drop_share(void *data, void *crate)
{
    (void) data;
    tr_crate_drop(crate);
}

static int send_part(void *socket, const tr_zmq_part *part, tr_crate *crate, int flags)
{
    zmq_msg_t message;
    const bool is_lent = crate != NULL && part->size >= LENT_BYTES_MIN && !TR_THREAD_SANITIZER;
    if (!is_lent || zmq_msg_init_data(&message, (void *) (uintptr_t) part->data, part->size,
                                      drop_share, crate) != 0) {
        return result_of(zmq_send(socket, part->data, part->size, flags));
    }
    tr_crate_share(crate);
    const int number = result_of(zmq_msg_send(&message, socket, flags));
    if (number != 0) {
        (void) zmq_msg_close(&message); /* it has its share back */
    }
    return number;
}

/* Once the first has gone the others do. */
static int send_parts(void *socket, const tr_zmq_part *parts, size_t count, tr_crate *crate)
{
    int number = 0;
    tr_tsan_ignore();
    for (size_t i = 0; i < count && number == 0; i++) {
        const bool is_last = i + 1 == count;
        number = send_part(socket, &parts[i], is_last ? crate : NULL,
                           ZMQ_DONTWAIT | (is_last ? 0 : ZMQ_SNDMORE));
    }
    tr_tsan_heed();
    return number;
}

troupe_error tr_zmq_send(tr_zmq_socket *socket, const tr_zmq_part *parts, size_t count)
{
    return tr_zmq_lend(socket, parts, count, NULL);
}

troupe_error tr_zmq_lend(tr_zmq_socket *socket, const tr_zmq_part *parts, size_t count,
                         tr_crate *crate)
{
    touch(socket);
    int number = send_parts(socket->socket, parts, count, crate);
    if (number == EAGAIN) { /* it may not have noticed that there is room */
        (void) can_receive(socket->socket);
        number = send_parts(socket->socket, parts, count, crate);
    }
    switch (number) {
    case 0:
        return TROUPE_OK;
    case EAGAIN:
        return TROUPE_ERROR_MAILBOX_FULL;
    case EHOSTUNREACH:
        return TROUPE_ERROR_UNREACHABLE;
    default:
        return tr_zmq_failed(&socket->set->report, "send", number);
    }
}

bool tr_zmq_receive(tr_zmq_socket *socket, zmq_msg_t *part)
{
    tr_tsan_ignore();
    const bool is_there =
        socket->socket != NULL && zmq_msg_recv(part, socket->socket, ZMQ_DONTWAIT) >= 0;
    tr_tsan_heed();
    return is_there;
}

const char *tr_zmq_plain_address(const char *address)
{
    static const char mapped[] = "::ffff:";
    const bool is_mapped = strncmp(address, mapped, sizeof mapped - 1) == 0;
    return is_mapped ? address + sizeof mapped - 1 : address;
}

/* Looking. */

/* What had come by a connection before it broke is there when that is told. */
static void take_the_rest(tr_zmq_socket *socket)
{
    for (unsigned i = 0; i < TURNS_MAX && socket->socket != NULL && can_receive(socket->socket);
         i++) {
        socket->owner->readable(socket->owner->context, socket);
    }
}

static bool take_event(tr_zmq_socket *socket)
{
    tr_zmq_notice notice;
    if (socket->monitor == NULL || !tr_zmq_news_take(&socket->news, socket->monitor, &notice)) {
        return false;
    }
    const tr_zmq_event what = tr_zmq_event_of(notice.event);
    socket->told = notice.order;
    if (what == TR_ZMQ_DISCONNECTED) {
        socket->ends = notice.value;
        take_the_rest(socket);
        socket->ends = -1;
    }
    if (notice.event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) {
        notice.value = -1; /* it is an errno, and the descriptor's end is told of as well */
    }
    if (what != TR_ZMQ_EVENT_COUNT) {
        socket->owner->happened(socket->owner->context, socket, what, notice.value);
    }
    return true;
}

uint64_t tr_zmq_beginning(tr_zmq_socket *socket, int fd)
{
    return socket->monitor != NULL ? tr_zmq_news_beginning(&socket->news, socket->monitor, fd) : 0;
}

bool tr_zmq_is_over(tr_zmq_socket *socket, int fd, uint64_t begun)
{
    return socket->monitor == NULL || (socket->ends == fd && socket->told > begun) ||
           tr_zmq_news_is_over(&socket->news, socket->monitor, fd, begun);
}

uint64_t tr_zmq_told(const tr_zmq_socket *socket)
{
    return socket->told;
}

/* Who has closed it is not asked any more. */
static void serve(tr_zmq_socket *socket)
{
    tr_zmq_set *set = socket->set;
    const bool looks = socket->may_have_news || !socket->monitor_watch.is_armed ||
                       tr_zmq_news_are_kept(&socket->news);
    socket->may_have_news = false;
    while (looks && take_event(socket)) {}
    if (socket->socket != NULL && can_receive(socket->socket)) {
        socket->owner->readable(socket->owner->context, socket);
    }
    if (socket->socket == NULL) {
        return;
    }
    arm(set, &socket->watch);
    arm(set, &socket->monitor_watch);
    const bool has_news =
        tr_zmq_news_are_kept(&socket->news) || (looks && can_receive(socket->monitor));
    if (can_receive(socket->socket) || has_news) {
        socket->may_have_news = looks;
        make_ready(socket);
    }
}

static void take_reports(tr_zmq_set *set)
{
    const tr_poller_event *events = NULL;
    const uint32_t count = tr_poller_look(set->poller, &events);
    for (uint32_t i = 0; i < count; i++) {
        struct watch *watch = find_watch(set, events[i].fd);
        if (watch != NULL) {
            watch->is_armed = false;
            make_ready(watch->owner);
        }
    }
}

bool tr_zmq_look(tr_zmq_set *set)
{
    take_reports(set);
    if (tr_list_is_empty(&set->ready)) {
        return false;
    }
    /* Each has its turn once: those that are ready again stand behind the mark. */
    tr_list mark;
    tr_list_init(&mark);
    tr_list_push_back(&set->ready, &mark);
    set->is_looking = true;
    for (tr_list *link = tr_list_pop_front(&set->ready); link != &mark;
         link = tr_list_pop_front(&set->ready)) {
        tr_zmq_socket *socket = TR_CONTAINER_OF(link, tr_zmq_socket, ready);
        tr_list_remove(&socket->touched);
        serve(socket);
    }
    set->is_looking = false;
    free_closed(set);
    return true;
}

bool tr_zmq_prepare_sleep(tr_zmq_set *set)
{
    for (tr_list *link = tr_list_pop_front(&set->touched); link != NULL;
         link = tr_list_pop_front(&set->touched)) {
        tr_zmq_socket *socket = TR_CONTAINER_OF(link, tr_zmq_socket, touched);
        const bool has_news = tr_zmq_news_are_kept(&socket->news) ||
                              (socket->may_have_news && can_receive(socket->monitor));
        if (can_receive(socket->socket) || has_news) {
            make_ready(socket);
        }
    }
    return tr_list_is_empty(&set->ready);
}

int tr_zmq_fd(const tr_zmq_set *set)
{
    return tr_poller_fd(set->poller);
}
