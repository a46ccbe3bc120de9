/* SPDX-License-Identifier: MIT */
/* What an address promises: nothing sent to an actor that has ended reaches the one that has its
 * place now. */
#include "support/actors.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

struct succession {
    struct cast cast;
    troupe_ref old;
    troupe_ref heir;
    uint64_t sent;
    uint64_t got;
    uint64_t same_places;
};

static troupe_error ends_soon(troupe_self *self, void *argument)
{
    (void) argument;
    return troupe_sleep(self, TROUPE_WITHIN_US(100 + troupe_self_random(self) % 3000));
}

static troupe_error inherits(troupe_self *self, void *argument)
{
    struct succession *succession = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    while (error == TROUPE_OK) {
        succession->got++;
        error = troupe_receive(self, &message, TROUPE_FOREVER);
    }
    return error;
}

/* Has a child, and another soon after that one has ended. */
static troupe_error begets(troupe_self *self, void *argument)
{
    struct succession *succession = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_monitor_id monitor;
    troupe_error error = troupe_spawn_nowait(
        self, TROUPE_SPAWN(.body = ends_soon, .mailbox_capacity = 1024), &succession->old);
    error = error ? error : troupe_monitor(self, succession->old, &monitor);
    error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_US(troupe_self_random(self) % 4000));
    error = error
                ? error
                : troupe_spawn_nowait(self, TROUPE_SPAWN(.body = inherits, .argument = succession),
                                      &succession->heir);
    succession->same_places += succession->heir.slot == succession->old.slot ? 1 : 0;
    return error ? error : play_sleeper(self, NULL);
}

/* Goes on sending until it is told that nobody is there; then tries all else. */
static troupe_error sends_on(troupe_self *self, void *argument)
{
    struct succession *succession = argument;
    const struct cast *cast = &succession->cast;
    troupe_monitor_id monitor;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        succession->sent++;
        error = send_figure(self, succession->old, 1);
        error = error ? error : troupe_sleep(self, TROUPE_WITHIN_US(30));
    }
    succession->sent--;
    (void) troupe_sleep(self, TROUPE_WITHIN_MS(5)); /* the heir is there */
    (void) tell(cast, "sent", send_figure(self, succession->old, 1));
    (void) tell(cast, "asked", ask_figure(self, succession->old, 1, TROUPE_WITHIN_S(1), NULL));
    (void) tell(cast, "stopped", troupe_stop(self, succession->old));
    (void) tell(cast, "cancelled", troupe_cancel(self, succession->old));
    (void) tell(cast, "watched", troupe_monitor(self, succession->old, &monitor));
    return play_listener(self, &succession->cast);
}

static void run_succession(uint64_t seed, void *context)
{
    struct succession *all = context;
    struct succession succession = {.cast = {.seen = a_probe()}};
    tr_world *world = a_world(seed, 2);
    (void) a_root(world, TROUPE_SPAWN(.body = begets, .argument = &succession,
                                      .place = TROUPE_PLACE_WORKER, .place_worker = 1));
    (void) a_root(world, TROUPE_SPAWN(.body = sends_on, .argument = &succession));
    tr_world_advance(world, 100 * MS);

    assert_said(succession.cast.seen, "sent STALE", "asked STALE", "stopped STALE",
                "cancelled STALE", "watched OK", "down STALE");
    troupe_counts counts;
    tr_world_counts(world, &counts);
    assert_int_equal(succession.got, 0);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_DEAD_LETTER], succession.sent);
    assert_false(troupe_ref_is_none(succession.heir));
    assert_int_equal(depth_of(world, succession.heir), 0);
    all->same_places += succession.same_places;
    all->sent += succession.sent;
    drop_world(&world);
    drop_probe(&succession.cast.seen);
}

/* Promise: REF-SUCCESSOR */
static void gets_nothing_that_was_sent_to_who_had_its_place(void **state)
{
    (void) state;
    struct succession all = {.sent = 0};
    for_each_seed(100, run_succession, &all);
    assert_true(all.same_places > 20); /* it was the same slot, with another generation */
    assert_true(all.sent > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gets_nothing_that_was_sent_to_who_had_its_place),
    };
    return cmocka_run_group_tests_name("successor", tests, NULL, NULL);
}
