/* SPDX-License-Identifier: MIT */
/* What an actor knows of itself, and whom it can stop. */
#include <string.h>

#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)

static troupe_error knows_itself(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    const uint64_t now_ns = troupe_self_now_ns(self);
    probe_say(cast->seen, "worker %d", (int) troupe_self_worker(self));
    probe_say(cast->seen, troupe_ref_is_none(troupe_self_parent(self)) ? "root" : "child");
    probe_say(cast->seen, troupe_self_node(self) == NULL ? "no node" : "node");
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(3));
    probe_say(cast->seen, "%d ms later", (int) ((troupe_self_now_ns(self) - now_ns) / MS));
    return error;
}

static troupe_error has_child(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_ref ref;
    const troupe_error error =
        troupe_spawn(self,
                     TROUPE_SPAWN(.body = knows_itself, .argument = argument,
                                  .place = TROUPE_PLACE_WORKER, .place_worker = 1),
                     &ref);
    probe_say(cast->seen, troupe_ref_is_same(ref, troupe_self_ref(self)) ? "one" : "two");
    return error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(100));
}

static void is_known_to_itself(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = has_child, .argument = &cast));
    tr_world_advance(*state, 1000 * MS);
    assert_int_equal(probe_count(cast.seen), 5);
    assert_int_equal(probe_count_of(cast.seen, "worker 1"), 1);
    assert_int_equal(probe_count_of(cast.seen, "child"), 1);
    assert_int_equal(probe_count_of(cast.seen, "two"), 1);
    assert_int_equal(probe_count_of(cast.seen, "3 ms later"), 1);
    drop_probe(&cast.seen);
}

static troupe_error draws(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    cast->number = troupe_self_random(self);
    cast->count = troupe_self_random(self);
    return TROUPE_OK;
}

/* Promise: ACTOR-RANDOM */
static void draws_numbers_from_the_seed(void **state)
{
    (void) state;
    struct cast casts[3] = {{0}};
    for (unsigned i = 0; i < 3; i++) {
        tr_world *world = a_world(i == 2 ? 8 : 7, 1);
        (void) a_root(world, TROUPE_SPAWN(.body = draws, .argument = &casts[i]));
        drop_world(&world);
    }
    assert_int_equal(casts[0].number, casts[1].number);
    assert_int_equal(casts[0].count, casts[1].count);
    assert_int_not_equal(casts[0].number, casts[2].number);
    assert_int_not_equal(casts[0].number, casts[0].count);
}

static troupe_error stops_others(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_ref ref;
    troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.body = play_idle), &ref);
    (void) tell(cast, "live", troupe_stop(self, ref));
    (void) tell(cast, "again", troupe_stop(self, ref));
    (void) tell(cast, "cancel too", troupe_cancel(self, ref));
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(10));
    (void) tell(cast, "ended", troupe_stop(self, ref));
    (void) tell(cast, "ended", troupe_cancel(self, ref));
    (void) tell(cast, "ended", send_figure(self, ref, 1));
    (void) tell(cast, "ended", ask_figure(self, ref, 1, TROUPE_FOREVER, NULL));
    ref.generation += 7;
    (void) tell(cast, "never was", troupe_stop(self, ref));
    ref.slot = UINT32_MAX;
    (void) tell(cast, "cannot be", troupe_stop(self, ref));
    (void) tell(cast, "cannot be", send_figure(self, ref, 1));
    ref.node++;
    (void) tell(cast, "of another node", troupe_stop(self, ref));
    (void) tell(cast, "nobody", troupe_stop(self, troupe_ref_none()));
    (void) tell(cast, "nobody", troupe_cancel(self, troupe_ref_none()));
    (void) tell(cast, "no self", troupe_stop(NULL, ref));
    (void) tell(cast, "no self", troupe_cancel(NULL, ref));
    return error;
}

/* Promise: ACTOR-STALE */
static void tells_the_ended_from_those_who_never_were(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = stops_others, .argument = &cast));
    tr_world_advance(*state, 1000 * MS);
    assert_said(cast.seen, "live OK", "again OK", "cancel too OK", "ended STALE", "ended STALE",
                "ended STALE", "ended STALE", "never was NO_SUCH_ACTOR", "cannot be NO_SUCH_ACTOR",
                "cannot be NO_SUCH_ACTOR", "of another node STALE", "nobody BAD_ARGUMENT",
                "nobody BAD_ARGUMENT", "no self BAD_ARGUMENT", "no self BAD_ARGUMENT");
    drop_probe(&cast.seen);
}

static troupe_error explains(troupe_self *self, void *argument)
{
    (void) argument;
    (void) troupe_fail(self, TROUPE_ERROR_SYSTEM, "not this one");
    return troupe_fail(self, TROUPE_ERROR_SYSTEM, "cannot open '%s' %d times", "till.txt", 3);
}

/* Promise: ACTOR-FAIL */
static void says_in_the_log_why_it_failed(void **state)
{
    (void) state;
    struct probe *lines = a_probe();
    const troupe_log log = log_of(lines);
    troupe_ref ref;
    tr_world *world = a_world_of(&(const tr_world_options) {.log = &log});
    assert_fails(tr_world_spawn(world, TROUPE_SPAWN(.body = explains, .name = "clerk"), &ref),
                 SYSTEM);
    assert_int_equal(probe_count(lines), 1);
    assert_non_null(strstr(probe_line(lines, 0), "'clerk'"));
    assert_non_null(strstr(probe_line(lines, 0), "cannot open 'till.txt' 3 times"));
    assert_int_equal(troupe_fail(NULL, TROUPE_ERROR_SYSTEM, "nobody"), TROUPE_ERROR_SYSTEM);
    drop_world(&world);
    drop_probe(&lines);
}

static void is_nobody_without_self(void **state)
{
    (void) state;
    assert_true(troupe_ref_is_none(troupe_self_ref(NULL)));
    assert_true(troupe_ref_is_none(troupe_self_parent(NULL)));
    assert_null(troupe_self_node(NULL));
    assert_int_equal(troupe_self_worker(NULL), 0);
    assert_int_equal(troupe_self_now_ns(NULL), 0);
    assert_int_equal(troupe_self_random(NULL), 0);
    assert_fails(troupe_become(NULL, NULL), BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD_OF_TWO(is_known_to_itself),
        cmocka_unit_test(draws_numbers_from_the_seed),
        WITH_WORLD(tells_the_ended_from_those_who_never_were),
        cmocka_unit_test(says_in_the_log_why_it_failed),
        cmocka_unit_test(is_nobody_without_self),
    };
    return cmocka_run_group_tests_name("self", tests, NULL, NULL);
}
