/* SPDX-License-Identifier: MIT */
/* Handlers that block do not hold up the others on their worker. */
#include <stdlib.h>
#include <string.h>
#include <troupe/troupe.h>
#include <unistd.h>

#include "node/membarrier.h"
#include "node/node.h"
#include "support/node_fixture.h"

struct order {
    unsigned number;
};
static const troupe_type order_type = TROUPE_TYPE(struct order);
static const troupe_type signal_type = TROUPE_SIGNAL("signal");

/* A node with one worker and actors that block there by reading from pipes, as programs do. */
struct shop {
    struct probe *seen;
    troupe_node *node;
    troupe_ref answerer;
    int pipes[2][2];
};

static troupe_error answer_body(troupe_self *self, void *argument)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    (void) argument;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        const struct order *order = troupe_message_struct(message, &order_type);
        if (order != NULL) {
            (void) troupe_reply_struct(self, message, &order_type, order);
        }
    }
    return TROUPE_OK;
}

static struct shop a_shop(uint32_t spares)
{
    struct shop shop = {.seen = a_probe()};
    assert_int_equal(pipe(shop.pipes[0]), 0);
    assert_int_equal(pipe(shop.pipes[1]), 0);
    shop.node = a_node(TROUPE_NODE_OPTIONS(.workers = 1, .spares_max = spares,
                                           .blocking_limit = TROUPE_WITHIN_MS(1)));
    shop.answerer = a_root_of(shop.node, TROUPE_SPAWN(.body = answer_body));
    return shop;
}

static void drop_shop(struct shop *shop)
{
    drop_node(&shop->node);
    for (int i = 0; i < 2; i++) {
        (void) close(shop->pipes[i][0]);
        (void) close(shop->pipes[i][1]);
    }
    drop_probe(&shop->seen);
}

static void let_go(const struct shop *shop, int which, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (write(shop->pipes[which][1], "x", 1) != 1) {
            abort();
        }
    }
}

/* Until somebody has let go. */
static void block(const struct shop *shop, int which)
{
    char byte = 0;
    if (read(shop->pipes[which][0], &byte, 1) != 1) {
        abort();
    }
}

static troupe_error block_at_order(struct shop *shop, const troupe_message *message)
{
    if (troupe_message_is(message, &order_type)) {
        probe_say(shop->seen, "blocked");
        block(shop, 0);
        probe_say(shop->seen, "freed");
    }
    return TROUPE_OK;
}

static troupe_error blocking_coroutine(troupe_self *self, void *argument)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        (void) block_at_order(argument, message);
    }
    return TROUPE_OK;
}

static troupe_error keep_shop(troupe_self *self, void *state, void *argument)
{
    (void) self;
    memcpy(state, &argument, sizeof argument);
    return TROUPE_OK;
}

static troupe_error handle_blocking(troupe_self *self, void *state, troupe_message **message)
{
    (void) self;
    return block_at_order(*(struct shop **) state, *message);
}

static const troupe_behavior blocking_behavior = {
    .size = sizeof(troupe_behavior),
    .name = "blocking",
    .state_size = sizeof(struct shop *),
    .start = keep_shop,
    .other = handle_blocking,
};

#define BLOCKED 3
#define ASKS 10

struct asking {
    struct shop *shop;
    troupe_ref to[BLOCKED];
};

/* Sends an order to each, then asks the answerer. */
static troupe_error asking_body(troupe_self *self, void *argument)
{
    const struct asking *asking = argument;
    const struct order order = {.number = 7};
    troupe_error error = TROUPE_OK;
    for (unsigned i = 0; i < BLOCKED && !error; i++) {
        error = troupe_send_struct(self, asking->to[i], &order_type, &order);
    }
    for (unsigned i = 0; i < ASKS && !error; i++) {
        TROUPE_AUTO(troupe_message) *reply = NULL;
        error = troupe_yield(self);
        if (!error) {
            error = troupe_ask_struct(self, asking->shop->answerer, &order_type, &order,
                                      TROUPE_FOREVER, &reply);
        }
    }
    probe_say(asking->shop->seen, "%s", error ? troupe_error_name(error) : "answered");
    return error;
}

