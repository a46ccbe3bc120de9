/* SPDX-License-Identifier: MIT */
/* Who watches nodes is told by the border when there is room, and forgotten at its end. */
#include "cluster/herald.h"

#include <troupe/troupe.h>

#include "support/cast.h"
#include "support/fixtures.h"
#include "support/wire_fixture.h"

#define MS UINT64_C(1000000)

static struct {
    uint64_t events;
    troupe_node_state last;
    troupe_timeout pause;
} seen;

static troupe_error watches(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_watch_nodes(self);
    error = error ? error : troupe_sleep(self, seen.pause);
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        const troupe_node_event *event =
            message != NULL ? troupe_message_struct(message, &troupe_node_event_type) : NULL;
        if (error == TROUPE_OK && event == NULL) {
            return TROUPE_OK; /* told to go */
        }
        if (error == TROUPE_OK) {
            seen.events++;
            seen.last = event->node.state;
        }
    }
    return error;
}

static troupe_ref a_watcher(struct wires *wires, troupe_timeout pause, uint32_t capacity)
{
    seen.events = 0;
    seen.pause = pause;
    return wires_root(wires, 0, TROUPE_SPAWN(.body = watches, .mailbox_capacity = capacity));
}

static troupe_error sends(troupe_self *self, void *argument)
{
    return send_figure(self, *(troupe_ref *) argument, 1);
}

/* Promise: NODES-EVENTS */
static void tells_who_watches_how_it_is(void **state)
{
    struct wires *wires = *state;
    (void) a_watcher(wires, TROUPE_WITHIN_MS(1), 0);
    wires_run(wires, 5 * MS);
    assert_int_equal(seen.events, 1);
    assert_int_equal(seen.last, TROUPE_NODE_CONNECTED);
    wires_cut(wires, true);
    wires_run(wires, 5 * MS);
    assert_int_equal(seen.events, 2);
    assert_int_equal(seen.last, TROUPE_NODE_LOST);
    wires_connect(wires);
    wires_run(wires, 5 * MS);
    assert_int_equal(seen.events, 3);
    assert_int_equal(seen.last, TROUPE_NODE_CONNECTED);
}

/* Promise: NODES-SLOW */
static void who_has_no_room_is_told_later(void **state)
{
    struct wires *wires = *state;
    (void) a_watcher(wires, TROUPE_WITHIN_MS(200), 1);
    for (uint32_t i = 0; i < 5; i++) {
        wires_run(wires, 5 * MS);
        wires_cut(wires, true);
        wires_run(wires, 5 * MS);
        wires_connect(wires);
    }
    wires_run(wires, 5 * MS);
    wires_cut(wires, true);
    assert_int_equal(seen.events, 0);
    wires_run(wires, 300 * MS);
    assert_int_equal(seen.events, 2); /* the first, and how it is now */
    assert_int_equal(seen.last, TROUPE_NODE_LOST);
}

/* Promise: NODES-BOUND */
static void forgets_who_has_ended(void **state)
{
    struct wires *wires = *state;
    troupe_ref watcher = a_watcher(wires, TROUPE_WITHIN_MS(1), 0);
    wires_run(wires, 5 * MS);
    assert_int_equal(wires_system(wires, 0)->nodes.watcher_count, 1);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends, .argument = &watcher));
    wires_run(wires, 5 * MS);
    wires_cut(wires, true);
    wires_run(wires, 5 * MS);
    assert_int_equal(seen.events, 1);
    assert_int_equal(wires_system(wires, 0)->nodes.watcher_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WIRES(tells_who_watches_how_it_is),
        WITH_WIRES(who_has_no_room_is_told_later),
        WITH_WIRES(forgets_who_has_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
