/* SPDX-License-Identifier: MIT */
#include "base/memory.h"

#include "base/assert.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE_SIZE ((uintptr_t) 2 << 20)

static void *resize_by_libc(void *context, void *block, size_t old_size, size_t new_size)
{
    (void) context;
    (void) old_size;
    if (new_size == 0) {
        free(block);
        return NULL;
    }
    return realloc(block, new_size);
}

static const troupe_allocator libc_allocator = {.resize = resize_by_libc, .context = NULL};

const troupe_allocator *tr_allocator_default(void)
{
    return &libc_allocator;
}

void tr_prefer_huge_pages(void *start, size_t size)
{
    const uintptr_t first = ((uintptr_t) start + HUGE_PAGE_SIZE - 1) & ~(HUGE_PAGE_SIZE - 1);
    const uintptr_t end = ((uintptr_t) start + size) & ~(HUGE_PAGE_SIZE - 1);
    if (end > first) {
        (void) madvise((void *) first, end - first, MADV_HUGEPAGE); /* it may have none */
    }
}

void *tr_allocate_unset(const troupe_allocator *allocator, size_t size)
{
    TR_ASSERT(size > 0);
    return allocator->resize(allocator->context, NULL, 0, size);
}

void *tr_allocate(const troupe_allocator *allocator, size_t size)
{
    void *block = tr_allocate_unset(allocator, size);
    return block != NULL ? memset(block, 0, size) : NULL;
}

void *tr_resize(const troupe_allocator *allocator, void *block, size_t old_size, size_t new_size)
{
    TR_ASSERT(block != NULL);
    TR_ASSERT(new_size > 0);
    return allocator->resize(allocator->context, block, old_size, new_size);
}

void tr_free(const troupe_allocator *allocator, void *block, size_t size)
{
    if (block != NULL) {
        (void) allocator->resize(allocator->context, block, size, 0); /* NULL: it has freed */
    }
}
