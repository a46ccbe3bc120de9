/* SPDX-License-Identifier: MIT */
/* words: a list of distinct words with their counts, and a hash table that finds them in it. */
#ifndef WORDCOUNT_WORDS_H
#define WORDCOUNT_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct word {
    const char *bytes; /* borrowed, not ended by a zero */
    uint64_t count;
    uint32_t length;
    uint32_t hash;
};

struct words {
    struct word *list; /* in the order in which they came */
    size_t count;
    size_t capacity;          /* a power of two */
    struct words_slot *slots; /* twice the capacity */
};

/* `capacity` is a power of two. False if memory is out. */
bool words_init(struct words *words, size_t capacity);
void words_fini(struct words *words);

/* The word with these bytes. A new one has count 0 and borrows `bytes`. NULL if it would be new and
 * there is no room; never if words_reserve was called before. Valid until the next call. */
struct word *words_get(struct words *words, const char *bytes, size_t length, uint32_t hash);

/* Makes room for one more. False if memory is out; nothing is changed then. */
bool words_reserve(struct words *words);

/* Forgets all words. */
void words_clear(struct words *words);

/* Sorts the list by the words' bytes. No word can be got any more. */
void words_sort(struct words *words);

/* As memcmp, and a word comes before those that begin with it. */
int words_compare(const char *left, size_t left_length, const char *right, size_t right_length);

#endif
