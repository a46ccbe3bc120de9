/* SPDX-License-Identifier: MIT */
/* What the inspector does for who asks it: sends, asks and stops. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <troupe/ask.h>
#include <troupe/send.h>
#include <troupe/task.h>

#include "base/assert.h"
#include "base/memory.h"
#include "core/far.h"
#include "core/snapshot.h"
#include "core/types.h"
#include "node/inspector.h"
#include "node/json.h"

#define WITHIN_DEFAULT_NS UINT64_C(5000000000)
#define BODY_BYTES_MAX (1 << 20)
#define WHAT_SIZE 256

struct answer {
    Troupe__Inspect__Said said;
    char what[WHAT_SIZE];
};

__attribute__((format(printf, 3, 4))) static troupe_error
explain(struct answer *answer, troupe_error error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void) vsnprintf(answer->what, sizeof answer->what, format, arguments);
    va_end(arguments);
    return error;
}

static struct answer an_answer(void)
{
    return (struct answer) {.said = TROUPE__INSPECT__SAID__INIT};
}

/* One that does not fit the asker's reply_bytes it is told of. */
static void give(troupe_self *self, troupe_message *request, struct answer *answer,
                 troupe_error error)
{
    answer->said.error = error;
    if (answer->what[0] == '\0') {
        (void) snprintf(answer->what, sizeof answer->what, "%s", troupe_error_text(error));
    }
    answer->said.what = tr_inspector_text(answer->what);
    (void) !troupe_reply(self, request, &answer->said.base);
}

/* Whom it is for. */

static bool is_same(troupe_ref ref, tr_address address)
{
    return ref.slot == address.slot && ref.generation == address.generation;
}

/* One of those that stand for other nodes: their parent, or a child of it. */
static bool is_of_border(const tr_inspector *inspector, const troupe_actor_info *info)
{
    const tr_address home = tr_far_home(&inspector->node->system);
    return home.generation != 0 && (is_same(info->ref, home) || is_same(info->parent, home));
}

/* One that keeps what a tap has told. */
static bool is_ear(const tr_inspector *inspector, troupe_ref ref)
{
    for (size_t i = 0; i < TR_INSPECTOR_TAPS; i++) {
        const tr_inspector_tap *tap = &inspector->taps[i];
        if (tap->number != 0 && tap->ear.slot == ref.slot) {
            return true;
        }
    }
    return false;
}

/* An actor of this node that is not of those that the node itself is made of: these are of the
 * border, this one, and those of its taps. */
troupe_error tr_inspector_find(const tr_inspector *inspector, troupe_self *self,
                               const Troupe__Inspect__Target *target, troupe_ref *out_ref)
{
    const tr_system *system = &inspector->node->system;
    troupe_actor_info info;
    TR_REQUIRE(target != NULL && (target->ref != NULL || target->name[0] != '\0'), BAD_ARGUMENT);
    if (target->name[0] != '\0') {
        const troupe_error error = troupe_lookup(self, target->name, out_ref);
        if (error) {
            return error;
        }
    } else {
        *out_ref = (troupe_ref) {.node = target->ref->node,
                                 .slot = target->ref->slot,
                                 .generation = target->ref->generation,
                                 .seal = target->ref->seal};
        out_ref->node = out_ref->node != 0 ? out_ref->node : system->options.node_id;
    }
    TR_REQUIRE(out_ref->node == system->options.node_id, LOCAL_ONLY);
    TR_REQUIRE(tr_snapshot_glance(system, out_ref->slot, &info), NO_SUCH_ACTOR);
    TR_REQUIRE(info.ref.generation == out_ref->generation, STALE);
    TR_REQUIRE(!troupe_ref_is_same(*out_ref, troupe_self_ref(self)), NO_SUCH_ACTOR);
    TR_REQUIRE(!is_of_border(inspector, &info), NO_SUCH_ACTOR);
    TR_REQUIRE(!is_ear(inspector, *out_ref), NO_SUCH_ACTOR);
    return TROUPE_OK;
}

static troupe_error find(const tr_inspector *inspector, troupe_self *self,
                         const Troupe__Inspect__Target *target, troupe_ref *out_ref,
                         struct answer *answer)
{
    const troupe_error error = tr_inspector_find(inspector, self, target, out_ref);
    if (error == TROUPE_ERROR_NO_SUCH_ACTOR && target->name[0] != '\0') {
        return explain(answer, error, "there is no actor '%.63s' of the program's", target->name);
    }
    return error == TROUPE_ERROR_LOCAL_ONLY
               ? explain(answer, error, "the actor is of another node: ask that one")
               : error;
}

