/* SPDX-License-Identifier: MIT */
/* What a restart keeps, and what it ends. */
#include "support/fixtures.h"
#include "support/parts.h"
#include "support/world_fixture.h"

#define SECOND UINT64_C(1000000000)

struct scene {
    struct probe *seen;
    struct part part;
    troupe_spawn_options spawn;
    troupe_child_spec children[1];
    troupe_supervisor_spec spec;
    troupe_ref supervisor;
    troupe_ref part_ref;
    troupe_ref found;
};

static void set_up(struct scene *scene, bool is_body)
{
    *scene = (struct scene) {.seen = a_probe()};
    scene->part = (struct part) {.seen = scene->seen, .name = "part"};
    scene->spawn = is_body ? *PART_BODY_SPAWN(scene->part) : *PART_SPAWN(scene->part);
    scene->children[0] = (troupe_child_spec) TROUPE_CHILD(.id = "part", .actor = &scene->spawn,
                                                          .backoff_start = TROUPE_WITHIN_MS(50));
    scene->spec =
        (troupe_supervisor_spec) TROUPE_SUPERVISOR(.name = "head", .children = scene->children,
                                                   .child_count = 1);
}

static void play(tr_world *world, troupe_body *body, struct scene *scene)
{
    (void) a_root(world, TROUPE_SPAWN(.body = body, .argument = scene));
    tr_world_advance(world, 60 * SECOND);
}

static troupe_error begin(troupe_self *self, struct scene *scene)
{
    troupe_error error = troupe_supervise(self, &scene->spec, &scene->supervisor);
    return error ? error : troupe_lookup(self, "part", &scene->part_ref);
}

static troupe_error fails_one(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    troupe_error error = begin(self, scene);
    error = error ? error : order(self, "part", 1);
    error = error ? error : order(self, "part", PART_FAIL);
    error = error ? error : order(self, "part", 2); /* queued when it fails */
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(5));
    error = error ? error : order(self, "part", 3); /* comes while it rests */
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(100));
    error = error ? error : order(self, "part", 4);
    error = error ? error : troupe_lookup(self, "part", &scene->found);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_S(1));
    probe_say(scene->seen, "root %s", troupe_error_name(error));
    return error;
}

static void check_that_it_keeps(tr_world *world, bool is_body)
{
    struct scene scene;
    set_up(&scene, is_body);
    play(world, fails_one, &scene);
    assert_said(scene.seen, "part up", "part 1", "part 1001", "part down PROTOCOL", "part up",
                "part 2", "part 3", "part 4", "root OK",
                is_body ? "part down STOPPING" : "part down OK");
    assert_true(troupe_ref_is_same(scene.part_ref, scene.found));
    troupe_counts counts;
    tr_world_counts(world, &counts);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_FAILED], 1);
    assert_int_equal(counts.failed, 1);
    drop_probe(&scene.seen);
}

/* Promise: RESTART-KEEPS */
static void keeps_ref_name_and_mailbox_of_a_behavior(void **state)
{
    check_that_it_keeps(*state, false);
}

/* Promise: RESTART-KEEPS */
static void keeps_ref_name_and_mailbox_of_a_coroutine(void **state)
{
    check_that_it_keeps(*state, true);
}

static troupe_error watches(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    troupe_monitor_id monitor;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = begin(self, scene);
    error = error ? error : troupe_monitor(self, scene->part_ref, &monitor);
    error = error ? error : order(self, "part", PART_FAIL);
    error = error ? error : troupe_receive(self, &message, TROUPE_WITHIN_S(1));
    probe_say(scene->seen, "no down: %s", troupe_error_name(error));
    error = troupe_stop(self, scene->supervisor);
    error = error ? error : troupe_receive(self, &message, TROUPE_WITHIN_S(1));
    const troupe_down *down = troupe_message_struct(message, &troupe_down_type);
    probe_say(scene->seen, "down %s", down != NULL ? troupe_error_name(down->reason) : "none");
    return error;
}

/* Promise: RESTART-DOWN */
static void tells_those_who_watch_at_the_end_only(void **state)
{
    struct scene scene;
    set_up(&scene, false);
    play(*state, watches, &scene);
    assert_said(scene.seen, "part up", "part 1001", "part down PROTOCOL", "part up",
                "no down: TIMED_OUT", "part down OK", "down OK");
    drop_probe(&scene.seen);
}

