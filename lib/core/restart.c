/* SPDX-License-Identifier: MIT */
#include "core/restart.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "core/actor_timer.h"
#include "core/ask.h"
#include "core/bracket.h"
#include "core/failure.h"
#include "core/fate.h"
#include "core/fd_watch.h"
#include "core/future.h"
#include "core/mailbox.h"
#include "core/monitor.h"
#include "core/spawn.h"
#include "core/supervisor.h"
#include "core/task.h"

const troupe_type tr_word_type = TROUPE_TYPE(tr_word);
const troupe_type tr_ready_word_type = TROUPE_SIGNAL("tr_ready_word");

static void lose_patience(tr_timer *timer, void *context)
{
    tr_actor *actor = context;
    (void) timer;
    TR_ASSERT(actor->state == TR_ACTOR_FALLING);
    tr_log_write(actor->worker->system->ports.log, TROUPE_LOG_WARNING,
                 "actor '%s' (%u.%u) is to be restarted, but its children do not end; they are "
                 "cancelled",
                 tr_actor_title(actor), actor->address.slot, actor->address.generation);
    actor->is_cancelled = true;
    tr_worker_make_runnable(actor->worker, actor); /* it passes that on */
}

void tr_restart_await_children(tr_worker *worker, tr_actor *actor)
{
    tr_timers_start(&worker->timers, &actor->extra->supervised->patience,
                    worker->now_ns + TR_GRACE_NS);
}

static void end_patience(tr_worker *worker, tr_supervised *supervised)
{
    if (tr_timer_is_running(&supervised->patience)) {
        tr_timers_cancel(&worker->timers, &supervised->patience);
    }
}

troupe_error tr_restart_enrol(tr_worker *worker, tr_actor *actor, const troupe_message *ready)
{
    const uint64_t child = ready->correlation;
    const tr_terms *terms = ready->body;
    tr_extra *extra = tr_actor_extra(worker, actor);
    TR_REQUIRE(extra != NULL, NO_MEMORY);
    tr_supervised *supervised = tr_allocate(worker->system->ports.allocator, sizeof *supervised);
    TR_REQUIRE(supervised != NULL, NO_MEMORY);
    extra->supervised = supervised;
    tr_timer_init(&supervised->patience, lose_patience, actor);
    const tr_word body = {.child = child};
    TR_REQUIRE(tr_message_of_struct(&worker->pool, &tr_word_type, &body, &supervised->word) ==
                   TROUPE_OK,
               NO_MEMORY);
    tr_message_set(supervised->word, TR_MESSAGE_SEALED);
    tr_message_set_kind(supervised->word, TR_KIND_WORD);
    supervised->terms = *terms;
    supervised->child = child;
    supervised->argument = actor->argument;
    supervised->behavior = actor->behavior;
    actor->is_supervised = true;
    return TROUPE_OK;
}

void tr_restart_free(tr_worker *worker, tr_actor *actor)
{
    tr_supervised *supervised = actor->extra->supervised;
    if (supervised == NULL) {
        return;
    }
    if (supervised->word != NULL) {
        tr_message_free(&worker->pool, supervised->word);
    }
    end_patience(worker, supervised);
    tr_free(worker->system->ports.allocator, supervised, sizeof *supervised);
    actor->extra->supervised = NULL;
}

void tr_restart_note_task(tr_actor *actor)
{
    actor->extra->supervised->wait_number = actor->task != NULL ? actor->task->number : 0;
}

/* Tells the supervisor, if the word is here. */
static void tell(tr_worker *worker, tr_actor *actor, tr_word_about about)
{
    tr_supervised *supervised = actor->extra->supervised;
    troupe_message *word = supervised->word;
    if (word == NULL) {
        return;
    }
    supervised->word = NULL;
    tr_word *body = word->body;
    body->about = about;
    body->reason = actor->reason;
    body->restarts = supervised->restarts;
    body->is_known = supervised->is_known;
    (void) snprintf(body->text, sizeof body->text, "%s", tr_failure_text(actor, actor->reason));
    word->sender = actor->address;
    word->receiver = tr_actor_parent(actor);
    tr_worker_route(worker, word);
}

void tr_restart_tell_end(tr_worker *worker, tr_actor *actor)
{
    tell(worker, actor, TR_WORD_ENDED);
}

