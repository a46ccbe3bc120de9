/* SPDX-License-Identifier: MIT */
/* How the wheel works. Written with digits of six bits, the time a timer is due and the wheel's own
 * time agree down to some digit. The first digit that differs is the timer's level, and the value
 * of that digit in the timer's time is its slot:
 *
 *                level 10 ...    2       1       0
 *     now_ns          0   ...   17       5      60
 *     due_ns          0   ...   17       9      33      level 1, slot 9
 *
 * All of a level come before all of the level above, and in a level the slots come in order; so the
 * first slot is two counts of trailing zeros away. When the first timer of a slot above level 0 is
 * due, the slot is opened: the wheel's time becomes the slot's beginning, and its timers are placed
 * anew, on levels below. On level 0 all timers of a slot are due in the same nanosecond. So nothing
 * is sorted, and a timer moves as often as there are levels with others near it; a timer alone in
 * its slot is fired from where it is. Until a slot is opened, the wheel's time stays before it.
 *
 * Timers that are due at the same time are always in the same slot, whenever they were started,
 * because the slot depends on due_ns and now_ns only; and a slot is opened into empty ones, in
 * order. Hence they stay in the order they were started in. */
#include "core/timers.h"

#include "base/assert.h"
#include "base/chance.h"
#include "base/clock.h"

_Static_assert(sizeof(tr_timer) <= 48, "whatever can wait has one");
_Static_assert(TR_TIMERS_LEVELS <= 32, "a bit of occupied_levels each");
_Static_assert(TR_TIMERS_SLOTS <= 64, "a bit of occupied_slots each");

struct position {
    unsigned level;
    unsigned index;
};

static tr_timer *timer_of(tr_list *link)
{
    return TR_CONTAINER_OF(link, tr_timer, link);
}

static struct position position_of(const tr_timers *timers, uint64_t due_ns)
{
    const uint64_t differing = (due_ns ^ timers->now_ns) | 1;
    const unsigned level = (63 - (unsigned) __builtin_clzll(differing)) / TR_TIMERS_LEVEL_BITS;
    const uint64_t digits = due_ns >> (level * TR_TIMERS_LEVEL_BITS);
    return (struct position) {.level = level, .index = digits & (TR_TIMERS_SLOTS - 1)};
}

/* Only if a level is occupied. */
static struct position first_position(const tr_timers *timers)
{
    const unsigned level = (unsigned) __builtin_ctz(timers->occupied_levels);
    const unsigned index = (unsigned) __builtin_ctzll(timers->occupied_slots[level]);
    return (struct position) {.level = level, .index = index};
}

/* When the slot begins that holds due_ns on this level. */
static uint64_t start_of(unsigned level, uint64_t due_ns)
{
    const unsigned bits = level * TR_TIMERS_LEVEL_BITS;
    return due_ns >> bits << bits;
}

static void place_overdue(tr_timers *timers, tr_timer *timer)
{
    tr_list *before = timers->overdue.previous;
    while (before != &timers->overdue && timer_of(before)->due_ns > timer->due_ns) {
        before = before->previous;
    }
    tr_list_push_front(before, &timer->link);
}

static void place(tr_timers *timers, tr_timer *timer)
{
    if (TR_UNLIKELY(timer->due_ns < timers->now_ns)) {
        place_overdue(timers, timer);
        return;
    }

    const struct position at = position_of(timers, timer->due_ns);
    tr_timers_slot *slot = &timers->slots[at.level][at.index];
    if (timer->due_ns < slot->due_min_ns) {
        slot->due_min_ns = timer->due_ns;
    }
    tr_list_push_back(&slot->list, &timer->link);
    timers->occupied_slots[at.level] |= UINT64_C(1) << at.index;
    timers->occupied_levels |= UINT32_C(1) << at.level;
}

/* The slot has lost its last timer. */
static void vacate(tr_timers *timers, struct position at)
{
    timers->slots[at.level][at.index].due_min_ns = TR_NEVER;
    timers->occupied_slots[at.level] &= ~(UINT64_C(1) << at.index);
    if (timers->occupied_slots[at.level] == 0) {
        timers->occupied_levels &= ~(UINT32_C(1) << at.level);
    }
}

