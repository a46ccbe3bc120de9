/* SPDX-License-Identifier: MIT */
/* What a node says that it spawns for others. */
#include "core/offers.h"

#include <string.h>
#include <troupe/remote.h>

#include "core/types.h"
#include "shop.pb-c.h"
#include "support/actors.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

static tr_system *system_of(void **state)
{
    return tr_world_worker(*state, 0)->system;
}

static troupe_error offers(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    const troupe_accept figure = {.type = &figure_type};
    const troupe_accept item = {.type = &item_type};
    const troupe_accept order = {.protobuf = &shop__order__descriptor};
    char long_name[TR_NAME_MAX + 2];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    const troupe_spawn_options *plain = TROUPE_SPAWN(.body = play_idle);
    (void) tell(cast, "one", troupe_offer(self, "one", plain, &figure));
    (void) tell(cast, "again", troupe_offer(self, "one", plain, &figure));
    (void) tell(cast, "argument", troupe_offer(self, "one", plain, &order));
    (void) tell(cast, "body",
                troupe_offer(self, "one", TROUPE_SPAWN(.body = play_doubler), &figure));
    (void) tell(cast, "two", troupe_offer(self, "two", plain, NULL));
    (void) tell(cast, "packed", troupe_offer(self, "three", plain, &item));
    (void) tell(cast, "long", troupe_offer(self, long_name, plain, NULL));
    (void) tell(cast, "named",
                troupe_offer(self, "four", TROUPE_SPAWN(.body = play_idle, .name = "x"), NULL));
    (void) tell(cast, "linked",
                troupe_offer(self, "four", TROUPE_SPAWN(.body = play_idle, .link = 1), NULL));
    return tell(cast, "none", troupe_offer(self, "four", TROUPE_SPAWN(.link = 0), NULL));
}

/* Promise: REMOTE-OFFER */
static void are_one_for_each_name(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = play_idle)); /* so that there is a node */
    const tr_system *system = system_of(state);
    assert_null(tr_offers_find(system, "one"));
    const troupe_spawn_options options = *TROUPE_SPAWN(.body = offers, .argument = &cast);
    troupe_ref ref;
    (void) tr_world_spawn(*state, &options, &ref); /* its last error */
    tr_world_run(*state);

    assert_said(cast.seen, "one OK", "again OK", "argument NAME_TAKEN", "body NAME_TAKEN", "two OK",
                "packed LOCAL_ONLY", "long BAD_ARGUMENT", "named BAD_ARGUMENT",
                "linked BAD_ARGUMENT", "none BAD_ARGUMENT");
    const tr_offer *one = tr_offers_find(system, "one");
    assert_non_null(one);
    assert_ptr_equal(one->options.body, play_idle);
    assert_ptr_equal(one->argument.type, &figure_type);
    assert_int_equal(one->options.place, TROUPE_PLACE_ANY);
    assert_ptr_equal(tr_types_find(system, false, "figure", 6), &figure_type);
    assert_non_null(tr_offers_find(system, "two"));
    assert_null(tr_offers_find(system, "three"));
    assert_null(tr_offers_find(system, "four"));
    drop_probe(&cast.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD_OF_TWO(are_one_for_each_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
