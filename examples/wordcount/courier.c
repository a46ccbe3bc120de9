/* SPDX-License-Identifier: MIT */
/* courier: does what a splitter does, but has another node count the words of a unit.
 *
 * It sends the text of one unit at a time to the helpers of a node that is connected, and takes the
 * counts over from the answer. An ask has exactly one answer: counts, which are taken over, or an
 * error, most of all that the node is lost; then it counts that unit itself, as it does while no
 * node is connected. So each unit is counted once, whatever becomes of the others. */
#include "messages.h"
#include "peers.h"
#include "split.h"
#include "text.h"

#include <string.h>

#include "wordcount.pb-c.h"

struct errand {
    troupe_self *self;
    const struct courier *courier;
    struct split split;
    uint64_t node; /* where `helpers` is; 0: not known */
    troupe_ref helpers;
    uint64_t failed_node; /* that has failed us last, and is given nothing */
    uint64_t forgiven_ns; /* before that */
    struct peers peers;
};

/* Whoever has failed may do better in a second. */
static void note_failure(struct errand *errand, uint64_t node)
{
    errand->failed_node = node;
    errand->forgiven_ns = troupe_self_now_ns(errand->self) + UINT64_C(1000000000);
    errand->node = 0;
}

/* Errors: END if nobody is to be had who helps; those of troupe_lookup_on. */
static troupe_error find_helpers(struct errand *errand)
{
    const size_t number = (size_t) (errand->courier - errand->courier->job->couriers);
    const bool is_forgiven = troupe_self_now_ns(errand->self) >= errand->forgiven_ns;
    const uint64_t node =
        peers_choose(errand->self, &errand->peers, number, is_forgiven ? 0 : errand->failed_node);
    if (node == 0) {
        return TROUPE_ERROR_END;
    }
    if (node == errand->node) {
        return TROUPE_OK;
    }
    const troupe_error error = troupe_lookup_on(errand->self, node, HELPERS_NAME,
                                                TROUPE_WITHIN_S(HELP_SECONDS), &errand->helpers);
    if (error) {
        note_failure(errand, node);
    } else {
        errand->node = node;
    }
    return error;
}

/* The words of an answer, one after the other. */
struct answer {
    const Wordcount__Counts *counts;
    size_t at; /* in the bytes of the words */
    size_t index;
};

/* False at the end, or if something is wrong with it: then it is not at the end. */
static bool next_word(struct answer *answer, struct word *out_word)
{
    const ProtobufCBinaryData *words = &answer->counts->words;
    if (answer->at == words->len || answer->index == answer->counts->n_counts) {
        return false;
    }
    const char *word = (const char *) words->data + answer->at;
    const char *end = memchr(word, '\n', words->len - answer->at);
    if (end == NULL || end == word || end - word > WORD_BYTES_MAX) {
        return false;
    }
    const size_t length = (size_t) (end - word);
    *out_word = (struct word) {.bytes = word,
                               .length = (uint32_t) length,
                               .count = answer->counts->counts[answer->index],
                               .hash = text_hash(word, length)};
    answer->at += length + 1;
    answer->index++;
    return true;
}

/* Whether it is of this unit, and whole. Adds its words up. */
static bool check(const Wordcount__Counts *counts, const struct unit *unit, uint64_t *out_words)
{
    struct answer answer = {.counts = counts};
    struct word word;
    uint64_t words = 0;
    if (counts == NULL || counts->number != unit->number) {
        return false;
    }
    while (next_word(&answer, &word)) {
        words += word.count;
    }
    *out_words = words;
    return answer.at == counts->words.len && answer.index == counts->n_counts;
}

static troupe_error take_over(struct split *split, const Wordcount__Counts *counts, uint64_t words)
{
    struct answer answer = {.counts = counts};
    struct word word;
    while (next_word(&answer, &word)) {
        const troupe_error error = split_share(split, &word);
        if (error) {
            return error;
        }
    }
    split->tally.words += words;
    split->tally.too_long += counts->too_long;
    split->tally.units++;
    split->tally.away++;
    return split_send(split);
}

/* Asks for the counts of a unit. Errors: PROTOCOL for an answer that cannot be; those of
 * troupe_ask. */
static troupe_error ask(struct errand *errand, const struct unit *unit, troupe_message **out_reply,
                        uint64_t *out_words)
{
    Wordcount__Unit request = WORDCOUNT__UNIT__INIT;
    request.number = unit->number;
    request.text.data = (uint8_t *) unit->block->text;
    request.text.len = unit->size;
    const troupe_error error = troupe_ask(errand->self, errand->helpers, &request.base,
                                          TROUPE_WITHIN_S(HELP_SECONDS), out_reply);
    if (error) {
        return error;
    }
    const Wordcount__Counts *counts = troupe_message_as(*out_reply, &wordcount__counts__descriptor);
    return check(counts, unit, out_words) ? TROUPE_OK : TROUPE_ERROR_PROTOCOL;
}

static bool is_told_to_end(troupe_error error)
{
    return error == TROUPE_ERROR_STOPPING || error == TROUPE_ERROR_CANCELLED;
}

static troupe_error deliver(struct errand *errand, const struct unit *unit)
{
    TROUPE_AUTO(troupe_message) *reply = NULL;
    uint64_t words = 0;
    troupe_error error = find_helpers(errand);
    if (!error) {
        error = ask(errand, unit, &reply, &words);
        if (error && !is_told_to_end(error)) {
            note_failure(errand, errand->node);
            errand->split.tally.anew++;
        }
    }
    if (is_told_to_end(error)) {
        return error;
    }
    if (error) {
        return split_text(&errand->split, unit);
    }
    return take_over(&errand->split, troupe_message_as(reply, &wordcount__counts__descriptor),
                     words);
}

/* Stays after its end, like a splitter. */
static troupe_error serve(struct errand *errand)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_learn(errand->self, &wordcount__counts__descriptor);
    while (!error) {
        error = troupe_receive(errand->self, &message, TROUPE_FOREVER);
        const struct unit *unit = troupe_message_struct(message, &unit_type);
        if (!error) {
            error = unit != NULL ? deliver(errand, unit) : split_end(&errand->split);
        }
    }
    return end_of(error);
}

troupe_error courier_run(troupe_self *self, void *argument)
{
    struct errand errand = {.self = self, .courier = argument};
    troupe_error error = split_init(&errand.split, self, errand.courier->job);
    error = error ? error : serve(&errand);
    split_fini(&errand.split);
    peers_fini(&errand.peers);
    return error;
}
