/* SPDX-License-Identifier: MIT */
#include "core/groups.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "core/system.h"

enum {
    OWN,
    OTHERS
};

static void lock(const tr_system *system)
{
    system->ports.lock(system->ports.context);
}

static void unlock(const tr_system *system)
{
    system->ports.unlock(system->ports.context);
}

static unsigned side_of(const tr_system *system, troupe_ref ref)
{
    return ref.node == system->options.node_id ? OWN : OTHERS;
}

/* An own one that has ended counts no more, before the actor has heard of it. */
static bool is_there(tr_system *system, const tr_member *member)
{
    if (side_of(system, member->ref) == OTHERS) {
        return true;
    }
    const tr_address address = {.slot = member->ref.slot, .generation = member->ref.generation};
    const tr_slot *slot = tr_system_slot(system, address);
    const uint64_t word = atomic_load_explicit(&slot->admission, memory_order_relaxed);
    return (uint32_t) (word >> 32) == address.generation && (word & TR_SLOT_CLOSED) == 0;
}

/* Groups. */

static bool has_name(const tr_map_node *node, const void *key)
{
    return strcmp(TR_CONTAINER_OF_CONST(node, tr_group, by_name)->name, key) == 0;
}

tr_group *tr_groups_find_locked(const tr_groups *groups, const char *name)
{
    tr_map_node *node =
        tr_map_find(&groups->by_name, tr_hash_bytes(name, strlen(name)), has_name, name);
    return node != NULL ? TR_CONTAINER_OF(node, tr_group, by_name) : NULL;
}

void tr_groups_forget_locked(tr_groups *groups, tr_group *group)
{
    if (group->counts[OWN] + group->counts[OTHERS] + group->leaving == 0 &&
        tr_list_is_empty(&group->watchers)) {
        tr_map_remove(&groups->by_name, &group->by_name);
        tr_free(groups->by_name.allocator, group, sizeof *group);
    }
}

troupe_error tr_groups_get_locked(tr_groups *groups, const char *name, tr_group **out_group)
{
    *out_group = tr_groups_find_locked(groups, name);
    if (*out_group != NULL) {
        return TROUPE_OK;
    }
    const troupe_error error = tr_map_reserve_one(&groups->by_name);
    if (error) {
        return error;
    }
    tr_group *group = tr_allocate(groups->by_name.allocator, sizeof *group);
    TR_REQUIRE(group != NULL, NO_MEMORY);
    (void) snprintf(group->name, sizeof group->name, "%s", name); /* checked: it fits */
    tr_list_init(&group->members[OWN]);
    tr_list_init(&group->members[OTHERS]);
    tr_list_init(&group->watchers);
    tr_map_add(&groups->by_name, &group->by_name, tr_hash_bytes(name, strlen(name)));
    *out_group = group;
    return TROUPE_OK;
}

/* Members. */

struct member_key {
    const tr_group *group;
    troupe_ref ref;
};

static bool is_member(const tr_map_node *node, const void *key)
{
    const tr_member *member = TR_CONTAINER_OF_CONST(node, tr_member, by_ref);
    const struct member_key *wanted = key;
    return member->group == wanted->group && troupe_ref_is_same(member->ref, wanted->ref);
}

static uint64_t hash_of(const tr_group *group, troupe_ref ref)
{
    return troupe_ref_hash(ref) ^ tr_hash_bytes(group->name, strlen(group->name));
}

static tr_member *find_member(const tr_groups *groups, const tr_group *group, troupe_ref ref)
{
    const struct member_key key = {.group = group, .ref = ref};
    tr_map_node *node = tr_map_find(&groups->by_ref, hash_of(group, ref), is_member, &key);
    return node != NULL ? TR_CONTAINER_OF(node, tr_member, by_ref) : NULL;
}

/* Of own ones, for the actor. */
static void keep_change(tr_groups *groups, tr_member *member)
{
    tr_list_remove(&member->changed);
    if (!troupe_ref_is_none(groups->actor)) {
        tr_list_push_back(&groups->changed, &member->changed);
    }
}

/* Of one that is in no group any more. */
static void free_member(tr_groups *groups, tr_member *member)
{
    groups->member_count--;
    tr_free(groups->by_name.allocator, member, sizeof *member);
}

