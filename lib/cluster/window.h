/* SPDX-License-Identifier: MIT */
/* window: the frames of a session that are sent and not yet acknowledged.
 *
 * Owns:       a share of each, with room before it for the head of a word.
 * Invariants: acked < next <= sent + 1; the frames acked + 1 to sent are here, in order; no more
 *             than frames_max, and no more than bytes_max but for one that is larger.
 * Threads:    its owner's.
 * Fails:      in add and keep. */
#ifndef TR_CLUSTER_WINDOW_H
#define TR_CLUSTER_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/allocator.h>

#include "base/crate.h"
#include "cluster/words.h"

_Static_assert(TR_CRATE_FRONT_BYTES >= TR_WORD_HEAD_BYTES_MAX, "a word's head fits");

typedef struct tr_window {
    tr_crates crates; /* for copies */
    uint32_t frames_max;
    uint64_t bytes_max;
    tr_crate *first;
    tr_crate *last;
    tr_crate *at;   /* the one of number `next`; NULL: there is none yet */
    uint64_t sent;  /* the last that was added; frames are numbered from 1 */
    uint64_t acked; /* the last of which it is known that it has come */
    uint64_t next;  /* to be put on the link */
    uint64_t bytes;
    uint64_t bulk_bytes; /* of something large, in those */
} tr_window;

void tr_window_init(tr_window *window, const troupe_allocator *allocator);

/* Frees all memory, and numbers begin at 1 again. */
void tr_window_clear(tr_window *window);

/* A copy of the frame is the last one. False: there is no room, or no memory. */
bool tr_window_add(tr_window *window, uint64_t now_ns, const void *frame, size_t size);

/* The same without a copy: the caller's share is its own then. False: there is no room. */
bool tr_window_keep(tr_window *window, uint64_t now_ns, tr_crate *frame);

/* All up to this one have come; at most `sent`. True: that is news. */
bool tr_window_acknowledge(tr_window *window, uint64_t upto);

/* All that is kept is to be put on the link again. */
void tr_window_rewind(tr_window *window);

/* The one at `at` was put on the link. */
void tr_window_advance(tr_window *window);

#endif
