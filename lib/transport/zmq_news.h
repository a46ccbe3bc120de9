/* SPDX-License-Identifier: MIT */
/* zmq_news: what the monitor of a socket says of its connections, numbered in the order in which it
 * happened.
 *
 * A descriptor in it may be another connection's by the time that it is heard. But ZeroMQ says that
 * a connection has ended before it gives its descriptor back, and that one was accepted before it
 * reads from it (as long as one thread of its does both: contexts here have one). So who has
 * received a message can ask when the connection with its descriptor began: what is numbered below
 * that is of an earlier one, whenever it is heard. And who is about to end a connection can ask
 * whether it is over. (A message of one that is over, received when the next with its descriptor
 * has begun, is taken for that one's: who relies on it asks whether one is over, too.)
 * Owns:       what was gathered and not yet taken.
 * Invariants: what is taken has the numbers from 1 up.
 * Threads:    the socket's.
 * Fails:      never; without memory less is gathered. */
#ifndef TR_TRANSPORT_ZMQ_NEWS_H
#define TR_TRANSPORT_ZMQ_NEWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/allocator.h>

/* What is heard of a socket's connections. */
typedef enum tr_zmq_event {
    TR_ZMQ_CONNECTED,      /* and both sides agree */
    TR_ZMQ_DISCONNECTED,   /* `number` is the descriptor; -1: it could not be made */
    TR_ZMQ_REFUSED,        /* for its key */
    TR_ZMQ_STRANGE,        /* the other side speaks something else */
    TR_ZMQ_NO_DESCRIPTORS, /* left to accept with */
    TR_ZMQ_EVENT_COUNT     /* nothing that a socket's owner is told of */
} tr_zmq_event;

typedef struct tr_zmq_notice {
    uint64_t order;
    uint32_t event; /* ZeroMQ's; 0: none that is known */
    int32_t value;  /* a descriptor, or an errno */
} tr_zmq_notice;

typedef struct tr_zmq_news {
    const troupe_allocator *allocator;
    tr_zmq_notice *kept;
    size_t first; /* of those kept that are not yet taken */
    size_t count; /* of those kept, with those that are */
    size_t capacity;
    uint64_t order; /* of the last that came */
} tr_zmq_news;

/* Those of ZeroMQ's events that a monitor is to tell of. */
extern const int tr_zmq_news_events;
/* What its owner is told. */
tr_zmq_event tr_zmq_event_of(uint32_t event);

void tr_zmq_news_init(tr_zmq_news *news, const troupe_allocator *allocator);
void tr_zmq_news_fini(tr_zmq_news *news);

/* The next. False: there is none just now. */
bool tr_zmq_news_take(tr_zmq_news *news, void *monitor, tr_zmq_notice *out_notice);

/* Keeps what the monitor has; and says at which number the last connection with this descriptor
 * began, of those kept; 0: before them. */
uint64_t tr_zmq_news_beginning(tr_zmq_news *news, void *monitor, int fd);
/* Keeps what the monitor has; and whether the connection with this descriptor that began at
 * `begun`, and whose end was not taken yet, has ended since. */
bool tr_zmq_news_is_over(tr_zmq_news *news, void *monitor, int fd, uint64_t begun);

static inline bool tr_zmq_news_are_kept(const tr_zmq_news *news)
{
    return news->first < news->count;
}

#endif
