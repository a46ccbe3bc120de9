/* SPDX-License-Identifier: MIT */
#include "support/offers_fixture.h"

#include "base/assert.h"

#include <string.h>

#include "cluster/peer.h"
#include "core/actor.h"
#include "shop.pb-c.h"

struct probe *there;
uint32_t born;

static troupe_error lives(troupe_self *self, void *argument)
{
    const uint64_t how = argument != NULL ? *(const uint64_t *) argument : WELL;
    born++;
    probe_say(there, "born %d", (int) how);
    if (how == FAILING) {
        return TROUPE_ERROR_PROTOCOL;
    }
    if (how == SLOWLY || how == NEVER) {
        const troupe_error error =
            troupe_sleep(self, how == NEVER ? TROUPE_FOREVER : TROUPE_WITHIN_MS(20));
        probe_say(there, "slept %s", troupe_error_name(error));
        if (error) {
            return error;
        }
    }
    troupe_ready(self);
    if (how == AND_FAIL) {
        const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(5));
        return error ? error : TROUPE_ERROR_FAILED;
    }
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while ((error = troupe_receive(self, &message, TROUPE_FOREVER)) == TROUPE_OK) {
        if (troupe_message_wants_reply(message)) {
            error = reply_figure(self, message, 2 * figure_of(message));
        }
        if (error || figure_of(message) == 99) {
            return error ? error : TROUPE_ERROR_FAILED;
        }
    }
    probe_say(there, "ends %s", troupe_error_name(error));
    return error;
}

struct shop {
    uint64_t orders;
};

static troupe_error opens(troupe_self *self, void *state, void *argument)
{
    (void) self;
    const Shop__Order *order = argument;
    ((struct shop *) state)->orders = order->id;
    probe_say(there, "shop for %d, %s", (int) order->id, order->note);
    return order->id == 13 ? TROUPE_ERROR_USER + 13 : TROUPE_OK;
}

static const troupe_behavior shop_behavior =
    TROUPE_BEHAVIOR(.name = "shop", .state_size = sizeof(struct shop), .start = opens);

static troupe_error offers(troupe_self *self, void *argument)
{
    (void) argument;
    const troupe_accept figure = {.type = &figure_type};
    const troupe_accept order = {.protobuf = &shop__order__descriptor};
    troupe_error error = troupe_offer(
        self, "figure", TROUPE_SPAWN(.body = lives, .ready_when = TROUPE_READY_WHEN_SAID), &figure);
    error = error ? error
                  : troupe_offer(self, "plain",
                                 TROUPE_SPAWN(.body = lives, .ready_when = TROUPE_READY_WHEN_SAID),
                                 NULL);
    error = error ? error
                  : troupe_offer(self, "nowhere",
                                 TROUPE_SPAWN(.body = lives, .place = TROUPE_PLACE_WORKER,
                                              .place_worker = 77),
                                 &figure);
    return error ? error
                 : troupe_offer(self, "shop", TROUPE_SPAWN(.behavior = &shop_behavior), &order);
}

static void say_end(const struct cast *cast, const troupe_message *message)
{
    const troupe_down *down = troupe_message_struct(message, &troupe_down_type);
    const troupe_down *exit = troupe_message_struct(message, &troupe_exit_type);
    const troupe_down *end = down != NULL ? down : exit;
    if (end != NULL) {
        probe_say(cast->seen, "%s %s %d %s", down != NULL ? "down" : "exit",
                  troupe_error_name(end->reason), (int) end->kind,
                  troupe_ref_is_same(end->actor, cast->refs[0]) ? "the one" : "another");
    }
}

static troupe_error wishes(troupe_self *self, void *argument)
{
    struct wish *wish = argument;
    const struct cast *cast = &wish->cast;
    troupe_monitor_id id = {0};
    const bool has_argument = strcmp(wish->name, "plain") != 0;
    troupe_error error = troupe_spawn_on(
        self, wish->node,
        TROUPE_SPAWN_ON(.name = wish->name, .type = has_argument ? &figure_type : NULL,
                        .body = &wish->how, .key = wish->key,
                        .timeout = TROUPE_WITHIN_MS(wish->within_ms), .link = wish->link,
                        .out_monitor = wish->watches ? &id : NULL),
        &wish->cast.refs[0]);
    (void) tell(cast, "spawn", error);
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        say_end(cast, message);
        if (figure_of(message) == 98) {
            probe_say(cast->seen, "unlink %d", troupe_unlink(self, cast->refs[0]));
        } else if (figure_of(message) == 99) {
            return TROUPE_ERROR_PROTOCOL; /* the spawner fails */
        }
    }
    return TROUPE_OK;
}

struct wish a_wish(const struct wires *wires, uint64_t how)
{
    return (struct wish) {.cast.seen = a_probe(),
                          .node = wires->ends[1].node,
                          .name = "figure",
                          .how = how,
                          .within_ms = 1000};
}

troupe_ref make(struct wires *wires, struct wish *wish)
{
    return wires_root(wires, 0,
                      TROUPE_SPAWN(.body = wishes, .argument = wish, .trap_exits = wish->traps));
}

static troupe_error says(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    return send_figure(self, cast->refs[0], cast->number);
}

void order(struct wires *wires, uint32_t end, troupe_ref to, uint64_t figure)
{
    struct cast cast = {.refs[0] = to, .number = figure};
    (void) wires_root(wires, end, TROUPE_SPAWN(.body = says, .argument = &cast));
    wires_run(wires, 5 * MS);
}

void assert_nothing_open(const struct wires *wires)
{
    for (unsigned i = 0; i < 2; i++) {
        const tr_peer *peer = tr_border_peer(&wires->ends[i].border, wires->ends[1 - i].node);
        assert_int_equal(peer->numbers.own.count, 0);
        assert_int_equal(peer->numbers.theirs.count, 0);
        const tr_actor *carrier = tr_peer_actor(peer, peer->carrier);
        TR_ASSERT(carrier != NULL);
        assert_true(carrier->extra == NULL || carrier->extra->monitors.count == 0);
        assert_int_equal(wires->ends[i].border.nursery.under_way_count, 0);
    }
}

int make_offering(void **state)
{
    (void) make_wires(state);
    there = a_probe();
    born = 0;
    (void) wires_root(*state, 1, TROUPE_SPAWN(.body = offers));
    return 0;
}

int drop_offering(void **state)
{
    (void) drop_made_wires(state);
    drop_probe(&there);
    return 0;
}
