/* SPDX-License-Identifier: MIT */
#include "cluster/refusal.h"

#include <string.h>

#include "support/actors.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/wire_fixture.h"

static tr_rights some_rights(void *context, uint64_t node)
{
    const uint32_t *granted = context;
    (void) node;
    return (tr_rights) {.granted = *granted, .who = "guest-1"};
}

static void grant(struct wires *wires, const uint32_t *granted)
{
    const tr_rights_port rights = {.context = (void *) (uintptr_t) granted, .of = some_rights};
    tr_border_set_rights(&wires->ends[1].border, &rights);
}

/* Tells, asks and watches the first, as often as `count` says. */
static troupe_error tries_all(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    uint64_t answer = 0;
    troupe_monitor_id id;
    for (uint64_t i = 0; i < cast->count; i++) {
        (void) tell(cast, "tell", send_figure(self, cast->refs[0], 1));
        (void) tell(cast, "ask",
                    ask_figure(self, cast->refs[0], 21, TROUPE_WITHIN_MS(20), &answer));
        troupe_error error = troupe_monitor(self, cast->refs[0], &id);
        error = error ? error : troupe_receive(self, &message, TROUPE_WITHIN_MS(20));
        const troupe_down *down = error ? NULL : troupe_message_struct(message, &troupe_down_type);
        (void) tell(cast, "down", down != NULL ? down->reason : error);
        troupe_message_destroy(&message);
    }
    return TROUPE_OK;
}

/* Promise: KEYS-REFUSED */
static void what_is_not_granted_is_not_done(void **state)
{
    struct wires *wires = *state;
    uint32_t granted = TR_RIGHT_SPAWN | TR_RIGHT_INSPECT;
    struct cast cast = {.seen = a_probe(), .count = 1};
    struct cast there = {.seen = a_probe()};
    const tr_border_counts *counts = &wires->ends[1].border.counts;
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_listener, .argument = &there));
    grant(wires, &granted);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = tries_all, .argument = &cast));
    wires_run(wires, 100 * MS);
    assert_said(cast.seen, "tell OK", "ask NOT_AUTHORISED", "down NOT_AUTHORISED");
    assert_silent(there.seen);
    assert_int_equal(counts->envelopes_denied, 3);

    /* Each right on its own. */
    probe_clear(cast.seen);
    granted = TR_RIGHT_MONITOR;
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = tries_all, .argument = &cast));
    wires_run(wires, 100 * MS);
    assert_said(cast.seen, "tell OK", "ask NOT_AUTHORISED", "down TIMED_OUT"); /* it lives */
    assert_silent(there.seen);
    probe_clear(cast.seen);
    granted = TR_RIGHT_SEND;
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = tries_all, .argument = &cast));
    wires_run(wires, 100 * MS);
    assert_said(cast.seen, "tell OK", "ask NO_REPLY", "down NOT_AUTHORISED");
    assert_said(there.seen, "got 1", "got 21");
    assert_int_equal(counts->envelopes_denied, 6);
    drop_probe(&cast.seen);
    drop_probe(&there.seen);
}

/* Spawns on the node of the first, and stops, kills and links with the first itself. */
static troupe_error tries_to_rule(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_ref ref;
    (void) tell(cast, "spawn",
                troupe_spawn_on(self, cast->refs[0].node, TROUPE_SPAWN_ON(.name = "x"), &ref));
    (void) tell(cast, "stop", troupe_stop(self, cast->refs[0]));
    (void) tell(cast, "kill", troupe_kill(self, cast->refs[0]));
    (void) tell(cast, "link", troupe_link(self, cast->refs[0]));
    (void) tell(cast, "ends", troupe_receive(self, &message, TROUPE_WITHIN_MS(20)));
    return TROUPE_ERROR_PROTOCOL;
}

/* Promise: KEYS-REFUSED */
static void who_may_not_spawn_may_end_nobody_either(void **state)
{
    struct wires *wires = *state;
    uint32_t granted = TR_RIGHT_SEND | TR_RIGHT_MONITOR | TR_RIGHT_INSPECT;
    struct cast cast = {.seen = a_probe()};
    struct cast there = {.seen = a_probe()};
    const tr_border_counts *counts = &wires->ends[1].border.counts;
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_listener, .argument = &there));
    grant(wires, &granted);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = tries_to_rule, .argument = &cast));
    wires_run(wires, 100 * MS);
    assert_said(cast.seen, "spawn NOT_AUTHORISED", "stop OK", "kill OK", "link OK",
                "ends CANCELLED");
    assert_int_equal(counts->envelopes_denied, 4);

    /* It lives. */
    cast.count = 1;
    probe_clear(cast.seen);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = tries_all, .argument = &cast));
    wires_run(wires, 100 * MS);
    assert_said(cast.seen, "tell OK", "ask NO_REPLY", "down TIMED_OUT");

    granted = TR_RIGHT_SPAWN;
    probe_clear(cast.seen);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = tries_to_rule, .argument = &cast));
    wires_run(wires, 100 * MS);
    assert_said(cast.seen, "spawn NO_SUCH_ACTOR", "stop OK", "kill OK", "link OK",
                "ends CANCELLED");
    assert_int_equal(counts->envelopes_denied, 5); /* the link, which takes more */
    drop_probe(&cast.seen);
    drop_probe(&there.seen);
}

