/* SPDX-License-Identifier: MIT */
/* Who is to be told of a change of a group. */
#include "core/groups.h"
#include "core/system.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

/* Promise: GROUPS-EVENTS */
static void tells_each_watcher_of_the_last_change(void **state)
{
    tr_system *system = tr_world_worker(*state, 0)->system;
    const tr_address one = {.slot = 1, .generation = 1};
    const tr_address two = {.slot = 2, .generation = 1};
    const troupe_ref member = {.node = 5, .slot = 1, .generation = 1};
    tr_group_news news = {0};
    assert_ok(tr_groups_watch(system, "x", one));
    assert_ok(tr_groups_watch(system, "y", two));
    assert_true(tr_groups_next_news(system, 0, &news)); /* how it is to begin with */
    assert_true(tr_address_is_same(news.to, one) && news.event.members == 0);
    tr_groups_told(system, &news);
    assert_true(tr_groups_next_news(system, news.watcher, &news));
    assert_true(tr_address_is_same(news.to, two));
    tr_groups_told(system, &news);
    assert_false(tr_groups_next_news(system, 0, &news));

    assert_ok(tr_groups_join(system, "x", member));
    assert_true(tr_groups_next_news(system, 0, &news));
    assert_string_equal(news.event.group, "x");
    assert_int_equal(news.event.members, 1);
    assert_true(tr_groups_leave(system, "x", member)); /* meanwhile */
    tr_groups_told(system, &news);
    assert_true(tr_groups_next_news(system, 0, &news));
    assert_int_equal(news.event.members, 0);
    tr_groups_forget_watcher(system, &news);
    assert_false(tr_groups_next_news(system, 0, &news));
    assert_int_equal(system->groups.by_name.count, 1); /* "x" is nobody's any more */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(tells_each_watcher_of_the_last_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
