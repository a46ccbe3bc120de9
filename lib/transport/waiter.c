/* SPDX-License-Identifier: MIT */
#include "transport/waiter.h"

#include "base/assert.h"
#include "base/memory.h"
#include "transport/zmq_errors.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

struct tr_waiter {
    const troupe_allocator *allocator; /* borrowed */
    int set;
    int wake;                /* an eventfd; its tag in the set is NULL */
    bool is_nanosecond_wait; /* the kernel has epoll_pwait2, as far as we know */
    struct epoll_event raw[TR_WAITER_EVENTS_MAX];
    tr_waiter_event events[TR_WAITER_EVENTS_MAX];
};

static int add_to_set(tr_waiter *waiter, int fd, uint32_t events, void *tag)
{
    struct epoll_event event = {.events = events, .data.ptr = tag};
    return epoll_ctl(waiter->set, EPOLL_CTL_ADD, fd, &event);
}

troupe_error tr_waiter_create(const troupe_allocator *allocator, tr_waiter **out_waiter)
{
    tr_waiter *waiter = tr_allocate(allocator, sizeof *waiter);
    TR_REQUIRE(waiter != NULL, NO_MEMORY);
    waiter->allocator = allocator;
    waiter->is_nanosecond_wait = true;
    waiter->wake = -1;

    waiter->set = epoll_create1(EPOLL_CLOEXEC);
    if (waiter->set < 0) {
        goto fail;
    }
    waiter->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (waiter->wake < 0 || add_to_set(waiter, waiter->wake, EPOLLIN, NULL) != 0) {
        goto fail;
    }

    *out_waiter = waiter;
    return TROUPE_OK;

fail:;
    const troupe_error error = tr_zmq_error(errno);
    tr_waiter_destroy(&waiter);
    return error;
}

void tr_waiter_destroy(tr_waiter **waiter)
{
    if (*waiter == NULL) {
        return;
    }
    if ((*waiter)->wake >= 0) {
        (void) close((*waiter)->wake); /* nothing is written that could be lost */
    }
    if ((*waiter)->set >= 0) {
        (void) close((*waiter)->set);
    }
    tr_free((*waiter)->allocator, *waiter, sizeof **waiter);
    *waiter = NULL;
}

troupe_error tr_waiter_add(tr_waiter *waiter, int fd, tr_waiter_interest interest, void *tag)
{
    TR_ASSERT(tag != NULL);
    const uint32_t events = ((interest & TR_WAITER_READ) != 0 ? EPOLLIN : 0) |
                            ((interest & TR_WAITER_WRITE) != 0 ? EPOLLOUT : 0);
    if (add_to_set(waiter, fd, events, tag) == 0) {
        return TROUPE_OK;
    }
    const int number = errno;
    const bool is_the_callers = number == EPERM || number == EBADF || number == EEXIST;
    return is_the_callers ? TROUPE_ERROR_BAD_ARGUMENT : tr_zmq_error(number);
}

void tr_waiter_remove(tr_waiter *waiter, int fd)
{
    /* Fails only for a descriptor that its owner has closed, and that has left the set with it. */
    (void) epoll_ctl(waiter->set, EPOLL_CTL_DEL, fd, NULL);
}

/* Milliseconds, rounded up so that the deadline has come when the wait ends. */
static int wait_by_milliseconds(tr_waiter *waiter, uint64_t timeout_ns)
{
    int timeout_ms = -1;
    if (timeout_ns != TR_NEVER) {
        const uint64_t rounded = timeout_ns / NS_PER_MS + (timeout_ns % NS_PER_MS != 0);
        timeout_ms = rounded < INT_MAX ? (int) rounded : INT_MAX;
    }
    return epoll_wait(waiter->set, waiter->raw, TR_WAITER_EVENTS_MAX, timeout_ms);
}

static int wait_for_events(tr_waiter *waiter, uint64_t timeout_ns)
{
    if (waiter->is_nanosecond_wait) {
        const struct timespec timeout = {.tv_sec = (time_t) (timeout_ns / NS_PER_S),
                                         .tv_nsec = (long) (timeout_ns % NS_PER_S)};
        const int count = epoll_pwait2(waiter->set, waiter->raw, TR_WAITER_EVENTS_MAX,
                                       timeout_ns != TR_NEVER ? &timeout : NULL, NULL);
        if (count >= 0 || (errno != ENOSYS && errno != EPERM)) {
            return count;
        }
        /* Linux before 5.11, or a filter of system calls that does not know it. */
        waiter->is_nanosecond_wait = false;
    }
    return wait_by_milliseconds(waiter, timeout_ns);
}

/* Errors and hang-ups as both: who reads or writes then is told which. */
static uint32_t ready_of(uint32_t events)
{
    const uint32_t read = (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0 ? TR_WAITER_READ : 0;
    const uint32_t write = (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0 ? TR_WAITER_WRITE : 0;
    return read | write;
}

static void take_wakes(tr_waiter *waiter)
{
    uint64_t wakes = 0;
    const ssize_t size = read(waiter->wake, &wakes, sizeof wakes);
    TR_ASSERT(size == (ssize_t) sizeof wakes);
}

uint32_t tr_waiter_wait(tr_waiter *waiter, uint64_t deadline_ns, uint64_t now_ns,
                        const tr_waiter_event **out_events)
{
    uint64_t timeout_ns = TR_NEVER;
    if (deadline_ns != TR_NEVER) {
        timeout_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
    }
    const int raw_count = wait_for_events(waiter, timeout_ns);
    TR_ASSERT(raw_count >= 0 || errno == EINTR);

    uint32_t count = 0;
    for (int i = 0; i < raw_count; i++) {
        if (waiter->raw[i].data.ptr == NULL) {
            take_wakes(waiter);
            continue;
        }
        waiter->events[count].tag = waiter->raw[i].data.ptr;
        waiter->events[count].ready = ready_of(waiter->raw[i].events);
        count++;
    }
    *out_events = waiter->events;
    return count;
}

void tr_waiter_wake(tr_waiter *waiter)
{
    const uint64_t one = 1;
    const ssize_t size = write(waiter->wake, &one, sizeof one);
    /* Refused only when the count is at its end, and then there are wakes enough. */
    TR_ASSERT(size == (ssize_t) sizeof one || errno == EAGAIN);
}
