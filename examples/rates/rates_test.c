/* SPDX-License-Identifier: MIT */
/* How a service is tested with a kit and probes: docs/testing.md walks through it. With the
 * argument `mistake` the service has one, and a test finds it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <troupe/test_probe.h>

#include "rates.h"

static bool has_mistake;

/* What a test has: the client and the source are probes, the service between them is real. */
struct shop {
    troupe_kit *kit;
    troupe_probe *client;
    troupe_probe *source;
    troupe_ref rates;
};

static void open_shop(struct shop *shop, troupe_kit *kit)
{
    shop->kit = kit;
    troupe_must(kit, troupe_probe_create(kit, 0, "client", &shop->client));
    troupe_must(kit, troupe_probe_create(kit, 0, "source", &shop->source));
    struct rates_source source = {.ref = troupe_probe_ref(shop->source),
                                  .has_mistake = has_mistake};
    troupe_must(kit,
                troupe_probe_spawn(shop->client,
                                   TROUPE_SPAWN(.behavior = &rates_behavior, .argument = &source),
                                   &shop->rates));
}

static int set_up(void **state)
{
    static struct shop shop;
    troupe_kit *kit = NULL;
    assert_int_equal(troupe_kit_create(TROUPE_KIT_CMOCKA(), &kit), TROUPE_OK);
    open_shop(&shop, kit);
    *state = &shop;
    return 0;
}

static int tear_down(void **state)
{
    struct shop *shop = *state;
    troupe_kit_destroy(&shop->kit); /* and all has ended in order */
    return 0;
}

static void want_rate(const struct shop *shop)
{
    troupe_must(shop->kit,
                troupe_probe_ask(shop->client, shop->rates, TROUPE_STRUCT(&rate_wanted_type, NULL),
                                 TROUPE_WITHIN_S(1)));
}

static void answer_as_source(const struct shop *shop, uint64_t cents)
{
    const struct rate rate = {.cents = cents};
    troupe_message *request =
        troupe_expect(shop->source, TROUPE_WITHIN_MS(10), .type = &rate_wanted_type);
    troupe_must(shop->kit,
                troupe_probe_reply(shop->source, &request, TROUPE_STRUCT(&rate_type, &rate)));
}

static void expect_rate(const struct shop *shop, uint64_t cents)
{
    troupe_message *message = troupe_expect(shop->client, TROUPE_WITHIN_MS(10), .type = &rate_type);
    const struct rate *rate = troupe_message_struct(message, &rate_type);
    assert_int_equal(rate->cents, cents);
    troupe_message_destroy(&message);
}

static void asks_the_source_once_in_ten_seconds(void **state)
{
    const struct shop *shop = *state;
    want_rate(shop);
    want_rate(shop);
    answer_as_source(shop, 128);
    expect_rate(shop, 128);
    expect_rate(shop, 128);

    troupe_advance(shop->kit, TROUPE_WITHIN_MS(9999));
    want_rate(shop);
    expect_rate(shop, 128);
    troupe_expect_none(shop->source, TROUPE_WITHIN_MS(1));

    want_rate(shop);
    answer_as_source(shop, 131);
    expect_rate(shop, 131);
}

static void asks_again_if_the_source_is_silent(void **state)
{
    const struct shop *shop = *state;
    want_rate(shop);
    troupe_message *first = troupe_expect(shop->source, TROUPE_NOW, .type = &rate_wanted_type);
    troupe_expect_none(shop->source, TROUPE_WITHIN_MS(RATES_TRY_MS - 1));
    troupe_message *second =
        troupe_expect(shop->source, TROUPE_WITHIN_MS(1), .type = &rate_wanted_type);
    troupe_expect_none(shop->client, TROUPE_WITHIN_MS(RATES_TRY_MS - 1));
    troupe_message *message =
        troupe_expect(shop->client, TROUPE_WITHIN_MS(1), .type = &troupe_no_answer_type);
    const troupe_no_answer *why = troupe_message_struct(message, &troupe_no_answer_type);
    assert_int_equal(why->error, TROUPE_ERROR_TIMED_OUT);
    troupe_message_destroy(&message);
    troupe_message_destroy(&first);
    troupe_message_destroy(&second);

    want_rate(shop); /* and it is as good as new */
    answer_as_source(shop, 128);
    expect_rate(shop, 128);
}

static void says_so_if_the_source_is_gone(void **state)
{
    const struct shop *shop = *state;
    troupe_must(shop->kit,
                troupe_probe_end(shop->client, troupe_probe_ref(shop->source), TROUPE_DOWN_KILLED));
    want_rate(shop);
    troupe_message *message =
        troupe_expect(shop->client, TROUPE_NOW, .type = &troupe_no_answer_type);
    const troupe_no_answer *why = troupe_message_struct(message, &troupe_no_answer_type);
    assert_int_equal(why->error, TROUPE_ERROR_STALE);
    troupe_message_destroy(&message);
}

/* Whichever allocation fails: the client is told something, and the next one is served. */
static void serves_the_next_one_when_memory_was_short(void **state)
{
    const struct shop *shop = *state;
    bool was_short = true;
    for (uint64_t n = 1; was_short; n++) {
        (void) troupe_kit_fail_allocation(shop->kit, shop->rates, n);
        want_rate(shop);
        troupe_rest(shop->kit);
        if (troupe_probe_count(shop->source) > 0) {
            answer_as_source(shop, 128);
        }
        troupe_message *message = troupe_expect_any(shop->client, TROUPE_WITHIN_S(1));
        troupe_message_destroy(&message);
        was_short = troupe_kit_fail_allocation(shop->kit, shop->rates, 0);

        troupe_advance(shop->kit, TROUPE_WITHIN_S(RATES_KEPT_S));
        want_rate(shop);
        answer_as_source(shop, 131);
        expect_rate(shop, 131);
        troupe_advance(shop->kit, TROUPE_WITHIN_S(RATES_KEPT_S));
    }
}

/* One of those above, on three workers whose order chance decides. */
static void asks_once(troupe_kit *kit, void *context)
{
    struct shop shop;
    (void) context;
    open_shop(&shop, kit);
    want_rate(&shop);
    want_rate(&shop);
    answer_as_source(&shop, 128);
    expect_rate(&shop, 128);
    expect_rate(&shop, 128);
    troupe_expect_none(shop.source, TROUPE_WITHIN_S(1));
}

static void asks_once_whatever_comes_first(void **state)
{
    (void) state;
    const troupe_error error = troupe_kit_sweep(
        TROUPE_SIMULATE(.seeds = 200),
        TROUPE_KIT(.node = TROUPE_SIMULATION_NODE(.workers = 3, .moves_percent = 20)), asks_once,
        NULL);
    assert_int_equal(error, TROUPE_OK);
}

int main(int argc, char **argv)
{
    has_mistake = argc > 1 && strcmp(argv[1], "mistake") == 0;
#define IN_SHOP(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        IN_SHOP(asks_the_source_once_in_ten_seconds),
        IN_SHOP(asks_again_if_the_source_is_silent),
        IN_SHOP(says_so_if_the_source_is_gone),
        IN_SHOP(serves_the_next_one_when_memory_was_short),
        cmocka_unit_test(asks_once_whatever_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
