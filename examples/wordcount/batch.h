/* SPDX-License-Identifier: MIT */
/* batch: words and counts in a row of bytes, as they travel from actor to actor.
 *
 * Each word is a head of fixed size and then its bytes, at any alignment. */
#ifndef WORDCOUNT_BATCH_H
#define WORDCOUNT_BATCH_H

#include "words.h"

#include <stdbool.h>
#include <stddef.h>

/* What one word takes. */
size_t batch_size_of(const struct word *word);

/* Writes a word, which takes that much. */
void batch_write(char *at, const struct word *word);

/* The words of a batch that have not been read. */
struct batch {
    const char *at; /* borrowed from the message */
    size_t left;
};

/* Reads the next word, which borrows its bytes. False at the end. */
bool batch_read(struct batch *batch, struct word *word);

#endif
