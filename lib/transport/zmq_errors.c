/* SPDX-License-Identifier: MIT */
#include "transport/zmq_errors.h"

#include "base/log.h"

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

troupe_error tr_zmq_failed(const tr_zmq_report *report, const char *what, int number)
{
    const troupe_error error = tr_zmq_error(number);
    if (error == TROUPE_ERROR_SYSTEM && report->log != NULL) {
        tr_log_write(report->log, TROUPE_LOG_ERROR, "node '%s': cannot %s: %s",
                     report->node_name != NULL ? report->node_name : "", what,
                     zmq_strerror(number));
    }
    return error;
}
