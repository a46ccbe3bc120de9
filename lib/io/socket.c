/* SPDX-License-Identifier: MIT */
#include <troupe/socket.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <troupe/io.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/options.h"
#include "io/deadline.h"
#include "io/errors.h"
#include "io/resolve.h"

#define BACKLOG_DEFAULT 128
/* When a local socket whose queue of connections is full is tried again: nothing tells when. */
#define RETRY_NS 1000000

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_socket_options, backlog);

static bool read_options(const troupe_socket_options *given, troupe_socket_options *options)
{
    return given != NULL && tr_options_read(options, sizeof *options, given) &&
           options->port <= UINT16_MAX && options->backlog <= INT32_MAX &&
           (options->path == NULL || (options->host == NULL && options->port == 0));
}

/* Each gives 0 or a descriptor, or the negative errno; as in fd.c. */

__attribute__((noinline)) static int begin_connect(const tr_io_address *address, int *out_fd)
{
    const int fd = socket(address->value.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    const int yes = 1;
    if (address->value.ss_family != AF_UNIX) {
        (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes); /* it only helps */
    }
    *out_fd = fd;
    return connect(fd, (const struct sockaddr *) &address->value, address->size) == 0 ? 0 : -errno;
}

__attribute__((noinline)) static int result_of_connect(int fd)
{
    int number = 0;
    socklen_t size = sizeof number;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size) == 0 ? -number : -errno;
}

__attribute__((noinline)) static int try_accept(int listener)
{
    const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    const int yes = 1;
    (void) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes); /* fails for local ones */
    return fd;
}

static troupe_error try_address(troupe_self *self, const tr_io_address *address,
                                uint64_t deadline_ns, int *out_fd, int *system_error)
{
    int fd = -1;
    int result = begin_connect(address, &fd);
    troupe_error error = TROUPE_OK;
    if (result == -EINPROGRESS || result == -EINTR) {
        error = troupe_wait_fd(self, fd, TROUPE_WRITABLE, tr_io_left(self, deadline_ns), NULL);
        result = error == TROUPE_OK ? result_of_connect(fd) : 0;
    }
    if (error == TROUPE_OK && result < 0) {
        *system_error = -result;
        error = tr_io_error(-result);
    }
    if (error) {
        troupe_close_fd(self, fd);
        return error;
    }
    *out_fd = fd;
    return TROUPE_OK;
}

/* A local one, tried again while its queue is full. */
static troupe_error connect_path(troupe_self *self, const char *path, uint64_t deadline_ns,
                                 int *out_fd, int *system_error)
{
    tr_io_address address;
    troupe_error error = tr_io_address_of_path(path, &address);
    while (error == TROUPE_OK) {
        error = try_address(self, &address, deadline_ns, out_fd, system_error);
        if (*system_error != EAGAIN) {
            return error;
        }
        const troupe_timeout left = tr_io_left(self, deadline_ns);
        if (left.ns <= 1) {
            return TROUPE_ERROR_TIMED_OUT;
        }
        *system_error = 0;
        error = troupe_sleep(self, troupe_timeout_of_ns(left.ns < RETRY_NS ? left.ns : RETRY_NS));
    }
    return error;
}

/* The share of one of so many in what is left. */
static uint64_t share_of(const troupe_self *self, uint64_t deadline_ns, uint32_t count)
{
    const uint64_t now_ns = troupe_self_now_ns(self);
    if (deadline_ns == TR_NEVER || deadline_ns <= now_ns) {
        return deadline_ns;
    }
    return now_ns + (deadline_ns - now_ns) / count;
}

/* Whether another address may do better. */
static bool is_of_the_address(troupe_error error)
{
    return error == TROUPE_ERROR_DISCONNECTED || error == TROUPE_ERROR_TIMED_OUT ||
           error == TROUPE_ERROR_SYSTEM;
}

static troupe_error connect_host(troupe_self *self, const troupe_socket_options *options,
                                 uint64_t deadline_ns, int *out_fd, int *system_error)
{
    tr_io_addresses addresses = {.count = 0};
    troupe_error error = tr_io_resolve(self, options->host, options->port,
                                       tr_io_left(self, deadline_ns), &addresses);
    if (error) {
        *system_error = addresses.system_error;
        return error;
    }
    for (uint32_t i = 0; i < addresses.count; i++) {
        const uint64_t until_ns = share_of(self, deadline_ns, addresses.count - i);
        *system_error = 0;
        error = try_address(self, &addresses.list[i], until_ns, out_fd, system_error);
        if (!is_of_the_address(error)) {
            return error;
        }
    }
    return error;
}

