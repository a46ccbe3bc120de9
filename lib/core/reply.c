/* SPDX-License-Identifier: MIT */
#include "core/ask.h"

#include "base/assert.h"
#include "core/bracket.h"
#include "core/scope.h"
#include "core/task.h"

/* Whether this actor may answer the request now. */
static troupe_error check_request(tr_worker *worker, const troupe_message *request)
{
    TR_REQUIRE(tr_message_has(request, TR_MESSAGE_HELD), BAD_ARGUMENT);
    if (tr_message_has(request, TR_MESSAGE_REPLIED)) {
        tr_ledger_add(&worker->ledger, TR_COUNT_SECOND_REPLIES, 1);
        return TROUPE_ERROR_BAD_ARGUMENT;
    }
    TR_REQUIRE(tr_message_has(request, TR_MESSAGE_WANTS_REPLY), BAD_ARGUMENT);
    return TROUPE_OK;
}

/* Sends the answer; the scope of handling the request ends with it. */
static void send_answer(tr_worker *worker, tr_actor *actor, troupe_message *request,
                        troupe_message *answer)
{
    answer->sender = actor->address;
    answer->receiver = request->sender;
    answer->correlation = request->correlation;
    answer->deadline_ns = TR_NEVER;
    tr_message_set(answer, TR_MESSAGE_SEALED);
    tr_message_set_kind(answer, TR_KIND_REPLY);
    tr_message_clear(request, TR_MESSAGE_WANTS_REPLY);
    tr_message_set(request, TR_MESSAGE_REPLIED);
    tr_scope_lift(actor, request);
    tr_ledger_accept(&worker->ledger, answer);
    tr_worker_route(worker, answer);
}

troupe_error tr_reply_with_error(tr_worker *worker, tr_actor *actor, troupe_message *request,
                                 troupe_error reason)
{
    if (tr_message_has(request, TR_MESSAGE_SETTLES)) { /* it is the answer, when it ends */
        tr_message_set(request, TR_MESSAGE_REPLIED);
        request->deadline_ns = (uint64_t) reason;
        tr_scope_lift(actor, request);
        return TROUPE_OK;
    }
    troupe_message *answer = tr_message_of_kind(&worker->pool, TR_KIND_REPLY);
    TR_REQUIRE(answer != NULL, NO_MEMORY);
    answer->value = (uint64_t) reason;
    send_answer(worker, actor, request, answer);
    return TROUPE_OK;
}

static uint64_t reply_limit(const tr_worker *worker, const troupe_message *request)
{
    const tr_slot *slot = tr_system_slot(worker->system, request->sender);
    return atomic_load_explicit(&slot->reply_bytes, memory_order_relaxed);
}

static troupe_error reply(tr_worker *worker, tr_actor *actor, troupe_message *request,
                          troupe_message **message)
{
    troupe_error error = check_request(worker, request);
    if (error) {
        return error;
    }
    TR_REQUIRE(tr_message_form(*message) != TR_FORM_NONE, BAD_ARGUMENT);
    TR_REQUIRE(!tr_message_has(*message, TR_MESSAGE_WANTS_REPLY | TR_MESSAGE_EMBEDDED),
               BAD_ARGUMENT);
    if ((*message)->size > reply_limit(worker, request)) {
        error = tr_reply_with_error(worker, actor, request, TROUPE_ERROR_TOO_LARGE);
        return error ? error : TROUPE_ERROR_TOO_LARGE;
    }
    troupe_message *answer = *message;
    *message = NULL;
    if (tr_message_has(answer, TR_MESSAGE_HELD)) {
        tr_held_remove(actor, answer);
        tr_message_forget_far(answer);
    }
    tr_message_renew(worker, answer, TROUPE_OUTCOME_HANDLED);
    /* Of the request that it may have been. */
    tr_message_clear(answer, TR_MESSAGE_REPLIED | TR_MESSAGE_SETTLES | TR_MESSAGE_GIVEN_UP);
    send_answer(worker, actor, request, answer);
    return TROUPE_OK;
}

troupe_error troupe_reply_message(troupe_self *self, troupe_message *request,
                                  troupe_message **message)
{
    TR_CHECK_SELF(self);
    TR_CHECK_OWN_MESSAGE(self, &request);
    TR_CHECK_OWN_MESSAGE(self, message);
    TR_REQUIRE(self != NULL && request != NULL && message != NULL && *message != NULL,
               BAD_ARGUMENT);
    TR_REQUIRE(*message != request, BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    const troupe_error error = reply(worker, self->actor, request, message);
    tr_leave(self);
    return error;
}

troupe_error troupe_reply(troupe_self *self, troupe_message *request, const ProtobufCMessage *body)
{
    TR_CHECK_SELF(self);
    TR_CHECK_OWN_MESSAGE(self, &request);
    TR_REQUIRE(self != NULL && request != NULL && body != NULL, BAD_ARGUMENT);
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_message_create_protobuf(self, body, &message);
    return error ? error : troupe_reply_message(self, request, &message);
}

troupe_error troupe_reply_struct(troupe_self *self, troupe_message *request,
                                 const troupe_type *type, const void *body)
{
    TR_CHECK_SELF(self);
    TR_CHECK_OWN_MESSAGE(self, &request);
    TR_REQUIRE(self != NULL && request != NULL, BAD_ARGUMENT);
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_message_create(self, type, body, &message);
    return error ? error : troupe_reply_message(self, request, &message);
}

troupe_error troupe_reply_error(troupe_self *self, troupe_message *request, troupe_error error)
{
    TR_CHECK_SELF(self);
    TR_CHECK_OWN_MESSAGE(self, &request);
    TR_REQUIRE(self != NULL && request != NULL && error != TROUPE_OK, BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    troupe_error verdict = check_request(worker, request);
    if (verdict == TROUPE_OK) {
        verdict = tr_reply_with_error(worker, self->actor, request, error);
    }
    tr_leave(self);
    return verdict;
}
