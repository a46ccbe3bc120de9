/* SPDX-License-Identifier: MIT */
#include "base/crate.h"

#include "base/assert.h"
#include "base/memory.h"

#define CLASS_MIN ((size_t) 1 << 10)

static size_t capacity_of(uint32_t class)
{
    return class < TR_CRATE_CLASSES - 1 ? CLASS_MIN << class : TR_CRATE_BYTES_USUAL;
}

void tr_crates_init(tr_crates *crates, const troupe_allocator *allocator, size_t bytes_max)
{
    *crates = (tr_crates) {.allocator = allocator, .bytes_max = bytes_max};
}

static tr_crate *pop(tr_crates *crates, uint32_t class)
{
    tr_crate *crate = crates->first[class];
    crates->first[class] = crate->next;
    crates->bytes -= crate->capacity;
    return crate;
}

void tr_crates_clear(tr_crates *crates)
{
    for (uint32_t class = 0; class < TR_CRATE_CLASSES; class ++) {
        while (crates->first[class] != NULL) {
            tr_crate_drop(pop(crates, class));
        }
    }
}

static tr_crate *make(tr_crates *crates, uint32_t class, size_t capacity)
{
    tr_crate *crate = tr_allocate_unset(crates->allocator, sizeof *crate + capacity);
    if (crate != NULL) {
        atomic_init(&crate->shares, 1);
        crate->class = class;
        crate->home = crates;
        crate->allocator = crates->allocator;
        crate->capacity = capacity;
    }
    return crate;
}

tr_crate *tr_crates_take(tr_crates *crates, size_t size)
{
    uint32_t class = 0;
    while (class < TR_CRATE_CLASSES && capacity_of(class) < size) {
        class ++;
    }
    tr_crate *crate = NULL;
    if (class == TR_CRATE_CLASSES) {
        crate = make(crates, class, size);
    } else if (crates->first[class] != NULL && tr_crate_is_alone(crates->first[class])) {
        crate = pop(crates, class); /* the one that has waited longest */
    } else {
        crate = make(crates, class, capacity_of(class));
    }
    if (crate != NULL) {
        crate->next = NULL;
        crate->size = 0;
        crate->bulk = 0;
    }
    return crate;
}

void tr_crates_give(tr_crate *crate)
{
    tr_crates *home = crate->home;
    const uint32_t class = crate->class;
    if (class == TR_CRATE_CLASSES || home->bytes + crate->capacity > home->bytes_max) {
        tr_crate_drop(crate);
        return;
    }
    crate->next = NULL;
    if (home->first[class] == NULL) {
        home->first[class] = crate;
    } else {
        home->last[class]->next = crate;
    }
    home->last[class] = crate;
    home->bytes += crate->capacity;
}

void tr_crate_share(tr_crate *crate)
{
    /* Relaxed: who gives another a share has one. */
    atomic_fetch_add_explicit(&crate->shares, 1, memory_order_relaxed);
}

void tr_crate_drop(tr_crate *crate)
{
    /* Who frees it, or uses it again, comes after all that the others did with it. */
    if (atomic_fetch_sub_explicit(&crate->shares, 1, memory_order_acq_rel) == 1) {
        tr_free(crate->allocator, crate, sizeof *crate + crate->capacity);
    }
}

bool tr_crate_is_alone(const tr_crate *crate)
{
    /* Pairs with the release above. */
    return atomic_load_explicit(&crate->shares, memory_order_acquire) == 1;
}