static void ask_while_all_block(const troupe_spawn_options *options)
{
    struct shop shop = a_shop(4);
    struct asking asking = {.shop = &shop};
    troupe_spawn_options complete = *options;
    complete.argument = &shop;
    for (unsigned i = 0; i < BLOCKED; i++) {
        asking.to[i] = a_root_of(shop.node, &complete);
    }

    a_root_of(shop.node, TROUPE_SPAWN(.body = asking_body, .argument = &asking));

    assert_true(probe_wait_for(shop.seen, "answered"));
    assert_int_equal(probe_count_of(shop.seen, "blocked"), BLOCKED);
    assert_int_equal(probe_count_of(shop.seen, "freed"), 0);
    let_go(&shop, 0, BLOCKED);
    assert_true(probe_wait(shop.seen, 2 * BLOCKED + 1));
    assert_int_equal(probe_count_of(shop.seen, "freed"), BLOCKED);
    drop_shop(&shop);
}

/* Promise: TAKEOVER-OTHERS */
static void do_not_keep_others_from_answering(void **state)
{
    (void) state;
    ask_while_all_block(TROUPE_SPAWN(.behavior = &blocking_behavior));
    ask_while_all_block(TROUPE_SPAWN(.body = blocking_coroutine));
}

/* Blocks, and uses its self before it has come back. */
static troupe_error using_body(troupe_self *self, void *argument)
{
    struct shop *shop = argument;
    const struct order order = {.number = 3};
    const uint64_t before_ns = troupe_self_now_ns(self);
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_timer timer;
    troupe_monitor_id monitor;
    troupe_ref child;

    probe_say(shop->seen, "blocked");
    block(shop, 0);
    troupe_error error = troupe_spawn_nowait(self, TROUPE_SPAWN(.body = answer_body), &child);
    error = error ? error : troupe_monitor(self, child, &monitor);
    error = error ? error
                  : troupe_timer_start(self, TROUPE_TIMER(.after = TROUPE_WITHIN_S(1000)), &timer);
    error = error ? error : troupe_send_struct(self, troupe_self_ref(self), &signal_type, NULL);
    error = error ? error : troupe_send_struct(self, shop->answerer, &signal_type, NULL);
    probe_say(shop->seen, "%s", error ? troupe_error_name(error) : "used");
    block(shop, 0); /* it may be held up again between two calls */

    error =
        error ? error : troupe_ask_struct(self, child, &order_type, &order, TROUPE_FOREVER, &reply);
    error = error ? error : troupe_stop(self, child);
    error = error ? error
            : troupe_node_join(troupe_self_node(self)) == TROUPE_ERROR_BAD_ARGUMENT
                ? TROUPE_OK
                : TROUPE_ERROR_FAILED;
    error = error ? error : troupe_receive(self, &reply, TROUPE_FOREVER); /* the signal */
    error = error ? error : troupe_receive(self, &reply, TROUPE_FOREVER); /* the child's end */
    const bool is_right = troupe_self_now_ns(self) > before_ns &&
                          troupe_message_is(reply, &troupe_down_type) &&
                          troupe_timer_cancel(self, timer);
    probe_say(shop->seen, "%s", error ? troupe_error_name(error) : is_right ? "right" : "wrong");
    return error;
}

/* Something to do for the worker, again and again. */
static troupe_error busy_body(troupe_self *self, void *argument)
{
    troupe_error error = TROUPE_OK;
    (void) argument;
    while (!error) {
        error = troupe_sleep(self, TROUPE_WITHIN_US(100));
    }
    return TROUPE_OK;
}

static void begin(const struct shop *shop, troupe_body *body)
{
    troupe_ref ref;
    assert_ok(tr_node_spawn_nowait(
        shop->node, TROUPE_SPAWN(.body = body, .argument = (void *) (uintptr_t) shop), &ref));
}

static void do_nothing(tr_worker *worker, void *context)
{
    (void) worker;
    (void) context;
}

