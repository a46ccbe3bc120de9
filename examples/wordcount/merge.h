/* SPDX-License-Identifier: MIT */
/* merge: the sorted words of all counters as one sorted row. */
#ifndef WORDCOUNT_MERGE_H
#define WORDCOUNT_MERGE_H

#include "messages.h"
#include "words.h"

/* Handles the next word. Returns an error to stop. */
typedef troupe_error merge_visit(void *context, const struct word *word);

/* Pulls the words out of the counters, which have to be through, and visits them in order. At any
 * time one batch of each counter is in memory. Errors: those of troupe_ask_message and of visit. */
troupe_error merge_counters(troupe_self *self, const struct job *job, merge_visit *visit,
                            void *context);

#endif
