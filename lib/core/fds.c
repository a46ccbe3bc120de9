/* SPDX-License-Identifier: MIT */
#include "core/fds.h"

#include "base/assert.h"
#include "core/actor.h"
#include "core/worker.h"

typedef struct tr_fd_entry {
    tr_map_node node; /* first */
    tr_list waits;
    int fd;
    uint32_t events; /* that the port was asked for */
} tr_fd_entry;

static const tr_fds_port *port_of(const tr_worker *worker)
{
    return &worker->system->ports.fds;
}

static void *context_of(const tr_worker *worker)
{
    return worker->system->ports.fds.context;
}

static tr_fd_entry *entry_of(tr_map_node *node)
{
    return TR_CONTAINER_OF(node, tr_fd_entry, node);
}

static uint64_t hash_of(int fd)
{
    return tr_hash_u64((uint64_t) fd);
}

static bool is_of(const tr_map_node *node, const void *key)
{
    return TR_CONTAINER_OF_CONST(node, tr_fd_entry, node)->fd == *(const int *) key;
}

static tr_fd_entry *find(const tr_fds *fds, int fd)
{
    tr_map_node *node = tr_map_find(&fds->entries, hash_of(fd), is_of, &fd);
    return node != NULL ? entry_of(node) : NULL;
}

static uint32_t wanted(const tr_fd_entry *entry)
{
    uint32_t events = 0;
    for (const tr_list *at = entry->waits.next; at != &entry->waits; at = at->next) {
        events |= TR_CONTAINER_OF_CONST(at, tr_fd_wait, link)->events;
    }
    return events;
}

static void free_entry(tr_worker *worker, tr_fd_entry *entry)
{
    tr_fds *fds = &worker->fds;
    tr_map_remove(&fds->entries, &entry->node);
    tr_pool_give(&worker->pool, entry);
    if (tr_fds_is_empty(fds)) {
        tr_timers_cancel(&worker->timers, &fds->check);
    }
}

static void unlink_wait(tr_fd_wait *wait)
{
    tr_list_remove(&wait->link);
    wait->actor->extra->fd_waits--;
}

/* All that wait hear that the descriptor is none any more. */
static void end_entry(tr_worker *worker, tr_fd_entry *entry)
{
    while (!tr_list_is_empty(&entry->waits)) {
        tr_fd_wait *wait = TR_CONTAINER_OF(tr_list_first(&entry->waits), tr_fd_wait, link);
        unlink_wait(wait);
        wait->error = TROUPE_ERROR_BAD_ARGUMENT;
        wait->over(worker, wait);
    }
    free_entry(worker, entry);
}

/* Asks for what those that are left want, or for nothing. */
static void settle(tr_worker *worker, tr_fd_entry *entry)
{
    const tr_fds_port *port = port_of(worker);
    if (tr_list_is_empty(&entry->waits)) {
        port->unwatch(context_of(worker), worker, entry->fd);
        free_entry(worker, entry);
        return;
    }
    entry->events = wanted(entry);
    if (port->change(context_of(worker), worker, entry->fd, entry->events) != TROUPE_OK) {
        end_entry(worker, entry);
    }
}

/* Closed descriptors leave the kernel's set unseen: who waited would wait for ever. */
static void check(tr_timer *timer, void *context)
{
    tr_worker *worker = context;
    tr_map *entries = &worker->fds.entries;
    tr_map_node *node = tr_map_first(entries);
    while (node != NULL) {
        tr_map_node *next = tr_map_next(entries, node);
        settle(worker, entry_of(node));
        node = next;
    }
    if (!tr_fds_is_empty(&worker->fds)) {
        tr_timers_start(&worker->timers, timer, worker->now_ns + TR_FDS_CHECK_NS);
    }
}

void tr_fds_init(tr_worker *worker)
{
    tr_map_init(&worker->fds.entries, worker->system->ports.allocator);
    tr_timer_init(&worker->fds.check, check, worker);
}

void tr_fds_fini(tr_worker *worker)
{
    tr_map *entries = &worker->fds.entries;
    for (tr_map_node *node = tr_map_first(entries); node != NULL; node = tr_map_first(entries)) {
        tr_fd_entry *entry = entry_of(node);
        while (!tr_list_is_empty(&entry->waits)) {
            unlink_wait(TR_CONTAINER_OF(tr_list_first(&entry->waits), tr_fd_wait, link));
        }
        free_entry(worker, entry);
    }
    tr_map_fini(entries);
}