/* What is said. */

static void free_bytes(void *context, const void *data, size_t size)
{
    const tr_inspector *inspector = context;
    tr_free(&inspector->node->settings.allocator, (void *) (uintptr_t) data, size);
}

static troupe_error make_raw(tr_inspector *inspector, troupe_self *self, const char *text,
                             troupe_message **out_message)
{
    const size_t size = strlen(text);
    const troupe_bytes bytes = {.data = NULL};
    if (size == 0) {
        return troupe_message_create_bytes(self, NULL, &bytes, out_message);
    }
    void *copy = tr_allocate_unset(&inspector->node->settings.allocator, size);
    TR_REQUIRE(copy != NULL, NO_MEMORY);
    (void) memcpy(copy, text, size);
    const troupe_bytes copied = {
        .data = copy, .size = size, .free = free_bytes, .context = inspector};
    const troupe_error error = troupe_message_create_bytes(self, NULL, &copied, out_message);
    if (error) {
        free_bytes(inspector, copy, size);
    }
    return error;
}

static troupe_error make_protobuf(tr_inspector *inspector, troupe_self *self,
                                  const ProtobufCMessageDescriptor *type, const char *json,
                                  troupe_message **out_message, struct answer *answer)
{
    char why[TR_JSON_WHY_SIZE];
    tr_json_buffer packed = {.allocator = &inspector->node->settings.allocator,
                             .limit = BODY_BYTES_MAX};
    const char *text = json[0] != '\0' ? json : "{}";
    troupe_error error = TROUPE_OK;
    ProtobufCMessage *body = NULL;
    if (!tr_json_read(type, text, strlen(text), &packed, why)) {
        error =
            explain(answer, TROUPE_ERROR_BAD_ARGUMENT, "the JSON is no %s: %s", type->name, why);
    } else {
        body = protobuf_c_message_unpack(type, NULL, packed.size,
                                         packed.data != NULL ? packed.data : (const uint8_t *) "");
        error = body == NULL
                    ? explain(answer, TROUPE_ERROR_BAD_ARGUMENT,
                              "the JSON is no %s: a field that is required is missing", type->name)
                    : troupe_message_create_protobuf(self, body, out_message);
    }
    if (body != NULL) {
        protobuf_c_message_free_unpacked(body, NULL);
    }
    tr_json_buffer_free(&packed);
    return error;
}

static troupe_error make(tr_inspector *inspector, troupe_self *self,
                         const Troupe__Inspect__Say *say, troupe_message **out_message,
                         struct answer *answer)
{
    const tr_system *system = &inspector->node->system;
    const size_t length = strlen(say->type);
    if (length == 0) {
        return make_raw(inspector, self, say->json, out_message);
    }
    const ProtobufCMessageDescriptor *type = tr_types_find(system, true, say->type, length);
    if (type != NULL) {
        return make_protobuf(inspector, self, type, say->json, out_message, answer);
    }
    const troupe_type *plain = tr_types_find(system, false, say->type, length);
    if (plain == NULL) {
        return explain(answer, TROUPE_ERROR_PROTOCOL,
                       "the node has learned no type '%.100s' (troupe_learn)", say->type);
    }
    return plain->body_size == 0 && say->json[0] == '\0'
               ? troupe_message_create(self, plain, NULL, out_message)
               : explain(answer, TROUPE_ERROR_BAD_ARGUMENT,
                         "'%.100s' is a struct: only one without a body can be sent from here",
                         say->type);
}

/* Fills in what the reply says, which lives as long as it and the buffer. */
static void show_reply(const troupe_message *reply, tr_json_buffer *json, struct answer *answer)
{
    Troupe__Inspect__Said *said = &answer->said;
    size_t size = 0;
    const void *bytes = troupe_message_bytes(reply, &size);
    said->size = troupe_message_size(reply);
    said->type = (char *) (uintptr_t) troupe_message_type_name(reply); /* read only */
    if (bytes != NULL) {
        said->data = (ProtobufCBinaryData) {
            .len = size < TR_INSPECTOR_SHOWN_MAX ? size : TR_INSPECTOR_SHOWN_MAX,
            .data = (uint8_t *) (uintptr_t) bytes};
        return;
    }
    if (tr_inspector_show(reply, json)) {
        said->json = (char *) json->data;
    }
}

bool tr_inspector_show(const troupe_message *message, tr_json_buffer *json)
{
    json->size = 0;
    json->is_full = false;
    if (tr_message_form(message) != TR_FORM_PROTOBUF || !tr_json_write(message->body, json)) {
        return false;
    }
    tr_json_buffer_append(json, "", 1);
    return !json->is_full;
}

