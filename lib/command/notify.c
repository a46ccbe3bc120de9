/* SPDX-License-Identifier: MIT */
#include "command/notify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of one datagram. */
#define TEXT_BYTES_MAX 512

static const char *environment(const char *name)
{
    return getenv(name); /* NOLINT(concurrency-mt-unsafe): nobody changes it */
}

bool tr_notify_open(tr_notify *notify)
{
    const char *path = environment("NOTIFY_SOCKET");
    *notify = (tr_notify) {.address = {.sun_family = AF_UNIX}, .fd = -1};
    if (path == NULL || path[0] == '\0') {
        return true;
    }
    const size_t length = strlen(path);
    if ((path[0] != '/' && path[0] != '@') || length >= sizeof notify->address.sun_path) {
        (void) fprintf(stderr,
                       "troupe node: NOTIFY_SOCKET is neither a path nor '@' and a name, of %zu "
                       "bytes at most: '%s'\n",
                       sizeof notify->address.sun_path - 1, path);
        return false;
    }
    memcpy(notify->address.sun_path, path, length);
    if (path[0] == '@') {
        notify->address.sun_path[0] = '\0'; /* a name that no file has */
    }
    notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (notify->fd < 0) {
        perror("troupe node: no socket for NOTIFY_SOCKET");
        return false;
    }
    notify->address_size = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + length);
    return true;
}

void tr_notify_say(const tr_notify *notify, const char *format, ...)
{
    char text[TEXT_BYTES_MAX];
    if (notify->address_size == 0) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    (void) vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void) sendto(notify->fd, text, strlen(text), MSG_NOSIGNAL,
                  (const struct sockaddr *) &notify->address, notify->address_size);
}

uint64_t tr_notify_watchdog_ns(void)
{
    const char *period = environment("WATCHDOG_USEC");
    const char *whose = environment("WATCHDOG_PID");
    if (period == NULL || (whose != NULL && strtoimax(whose, NULL, 10) != getpid())) {
        return 0; /* or meant for another process */
    }
    const uintmax_t us = strtoumax(period, NULL, 10);
    return us < UINT64_MAX / 1000 ? us * 1000 : 0;
}

bool tr_notify_is_journal(void)
{
    const char *stream = environment("JOURNAL_STREAM"); /* DEVICE:INODE */
    char *end = NULL;
    struct stat status;
    if (stream == NULL || fstat(STDERR_FILENO, &status) != 0) {
        return false;
    }
    const uintmax_t device = strtoumax(stream, &end, 10);
    return *end == ':' && status.st_dev == device && status.st_ino == strtoumax(end + 1, NULL, 10);
}
