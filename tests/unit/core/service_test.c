/* SPDX-License-Identifier: MIT */
/* What a service promises: its methods are called and answered, by and for either form of actor. */
#include <string.h>

#include "shop.pb-c.h"
#include "support/cast.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)

/* A till that sells at 10 an item, and refuses what has id 13. */
static void buy(Shop__Till_Service *service, const Shop__Order *order,
                Shop__Receipt_Closure closure, void *closure_data)
{
    (void) service;
    Shop__Receipt receipt = SHOP__RECEIPT__INIT;
    receipt.order_id = order->id;
    receipt.total_cents = 10 * order->n_items;
    closure(order->id == 13 ? NULL : &receipt, closure_data);
}

/* Cancelling stops the till. */
static void cancel(Shop__Till_Service *service, const Shop__Receipt *receipt,
                   Shop__Empty_Closure closure, void *closure_data)
{
    (void) service;
    (void) receipt;
    Shop__Empty empty = SHOP__EMPTY__INIT;
    troupe_self *self =
        troupe_service_self((ProtobufCClosure) (void (*)(void)) closure, closure_data);
    if (troupe_stop(self, troupe_self_ref(self)) == TROUPE_OK) {
        closure(&empty, closure_data);
    }
}

static Shop__Till_Service till = SHOP__TILL__INIT();

static troupe_error serves(troupe_self *self, void *argument)
{
    const troupe_error error = troupe_serve(self, &till.base);
    return argument != NULL ? tell(argument, "served", error) : error;
}

static troupe_error serves_one(troupe_self *self, void *state, troupe_message **message)
{
    (void) state;
    return troupe_service_handle(self, &till.base, message) ? TROUPE_OK : TROUPE_ERROR_PROTOCOL;
}

static const troupe_behavior till_behavior = TROUPE_BEHAVIOR(.name = "till", .other = serves_one);

/* What a caller learns. */
struct caller {
    struct cast *cast;
    troupe_service_client client;
    uint64_t left;
};

static void bought(const Shop__Receipt *receipt, void *closure_data)
{
    struct caller *caller = closure_data;
    if (receipt != NULL) {
        probe_say(caller->cast->seen, "receipt %d for %d", (int) receipt->order_id,
                  (int) receipt->total_cents);
    } else {
        probe_say(caller->cast->seen, "no receipt: %s", troupe_error_name(caller->client.error));
    }
    caller->left--;
}

/* What has id 14 goes to one that never answers. */
static void call(struct caller *caller, uint64_t id)
{
    caller->client.actor = caller->cast->refs[id == 14 ? 1 : 0];
    Shop__Item item = SHOP__ITEM__INIT;
    char name[] = "apple";
    item.name = name;
    Shop__Item *items[] = {&item, &item};
    Shop__Order order = SHOP__ORDER__INIT;
    order.id = id;
    order.items = items;
    order.n_items = 2;
    shop__till__buy(&caller->client.service, &order, bought, caller);
}

static void make_client(struct caller *caller, troupe_self *self, struct cast *cast)
{
    *caller = (struct caller) {.cast = cast, .left = 3};
    troupe_service_client_init(&caller->client, self, cast->refs[0], &shop__till__descriptor,
                               TROUPE_WITHIN_S(1));
}

static troupe_error calls(troupe_self *self, void *argument)
{
    struct caller caller;
    make_client(&caller, self, argument);
    call(&caller, 1);
    call(&caller, 13);
    call(&caller, 14);
    return TROUPE_OK;
}

static troupe_error calls_in_start(troupe_self *self, void *state, void *argument)
{
    struct caller *caller = state;
    make_client(caller, self, argument);
    call(caller, 1);
    call(caller, 13);
    call(caller, 14);
    return TROUPE_OK;
}

static const troupe_behavior calling_behavior =
    TROUPE_BEHAVIOR(.name = "caller", .state_size = sizeof(struct caller), .start = calls_in_start);

static void play(tr_world *world, const troupe_spawn_options *server,
                 const troupe_spawn_options *caller)
{
    struct cast cast = {.seen = a_probe()};
    troupe_spawn_options options = *caller;
    options.argument = &cast;
    cast.refs[0] = a_root(world, server);
    cast.refs[1] = a_root(world, TROUPE_SPAWN(.body = play_hoarder));
    (void) a_root(world, &options);
    tr_world_advance(world, 5000 * MS);
    assert_int_equal(probe_count(cast.seen), 3);
    assert_int_equal(probe_count_of(cast.seen, "receipt 1 for 20"), 1);
    assert_int_equal(probe_count_of(cast.seen, "no receipt: FAILED"), 1);
    assert_int_equal(probe_count_of(cast.seen, "no receipt: TIMED_OUT"), 1);
    drop_probe(&cast.seen);
}

/* Promise: SERVICE-CALL, SERVICE-FAILURE */
static void answers_the_calls_of_coroutines(void **state)
{
    play(*state, TROUPE_SPAWN(.body = serves, .place = TROUPE_PLACE_ANY),
         TROUPE_SPAWN(.body = calls));
    play(*state, TROUPE_SPAWN(.behavior = &till_behavior, .place = TROUPE_PLACE_ANY),
         TROUPE_SPAWN(.body = calls));
}

