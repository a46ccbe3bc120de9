/* SPDX-License-Identifier: MIT */
#include "simulation/agenda.h"

#include "base/assert.h"
#include "base/memory.h"

void tr_agenda_fini(tr_agenda *agenda)
{
    tr_free(tr_allocator_default(), (void *) agenda->heap, agenda->room * sizeof(void *));
    *agenda = (tr_agenda) {0};
}

troupe_error tr_agenda_reserve(tr_agenda *agenda, size_t count)
{
    if (count <= agenda->room) {
        return TROUPE_OK;
    }
    size_t room = agenda->room != 0 ? agenda->room : 16;
    while (room < count) {
        room *= 2;
    }
    tr_date **heap = agenda->heap == NULL
                         ? tr_allocate(tr_allocator_default(), room * sizeof(void *))
                         : tr_resize(tr_allocator_default(), (void *) agenda->heap,
                                     agenda->room * sizeof(void *), room * sizeof(void *));
    TR_REQUIRE(heap != NULL, NO_MEMORY);
    agenda->heap = heap;
    agenda->room = room;
    return TROUPE_OK;
}

static bool is_before(const tr_date *date, const tr_date *other)
{
    return date->due_ns != other->due_ns ? date->due_ns < other->due_ns
                                         : date->order < other->order;
}

static void set(tr_agenda *agenda, size_t place, tr_date *date)
{
    agenda->heap[place - 1] = date;
    date->place = place;
}

static void sift(tr_agenda *agenda, size_t place, tr_date *date)
{
    while (place > 1 && is_before(date, agenda->heap[place / 2 - 1])) {
        set(agenda, place, agenda->heap[place / 2 - 1]);
        place /= 2;
    }
    for (;;) {
        size_t below = place * 2;
        if (below + 1 <= agenda->count && is_before(agenda->heap[below], agenda->heap[below - 1])) {
            below++;
        }
        if (below > agenda->count || !is_before(agenda->heap[below - 1], date)) {
            break;
        }
        set(agenda, place, agenda->heap[below - 1]);
        place = below;
    }
    set(agenda, place, date);
}

void tr_agenda_put(tr_agenda *agenda, tr_date *date)
{
    if (date->place == 0) {
        TR_ASSERT(agenda->count < agenda->room);
        set(agenda, ++agenda->count, date);
    }
    sift(agenda, date->place, date);
}

void tr_agenda_remove(tr_agenda *agenda, tr_date *date)
{
    const size_t place = date->place;
    if (place == 0) {
        return;
    }
    date->place = 0;
    tr_date *last = agenda->heap[--agenda->count];
    if (last != date) {
        sift(agenda, place, last);
    }
}

bool tr_agenda_is_sound(const tr_agenda *agenda)
{
    for (size_t i = 1; i <= agenda->count; i++) {
        if (agenda->heap[i - 1]->place != i ||
            (i > 1 && is_before(agenda->heap[i - 1], agenda->heap[i / 2 - 1]))) {
            return false;
        }
    }
    return agenda->count <= agenda->room;
}
