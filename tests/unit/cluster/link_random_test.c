/* SPDX-License-Identifier: MIT */
/* What links between nodes promise whatever the wire does: each is ended once, and nothing is left
 * of it. */
#include "cluster/peer.h"
#include "core/actor.h"
#include "support/actors.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/wire_fixture.h"

enum {
    MEMBERS = 10 /* of both nodes, in turn */
};

struct scene;

/* An actor that traps exits; it links, unlinks and fails as chance has it. */
struct member {
    struct scene *scene;
    uint32_t index;
    troupe_ref self;
    bool has_ended;
    /* With each other: links made by this one, undone by this one, exits told. */
    uint32_t made[MEMBERS];
    uint32_t undone[MEMBERS];
    uint32_t told[MEMBERS];
};

struct scene {
    struct wires *wires;
    tr_random chance;
    struct member members[MEMBERS];
    uint32_t strange; /* exits of nobody */
    bool is_over;
};

static uint32_t draw(struct scene *scene, uint32_t limit)
{
    return (uint32_t) tr_random_below(&scene->chance, limit);
}

/* Of two of different nodes one makes all their links, so that it is known how many stand. */
static bool is_maker(uint32_t index, uint32_t other)
{
    return (index + other) % 2 == 1 && ((index * other) % 3 == 0) == (index < other);
}

/* And one undoes them, who may be the other. */
static bool undoes(uint32_t index, uint32_t other)
{
    return is_maker(index, other) ? (index + other) % 3 > 0
                                  : is_maker(other, index) && (index + other) % 3 == 0;
}

static troupe_error act(troupe_self *self, struct member *member)
{
    struct scene *scene = member->scene;
    const uint32_t other = draw(scene, MEMBERS);
    const troupe_ref ref = scene->members[other].self;
    if (draw(scene, 100) == 0) {
        return TROUPE_ERROR_FAILED;
    }
    if (undoes(member->index, other) && draw(scene, 4) == 0) {
        member->undone[other] += troupe_unlink(self, ref) ? 1 : 0;
    } else if (!is_maker(member->index, other)) {
        return TROUPE_OK;
    } else if (member->made[other] == member->told[other] + member->undone[other]) {
        member->made[other] += troupe_link(self, ref) == TROUPE_OK ? 1 : 0;
    } else if (undoes(member->index, other)) {
        return troupe_link(self, ref); /* again: nothing happens */
    }
    return TROUPE_OK;
}

static void note_exit(struct member *member, const troupe_message *message)
{
    const troupe_down *exit = troupe_message_struct(message, &troupe_exit_type);
    uint32_t other = 0;
    while (exit != NULL && other < MEMBERS &&
           !troupe_ref_is_same(member->scene->members[other].self, exit->actor)) {
        other++;
    }
    if (exit == NULL || other == MEMBERS || exit->reason == TROUPE_OK) {
        member->scene->strange++;
    } else {
        member->told[other]++;
    }
}

static troupe_error joins(troupe_self *self, void *argument)
{
    struct member *member = argument;
    struct scene *scene = member->scene;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        const uint32_t us = 300 + 300 * draw(scene, 8);
        error = troupe_receive(self, &message, TROUPE_WITHIN_US(us));
        if (error == TROUPE_OK) {
            note_exit(member, message);
        } else if (error == TROUPE_ERROR_TIMED_OUT) {
            error = scene->is_over ? TROUPE_OK : act(self, member);
        }
    }
    member->has_ended = error != TROUPE_ERROR_STOPPING;
    return error;
}

static void set_the_scene(struct scene *scene, uint64_t seed)
{
    struct wires *wires = some_wires(seed, 1 + (uint32_t) (seed % 3));
    *scene = (struct scene) {.wires = wires};
    tr_random_seed(&scene->chance, seed);
    wires->delay_ns_max = UINT64_C(100000) * (seed % 5);
    wires->lose_percent = seed % 4 == 1 ? 10 : 0;
    wires->repeat_percent = seed % 3 == 1 ? 10 : 0;
    wires->refuse_percent = seed % 5 == 2 ? 50 : 0;
    wires->may_overtake = seed % 6 == 3;
    for (uint32_t i = 0; i < MEMBERS; i++) {
        struct member *member = &scene->members[i];
        member->scene = scene;
        member->index = i;
        member->self = wires_root(wires, i % 2,
                                  TROUPE_SPAWN(.body = joins, .argument = member, .trap_exits = 1,
                                               .place = TROUPE_PLACE_ANY));
    }
}