/* The replies that its asks got; they point to the asks. What is to be tried again stays. */
static void end_replies(tr_worker *worker, tr_actor *actor)
{
    tr_queue again = {0};
    for (troupe_message *reply = tr_queue_pop(&actor->replies); reply != NULL;
         reply = tr_queue_pop(&actor->replies)) {
        if (tr_message_kind(reply) == TR_KIND_USER) {
            tr_queue_push(&again, reply);
        } else if (!tr_message_has(reply, TR_MESSAGE_EMBEDDED)) {
            tr_message_end(worker, reply, TROUPE_OUTCOME_CANCELLED, TROUPE_OK);
        }
    }
    actor->replies = again;
}

/* They are for a start: one that has ended, or when it rests none at all. */
static void forget_signals(tr_actor *actor)
{
    actor->is_stopping = false;
    actor->is_cancelled = false;
    actor->is_overloaded = false;
    actor->is_struck = false;
    actor->is_killed = false;
}

void tr_restart_rest(tr_worker *worker, tr_actor *actor)
{
    TR_ASSERT(actor->state == TR_ACTOR_FALLING && tr_held_any(actor) == NULL);
    TR_ASSERT(actor->extra->supervised->word != NULL);
    end_patience(worker, actor->extra->supervised);
    end_replies(worker, actor);
    (void) tr_stash_put_back(actor, SIZE_MAX);
    tr_ask_give_up_all(worker, actor);
    tr_future_drop_all(actor);
    tr_actor_timer_cancel_all(worker, actor);
    tr_fd_watch_cancel_all(worker, actor);
    tr_monitor_forget_all(worker, actor, true);
    tr_actor_report_ready(worker, actor, actor->reason);
    tr_held_end_scope(actor);
    if (!actor->is_ending) {
        tr_fate_of_mailbox(worker, actor);
    }
    if (actor->is_supervisor) {
        tr_supervisor_free(worker, actor);
        actor->is_supervisor = false;
    }
    tr_mailbox_release(worker, actor);
    actor->state = TR_ACTOR_RESTING;
    forget_signals(actor);
    actor->is_started = false;
    actor->is_ready = false;
    if (actor->is_ending) {
        tr_actor_end_resting(worker, actor);
    } else {
        tell(worker, actor, TR_WORD_RESTS);
    }
}

void tr_restart_signalled(tr_worker *worker, tr_actor *actor)
{
    if (actor->is_ending) {
        tr_actor_end_resting(worker, actor);
        return;
    }
    forget_signals(actor);
}

/* Gives it what a start needs. */
static troupe_error refurnish(tr_worker *worker, tr_actor *actor)
{
    const tr_supervised *supervised = actor->extra->supervised;
    troupe_message *ready = tr_message_of_kind(&worker->pool, TR_KIND_READY);
    TR_REQUIRE(ready != NULL, NO_MEMORY);
    if (supervised->behavior == NULL) {
        const troupe_error error = tr_task_create(worker, actor);
        if (error) {
            tr_message_free(&worker->pool, ready);
            return error;
        }
        actor->task->number = supervised->wait_number;
    } else {
        actor->behavior = supervised->behavior;
        memset(actor->state_block, 0, actor->state_size);
    }
    ready->correlation = supervised->child;
    actor->ready_message = ready;
    actor->argument = supervised->argument;
    return TROUPE_OK;
}

static void begin_again(tr_worker *worker, tr_actor *actor)
{
    const troupe_error error = refurnish(worker, actor);
    if (error) {
        actor->reason = error;
        tell(worker, actor, TR_WORD_RESTS);
        return;
    }
    actor->extra->supervised->restarts++;
    actor->extra->supervised->is_known = false;
    tr_failure_free(worker, actor); /* the text is not this start's */
    actor->reason = TROUPE_OK;
    actor->state = TR_ACTOR_LIVE;
    tr_worker_make_runnable(worker, actor);
}

/* The supervisor has answered. */
static void obey(tr_worker *worker, troupe_message *word)
{
    tr_actor *actor = tr_actor_at(worker, word->receiver);
    tr_word *body = word->body;
    if (actor == NULL || actor->state == TR_ACTOR_ENDED || actor->state == TR_ACTOR_CLOSING) {
        const tr_address child = word->receiver;
        body->about = TR_WORD_ENDED;
        word->receiver = word->sender;
        word->sender = child;
        tr_worker_route(worker, word);
        return;
    }
    TR_ASSERT(actor->state == TR_ACTOR_RESTING && actor->extra->supervised->word == NULL);
    actor->extra->supervised->word = word;
    if (body->about == TR_WORD_BEGIN) {
        begin_again(worker, actor);
    } else {
        actor->is_ending = true;
        tr_actor_end_resting(worker, actor);
    }
}

