/* SPDX-License-Identifier: MIT */
/* Actors that one node spawns for another by a key, and how many of them. */
#include "cluster/nursery.h"

#include "cluster/peer.h"
#include "support/fixtures.h"
#include "support/offers_fixture.h"

/* Promise: REMOTE-SPAWN-KEY */
static void are_one_for_each_key(void **state)
{
    struct wires *wires = *state;
    struct wish wish[4];
    for (unsigned i = 0; i < 4; i++) {
        wish[i] = a_wish(wires, SLOWLY);
        wish[i].key = i < 3 ? 5 : 6;
        wish[i].watches = true;
        if (i != 2) {
            (void) make(wires, &wish[i]);
        }
    }
    wires_run(wires, 40 * MS);
    (void) make(wires, &wish[2]); /* the first are long ready */
    wires_run(wires, 10 * MS);

    assert_int_equal(born, 2);
    for (unsigned i = 0; i < 4; i++) {
        assert_said(wish[i].cast.seen, "spawn OK");
        assert_true(troupe_ref_is_same(wish[i].cast.refs[0], wish[0].cast.refs[0]) == (i < 3));
        probe_clear(wish[i].cast.seen);
    }
    order(wires, 0, wish[0].cast.refs[0], 99);
    for (unsigned i = 0; i < 3; i++) {
        assert_said(wish[i].cast.seen, "down FAILED 2 the one");
    }
    for (unsigned i = 0; i < 4; i++) {
        drop_probe(&wish[i].cast.seen);
    }
}

/* Promise: REMOTE-SPAWN-KEY */
static void are_others_for_another_name(void **state)
{
    struct wires *wires = *state;
    struct wish wish = a_wish(wires, WELL);
    struct wish plain = a_wish(wires, WELL);
    plain.name = "plain";
    wish.key = plain.key = 5;
    (void) make(wires, &wish);
    (void) make(wires, &plain);
    wires_run(wires, 5 * MS);

    assert_int_equal(born, 2);
    assert_false(troupe_ref_is_same(wish.cast.refs[0], plain.cast.refs[0]));
    drop_probe(&wish.cast.seen);
    drop_probe(&plain.cast.seen);
}

/* Promise: REMOTE-SPAWN-TIES */
static void end_with_who_is_linked_to_them_later(void **state)
{
    struct wires *wires = *state;
    struct wish wish = a_wish(wires, WELL);
    struct wish linked = a_wish(wires, WELL);
    wish.key = linked.key = 5;
    linked.link = 1;
    (void) make(wires, &wish);
    wires_run(wires, 5 * MS);
    const troupe_ref spawner = make(wires, &linked);
    wires_run(wires, 5 * MS);
    order(wires, 0, spawner, 99);

    assert_said(there, "born 1", "ends CANCELLED");
    assert_nothing_open(wires);
    drop_probe(&wish.cast.seen);
    drop_probe(&linked.cast.seen);
}

/* Promise: REMOTE-SPAWN-KEY */
static void are_found_again_after_the_connection_was_lost(void **state)
{
    struct wires *wires = *state;
    struct wish wish = a_wish(wires, SLOWLY);
    struct wish again = a_wish(wires, SLOWLY);
    wish.key = again.key = 7;
    (void) make(wires, &wish);
    wires_run(wires, 5 * MS);
    wires_cut(wires, true);
    wires_run(wires, MS);
    assert_said(wish.cast.seen, "spawn NODE_LOST");
    wires_connect(wires);
    (void) make(wires, &again);
    wires_run(wires, 30 * MS);

    assert_said(again.cast.seen, "spawn OK");
    assert_int_equal(born, 1);
    drop_probe(&wish.cast.seen);
    drop_probe(&again.cast.seen);
}

/* An answer for which nothing has to be done costs who asks no more than a word.
 * Promise: REMOTE-HOSTILE */
static void have_so_many_answers_at_most(void **state)
{
    struct wires *wires = *state;
    struct wish wish = a_wish(wires, WELL);
    wish.key = 5;
    (void) make(wires, &wish);
    wires_run(wires, 5 * MS);
    assert_said(wish.cast.seen, "spawn OK");
    probe_clear(wish.cast.seen);

    wires->ends[1].is_stuck = true;
    tr_border *border = &wires->ends[1].border;
    tr_border_peer(border, wires->ends[0].node)->at_once = TR_ANSWERS_AT_ONCE_MAX;
    (void) make(wires, &wish);
    wires_run(wires, 5 * MS);
    assert_int_equal(border->counts.offences, 1);
    wires->ends[1].is_stuck = false;
    wires_run(wires, 5 * MS);
    assert_said(wish.cast.seen, "spawn NODE_LOST");
    drop_probe(&wish.cast.seen);
}

