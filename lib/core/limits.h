/* SPDX-License-Identifier: MIT */
/* limits: every limit and default of the core, by name.
 *
 * Threads: any; these are constants. */
#ifndef TR_CORE_LIMITS_H
#define TR_CORE_LIMITS_H

#include <stdint.h>

#include "core/shake.h"

/* Ends of a node: regular workers, and those made for actors on a thread of their own. */
#define TR_WORKERS_MAX 64
#define TR_OWN_THREADS_MAX 192
/* One more for threads from outside, one for what goes to other nodes, one for the inspector. */
#define TR_ENDS_MAX (TR_WORKERS_MAX + TR_OWN_THREADS_MAX + 3)

#define TR_ACTORS_MAX_DEFAULT (UINT32_C(4) << 20)
#define TR_ACTORS_MAX (UINT32_C(1) << 28)

/* The admission word counts to 2^24; evicting mailboxes admit twice their capacity. */
#define TR_MAILBOX_CAPACITY_MAX (UINT32_C(1) << 22)
#define TR_MAILBOX_CAPACITY_DEFAULT TR_SHAKEN(1024, 2)
#define TR_MAILBOX_BYTES_DEFAULT (UINT64_C(1) << 20)
/* Up to here a message is paid for by its place. */
#define TR_MESSAGE_FREE_BYTES 256
#define TR_MESSAGE_BYTES_MAX (UINT32_C(1) << 30)
#define TR_REPLY_BYTES_DEFAULT (UINT64_C(64) << 10)

#define TR_PARKED_MAX_DEFAULT 64
#define TR_PARKED_BYTES_DEFAULT (UINT64_C(64) << 10)
#define TR_ASKS_MAX_DEFAULT 1024
#define TR_TIMERS_MAX_DEFAULT 1024
#define TR_MONITORS_MAX_DEFAULT 1024
/* Places in lines that an actor has given up and not got back yet; then a full mailbox refuses. */
#define TR_TICKETS_MAX 16
#define TR_TYPE_RULES_MAX 256
#define TR_PRIORITIES 4

/* The pool of threads for jobs; see <troupe/offload.h>. A node that is not told has four more than
 * processors, but no more than the default. */
#define TR_OFFLOAD_THREADS_MAX 1024
#define TR_OFFLOAD_THREADS_DEFAULT 32
#define TR_OFFLOAD_QUEUE_MAX (UINT32_C(1) << 24)
#define TR_OFFLOAD_QUEUE_MAX_DEFAULT TR_SHAKEN(1024, 2)
#define TR_OFFLOAD_IDLE_NS UINT64_C(10000000000)

/* Of one actor. */
#define TR_TASKS_MAX (UINT32_C(1) << 24)
/* Of a scope that is not told. */
#define TR_GRACE_NS UINT64_C(5000000000)
/* When to try again to cancel a child for which there was no memory. */
#define TR_SIGNAL_AGAIN_NS UINT64_C(5000000)

#define TR_STATE_SIZE_MAX (UINT32_C(1) << 30)
/* What troupe_fail keeps of its text. */
#define TR_FAILURE_TEXT_SIZE 256
#define TR_NAME_MAX 63
#define TR_REDIRECTS_MAX 4
#define TR_STACK_SIZE_DEFAULT (UINT32_C(64) << 10)
#define TR_START_TIMEOUT_NS UINT64_C(5000000000)

/* Messages that an actor handles before others run. */
#define TR_TURN_MESSAGES_DEFAULT TR_SHAKEN(64, 2)
/* A pass runs as many turns at least, if there are runnable actors, before it looks outside. */
#define TR_TURNS_PER_PASS TR_SHAKEN(64, 1)
/* Turns after which a pass looks at the clock, to hand over what has waited for long: fewer the
 * longer they take. */
#define TR_TURNS_PER_LOOK_MIN 4
#define TR_TURNS_PER_LOOK_MAX 64
#define TR_FLUSH_AFTER_NS 50000
/* Messages that are collected for one other worker before they are handed over. */
#define TR_BATCH_MAX TR_SHAKEN(512, 1)

/* How long something waits before it looks for a ring it may be part of, and the longest pause
 * between two looks. */
#define TR_PROBE_AFTER_NS UINT64_C(20000000)
#define TR_PROBE_PAUSE_MAX_NS UINT64_C(1000000000)
#define TR_PROBE_HOPS_MAX 100000
/* Edges of a ring over several nodes, and how old a wait is before a probe leaves its node: a link
 * with a long way is not to carry one for each request. */
#define TR_PROBE_FAR_HOPS_MAX 64
#define TR_PROBE_FAR_AFTER_NS UINT64_C(500000000)

/* A worker takes its share of the node's bytes in pieces of this size. */
#define TR_BUDGET_PIECE (UINT64_C(1) << 20)
/* How often a line that waits for the node's bytes is looked at. */
#define TR_BUDGET_LOOK_NS UINT64_C(5000000)

/* Of one supervisor, which has a timer for each. */
#define TR_CHILDREN_MAX (UINT32_C(1) << 20)

/* Of the bodies in a node's quarantine. */
#define TR_QUARANTINE_BYTES_MAX (UINT64_C(16) << 20)

#define TR_DEAD_LETTER_SUBSCRIBERS_MAX 8
/* Other nodes, with those that are over; and who hears of them. */
#define TR_KNOWN_NODES_MAX 2048
#define TR_NODE_WATCHERS_MAX 1024
/* In all groups, of all nodes; and who hears of changes. */
#define TR_GROUP_MEMBERS_MAX 65536
#define TR_GROUP_WATCHERS_MAX 1024
#define TR_DEAD_LETTER_LOG_FIRST 10
#define TR_DEAD_LETTER_LOG_PAUSE_NS UINT64_C(1000000000)

#endif
