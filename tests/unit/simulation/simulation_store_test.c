/* SPDX-License-Identifier: MIT */
/* What <troupe/simulation_store.h> promises: an actor's files, across crashes of its node. */
#include <troupe/simulation_store.h>

#include <string.h>
#include <troupe/troupe.h>

#include "support/fixtures.h"

/* A counter that is written before it is told to the world, and synced unless it is careless. */
struct ledger {
    troupe_simulation *simulation;
    uint64_t told; /* the highest that the outside has heard of */
    uint64_t went_back;
    bool is_careless;
};

static troupe_error counts(troupe_self *self, void *argument)
{
    struct ledger *ledger = argument;
    uint64_t number = 0;
    (void) troupe_simulation_read(ledger->simulation, 0, "count", 0, &number, sizeof number);
    ledger->went_back += number < ledger->told ? 1 : 0;
    for (;;) {
        const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(1));
        if (error) {
            return error;
        }
        number++;
        if (troupe_simulation_write(ledger->simulation, 0, "count", 0, &number, sizeof number) ||
            (!ledger->is_careless && troupe_simulation_sync(ledger->simulation, 0, "count"))) {
            return TROUPE_ERROR_SYSTEM;
        }
        ledger->told = number;
    }
}

static troupe_error start(troupe_simulation *simulation, uint32_t node, void *context)
{
    troupe_ref ref = troupe_ref_none();
    ((struct ledger *) context)->simulation = simulation;
    return troupe_simulation_spawn(simulation, node,
                                   TROUPE_SPAWN(.body = counts, .argument = context), &ref);
}

static struct ledger run(bool is_careless)
{
    struct ledger ledger = {.is_careless = is_careless};
    troupe_simulation *simulation = NULL;
    uint32_t node = 0;
    assert_ok(troupe_simulation_create(TROUPE_SIMULATION(.seed = 2), &simulation));
    assert_ok(troupe_simulation_add(
        simulation, TROUPE_SIMULATION_NODE(.start = start, .context = &ledger), &node));
    assert_ok(troupe_simulation_rate(simulation,
                                     TROUPE_SIMULATION_RATES(.crash_every = TROUPE_WITHIN_MS(50),
                                                             .crash_for = TROUPE_WITHIN_MS(5))));
    assert_ok(troupe_simulation_run(simulation, TROUPE_WITHIN_S(2)));
    assert_ok(troupe_simulation_stop(simulation));
    troupe_simulation_destroy(&simulation);
    return ledger;
}

/* Promise: SIMULATION-STORE */
static void keeps_what_was_synced_and_loses_the_rest(void **state)
{
    (void) state;
    const struct ledger careful = run(false);
    assert_true(careful.told > 500);
    assert_int_equal(careful.went_back, 0);
    assert_true(run(true).went_back > 0);
}

static void has_a_disk_for_each_node(void **state)
{
    (void) state;
    troupe_simulation *simulation = NULL;
    char text[4] = "";
    uint32_t node = 0;
    assert_ok(troupe_simulation_create(NULL, &simulation));
    assert_ok(troupe_simulation_add(simulation, NULL, &node));
    assert_ok(troupe_simulation_add(simulation, NULL, &node));
    assert_ok(troupe_simulation_write(simulation, 0, "f", 0, "abc", 3));
    assert_int_equal(troupe_simulation_file_size(simulation, 0, "f"), 3);
    assert_int_equal(troupe_simulation_file_size(simulation, 1, "f"), 0);
    assert_int_equal(troupe_simulation_read(simulation, 0, "f", 1, text, 3), 2);
    assert_string_equal(text, "bc");
    troupe_simulation_remove(simulation, 0, "f");
    assert_int_equal(troupe_simulation_file_size(simulation, 0, "f"), 0);
    troupe_simulation_shape_disk(simulation, 1, 2, 0, 0);
    assert_fails(troupe_simulation_write(simulation, 1, "f", 0, "abc", 3), LIMIT_REACHED);
    troupe_simulation_shape_disk(simulation, 1, 0, 0, 1000000);
    assert_fails(troupe_simulation_write(simulation, 1, "f", 0, "abc", 3), SYSTEM);
    assert_fails(troupe_simulation_write(simulation, 2, "f", 0, "abc", 3), BAD_ARGUMENT);
    assert_fails(troupe_simulation_sync(simulation, 2, "f"), BAD_ARGUMENT);
    assert_int_equal(troupe_simulation_read(simulation, 2, "f", 0, text, 3), 0);
    troupe_simulation_destroy(&simulation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_was_synced_and_loses_the_rest),
        cmocka_unit_test(has_a_disk_for_each_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
