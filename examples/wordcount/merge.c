/* SPDX-License-Identifier: MIT */
#include "merge.h"

#include "batch.h"

/* What one counter has given. */
struct source {
    troupe_ref counter;
    troupe_message *message; /* the batch in which `rest` and `word` are */
    struct batch rest;
    struct word word; /* the next one */
};

struct merge {
    struct source sources[WORKERS_MAX];
    uint32_t count; /* of those that have words left */
};

/* Moves on to the source's next word. Errors: END if there is none. */
static troupe_error advance(troupe_self *self, struct source *source)
{
    while (!batch_read(&source->rest, &source->word)) {
        TROUPE_AUTO(troupe_message) *pull = NULL;
        troupe_error error = troupe_message_create(self, &pull_type, NULL, &pull);
        if (error) {
            return error;
        }
        error = troupe_ask_message(self, source->counter, &pull, TROUPE_FOREVER, &source->message);
        if (error) {
            return error;
        }
        source->rest.at = troupe_message_bytes(source->message, &source->rest.left);
    }
    return TROUPE_OK;
}

/* Advances a source and forgets it if that was its last word. */
static troupe_error advance_at(troupe_self *self, struct merge *merge, uint32_t index)
{
    const troupe_error error = advance(self, &merge->sources[index]);
    if (error != TROUPE_ERROR_END) {
        return error;
    }
    troupe_message_destroy(&merge->sources[index].message);
    merge->count--;
    merge->sources[index] = merge->sources[merge->count];
    return TROUPE_OK;
}

static uint32_t index_of_first(const struct merge *merge)
{
    uint32_t first = 0;
    for (uint32_t i = 1; i < merge->count; i++) {
        const struct word *left = &merge->sources[i].word;
        const struct word *right = &merge->sources[first].word;
        if (words_compare(left->bytes, left->length, right->bytes, right->length) < 0) {
            first = i;
        }
    }
    return first;
}

static troupe_error merge_all(troupe_self *self, struct merge *merge, merge_visit *visit,
                              void *context)
{
    for (uint32_t i = merge->count; i > 0; i--) {
        const troupe_error error = advance_at(self, merge, i - 1);
        if (error) {
            return error;
        }
    }
    while (merge->count > 0) {
        const uint32_t first = index_of_first(merge);
        troupe_error error = visit(context, &merge->sources[first].word);
        if (!error) {
            error = advance_at(self, merge, first);
        }
        if (error) {
            return error;
        }
    }
    return TROUPE_OK;
}

troupe_error merge_counters(troupe_self *self, const struct job *job, merge_visit *visit,
                            void *context)
{
    struct merge merge = {.count = job->options->workers};
    for (uint32_t i = 0; i < merge.count; i++) {
        merge.sources[i].counter = job->counters[i];
    }

    const troupe_error error = merge_all(self, &merge, visit, context);
    for (uint32_t i = 0; i < merge.count; i++) {
        troupe_message_destroy(&merge.sources[i].message);
    }
    return error;
}