/* Promise: REMOTE-SPAWN-KEY */
static void have_the_same_result_for_a_key_for_so_long(void **state)
{
    struct wires *wires = *state;
    struct wish wish = a_wish(wires, FAILING);
    wish.key = 8;
    for (unsigned i = 0; i < 2; i++) {
        (void) make(wires, &wish);
        wires_run(wires, 5 * MS);
    }
    assert_said(wish.cast.seen, "spawn PROTOCOL", "spawn PROTOCOL");
    assert_int_equal(born, 1);
    tr_world_advance(wires->ends[0].world, TR_SPAWN_KEY_NS);
    tr_world_advance(wires->ends[1].world, TR_SPAWN_KEY_NS);
    (void) make(wires, &wish);
    wires_run(wires, 5 * MS);

    assert_int_equal(born, 2);
    drop_probe(&wish.cast.seen);
}

static troupe_error wishes_for_many(troupe_self *self, void *argument)
{
    struct wish *wish = argument;
    uint32_t made = 0;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK && made < 100) {
        troupe_ref ref;
        error = troupe_spawn_on(self, wish->node,
                                TROUPE_SPAWN_ON(.name = "shop", .type = &figure_type,
                                                .body = &wish->how, .key = made + 1),
                                &ref);
        made += error == TROUPE_ERROR_PROTOCOL ? 1 : 0;
        error = error == TROUPE_ERROR_PROTOCOL ? TROUPE_OK : error;
    }
    probe_say(wish->cast.seen, "%s %d", troupe_error_name(error), made == 100);
    return TROUPE_OK;
}

/* What has not begun has no result that is to be kept. */
static void take_no_key_when_they_have_not_begun(void **state)
{
    struct wires *wires = *state;
    struct wish wish = a_wish(wires, WELL);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = wishes_for_many, .argument = &wish));
    wires_run(wires, 100 * MS);
    assert_said(wish.cast.seen, "OK 1");
    assert_int_equal(wires->ends[1].border.nursery.by_key.count, 0);
    drop_probe(&wish.cast.seen);
}

/* Promise: REMOTE-SPAWN-LIMITS */
static void are_no_more_at_once_than_may_be(void **state)
{
    struct wires *wires = *state;
    static const uint64_t how[] = {NEVER, WELL, WELL, WELL};
    static const char *const said[] = {NULL, "spawn LIMIT_REACHED", "spawn OK",
                                       "spawn LIMIT_REACHED"};
    struct wish wish[4];
    wires->ends[1].border.nursery.under_way_max = 1;
    wires->ends[1].border.nursery.keys_max = 1;
    for (unsigned i = 0; i < 4; i++) {
        wish[i] = a_wish(wires, how[i]);
        wish[i].within_ms = 20;
        wish[i].key = i < 2 ? 0 : i;
        (void) make(wires, &wish[i]);
        wires_run(wires, (i == 1 ? 40 : 5) * MS); /* the first is over */
        if (said[i] != NULL) {
            assert_said(wish[i].cast.seen, said[i]);
        }
    }
    assert_int_equal(born, 2);
    tr_world_advance(wires->ends[0].world, TR_SPAWN_KEY_NS);
    tr_world_advance(wires->ends[1].world, TR_SPAWN_KEY_NS);
    (void) make(wires, &wish[3]); /* there is room for a key again */
    wires_run(wires, 5 * MS);
    assert_int_equal(born, 3);
    for (unsigned i = 0; i < 4; i++) {
        drop_probe(&wish[i].cast.seen);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_OFFERS(are_one_for_each_key),
        WITH_OFFERS(have_so_many_answers_at_most),
        WITH_OFFERS(are_others_for_another_name),
        WITH_OFFERS(end_with_who_is_linked_to_them_later),
        WITH_OFFERS(are_found_again_after_the_connection_was_lost),
        WITH_OFFERS(have_the_same_result_for_a_key_for_so_long),
        WITH_OFFERS(take_no_key_when_they_have_not_begun),
        WITH_OFFERS(are_no_more_at_once_than_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
