/* SPDX-License-Identifier: MIT */
/* zmq_errors: what ZeroMQ's and the kernel's error numbers mean for us.
 *
 * Owns:    nothing.
 * Threads: any. */
#ifndef TR_TRANSPORT_ZMQ_ERRORS_H
#define TR_TRANSPORT_ZMQ_ERRORS_H

#include <troupe/error.h>

/* SYSTEM for those without a meaning of their own here. `number` is an errno other than 0. */
troupe_error tr_zmq_error(int number);

/* For the log: lower case, no full stop. Never NULL. Valid until the thread's next call. */
const char *tr_zmq_error_text(int number);

#endif
