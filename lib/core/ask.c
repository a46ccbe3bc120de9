/* SPDX-License-Identifier: MIT */
#include "core/ask.h"

#include "base/assert.h"
#include "core/bracket.h"
#include "core/dispatch.h"
#include "core/failure.h"
#include "core/far.h"
#include "core/future.h"
#include "core/offload.h"
#include "core/scope.h"
#include "core/send.h"
#include "core/task.h"

/* What answers it. */
enum ask_source {
    OF_REQUEST,
    OF_JOB,   /* it is a job_ask */
    OF_FUTURE /* a future_ask */
};

typedef struct tr_ask {
    tr_actor *actor;
    tr_task *task; /* NULL: a behavior's */
    uint64_t id;
    tr_address to;
    troupe_continuation *then;
    void *context;
    tr_ask_drop *drop; /* NULL: the context is the user's */
    bool is_answered;
    bool is_settled;
    bool is_given_up; /* a settled one waits for the last word */
    enum ask_source source;
    troupe_message *give_up; /* of a settled one, to be sent; or NULL */
    /* Of a behavior's only. */
    tr_timer timer;
    troupe_message timed_out;
} tr_ask;

/* A behavior's, answered by a job of its own. */
struct job_ask {
    tr_ask ask; /* first */
    troupe_job what;
    troupe_offloaded *then;
    tr_awaited awaited;
};

/* A behavior's, answered by a promise. */
struct future_ask {
    tr_ask ask; /* first */
    troupe_resolved *then;
    troupe_future *future; /* owned */
};

static struct future_ask *of_future(tr_ask *ask)
{
    return TR_CONTAINER_OF(ask, struct future_ask, ask);
}

static struct job_ask *of_job(tr_ask *ask)
{
    return TR_CONTAINER_OF(ask, struct job_ask, ask);
}

static tr_ask *find(const tr_actor *actor, uint64_t id)
{
    return actor->extra != NULL ? tr_table_find(&actor->extra->asks, id) : NULL;
}

static void drop_late(tr_worker *worker, troupe_message *reply)
{
    tr_ledger_add(&worker->ledger, TR_COUNT_LATE_REPLIES, 1);
    tr_far_came_late(worker, reply);
    tr_message_end(worker, reply, TROUPE_OUTCOME_DROPPED, TROUPE_ERROR_CANCELLED);
}

/* Puts the answer to a behavior's ask where its next turn finds it. */
static void answer(tr_worker *worker, tr_ask *ask, troupe_message *reply)
{
    ask->is_answered = true;
    if (tr_timer_is_running(&ask->timer)) {
        tr_timers_cancel(&worker->timers, &ask->timer);
    }
    tr_queue_push(&ask->actor->replies, reply);
    if (ask->actor->state == TR_ACTOR_LIVE) {
        tr_worker_make_runnable(worker, ask->actor);
    }
}

/* Answers an ask without a message of another's. */
static void answer_by_itself(tr_worker *worker, tr_ask *ask, troupe_error error)
{
    tr_message_embed(&ask->timed_out, TR_KIND_REPLY);
    ask->timed_out.correlation = ask->id;
    ask->timed_out.value = (uint64_t) error;
    answer(worker, ask, &ask->timed_out);
}

/* Its job is waited for no longer. Whether it has ended. */
static bool end_wait_for_job(tr_worker *worker, struct job_ask *ask)
{
    bool is_undone = false;
    const bool has_come = tr_offload_end_wait(worker, &ask->awaited, &is_undone);
    if (is_undone) {
        tr_job_discard(&ask->what, NULL);
    }
    return has_come;
}

/* Tells the receiver that a settled ask waits for its last word. */
static void send_give_up(tr_worker *worker, tr_ask *ask)
{
    troupe_message *message = ask->give_up;
    ask->give_up = NULL;
    ask->is_given_up = true;
    message->sender = ask->actor->address;
    message->receiver = ask->to;
    message->correlation = ask->id;
    tr_worker_route(worker, message);
}

