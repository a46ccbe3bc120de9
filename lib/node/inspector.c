/* SPDX-License-Identifier: MIT */
#include "node/inspector.h"

#include <string.h>
#include <troupe/ask.h>
#include <troupe/monitor.h>
#include <troupe/remote.h>
#include <troupe/scope.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"

/* Of what an actor is asked for others. */
#define REPLY_BYTES (UINT64_C(1) << 20)
/* JSON is read and written on it. */
#define STACK_BYTES_MIN (UINT32_C(64) << 10)

static const struct {
    const ProtobufCMessageDescriptor *request;
    tr_inspector_answer *answer;
} requests[] = {
    {&troupe__inspect__list_actors__descriptor, tr_inspector_list_actors},
    {&troupe__inspect__list_peers__descriptor, tr_inspector_list_peers},
    {&troupe__inspect__get_statistics__descriptor, tr_inspector_get_statistics},
    {&troupe__inspect__list_dead_letters__descriptor, tr_inspector_list_dead_letters},
    {&troupe__inspect__say__descriptor, tr_inspector_say},
    {&troupe__inspect__stop__descriptor, tr_inspector_stop},
    {&troupe__inspect__tap__descriptor, tr_inspector_tap_actor},
};

#define REQUESTS (sizeof requests / sizeof requests[0])

char *tr_inspector_text(char *text)
{
    size_t left = strlen(text);
    for (char *at = text; left > 0;) {
        const size_t size = tr_json_character((const unsigned char *) at, left);
        *at = (char) (size != 0 ? *at : '?');
        at += size != 0 ? size : 1;
        left -= size != 0 ? size : 1;
    }
    return text;
}

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
        const troupe_down *down = troupe_message_struct(request, &troupe_down_type);
        if (down != NULL) {
            tr_inspector_tap_ended(inspector, down->actor);
            continue;
        }
        if (!troupe_message_wants_reply(request)) {
            continue; /* a request is an ask, which ends with who asks */
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
    troupe_error error = troupe_scope_enter(
        self, TROUPE_SCOPE(.name = "inspector", .on_failure = TROUPE_COLLECT_ALL),
        &inspector->scope);
    if (!error) {
        error = serve(inspector, self);
        (void) !troupe_scope_cancel(self, inspector->scope, TROUPE_ERROR_STOPPING, NULL);
        (void) !troupe_scope_leave(self, &inspector->scope); /* it was cancelled */
    }
    tr_free(allocator, inspector, sizeof *inspector);
    return error;
}

troupe_error tr_inspector_start(troupe_node *node)
{
    troupe_ref ref;
    if (node->settings.stack_size != 0 && node->settings.stack_size < STACK_BYTES_MIN) {
        tr_log_write(&node->settings.log, TROUPE_LOG_NOTICE,
                     "node '%s': nobody can look at it, as its stacks are smaller than %u bytes",
                     node->settings.name, STACK_BYTES_MIN);
        return TROUPE_OK;
    }
    const troupe_error error =
        troupe_node_spawn(node,
                          TROUPE_SPAWN(.name = TR_INSPECTOR_NAME, .body = inspect, .argument = node,
                                       .place = TROUPE_PLACE_OWN_THREAD, .mailbox_capacity = 256,
                                       .reply_bytes = REPLY_BYTES),
                          &ref);
    if (!error) {
        node->system.inspector = (tr_address) {.slot = ref.slot, .generation = ref.generation};
    }
    return error;
}
