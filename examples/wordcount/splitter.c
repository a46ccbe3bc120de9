/* SPDX-License-Identifier: MIT */
/* splitter: finds the words of a block, counts them, and sends each counter its share.
 *
 * Words repeat within a block: adding them up first makes the batches some eight times shorter than
 * the list of words. A counter's share is decided by the words' hash. */
#include "batch.h"
#include "messages.h"
#include "text.h"
#include "words.h"

#include <stdlib.h>

enum {
    WORDS_MAX = 8192,      /* distinct words that are added up before they are sent */
    BATCH_BYTES = 8 * 1024 /* of a batch, if none of its words is longer */
};

/* A batch that is being filled. */
struct share {
    char *bytes; /* or NULL: none yet */
    size_t fill;
    size_t size;
};

struct splitter {
    troupe_self *self;
    const struct job *job;
    struct words words;               /* borrow from the block */
    struct share shares[WORKERS_MAX]; /* one for each counter */
    struct tally tally;
};

/* Sends a counter what there is for it, if there is any. */
static troupe_error send_share(struct splitter *splitter, uint32_t counter)
{
    struct share *share = &splitter->shares[counter];
    if (share->fill == 0) {
        return TROUPE_OK;
    }
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error =
        create_owned(splitter->self, &batch_type, &share->bytes, share->fill, &message);
    if (error) {
        return error;
    }
    *share = (struct share) {0};
    return troupe_send_message(splitter->self, splitter->job->counters[counter], &message);
}

/* Puts a word into the share of its counter. */
static troupe_error share_word(struct splitter *splitter, const struct word *word)
{
    const uint32_t counter =
        (uint32_t) ((uint64_t) word->hash * splitter->job->options->workers >> 32);
    struct share *share = &splitter->shares[counter];
    const size_t size = batch_size_of(word);
    if (share->size - share->fill < size) {
        const troupe_error error = send_share(splitter, counter);
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

/* Sends the counters all words and forgets them. */
static troupe_error send_words(struct splitter *splitter)
{
    for (size_t i = 0; i < splitter->words.count; i++) {
        const troupe_error error = share_word(splitter, &splitter->words.list[i]);
        if (error) {
            return error;
        }
    }
    words_clear(&splitter->words);
    for (uint32_t i = 0; i < splitter->job->options->workers; i++) {
        const troupe_error error = send_share(splitter, i);
        if (error) {
            return error;
        }
    }
    return TROUPE_OK;
}

static troupe_error add_word(struct splitter *splitter, const char *bytes, size_t length)
{
    if (length > WORD_BYTES_MAX) {
        splitter->tally.too_long++;
        return TROUPE_OK;
    }
    splitter->tally.words++;

    const uint32_t hash = text_hash(bytes, length);
    struct word *word = words_get(&splitter->words, bytes, length, hash);
    if (word == NULL) {
        const troupe_error error = send_words(splitter);
        if (error) {
            return error;
        }
        word = words_get(&splitter->words, bytes, length, hash);
    }
    word->count++;
    return TROUPE_OK;
}

static troupe_error split(struct splitter *splitter, const char *text, size_t size)
{
    const char *at = text;
    const char *const end = text + size;
    for (;;) {
        while (at < end && !text_is_word_byte(*at)) {
            at++;
        }
        if (at == end) {
            return send_words(splitter);
        }

        const char *const word = at;
        while (text_is_word_byte(*at)) { /* the block ends with a byte of no word */
            at++;
        }
        const troupe_error error = add_word(splitter, word, (size_t) (at - word));
        if (error) {
            return error;
        }
    }
}

static troupe_error finish(const struct splitter *splitter)
{
    for (uint32_t i = 0; i < splitter->job->options->workers; i++) {
        const troupe_error error =
            send_struct(splitter->self, splitter->job->counters[i], &end_type, NULL);
        if (error) {
            return error;
        }
    }
    return send_struct(splitter->self, splitter->job->reporter, &tally_type, &splitter->tally);
}

/* Stays after its end, so that its statistics can be read; the reporter's end stops it. */
static troupe_error serve(struct splitter *splitter)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (!error) {
        error = troupe_receive(splitter->self, &message, TROUPE_FOREVER);
        if (!error && troupe_message_is(message, &block_type)) {
            size_t size = 0;
            const char *text = troupe_message_bytes(message, &size);
            error = split(splitter, text, size);
        } else if (!error) {
            error = finish(splitter);
        }
    }
    return end_of(error);
}

troupe_error splitter_run(troupe_self *self, void *argument)
{
    struct splitter splitter = {.self = self, .job = argument};
    if (!words_init(&splitter.words, WORDS_MAX)) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    const troupe_error error = serve(&splitter);
    for (uint32_t i = 0; i < WORKERS_MAX; i++) {
        free(splitter.shares[i].bytes); /* NULL, but after an error */
    }
    words_fini(&splitter.words);
    return error;
}