static void timed_out(tr_timer *timer, void *context)
{
    (void) timer;
    tr_ask *ask = context;
    tr_worker *worker = ask->actor->worker;
    if (ask->is_settled) {
        send_give_up(worker, ask);
        return;
    }
    const bool has_come = (ask->source == OF_JOB && end_wait_for_job(worker, of_job(ask))) ||
                          (ask->source == OF_FUTURE && tr_future_is_kept(of_future(ask)->future));
    if (ask->source == OF_REQUEST) {
        TR_TELL(ASKED_IN_VAIN, .worker = worker, .actor = ask->actor, .address = ask->to);
    }
    answer_by_itself(worker, ask, has_come ? TROUPE_OK : TROUPE_ERROR_TIMED_OUT);
}

bool tr_ask_job_came(tr_worker *worker, tr_actor *actor, tr_job *job)
{
    tr_ask *ask = actor->state != TR_ACTOR_ENDED ? find(actor, job->ask) : NULL;
    if (ask == NULL || ask->source != OF_JOB ||
        !tr_offload_take(worker, &of_job(ask)->awaited, job)) {
        return false;
    }
    answer_by_itself(worker, ask, TROUPE_OK);
    return true;
}

/* The ask that a reply is for. NULL: it comes late. */
static tr_ask *asked(const tr_actor *actor, const troupe_message *reply)
{
    tr_ask *ask = find(actor, reply->correlation);
    if (TR_PLANTED(TR_BUG_REPLY_TWICE) && ask == NULL && actor->extra != NULL) {
        uint64_t id = 0;
        ask = tr_table_next(&actor->extra->asks, &id);
        return ask != NULL && ask->source == OF_REQUEST ? ask : NULL;
    }
    return ask;
}

void tr_ask_replied(tr_worker *worker, troupe_message *reply)
{
    tr_actor *actor = tr_actor_at(worker, reply->receiver);
    tr_ask *ask = actor != NULL && actor->state != TR_ACTOR_ENDED ? asked(actor, reply) : NULL;
    if (ask == NULL || ask->is_answered) {
        drop_late(worker, reply);
        return;
    }
    tr_task *task = ask->task;
    if (task == NULL) {
        answer(worker, ask, reply);
        return;
    }
    if (task->wait != TROUPE_WAIT_REPLY || task->wait_id != ask->id) {
        if (ask->is_settled) { /* it looks before it waits again */
            ask->is_answered = true;
            task->reply = reply;
        } else {
            drop_late(worker, reply); /* timed out or cancelled just now */
        }
        return;
    }
    ask->is_answered = true;
    task->reply = reply;
    tr_task_wake(worker, task, TROUPE_OK);
}

void tr_ask_future_came(tr_worker *worker, tr_actor *actor, const troupe_future *future)
{
    tr_ask *ask = find(actor, future->ask);
    if (ask != NULL && !ask->is_answered) {
        answer_by_itself(worker, ask, TROUPE_OK);
    }
}

static bool is_error_reply(const troupe_message *reply)
{
    return tr_message_form(reply) == TR_FORM_NONE || tr_failure_is(reply);
}

/* What a settled ask has ended with, given the receiver's answer. */
static troupe_error last_word(const tr_ask *ask, troupe_error answer, troupe_error why)
{
    return ask->is_given_up && answer == TROUPE_ERROR_CANCELLED ? why : answer;
}

/* The request that was given back is nobody's message any more; the error with it. */
__attribute__((cold)) static troupe_error take_returned(tr_worker *worker, troupe_message *returned)
{
    const troupe_error error = (troupe_error) returned->deadline_ns;
    tr_message_renew(worker, returned, TROUPE_OUTCOME_HANDLED);
    returned->deadline_ns = TR_NEVER;
    returned->correlation = 0;
    tr_message_clear(returned, TR_MESSAGE_RETURNED);
    tr_message_set_kind(returned, TR_KIND_USER);
    return error;
}

