/* SPDX-License-Identifier: MIT */
/* blocks: memory for text that is used over and over, so that how much there is does not depend on
 * how much is read.
 *
 * The reader takes blocks; they come back when the messages they are in end, on whatever thread
 * that is. */
#ifndef WORDCOUNT_BLOCKS_H
#define WORDCOUNT_BLOCKS_H

#include "text.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct block {
    struct block *next;
    struct blocks *home;
    char text[BLOCK_BYTES];
};

struct blocks {
    struct block *spare;            /* the taker's own */
    struct block *_Atomic returned; /* by any thread */
};

/* Begins with `count` blocks. False if memory is out. */
bool blocks_init(struct blocks *blocks, size_t count);

/* All blocks must have come back. */
void blocks_fini(struct blocks *blocks);

/* A block that came back, or a new one; NULL if memory is out. By one thread only. */
struct block *blocks_take(struct blocks *blocks);

/* By any thread. */
void blocks_give_back(struct block *block);

#endif
