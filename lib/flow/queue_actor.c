/* SPDX-License-Identifier: MIT */
#include "flow/queue_actor.h"

#include <string.h>
#include <troupe/ask.h>
#include <troupe/remote.h>

#include "base/assert.h"
#include "base/memory.h"

#define LINE_ROOM_MIN 8U

const troupe_type tr_queue_get_type = TROUPE_SIGNAL("troupe_queue_get");
const troupe_type tr_queue_done_type = TROUPE_SIGNAL("troupe_queue_done");
const troupe_type tr_queue_join_type = TROUPE_SIGNAL("troupe_queue_join");
static const troupe_type yes_type = TROUPE_SIGNAL("troupe_queue_yes");

/* A closing, for other nodes: how, and the reason, in a byte and four. */
#define CLOSING_BYTES 5U

static size_t pack_closing(const void *body, void *to, size_t size)
{
    const tr_queue_closing *closing = body;
    unsigned char *bytes = to;
    if (size >= CLOSING_BYTES) {
        bytes[0] = (unsigned char) closing->how;
        for (unsigned i = 1; i < CLOSING_BYTES; i++) {
            bytes[i] = (unsigned char) ((unsigned) closing->reason >> (8U * (i - 1)));
        }
    }
    return CLOSING_BYTES;
}

static bool unpack_closing(void *body, const void *from, size_t size)
{
    tr_queue_closing *closing = body;
    const unsigned char *bytes = from;
    if (size != CLOSING_BYTES || bytes[0] > TROUPE_CLOSE_DISCARD) {
        return false;
    }
    unsigned reason = 0;
    for (unsigned i = 1; i < CLOSING_BYTES; i++) {
        reason |= (unsigned) bytes[i] << (8U * (i - 1));
    }
    closing->how = (troupe_close) bytes[0];
    closing->reason = (troupe_error) reason;
    return closing->reason > TROUPE_OK;
}

const troupe_type tr_queue_close_type =
    TROUPE_TYPE_WITH(tr_queue_closing, .pack = pack_closing, .unpack = unpack_closing);

troupe_error tr_queue_learn_requests(troupe_self *self)
{
    static const troupe_type *const types[] = {&tr_queue_get_type, &tr_queue_done_type,
                                               &tr_queue_join_type, &tr_queue_close_type};
    troupe_error error = TROUPE_OK;
    for (size_t i = 0; i < sizeof types / sizeof types[0] && error == TROUPE_OK; i++) {
        error = troupe_learn_type(self, types[i]);
    }
    return error;
}

troupe_error tr_queue_learn(troupe_self *self, troupe_ref queue)
{
    return queue.node == troupe_self_node_id(self) || troupe_ref_is_none(queue)
               ? TROUPE_OK
               : troupe_learn_type(self, &yes_type);
}

/* Messages in order, in a ring. */
struct line {
    troupe_message **ring;
    uint32_t room; /* a power of two, or 0 */
    uint32_t first;
    uint32_t count;
};

struct queue {
    struct line items;
    struct line putters;
    struct line getters;
    struct line joiners;
    tr_queue_setup setup;
    uint64_t bytes; /* of the items */
    uint64_t undone;
    uint32_t closed_by;
    troupe_error reason; /* OK until it is closed */
};

static troupe_message **at(const struct line *line, uint32_t index)
{
    return &line->ring[(line->first + index) & (line->room - 1)];
}

/* Makes room for one more. */
static troupe_error reserve(const troupe_self *self, struct line *line)
{
    if (line->count < line->room) {
        return TROUPE_OK;
    }
    const uint32_t room = line->room != 0 ? 2 * line->room : LINE_ROOM_MIN;
    const troupe_allocator *allocator = troupe_self_allocator(self);
    troupe_message **ring = tr_allocate(allocator, room * sizeof(troupe_message *));
    TR_REQUIRE(ring != NULL, NO_MEMORY);
    for (uint32_t i = 0; i < line->count; i++) {
        ring[i] = *at(line, i);
    }
    if (line->ring != NULL) {
        tr_free(allocator, line->ring, line->room * sizeof(troupe_message *));
    }
    *line = (struct line) {.ring = ring, .room = room, .count = line->count};
    return TROUPE_OK;
}

/* There is room. */
static void push(struct line *line, troupe_message *message)
{
    TR_ASSERT(line->count < line->room);
    line->count++;
    *at(line, line->count - 1) = message;
}

static troupe_message *pop(struct line *line)
{
    troupe_message *message = *at(line, 0);
    line->first = (line->first + 1) & (line->room - 1);
    line->count--;
    return message;
}

