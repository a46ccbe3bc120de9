/* SPDX-License-Identifier: MIT */
/* memory: allocation through the node's allocator.
 *
 * Owns:    nothing; blocks are the caller's.
 * Threads: any.
 * Fails:   tr_allocate and tr_resize return NULL when memory is out, with nothing changed. */
#ifndef TR_BASE_MEMORY_H
#define TR_BASE_MEMORY_H

#include <stddef.h>
#include <troupe/allocator.h>

/* The C library's; static. */
const troupe_allocator *tr_allocator_default(void);

/* Zeroed. `size` is at least 1. */
TROUPE_MUST_CHECK void *tr_allocate(const troupe_allocator *allocator, size_t size);

/* Not zeroed: of what is never used no page is touched. */
TROUPE_MUST_CHECK void *tr_allocate_unset(const troupe_allocator *allocator, size_t size);

/* Keeps the content; what is new of a block that grows is not zeroed. Both sizes are at least 1. */
TROUPE_MUST_CHECK void *tr_resize(const troupe_allocator *allocator, void *block, size_t old_size,
                                  size_t new_size);

/* `size` is what the block was last given. Takes NULL. */
void tr_free(const troupe_allocator *allocator, void *block, size_t size);

/* Advises the system to back what of this range is aligned to huge pages with such: one fault
 * instead of 512. */
void tr_prefer_huge_pages(void *start, size_t size);

#endif
