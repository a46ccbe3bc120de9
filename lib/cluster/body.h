/* SPDX-License-Identifier: MIT */
/* body: the bodies of messages, packed for another node and unpacked from one.
 *
 * Owns:    nothing; scratch and unpacker are their maker's.
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

/* Whose memory it is that something has come in: much of it need not be copied. */
typedef struct tr_lender {
    void *context;
    /* It stays until it is released, on any thread. NULL: it cannot. */
    void *(*keep)(void *context);
    void (*release)(void *kept, const void *data, size_t size);
    const unsigned char *data;
    size_t size;
} tr_lender;

/* Types that were found by name lately. */
#define TR_UNPACKER_TYPES 8

typedef struct tr_known_type {
    const void *type; /* NULL: none */
    const char *name; /* its own */
    bool is_protobuf;
} tr_known_type;

typedef struct tr_unpacker {
    tr_arena arena;
    tr_known_type types[TR_UNPACKER_TYPES];
    const char *last_name; /* of a type, in the frame that is read; NULL: none */
    const void *last_type;
    bool last_is_protobuf;
    const tr_lender *lender; /* borrowed; NULL: none */
} tr_unpacker;

/* As the arena's. Of one node: a type that it knows it knows as long as there are messages. */
void tr_unpacker_init(tr_unpacker *unpacker, const troupe_allocator *allocator, size_t limit);
void tr_unpacker_fini(tr_unpacker *unpacker);
/* The texts of envelopes lie elsewhere from now on. */
void tr_unpacker_begin(tr_unpacker *unpacker);

/* Sets form, type and body of an envelope; the body is in the scratch or the message's own.
 * Errors: TOO_LARGE; NO_MEMORY; LOCAL_ONLY if it cannot be packed. */
TROUPE_MUST_CHECK troupe_error tr_body_pack(tr_scratch *scratch, const troupe_message *message,
                                            tr_envelope *envelope);

/* A message of what the envelope has, with a copy of it, or with what the lender keeps.
 * Errors: PROTOCOL if this node does not know the type, or the bytes are none of it; NO_MEMORY;
 *         TOO_LARGE. */
TROUPE_MUST_CHECK troupe_error tr_body_unpack(tr_worker *worker, tr_unpacker *unpacker,
                                              const tr_envelope *envelope,
                                              troupe_message **out_message);

#endif
