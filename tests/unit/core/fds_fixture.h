/* SPDX-License-Identifier: MIT */
/* fds_fixture: descriptors that a test opens, makes ready and closes.
 *
 * Threads: the test's. */
#ifndef TR_TESTS_UNIT_CORE_FDS_FIXTURE_H
#define TR_TESTS_UNIT_CORE_FDS_FIXTURE_H

#include <string.h>
#include <troupe/troupe.h>

#include "core/actor.h"
#include "core/fds.h"
#include "support/probe.h"
#include "support/world_fixture.h"

#define FAKE_FDS 16
#define FAKE_WORKERS 4

/* What the port of a world knows; like the kernel it forgets what is closed. */
struct fake_fds {
    tr_world *world;
    bool is_open[FAKE_FDS];
    uint32_t level[FAKE_FDS]; /* what it is ready for */
    uint32_t asked[FAKE_WORKERS][FAKE_FDS];
    bool is_watched[FAKE_WORKERS][FAKE_FDS];
    uint32_t reports;
    troupe_error refusal; /* of the next watch */
};

static inline troupe_error fake_watch(void *context, tr_worker *worker, int fd, uint32_t events)
{
    struct fake_fds *fake = context;
    if (fake->refusal != TROUPE_OK) {
        return fake->refusal;
    }
    if (fd >= FAKE_FDS || !fake->is_open[fd] || fake->is_watched[worker->index][fd]) {
        return TROUPE_ERROR_BAD_ARGUMENT;
    }
    fake->is_watched[worker->index][fd] = true;
    fake->asked[worker->index][fd] = events;
    return TROUPE_OK;
}

static inline troupe_error fake_change(void *context, tr_worker *worker, int fd, uint32_t events)
{
    struct fake_fds *fake = context;
    if (!fake->is_watched[worker->index][fd]) {
        return TROUPE_ERROR_BAD_ARGUMENT;
    }
    fake->asked[worker->index][fd] = events;
    return TROUPE_OK;
}

static inline void fake_unwatch(void *context, tr_worker *worker, int fd)
{
    struct fake_fds *fake = context;
    fake->is_watched[worker->index][fd] = false;
    fake->asked[worker->index][fd] = 0;
}

static inline troupe_error fake_look(void *context, int fd, uint32_t events, uint32_t *out_events)
{
    const struct fake_fds *fake = context;
    if (fd >= FAKE_FDS || !fake->is_open[fd]) {
        return TROUPE_ERROR_BAD_ARGUMENT;
    }
    *out_events = fake->level[fd] & events;
    return TROUPE_OK;
}

/* A world with all its descriptors open and none ready. */
static inline void fake_open_with(struct fake_fds *fake, const tr_world_options *options,
                                  tr_world *(*make)(const tr_world_options *options))
{
    const tr_fds_port port = {.context = fake,
                              .watch = fake_watch,
                              .change = fake_change,
                              .unwatch = fake_unwatch,
                              .look = fake_look};
    tr_world_options with = *options;
    with.fds = &port;
    memset(fake, 0, sizeof *fake);
    memset(fake->is_open, 1, sizeof fake->is_open);
    fake->world = make(&with);
}

static inline void fake_open(struct fake_fds *fake, const tr_world_options *options)
{
    fake_open_with(fake, options, a_world_of);
}

/* Reports what is ready and was asked for, once; how many reports. */
static inline uint32_t fake_report(struct fake_fds *fake)
{
    uint32_t count = 0;
    for (uint32_t worker = 0; worker < FAKE_WORKERS; worker++) {
        for (int fd = 0; fd < FAKE_FDS; fd++) {
            const uint32_t ready = fake->level[fd] & fake->asked[worker][fd];
            if (ready != 0) {
                fake->asked[worker][fd] = 0;
                tr_worker *told = tr_world_worker(fake->world, worker);
                told->now_ns = tr_world_now_ns(fake->world);
                tr_fds_came(told, fd, ready); /* the world looks at all when it goes on */
                count++;
            }
        }
    }
    fake->reports += count;
    return count;
}

static inline void fake_set(struct fake_fds *fake, int fd, uint32_t level)
{
    fake->level[fd] = level;
    (void) fake_report(fake);
}

/* It is closed, and its number means another from now on. */
static inline void fake_close(struct fake_fds *fake, int fd)
{
    for (uint32_t worker = 0; worker < FAKE_WORKERS; worker++) {
        fake->is_watched[worker][fd] = false;
        fake->asked[worker][fd] = 0;
    }
    fake->level[fd] = 0;
}

/* How many of all workers' are watched. */
static inline uint32_t fake_watched(const struct fake_fds *fake)
{
    uint32_t count = 0;
    for (uint32_t worker = 0; worker < FAKE_WORKERS; worker++) {
        for (int fd = 0; fd < FAKE_FDS; fd++) {
            count += fake->is_watched[worker][fd] ? 1 : 0;
        }
    }
    return count;
}

#endif
