/* SPDX-License-Identifier: MIT */
#include "subscribers.h"

#include <stdlib.h>
#include <string.h>

troupe_error subscribers_init(struct subscribers *subscribers, uint32_t capacity)
{
    *subscribers = (struct subscribers) {.list = calloc(capacity, sizeof(struct subscriber))};
    if (subscribers->list == NULL) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    subscribers->capacity = capacity;
    return TROUPE_OK;
}

void subscribers_fini(struct subscribers *subscribers)
{
    free(subscribers->list);
    *subscribers = (struct subscribers) {0};
}

static struct subscriber *find(const struct subscribers *subscribers, troupe_ref ref)
{
    for (uint32_t i = 0; i < subscribers->count; i++) {
        if (troupe_ref_is_same(subscribers->list[i].says.subscriber, ref)) {
            return &subscribers->list[i];
        }
    }
    return NULL;
}

bool subscribers_has(const struct subscribers *subscribers, troupe_ref ref)
{
    return find(subscribers, ref) != NULL;
}

static bool makes_sense(const troupe_topic_subscription *subscription)
{
    switch ((int) subscription->on_full) {
    case TROUPE_ON_FULL_DEFAULT:
    case TROUPE_ON_FULL_WAIT:
    case TROUPE_ON_FULL_FAIL:
    case TROUPE_ON_FULL_DROP_NEWEST:
    case TROUPE_ON_FULL_DEAD_LETTER:
        return subscription->reserved == 0;
    default:
        return false;
    }
}

troupe_error subscribers_add(troupe_self *self, struct subscribers *subscribers,
                             const troupe_topic_subscription *subscription, uint32_t reserved)
{
    if (!makes_sense(subscription)) {
        return TROUPE_ERROR_BAD_ARGUMENT;
    }
    struct subscriber *subscriber = find(subscribers, subscription->subscriber);
    if (subscriber != NULL) {
        subscriber->says = *subscription;
        return TROUPE_OK;
    }
    if (subscribers->count + reserved >= subscribers->capacity) {
        return TROUPE_ERROR_LIMIT_REACHED;
    }
    struct subscriber next = {.says = *subscription};
    const troupe_error error = troupe_monitor(self, subscription->subscriber, &next.monitor);
    if (error == TROUPE_OK) {
        subscribers->list[subscribers->count++] = next;
    }
    return error;
}

void subscribers_remove(troupe_self *self, struct subscribers *subscribers, troupe_ref ref)
{
    struct subscriber *subscriber = find(subscribers, ref);
    if (subscriber == NULL) {
        return;
    }
    (void) troupe_demonitor(self, subscriber->monitor); /* gone if this is its DOWN */
    subscribers->count--;
    const size_t behind = subscribers->count - (size_t) (subscriber - subscribers->list);
    memmove(subscriber, subscriber + 1, behind * sizeof *subscriber);
}