static troupe_error make_member(tr_groups *groups, tr_member **out_member)
{
    TR_REQUIRE(groups->member_count < TR_GROUP_MEMBERS_MAX, LIMIT_REACHED);
    const troupe_error error = tr_map_reserve_one(&groups->by_ref);
    if (error) {
        return error;
    }
    *out_member = tr_allocate(groups->by_name.allocator, sizeof **out_member);
    TR_REQUIRE(*out_member != NULL, NO_MEMORY);
    groups->member_count++;
    tr_list_init(&(*out_member)->own);
    tr_list_init(&(*out_member)->changed);
    return TROUPE_OK;
}

static troupe_error join_locked(tr_system *system, const char *name, troupe_ref ref)
{
    tr_groups *groups = &system->groups;
    tr_group *group = NULL;
    troupe_error error = tr_groups_get_locked(groups, name, &group);
    if (error) {
        return error;
    }
    tr_member *member = find_member(groups, group, ref);
    if (member != NULL) {
        member->is_stale = false;
        return TROUPE_OK;
    }
    error = make_member(groups, &member);
    if (error) {
        tr_groups_forget_locked(groups, group);
        return error;
    }
    const unsigned side = side_of(system, ref);
    member->group = group;
    member->ref = ref;
    member->number = ++groups->numbers;
    tr_map_add(&groups->by_ref, &member->by_ref, hash_of(group, ref));
    tr_list_push_back(&group->members[side], &member->in_group);
    group->counts[side]++;
    group->change = ++groups->changes;
    if (side == OWN) {
        tr_list_push_back(&groups->own, &member->own);
        keep_change(groups, member);
    }
    return TROUPE_OK;
}

troupe_error tr_groups_join(tr_system *system, const char *group, troupe_ref ref)
{
    lock(system);
    const troupe_error error = join_locked(system, group, ref);
    unlock(system);
    return error;
}

static void remove_member(tr_system *system, tr_member *member)
{
    tr_groups *groups = &system->groups;
    tr_group *group = member->group;
    const unsigned side = side_of(system, member->ref);
    tr_map_remove(&groups->by_ref, &member->by_ref);
    tr_list_remove(&member->in_group);
    tr_list_remove(&member->own);
    group->counts[side]--;
    group->change = ++groups->changes;
    if (side == OWN && !troupe_ref_is_none(groups->actor)) {
        member->has_left = true;
        group->leaving++;
        keep_change(groups, member);
    } else {
        free_member(groups, member);
        tr_groups_forget_locked(groups, group);
    }
}

bool tr_groups_leave(tr_system *system, const char *name, troupe_ref ref)
{
    lock(system);
    const tr_group *group = tr_groups_find_locked(&system->groups, name);
    tr_member *member = group != NULL ? find_member(&system->groups, group, ref) : NULL;
    if (member != NULL) {
        remove_member(system, member);
    }
    unlock(system);
    return member != NULL;
}

/* Removes of each group those that it says so of. */
static void remove_those(tr_system *system, unsigned side,
                         bool (*goes)(const tr_member *member, const void *context),
                         const void *context)
{
    tr_map *names = &system->groups.by_name;
    lock(system);
    for (tr_map_node *node = tr_map_first(names); node != NULL;) {
        const tr_group *group = TR_CONTAINER_OF(node, tr_group, by_name);
        node = tr_map_next(names, node);
        for (tr_list *at = tr_list_first(&group->members[side]); at != NULL;) {
            tr_member *member = TR_CONTAINER_OF(at, tr_member, in_group);
            const bool is_last = group->counts[OWN] + group->counts[OTHERS] == 1;
            at = tr_list_next(&group->members[side], at);
            if (goes(member, context)) {
                remove_member(system, member); /* and of the last the group */
                at = is_last ? NULL : at;
            }
        }
    }
    unlock(system);
}

static bool is_this(const tr_member *member, const void *context)
{
    return troupe_ref_is_same(member->ref, *(const troupe_ref *) context);
}

void tr_groups_leave_all(tr_system *system, troupe_ref ref)
{
    remove_those(system, side_of(system, ref), is_this, &ref);
}

static bool is_stale_of(const tr_member *member, const void *context)
{
    return member->is_stale && member->ref.node == *(const uint64_t *) context;
}

void tr_groups_drop_stale(tr_system *system, uint64_t node)
{
    remove_those(system, OTHERS, is_stale_of, &node);
}

