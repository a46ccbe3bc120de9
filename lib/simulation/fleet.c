/* SPDX-License-Identifier: MIT */
#include "simulation/fleet.h"

#include "base/assert.h"
#include "base/map.h"
#include "base/memory.h"

void tr_fleet_init(tr_fleet *fleet, tr_course *course, uint64_t seed)
{
    *fleet = (tr_fleet) {.course = course, .seed = seed};
}

static void free_node(const tr_fleet *fleet, tr_berth *berth)
{
    if (berth->node != NULL && fleet->leaving != NULL) {
        fleet->leaving(fleet->context, berth->identity.index);
    }
    tr_virtual_node_destroy(&berth->node);
}

void tr_fleet_fini(tr_fleet *fleet)
{
    const troupe_allocator *allocator = tr_allocator_default();
    for (uint32_t i = 0; i < fleet->count; i++) {
        free_node(fleet, fleet->berths[i]);
        tr_free(allocator, fleet->berths[i], sizeof *fleet->berths[i]);
    }
    tr_free(allocator, (void *) fleet->berths, fleet->room * sizeof(void *));
    tr_free(allocator, (void *) fleet->awake, fleet->awake_room * sizeof(void *));
    tr_agenda_fini(&fleet->agenda);
    *fleet = (tr_fleet) {0};
}

static troupe_error grow(tr_berth ***array, uint32_t *room)
{
    const uint32_t new_room = *room != 0 ? *room * 2 : 4;
    tr_berth **grown = *room == 0 ? tr_allocate(tr_allocator_default(), new_room * sizeof(void *))
                                  : tr_resize(tr_allocator_default(), (void *) *array,
                                              *room * sizeof(void *), new_room * sizeof(void *));
    TR_REQUIRE(grown != NULL, NO_MEMORY);
    *array = grown;
    *room = new_room;
    return TROUPE_OK;
}

static troupe_error reserve_one(tr_fleet *fleet)
{
    troupe_error error = tr_agenda_reserve(&fleet->agenda, fleet->count + 1);
    if (!error && fleet->count == fleet->room) {
        error = grow(&fleet->berths, &fleet->room);
    }
    if (!error && fleet->count == fleet->awake_room) {
        error = grow(&fleet->awake, &fleet->awake_room);
    }
    return error;
}

troupe_error tr_fleet_add(tr_fleet *fleet, const tr_world_options *options, uint32_t *out_index)
{
    TR_REQUIRE(fleet->count < TR_NODES_MAX, LIMIT_REACHED);
    const troupe_error error = reserve_one(fleet);
    if (error) {
        return error;
    }
    tr_berth *berth = tr_allocate(tr_allocator_default(), sizeof *berth);
    TR_REQUIRE(berth != NULL, NO_MEMORY);
    berth->options = *options;
    berth->identity.index = fleet->count;
    berth->date.order = fleet->count;
    tr_virtual_memory_init(&berth->memory, options->allocator);
    fleet->shuffled_count += options->moves_percent != 0 ? 1 : 0;
    *out_index = fleet->count;
    fleet->berths[fleet->count++] = berth;
    return TROUPE_OK;
}

/* Who is awake. */

static void fall_asleep(tr_fleet *fleet, tr_berth *berth)
{
    if (berth->awake_at != 0) {
        tr_berth *last = fleet->awake[--fleet->awake_count];
        fleet->awake[berth->awake_at - 1] = last;
        last->awake_at = berth->awake_at;
        berth->awake_at = 0;
    }
}

static void sleep_until(tr_fleet *fleet, tr_berth *berth, uint64_t due_ns)
{
    fall_asleep(fleet, berth);
    if (due_ns == TR_NEVER) {
        tr_agenda_remove(&fleet->agenda, &berth->date);
    } else {
        berth->date.due_ns = due_ns;
        tr_agenda_put(&fleet->agenda, &berth->date);
    }
}

