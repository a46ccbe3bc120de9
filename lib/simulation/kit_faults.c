/* SPDX-License-Identifier: MIT */
/* Faults at one place: a mailbox, an actor's memory, messages from one node to another. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "cluster/frame.h"
#include "cluster/limits.h"
#include "core/actor.h"
#include "core/line.h"
#include "simulation/kit.h"

/* How long an actor may be on its way from one worker to another. */
#define MOVE_NS UINT64_C(10000000000)

static tr_virtual_node *node_of(const troupe_kit *kit, troupe_ref ref, uint32_t *out_node)
{
    const tr_fleet *fleet = tr_world_fleet(kit->simulation->world);
    for (uint32_t i = 0; i < fleet->count; i++) {
        const tr_berth *berth = tr_fleet_berth(fleet, i);
        if (berth->node != NULL && berth->identity.id == ref.node) {
            *out_node = i;
            return berth->node;
        }
    }
    return NULL;
}

tr_actor *tr_kit_find(const troupe_kit *kit, troupe_ref ref, uint32_t *out_node,
                      tr_worker **out_worker)
{
    const tr_address address = {.slot = ref.slot, .generation = ref.generation};
    const tr_virtual_node *node = node_of(kit, ref, out_node);
    const tr_ends *ends = node != NULL ? tr_virtual_node_ends(node) : NULL;
    for (uint32_t i = 0; ends != NULL && i < ends->count; i++) {
        tr_actor *actor = tr_actor_at(tr_ends_worker(ends, i), address);
        if (actor != NULL) {
            *out_worker = tr_ends_worker(ends, i);
            return actor;
        }
    }
    return NULL;
}

/* Mailboxes. */

static tr_filling *find_filling(const troupe_kit *kit, troupe_ref actor)
{
    tr_filling *filling = kit->fillings;
    while (filling != NULL && !troupe_ref_is_same(filling->actor, actor)) {
        filling = filling->next;
    }
    return filling;
}

static tr_filling *get_filling(troupe_kit *kit, troupe_ref actor)
{
    tr_filling *filling = find_filling(kit, actor);
    if (filling == NULL) {
        filling = tr_allocate(tr_allocator_default(), sizeof *filling);
        if (filling != NULL) {
            *filling = (tr_filling) {.next = kit->fillings, .actor = actor};
            kit->fillings = filling;
        }
    }
    return filling;
}

troupe_error troupe_kit_fill(troupe_kit *kit, troupe_ref actor)
{
    uint32_t index = 0;
    TR_REQUIRE(tr_kit_is_well(kit), FAILED);
    const tr_virtual_node *node = node_of(kit, actor, &index);
    TR_REQUIRE(node != NULL, NODE_LOST);
    tr_slot *slot = tr_slots_at(&tr_virtual_node_ends(node)->system->slots, actor.slot);
    TR_REQUIRE(slot != NULL, STALE);
    tr_filling *filling = get_filling(kit, actor);
    TR_REQUIRE(filling != NULL, NO_MEMORY);
    const uint32_t limit = atomic_load_explicit(&slot->limit, memory_order_relaxed);
    uint32_t places = 0;
    const tr_admission verdict =
        tr_slot_admit(slot, actor.generation, limit, 0, UINT32_MAX, &places);
    TR_REQUIRE(verdict != TR_FULL, MAILBOX_FULL);
    TR_REQUIRE(verdict == TR_ADMITTED, STALE);
    filling->places += places;
    return TROUPE_OK;
}

struct found {
    const troupe_kit *kit;
    troupe_ref ref;
    uint32_t node;
    tr_worker *worker;
    tr_actor *actor;
};

static bool is_found(void *context)
{
    struct found *found = context;
    found->actor = tr_kit_find(found->kit, found->ref, &found->node, &found->worker);
    return found->actor != NULL || node_of(found->kit, found->ref, &found->node) == NULL;
}

