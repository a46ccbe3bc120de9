/* SPDX-License-Identifier: MIT */
/* What a snapshot shows: the tree, the mailboxes, and who waits for whom. */
#include "core/snapshot.h"

#include <string.h>

#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)

static const troupe_actor_info *find(const troupe_snapshot *snapshot, const char *name)
{
    static const troupe_actor_info none;
    for (size_t i = 0; i < snapshot->actor_count; i++) {
        if (strcmp(snapshot->actors[i].name, name) == 0) {
            return &snapshot->actors[i];
        }
    }
    return &none;
}

static troupe_error asks_for_ever(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    return ask_figure(self, cast->refs[0], 1, TROUPE_FOREVER, NULL);
}

static troupe_error sends_three(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_error error = TROUPE_OK;
    for (unsigned i = 0; i < 3 && error == TROUPE_OK; i++) {
        error = send_figure(self, cast->refs[1], i);
    }
    return error;
}

static const troupe_behavior plain = TROUPE_BEHAVIOR(.name = "plain one");

static troupe_error has_child(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_ref ref;
    const troupe_error error = troupe_spawn(
        self, TROUPE_SPAWN(.behavior = &plain, .name = "child", .place = TROUPE_PLACE_ANY), &ref);
    return error ? error : play_idle(self, NULL);
}

/* A parent with its child, one who hoards a request, one who is full, and who waits for them. */
static void populate(tr_world *world, struct cast *cast)
{
    cast->refs[0] = a_root(world, TROUPE_SPAWN(.body = play_hoarder, .name = "hoarder"));
    cast->refs[1] = a_root(world, TROUPE_SPAWN(.body = play_sleeper, .name = "full",
                                               .mailbox_capacity = 2, .place = TROUPE_PLACE_ANY));
    (void) a_root(world, TROUPE_SPAWN(.body = has_child, .name = "parent"));
    (void) a_root(world, TROUPE_SPAWN(.body = asks_for_ever, .name = "asker", .argument = cast,
                                      .place = TROUPE_PLACE_ANY));
    (void) a_root(world, TROUPE_SPAWN(.body = sends_three, .name = "sender", .argument = cast));
    tr_world_advance(world, 100 * MS);
}

/* Whether the picture shows what populate has made; says what not. */
static void look_at(const troupe_snapshot *snapshot, const struct cast *cast, struct probe *wrong)
{
    const troupe_actor_info *asker = find(snapshot, "asker");
    const troupe_actor_info *sender = find(snapshot, "sender");
    const troupe_actor_info *full = find(snapshot, "full");
    const troupe_actor_info *parent = find(snapshot, "parent");
    const troupe_actor_info *child = find(snapshot, "child");
    const struct {
        bool is_so;
        const char *what;
    } looks[] = {
        {asker->wait == TROUPE_WAIT_REPLY, "asker waits"},
        {troupe_ref_is_same(asker->waits_for, cast->refs[0]), "for the hoarder"},
        {asker->asks == 1, "one ask is open"},
        {sender->wait == TROUPE_WAIT_ROOM, "sender waits"},
        {troupe_ref_is_same(sender->waits_for, cast->refs[1]), "for the full one"},
        {sender->waiting_since_ns > 0, "since some time"},
        {full->wait == TROUPE_WAIT_TIME && troupe_ref_is_none(full->waits_for), "full sleeps"},
        {full->depth == 2 && full->depth_peak == 2 && full->capacity == 2, "it is full"},
        {full->waiting == 1, "one stands in line"},
        {parent->wait == TROUPE_WAIT_MESSAGE && troupe_ref_is_none(parent->parent), "parent"},
        {troupe_ref_is_same(child->parent, parent->ref), "child"},
        {child->form == TROUPE_FORM_BEHAVIOR && strcmp(child->behavior, "plain one") == 0, "form"},
        {parent->form == TROUPE_FORM_COROUTINE && strcmp(parent->behavior, "coroutine") == 0,
         "form"},
        {find(snapshot, "hoarder")->handled == 0, "hoarder holds it"},
        {snapshot->node.accepted == 3 && troupe_counts_held(&snapshot->node) == 3, "counts"},
    };
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        if (!looks[i].is_so) {
            probe_say(wrong, "not so: %s", looks[i].what);
        }
    }
}

