/* SPDX-License-Identifier: MIT */
#include "node/descriptors.h"

#include "core/fds.h"

void tr_descriptors_init(tr_descriptors *descriptors, const troupe_allocator *allocator,
                         tr_waiter *waiter)
{
    *descriptors = (tr_descriptors) {.allocator = allocator, .waiter = waiter};
}

void tr_descriptors_fini(tr_descriptors *descriptors)
{
    tr_poller_destroy(&descriptors->poller);
}

static troupe_error make_poller(tr_descriptors *descriptors)
{
    tr_poller *poller = NULL;
    troupe_error error = tr_poller_create(descriptors->allocator, &poller);
    if (!error) {
        error =
            tr_waiter_add(descriptors->waiter, tr_poller_fd(poller), TR_WAITER_READ, descriptors);
    }
    if (error) {
        tr_poller_destroy(&poller);
        return error;
    }
    descriptors->poller = poller;
    return TROUPE_OK;
}

troupe_error tr_descriptors_watch(tr_descriptors *descriptors, int fd, uint32_t events)
{
    const troupe_error error = descriptors->poller == NULL ? make_poller(descriptors) : TROUPE_OK;
    return error ? error : tr_poller_add(descriptors->poller, fd, events);
}

troupe_error tr_descriptors_change(tr_descriptors *descriptors, int fd, uint32_t events)
{
    return tr_poller_change(descriptors->poller, fd, events);
}

void tr_descriptors_unwatch(tr_descriptors *descriptors, int fd)
{
    tr_poller_remove(descriptors->poller, fd);
}

bool tr_descriptors_look(tr_descriptors *descriptors, tr_worker *worker)
{
    if (descriptors->poller == NULL) {
        return false;
    }
    /* Also where nobody waits: what is reported of one that was closed wants to be taken. */
    descriptors->looked_ns = worker->now_ns;
    const tr_poller_event *events = NULL;
    const uint32_t count = tr_poller_look(descriptors->poller, &events);
    for (uint32_t i = 0; i < count; i++) {
        tr_fds_came(worker, events[i].fd, events[i].ready);
    }
    return count > 0;
}

bool tr_descriptors_are_ready(const tr_descriptors *descriptors)
{
    return descriptors->poller != NULL && tr_poller_is_ready(descriptors->poller);
}
