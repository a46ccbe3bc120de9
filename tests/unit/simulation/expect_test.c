/* SPDX-License-Identifier: MIT */
/* What a test may demand of a probe, and how it fails at the line that demands it. */
#include <troupe/troupe.h>

#include "shop.pb-c.h"
#include "support/kit_fixture.h"

/* Sends the figures up to the argument's `count` to refs[0], ten milliseconds apart. */
static troupe_error counts_up(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 1; i <= cast->count && !error; i++) {
        error = troupe_sleep(self, TROUPE_WITHIN_MS(10));
        error = error ? error : send_figure(self, cast->refs[0], i);
    }
    return error ? error : troupe_sleep(self, TROUPE_FOREVER);
}

static troupe_ref counter(const struct kit_stage *stage, struct cast *cast, uint64_t count)
{
    troupe_ref ref = troupe_ref_none();
    *cast = (struct cast) {.refs = {troupe_probe_ref(stage->probe)}, .count = count};
    troupe_must(
        stage->kit,
        troupe_probe_spawn(stage->probe, TROUPE_SPAWN(.body = counts_up, .argument = cast), &ref));
    return ref;
}

static uint64_t now_ms(const struct kit_stage *stage)
{
    return troupe_simulation_now_ns(troupe_kit_simulation(stage->kit)) / 1000000;
}

static bool is_above(const troupe_message *message, void *context)
{
    return figure_of(message) > *(const uint64_t *) context;
}

static const uint64_t two = 2;

/* Promise: KIT-EXPECT */
static void finds_what_comes_in_time(void **state)
{
    struct kit_stage *stage = *state;
    struct cast cast;
    (void) counter(stage, &cast, 5);
    const uint64_t begun_ms = now_ms(stage);
    troupe_message *message = troupe_expect_any(stage->probe, TROUPE_WITHIN_S(1));
    assert_int_equal(figure_of(message), 1);
    assert_int_equal(now_ms(stage) - begun_ms, 10);
    troupe_message_destroy(&message);

    message = troupe_fish(stage->probe, TROUPE_WITHIN_S(1), .type = &figure_type,
                          .is_right = is_above, .context = (void *) (uintptr_t) &two);
    assert_int_equal(figure_of(message), 3);
    assert_int_equal(now_ms(stage) - begun_ms, 30);
    troupe_message_destroy(&message);

    troupe_expect_none(stage->probe, TROUPE_WITHIN_MS(9));
    assert_int_equal(now_ms(stage) - begun_ms, 39);
    assert_int_equal(expect_figure(stage->probe, TROUPE_WITHIN_MS(1)), 4);
    assert_int_equal(expect_figure(stage->probe, (troupe_timeout) {0}), 5);
    troupe_expect_none(stage->probe, (troupe_timeout) {0});
    assert_int_equal(now_ms(stage) - begun_ms, 1050);
}

static troupe_error sells(troupe_self *self, void *argument)
{
    troupe_message *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    const Shop__Order *order = error ? NULL : troupe_message_as(message, &shop__order__descriptor);
    (void) argument;
    if (order == NULL) {
        return error ? error : TROUPE_ERROR_PROTOCOL;
    }
    Shop__Receipt receipt = SHOP__RECEIPT__INIT;
    receipt.order_id = order->id;
    const troupe_error answered = troupe_reply(self, message, &receipt.base);
    troupe_message_destroy(&message);
    return answered;
}

/* Promise: KIT-EXPECT */
static void takes_protobuf_messages_alike(void **state)
{
    struct kit_stage *stage = *state;
    troupe_ref shop = troupe_ref_none();
    troupe_must(stage->kit, troupe_probe_spawn(stage->probe, TROUPE_SPAWN(.body = sells), &shop));
    Shop__Order order = SHOP__ORDER__INIT;
    order.id = 17;
    troupe_must(stage->kit, troupe_probe_ask(stage->probe, shop, TROUPE_PROTOBUF(&order.base),
                                             TROUPE_WITHIN_S(1)));
    troupe_message *message =
        troupe_expect(stage->probe, TROUPE_WITHIN_S(1), .protobuf = &shop__receipt__descriptor);
    const Shop__Receipt *receipt = troupe_message_as(message, &shop__receipt__descriptor);
    assert_int_equal(receipt->order_id, 17);
    troupe_message_destroy(&message);
}

/* How each fails. */

/* Promise: KIT-FAILS */
static void fails_if_nothing_comes(void **state)
{
    struct kit_stage *stage = *state;
    struct cast cast;
    (void) counter(stage, &cast, 1);
    assert_fails_test(stage, troupe_expect(stage->probe, TROUPE_WITHIN_MS(9), .type = &figure_type),
                      "probe: expected 'figure' within 9.000 ms; in the probe is nothing");
}