void tr_groups_doubt(tr_system *system, uint64_t of_node)
{
    tr_map *names = &system->groups.by_name;
    lock(system);
    for (tr_map_node *node = tr_map_first(names); node != NULL; node = tr_map_next(names, node)) {
        const tr_list *others = &TR_CONTAINER_OF(node, tr_group, by_name)->members[OTHERS];
        for (tr_list *at = tr_list_first(others); at != NULL; at = tr_list_next(others, at)) {
            tr_member *member = TR_CONTAINER_OF(at, tr_member, in_group);
            member->is_stale = member->is_stale || member->ref.node == of_node;
        }
    }
    unlock(system);
}

/* Looking. */

/* Those of one side, behind `count` that there are already; how many there are then. */
static size_t list_side(tr_system *system, const tr_list *side, troupe_ref *members, size_t room,
                        size_t count)
{
    for (tr_list *at = tr_list_first(side); at != NULL; at = tr_list_next(side, at)) {
        const tr_member *member = TR_CONTAINER_OF(at, tr_member, in_group);
        if (is_there(system, member)) {
            if (count < room) {
                members[count] = member->ref;
            }
            count++;
        }
    }
    return count;
}

size_t tr_groups_list(tr_system *system, const char *name, troupe_ref *members, size_t room)
{
    size_t count = 0;
    lock(system);
    const tr_group *group = tr_groups_find_locked(&system->groups, name);
    if (group != NULL) {
        count = list_side(system, &group->members[OWN], members, room, 0);
        count = list_side(system, &group->members[OTHERS], members, room, count);
    }
    unlock(system);
    return count;
}

static troupe_ref next_in_turn(tr_system *system, tr_group *group, unsigned side)
{
    for (uint32_t i = 0; i < group->counts[side]; i++) {
        tr_list *first = tr_list_first(&group->members[side]);
        TR_ASSERT(first != NULL);
        const tr_member *member = TR_CONTAINER_OF(first, tr_member, in_group);
        tr_list_remove(first);
        tr_list_push_back(&group->members[side], first);
        if (is_there(system, member)) {
            return member->ref;
        }
    }
    return troupe_ref_none();
}

/* The highest of a hash of member and key: of rendezvous hashing. */
static troupe_ref by_key(tr_system *system, const tr_group *group, uint64_t key)
{
    troupe_ref best = troupe_ref_none();
    uint64_t best_score = 0;
    for (unsigned side = OWN; side <= OTHERS; side++) {
        for (tr_list *at = tr_list_first(&group->members[side]); at != NULL;
             at = tr_list_next(&group->members[side], at)) {
            const tr_member *member = TR_CONTAINER_OF(at, tr_member, in_group);
            const uint64_t score = tr_hash_u64(troupe_ref_hash(member->ref) ^ tr_hash_u64(key));
            if (score >= best_score && is_there(system, member)) {
                best = member->ref;
                best_score = score;
            }
        }
    }
    return best;
}

static troupe_ref pick_locked(tr_system *system, tr_group *group, troupe_group_rule rule,
                              uint64_t key)
{
    if (rule == TROUPE_GROUP_BY_KEY) {
        return by_key(system, group, key);
    }
    const uint32_t count = group->counts[OWN] + group->counts[OTHERS];
    const bool is_others_turn =
        rule == TROUPE_GROUP_IN_TURN && count > 0 && group->turn++ % count >= group->counts[OWN];
    const unsigned first = is_others_turn ? OTHERS : OWN;
    const troupe_ref picked = next_in_turn(system, group, first);
    return troupe_ref_is_none(picked) ? next_in_turn(system, group, OWN + OTHERS - first) : picked;
}

troupe_ref tr_groups_pick(tr_system *system, const char *name, troupe_group_rule rule, uint64_t key)
{
    lock(system);
    tr_group *group = tr_groups_find_locked(&system->groups, name);
    const troupe_ref picked =
        group != NULL ? pick_locked(system, group, rule, key) : troupe_ref_none();
    unlock(system);
    return picked;
}

/* For the actor. */

void tr_groups_set_actor(tr_system *system, troupe_ref actor)
{
    lock(system);
    system->groups.actor = actor;
    system->groups.is_called = false;
    unlock(system);
    tr_group_change changes[8]; /* those that one before has not taken: all is looked at */
    while (tr_groups_take_changes(system, changes, 8) > 0) {}
}