/* Promise: KEYS-REFUSED */
static void the_log_tells_of_the_first_ten(void **state)
{
    (void) state;
    struct probe *said = a_probe();
    const troupe_log log = log_of(said);
    struct wires *wires = some_wires_of(&(const tr_world_options) {.seed = 1, .log = &log});
    uint32_t granted = 0;
    size_t told = 0;
    struct cast cast = {.seen = a_probe(), .count = 5};
    wires_connect(wires);
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_idle));
    grant(wires, &granted);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = tries_all, .argument = &cast));
    wires_run(wires, 300 * MS);
    assert_int_equal(wires->ends[1].border.counts.envelopes_denied, 15);
    for (size_t i = 0; i < probe_count(said); i++) {
        told += strstr(probe_line(said, i), "key of guest-1 wants") != NULL ? 1 : 0;
    }
    assert_int_equal(told, 10);
    assert_true(probe_has(said, "has no role for: 'monitor'; of more than these ten") ||
                probe_has(said, "has no role for: 'send'; of more than these ten"));
    drop_wires(&wires);
    drop_probe(&cast.seen);
    drop_probe(&said);
}

/* Promise: KEYS-ANSWERS */
static void answers_need_no_right(void **state)
{
    struct wires *wires = *state;
    const uint32_t granted = 0;
    struct cast cast = {.seen = a_probe(), .count = 1};
    cast.refs[0] = wires_root(wires, 0, TROUPE_SPAWN(.body = play_doubler, .argument = &cast));
    grant(wires, &granted);
    (void) wires_root(wires, 1, TROUPE_SPAWN(.body = tries_all, .argument = &cast));
    wires_run(wires, 100 * MS);
    assert_said(cast.seen, "tell OK", "ask OK", "down TIMED_OUT");
    assert_int_equal(wires->ends[1].border.counts.envelopes_denied, 0);
    drop_probe(&cast.seen);
}

/* Asks the first by a type of the inspector's. */
static troupe_error tries_to_look(troupe_self *self, void *argument)
{
    static const troupe_type tap = TROUPE_SIGNAL("troupe.inspect.Tap");
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    (void) tell(cast, "look",
                troupe_ask_struct(self, cast->refs[0], &tap, NULL, TROUPE_WITHIN_MS(20), &reply));
    return TROUPE_OK;
}

/* Those that help the inspector take the same requests, and have refs that can be guessed.
 * Promise: INSPECT-ROLES */
static void to_look_takes_its_role_with_any_actor(void **state)
{
    struct wires *wires = *state;
    uint32_t granted = TR_RIGHT_SEND | TR_RIGHT_MONITOR | TR_RIGHT_SPAWN;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_idle));
    grant(wires, &granted);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = tries_to_look, .argument = &cast));
    wires_run(wires, 100 * MS);
    assert_said(cast.seen, "look NOT_AUTHORISED");
    granted = TR_RIGHT_INSPECT;
    probe_clear(cast.seen);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = tries_to_look, .argument = &cast));
    wires_run(wires, 100 * MS);
    assert_said(cast.seen, "look PROTOCOL"); /* which that node has not learned */
    drop_probe(&cast.seen);
}

/* Promise: GROUPS-HOSTILE */
static void a_word_of_groups_is_its_nodes_own(void **state)
{
    struct wires *wires = *state;
    tr_peer *peer = wires_peer(wires, 1);
    const tr_border_counts *counts = &wires->ends[1].border.counts;
    tr_envelope word = {.kind = TR_ENVELOPE_TELL,
                        .form = TR_ENVELOPE_PROTOBUF,
                        .to = {.slot = 1, .generation = 1},
                        .from = {.slot = 1, .generation = 1},
                        .type = "troupe.GroupsWord"};
    peer->rights = (tr_rights) {.granted = TR_RIGHTS_ALL};
    assert_false(tr_refusal_is_due(peer, &word));
    word.from.node = peer->node;
    assert_false(tr_refusal_is_due(peer, &word));
    word.from.node = peer->node + 1;
    assert_true(tr_refusal_is_due(peer, &word));
    assert_int_equal(counts->envelopes_refused, 1);
    word.type = "shop.Item"; /* may have been forwarded */
    assert_false(tr_refusal_is_due(peer, &word));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WIRES(what_is_not_granted_is_not_done),
        WITH_WIRES(who_may_not_spawn_may_end_nobody_either),
        cmocka_unit_test(the_log_tells_of_the_first_ten),
        WITH_WIRES(answers_need_no_right),
        WITH_WIRES(to_look_takes_its_role_with_any_actor),
        WITH_WIRES(a_word_of_groups_is_its_nodes_own),
    };
    return cmocka_run_group_tests_name("A refusal", tests, NULL, NULL);
}