/* Ends a reply that is an error; which. */
static troupe_error end_error_reply(tr_worker *worker, tr_actor *actor, troupe_message *reply)
{
    troupe_error error = TROUPE_ERROR_HANDLER_FAILED;
    if (tr_failure_is(reply)) {
        tr_failure_note(worker, actor, reply);
    } else {
        error = (troupe_error) reply->value;
    }
    tr_message_end(worker, reply, TROUPE_OUTCOME_HANDLED, TROUPE_OK);
    return error;
}

static void drop_give_up(tr_worker *worker, tr_ask *ask)
{
    if (ask->give_up != NULL) {
        tr_message_free(&worker->pool, ask->give_up);
        ask->give_up = NULL;
    }
}

static void free_ask(tr_worker *worker, tr_ask *ask)
{
    if (tr_timer_is_running(&ask->timer)) {
        tr_timers_cancel(&worker->timers, &ask->timer);
    }
    drop_give_up(worker, ask);
    tr_pool_give(&worker->pool, ask);
}

/* Tells a behavior what became of its job. */
static troupe_error continue_job(tr_worker *worker, tr_actor *actor, struct job_ask *ask)
{
    troupe_offloaded *then = ask->then;
    void *context = ask->ask.context;
    void *result = ask->awaited.result;
    const troupe_error error = ask->awaited.has_come ? TROUPE_OK : TROUPE_ERROR_TIMED_OUT;
    free_ask(worker, &ask->ask);
    return tr_dispatch_offloaded(actor, then, error, result, context);
}

/* Tells a behavior what became of a promise. */
static troupe_error continue_future(tr_worker *worker, tr_actor *actor, struct future_ask *ask)
{
    troupe_resolved *then = ask->then;
    void *context = ask->ask.context;
    void *result = NULL;
    troupe_error error = TROUPE_ERROR_TIMED_OUT;
    if (tr_future_is_kept(ask->future)) {
        error = tr_future_take(ask->future, &result);
    } else {
        tr_future_drop(ask->future);
    }
    free_ask(worker, &ask->ask);
    return tr_dispatch_offloaded(actor, then, error, result, context);
}

troupe_error tr_ask_continue(tr_worker *worker, tr_actor *actor, troupe_message *reply)
{
    if (TR_UNLIKELY(tr_message_has(reply, TR_MESSAGE_GIVEN_UP))) {
        return tr_dispatch_given_up(worker, actor, reply);
    }
    tr_ask *ask = tr_table_remove(&actor->extra->asks, reply->correlation);
    TR_ASSERT(ask != NULL && ask->is_answered);
    if (TR_UNLIKELY(ask->source != OF_REQUEST)) {
        return ask->source == OF_JOB ? continue_job(worker, actor, of_job(ask))
                                     : continue_future(worker, actor, of_future(ask));
    }
    troupe_continuation *then = ask->then;
    void *context = ask->context;
    troupe_error error = TROUPE_OK;
    if (TR_UNLIKELY(tr_message_has(reply, TR_MESSAGE_RETURNED))) {
        error = last_word(ask, (troupe_error) reply->deadline_ns, TROUPE_ERROR_TIMED_OUT);
        reply->deadline_ns = TR_NEVER;
        tr_message_clear(reply, TR_MESSAGE_RETURNED);
    } else if (is_error_reply(reply)) {
        error = end_error_reply(worker, actor, reply);
        reply = NULL;
    }
    free_ask(worker, ask);
    return tr_dispatch_continuation(actor, then, error, reply, context);
}

void tr_ask_give_up_all(tr_worker *worker, tr_actor *actor)
{
    uint64_t id = 0;
    const tr_table *asks = actor->extra != NULL ? &actor->extra->asks : NULL;
    for (tr_ask *ask = asks != NULL ? tr_table_next(asks, &id) : NULL; ask != NULL;
         ask = tr_table_next(asks, &id)) {
        if (ask->source == OF_JOB) {
            (void) end_wait_for_job(worker, of_job(ask)); /* what has come is dropped below */
        } else if (!ask->is_answered && ask->source == OF_REQUEST) {
            tr_scope_give_up(worker, actor->address, ask->to, ask->id);
        }
    }
    tr_ask_forget_all(worker, actor);
}

