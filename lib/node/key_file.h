/* SPDX-License-Identifier: MIT */
/* key_file: a node's key pair, in a file that nobody else can read; see troupe/keys.h.
 *
 * Owns:       nothing.
 * Invariants: no secret gets into the log.
 * Threads:    any.
 * Uses:       text_file, curve. */
#ifndef TR_NODE_KEY_FILE_H
#define TR_NODE_KEY_FILE_H

#include "node/text_file.h"
#include "transport/curve.h"

/* To be wiped by who has read it. */
typedef struct tr_key_pair {
    char public_key[TR_CURVE_KEY_BYTES];
    char secret_key[TR_CURVE_KEY_BYTES];
} tr_key_pair;

/* Errors: as tr_text_file_open; BAD_ARGUMENT for what is no pair, and the log says why. */
TROUPE_MUST_CHECK troupe_error tr_key_file_read(const char *path, const tr_text_reader *reader,
                                                tr_key_pair *out_pair);

#endif
