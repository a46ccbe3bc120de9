/* SPDX-License-Identifier: MIT */
/* top: the most frequent of the words that are offered; of equally frequent ones those offered
 * first. */
#ifndef WORDCOUNT_TOP_H
#define WORDCOUNT_TOP_H

#include "words.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct top_word {
    char *bytes; /* a copy, the list's own */
    size_t length;
    uint64_t count;
};

struct top {
    struct top_word *list; /* the most frequent first */
    size_t count;
    size_t capacity;
};

/* False if memory is out. */
bool top_init(struct top *top, size_t capacity);
void top_fini(struct top *top);

/* False if memory is out. */
bool top_offer(struct top *top, const struct word *word);

#endif
