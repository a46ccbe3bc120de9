/* SPDX-License-Identifier: MIT */
/* What an actor promises: it starts, handles, stops and fails, its children first. */
#include <string.h>
#include <troupe/troupe.h>

#include "support/cast.h"
#include "support/fixtures.h"
#include "support/probe.h"
#include "support/world_fixture.h"

static const troupe_type ball_type = TROUPE_TYPE(uint64_t);

#define ROUNDS 999 /* odd: the player hits the odd ones */

struct player {
    troupe_ref other;
    uint64_t hits;
};

static troupe_error throw_ball(troupe_self *self, troupe_ref to, uint64_t number)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_message_create(self, &ball_type, &number, &message);
    return error ? error : troupe_send_message(self, to, &message);
}

static troupe_error player_hit(troupe_self *self, void *state, troupe_message **message)
{
    struct player *player = state;
    const uint64_t *number = troupe_message_struct(*message, &ball_type);
    player->hits++;
    if (*number == ROUNDS) {
        return troupe_stop(self, troupe_self_ref(self));
    }
    return throw_ball(self, troupe_message_sender(*message), *number + 1);
}

static const troupe_handles player_handlers[] = {{.type = &ball_type, .handler = player_hit}, {0}};
static const troupe_behavior player_behavior =
    TROUPE_BEHAVIOR(.name = "player", .state_size = sizeof(struct player),
                    .handlers = player_handlers);

static troupe_error match(troupe_self *self, void *argument)
{
    struct probe *seen = argument;
    troupe_ref left;
    troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.behavior = &player_behavior), &left);
    if (error) {
        return error;
    }
    troupe_monitor_id monitor;
    error = troupe_monitor(self, left, &monitor);
    if (error) {
        return error;
    }
    error = throw_ball(self, left, 1);
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_WITHIN_S(10)) == TROUPE_OK) {
        const troupe_down *down = troupe_message_struct(message, &troupe_down_type);
        const uint64_t *number = troupe_message_struct(message, &ball_type);
        if (down != NULL) {
            probe_say(seen, "down %s", troupe_error_name(down->reason));
            return error;
        }
        error = throw_ball(self, left, *number + 1);
    }
    return error;
}

static void plays_ping_pong(void **state)
{
    struct probe *seen = a_probe();
    (void) a_root(*state, TROUPE_SPAWN(.body = match, .argument = seen));
    tr_world_run(*state);
    assert_said(seen, "down OK");
    drop_probe(&seen);
}

static troupe_error echo(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        const uint64_t *number = troupe_message_struct(message, &ball_type);
        TROUPE_AUTO(troupe_message) *answer = NULL;
        troupe_error error = troupe_message_create(self, &ball_type, number, &answer);
        if (error == TROUPE_OK) {
            error = troupe_reply_message(self, message, &answer);
        }
        if (error) {
            return error;
        }
    }
    return TROUPE_OK;
}

static troupe_error asker(troupe_self *self, void *argument)
{
    struct probe *seen = argument;
    troupe_ref server;
    troupe_error error = troupe_spawn(
        self, TROUPE_SPAWN(.body = echo, .place = TROUPE_PLACE_ANY, .mailbox_capacity = 1),
        &server);
    TROUPE_AUTO(troupe_message) *reply = NULL;
    for (uint64_t i = 1; error == TROUPE_OK && i <= 3; i++) {
        TROUPE_AUTO(troupe_message) *question = NULL;
        error = troupe_message_create(self, &ball_type, &i, &question);
        if (error == TROUPE_OK) {
            error = troupe_ask_message(self, server, &question, TROUPE_WITHIN_S(1), &reply);
        }
        const uint64_t *number = troupe_message_struct(reply, &ball_type);
        probe_say(seen, "%d", number != NULL ? (int) *number : -(int) error);
    }
    return error;
}

static void asks_and_is_answered(void **state)
{
    struct probe *seen = a_probe();
    (void) a_root(*state, TROUPE_SPAWN(.body = asker, .argument = seen));
    tr_world_run(*state);
    assert_said(seen, "1", "2", "3");
    drop_probe(&seen);
}

static troupe_error producer(troupe_self *self, void *argument)
{
    const troupe_ref *consumer = argument;
    for (uint64_t i = 0; i < 100; i++) {
        const troupe_error error = throw_ball(self, *consumer, i);
        if (error) {
            return error;
        }
    }
    return TROUPE_OK;
}

static troupe_error consumer(troupe_self *self, void *argument)
{
    struct probe *seen = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    uint64_t next = 0;
    while (next < 100 && troupe_receive(self, &message, TROUPE_WITHIN_S(1)) == TROUPE_OK) {
        const uint64_t *number = troupe_message_struct(message, &ball_type);
        if (*number != next) {
            probe_say(seen, "out of order");
        }
        next++;
    }
    probe_say(seen, "%d in order", (int) next);
    return TROUPE_OK;
}

static void waits_for_room_in_order(void **state)
{
    struct probe *seen = a_probe();
    troupe_ref ref =
        a_root(*state, TROUPE_SPAWN(.body = consumer, .argument = seen, .mailbox_capacity = 2));
    (void) a_root(*state,
                  TROUPE_SPAWN(.body = producer, .argument = &ref, .place = TROUPE_PLACE_ANY));
    tr_world_run(*state);
    assert_said(seen, "100 in order");
    drop_probe(&seen);
}

