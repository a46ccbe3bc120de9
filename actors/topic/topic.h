/* SPDX-License-Identifier: MIT */
/* topic: an actor that gives what it is sent to all who have subscribed to it.
 *
 * A topic is known by its name (troupe_lookup) or its ref. Whatever is sent to it, but for the
 * messages below, is published: each subscriber gets a message with the same body, which if it is
 * large they share, from the topic; in the order in which the topic got them.
 * A subscriber's mailbox is its bound, and its subscription says what is done when it is full; who
 * has it dropped misses some, who has it wait slows down all publishers of the topic and with them
 * the other subscribers. One that ends has unsubscribed. A publication that asks for a reply is
 * answered with a troupe_topic_info when all subscribers have been served. */
#ifndef TROUPE_TOPIC_H
#define TROUPE_TOPIC_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/actor.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/mailbox.h>
#include <troupe/message.h>
#include <troupe/ref.h>
#include <troupe/time.h>

TROUPE_BEGIN

/* Zero means the default of each field. */
typedef struct troupe_topic_options {
    size_t size;               /* set by TROUPE_TOPIC */
    const char *name;          /* registered; NULL: none */
    uint64_t mailbox_bytes;    /* as of troupe_spawn_options */
    uint32_t mailbox_capacity; /* likewise */
    uint32_t subscribers_max;  /* 0: 256; at most 65536 */
    /* How long publishing waits for room at a subscriber that has it wait; then that one is
     * unsubscribed and told, as with FAIL. Not given: 30 s; TROUPE_FOREVER: no limit. */
    troupe_timeout patience;
} troupe_topic_options;

#define TROUPE_TOPIC(...)                                                                          \
    (&(const troupe_topic_options) {.size = sizeof(troupe_topic_options), __VA_ARGS__})

/* Spawns a topic, as a child. For coroutines.
 * Errors: those of troupe_spawn; BAD_ARGUMENT. */
TROUPE_MUST_CHECK troupe_error troupe_topic_spawn(troupe_self *self,
                                                  const troupe_topic_options *options,
                                                  troupe_ref *out_topic);

/* The body of subscribe and unsubscribe. */
typedef struct troupe_topic_subscription {
    troupe_ref subscriber;
    /* DEFAULT: as its mailbox says, which may be DROP_OLDEST or CONFLATE;
     * WAIT: publishing waits for room, with the topic's patience;
     * DROP_NEWEST, DEAD_LETTER: it misses the message;
     * FAIL: it is unsubscribed and told so by a troupe_topic_lost, when there is room. */
    troupe_on_full on_full;
    uint32_t reserved; /* 0 */
} troupe_topic_subscription;

/* Messages to a topic. As requests they are answered when it is done: with a troupe_topic_info, or
 * BAD_ARGUMENT, LIMIT_REACHED (subscribers_max), NO_MEMORY. Who subscribes again changes what its
 * subscription says. */
extern const troupe_type troupe_topic_subscribe_type;   /* a troupe_topic_subscription */
extern const troupe_type troupe_topic_unsubscribe_type; /* likewise, whose subscriber counts */
extern const troupe_type troupe_topic_look_type;        /* nothing: for the answer */

typedef struct troupe_topic_info {
    uint64_t published;
    uint64_t delivered; /* messages that subscribers' mailboxes have taken, or wait for */
    uint64_t missed;    /* messages that subscribers were not given */
    uint32_t subscribers;
    uint32_t lost; /* unsubscribed, and not told so yet */
} troupe_topic_info;
extern const troupe_type troupe_topic_info_type;

/* Tells a subscriber that it has been unsubscribed as its mailbox was full, or was so for long. */
typedef struct troupe_topic_lost {
    troupe_ref topic;
    uint64_t published; /* by then; the last of them is the first that it misses */
} troupe_topic_lost;
extern const troupe_type troupe_topic_lost_type;

/* Subscribes the calling actor. Sends, and does not wait for an answer: what the same actor
 * publishes after that comes.
 * Errors: those of troupe_send_struct. */
TROUPE_MUST_CHECK troupe_error troupe_topic_subscribe(troupe_self *self, troupe_ref topic,
                                                      troupe_on_full on_full);
TROUPE_MUST_CHECK troupe_error troupe_topic_unsubscribe(troupe_self *self, troupe_ref topic);

TROUPE_END

#endif
