/* SPDX-License-Identifier: MIT */
/* inproc: carries batches of messages between the workers of one node over ZeroMQ inproc.
 *
 * Each worker has an end, known to the others by its index. What one end sends another arrives
 * whole, once and in the order sent. Ends may be opened and closed, and an index used again, while
 * others send; a later end with the same index is another end, and what it sends may overtake what
 * an earlier one has sent and nobody received yet.
 *
 * An end's way out of the world, with no batch lost: drain until that returns false, then close.
 *
 * Owns:       the node's ZeroMQ context and its sockets; a batch from send to receive.
 * Invariants: an end's arrivals are never less than what it has received and what is under way to
 *             it. While a send is under way to an end it stays open.
 * Threads:    tr_inproc any; tr_inproc_end the thread that opened it, or another to which it was
 *             handed over across a full fence.
 * Fails:      in create and open, with nothing changed; in send as said there. Where ZeroMQ itself
 *             runs out of memory it aborts.
 * Uses:       memory, tsan, zmq_context, zmq_errors. */
#ifndef TR_TRANSPORT_INPROC_H
#define TR_TRANSPORT_INPROC_H

#include <stdbool.h>
#include <stdint.h>
#include <troupe/allocator.h>
#include <troupe/error.h>
#include <troupe/log.h>

#include "core/ports.h"

typedef struct tr_inproc tr_inproc;
typedef struct tr_inproc_end tr_inproc_end;

typedef struct tr_inproc_options {
    const char *name;                  /* of the node, for the log; borrowed; NULL: "" */
    const troupe_allocator *allocator; /* borrowed; NULL: the C library's */
    const troupe_log *log;             /* borrowed; NULL: none */
    uint32_t ends_max;                 /* indices are below this; 0: TR_ENDS_MAX */
    uint32_t sockets_max;              /* for others, in the same context */
    uint32_t io_threads;               /* likewise */
} tr_inproc_options;

/* A batch as it arrives. */
typedef struct tr_inproc_arrival {
    tr_batch batch;
    uint32_t from; /* the index of the end that sent it */
} tr_inproc_arrival;

/* Makes the context and, so that a lack of descriptors shows now, a first socket.
 * Errors: NO_MEMORY; LIMIT_REACHED when descriptors are out; SYSTEM. */
TROUPE_MUST_CHECK troupe_error tr_inproc_create(const tr_inproc_options *options,
                                                tr_inproc **out_inproc);

/* All ends are closed.
 * Blocks: until ZeroMQ's own thread has ended. */
void tr_inproc_destroy(tr_inproc **inproc);

/* Opens the end with this index, on the thread that is going to use it, and lets others send to it.
 * Errors: BAD_ARGUMENT if the index is too large or in use; NO_MEMORY; LIMIT_REACHED when
 *         descriptors or sockets are out; SYSTEM. */
TROUPE_MUST_CHECK troupe_error tr_inproc_open(tr_inproc *inproc, uint32_t index,
                                              tr_inproc_end **out_end);

/* ZeroMQ's context, for other sockets of the node; they are closed before that is. */
void *tr_inproc_context(const tr_inproc *inproc);

uint32_t tr_inproc_index(const tr_inproc_end *end);

/* Sends the chain to another end; it belongs to the receiver from here on if OK.
 * Errors: NO_SUCH_ACTOR if no end with this index is open; MAILBOX_FULL: not now, a later try
 *         succeeds; SYSTEM. The chain then stays with the caller. */
TROUPE_MUST_CHECK troupe_error tr_inproc_send(tr_inproc_end *end, uint32_t to,
                                              const tr_batch *batch);

/* Fills *out_arrival with the next batch, or returns false if there is none yet. While nothing
 * is under way to the end this costs next to nothing, and a system call once in many times. For the
 * busy worker: it may miss what is just arriving. */
bool tr_inproc_receive(tr_inproc_end *end, tr_inproc_arrival *out_arrival);

/* Whether something is under way to the end or waits to be received. */
bool tr_inproc_has_arrivals(const tr_inproc_end *end);

/* The last thing before sleeping on tr_inproc_fd. False: receive first, there is something; after
 * true the descriptor becomes readable when something comes. It may do so for ZeroMQ's own
 * purposes: then this is called again before the next sleep. */
TROUPE_MUST_CHECK bool tr_inproc_prepare_sleep(tr_inproc_end *end);

/* To be waited on for reading, never read. The same while the end is open. */
int tr_inproc_fd(const tr_inproc_end *end);

/* From the first call on nobody can send to the end. True: *out_arrival has a batch that was still
 * under way; false: there is none and there never will be. Sending from the end still works.
 * Blocks: while another thread is in the middle of a send to the end, microseconds as a rule. */
bool tr_inproc_drain(tr_inproc_end *end, tr_inproc_arrival *out_arrival);

/* No batch is on its way to the end: drain has returned false, or nobody has sent to it yet. What
 * it has sent itself arrives nevertheless. Takes NULL.
 * Blocks: as drain does. */
void tr_inproc_close(tr_inproc_end **end);

#endif