/* Has the worker do nothing, within that time. */
static troupe_error call_worker(const struct shop *shop, uint64_t within_ms)
{
    const uint64_t deadline_ns = tr_node_now_ns(shop->node) + within_ms * UINT64_C(1000000);
    return tr_engine_call_and_wait(shop->node->engines[0], do_nothing, NULL, deadline_ns);
}

/* Promise: TAKEOVER-SELF */
static void may_go_on_using_their_self(void **state)
{
    (void) state;
    struct shop shop = a_shop(1);
    a_root_of(shop.node, TROUPE_SPAWN(.body = busy_body));

    begin(&shop, using_body);
    assert_true(probe_wait(shop.seen, 1));
    assert_ok(call_worker(&shop, 20000)); /* which goes on without it */
    let_go(&shop, 0, 1);
    assert_true(probe_wait(shop.seen, 2));
    assert_ok(call_worker(&shop, 20000));
    let_go(&shop, 0, 1);

    assert_true(probe_wait(shop.seen, 3));
    assert_said(shop.seen, "blocked", "used", "right");
    drop_shop(&shop);
}

/* Blocks at the first pipe, then calls the library, then frees who blocks at the second. */
static troupe_error freeing_body(troupe_self *self, void *argument)
{
    struct shop *shop = argument;
    probe_say(shop->seen, "first");
    block(shop, 0);
    const troupe_error error = troupe_send_struct(self, shop->answerer, &signal_type, NULL);
    let_go(shop, 1, 1);
    return error;
}

static troupe_error waiting_body(troupe_self *self, void *argument)
{
    struct shop *shop = argument;
    probe_say(shop->seen, "second");
    block(shop, 1);
    probe_say(shop->seen, "freed");
    return troupe_send_struct(self, shop->answerer, &signal_type, NULL);
}

/* Promise: TAKEOVER-BOUND */
static void get_the_worker_back_though_all_spares_are_held_up(void **state)
{
    (void) state;
    struct shop shop = a_shop(1);
    begin(&shop, freeing_body);
    assert_true(probe_wait_for(shop.seen, "first"));
    begin(&shop, waiting_body); /* on the one spare thread, which it holds up too */
    assert_true(probe_wait_for(shop.seen, "second"));

    let_go(&shop, 0, 1);

    assert_true(probe_wait_for(shop.seen, "freed"));
    drop_shop(&shop);
}

/* Promise: TAKEOVER-BOUND */
static void hold_up_others_when_there_are_no_more_spares(void **state)
{
    (void) state;
    struct shop shop = a_shop(1);
    begin(&shop, freeing_body);
    assert_true(probe_wait_for(shop.seen, "first"));
    begin(&shop, waiting_body);
    assert_true(probe_wait_for(shop.seen, "second"));

    assert_fails(call_worker(&shop, 50), TIMED_OUT);

    let_go(&shop, 1, 1);
    assert_true(probe_wait_for(shop.seen, "freed"));
    assert_ok(call_worker(&shop, 20000));
    let_go(&shop, 0, 1);
    drop_shop(&shop);
}

/* Promise: TAKEOVER-STOP */
static void end_with_their_node_when_they_return(void **state)
{
    (void) state;
    struct shop shop = a_shop(2);
    begin(&shop, freeing_body);
    assert_true(probe_wait_for(shop.seen, "first"));
    begin(&shop, waiting_body);
    assert_true(probe_wait_for(shop.seen, "second"));

    troupe_node_stop(shop.node);
    let_go(&shop, 0, 1);

    assert_true(probe_wait_for(shop.seen, "freed"));
    drop_shop(&shop);
}

int main(void)
{
    if (!tr_membarrier_open()) { /* valgrind has none */
        (void) fprintf(stderr, "SKIP takeover_test: the kernel has no membarrier\n");
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(do_not_keep_others_from_answering),
        cmocka_unit_test(may_go_on_using_their_self),
        cmocka_unit_test(get_the_worker_back_though_all_spares_are_held_up),
        cmocka_unit_test(hold_up_others_when_there_are_no_more_spares),
        cmocka_unit_test(end_with_their_node_when_they_return),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