/* Promise: STATS-TREE, STATS-WAITS, STATS-MAILBOX */
static void shows_tree_mailboxes_and_waits(void **state)
{
    struct cast cast = {.seen = a_probe()};
    populate(*state, &cast);
    troupe_snapshot *snapshot = NULL;
    assert_ok(tr_world_snapshot(*state, &snapshot));
    look_at(snapshot, &cast, cast.seen);
    assert_silent(cast.seen);
    assert_int_equal(snapshot->actor_count, 6);
    troupe_snapshot_destroy(&snapshot);
    assert_null(snapshot);
    troupe_snapshot_destroy(&snapshot);
    troupe_snapshot_destroy(NULL);
    drop_probe(&cast.seen);
}

/* Keeps three messages of its first four in the stash. */
static troupe_error stashes_three(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    for (unsigned i = 0; i < 3 && error == TROUPE_OK; i++) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        error = error ? error : troupe_stash(self, &message);
    }
    return error ? error : troupe_sleep(self, TROUPE_FOREVER);
}

/* Fills the sleeper, is refused twice, and goes on to the one that stashes. */
static troupe_error sends_on_both_sides(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    static const char bytes[1000];
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_message_create_bytes(
        self, NULL, &(const troupe_bytes) {.data = bytes, .size = sizeof bytes}, &message);
    error = error ? error : troupe_send_message(self, cast->refs[0], &message);
    for (uint64_t i = 0; i < 3 && error == TROUPE_OK; i++) {
        error = a_figure(self, i, &message);
        const troupe_error sent = troupe_send_message_with(
            self, cast->refs[0], &message, TROUPE_SEND(.on_full = TROUPE_ON_FULL_FAIL));
        (void) tell(cast, "sent", sent);
        troupe_message_destroy(&message);
        error = error ? error : send_figure(self, cast->refs[1], i);
    }
    return error ? error : play_idle(self, NULL);
}

static troupe_error starts_with_a_tick(troupe_self *self, void *state, void *argument)
{
    troupe_timer timer;
    *(const struct cast **) state = argument;
    return troupe_timer_start(self, TROUPE_TIMER(.after = TROUPE_WITHIN_MS(50)), &timer);
}

/* At a full mailbox: what it sends is parked. */
static troupe_error parks_four(troupe_self *self, void *state, troupe_message **message)
{
    const struct cast *cast = *(const struct cast **) state;
    troupe_error error = TROUPE_OK;
    (void) message;
    for (uint64_t i = 0; i < 4 && error == TROUPE_OK; i++) {
        error = send_figure(self, cast->refs[0], i);
    }
    return error;
}

static const troupe_handles parks_at_a_tick[] = {{.type = &troupe_tick_type, .handler = parks_four},
                                                 {0}};
static const troupe_behavior parking =
    TROUPE_BEHAVIOR(.name = "parking", .state_size = sizeof(struct cast *),
                    .start = starts_with_a_tick, .handlers = parks_at_a_tick);

/* Promise: STATS-MAILBOX */
static void shows_what_is_stashed_parked_refused_and_how_large(void **state)
{
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = a_root(*state, TROUPE_SPAWN(.body = play_sleeper, .name = "full",
                                               .mailbox_capacity = 2, .place = TROUPE_PLACE_ANY));
    cast.refs[1] = a_root(*state, TROUPE_SPAWN(.body = stashes_three, .name = "stashing",
                                               .mailbox_capacity = 8, .place = TROUPE_PLACE_ANY));
    (void) a_root(*state, TROUPE_SPAWN(.body = sends_on_both_sides, .argument = &cast));
    (void) a_root(*state, TROUPE_SPAWN(.behavior = &parking, .name = "parking", .argument = &cast));
    tr_world_advance(*state, 100 * MS);

    TROUPE_AUTO(troupe_snapshot) *snapshot = NULL;
    assert_ok(tr_world_snapshot(*state, &snapshot));

    assert_said(cast.seen, "sent OK", "sent MAILBOX_FULL", "sent MAILBOX_FULL");
    const troupe_actor_info *full = find(snapshot, "full");
    assert_int_equal(full->bytes, 1000 - 256);
    assert_int_equal(full->refused, 2); /* what is parked is not refused */
    assert_int_equal(full->stashed + full->parked, 0);
    const troupe_actor_info *stashing = find(snapshot, "stashing");
    assert_int_equal(stashing->stashed, 3);
    assert_int_equal(stashing->depth, 3);
    assert_int_equal(stashing->refused + stashing->bytes + stashing->parked, 0);
    assert_int_equal(find(snapshot, "parking")->parked, 4);
    assert_int_equal(find(snapshot, "parking")->stashed, 0);
    drop_probe(&cast.seen);
}

