/* SPDX-License-Identifier: MIT */
#include "topic.h"

#include <troupe/ask.h>
#include <troupe/send.h>
#include <troupe/spawn.h>

#include "lost.h"
#include "subscribers.h"

#define SUBSCRIBERS_MAX 65536
#define MAILBOX_BYTES_DEFAULT (UINT64_C(1) << 20)
#define PATIENCE_DEFAULT TROUPE_WITHIN_S(30)

const troupe_type troupe_topic_subscribe_type = {.size = sizeof(troupe_type),
                                                 .name = "troupe_topic_subscribe",
                                                 .body_size = sizeof(troupe_topic_subscription)};
const troupe_type troupe_topic_unsubscribe_type = {.size = sizeof(troupe_type),
                                                   .name = "troupe_topic_unsubscribe",
                                                   .body_size = sizeof(troupe_topic_subscription)};
const troupe_type troupe_topic_look_type = TROUPE_SIGNAL("troupe_topic_look");
const troupe_type troupe_topic_info_type = TROUPE_TYPE(troupe_topic_info);

struct topic {
    struct subscribers subscribers;
    struct lost lost;
    uint64_t published;
    uint64_t delivered;
    uint64_t missed;
    troupe_timeout patience;
};

static troupe_error topic_start(troupe_self *self, void *state, void *argument)
{
    struct topic *topic = state;
    const troupe_topic_options *options = argument;
    (void) self;
    topic->patience = options->patience;
    return subscribers_init(&topic->subscribers, options->subscribers_max);
}

static void topic_stop(troupe_self *self, void *state, troupe_error reason)
{
    struct topic *topic = state;
    (void) self;
    (void) reason;
    lost_fini(&topic->lost);
    subscribers_fini(&topic->subscribers);
}

/* Answers a message if it asks for that. That nobody waits for it any more is no error. */
static void tell_about(troupe_self *self, const struct topic *topic, troupe_message *message,
                       troupe_error error)
{
    const troupe_topic_info info = {.published = topic->published,
                                    .delivered = topic->delivered,
                                    .missed = topic->missed,
                                    .subscribers = topic->subscribers.count,
                                    .lost = topic->lost.count};
    if (!troupe_message_wants_reply(message)) {
        return;
    }
    if (error) {
        (void) troupe_reply_error(self, message, error);
    } else {
        (void) troupe_reply_struct(self, message, &troupe_topic_info_type, &info);
    }
}

static troupe_error on_subscribe(troupe_self *self, void *state, troupe_message **message)
{
    struct topic *topic = state;
    const troupe_topic_subscription *subscription =
        troupe_message_struct(*message, &troupe_topic_subscribe_type);
    tell_about(self, topic, *message,
               subscribers_add(self, &topic->subscribers, subscription, topic->lost.count));
    return TROUPE_OK;
}

static troupe_error on_unsubscribe(troupe_self *self, void *state, troupe_message **message)
{
    struct topic *topic = state;
    const troupe_topic_subscription *subscription =
        troupe_message_struct(*message, &troupe_topic_unsubscribe_type);
    subscribers_remove(self, &topic->subscribers, subscription->subscriber);
    tell_about(self, topic, *message, TROUPE_OK);
    return TROUPE_OK;
}

static troupe_error on_look(troupe_self *self, void *state, troupe_message **message)
{
    tell_about(self, state, *message, TROUPE_OK);
    return TROUPE_OK;
}

static troupe_error on_down(troupe_self *self, void *state, troupe_message **message)
{
    struct topic *topic = state;
    const troupe_down *down = troupe_message_struct(*message, &troupe_down_type);
    if (!lost_is_told(&topic->lost, down->actor)) {
        subscribers_remove(self, &topic->subscribers, down->actor);
    }
    return TROUPE_OK;
}

/* A message that waited for room, for too long or until its subscriber had ended. */
static troupe_error on_refused(troupe_self *self, void *state, troupe_error reason,
                               troupe_message **message)
{
    struct topic *topic = state;
    const troupe_ref to = troupe_message_receiver(*message);
    topic->delivered--;
    topic->missed++;
    /* Without memory for the notice it stays one, and is waited for again. */
    if (reason == TROUPE_ERROR_TIMED_OUT && subscribers_has(&topic->subscribers, to) &&
        lost_tell(self, &topic->lost, to, topic->published) == TROUPE_OK) {
        subscribers_remove(self, &topic->subscribers, to);
    }
    return TROUPE_OK;
}

