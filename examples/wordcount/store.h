/* SPDX-License-Identifier: MIT */
/* store: memory for the bytes of words, given back all at once. */
#ifndef WORDCOUNT_STORE_H
#define WORDCOUNT_STORE_H

#include <stddef.h>

struct store_chunk;

/* All zero: an empty store. */
struct store {
    struct store_chunk *chunks; /* the newest first */
    size_t used;                /* bytes of the newest */
};

/* A copy of these bytes, at most WORD_BYTES_MAX, that lives as long as the store. NULL if memory is
 * out. */
char *store_copy(struct store *store, const char *bytes, size_t size);

void store_fini(struct store *store);

#endif
