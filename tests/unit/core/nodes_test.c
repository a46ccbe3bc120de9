/* SPDX-License-Identifier: MIT */
/* The list of nodes by itself: labels, what is forgotten, and what is news to whom. */
#include "core/nodes.h"

#include <string.h>

#include "core/system.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

static tr_system *system_of(tr_world *world)
{
    return tr_world_worker(world, 0)->system;
}

static void labels_are_words(void **state)
{
    (void) state;
    static const char *const good[] = {"", "ssd", "rack=a,disk=ssd", "a=", "zone=eu/1:2,_x.y-z"};
    static const char *const bad[] = {",", "a,", ",a", "a,,b", "=a", "a b", "a=b=c", "a;b", "\n"};
    char line[TROUPE_NODE_LABELS_SIZE + 1];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(tr_nodes_are_labels(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(tr_nodes_are_labels(bad[i]));
    }
    memset(line, 'x', sizeof line);
    line[TROUPE_NODE_LABELS_SIZE] = '\0';
    assert_false(tr_nodes_are_labels(line));
    line[TROUPE_NODE_LABELS_SIZE - 1] = '\0';
    assert_true(tr_nodes_are_labels(line));

    const troupe_node_info info = {.labels = "rack=a,ssd,gpu"};
    assert_true(troupe_node_has_label(&info, "rack=a") && troupe_node_has_label(&info, "ssd") &&
                troupe_node_has_label(&info, "gpu"));
    assert_false(troupe_node_has_label(&info, "rack") || troupe_node_has_label(&info, "sd") ||
                 troupe_node_has_label(&info, "") || troupe_node_has_label(&info, "gpu,ssd"));
    assert_string_equal(troupe_node_state_name(TROUPE_NODE_CUT), "cut");
}

static void counts_what_becomes_of_a_node(void **state)
{
    tr_system *system = system_of(*state);
    troupe_node_info info;
    tr_nodes_name(system, 7, "seven", "x");
    assert_int_equal(tr_nodes_list(system, &info, 1), 0); /* never connected */
    assert_true(tr_nodes_note(system, 7, TROUPE_NODE_CONNECTED));
    assert_false(tr_nodes_note(system, 7, TROUPE_NODE_CONNECTED));
    assert_true(tr_nodes_note(system, 7, TROUPE_NODE_SUSPECTED));
    assert_true(tr_nodes_note(system, 7, TROUPE_NODE_CUT));
    assert_true(tr_nodes_note(system, 7, TROUPE_NODE_CONNECTED));
    assert_true(tr_nodes_note(system, 7, TROUPE_NODE_LOST));
    assert_true(tr_nodes_note(system, 7, TROUPE_NODE_CONNECTED));
    assert_true(tr_nodes_note(system, 7, TROUPE_NODE_LEFT));
    assert_false(tr_nodes_note(system, 7, TROUPE_NODE_LOST)); /* it is over for good */
    assert_false(tr_nodes_note(system, 8, TROUPE_NODE_LOST)); /* nobody */
    assert_int_equal(tr_nodes_list(system, &info, 1), 1);
    assert_int_equal(info.connections, 2);
    assert_int_equal(info.losses, 1);
    assert_int_equal(info.cuts, 1);
    assert_int_equal(info.suspicions, 1);
    char title[TR_NODE_TITLE_SIZE];
    tr_nodes_write_title(system, 7, title);
    assert_string_equal(title, "seven (7)");
    tr_nodes_write_title(system, 255, title);
    assert_string_equal(title, "ff");
}

/* Promise: NODES-BOUND */
static void forgets_those_that_are_over_first(void **state)
{
    tr_system *system = system_of(*state);
    tr_known_node *held = tr_nodes_hold(system, 1);
    assert_non_null(held);
    tr_nodes_name(system, 1, "one", "");
    tr_nodes_release(system, tr_nodes_hold(system, 1)); /* somebody else, for a moment */
    tr_nodes_name(system, 2, "over", "");
    (void) tr_nodes_note(system, 2, TROUPE_NODE_CONNECTED);
    for (uint64_t i = 3; i <= TR_KNOWN_NODES_MAX; i++) {
        tr_nodes_name(system, i, "up", "");
        (void) tr_nodes_note(system, i, TROUPE_NODE_CONNECTED);
    }
    assert_null(tr_nodes_hold(system, 100000)); /* full of those that are up */
    (void) tr_nodes_note(system, 2, TROUPE_NODE_LEFT);
    tr_nodes_name(system, 100000, "new", "");
    assert_true(tr_nodes_note(system, 100000, TROUPE_NODE_CONNECTED));
    assert_true(tr_nodes_find(system, "new") == 100000);
    assert_false(tr_nodes_note(system, 2, TROUPE_NODE_CONNECTED)); /* forgotten */
    char title[TR_NODE_TITLE_SIZE];
    tr_nodes_write_title(system, 1, title);
    assert_string_equal(title, "one (1)"); /* still there */
    tr_nodes_release(system, held);
}

static void newest_of_a_name_is_found(void **state)
{
    tr_system *system = system_of(*state);
    tr_nodes_name(system, 20, "x", "");
    tr_nodes_name(system, 10, "x", "");
    (void) tr_nodes_note(system, 20, TROUPE_NODE_CONNECTED);
    assert_true(tr_nodes_find(system, "x") == 20);
    (void) tr_nodes_note(system, 10, TROUPE_NODE_CONNECTED);
    assert_true(tr_nodes_find(system, "x") == 10);
    (void) tr_nodes_note(system, 20, TROUPE_NODE_SUSPECTED);
    assert_true(tr_nodes_find(system, "x") == 10);
    (void) tr_nodes_note(system, 10, TROUPE_NODE_CUT);
    assert_true(tr_nodes_find(system, "x") == 20);
}

static void news_are_in_the_order_of_the_last_changes(void **state)
{
    tr_system *system = system_of(*state);
    const tr_address nobody = system->guardian; /* somebody who lives */
    tr_node_news news = {0};
    for (uint64_t i = 1; i <= 3; i++) {
        tr_nodes_name(system, i, "n", "");
        (void) tr_nodes_note(system, i, TROUPE_NODE_CONNECTED);
    }
    (void) tr_nodes_note(system, 3, TROUPE_NODE_LOST); /* before anybody watches */
    assert_ok(tr_nodes_watch(system, nobody));
    (void) tr_nodes_note(system, 1, TROUPE_NODE_CUT);
    (void) tr_nodes_note(system, 1, TROUPE_NODE_CONNECTED);
    assert_true(tr_nodes_next_news(system, 0, &news));
    assert_int_equal(news.event.node.node, 2);
    assert_true(tr_nodes_next_news(system, 0, &news)); /* as it was not told */
    assert_int_equal(news.event.node.node, 2);
    assert_false(tr_nodes_next_news(system, news.watcher + 1, &news));
    tr_nodes_told(system, &news);
    assert_true(tr_nodes_next_news(system, 0, &news));
    assert_int_equal(news.event.node.node, 1); /* once, though it has changed twice */
    tr_nodes_told(system, &news);
    assert_false(tr_nodes_next_news(system, 0, &news));
    (void) tr_nodes_note(system, 2, TROUPE_NODE_LOST);
    assert_true(tr_nodes_next_news(system, 0, &news)); /* it was not lost before */
    assert_true(tr_nodes_unwatch(system, nobody));
    assert_false(tr_nodes_unwatch(system, nobody));
    assert_false(tr_nodes_next_news(system, 0, &news));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_words),
        WITH_WORLD(counts_what_becomes_of_a_node),
        WITH_WORLD(forgets_those_that_are_over_first),
        WITH_WORLD(newest_of_a_name_is_found),
        WITH_WORLD(news_are_in_the_order_of_the_last_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
