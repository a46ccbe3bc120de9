/* SPDX-License-Identifier: MIT */
#include "support/inspected.h"

#include <stdlib.h>
#include <troupe/troupe.h>

#include "support/node_fixture.h"

struct asking {
    uint64_t node;
    const ProtobufCMessage *request;
    const ProtobufCMessageDescriptor *descriptor;
    uint8_t *packed;
    size_t size;
    troupe_error error;
    struct probe *probe;
};

static troupe_error find(troupe_self *self, uint64_t node, troupe_ref *out_ref)
{
    troupe_error error = TROUPE_ERROR_UNREACHABLE;
    while (error == TROUPE_ERROR_UNREACHABLE) {
        error = troupe_lookup_on(self, node, "troupe.inspect", TROUPE_WITHIN_S(10), out_ref);
        if (error == TROUPE_ERROR_UNREACHABLE &&
            troupe_sleep(self, TROUPE_WITHIN_MS(10)) != TROUPE_OK) {
            break;
        }
    }
    return error;
}

static troupe_error asks(troupe_self *self, void *argument)
{
    struct asking *asking = argument;
    troupe_ref ref;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    asking->error = troupe_learn(self, asking->descriptor);
    if (!asking->error) {
        asking->error = asking->node == troupe_self_node_id(self)
                            ? troupe_lookup(self, "troupe.inspect", &ref)
                            : find(self, asking->node, &ref);
    }
    if (!asking->error) {
        asking->error = troupe_ask(self, ref, asking->request, TROUPE_WITHIN_S(20), &reply);
    }
    const ProtobufCMessage *answer =
        reply != NULL ? troupe_message_as(reply, asking->descriptor) : NULL;
    if (answer != NULL) {
        asking->packed = malloc(protobuf_c_message_get_packed_size(answer) + 1);
        asking->size = protobuf_c_message_pack(answer, asking->packed);
    }
    probe_say(asking->probe, "done");
    return TROUPE_OK;
}

void *inspected(troupe_node *asker, uint64_t node, const void *request,
                const ProtobufCMessageDescriptor *answer, troupe_error *out_error)
{
    struct asking asking = {
        .node = node, .request = request, .descriptor = answer, .probe = a_probe()};
    troupe_ref ref;
    assert_ok(troupe_node_spawn(
        asker, TROUPE_SPAWN(.body = asks, .argument = &asking, .reply_bytes = 1 << 20), &ref));
    assert_true(probe_wait_for(asking.probe, "done"));
    drop_probe(&asking.probe);
    void *found = NULL;
    if (asking.packed != NULL) {
        found = protobuf_c_message_unpack(answer, NULL, asking.size, asking.packed);
        assert_non_null(found);
    }
    free(asking.packed);
    *out_error = asking.error;
    return found;
}

void *inspected_ok(troupe_node *asker, uint64_t node, const void *request,
                   const ProtobufCMessageDescriptor *answer)
{
    troupe_error error = TROUPE_OK;
    void *found = inspected(asker, node, request, answer, &error);
    assert_ok(error);
    assert_non_null(found);
    return found;
}

void inspected_free(void *answer)
{
    protobuf_c_message_free_unpacked(answer, NULL);
}
