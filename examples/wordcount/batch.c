/* SPDX-License-Identifier: MIT */
#include "batch.h"

#include <string.h>

struct head {
    uint64_t count;
    uint32_t length;
    uint32_t hash;
};

size_t batch_size_of(const struct word *word)
{
    return sizeof(struct head) + word->length;
}

void batch_write(char *at, const struct word *word)
{
    const struct head head = {.count = word->count, .length = word->length, .hash = word->hash};
    memcpy(at, &head, sizeof head);
    memcpy(at + sizeof head, word->bytes, word->length);
}

bool batch_read(struct batch *batch, struct word *word)
{
    struct head head;
    if (batch->left < sizeof head) {
        return false;
    }
    memcpy(&head, batch->at, sizeof head);
    *word = (struct word) {
        .bytes = batch->at + sizeof head,
        .count = head.count,
        .length = head.length,
        .hash = head.hash,
    };
    batch->at += batch_size_of(word);
    batch->left -= batch_size_of(word);
    return true;
}
