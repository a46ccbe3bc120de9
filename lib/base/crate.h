/* SPDX-License-Identifier: MIT */
/* crate: bytes that several share until the last of them is done, used again by whose they are.
 *
 * Bytes on their way out are kept to be sent again while another thread still sends them: each has
 * a share, and nobody copies. Memory of some sizes is used again, as new memory costs more than
 * what is done with it.
 * Owns:       crates: those that wait to be used again.
 * Invariants: a crate has as many shares as were taken and not dropped; one that waits has the
 *             share of its crates, and perhaps of who is not done yet: then it is not used again.
 * Threads:    tr_crate_share and tr_crate_drop: any; the rest its owner's. */
#ifndef TR_BASE_CRATE_H
#define TR_BASE_CRATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/allocator.h>

/* Before the data, for what is put in front of it later. */
#define TR_CRATE_FRONT_BYTES 160
/* Twice as large each, from 1 KiB; the last is somewhat larger than 64 KiB. */
#define TR_CRATE_CLASSES 7
#define TR_CRATE_BYTES_USUAL (UINT32_C(65) << 10)

typedef struct tr_crates tr_crates;

typedef struct tr_crate {
    _Atomic uint32_t shares;
    uint32_t class; /* TR_CRATE_CLASSES: of a size of its own, not used again */
    tr_crates *home;
    const troupe_allocator *allocator;
    struct tr_crate *next; /* for who keeps it */
    uint64_t packed_ns;    /* likewise */
    uint64_t bulk;         /* likewise: so many bytes of something large have gone into it */
    size_t capacity;
    size_t size; /* of what is in it */
    unsigned char front[TR_CRATE_FRONT_BYTES];
    unsigned char data[];
} tr_crate;

struct tr_crates {
    const troupe_allocator *allocator; /* borrowed; used on any thread */
    tr_crate *first[TR_CRATE_CLASSES];
    tr_crate *last[TR_CRATE_CLASSES];
    size_t bytes; /* of those that wait */
    size_t bytes_max;
};

/* Takes no memory yet. Not moved in memory afterwards. */
void tr_crates_init(tr_crates *crates, const troupe_allocator *allocator, size_t bytes_max);
/* Frees what waits; what others still share they free. It can be used on. */
void tr_crates_clear(tr_crates *crates);

/* One with room for so many bytes, and one share of it. NULL without memory. */
tr_crate *tr_crates_take(tr_crates *crates, size_t size);
/* Back to where it is from, with the caller's share. */
void tr_crates_give(tr_crate *crate);

void tr_crate_share(tr_crate *crate);
/* The last one frees it. */
void tr_crate_drop(tr_crate *crate);
/* Whether nobody shares it but the caller. */
bool tr_crate_is_alone(const tr_crate *crate);

#endif
