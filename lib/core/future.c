/* SPDX-License-Identifier: MIT */
#include "core/future.h"

#include "base/assert.h"
#include "base/memory.h"
#include "core/ask.h"
#include "core/bracket.h"
#include "core/misuse.h"
#include "core/scope.h"
#include "core/task.h"

/* The gate. */

void tr_gate_init(tr_gate *gate)
{
    tr_list_init(&gate->under_way);
    gate->shares = 1;
    gate->is_shut = false;
}

void tr_gate_shut(tr_gate *gate)
{
    if (gate != NULL) {
        gate->lock(gate);
        gate->is_shut = true;
        gate->unlock(gate);
    }
}

static void release_share(tr_gate *gate)
{
    gate->lock(gate);
    TR_ASSERT(gate->shares > 0);
    const bool is_last = --gate->shares == 0;
    gate->unlock(gate);
    if (is_last) {
        gate->free(gate);
    }
}

/* Blocks. */

static troupe_future *future_of(troupe_promise *promise)
{
    return TR_CONTAINER_OF(promise, troupe_future, promise);
}

static size_t block_size(const tr_gate *gate)
{
    return sizeof(troupe_future) + gate->room_size;
}

/* Under the lock: whether nobody has the block any more. */
static bool is_over(const troupe_promise *promise)
{
    return !promise->is_held && !promise->has_future && !promise->is_under_way;
}

/* Nobody has the block any more; not under the lock. */
static void end(troupe_promise *promise)
{
    tr_gate *gate = promise->gate;
    tr_free(gate->allocator, future_of(promise), block_size(gate));
    release_share(gate);
}

/* One whose message never came; NULL if there is none. */
static troupe_promise *take_lost(tr_gate *gate)
{
    gate->lock(gate);
    tr_list *link = tr_list_pop_front(&gate->under_way);
    troupe_promise *promise = link != NULL ? TR_CONTAINER_OF(link, troupe_promise, link) : NULL;
    gate->unlock(gate);
    TR_ASSERT(promise == NULL || (!promise->is_held && !promise->has_future));
    return promise;
}

void tr_gate_release(tr_gate **in_gate)
{
    tr_gate *gate = *in_gate;
    *in_gate = NULL;
    if (gate == NULL) {
        return;
    }
    TR_ASSERT(gate->is_shut);
    for (troupe_promise *lost = take_lost(gate); lost != NULL; lost = take_lost(gate)) {
        end(lost);
    }
    release_share(gate);
}

static void discard(const tr_promised *result)
{
    if (result->discard != NULL) {
        result->discard(result->value);
    }
}

/* The promise's side. */

/* Under the lock. */
static void send_home(troupe_promise *promise)
{
    troupe_future *future = future_of(promise);
    tr_gate *gate = promise->gate;
    promise->is_under_way = true;
    tr_list_push_back(&gate->under_way, &promise->link);
    tr_message_embed(&future->message, TR_KIND_PROMISE);
    future->message.receiver = future->address;
    gate->deliver(gate, &future->message, future + 1);
}

static void keep(troupe_promise **in_promise, troupe_error error, const tr_promised *result)
{
    troupe_promise *promise = *in_promise;
    *in_promise = NULL;
    tr_gate *gate = promise->gate;
    TR_MARK_END(&promise->mark);
    gate->lock(gate);
    promise->is_held = false;
    promise->has_result = true;
    promise->error = error;
    promise->result = *result;
    const bool has_future = promise->has_future;
    if (has_future && !gate->is_shut) {
        send_home(promise);
    }
    const bool is_last = is_over(promise);
    gate->unlock(gate); /* unless it is the last, it may be gone from here on */
    if (!has_future) {
        discard(result);
    }
    if (is_last) {
        end(promise);
    }
}

troupe_error troupe_promise_complete(troupe_promise **promise, void *result,
                                     void (*discard_result)(void *result))
{
    TR_REQUIRE(promise != NULL && *promise != NULL, BAD_ARGUMENT);
    TR_CHECK_MARKED(*promise, TR_HANDLE_PROMISE);
    keep(promise, TROUPE_OK, &(const tr_promised) {.value = result, .discard = discard_result});
    return TROUPE_OK;
}

troupe_error troupe_promise_fail(troupe_promise **promise, troupe_error error)
{
    TR_REQUIRE(promise != NULL && *promise != NULL && error != TROUPE_OK, BAD_ARGUMENT);
    TR_CHECK_MARKED(*promise, TR_HANDLE_PROMISE);
    keep(promise, error, &(const tr_promised) {0});
    return TROUPE_OK;
}

void troupe_promise_destroy(troupe_promise **promise)
{
    if (promise == NULL || *promise == NULL) {
        return;
    }
    TR_CHECK_MARKED(*promise, TR_HANDLE_PROMISE);
    keep(promise, TROUPE_ERROR_NO_REPLY, &(const tr_promised) {0});
}

