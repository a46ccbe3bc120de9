/* SPDX-License-Identifier: MIT */
#include "core/moves.h"

#include "base/assert.h"
#include "base/chance.h"
#include "base/memory.h"
#include "core/far.h"
#include "core/mailbox.h"
#include "core/move.h"

static uint64_t way_of(const tr_worker *worker, tr_address address)
{
    const tr_slot *slot = tr_system_slot(worker->system, address);
    return atomic_load_explicit(&slot->way, memory_order_relaxed);
}

static size_t rows_size(const tr_worker *worker)
{
    return worker->system->options.workers * sizeof(tr_move_row);
}

bool tr_moves_init(tr_worker *worker)
{
    worker->moves.rows = tr_allocate(worker->system->ports.allocator, rows_size(worker));
    return worker->moves.rows != NULL;
}

static void drop_queue(tr_worker *worker, tr_queue *queue)
{
    tr_worker_drop(worker, &(const tr_batch) {.head = queue->head, .tail = queue->tail});
    *queue = (tr_queue) {0};
}

void tr_moves_drop(tr_worker *worker)
{
    tr_moves *moves = &worker->moves;
    for (uint32_t i = 0; moves->rows != NULL && i < worker->system->options.workers; i++) {
        drop_queue(worker, &moves->rows[i].held);
        drop_queue(worker, &moves->rows[i].early);
    }
    for (tr_move *move = moves->arrived; move != NULL; move = move->next) {
        drop_queue(worker, &move->out);
    }
    moves->arrived = NULL;
}

void tr_moves_fini(tr_worker *worker)
{
    tr_moves *moves = &worker->moves;
    if (moves->given != NULL) {
        tr_move_free(worker, moves->given);
        moves->given = NULL;
    }
    if (moves->rows != NULL) {
        tr_free(worker->system->ports.allocator, moves->rows, rows_size(worker));
        moves->rows = NULL;
    }
}

void tr_moves_drop_message(tr_worker *worker, troupe_message *message)
{
    if (tr_move_step_of(message) == TR_MOVE_SHIP) {
        tr_move_drop(worker, message->body);
    } /* The record is the old worker's. */
}

/* What this worker knows of a batch; NULL if it has not heard of it. */
static tr_move_row *row_of(const tr_worker *worker, uint64_t way)
{
    tr_move_row *row = &worker->moves.rows[tr_way_from(way)];
    return row->way == way ? row : NULL;
}

bool tr_moves_have_arrived(const tr_worker *worker, uint64_t way)
{
    return tr_way_is_moving(way) && tr_way_to(way) == worker->index && row_of(worker, way) != NULL;
}

/* The batch that came here and is not over to which this actor belongs, or NULL. */
static tr_move *batch_of(const tr_worker *worker, tr_address address)
{
    const tr_slot *slot = tr_system_slot(worker->system, address);
    if (slot == NULL || tr_slot_generation(slot) != address.generation) {
        return NULL;
    }
    const uint64_t way = atomic_load_explicit(&slot->way, memory_order_relaxed);
    return tr_moves_have_arrived(worker, way) ? row_of(worker, way)->move : NULL;
}

/* What is sent to actors that move. */

/* Whether this worker's end was, when they were given away. */
static bool was_there(const tr_worker *worker, uint64_t way)
{
    return tr_way_has_end(way, worker->system->options.workers, worker->index);
}

/* Where this worker's own message goes; false: it is held. */
static bool find_way(tr_worker *worker, const troupe_message *message, uint32_t *out_to)
{
    const uint64_t way = way_of(worker, message->receiver);
    *out_to = tr_way_from(way);
    if (!tr_way_is_moving(way)) {
        return true;
    }
    const tr_move_row *row = row_of(worker, way);
    if (tr_way_from(way) == worker->index || !was_there(worker, way)) {
        *out_to = tr_way_to(way); /* behind what is forwarded; or the old way was never used */
    } else if (row != NULL) {
        /* Actors of one batch have only ever sent each other messages on the spot. */
        *out_to = tr_way_to(way);
        return !row->is_holding || TR_PLANTED(TR_BUG_NO_MARK) ||
               (row->move != NULL && batch_of(worker, message->sender) == row->move);
    }
    return true;
}

