/* SPDX-License-Identifier: MIT */
#include "transport/local.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/assert.h"

#define BACKLOG 64

_Static_assert(sizeof((tr_local *) NULL)->path == sizeof((struct sockaddr_un *) NULL)->sun_path,
               "a path fits where the kernel has it");

bool tr_local_is(const char *endpoint)
{
    return strncmp(endpoint, TR_LOCAL_SCHEME, strlen(TR_LOCAL_SCHEME)) == 0;
}

static const char *path_of(const char *endpoint)
{
    return endpoint + strlen(TR_LOCAL_SCHEME);
}

bool tr_local_is_possible(const char *endpoint)
{
    return tr_local_is(endpoint) && path_of(endpoint)[0] == '/' &&
           strlen(path_of(endpoint)) < sizeof((tr_local *) NULL)->path;
}

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void) snprintf(address.sun_path, sizeof address.sun_path, "%s", path); /* fits */
    return address;
}

/* Whether somebody listens there. */
static bool is_heard(const char *path)
{
    const struct sockaddr_un address = address_of(path);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return true; /* nothing is removed in doubt */
    }
    /* EAGAIN: so many are waiting to be accepted. */
    const bool is_heard =
        connect(fd, (const struct sockaddr *) &address, sizeof address) == 0 || errno == EAGAIN;
    (void) close(fd);
    return is_heard;
}

static bool is_socket(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

/* The mode of a socket when it is bound is that of its file: nobody can come in between. */
static bool listen_at(int fd, const char *path)
{
    const struct sockaddr_un address = address_of(path);
    return fchmod(fd, S_IRUSR | S_IWUSR) == 0 &&
           bind(fd, (const struct sockaddr *) &address, sizeof address) == 0 &&
           listen(fd, BACKLOG) == 0;
}

troupe_error tr_local_open(tr_local *local, const char *endpoint)
{
    TR_REQUIRE(tr_local_is_possible(endpoint), BAD_ARGUMENT);
    const char *path = path_of(endpoint);
    struct stat status;
    if (is_socket(path) && !is_heard(path)) {
        (void) unlink(path); /* if it cannot be, bind says so */
    }
    local->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    TR_REQUIRE(local->fd >= 0, SYSTEM);
    if (!listen_at(local->fd, path) || lstat(path, &status) != 0) {
        const int number = errno;
        (void) close(local->fd);
        errno = number;
        return number == EADDRINUSE ? TROUPE_ERROR_NAME_TAKEN : TROUPE_ERROR_SYSTEM;
    }
    (void) snprintf(local->path, sizeof local->path, "%s", path);
    local->device = status.st_dev;
    local->inode = status.st_ino;
    local->changed = status.st_ctim;
    return TROUPE_OK;
}

void tr_local_close(tr_local *local)
{
    struct stat status;
    if (local->path[0] != '\0' && lstat(local->path, &status) == 0 &&
        status.st_dev == local->device && status.st_ino == local->inode &&
        status.st_ctim.tv_sec == local->changed.tv_sec &&
        status.st_ctim.tv_nsec == local->changed.tv_nsec) {
        (void) unlink(local->path); /* left behind it would be replaced */
    }
    local->path[0] = '\0';
}

bool tr_local_is_trusted(const char *endpoint)
{
    struct stat status;
    return stat(path_of(endpoint), &status) != 0 || status.st_uid == geteuid() ||
           status.st_uid == 0;
}
