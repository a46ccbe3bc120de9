/* SPDX-License-Identifier: MIT */
#include "helper.h"

#include "messages.h"
#include "text.h"
#include "words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/actors/pool.h>

#include "wordcount.pb-c.h"

/* Adds up the words of a unit. Errors: NO_MEMORY. */
static troupe_error count(struct words *words, const ProtobufCBinaryData *text,
                          uint64_t *out_too_long)
{
    const char *at = (const char *) text->data;
    const char *const end = at + text->len;
    size_t length = 0;
    const char *bytes = NULL;
    *out_too_long = 0;
    words_clear(words);
    while ((bytes = text_next_word(&at, end, &length)) != NULL) {
        if (length > WORD_BYTES_MAX) {
            (*out_too_long)++;
            continue;
        }
        if (!words_reserve(words)) {
            return TROUPE_ERROR_NO_MEMORY;
        }
        words_get(words, bytes, length, text_hash(bytes, length))->count++;
    }
    return TROUPE_OK;
}

/* Answers with what there is of each word; they take no more room than the text did. */
static troupe_error answer(troupe_self *self, troupe_message *request, const struct words *words,
                           uint64_t too_long)
{
    const Wordcount__Unit *unit = troupe_message_as(request, &wordcount__unit__descriptor);
    Wordcount__Counts counts = WORDCOUNT__COUNTS__INIT;
    char *bytes = malloc(unit->text.len + 1);
    uint64_t *numbers = calloc(words->count + 1, sizeof *numbers);
    troupe_error error = TROUPE_ERROR_NO_MEMORY;
    if (bytes != NULL && numbers != NULL) {
        char *at = bytes;
        for (size_t i = 0; i < words->count; i++) {
            const struct word *word = &words->list[i];
            memcpy(at, word->bytes, word->length);
            at += word->length;
            *at = '\n';
            at++;
            numbers[i] = word->count;
        }
        counts.number = unit->number;
        counts.too_long = too_long;
        counts.words.data = (uint8_t *) bytes;
        counts.words.len = (size_t) (at - bytes);
        counts.counts = numbers;
        counts.n_counts = words->count;
        error = troupe_reply(self, request, &counts.base);
    }
    free(bytes);
    free(numbers);
    return error;
}

/* Another node may send what it likes. */
static bool is_good(const Wordcount__Unit *unit)
{
    return unit != NULL && unit->text.len > 0 && unit->text.len <= BLOCK_BYTES &&
           !text_is_word_byte((char) unit->text.data[unit->text.len - 1]);
}

static troupe_error handle(troupe_self *self, struct words *words, troupe_message *message)
{
    const Wordcount__Unit *unit = troupe_message_as(message, &wordcount__unit__descriptor);
    uint64_t too_long = 0;
    if (!troupe_message_wants_reply(message)) {
        return TROUPE_OK;
    }
    if (!is_good(unit)) {
        return troupe_reply_error(self, message, TROUPE_ERROR_BAD_ARGUMENT);
    }
    const troupe_error error = count(words, &unit->text, &too_long);
    return error ? error : answer(self, message, words, too_long);
}

static troupe_error help(troupe_self *self, void *argument)
{
    (void) argument;
    struct words words;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = words_init(&words, 8192) ? TROUPE_OK : TROUPE_ERROR_NO_MEMORY;
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        error = error ? error : handle(self, &words, message);
    }
    words_fini(&words);
    return error;
}

/* Ends when a node has left, as one does that is through: only then. One that is cut off, or lost,
 * may come back and have more to do. */
static troupe_error watch_door(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_node_event *event = NULL;
    troupe_error error = troupe_watch_nodes(self);
    while (!error && (event == NULL || event->node.state != TROUPE_NODE_LEFT)) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        event = troupe_message_struct(message, &troupe_node_event_type);
    }
    return error;
}

/* Says where others can dial: the port may have been chosen by the system. */
static troupe_error say_where(troupe_self *self)
{
    char endpoint[256];
    const troupe_error error =
        troupe_node_endpoint(troupe_self_node(self), endpoint, sizeof endpoint);
    if (!error) {
        (void) printf("wordcount: helps at %s\n", endpoint);
        (void) fflush(stdout);
    }
    return error;
}

troupe_error helper_serve(troupe_self *self, void *argument)
{
    const struct options *options = argument;
    const troupe_spawn_options helper =
        *TROUPE_SPAWN(.body = help, .place = TROUPE_PLACE_ANY,
                      .mailbox_bytes = (uint64_t) PEERS_MAX * PEER_UNITS * BLOCK_BYTES);
    troupe_ref ref;
    troupe_monitor_id monitor;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_learn(self, &wordcount__unit__descriptor);
    error = error ? error
                  : troupe_pool_spawn(self,
                                      TROUPE_POOL(.name = HELPERS_NAME, .worker = &helper,
                                                  .workers_min = options->workers,
                                                  .workers_max = options->workers),
                                      &ref);
    error = error ? error : troupe_monitor(self, ref, &monitor);
    error =
        error ? error
              : troupe_spawn(
                    self, TROUPE_SPAWN(.name = "door", .body = watch_door, .out_monitor = &monitor),
                    &ref);
    error = error ? error : say_where(self);
    error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    if (error) {
        return end_of(error);
    }
    const troupe_down *down = troupe_message_struct(message, &troupe_down_type);
    return down != NULL ? down->reason : TROUPE_ERROR_BAD_ARGUMENT;
}
