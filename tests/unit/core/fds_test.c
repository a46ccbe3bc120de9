/* SPDX-License-Identifier: MIT */
/* Many actors on several workers wait for few descriptors that become ready, are closed and opened
 * at random moments, while some are cancelled and stopped: each wait ends once, with a reason
 * that it can have. In virtual time, over seeds. */
#include "core/fds.h"

#include "support/cast.h"
#include "unit/core/fds_fixture.h"

#define MS UINT64_C(1000000)
#define ACTORS 24
#define WAITS 12
#define STEPS 120

struct waiter {
    struct fake_fds *fake;
    uint64_t seed;
    uint32_t begun;
    uint32_t ended;
    uint32_t wrong;
    bool is_bound; /* each wait has a deadline */
    bool is_signalled;
    troupe_ref ref;
};

static bool is_possible(const struct waiter *waiter, uint32_t events, troupe_error error,
                        uint32_t ready)
{
    if (error == TROUPE_OK) {
        return ready != 0 && (ready & ~events) == 0;
    }
    if (error == TROUPE_ERROR_CANCELLED || error == TROUPE_ERROR_STOPPING) {
        return waiter->is_signalled;
    }
    if (error == TROUPE_ERROR_TIMED_OUT) {
        return waiter->is_bound;
    }
    return error == TROUPE_ERROR_BAD_ARGUMENT || (SHAKES && error == TROUPE_ERROR_NO_MEMORY);
}

static troupe_error play_waiter(troupe_self *self, void *argument)
{
    struct waiter *waiter = argument;
    tr_random random;
    tr_random_seed(&random, waiter->seed);
    for (uint32_t i = 0; i < WAITS; i++) {
        const uint32_t events = 1 + (uint32_t) tr_random_below(&random, 3);
        const int fd = (int) tr_random_below(&random, 4);
        const uint64_t ns = tr_random_below(&random, 3 * MS);
        uint32_t ready = 0;
        waiter->begun++;
        const troupe_error error = troupe_wait_fd(
            self, fd, events, waiter->is_bound ? troupe_timeout_of(ns, 1) : TROUPE_FOREVER, &ready);
        waiter->ended++;
        waiter->wrong += is_possible(waiter, events, error, ready) ? 0 : 1;
    }
    return TROUPE_OK;
}

static void signal_one(struct waiter *waiters, tr_world *world, tr_random *random)
{
    struct waiter *waiter = &waiters[tr_random_below(random, ACTORS)];
    const tr_address address = {.slot = waiter->ref.slot, .generation = waiter->ref.generation};
    waiter->is_signalled = true;
    const uint32_t bit = tr_random_chance(random, 1, 2) ? TR_SIGNAL_CANCEL : TR_SIGNAL_STOP;
    /* Refused if it has ended. */
    (void) tr_actor_signal(tr_world_worker(world, 0), address, bit);
}

static void disturb(struct fake_fds *fake, struct waiter *waiters, tr_random *random)
{
    const int fd = (int) tr_random_below(random, 4);
    switch (tr_random_below(random, 8)) {
    case 0:
        fake_close(fake, fd);
        break;
    case 1:
        signal_one(waiters, fake->world, random);
        break;
    case 2:
        fake->level[fd] = 0;
        break;
    default:
        fake_set(fake, fd, (uint32_t) tr_random_below(random, 4));
    }
    tr_world_advance(fake->world, tr_random_below(random, 2 * MS));
    for (uint32_t i = 0; i < tr_world_worker_count(fake->world); i++) {
        assert_true(tr_fds_is_sound(&tr_world_worker(fake->world, i)->fds));
    }
}

static void run(uint64_t seed, void *context)
{
    (void) context;
    static struct fake_fds fake;
    struct waiter waiters[ACTORS] = {{0}};
    tr_random random;
    tr_random_seed(&random, seed);
    fake_open_with(&fake,
                   &(const tr_world_options) {.seed = seed,
                                              .workers = 3,
                                              .delay_ns_max = MS,
                                              .moves_percent = (uint32_t) (seed % 10)},
                   a_shaken_world_of);
    for (unsigned i = 0; i < ACTORS; i++) {
        waiters[i].fake = &fake;
        waiters[i].seed = tr_random_next(&random);
        waiters[i].is_bound = i % 2 == 0;
        waiters[i].ref =
            a_root(fake.world, TROUPE_SPAWN(.body = play_waiter, .argument = &waiters[i],
                                            .place = TROUPE_PLACE_ANY));
    }
    for (unsigned i = 0; i < STEPS; i++) {
        disturb(&fake, waiters, &random);
    }
    tr_world_advance(fake.world, TR_FDS_CHECK_NS); /* those of closed ones hear of it */
    for (unsigned i = 0; i < ACTORS; i++) {
        waiters[i].is_signalled = true;
    }
    for (int fd = 0; fd < FAKE_FDS; fd++) {
        fake_set(&fake, fd, 3); /* so that who writes comes to its end */
    }
    for (unsigned i = 0; i < 2 * WAITS; i++) {
        tr_world_advance(fake.world, MS);
        (void) fake_report(&fake);
    }
    drop_world(&fake.world);
    assert_int_equal(fake_watched(&fake), 0);
    for (unsigned i = 0; i < ACTORS; i++) {
        assert_int_equal(waiters[i].begun, waiters[i].ended);
        assert_int_equal(waiters[i].ended, WAITS);
        assert_int_equal(waiters[i].wrong, 0);
    }
}

/* Promise: FD-READY, FD-CANCEL-SAFE, FD-CLOSED, FD-MOVES */
static void ends_each_wait_once_with_a_reason(void **state)
{
    (void) state;
    for_each_seed(300, run, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_each_wait_once_with_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
