/* SPDX-License-Identifier: MIT */
/* What the inspector sends, asks and stops for who asks it. */
#include <string.h>
#include <troupe/troupe.h>

#include "inspect.pb-c.h"
#include "node/inspector.h"
#include "shop.pb-c.h"
#include "support/inspected.h"
#include "support/node_fixture.h"

static const troupe_type stone_type = TROUPE_SIGNAL("stone");

/* Answers orders by receipts, bytes by themselves, stones never; says what came. */
static troupe_error till(troupe_self *self, void *argument)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_learn(self, &shop__order__descriptor);
    error = error ? error : troupe_learn_type(self, &stone_type);
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (error) {
            break;
        }
        const Shop__Order *order =
            (const void *) troupe_message_as(message, &shop__order__descriptor);
        probe_say(argument, "%s %llu", troupe_message_type_name(message),
                  order != NULL ? (unsigned long long) order->id : 0);
        Shop__Receipt receipt = SHOP__RECEIPT__INIT;
        receipt.order_id = order != NULL ? order->id : 0;
        receipt.total_cents = 250;
        if (order != NULL && order->id == 13) {
            (void) !troupe_reply_error(self, message, TROUPE_ERROR_OVERLOADED);
        } else if (order != NULL) {
            (void) !troupe_reply(self, message, &receipt.base);
        }
    }
    return error;
}

struct scene {
    troupe_node *node;
    struct probe *probe;
    troupe_ref till;
};

static int open_scene(void **state)
{
    static struct scene scene;
    scene.probe = a_probe();
    scene.node = a_node(TROUPE_NODE_OPTIONS(.workers = 2, .inspect = TROUPE_INSPECT_ON));
    scene.till =
        a_root_of(scene.node, TROUPE_SPAWN(.name = "till", .body = till, .argument = scene.probe));
    *state = &scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    if (scene->node != NULL) {
        drop_node(&scene->node);
    }
    drop_probe(&scene->probe);
    return 0;
}

static Troupe__Inspect__Said *say(const struct scene *scene, bool is_ask, const char *to,
                                  const char *type, const char *json)
{
    Troupe__Inspect__Target target = TROUPE__INSPECT__TARGET__INIT;
    Troupe__Inspect__Say request = TROUPE__INSPECT__SAY__INIT;
    target.name = (char *) (uintptr_t) to;
    request.to = &target;
    request.is_ask = is_ask;
    request.type = (char *) (uintptr_t) type;
    request.json = (char *) (uintptr_t) json;
    return inspected_ok(scene->node, troupe_node_id(scene->node), &request,
                        &troupe__inspect__said__descriptor);
}

static void is_refused(const struct scene *scene, const char *to, const char *type,
                       const char *json, troupe_error error, const char *what)
{
    Troupe__Inspect__Said *said = say(scene, true, to, type, json);
    assert_int_equal(said->error, error);
    if (strstr(said->what, what) == NULL) {
        fail_msg("'%s' is not in '%s'", what, said->what);
    }
    inspected_free(said);
}

/* Promise: INSPECT-SAY */
static void asks_with_json_and_answers_with_json(void **state)
{
    struct scene *scene = *state;
    Troupe__Inspect__Said *said = say(scene, true, "till", "shop.Order", "{\"id\": 7}");
    assert_int_equal(said->error, TROUPE_OK);
    assert_string_equal(said->type, "shop.Receipt");
    assert_string_equal(said->json, "{\"orderId\": \"7\", \"totalCents\": \"250\"}");
    inspected_free(said);
    assert_said(scene->probe, "shop.Order 7");
}

/* Promise: INSPECT-SAY */
static void sends_what_has_no_json_too(void **state)
{
    struct scene *scene = *state;
    inspected_free(say(scene, false, "till", "stone", ""));
    inspected_free(say(scene, false, "till", "", "some bytes"));
    inspected_free(say(scene, false, "till", "", ""));
    assert_true(probe_wait(scene->probe, 3));
    assert_said(scene->probe, "stone 0", "(untyped) 0", "(untyped) 0");
}

