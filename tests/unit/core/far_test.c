/* SPDX-License-Identifier: MIT */
/* What a ref of another node promises where it is used. */
#include "core/far.h"

#include <string.h>

#include "shop.pb-c.h"
#include "support/actors.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/wire_fixture.h"

static troupe_error sends_a_struct(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_error error = make_item(self, 1, &message);
    error = error ? error : troupe_send_message(self, cast->refs[0], &message);
    probe_say(cast->seen, "send %s %s", troupe_error_name(error),
              message != NULL ? "kept" : "taken");
    error = troupe_ask_message(self, cast->refs[0], &message, TROUPE_WITHIN_S(1), &reply);
    probe_say(cast->seen, "ask %s %s", troupe_error_name(error),
              message != NULL ? "kept" : "taken");
    return TROUPE_OK;
}

/* Promise: REMOTE-LOCAL-ONLY */
static void refuses_a_struct_that_cannot_be_packed(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_listener, .argument = &cast));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_a_struct, .argument = &cast));

    wires_run(wires, 5 * MS);

    assert_said(cast.seen, "send LOCAL_ONLY kept", "ask LOCAL_ONLY kept");
    drop_probe(&cast.seen);
}

static troupe_error tries_what_stays(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    uint32_t depth = 0;
    uint32_t capacity = 0;
    (void) tell(cast, "depth", troupe_self_depth(self, cast->refs[0], &depth, &capacity));
    return TROUPE_OK;
}

/* Promise: REMOTE-LOCAL-ONLY */
static void refuses_what_works_within_a_node_only(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_listener, .argument = &cast));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = tries_what_stays, .argument = &cast));

    wires_run(wires, 5 * MS);

    assert_said(cast.seen, "depth LOCAL_ONLY");
    drop_probe(&cast.seen);
}

static troupe_error sends_on(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        const troupe_error error = troupe_send_message(self, cast->refs[0], &message);
        probe_say(cast->seen, "on %s %s %d", troupe_error_name(error),
                  message != NULL ? "kept" : "taken", (int) figure_of(message));
    }
    return TROUPE_OK;
}

static troupe_error asks_with_a_request(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    const troupe_message *request = message;
    error = error ? error
                  : troupe_ask_message(self, cast->refs[0], &message, TROUPE_WITHIN_S(1), &reply);
    probe_say(cast->seen, "ask %s %s", troupe_error_name(error),
              message == request ? "kept" : "taken");
    error = troupe_send_message(self, cast->refs[0], &message);
    probe_say(cast->seen, "send %s %s", troupe_error_name(error),
              message == request ? "kept" : "taken");
    return reply_figure(self, message, 9);
}

static troupe_error asks_here(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    uint64_t answer = 0;
    const troupe_error error = ask_figure(self, cast->refs[1], 1, TROUPE_WITHIN_S(1), &answer);
    probe_say(cast->seen, "answer %d %s", (int) answer, troupe_error_name(error));
    return TROUPE_OK;
}

/* Promise: REMOTE-TELL */
static void leaves_a_request_with_who_has_not_answered_it(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_listener, .argument = &cast));
    cast.refs[1] =
        wires_root(wires, 0, TROUPE_SPAWN(.body = asks_with_a_request, .argument = &cast));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = asks_here, .argument = &cast));

    wires_run(wires, 5 * MS);

    assert_said(cast.seen, "ask BAD_ARGUMENT kept", "send BAD_ARGUMENT kept", "answer 9 OK");
    drop_probe(&cast.seen);
}

static troupe_error sends_one(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    return send_figure(self, cast->refs[1], 5);
}

/* Promise: REMOTE-TELL */
static void takes_a_received_message_on_or_leaves_it(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_listener, .argument = &cast));
    cast.refs[1] = wires_root(wires, 0, TROUPE_SPAWN(.body = sends_on, .argument = &cast));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_one, .argument = &cast));
    wires_run(wires, 5 * MS);
    assert_said(cast.seen, "on OK taken 0", "got 5");
    probe_clear(cast.seen);

    wires_cut(wires, true);
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_one, .argument = &cast));
    wires_run(wires, 5 * MS);

    assert_said(cast.seen, "on UNREACHABLE kept 5");
    drop_probe(&cast.seen);
}

static troupe_error sends_an_order(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    Shop__Item item = SHOP__ITEM__INIT;
    Shop__Item *items[] = {&item};
    Shop__Order order = SHOP__ORDER__INIT;
    char name[] = "tea";
    char note[64];
    item.name = name;
    order.id = 77;
    order.n_items = 1;
    order.items = items;
    order.note = note;
    troupe_ref_print(troupe_self_ref(self), note);
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_error error = troupe_learn(self, &shop__receipt__descriptor);
    error =
        error ? error : troupe_ask(self, cast->refs[0], &order.base, TROUPE_WITHIN_S(1), &reply);
    const Shop__Receipt *receipt = troupe_message_as(reply, &shop__receipt__descriptor);
    probe_say(cast->seen, "receipt %s %d", troupe_error_name(error),
              receipt != NULL ? (int) receipt->order_id : -1);
    return TROUPE_OK;
}

