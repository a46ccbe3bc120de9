/* SPDX-License-Identifier: MIT */
/* What the list of types promises that a node takes in from others. */
#include "core/types.h"

#include <string.h>
#include <troupe/remote.h>

#include "shop.pb-c.h"
#include "support/actors.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

static const troupe_type signal_type = TROUPE_SIGNAL("figure");
static const troupe_type order_type = TROUPE_SIGNAL("shop.Order");

static tr_system *system_of(void **state)
{
    return tr_world_worker(*state, 0)->system;
}

/* Promise: REMOTE-TYPES */
static void finds_each_by_form_and_name(void **state)
{
    tr_system *system = system_of(state);
    assert_ok(tr_types_learn(system, true, &shop__order__descriptor));
    assert_ok(tr_types_learn(system, false, &figure_type));
    assert_ok(tr_types_learn(system, false, &order_type));
    assert_ok(tr_types_learn(system, false, &figure_type));

    assert_ptr_equal(tr_types_find(system, true, "shop.Order", 10), &shop__order__descriptor);
    assert_ptr_equal(tr_types_find(system, false, "shop.Order", 10), &order_type);
    assert_ptr_equal(tr_types_find(system, false, "figures", 6), &figure_type);
    assert_null(tr_types_find(system, false, "figures", 7));
    assert_null(tr_types_find(system, true, "figure", 6));
}

/* Promise: REMOTE-TYPES */
static void has_one_type_of_each_name(void **state)
{
    tr_system *system = system_of(state);
    assert_ok(tr_types_learn(system, false, &figure_type));

    assert_fails(tr_types_learn(system, false, &signal_type), NAME_TAKEN);
}

static troupe_error learns(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    const troupe_type other = {.size = 3, .name = "other"};
    (void) tell(cast, "order", troupe_learn(self, &shop__order__descriptor));
    (void) tell(cast, "none", troupe_learn(self, NULL));
    (void) tell(cast, "figure", troupe_learn_type(self, &figure_type));
    (void) tell(cast, "item", troupe_learn_type(self, &item_type));
    (void) tell(cast, "signal", troupe_learn_type(self, &order_type));
    (void) tell(cast, "other", troupe_learn_type(self, &other));
    return TROUPE_OK;
}

/* Promise: REMOTE-TYPES */
static void is_added_to_by_actors(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = learns, .argument = &cast));

    tr_world_run(*state);

    assert_said(cast.seen, "order OK", "none BAD_ARGUMENT", "figure OK", "item LOCAL_ONLY",
                "signal OK", "other BAD_ARGUMENT");
    assert_ptr_equal(tr_types_find(system_of(state), true, "shop.Order", 10),
                     &shop__order__descriptor);
    drop_probe(&cast.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(finds_each_by_form_and_name),
        WITH_WORLD(has_one_type_of_each_name),
        WITH_WORLD(is_added_to_by_actors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
