/* SPDX-License-Identifier: MIT */
#include "top.h"

#include <stdlib.h>
#include <string.h>

bool top_init(struct top *top, size_t capacity)
{
    *top = (struct top) {.capacity = capacity};
    top->list = calloc(capacity + 1, sizeof *top->list); /* one more: while one comes, one goes */
    return top->list != NULL;
}

void top_fini(struct top *top)
{
    for (size_t i = 0; i < top->count; i++) {
        free(top->list[i].bytes);
    }
    free(top->list);
    *top = (struct top) {0};
}

bool top_offer(struct top *top, const struct word *word)
{
    size_t place = top->count;
    while (place > 0 && top->list[place - 1].count < word->count) {
        place--;
    }
    if (place == top->capacity) {
        return true;
    }

    char *bytes = malloc(word->length);
    if (bytes == NULL) {
        return false;
    }
    memcpy(bytes, word->bytes, word->length);
    memmove(&top->list[place + 1], &top->list[place],
            (top->count - place) * sizeof(struct top_word));
    top->list[place] =
        (struct top_word) {.bytes = bytes, .length = word->length, .count = word->count};
    top->count++;

    if (top->count > top->capacity) {
        top->count--;
        free(top->list[top->count].bytes);
    }
    return true;
}
