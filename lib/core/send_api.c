/* SPDX-License-Identifier: MIT */
#include <troupe/send.h>

#include "base/assert.h"
#include "base/options.h"
#include "core/bracket.h"
#include "core/far.h"
#include "core/park.h"
#include "core/scope.h"
#include "core/send.h"
#include "core/task.h"

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_send_options, margin);

static troupe_error read_options(const troupe_send_options *given, troupe_send_options *options)
{
    TR_REQUIRE(tr_options_read(options, sizeof *options, given), BAD_ARGUMENT);
    TR_REQUIRE((unsigned) options->on_full <= TROUPE_ON_FULL_DEAD_LETTER, BAD_ARGUMENT);
    if (options->out_dropped != NULL) {
        *options->out_dropped = false;
    }
    if (options->timeout.ns == TROUPE_NOW.ns &&
        (options->on_full == TROUPE_ON_FULL_DEFAULT || options->on_full == TROUPE_ON_FULL_WAIT)) {
        options->on_full = TROUPE_ON_FULL_FAIL; /* not to wait at all is to fail at once */
    }
    return TROUPE_OK;
}

/* All of a sending but the message. */
static tr_sending sending_of(tr_actor *actor, tr_address to, const troupe_send_options *options)
{
    const uint64_t now_ns = actor->worker->now_ns;
    const uint64_t until_ns = tr_deadline_of(now_ns, options->timeout);
    return (tr_sending) {
        .sender = actor,
        .wait_until_ns = tr_scope_deadline(actor, until_ns),
        .park_until_ns = until_ns != TR_NEVER ? until_ns : 0,
        .deadline_ns = tr_deadline_of(now_ns, options->expires),
        .to = to,
        .on_full = options->on_full,
        .margin = options->margin,
    };
}

static troupe_error send_one(tr_sending sending, troupe_message **message,
                             const troupe_send_options *options)
{
    tr_worker *worker = sending.sender->worker;
    const troupe_error error = tr_send_prepare(worker, sending.sender, message, options->trace_id);
    if (error) {
        return error;
    }
    sending.message = message;
    const troupe_error sent = tr_send(worker, &sending);
    if (options->out_dropped != NULL && sending.was_dropped) {
        *options->out_dropped = true;
    }
    return sent;
}

/* An attached one that has ended knows nothing any more of what it was handling. Where its trace
 * was are the flags of its last message, so that even a plain send does not go the short way. */
static troupe_error check_sender(const tr_actor *actor)
{
    return TR_LIKELY(actor->state != TR_ACTOR_ENDED) ? TROUPE_OK : TROUPE_ERROR_STOPPING;
}

static __attribute__((noinline)) troupe_error send_with(troupe_self *self, troupe_ref to,
                                                        troupe_message **message,
                                                        const troupe_send_options *given)
{
    troupe_send_options options = {0};
    tr_passage passage = {0};
    (void) tr_enter(self);
    tr_address address;
    troupe_error error = given != NULL ? read_options(given, &options) : TROUPE_OK;
    error = error ? error : check_sender(self->actor);
    if (error == TROUPE_OK) {
        error = tr_far_begin(self->actor, to, message, &address, &passage);
    }
    if (error == TROUPE_OK) {
        error = send_one(sending_of(self->actor, address, &options), message, &options);
        tr_far_end(self->actor, message, &passage);
    }
    tr_leave(self);
    return error;
}

/* Most sends are as simple as this; what is not goes the long way from the start. */
static inline troupe_error send_plain(troupe_self *self, const troupe_ref *to,
                                      troupe_message **message)
{
    tr_actor *actor = self->actor;
    tr_worker *worker = tr_enter(self);
    tr_system *system = worker->system;
    if (TR_LIKELY(to->node == system->options.node_id && to->slot < system->slots.count) &&
        TR_LIKELY(tr_send_at_once(worker, actor, &system->slots.table[to->slot],
                                  (tr_address) {.slot = to->slot, .generation = to->generation},
                                  message))) {
        tr_leave(self);
        return TROUPE_OK;
    }
    tr_leave(self);
    return send_with(self, *to, message, NULL);
}

troupe_error troupe_send_message_with(troupe_self *self, troupe_ref to, troupe_message **message,
                                      const troupe_send_options *options)
{
    TR_CHECK_SELF(self);
    TR_CHECK_OWN_MESSAGE(self, message);
    TR_REQUIRE(self != NULL && message != NULL && *message != NULL, BAD_ARGUMENT);
    return options == NULL ? send_plain(self, &to, message) : send_with(self, to, message, options);
}

troupe_error troupe_send_message(troupe_self *self, troupe_ref to, troupe_message **message)
{
    TR_CHECK_SELF(self);
    TR_CHECK_OWN_MESSAGE(self, message);
    TR_REQUIRE(self != NULL && message != NULL && *message != NULL, BAD_ARGUMENT);
    return send_plain(self, &to, message);
}

troupe_error troupe_send_with(troupe_self *self, troupe_ref to, const ProtobufCMessage *body,
                              const troupe_send_options *options)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && body != NULL, BAD_ARGUMENT);
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_message_create_protobuf(self, body, &message);
    return error ? error : troupe_send_message_with(self, to, &message, options);
}

troupe_error troupe_send(troupe_self *self, troupe_ref to, const ProtobufCMessage *body)
{
    TR_CHECK_SELF(self);
    return troupe_send_with(self, to, body, NULL);
}

