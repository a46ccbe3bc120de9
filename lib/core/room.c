/* SPDX-License-Identifier: MIT */
#include "core/room.h"

#include "base/assert.h"
#include "core/tasks.h"

/* The two messages that waiting may need, made before anything is asked for. */
static troupe_error make_tickets(tr_worker *worker, const tr_sending *sending,
                                 troupe_message **out_enter, troupe_message **out_leave)
{
    troupe_message *enter = tr_message_of_kind(&worker->pool, TR_KIND_LINE_ENTER);
    troupe_message *leave =
        enter != NULL ? tr_message_of_kind(&worker->pool, TR_KIND_LINE_LEAVE) : NULL;
    if (leave == NULL) {
        if (enter != NULL) {
            tr_message_free(&worker->pool, enter);
        }
        return TROUPE_ERROR_NO_MEMORY;
    }
    enter->sender = sending->sender->address;
    enter->receiver = sending->to;
    enter->size = tr_message_charge(*sending->message);
    leave->sender = enter->sender;
    leave->receiver = enter->receiver;
    *out_enter = enter;
    *out_leave = leave;
    return TROUPE_OK;
}

static troupe_error stand_in_line(tr_worker *worker, tr_sending *sending, troupe_message *enter,
                                  troupe_message *leave)
{
    tr_actor *actor = sending->sender;
    tr_task *task = tr_task_running(actor);
    TR_ASSERT(task != NULL);
    enter->correlation = ++actor->tickets_made;
    leave->correlation = enter->correlation;
    actor->tickets++;
    task->waits_for = sending->to;
    task->wait_id = enter->correlation;
    task->leave = leave;
    tr_ledger_add(&worker->ledger, TR_COUNT_WAITED, 1);
    tr_worker_route(worker, enter);

    const troupe_error error = tr_task_wait(task, TROUPE_WAIT_ROOM, sending->wait_until_ns);
    worker = actor->worker;    /* anew */
    if (task->leave != NULL) { /* woken by something else than the grant */
        tr_worker_route(worker, task->leave);
        task->leave = NULL;
    }
    if (error == TROUPE_OK) {
        sending->to = task->waits_for;
        task->waits_for = (tr_address) {0};
        tr_send_commit(worker, sending);
    }
    return error;
}

troupe_error tr_room_wait(tr_sending *sending, tr_slot *slot, uint32_t limit)
{
    tr_actor *actor = sending->sender;
    tr_worker *worker = actor->worker;
    troupe_error error = tr_task_check(tr_task_running(actor));
    if (error) {
        return error;
    }
    if (sending->wait_until_ns <= worker->now_ns) {
        return TROUPE_ERROR_TIMED_OUT;
    }
    TR_REQUIRE(actor->tickets < TR_TICKETS_MAX, MAILBOX_FULL);
    troupe_message *enter = NULL;
    troupe_message *leave = NULL;
    error = make_tickets(worker, sending, &enter, &leave);
    if (error) {
        return error;
    }
    if (!tr_slot_set_waiting(slot, sending->to.generation, limit)) {
        tr_message_free(&worker->pool, enter); /* there is room now, or it has ended */
        tr_message_free(&worker->pool, leave);
        sending->is_second_try = true;
        return tr_send(worker, sending);
    }
    return stand_in_line(worker, sending, enter, leave);
}

bool tr_room_granted(tr_worker *worker, tr_task *task, troupe_message *grant)
{
    if (task->wait != TROUPE_WAIT_ROOM || task->wait_id != grant->correlation) {
        return false;
    }
    const troupe_error error = (troupe_error) grant->value;
    tr_message_free(&worker->pool, task->leave);
    task->leave = NULL;
    const tr_address granter = grant->sender;
    tr_message_free(&worker->pool, grant);
    tr_task_wake(worker, task, error);
    task->waits_for = granter;
    return true;
}