/* A part with much that is its own: a child, a timer, a monitor, an ask, a stash. */

struct owner {
    struct probe *seen;
    uint64_t starts;
};

static troupe_error is_a_child(troupe_self *self, void *argument)
{
    const struct owner *owner = argument;
    const troupe_error error = troupe_sleep(self, TROUPE_FOREVER);
    probe_say(owner->seen, "child %s", troupe_error_name(error));
    return error;
}

static troupe_error owns_much(troupe_self *self, void *argument)
{
    struct owner *owner = argument;
    troupe_ref child;
    troupe_timer timer;
    troupe_monitor_id monitor;
    TROUPE_AUTO(troupe_message) *message = NULL;
    probe_say(owner->seen, "start %llu", (unsigned long long) ++owner->starts);
    troupe_error error =
        troupe_spawn(self, TROUPE_SPAWN(.body = is_a_child, .argument = owner), &child);
    if (owner->starts == 1) {
        error = error
                    ? error
                    : troupe_timer_start(self, TROUPE_TIMER(.every = TROUPE_WITHIN_MS(1)), &timer);
        error = error ? error : troupe_monitor(self, child, &monitor);
    }
    troupe_ready(self);
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (error == TROUPE_OK && troupe_message_is(message, &troupe_tick_type)) {
            if (owner->starts > 1) {
                probe_say(owner->seen, "stray tick");
            }
            continue;
        }
        const uint64_t figure = error ? 0 : figure_of(message);
        if (figure == 1 && owner->starts == 1) {
            error = troupe_stash(self, &message);
        } else if (figure == PART_FAIL) {
            error = TROUPE_ERROR_PROTOCOL;
        } else if (error == TROUPE_OK) {
            probe_say(owner->seen, "got %llu of %s", (unsigned long long) figure,
                      troupe_message_type_name(message));
        }
    }
    return error;
}

static troupe_error fails_an_owner(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    troupe_error error = begin(self, scene);
    error = error ? error : order(self, "part", 1);
    error = error ? error : order(self, "part", PART_FAIL);
    error = error ? error : order(self, "part", 2);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_S(1));
    return error;
}

/* Promise: RESTART-ENDS */
static void ends_what_was_the_starts_own(void **state)
{
    struct scene scene;
    set_up(&scene, true);
    struct owner owner = {.seen = scene.seen};
    scene.spawn = *TROUPE_SPAWN(.name = "part", .body = owns_much, .argument = &owner,
                                .ready_when = TROUPE_READY_WHEN_SAID);
    play(*state, fails_an_owner, &scene);
    assert_said(scene.seen, "start 1", "child STOPPING", "start 2", "got 1 of figure",
                "got 2 of figure", "child STOPPING");
    drop_probe(&scene.seen);
}

static troupe_error asks_one(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    uint64_t answer = 0;
    troupe_error error = begin(self, scene);
    error = error ? error : order(self, "part", 1);
    error =
        error ? error : ask_figure(self, scene->part_ref, PART_FAIL, TROUPE_WITHIN_S(9), &answer);
    probe_say(scene->seen, "asked: %s", troupe_error_name(error));
    error = ask_figure(self, scene->part_ref, 7, TROUPE_WITHIN_S(9), &answer);
    probe_say(scene->seen, "asked again: %s", troupe_error_name(error));
    return TROUPE_OK;
}

/* Promise: RESTART-ASKS */
static void answers_the_ask_that_failed_and_keeps_the_next(void **state)
{
    struct scene scene;
    set_up(&scene, false);
    play(*state, asks_one, &scene);
    assert_said(scene.seen, "part up", "part 1", "part 1001", "part down PROTOCOL",
                "asked: HANDLER_FAILED", "part up", "part 7", "asked again: NO_REPLY",
                "part down OK");
    drop_probe(&scene.seen);
}

static troupe_error stops_one_that_rests(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    troupe_error error = begin(self, scene);
    error = error ? error : order(self, "part", PART_FAIL);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(5));
    error = error ? error : order(self, "part", 5);
    error = error ? error : troupe_stop(self, scene->supervisor);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(500));
    (void) tell(&(struct cast) {.seen = scene->seen}, "send",
                send_figure(self, scene->part_ref, 1));
    return error;
}

