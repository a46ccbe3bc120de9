/* SPDX-License-Identifier: MIT */
/* What a monitor promises: exactly one DOWN, with the reason, after all that the ended one had
 * sent. */
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

static void play(tr_world *world, troupe_body *body, struct cast *cast)
{
    (void) a_root(world, TROUPE_SPAWN(.body = body, .argument = cast));
    tr_world_advance(world, UINT64_C(60000000000));
}

static troupe_error ends_well(troupe_self *self, void *argument)
{
    (void) argument;
    return troupe_sleep(self, TROUPE_WITHIN_MS(1));
}

static troupe_error fails(troupe_self *self, void *argument)
{
    (void) argument;
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(2));
    return error ? error : TROUPE_ERROR_PROTOCOL;
}

static troupe_error watches_ends(troupe_self *self, void *argument)
{
    troupe_body *const bodies[] = {ends_well, fails, play_idle, play_idle};
    troupe_ref refs[4];
    troupe_monitor_id monitors[4];
    troupe_error error = TROUPE_OK;
    for (size_t i = 0; i < 4 && error == TROUPE_OK; i++) {
        error = troupe_spawn(self, TROUPE_SPAWN(.body = bodies[i], .place = TROUPE_PLACE_ANY),
                             &refs[i]);
        error = error ? error : troupe_monitor(self, refs[i], &monitors[i]);
    }
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(10));
    error = error ? error : troupe_stop(self, refs[2]);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(10));
    error = error ? error : troupe_cancel(self, refs[3]);
    return error ? error : play_listener(self, argument);
}

/* Promise: MONITOR-REASON */
static void tells_how_an_actor_ended(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, watches_ends, &cast);
    assert_said(cast.seen, "down OK", "down PROTOCOL", "down OK", "down CANCELLED");
    drop_probe(&cast.seen);
}

static troupe_error watches_kinds(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_body *const bodies[] = {ends_well, fails, play_idle, play_idle};
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_ref refs[6];
    troupe_monitor_id monitor;
    troupe_error error = TROUPE_OK;
    for (size_t i = 0; i < 4 && error == TROUPE_OK; i++) {
        error = troupe_spawn(self,
                             TROUPE_SPAWN(.body = bodies[i], .place = TROUPE_PLACE_ANY,
                                          .out_monitor = i < 2 ? &monitor : NULL),
                             &refs[i]);
    }
    refs[4] = refs[0];
    refs[4].generation += 1000;
    refs[5] = refs[0]; /* will have ended */
    for (size_t i = 0; i < 6 && error == TROUPE_OK; i++) {
        error = i < 2 ? TROUPE_OK : troupe_monitor(self, refs[i], &monitor);
        error = error || i != 2 ? error : troupe_stop(self, refs[2]);
        error = error || i != 3 ? error : troupe_cancel(self, refs[3]);
        error = error ? error : troupe_receive(self, &message, TROUPE_WITHIN_S(1));
        const troupe_down *down = troupe_message_struct(message, &troupe_down_type);
        probe_say(cast->seen, "kind %d", down != NULL ? (int) down->kind : -1);
    }
    return error;
}

/* Promise: DOWN-KIND */
static void tells_the_kind_of_end(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, watches_kinds, &cast);
    assert_said(cast.seen, "kind 0", "kind 2", "kind 1", "kind 3", "kind 4", "kind 5");
    drop_probe(&cast.seen);
}

static troupe_error ends_at_once(troupe_self *self, void *argument)
{
    (void) self;
    (void) argument;
    return TROUPE_ERROR_PROTOCOL;
}

static troupe_error watches_from_the_start(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_ref ref;
    troupe_monitor_id monitor;
    troupe_error error = troupe_spawn_nowait(
        self,
        TROUPE_SPAWN(.body = ends_at_once, .place = TROUPE_PLACE_ANY, .out_monitor = &monitor),
        &ref);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(10));
    /* What the spawn itself reports gives no DOWN besides. */
    (void) tell(
        cast, "spawn",
        troupe_spawn(self, TROUPE_SPAWN(.body = ends_at_once, .out_monitor = &monitor), &ref));
    return error ? tell(cast, "failed", error) : play_listener(self, argument);
}

/* Promise: MONITOR-SPAWN */
static void can_begin_with_the_spawn(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, watches_from_the_start, &cast);
    assert_said(cast.seen, "spawn PROTOCOL", "down PROTOCOL");
    drop_probe(&cast.seen);
}

