/* SPDX-License-Identifier: MIT */
#include "transport/poller.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <troupe/io.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/memory.h"
#include "transport/zmq_errors.h"

struct tr_poller {
    const troupe_allocator *allocator; /* borrowed */
    int set;
    struct epoll_event raw[TR_POLLER_EVENTS_MAX];
    tr_poller_event events[TR_POLLER_EVENTS_MAX];
};

troupe_error tr_poller_create(const troupe_allocator *allocator, tr_poller **out_poller)
{
    tr_poller *poller = tr_allocate(allocator, sizeof *poller);
    TR_REQUIRE(poller != NULL, NO_MEMORY);
    poller->allocator = allocator;
    poller->set = epoll_create1(EPOLL_CLOEXEC);
    if (poller->set < 0) {
        const troupe_error error = tr_zmq_error(errno);
        tr_poller_destroy(&poller);
        return error;
    }
    *out_poller = poller;
    return TROUPE_OK;
}

void tr_poller_destroy(tr_poller **in_poller)
{
    tr_poller *poller = *in_poller;
    if (poller == NULL) {
        return;
    }
    *in_poller = NULL;
    if (poller->set >= 0) {
        (void) close(poller->set); /* nothing is written that could be lost */
    }
    tr_free(poller->allocator, poller, sizeof *poller);
}

int tr_poller_fd(const tr_poller *poller)
{
    return poller->set;
}

bool tr_poller_is_ready(const tr_poller *poller)
{
    struct pollfd set = {.fd = poller->set, .events = POLLIN};
    return poll(&set, 1, 0) > 0;
}

static bool has(uint32_t events, troupe_fd_event event)
{
    return (events & (uint32_t) event) != 0;
}

static troupe_error control(const tr_poller *poller, int operation, int fd, uint32_t events)
{
    struct epoll_event event = {.events = EPOLLONESHOT | EPOLLRDHUP, .data.fd = fd};
    event.events |= has(events, TROUPE_READABLE) ? (uint32_t) EPOLLIN : 0U;
    event.events |= has(events, TROUPE_WRITABLE) ? (uint32_t) EPOLLOUT : 0U;
    if (epoll_ctl(poller->set, operation, fd, &event) == 0) {
        return TROUPE_OK;
    }
    switch (errno) {
    case EBADF:
    case ENOENT: /* its number may mean another by now */
    case EEXIST:
    case EPERM: /* a file on disk */
    case EINVAL:
    case ELOOP:
        return TROUPE_ERROR_BAD_ARGUMENT;
    case ENOSPC: /* the system's limit on watches */
        return TROUPE_ERROR_LIMIT_REACHED;
    default:
        return tr_zmq_error(errno);
    }
}

troupe_error tr_poller_add(tr_poller *poller, int fd, uint32_t events)
{
    return control(poller, EPOLL_CTL_ADD, fd, events);
}

troupe_error tr_poller_change(tr_poller *poller, int fd, uint32_t events)
{
    return control(poller, EPOLL_CTL_MOD, fd, events);
}

void tr_poller_remove(tr_poller *poller, int fd)
{
    /* Fails only for one that its owner has closed, and that has left the set with it. */
    (void) epoll_ctl(poller->set, EPOLL_CTL_DEL, fd, NULL);
}

uint32_t tr_poller_look(tr_poller *poller, const tr_poller_event **out_events)
{
    const int count = epoll_wait(poller->set, poller->raw, TR_POLLER_EVENTS_MAX, 0);
    TR_ASSERT(count >= 0 || errno == EINTR);
    for (int i = 0; i < count; i++) {
        const uint32_t raw = poller->raw[i].events;
        const bool is_over = (raw & (EPOLLERR | EPOLLHUP)) != 0;
        uint32_t ready = is_over || (raw & (EPOLLIN | EPOLLRDHUP)) != 0 ? TROUPE_READABLE : 0;
        ready |= is_over || (raw & EPOLLOUT) != 0 ? (uint32_t) TROUPE_WRITABLE : 0;
        poller->events[i] = (tr_poller_event) {.fd = poller->raw[i].data.fd, .ready = ready};
    }
    *out_events = poller->events;
    return count > 0 ? (uint32_t) count : 0;
}

troupe_error tr_poller_look_at(int fd, uint32_t events, uint32_t *out_ready)
{
    struct pollfd one = {.fd = fd};
    one.events = (short) (has(events, TROUPE_READABLE) ? POLLIN : 0);
    one.events = (short) (one.events | (has(events, TROUPE_WRITABLE) ? POLLOUT : 0));
    int count = -1;
    do {
        count = poll(&one, 1, 0);
    } while (count < 0 && errno == EINTR);
    TR_REQUIRE(count >= 0, SYSTEM);
    TR_REQUIRE((one.revents & POLLNVAL) == 0, BAD_ARGUMENT);
    const bool is_over = (one.revents & (POLLERR | POLLHUP)) != 0;
    uint32_t ready = is_over || (one.revents & POLLIN) != 0 ? TROUPE_READABLE : 0;
    ready |= is_over || (one.revents & POLLOUT) != 0 ? (uint32_t) TROUPE_WRITABLE : 0;
    *out_ready = ready & events;
    return TROUPE_OK;
}