troupe_error troupe_socket_connect(troupe_self *self, const troupe_socket_options *given,
                                   troupe_timeout timeout, int *out_fd, int *out_system_error)
{
    troupe_socket_options options;
    int system_error = 0;
    troupe_error error = TROUPE_ERROR_BAD_ARGUMENT;
    if (self != NULL && out_fd != NULL && read_options(given, &options) &&
        (options.path != NULL || options.port != 0)) {
        const uint64_t deadline_ns = tr_io_deadline(self, timeout);
        error = troupe_yield(self); /* what is cancelled does not begin */
        if (error == TROUPE_OK) {
            error = options.path != NULL
                        ? connect_path(self, options.path, deadline_ns, out_fd, &system_error)
                        : connect_host(self, &options, deadline_ns, out_fd, &system_error);
        }
    }
    if (out_system_error != NULL) {
        *out_system_error = system_error;
    }
    return error;
}

/* 0, or the negative errno. */
static int open_listener(const tr_io_address *address, int backlog, int *out_fd)
{
    const int fd = socket(address->value.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int yes = 1;
    if (fd >= 0 &&
        (address->value.ss_family == AF_UNIX ||
         setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0) &&
        bind(fd, (const struct sockaddr *) &address->value, address->size) == 0 &&
        listen(fd, backlog) == 0) {
        *out_fd = fd;
        return 0;
    }
    const int number = errno;
    if (fd >= 0) {
        (void) close(fd); /* nothing is written that could be lost */
    }
    return -number;
}

troupe_error troupe_socket_listen(const troupe_socket_options *given, int *out_fd,
                                  int *out_system_error)
{
    troupe_socket_options options;
    tr_io_addresses addresses = {.count = 0};
    if (out_system_error != NULL) {
        *out_system_error = 0;
    }
    TR_REQUIRE(out_fd != NULL && read_options(given, &options), BAD_ARGUMENT);
    const troupe_error error = options.path != NULL
                                   ? tr_io_address_of_path(options.path, &addresses.list[0])
                                   : tr_io_address_of(options.host, options.port, &addresses);
    if (error) {
        return error;
    }
    const uint32_t backlog = options.backlog != 0 ? options.backlog : BACKLOG_DEFAULT;
    const int result = open_listener(&addresses.list[0], (int) backlog, out_fd);
    if (result < 0 && out_system_error != NULL) {
        *out_system_error = -result;
    }
    return result < 0 ? tr_io_error(-result) : TROUPE_OK;
}

/* Of a connection that was given up before it was taken: there may be another. */
static bool is_of_the_connection(int result)
{
    return result == -EINTR || result == -ECONNABORTED || result == -EPROTO || result == -EPERM;
}

troupe_error troupe_socket_accept(troupe_self *self, int listener, troupe_timeout timeout,
                                  int *out_fd)
{
    TR_REQUIRE(self != NULL && listener >= 0 && out_fd != NULL, BAD_ARGUMENT);
    const uint64_t deadline_ns = tr_io_deadline(self, timeout);
    troupe_error error = troupe_sleep(self, TROUPE_NOW); /* lets others run, is told to stop */
    while (error == TROUPE_OK) {
        const int result = try_accept(listener);
        if (result >= 0) {
            *out_fd = result;
            return TROUPE_OK;
        }
        if (result == -EAGAIN) {
            error = troupe_wait_fd(self, listener, TROUPE_READABLE, tr_io_left(self, deadline_ns),
                                   NULL);
        } else if (!is_of_the_connection(result)) {
            error = tr_io_error(-result);
        }
    }
    return error;
}

uint32_t troupe_socket_port(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    if (getsockname(fd, (struct sockaddr *) &address, &size) != 0) {
        return 0;
    }
    if (address.ss_family == AF_INET) {
        return ntohs(((const struct sockaddr_in *) &address)->sin_port);
    }
    return address.ss_family == AF_INET6
               ? ntohs(((const struct sockaddr_in6 *) &address)->sin6_port)
               : 0;
}

troupe_error troupe_socket_finish(int fd)
{
    return shutdown(fd, SHUT_WR) == 0 ? TROUPE_OK : tr_io_error(errno);
}