/* Saying it, in a task. */

static void say(tr_inspector *inspector, troupe_self *self, troupe_message *request,
                const Troupe__Inspect__Say *wanted)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    struct answer answer = an_answer();
    tr_json_buffer json = {.allocator = &inspector->node->settings.allocator,
                           .limit = TR_INSPECTOR_SHOWN_MAX};
    const troupe_timeout within =
        troupe_timeout_of_ns(wanted->within_ns != 0 ? wanted->within_ns : WITHIN_DEFAULT_NS);
    troupe_ref to;
    troupe_error error = find(inspector, self, wanted->to, &to, &answer);
    error = error ? error : make(inspector, self, wanted, &message, &answer);
    if (!error && wanted->is_ask) {
        error = troupe_ask_message(self, to, &message, within, &reply);
    } else if (!error) {
        error = troupe_send_message_with(self, to, &message, TROUPE_SEND(.timeout = within));
    }
    if (!error && reply != NULL) {
        show_reply(reply, &json, &answer);
    }
    give(self, request, &answer, error);
    tr_json_buffer_free(&json);
}

static troupe_error say_task(troupe_self *self, void *argument)
{
    tr_inspector_saying *saying = argument;
    TROUPE_AUTO(troupe_message) *request = troupe_task_message(self);
    const Troupe__Inspect__Say *wanted =
        request == NULL
            ? NULL
            : (const void *) troupe_message_as(request, &troupe__inspect__say__descriptor);
    if (wanted != NULL) {
        say(saying->inspector, self, request, wanted);
    }
    saying->asker = 0;
    return TROUPE_OK;
}

/* A place for one more; NULL: there is none, or not for this node. */
static tr_inspector_saying *find_place(tr_inspector *inspector, uint64_t asker)
{
    tr_inspector_saying *found = NULL;
    uint32_t count = 0;
    for (size_t i = 0; i < TR_INSPECTOR_SAYS; i++) {
        tr_inspector_saying *saying = &inspector->sayings[i];
        found = found == NULL && saying->asker == 0 ? saying : found;
        count += saying->asker == asker ? 1 : 0;
    }
    return count < TR_INSPECTOR_SAYS_OF_ONE ? found : NULL;
}

troupe_error tr_inspector_say(tr_inspector *inspector, troupe_self *self, troupe_message **request)
{
    const uint64_t sender = troupe_message_sender(*request).node;
    const uint64_t asker = sender != 0 ? sender : inspector->node->system.options.node_id;
    tr_inspector_saying *saying = find_place(inspector, asker);
    if (saying == NULL) {
        struct answer answer = an_answer();
        give(self, *request, &answer,
             explain(&answer, TROUPE_ERROR_LIMIT_REACHED,
                     "%d of one node's, or %d in all, are being sent and asked already",
                     TR_INSPECTOR_SAYS_OF_ONE, TR_INSPECTOR_SAYS));
        return TROUPE_OK;
    }
    *saying = (tr_inspector_saying) {.inspector = inspector, .asker = asker};
    const troupe_error error = troupe_task_start(
        self, inspector->scope,
        TROUPE_TASK(.name = "say", .body = say_task, .argument = saying, .message = request), NULL);
    if (error) {
        saying->asker = 0;
    }
    return error;
}

/* Stopping. */

static troupe_error stop_actor(troupe_self *self, troupe_ref actor, uint32_t how)
{
    switch (how) {
    case 0:
        return troupe_stop(self, actor);
    case 1:
        return troupe_cancel(self, actor);
    case 2:
        return troupe_kill(self, actor);
    default:
        return TROUPE_ERROR_BAD_ARGUMENT;
    }
}

troupe_error tr_inspector_stop(tr_inspector *inspector, troupe_self *self, troupe_message **request)
{
    const Troupe__Inspect__Stop *wanted =
        (const void *) troupe_message_as(*request, &troupe__inspect__stop__descriptor);
    struct answer answer = an_answer();
    troupe_ref actor;
    troupe_error error = TROUPE_OK;
    if (wanted->target != NULL) {
        error = find(inspector, self, wanted->target, &actor, &answer);
        error = error ? error : stop_actor(self, actor, wanted->how);
    }
    give(self, *request, &answer, error);
    if (wanted->target == NULL) {
        troupe_node_stop(inspector->node); /* the answer goes first: others hear how all ended */
    }
    return TROUPE_OK;
}