troupe_ref tr_groups_call(tr_system *system)
{
    lock(system);
    const troupe_ref actor = system->groups.is_called ? troupe_ref_none() : system->groups.actor;
    system->groups.is_called = true;
    unlock(system);
    return actor;
}

void tr_groups_call_failed(tr_system *system)
{
    lock(system);
    system->groups.is_called = false;
    unlock(system);
}

static tr_group_change change_of(const tr_member *member)
{
    tr_group_change change = {.ref = member->ref,
                              .monitor = member->monitor,
                              .number = member->number,
                              .has_joined = !member->has_left};
    (void) memcpy(change.group, member->group->name, sizeof change.group);
    return change;
}

size_t tr_groups_take_changes(tr_system *system, tr_group_change *changes, size_t room)
{
    tr_groups *groups = &system->groups;
    size_t count = 0;
    lock(system);
    groups->is_called = false;
    for (tr_list *at = tr_list_first(&groups->changed); at != NULL && count < room;
         at = tr_list_first(&groups->changed)) {
        tr_member *member = TR_CONTAINER_OF(at, tr_member, changed);
        tr_group *group = member->group;
        changes[count++] = change_of(member);
        tr_list_remove(at);
        if (member->has_left) {
            group->leaving--;
            free_member(groups, member);
            tr_groups_forget_locked(groups, group);
        }
    }
    unlock(system);
    return count;
}

size_t tr_groups_own(const tr_system *system, uint64_t after, tr_group_change *members, size_t room)
{
    const tr_groups *groups = &system->groups;
    size_t count = 0;
    lock(system);
    for (tr_list *at = tr_list_first(&groups->own); at != NULL && count < room;
         at = tr_list_next(&groups->own, at)) {
        const tr_member *member = TR_CONTAINER_OF(at, tr_member, own);
        if (member->number > after) {
            members[count++] = change_of(member);
        }
    }
    unlock(system);
    return count;
}

void tr_groups_note_monitor(tr_system *system, const tr_group_change *change,
                            troupe_monitor_id monitor)
{
    lock(system);
    const tr_group *group = tr_groups_find_locked(&system->groups, change->group);
    tr_member *member = group != NULL ? find_member(&system->groups, group, change->ref) : NULL;
    if (member != NULL) {
        member->monitor = monitor;
    }
    unlock(system);
}

/* Life. */

void tr_groups_init(tr_groups *groups, const troupe_allocator *allocator)
{
    *groups = (tr_groups) {0};
    tr_map_init(&groups->by_name, allocator);
    tr_map_init(&groups->by_ref, allocator);
    tr_list_init(&groups->own);
    tr_list_init(&groups->changed);
    tr_list_init(&groups->peers);
}

static void fini_group(tr_groups *groups, tr_group *group)
{
    for (unsigned side = OWN; side <= OTHERS; side++) {
        for (tr_list *at = tr_list_first(&group->members[side]); at != NULL;
             at = tr_list_first(&group->members[side])) {
            tr_member *member = TR_CONTAINER_OF(at, tr_member, in_group);
            tr_list_remove(at);
            tr_map_remove(&groups->by_ref, &member->by_ref);
            free_member(groups, member);
        }
    }
    tr_groups_fini_watchers(groups, group);
    tr_map_remove(&groups->by_name, &group->by_name);
    tr_free(groups->by_name.allocator, group, sizeof *group);
}

void tr_groups_fini(tr_groups *groups)
{
    for (tr_list *at = tr_list_first(&groups->changed); at != NULL;
         at = tr_list_first(&groups->changed)) {
        tr_member *changed = TR_CONTAINER_OF(at, tr_member, changed);
        tr_list_remove(at);
        if (changed->has_left) {
            free_member(groups, changed);
        }
    }
    for (tr_map_node *node = tr_map_first(&groups->by_name); node != NULL;
         node = tr_map_first(&groups->by_name)) {
        fini_group(groups, TR_CONTAINER_OF(node, tr_group, by_name));
    }
    for (tr_list *at = tr_list_first(&groups->peers); at != NULL;
         at = tr_list_first(&groups->peers)) {
        tr_list_remove(at);
        tr_free(groups->by_name.allocator, TR_CONTAINER_OF(at, tr_group_peer, link),
                sizeof(tr_group_peer));
    }
    tr_map_fini(&groups->by_ref);
    tr_map_fini(&groups->by_name);
}