/* Takes out a message wherever it is; false if it is not there. */
static bool take_out(struct line *line, const troupe_message *message)
{
    uint32_t i = 0;
    while (i < line->count && *at(line, i) != message) {
        i++;
    }
    if (i == line->count) {
        return false;
    }
    if (i == 0) {
        (void) pop(line); /* mostly, as who has waited longest gives up first */
        return true;
    }
    for (; i + 1 < line->count; i++) {
        *at(line, i) = *at(line, i + 1);
    }
    line->count--;
    return true;
}

static void free_line(const troupe_self *self, struct line *line)
{
    if (line->ring != NULL) {
        tr_free(troupe_self_allocator(self), line->ring, line->room * sizeof(troupe_message *));
    }
    *line = (struct line) {0};
}

/* Answers a request with an error, which gives it back. */
static void refuse(troupe_self *self, troupe_message *request, troupe_error reason)
{
    (void) troupe_reply_error(self, request, reason); /* of a settled ask it cannot fail */
    troupe_message_destroy(&request);
}

static void refuse_all(troupe_self *self, struct line *line, troupe_error reason)
{
    while (line->count > 0) {
        refuse(self, pop(line), reason);
    }
}

/* Answers a request with nothing but that it is so; refuses it if that cannot be said. */
static bool say_yes(troupe_self *self, troupe_message *request)
{
    const troupe_error error = troupe_reply_struct(self, request, &yes_type, NULL);
    if (error) {
        refuse(self, request, error);
    }
    return error == TROUPE_OK;
}

static bool is_closed(const struct queue *queue)
{
    return queue->reason != TROUPE_OK;
}

static bool fits(const struct queue *queue, const troupe_message *message)
{
    return queue->items.count == 0 ||
           (queue->items.count < queue->setup.capacity &&
            (queue->setup.kib_max == 0 ||
             queue->bytes + troupe_message_size(message) <= UINT64_C(1024) * queue->setup.kib_max));
}

static void answer_joiners(troupe_self *self, struct queue *queue)
{
    while (queue->undone == 0 && queue->joiners.count > 0) {
        troupe_message *joiner = pop(&queue->joiners);
        if (say_yes(self, joiner)) {
            troupe_message_destroy(&joiner);
        }
    }
}

/* The first who waits to put has put it. */
static void let_in(troupe_self *self, struct queue *queue)
{
    troupe_message *item = pop(&queue->putters);
    const troupe_error error = reserve(self, &queue->items);
    if (error) {
        refuse(self, item, error);
    } else if (say_yes(self, item)) {
        queue->bytes += troupe_message_size(item);
        queue->undone++;
        push(&queue->items, item);
    }
}

/* The first who waits gets the first item, unless it is too large for it. */
static void hand_out(troupe_self *self, struct queue *queue)
{
    troupe_message *getter = pop(&queue->getters);
    troupe_message **item = at(&queue->items, 0);
    const uint64_t bytes = troupe_message_size(*item);
    if (troupe_reply_message(self, getter, item) == TROUPE_OK) {
        (void) pop(&queue->items);
        queue->bytes -= bytes;
    }
    troupe_message_destroy(&getter);
}

/* Does what can be done. */
static void serve(troupe_self *self, struct queue *queue)
{
    for (;;) {
        if (queue->items.count > 0 && queue->getters.count > 0) {
            hand_out(self, queue);
        } else if (queue->putters.count > 0 && fits(queue, *at(&queue->putters, 0))) {
            let_in(self, queue);
        } else {
            break;
        }
    }
}

/* A request that came last and was not served: it waits, unless it is not to. */
static void let_wait(troupe_self *self, struct line *line, troupe_message *request)
{
    if (line->count > 0 && *at(line, line->count - 1) == request &&
        troupe_message_is_given_up(request)) {
        line->count--;
        refuse(self, request, TROUPE_ERROR_CANCELLED);
    }
}

static troupe_error on_put(troupe_self *self, void *state, troupe_message **message)
{
    struct queue *queue = state;
    if (!troupe_message_wants_reply(*message)) {
        return TROUPE_OK; /* not by troupe_queue_put: it is ended */
    }
    troupe_message *item = *message;
    *message = NULL;
    const troupe_error error =
        is_closed(queue) ? TROUPE_ERROR_CLOSED : reserve(self, &queue->putters);
    if (error) {
        refuse(self, item, error);
        return TROUPE_OK;
    }
    push(&queue->putters, item);
    serve(self, queue);
    let_wait(self, &queue->putters, item);
    return TROUPE_OK;
}