static void send_on(tr_worker *worker, troupe_message *message)
{
    uint32_t to = 0;
    if (!find_way(worker, message, &to)) {
        tr_move_row *row = row_of(worker, way_of(worker, message->receiver));
        TR_ASSERT(row != NULL); /* it said that this is to be held */
        tr_queue_push(&row->held, message);
        worker->moves.held++;
    } else if (to == worker->index && tr_message_kind(message) == TR_KIND_USER) {
        tr_worker_put(worker, message);
    } else {
        tr_worker_tell(worker, to, message);
    }
}

/* What is sent by actors that have just come. */

static bool has_heard(const tr_move *move, uint32_t end)
{
    return end >= tr_way_ends(move->way) || move->rounds[end].has_heard;
}

/* Whether something that an actor of the batch sent to this receiver before may still be on its
 * way: straight from the old worker, or forwarded by another that has heard of it since. */
static bool is_behind(const tr_worker *worker, const tr_move *move, tr_address receiver)
{
    const uint64_t way = way_of(worker, receiver);
    if (!tr_way_is_moving(way)) {
        return !has_heard(move, tr_way_from(way));
    }
    return way != move->way &&
           !(has_heard(move, tr_way_to(way)) && move->rounds[tr_way_from(way)].has_relayed);
}

/* The same for all ways to another node: who is sent to there may have another outlet next time. */
static uint32_t hash_of(const tr_worker *worker, tr_address receiver)
{
    return tr_far_carrier_of(worker->system, receiver).slot % TR_MOVE_HASHES;
}

static uint32_t *waiting_for(const tr_worker *worker, tr_move *move, tr_address receiver)
{
    return &move->waiting[hash_of(worker, receiver)];
}

void tr_moves_send(tr_worker *worker, troupe_message *message)
{
    tr_move *move = worker->moves.arrived != NULL ? batch_of(worker, message->sender) : NULL;
    if (move != NULL && (*waiting_for(worker, move, message->receiver) > 0 ||
                         is_behind(worker, move, message->receiver))) {
        ++*waiting_for(worker, move, message->receiver);
        tr_queue_push(&move->out, message);
        return;
    }
    send_on(worker, message);
}

/* Lets go what need not wait any more. In place: what is sent meanwhile comes behind. */
static void let_go(tr_worker *worker, tr_move *move)
{
    bool is_kept[TR_MOVE_HASHES] = {false};
    troupe_message *previous = NULL;
    for (troupe_message *at = move->out.head; at != NULL;
         at = previous == NULL ? move->out.head : previous->next) {
        bool *kept = &is_kept[hash_of(worker, at->receiver)];
        if (*kept || is_behind(worker, move, at->receiver)) {
            *kept = true;
            previous = at;
            continue;
        }
        tr_queue_remove(&move->out, previous, at);
        --*waiting_for(worker, move, at->receiver);
        send_on(worker, at);
    }
}

static void let_all_go(tr_worker *worker)
{
    for (tr_move *move = worker->moves.arrived; move != NULL; move = move->next) {
        let_go(worker, move);
    }
}

/* What comes for actors that are not here. */

bool tr_moves_take_stray(tr_worker *worker, troupe_message *message)
{
    const tr_address receiver = message->receiver;
    const tr_slot *slot = tr_system_slot(worker->system, receiver);
    const uint64_t way = slot != NULL ? atomic_load_explicit(&slot->way, memory_order_relaxed) : 0;
    if (TR_LIKELY(!tr_way_is_moving(way)) || tr_slot_generation(slot) != receiver.generation) {
        return false;
    }
    if (tr_way_from(way) == worker->index) {
        tr_worker_tell(worker, tr_way_to(way), message);
        return true;
    }
    if (tr_way_to(way) != worker->index || row_of(worker, way) != NULL) {
        return false;
    }
    tr_queue_push(&worker->moves.rows[tr_way_from(way)].early, message);
    return true;
}

/* Giving away. */

bool tr_move_may(const tr_worker *worker, const tr_actor *actor)
{
    return actor->state == TR_ACTOR_LIVE && !actor->is_pinned && !actor->is_guardian &&
           !actor->is_taken && (actor->extra == NULL || actor->extra->fd_waits == 0) &&
           atomic_load_explicit(&actor->slot->way, memory_order_relaxed) == worker->index;
}

