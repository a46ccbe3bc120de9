/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <string.h>

#define NONE_16 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define LETTERS_15 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1
#define LETTERS_11 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1
#define DIGITS_10 1, 1, 1, 1, 1, 1, 1, 1, 1, 1

const unsigned char text_word_bytes[256] = {
    NONE_16,    NONE_16,    NONE_16,             /* control, space, punctuation */
    DIGITS_10,  0,          0,       0, 0, 0, 0, /* 0-9 and : ; < = > ? */
    0,          LETTERS_15,                      /* @ and A-O */
    LETTERS_11, 0,          0,       0, 0, 1,    /* P-Z, [ \ ] ^ and _ */
    0,          LETTERS_15,                      /* ` and a-o */
    LETTERS_11, 0,          0,       0, 0, 0,    /* p-z, { | } ~ and delete */
};

static uint64_t load(const char *bytes, size_t count)
{
    uint64_t number = 0;
    memcpy(&number, bytes, count);
    return number;
}

uint32_t text_hash(const char *word, size_t length)
{
    const uint64_t factor = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t hash = length * factor;
    uint64_t last = 0;

    /* The last bytes are read once more rather than one by one. */
    if (length >= 8) {
        for (size_t i = 0; i + 8 < length; i += 8) {
            hash = (hash ^ load(word + i, 8)) * factor;
            hash ^= hash >> 32;
        }
        last = load(word + length - 8, 8);
    } else if (length >= 4) {
        last = load(word, 4) | load(word + length - 4, 4) << 32;
    } else {
        last = load(word, 1) | load(word + length / 2, 1) << 8 | load(word + length - 1, 1) << 16;
    }

    hash = (hash ^ last) * factor;
    hash = (hash ^ hash >> 32) * factor;
    return (uint32_t) (hash >> 32);
}