static troupe_error on_get(troupe_self *self, void *state, troupe_message **message)
{
    struct queue *queue = state;
    troupe_message *getter = *message;
    *message = NULL;
    const bool is_over = is_closed(queue) && queue->items.count == 0;
    const troupe_error error = is_over ? queue->reason : reserve(self, &queue->getters);
    if (error) {
        refuse(self, getter, error);
        return TROUPE_OK;
    }
    push(&queue->getters, getter);
    serve(self, queue);
    let_wait(self, &queue->getters, getter);
    return TROUPE_OK;
}

static troupe_error on_done(troupe_self *self, void *state, troupe_message **message)
{
    struct queue *queue = state;
    (void) message;
    queue->undone -= queue->undone > 0 ? 1 : 0;
    answer_joiners(self, queue);
    return TROUPE_OK;
}

static troupe_error on_join(troupe_self *self, void *state, troupe_message **message)
{
    struct queue *queue = state;
    troupe_message *joiner = *message;
    *message = NULL;
    const troupe_error error = reserve(self, &queue->joiners);
    if (error) {
        refuse(self, joiner, error);
        return TROUPE_OK;
    }
    push(&queue->joiners, joiner);
    answer_joiners(self, queue);
    let_wait(self, &queue->joiners, joiner);
    return TROUPE_OK;
}

static void discard(struct queue *queue)
{
    queue->undone -= queue->items.count < queue->undone ? queue->items.count : queue->undone;
    while (queue->items.count > 0) {
        troupe_message *item = pop(&queue->items);
        troupe_message_destroy(&item);
    }
    queue->bytes = 0;
}

static void close_now(troupe_self *self, struct queue *queue, const tr_queue_closing *closing)
{
    queue->reason = is_closed(queue) ? queue->reason : closing->reason;
    refuse_all(self, &queue->putters, TROUPE_ERROR_CLOSED);
    if (closing->how == TROUPE_CLOSE_DISCARD) {
        discard(queue);
        answer_joiners(self, queue);
    }
    if (queue->items.count == 0) {
        refuse_all(self, &queue->getters, queue->reason);
    }
}

static troupe_error on_close(troupe_self *self, void *state, troupe_message **message)
{
    struct queue *queue = state;
    const tr_queue_closing *closing = troupe_message_struct(*message, &tr_queue_close_type);
    const bool is_orderly =
        closing->how == TROUPE_CLOSE_DRAIN &&
        (closing->reason == TROUPE_ERROR_CLOSED || closing->reason == TROUPE_ERROR_END);
    queue->closed_by++;
    if (!is_orderly || queue->closed_by >= queue->setup.closers) {
        close_now(self, queue, closing);
    }
    return troupe_reply_struct(self, *message, &yes_type, NULL) == TROUPE_ERROR_NO_MEMORY
               ? troupe_reply_error(self, *message, TROUPE_ERROR_NO_MEMORY)
               : TROUPE_OK;
}

static troupe_error given_up(troupe_self *self, void *state, troupe_message *request)
{
    struct queue *queue = state;
    if (take_out(&queue->getters, request) || take_out(&queue->putters, request) ||
        take_out(&queue->joiners, request)) {
        refuse(self, request, TROUPE_ERROR_CANCELLED);
        serve(self, queue); /* it may have been too large for those behind it */
    }
    return TROUPE_OK;
}

static troupe_error start(troupe_self *self, void *state, void *argument)
{
    struct queue *queue = state;
    (void) self;
    memcpy(&queue->setup, &argument, sizeof queue->setup);
    return TROUPE_OK;
}

static void stop(troupe_self *self, void *state, troupe_error reason)
{
    struct queue *queue = state;
    (void) reason;
    refuse_all(self, &queue->putters, TROUPE_ERROR_STALE);
    refuse_all(self, &queue->getters, TROUPE_ERROR_STALE);
    refuse_all(self, &queue->joiners, TROUPE_ERROR_STALE);
    discard(queue);
    free_line(self, &queue->items);
    free_line(self, &queue->putters);
    free_line(self, &queue->getters);
    free_line(self, &queue->joiners);
}

static const troupe_handles handles[] = {
    {.type = &tr_queue_get_type, .handler = on_get},
    {.type = &tr_queue_done_type, .handler = on_done},
    {.type = &tr_queue_join_type, .handler = on_join},
    {.type = &tr_queue_close_type, .handler = on_close},
    {.handler = NULL},
};

const troupe_behavior tr_queue_behavior =
    TROUPE_BEHAVIOR(.name = "queue", .state_size = sizeof(struct queue), .start = start,
                    .handlers = handles, .other = on_put, .given_up = given_up, .stop = stop);
