/* SPDX-License-Identifier: MIT */
/* Passes that stop in the middle: they go on where they stopped, and nothing is lost by it. */
#include "simulation/passes.h"

#include <troupe/troupe.h>

#include "support/fixtures.h"
#include "support/world_fixture.h"

enum {
    WORDS = 20
};

struct scene {
    tr_random random;
    bool may_stop;
    uint32_t heard;
    troupe_ref listener;
};

static const troupe_type word_type = TROUPE_SIGNAL("word");

static bool may_stop(void *context)
{
    return ((const struct scene *) context)->may_stop;
}

static troupe_error listens(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        scene->heard++;
    }
    return TROUPE_OK;
}

static troupe_error speaks(troupe_self *self, void *argument)
{
    const struct scene *scene = argument;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_US(1));
    for (int i = 0; i < WORDS && error == TROUPE_OK; i++) {
        error = troupe_send_struct(self, scene->listener, &word_type, NULL);
    }
    return error;
}

/* A world of one worker whose speaker is about to speak, and passes for it that always stop. */
static tr_world *set_up(struct scene *scene, tr_passes **out_passes)
{
    tr_world *world = a_world(1, 1);
    *scene = (struct scene) {.may_stop = true};
    tr_random_seed(&scene->random, 1);
    scene->listener =
        a_root(world, TROUPE_SPAWN(.body = listens, .argument = scene, .mailbox_capacity = WORDS));
    (void) a_root(world, TROUPE_SPAWN(.body = speaks, .argument = scene));
    assert_ok(tr_passes_create(&(const tr_passes_options) {.random = &scene->random,
                                                           .may_stop = may_stop,
                                                           .context = scene,
                                                           .workers_max = 1,
                                                           .stop_percent = 99},
                               out_passes));
    tr_world_spend(world, 2000);
    return world;
}

#define return_without_chances()                                                                   \
    do {                                                                                           \
        if (!tr_passes_can_stop()) {                                                               \
            return; /* nothing of it is in this build */                                           \
        }                                                                                          \
    } while (false)

/* Promise: SIMULATION-STEPS */
static void stop_at_steps_and_go_on(void **state)
{
    (void) state;
    return_without_chances();
    struct scene scene;
    tr_passes *passes = NULL;
    tr_world *world = set_up(&scene, &passes);

    bool is_more = true;
    int runs = 1;
    for (; !tr_passes_run(passes, tr_world_worker(world, 0), &is_more); runs++) {
        assert_true(tr_passes_is_open(passes, 0));
    }

    assert_false(tr_passes_is_open(passes, 0));
    assert_true(runs > WORDS / 2);
    assert_int_equal(tr_passes_stops(passes), runs - 1);
    tr_passes_destroy(&passes);
    tr_world_run(world);
    drop_world(&world);
    assert_int_equal(scene.heard, WORDS);
}

/* Promise: SIMULATION-STEPS */
static void are_closed_without_another_stop(void **state)
{
    (void) state;
    return_without_chances();
    struct scene scene;
    tr_passes *passes = NULL;
    tr_world *world = set_up(&scene, &passes);
    bool is_more = true;
    assert_false(tr_passes_run(passes, tr_world_worker(world, 0), &is_more));
    const uint64_t stops = tr_passes_stops(passes);

    (void) tr_passes_close(passes, 0);

    assert_false(tr_passes_is_open(passes, 0));
    assert_int_equal(tr_passes_stops(passes), stops);
    tr_passes_destroy(&passes);
    tr_world_run(world);
    drop_world(&world);
    assert_int_equal(scene.heard, WORDS);
}

static void do_not_stop_where_they_may_not(void **state)
{
    (void) state;
    struct scene scene;
    tr_passes *passes = NULL;
    tr_world *world = set_up(&scene, &passes);
    scene.may_stop = false;
    bool is_more = true;

    assert_true(tr_passes_run(passes, tr_world_worker(world, 0), &is_more));

    assert_int_equal(tr_passes_stops(passes), 0);
    tr_passes_destroy(&passes);
    tr_world_run(world);
    drop_world(&world);
    assert_int_equal(scene.heard, WORDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stop_at_steps_and_go_on),
        cmocka_unit_test(are_closed_without_another_stop),
        cmocka_unit_test(do_not_stop_where_they_may_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
