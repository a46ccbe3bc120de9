/* SPDX-License-Identifier: MIT */
/* Copies of what an actor is sent. */
#include <string.h>
#include <troupe/troupe.h>

#include "inspect.pb-c.h"
#include "shop.pb-c.h"
#include "support/inspected.h"
#include "support/node_fixture.h"

#define MANY 2000

struct scene {
    troupe_node *node;
    struct probe *probe;
    troupe_ref till;
    uint64_t first; /* order to be sent next */
    uint64_t count;
};

static int open_scene(void **state)
{
    static struct scene scene;
    scene = (struct scene) {.probe = a_probe(), .first = 1};
    scene.node = a_node(TROUPE_NODE_OPTIONS(.workers = 2, .inspect = TROUPE_INSPECT_ON));
    scene.till =
        a_root_of(scene.node, TROUPE_SPAWN(.name = "till", .body = idle_body,
                                           .place = TROUPE_PLACE_WORKER, .place_worker = 1));
    *state = &scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    drop_node(&scene->node);
    drop_probe(&scene->probe);
    return 0;
}

static troupe_error sends(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 0; i < scene->count && !error; i++) {
        Shop__Order order = SHOP__ORDER__INIT;
        order.id = scene->first++;
        error = troupe_send(self, scene->till, &order.base);
    }
    probe_say(scene->probe, "sent");
    return error;
}

static void send(struct scene *scene, uint64_t count)
{
    scene->count = count;
    probe_clear(scene->probe);
    (void) a_root_of(scene->node, TROUPE_SPAWN(.body = sends, .argument = scene));
    assert_true(probe_wait_for(scene->probe, "sent"));
}

static Troupe__Inspect__Tapped *tap(const struct scene *scene, uint64_t number, uint32_t one_in,
                                    bool ends, troupe_error *out_error)
{
    Troupe__Inspect__Target target = TROUPE__INSPECT__TARGET__INIT;
    Troupe__Inspect__Tap request = TROUPE__INSPECT__TAP__INIT;
    target.name = (char *) (uintptr_t) "till";
    request.target = &target;
    request.number = number;
    request.one_in = one_in;
    request.ends = ends;
    request.within_ns = number == 0 ? 1 : UINT64_C(20000000000);
    return inspected(scene->node, troupe_node_id(scene->node), &request,
                     &troupe__inspect__tapped__descriptor, out_error);
}

static uint64_t begin(const struct scene *scene, uint32_t one_in)
{
    troupe_error error = TROUPE_OK;
    Troupe__Inspect__Tapped *tapped = tap(scene, 0, one_in, false, &error);
    assert_ok(error);
    const uint64_t number = tapped->number;
    assert_int_not_equal(number, 0);
    inspected_free(tapped);
    return number;
}

static void end(const struct scene *scene, uint64_t number)
{
    troupe_error error = TROUPE_OK;
    Troupe__Inspect__Tapped *tapped = tap(scene, number, 1, true, &error);
    assert_ok(error);
    inspected_free(tapped);
}

/* Promise: INSPECT-TAP */
static void tells_each_message(void **state)
{
    struct scene *scene = *state;
    const uint64_t number = begin(scene, 0);
    send(scene, 5);
    uint64_t heard = 0;
    while (heard < 5) {
        troupe_error error = TROUPE_OK;
        Troupe__Inspect__Tapped *tapped = tap(scene, number, 0, false, &error);
        assert_ok(error);
        for (size_t i = 0; i < tapped->n_messages; i++) {
            char expected[32];
            (void) snprintf(expected, sizeof expected, "{\"id\": \"%llu\"",
                            (unsigned long long) ++heard);
            assert_string_equal(tapped->messages[i]->type, "shop.Order");
            assert_int_equal(strncmp(tapped->messages[i]->json, expected, strlen(expected)), 0);
            assert_non_null(tapped->messages[i]->sender);
        }
        assert_false(tapped->is_over);
        inspected_free(tapped);
    }
    end(scene, number);
    troupe_error error = TROUPE_OK;
    assert_null(tap(scene, number, 0, false, &error)); /* in a while it is not known any more */
    send(scene, 5);
    end(scene, begin(scene, 0)); /* and there can be another */
}

/* Promise: INSPECT-TAP */
static void tells_one_in_so_many(void **state)
{
    struct scene *scene = *state;
    const uint64_t number = begin(scene, 10);
    send(scene, 100);
    uint64_t heard = 0;
    while (heard < 10) {
        troupe_error error = TROUPE_OK;
        Troupe__Inspect__Tapped *tapped = tap(scene, number, 0, false, &error);
        assert_ok(error);
        heard += tapped->n_messages;
        assert_true(tapped->seen >= 10 * (heard - 1));
        inspected_free(tapped);
    }
    assert_int_equal(heard, 10);
    end(scene, number);
}

