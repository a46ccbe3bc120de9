/* SPDX-License-Identifier: MIT */
/* What <troupe/test_kit.h> promises. */
#include <troupe/test_kit.h>

#include <string.h>
#include <troupe/test_probe.h>
#include <troupe/troupe.h>

#include "simulation/passes.h"
#include "support/kit_fixture.h"

/* Says when it has slept three times ten milliseconds. */
static troupe_error ticks(troupe_self *self, void *argument)
{
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 1; i <= 3 && !error; i++) {
        error = troupe_sleep(self, TROUPE_WITHIN_MS(10));
        if (!error) {
            error = send_figure(self, *(const troupe_ref *) argument, i);
        }
    }
    return error ? error : troupe_sleep(self, TROUPE_FOREVER);
}

/* Promise: KIT-TIME */
static void moves_time_only_as_it_is_told(void **state)
{
    struct kit_stage *stage = *state;
    troupe_ref ticker;
    troupe_ref to = troupe_probe_ref(stage->probe);
    const troupe_simulation *simulation = troupe_kit_simulation(stage->kit);
    troupe_must(
        stage->kit,
        troupe_probe_spawn(stage->probe, TROUPE_SPAWN(.body = ticks, .argument = &to), &ticker));
    const uint64_t begun_ns = troupe_simulation_now_ns(simulation);
    troupe_rest(stage->kit);
    assert_int_equal(troupe_simulation_now_ns(simulation), begun_ns);
    troupe_expect_none(stage->probe, TROUPE_NOW);
    assert_int_equal(troupe_simulation_now_ns(simulation), begun_ns);
    troupe_advance(stage->kit, TROUPE_WITHIN_MS(9));
    assert_int_equal(troupe_simulation_now_ns(simulation) - begun_ns, 9000000);
    troupe_expect_none(stage->probe, TROUPE_NOW);
    assert_true(troupe_jump(stage->kit));
    assert_int_equal(troupe_simulation_now_ns(simulation) - begun_ns, 10000000);
    assert_int_equal(expect_figure(stage->probe, TROUPE_NOW), 1);
    assert_int_equal(expect_figure(stage->probe, TROUPE_WITHIN_S(5)), 2);
    assert_int_equal(troupe_simulation_now_ns(simulation) - begun_ns, 20000000);
    assert_true(troupe_jump(stage->kit));
    assert_int_equal(expect_figure(stage->probe, TROUPE_NOW), 3);
    assert_false(troupe_jump(stage->kit));
    assert_int_equal(stage->failures, 0);
}

/* Promise: KIT-FAILS */
static void fails_what_returns_an_error(void **state)
{
    struct kit_stage *stage = *state;
    assert_fails_test(stage,
                      troupe_must(stage->kit, troupe_probe_watch(stage->probe, troupe_ref_none())),
                      "troupe_probe_watch(stage->probe, troupe_ref_none()): BAD_ARGUMENT, ");
}

struct checked {
    troupe_kit *kit;
    int line;
    bool went_on;
};

static troupe_error checks_itself(troupe_self *self, void *argument)
{
    struct checked *checked = argument;
    (void) self;
    checked->line = __LINE__ + 1;
    if (troupe_check(checked->kit, 1 + 1 == 3)) {
        return TROUPE_ERROR_FAILED;
    }
    (void) troupe_check(checked->kit, 1 + 1 == 4);
    checked->went_on = true;
    return TROUPE_OK;
}

/* Promise: KIT-STACK */
static void raises_on_the_tests_thread_what_does_not_hold_in_an_actor(void **state)
{
    struct kit_stage *stage = *state;
    struct checked checked = {.kit = stage->kit};
    troupe_ref ref = troupe_ref_none();
    assert_fails(troupe_probe_spawn(
                     stage->probe, TROUPE_SPAWN(.body = checks_itself, .argument = &checked), &ref),
                 FAILED);
    assert_true(checked.went_on);
    assert_int_equal(stage->failures, 0);
    troupe_rest(stage->kit);
    assert_int_equal(stage->failures, 1);
    assert_int_equal(stage->line, checked.line);
    assert_true(probe_has(stage->told, "kit_test.c:"));
    assert_true(probe_has(stage->told, "not so: 1 + 1 == 3"));
    stage->failures = 0;
}

static troupe_error is_not_to_be_stopped(troupe_self *self, void *argument)
{
    troupe_scope *scope = NULL;
    troupe_error error = troupe_shield(self, TROUPE_FOREVER, &scope);
    (void) argument;
    if (!error) {
        (void) troupe_sleep(self, TROUPE_FOREVER); /* whatever it is told */
        error = troupe_scope_leave(self, &scope);
    }
    return error;
}

