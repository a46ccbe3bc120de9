/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <troupe/actor.h>
#include <troupe/io.h>
#include <unistd.h>

#include "base/assert.h"
#include "io/deadline.h"
#include "io/errors.h"

/* No errno is kept across a wait, after which the actor may be on another thread: what the system
 * is asked for is asked for in functions of its own, which give the count or the negative errno. */

__attribute__((noinline)) static ssize_t try_read(int fd, void *buffer, size_t size)
{
    for (;;) {
        ssize_t count = recv(fd, buffer, size, MSG_DONTWAIT);
        if (count < 0 && errno == ENOTSOCK) {
            count = read(fd, buffer, size);
        }
        if (count >= 0 || errno != EINTR) {
            return count >= 0 ? count : -errno;
        }
    }
}

/* As write, but the signal that a pipe without a reader raises is taken back. */
static ssize_t write_quietly(int fd, const void *data, size_t size)
{
    sigset_t pipe_signal;
    sigset_t before;
    sigset_t pending;
    (void) sigemptyset(&pipe_signal);
    (void) sigaddset(&pipe_signal, SIGPIPE);
    (void) sigpending(&pending);
    const bool was_pending = sigismember(&pending, SIGPIPE) == 1;
    (void) pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    const ssize_t count = write(fd, data, size);
    const int number = errno;
    if (count < 0 && number == EPIPE && !was_pending) {
        const struct timespec now = {0};
        (void) sigtimedwait(&pipe_signal, NULL, &now); /* it is there, or was ignored */
    }
    (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = number;
    return count;
}

__attribute__((noinline)) static ssize_t try_write(int fd, const void *data, size_t size)
{
    for (;;) {
        ssize_t count = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count < 0 && errno == ENOTSOCK) {
            count = write_quietly(fd, data, size);
        }
        if (count >= 0 || errno != EINTR) {
            return count >= 0 ? count : -errno;
        }
    }
}

static bool would_block(ssize_t count)
{
    return count == -EAGAIN;
}

static troupe_error failed(ssize_t count, troupe_transfer *transfer)
{
    transfer->system_error = (int) -count;
    return tr_io_error(transfer->system_error);
}

/* What is to be read: at least `least` bytes of the `size` that fit. */
struct room {
    unsigned char *bytes;
    size_t size;
    size_t least;
};

static troupe_error read_bytes(troupe_self *self, int fd, const struct room *room,
                               uint64_t deadline_ns, troupe_transfer *transfer)
{
    while (transfer->count < room->least) {
        /* Also what is never out of bytes is stopped, and lets others run. */
        troupe_error error = troupe_sleep(self, TROUPE_NOW);
        ssize_t count = -EAGAIN;
        while (error == TROUPE_OK && would_block(count)) {
            count = try_read(fd, room->bytes + transfer->count, room->size - transfer->count);
            if (would_block(count)) {
                error =
                    troupe_wait_fd(self, fd, TROUPE_READABLE, tr_io_left(self, deadline_ns), NULL);
            }
        }
        if (error) {
            return error;
        }
        if (count <= 0) {
            return count == 0 ? TROUPE_ERROR_END : failed(count, transfer);
        }
        transfer->count += (size_t) count;
    }
    return TROUPE_OK;
}

static troupe_error write_bytes(troupe_self *self, int fd, const unsigned char *data, size_t size,
                                uint64_t deadline_ns, troupe_transfer *transfer)
{
    while (transfer->count < size) {
        troupe_error error = troupe_yield(self); /* a stop lets it finish */
        ssize_t count = -EAGAIN;
        while (error == TROUPE_OK && would_block(count)) {
            count = try_write(fd, data + transfer->count, size - transfer->count);
            if (would_block(count)) {
                error =
                    troupe_wait_fd(self, fd, TROUPE_WRITABLE, tr_io_left(self, deadline_ns), NULL);
            }
        }
        if (error) {
            return error;
        }
        if (count < 0) {
            return failed(count, transfer);
        }
        transfer->count += (size_t) count;
    }
    return TROUPE_OK;
}

static troupe_error read_into(troupe_self *self, int fd, const struct room *room,
                              troupe_timeout timeout, troupe_transfer *out_transfer)
{
    troupe_transfer transfer = {0};
    troupe_error error = TROUPE_ERROR_BAD_ARGUMENT;
    if (self != NULL && fd >= 0 && room->bytes != NULL && room->size > 0) {
        error = read_bytes(self, fd, room, tr_io_deadline(self, timeout), &transfer);
    }
    if (out_transfer != NULL) {
        *out_transfer = transfer;
    }
    return error;
}

troupe_error troupe_read_fd(troupe_self *self, int fd, void *buffer, size_t size,
                            troupe_timeout timeout, troupe_transfer *out_transfer)
{
    TR_REQUIRE(out_transfer != NULL || size == 1, BAD_ARGUMENT);
    const struct room room = {.bytes = buffer, .size = size, .least = 1};
    return read_into(self, fd, &room, timeout, out_transfer);
}

troupe_error troupe_read_fd_all(troupe_self *self, int fd, void *buffer, size_t size,
                                troupe_timeout timeout, troupe_transfer *out_transfer)
{
    const struct room room = {.bytes = buffer, .size = size, .least = size};
    return read_into(self, fd, &room, timeout, out_transfer);
}

troupe_error troupe_write_fd(troupe_self *self, int fd, const void *data, size_t size,
                             troupe_timeout timeout, troupe_transfer *out_transfer)
{
    troupe_transfer transfer = {0};
    troupe_error error = TROUPE_ERROR_BAD_ARGUMENT;
    if (self != NULL && fd >= 0 && data != NULL && size > 0) {
        error = write_bytes(self, fd, data, size, tr_io_deadline(self, timeout), &transfer);
    }
    if (out_transfer != NULL) {
        *out_transfer = transfer;
    }
    return error;
}

void troupe_close_fd(troupe_self *self, int fd)
{
    if (fd >= 0) {
        troupe_forget_fd(self, fd);
        (void) close(fd); /* it is gone in any case */
    }
}
