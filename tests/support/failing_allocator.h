/* SPDX-License-Identifier: MIT */
/* failing_allocator: the C library's memory, except that it can run out, and that it counts.
 *
 *     tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
 *     troupe_allocator allocator = tr_failing_allocator_port(&memory);
 *     tr_failing_allocator_fail_after(&memory, 3);    the fourth allocation from here on fails
 *     tr_failing_allocator_fail_at_random(&memory, seed, 200);    one of 200 fails
 *     ...
 *     assert_int_equal(tr_failing_allocator_live(&memory), 0);
 *
 * Invariants: what is freed or resized was allocated here with the size that is given; a mistake
 *             ends the program with a message.
 * Threads:    any; the counters are atomic.
 * Fails:      when told to: NULL, and what was allocated before stays as it is. */
#ifndef TR_TESTS_SUPPORT_FAILING_ALLOCATOR_H
#define TR_TESTS_SUPPORT_FAILING_ALLOCATOR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <troupe/allocator.h>

typedef struct tr_failing_allocator {
    _Atomic int64_t allowed;   /* allocations that still succeed; negative: no limit */
    _Atomic int64_t until_one; /* allocations until one fails; negative: none will */
    _Atomic uint64_t one_in;   /* of so many one fails at random; 0: none */
    _Atomic uint64_t seed;
    _Atomic uint64_t drawn;  /* from the seed */
    _Atomic int64_t live;    /* blocks not freed yet */
    _Atomic int64_t bytes;   /* in those blocks */
    _Atomic int64_t made;    /* allocations and growths that succeeded, ever */
    _Atomic int64_t refused; /* those that failed, ever */
} tr_failing_allocator;

/* Nothing fails until fail_after says so. */
#define TR_FAILING_ALLOCATOR_INIT                                                                  \
    {                                                                                              \
        .allowed = -1, .until_one = -1                                                             \
    }

/* Borrows `memory`, which has to outlive what is allocated. */
troupe_allocator tr_failing_allocator_port(tr_failing_allocator *memory);

/* The next `allowed` allocations succeed, all after them fail. Shrinking and freeing never fail. */
void tr_failing_allocator_fail_after(tr_failing_allocator *memory, int64_t allowed);

/* The next `before` allocations succeed, the one after them fails, and no other. */
void tr_failing_allocator_fail_one(tr_failing_allocator *memory, int64_t before);

/* From here on one allocation of `one_in` fails, whichever the seed says; in one thread the same
 * seed gives the same ones. */
void tr_failing_allocator_fail_at_random(tr_failing_allocator *memory, uint64_t seed,
                                         uint64_t one_in);

/* Memory is back. */
void tr_failing_allocator_fail_never(tr_failing_allocator *memory);

/* Blocks not freed yet. */
int64_t tr_failing_allocator_live(const tr_failing_allocator *memory);

/* True if an allocation was refused since the allocator was made. */
bool tr_failing_allocator_has_refused(const tr_failing_allocator *memory);

#endif
