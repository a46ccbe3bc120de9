/* SPDX-License-Identifier: MIT */
/* Stop, cancel and kill of an actor of another node. */
#include "cluster/peer.h"
#include "core/actor.h"
#include "support/actors.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/wire_fixture.h"

typedef troupe_error signals(troupe_self *self, troupe_ref actor);

struct scene {
    struct cast cast; /* first: it listens; refs[0] is who is told */
    signals *tells;
};

static troupe_error sends_three_and_tells(troupe_self *self, void *argument)
{
    const struct scene *scene = argument;
    const struct cast *cast = &scene->cast;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 1; i <= 3 && error == TROUPE_OK; i++) {
        error = send_figure(self, cast->refs[0], i);
    }
    return tell(cast, "told", error ? error : scene->tells(self, cast->refs[0]));
}

/* Says what its wait ends with. */
static troupe_error listens(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while ((error = troupe_receive(self, &message, TROUPE_FOREVER)) == TROUPE_OK) {
        probe_say(cast->seen, "got %d", (int) figure_of(message));
    }
    return tell(cast, "ends", error);
}

static troupe_error watches(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_monitor_id id;
    troupe_error error = troupe_monitor(self, cast->refs[0], &id);
    error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    const troupe_down *down = troupe_message_struct(message, &troupe_down_type);
    if (error == TROUPE_OK && down != NULL) {
        probe_say(cast->seen, "down %d %s", (int) down->kind, troupe_error_name(down->reason));
    }
    return error;
}

/* Promise: REMOTE-SIGNAL */
static void reaches_it_behind_what_was_sent_before(void **state)
{
    struct wires *wires = *state;
    static const struct {
        signals *tells;
        const char *end;
        const char *down;
    } cases[] = {{troupe_stop, "ends STOPPING", "down 1 OK"},
                 {troupe_cancel, "ends CANCELLED", "down 3 CANCELLED"},
                 {troupe_kill, "ends CANCELLED", "down 6 KILLED"}};
    for (unsigned i = 0; i < 3; i++) {
        struct scene scene = {.cast.seen = a_probe(), .tells = cases[i].tells};
        scene.cast.refs[0] =
            wires_root(wires, 1, TROUPE_SPAWN(.body = listens, .argument = &scene));
        (void) wires_root(wires, 0, TROUPE_SPAWN(.body = watches, .argument = &scene));
        wires_run(wires, 2 * MS);
        wires->ends[0].is_stuck = true; /* it all goes in one frame */
        (void) wires_root(wires, 0,
                          TROUPE_SPAWN(.body = sends_three_and_tells, .argument = &scene));
        wires_run(wires, 2 * MS);
        assert_said(scene.cast.seen, "told OK");
        probe_clear(scene.cast.seen);
        wires->ends[0].is_stuck = false;
        wires_run(wires, 5 * MS);

        /* As within a node: what had come when it ends is a dead letter, if it was not handled. */
        const size_t count = probe_count(scene.cast.seen);
        assert_string_equal(probe_line(scene.cast.seen, count - 2), cases[i].end);
        assert_string_equal(probe_line(scene.cast.seen, count - 1), cases[i].down);
        drop_probe(&scene.cast.seen);
    }
    assert_int_equal(wires_counts(wires, 0).outcomes[TROUPE_OUTCOME_CARRIED], 12);
}

static troupe_error floods_and_stops(troupe_self *self, void *argument)
{
    const struct scene *scene = argument;
    const struct cast *cast = &scene->cast;
    const troupe_send_options now = {.size = sizeof now, .timeout = TROUPE_NOW};
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        TROUPE_AUTO(troupe_message) *message = NULL;
        error = a_figure(self, 1, &message);
        error = error ? error : troupe_send_message_with(self, cast->refs[0], &message, &now);
    }
    (void) tell(cast, "send", error);
    (void) tell(cast, "stop", troupe_stop(self, cast->refs[0]));
    return TROUPE_OK;
}

