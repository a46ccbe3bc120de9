/* SPDX-License-Identifier: MIT */
/* zmq_context: a node's one ZeroMQ context, made in a way that does not end the process when
 * descriptors are out.
 *
 * Owns:    the context and its thread, which frees closed sockets.
 * Threads: any; create and destroy one at a time.
 * Fails:   in create, with nothing changed.
 * Uses:    zmq_errors. */
#ifndef TR_TRANSPORT_ZMQ_CONTEXT_H
#define TR_TRANSPORT_ZMQ_CONTEXT_H

#include <stdint.h>
#include <troupe/error.h>

#include "transport/zmq_errors.h"

/* sockets_max counts those that are closed and not freed yet, too. Sockets over inproc need no
 * io_threads.
 * Errors: LIMIT_REACHED when descriptors are out; NO_MEMORY; SYSTEM. */
TROUPE_MUST_CHECK troupe_error tr_zmq_context_create(uint32_t sockets_max, uint32_t io_threads,
                                                     const tr_zmq_report *report,
                                                     void **out_context);

/* All sockets are closed. Takes NULL.
 * Blocks: until ZeroMQ has freed them. */
void tr_zmq_context_destroy(void **context);

#endif
