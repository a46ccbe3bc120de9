/* SPDX-License-Identifier: MIT */
/* mailbox: what happens when a mailbox is full.
 *
 * A mailbox never holds more than its capacity in messages, queued, stashed and under way together,
 * nor more bytes than 256 a message and mailbox_bytes above that: with mailbox_bytes of capacity
 * times the largest body the capacity alone is the bound. What a send to a full mailbox does is
 * decided by, in this order: the send's options, the receiver's rule for the message's type, the
 * receiver's policy. Stop, cancel, DOWN, timers and replies have room of their own. */
#ifndef TROUPE_MAILBOX_H
#define TROUPE_MAILBOX_H

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>
#include <troupe/api.h>
#include <troupe/message.h>

TROUPE_BEGIN

typedef enum troupe_on_full {
    TROUPE_ON_FULL_DEFAULT = 0, /* of a receiver: WAIT; of a send or a type: what comes next */
    /* The sending coroutine waits in line for room, until its deadline. A behavior's message is
     * parked with the behavior; its send returns OK. */
    TROUPE_ON_FULL_WAIT,
    TROUPE_ON_FULL_FAIL,        /* MAILBOX_FULL; the message stays the sender's */
    TROUPE_ON_FULL_DROP_NEWEST, /* the message is dropped and counted; the send returns OK */
    TROUPE_ON_FULL_DEAD_LETTER, /* the message becomes a dead letter; the send returns OK */
    /* For receivers only, in their policy or a rule: */
    /* The oldest message of a type with this policy gives way. It does so when another arrives: of
     * what is under way at the same time, as a burst from another worker or node, no more than
     * twice the capacity gets in, and past that the newest is dropped. */
    TROUPE_ON_FULL_DROP_OLDEST,
    TROUPE_ON_FULL_CONFLATE,  /* as DROP_OLDEST; also, a message replaces the queued one that has
                               * the same type and key, in its place in the queue */
    TROUPE_ON_FULL_REDIRECT,  /* goes on to .redirect_to, at most 4 times, then FAIL; where nobody
                               * is there it becomes a dead letter and the send returns OK */
    TROUPE_ON_FULL_STOP_ACTOR /* MAILBOX_FULL, and the receiver fails with OVERLOADED */
} troupe_on_full;

/* How a receiver treats messages of one type: name it by descriptor or by type. */
typedef struct troupe_type_rule {
    const ProtobufCMessageDescriptor *protobuf;
    const troupe_type *type;
    troupe_on_full on_full; /* DEFAULT: as the actor's policy says */
    uint32_t priority;      /* 0 (served most) to 3 (least); served by weight 16:4:2:1 */
} troupe_type_rule;

/* The key by which CONFLATE tells messages of one type apart. Must be a function of the body. */
typedef uint64_t troupe_conflate_key(const troupe_message *message);

/* Told to those who called troupe_watch_pressure. */
typedef struct troupe_pressure {
    troupe_ref actor;
    uint32_t depth;   /* messages at that moment */
    uint32_t is_high; /* 1: the high-water mark was reached; 0: back at the low-water mark */
} troupe_pressure;
extern TROUPE_API const troupe_type troupe_pressure_type;

/* Asks for a troupe_pressure message each time `actor` reaches its high-water mark and each time it
 * is back at its low one, as long as both live. A notice that meets a full mailbox is dropped and
 * counted.
 * Errors: NO_MEMORY; BAD_ARGUMENT; STALE, NO_SUCH_ACTOR. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_watch_pressure(troupe_self *self,
                                                                troupe_ref actor);

TROUPE_END

#endif
