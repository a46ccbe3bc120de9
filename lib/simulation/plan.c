/* SPDX-License-Identifier: MIT */
#include "simulation/plan.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "simulation/plan_text.h"

void tr_plan_init(tr_plan *plan, tr_world *world)
{
    *plan = (tr_plan) {.world = world};
}

void tr_plan_clear(tr_plan *plan)
{
    for (tr_date *date = tr_agenda_first(&plan->agenda); date != NULL;
         date = tr_agenda_first(&plan->agenda)) {
        tr_act *act = TR_CONTAINER_OF(date, tr_act, date);
        tr_agenda_remove(&plan->agenda, date);
        tr_free(tr_allocator_default(), act, sizeof *act);
    }
}

void tr_plan_fini(tr_plan *plan)
{
    tr_plan_clear(plan);
    tr_agenda_fini(&plan->agenda);
    tr_free(tr_allocator_default(), plan->done, plan->done_room * sizeof *plan->done);
    plan->done = NULL;
    plan->done_count = 0;
    plan->done_room = 0;
}

void tr_plan_count(tr_plan *plan, tr_act *act)
{
    const bool is_fault = act->deed != TR_DEED_HEAL && act->deed != TR_DEED_START &&
                          act->deed != TR_DEED_UNSHAPE && act->deed != TR_DEED_UNLIMIT;
    act->fault = is_fault ? ++plan->faults : 0;
}

troupe_error tr_plan_add(tr_plan *plan, const tr_act *act)
{
    if (act->fault != 0 && plan->sieve != NULL && !tr_sieve_keeps(plan->sieve, act->fault)) {
        return TROUPE_OK;
    }
    const troupe_error error = tr_agenda_reserve(&plan->agenda, plan->agenda.count + 1);
    if (error) {
        return error;
    }
    tr_act *added = tr_allocate(tr_allocator_default(), sizeof *added);
    TR_REQUIRE(added != NULL, NO_MEMORY);
    *added = *act;
    added->date.place = 0;
    added->date.order = plan->order++;
    tr_agenda_put(&plan->agenda, &added->date);
    return TROUPE_OK;
}

static troupe_error read_line(tr_plan *plan, const char *line)
{
    tr_act act;
    bool is_empty = false;
    TR_REQUIRE(tr_plan_text_read(plan, line, &act, &is_empty), BAD_ARGUMENT);
    if (is_empty) {
        return TROUPE_OK;
    }
    act.date.due_ns += tr_world_now_ns(plan->world);
    tr_plan_count(plan, &act);
    return tr_plan_add(plan, &act);
}

troupe_error tr_plan_read(tr_plan *plan, const char *text)
{
    plan->fault[0] = '\0';
    while (*text != '\0') {
        char line[TR_PLAN_LINE_MAX + 1];
        const size_t length = strcspn(text, "\n;");
        if (length > TR_PLAN_LINE_MAX) {
            (void) snprintf(plan->fault, sizeof plan->fault,
                            "a line of %zu characters; there may be %d", length, TR_PLAN_LINE_MAX);
            return TROUPE_ERROR_BAD_ARGUMENT;
        }
        memcpy(line, text, length);
        line[length] = '\0';
        const troupe_error error = read_line(plan, line);
        if (error) {
            return error;
        }
        text += length + (text[length] != '\0' ? 1 : 0);
    }
    return TROUPE_OK;
}

uint64_t tr_plan_next_due_ns(const tr_plan *plan)
{
    const tr_date *date = tr_agenda_first(&plan->agenda);
    return date != NULL ? date->due_ns : TR_NEVER;
}

/* Deeds. */

static troupe_error set_cut(tr_network *network, bool is_cut, uint32_t from, uint32_t to)
{
    if (is_cut) {
        return tr_network_cut(network, from, to);
    }
    tr_network_heal(network, from, to);
    return TROUPE_OK;
}

