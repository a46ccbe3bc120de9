/* SPDX-License-Identifier: MIT */
#include "simulation/monitor_checker.h"

#include <troupe/link.h>

#include "base/memory.h"

struct key {
    tr_address owner;
    uint64_t id;
};

struct monitor {
    tr_map_node node;
    struct key key;
    tr_address watched;
    tr_list link; /* with the watched, or among those owed */
    bool is_told; /* the DOWN was sent */
};

static bool is_monitor(const tr_map_node *node, const void *key)
{
    const struct monitor *monitor = TR_CONTAINER_OF_CONST(node, struct monitor, node);
    const struct key *wanted = key;
    return monitor->key.id == wanted->id && tr_address_is_same(monitor->key.owner, wanted->owner);
}

static uint64_t hash_of(const struct key *key)
{
    return tr_hash_u64(((uint64_t) key->owner.generation << 32 | key->owner.slot) ^
                       tr_hash_u64(key->id));
}

static struct monitor *find(const tr_monitor_checker *check, tr_address owner, uint64_t id)
{
    const struct key key = {owner, id};
    tr_map_node *node = tr_map_find(&check->monitors, hash_of(&key), is_monitor, &key);
    return node != NULL ? TR_CONTAINER_OF(node, struct monitor, node) : NULL;
}

static void forget(tr_monitor_checker *check, struct monitor *monitor)
{
    if (monitor != NULL) {
        tr_list_remove(&monitor->link);
        tr_map_remove(&check->monitors, &monitor->node);
        tr_free(tr_allocator_default(), monitor, sizeof *monitor);
    }
}

static void find_fault(const tr_monitor_checker *check, tr_address owner, tr_address watched,
                       const char *what)
{
    char owners[TR_TITLE_SIZE];
    char watcheds[TR_TITLE_SIZE];
    tr_title_print(check->system, owner, owners, sizeof owners);
    tr_title_print(check->system, watched, watcheds, sizeof watcheds);
    tr_finding_note(check->finding, "%s watches %s, which has ended, and %s", owners, watcheds,
                    what);
}

static void made(tr_monitor_checker *check, const troupe_message *entry, const tr_actor *spawned)
{
    const struct key key = {entry->sender, entry->correlation};
    struct monitor *monitor = tr_map_reserve_one(&check->monitors) == TROUPE_OK
                                  ? tr_allocate(tr_allocator_default(), sizeof *monitor)
                                  : NULL;
    if (monitor == NULL) {
        check->finding->is_blind = true;
        return;
    }
    monitor->key = key;
    monitor->watched = entry->receiver;
    tr_list_init(&monitor->link);
    tr_map_add(&check->monitors, &monitor->node, hash_of(&key));
    tr_seen_actor *watched = spawned != NULL
                                 ? tr_actor_checker_get(check->actors, spawned)
                                 : tr_actor_checker_find(check->actors, entry->receiver);
    tr_list_push_back(watched != NULL && !watched->has_ended ? &watched->watched_by : &check->owed,
                      &monitor->link);
}

static void down(const tr_monitor_checker *check, const troupe_message *down)
{
    if (down->type == &troupe_exit_type) {
        return; /* of a link */
    }
    struct monitor *monitor = find(check, down->receiver, down->correlation);
    if (monitor == NULL) {
        return; /* it has been undone, and the watched had not heard of that */
    }
    if (monitor->is_told) {
        find_fault(check, monitor->key.owner, monitor->watched, "was sent two DOWNs");
    }
    monitor->is_told = true;
    tr_list_remove(&monitor->link);
}

static void ended(tr_monitor_checker *check, tr_address address)
{
    tr_seen_actor *seen = tr_actor_checker_find(check->actors, address);
    for (tr_list *link = seen != NULL ? tr_list_pop_front(&seen->watched_by) : NULL; link != NULL;
         link = tr_list_pop_front(&seen->watched_by)) {
        tr_list_push_back(&check->owed, link);
    }
}

void tr_monitor_checker_hear(tr_monitor_checker *check, const tr_told *told)
{
    switch ((unsigned) told->tale) {
    case TR_TALE_MONITOR_MADE:
        made(check, told->message, told->actor);
        break;
    case TR_TALE_MONITOR_OVER:
        forget(check, find(check, told->actor->address, told->number));
        break;
    case TR_TALE_DOWN:
        down(check, told->message);
        break;
    case TR_TALE_ACTOR_ENDED:
        ended(check, told->actor->address);
        break;
    default:
        break;
    }
}

void tr_monitor_checker_rest(tr_monitor_checker *check)
{
    const tr_list *first = tr_list_first(&check->owed);
    if (first != NULL) {
        const struct monitor *monitor = TR_CONTAINER_OF_CONST(first, struct monitor, link);
        find_fault(check, monitor->key.owner, monitor->watched, "was sent no DOWN");
    }
}

void tr_monitor_checker_init(tr_monitor_checker *check, const tr_system *system,
                             tr_actor_checker *actors, tr_finding *finding)
{
    *check = (tr_monitor_checker) {.system = system, .actors = actors, .finding = finding};
    tr_map_init(&check->monitors, tr_allocator_default());
    tr_list_init(&check->owed);
}

void tr_monitor_checker_fini(tr_monitor_checker *check)
{
    for (tr_map_node *node = tr_map_first(&check->monitors); node != NULL;
         node = tr_map_first(&check->monitors)) {
        forget(check, TR_CONTAINER_OF(node, struct monitor, node));
    }
    tr_map_fini(&check->monitors);
}
