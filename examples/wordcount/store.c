/* SPDX-License-Identifier: MIT */
#include "store.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_BYTES = 4 * WORD_BYTES_MAX /* at most a quarter is left unused */
};

struct store_chunk {
    struct store_chunk *older;
    char bytes[CHUNK_BYTES];
};

char *store_copy(struct store *store, const char *bytes, size_t size)
{
    if (store->chunks == NULL || CHUNK_BYTES - store->used < size) {
        struct store_chunk *chunk = malloc(sizeof *chunk);
        if (chunk == NULL) {
            return NULL;
        }
        chunk->older = store->chunks;
        store->chunks = chunk;
        store->used = 0;
    }

    char *copy = store->chunks->bytes + store->used;
    memcpy(copy, bytes, size);
    store->used += size;
    return copy;
}

void store_fini(struct store *store)
{
    while (store->chunks != NULL) {
        struct store_chunk *const chunk = store->chunks;
        store->chunks = chunk->older;
        free(chunk);
    }
}
