/* SPDX-License-Identifier: MIT */
/* A call travels as a struct that names service and method, with the copied input behind it in the
 * same block; its reply is the output as it is. */
#include <troupe/service.h>

#include <string.h>

#include <troupe/ask.h>

#include "base/assert.h"
#include "base/memory.h"
#include "core/ask.h"
#include "core/bracket.h"
#include "core/dead_letter.h"
#include "core/protobuf.h"
#include "core/task.h"

struct call {
    const ProtobufCServiceDescriptor *service;
    uint32_t method;
    uint32_t reserved;
};

static const troupe_type call_type = {
    .size = sizeof(troupe_type), .name = "service call", .body_size = sizeof(struct call)};

/* Where the input lies behind the struct: aligned like any block. */
#define INPUT_OFFSET ((sizeof(struct call) + 15) & ~(size_t) 15)

/* A call that is being run; the closure's data. Freed when the closure is called. */
struct serving {
    troupe_self *self;
    troupe_message *request;
};

static void answer(const ProtobufCMessage *output, void *closure_data)
{
    struct serving *serving = closure_data;
    troupe_self *self = serving->self;
    troupe_error error = output != NULL
                             ? troupe_reply(self, serving->request, output)
                             : troupe_reply_error(self, serving->request, TROUPE_ERROR_FAILED);
    if (error != TROUPE_OK && troupe_message_wants_reply(serving->request)) {
        error = troupe_reply_error(self, serving->request, error);
    }
    (void) error; /* ends unanswered: NO_REPLY */
    troupe_message_destroy(&serving->request);
    tr_free(self->actor->worker->system->ports.allocator, serving, sizeof *serving);
}

troupe_self *troupe_service_self(ProtobufCClosure closure, void *closure_data)
{
    return closure == answer && closure_data != NULL ? ((struct serving *) closure_data)->self
                                                     : NULL;
}

static void run(troupe_self *self, ProtobufCService *service, troupe_message *request)
{
    const struct call *call = troupe_message_struct(request, &call_type);
    const ProtobufCMessage *input = (const void *) ((const char *) call + INPUT_OFFSET);
    struct serving *serving =
        tr_allocate(self->actor->worker->system->ports.allocator, sizeof *serving);
    if (serving == NULL) {
        (void) troupe_reply_error(self, request, TROUPE_ERROR_NO_MEMORY); /* else: NO_REPLY */
        troupe_message_destroy(&request);
        return;
    }
    serving->self = self;
    serving->request = request;
    service->invoke(service, call->method, input, answer, serving);
}

bool troupe_service_handle(troupe_self *self, ProtobufCService *service, troupe_message **message)
{
    TR_CHECK_SELF(self);
    TR_CHECK_OWN_MESSAGE(self, message);
    if (self == NULL || service == NULL || message == NULL) {
        return false;
    }
    const struct call *call = troupe_message_struct(*message, &call_type);
    if (call == NULL || call->service != service->descriptor ||
        !troupe_message_wants_reply(*message)) {
        return false;
    }
    troupe_message *request = *message;
    *message = NULL;
    run(self, service, request);
    return true;
}

/* A message that is no call of the service. */
static void bury(troupe_self *self, troupe_message **message)
{
    troupe_message *stray = *message;
    *message = NULL;
    tr_worker *worker = tr_enter(self);
    tr_held_remove(self->actor, stray);
    tr_message_bury(worker, stray, TROUPE_DEAD_UNHANDLED, TROUPE_ERROR_PROTOCOL);
    tr_leave(self);
}

troupe_error troupe_serve(troupe_self *self, ProtobufCService *service)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && service != NULL, BAD_ARGUMENT);
    troupe_message *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    while (error == TROUPE_OK) {
        if (!troupe_service_handle(self, service, &message)) {
            bury(self, &message);
        }
        error = troupe_receive(self, &message, TROUPE_FOREVER);
    }
    return error == TROUPE_ERROR_STOPPING ? TROUPE_OK : error;
}

