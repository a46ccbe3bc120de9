/* SPDX-License-Identifier: MIT */
/* What names promise: one live actor each, from the spawn until before anyone hears of the end. */
#include "core/names.h"

#include <string.h>

#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

static void say_lookup(troupe_self *self, const struct cast *cast, const char *name,
                       troupe_ref expected)
{
    troupe_ref found = troupe_ref_none();
    const troupe_error error = troupe_lookup(self, name, &found);
    probe_say(cast->seen, "%s %s", troupe_error_name(error),
              troupe_ref_is_same(found, expected) ? "same" : "other");
}

static troupe_error looks_up(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_ref ref = troupe_ref_none();
    troupe_ref second;
    troupe_monitor_id monitor;
    say_lookup(self, cast, "clerk", ref);
    troupe_error error = troupe_spawn(
        self, TROUPE_SPAWN(.body = play_idle, .name = "clerk", .place = TROUPE_PLACE_ANY), &ref);
    say_lookup(self, cast, "clerk", ref);
    (void) tell(cast, "again",
                troupe_spawn(self, TROUPE_SPAWN(.body = play_idle, .name = "clerk"), &second));
    error = error ? error : troupe_monitor(self, ref, &monitor);
    error = error ? error : troupe_stop(self, ref);
    error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER); /* its DOWN */
    say_lookup(self, cast, "clerk", ref);
    (void) tell(cast, "again",
                troupe_spawn(self, TROUPE_SPAWN(.body = play_idle, .name = "clerk"), &second));
    say_lookup(self, cast, "clerk", second);
    return error;
}

static void run_lookup(uint64_t seed, void *context)
{
    (void) context;
    struct cast cast = {.seen = a_probe()};
    tr_world *world = a_world(seed, 1 + (uint32_t) (seed % 3));
    (void) a_root(world, TROUPE_SPAWN(.body = looks_up, .argument = &cast));
    tr_world_advance(world, UINT64_C(1000000000));
    assert_said(cast.seen, "NO_SUCH_ACTOR same", "OK same", "again NAME_TAKEN",
                "NO_SUCH_ACTOR other", "again OK", "OK same");
    drop_world(&world);
    drop_probe(&cast.seen);
}

/* Promise: NAME-LOOKUP, NAME-TAKEN, NAME-GONE */
static void are_found_taken_and_gone_before_the_down(void **state)
{
    (void) state;
    for_each_seed(100, run_lookup, NULL);
}

static troupe_error gives_bad_arguments(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_ref ref;
    (void) tell(cast, "no name", troupe_lookup(self, NULL, &ref));
    (void) tell(cast, "nowhere", troupe_lookup(self, "clerk", NULL));
    (void) tell(cast, "no self", troupe_lookup(NULL, "clerk", &ref));
    (void) tell(cast, "empty", troupe_lookup(self, "", &ref));
    return TROUPE_OK;
}

static void refuse_bad_arguments(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = gives_bad_arguments, .argument = &cast));
    assert_said(cast.seen, "no name BAD_ARGUMENT", "nowhere BAD_ARGUMENT", "no self BAD_ARGUMENT",
                "empty NO_SUCH_ACTOR");
    drop_probe(&cast.seen);
}

static void may_have_sixty_three_bytes(void **state)
{
    tr_system *system = tr_world_worker(*state, 0)->system;
    char longest[TR_NAME_MAX + 2] = {0};
    memset(longest, 'x', TR_NAME_MAX);
    tr_name *name = NULL;
    tr_address found = {0};

    assert_ok(tr_names_add(system, longest, (tr_address) {.slot = 9, .generation = 2}, &name));
    assert_ok(tr_names_find(system, longest, &found));
    assert_int_equal(found.slot, 9);
    tr_names_remove(system, &name);
    assert_null(name);
    tr_names_remove(system, &name); /* takes none */
    longest[TR_NAME_MAX] = 'x';
    assert_fails(tr_names_add(system, longest, found, &name), BAD_ARGUMENT);
    assert_fails(tr_names_add(system, "", found, &name), BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_found_taken_and_gone_before_the_down),
        WITH_WORLD(refuse_bad_arguments),
        WITH_WORLD(may_have_sixty_three_bytes),
    };
    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
