/* SPDX-License-Identifier: MIT */
/* text: what a word is, and the size of things. */
#ifndef WORDCOUNT_TEXT_H
#define WORDCOUNT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WORD_BYTES_MAX = 64 * 1024, /* a longer one is counted as too long */
    BLOCK_BYTES = 128 * 1024    /* of text in one message; has room for a word and more */
};

extern const unsigned char text_word_bytes[256]; /* 1 for [A-Za-z0-9_] */

static inline bool text_is_word_byte(char byte)
{
    return text_word_bytes[(unsigned char) byte];
}

/* The next word of a text that ends with a byte of no word, and moves *at behind it; NULL if there
 * is none before `end`. */
static inline const char *text_next_word(const char **at, const char *end, size_t *out_length)
{
    const char *word = *at;
    while (word < end && !text_is_word_byte(*word)) {
        word++;
    }
    if (word == end) {
        return NULL;
    }
    *at = word;
    while (text_is_word_byte(**at)) {
        (*at)++;
    }
    *out_length = (size_t) (*at - word);
    return word;
}

/* A number that depends on every byte. Its high and its low bits are equally good. */
uint32_t text_hash(const char *word, size_t length);

#endif