/* Promise: KIT-END */
static void fails_at_its_end_if_something_is_left(void **state)
{
    (void) state;
    for (uint32_t leaves_all = 0; leaves_all < 2; leaves_all++) {
        struct kit_stage *stage =
            a_kit_of(TROUPE_KIT(.leaves_all = leaves_all,
                                .spawn = TROUPE_SPAWN(.body = is_not_to_be_stopped)));
        const int line = __LINE__ - 2;
        troupe_kit_destroy(&stage->kit);
        assert_null(stage->kit);
        assert_int_equal(stage->failures, leaves_all == 0 ? 1 : 0);
        if (leaves_all == 0) {
            assert_in_range(stage->line, line - 2, line + 2);
            assert_true(probe_has(stage->told, "at the end of the test: 2 actors did not end: "));
        }
        drop_kit(&stage);
    }
}

static uint64_t living_of(const troupe_simulation *simulation)
{
    troupe_counts counts = {0};
    troupe_simulation_counts(simulation, 0, &counts);
    return counts.spawned - counts.ended;
}

/* Promise: KIT-BORROWS */
static void leaves_a_simulation_as_it_was(void **state)
{
    (void) state;
    troupe_simulation *simulation = NULL;
    uint32_t node = 0;
    assert_ok(troupe_simulation_create(NULL, &simulation));
    assert_ok(troupe_simulation_add(simulation, NULL, &node));
    assert_ok(troupe_simulation_run(simulation, TROUPE_WITHIN_S(1)));
    for (uint32_t i = 0; i < 3; i++) {
        const uint64_t living = living_of(simulation);
        troupe_ref idle = troupe_ref_none();
        struct kit_stage *stage =
            a_kit_of(TROUPE_KIT(.simulation = simulation, .spawn = TROUPE_SPAWN(.body = play_idle),
                                .out_ref = &idle));
        troupe_must(stage->kit,
                    troupe_probe_send(stage->probe, idle, TROUPE_STRUCT(&figure_type, NULL)));
        troupe_kit_destroy(&stage->kit);
        assert_int_equal(stage->failures, 0);
        assert_int_equal(living_of(simulation), living);
        drop_kit(&stage);
        assert_ok(troupe_simulation_run(simulation, TROUPE_WITHIN_S(1)));
    }
    assert_ok(troupe_simulation_stop(simulation));
    troupe_simulation_destroy(&simulation);
}

static void refuses_what_cannot_be(void **state)
{
    (void) state;
    troupe_kit *kit = NULL;
    const troupe_kit_options wrong = {.size = 3};
    assert_fails(troupe_kit_create(&wrong, &kit), BAD_ARGUMENT);
    assert_fails(troupe_kit_create(TROUPE_KIT(.spawn = TROUPE_SPAWN(.name = "no body")), &kit),
                 BAD_ARGUMENT);
    assert_fails(
        troupe_kit_create(TROUPE_KIT(.node = TROUPE_SIMULATION_NODE(.workers = 100)), &kit),
        BAD_ARGUMENT);
    assert_null(kit);
    troupe_kit_destroy(&kit);
    assert_fails(troupe_kit_sweep(NULL, NULL, NULL, NULL), BAD_ARGUMENT);
    struct kit_stage *stage = a_kit_of(TROUPE_KIT());
    assert_fails_test(stage, troupe_advance(stage->kit, (troupe_timeout) {0}), "no time is given");
    drop_kit(&stage);
}

/* Sweeps. */

struct swept {
    struct probe *told;
    uint64_t runs;
    uint64_t failing; /* figures from here on are not as expected; 0: all are */
};

/* One of ten asks for a number that chance draws. */
static void expects_a_figure(troupe_kit *kit, void *context)
{
    struct swept *swept = context;
    troupe_probe *probe = NULL;
    troupe_ref ref = troupe_ref_none();
    const uint64_t drawn = troupe_simulation_draw(troupe_kit_simulation(kit), 10) + 1;
    swept->runs++;
    troupe_must(kit, troupe_probe_create(kit, 0, NULL, &probe));
    troupe_must(kit, troupe_probe_spawn(probe, TROUPE_SPAWN(.body = play_doubler), &ref));
    troupe_must(
        kit, troupe_probe_ask(probe, ref, TROUPE_STRUCT(&figure_type, &drawn), TROUPE_WITHIN_S(1)));
    assert_int_equal(expect_figure(probe, TROUPE_WITHIN_S(1)), 2 * drawn);
    if (swept->failing != 0 && drawn >= swept->failing) {
        (void) troupe_expect(probe, TROUPE_WITHIN_MS(1), .type = &other_figure_type);
        fail(); /* it is left before */
    }
}

static void say(void *context, troupe_log_level level, const char *text)
{
    (void) level;
    probe_say(context, "%s", text);
}

