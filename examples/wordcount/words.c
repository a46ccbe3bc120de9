/* SPDX-License-Identifier: MIT */
#include "words.h"

#include <stdlib.h>
#include <string.h>

struct words_slot {
    uint32_t hash;
    uint32_t place; /* in the list, from 1; 0: empty */
};

bool words_init(struct words *words, size_t capacity)
{
    *words = (struct words) {
        .list = calloc(capacity, sizeof(struct word)),
        .capacity = capacity,
        .slots = calloc(2 * capacity, sizeof(struct words_slot)),
    };
    if (words->list == NULL || words->slots == NULL) {
        words_fini(words);
        return false;
    }
    return true;
}

void words_fini(struct words *words)
{
    free(words->list);
    free(words->slots);
    *words = (struct words) {0};
}

/* The slot of this word, or the empty one where it belongs. */
static struct words_slot *find(const struct words *words, const char *bytes, size_t length,
                               uint32_t hash)
{
    const size_t mask = 2 * words->capacity - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct words_slot *slot = &words->slots[i];
        if (slot->place == 0) {
            return slot;
        }
        if (slot->hash == hash) {
            const struct word *word = &words->list[slot->place - 1];
            if (word->length == length && memcmp(word->bytes, bytes, length) == 0) {
                return slot;
            }
        }
    }
}

struct word *words_get(struct words *words, const char *bytes, size_t length, uint32_t hash)
{
    struct words_slot *slot = find(words, bytes, length, hash);
    if (slot->place != 0) {
        return &words->list[slot->place - 1];
    }
    if (words->count == words->capacity) {
        return NULL;
    }

    struct word *word = &words->list[words->count];
    words->count++;
    *word = (struct word) {.bytes = bytes, .length = (uint32_t) length, .hash = hash};
    *slot = (struct words_slot) {.hash = hash, .place = (uint32_t) words->count};
    return word;
}

bool words_reserve(struct words *words)
{
    if (words->count < words->capacity) {
        return true;
    }

    struct words_slot *slots = calloc(4 * words->capacity, sizeof *slots);
    struct word *list = realloc(words->list, 2 * words->capacity * sizeof *list);
    if (list != NULL) {
        words->list = list;
    }
    if (slots == NULL || list == NULL) {
        free(slots);
        return false;
    }

    free(words->slots);
    words->slots = slots;
    words->capacity *= 2;
    const size_t mask = 2 * words->capacity - 1;
    for (size_t i = 0; i < words->count; i++) {
        size_t at = list[i].hash & mask;
        while (slots[at].place != 0) {
            at = (at + 1) & mask;
        }
        slots[at] = (struct words_slot) {.hash = list[i].hash, .place = (uint32_t) (i + 1)};
    }
    return true;
}

void words_clear(struct words *words)
{
    memset(words->slots, 0, 2 * words->capacity * sizeof *words->slots);
    words->count = 0;
}

int words_compare(const char *left, size_t left_length, const char *right, size_t right_length)
{
    const size_t common = left_length < right_length ? left_length : right_length;
    const int order = memcmp(left, right, common);
    if (order != 0) {
        return order;
    }
    return (left_length > right_length) - (left_length < right_length);
}

static int by_bytes(const void *left, const void *right)
{
    const struct word *const a = left;
    const struct word *const b = right;
    return words_compare(a->bytes, a->length, b->bytes, b->length);
}

void words_sort(struct words *words)
{
    free(words->slots);
    words->slots = NULL;
    qsort(words->list, words->count, sizeof *words->list, by_bytes);
}
