/* SPDX-License-Identifier: MIT */
#include <troupe/io.h>

#include "base/assert.h"
#include "core/bracket.h"
#include "core/fds.h"
#include "core/scope.h"
#include "core/task.h"

/* The wait of a task lies on its stack. */
typedef struct tr_fd_await {
    tr_fd_wait wait;
    tr_task *task;
} tr_fd_await;

static void is_over(tr_worker *worker, tr_fd_wait *wait)
{
    tr_task *task = TR_CONTAINER_OF(wait, tr_fd_await, wait)->task;
    if (task->wait == TROUPE_WAIT_FD) { /* else it is cancelled, and finds it all the same */
        tr_task_wake(worker, task, TROUPE_OK);
    }
}

/* Without waiting. */
static troupe_error look(const tr_worker *worker, int fd, uint32_t events, uint32_t *out_events)
{
    const tr_fds_port *port = &worker->system->ports.fds;
    TR_REQUIRE(port->look != NULL, SYSTEM);
    const troupe_error error = port->look(port->context, fd, events, out_events);
    return error == TROUPE_OK && *out_events == 0 ? TROUPE_ERROR_TIMED_OUT : error;
}

static troupe_error wait_until(tr_task *task, int fd, uint32_t events, uint64_t deadline_ns,
                               uint32_t *out_events)
{
    tr_actor *actor = task->self.actor;
    if (deadline_ns <= actor->worker->now_ns) {
        return look(actor->worker, fd, events, out_events);
    }
    tr_fd_await await = {.wait = {.actor = actor, .over = is_over, .fd = fd, .events = events},
                         .task = task};
    tr_task_begin_wait(task); /* before it is in the worker's list: it may be reported at once */
    troupe_error error = tr_fds_add(actor->worker, &await.wait);
    if (error) {
        return error;
    }
    task->wait_id = events;
    error = tr_task_wait(task, TROUPE_WAIT_FD, deadline_ns);
    tr_fds_remove(actor->worker, &await.wait);
    *out_events = await.wait.ready;
    return tr_fd_wait_is_over(&await.wait) ? await.wait.error : error;
}

/* Whether a stop ends it: one who writes may finish. */
static troupe_error check_stop(const tr_actor *actor, uint32_t events)
{
    const bool ends = tr_scope_is_stopping(actor) && (events & (uint32_t) TROUPE_READABLE) != 0;
    return ends ? TROUPE_ERROR_STOPPING : TROUPE_OK;
}

troupe_error troupe_wait_fd(troupe_self *self, int fd, uint32_t events, troupe_timeout timeout,
                            uint32_t *out_events)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && fd >= 0, BAD_ARGUMENT);
    TR_REQUIRE(events != 0 && (events & ~TR_FDS_EVENTS) == 0, BAD_ARGUMENT);
    const tr_worker *worker = tr_enter(self);
    uint32_t ready = 0;
    troupe_error error = tr_task_check(self->task);
    if (error == TROUPE_OK) {
        error = check_stop(self->actor, events);
    }
    if (error == TROUPE_OK) {
        const uint64_t deadline_ns = tr_deadline_of(worker->now_ns, timeout);
        error =
            wait_until(self->task, fd, events, tr_scope_deadline(self->actor, deadline_ns), &ready);
    }
    tr_leave(self);
    if (error == TROUPE_OK && out_events != NULL) {
        *out_events = ready;
    }
    return error;
}

void troupe_forget_fd(troupe_self *self, int fd)
{
    TR_CHECK_SELF(self);
    if (self == NULL || fd < 0) {
        return;
    }
    tr_fds_forget(tr_enter(self), fd);
    tr_leave(self);
}