/* Promise: RESTART-REST-ENDS */
static void ends_one_that_rests_when_its_supervisor_does(void **state)
{
    struct scene scene;
    set_up(&scene, false);
    play(*state, stops_one_that_rests, &scene);
    assert_said(scene.seen, "part up", "part 1001", "part down PROTOCOL", "send STALE");
    troupe_counts counts;
    tr_world_counts(*state, &counts);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_DEAD_LETTER], 1);
    drop_probe(&scene.seen);
}

static troupe_error cancels_all(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    troupe_error error = begin(self, scene);
    error = error ? error : order(self, "part", PART_FAIL);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(5));
    return error ? error : troupe_cancel(self, scene->supervisor);
}

/* Promise: RESTART-REST-ENDS */
static void ends_one_that_rests_when_its_supervisor_is_cancelled(void **state)
{
    struct scene scene;
    set_up(&scene, true);
    play(*state, cancels_all, &scene);
    assert_said(scene.seen, "part up", "part 1001", "part down PROTOCOL");
    drop_probe(&scene.seen);
}

static troupe_error signals_one_that_rests(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    troupe_error error = begin(self, scene);
    error = error ? error : order(self, "part", PART_FAIL);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(5));
    error = error ? error : troupe_stop(self, scene->part_ref);
    error = error ? error : troupe_cancel(self, scene->part_ref);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_S(1));
    error = error ? error : order(self, "part", 7);
    return error ? error : troupe_sleep(self, TROUPE_WITHIN_S(1));
}

/* Promise: RESTART-ENDS */
static void does_not_end_a_start_by_what_was_said_before_it(void **state)
{
    for (int is_body = 0; is_body <= 1; is_body++) {
        struct scene scene;
        set_up(&scene, is_body != 0);
        play(*state, signals_one_that_rests, &scene);
        assert_said(scene.seen, "part up", "part 1001", "part down PROTOCOL", "part up", "part 7",
                    is_body != 0 ? "part down STOPPING" : "part down OK");
        drop_probe(&scene.seen);
    }
}

/* Fails with the same error each time, but says why only the first time. */
static troupe_error says_why_once(troupe_self *self, void *argument)
{
    struct part *part = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    if (error) {
        return error;
    }
    return part->starts++ == 0 ? troupe_fail(self, TROUPE_ERROR_PROTOCOL, "told to")
                               : TROUPE_ERROR_PROTOCOL;
}

static troupe_error hears_why(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    troupe_error error = begin(self, scene);
    for (unsigned i = 0; i < 2 && error == TROUPE_OK; i++) {
        uint64_t answer = 0;
        const char *text = "";
        (void) ask_figure(self, scene->part_ref, 1, TROUPE_WITHIN_S(1), &answer);
        const troupe_error why = troupe_last_failure(self, &text);
        probe_say(scene->seen, "%s '%s'", troupe_error_name(why), text);
        error = troupe_sleep(self, TROUPE_WITHIN_S(1));
    }
    return error;
}

/* Promise: RESTART-ENDS */
static void does_not_tell_why_the_start_before_failed(void **state)
{
    struct scene scene;
    set_up(&scene, true);
    scene.spawn.body = says_why_once;
    scene.spawn.ready_when = 0;
    play(*state, hears_why, &scene);
    assert_said(scene.seen, "PROTOCOL 'told to'", "PROTOCOL ''");
    drop_probe(&scene.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD_OF_THREE(keeps_ref_name_and_mailbox_of_a_behavior),
        WITH_WORLD_OF_THREE(keeps_ref_name_and_mailbox_of_a_coroutine),
        WITH_WORLD_OF_THREE(tells_those_who_watch_at_the_end_only),
        WITH_WORLD_OF_TWO(ends_what_was_the_starts_own),
        WITH_WORLD_OF_TWO(answers_the_ask_that_failed_and_keeps_the_next),
        WITH_WORLD_OF_THREE(ends_one_that_rests_when_its_supervisor_does),
        WITH_WORLD_OF_THREE(ends_one_that_rests_when_its_supervisor_is_cancelled),
        WITH_WORLD_OF_THREE(does_not_end_a_start_by_what_was_said_before_it),
        WITH_WORLD_OF_THREE(does_not_tell_why_the_start_before_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