static void refresh(tr_fleet *fleet, tr_berth *berth)
{
    if (berth->node == NULL) {
        sleep_until(fleet, berth, TR_NEVER);
    } else if (berth->stalled_until_ns > fleet->course->now_ns) {
        sleep_until(fleet, berth, berth->stalled_until_ns);
    } else if (tr_virtual_node_choices(berth->node) == 0) {
        tr_virtual_node_rest(berth->node);
        sleep_until(fleet, berth, tr_virtual_node_next_due_ns(berth->node));
    } else if (berth->awake_at == 0) {
        tr_agenda_remove(&fleet->agenda, &berth->date);
        fleet->awake[fleet->awake_count++] = berth;
        berth->awake_at = fleet->awake_count;
    }
}

void tr_fleet_look(tr_fleet *fleet, uint32_t index)
{
    tr_berth *berth = fleet->berths[index];
    if (berth->node != NULL) {
        tr_virtual_node_look(berth->node);
        refresh(fleet, berth);
    }
}

bool tr_fleet_can_act(const tr_fleet *fleet, uint32_t index)
{
    const tr_berth *berth = fleet->berths[index];
    return berth->node != NULL && !berth->is_doomed &&
           berth->stalled_until_ns <= fleet->course->now_ns;
}

/* What happens to whole nodes. */

static uint64_t id_of(const tr_fleet *fleet, const tr_virtual_identity *identity)
{
    const uint64_t which = (uint64_t) identity->incarnation << 32 | identity->index;
    const uint64_t seed = which == 0 ? fleet->seed : fleet->seed ^ tr_hash_u64(which);
    return tr_hash_u64(seed) | 1;
}

troupe_error tr_fleet_raise(tr_fleet *fleet, uint32_t index)
{
    tr_berth *berth = fleet->berths[index];
    TR_ASSERT(berth->node == NULL);
    tr_virtual_identity identity = berth->identity;
    identity.incarnation += identity.id != 0 ? 1 : 0; /* there has been one */
    identity.id = id_of(fleet, &identity);
    tr_virtual_memory_heal(&berth->memory);
    const troupe_error error =
        tr_virtual_node_create(fleet->course, &berth->options,
                               tr_virtual_memory_port(&berth->memory), &identity, &berth->node);
    if (error) {
        return error;
    }
    berth->identity = identity;
    berth->stalled_until_ns = 0;
    if (index != 0 || identity.incarnation != 0) {
        tr_course_note(fleet->course, index, TR_EVENT_UP, identity.incarnation, identity.id);
    }
    tr_fleet_look(fleet, index);
    if (fleet->changed != NULL) {
        fleet->changed(fleet->context, index, true);
    }
    return TROUPE_OK;
}

static void go_down(tr_fleet *fleet, tr_berth *berth)
{
    tr_course_note(fleet->course, berth->identity.index, TR_EVENT_CRASH, 0, 0);
    berth->identity = *tr_virtual_node_identity(berth->node);
    free_node(fleet, berth);
    berth->is_doomed = false;
    refresh(fleet, berth);
    if (fleet->changed != NULL) {
        fleet->changed(fleet->context, berth->identity.index, false);
    }
}

void tr_fleet_crash(tr_fleet *fleet, uint32_t index)
{
    tr_berth *berth = fleet->berths[index];
    if (berth->node == NULL) {
        return;
    }
    if (fleet->running == berth) {
        berth->is_doomed = true;
    } else {
        go_down(fleet, berth);
    }
}

void tr_fleet_stall(tr_fleet *fleet, uint32_t index, uint64_t ns)
{
    tr_berth *berth = fleet->berths[index];
    if (berth->node == NULL || ns > TR_NEVER - 1 - fleet->course->now_ns) {
        return;
    }
    const uint64_t until_ns = fleet->course->now_ns + ns;
    if (until_ns > berth->stalled_until_ns) {
        berth->stalled_until_ns = until_ns;
    }
    tr_course_note(fleet->course, index, TR_EVENT_STALL, berth->stalled_until_ns, 0);
    if (fleet->running != berth) {
        refresh(fleet, berth);
    }
}

