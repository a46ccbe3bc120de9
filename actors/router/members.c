/* SPDX-License-Identifier: MIT */
#include "members.h"

#include <stdlib.h>
#include <string.h>
#include <troupe/statistics.h>

troupe_error members_init(struct members *members, uint32_t capacity)
{
    *members = (struct members) {.list = calloc(capacity, sizeof(struct member))};
    if (members->list == NULL) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    members->capacity = capacity;
    return TROUPE_OK;
}

void members_fini(struct members *members)
{
    free(members->list);
    *members = (struct members) {0};
}

static struct member *find_ref(const struct members *members, troupe_ref ref)
{
    for (uint32_t i = 0; i < members->count; i++) {
        if (troupe_ref_is_same(members->list[i].ref, ref)) {
            return &members->list[i];
        }
    }
    return NULL;
}

static struct member *find_id(const struct members *members, uint64_t id)
{
    for (uint32_t i = 0; i < members->count; i++) {
        if (members->list[i].id == id) {
            return &members->list[i];
        }
    }
    return NULL;
}

troupe_error members_join(troupe_self *self, struct members *members, troupe_ref ref, uint64_t id)
{
    if (find_ref(members, ref) != NULL) {
        return TROUPE_OK;
    }
    id = id != 0 ? id : troupe_ref_hash(ref);
    struct member *place = find_id(members, id);
    if (place == NULL && members->count == members->capacity) {
        return TROUPE_ERROR_LIMIT_REACHED;
    }
    troupe_monitor_id monitor;
    const troupe_error error = troupe_monitor(self, ref, &monitor);
    if (error) {
        return error;
    }
    if (place != NULL) {
        (void) troupe_demonitor(self, place->monitor);
    } else {
        place = &members->list[members->count++];
    }
    *place = (struct member) {.ref = ref, .id = id, .monitor = monitor};
    return TROUPE_OK;
}

void members_leave(troupe_self *self, struct members *members, troupe_ref ref)
{
    struct member *member = find_ref(members, ref);
    if (member == NULL) {
        return;
    }
    (void) troupe_demonitor(self, member->monitor); /* gone if this is its DOWN */
    const uint32_t index = (uint32_t) (member - members->list);
    members->count--;
    memmove(member, member + 1, (members->count - index) * sizeof *member);
    members->next -= members->next > index ? 1 : 0;
}

const struct member *members_take_turn(struct members *members)
{
    const uint32_t index = members->next % members->count;
    members->next = (index + 1) % members->count;
    return &members->list[index];
}

const struct member *members_least_loaded(troupe_self *self, struct members *members)
{
    const uint32_t first = members->next % members->count;
    uint32_t best = first;
    uint32_t least = UINT32_MAX;
    for (uint32_t i = 0; i < members->count && least > 0; i++) {
        const uint32_t index = (first + i) % members->count;
        uint32_t depth = 0;
        uint32_t capacity = 0;
        if (troupe_self_depth(self, members->list[index].ref, &depth, &capacity) == TROUPE_OK &&
            depth < least) {
            best = index;
            least = depth;
        }
    }
    members->next = (best + 1) % members->count;
    return &members->list[best];
}

/* The finishing step of splitmix64, by Sebastiano Vigna, in the public domain. */
static uint64_t mix(uint64_t number)
{
    number = (number ^ (number >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    number = (number ^ (number >> 27)) * UINT64_C(0x94d049bb133111eb);
    return number ^ (number >> 31);
}

/* Highest random weight (D. Thaler and C. Ravishankar, 1996): each member draws for each key, and
 * the highest has it; who joins or leaves changes nothing between the others. */
const struct member *members_by_key(const struct members *members, uint64_t key)
{
    const struct member *best = NULL;
    uint64_t highest = 0;
    for (uint32_t i = 0; i < members->count; i++) {
        const uint64_t weight =
            mix(mix(members->list[i].id) + mix(key ^ UINT64_C(0x9e3779b97f4a7c15)));
        if (best == NULL || weight > highest) {
            best = &members->list[i];
            highest = weight;
        }
    }
    return best;
}