/* Promise: INSPECT-SAY */
static void says_what_is_wrong(void **state)
{
    struct scene *scene = *state;
    is_refused(scene, "nobody", "shop.Order", "{}", TROUPE_ERROR_NO_SUCH_ACTOR,
               "no actor 'nobody'");
    is_refused(scene, "till", "shop.Other", "{}", TROUPE_ERROR_PROTOCOL,
               "has learned no type 'shop.Other'");
    is_refused(scene, "till", "shop.Order", "{\"id\": x}", TROUPE_ERROR_BAD_ARGUMENT,
               "the JSON is no shop.Order: at character 8");
    is_refused(scene, "till", "shop.Order", "{}", TROUPE_ERROR_BAD_ARGUMENT,
               "a field that is required is missing");
    is_refused(scene, "till", "stone", "{}", TROUPE_ERROR_BAD_ARGUMENT, "is a struct");
    is_refused(scene, "till", "shop.Order", "{\"id\": 13}", TROUPE_ERROR_OVERLOADED, "");
    is_refused(scene, "", "shop.Order", "{}", TROUPE_ERROR_BAD_ARGUMENT, "");
    assert_said(scene->probe, "shop.Order 13");
}

/* Who may only send is not to be let in by the back door.
 * Promise: INSPECT-SAY */
static void says_nothing_to_itself_or_the_node_s_own(void **state)
{
    struct scene *scene = *state;
    is_refused(scene, "troupe.inspect", "troupe.inspect.Stop", "{}", TROUPE_ERROR_NO_SUCH_ACTOR,
               "no actor 'troupe.inspect' of the program's");
}

static troupe_error tells_the_inspector(troupe_self *self, void *argument)
{
    const struct scene *scene = argument;
    Troupe__Inspect__Target target = TROUPE__INSPECT__TARGET__INIT;
    Troupe__Inspect__Say request = TROUPE__INSPECT__SAY__INIT;
    troupe_ref inspector;
    target.name = (char *) (uintptr_t) "pit";
    request.to = &target;
    request.type = (char *) (uintptr_t) "stone";
    request.is_ask = true;
    request.within_ns = UINT64_MAX;
    troupe_error error = troupe_lookup(self, "troupe.inspect", &inspector);
    for (int i = 0; i < 80 && !error; i++) {
        error = troupe_send(self, inspector, &request.base);
    }
    probe_say(scene->probe, "told %s", troupe_error_name(error));
    return error;
}

/* Keeps what it is asked. */
static troupe_error pit(troupe_self *self, void *argument)
{
    troupe_message *kept[200] = {NULL};
    size_t count = 0;
    troupe_error error = TROUPE_OK;
    (void) argument;
    while (!error && count < 200) {
        error = troupe_receive(self, &kept[count], TROUPE_FOREVER);
        count += error ? 0 : 1;
    }
    for (size_t i = 0; i < count; i++) {
        troupe_message_destroy(&kept[i]);
    }
    return TROUPE_OK;
}

/* What is done for nobody would have no end.
 * Promise: INSPECT-SAY */
static void does_nothing_for_who_does_not_ask(void **state)
{
    struct scene *scene = *state;
    (void) a_root_of(scene->node, TROUPE_SPAWN(.name = "pit", .body = pit));
    (void) a_root_of(scene->node, TROUPE_SPAWN(.body = tells_the_inspector, .argument = scene));
    assert_true(probe_wait_for(scene->probe, "told OK"));
    Troupe__Inspect__Said *said = say(scene, true, "till", "shop.Order", "{\"id\": 7}");
    assert_int_equal(said->error, TROUPE_OK);
    inspected_free(said);
}

static Troupe__Inspect__Said *stop(const struct scene *scene, const troupe_ref *actor)
{
    Troupe__Inspect__Target target = TROUPE__INSPECT__TARGET__INIT;
    Troupe__Ref ref = TROUPE__REF__INIT;
    Troupe__Inspect__Stop request = TROUPE__INSPECT__STOP__INIT;
    if (actor != NULL) {
        ref.node = actor->node;
        ref.slot = actor->slot;
        ref.generation = actor->generation;
        target.ref = &ref;
        request.target = &target;
    }
    return inspected_ok(scene->node, troupe_node_id(scene->node), &request,
                        &troupe__inspect__said__descriptor);
}

static troupe_error watches(troupe_self *self, void *argument)
{
    const struct scene *scene = argument;
    troupe_monitor_id id;
    TROUPE_AUTO(troupe_message) *down = NULL;
    troupe_error error = troupe_monitor(self, scene->till, &id);
    error = error ? error : troupe_receive(self, &down, TROUPE_WITHIN_S(20));
    probe_say(scene->probe, "%s", error ? troupe_error_name(error) : "ended");
    return TROUPE_OK;
}

/* Promise: INSPECT-STOP */
static void stops_an_actor(void **state)
{
    struct scene *scene = *state;
    troupe_ref stale = scene->till;
    stale.generation++;
    (void) a_root_of(scene->node, TROUPE_SPAWN(.body = watches, .argument = scene));
    Troupe__Inspect__Said *said = stop(scene, &stale);
    assert_int_equal(said->error, TROUPE_ERROR_STALE);
    inspected_free(said);
    said = stop(scene, &scene->till);
    assert_int_equal(said->error, TROUPE_OK);
    inspected_free(said);
    assert_true(probe_wait_for(scene->probe, "ended"));
}