void tr_fleet_skew(tr_fleet *fleet, uint32_t index, int32_t ppm, uint64_t ahead_ns)
{
    tr_berth *berth = fleet->berths[index];
    if (berth->node == NULL) {
        tr_skew_set(&berth->identity.skew, fleet->course->now_ns, ppm, ahead_ns);
        return;
    }
    tr_virtual_node_set_skew(berth->node, ppm, ahead_ns);
    if (fleet->running != berth) {
        refresh(fleet, berth);
    }
}

/* Steps. */

static void wake_the_due(tr_fleet *fleet)
{
    for (tr_date *date = tr_agenda_first(&fleet->agenda);
         date != NULL && date->due_ns <= fleet->course->now_ns;
         date = tr_agenda_first(&fleet->agenda)) {
        tr_berth *berth = TR_CONTAINER_OF(date, tr_berth, date);
        tr_agenda_remove(&fleet->agenda, date);
        refresh(fleet, berth);
    }
}

/* Actors are moved also where nothing else can be done. */
static void shuffle_sleepers(tr_fleet *fleet)
{
    for (uint32_t i = 0; i < fleet->count; i++) {
        if (tr_fleet_can_act(fleet, i)) {
            tr_virtual_node_shuffle(fleet->berths[i]->node);
            refresh(fleet, fleet->berths[i]);
        }
    }
}

static tr_berth *pick(tr_fleet *fleet)
{
    const uint32_t awake = fleet->awake_count;
    return fleet->awake[awake > 1 ? tr_random_below(&fleet->course->random, awake) : 0];
}

/* A promise may be kept from anywhere. */
static void answer_the_bell(tr_fleet *fleet)
{
    fleet->course->is_rung = false;
    for (uint32_t i = 0; i < fleet->count; i++) {
        refresh(fleet, fleet->berths[i]);
    }
}

bool tr_fleet_step(tr_fleet *fleet)
{
    if (fleet->course->is_rung) {
        answer_the_bell(fleet);
    }
    wake_the_due(fleet);
    const bool is_shuffled = fleet->awake_count == 0 && fleet->shuffled_count > 0;
    if (is_shuffled) {
        shuffle_sleepers(fleet);
    }
    if (fleet->awake_count == 0) {
        return false;
    }

    tr_berth *berth = pick(fleet);
    if (!is_shuffled && fleet->shuffled_count > 0) {
        tr_virtual_node_shuffle(berth->node);
    }
    const uint32_t choices = tr_virtual_node_choices(berth->node);
    if (choices == 0) { /* the shuffle has brought a pass to its end, and that was all */
        refresh(fleet, berth);
        return true;
    }
    const uint32_t choice = (uint32_t) tr_random_below(&fleet->course->random, choices);
    fleet->running = berth;
    tr_virtual_node_step(berth->node, choice);
    fleet->running = NULL;
    if (berth->is_doomed) {
        go_down(fleet, berth);
    } else {
        refresh(fleet, berth);
    }
    return true;
}

void tr_fleet_settle(const tr_fleet *fleet)
{
    for (uint32_t i = 0; i < fleet->count; i++) {
        if (fleet->berths[i]->node != NULL) {
            tr_virtual_node_settle(fleet->berths[i]->node);
        }
    }
}

uint64_t tr_fleet_next_due_ns(const tr_fleet *fleet)
{
    const tr_date *date = tr_agenda_first(&fleet->agenda);
    return date != NULL ? date->due_ns : TR_NEVER;
}

bool tr_fleet_is_at_rest(const tr_fleet *fleet)
{
    for (uint32_t i = 0; i < fleet->count; i++) {
        const tr_berth *berth = fleet->berths[i];
        if (berth->node != NULL && !tr_virtual_node_is_at_rest(berth->node)) {
            return false;
        }
    }
    return true;
}
