/* SPDX-License-Identifier: MIT */
/* zmq_errors: what ZeroMQ's and the kernel's error numbers mean for us, and for the log.
 *
 * Owns:    nothing.
 * Threads: any. */
#ifndef TR_TRANSPORT_ZMQ_ERRORS_H
#define TR_TRANSPORT_ZMQ_ERRORS_H

#include <troupe/error.h>
#include <troupe/log.h>

/* Where failures are told of. */
typedef struct tr_zmq_report {
    const troupe_log *log; /* borrowed; NULL: none */
    const char *node_name; /* borrowed; NULL: "" */
} tr_zmq_report;

/* SYSTEM for those without a meaning of their own here. `number` is an errno other than 0. */
troupe_error tr_zmq_error(int number);

/* The same, and for SYSTEM a line in the log: "node 'orders': cannot <what>: <reason>". */
troupe_error tr_zmq_failed(const tr_zmq_report *report, const char *what, int number);

#endif