void tr_ask_forget_all(tr_worker *worker, tr_actor *actor)
{
    if (actor->extra == NULL) {
        return;
    }
    uint64_t id = 0;
    for (tr_ask *ask = tr_table_next(&actor->extra->asks, &id); ask != NULL;
         ask = tr_table_next(&actor->extra->asks, &id)) {
        (void) tr_table_remove(&actor->extra->asks, id);
        if (ask->source == OF_JOB) {
            tr_offload_drop(&of_job(ask)->awaited);
        }
        if (ask->drop != NULL) {
            ask->drop(worker, ask->context);
        }
        if (ask->task == NULL) {
            free_ask(worker, ask);
        }
    }
}

void tr_ask_pack_timers(tr_worker *worker, tr_actor *actor, tr_list *packed)
{
    uint64_t id = 0;
    for (tr_ask *ask = tr_table_next(&actor->extra->asks, &id); ask != NULL;
         ask = tr_table_next(&actor->extra->asks, &id)) {
        if (ask->task == NULL) { /* a coroutine waits with its own */
            tr_timers_pack(&worker->timers, &ask->timer, packed);
        }
    }
}

/* Sends the request of an ask that is in the table; takes it out again if that fails. */
static troupe_error send_request(tr_worker *worker, tr_ask *ask, tr_address to,
                                 troupe_message **message, uint64_t deadline_ns)
{
    tr_actor *actor = ask->actor;
    if (TR_UNLIKELY(tr_message_has(*message, TR_MESSAGE_EXTENDED))) {
        ask->to = tr_far_carrier_of(worker->system, to);
    }
    tr_sending sending = {.sender = actor,
                          .to = to,
                          .message = message,
                          .wait_until_ns = deadline_ns,
                          .deadline_ns = deadline_ns,
                          .correlation = ask->id};
    if (TR_UNLIKELY(ask->is_settled)) {
        sending.deadline_ns = TR_NEVER;
        sending.flags = TR_MESSAGE_SETTLES | (ask->is_given_up ? TR_MESSAGE_GIVEN_UP : 0U);
        /* One that is parked would be given up where nobody hears of it. */
        sending.on_full =
            ask->task == NULL && !actor->is_entrance ? TROUPE_ON_FULL_FAIL : TROUPE_ON_FULL_DEFAULT;
    }
    const troupe_error error = tr_send(worker, &sending);
    if (error) {
        (void) tr_table_remove(&actor->extra->asks, ask->id);
    }
    return error;
}

static troupe_error open_ask(tr_worker *worker, tr_ask *ask)
{
    tr_extra *extra = tr_actor_extra(worker, ask->actor);
    TR_REQUIRE(extra != NULL, NO_MEMORY);
    return tr_table_add(&extra->asks, ask, &ask->id);
}

/* What is to be sent when a settled ask is given up, unless it is so from the beginning. */
__attribute__((cold)) static troupe_error prepare_to_settle(tr_worker *worker, tr_ask *ask)
{
    if (ask->is_settled && !ask->is_given_up) {
        ask->give_up = tr_message_of_kind(&worker->pool, TR_KIND_GIVE_UP);
        TR_REQUIRE(ask->give_up != NULL, NO_MEMORY);
    }
    return TROUPE_OK;
}

/* Gives the task the reply it was woken with, or the error that the reply is. */
static troupe_error take_reply(tr_worker *worker, tr_task *task, troupe_message **out_reply)
{
    troupe_message *reply = task->reply;
    task->reply = NULL;
    if (!is_error_reply(reply)) {
        tr_held_add_reply(task->self.actor, reply);
        *out_reply = reply;
        return TROUPE_OK;
    }
    return end_error_reply(worker, task->self.actor, reply);
}

static bool is_given_up_for(troupe_error error)
{
    return error == TROUPE_ERROR_TIMED_OUT || error == TROUPE_ERROR_CANCELLED;
}