static troupe_error watches_nobody(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_monitor_id monitor;
    troupe_ref ref;
    troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.body = ends_well), &ref);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(10));
    error = error ? error : troupe_monitor(self, ref, &monitor); /* it has ended */
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(10));
    ref.generation += 5;
    error = error ? error : troupe_monitor(self, ref, &monitor); /* never was */
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(10));
    ref.slot = UINT32_MAX;
    error = error ? error : troupe_monitor(self, ref, &monitor); /* never can be */
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(10));
    ref.node++;
    error = error ? error : troupe_monitor(self, ref, &monitor); /* of another incarnation */
    (void) tell(cast, "none", troupe_monitor(self, troupe_ref_none(), &monitor));
    (void) tell(cast, "nowhere", troupe_monitor(self, ref, NULL));
    (void) tell(cast, "no self", troupe_monitor(NULL, ref, &monitor));
    return error ? tell(cast, "failed", error) : play_listener(self, argument);
}

/* Promise: MONITOR-DEAD */
static void tells_at_once_of_those_who_are_not_there(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, watches_nobody, &cast);
    assert_said(cast.seen, "none BAD_ARGUMENT", "nowhere BAD_ARGUMENT", "no self BAD_ARGUMENT",
                "down STALE", "down NO_SUCH_ACTOR", "down NO_SUCH_ACTOR", "down STALE");
    drop_probe(&cast.seen);
}

/* Sends a few to the watcher and ends at a moment of chance. */
static troupe_error chatters(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_error error = troupe_sleep(self, TROUPE_WITHIN_US(troupe_self_random(self) % 3000));
    for (uint64_t i = 1; i <= 8 && error == TROUPE_OK; i++) {
        error = send_figure(self, cast->refs[0], i);
        if (troupe_self_random(self) % 4 == 0) {
            troupe_flush(self);
        }
    }
    return error;
}

static troupe_error watches_chatter(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    troupe_ref ref;
    troupe_monitor_id monitor;
    cast->refs[0] = troupe_self_ref(self);
    troupe_error error = troupe_spawn(
        self, TROUPE_SPAWN(.body = chatters, .argument = argument, .place = TROUPE_PLACE_ANY),
        &ref);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_US(troupe_self_random(self) % 3000));
    error = error ? error : troupe_monitor(self, ref, &monitor);
    return error ? tell(cast, "failed", error) : play_listener(self, argument);
}

static void run_chatter(uint64_t seed, void *context)
{
    (void) context;
    for (uint32_t capacity = 1; capacity <= 16; capacity *= 4) {
        struct cast cast = {.seen = a_probe()};
        tr_world *world = a_world(seed, 3);
        (void) a_root(world, TROUPE_SPAWN(.body = watches_chatter, .argument = &cast,
                                          .mailbox_capacity = capacity));
        tr_world_advance(world, UINT64_C(60000000000));
        assert_int_equal(probe_count(cast.seen), 9);
        for (size_t i = 0; i < 8; i++) {
            char line[16];
            (void) snprintf(line, sizeof line, "got %d", (int) i + 1);
            assert_string_equal(probe_line(cast.seen, i), line);
        }
        assert_true(probe_has(cast.seen, "down "));
        drop_world(&world);
        drop_probe(&cast.seen);
    }
}

/* Promise: MONITOR-ORDER */
static void tells_after_all_that_the_ended_one_had_sent(void **state)
{
    (void) state;
    for_each_seed(100, run_chatter, NULL);
}

static troupe_error is_busy_meanwhile(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_ref ref;
    troupe_monitor_id monitors[2];
    troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.body = ends_well), &ref);
    error = error ? error : troupe_monitor(self, ref, &monitors[0]);
    error = error ? error : troupe_monitor(self, ref, &monitors[1]);
    error = error ? error : send_figure(self, troupe_self_ref(self), 1);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(10)); /* both are queued */
    error = error ? error : send_figure(self, troupe_self_ref(self), 2);
    probe_say(cast->seen, troupe_demonitor(self, monitors[0]) ? "stood" : "gone");
    probe_say(cast->seen, troupe_demonitor(self, monitors[0]) ? "stood" : "gone");
    error = error ? error : play_listener(self, argument);
    return error;
}

/* Promise: MONITOR-DEMONITOR, MONITOR-BEHIND */
static void stands_behind_what_was_queued_and_can_be_taken_back(void **state)
{
    struct cast cast = {.seen = a_probe()};
    play(*state, is_busy_meanwhile, &cast);
    assert_said(cast.seen, "stood", "gone", "got 1", "down OK", "got 2");
    troupe_counts counts;
    tr_world_counts(*state, &counts);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_CANCELLED], 1);
    drop_probe(&cast.seen);
}

/* The same with priorities, and taking nothing but DOWNs. */
static const troupe_type_rule rules[] = {{.type = &figure_type, .priority = 2}};

