/* SPDX-License-Identifier: MIT */
#include "simulation/actor_checker.h"

#include "base/assert.h"
#include "base/memory.h"

tr_seen_actor *tr_actor_checker_find(const tr_actor_checker *check, tr_address address)
{
    tr_seen_actor *seen = address.slot < check->room ? check->by_slot[address.slot] : NULL;
    return seen != NULL && seen->address.generation == address.generation ? seen : NULL;
}

static bool reserve(tr_actor_checker *check, uint32_t slot)
{
    const size_t one = sizeof(void *);
    uint32_t room = check->room != 0 ? check->room : 16;
    while (room <= slot) {
        room *= 2;
    }
    if (room == check->room) {
        return true;
    }
    tr_seen_actor **grown = tr_allocate(tr_allocator_default(), room * one);
    if (grown == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < check->room; i++) {
        grown[i] = check->by_slot[i];
    }
    tr_free(tr_allocator_default(), (void *) check->by_slot, check->room * one);
    check->by_slot = grown;
    check->room = room;
    return true;
}

static void drop(tr_actor_checker *check, uint32_t slot)
{
    tr_seen_actor *seen = check->by_slot[slot];
    if (seen != NULL) {
        check->by_slot[slot] = NULL;
        while (tr_list_pop_front(&seen->watched_by) != NULL) {
            /* Of whom nobody told that it has ended. */
        }
        tr_free(tr_allocator_default(), seen, sizeof *seen);
    }
}

tr_seen_actor *tr_actor_checker_get(tr_actor_checker *check, const tr_actor *actor)
{
    const tr_address address = actor->address;
    tr_seen_actor *seen = tr_actor_checker_find(check, address);
    if (seen != NULL) {
        return seen;
    }
    if (reserve(check, address.slot)) {
        drop(check, address.slot);
        seen = tr_allocate(tr_allocator_default(), sizeof *seen);
    }
    if (seen == NULL) {
        check->finding->is_blind = true;
        return NULL;
    }
    seen->address = address;
    seen->on_worker = actor->worker != NULL ? actor->worker->index : TR_NO_WORKER;
    seen->run_by = TR_NO_WORKER;
    tr_list_init(&seen->watched_by);
    check->by_slot[address.slot] = seen;
    return seen;
}

/* What is wrong is "which ... worker `other`"; NO_WORKER: it is being moved. */
static void find_fault(tr_actor_checker *check, const tr_seen_actor *seen, uint32_t worker,
                       const char *which, uint32_t other)
{
    char title[TR_TITLE_SIZE];
    tr_title_print(check->system, seen->address, title, sizeof title);
    if (other == TR_NO_WORKER) {
        tr_finding_note(check->finding, "worker %u runs %s, which is being moved", worker, title);
    } else {
        tr_finding_note(check->finding, "worker %u runs %s, which is %s worker %u", worker, title,
                        which, other);
    }
}

static void turn_begins(tr_actor_checker *check, tr_seen_actor *seen, uint32_t worker)
{
    if (seen->run_by != TR_NO_WORKER) {
        find_fault(check, seen, worker, "run at the same time by", seen->run_by);
    } else if (seen->on_worker != worker) {
        find_fault(check, seen, worker, "on", seen->on_worker);
    }
    seen->run_by = worker;
    seen->below = check->turns[worker];
    check->turns[worker] = seen->address;
}

static void turn_ends(tr_actor_checker *check, uint32_t worker)
{
    tr_seen_actor *seen = tr_actor_checker_find(check, check->turns[worker]);
    check->turns[worker] = seen != NULL ? seen->below : (tr_address) {0};
    if (seen != NULL) {
        seen->run_by = TR_NO_WORKER;
    }
}

static void scope_left(tr_actor_checker *check, const tr_told *told)
{
    if (told->number > 0) {
        char title[TR_TITLE_SIZE];
        tr_title_print(check->system, told->actor->address, title, sizeof title);
        tr_finding_note(check->finding, "%s left a scope in which something runs", title);
    }
}

static void hear_of(tr_actor_checker *check, tr_seen_actor *seen, const tr_told *told)
{
    switch ((unsigned) told->tale) {
    case TR_TALE_SPAWNED:
        seen->on_worker = (uint32_t) told->number;
        break;
    case TR_TALE_LEFT_WORKER:
        seen->on_worker = TR_NO_WORKER;
        break;
    case TR_TALE_CAME_TO_WORKER:
        seen->on_worker = told->worker->index;
        break;
    case TR_TALE_TURN_BEGINS:
        turn_begins(check, seen, told->worker->index);
        break;
    case TR_TALE_ACTOR_ENDED:
        seen->has_ended = true;
        break;
    default:
        break;
    }
}

void tr_actor_checker_hear(tr_actor_checker *check, const tr_told *told)
{
    switch ((unsigned) told->tale) {
    case TR_TALE_SPAWNED:
    case TR_TALE_LEFT_WORKER:
    case TR_TALE_CAME_TO_WORKER:
    case TR_TALE_TURN_BEGINS:
    case TR_TALE_ACTOR_ENDED: {
        tr_seen_actor *seen = tr_actor_checker_get(check, told->actor);
        if (seen != NULL) {
            hear_of(check, seen, told);
        }
        break;
    }
    case TR_TALE_TURN_ENDS:
        turn_ends(check, told->worker->index);
        break;
    case TR_TALE_SCOPE_LEFT:
        scope_left(check, told);
        break;
    case TR_TALE_ACTOR_GONE:
        if (tr_actor_checker_find(check, told->actor->address) != NULL) {
            drop(check, told->actor->address.slot);
        }
        break;
    default:
        break;
    }
}

troupe_error tr_actor_checker_init(tr_actor_checker *check, const tr_system *system, uint32_t ends,
                                   tr_finding *finding)
{
    *check = (tr_actor_checker) {.system = system, .finding = finding, .ends = ends};
    check->turns = tr_allocate(tr_allocator_default(), ends * sizeof *check->turns);
    return check->turns != NULL ? TROUPE_OK : TROUPE_ERROR_NO_MEMORY;
}

void tr_actor_checker_fini(tr_actor_checker *check)
{
    for (uint32_t i = 0; i < check->room; i++) {
        drop(check, i);
    }
    if (check->room > 0) {
        tr_free(tr_allocator_default(), (void *) check->by_slot, check->room * sizeof(void *));
    }
    tr_free(tr_allocator_default(), check->turns, check->ends * sizeof *check->turns);
}