static void put_into_mailbox(tr_worker *worker, tr_actor *supervisor, troupe_message *word)
{
    if (supervisor == NULL || !tr_actor_is_live(supervisor) || !supervisor->is_supervisor) {
        tr_message_free(&worker->pool, word); /* it has ended or begun again without its children */
        return;
    }
    tr_message_set_kind(word, TR_KIND_WORD);
    tr_ledger_accept(&worker->ledger, word);
    tr_mailbox_put_reserved(worker, supervisor, word);
}

void tr_restart_word_came(tr_worker *worker, troupe_message *word)
{
    const tr_word *body = word->body;
    if (body->about == TR_WORD_BEGIN || body->about == TR_WORD_END) {
        obey(worker, word);
    } else {
        put_into_mailbox(worker, tr_actor_at(worker, word->receiver), word);
    }
}

void tr_restart_ready_came(tr_worker *worker, tr_actor *supervisor, troupe_message *ready)
{
    if (ready->value != TROUPE_OK) { /* it rests or has ended, and tells that by its word */
        tr_message_free(&worker->pool, ready);
        return;
    }
    ready->type = &tr_ready_word_type;
    put_into_mailbox(worker, supervisor, ready);
}

troupe_error tr_restart_spawn(troupe_self *self, const troupe_spawn_options *given, uint64_t child,
                              const tr_terms *terms, troupe_ref *out_ref)
{
    tr_worker *worker = tr_enter(self);
    tr_address address = {0};
    troupe_spawn_options options;
    troupe_error error =
        tr_settings_complete(given, worker->system->options.mailbox_capacity_default, &options);
    if (error == TROUPE_OK &&
        (options.out_monitor != NULL || options.scope != NULL || options.link != 0)) {
        error = TROUPE_ERROR_BAD_ARGUMENT; /* it watches its children anyway */
    }
    troupe_message *ready =
        error == TROUPE_OK ? tr_message_of_kind(&worker->pool, TR_KIND_READY) : NULL;
    if (error == TROUPE_OK && ready == NULL) {
        error = TROUPE_ERROR_NO_MEMORY;
    }
    if (error == TROUPE_OK) {
        ready->correlation = child;
        ready->body = (void *) (uintptr_t) terms; /* until it is enrolled */
        error = tr_spawn(worker, self->actor->address, &options, ready, &address);
        if (error) {
            tr_message_free(&worker->pool, ready);
        }
    }
    if (error == TROUPE_OK) {
        *out_ref = tr_system_ref(worker->system, address);
    }
    tr_leave(self);
    return error;
}

void tr_restart_keep(troupe_self *self, troupe_message *word)
{
    tr_worker *worker = tr_enter(self);
    tr_held_remove(self->actor, word);
    tr_message_renew(worker, word, TROUPE_OUTCOME_HANDLED);
    tr_leave(self);
}

void tr_restart_answer(troupe_self *self, troupe_message **word, tr_word_about about)
{
    tr_worker *worker = tr_enter(self);
    tr_word *body = (*word)->body;
    const tr_address child = (*word)->sender;
    body->about = about;
    (*word)->sender = self->actor->address;
    (*word)->receiver = child;
    tr_worker_route(worker, *word);
    *word = NULL;
    tr_leave(self);
}

void tr_restart_drop(troupe_self *self, troupe_message **word)
{
    if (*word != NULL) {
        tr_worker *worker = tr_enter(self);
        tr_message_free(&worker->pool, *word);
        *word = NULL;
        tr_leave(self);
    }
}

troupe_error tr_restart_signal(troupe_self *self, troupe_ref child, uint32_t bits)
{
    tr_worker *worker = tr_enter(self);
    tr_address address;
    troupe_error error = tr_system_address(worker->system, child, &address);
    if (error == TROUPE_OK) {
        error = (bits & TR_SIGNAL_END) != 0
                    ? tr_actor_signal(worker, address, bits)
                    : tr_actor_signal_start(worker, self->actor->address, address, bits);
    }
    tr_leave(self);
    return error;
}