/* Nothing of a link is left with those who live, nor between the nodes. */
static void assert_no_link_left(const struct scene *scene)
{
    for (uint32_t i = 0; i < MEMBERS; i++) {
        const struct member *member = &scene->members[i];
        const struct wire_end *end = &scene->wires->ends[i % 2];
        const tr_slot *slot = &wires_system(scene->wires, i % 2)->slots.table[member->self.slot];
        const tr_actor *actor = atomic_load(&slot->actor);
        if (!member->has_ended) {
            assert_null(actor->watchers);
            assert_true(actor->extra == NULL || actor->extra->monitors.count == 0);
        }
        const tr_peer *peer = tr_border_peer(&end->border, scene->wires->ends[1 - i % 2].node);
        const tr_actor *carrier = tr_peer_actor(peer, peer->carrier);
        assert_int_equal(peer->numbers.own.count + peer->numbers.theirs.count, 0);
        assert_true(carrier->extra == NULL || carrier->extra->monitors.count == 0);
    }
}

/* Links that a living maker has, as far as it can know; at most, if the other undoes them. */
static uint32_t left_of(const struct member *maker, uint32_t other)
{
    return maker->made[other] - maker->undone[other];
}

static void assert_each_was_told(const struct scene *scene, bool is_calm)
{
    uint32_t told = 0;
    for (uint32_t i = 0; i < MEMBERS; i++) {
        for (uint32_t j = 0; j < MEMBERS; j++) {
            const struct member *maker = &scene->members[i];
            const struct member *other = &scene->members[j];
            if (!is_maker(i, j)) {
                continue;
            }
            if (!maker->has_ended) {
                assert_in_range(maker->told[j], left_of(maker, j) - other->undone[i],
                                left_of(maker, j));
            }
            /* One whose word was lost the other has not heard of. */
            assert_in_range(other->told[i], 0, maker->made[j] - other->undone[i]);
            if (is_calm && !other->has_ended && maker->undone[j] + other->undone[i] == 0) {
                assert_int_equal(other->told[i], maker->made[j]);
            }
            told += other->told[i] + maker->told[j];
        }
    }
    assert_true(told > 0);
}

/* Where nothing is lost: those whose partners have ended were told, and what stands stands. */
static void assert_what_stands(const struct scene *scene)
{
    uint32_t standing = 0;
    size_t open[2] = {0, 0};
    for (uint32_t i = 0; i < MEMBERS; i++) {
        for (uint32_t j = 0; j < MEMBERS; j++) {
            const struct member *maker = &scene->members[i];
            const struct member *other = &scene->members[j];
            const uint32_t left = left_of(maker, j) - other->undone[i];
            if (!is_maker(i, j)) {
                continue;
            }
            if (maker->has_ended && !other->has_ended && maker->undone[j] == 0) {
                assert_int_equal(other->told[i], left);
            }
            standing += maker->has_ended || other->has_ended ? 0 : left - maker->told[j];
        }
    }
    for (uint32_t i = 0; i < 2; i++) {
        const struct wire_end *ends = scene->wires->ends;
        const tr_peer *peer = tr_border_peer(&ends[i].border, ends[1 - i].node);
        open[0] += peer->numbers.own.count;
        open[1] += peer->numbers.theirs.count;
    }
    assert_int_equal(open[0], standing);
    assert_int_equal(open[1], standing);
}

static void play(uint64_t seed, void *context)
{
    (void) context;
    static struct scene scene;
    set_the_scene(&scene, seed);
    struct wires *wires = scene.wires;
    const bool is_calm = seed % 2 == 0 && wires->lose_percent == 0 && !wires->may_overtake;
    for (uint32_t i = 0; i < 40; i++) {
        wires_run(wires, 2 * MS);
        if (!is_calm && tr_random_chance(&wires->random, 1, 8)) {
            wires_cut(wires, tr_random_chance(&wires->random, 1, 2));
            wires_run(wires, tr_random_below(&wires->random, 3) * MS);
            wires_connect(wires);
        }
    }
    scene.is_over = true;
    wires_run(wires, 10 * MS);
    if (is_calm) {
        assert_what_stands(&scene);
    }
    wires_cut(wires, true); /* what still stands ends */
    wires_run(wires, 10 * MS);

    assert_int_equal(scene.strange, 0);
    assert_each_was_told(&scene, is_calm);
    assert_no_link_left(&scene);
    drop_wires(&wires);
}

/* Promise: REMOTE-LINK-CHAOS */
static void end_once_and_leave_nothing_whatever_the_wire_does(void **state)
{
    (void) state;
    for_each_seed(120, play, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(end_once_and_leave_nothing_whatever_the_wire_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
