/* SPDX-License-Identifier: MIT */
#include "simulation/timer_checker.h"

#include <inttypes.h>

#include "base/memory.h"

struct tr_seen_timer {
    tr_map_node node;
    const tr_timer *timer;
    tr_date date;
    uint32_t worker;
    bool is_packed;
    tr_seen_timer *next; /* of those to be used again */
};

static bool is_timer(const tr_map_node *node, const void *key)
{
    return TR_CONTAINER_OF_CONST(node, tr_seen_timer, node)->timer == key;
}

static uint64_t hash_of(const tr_timer *timer)
{
    return tr_hash_u64((uint64_t) (uintptr_t) timer);
}

static tr_seen_timer *find(const tr_timer_checker *check, const tr_timer *timer)
{
    tr_map_node *node = tr_map_find(&check->timers, hash_of(timer), is_timer, timer);
    return node != NULL ? TR_CONTAINER_OF(node, tr_seen_timer, node) : NULL;
}

/* NULL: no memory. */
static tr_seen_timer *add(tr_timer_checker *check, const tr_timer *timer, uint32_t worker)
{
    tr_seen_timer *seen = check->spare;
    if (tr_map_reserve_one(&check->timers) != TROUPE_OK ||
        tr_agenda_reserve(&check->agendas[worker], check->timers.count + 1) != TROUPE_OK) {
        return NULL;
    }
    if (seen != NULL) {
        check->spare = seen->next;
    } else {
        seen = tr_allocate(tr_allocator_default(), sizeof *seen);
    }
    if (seen != NULL) {
        *seen = (tr_seen_timer) {.timer = timer, .worker = worker};
        tr_map_add(&check->timers, &seen->node, hash_of(timer));
    }
    return seen;
}

static void forget(tr_timer_checker *check, tr_seen_timer *seen)
{
    if (seen->is_packed) {
        check->packed--;
    } else {
        tr_agenda_remove(&check->agendas[seen->worker], &seen->date);
    }
    tr_map_remove(&check->timers, &seen->node);
    seen->next = check->spare;
    check->spare = seen;
}

static void armed(tr_timer_checker *check, const tr_timer *timer, uint32_t worker, uint64_t due_ns)
{
    tr_seen_timer *seen = find(check, timer);
    if (seen != NULL && !seen->is_packed) {
        tr_finding_note(check->finding,
                        "a timer due at %" PRIu64
                        " ns is lost: it neither fired nor was "
                        "cancelled, and is armed anew",
                        seen->date.due_ns);
    } else if (seen != NULL && seen->date.due_ns != due_ns) {
        tr_finding_note(check->finding,
                        "a timer due at %" PRIu64
                        " ns has come to another worker as due at "
                        "%" PRIu64 " ns",
                        seen->date.due_ns, due_ns);
    }
    if (seen != NULL) {
        forget(check, seen);
    }
    seen = add(check, timer, worker);
    if (seen == NULL) {
        check->finding->is_blind = true;
        return;
    }
    seen->date.due_ns = due_ns;
    seen->date.order = check->order++;
    tr_agenda_put(&check->agendas[worker], &seen->date);
}

static void packed(tr_timer_checker *check, const tr_timer *timer)
{
    tr_seen_timer *seen = find(check, timer);
    if (seen != NULL && !seen->is_packed) {
        tr_agenda_remove(&check->agendas[seen->worker], &seen->date);
        seen->is_packed = true;
        check->packed++;
    }
}

/* One that is packed is taken out of its worker's timers only. */
static void cancelled(tr_timer_checker *check, const tr_timer *timer)
{
    tr_seen_timer *seen = find(check, timer);
    if (seen != NULL && !seen->is_packed) {
        forget(check, seen);
    }
}

static void fires(tr_timer_checker *check, const tr_timer *timer, uint64_t now_ns)
{
    tr_seen_timer *seen = find(check, timer);
    if (seen == NULL) {
        tr_finding_note(check->finding,
                        "a timer fires at %" PRIu64
                        " ns that is not armed: it has fired before, "
                        "or was cancelled",
                        now_ns);
        return;
    }
    if (seen->date.due_ns > now_ns) {
        tr_finding_note(check->finding, "a timer due at %" PRIu64 " ns fires at %" PRIu64 " ns",
                        seen->date.due_ns, now_ns);
    }
    forget(check, seen);
}

static void on_time(tr_timer_checker *check, uint32_t worker, uint64_t now_ns)
{
    const tr_date *first = tr_agenda_first(&check->agendas[worker]);
    if (first != NULL && first->due_ns <= now_ns) {
        tr_finding_note(check->finding,
                        "a timer of worker %" PRIu32 " is lost: it was due at %" PRIu64
                        " ns and has not fired at %" PRIu64 " ns",
                        worker, first->due_ns, now_ns);
    }
}

void tr_timer_checker_hear(tr_timer_checker *check, const tr_told *told)
{
    const uint32_t worker =
        told->timers != NULL ? TR_CONTAINER_OF_CONST(told->timers, tr_worker, timers)->index : 0;
    switch ((unsigned) told->tale) {
    case TR_TALE_TIMER_ARMED:
        armed(check, told->timer, worker, told->number);
        break;
    case TR_TALE_TIMER_CANCELLED:
        cancelled(check, told->timer);
        break;
    case TR_TALE_TIMER_PACKED:
        packed(check, told->timer);
        break;
    case TR_TALE_TIMER_FIRES:
        fires(check, told->timer, told->number);
        break;
    case TR_TALE_TIMERS_ARE_ON_TIME:
        on_time(check, worker, told->number);
        break;
    default:
        break;
    }
}

void tr_timer_checker_sleep(tr_timer_checker *check, uint32_t worker, uint64_t due_ns)
{
    const tr_date *first = tr_agenda_first(&check->agendas[worker]);
    if (first != NULL && first->due_ns < due_ns) {
        tr_finding_note(check->finding,
                        "a timer of worker %" PRIu32 " is lost: it is due at %" PRIu64
                        " ns, and the worker sleeps for longer",
                        worker, first->due_ns);
    }
}

void tr_timer_checker_rest(tr_timer_checker *check)
{
    if (check->packed > 0) {
        tr_finding_note(check->finding, "timers of actors that were moved are lost: %" PRIu64,
                        check->packed);
    }
}

troupe_error tr_timer_checker_init(tr_timer_checker *check, uint32_t ends, tr_finding *finding)
{
    *check = (tr_timer_checker) {.finding = finding, .ends = ends};
    tr_map_init(&check->timers, tr_allocator_default());
    check->agendas = tr_allocate(tr_allocator_default(), ends * sizeof *check->agendas);
    return check->agendas != NULL ? TROUPE_OK : TROUPE_ERROR_NO_MEMORY;
}

void tr_timer_checker_fini(tr_timer_checker *check)
{
    for (tr_map_node *node = tr_map_first(&check->timers); node != NULL;
         node = tr_map_first(&check->timers)) {
        forget(check, TR_CONTAINER_OF(node, tr_seen_timer, node));
    }
    while (check->spare != NULL) {
        tr_seen_timer *spare = check->spare;
        check->spare = spare->next;
        tr_free(tr_allocator_default(), spare, sizeof *spare);
    }
    tr_map_fini(&check->timers);
    for (uint32_t i = 0; check->agendas != NULL && i < check->ends; i++) {
        tr_agenda_fini(&check->agendas[i]);
    }
    tr_free(tr_allocator_default(), check->agendas, check->ends * sizeof *check->agendas);
}
