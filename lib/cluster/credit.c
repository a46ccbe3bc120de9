/* SPDX-License-Identifier: MIT */
#include "cluster/credit.h"

#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "cluster/outgoing.h"

static void be_due(tr_timer *timer, void *context)
{
    (void) timer;
    tr_peer *peer = context;
    peer->credit.is_due = true;
    tr_outgoing_flush_soon(peer);
}

void tr_credit_init(tr_peer *peer)
{
    tr_timer_init(&peer->credit.timer, be_due, peer);
}

static size_t size_of(uint32_t room)
{
    return room * sizeof(tr_credit_row);
}

void tr_credit_fini(tr_peer *peer)
{
    tr_credit *credit = &peer->credit;
    if (peer->border->worker != NULL) {
        tr_timers_cancel(&peer->border->worker->timers, &credit->timer);
    }
    if (credit->rows != NULL) {
        tr_free(peer->border->system->ports.allocator, credit->rows, size_of(credit->room));
        credit->rows = NULL;
    }
    credit->room = 0;
}

static bool reserve(tr_peer *peer, uint32_t window)
{
    tr_credit *credit = &peer->credit;
    const troupe_allocator *allocator = peer->border->system->ports.allocator;
    uint32_t room = credit->room != 0 ? credit->room : 16;
    while (room <= window) {
        room *= 2;
    }
    if (room == credit->room) {
        return true;
    }
    tr_credit_row *rows = tr_allocate(allocator, size_of(room));
    if (rows == NULL) {
        return false;
    }
    if (credit->rows != NULL) {
        memcpy(rows, credit->rows, size_of(credit->room));
        tr_free(allocator, credit->rows, size_of(credit->room));
    }
    credit->rows = rows;
    credit->room = room;
    return true;
}

static tr_credit_row *list(tr_credit *credit, uint32_t window)
{
    tr_credit_row *row = &credit->rows[window];
    if (row->messages > 0) {
        return row;
    }
    if (credit->first == 0) {
        credit->first = window;
    } else {
        credit->rows[credit->last].next = window;
    }
    credit->last = window;
    return row;
}

void tr_credit_owe(tr_peer *peer, uint32_t window, uint32_t bytes)
{
    tr_credit *credit = &peer->credit;
    TR_ASSERT(window != 0 && window <= TR_WINDOWS_MAX);
    if (!peer->is_connected) {
        return;
    }
    if (!reserve(peer, window)) {
        tr_outgoing_break(peer);
        return;
    }
    tr_credit_row *row = list(credit, window);
    row->messages++;
    row->bytes += bytes;
    if (row->messages >= TR_CREDIT_SOON_MESSAGES || row->bytes >= TR_CREDIT_SOON_BYTES) {
        credit->is_due = true;
        tr_outgoing_flush_soon(peer);
    } else if (!tr_timer_is_running(&credit->timer)) {
        tr_worker *worker = peer->border->worker;
        tr_timers_start(&worker->timers, &credit->timer, worker->now_ns + TR_CREDIT_NS);
    }
}

void tr_credit_forget(tr_peer *peer)
{
    tr_credit_went(peer, UINT32_MAX);
}

uint32_t tr_credit_pack(const tr_peer *peer, tr_frame_writer *writer)
{
    const tr_credit *credit = &peer->credit;
    uint32_t count = 0;
    for (uint32_t window = credit->first; window != 0; window = credit->rows[window].next) {
        const tr_credit_row *row = &credit->rows[window];
        const tr_envelope envelope = {.kind = TR_ENVELOPE_CREDIT,
                                      .number = row->messages,
                                      .window = window,
                                      .charge = row->bytes};
        if (!tr_frame_add(writer, &envelope)) {
            break;
        }
        count++;
    }
    return count;
}

void tr_credit_went(tr_peer *peer, uint32_t count)
{
    tr_credit *credit = &peer->credit;
    for (; count > 0 && credit->first != 0; count--) {
        tr_credit_row *row = &credit->rows[credit->first];
        credit->first = row->next;
        *row = (tr_credit_row) {0};
    }
    if (credit->first == 0) {
        credit->is_due = false;
        tr_timers_cancel(&peer->border->worker->timers, &credit->timer);
    }
}
