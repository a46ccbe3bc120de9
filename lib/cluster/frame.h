/* SPDX-License-Identifier: MIT */
/* frame: what goes over the wire at a time, packed and unpacked.
 *
 * Owns:       nothing: a writer fills its owner's bytes, a reader's are in its owner's arena.
 * Invariants: what a reader gives has passed every check that needs no knowledge of this node.
 * Threads:    its owner's. */
#ifndef TR_CLUSTER_FRAME_H
#define TR_CLUSTER_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/monitor.h>
#include <troupe/ref.h>

#include "cluster/arena.h"
#include "cluster/limits.h"

/* The values are those of proto/troupe/envelope.proto, which says what each has. */
typedef enum tr_envelope_kind {
    TR_ENVELOPE_TELL = 1,
    TR_ENVELOPE_ASK,
    TR_ENVELOPE_REPLY,
    TR_ENVELOPE_CANCEL,
    TR_ENVELOPE_MONITOR,
    TR_ENVELOPE_DEMONITOR,
    TR_ENVELOPE_DOWN,
    TR_ENVELOPE_LOOKUP,
    TR_ENVELOPE_LINK,
    TR_ENVELOPE_EXIT,
    TR_ENVELOPE_SIGNAL,
    TR_ENVELOPE_SPAWN,
    TR_ENVELOPE_SPAWNED,
    TR_ENVELOPE_CREDIT,
    TR_ENVELOPE_PIECE,
    TR_ENVELOPE_RING
} tr_envelope_kind;

typedef enum tr_envelope_form {
    TR_ENVELOPE_NONE,
    TR_ENVELOPE_PROTOBUF,
    TR_ENVELOPE_STRUCT,
    TR_ENVELOPE_BYTES
} tr_envelope_form;

typedef enum tr_envelope_signal {
    TR_ENVELOPE_NO_SIGNAL,
    TR_ENVELOPE_STOP,
    TR_ENVELOPE_CANCEL_ACTOR,
    TR_ENVELOPE_KILL
} tr_envelope_signal;

typedef struct tr_envelope {
    tr_envelope_kind kind;
    tr_envelope_form form;
    uint64_t number;
    troupe_ref to; /* none: not given */
    troupe_ref from;
    uint64_t budget_ns; /* 0: none */
    uint64_t trace_id;
    const char *type; /* of a body; NULL: "" */
    const void *body;
    size_t body_size;
    const char *name; /* NULL: "" */
    troupe_error error;
    troupe_down_kind down;
    troupe_error cause;
    const void *text; /* no end is marked */
    size_t text_size;
    tr_envelope_signal signal;
    uint64_t key;
    uint64_t monitor;
    uint64_t link;
    uint32_t window; /* 0: none */
    uint64_t charge;
    uint32_t settles; /* 0: no; 1; 2: given up from the beginning */
    uint64_t whole;
    uint64_t original; /* of a piece: what its body is when it is no LZ4 block; 0: it is none */
} tr_envelope;

typedef struct tr_frame_head {
    uint64_t from;
    uint64_t to;
    uint64_t connection;
    uint64_t sequence;
    uint64_t gone; /* not 0: the incarnation that a frame was for which came here, and is over */
} tr_frame_head;

typedef struct tr_frame_writer {
    unsigned char *data; /* borrowed */
    size_t capacity;
    size_t size;
    uint32_t count; /* of envelopes */
    bool repeats;   /* who reads it takes an envelope that says only what differs */
    tr_envelope last;
    const unsigned char *last_front; /* what of it stands before its body; NULL: none */
    size_t last_front_size;
} tr_frame_writer;

/* A bit of `features` in a HELLO: who says it takes an envelope that has nothing but a body for one
 * that else says the same as the one before it. */
#define TR_FEATURE_REPEATS UINT64_C(2)

/* The least room that a writer needs. */
#define TR_FRAME_HEAD_BYTES_MAX 64

void tr_frame_begin(tr_frame_writer *writer, const tr_frame_head *head);

/* False, and nothing is changed, if there is no room. */
bool tr_frame_add(tr_frame_writer *writer, const tr_envelope *envelope);

/* The same, of an envelope that is known to say the same as the last one that was added, but for
 * its body. */
bool tr_frame_add_again(tr_frame_writer *writer, const tr_envelope *envelope);

/* Bytes that the envelope takes in a frame, by itself. */
size_t tr_frame_size_of(const tr_envelope *envelope);

/* Writes all but the body of an envelope that is to lie in no frame: it follows. Returns the bytes
 * that this takes; it is written if there is room for so many. */
size_t tr_frame_write_front(const tr_envelope *envelope, unsigned char *data, size_t capacity);

/* An envelope that lay in no frame; its texts are in the arena, its body is in the data. False: it
 * is none, says what cannot be, or there is no memory; what was read up to there is set. */
bool tr_frame_read_one(tr_arena *arena, const void *data, size_t size, tr_envelope *out_envelope);

/* An envelope, and its body, which is in the frame. What it says else may be several ones'. */
typedef struct tr_frame_entry {
    tr_envelope *envelope;
    const void *body;
    size_t body_size;
} tr_frame_entry;

typedef struct tr_frame_reader {
    const tr_frame_entry *entries; /* in the arena */
    size_t count;
    const tr_envelope *known; /* the last that was looked at, if it has only what is known here */
} tr_frame_reader;

/* False: this is no frame, or one that is larger than may be. */
bool tr_frame_read(tr_arena *arena, const void *data, size_t size, tr_frame_head *out_head,
                   tr_frame_reader *out_reader);

/* The envelope of this index, valid until the next is asked for, the arena is used again or the
 * frame is gone. NULL: it says what cannot be. */
tr_envelope *tr_frame_look(tr_frame_reader *reader, size_t index);
/* A copy, which is valid until the arena is used again or the frame is gone. False: there is
 * none. */
bool tr_frame_envelope(tr_frame_reader *reader, size_t index, tr_envelope *out_envelope);

#endif
