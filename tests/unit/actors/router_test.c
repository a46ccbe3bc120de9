/* SPDX-License-Identifier: MIT */
/* What a router promises: each message goes to one member, by its rule, and none is lost. */
#include <troupe/actors/router.h>

#include <string.h>

#include "support/actors.h"
#include "support/cast.h"
#include "support/world_fixture.h"

#define MEMBERS 8
#define KEYS 200

/* A test's router, its members, and what they were sent. */
struct scene {
    tr_world *world;
    troupe_router_options options;
    troupe_ref router;
    troupe_ref members[MEMBERS];
    uint64_t got[MEMBERS];
    uint64_t pause_ms;   /* of a member for each message */
    uint64_t keys[KEYS]; /* which member has answered */
    troupe_error error;
    unsigned counts[4];
};

/* One member: answers with its number. */
struct part {
    struct scene *scene;
    uint64_t number;
};
static struct part parts[MEMBERS];

static troupe_error member_body(troupe_self *self, void *argument)
{
    const struct part *part = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        part->scene->got[part->number] += error == TROUPE_OK ? 1 : 0;
        if (error == TROUPE_OK && part->scene->pause_ms != 0) {
            error = troupe_sleep(self, TROUPE_WITHIN_MS(part->scene->pause_ms));
        }
        if (error == TROUPE_OK && troupe_message_wants_reply(message)) {
            error = reply_figure(self, message, part->number);
        }
    }
    return error;
}

static troupe_error router_root(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    scene->error = troupe_router_spawn(self, &scene->options, &scene->router);
    return scene->error ? TROUPE_OK : troupe_receive(self, &message, TROUPE_FOREVER);
}

static void begin(struct scene *scene, uint64_t seed, uint32_t workers)
{
    scene->options.size = sizeof scene->options;
    scene->world = a_world(seed, workers);
    (void) a_root(scene->world, TROUPE_SPAWN(.body = router_root, .argument = scene));
    tr_world_run(scene->world);
}

static void end(struct scene *scene)
{
    drop_world(&scene->world);
}

/* What a test's actor is to do to the router; runs to its end. */
static void act(struct scene *scene, troupe_body *body, void *argument)
{
    (void) a_root(scene->world, TROUPE_SPAWN(.body = body, .argument = argument));
    tr_world_advance(scene->world, 10000 * MS);
}

static troupe_error joins(troupe_self *self, void *argument)
{
    const struct part *part = argument;
    return troupe_router_join(self, part->scene->router, part->scene->members[part->number],
                              part->number + 1);
}

static troupe_error leaves(troupe_self *self, void *argument)
{
    const struct part *part = argument;
    return troupe_router_leave(self, part->scene->router, part->scene->members[part->number]);
}

static troupe_error ends_member(troupe_self *self, void *argument)
{
    const struct part *part = argument;
    return troupe_stop(self, part->scene->members[part->number]);
}

static void add_member(struct scene *scene, uint64_t number, uint32_t capacity,
                       troupe_on_full on_full)
{
    parts[number] = (struct part) {scene, number};
    scene->members[number] =
        a_root(scene->world, TROUPE_SPAWN(.body = member_body, .argument = &parts[number],
                                          .mailbox_capacity = capacity, .on_full = on_full));
    act(scene, joins, &parts[number]);
}

static void add_members(struct scene *scene, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        add_member(scene, i, 100, TROUPE_ON_FULL_DEFAULT);
    }
}

static troupe_router_info info;

static troupe_error looks(troupe_self *self, void *argument)
{
    const struct scene *scene = argument;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    const troupe_error error = troupe_ask_struct(self, scene->router, &troupe_router_look_type,
                                                 NULL, TROUPE_WITHIN_S(1), &reply);
    const troupe_router_info *body = troupe_message_struct(reply, &troupe_router_info_type);
    info = body != NULL ? *body : (troupe_router_info) {0};
    return error;
}

/* Asks with each key; notes who has answered, MEMBERS if none has. */
static troupe_error asks_keys(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    for (uint64_t key = 0; key < KEYS; key++) {
        uint64_t answer = MEMBERS;
        const troupe_error error =
            ask_figure(self, scene->router, key, TROUPE_WITHIN_S(100), &answer);
        scene->keys[key] = error ? MEMBERS : answer;
        scene->error = error ? error : scene->error;
    }
    return TROUPE_OK;
}

static troupe_error tells(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    for (uint64_t i = 0; i < 10; i++) {
        const troupe_error error = send_figure(self, scene->router, i);
        scene->error = error ? error : scene->error;
    }
    return TROUPE_OK;
}

/* Promise: ROUTER-ROUND-ROBIN */
static void gives_each_its_turn_and_lets_it_answer(void **state)
{
    (void) state;
    struct scene scene = {0};
    begin(&scene, 1, 2);
    add_members(&scene, 4);
    act(&scene, asks_keys, &scene);
    assert_int_equal(scene.error, TROUPE_OK);
    for (uint64_t i = 0; i < KEYS; i++) {
        assert_int_equal(scene.keys[i], i % 4);
    }
    act(&scene, looks, &scene);
    assert_int_equal(info.members, 4);
    assert_int_equal(info.routed, KEYS);
    end(&scene);
}

