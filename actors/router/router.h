/* SPDX-License-Identifier: MIT */
/* router: an actor that passes what it is sent on to one of its members, or to all.
 *
 * What it routes keeps its sender, its deadline and its wish for a reply: who asks a router is
 * answered by the member. Members are actors of any kind; they join and leave by message, and one
 * that ends has left. Without members, or when none takes it, a request is answered NO_SUCH_ACTOR,
 * MAILBOX_FULL or what else stood in the way, and a message that asks for no reply becomes a dead
 * letter. A member whose mailbox is full and says WAIT holds the router up, and so slows down those
 * who send to it. Order holds from one sender to one member. */
#ifndef TROUPE_ROUTER_H
#define TROUPE_ROUTER_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/actor.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/ref.h>
#include <troupe/time.h>

TROUPE_BEGIN

typedef enum troupe_router_way {
    TROUPE_ROUTER_ROUND_ROBIN = 0,
    TROUPE_ROUTER_LEAST_LOADED, /* to the member with the fewest messages in its mailbox */
    /* To the same member for the same key; when one joins or leaves only the keys move that come to
     * it or were its own. */
    TROUPE_ROUTER_BY_KEY,
    /* To all: each gets a message with the same body, from the router. To a request the answer is a
     * troupe_router_answers. */
    TROUPE_ROUTER_BROADCAST
} troupe_router_way;

typedef uint64_t troupe_router_key(const troupe_message *message);

/* Zero means the default of each field. */
typedef struct troupe_router_options {
    size_t size;                  /* set by TROUPE_ROUTER */
    const char *name;             /* registered; NULL: none */
    troupe_router_key *key;       /* of BY_KEY */
    troupe_timeout answer_within; /* of BROADCAST; not given: nine tenths of what the request has
                                   * left */
    troupe_router_way way;
    uint32_t members_max;      /* 0: 64; at most 4096 */
    uint32_t answers_needed;   /* of BROADCAST: so many are enough; 0: those of all */
    uint32_t mailbox_capacity; /* 0: the node's default */
    uint32_t gathers_max;      /* of BROADCAST: requests at a time; 0: 64 */
    uint32_t reserved;         /* 0 */
} troupe_router_options;

#define TROUPE_ROUTER(...)                                                                         \
    (&(const troupe_router_options) {.size = sizeof(troupe_router_options), __VA_ARGS__})

/* Spawns a router without members, as a child. For coroutines.
 * Errors: those of troupe_spawn; BAD_ARGUMENT. */
TROUPE_MUST_CHECK troupe_error troupe_router_spawn(troupe_self *self,
                                                   const troupe_router_options *options,
                                                   troupe_ref *out_router);

/* The body of join and leave. `id` says which keys are the member's; one that takes the place of
 * another joins with its id, and the other has left. 0: from the ref. */
typedef struct troupe_router_member {
    troupe_ref ref;
    uint64_t id;
} troupe_router_member;

/* Messages to a router. As requests they are answered when it is done: with a troupe_router_info,
 * or LIMIT_REACHED (members_max), NO_MEMORY. */
extern const troupe_type troupe_router_join_type;  /* a troupe_router_member */
extern const troupe_type troupe_router_leave_type; /* likewise, of whom only the ref counts */
extern const troupe_type troupe_router_look_type;  /* nothing: for the answer */

typedef struct troupe_router_info {
    uint64_t routed;  /* messages that a member has taken; of BROADCAST each copy */
    uint64_t refused; /* that none has */
    uint32_t members;
    uint32_t gathers; /* requests to all that are not answered yet */
} troupe_router_info;
extern const troupe_type troupe_router_info_type;

/* Sends a join, or a leave. For an actor that joins by itself: as one of its first calls.
 * Errors: those of troupe_send_struct. */
TROUPE_MUST_CHECK troupe_error troupe_router_join(troupe_self *self, troupe_ref router,
                                                  troupe_ref member, uint64_t id);
TROUPE_MUST_CHECK troupe_error troupe_router_leave(troupe_self *self, troupe_ref router,
                                                   troupe_ref member);

/* What became of a request to one member. */
typedef struct troupe_router_answer {
    troupe_ref member;
    troupe_error error; /* TIMED_OUT also for what was not waited for any longer */
    uint32_t reserved;
    troupe_message *reply; /* NULL unless error is OK; borrowed from the answers */
} troupe_router_answer;

/* The answer to a request to all. */
typedef struct troupe_router_answers {
    troupe_router_answer *list; /* in the order in which the members had joined */
    uint32_t count;
    uint32_t succeeded;
} troupe_router_answers;
extern const troupe_type troupe_router_answers_type;

TROUPE_END

#endif
