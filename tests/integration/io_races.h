/* SPDX-License-Identifier: MIT */
/* io_races: calls on real descriptors, processes and files, in a race with a cancel.
 *
 * An actor makes a call each round in a scope that another task of it cancels; the time of that is
 * drawn near to where calls began to complete, so that both come at once often. Another actor, on
 * the other worker, may help it to complete.
 * Threads: the test's; what has `self` its actor's. */
#ifndef TR_TESTS_INTEGRATION_IO_RACES_H
#define TR_TESTS_INTEGRATION_IO_RACES_H

#include <stdatomic.h>

#include "unit/io/io_fixture.h"

#define ROUNDS 250
#define CANCEL_AFTER_NS_MAX UINT64_C(20000000)
#define SOON TROUPE_WITHIN_S(20)

struct race;

struct race_kind {
    void (*begin)(troupe_self *self, struct race *race);
    void (*prepare)(troupe_self *self, struct race *race); /* each round */
    troupe_error (*attempt)(troupe_self *self, struct race *race);
    void (*settle)(troupe_self *self, struct race *race); /* each round */
    void (*end)(troupe_self *self, struct race *race);
    void (*help)(troupe_self *self, struct race *race); /* in another actor, when it is ordered */
};

struct race {
    const struct race_kind *kind;
    struct scene *scene;
    troupe_ref helper;
    troupe_scope *inner;
    uint64_t cancel_after_ns; /* about */
    uint64_t round;
    uint64_t completed;
    uint64_t ended;
    uint64_t got;
    _Atomic uint64_t made; /* the helper's */
    int near;              /* the pair of sockets; each side's actor has its own and closes it */
    int far;
    int fd;
    int port;
    bool is_done;
    troupe_process process;
    troupe_file *file;
    uint64_t words[ROUNDS + 1];
    const char *_Atomic fault;
};

static inline void expect(struct race *race, bool is_so, const char *what)
{
    const char *none = NULL;
    if (!is_so) {
        (void) atomic_compare_exchange_strong(&race->fault, &none, what);
    }
}

static inline troupe_error cancels(troupe_self *self, void *argument)
{
    struct race *race = argument;
    const uint64_t about_ns = race->cancel_after_ns;
    const uint64_t random = troupe_self_random(self);
    troupe_error error = TROUPE_OK;
    if (about_ns >= 1000) {
        error = troupe_sleep(self, troupe_timeout_of_ns(about_ns / 2 + random % about_ns));
    }
    for (uint64_t i = 0; about_ns < 1000 && i < random % 6 && error == TROUPE_OK; i++) {
        error = troupe_yield(self); /* in a pass of the worker, or a few */
    }
    if (error == TROUPE_OK && race->inner != NULL) {
        return troupe_scope_cancel(self, race->inner, TROUPE_OK, NULL);
    }
    return TROUPE_OK;
}

static inline void note(struct race *race, troupe_error error)
{
    const bool is_ended = error == TROUPE_ERROR_CANCELLED;
    expect(race, error == TROUPE_OK || is_ended, troupe_error_name(error));
    race->completed += is_ended ? 0 : 1;
    race->ended += is_ended ? 1 : 0;
    race->is_done = !is_ended;
    if (is_ended && race->cancel_after_ns < CANCEL_AFTER_NS_MAX) {
        race->cancel_after_ns += race->cancel_after_ns / 8 + 20;
    }
    race->cancel_after_ns -= is_ended ? 0 : race->cancel_after_ns / 8;
}

static inline void attempt(troupe_self *self, struct race *race)
{
    troupe_scope *around = NULL;
    troupe_error error = troupe_scope_enter(self, NULL, &around);
    error = error ? error
                  : troupe_task_start(self, around, TROUPE_TASK(.body = cancels, .argument = race),
                                      NULL);
    error = error ? error : troupe_scope_enter(self, NULL, &race->inner);
    expect(race, error == TROUPE_OK, "no scopes");
    note(race, race->kind->attempt(self, race));
    troupe_scope *inner = race->inner;
    race->inner = NULL;
    (void) troupe_scope_leave(self, &inner);
    (void) troupe_scope_leave(self, &around);
}

static inline void call(void (*part)(troupe_self *self, struct race *race), troupe_self *self,
                        struct race *race)
{
    if (part != NULL) {
        part(self, race);
    }
}

static inline troupe_error plays(troupe_self *self, void *argument)
{
    struct race *race = argument;
    call(race->kind->begin, self, race);
    for (race->round = 1; race->round <= ROUNDS && race->fault == NULL; race->round++) {
        call(race->kind->prepare, self, race);
        if (race->kind->help != NULL) {
            expect(race, send_figure(self, race->helper, race->round) == TROUPE_OK, "no order");
        }
        attempt(self, race);
        call(race->kind->settle, self, race);
    }
    call(race->kind->end, self, race);
    troupe_close_fd(self, race->near);
    probe_say(race->scene->seen, "over");
    return TROUPE_OK;
}

static inline troupe_error helps(troupe_self *self, void *argument)
{
    struct race *race = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        (void) troupe_sleep(self, TROUPE_WITHIN_US(1 + troupe_self_random(self) % 50));
        race->kind->help(self, race);
    }
    troupe_close_fd(self, race->far);
    probe_say(race->scene->seen, "helped");
    return TROUPE_OK;
}

static inline void run(struct scene *scene, const struct race_kind *kind)
{
    static struct race race;
    probe_clear(scene->seen);
    race = (struct race) {.kind = kind,
                          .scene = scene,
                          .cancel_after_ns = 50000,
                          .near = fcntl(scene->near, F_DUPFD_CLOEXEC, 0),
                          .far = kind->help != NULL ? fcntl(scene->far, F_DUPFD_CLOEXEC, 0) : -1,
                          .fd = -1};
    if (kind->help != NULL) {
        assert_ok(troupe_spawn(scene->self,
                               TROUPE_SPAWN(.body = helps, .argument = &race,
                                            .place = TROUPE_PLACE_WORKER, .place_worker = 1),
                               &race.helper));
    }
    troupe_ref ref;
    assert_ok(troupe_spawn_nowait(scene->self,
                                  TROUPE_SPAWN(.body = plays, .argument = &race,
                                               .place = TROUPE_PLACE_WORKER, .place_worker = 0),
                                  &ref));
    assert_true(probe_wait_for(scene->seen, "over"));
    if (race.fault != NULL) {
        fail_msg("round %llu: %s", (unsigned long long) race.round, race.fault);
    }
    assert_true(race.completed > 0 && race.ended > 0);
    if (kind->help != NULL) {
        assert_ok(troupe_stop(scene->self, race.helper));
        assert_true(probe_wait_for(scene->seen, "helped"));
    }
}

#endif