/* Promise: INSPECT-TAP */
static void leaves_out_what_is_too_much(void **state)
{
    struct scene *scene = *state;
    const uint64_t number = begin(scene, 1);
    send(scene, MANY);
    uint64_t heard = 0;
    uint64_t missed = 0;
    do {
        troupe_error error = TROUPE_OK;
        Troupe__Inspect__Tapped *tapped = tap(scene, number, 0, false, &error);
        assert_ok(error);
        heard += tapped->n_messages;
        missed = tapped->missed;
        assert_in_range(tapped->n_messages, 1, 64);
        inspected_free(tapped);
    } while (heard + missed < MANY);
    assert_int_equal(heard + missed, MANY);
    assert_true(missed > 0);
    end(scene, number);
}

static void is_refused_for_who_has_one(void **state)
{
    struct scene *scene = *state;
    const uint64_t number = begin(scene, 1);
    troupe_error error = TROUPE_OK;
    assert_null(tap(scene, 0, 1, false, &error));
    assert_int_equal(error, TROUPE_ERROR_NAME_TAKEN);
    assert_null(tap(scene, 999, 1, false, &error));
    assert_int_equal(error, TROUPE_ERROR_STALE);
    end(scene, number);
}

static troupe_error stops_till(troupe_self *self, void *argument)
{
    const struct scene *scene = argument;
    return troupe_stop(self, scene->till);
}

/* Promise: INSPECT-TAP */
static void is_over_with_its_actor(void **state)
{
    struct scene *scene = *state;
    const uint64_t number = begin(scene, 1);
    (void) a_root_of(scene->node, TROUPE_SPAWN(.body = stops_till, .argument = scene));
    troupe_error error = TROUPE_OK;
    Troupe__Inspect__Tapped *tapped = tap(scene, number, 1, false, &error);
    assert_ok(error);
    assert_true(tapped->is_over);
    inspected_free(tapped);
}

/* The child of the inspector. */
static Troupe__Ref ear_of(const struct scene *scene)
{
    Troupe__Inspect__ListActors request = TROUPE__INSPECT__LIST_ACTORS__INIT;
    Troupe__Inspect__Actors *actors = inspected_ok(scene->node, troupe_node_id(scene->node),
                                                   &request, &troupe__inspect__actors__descriptor);
    Troupe__Ref ear = TROUPE__REF__INIT;
    uint32_t inspector = 0;
    for (size_t i = 0; i < actors->n_actors; i++) {
        const Troupe__Inspect__Actor *actor = actors->actors[i];
        inspector = strcmp(actor->name, "troupe.inspect") == 0 ? actor->ref->slot : inspector;
    }
    for (size_t i = 0; i < actors->n_actors; i++) {
        const Troupe__Inspect__Actor *actor = actors->actors[i];
        if (actor->parent != NULL && actor->parent->slot == inspector) {
            ear.slot = actor->ref->slot;
            ear.generation = actor->ref->generation;
        }
    }
    inspected_free(actors);
    return ear;
}

/* Not by having another tap asked for what it has, either.
 * Promise: INSPECT-ROLES */
static void who_may_only_send_hears_nothing(void **state)
{
    struct scene *scene = *state;
    const uint64_t number = begin(scene, 1);
    Troupe__Ref ear = ear_of(scene);
    assert_int_not_equal(ear.generation, 0);
    Troupe__Inspect__Target target = TROUPE__INSPECT__TARGET__INIT;
    Troupe__Inspect__Say request = TROUPE__INSPECT__SAY__INIT;
    target.ref = &ear;
    request.to = &target;
    request.is_ask = true;
    request.type = (char *) (uintptr_t) "troupe.inspect.Tap";
    request.json = (char *) (uintptr_t) "{\"withinNs\": 1}";
    Troupe__Inspect__Said *said = inspected_ok(scene->node, troupe_node_id(scene->node), &request,
                                               &troupe__inspect__said__descriptor);
    assert_int_equal(said->error, TROUPE_ERROR_NO_SUCH_ACTOR);
    inspected_free(said);
    end(scene, number);
}

int main(void)
{
#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)
    const struct CMUnitTest tests[] = {
        IN_SCENE(tells_each_message),          IN_SCENE(tells_one_in_so_many),
        IN_SCENE(leaves_out_what_is_too_much), IN_SCENE(is_refused_for_who_has_one),
        IN_SCENE(is_over_with_its_actor),      IN_SCENE(who_may_only_send_hears_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