/* The places keep the slot, and so the actor, as long as the node is there. */
static void give_back(troupe_kit *kit, const tr_filling *filling)
{
    struct found found = {.kit = kit, .ref = filling->actor};
    if (filling->places == 0) {
        return;
    }
    if (!is_found(&found)) {
        (void) tr_kit_run(kit, is_found, &found, troupe_timeout_of_ns(MOVE_NS)); /* it is moved */
    }
    if (found.actor != NULL) {
        tr_fleet *fleet = tr_world_fleet(kit->simulation->world);
        found.worker->now_ns = tr_virtual_node_now_ns(tr_fleet_berth(fleet, found.node)->node);
        tr_line_give_back(found.worker, found.actor, filling->places, 0);
        tr_actor_try_reap(found.worker, found.actor);
        tr_virtual_node_look(tr_fleet_berth(fleet, found.node)->node);
        tr_fleet_look(fleet, found.node);
    }
}

static void end_filling(troupe_kit *kit, tr_filling **at)
{
    tr_filling *filling = *at;
    *at = filling->next;
    give_back(kit, filling);
    tr_free(tr_allocator_default(), filling, sizeof *filling);
}

void troupe_kit_drain(troupe_kit *kit, troupe_ref actor)
{
    for (tr_filling **at = &kit->fillings; *at != NULL; at = &(*at)->next) {
        if (troupe_ref_is_same((*at)->actor, actor)) {
            end_filling(kit, at);
            return;
        }
    }
}

void tr_kit_drain_all(troupe_kit *kit)
{
    while (kit->fillings != NULL) {
        end_filling(kit, &kit->fillings);
    }
}

/* Memory. */

static void note_shortage(const troupe_kit *kit, uint32_t node)
{
    troupe_simulation *simulation = kit->simulation;
    if (tr_fleet_berth(tr_world_fleet(simulation->world), node)->memory.until_one == 1) {
        char text[64];
        (void) snprintf(text, sizeof text, "actor %" PRIu32 ".%" PRIu32 " finds no memory",
                        kit->short_of.slot, kit->short_of.generation);
        (void) tr_journal_log(&simulation->journal, tr_world_now_ns(simulation->world),
                              simulation->nodes[node]->name, text);
    }
}

static bool is_its_turn(void *context)
{
    const troupe_kit *kit = context;
    uint32_t index = 0;
    const tr_virtual_node *node = node_of(kit, kit->short_of, &index);
    const tr_ends *ends = node != NULL ? tr_virtual_node_ends(node) : NULL;
    for (uint32_t i = 0; ends != NULL && i < ends->count; i++) {
        const tr_seat *seat = tr_worker_seat(tr_ends_worker(ends, i));
        if (atomic_load_explicit(&seat->slot, memory_order_relaxed) == kit->short_of.slot) {
            note_shortage(kit, index);
            return true;
        }
    }
    return false;
}

bool troupe_kit_fail_allocation(troupe_kit *kit, troupe_ref actor, uint64_t n)
{
    uint32_t index = 0;
    if (!tr_kit_is_well(kit) || node_of(kit, actor, &index) == NULL) {
        return false;
    }
    tr_virtual_memory *memory =
        &tr_fleet_berth(tr_world_fleet(kit->simulation->world), index)->memory;
    const bool has_come = memory->counts_context == kit && kit->nth != 0 && memory->until_one == 0;
    kit->short_of = actor;
    kit->nth = n;
    tr_virtual_memory_fail_nth_where(memory, n, is_its_turn, kit);
    return has_come;
}

/* Ways. */

static bool is_lost(troupe_kit *kit, uint32_t from, uint32_t to, const tr_envelope *envelope)
{
    if (envelope->kind > TR_ENVELOPE_REPLY) {
        return false;
    }
    for (tr_losing *losing = kit->losings; losing != NULL; losing = losing->next) {
        if (losing->count > 0 && losing->from == from && losing->to == to &&
            (losing->type[0] == '\0' ||
             (envelope->type != NULL && strcmp(losing->type, envelope->type) == 0))) {
            losing->count--;
            troupe_simulation_say(kit->simulation, to, "loses '%s' from '%s'",
                                  envelope->type != NULL ? envelope->type : "",
                                  kit->simulation->nodes[from]->name);
            return true;
        }
    }
    return false;
}