/* The request message of a call. */
static troupe_error make_call(const troupe_service_client *client, uint32_t method,
                              const ProtobufCMessage *input, troupe_message **out_message)
{
    const ProtobufCServiceDescriptor *descriptor = client->service.descriptor;
    TR_REQUIRE(client->self != NULL && input != NULL, BAD_ARGUMENT);
    TR_REQUIRE(descriptor != NULL && method < descriptor->n_methods, BAD_ARGUMENT);
    size_t size = 0;
    troupe_error error = tr_protobuf_measure(input, &size);
    if (error) {
        return error;
    }
    tr_worker *worker = tr_enter(client->self);
    troupe_message *message = NULL;
    error = tr_message_with_own_body(&worker->pool, TR_FORM_STRUCT, &call_type, INPUT_OFFSET + size,
                                     &message);
    tr_leave(client->self);
    if (error) {
        return error;
    }
    struct call *call = troupe_message_body(message);
    *call = (struct call) {.service = descriptor, .method = method};
    (void) tr_protobuf_copy(input, (char *) call + INPUT_OFFSET, size);
    *out_message = message;
    return TROUPE_OK;
}

static const ProtobufCMessage *output_of(const troupe_service_client *client, uint32_t method,
                                         const troupe_message *reply)
{
    return troupe_message_as(reply, client->service.descriptor->methods[method].output);
}

static void call_and_wait(troupe_service_client *client, uint32_t method, troupe_message **message,
                          ProtobufCClosure closure, void *closure_data)
{
    TROUPE_AUTO(troupe_message) *reply = NULL;
    client->error =
        troupe_ask_message(client->self, client->actor, message, client->timeout, &reply);
    const ProtobufCMessage *output = reply != NULL ? output_of(client, method, reply) : NULL;
    if (client->error == TROUPE_OK && output == NULL) {
        client->error = TROUPE_ERROR_PROTOCOL;
    }
    closure(output, closure_data);
}

/* A behavior's call that waits for its answer. */
struct calling {
    troupe_service_client *client;
    ProtobufCClosure closure;
    void *closure_data;
    uint32_t method;
    uint32_t reserved;
};

static troupe_error answered(troupe_self *self, void *state, troupe_error error,
                             troupe_message **reply, void *context)
{
    (void) state;
    struct calling calling = *(struct calling *) context;
    tr_free(self->actor->worker->system->ports.allocator, context, sizeof calling);
    const ProtobufCMessage *output =
        error == TROUPE_OK ? output_of(calling.client, calling.method, *reply) : NULL;
    calling.client->error = error == TROUPE_OK && output == NULL ? TROUPE_ERROR_PROTOCOL : error;
    calling.closure(output, calling.closure_data);
    return TROUPE_OK;
}

/* The caller has ended. */
static void drop_calling(tr_worker *worker, void *context)
{
    tr_free(worker->system->ports.allocator, context, sizeof(struct calling));
}

static void call_and_go_on(troupe_service_client *client, uint32_t method, troupe_message **message,
                           ProtobufCClosure closure, void *closure_data)
{
    const troupe_allocator *allocator = client->self->actor->worker->system->ports.allocator;
    struct calling *calling = tr_allocate(allocator, sizeof *calling);
    client->error = TROUPE_ERROR_NO_MEMORY;
    if (calling != NULL) {
        *calling = (struct calling) {
            .client = client, .closure = closure, .closure_data = closure_data, .method = method};
        const tr_continuation continuation = {
            .then = answered, .context = calling, .drop = drop_calling};
        client->error = tr_ask_message_then(client->self, client->actor, message, client->timeout,
                                            &continuation);
    }
    if (client->error != TROUPE_OK) {
        if (calling != NULL) {
            tr_free(allocator, calling, sizeof *calling);
        }
        closure(NULL, closure_data);
    }
}

static void invoke(ProtobufCService *service, unsigned method, const ProtobufCMessage *input,
                   ProtobufCClosure closure, void *closure_data)
{
    troupe_service_client *client = TR_CONTAINER_OF(service, troupe_service_client, service);
    TR_CHECK_SELF(client->self);
    TROUPE_AUTO(troupe_message) *message = NULL;
    client->error = make_call(client, method, input, &message);
    if (client->error != TROUPE_OK) {
        closure(NULL, closure_data);
    } else if (client->self->task != NULL) {
        call_and_wait(client, method, &message, closure, closure_data);
    } else {
        call_and_go_on(client, method, &message, closure, closure_data);
    }
}

static void nothing_to_destroy(ProtobufCService *service)
{
    (void) service;
}

void troupe_service_client_init(troupe_service_client *client, troupe_self *self, troupe_ref actor,
                                const ProtobufCServiceDescriptor *descriptor,
                                troupe_timeout timeout)
{
    TR_CHECK_SELF(self);
    if (client == NULL) {
        return;
    }
    *client = (troupe_service_client) {
        .service = {.descriptor = descriptor, .invoke = invoke, .destroy = nothing_to_destroy},
        .self = self,
        .actor = actor,
        .timeout = timeout};
}
