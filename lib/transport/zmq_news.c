/* SPDX-License-Identifier: MIT */
#include "transport/zmq_news.h"

#include <string.h>
#include <zmq.h>

#include "base/memory.h"

#define KEPT_LEAST 16

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

uint64_t tr_zmq_news_beginning(tr_zmq_news *news, void *monitor, int fd)
{
    while (reserve_one(news) && read_one(news, monitor, &news->kept[news->count])) {
        news->count++;
    }
    for (size_t i = news->count; i > news->first; i--) {
        const tr_zmq_notice *notice = &news->kept[i - 1];
        if (notice->event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED && notice->value == fd) {
            return notice->order;
        }
    }
    return 0;
}