/* Waits for the last word on a request, whatever else wants to end the wait. */
__attribute__((cold)) static troupe_error wait_for_last_word(tr_task *task, tr_ask *ask)
{
    troupe_error error = TROUPE_OK;
    if (!ask->is_given_up && !ask->is_answered) {
        send_give_up(ask->actor->worker, ask);
    }
    while (!ask->is_answered && (error == TROUPE_OK || is_given_up_for(error))) {
        task->waits_for = ask->to;
        error = tr_task_wait(task, TROUPE_WAIT_REPLY, TR_NEVER);
    }
    return ask->is_answered ? TROUPE_OK : error;
}

/* Of a settled ask. Errors: those of troupe_ask_settled. */
__attribute__((cold)) static troupe_error settle(tr_task *task, tr_ask *ask, uint64_t deadline_ns,
                                                 troupe_message **message,
                                                 troupe_message **out_reply)
{
    const bool may_wait = !ask->is_given_up;
    const troupe_error why =
        may_wait ? tr_task_wait(task, TROUPE_WAIT_REPLY, deadline_ns) : TROUPE_ERROR_TIMED_OUT;
    troupe_error error = ask->is_answered       ? TROUPE_OK
                         : is_given_up_for(why) ? wait_for_last_word(task, ask)
                                                : why;
    tr_worker *worker = ask->actor->worker;
    if (error == TROUPE_OK && tr_message_has(task->reply, TR_MESSAGE_RETURNED)) {
        *message = task->reply;
        task->reply = NULL;
        error = take_returned(worker, *message);
    } else if (error == TROUPE_OK) {
        error = take_reply(worker, task, out_reply);
    } else {
        tr_scope_give_up(worker, ask->actor->address, ask->to, ask->id);
    }
    (void) tr_table_remove(&ask->actor->extra->asks, ask->id);
    drop_give_up(worker, ask);
    return last_word(ask, error, why);
}

static inline troupe_error wait_for_reply(tr_task *task, const tr_ask *ask, uint64_t deadline_ns,
                                          troupe_message **out_reply)
{
    const troupe_error error = tr_task_wait(task, TROUPE_WAIT_REPLY, deadline_ns);
    tr_actor *actor = ask->actor;
    (void) tr_table_remove(&actor->extra->asks, ask->id);
    if (error == TROUPE_OK) {
        return take_reply(actor->worker, task, out_reply);
    }
    if (error != TROUPE_ERROR_TIMED_OUT) { /* the request has the same deadline */
        tr_scope_give_up(actor->worker, actor->address, ask->to, ask->id);
    } else {
        TR_TELL(ASKED_IN_VAIN, .worker = actor->worker, .actor = actor, .address = ask->to);
    }
    return error;
}

troupe_error tr_ask_and_wait(tr_task *task, const tr_asking *asking, troupe_message **message,
                             troupe_message **out_reply)
{
    tr_actor *actor = task->self.actor;
    tr_ask ask; /* what is of a behavior's only is not set: this is a hot path */
    ask.actor = actor;
    ask.task = task;
    ask.to = asking->to;
    ask.drop = NULL;
    ask.is_answered = false;
    ask.is_settled = asking->is_settled;
    ask.is_given_up = asking->is_given_up;
    ask.source = OF_REQUEST;
    ask.give_up = NULL;
    troupe_error error = TROUPE_OK;
    if (TR_UNLIKELY(asking->is_settled)) {
        error = prepare_to_settle(actor->worker, &ask);
    }
    if (error == TROUPE_OK) {
        error = open_ask(actor->worker, &ask);
    }
    if (error == TROUPE_OK) {
        error = send_request(actor->worker, &ask, asking->to, message, asking->deadline_ns);
    }
    if (error == TROUPE_OK) {
        task->waits_for = ask.to;
        task->wait_id = ask.id;
        error = TR_LIKELY(!ask.is_settled)
                    ? wait_for_reply(task, &ask, asking->deadline_ns, out_reply)
                    : settle(task, &ask, asking->deadline_ns, message, out_reply);
    } else if (TR_UNLIKELY(ask.is_settled)) {
        drop_give_up(actor->worker, &ask);
    }
    return error;
}