/* Promise: KIT-FAILS */
static void fails_if_another_comes(void **state)
{
    struct kit_stage *stage = *state;
    struct cast cast;
    (void) counter(stage, &cast, 3);
    troupe_advance(stage->kit, TROUPE_WITHIN_S(1));
    assert_fails_test(stage, troupe_expect(stage->probe, TROUPE_NOW, .type = &other_figure_type),
                      "probe: expected 'other' without time going on; in the probe is "
                      "'figure', 'figure', 'figure'");
}

/* Promise: KIT-FAILS */
static void fails_if_none_is_right(void **state)
{
    struct kit_stage *stage = *state;
    struct cast cast;
    (void) counter(stage, &cast, 2);
    assert_fails_test(stage,
                      troupe_fish(stage->probe, TROUPE_WITHIN_S(1), .is_right = is_above,
                                  .context = (void *) (uintptr_t) &two),
                      "probe: expected 'message' within 1000.000 ms; in the probe is nothing");
}

/* Promise: KIT-FAILS */
static void fails_if_something_comes(void **state)
{
    struct kit_stage *stage = *state;
    struct cast cast;
    (void) counter(stage, &cast, 1);
    assert_fails_test(stage,
                      troupe_probe_expect_none(stage->probe, TROUPE_WITHIN_MS(10), "", __LINE__),
                      "probe: expected no 'message' within 10.000 ms; in the probe is 'figure'");
}

/* Promise: KIT-FAILS */
static void fails_if_it_does_not_end_or_another_does(void **state)
{
    struct kit_stage *stage = *state;
    struct cast cast;
    const troupe_ref one = counter(stage, &cast, 0);
    const troupe_ref other = counter(stage, &cast, 0);
    troupe_must(stage->kit, troupe_probe_end(stage->probe, one, TROUPE_DOWN_KILLED));
    assert_fails_test(stage, troupe_expect_down(stage->probe, other, TROUPE_WITHIN_S(1)),
                      " has ended: KILLED");
}

/* Promise: KIT-FAILS */
static void fails_if_the_probe_is_gone(void **state)
{
    struct kit_stage *stage = *state;
    troupe_must(stage->kit,
                troupe_simulation_script(troupe_kit_simulation(stage->kit), "crash test"));
    const uint64_t begun_ms = now_ms(stage);
    (void) troupe_expect_any(stage->probe, TROUPE_WITHIN_S(1));
    assert_int_equal(now_ms(stage), begun_ms);
    assert_fails_test(stage, (void) 0,
                      "probe: expected 'message' within 1000.000 ms; the probe has ended");
}

/* Promise: KIT-CRASH */
static void forgets_what_went_with_the_node(void **state)
{
    struct kit_stage *stage = *state;
    struct cast cast;
    (void) counter(stage, &cast, 5);
    troupe_must(stage->kit, troupe_simulation_script(troupe_kit_simulation(stage->kit),
                                                     "at 35 ms crash test for 1 ms"));
    assert_int_equal(expect_figure(stage->probe, TROUPE_WITHIN_S(1)), 1);
    troupe_advance(stage->kit, TROUPE_WITHIN_MS(20));
    assert_int_equal(troupe_probe_count(stage->probe), 2);
    troupe_advance(stage->kit, TROUPE_WITHIN_MS(20));
    assert_int_equal(troupe_probe_count(stage->probe), 0);
    assert_fails_test(stage, troupe_fish(stage->probe, TROUPE_WITHIN_S(1), .type = &figure_type),
                      "the probe has ended");
}

static struct kit_stage *the_stage;

static troupe_error expects_in_an_actor(troupe_self *self, void *argument)
{
    (void) self;
    (void) argument;
    the_stage->line = __LINE__ + 1;
    const troupe_message *message = troupe_expect_any(the_stage->probe, TROUPE_WITHIN_S(1));
    return message == NULL ? TROUPE_OK : TROUPE_ERROR_FAILED;
}

/* Promise: KIT-STACK */
static void fails_on_the_tests_stack_if_an_actor_expects(void **state)
{
    struct kit_stage *stage = *state;
    troupe_ref ref = troupe_ref_none();
    the_stage = stage;
    assert_fails(troupe_probe_spawn(stage->probe, TROUPE_SPAWN(.body = expects_in_an_actor), &ref),
                 FAILED);
    assert_int_equal(stage->failures, 0);
    assert_fails_test(stage, troupe_rest(stage->kit), "called from within an actor");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KIT(finds_what_comes_in_time),
        WITH_KIT(takes_protobuf_messages_alike),
        WITH_KIT(fails_if_nothing_comes),
        WITH_KIT(fails_if_another_comes),
        WITH_KIT(fails_if_none_is_right),
        WITH_KIT(fails_if_something_comes),
        WITH_KIT(fails_if_it_does_not_end_or_another_does),
        WITH_KIT(fails_if_the_probe_is_gone),
        WITH_KIT(forgets_what_went_with_the_node),
        WITH_KIT(fails_on_the_tests_stack_if_an_actor_expects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
