/* SPDX-License-Identifier: MIT */
/* queue_actor: the actor that a queue or a stream is, and what is said to it.
 *
 * Puts and gets are settled asks; what is put is the request itself. A request that cannot be
 * served waits in one of three lines.
 * Owns:       the messages it keeps and the requests in its lines; the memory of these, of the C
 *             library's.
 * Invariants: items and getters are not both there, nor putters and room, between two messages.
 *             `undone` is what was put and neither done nor discarded.
 * Threads:    the actor's.
 * Uses:       the public API. */
#ifndef TR_FLOW_QUEUE_ACTOR_H
#define TR_FLOW_QUEUE_ACTOR_H

#include <troupe/behavior.h>
#include <troupe/queue.h>

/* Requests; the others are puts. */
extern const troupe_type tr_queue_get_type;
extern const troupe_type tr_queue_done_type; /* wants no reply */
extern const troupe_type tr_queue_join_type;
extern const troupe_type tr_queue_close_type; /* a tr_queue_closing */

typedef struct tr_queue_closing {
    troupe_close how;
    troupe_error reason; /* what is told to those who want what there is not */
} tr_queue_closing;

#define TR_QUEUE_CAPACITY_MAX UINT32_C(1000000)
#define TR_QUEUE_CLOSERS_MAX UINT32_C(4095)
#define TR_QUEUE_KIB_MAX UINT32_MAX

/* What the actor is made with. It goes by value, in its argument: nothing is to be freed if the
 * actor never starts. */
typedef struct tr_queue_setup {
    uint32_t kib_max; /* 0: no limit */
    uint32_t capacity : 20;
    uint32_t closers : 12;
} tr_queue_setup;
_Static_assert(sizeof(tr_queue_setup) == sizeof(void *), "it is passed for a pointer");

/* What queues here are asked for comes in from other nodes from now on. Errors: as
 * troupe_learn_type. */
TROUPE_MUST_CHECK troupe_error tr_queue_learn_requests(troupe_self *self);

/* What a queue of another node answers with comes in from now on. Errors: as troupe_learn_type. */
TROUPE_MUST_CHECK troupe_error tr_queue_learn(troupe_self *self, troupe_ref queue);

extern const troupe_behavior tr_queue_behavior;

#endif
