/* SPDX-License-Identifier: MIT */
/* queue: messages first in, first out, through their `next`.
 *
 * Threads: its owner's. */
#ifndef TR_CORE_QUEUE_H
#define TR_CORE_QUEUE_H

#include "core/message.h"

/* A first-in first-out queue through `next`. */
typedef struct tr_queue {
    troupe_message *head;
    troupe_message *tail;
} tr_queue;

static inline void tr_queue_push(tr_queue *queue, troupe_message *message)
{
    message->next = NULL;
    if (queue->head == NULL) {
        queue->head = message;
    } else {
        queue->tail->next = message;
    }
    queue->tail = message;
}

/* Takes `message` out, `previous` being the one before it or NULL. */
static inline void tr_queue_remove(tr_queue *queue, troupe_message *previous,
                                   troupe_message *message)
{
    if (previous == NULL) {
        queue->head = message->next;
    } else {
        previous->next = message->next;
    }
    if (message->next == NULL) {
        queue->tail = previous;
    }
    message->next = NULL;
}

/* Puts it behind `previous`, or first. */
static inline void tr_queue_insert(tr_queue *queue, troupe_message *previous,
                                   troupe_message *message)
{
    troupe_message **place = previous != NULL ? &previous->next : &queue->head;
    message->next = *place;
    *place = message;
    queue->tail = message->next == NULL ? message : queue->tail;
}

static inline troupe_message *tr_queue_pop(tr_queue *queue)
{
    troupe_message *message = queue->head;
    if (message != NULL) {
        queue->head = message->next;
        message->next = NULL;
    }
    return message;
}

/* Takes out the message of this sender with this correlation; NULL if there is none. */
troupe_message *tr_queue_take(tr_queue *queue, tr_address sender, uint64_t correlation);

#endif
