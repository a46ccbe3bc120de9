/* SPDX-License-Identifier: MIT */
#include "transport/zmq_errors.h"

#include <errno.h>
#include <zmq.h>

troupe_error tr_zmq_error(int number)
{
    switch (number) {
    case EAGAIN:
        return TROUPE_ERROR_MAILBOX_FULL;
    case ENOMEM:
        return TROUPE_ERROR_NO_MEMORY;
    case EMFILE: /* ZeroMQ's own limit on sockets, too */
    case ENFILE:
    case ENOSPC: /* the kernel's limit on what a user has in epoll sets */
        return TROUPE_ERROR_LIMIT_REACHED;
    case ETERM:
        return TROUPE_ERROR_STOPPING;
    default:
        return TROUPE_ERROR_SYSTEM;
    }
}

const char *tr_zmq_error_text(int number)
{
    return zmq_strerror(number);
}
