/* SPDX-License-Identifier: MIT */
#include "cluster/herald.h"

#include "base/assert.h"
#include "cluster/border.h"
#include "cluster/limits.h"
#include "core/actor.h"
#include "core/send.h"

static void look_again(tr_timer *timer, void *context)
{
    (void) timer;
    tr_herald_tell(context);
}

void tr_herald_init(tr_herald *herald, tr_border *border)
{
    herald->border = border;
    tr_timer_init(&herald->again, look_again, herald);
}

void tr_herald_fini(tr_herald *herald)
{
    tr_worker *worker = herald->border->worker;
    if (worker != NULL && tr_timer_is_running(&herald->again)) {
        tr_timers_cancel(&worker->timers, &herald->again);
    }
}

/* Errors: those of a send that does not wait. */
static troupe_error tell(tr_worker *worker, tr_actor *herald, const tr_node_news *news)
{
    troupe_message *message = NULL;
    troupe_error error =
        tr_message_of_struct(&worker->pool, &troupe_node_event_type, &news->event, &message);
    if (error) {
        return error;
    }
    tr_sending sending = {.sender = herald,
                          .message = &message,
                          .deadline_ns = TR_NEVER,
                          .to = news->to,
                          .on_full = TROUPE_ON_FULL_FAIL};
    error = tr_send(worker, &sending);
    if (message != NULL) {
        tr_message_free(&worker->pool, message);
    }
    return error;
}

void tr_herald_tell(tr_herald *herald)
{
    const tr_border *border = herald->border;
    tr_worker *worker = border->worker;
    tr_actor *sender =
        worker != NULL && border->root.generation != 0 ? tr_actor_at(worker, border->root) : NULL;
    tr_node_news news = {0};
    bool is_late = false;
    if (sender == NULL) {
        return; /* when the border starts, or never any more */
    }
    while (tr_nodes_next_news(border->system, news.watcher, &news)) {
        const troupe_error error = tell(worker, sender, &news);
        if (error == TROUPE_OK) {
            tr_nodes_told(border->system, &news);
        } else if (error == TROUPE_ERROR_STALE || error == TROUPE_ERROR_NO_SUCH_ACTOR) {
            tr_nodes_forget_watcher(border->system, news.watcher);
        } else {
            is_late = true;
            news.watcher++; /* the others' turn */
        }
    }
    if (is_late && !tr_timer_is_running(&herald->again)) {
        tr_timers_start(&worker->timers, &herald->again, worker->now_ns + TR_HERALD_AGAIN_NS);
    }
}

void tr_herald_note(tr_herald *herald, uint64_t node, troupe_node_state state)
{
    if (tr_nodes_note(herald->border->system, node, state)) {
        tr_herald_tell(herald);
    }
}