/* Promise: KIT-SWEEP */
static void is_swept_under_many_seeds(void **state)
{
    (void) state;
    struct swept swept = {.told = a_probe()};
    const troupe_log log = {.write = say, .context = swept.told};
    const troupe_simulate_options *options =
        TROUPE_SIMULATE(.seeds = 50, .log = &log, .command = "mine");
    assert_ok(troupe_kit_sweep(options, NULL, expects_a_figure, &swept));
    assert_int_equal(swept.runs, 50);
    assert_silent(swept.told);
    swept.failing = 8;
    assert_fails(troupe_kit_sweep(options, NULL, expects_a_figure, &swept), FAILED);
    const char *last = probe_line(swept.told, probe_count(swept.told) - 1);
    assert_non_null(strstr(last, "seed "));
    assert_non_null(strstr(last, "kit_test.c:"));
    assert_non_null(
        strstr(last, "probe: expected 'other' within 1.000 ms; in the probe is nothing"));
    assert_non_null(strstr(last, "to repeat it: TROUPE_SEED="));
    assert_non_null(strstr(last, " mine"));
    drop_probe(&swept.told);
}

/* Everything that a probe can do, on nodes where much happens at the wrong moment. */
static void does_it_all(troupe_kit *kit, void *context)
{
    static const uint64_t figures[] = {1, 2, 3, 4, 5};
    troupe_simulation *simulation = troupe_kit_simulation(kit);
    troupe_probe *probes[2] = {NULL, NULL};
    troupe_ref doubler = troupe_ref_none();
    (void) context;
    for (uint32_t i = 0; i < 2; i++) {
        troupe_must(kit, troupe_probe_create(kit, 0, i == 0 ? "one" : NULL, &probes[i]));
    }
    troupe_must(kit, troupe_probe_spawn(probes[0],
                                        TROUPE_SPAWN(.body = play_doubler, .mailbox_capacity = 2,
                                                     .place = TROUPE_PLACE_ANY),
                                        &doubler));
    troupe_must(kit, troupe_probe_watch(probes[1], doubler));
    troupe_must(kit, troupe_simulation_script(simulation, "stall test for 20 ms"));
    for (uint32_t i = 0; i < 5; i++) {
        troupe_must(kit,
                    troupe_probe_ask(probes[i % 2], doubler,
                                     TROUPE_STRUCT(&figure_type, &figures[i]), TROUPE_WITHIN_S(5)));
    }
    for (uint32_t i = 0; i < 5; i++) {
        (void) troupe_check(kit,
                            expect_figure(probes[i % 2], TROUPE_WITHIN_S(5)) == 2 * figures[i]);
    }
    troupe_must(kit, troupe_kit_fill(kit, doubler));
    troupe_must(kit, troupe_probe_send(probes[0], doubler, TROUPE_STRUCT(&figure_type, NULL)));
    troupe_advance(kit, TROUPE_WITHIN_MS(100));
    troupe_kit_drain(kit, doubler);
    troupe_advance(kit, TROUPE_WITHIN_MS(100));
    troupe_must(kit, troupe_probe_end(probes[1], doubler, TROUPE_DOWN_CANCELLED));
    for (uint32_t i = 0; i < 2; i++) {
        const troupe_down down = troupe_expect_down(probes[i], doubler, TROUPE_WITHIN_S(5));
        (void) troupe_check(kit, down.kind == TROUPE_DOWN_CANCELLED);
        troupe_expect_none(probes[i], TROUPE_WITHIN_MS(100));
    }
}

/* Promise: KIT-SWEEP */
static void holds_on_nodes_where_much_goes_slowly(void **state)
{
    (void) state;
    const uint32_t chance = tr_passes_can_stop() ? 20 : 0;
    const troupe_error error = troupe_kit_sweep(
        TROUPE_SIMULATE(.seeds = 300),
        TROUPE_KIT(.node =
                       TROUPE_SIMULATION_NODE(.name = "test", .workers = 3, .moves_percent = 20,
                                              .refuse_percent = 20,
                                              .pass_time = TROUPE_WITHIN_US(10),
                                              .switch_percent = chance, .rare_percent = chance)),
        does_it_all, NULL);
    assert_int_equal(error, TROUPE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KIT(moves_time_only_as_it_is_told),
        WITH_KIT(fails_what_returns_an_error),
        WITH_KIT(raises_on_the_tests_thread_what_does_not_hold_in_an_actor),
        cmocka_unit_test(fails_at_its_end_if_something_is_left),
        cmocka_unit_test(leaves_a_simulation_as_it_was),
        cmocka_unit_test(refuses_what_cannot_be),
        cmocka_unit_test(is_swept_under_many_seeds),
        cmocka_unit_test(holds_on_nodes_where_much_goes_slowly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