/* Promise: SERVICE-CALL, SERVICE-FAILURE */
static void answers_the_calls_of_behaviors(void **state)
{
    play(*state, TROUPE_SPAWN(.body = serves, .place = TROUPE_PLACE_ANY),
         TROUPE_SPAWN(.behavior = &calling_behavior));
    play(*state, TROUPE_SPAWN(.behavior = &till_behavior, .place = TROUPE_PLACE_ANY),
         TROUPE_SPAWN(.behavior = &calling_behavior));
}

/* Fails while two of its calls are under way. */
static troupe_error calls_and_fails(troupe_self *self, void *state, troupe_message **message)
{
    struct caller *caller = state;
    (void) self;
    (void) message;
    call(caller, 1);
    call(caller, 14);
    return TROUPE_ERROR_USER;
}

static troupe_error makes_client(troupe_self *self, void *state, void *argument)
{
    make_client(state, self, argument);
    return send_figure(self, troupe_self_ref(self), 1);
}

static const troupe_behavior failing_caller =
    TROUPE_BEHAVIOR(.name = "caller", .state_size = sizeof(struct caller), .start = makes_client,
                    .other = calls_and_fails);

/* Promise: SERVICE-CALL */
static void forgets_the_calls_of_a_behavior_that_ends(void **state)
{
    (void) state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    tr_world *world = a_world_of(&(const tr_world_options) {.seed = 1, .allocator = &allocator});
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = a_root(world, TROUPE_SPAWN(.behavior = &till_behavior));
    cast.refs[1] = a_root(world, TROUPE_SPAWN(.body = play_hoarder));
    (void) a_root(world, TROUPE_SPAWN(.behavior = &failing_caller, .argument = &cast));
    tr_world_advance(world, 5000 * MS);
    assert_silent(cast.seen);
    drop_world(&world);
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
    drop_probe(&cast.seen);
}

static void cancelled(const Shop__Empty *empty, void *closure_data)
{
    const struct caller *caller = closure_data;
    probe_say(caller->cast->seen, empty != NULL ? "cancelled" : "not cancelled");
}

/* Sends something else first, then has the till stopped. */
static troupe_error strays_and_stops(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    struct caller caller;
    Shop__Receipt receipt = SHOP__RECEIPT__INIT;
    make_client(&caller, self, cast);
    (void) tell(cast, "sent", send_figure(self, cast->refs[0], 1));
    (void) tell(cast, "asked", ask_figure(self, cast->refs[0], 1, TROUPE_WITHIN_S(1), NULL));
    shop__till__cancel(&caller.client.service, &receipt, cancelled, &caller);
    return TROUPE_OK;
}

/* Promise: SERVICE-SERVE */
static void buries_what_is_no_call_and_ends_when_told(void **state)
{
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] =
        a_root(*state, TROUPE_SPAWN(.body = serves, .argument = &cast, .place = TROUPE_PLACE_ANY));
    (void) a_root(*state, TROUPE_SPAWN(.body = strays_and_stops, .argument = &cast));
    tr_world_advance(*state, 1000 * MS);
    assert_int_equal(probe_count(cast.seen), 4);
    assert_string_equal(probe_line(cast.seen, 0), "sent OK");
    assert_string_equal(probe_line(cast.seen, 1), "asked PROTOCOL");
    assert_int_equal(probe_count_of(cast.seen, "cancelled"), 1);
    assert_int_equal(probe_count_of(cast.seen, "served OK"), 1);
    troupe_counts counts;
    tr_world_counts(*state, &counts);
    assert_int_equal(counts.outcomes[TROUPE_OUTCOME_DEAD_LETTER], 2);
    drop_probe(&cast.seen);
}

static troupe_error gives_bad_arguments(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    (void) tell(cast, "no self", troupe_serve(NULL, &till.base));
    (void) tell(cast, "no service", troupe_serve(self, NULL));
    (void) tell(cast, "made", a_figure(self, 1, &message));
    const bool is_handled = troupe_service_handle(NULL, &till.base, &message) ||
                            troupe_service_handle(self, NULL, &message) ||
                            troupe_service_handle(self, &till.base, NULL) ||
                            troupe_service_handle(self, &till.base, &message);
    probe_say(cast->seen, is_handled || message == NULL ? "handled" : "left");
    probe_say(cast->seen, troupe_service_self(NULL, NULL) == NULL ? "nobody" : "somebody");
    troupe_service_client_init(NULL, self, cast->refs[0], &shop__till__descriptor, TROUPE_NOW);
    return TROUPE_OK;
}

static void refuses_bad_arguments(void **state)
{
    struct cast cast = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = gives_bad_arguments, .argument = &cast));
    assert_said(cast.seen, "no self BAD_ARGUMENT", "no service BAD_ARGUMENT", "made OK", "left",
                "nobody");
    drop_probe(&cast.seen);
}

#define IN_WORLDS(test)                                                                            \
    cmocka_unit_test_setup_teardown(test, make_world, drop_made_world),                            \
        cmocka_unit_test_setup_teardown(test, make_world_of_three, drop_made_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLDS(answers_the_calls_of_coroutines),
        IN_WORLDS(answers_the_calls_of_behaviors),
        cmocka_unit_test(forgets_the_calls_of_a_behavior_that_ends),
        IN_WORLDS(buries_what_is_no_call_and_ends_when_told),
        WITH_WORLD(refuses_bad_arguments),
    };
    return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
