/* SPDX-License-Identifier: MIT */
/* What spawns between nodes promise whatever the wire does: one actor for each key, one DOWN for
 * each monitor, and nobody is left whom nobody knows. */
#include <string.h>
#include <troupe/remote.h>

#include "cluster/peer.h"
#include "core/actor.h"
#include "support/actors.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/wire_fixture.h"

enum {
    KEYS = 5,
    WISHERS = 4, /* of both nodes, in turn */
    WISHES = 30,
    NO_KEY = 1000 /* and above: no key */
};

struct scene;

struct wisher {
    struct scene *scene;
    uint32_t index;
    uint32_t given;   /* by spawns without a key */
    uint32_t watched; /* by spawns that succeeded */
    uint32_t downs;
    bool is_done;
};

/* Of the actors that one node spawns. */
struct cradle {
    uint32_t born[KEYS + 1]; /* with each key; 0: without */
    uint32_t living;         /* without a key, and ready */
    troupe_ref given[KEYS + 1];
};

static struct scene {
    struct wires *wires;
    tr_random chance;
    struct wisher wishers[WISHERS];
    struct cradle cradles[2];
    uint32_t wrong; /* another actor for the same key */
} scene;

static uint32_t draw(uint32_t limit)
{
    return (uint32_t) tr_random_below(&scene.chance, limit);
}

/* Its argument is its key. */
static troupe_error lives(troupe_self *self, void *argument)
{
    const uint64_t figure = *(const uint64_t *) argument;
    const uint32_t key = figure < NO_KEY ? (uint32_t) figure : 0;
    struct cradle *cradle =
        &scene.cradles[troupe_self_node_id(self) == scene.wires->ends[1].node ? 1 : 0];
    cradle->born[key]++;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_US(1 + 100 * draw(20)));
    if (error || draw(8) == 0) {
        return error ? error : TROUPE_ERROR_FAILED; /* it does not start */
    }
    troupe_ready(self);
    cradle->living += key == 0 ? 1 : 0;
    error = troupe_sleep(self, key != 0 && draw(2) == 0 ? TROUPE_WITHIN_MS(10) : TROUPE_FOREVER);
    cradle->living -= key == 0 ? 1 : 0;
    return error;
}

static troupe_error offers(troupe_self *self, void *argument)
{
    (void) argument;
    const troupe_accept figure = {.type = &figure_type};
    return troupe_offer(self, "it",
                        TROUPE_SPAWN(.body = lives, .ready_when = TROUPE_READY_WHEN_SAID), &figure);
}

static void note_given(struct wisher *wisher, uint32_t key, troupe_ref ref)
{
    troupe_ref *given = &scene.cradles[1 - wisher->index % 2].given[key];
    if (key == 0) {
        wisher->given++;
    } else if (troupe_ref_is_none(*given)) {
        *given = ref;
    } else {
        scene.wrong += troupe_ref_is_same(*given, ref) ? 0 : 1;
    }
}

static troupe_error take_downs(troupe_self *self, struct wisher *wisher, troupe_timeout timeout)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while ((error = troupe_receive(self, &message, timeout)) == TROUPE_OK) {
        wisher->downs += troupe_message_is(message, &troupe_down_type) ? 1 : 0;
    }
    return error == TROUPE_ERROR_TIMED_OUT ? TROUPE_OK : error;
}

static troupe_error wishes(troupe_self *self, void *argument)
{
    struct wisher *wisher = argument;
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; i < WISHES && error == TROUPE_OK; i++) {
        const uint32_t key = draw(KEYS + 1);
        const uint64_t figure = key != 0 ? key : NO_KEY;
        const bool watches = draw(2) == 0;
        troupe_monitor_id id;
        troupe_ref ref;
        const troupe_error made = troupe_spawn_on(
            self, scene.wires->ends[1 - wisher->index % 2].node,
            TROUPE_SPAWN_ON(.name = "it", .type = &figure_type, .body = &figure, .key = key,
                            .timeout = TROUPE_WITHIN_US(500 + 500 * draw(6)), .link = draw(4) == 0,
                            .out_monitor = watches ? &id : NULL),
            &ref);
        if (made == TROUPE_OK) {
            note_given(wisher, key, ref);
            wisher->watched += watches ? 1 : 0;
        }
        error = take_downs(self, wisher, TROUPE_WITHIN_US(1 + 100 * draw(10)));
    }
    wisher->is_done = true;
    return error ? error : take_downs(self, wisher, TROUPE_FOREVER);
}

