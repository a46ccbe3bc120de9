/* SPDX-License-Identifier: MIT */
/* counter: adds up its share of the words; in the end gives them out, sorted, batch by batch.
 *
 * Only its words make this program's memory grow. */
#include "batch.h"
#include "messages.h"
#include "store.h"
#include "words.h"

#include <stdlib.h>

struct counter {
    troupe_self *self;
    const struct job *job;
    struct words words; /* borrow from the store */
    struct store store;
    uint32_t ends; /* splitters and couriers that have ended */
    size_t given;  /* words given to the reporter */
};

static troupe_error add(struct counter *counter, const struct word *more)
{
    if (!words_reserve(&counter->words)) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    struct word *word = words_get(&counter->words, more->bytes, more->length, more->hash);
    if (word->count == 0) {
        word->bytes = store_copy(&counter->store, more->bytes, more->length);
        if (word->bytes == NULL) {
            return TROUPE_ERROR_NO_MEMORY;
        }
    }
    word->count += more->count;
    return TROUPE_OK;
}

static troupe_error add_batch(struct counter *counter, const troupe_message *message)
{
    struct batch batch;
    batch.at = troupe_message_bytes(message, &batch.left);
    struct word word;
    while (batch_read(&batch, &word)) {
        const troupe_error error = add(counter, &word);
        if (error) {
            return error;
        }
    }
    return TROUPE_OK;
}

static troupe_error end(struct counter *counter)
{
    counter->ends++;
    if (counter->ends < counter->job->options->workers + job_couriers(counter->job)) {
        return TROUPE_OK;
    }
    words_sort(&counter->words);
    const struct tally tally = {.distinct = counter->words.count};
    return send_struct(counter->self, counter->job->reporter, &tally_type, &tally);
}

/* Answers with the next words, or with END. */
static troupe_error give(struct counter *counter, troupe_message *request)
{
    const struct words *words = &counter->words;
    size_t size = 0;
    size_t to = counter->given;
    while (to < words->count && size + batch_size_of(&words->list[to]) <= PULL_BYTES_MAX) {
        size += batch_size_of(&words->list[to]);
        to++;
    }
    if (size == 0) {
        return troupe_reply_error(counter->self, request, TROUPE_ERROR_END);
    }

    char *bytes = malloc(size);
    if (bytes == NULL) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    char *at = bytes;
    for (; counter->given < to; counter->given++) {
        const struct word *word = &words->list[counter->given];
        batch_write(at, word);
        at += batch_size_of(word);
    }

    TROUPE_AUTO(troupe_message) *reply = NULL;
    const troupe_error error = create_owned(counter->self, &batch_type, &bytes, size, &reply);
    if (error) {
        free(bytes);
        return error;
    }
    return troupe_reply_message(counter->self, request, &reply);
}

static troupe_error handle(struct counter *counter, troupe_message *message)
{
    if (troupe_message_is(message, &batch_type)) {
        return add_batch(counter, message);
    }
    return troupe_message_is(message, &end_type) ? end(counter) : give(counter, message);
}

static troupe_error serve(struct counter *counter)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (!error) {
        error = troupe_receive(counter->self, &message, TROUPE_FOREVER);
        if (!error) {
            error = handle(counter, message);
        }
    }
    return end_of(error);
}

troupe_error counter_run(troupe_self *self, void *argument)
{
    struct counter counter = {.self = self, .job = argument};
    if (!words_init(&counter.words, 1024)) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    const troupe_error error = serve(&counter);
    words_fini(&counter.words);
    store_fini(&counter.store);
    return error;
}
