/* SPDX-License-Identifier: MIT */
/* talk: who on this worker sends much to one other worker, by samples.
 *
 * Time goes by epochs. In each the first senders that are seen are counted, and actors go in one
 * direction only: in even ones to workers of a higher index, in odd ones to lower; so two that talk
 * to each other never change places. A worker sits out about half of them, so that a ring of actors
 * on different workers does not chase itself.
 * Owns:    the table of the epoch.
 * Threads: the worker's. */
#ifndef TR_CORE_TALK_H
#define TR_CORE_TALK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/message.h"

/* One in so many messages to other workers is looked at; a power of two. */
#define TR_TALK_ONE_IN 64
/* Who was seen so often in an epoch talks much: some 5000 messages a second. */
#define TR_TALK_SAMPLES_MIN 4
#define TR_TALK_EPOCH_NS UINT64_C(50000000)
#define TR_TALK_ENTRIES 32
/* Senders that are looked at closely in an epoch and then not given away: that costs something. */
#define TR_TALK_TRIES 3

typedef struct tr_talk_entry {
    tr_address sender;
    uint32_t to;
    uint32_t samples; /* 0: it was tried in this epoch */
} tr_talk_entry;

typedef struct tr_talk {
    uint32_t remote;     /* messages to other workers, wrapping */
    uint32_t count;      /* of entries */
    uint32_t tries_left; /* in this epoch */
    uint64_t epoch;
    tr_talk_entry entries[TR_TALK_ENTRIES];
} tr_talk;

/* Begins a new table if it is time. */
void tr_talk_set_time(tr_talk *talk, uint64_t now_ns);

void tr_talk_note(tr_talk *talk, tr_address sender, uint32_t to);

/* Whether this worker may give actors that talk to that one in this epoch. */
bool tr_talk_may_go(uint64_t epoch, uint32_t from, uint32_t to);

/* Takes the sender that talks most to one worker, if it talks much and may go there. The percentage
 * is of what it sends to other workers. */
bool tr_talk_take(tr_talk *talk, uint32_t self, tr_talk_entry *out_entry, uint32_t *out_percent);

#endif
