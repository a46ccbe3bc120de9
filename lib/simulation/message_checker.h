/* SPDX-License-Identifier: MIT */
/* message_checker: that each message accepted has one outcome, and that order holds.
 *
 * What one actor sends another enters the mailbox in the order of sending; each lane of a mailbox
 * is taken from in the order of entering, but for what a selective receive or a stash took before.
 * Owns:       a record for each message accepted and not ended, and for each pair of actors between
 *             which some are under way.
 * Invariants: messages are known by their addresses in memory only for as long as they live; what
 *             is found does not depend on these.
 * Threads:    the world's.
 * Uses:       actor_checker, for what belongs to a mailbox. */
#ifndef TR_SIMULATION_MESSAGE_CHECKER_H
#define TR_SIMULATION_MESSAGE_CHECKER_H

#include "base/map.h"
#include "simulation/actor_checker.h"

typedef struct tr_seen_message tr_seen_message;

typedef struct tr_message_checker {
    const tr_system *system; /* borrowed, as all of these */
    tr_finding *finding;
    tr_actor_checker *actors;
    tr_map messages;       /* by the message */
    tr_map pairs;          /* by sender and receiver */
    tr_seen_message *last; /* that was looked at, or NULL */
    tr_seen_message *spare;
    uint64_t entered;
} tr_message_checker;

void tr_message_checker_init(tr_message_checker *check, const tr_system *system,
                             tr_actor_checker *actors, tr_finding *finding);
void tr_message_checker_fini(tr_message_checker *check);

void tr_message_checker_hear(tr_message_checker *check, const tr_told *told);

#endif
