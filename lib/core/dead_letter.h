/* SPDX-License-Identifier: MIT */
/* dead_letter: counting, logging and telling of messages that nobody handles.
 *
 * Owns:    nothing; the counts are the worker's ledger's, the subscribers the system's.
 * Threads: the worker's. */
#ifndef TR_CORE_DEAD_LETTER_H
#define TR_CORE_DEAD_LETTER_H

#include <troupe/dead_letter.h>

#include "core/worker.h"

/* Counts, logs and tells of one; the message itself stays as it is. */
void tr_dead_letter_note(tr_worker *worker, const troupe_message *message,
                         troupe_dead_reason reason);

/* As troupe_node_dead_letters. Threads: any. */
size_t tr_dead_letters_read(const tr_system *system, troupe_dead_sample *samples, size_t count);

/* Logs how many were not logged since the last line. */
void tr_dead_letter_summarise(tr_worker *worker);

#endif
