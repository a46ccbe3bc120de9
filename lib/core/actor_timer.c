/* SPDX-License-Identifier: MIT */
#include "core/actor_timer.h"

#include "base/assert.h"
#include "base/options.h"
#include "core/bracket.h"
#include "core/handle.h"
#include "core/mailbox.h"

const troupe_type troupe_tick_type = TROUPE_TYPE(troupe_tick);

typedef struct tr_actor_timer {
    tr_timer timer;
    TR_MARK_FIELD(mark) /* of the message, right in front of it */
    troupe_message message;
    troupe_tick tick;
    tr_actor *actor;
    const troupe_type *type;
    uint64_t every_ns; /* 0: once */
    uint64_t due_ns;
    uint64_t missed; /* since the last tick */
    bool is_busy;    /* the message is queued or handled */
    bool is_cancelled;
} tr_actor_timer;

static void free_timer(tr_worker *worker, tr_actor_timer *timer)
{
    TR_MARK_END(&timer->mark);
    tr_pool_give(&worker->pool, timer);
}

static void forget(tr_actor_timer *timer)
{
    (void) tr_table_remove(&timer->actor->extra->timers, timer->tick.timer.id);
}

static void put_tick(tr_worker *worker, tr_actor_timer *timer)
{
    tr_actor *actor = timer->actor;
    timer->is_busy = true;
    timer->tick.missed = timer->missed;
    timer->missed = 0;
    tr_message_embed(&timer->message, TR_KIND_TICK);
    timer->message.kind_and_form = (uint8_t) (TR_KIND_TICK | (unsigned) TR_FORM_STRUCT << 6);
    timer->message.type = timer->type;
    timer->message.body = &timer->tick;
    timer->message.size = sizeof timer->tick;
    timer->message.receiver = actor->address;
    tr_ledger_accept(&worker->ledger, &timer->message);
    tr_mailbox_put_reserved(worker, actor, &timer->message);
}

static void fired(tr_timer *base, void *context)
{
    tr_actor_timer *timer = TR_CONTAINER_OF(base, tr_actor_timer, timer);
    tr_worker *worker = ((const tr_actor *) context)->worker;
    if (timer->every_ns != 0) {
        /* Those that a late pass has slept through are missed, not made up for. */
        const uint64_t late = (worker->now_ns - timer->due_ns) / timer->every_ns;
        timer->missed += late;
        const uint64_t last_ns = timer->due_ns + late * timer->every_ns;
        timer->due_ns =
            last_ns < TR_NEVER - timer->every_ns ? last_ns + timer->every_ns : TR_NEVER - 1;
        tr_timers_start(&worker->timers, &timer->timer, timer->due_ns);
    }
    if (timer->is_busy) {
        timer->missed++;
        return;
    }
    put_tick(worker, timer);
}

void tr_actor_timer_ticked(tr_worker *worker, troupe_message *tick)
{
    tr_actor_timer *timer = TR_CONTAINER_OF(tick, tr_actor_timer, message);
    timer->is_busy = false;
    if (timer->is_cancelled) {
        free_timer(worker, timer);
    } else if (!tr_timer_is_running(&timer->timer)) {
        forget(timer); /* once, and that was it */
        free_timer(worker, timer);
    }
}

/* Returns whether it was still going to fire or its message was queued. */
static bool cancel(tr_worker *worker, tr_actor_timer *timer)
{
    bool was_pending = tr_timer_is_running(&timer->timer);
    if (was_pending) {
        tr_timers_cancel(&worker->timers, &timer->timer);
    }
    forget(timer);
    timer->is_cancelled = true;
    if (timer->is_busy) {
        was_pending = was_pending || !tr_message_has(&timer->message, TR_MESSAGE_HELD);
        tr_message_set(&timer->message, TR_MESSAGE_VOID);
    } else {
        free_timer(worker, timer);
    }
    return was_pending;
}

void tr_actor_timer_cancel_all(tr_worker *worker, tr_actor *actor)
{
    if (actor->extra == NULL) {
        return;
    }
    uint64_t id = 0;
    for (tr_actor_timer *timer = tr_table_next(&actor->extra->timers, &id); timer != NULL;
         timer = tr_table_next(&actor->extra->timers, &id)) {
        (void) cancel(worker, timer);
    }
}

void tr_actor_timer_pack(tr_worker *worker, tr_actor *actor, tr_list *packed)
{
    uint64_t id = 0;
    for (tr_actor_timer *timer = tr_table_next(&actor->extra->timers, &id); timer != NULL;
         timer = tr_table_next(&actor->extra->timers, &id)) {
        tr_timers_pack(&worker->timers, &timer->timer, packed);
    }
}

static troupe_error start(tr_worker *worker, tr_actor *actor, const troupe_timer_options *options,
                          troupe_timer *out_timer)
{
    tr_extra *extra = tr_actor_extra(worker, actor);
    TR_REQUIRE(extra != NULL, NO_MEMORY);
    tr_actor_timer *timer = tr_pool_take(&worker->pool, sizeof *timer);
    TR_REQUIRE(timer != NULL, NO_MEMORY);
    *timer = (tr_actor_timer) {.actor = actor, .type = options->type};
    TR_MARK_BEGIN(&timer->mark, TR_HANDLE_MESSAGE, worker->system);
    if (timer->type == NULL) {
        timer->type = &troupe_tick_type;
    }
    const troupe_error error = tr_table_add(&extra->timers, timer, &timer->tick.timer.id);
    if (error) {
        free_timer(worker, timer);
        return error;
    }
    timer->tick.key = options->key;
    timer->every_ns = options->every.ns == UINT64_MAX ? 0 : options->every.ns;
    const troupe_timeout after = options->after.ns != 0 ? options->after : options->every;
    timer->due_ns = tr_deadline_of(worker->now_ns, after);
    tr_timer_init(&timer->timer, fired, actor);
    tr_timers_start(&worker->timers, &timer->timer, timer->due_ns);
    *out_timer = timer->tick.timer;
    return TROUPE_OK;
}

troupe_error troupe_timer_start(troupe_self *self, const troupe_timer_options *given,
                                troupe_timer *out_timer)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && given != NULL && out_timer != NULL, BAD_ARGUMENT);
    troupe_timer_options options;
    TR_REQUIRE(tr_options_read(&options, sizeof options, given), BAD_ARGUMENT);
    TR_REQUIRE(options.after.ns != 0 || options.every.ns != 0, BAD_ARGUMENT);
    TR_REQUIRE(options.after.ns != UINT64_MAX && options.every.ns != UINT64_MAX, BAD_ARGUMENT);
    TR_REQUIRE(options.every.ns != 1, BAD_ARGUMENT);
    TR_REQUIRE(options.type == NULL || options.type->body_size == sizeof(troupe_tick),
               BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    const troupe_error error = self->actor->state == TR_ACTOR_LIVE
                                   ? start(worker, self->actor, &options, out_timer)
                                   : TROUPE_ERROR_STOPPING;
    tr_leave(self);
    return error;
}

bool troupe_timer_cancel(troupe_self *self, troupe_timer id)
{
    TR_CHECK_SELF(self);
    if (self == NULL) {
        return false;
    }
    tr_worker *worker = tr_enter(self);
    tr_extra *extra = self->actor->extra;
    tr_actor_timer *timer = extra != NULL ? tr_table_find(&extra->timers, id.id) : NULL;
    const bool was_pending = timer != NULL && cancel(worker, timer);
    tr_leave(self);
    return was_pending;
}
