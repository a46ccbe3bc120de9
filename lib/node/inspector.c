/* SPDX-License-Identifier: MIT */
#include "node/inspector.h"

#include <string.h>
#include <troupe/ask.h>
#include <troupe/remote.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"

static const struct {
    const ProtobufCMessageDescriptor *request;
    tr_inspector_answer *answer;
} requests[] = {
    {&troupe__inspect__list_actors__descriptor, tr_inspector_list_actors},
    {&troupe__inspect__list_peers__descriptor, tr_inspector_list_peers},
    {&troupe__inspect__get_statistics__descriptor, tr_inspector_get_statistics},
    {&troupe__inspect__list_dead_letters__descriptor, tr_inspector_list_dead_letters},
};

#define REQUESTS (sizeof requests / sizeof requests[0])

Troupe__Ref *tr_inspector_ref(Troupe__Ref *out_ref, troupe_ref ref)
{
    *out_ref = (Troupe__Ref) TROUPE__REF__INIT;
    out_ref->node = ref.node;
    out_ref->slot = ref.slot;
    out_ref->generation = ref.generation;
    out_ref->seal = ref.seal;
    return out_ref;
}

static troupe_error answer(tr_inspector *inspector, troupe_self *self, troupe_message **request)
{
    for (size_t i = 0; i < REQUESTS; i++) {
        if (troupe_message_as(*request, requests[i].request) != NULL) {
            return requests[i].answer(inspector, self, request);
        }
    }
    return TROUPE_ERROR_PROTOCOL;
}

static troupe_error learn(troupe_self *self)
{
    troupe_error error = TROUPE_OK;
    for (size_t i = 0; i < REQUESTS && !error; i++) {
        error = troupe_learn(self, requests[i].request);
    }
    return error;
}

static troupe_error serve(tr_inspector *inspector, troupe_self *self)
{
    TROUPE_AUTO(troupe_message) *request = NULL;
    troupe_error error = learn(self);
    while (!error) {
        error = troupe_receive(self, &request, TROUPE_FOREVER);
        if (error) {
            break;
        }
        const troupe_error refused = answer(inspector, self, &request);
        if (refused && request != NULL) {
            (void) !troupe_reply_error(self, request, refused); /* it may want none */
        }
    }
    return error;
}

static troupe_error inspect(troupe_self *self, void *argument)
{
    troupe_node *node = argument;
    const troupe_allocator *allocator = &node->settings.allocator;
    tr_inspector *inspector = tr_allocate(allocator, sizeof *inspector);
    TR_REQUIRE(inspector != NULL, NO_MEMORY);
    *inspector = (tr_inspector) {.node = node};
    const troupe_error error = serve(inspector, self);
    tr_free(allocator, inspector, sizeof *inspector);
    return error;
}

troupe_error tr_inspector_start(troupe_node *node)
{
    troupe_ref ref;
    const troupe_error error =
        troupe_node_spawn(node,
                          TROUPE_SPAWN(.name = TR_INSPECTOR_NAME, .body = inspect, .argument = node,
                                       .place = TROUPE_PLACE_OWN_THREAD, .mailbox_capacity = 256),
                          &ref);
    if (!error) {
        node->system.inspector = (tr_address) {.slot = ref.slot, .generation = ref.generation};
    }
    return error;
}
