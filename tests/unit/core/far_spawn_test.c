/* SPDX-License-Identifier: MIT */
/* What a spawn at another node promises to who asks for it. */
#include "core/far_spawn.h"

#include <string.h>
#include <troupe/remote.h>

#include "shop.pb-c.h"
#include "support/fixtures.h"
#include "support/offers_fixture.h"

static troupe_error tries(troupe_self *self, void *argument)
{
    const struct wish *wish = argument;
    const struct cast *cast = &wish->cast;
    const uint64_t figure = WELL;
    const uint64_t here = troupe_self_node_id(self);
    troupe_monitor_id id = {.id = 1};
    troupe_ref ref = troupe_self_ref(self);
    const troupe_spawn_on_options *plain = TROUPE_SPAWN_ON(.name = "plain");
    const troupe_spawn_on_options *local =
        TROUPE_SPAWN_ON(.name = "figure", .type = &other_figure_type, .body = &figure, .link = 1,
                        .out_monitor = &id);
    (void) tell(cast, "here", troupe_spawn_on(self, here, plain, &ref));
    (void) tell(cast, "nowhere", troupe_spawn_on(self, 4711, plain, &ref));
    (void) tell(cast, "local", troupe_spawn_on(self, wish->node, local, &ref));
    (void) tell(cast, "bare",
                troupe_spawn_on(self, wish->node,
                                TROUPE_SPAWN_ON(.name = "figure", .type = &figure_type), &ref));
    (void) tell(
        cast, "both",
        troupe_spawn_on(self, wish->node,
                        TROUPE_SPAWN_ON(.name = "figure", .type = &figure_type, .body = &figure,
                                        .protobuf = (const ProtobufCMessage *) &figure),
                        &ref));
    (void) tell(cast, "name", troupe_spawn_on(self, wish->node, TROUPE_SPAWN_ON(.name = ""), &ref));
    probe_say(cast->seen, "untouched %d", troupe_ref_is_same(ref, troupe_self_ref(self)));
    return tell(cast, "plain", troupe_spawn_on(self, wish->node, plain, &ref));
}

/* Promise: REMOTE-SPAWN */
static void refuses_what_cannot_be(void **state)
{
    struct wires *wires = *state;
    struct wish wish = a_wish(wires, WELL);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = tries, .argument = &wish));
    wires_run(wires, 10 * MS);

    assert_said(wish.cast.seen, "here BAD_ARGUMENT", "nowhere UNREACHABLE", "local LOCAL_ONLY",
                "bare BAD_ARGUMENT", "both BAD_ARGUMENT", "name BAD_ARGUMENT", "untouched 1",
                "plain OK");
    assert_nothing_open(wires);
    drop_probe(&wish.cast.seen);
}

static troupe_error begins(troupe_self *self, void *state, void *argument)
{
    (void) state;
    const struct wish *wish = argument;
    troupe_ref ref;
    (void) tell(&wish->cast, "behavior",
                troupe_spawn_on(self, wish->node, TROUPE_SPAWN_ON(.name = "plain"), &ref));
    return TROUPE_OK;
}

static void waits_in_a_coroutine_only(void **state)
{
    static const troupe_behavior behavior = TROUPE_BEHAVIOR(.name = "b", .start = begins);
    struct wires *wires = *state;
    struct wish wish = a_wish(wires, WELL);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.behavior = &behavior, .argument = &wish));

    assert_said(wish.cast.seen, "behavior CANNOT_WAIT");
    drop_probe(&wish.cast.seen);
}

static troupe_error carries_a_lot(troupe_self *self, void *argument)
{
    const struct wish *wish = argument;
    Shop__Order order = SHOP__ORDER__INIT;
    static char note[2 << 20];
    order.note = note;
    for (size_t size = 0; size < sizeof note; size = size == 0 ? 100 : 20 * size) {
        troupe_ref ref;
        memset(note, 'x', size);
        const troupe_error error = troupe_spawn_on(
            self, wish->node, TROUPE_SPAWN_ON(.name = "shop", .protobuf = &order.base), &ref);
        probe_say(wish->cast.seen, "%d %s", (int) size, troupe_error_name(error));
    }
    memset(note, 'x', sizeof note - 1);
    troupe_ref ref;
    const troupe_error error = troupe_spawn_on(
        self, wish->node, TROUPE_SPAWN_ON(.name = "shop", .protobuf = &order.base), &ref);
    (void) tell(&wish->cast, "all", error);
    return TROUPE_OK;
}

/* Promise: REMOTE-SPAWN */
static void takes_an_argument_of_any_size_that_a_message_may_have(void **state)
{
    struct wires *wires = *state;
    struct wish wish = a_wish(wires, WELL);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = carries_a_lot, .argument = &wish));
    wires_run(wires, 400 * MS);

    assert_said(wish.cast.seen, "0 OK", "100 OK", "2000 OK", "40000 OK", "800000 OK",
                "all OK");
    drop_probe(&wish.cast.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_OFFERS(refuses_what_cannot_be),
        WITH_OFFERS(waits_in_a_coroutine_only),
        WITH_OFFERS(takes_an_argument_of_any_size_that_a_message_may_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
