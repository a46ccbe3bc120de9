/* SPDX-License-Identifier: MIT */
#include "lost.h"

#include <stdlib.h>
#include <troupe/send.h>
#include <troupe/spawn.h>

const troupe_type troupe_topic_lost_type = TROUPE_TYPE(troupe_topic_lost);

struct notice {
    struct notice *next;
    troupe_ref child;
    troupe_ref subscriber;
    troupe_topic_lost body;
};

/* The child: waits for room. Where the subscriber has ended nobody needs to be told. */
static troupe_error tell(troupe_self *self, void *argument)
{
    const struct notice *notice = argument;
    troupe_message *message = NULL;
    troupe_error error =
        troupe_message_create(self, &troupe_topic_lost_type, &notice->body, &message);
    if (error == TROUPE_OK) {
        error = troupe_send_message_with(self, notice->subscriber, &message,
                                         TROUPE_SEND(.on_full = TROUPE_ON_FULL_WAIT));
    }
    troupe_message_destroy(&message);
    return error == TROUPE_ERROR_STALE ? TROUPE_OK : error;
}

troupe_error lost_tell(troupe_self *self, struct lost *lost, troupe_ref subscriber,
                       uint64_t published)
{
    struct notice *notice = calloc(1, sizeof *notice);
    if (notice == NULL) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    notice->subscriber = subscriber;
    notice->body = (troupe_topic_lost) {.topic = troupe_self_ref(self), .published = published};
    troupe_monitor_id monitor;
    const troupe_error error = troupe_spawn_nowait(
        self, TROUPE_SPAWN(.body = tell, .argument = notice, .out_monitor = &monitor),
        &notice->child);
    if (error) {
        free(notice);
        return error;
    }
    notice->next = lost->first;
    lost->first = notice;
    lost->count++;
    return TROUPE_OK;
}

bool lost_is_told(struct lost *lost, troupe_ref child)
{
    struct notice **at = &lost->first;
    while (*at != NULL && !troupe_ref_is_same((*at)->child, child)) {
        at = &(*at)->next;
    }
    struct notice *notice = *at;
    if (notice == NULL) {
        return false;
    }
    *at = notice->next;
    lost->count--;
    free(notice);
    return true;
}

void lost_fini(struct lost *lost)
{
    while (lost->first != NULL) {
        (void) lost_is_told(lost, lost->first->child);
    }
}