static troupe_error takes_picture(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_snapshot *snapshot = NULL;
    (void) tell(cast, "no self", troupe_self_snapshot(NULL, &snapshot));
    (void) tell(cast, "nowhere", troupe_self_snapshot(self, NULL));
    const troupe_error error = tell(cast, "taken", troupe_self_snapshot(self, &snapshot));
    if (error == TROUPE_OK) {
        look_at(snapshot, cast, cast->seen);
        probe_say(cast->seen, "%d actors", (int) snapshot->actor_count);
        troupe_snapshot_destroy(&snapshot);
    }
    return error;
}

/* Promise: STATS-SELF */
static void is_taken_by_a_coroutine_too(void **state)
{
    struct cast cast = {.seen = a_probe()};
    populate(*state, &cast);
    (void) a_root(*state, TROUPE_SPAWN(.body = takes_picture, .argument = &cast));
    tr_world_advance(*state, 100 * MS);
    assert_said(cast.seen, "no self BAD_ARGUMENT", "nowhere BAD_ARGUMENT", "taken OK", "7 actors");
    drop_probe(&cast.seen);
}

/* Is told to stop while the picture is on its way; it must not end the next wait. */
static troupe_error is_interrupted(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_snapshot *snapshot = NULL;
    (void) tell(cast, "stop", troupe_stop(self, troupe_self_ref(self)));
    const troupe_error error = troupe_self_snapshot(self, &snapshot);
    probe_say(cast->seen, (error == TROUPE_OK) == (snapshot != NULL) ? "consistent" : "not");
    troupe_snapshot_destroy(&snapshot);
    uint64_t answer = 0;
    (void) tell(cast, "asked", ask_figure(self, cast->refs[0], 4, TROUPE_WITHIN_S(1), &answer));
    return TROUPE_OK;
}

static size_t count_pictures_of(tr_world *world, troupe_ref ref)
{
    troupe_snapshot *snapshot = NULL;
    size_t count = 0;
    assert_ok(tr_world_snapshot(world, &snapshot));
    for (size_t i = 0; i < snapshot->actor_count; i++) {
        count += troupe_ref_is_same(snapshot->actors[i].ref, ref) ? 1 : 0;
    }
    troupe_snapshot_destroy(&snapshot);
    return count;
}

/* Promise: STATS-MOVED */
static void misses_an_actor_only_while_it_is_moved(void **state)
{
    (void) state;
    tr_world *world = a_world(1, 3);
    const troupe_ref ref = a_root(world, TROUPE_SPAWN(.body = play_idle));
    assert_int_equal(count_pictures_of(world, ref), 1);
    assert_true(tr_world_move(world, ref, 2));
    assert_int_equal(count_pictures_of(world, ref), 0);
    tr_world_run(world);
    assert_int_equal(count_pictures_of(world, ref), 1);
    drop_world(&world);
}