/* Time comes to the first slot, which is above level 0 and has something due, or had. */
static void open_slot(tr_timers *timers, struct position at)
{
    tr_timers_slot *slot = &timers->slots[at.level][at.index];
    timers->now_ns = start_of(at.level, slot->due_min_ns);
    vacate(timers, at);

    tr_list *link = tr_list_pop_front(&slot->list);
    while (link != NULL) {
        place(timers, timer_of(link));
        link = tr_list_pop_front(&slot->list);
    }
}

static bool is_alone_and_due(const tr_timers_slot *slot, uint64_t now_ns)
{
    return slot->list.next == slot->list.previous && timer_of(slot->list.next)->due_ns <= now_ns;
}

static tr_timer *take_first_of_slot(tr_timers *timers, struct position at)
{
    tr_timers_slot *slot = &timers->slots[at.level][at.index];
    tr_timer *timer = timer_of(slot->list.next);
    tr_list_remove(&timer->link);
    TR_ASSERT(timer->due_ns >= timers->now_ns);
    timers->now_ns = timer->due_ns;
    if (tr_list_is_empty(&slot->list)) {
        vacate(timers, at);
    }
    return timer;
}

/* The first timer if it is due at now_ns, or NULL. */
static tr_timer *take_due(tr_timers *timers, uint64_t now_ns)
{
    tr_list *overdue = tr_list_first(&timers->overdue);
    if (TR_UNLIKELY(overdue != NULL)) {
        if (timer_of(overdue)->due_ns > now_ns) {
            return NULL;
        }
        tr_list_remove(overdue);
        return timer_of(overdue);
    }

    while (timers->occupied_levels != 0) {
        const struct position at = first_position(timers);
        const tr_timers_slot *slot = &timers->slots[at.level][at.index];
        if (slot->due_min_ns > now_ns) {
            return NULL;
        }
        if (at.level == 0 || is_alone_and_due(slot, now_ns)) {
            return take_first_of_slot(timers, at);
        }
        open_slot(timers, at);
    }
    return NULL;
}

/* As far as now_ns, but not into a slot that holds timers: they would have to be placed anew, and
 * most are cancelled before they are due. */
static void pass_time(tr_timers *timers, uint64_t now_ns)
{
    uint64_t limit_ns = now_ns;
    if (timers->occupied_levels != 0) {
        const struct position at = first_position(timers);
        const uint64_t due_ns = timers->slots[at.level][at.index].due_min_ns;
        const uint64_t start_ns = start_of(at.level, due_ns);
        limit_ns = start_ns > now_ns ? now_ns : start_ns - 1;
    }
    if (timers->now_ns < limit_ns) {
        timers->now_ns = limit_ns;
    }
}

void tr_timers_init(tr_timers *timers, uint64_t now_ns)
{
    timers->now_ns = now_ns;
    timers->occupied_levels = 0;
    tr_list_init(&timers->overdue);
    for (unsigned level = 0; level < TR_TIMERS_LEVELS; level++) {
        timers->occupied_slots[level] = 0;
        for (unsigned index = 0; index < TR_TIMERS_SLOTS; index++) {
            tr_list_init(&timers->slots[level][index].list);
            timers->slots[level][index].due_min_ns = TR_NEVER;
        }
    }
}

void tr_timer_init(tr_timer *timer, void (*fire)(tr_timer *timer, void *context), void *context)
{
    tr_list_init(&timer->link);
    timer->due_ns = TR_NEVER;
    timer->fire = fire;
    timer->context = context;
}

bool tr_timer_is_running(const tr_timer *timer)
{
    return tr_list_is_linked(&timer->link);
}

void tr_timers_start(tr_timers *timers, tr_timer *timer, uint64_t due_ns)
{
    tr_timers_cancel(timers, timer);
    timer->due_ns = due_ns;
    TR_TELL(TIMER_ARMED, .timers = timers, .timer = timer, .number = due_ns);
    place(timers, timer);
}

void tr_timers_cancel(tr_timers *timers, tr_timer *timer)
{
    TR_ASSERT(timer->link.next != NULL); /* else tr_timer_init was forgotten */
    if (!tr_timer_is_running(timer)) {
        return;
    }

    TR_TELL(TIMER_CANCELLED, .timers = timers, .timer = timer);
    const bool is_alone = timer->link.next == timer->link.previous;
    tr_list_remove(&timer->link);
    if (is_alone && timer->due_ns >= timers->now_ns) {
        vacate(timers, position_of(timers, timer->due_ns));
    }
}