/* One of a family, who says how it ended. */
struct relative {
    struct cast *cast;
    const char *name;
    struct relative *children[2];
};

static void say_end(troupe_self *self, void *state, troupe_error reason)
{
    const struct relative *relative = *(struct relative **) state;
    (void) self;
    (void) tell(relative->cast, relative->name, reason);
}

static troupe_error fail_at_once(troupe_self *self, void *state, troupe_message **message)
{
    (void) self;
    (void) state;
    (void) message;
    return TROUPE_ERROR_PROTOCOL;
}

static troupe_error have_children(troupe_self *self, void *state, void *argument);

static const troupe_behavior relative_behavior =
    TROUPE_BEHAVIOR(.name = "relative", .state_size = sizeof(struct relative *),
                    .start = have_children, .other = fail_at_once, .stop = say_end);

static troupe_error have_children(troupe_self *self, void *state, void *argument)
{
    struct relative *relative = argument;
    troupe_error error = TROUPE_OK;
    troupe_ref ref;
    *(struct relative **) state = relative;
    for (size_t i = 0; i < 2 && relative->children[i] != NULL && error == TROUPE_OK; i++) {
        error = troupe_spawn_nowait(self,
                                    TROUPE_SPAWN(.behavior = &relative_behavior,
                                                 .argument = relative->children[i],
                                                 .place = TROUPE_PLACE_ANY),
                                    &ref);
    }
    return error;
}

/* Does to the first what the cast says, and watches it. */
static troupe_error ends_family(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_monitor_id monitor;
    troupe_error error = troupe_monitor(self, cast->refs[0], &monitor);
    if (error == TROUPE_OK && cast->count == 0) {
        error = troupe_stop(self, cast->refs[0]);
    } else if (error == TROUPE_OK && cast->count == 1) {
        error = troupe_cancel(self, cast->refs[0]);
    } else if (error == TROUPE_OK) {
        error = send_figure(self, cast->refs[0], 1);
    }
    return error ? error : play_listener(self, argument);
}

/* The last line that begins with this word. */
static size_t place_of(struct probe *seen, const char *name)
{
    size_t place = SIZE_MAX;
    for (size_t i = 0; i < probe_count(seen); i++) {
        place = strncmp(probe_line(seen, i), name, strlen(name)) == 0 ? i : place;
    }
    return place;
}

static void assert_ended(struct probe *seen, size_t count, const char *name, const char *how)
{
    char line[64];
    (void) snprintf(line, sizeof line, "%s %s", name, how);
    assert_int_equal(probe_count_of(seen, line), count);
}

/* Ends a family in the way `how`; the grandparent and the others end with these. */
static void end_family(uint64_t seed, uint64_t how, const char *first, const char *others)
{
    struct cast cast = {.seen = a_probe(), .count = how};
    tr_world *world = a_world(seed, 1 + (uint32_t) (seed % 3));
    struct relative child = {&cast, "child", {NULL, NULL}};
    struct relative uncle = {&cast, "uncle", {NULL, NULL}};
    struct relative parent = {&cast, "parent", {&child, &child}};
    struct relative grandparent = {&cast, "grandparent", {&parent, &uncle}};
    cast.refs[0] =
        a_root(world, TROUPE_SPAWN(.behavior = &relative_behavior, .argument = &grandparent));
    tr_world_run(world);
    (void) a_root(world, TROUPE_SPAWN(.body = ends_family, .argument = &cast));
    tr_world_run(world);

    assert_int_equal(probe_count(cast.seen), 6);
    assert_ended(cast.seen, 2, "child", others);
    assert_ended(cast.seen, 1, "parent", others);
    assert_ended(cast.seen, 1, "uncle", others);
    assert_ended(cast.seen, 1, "grandparent", first);
    assert_ended(cast.seen, 1, "down", first);
    assert_true(place_of(cast.seen, "grandparent") == 4 && place_of(cast.seen, "down") == 5);
    assert_true(place_of(cast.seen, "child") < place_of(cast.seen, "parent"));
    drop_world(&world);
    drop_probe(&cast.seen);
}

static void run_families(uint64_t seed, void *context)
{
    (void) context;
    end_family(seed, 0, "OK", "OK");
    end_family(seed, 1, "CANCELLED", "CANCELLED");
    end_family(seed, 2, "PROTOCOL", "OK");
}

/* Promise: ACTOR-CHILDREN, ACTOR-CANCEL, ACTOR-FAIL */
static void ends_its_children_first(void **state)
{
    (void) state;
    for_each_seed(100, run_families, NULL);
}

#define IN_WORLDS(test)                                                                            \
    cmocka_unit_test_setup_teardown(test, make_world, drop_made_world),                            \
        cmocka_unit_test_setup_teardown(test, make_world_of_three, drop_made_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLDS(plays_ping_pong),
        IN_WORLDS(asks_and_is_answered),
        IN_WORLDS(waits_for_room_in_order),
        cmocka_unit_test(ends_its_children_first),
    };
    return cmocka_run_group_tests_name("actor", tests, NULL, NULL);
}