/* Promise: STATS-MOVED */
static void shows_an_actor_twice_only_if_it_is_moved_meanwhile(void **state)
{
    (void) state;
    tr_world *world = a_world(1, 2);
    const troupe_ref ref = a_root(world, TROUPE_SPAWN(.body = play_idle));
    troupe_snapshot *snapshot = NULL;
    assert_ok(tr_snapshot_create(tr_world_worker(world, 0)->system, 2, &snapshot));
    assert_ok(tr_snapshot_add(snapshot, tr_world_worker(world, 0)));
    assert_true(tr_world_move(world, ref, 1));
    tr_world_run(world);
    assert_ok(tr_snapshot_add(snapshot, tr_world_worker(world, 1)));
    assert_int_equal(snapshot->actor_count, 2);
    assert_true(troupe_ref_is_same(snapshot->actors[0].ref, ref));
    assert_int_equal(snapshot->actors[0].worker, 0);
    assert_true(troupe_ref_is_same(snapshot->actors[1].ref, ref));
    assert_int_equal(snapshot->actors[1].worker, 1);
    troupe_snapshot_destroy(&snapshot);
    drop_world(&world);
}

static void run_interrupted(uint64_t seed, void *context)
{
    (void) context;
    struct cast cast = {.seen = a_probe()};
    tr_world *world = a_world(seed, 3);
    cast.refs[0] = a_root(world, TROUPE_SPAWN(.body = play_doubler, .place = TROUPE_PLACE_ANY));
    (void) a_root(world, TROUPE_SPAWN(.body = is_interrupted, .argument = &cast));
    tr_world_advance(world, 2000 * MS);
    assert_said(cast.seen, "stop OK", "consistent", "asked OK");
    drop_world(&world);
    drop_probe(&cast.seen);
}

static void may_be_interrupted(void **state)
{
    (void) state;
    for_each_seed(20, run_interrupted, NULL);
}

static troupe_error sends_of_many_types(troupe_self *self, void *argument)
{
    static const char *const names[8] = {"h", "c", "f", "a", "g", "b", "e", "d"};
    static troupe_type types[8];
    const struct cast *cast = argument;
    troupe_error error = TROUPE_OK;
    for (size_t i = 0; i < 8 && error == TROUPE_OK; i++) {
        types[i] = (troupe_type) {.size = sizeof(troupe_type), .name = names[i]};
        error = troupe_send_struct(self, cast->refs[0], &types[i], NULL);
    }
    return error;
}

/* Promise: SIMULATION-PORTS */
/* Their addresses are others in each build and run. */
static void has_types_in_the_order_of_their_names(void **state)
{
    tr_world *world = *state;
    struct cast cast = {0};
    troupe_snapshot *snapshot = NULL;
    cast.refs[0] = a_root(world, TROUPE_SPAWN(.body = play_idle, .place = TROUPE_PLACE_ANY));
    (void) a_root(world, TROUPE_SPAWN(.body = sends_of_many_types, .argument = &cast,
                                      .place = TROUPE_PLACE_ANY));
    tr_world_advance(world, 100 * MS);
    assert_ok(tr_world_snapshot(world, &snapshot));
    assert_in_range(snapshot->type_count, 8, 20);
    for (size_t i = 1; i < snapshot->type_count; i++) {
        assert_true(strcmp(snapshot->types[i - 1].type, snapshot->types[i].type) < 0);
        assert_int_equal(snapshot->types[i].outcomes[TROUPE_OUTCOME_HANDLED] > 0, 1);
    }
    troupe_snapshot_destroy(&snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(shows_tree_mailboxes_and_waits),
        WITH_WORLD_OF_THREE(shows_tree_mailboxes_and_waits),
        WITH_WORLD(shows_what_is_stashed_parked_refused_and_how_large),
        WITH_WORLD_OF_THREE(shows_what_is_stashed_parked_refused_and_how_large),
        WITH_WORLD(has_types_in_the_order_of_their_names),
        WITH_WORLD_OF_THREE(has_types_in_the_order_of_their_names),
        WITH_WORLD(is_taken_by_a_coroutine_too),
        WITH_WORLD_OF_THREE(is_taken_by_a_coroutine_too),
        cmocka_unit_test(misses_an_actor_only_while_it_is_moved),
        cmocka_unit_test(shows_an_actor_twice_only_if_it_is_moved_meanwhile),
        cmocka_unit_test(may_be_interrupted),
    };
    return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
