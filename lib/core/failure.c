/* SPDX-License-Identifier: MIT */
#include "core/failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <troupe/ask.h>

#include "base/assert.h"
#include "base/memory.h"
#include "core/bracket.h"

static const troupe_type failure_type = TROUPE_TYPE(tr_failure);

/* The actor's own, made if need be; NULL when memory is out. */
static tr_failure *failure_at(const tr_worker *worker, tr_failure **at)
{
    if (*at == NULL) {
        *at = tr_allocate(worker->system->ports.allocator, sizeof **at);
    }
    return *at;
}

static void free_at(const tr_worker *worker, tr_failure **at)
{
    if (*at != NULL) {
        tr_free(worker->system->ports.allocator, *at, sizeof **at);
        *at = NULL;
    }
}

void tr_failure_say(tr_worker *worker, tr_actor *actor, troupe_error error, const char *text)
{
    tr_extra *extra = tr_actor_extra(worker, actor);
    tr_failure *failure = extra != NULL ? failure_at(worker, &extra->failure) : NULL;
    if (failure != NULL) { /* without memory the code has to do */
        (void) snprintf(failure->text, sizeof failure->text, "%s", text); /* cut if long */
        failure->error = error;
    }
}

const char *tr_failure_text(const tr_actor *actor, troupe_error error)
{
    const tr_failure *failure = actor->extra != NULL ? actor->extra->failure : NULL;
    return failure != NULL && failure->error == error ? failure->text : "";
}

static uint64_t reply_limit(const tr_worker *worker, const troupe_message *request)
{
    const tr_slot *slot = tr_system_slot(worker->system, request->sender);
    return atomic_load_explicit(&slot->reply_bytes, memory_order_relaxed);
}

bool tr_failure_answer(tr_worker *worker, const tr_actor *actor, troupe_error error,
                       const troupe_message *request)
{
    troupe_message *answer = NULL;
    if (reply_limit(worker, request) < sizeof(tr_failure) ||
        tr_message_with_body(&worker->pool, TR_FORM_STRUCT, &failure_type, sizeof(tr_failure),
                             &answer) != TROUPE_OK) {
        return false;
    }
    tr_failure *body = answer->body;
    body->error = error;
    (void) snprintf(body->text, sizeof body->text, "%s", tr_failure_text(actor, error));
    answer->sender = request->receiver;
    answer->receiver = request->sender;
    answer->correlation = request->correlation;
    answer->deadline_ns = TR_NEVER;
    tr_message_set(answer, TR_MESSAGE_SEALED);
    tr_message_set_kind(answer, TR_KIND_REPLY);
    tr_ledger_accept(&worker->ledger, answer);
    tr_worker_route(worker, answer);
    return true;
}

troupe_error tr_failure_make(tr_pool *pool, troupe_error error, const void *text, size_t size,
                             troupe_message **out_answer)
{
    const troupe_error short_of =
        tr_message_with_body(pool, TR_FORM_STRUCT, &failure_type, sizeof(tr_failure), out_answer);
    if (short_of) {
        return short_of;
    }
    tr_failure *body = (*out_answer)->body;
    body->error = error;
    if (size > 0) { /* the rest is zero */
        memcpy(body->text, text, size < sizeof body->text ? size : sizeof body->text - 1);
    }
    return TROUPE_OK;
}

bool tr_failure_take(tr_worker *worker, const tr_actor *actor, tr_failure *out_failure)
{
    tr_extra *extra = actor->extra;
    if (extra == NULL || extra->last_failure == NULL) {
        return false;
    }
    *out_failure = *extra->last_failure;
    free_at(worker, &extra->last_failure);
    return true;
}

bool tr_failure_is(const troupe_message *reply)
{
    return reply->type == &failure_type;
}

void tr_failure_note(tr_worker *worker, tr_actor *asker, const troupe_message *reply)
{
    tr_extra *extra = asker->extra;
    tr_failure *failure = failure_at(worker, &extra->last_failure);
    if (failure != NULL) {
        const tr_failure *told = reply->body;
        *failure = *told;
    }
}

void tr_failure_free(tr_worker *worker, tr_actor *actor)
{
    if (actor->extra != NULL) {
        free_at(worker, &actor->extra->failure);
        free_at(worker, &actor->extra->last_failure);
    }
}

troupe_error troupe_fail(troupe_self *self, troupe_error error, const char *format, ...)
{
    TR_CHECK_SELF(self);
    if (self == NULL || format == NULL) {
        return error;
    }
    char text[TR_FAILURE_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void) vsnprintf(text, sizeof text, format, arguments); /* cut if long */
    va_end(arguments);
    tr_failure_say(tr_enter(self), self->actor, error, text);
    tr_leave(self);
    return error;
}

troupe_error troupe_last_failure(const troupe_self *self, const char **out_text)
{
    TR_CHECK_SELF(self);
    const tr_failure *failure = NULL;
    if (self != NULL) {
        (void) tr_enter(self);
        const tr_extra *extra = self->actor->extra;
        failure = extra != NULL ? extra->last_failure : NULL;
        tr_leave(self);
    }
    if (out_text != NULL) {
        *out_text = failure != NULL ? failure->text : "";
    }
    return failure != NULL ? failure->error : TROUPE_OK;
}