static troupe_error takes_only_downs(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    const troupe_accept accepted = {.type = &troupe_down_type};
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_ref ref;
    troupe_monitor_id monitors[2];
    troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.body = ends_well), &ref);
    error = error ? error : troupe_monitor(self, ref, &monitors[0]);
    error = error ? error : troupe_monitor(self, ref, &monitors[1]);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(10));
    probe_say(cast->seen, troupe_demonitor(self, monitors[0]) ? "stood" : "gone");
    for (unsigned i = 0; i < 2 && error == TROUPE_OK; i++) {
        error = tell(cast, "only",
                     troupe_receive_only(self, &accepted, 1, &message, TROUPE_WITHIN_MS(10)));
    }
    probe_say(cast->seen, troupe_demonitor(self, monitors[1]) ? "stood" : "gone");
    return TROUPE_OK;
}

/* Promise: MONITOR-DEMONITOR */
static void can_be_taken_back_where_priorities_rule(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = takes_only_downs, .argument = &cast,
                                       .type_rules = rules, .type_rule_count = 1));
    tr_world_advance(*state, UINT64_C(1000000000));
    assert_said(cast.seen, "stood", "only OK", "only TIMED_OUT", "gone");
    drop_probe(&cast.seen);
}

static troupe_error watches_too_much(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_ref ref;
    troupe_monitor_id monitors[3];
    troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.body = play_idle), &ref);
    (void) tell(cast, "first", troupe_monitor(self, ref, &monitors[0]));
    (void) tell(cast, "second", troupe_monitor(self, ref, &monitors[1]));
    (void) tell(cast, "third", troupe_monitor(self, ref, &monitors[2]));
    probe_say(cast->seen, troupe_demonitor(self, monitors[0]) ? "stood" : "gone");
    (void) tell(cast, "third", troupe_monitor(self, ref, &monitors[2]));
    probe_say(cast->seen, troupe_demonitor(self, (troupe_monitor_id) {0}) ? "stood" : "gone");
    probe_say(cast->seen, troupe_demonitor(NULL, monitors[1]) ? "stood" : "gone");
    return error;
}

/* Promise: MONITOR-LIMIT */
static void is_limited_in_number(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state,
                  TROUPE_SPAWN(.body = watches_too_much, .argument = &cast, .monitors_max = 2));
    tr_world_run(*state);
    assert_said(cast.seen, "first OK", "second OK", "third LIMIT_REACHED", "stood", "third OK",
                "gone", "gone");
    drop_probe(&cast.seen);
}

/* The watcher may watch itself, and the watched its watcher; both end in any order. */
static troupe_error watches_back(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_monitor_id monitor;
    troupe_error error = troupe_monitor(self, troupe_self_parent(self), &monitor);
    error = error ? error : troupe_monitor(self, troupe_self_ref(self), &monitor);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_US(troupe_self_random(self) % 3000));
    return error;
}

static troupe_error watches_each_other(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_ref ref;
    troupe_monitor_id monitor;
    troupe_error error = TROUPE_OK;
    for (unsigned i = 0; i < 5 && error == TROUPE_OK; i++) {
        error =
            troupe_spawn(self, TROUPE_SPAWN(.body = watches_back, .place = TROUPE_PLACE_ANY), &ref);
        error = error ? error : troupe_monitor(self, ref, &monitor);
    }
    return error ? error : troupe_sleep(self, TROUPE_WITHIN_US(troupe_self_random(self) % 3000));
}

static void run_mutual(uint64_t seed, void *context)
{
    (void) context;
    tr_world *world = a_world(seed, 1 + (uint32_t) (seed % 3));
    (void) a_root(world, TROUPE_SPAWN(.body = watches_each_other));
    tr_world_advance(world, UINT64_C(1000000000));
    drop_world(&world); /* sound: nothing of the monitors is left */
}

/* Promise: MONITOR-FREED */
static void leaves_nothing_behind_on_either_end(void **state)
{
    (void) state;
    for_each_seed(100, run_mutual, NULL);
}

#define IN_WORLDS(test)                                                                            \
    cmocka_unit_test_setup_teardown(test, make_world, drop_made_world),                            \
        cmocka_unit_test_setup_teardown(test, make_world_of_three, drop_made_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLDS(tells_how_an_actor_ended),
        IN_WORLDS(tells_the_kind_of_end),
        IN_WORLDS(can_begin_with_the_spawn),
        IN_WORLDS(tells_at_once_of_those_who_are_not_there),
        cmocka_unit_test(tells_after_all_that_the_ended_one_had_sent),
        IN_WORLDS(stands_behind_what_was_queued_and_can_be_taken_back),
        IN_WORLDS(can_be_taken_back_where_priorities_rule),
        IN_WORLDS(is_limited_in_number),
        cmocka_unit_test(leaves_nothing_behind_on_either_end),
    };
    return cmocka_run_group_tests_name("monitor", tests, NULL, NULL);
}