/* Under the lock: an end that is made later finds the actors moving. */
static tr_move *turn_ways(tr_worker *worker, tr_actor *const *actors, uint32_t count, uint32_t to)
{
    tr_system *system = worker->system;
    const uint64_t way = tr_way_of_move(worker->index, to, ++worker->moves.batches, system->ends) |
                         (system->lacks_proxy ? TR_WAY_NO_PROXY : 0);
    tr_move *move = tr_move_create(worker, way, count);
    for (uint32_t i = 0; move != NULL && i < count; i++) {
        TR_ASSERT(tr_move_may(worker, actors[i])); /* nor is it among them twice */
        move->actors[i] = actors[i];
        /* Relaxed: who has to know learns it by a message. */
        atomic_store_explicit(&actors[i]->slot->way, way, memory_order_relaxed);
    }
    return move;
}

troupe_error tr_moves_give(tr_worker *worker, tr_actor *const *actors, uint32_t count, uint32_t to)
{
    const tr_system *system = worker->system;
    const tr_ports *ports = &system->ports;
    TR_ASSERT(count > 0 && to != worker->index && to < worker->system->options.workers);
    TR_ASSERT(worker->index < worker->system->options.workers && worker->inner.head == NULL);
    TR_REQUIRE(atomic_load_explicit(&worker->system->is_stopping, memory_order_relaxed) == 0,
               STOPPING);
    TR_REQUIRE(worker->moves.given == NULL && worker->moves.held == 0, LIMIT_REACHED);
    ports->lock(ports->context);
    tr_move *move = turn_ways(worker, actors, count, to);
    ports->unlock(ports->context);
    TR_REQUIRE(move != NULL, NO_MEMORY);
    worker->moves.given = move;
    tr_move_pack(worker, move);
    tr_worker_tell(worker, to, &move->message);
    for (uint32_t i = 0; i < tr_way_ends(move->way); i++) {
        if (i != worker->index && i != to &&
            tr_way_has_end(move->way, system->options.workers, i)) {
            tr_worker_tell(worker, i, &move->rounds[i].mark);
        }
    }
    return TROUPE_OK;
}

/* The steps. */

static void tell_step(tr_worker *worker, uint32_t to, troupe_message *message, tr_move_step step)
{
    message->correlation = (uint64_t) step;
    tr_worker_tell(worker, to, message);
}

static tr_move_row *begin_row(tr_worker *worker, const tr_move *move)
{
    tr_move_row *row = &worker->moves.rows[tr_way_from(move->way)];
    TR_ASSERT(!row->is_holding && row->held.head == NULL && row->move == NULL);
    row->way = move->way;
    row->is_holding = true;
    return row;
}

static void arrive(tr_worker *worker, tr_move *move)
{
    tr_move_row *row = begin_row(worker, move);
    row->move = move;
    move->next = worker->moves.arrived;
    worker->moves.arrived = move;
    tr_move_unpack(worker, move);
    tell_step(worker, tr_way_from(move->way), &move->rounds[worker->index].mark, TR_MOVE_MARK);
    for (troupe_message *message = tr_queue_pop(&row->early); message != NULL;
         message = tr_queue_pop(&row->early)) {
        tr_worker_receive(worker, message);
    }
}

/* What this worker forwards to the new worker of a batch of its own is a way too, and is flushed by
 * a word that goes along it. */
static void hear(tr_worker *worker, tr_move *move)
{
    (void) begin_row(worker, move);
    tr_move_round *round = &move->rounds[worker->index];
    const uint32_t to = tr_way_to(move->way);
    const tr_move *given = worker->moves.given;
    const bool has_relay = given != NULL && tr_way_to(given->way) != to;
    tell_step(worker, tr_way_from(move->way), &round->mark, TR_MOVE_MARK);
    round->heard.deadline_ns = has_relay ? 1 : 0;
    tell_step(worker, to, &round->heard, TR_MOVE_HEARD);
    if (has_relay) {
        tell_step(worker, tr_way_to(given->way), &round->relay, TR_MOVE_RELAY);
    }
}

