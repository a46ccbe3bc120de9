/* SPDX-License-Identifier: MIT */
/* allowed: the keys that may dial a node, and what each may do; see troupe/keys.h.
 *
 * Owns:    its copies of them.
 * Threads: any, it does not change; read and free one at a time.
 * Fails:   in read.
 * Uses:    text_file, rights. */
#ifndef TR_NODE_ALLOWED_H
#define TR_NODE_ALLOWED_H

#include <stdint.h>

#include "cluster/rights.h"
#include "node/text_file.h"
#include "transport/curve.h"

#define TR_ALLOWED_NAME_MAX 63

typedef struct tr_allowed_key {
    char key[TR_CURVE_KEY_BYTES];
    char name[TR_ALLOWED_NAME_MAX + 1];
    uint32_t rights;
} tr_allowed_key;

typedef struct tr_allowed {
    tr_allowed_key *keys;
    uint32_t count;
    uint32_t capacity;
    bool is_from_file; /* who is not in it may do nothing here, whoever has dialled */
} tr_allowed;

/* Those given may do all, unless the file says otherwise of them. `path` may be NULL.
 * Errors: as tr_text_file_open; BAD_ARGUMENT for a bad line, and the log says which and why. */
TROUPE_MUST_CHECK troupe_error tr_allowed_read(tr_allowed *allowed, const char *path,
                                               const char *const *keys, uint32_t key_count,
                                               const tr_text_reader *reader);
/* Takes one that is all zero. */
void tr_allowed_free(tr_allowed *allowed, const troupe_allocator *allocator);

/* NULL: it may not. */
const tr_allowed_key *tr_allowed_find(const tr_allowed *allowed, const char *key);

#endif