bool troupe_promise_is_wanted(const troupe_promise *promise)
{
    if (promise == NULL) {
        return false;
    }
    TR_CHECK_MARKED(promise, TR_HANDLE_PROMISE);
    tr_gate *gate = promise->gate;
    gate->lock(gate);
    const bool is_wanted = promise->has_future && !gate->is_shut;
    gate->unlock(gate);
    return is_wanted;
}

/* The future's side. */

bool tr_future_is_kept(const troupe_future *future)
{
    tr_gate *gate = future->promise.gate;
    gate->lock(gate);
    const bool is_kept = future->promise.has_result;
    gate->unlock(gate);
    return is_kept;
}

/* The actor has it no more; what was promised is returned. */
static tr_promised let_go(troupe_future *future)
{
    troupe_promise *promise = &future->promise;
    tr_gate *gate = promise->gate;
    tr_list_remove(&future->link);
    future->actor->extra->futures_count--;
    TR_MARK_END(&future->mark);
    gate->lock(gate);
    promise->has_future = false;
    const tr_promised result = promise->result;
    const bool is_last = is_over(promise);
    gate->unlock(gate);
    if (is_last) {
        end(promise);
    }
    return result;
}

troupe_error tr_future_take(troupe_future *future, void **out_result)
{
    const troupe_error error = future->promise.error; /* it was kept: nobody writes it any more */
    *out_result = let_go(future).value;
    return error;
}

void tr_future_drop(troupe_future *future)
{
    const tr_promised result = let_go(future);
    discard(&result);
}

static void note_unawaited(const troupe_future *future)
{
    const tr_actor *actor = future->actor;
    const bool was_cut_short =
        actor->is_stopping || actor->is_cancelled || actor->reason != TROUPE_OK;
    if (TR_UNLIKELY(!future->was_awaited) && !was_cut_short) {
        tr_misuse_note_unawaited(actor, "future", "");
    }
}

void tr_future_drop_all(tr_actor *actor)
{
    tr_extra *extra = actor->extra;
    for (tr_list *link = extra != NULL ? tr_list_first(&extra->futures) : NULL; link != NULL;
         link = tr_list_first(&extra->futures)) {
        note_unawaited(TR_CONTAINER_OF(link, troupe_future, link));
        tr_future_drop(TR_CONTAINER_OF(link, troupe_future, link));
    }
}

void tr_future_came(tr_worker *worker, troupe_message *message)
{
    troupe_future *future = TR_CONTAINER_OF(message, troupe_future, message);
    troupe_promise *promise = &future->promise;
    tr_gate *gate = promise->gate;
    gate->lock(gate);
    promise->is_under_way = false;
    tr_list_remove(&promise->link);
    const bool has_future = promise->has_future;
    gate->unlock(gate);
    if (!has_future) {
        end(promise);
        return;
    }
    tr_actor *actor = future->actor;
    TR_ASSERT(tr_actor_at(worker, future->address) == actor);
    if (future->ask != 0) {
        tr_ask_future_came(worker, actor, future);
    } else if (future->task != NULL) {
        tr_task_wake(worker, future->task, TROUPE_OK);
    }
}

static void begin(troupe_future *future, tr_gate *gate, tr_actor *actor)
{
    troupe_promise *promise = &future->promise;
    *future = (troupe_future) {.actor = actor, .address = actor->address};
    *promise = (troupe_promise) {.gate = gate, .is_held = true, .has_future = true};
    tr_list_init(&promise->link);
    TR_MARK_BEGIN(&future->mark, TR_HANDLE_FUTURE, NULL);
    TR_MARK_BEGIN(&promise->mark, TR_HANDLE_PROMISE, NULL);
    tr_list_push_back(&actor->extra->futures, &future->link);
    actor->extra->futures_count++;
    gate->lock(gate);
    gate->shares++;
    gate->unlock(gate);
}

static troupe_error create(tr_worker *worker, tr_actor *actor, troupe_future **out_future)
{
    tr_gate *gate = worker->system->ports.gate;
    TR_REQUIRE(tr_actor_is_live(actor), STOPPING);
    TR_REQUIRE(gate != NULL, SYSTEM);
    tr_extra *extra = tr_actor_extra(worker, actor);
    TR_REQUIRE(extra != NULL, NO_MEMORY);
    TR_REQUIRE(extra->futures_count < actor->settings->asks_max, LIMIT_REACHED);
    troupe_future *future = tr_allocate(gate->allocator, block_size(gate));
    TR_REQUIRE(future != NULL, NO_MEMORY);
    begin(future, gate, actor);
    *out_future = future;
    return TROUPE_OK;
}

troupe_error troupe_future_create(troupe_self *self, troupe_future **out_future,
                                  troupe_promise **out_promise)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && out_future != NULL && out_promise != NULL, BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    troupe_future *future = NULL;
    const troupe_error error = create(worker, self->actor, &future);
    tr_leave(self);
    if (error == TROUPE_OK) {
        *out_future = future;
        *out_promise = &future->promise;
    }
    return error;
}