/* This worker's own mark has come through: it uses the new way from here on. */
static void settle(tr_worker *worker, const tr_move *move)
{
    tr_move_row *row = &worker->moves.rows[tr_way_from(move->way)];
    tr_queue held = row->held;
    row->held = (tr_queue) {0};
    row->is_holding = false;
    for (troupe_message *message = tr_queue_pop(&held); message != NULL;
         message = tr_queue_pop(&held)) {
        worker->moves.held--;
        send_on(worker, message);
    }
}

static void end_move(tr_worker *worker, tr_move *move)
{
    tr_move **at = &worker->moves.arrived;
    for (uint32_t i = 0; i < move->count; i++) {
        /* Relaxed: the old worker learns it by OVER, the others by the next batch. */
        atomic_store_explicit(&move->actors[i]->slot->way, worker->index, memory_order_relaxed);
        tr_actor_try_reap(worker, move->actors[i]); /* here: what is let go may do it, too */
    }
    let_all_go(worker);
    TR_ASSERT(move->out.head == NULL);
    while (*at != move) {
        TR_ASSERT(*at != NULL);
        at = &(*at)->next;
    }
    *at = move->next;
    worker->moves.rows[tr_way_from(move->way)].move = NULL;
    tell_step(worker, tr_way_from(move->way), &move->message, TR_MOVE_OVER);
}

static void pay(tr_worker *worker, tr_move *move, uint32_t amount)
{
    TR_ASSERT(move->left >= amount);
    move->left -= amount;
    if (move->left == 0) {
        end_move(worker, move);
    }
}

static void heard(tr_worker *worker, tr_move *move, const troupe_message *message)
{
    tr_move_round *round = &move->rounds[message->size];
    if (tr_move_step_of(message) == TR_MOVE_RELAY) {
        round->has_relayed = true;
    } else {
        round->has_heard = true;
        round->has_relayed = round->has_relayed || message->deadline_ns == 0;
    }
    const bool is_whole = tr_move_step_of(message) == TR_MOVE_HEARD && message->deadline_ns == 0;
    let_all_go(worker);
    pay(worker, move, is_whole ? 2 : 1);
}

static void mark_came(tr_worker *worker, tr_move *move, troupe_message *mark)
{
    if (tr_way_from(move->way) == worker->index) {
        tr_worker_tell(worker, tr_way_to(move->way), mark); /* behind what was forwarded */
    } else if (mark->size == worker->index) {
        settle(worker, move);
        pay(worker, move, 1);
    } else {
        tell_step(worker, mark->size, mark, TR_MOVE_ANSWER);
    }
}

void tr_moves_came(tr_worker *worker, troupe_message *message)
{
    tr_move *move = message->body;
    switch (tr_move_step_of(message)) {
    case TR_MOVE_SHIP:
        arrive(worker, move);
        break;
    case TR_MOVE_ANNOUNCE:
        hear(worker, move);
        break;
    case TR_MOVE_RELAY:
        if (tr_way_to(move->way) != worker->index) {
            tr_worker_tell(worker, tr_way_to(move->way), message);
            break;
        }
        heard(worker, move, message);
        break;
    case TR_MOVE_HEARD:
        heard(worker, move, message);
        break;
    case TR_MOVE_MARK:
        mark_came(worker, move, message);
        break;
    case TR_MOVE_ANSWER:
        settle(worker, move);
        tell_step(worker, tr_way_to(move->way), message, TR_MOVE_SETTLED);
        break;
    case TR_MOVE_SETTLED:
        pay(worker, move, 1);
        break;
    case TR_MOVE_OVER:
        TR_ASSERT(worker->moves.given == move);
        worker->moves.given = NULL;
        tr_move_free(worker, move);
        break;
    }
}

static uint64_t held_in(const tr_queue *queue)
{
    uint64_t held = 0;
    for (const troupe_message *at = queue->head; at != NULL; at = at->next) {
        held += tr_message_has(at, TR_MESSAGE_ACCEPTED) ? 1 : 0;
    }
    return held;
}

uint64_t tr_moves_held(const tr_worker *worker)
{
    uint64_t held = 0;
    for (uint32_t i = 0; i < worker->system->options.workers; i++) {
        held += held_in(&worker->moves.rows[i].held) + held_in(&worker->moves.rows[i].early);
    }
    for (const tr_move *move = worker->moves.arrived; move != NULL; move = move->next) {
        held += held_in(&move->out);
    }
    return held;
}
