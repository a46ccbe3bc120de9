/* SPDX-License-Identifier: MIT */
/* allocator: where a node's memory comes from. */
#ifndef TROUPE_ALLOCATOR_H
#define TROUPE_ALLOCATOR_H

#include <stddef.h>
#include <troupe/api.h>

TROUPE_BEGIN

/* One function allocates, grows, shrinks and frees.
 *
 * `block` NULL: allocate new_size bytes. `new_size` 0: free block. Otherwise resize and keep the
 * content. Returns NULL when memory is out (the old block is then unchanged) and after freeing.
 * Blocks are aligned for any type. `old_size` is the size that was asked for.
 * Threads: called from every thread of the node, at the same time. It must not call Troupe. */
typedef struct troupe_allocator {
    void *(*resize)(void *context, void *block, size_t old_size, size_t new_size);
    void *context;
} troupe_allocator;

TROUPE_END

#endif