troupe_error troupe_send_struct(troupe_self *self, troupe_ref to, const troupe_type *type,
                                const void *body)
{
    TR_CHECK_SELF(self);
    troupe_message *message = NULL;
    troupe_error error = troupe_message_create(self, type, body, &message);
    if (error) {
        return error;
    }
    error = send_plain(self, &to, &message);
    if (TR_UNLIKELY(error != TROUPE_OK)) {
        troupe_message_destroy(&message);
    }
    return error;
}

/* Sends as many as there is room for at one stroke: small messages without options. */
static size_t send_stroke(tr_worker *worker, tr_actor *actor, tr_address to,
                          troupe_message **messages, size_t count)
{
    tr_slot *slot = tr_system_slot(worker->system, to);
    size_t plain = 0;
    while (slot != NULL && plain < count && messages[plain] != NULL &&
           tr_message_charge(messages[plain]) == 0 &&
           !tr_message_has(messages[plain], TR_MESSAGE_WANTS_REPLY | TR_MESSAGE_EMBEDDED)) {
        plain++;
    }
    uint32_t places = 0;
    if (plain == 0 || actor->trace_id != 0 ||
        atomic_load_explicit(&slot->rule_count, memory_order_relaxed) != 0 ||
        tr_slot_admit(slot, to.generation, atomic_load_explicit(&slot->limit, memory_order_relaxed),
                      0, (uint32_t) (plain < TR_BATCH_MAX ? plain : TR_BATCH_MAX),
                      &places) != TR_ADMITTED) {
        return 0;
    }
    for (uint32_t i = 0; i < places; i++) {
        tr_sending sending = {
            .sender = actor, .message = &messages[i], .deadline_ns = TR_NEVER, .to = to};
        tr_send_commit(worker, &sending);
    }
    return places;
}

static troupe_error send_many(troupe_self *self, tr_address to, troupe_message **messages,
                              size_t count, const troupe_send_options *options, size_t *sent)
{
    tr_actor *actor = self->actor;
    const tr_sending sending = sending_of(actor, to, options);
    const bool is_plain =
        options->margin == 0 && options->trace_id == 0 && options->expires.ns == 0;
    while (*sent < count) {
        TR_REQUIRE(messages[*sent] != NULL, BAD_ARGUMENT);
        size_t more = 0;
        if (is_plain && !tr_park_has(actor, to)) {
            more = send_stroke(actor->worker, actor, to, messages + *sent, count - *sent);
        }
        if (more == 0) {
            const troupe_error error = send_one(sending, &messages[*sent], options);
            if (error) {
                return error;
            }
            more = 1;
        }
        *sent += more;
    }
    return TROUPE_OK;
}

/* To another node: one by one. */
static troupe_error send_many_far(troupe_self *self, troupe_ref to, troupe_message **messages,
                                  size_t count, const troupe_send_options *given, size_t *sent)
{
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK && *sent < count) {
        TR_REQUIRE(messages[*sent] != NULL, BAD_ARGUMENT);
        error = send_with(self, to, &messages[*sent], given);
        *sent += error == TROUPE_OK ? 1 : 0;
    }
    return error;
}

troupe_error troupe_send_many(troupe_self *self, troupe_ref to, troupe_message **messages,
                              size_t count, const troupe_send_options *given, size_t *out_sent)
{
    TR_CHECK_SELF(self);
    TR_CHECK_OWN_MESSAGES(self, messages, count);
    TR_REQUIRE(self != NULL && out_sent != NULL, BAD_ARGUMENT);
    *out_sent = 0;
    TR_REQUIRE(messages != NULL || count == 0, BAD_ARGUMENT);
    if (TR_UNLIKELY(tr_far_is(tr_self_system(self), to))) {
        return send_many_far(self, to, messages, count, given, out_sent);
    }
    const tr_worker *worker = tr_enter(self);
    troupe_send_options options = {0};
    tr_address address;
    troupe_error error = given != NULL ? read_options(given, &options) : TROUPE_OK;
    error = error ? error : check_sender(self->actor);
    if (error == TROUPE_OK) {
        error = tr_system_address(worker->system, to, &address);
    }
    if (error == TROUPE_OK) {
        error = send_many(self, address, messages, count, &options, out_sent);
    }
    tr_leave(self);
    return error;
}

troupe_error troupe_forward(troupe_self *self, troupe_ref to, troupe_message **message)
{
    TR_CHECK_SELF(self);
    TR_CHECK_OWN_MESSAGE(self, message);
    TR_REQUIRE(self != NULL && message != NULL && *message != NULL, BAD_ARGUMENT);
    TR_REQUIRE(tr_message_has(*message, TR_MESSAGE_HELD) &&
                   tr_message_kind(*message) == TR_KIND_USER,
               BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    tr_sending sending = {.sender = self->actor,
                          .message = message,
                          .wait_until_ns = tr_scope_deadline(self->actor, TR_NEVER),
                          .is_forward = true};
    tr_passage passage = {0};
    troupe_error error = tr_far_begin(self->actor, to, message, &sending.to, &passage);
    if (error == TROUPE_OK) {
        error = tr_send(worker, &sending);
        tr_far_end(self->actor, message, &passage);
    }
    tr_leave(self);
    return error;
}

void troupe_flush(troupe_self *self)
{
    TR_CHECK_SELF(self);
    if (self != NULL) {
        tr_worker *worker = tr_enter(self);
        tr_worker_flush(worker);
        tr_leave(self);
    }
}