static void set_the_scene(uint64_t seed)
{
    struct wires *wires = some_wires(seed, 1 + (uint32_t) (seed % 3));
    memset(&scene, 0, sizeof scene);
    scene.wires = wires;
    tr_random_seed(&scene.chance, seed);
    wires->delay_ns_max = UINT64_C(100000) * (seed % 5);
    wires->lose_percent = seed % 4 == 1 ? 10 : 0;
    wires->repeat_percent = seed % 3 == 1 ? 10 : 0;
    wires->refuse_percent = seed % 5 == 2 ? 50 : 0;
    wires->may_overtake = seed % 6 == 3;
    for (uint32_t i = 0; i < 2; i++) {
        (void) wires_root(wires, i, TROUPE_SPAWN(.body = offers));
    }
    for (uint32_t i = 0; i < WISHERS; i++) {
        struct wisher *wisher = &scene.wishers[i];
        wisher->scene = &scene;
        wisher->index = i;
        (void) wires_root(wires, i % 2,
                          TROUPE_SPAWN(.body = wishes, .argument = wisher, .trap_exits = 1,
                                       .place = TROUPE_PLACE_ANY));
    }
}

static bool are_done(void)
{
    bool are_all = true;
    for (uint32_t i = 0; i < WISHERS; i++) {
        are_all = are_all && scene.wishers[i].is_done;
    }
    return are_all;
}

static void assert_one_for_each_key(bool is_calm)
{
    uint32_t ready = 0;
    uint32_t given = 0;
    for (uint32_t i = 0; i < 2; i++) {
        for (uint32_t key = 1; key <= KEYS; key++) {
            assert_in_range(scene.cradles[i].born[key], 0, 1);
        }
        ready += scene.cradles[i].living;
    }
    for (uint32_t i = 0; i < WISHERS; i++) {
        given += scene.wishers[i].given;
    }
    assert_int_equal(scene.wrong, 0);
    if (is_calm) {
        assert_int_equal(ready, given); /* whom nobody knows is gone */
        assert_true(given > 0);
    }
}

static void assert_nothing_open(void)
{
    for (uint32_t i = 0; i < 2; i++) {
        const tr_border *border = &scene.wires->ends[i].border;
        const tr_peer *peer = tr_border_peer(border, scene.wires->ends[1 - i].node);
        const tr_actor *carrier = tr_peer_actor(peer, peer->carrier);
        assert_int_equal(peer->numbers.own.count + peer->numbers.theirs.count, 0);
        assert_true(carrier->extra == NULL || carrier->extra->monitors.count == 0);
        assert_int_equal(border->nursery.under_way_count, 0);
    }
}

static void play(uint64_t seed, void *context)
{
    (void) context;
    set_the_scene(seed);
    struct wires *wires = scene.wires;
    const bool is_calm = seed % 2 == 0 && wires->lose_percent == 0 && !wires->may_overtake;
    for (uint32_t i = 0; i < 1000 && !are_done(); i++) {
        wires_run(wires, 2 * MS);
        if (!is_calm && tr_random_chance(&wires->random, 1, 8)) {
            wires_cut(wires, tr_random_chance(&wires->random, 1, 2));
            wires_run(wires, tr_random_below(&wires->random, 3) * MS);
            wires_connect(wires);
        }
    }
    assert_true(are_done());
    wires_run(wires, 20 * MS);
    assert_one_for_each_key(is_calm);
    wires_cut(wires, true);
    wires_run(wires, 20 * MS);
    for (uint32_t i = 0; i < WISHERS; i++) {
        assert_int_equal(scene.wishers[i].downs, scene.wishers[i].watched);
    }
    assert_nothing_open();
    drop_wires(&wires);
}

/* Promise: REMOTE-SPAWN-CHAOS */
static void give_one_actor_for_each_key_whatever_the_wire_does(void **state)
{
    (void) state;
    for_each_seed(120, play, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(give_one_actor_for_each_key_whatever_the_wire_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