/* Promise: ROUTER-LEAST-LOADED */
static void spares_those_who_have_much_to_do(void **state)
{
    (void) state;
    struct scene scene = {.options = {.way = TROUPE_ROUTER_LEAST_LOADED}};
    begin(&scene, 1, 1);
    add_members(&scene, 2);
    scene.pause_ms = 100000;
    const troupe_ref router = scene.router;
    scene.router = scene.members[0]; /* past the router */
    act(&scene, tells, &scene);
    scene.router = router;
    act(&scene, tells, &scene);
    tr_world_advance(scene.world, MS);
    /* One of each is in hand. */
    assert_in_range(depth_of(scene.world, scene.members[0]), 9, 10);
    assert_in_range(depth_of(scene.world, scene.members[1]), 8, 9);
    end(&scene);
}

static uint64_t key_of(const troupe_message *message)
{
    return figure_of(message);
}

static void keep_keys(const struct scene *scene, uint64_t *out_keys)
{
    memcpy(out_keys, scene->keys, sizeof scene->keys);
}

/* Promise: ROUTER-BY-KEY */
static void moves_only_the_keys_of_one_that_leaves_or_joins(void **state)
{
    (void) state;
    struct scene scene = {.options = {.way = TROUPE_ROUTER_BY_KEY, .key = key_of}};
    uint64_t before[KEYS];
    unsigned shares[MEMBERS] = {0};
    begin(&scene, 1, 2);
    add_members(&scene, MEMBERS);
    act(&scene, asks_keys, &scene);
    keep_keys(&scene, before);
    act(&scene, leaves, &parts[3]);
    act(&scene, asks_keys, &scene);
    for (uint64_t i = 0; i < KEYS; i++) {
        shares[before[i]]++;
        assert_true(before[i] == 3 ? scene.keys[i] != 3 : scene.keys[i] == before[i]);
    }
    for (unsigned i = 0; i < MEMBERS; i++) {
        assert_in_range(shares[i], 10, 45); /* 25 each on the average */
    }
    add_member(&scene, 3, 0, TROUPE_ON_FULL_DEFAULT); /* another actor with the same id */
    act(&scene, asks_keys, &scene);
    assert_memory_equal(scene.keys, before, sizeof before);
    assert_int_equal(scene.error, TROUPE_OK);
    end(&scene);
}

/* Promise: ROUTER-ENDED */
static void forgets_a_member_that_has_ended(void **state)
{
    (void) state;
    struct scene scene = {0};
    begin(&scene, 1, 2);
    add_members(&scene, 3);
    act(&scene, ends_member, &parts[1]);
    act(&scene, looks, &scene);
    assert_int_equal(info.members, 2);
    act(&scene, asks_keys, &scene);
    assert_int_equal(scene.error, TROUPE_OK);
    assert_int_equal(scene.got[1], 0);
    assert_int_equal(scene.got[0] + scene.got[2], KEYS);
    end(&scene);
}

/* Promise: ROUTER-NOBODY */
static void says_that_there_is_nobody(void **state)
{
    (void) state;
    struct scene scene = {0};
    troupe_counts counts;
    begin(&scene, 1, 2);
    act(&scene, asks_keys, &scene);
    assert_int_equal(scene.error, TROUPE_ERROR_NO_SUCH_ACTOR);
    scene.error = TROUPE_OK;
    act(&scene, tells, &scene);
    assert_int_equal(scene.error, TROUPE_OK);
    tr_world_counts(scene.world, &counts);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_DEAD_LETTER], 10);
    assert_int_equal(counts.dead_letters[TROUPE_DEAD_OVERFLOW], 10);
    act(&scene, looks, &scene);
    assert_int_equal(info.refused, KEYS + 10);
    end(&scene);
}

/* Promise: ROUTER-FULL */
static void passes_over_one_that_is_full(void **state)
{
    (void) state;
    struct scene scene = {0};
    troupe_counts counts;
    begin(&scene, 1, 1);
    add_member(&scene, 0, 2, TROUPE_ON_FULL_FAIL);
    add_member(&scene, 1, 4, TROUPE_ON_FULL_FAIL);
    scene.pause_ms = 100000;
    act(&scene, tells, &scene);
    assert_int_equal(scene.got[0] + scene.got[1], 2); /* in hand */
    const uint32_t left = depth_of(scene.world, scene.members[0]);
    const uint32_t right = depth_of(scene.world, scene.members[1]);
    tr_world_counts(scene.world, &counts);
    assert_int_equal(counts.dead_letters[TROUPE_DEAD_OVERFLOW], 10 - 2 - left - right);
    assert_true(left < right && right >= 3);
    end(&scene);
}

