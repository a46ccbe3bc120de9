/* SPDX-License-Identifier: MIT */
#include "blocks.h"

#include <stdlib.h>
#include <string.h>

static struct block *create_block(struct blocks *home)
{
    struct block *block = malloc(sizeof *block);
    if (block != NULL) {
        memset(block, 0, sizeof *block); /* the kernel gives memory when it is written to */
        block->home = home;
    }
    return block;
}

bool blocks_init(struct blocks *blocks, size_t count)
{
    *blocks = (struct blocks) {0};
    for (size_t i = 0; i < count; i++) {
        struct block *block = create_block(blocks);
        if (block == NULL) {
            blocks_fini(blocks);
            return false;
        }
        block->next = blocks->spare;
        blocks->spare = block;
    }
    return true;
}

static void free_all(struct block *block)
{
    while (block != NULL) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
}

void blocks_fini(struct blocks *blocks)
{
    free_all(blocks->spare);
    free_all(atomic_load(&blocks->returned));
    *blocks = (struct blocks) {0};
}

struct block *blocks_take(struct blocks *blocks)
{
    if (blocks->spare == NULL) {
        /* Takes all at once, so that no other thread can have seen one of them before and after.
         * Pairs with the exchange in blocks_give_back: what was done with the blocks is done. */
        blocks->spare = atomic_exchange(&blocks->returned, NULL);
    }
    if (blocks->spare == NULL) {
        return create_block(blocks);
    }
    struct block *block = blocks->spare;
    blocks->spare = block->next;
    return block;
}

void blocks_give_back(struct block *block)
{
    struct blocks *home = block->home;
    block->next = atomic_load(&home->returned);
    /* Pairs with the exchange in blocks_take. */
    while (!atomic_compare_exchange_weak(&home->returned, &block->next, block)) {}
}