static troupe_error keeps_a_till(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_learn(self, &shop__order__descriptor);
    while (error == TROUPE_OK &&
           (error = troupe_receive(self, &message, TROUPE_FOREVER)) == TROUPE_OK) {
        const Shop__Order *order = troupe_message_as(message, &shop__order__descriptor);
        troupe_ref buyer = troupe_ref_none();
        if (order != NULL && order->n_items == 1) {
            error = troupe_ref_parse(order->note, &buyer);
            probe_say(cast->seen, "order of %s by its sender %d", order->items[0]->name,
                      troupe_ref_is_same(buyer, troupe_message_sender(message)));
            Shop__Receipt receipt = SHOP__RECEIPT__INIT;
            receipt.order_id = order->id;
            error = error ? error : troupe_reply(self, message, &receipt.base);
        }
    }
    return TROUPE_OK;
}

/* Promise: REMOTE-REF */
static void keeps_its_node_in_a_message(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = keeps_a_till, .argument = &cast));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_an_order, .argument = &cast));

    wires_run(wires, 5 * MS);

    assert_said(cast.seen, "order of tea by its sender 1", "receipt OK 77");
    drop_probe(&cast.seen);
}

static const troupe_type wide_type = {.size = sizeof(troupe_type), .name = "wide"};

static troupe_error sends_wide_ones(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_error error = troupe_learn_type(self, &wide_type);
    for (size_t size = 0; size < 2048 && error == TROUPE_OK; size += 31) {
        Shop__Order order = SHOP__ORDER__INIT;
        char note[2048] = "";
        memset(note, 'x', size);
        order.note = note;
        error = troupe_send(self, cast->refs[0], &order.base);
    }
    return tell(cast, "sent", error);
}

static troupe_error measures(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_learn(self, &shop__order__descriptor);
    while (error == TROUPE_OK &&
           (error = troupe_receive(self, &message, TROUPE_FOREVER)) == TROUPE_OK) {
        const Shop__Order *order = troupe_message_as(message, &shop__order__descriptor);
        cast->number += order != NULL && strlen(order->note) == cast->count * 31 ? 1 : 0;
        cast->count++;
    }
    return TROUPE_OK;
}

/* Those too whose body leaves no room in its block for what a message to another node needs. */
static void takes_bodies_of_every_size(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = measures, .argument = &cast));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_wide_ones, .argument = &cast));

    wires_run(wires, 20 * MS);

    assert_said(cast.seen, "sent OK");
    assert_int_equal(cast.count, 67);
    assert_int_equal(cast.number, 67);
    drop_probe(&cast.seen);
}

static troupe_error sends_many(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_message *messages[3] = {NULL, NULL, NULL};
    size_t sent = 0;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 0; i < 3 && error == TROUPE_OK; i++) {
        error = a_figure(self, i + 1, &messages[i]);
    }
    error = error ? error : troupe_send_many(self, cast->refs[0], messages, 3, NULL, &sent);
    probe_say(cast->seen, "sent %d %s", (int) sent, troupe_error_name(error));
    return error;
}

/* Promise: REMOTE-TELL */
static void takes_many_at_once(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_listener, .argument = &cast));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_many, .argument = &cast));

    wires_run(wires, 5 * MS);

    assert_said(cast.seen, "sent 3 OK", "got 1", "got 2", "got 3");
    drop_probe(&cast.seen);
}

/* Promise: REMOTE-UNREACHABLE */
static void is_told_by_what_the_list_of_nodes_says(void **state)
{
    struct wires *wires = *state;
    tr_worker *worker = tr_world_worker(wires->ends[0].world, 0);
    tr_system *system = worker->system;
    const troupe_ref there = {.node = 4711, .slot = 3, .generation = 1};
    const tr_address carrier = {.slot = 9, .generation = 9};
    tr_address found = {0};

    assert_fails(tr_system_address(system, there, &found), LOCAL_ONLY);
    assert_fails(tr_far_address(worker, there, &found), UNREACHABLE);
    assert_ok(tr_far_add(system, 4711, carrier));
    assert_ok(tr_far_address(worker, there, &found));
    assert_true(tr_address_is_same(found, carrier));
    assert_fails(tr_far_address(worker, (troupe_ref) {.node = 4711}, &found), NO_SUCH_ACTOR);
    tr_far_close(system, 4711, TROUPE_ERROR_STALE);
    assert_fails(tr_far_address(worker, there, &found), STALE);
    tr_far_remove(system, 4711);
    assert_fails(tr_far_address(worker, there, &found), UNREACHABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WIRES(refuses_a_struct_that_cannot_be_packed),
        WITH_WIRES(refuses_what_works_within_a_node_only),
        WITH_WIRES(takes_a_received_message_on_or_leaves_it),
        WITH_WIRES(leaves_a_request_with_who_has_not_answered_it),
        WITH_WIRES(keeps_its_node_in_a_message),
        WITH_WIRES(takes_bodies_of_every_size),
        WITH_WIRES(takes_many_at_once),
        WITH_WIRES(is_told_by_what_the_list_of_nodes_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
