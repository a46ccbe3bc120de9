/* SPDX-License-Identifier: MIT */
#include "split.h"

#include "batch.h"
#include "text.h"

#include <stdlib.h>

enum {
    WORDS_MAX = 8192,      /* distinct words that are added up before they are sent */
    BATCH_BYTES = 8 * 1024 /* of a batch, if none of its words is longer */
};

troupe_error split_init(struct split *split, troupe_self *self, const struct job *job)
{
    *split = (struct split) {.self = self, .job = job};
    return words_init(&split->words, WORDS_MAX) ? TROUPE_OK : TROUPE_ERROR_NO_MEMORY;
}

void split_fini(struct split *split)
{
    for (uint32_t i = 0; i < WORKERS_MAX; i++) {
        free(split->shares[i].bytes); /* NULL, but after an error */
    }
    words_fini(&split->words);
}

/* Sends a counter what there is for it, if there is any. */
static troupe_error send_share(struct split *split, uint32_t counter)
{
    struct share *share = &split->shares[counter];
    if (share->fill == 0) {
        return TROUPE_OK;
    }
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error =
        create_owned(split->self, &batch_type, &share->bytes, share->fill, &message);
    if (error) {
        return error;
    }
    *share = (struct share) {0};
    return troupe_send_message(split->self, split->job->counters[counter], &message);
}

troupe_error split_share(struct split *split, const struct word *word)
{
    const uint32_t counter =
        (uint32_t) ((uint64_t) word->hash * split->job->options->workers >> 32);
    struct share *share = &split->shares[counter];
    const size_t size = batch_size_of(word);
    if (share->size - share->fill < size) {
        const troupe_error error = send_share(split, counter);
        if (error) {
            return error;
        }
        share->size = size > BATCH_BYTES ? size : BATCH_BYTES;
        share->bytes = malloc(share->size);
        if (share->bytes == NULL) {
            return TROUPE_ERROR_NO_MEMORY;
        }
    }
    batch_write(share->bytes + share->fill, word);
    share->fill += size;
    return TROUPE_OK;
}

troupe_error split_send(struct split *split)
{
    for (uint32_t i = 0; i < split->job->options->workers; i++) {
        const troupe_error error = send_share(split, i);
        if (error) {
            return error;
        }
    }
    return TROUPE_OK;
}

/* Sends the counters all words and forgets them. */
static troupe_error send_words(struct split *split)
{
    for (size_t i = 0; i < split->words.count; i++) {
        const troupe_error error = split_share(split, &split->words.list[i]);
        if (error) {
            return error;
        }
    }
    words_clear(&split->words);
    return split_send(split);
}

static troupe_error add_word(struct split *split, const char *bytes, size_t length)
{
    if (length > WORD_BYTES_MAX) {
        split->tally.too_long++;
        return TROUPE_OK;
    }
    split->tally.words++;

    const uint32_t hash = text_hash(bytes, length);
    struct word *word = words_get(&split->words, bytes, length, hash);
    if (word == NULL) {
        const troupe_error error = send_words(split);
        if (error) {
            return error;
        }
        word = words_get(&split->words, bytes, length, hash);
    }
    word->count++;
    return TROUPE_OK;
}

troupe_error split_text(struct split *split, const struct unit *unit)
{
    const char *at = unit->block->text;
    const char *const end = at + unit->size;
    size_t length = 0;
    const char *word = NULL;
    while ((word = text_next_word(&at, end, &length)) != NULL) {
        const troupe_error error = add_word(split, word, length);
        if (error) {
            return error;
        }
    }
    split->tally.units++;
    return send_words(split);
}

troupe_error split_end(const struct split *split)
{
    for (uint32_t i = 0; i < split->job->options->workers; i++) {
        const troupe_error error =
            send_struct(split->self, split->job->counters[i], &end_type, NULL);
        if (error) {
            return error;
        }
    }
    return send_struct(split->self, split->job->reporter, &tally_type, &split->tally);
}