void tr_timers_unpack(tr_timers *timers, tr_list *packed)
{
    for (tr_list *node = tr_list_pop_front(packed); node != NULL;
         node = tr_list_pop_front(packed)) {
        tr_timer *timer = TR_CONTAINER_OF(node, tr_timer, link);
        if (TR_PLANTED(TR_BUG_LOST_TIMER)) {
            continue;
        }
        tr_timers_start(timers, timer, timer->due_ns);
    }
}

uint64_t tr_timers_next_due_ns(const tr_timers *timers)
{
    tr_list *overdue = tr_list_first(&timers->overdue);
    if (overdue != NULL) {
        return timer_of(overdue)->due_ns;
    }
    if (timers->occupied_levels == 0) {
        return TR_NEVER;
    }
    const struct position at = first_position(timers);
    return timers->slots[at.level][at.index].due_min_ns;
}

/* The slot after that which is the first; NULL if there is none on its level. */
static const tr_timers_slot *slot_after(const tr_timers *timers, struct position at)
{
    const uint64_t later = timers->occupied_slots[at.level] & (~UINT64_C(1) << at.index);
    return later != 0 ? &timers->slots[at.level][__builtin_ctzll(later)] : NULL;
}

/* Four lines, which need not be anyone's: only the cache sees them. */
static void fetch(const void *memory)
{
    for (uintptr_t i = 0; i < 4; i++) {
        __builtin_prefetch(
            (const void *) ((uintptr_t) memory + i * 64)); /* NOLINT(performance-no-int-to-ptr) */
    }
}

void tr_timers_foresee(const tr_timers *timers)
{
    if (timers->occupied_levels == 0) {
        return;
    }
    const struct position at = first_position(timers);
    const tr_list *first = timers->slots[at.level][at.index].list.next;
    fetch(first);
    fetch(TR_CONTAINER_OF_CONST(first, tr_timer, link)->context);
    const tr_timers_slot *after = slot_after(timers, at);
    if (after != NULL) {
        fetch(after->list.next);
    }
}

void tr_timers_advance(tr_timers *timers, uint64_t now_ns)
{
    tr_timer *timer = take_due(timers, now_ns);
    while (timer != NULL) {
        TR_TELL(TIMER_FIRES, .timers = timers, .timer = timer, .number = now_ns);
        timer->fire(timer, timer->context);
        timer = take_due(timers, now_ns);
    }
    pass_time(timers, now_ns);
    TR_TELL(TIMERS_ARE_ON_TIME, .timers = timers, .number = now_ns);
}

static bool slot_is_sound(const tr_timers *timers, struct position at)
{
    const tr_timers_slot *slot = &timers->slots[at.level][at.index];
    const uint64_t bit = timers->occupied_slots[at.level] >> at.index & 1;
    if (tr_list_is_empty(&slot->list)) {
        return bit == 0 && slot->due_min_ns == TR_NEVER;
    }

    for (tr_list *link = tr_list_first(&slot->list); link != NULL;
         link = tr_list_next(&slot->list, link)) {
        const uint64_t due_ns = timer_of(link)->due_ns;
        const struct position right = position_of(timers, due_ns);
        if (due_ns < timers->now_ns || due_ns < slot->due_min_ns || right.level != at.level ||
            right.index != at.index) {
            return false;
        }
    }
    return bit == 1;
}

static bool overdue_is_sound(const tr_timers *timers)
{
    uint64_t last_ns = 0;
    for (tr_list *link = tr_list_first(&timers->overdue); link != NULL;
         link = tr_list_next(&timers->overdue, link)) {
        const uint64_t due_ns = timer_of(link)->due_ns;
        if (due_ns < last_ns || due_ns >= timers->now_ns) {
            return false;
        }
        last_ns = due_ns;
    }
    return true;
}

bool tr_timers_is_sound(const tr_timers *timers)
{
    for (unsigned level = 0; level < TR_TIMERS_LEVELS; level++) {
        const bool is_occupied = timers->occupied_slots[level] != 0;
        if (is_occupied != (timers->occupied_levels >> level & 1)) {
            return false;
        }
        for (unsigned index = 0; index < TR_TIMERS_SLOTS; index++) {
            if (!slot_is_sound(timers, (struct position) {.level = level, .index = index})) {
                return false;
            }
        }
    }
    return overdue_is_sound(timers);
}
