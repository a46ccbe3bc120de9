/* SPDX-License-Identifier: MIT */
/* The public calls that ask. */
#include "base/assert.h"
#include "core/ask.h"
#include "core/bracket.h"
#include "core/far.h"
#include "core/scope.h"
#include "core/send.h"
#include "core/task.h"

/* Ends what the variable for the reply held before. */
static void end_previous(tr_worker *worker, tr_actor *actor, troupe_message **held)
{
    troupe_message *previous = *held;
    *held = NULL;
    if (previous != NULL && tr_message_has(previous, TR_MESSAGE_HELD)) {
        tr_held_remove(actor, previous);
        tr_message_end(worker, previous, TROUPE_OUTCOME_HANDLED, TROUPE_ERROR_NO_REPLY);
    } else {
        troupe_message_destroy(&previous);
    }
}

/* Neither a time limit nor the word that there is to be none. */
static bool has_no_limit(const tr_actor *actor, troupe_timeout timeout)
{
    return timeout.ns == 0 && tr_scope_deadline(actor, TR_NEVER) == TR_NEVER;
}

/* What it has begun is ended by the caller, error or not. */
static inline troupe_error prepare(tr_worker *worker, tr_actor *actor, troupe_ref to,
                                   troupe_message **message, tr_address *out_address,
                                   tr_passage *passage)
{
    const troupe_error error = tr_far_begin(actor, to, message, out_address, passage);
    return error ? error : tr_send_prepare(worker, actor, message, 0);
}

/* There is no time left; but a settled ask may be given up from the beginning. */
__attribute__((cold)) static troupe_error meet_deadline(const tr_worker *worker,
                                                        const tr_actor *actor,
                                                        troupe_timeout timeout, tr_asking *asking)
{
    asking->is_given_up = asking->is_settled && timeout.ns == 1 &&
                          tr_scope_deadline(actor, TR_NEVER) > worker->now_ns;
    return asking->is_given_up ? TROUPE_OK : TROUPE_ERROR_TIMED_OUT;
}

static inline troupe_error find_deadline(const tr_worker *worker, const tr_actor *actor,
                                         troupe_timeout timeout, tr_asking *asking)
{
    asking->deadline_ns = tr_scope_deadline(actor, tr_deadline_of(worker->now_ns, timeout));
    return TR_LIKELY(asking->deadline_ns > worker->now_ns)
               ? TROUPE_OK
               : meet_deadline(worker, actor, timeout, asking);
}

static troupe_error ask_message(troupe_self *self, troupe_ref to, troupe_message **message,
                                troupe_timeout timeout, troupe_message **out_reply, bool is_settled)
{
    TR_REQUIRE(self != NULL && message != NULL && *message != NULL && out_reply != NULL,
               BAD_ARGUMENT);
    TR_REQUIRE(message != out_reply, BAD_ARGUMENT);
    TR_REQUIRE(self->task != NULL, CANNOT_WAIT);
    tr_worker *worker = tr_enter(self);
    tr_actor *actor = self->actor;
    tr_asking asking = {.is_settled = is_settled};
    tr_passage passage = {0};
    end_previous(worker, actor, out_reply);
    troupe_error error = tr_task_check(self->task);
    if (error == TROUPE_OK && has_no_limit(actor, timeout)) {
        error = TROUPE_ERROR_BAD_ARGUMENT;
    }
    if (error == TROUPE_OK) {
        error = prepare(worker, actor, to, message, &asking.to, &passage);
    }
    if (error == TROUPE_OK) {
        error = find_deadline(worker, actor, timeout, &asking);
    }
    if (error == TROUPE_OK) {
        error = tr_ask_and_wait(self->task, &asking, message, out_reply);
    }
    tr_far_end(self->actor, message, &passage);
    tr_leave(self);
    return error;
}

troupe_error troupe_ask_message(troupe_self *self, troupe_ref to, troupe_message **message,
                                troupe_timeout timeout, troupe_message **out_reply)
{
    TR_CHECK_SELF(self);
    TR_CHECK_OWN_MESSAGE(self, message);
    TR_CHECK_OWN_MESSAGE(self, out_reply);
    return ask_message(self, to, message, timeout, out_reply, false);
}

