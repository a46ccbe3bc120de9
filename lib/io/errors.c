/* SPDX-License-Identifier: MIT */
#include "io/errors.h"

#include <errno.h>

troupe_error tr_io_error(int number)
{
    switch (number) {
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
    case ENOTCONN:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ETIMEDOUT: /* the kernel's own limit, not a deadline */
        return TROUPE_ERROR_DISCONNECTED;
    case EMFILE:
    case ENFILE:
        return TROUPE_ERROR_LIMIT_REACHED;
    case ENOMEM:
    case ENOBUFS:
        return TROUPE_ERROR_NO_MEMORY;
    case EACCES:
    case EPERM:
        return TROUPE_ERROR_NOT_AUTHORISED;
    case EBADF:
    case EINVAL:
    case ENOTSOCK:
    case ENAMETOOLONG:
        return TROUPE_ERROR_BAD_ARGUMENT;
    default:
        return TROUPE_ERROR_SYSTEM;
    }
}
