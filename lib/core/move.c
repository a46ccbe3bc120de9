/* SPDX-License-Identifier: MIT */
#include "core/move.h"

#include "base/assert.h"
#include "base/chance.h"
#include "base/memory.h"
#include "core/actor_timer.h"
#include "core/ask.h"
#include "core/line.h"
#include "core/park.h"
#include "core/tasks.h"

static void make_message(tr_move *move, troupe_message *message, tr_move_step step, uint32_t end)
{
    tr_message_embed(message, TR_KIND_MOVE);
    message->body = move;
    message->correlation = (uint64_t) step;
    message->size = end;
}

/* Two for the end to be heard of, one of which its relay may take; one for its mark. The old worker
 * and an end that is not there owe nothing, the new one only its mark. */
static uint32_t owed_by(uint64_t way, uint32_t proxy, uint32_t end)
{
    if (end == tr_way_from(way) || !tr_way_has_end(way, proxy, end)) {
        return 0;
    }
    return end == tr_way_to(way) ? 1 : 3;
}

tr_move *tr_move_create(const tr_worker *worker, uint64_t way, uint32_t count)
{
    const uint32_t proxy = worker->system->options.workers;
    const uint32_t ends = tr_way_ends(way);
    const size_t rounds_size = ends * sizeof(tr_move_round);
    const size_t size = sizeof(tr_move) + rounds_size + count * sizeof(tr_actor *);
    tr_move *move = tr_allocate(worker->system->ports.allocator, size);
    if (move == NULL) {
        return NULL;
    }
    move->size = size;
    move->way = way;
    move->count = count;
    move->actors = (tr_actor **) (void *) ((unsigned char *) move->rounds + rounds_size);
    tr_list_init(&move->timers);
    make_message(move, &move->message, TR_MOVE_SHIP, 0);
    for (uint32_t i = 0; i < ends; i++) {
        tr_move_round *round = &move->rounds[i];
        make_message(move, &round->mark, TR_MOVE_ANNOUNCE, i);
        make_message(move, &round->heard, TR_MOVE_HEARD, i);
        make_message(move, &round->relay, TR_MOVE_RELAY, i);
        move->left += owed_by(way, proxy, i);
        round->has_heard = owed_by(way, proxy, i) < 3;
        round->has_relayed = round->has_heard;
    }
    return move;
}

void tr_move_free(const tr_worker *worker, tr_move *move)
{
    tr_free(worker->system->ports.allocator, move, move->size);
}

static void pack_actor(tr_worker *worker, tr_move *move, tr_actor *actor)
{
    tr_worker_count_actors(worker, -1);
    tr_mailbox_release(worker, actor); /* it may be hungry then */
    tr_list_remove(&actor->link);
    tr_list_remove(&actor->hungry);
    TR_TELL(LEFT_WORKER, .worker = worker, .actor = actor);
    if (actor->task != NULL) {
        tr_timers_pack(&worker->timers, &actor->task->timer, &move->timers);
    }
    if (actor->extra != NULL) {
        tr_tasks_pack_timers(worker, actor, &move->timers);
        tr_ask_pack_timers(worker, actor, &move->timers);
        tr_actor_timer_pack(worker, actor, &move->timers);
        tr_park_pack_timer(worker, actor, &move->timers);
    }
    actor->worker = NULL; /* nobody's: what still uses it is found at once */
}

/* Who is runnable stays so, in no queue. */
static void leave_run_queue(tr_worker *worker)
{
    tr_actor *actor = worker->run_head;
    worker->run_head = NULL;
    worker->run_tail = NULL;
    worker->run_count = 0;
    while (actor != NULL) {
        tr_actor *next = actor->run_next;
        if (actor->worker != NULL) {
            actor->is_runnable = false;
            tr_worker_make_runnable(worker, actor);
        }
        actor = next;
    }
}

void tr_move_pack(tr_worker *worker, tr_move *move)
{
    bool are_runnable = false;
    for (uint32_t i = 0; i < move->count; i++) {
        are_runnable = are_runnable || move->actors[i]->is_runnable;
        pack_actor(worker, move, move->actors[i]);
    }
    if (are_runnable) {
        leave_run_queue(worker);
    }
}

static void unpack_actor(tr_worker *worker, tr_actor *actor)
{
    actor->worker = worker;
    actor->seat = tr_worker_seat(worker);
    tr_worker_count_actors(worker, 1);
    tr_list_push_back(&worker->actors, &actor->link);
    TR_TELL(CAME_TO_WORKER, .worker = worker, .actor = actor);
    if (actor->is_runnable) {
        actor->is_runnable = false;
        if (!TR_PLANTED(TR_BUG_LOST_WAKE_UP)) {
            tr_worker_make_runnable(worker, actor);
        }
    }
    if (actor->line.head != NULL) {
        tr_line_serve(worker, actor); /* it may have been hungry */
    }
}

void tr_move_unpack(tr_worker *worker, tr_move *move)
{
    tr_timers_unpack(&worker->timers, &move->timers);
    for (uint32_t i = 0; i < move->count; i++) {
        unpack_actor(worker, move->actors[i]);
    }
}

void tr_move_drop(tr_worker *worker, tr_move *move)
{
    while (tr_list_pop_front(&move->timers) != NULL) {
        /* They run no more. */
    }
    for (uint32_t i = 0; i < move->count; i++) {
        move->actors[i]->worker = worker;
        tr_list_push_back(&worker->actors, &move->actors[i]->link);
    }
}