troupe_error troupe_ask_settled(troupe_self *self, troupe_ref to, troupe_message **message,
                                troupe_timeout timeout, troupe_message **out_reply)
{
    TR_CHECK_SELF(self);
    TR_CHECK_OWN_MESSAGE(self, message);
    TR_CHECK_OWN_MESSAGE(self, out_reply);
    return ask_message(self, to, message, timeout, out_reply, true);
}

troupe_error troupe_ask(troupe_self *self, troupe_ref to, const ProtobufCMessage *body,
                        troupe_timeout timeout, troupe_message **out_reply)
{
    TR_CHECK_SELF(self);
    TR_CHECK_OWN_MESSAGE(self, out_reply);
    TR_REQUIRE(self != NULL && body != NULL && out_reply != NULL, BAD_ARGUMENT);
    TR_REQUIRE(self->task != NULL, CANNOT_WAIT);
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_message_create_protobuf(self, body, &message);
    return error ? error : troupe_ask_message(self, to, &message, timeout, out_reply);
}

troupe_error troupe_ask_struct(troupe_self *self, troupe_ref to, const troupe_type *type,
                               const void *body, troupe_timeout timeout, troupe_message **out_reply)
{
    TR_CHECK_SELF(self);
    TR_CHECK_OWN_MESSAGE(self, out_reply);
    TR_REQUIRE(self != NULL && out_reply != NULL, BAD_ARGUMENT);
    TR_REQUIRE(self->task != NULL, CANNOT_WAIT);
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_message_create(self, type, body, &message);
    return error ? error : troupe_ask_message(self, to, &message, timeout, out_reply);
}

static troupe_error ask_then(troupe_self *self, troupe_ref to, troupe_message **message,
                             troupe_timeout timeout, const tr_continuation *continuation,
                             bool is_settled)
{
    TR_REQUIRE(self != NULL && message != NULL && *message != NULL, BAD_ARGUMENT);
    TR_REQUIRE(continuation->then != NULL && self->task == NULL, BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    tr_actor *actor = self->actor;
    tr_asking asking = {.is_settled = is_settled};
    tr_passage passage = {0};
    troupe_error error = actor->state == TR_ACTOR_LIVE ? TROUPE_OK : TROUPE_ERROR_STOPPING;
    if (error == TROUPE_OK && has_no_limit(actor, timeout)) {
        error = TROUPE_ERROR_BAD_ARGUMENT;
    }
    if (error == TROUPE_OK) {
        error = prepare(worker, actor, to, message, &asking.to, &passage);
    }
    if (error == TROUPE_OK) {
        error = find_deadline(worker, actor, timeout, &asking);
    }
    if (error == TROUPE_OK) {
        error = tr_ask_then(worker, actor, &asking, message, continuation);
    }
    tr_far_end(actor, message, &passage);
    tr_leave(self);
    return error;
}

troupe_error tr_ask_message_then(troupe_self *self, troupe_ref to, troupe_message **message,
                                 troupe_timeout timeout, const tr_continuation *continuation)
{
    return ask_then(self, to, message, timeout, continuation, false);
}

troupe_error troupe_ask_message_then(troupe_self *self, troupe_ref to, troupe_message **message,
                                     troupe_timeout timeout, troupe_continuation *then,
                                     void *context)
{
    TR_CHECK_SELF(self);
    TR_CHECK_OWN_MESSAGE(self, message);
    const tr_continuation continuation = {.then = then, .context = context};
    return ask_then(self, to, message, timeout, &continuation, false);
}

troupe_error troupe_ask_settled_then(troupe_self *self, troupe_ref to, troupe_message **message,
                                     troupe_timeout timeout, troupe_continuation *then,
                                     void *context)
{
    TR_CHECK_SELF(self);
    TR_CHECK_OWN_MESSAGE(self, message);
    const tr_continuation continuation = {.then = then, .context = context};
    return ask_then(self, to, message, timeout, &continuation, true);
}

troupe_error troupe_ask_then(troupe_self *self, troupe_ref to, const ProtobufCMessage *body,
                             troupe_timeout timeout, troupe_continuation *then, void *context)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && body != NULL && then != NULL, BAD_ARGUMENT);
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_message_create_protobuf(self, body, &message);
    return error ? error : troupe_ask_message_then(self, to, &message, timeout, then, context);
}
