/* SPDX-License-Identifier: MIT */
/* numbers: what is open between two nodes, by the numbers that tie it together on the wire.
 *
 * Ours are the requests and monitors of actors here that wait for an answer from there; theirs the
 * other way round. Numbers of ours are this table's ids; theirs are the other node's.
 * Owns:       the entries. Of one of ours also the message, once it was sent; before that it is on
 *             the way out.
 * Invariants: one entry for each number of either kind; an entry of theirs that is void is in no
 *             map and waits for the end of its ask.
 * Threads:    the border's worker's. */
#ifndef TR_CLUSTER_NUMBERS_H
#define TR_CLUSTER_NUMBERS_H

#include "base/list.h"
#include "base/map.h"
#include "base/table.h"
#include "cluster/landing.h"
#include "core/message.h"

/* One of ours. */
typedef struct tr_own {
    tr_map_node by_key; /* who asked or watches, and the number there */
    uint64_t number;
    troupe_message *message; /* the request, or the entry of a monitor */
    tr_address place;        /* of a request that is not sent yet: in whose mailbox it has one */
    uint64_t ties[2];        /* of a spawn: the numbers of the monitor and link with it, or 0 */
    bool is_sent;
    bool is_lookup;
    bool is_spawn;
    bool is_tie; /* such a monitor or link, as long as its spawn is not answered: of nobody yet */
} tr_own;

typedef struct tr_nursling tr_nursling;

/* One of theirs. */
typedef struct tr_their {
    tr_map_node by_number;
    tr_map_node by_monitor;
    tr_list all; /* but for void ones */
    void *owner; /* for who finds it by its ask */
    uint64_t number;
    uint64_t local; /* the ask or monitor here */
    tr_address to;
    tr_landing_stand stand; /* of an ask that has landed */
    troupe_message *exit; /* of a link: what tells the actor here; it is the entry's */
    /* Of a spawn. */
    troupe_message *answer; /* the entry's; NULL: it is none */
    tr_nursling *nursling;
    tr_list waiting;
    uint64_t ties[2]; /* as above */
    bool is_monitor;  /* or link */
    bool is_void;
    bool is_given_up; /* by who asked */
} tr_their;

typedef struct tr_numbers {
    const troupe_allocator *allocator;
    tr_table own;
    tr_map own_by_key;
    tr_map theirs;         /* by number */
    tr_map their_monitors; /* by the monitor here */
    tr_list all_theirs;    /* the same as by number, to be ended one by one */
    uint32_t voids;
    uint64_t hash_key; /* the others choose numbers; to be set before anything is added */
} tr_numbers;

void tr_numbers_init(tr_numbers *numbers, const troupe_allocator *allocator);
/* After all entries are gone. */
void tr_numbers_fini(tr_numbers *numbers);

/* Makes an entry for a request or the entry of a monitor.
 * Errors: LIMIT_REACHED; NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_numbers_add_own(tr_numbers *numbers, troupe_message *message,
                                                  tr_own **out_own);
/* NULL: there is none, or no more. */
tr_own *tr_numbers_find_own(const tr_numbers *numbers, uint64_t number);
tr_own *tr_numbers_find_by_key(const tr_numbers *numbers, tr_kind kind, tr_address from,
                               uint64_t correlation);
/* Any; the next after *number, which is 0 at first. NULL after the last. */
tr_own *tr_numbers_next_own(const tr_numbers *numbers, uint64_t *number);
/* Its message is the caller's. */
troupe_message *tr_numbers_remove_own(tr_numbers *numbers, tr_own *own);

/* Errors: BAD_ARGUMENT if there is one of this number; LIMIT_REACHED; NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_numbers_add_their(tr_numbers *numbers, uint64_t number,
                                                    bool is_monitor, tr_their **out_their);
/* Of a monitor: it is known by this number here. */
void tr_numbers_note_monitor(tr_numbers *numbers, tr_their *their, uint64_t monitor);
tr_their *tr_numbers_find_their(const tr_numbers *numbers, uint64_t number);
tr_their *tr_numbers_find_monitor(const tr_numbers *numbers, uint64_t monitor);
/* The oldest; NULL: there are none, but for void ones. */
tr_their *tr_numbers_first_their(const tr_numbers *numbers);
/* Nobody waits for it any more, but its ask will still end. */
void tr_numbers_void_their(tr_numbers *numbers, tr_their *their);
void tr_numbers_remove_their(tr_numbers *numbers, tr_their *their);

#endif
