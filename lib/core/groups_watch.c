/* SPDX-License-Identifier: MIT */
/* Who hears that a group is not as it was. */
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "core/groups.h"
#include "core/system.h"

struct group_watcher {
    tr_list in_group;
    uint64_t number;
    tr_address address;
    uint64_t told;
};

static struct group_watcher *watcher_at(tr_list *at)
{
    return TR_CONTAINER_OF(at, struct group_watcher, in_group);
}

static void forget(tr_groups *groups, struct group_watcher *watcher)
{
    tr_list_remove(&watcher->in_group);
    groups->watcher_count--;
    tr_free(groups->by_name.allocator, watcher, sizeof *watcher);
}

void tr_groups_fini_watchers(tr_groups *groups, tr_group *group)
{
    for (tr_list *at = tr_list_first(&group->watchers); at != NULL;
         at = tr_list_first(&group->watchers)) {
        forget(groups, watcher_at(at));
    }
}

static struct group_watcher *find(const tr_group *group, tr_address address)
{
    for (tr_list *at = tr_list_first(&group->watchers); at != NULL;
         at = tr_list_next(&group->watchers, at)) {
        if (tr_address_is_same(watcher_at(at)->address, address)) {
            return watcher_at(at);
        }
    }
    return NULL;
}

static troupe_error watch_locked(tr_groups *groups, const char *name, tr_address address)
{
    tr_group *group = NULL;
    const troupe_error error = tr_groups_get_locked(groups, name, &group);
    if (error) {
        return error;
    }
    struct group_watcher *watcher = find(group, address);
    if (watcher == NULL) {
        watcher = groups->watcher_count < TR_GROUP_WATCHERS_MAX
                      ? tr_allocate(groups->by_name.allocator, sizeof *watcher)
                      : NULL;
        if (watcher == NULL) {
            tr_groups_forget_locked(groups, group);
            return groups->watcher_count < TR_GROUP_WATCHERS_MAX ? TROUPE_ERROR_NO_MEMORY
                                                                 : TROUPE_ERROR_LIMIT_REACHED;
        }
        watcher->number = ++groups->numbers;
        watcher->address = address;
        tr_list_push_back(&group->watchers, &watcher->in_group);
        groups->watcher_count++;
    }
    watcher->told = UINT64_MAX; /* not yet */
    return TROUPE_OK;
}

troupe_error tr_groups_watch(tr_system *system, const char *group, tr_address watcher)
{
    system->ports.lock(system->ports.context);
    const troupe_error error = watch_locked(&system->groups, group, watcher);
    system->ports.unlock(system->ports.context);
    return error;
}

/* The one with the next number that is to be told. */
static struct group_watcher *next_of(const tr_group *group, uint64_t after)
{
    struct group_watcher *next = NULL;
    for (tr_list *at = tr_list_first(&group->watchers); at != NULL;
         at = tr_list_next(&group->watchers, at)) {
        struct group_watcher *one = watcher_at(at);
        if (one->number > after && one->told != group->change &&
            (next == NULL || one->number < next->number)) {
            next = one;
        }
    }
    return next;
}

bool tr_groups_next_news(const tr_system *system, uint64_t after, tr_group_news *out_news)
{
    const tr_map *names = &system->groups.by_name;
    const struct group_watcher *next = NULL;
    system->ports.lock(system->ports.context);
    for (tr_map_node *node = tr_map_first(names); node != NULL; node = tr_map_next(names, node)) {
        const tr_group *group = TR_CONTAINER_OF(node, tr_group, by_name);
        const struct group_watcher *one = next_of(group, after);
        if (one != NULL && (next == NULL || one->number < next->number)) {
            next = one;
            *out_news = (tr_group_news) {.watcher = one->number,
                                         .to = one->address,
                                         .change = group->change,
                                         .event = {.members = group->counts[0] + group->counts[1]}};
            memcpy(out_news->event.group, group->name, sizeof group->name);
        }
    }
    system->ports.unlock(system->ports.context);
    return next != NULL;
}

static struct group_watcher *find_told(const tr_groups *groups, const tr_group_news *news,
                                       tr_group **out_group)
{
    *out_group = tr_groups_find_locked(groups, news->event.group);
    struct group_watcher *watcher = *out_group != NULL ? find(*out_group, news->to) : NULL;
    return watcher != NULL && watcher->number == news->watcher ? watcher : NULL;
}

void tr_groups_told(tr_system *system, const tr_group_news *news)
{
    tr_group *group = NULL;
    system->ports.lock(system->ports.context);
    struct group_watcher *watcher = find_told(&system->groups, news, &group);
    if (watcher != NULL) {
        watcher->told = news->change;
    }
    system->ports.unlock(system->ports.context);
}

void tr_groups_forget_watcher(tr_system *system, const tr_group_news *news)
{
    tr_group *group = NULL;
    system->ports.lock(system->ports.context);
    struct group_watcher *watcher = find_told(&system->groups, news, &group);
    if (watcher != NULL) {
        forget(&system->groups, watcher);
        tr_groups_forget_locked(&system->groups, group);
    }
    system->ports.unlock(system->ports.context);
}