static troupe_error joins_and_is_told(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    for (unsigned i = 0; i < 3; i++) {
        TROUPE_AUTO(troupe_message) *reply = NULL;
        const troupe_router_member member = {.ref = scene->members[i]};
        const troupe_error error = troupe_ask_struct(self, scene->router, &troupe_router_join_type,
                                                     &member, TROUPE_WITHIN_S(1), &reply);
        scene->counts[error == TROUPE_OK ? 0 : 1]++;
        scene->error = error ? error : scene->error;
    }
    return TROUPE_OK;
}

static void has_so_many_members_and_no_more(void **state)
{
    (void) state;
    struct scene scene = {.options = {.members_max = 2}};
    begin(&scene, 1, 1);
    for (unsigned i = 0; i < 3; i++) {
        scene.members[i] = a_root(scene.world, TROUPE_SPAWN(.body = play_idle));
    }
    act(&scene, joins_and_is_told, &scene);
    assert_int_equal(scene.counts[0], 2);
    assert_int_equal(scene.error, TROUPE_ERROR_LIMIT_REACHED);
    end(&scene);
}

static void refuses_options_that_make_no_sense(void **state)
{
    (void) state;
    static const troupe_router_options wrong[] = {
        {.way = TROUPE_ROUTER_BY_KEY},  {.key = key_of}, {.members_max = 5000}, {.reserved = 1},
        {.way = (troupe_router_way) 7},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct scene scene = {.options = wrong[i]};
        begin(&scene, 1, 1);
        assert_int_equal(scene.error, TROUPE_ERROR_BAD_ARGUMENT);
        end(&scene);
    }
}

/* Members come and go while others ask: each ask ends, and nothing is left over. */
static troupe_error comes_and_goes(troupe_self *self, void *argument)
{
    struct part *part = argument;
    for (unsigned i = 0; i < 5; i++) {
        troupe_ref member;
        troupe_error error =
            troupe_spawn(self, TROUPE_SPAWN(.body = member_body, .argument = part), &member);
        error =
            error ? error : troupe_router_join(self, part->scene->router, member, part->number + 1);
        error = error ? error
                      : troupe_sleep(self,
                                     troupe_timeout_of_ns(1 + troupe_self_random(self) % (3 * MS)));
        error = error ? error : troupe_stop(self, member);
        if (error) {
            return error;
        }
    }
    return TROUPE_OK;
}

static troupe_error asks_on(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    for (uint64_t i = 0; i < 20; i++) {
        const troupe_error error = ask_figure(self, scene->router, i, TROUPE_WITHIN_S(1), NULL);
        scene->counts[0]++;
        switch ((int) error) {
        case TROUPE_OK:
            scene->counts[1]++;
            break;
        case TROUPE_ERROR_NO_SUCH_ACTOR:
        case TROUPE_ERROR_STALE:
        case TROUPE_ERROR_NO_REPLY:
            scene->counts[2]++;
            break;
        default:
            scene->error = error;
        }
        if (troupe_sleep(self, TROUPE_WITHIN_US(200))) {
            return TROUPE_OK;
        }
    }
    return TROUPE_OK;
}

static void come_and_go(uint64_t seed, void *context)
{
    (void) context;
    struct scene scene = {.options = {.way = (troupe_router_way) (seed % 3)}};
    scene.options.key = seed % 3 == TROUPE_ROUTER_BY_KEY ? key_of : NULL;
    begin(&scene, seed, 1 + (uint32_t) (seed % 3));
    for (uint64_t i = 0; i < 4; i++) {
        parts[i] = (struct part) {&scene, i};
        (void) a_root(scene.world, TROUPE_SPAWN(.body = comes_and_goes, .argument = &parts[i]));
        (void) a_root(scene.world, TROUPE_SPAWN(.body = asks_on, .argument = &scene));
    }
    tr_world_advance(scene.world, 10000 * MS);
    assert_int_equal(scene.error, TROUPE_OK);
    assert_int_equal(scene.counts[0], 80);
    assert_int_equal(scene.counts[1] + scene.counts[2], 80);
    assert_true(scene.counts[1] > 0);
    act(&scene, looks, &scene);
    assert_int_equal(info.members, 0);
    end(&scene);
}

/* Promise: ROUTER-ENDED */
static void ends_each_ask_while_members_come_and_go(void **state)
{
    (void) state;
    for_each_seed(200, come_and_go, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_each_its_turn_and_lets_it_answer),
        cmocka_unit_test(spares_those_who_have_much_to_do),
        cmocka_unit_test(moves_only_the_keys_of_one_that_leaves_or_joins),
        cmocka_unit_test(forgets_a_member_that_has_ended),
        cmocka_unit_test(says_that_there_is_nobody),
        cmocka_unit_test(passes_over_one_that_is_full),
        cmocka_unit_test(has_so_many_members_and_no_more),
        cmocka_unit_test(refuses_options_that_make_no_sense),
        cmocka_unit_test(ends_each_ask_while_members_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