static troupe_error cut_pair(const tr_plan *plan, const tr_act *act, uint32_t other)
{
    tr_network *network = tr_world_network(plan->world);
    const bool is_cut = act->deed == TR_DEED_CUT;
    troupe_error error = set_cut(network, is_cut, act->node, other);
    if (!error && !act->is_one_way) {
        error = set_cut(network, is_cut, other, act->node);
    }
    return error;
}

static troupe_error cut(const tr_plan *plan, const tr_act *act)
{
    troupe_error error = TROUPE_OK;
    if (act->node == TR_PLAN_ALL) {
        tr_network_heal_all(tr_world_network(plan->world));
    } else if (act->other != TR_PLAN_ALL) {
        error = cut_pair(plan, act, act->other);
    } else {
        for (uint32_t i = 0; i < tr_world_fleet(plan->world)->count && !error; i++) {
            error = i != act->node ? cut_pair(plan, act, i) : TROUPE_OK;
        }
    }
    return error;
}

static troupe_error start(const tr_plan *plan, uint32_t node)
{
    const bool is_up = tr_fleet_berth(tr_world_fleet(plan->world), node)->node != NULL;
    return is_up ? TROUPE_OK : plan->start(plan->context, node);
}

static void set_memory(const tr_plan *plan, const tr_act *act)
{
    tr_virtual_memory *memory = &tr_fleet_berth(tr_world_fleet(plan->world), act->node)->memory;
    const uint64_t number = (uint64_t) act->number;
    if (act->deed == TR_DEED_FAIL_NTH) {
        tr_virtual_memory_fail_nth(memory, number);
    } else if (act->deed == TR_DEED_FAIL_ONE_IN) {
        tr_virtual_memory_fail_one_in(memory, number,
                                      tr_random_next(&tr_world_course(plan->world)->random));
    } else {
        tr_virtual_memory_limit(memory, number);
    }
    tr_course_note(tr_world_course(plan->world), act->node, TR_EVENT_MEMORY, number, act->deed);
}

static void set_descriptors(const tr_plan *plan, const tr_act *act)
{
    tr_virtual_descriptors *descriptors =
        &tr_fleet_berth(tr_world_fleet(plan->world), act->node)->descriptors;
    const bool is_limit = act->deed == TR_DEED_LIMIT_DESCRIPTORS;
    const uint64_t most = is_limit ? (uint64_t) act->number : UINT64_MAX;
    if (is_limit) {
        tr_virtual_descriptors_limit(descriptors, most);
    } else {
        tr_virtual_descriptors_heal(descriptors);
    }
    tr_course_note(tr_world_course(plan->world), act->node, TR_EVENT_SPARSE, most,
                   descriptors->used);
}

static troupe_error shape_way(const tr_plan *plan, const tr_act *act, uint32_t from, uint32_t to)
{
    const tr_wire_options shape = {
        .latency_ns_min = (uint64_t) act->number,
        .latency_ns_max = (uint64_t) act->most,
        .bytes_per_second = (uint64_t) act->number,
        .loss_ppm = (uint32_t) act->number,
        .repeat_ppm = (uint32_t) act->number,
        .reorder_ppm = (uint32_t) act->number,
        .queue_frames_max = (uint32_t) act->number,
        .queue_bytes_max = (uint32_t) act->number,
    };
    return tr_network_alter(tr_world_network(plan->world), from, to, act->trait,
                            act->deed == TR_DEED_SHAPE ? &shape : NULL);
}

static troupe_error shape_pair(const tr_plan *plan, const tr_act *act, uint32_t other)
{
    troupe_error error = shape_way(plan, act, act->node, other);
    if (!error && !act->is_one_way) {
        error = shape_way(plan, act, other, act->node);
    }
    return error;
}

static troupe_error shape(const tr_plan *plan, const tr_act *act)
{
    if (act->node == TR_PLAN_ALL) {
        return shape_way(plan, act, TR_NETWORK_ALL, TR_NETWORK_ALL);
    }
    if (act->other != TR_PLAN_ALL) {
        return shape_pair(plan, act, act->other);
    }
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; i < tr_world_fleet(plan->world)->count && !error; i++) {
        error = i != act->node ? shape_pair(plan, act, i) : TROUPE_OK;
    }
    return error;
}