static troupe_error only_stops(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    (void) tell(cast, "stop", troupe_stop(self, cast->refs[0]));
    return TROUPE_OK;
}

/* Promise: REMOTE-SIGNAL */
static void never_waits(void **state)
{
    struct wires *wires = *state;
    struct scene scene = {.cast.seen = a_probe()};
    struct cast there = {.seen = a_probe()};
    scene.cast.refs[0] =
        wires_root(wires, 1, TROUPE_SPAWN(.body = play_listener, .argument = &there));
    wires->ends[0].is_stuck = true;
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = floods_and_stops, .argument = &scene));
    wires_run(wires, 20 * MS);
    assert_said(scene.cast.seen, "send MAILBOX_FULL", "stop MAILBOX_FULL");
    probe_clear(scene.cast.seen);

    wires_cut(wires, true);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = only_stops, .argument = &scene));
    wires_run(wires, 2 * MS);
    assert_said(scene.cast.seen, "stop UNREACHABLE");
    assert_silent(there.seen);
    drop_probe(&scene.cast.seen);
    drop_probe(&there.seen);
}

/* Promise: REMOTE-SIGNAL */
static void is_nothing_to_one_that_has_ended(void **state)
{
    struct wires *wires = *state;
    struct scene scene = {.cast.seen = a_probe()};
    scene.cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = listens, .argument = &scene));
    for (unsigned i = 0; i < 2; i++) {
        (void) wires_root(wires, 0, TROUPE_SPAWN(.body = only_stops, .argument = &scene));
        wires_run(wires, 5 * MS);
    }

    assert_said(scene.cast.seen, "stop OK", "ends STOPPING", "stop OK");
    drop_probe(&scene.cast.seen);
}

static troupe_error kills_and_fails(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    for (unsigned i = 0; i < 4; i++) {
        (void) tell(cast, "kill", troupe_kill(self, cast->refs[i]));
        (void) tell(cast, "link", troupe_link(self, cast->refs[i]));
    }
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_WITHIN_MS(2)) == TROUPE_OK) {
        const troupe_down *exit = troupe_message_struct(message, &troupe_exit_type);
        probe_say(cast->seen, "exit %s", exit != NULL ? troupe_error_name(exit->reason) : "none");
    }
    return TROUPE_ERROR_FAILED;
}

/* Promise: REMOTE-SIGNAL */
static void ends_nobody_that_the_node_is_made_of(void **state)
{
    struct wires *wires = *state;
    const tr_border *border = &wires->ends[1].border;
    const tr_peer *peer = tr_border_peer(border, wires->ends[0].node);
    const tr_system *system = border->system;
    const tr_address own[] = {peer->carrier, peer->entrance, border->root, system->guardian};
    struct cast cast = {.seen = a_probe()};
    for (unsigned i = 0; i < 4; i++) {
        cast.refs[i] = tr_system_ref(system, own[i]);
    }
    (void) wires_root(wires, 0,
                      TROUPE_SPAWN(.body = kills_and_fails, .argument = &cast, .trap_exits = 1));
    wires_run(wires, 10 * MS);

    assert_int_equal(probe_count_of(cast.seen, "kill OK"), 4);
    assert_int_equal(probe_count_of(cast.seen, "exit NO_SUCH_ACTOR"), 4);
    for (unsigned i = 0; i < 3; i++) {
        const tr_actor *actor = tr_actor_at(border->worker, own[i]);
        assert_true(actor != NULL && actor->state == TR_ACTOR_LIVE);
    }
    assert_true(tr_border_is_connected(border, wires->ends[0].node));
    assert_int_equal(atomic_load(&system->is_stopping), 0);
    drop_probe(&cast.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WIRES(reaches_it_behind_what_was_sent_before),
        WITH_WIRES(never_waits),
        WITH_WIRES(is_nothing_to_one_that_has_ended),
        WITH_WIRES(ends_nobody_that_the_node_is_made_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
