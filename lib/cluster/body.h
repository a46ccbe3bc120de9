/* SPDX-License-Identifier: MIT */
/* body: the bodies of messages, packed for another node and unpacked from one.
 *
 * Owns:    nothing; the scratch is its maker's.
 * Threads: its owner's.
 * Uses:    arena, check, types. */
#ifndef TR_CLUSTER_BODY_H
#define TR_CLUSTER_BODY_H

#include "cluster/frame.h"
#include "core/worker.h"

/* Bytes that grow when more are needed. */
typedef struct tr_scratch {
    const troupe_allocator *allocator; /* borrowed */
    unsigned char *data;               /* NULL: none yet */
    size_t capacity;
} tr_scratch;

/* Makes room for `size` bytes; what was there is lost. False without memory. */
bool tr_scratch_reserve(tr_scratch *scratch, size_t size);
void tr_scratch_fini(tr_scratch *scratch);

/* Sets form, type and body of an envelope; the body is in the scratch or the message's own.
 * Errors: TOO_LARGE; NO_MEMORY; LOCAL_ONLY if it cannot be packed. */
TROUPE_MUST_CHECK troupe_error tr_body_pack(tr_scratch *scratch, const troupe_message *message,
                                            tr_envelope *envelope);

/* A message of what the envelope has.
 * Errors: PROTOCOL if this node does not know the type, or the bytes are none of it; NO_MEMORY;
 *         TOO_LARGE. */
TROUPE_MUST_CHECK troupe_error tr_body_unpack(tr_worker *worker, tr_arena *arena,
                                              const tr_envelope *envelope,
                                              troupe_message **out_message);

#endif