static troupe_error perform(const tr_plan *plan, const tr_act *act)
{
    tr_world *world = plan->world;
    switch (act->deed) {
    case TR_DEED_CUT:
    case TR_DEED_HEAL:
        return cut(plan, act);
    case TR_DEED_CRASH:
    case TR_DEED_DROP:
        tr_world_crash(world, act->node, act->deed == TR_DEED_DROP);
        break;
    case TR_DEED_START:
        return start(plan, act->node);
    case TR_DEED_STALL:
        tr_world_stall(world, act->node, act->for_ns);
        break;
    case TR_DEED_SKEW:
        tr_fleet_skew(tr_world_fleet(world), act->node, (int32_t) act->number, act->for_ns);
        break;
    case TR_DEED_FAIL_NTH:
    case TR_DEED_FAIL_ONE_IN:
    case TR_DEED_LIMIT:
        set_memory(plan, act);
        break;
    case TR_DEED_LIMIT_DESCRIPTORS:
    case TR_DEED_UNLIMIT:
        set_descriptors(plan, act);
        break;
    case TR_DEED_SHAPE:
    case TR_DEED_UNSHAPE:
        return shape(plan, act);
    }
    return TROUPE_OK;
}

/* What undoes a deed that is for a time. */
static troupe_error add_end(tr_plan *plan, const tr_act *act)
{
    tr_act end = *act;
    end.date.due_ns += act->for_ns;
    end.for_ns = 0;
    end.fault = 0;
    if (act->for_ns == 0) {
        return TROUPE_OK;
    }
    if (act->deed == TR_DEED_CUT) {
        end.deed = TR_DEED_HEAL;
    } else if (act->deed == TR_DEED_CRASH || act->deed == TR_DEED_DROP) {
        end.deed = TR_DEED_START;
    } else if (act->deed == TR_DEED_SHAPE) {
        end.deed = TR_DEED_UNSHAPE;
    } else if (act->deed == TR_DEED_LIMIT_DESCRIPTORS) {
        end.deed = TR_DEED_UNLIMIT;
    } else {
        return TROUPE_OK;
    }
    return tr_plan_add(plan, &end);
}

/* Remembers a fault; of those that are one to a sieve, the first. */
static troupe_error remember(tr_plan *plan, const tr_act *act)
{
    const bool is_last = act->fault >= TR_FAULTS_LAST;
    if (act->fault == 0 || (is_last && plan->has_done_last)) {
        return TROUPE_OK;
    }
    if (plan->done_count == plan->done_room) {
        const size_t room = plan->done_room != 0 ? 2 * plan->done_room : 16;
        const size_t one = sizeof *plan->done;
        tr_act *done = plan->done_room == 0 ? tr_allocate(tr_allocator_default(), room * one)
                                            : tr_resize(tr_allocator_default(), plan->done,
                                                        plan->done_room * one, room * one);
        TR_REQUIRE(done != NULL, NO_MEMORY);
        plan->done = done;
        plan->done_room = room;
    }
    plan->done[plan->done_count++] = *act;
    plan->has_done_last = plan->has_done_last || is_last;
    return TROUPE_OK;
}

void tr_plan_happen(tr_plan *plan)
{
    tr_date *date = tr_agenda_first(&plan->agenda);
    TR_ASSERT(date != NULL && date->due_ns <= tr_world_now_ns(plan->world));
    tr_act *act = TR_CONTAINER_OF(date, tr_act, date);
    tr_agenda_remove(&plan->agenda, date);
    troupe_error error = perform(plan, act);
    error = error ? error : add_end(plan, act);
    error = error ? error : remember(plan, act);
    plan->failed = plan->failed ? plan->failed : error;
    tr_free(tr_allocator_default(), act, sizeof *act);
}
