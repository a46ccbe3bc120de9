/* SPDX-License-Identifier: MIT */
#include "core/fd_watch.h"

#include "base/assert.h"
#include "base/options.h"
#include "core/bracket.h"
#include "core/fds.h"
#include "core/handle.h"
#include "core/mailbox.h"

const troupe_type troupe_fd_ready_type = TROUPE_TYPE(troupe_fd_ready);

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_watch_options, events);

typedef struct tr_fd_watch {
    tr_fd_wait wait;
    TR_MARK_FIELD(mark) /* of the message, right in front of it */
    troupe_message message;
    troupe_fd_ready body;
    const troupe_type *type;
    bool is_busy; /* the message is queued or handled */
    bool is_cancelled;
} tr_fd_watch;

static void free_watch(tr_worker *worker, tr_fd_watch *watch)
{
    TR_MARK_END(&watch->mark);
    tr_pool_give(&worker->pool, watch);
}

static void forget(tr_fd_watch *watch)
{
    (void) tr_table_remove(&watch->wait.actor->extra->watches, watch->body.watch.id);
}

static void put_message(tr_worker *worker, tr_fd_watch *watch)
{
    tr_actor *actor = watch->wait.actor;
    troupe_message *message = &watch->message;
    watch->is_busy = true;
    watch->body.events = watch->wait.ready;
    tr_message_embed(message, TR_KIND_TICK);
    message->kind_and_form = (uint8_t) (TR_KIND_TICK | (unsigned) TR_FORM_STRUCT << 6);
    message->correlation = TR_FD_WATCH_CORRELATION;
    message->type = watch->type;
    message->body = &watch->body;
    message->size = sizeof watch->body;
    message->receiver = actor->address;
    tr_ledger_accept(&worker->ledger, message);
    tr_mailbox_put_reserved(worker, actor, message);
}

static void is_over(tr_worker *worker, tr_fd_wait *wait)
{
    tr_fd_watch *watch = TR_CONTAINER_OF(wait, tr_fd_watch, wait);
    put_message(worker, watch);
}

static troupe_error begin_wait(tr_worker *worker, tr_fd_watch *watch)
{
    watch->wait.ready = 0;
    watch->wait.error = TROUPE_OK;
    return tr_fds_add(worker, &watch->wait);
}

void tr_fd_watch_ticked(tr_worker *worker, troupe_message *message)
{
    tr_fd_watch *watch = TR_CONTAINER_OF(message, tr_fd_watch, message);
    watch->is_busy = false;
    if (watch->is_cancelled) {
        free_watch(worker, watch);
        return;
    }
    if (watch->wait.error != TROUPE_OK) { /* it has been told */
        forget(watch);
        free_watch(worker, watch);
        return;
    }
    watch->wait.error = begin_wait(worker, watch);
    if (watch->wait.error != TROUPE_OK) {
        is_over(worker, &watch->wait);
    }
}

static void cancel(tr_worker *worker, tr_fd_watch *watch)
{
    forget(watch);
    watch->is_cancelled = true;
    if (watch->is_busy) {
        tr_message_set(&watch->message, TR_MESSAGE_VOID);
    } else {
        tr_fds_remove(worker, &watch->wait);
        free_watch(worker, watch);
    }
}

void tr_fd_watch_cancel_all(tr_worker *worker, tr_actor *actor)
{
    uint64_t id = 0;
    for (tr_fd_watch *watch = tr_table_next(&actor->extra->watches, &id); watch != NULL;
         watch = tr_table_next(&actor->extra->watches, &id)) {
        cancel(worker, watch);
    }
}

static troupe_error start(tr_worker *worker, tr_actor *actor, const troupe_watch_options *options,
                          troupe_watch *out_watch)
{
    tr_extra *extra = tr_actor_extra(worker, actor);
    TR_REQUIRE(extra != NULL, NO_MEMORY);
    tr_fd_watch *watch = tr_pool_take(&worker->pool, sizeof *watch);
    TR_REQUIRE(watch != NULL, NO_MEMORY);
    *watch = (tr_fd_watch) {
        .wait = {.actor = actor, .over = is_over, .fd = options->fd, .events = options->events},
        .type = options->type};
    TR_MARK_BEGIN(&watch->mark, TR_HANDLE_MESSAGE, worker->system);
    if (watch->type == NULL) {
        watch->type = &troupe_fd_ready_type;
    }
    watch->body.key = options->key;
    watch->body.fd = options->fd;
    troupe_error error = tr_table_add(&extra->watches, watch, &watch->body.watch.id);
    if (!error) {
        error = begin_wait(worker, watch);
        if (error) {
            forget(watch);
        }
    }
    if (error) {
        free_watch(worker, watch);
        return error;
    }
    *out_watch = watch->body.watch;
    return TROUPE_OK;
}

troupe_error troupe_watch_fd(troupe_self *self, const troupe_watch_options *given,
                             troupe_watch *out_watch)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && given != NULL && out_watch != NULL, BAD_ARGUMENT);
    troupe_watch_options options;
    TR_REQUIRE(tr_options_read(&options, sizeof options, given), BAD_ARGUMENT);
    TR_REQUIRE(options.fd >= 0 && options.events != 0, BAD_ARGUMENT);
    TR_REQUIRE((options.events & ~TR_FDS_EVENTS) == 0, BAD_ARGUMENT);
    TR_REQUIRE(options.type == NULL || options.type->body_size == sizeof(troupe_fd_ready),
               BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    const troupe_error error = self->actor->state == TR_ACTOR_LIVE
                                   ? start(worker, self->actor, &options, out_watch)
                                   : TROUPE_ERROR_STOPPING;
    tr_leave(self);
    return error;
}

bool troupe_unwatch_fd(troupe_self *self, troupe_watch id)
{
    TR_CHECK_SELF(self);
    if (self == NULL) {
        return false;
    }
    tr_worker *worker = tr_enter(self);
    tr_extra *extra = self->actor->extra;
    tr_fd_watch *watch = extra != NULL ? tr_table_find(&extra->watches, id.id) : NULL;
    if (watch != NULL) {
        cancel(worker, watch);
    }
    tr_leave(self);
    return watch != NULL;
}