/* One of another node, by which much is asked at once. */
struct crowd {
    const struct scene *scene;
    struct probe *probe;
};

static troupe_error asks_the_pit(troupe_self *self, void *argument)
{
    const struct crowd *crowd = argument;
    Troupe__Inspect__Target target = TROUPE__INSPECT__TARGET__INIT;
    Troupe__Inspect__Say request = TROUPE__INSPECT__SAY__INIT;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_ref inspector;
    target.name = (char *) (uintptr_t) "pit";
    request.to = &target;
    request.json = (char *) (uintptr_t) "who is there?";
    request.is_ask = true;
    request.within_ns = UINT64_MAX;
    troupe_error error = troupe_learn(self, &troupe__inspect__said__descriptor);
    error = error ? error
                  : troupe_await_on(self, troupe_node_id(crowd->scene->node), "troupe.inspect",
                                    TROUPE_WITHIN_S(60), &inspector);
    error = error ? error : troupe_ask(self, inspector, &request.base, TROUPE_FOREVER, &reply);
    const Troupe__Inspect__Said *said =
        error ? NULL : (const void *) troupe_message_as(reply, &troupe__inspect__said__descriptor);
    probe_say(crowd->probe, "%s",
              troupe_error_name(said != NULL ? (troupe_error) said->error : error));
    return TROUPE_OK;
}

/* Promise: INSPECT-FAIR */
static void one_node_leaves_room_for_others(void **state)
{
    struct scene *scene = *state;
    char endpoint[64];
    drop_node(&scene->node);
    scene->node = a_node(TROUPE_NODE_OPTIONS(.workers = 2, .listen = "tcp://127.0.0.1:*",
                                             .plain = TROUPE_PLAIN_ON_LOOPBACK));
    scene->till = a_root_of(scene->node,
                            TROUPE_SPAWN(.name = "till", .body = till, .argument = scene->probe));
    const troupe_ref full = a_root_of(scene->node, TROUPE_SPAWN(.name = "pit", .body = pit));
    assert_ok(troupe_node_endpoint(scene->node, endpoint, sizeof endpoint));
    const troupe_peer peer = {.endpoint = endpoint};
    troupe_node *greedy = a_node(TROUPE_NODE_OPTIONS(.workers = 1, .peers = &peer, .peer_count = 1,
                                                     .plain = TROUPE_PLAIN_ON_LOOPBACK));
    struct crowd crowd = {.scene = scene, .probe = a_probe()};
    for (unsigned i = 0; i < TR_INSPECTOR_SAYS_OF_ONE + 4; i++) {
        (void) a_root_of(greedy, TROUPE_SPAWN(.body = asks_the_pit, .argument = &crowd));
    }
    assert_true(probe_wait(crowd.probe, 4));
    assert_said(crowd.probe, "LIMIT_REACHED", "LIMIT_REACHED", "LIMIT_REACHED", "LIMIT_REACHED");

    for (unsigned i = 0; i < 2 * TR_INSPECTOR_SAYS_OF_ONE; i++) { /* one after the other */
        Troupe__Inspect__Said *said = say(scene, true, "till", "shop.Order", "{\"id\": 7}");
        assert_int_equal(said->error, TROUPE_OK);
        inspected_free(said);
    }
    Troupe__Inspect__Said *said = stop(scene, &full); /* which ends what it was asked */
    assert_int_equal(said->error, TROUPE_OK);
    inspected_free(said);
    assert_true(probe_wait(crowd.probe, TR_INSPECTOR_SAYS_OF_ONE + 4));
    drop_node(&greedy);
    drop_probe(&crowd.probe);
}

/* Promise: INSPECT-STOP */
static void stops_the_node(void **state)
{
    struct scene *scene = *state;
    Troupe__Inspect__Said *said = stop(scene, NULL);
    assert_int_equal(said->error, TROUPE_OK);
    inspected_free(said);
    assert_ok(troupe_node_join(scene->node));
    drop_node(&scene->node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(asks_with_json_and_answers_with_json, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(sends_what_has_no_json_too, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(says_what_is_wrong, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(says_nothing_to_itself_or_the_node_s_own, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(does_nothing_for_who_does_not_ask, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(one_node_leaves_room_for_others, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(stops_an_actor, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(stops_the_node, open_scene, close_scene),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
