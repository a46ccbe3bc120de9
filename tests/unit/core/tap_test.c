/* SPDX-License-Identifier: MIT */
/* What is told of the messages of an actor that has a tap on. */
#include "core/tap.h"

#include <string.h>

#include "base/memory.h"
#include "support/cast.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)
#define LARGE (TR_TAP_COPY_MAX + 1)

/* Says what it is told. */
static troupe_error hears(troupe_self *self, void *argument)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        const tr_tap_note *note = error ? NULL : troupe_message_struct(message, &tr_tap_note_type);
        if (note != NULL) {
            probe_say(argument, "%s of %llu, %s copy", note->type, (unsigned long long) note->size,
                      note->copy != NULL ? "a" : "no");
        }
    }
    return error;
}

struct scene {
    tr_world *world;
    struct probe *seen;
    struct cast cast; /* refs[0]: the tapped one; refs[1]: the ear */
    tr_tap *tap;
};

static struct scene a_scene(tr_world *world, uint32_t one_in)
{
    struct scene scene = {.world = world, .seen = a_probe()};
    scene.cast.refs[0] = a_root(world, TROUPE_SPAWN(.body = play_idle, .mailbox_bytes = 1 << 20));
    scene.cast.refs[1] = a_root(world, TROUPE_SPAWN(.body = hears, .argument = scene.seen));
    tr_world_run(world);
    assert_ok(tr_tap_create(tr_allocator_default(), one_in, &scene.tap));
    scene.tap->to =
        (tr_address) {.slot = scene.cast.refs[1].slot, .generation = scene.cast.refs[1].generation};
    return scene;
}

static void drop_scene(struct scene *scene)
{
    tr_tap_release(&scene->tap);
    assert_null(scene->tap);
    drop_probe(&scene->seen);
}

static tr_actor *tapped(const struct scene *scene)
{
    const troupe_ref ref = scene->cast.refs[0];
    return tr_actor_at(tr_world_worker(scene->world, 0),
                       (tr_address) {.slot = ref.slot, .generation = ref.generation});
}

static troupe_error put(const struct scene *scene, tr_tap *tap)
{
    return tr_tap_put(tr_world_worker(scene->world, 0), tapped(scene), tap);
}

static troupe_error sends_three(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 0; i < 3 && !error; i++) {
        error = send_figure(self, cast->refs[0], i);
    }
    return error;
}

static void send_three(struct scene *scene)
{
    (void) a_root(scene->world, TROUPE_SPAWN(.body = sends_three, .argument = &scene->cast));
    tr_world_run(scene->world);
}

/* Promise: TAP */
static void each_from_then_on_until_the_end(void **state)
{
    struct scene scene = a_scene(*state, 1);
    send_three(&scene);
    assert_silent(scene.seen);
    assert_ok(put(&scene, scene.tap));
    send_three(&scene);
    assert_said(scene.seen, "figure of 8, a copy", "figure of 8, a copy", "figure of 8, a copy");
    assert_int_equal(scene.tap->seen, 3);
    tr_tap_end(scene.tap);
    assert_int_equal(scene.tap->shares, 2);
    send_three(&scene);
    assert_int_equal(probe_count(scene.seen), 3);
    assert_int_equal(scene.tap->shares, 1);
    assert_false(tapped(&scene)->is_watched);
    drop_scene(&scene);
}

/* Promise: TAP */
static void one_in_so_many(void **state)
{
    struct scene scene = a_scene(*state, 3);
    assert_ok(put(&scene, scene.tap));
    send_three(&scene);
    send_three(&scene);
    send_three(&scene);
    assert_int_equal(probe_count(scene.seen), 3);
    assert_int_equal(scene.tap->seen, 9);
    assert_int_equal(scene.tap->notes, 3);
    drop_scene(&scene);
}

static void one_at_a_time(void **state)
{
    struct scene scene = a_scene(*state, 1);
    tr_tap *other = NULL;
    assert_ok(tr_tap_create(tr_allocator_default(), 0, &other));
    other->to = scene.tap->to;
    assert_ok(put(&scene, scene.tap));
    assert_fails(put(&scene, other), NAME_TAKEN);
    tr_tap_end(scene.tap);
    assert_ok(put(&scene, other));
    assert_int_equal(scene.tap->shares, 1);
    tr_tap_end(other);
    tr_tap_release(&other);
    drop_scene(&scene);
}

struct large {
    char bytes[LARGE];
};
static const troupe_type large_type = TROUPE_TYPE(struct large);

static troupe_error sends_large(troupe_self *self, void *argument)
{
    static const struct large large;
    const struct cast *cast = argument;
    return troupe_send_struct(self, cast->refs[0], &large_type, &large);
}

/* Promise: TAP */
static void no_copy_of_what_is_large(void **state)
{
    struct scene scene = a_scene(*state, 1);
    char expected[64];
    assert_ok(put(&scene, scene.tap));
    (void) a_root(scene.world, TROUPE_SPAWN(.body = sends_large, .argument = &scene.cast));
    tr_world_run(scene.world);
    assert_int_equal(probe_count(scene.seen), 1);
    (void) snprintf(expected, sizeof expected, "of %d, no copy", LARGE);
    assert_non_null(strstr(probe_line(scene.seen, 0), expected));
    drop_scene(&scene);
}

static troupe_error stops_both(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    const troupe_error error = troupe_stop(self, cast->refs[1]);
    return error ? error : troupe_stop(self, cast->refs[0]);
}

/* Its share is given back. */
static void ends_with_the_actor(void **state)
{
    struct scene scene = a_scene(*state, 1);
    assert_ok(put(&scene, scene.tap));
    (void) a_root(scene.world, TROUPE_SPAWN(.body = stops_both, .argument = &scene.cast));
    tr_world_run(scene.world);
    tr_world_advance(scene.world, 10 * MS);
    assert_int_equal(scene.tap->shares, 1);
    drop_scene(&scene);
}

static troupe_error sleeps(troupe_self *self, void *argument)
{
    (void) argument;
    return troupe_sleep(self, TROUPE_FOREVER);
}

/* For who asks for them would wait else, as long as the ear is held up.
 * Promise: TAP */
static void notes_leave_room_for_others(void **state)
{
    struct scene scene = a_scene(*state, 1);
    const troupe_ref deaf =
        a_root(*state, TROUPE_SPAWN(.body = sleeps, .mailbox_capacity = 2 * TR_TAP_SPARED));
    scene.tap->to = (tr_address) {.slot = deaf.slot, .generation = deaf.generation};
    const tr_slot *slot = tr_system_slot(tr_world_worker(scene.world, 0)->system, scene.tap->to);
    assert_ok(put(&scene, scene.tap));
    for (int i = 0; i < TR_TAP_SPARED; i++) {
        send_three(&scene);
    }
    assert_int_equal(scene.tap->notes, 3 * TR_TAP_SPARED);
    assert_int_equal(slot->admission & TR_SLOT_DEPTH_MASK, 2 * TR_TAP_SPARED - 2);
    drop_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(each_from_then_on_until_the_end),
        WITH_WORLD(one_in_so_many),
        WITH_WORLD(one_at_a_time),
        WITH_WORLD(no_copy_of_what_is_large),
        WITH_WORLD(notes_leave_room_for_others),
        WITH_WORLD(ends_with_the_actor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
