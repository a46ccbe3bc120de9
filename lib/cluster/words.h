/* SPDX-License-Identifier: MIT */
/* words: what the two ends of a session say to each other, packed and unpacked.
 *
 * Owns:       nothing; the frame of a word that was read lies in the bytes that were read.
 * Invariants: what read gives has each value within what its kind may have.
 * Threads:    any.
 * Fails:      in read. */
#ifndef TR_CLUSTER_WORDS_H
#define TR_CLUSTER_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cluster/limits.h"

/* The values are those of proto/troupe/session.proto, which says what each has. */
typedef enum tr_word_kind {
    TR_WORD_HELLO = 1,
    TR_WORD_DATA,
    TR_WORD_PROBE,
    TR_WORD_ACK,
    TR_WORD_BYE
} tr_word_kind;

typedef enum tr_bye {
    TR_BYE_LEAVING = 1,
    TR_BYE_OVER,
    TR_BYE_INCOMPATIBLE,
    TR_BYE_BROKEN
} tr_bye;

typedef struct tr_word {
    tr_word_kind kind;
    uint64_t from;
    uint64_t to;
    uint64_t session;
    uint64_t received;
    uint64_t sequence;
    uint64_t age_ns;
    bool again;
    uint64_t known;
    uint32_t version_least;
    uint32_t version_most;
    uint64_t features;
    uint32_t frames_max;
    uint64_t bytes_max;
    tr_bye reason;
    uint64_t over;
    uint32_t credit_messages;
    uint64_t credit_bytes;
    const void *frame; /* NULL: none */
    size_t frame_size;
} tr_word;

/* What stands before the frame takes no more; a word without a frame neither. */
#define TR_WORD_HEAD_BYTES_MAX 160
/* A word takes no more; there is room for what a newer version may say. */
#define TR_WORD_BYTES_MAX (TR_FRAME_BYTES_MAX + 1024)

/* Writes all of the word but its frame so that it ends just before `end`, where the frame is, if it
 * has one. Returns where it begins. */
unsigned char *tr_word_write_before(const tr_word *word, unsigned char *end);

/* False: these bytes are no word, or one that is larger than may be. */
bool tr_word_read(const void *data, size_t size, tr_word *out_word);

#endif