troupe_error tr_ask_offload(tr_worker *worker, tr_actor *actor, const troupe_job *job,
                            uint64_t deadline_ns, troupe_offloaded *then, void *context)
{
    struct job_ask *ask = tr_pool_take(&worker->pool, sizeof *ask);
    TR_REQUIRE(ask != NULL, NO_MEMORY);
    *ask = (struct job_ask) {
        .ask = {.actor = actor, .context = context, .source = OF_JOB},
        .what = *job,
        .then = then,
        .awaited = {.what = &ask->what},
    };
    tr_timer_init(&ask->ask.timer, timed_out, &ask->ask);
    troupe_error error = open_ask(worker, &ask->ask);
    if (error) {
        tr_pool_give(&worker->pool, ask);
        return error;
    }
    error = tr_offload_begin(worker, actor, ask->ask.id, &ask->awaited);
    if (error) {
        (void) tr_table_remove(&actor->extra->asks, ask->ask.id);
        tr_pool_give(&worker->pool, ask);
        return error;
    }
    if (deadline_ns != TR_NEVER) {
        tr_timers_start(&worker->timers, &ask->ask.timer, deadline_ns);
    }
    return TROUPE_OK;
}

troupe_error tr_ask_future(tr_worker *worker, troupe_future *future, uint64_t deadline_ns,
                           troupe_resolved *then, void *context)
{
    struct future_ask *ask = tr_pool_take(&worker->pool, sizeof *ask);
    TR_REQUIRE(ask != NULL, NO_MEMORY);
    *ask = (struct future_ask) {
        .ask = {.actor = future->actor, .context = context, .source = OF_FUTURE},
        .then = then,
        .future = future,
    };
    tr_timer_init(&ask->ask.timer, timed_out, &ask->ask);
    const troupe_error error = open_ask(worker, &ask->ask);
    if (error) {
        tr_pool_give(&worker->pool, ask);
        return error;
    }
    future->ask = ask->ask.id;
    if (tr_future_is_kept(future)) {
        answer_by_itself(worker, &ask->ask, TROUPE_OK);
    } else if (deadline_ns != TR_NEVER) {
        tr_timers_start(&worker->timers, &ask->ask.timer, deadline_ns);
    }
    return TROUPE_OK;
}

troupe_error tr_ask_then(tr_worker *worker, tr_actor *actor, const tr_asking *asking,
                         troupe_message **message, const tr_continuation *continuation)
{
    uint64_t ignored = 0;
    return tr_ask_then_known(worker, actor, asking, message, continuation, &ignored);
}

troupe_error tr_ask_then_known(tr_worker *worker, tr_actor *actor, const tr_asking *asking,
                               troupe_message **message, const tr_continuation *continuation,
                               uint64_t *out_id)
{
    tr_ask *ask = tr_pool_take(&worker->pool, sizeof *ask);
    TR_REQUIRE(ask != NULL, NO_MEMORY);
    *ask = (tr_ask) {.actor = actor,
                     .to = asking->to,
                     .then = continuation->then,
                     .context = continuation->context,
                     .drop = continuation->drop,
                     .is_settled = asking->is_settled,
                     .is_given_up = asking->is_given_up};
    tr_timer_init(&ask->timer, timed_out, ask);
    troupe_error error = prepare_to_settle(worker, ask);
    if (error == TROUPE_OK) {
        error = open_ask(worker, ask);
    }
    if (error == TROUPE_OK) {
        error = send_request(worker, ask, asking->to, message, asking->deadline_ns);
    }
    if (error) {
        free_ask(worker, ask);
        return error;
    }
    *out_id = ask->id;
    if (asking->deadline_ns != TR_NEVER && !ask->is_given_up) {
        tr_timers_start(&worker->timers, &ask->timer, asking->deadline_ns);
    }
    return TROUPE_OK;
}
