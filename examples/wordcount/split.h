/* SPDX-License-Identifier: MIT */
/* split: the words of one unit after the other, added up and shared among the counters.
 *
 * Words repeat within a unit: adding them up first makes the batches some eight times shorter than
 * the list of words. A counter's share is decided by the words' hash. */
#ifndef WORDCOUNT_SPLIT_H
#define WORDCOUNT_SPLIT_H

#include "messages.h"
#include "words.h"

#include <stddef.h>

/* A batch that is being filled. */
struct share {
    char *bytes; /* or NULL: none yet */
    size_t fill;
    size_t size;
};

struct split {
    troupe_self *self;
    const struct job *job;
    struct words words;               /* of the unit; borrow its bytes */
    struct share shares[WORKERS_MAX]; /* one for each counter */
    struct tally tally;
};

/* Errors: NO_MEMORY. */
troupe_error split_init(struct split *split, troupe_self *self, const struct job *job);
void split_fini(struct split *split);

/* Counts the words of a unit, and sends the counters their shares. Errors: NO_MEMORY; those of
 * troupe_send. */
troupe_error split_text(struct split *split, const struct unit *unit);

/* Puts a word with its count, which borrows its bytes until split_send, into the share of its
 * counter. Errors: likewise. */
troupe_error split_share(struct split *split, const struct word *word);

/* Sends each counter what there is for it. Errors: likewise. */
troupe_error split_send(struct split *split);

/* Tells the counters that nothing more comes, and the reporter what came. */
troupe_error split_end(const struct split *split);

#endif