static troupe_error deliver(troupe_self *self, const struct topic *topic,
                            const troupe_topic_subscription *to, troupe_message *message,
                            bool *out_dropped)
{
    troupe_message *copy = NULL;
    troupe_error error = troupe_message_copy(self, message, &copy);
    if (error == TROUPE_OK) {
        error =
            troupe_send_message_with(self, to->subscriber, &copy,
                                     TROUPE_SEND(.on_full = to->on_full, .timeout = topic->patience,
                                                 .out_dropped = out_dropped));
    }
    troupe_message_destroy(&copy);
    return error;
}

/* Whether the subscriber is still one. */
static bool serve(troupe_self *self, struct topic *topic, const troupe_topic_subscription *to,
                  troupe_message *message)
{
    bool is_dropped = false;
    const troupe_error error = deliver(self, topic, to, message, &is_dropped);
    topic->delivered += error == TROUPE_OK && !is_dropped ? 1 : 0;
    topic->missed += error != TROUPE_OK || is_dropped ? 1 : 0;
    /* With a patience of TROUPE_NOW one that has publishing wait is refused at once, too. */
    if (error == TROUPE_ERROR_MAILBOX_FULL &&
        (to->on_full == TROUPE_ON_FULL_FAIL || to->on_full == TROUPE_ON_FULL_WAIT)) {
        /* Without memory for that it stays one, and will be lost with the next. */
        return lost_tell(self, &topic->lost, to->subscriber, topic->published) != TROUPE_OK;
    }
    return error != TROUPE_ERROR_STALE && error != TROUPE_ERROR_NO_SUCH_ACTOR;
}

static troupe_error on_publication(troupe_self *self, void *state, troupe_message **message)
{
    struct topic *topic = state;
    struct subscribers *subscribers = &topic->subscribers;
    topic->published++;
    for (uint32_t i = 0; i < subscribers->count;) {
        const troupe_topic_subscription to = subscribers->list[i].says;
        if (serve(self, topic, &to, *message)) {
            i++;
        } else {
            subscribers_remove(self, subscribers, to.subscriber);
        }
    }
    tell_about(self, topic, *message, TROUPE_OK);
    return TROUPE_OK;
}

static const troupe_handles handlers[] = {
    {.type = &troupe_topic_subscribe_type, .handler = on_subscribe},
    {.type = &troupe_topic_unsubscribe_type, .handler = on_unsubscribe},
    {.type = &troupe_topic_look_type, .handler = on_look},
    {.type = &troupe_down_type, .handler = on_down},
    {0}};
static const troupe_behavior topic_behavior =
    TROUPE_BEHAVIOR(.name = "topic", .state_size = sizeof(struct topic), .start = topic_start,
                    .handlers = handlers, .other = on_publication, .refused = on_refused,
                    .stop = topic_stop);

troupe_error troupe_topic_spawn(troupe_self *self, const troupe_topic_options *options,
                                troupe_ref *out_topic)
{
    static const troupe_topic_options defaults = {.size = sizeof defaults};
    troupe_topic_options known = options != NULL ? *options : defaults;
    if (known.size != sizeof known || known.subscribers_max > SUBSCRIBERS_MAX ||
        known.mailbox_bytes > UINT32_MAX) {
        return TROUPE_ERROR_BAD_ARGUMENT;
    }
    known.subscribers_max = known.subscribers_max != 0 ? known.subscribers_max : 256;
    known.patience = known.patience.ns != 0 ? known.patience : PATIENCE_DEFAULT;
    known.mailbox_bytes = known.mailbox_bytes != 0 ? known.mailbox_bytes : MAILBOX_BYTES_DEFAULT;
    /* At most one publication is parked, as no other is taken then: once for each subscriber, with
     * one body. Monitored are subscribers and lost ones, with a moment of both. */
    const uint64_t parked_bytes = known.subscribers_max * (known.mailbox_bytes + 256);
    return troupe_spawn(self,
                        TROUPE_SPAWN(.name = known.name, .behavior = &topic_behavior,
                                     .argument = &known, .mailbox_bytes = known.mailbox_bytes,
                                     .mailbox_capacity = known.mailbox_capacity,
                                     .parked_max = known.subscribers_max,
                                     .parked_bytes = parked_bytes,
                                     .monitors_max = known.subscribers_max + 1),
                        out_topic);
}

troupe_error troupe_topic_subscribe(troupe_self *self, troupe_ref topic, troupe_on_full on_full)
{
    const troupe_topic_subscription body = {.subscriber = troupe_self_ref(self),
                                            .on_full = on_full};
    return troupe_send_struct(self, topic, &troupe_topic_subscribe_type, &body);
}

troupe_error troupe_topic_unsubscribe(troupe_self *self, troupe_ref topic)
{
    const troupe_topic_subscription body = {.subscriber = troupe_self_ref(self)};
    return troupe_send_struct(self, topic, &troupe_topic_unsubscribe_type, &body);
}