/* A frame without what is lost takes no more room than it did. */
static size_t pass(troupe_kit *kit, uint32_t from, uint32_t to, const tr_frame_head *head,
                   tr_frame_reader *reader)
{
    tr_frame_writer writer = {.data = kit->frame, .capacity = kit->frame_size, .repeats = true};
    tr_frame_begin(&writer, head);
    for (size_t i = 0; i < reader->count; i++) {
        tr_envelope envelope;
        if (tr_frame_envelope(reader, i, &envelope) && !is_lost(kit, from, to, &envelope)) {
            const bool fits = tr_frame_add(&writer, &envelope);
            TR_ASSERT(fits);
        }
    }
    return writer.size;
}

static void free_frame(troupe_kit *kit)
{
    tr_free(tr_allocator_default(), kit->frame, kit->frame_size);
    kit->frame = NULL;
}

/* Without memory for it nothing is lost. */
static void meets(void *context, uint32_t at, uint64_t from, const void **frame, size_t *size)
{
    troupe_kit *kit = context;
    tr_arena arena;
    tr_frame_head head;
    tr_frame_reader reader;
    uint32_t sender = 0;
    if (node_of(kit, (troupe_ref) {.node = from}, &sender) == NULL) {
        return;
    }
    tr_arena_init(&arena, tr_allocator_default(), TR_UNPACK_BYTES_MAX);
    if (tr_frame_read(&arena, *frame, *size, &head, &reader)) {
        free_frame(kit);
        kit->frame_size = *size + TR_FRAME_HEAD_BYTES_MAX;
        kit->frame = tr_allocate(tr_allocator_default(), kit->frame_size);
        if (kit->frame != NULL) {
            *size = pass(kit, sender, at, &head, &reader);
            *frame = kit->frame;
        }
    }
    tr_arena_fini(&arena);
}

static tr_losing *get_losing(troupe_kit *kit, uint32_t from, uint32_t to, const char *type)
{
    tr_losing *losing = kit->losings;
    while (losing != NULL &&
           (losing->from != from || losing->to != to || strcmp(losing->type, type) != 0)) {
        losing = losing->next;
    }
    if (losing == NULL) {
        losing = tr_allocate(tr_allocator_default(), sizeof *losing);
        if (losing != NULL) {
            *losing = (tr_losing) {.next = kit->losings, .from = from, .to = to};
            memcpy(losing->type, type, strlen(type) + 1);
            kit->losings = losing;
        }
    }
    return losing;
}

troupe_error troupe_kit_lose(troupe_kit *kit, uint32_t from, uint32_t to, const char *type,
                             uint32_t count)
{
    const uint32_t nodes = kit->simulation->count;
    type = type != NULL ? type : "";
    TR_REQUIRE(from < nodes && to < nodes && from != to, BAD_ARGUMENT);
    TR_REQUIRE(strlen(type) < sizeof((tr_losing *) NULL)->type, BAD_ARGUMENT);
    tr_losing *losing = get_losing(kit, from, to, type);
    TR_REQUIRE(losing != NULL, NO_MEMORY);
    losing->count = count;
    kit->simulation->meets = meets;
    kit->simulation->meets_context = kit;
    return TROUPE_OK;
}

/* Nobody's allocations are counted for the kit any more. */
static void forget_memory(const troupe_kit *kit)
{
    const tr_fleet *fleet = tr_world_fleet(kit->simulation->world);
    for (uint32_t i = 0; i < fleet->count; i++) {
        tr_virtual_memory *memory = &tr_fleet_berth(fleet, i)->memory;
        if (memory->counts_context == kit) {
            tr_virtual_memory_fail_nth(memory, 0);
        }
    }
}

void tr_kit_forget_faults(troupe_kit *kit)
{
    if (kit->simulation != NULL) {
        forget_memory(kit);
        if (kit->simulation->meets_context == kit) {
            kit->simulation->meets = NULL;
        }
    }
    while (kit->losings != NULL) {
        tr_losing *losing = kit->losings;
        kit->losings = losing->next;
        tr_free(tr_allocator_default(), losing, sizeof *losing);
    }
    while (kit->fillings != NULL) { /* the run is broken: nobody waits for the places */
        tr_filling *filling = kit->fillings;
        kit->fillings = filling->next;
        tr_free(tr_allocator_default(), filling, sizeof *filling);
    }
    free_frame(kit);
}