void troupe_future_destroy(troupe_future **in_future)
{
    if (in_future == NULL || *in_future == NULL) {
        return;
    }
    troupe_future *future = *in_future;
    TR_CHECK_MARKED(future, TR_HANDLE_FUTURE);
    *in_future = NULL;
    const troupe_self *self = &future->actor->self;
    (void) tr_enter(self);
    note_unawaited(future);
    tr_future_drop(future);
    tr_leave(self);
}

/* Waiting. */

/* The index of the first that was kept; `count` if there is none. */
static size_t find_kept(troupe_future *const *futures, size_t count)
{
    size_t i = 0;
    while (i < count && (futures[i] == NULL || !tr_future_is_kept(futures[i]))) {
        i++;
    }
    return i;
}

static void set_waiter(troupe_future *const *futures, size_t count, tr_task *task)
{
    for (size_t i = 0; i < count; i++) {
        if (futures[i] != NULL) {
            futures[i]->task = task;
        }
    }
}

static troupe_error wait_any(const troupe_self *self, troupe_future *const *futures, size_t count,
                             troupe_timeout timeout, size_t *out_index)
{
    tr_task *task = self->task;
    const tr_actor *actor = self->actor;
    TR_REQUIRE(task != NULL || timeout.ns == 1, CANNOT_WAIT);
    for (size_t i = 0; i < count; i++) {
        if (futures[i] != NULL) {
            futures[i]->was_awaited = true;
        }
    }
    troupe_error error = TROUPE_OK;
    size_t index = find_kept(futures, count); /* what is there is given, cancelled or not */
    if (index == count) {
        error = task != NULL ? tr_task_check(task) : TROUPE_OK;
        if (error) {
            return error;
        }
        const uint64_t now_ns = actor->worker->now_ns;
        const uint64_t deadline_ns = tr_scope_deadline(actor, tr_deadline_of(now_ns, timeout));
        TR_REQUIRE(deadline_ns > now_ns && task != NULL, TIMED_OUT);
        set_waiter(futures, count, task);
        error = tr_task_wait(task, TROUPE_WAIT_FUTURE, deadline_ns);
        set_waiter(futures, count, NULL);
        index = find_kept(futures, count); /* whatever else has ended the wait */
    }
    *out_index = index;
    return index < count ? TROUPE_OK : error;
}

/* Whether the caller may wait for these, and there is one. */
static bool are_own(const troupe_self *self, troupe_future *const *futures, size_t count)
{
    bool is_any = false;
    for (size_t i = 0; i < count; i++) {
        const troupe_future *future = futures[i];
        if (future != NULL) {
            TR_CHECK_MARKED(future, TR_HANDLE_FUTURE);
            if (future->actor != self->actor || future->task != NULL) {
                return false;
            }
            is_any = true;
        }
    }
    return is_any;
}

troupe_error troupe_future_wait_any(troupe_self *self, troupe_future *const *futures, size_t count,
                                    troupe_timeout timeout, size_t *out_index)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && futures != NULL && out_index != NULL, BAD_ARGUMENT);
    TR_REQUIRE(are_own(self, futures, count), BAD_ARGUMENT);
    (void) tr_enter(self);
    size_t index = 0;
    const troupe_error error = wait_any(self, futures, count, timeout, &index);
    tr_leave(self);
    if (error == TROUPE_OK) {
        *out_index = index;
    }
    return error;
}

troupe_error troupe_future_wait(troupe_self *self, troupe_future **future, troupe_timeout timeout,
                                void **out_result)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && future != NULL && *future != NULL, BAD_ARGUMENT);
    TR_REQUIRE(are_own(self, future, 1), BAD_ARGUMENT);
    (void) tr_enter(self);
    size_t index = 0;
    void *result = NULL;
    troupe_error error = wait_any(self, future, 1, timeout, &index);
    if (error == TROUPE_OK) {
        error = tr_future_take(*future, &result);
        *future = NULL;
    }
    tr_leave(self);
    if (error == TROUPE_OK && out_result != NULL) {
        *out_result = result;
    }
    return error;
}

troupe_error troupe_future_then(troupe_self *self, troupe_future **future, troupe_timeout timeout,
                                troupe_resolved *then, void *context)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && self->task == NULL && then != NULL, BAD_ARGUMENT);
    TR_REQUIRE(future != NULL && *future != NULL && are_own(self, future, 1), BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    tr_actor *actor = self->actor;
    const uint64_t deadline_ns = tr_scope_deadline(actor, tr_deadline_of(worker->now_ns, timeout));
    troupe_error error = actor->state == TR_ACTOR_LIVE ? TROUPE_OK : TROUPE_ERROR_STOPPING;
    if (error == TROUPE_OK && deadline_ns <= worker->now_ns) {
        error = TROUPE_ERROR_TIMED_OUT;
    }
    if (error == TROUPE_OK) {
        (*future)->was_awaited = true;
        error = tr_ask_future(worker, *future, deadline_ns, then, context);
    }
    if (error == TROUPE_OK) {
        *future = NULL;
    }
    tr_leave(self);
    return error;
}
