/* SPDX-License-Identifier: MIT */
#include "transport/zmq_news.h"

#include <string.h>
#include <zmq.h>

#include "base/memory.h"

#define KEPT_LEAST 16

const int tr_zmq_news_events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                               ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                               ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_DISCONNECTED |
                               ZMQ_EVENT_CLOSED | ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_ACCEPT_FAILED;

tr_zmq_event tr_zmq_event_of(uint32_t event)
{
    switch (event) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        return TR_ZMQ_CONNECTED;
    case ZMQ_EVENT_DISCONNECTED:
    case ZMQ_EVENT_CLOSED:
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: /* it broke, or took too long */
        return TR_ZMQ_DISCONNECTED;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        return TR_ZMQ_REFUSED;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        return TR_ZMQ_STRANGE;
    case ZMQ_EVENT_ACCEPT_FAILED:
        return TR_ZMQ_NO_DESCRIPTORS;
    default:
        return TR_ZMQ_EVENT_COUNT;
    }
}

void tr_zmq_news_init(tr_zmq_news *news, const troupe_allocator *allocator)
{
    *news = (tr_zmq_news) {.allocator = allocator};
}

void tr_zmq_news_fini(tr_zmq_news *news)
{
    tr_free(news->allocator, news->kept, news->capacity * sizeof *news->kept);
    *news = (tr_zmq_news) {.allocator = news->allocator};
}

/* An event is two parts: its number and value, and an endpoint. */
static bool read_one(tr_zmq_news *news, void *monitor, tr_zmq_notice *out_notice)
{
    uint16_t event = 0;
    int32_t value = 0;
    zmq_msg_t part;
    (void) zmq_msg_init(&part); /* cannot fail */
    if (zmq_msg_recv(&part, monitor, ZMQ_DONTWAIT) < 0) {
        (void) zmq_msg_close(&part);
        return false;
    }
    if (zmq_msg_size(&part) == sizeof event + sizeof value) {
        memcpy(&event, zmq_msg_data(&part), sizeof event);
        memcpy(&value, (const char *) zmq_msg_data(&part) + sizeof event, sizeof value);
    }
    (void) zmq_msg_recv(&part, monitor, ZMQ_DONTWAIT);
    (void) zmq_msg_close(&part);
    *out_notice = (tr_zmq_notice) {.order = ++news->order, .event = event, .value = value};
    return true;
}

bool tr_zmq_news_take(tr_zmq_news *news, void *monitor, tr_zmq_notice *out_notice)
{
    if (!tr_zmq_news_are_kept(news)) {
        return read_one(news, monitor, out_notice);
    }
    *out_notice = news->kept[news->first++];
    if (news->first == news->count) {
        news->first = news->count = 0;
    }
    return true;
}

/* Whether there is room for one more. */
static bool reserve_one(tr_zmq_news *news)
{
    if (news->count < news->capacity) {
        return true;
    }
    const size_t capacity = news->capacity > 0 ? 2 * news->capacity : KEPT_LEAST;
    tr_zmq_notice *kept = tr_allocate(news->allocator, capacity * sizeof *kept);
    if (kept == NULL) {
        return false;
    }
    if (news->count > 0) {
        memcpy(kept, news->kept, news->count * sizeof *kept);
    }
    tr_free(news->allocator, news->kept, news->capacity * sizeof *news->kept);
    news->kept = kept;
    news->capacity = capacity;
    return true;
}

/* Keeps what the monitor has. The number of the last notice of this event with this descriptor; 0:
 * none is kept. */
static uint64_t find_last(tr_zmq_news *news, void *monitor, uint32_t event, int fd)
{
    while (reserve_one(news) && read_one(news, monitor, &news->kept[news->count])) {
        news->count++;
    }
    for (size_t i = news->count; i > news->first; i--) {
        const tr_zmq_notice *notice = &news->kept[i - 1];
        if (notice->event == event && notice->value == fd) {
            return notice->order;
        }
    }
    return 0;
}

uint64_t tr_zmq_news_beginning(tr_zmq_news *news, void *monitor, int fd)
{
    return find_last(news, monitor, ZMQ_EVENT_ACCEPTED, fd);
}

bool tr_zmq_news_is_over(tr_zmq_news *news, void *monitor, int fd, uint64_t begun)
{
    return find_last(news, monitor, ZMQ_EVENT_DISCONNECTED, fd) > begun;
}