static troupe_error add_entry(tr_worker *worker, int fd, uint32_t events, tr_fd_entry **out_entry)
{
    tr_fds *fds = &worker->fds;
    const troupe_error error = tr_map_reserve_one(&fds->entries);
    if (error) {
        return error;
    }
    tr_fd_entry *entry = tr_pool_take(&worker->pool, sizeof *entry);
    TR_REQUIRE(entry != NULL, NO_MEMORY);
    const troupe_error refused = port_of(worker)->watch(context_of(worker), worker, fd, events);
    if (refused) {
        tr_pool_give(&worker->pool, entry);
        return refused;
    }
    if (tr_fds_is_empty(fds)) {
        tr_timers_start(&worker->timers, &fds->check, worker->now_ns + TR_FDS_CHECK_NS);
    }
    entry->fd = fd;
    entry->events = events;
    tr_list_init(&entry->waits);
    tr_map_add(&fds->entries, &entry->node, hash_of(fd));
    *out_entry = entry;
    return TROUPE_OK;
}

troupe_error tr_fds_add(tr_worker *worker, tr_fd_wait *wait)
{
    const tr_fds_port *port = port_of(worker);
    TR_REQUIRE(port->watch != NULL, SYSTEM);
    tr_extra *extra = tr_actor_extra(worker, wait->actor);
    TR_REQUIRE(extra != NULL, NO_MEMORY);
    tr_fd_entry *entry = find(&worker->fds, wait->fd);
    if (entry != NULL) {
        const uint32_t events = entry->events | wait->events;
        if (port->change(context_of(worker), worker, wait->fd, events) == TROUPE_OK) {
            entry->events = events;
        } else { /* what the others wait for was closed, and this is another */
            end_entry(worker, entry);
            entry = NULL;
        }
    }
    if (entry == NULL) {
        const troupe_error error = add_entry(worker, wait->fd, wait->events, &entry);
        if (error) {
            return error;
        }
    }
    tr_list_init(&wait->link);
    tr_list_push_back(&entry->waits, &wait->link);
    extra->fd_waits++;
    return TROUPE_OK;
}

void tr_fds_remove(tr_worker *worker, tr_fd_wait *wait)
{
    if (tr_fd_wait_is_over(wait)) {
        return;
    }
    tr_fd_entry *entry = find(&worker->fds, wait->fd);
    TR_ASSERT(entry != NULL);
    unlink_wait(wait);
    settle(worker, entry);
}

void tr_fds_came(tr_worker *worker, int fd, uint32_t ready)
{
    tr_fd_entry *entry = find(&worker->fds, fd);
    if (entry == NULL) {
        return;
    }
    tr_list *at = tr_list_first(&entry->waits);
    while (at != NULL) {
        tr_list *next = tr_list_next(&entry->waits, at);
        tr_fd_wait *wait = TR_CONTAINER_OF(at, tr_fd_wait, link);
        if ((wait->events & ready) != 0) {
            unlink_wait(wait);
            wait->ready = wait->events & ready;
            wait->over(worker, wait);
        }
        at = next;
    }
    settle(worker, entry);
}

void tr_fds_forget(tr_worker *worker, int fd)
{
    tr_fd_entry *entry = find(&worker->fds, fd);
    if (entry != NULL) {
        port_of(worker)->unwatch(context_of(worker), worker, fd);
        end_entry(worker, entry);
    }
}

bool tr_fds_is_sound(const tr_fds *fds)
{
    for (tr_map_node *node = tr_map_first(&fds->entries); node != NULL;
         node = tr_map_next(&fds->entries, node)) {
        const tr_fd_entry *entry = entry_of(node);
        for (const tr_list *at = entry->waits.next; at != &entry->waits; at = at->next) {
            const tr_fd_wait *wait = TR_CONTAINER_OF_CONST(at, tr_fd_wait, link);
            if (wait->fd != entry->fd || tr_fd_wait_is_over(wait)) {
                return false;
            }
        }
        if (tr_list_is_empty(&entry->waits) || entry->events != wanted(entry)) {
            return false;
        }
    }
    return tr_map_is_sound(&fds->entries) &&
           tr_timer_is_running(&fds->check) == !tr_fds_is_empty(fds);
}
