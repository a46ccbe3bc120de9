/* SPDX-License-Identifier: MIT */
/* What weather promises: faults at their rates, none where none is asked for. */
#include "simulation/weather.h"

#include "support/world_fixture.h"

#define MS UINT64_C(1000000)

struct stage {
    tr_world *world;
    tr_plan plan;
    tr_weather weather;
    uint32_t starts;
};

static troupe_error start(void *context, uint32_t node)
{
    struct stage *stage = context;
    stage->starts++;
    return tr_world_raise(stage->world, node);
}

static uint64_t next_due_ns(void *context)
{
    const struct stage *stage = context;
    const uint64_t plan_ns = tr_plan_next_due_ns(&stage->plan);
    const uint64_t weather_ns = tr_weather_next_due_ns(&stage->weather);
    return plan_ns < weather_ns ? plan_ns : weather_ns;
}

static void happen(void *context)
{
    struct stage *stage = context;
    if (tr_plan_next_due_ns(&stage->plan) <= tr_world_now_ns(stage->world)) {
        tr_plan_happen(&stage->plan);
    } else {
        tr_weather_happen(&stage->weather);
    }
}

static int make(void **state)
{
    static struct stage stage;
    uint32_t index = 0;
    stage = (struct stage) {.world = a_world(1, 1)};
    assert_ok(tr_world_add(stage.world, NULL, &index));
    tr_plan_init(&stage.plan, stage.world);
    stage.plan.start = start;
    stage.plan.context = &stage;
    tr_weather_init(&stage.weather, &stage.plan, 1);
    tr_world_set_others(
        stage.world,
        &(const tr_world_others) {.context = &stage, .next_due_ns = next_due_ns, .happen = happen});
    *state = &stage;
    return 0;
}

static int drop(void **state)
{
    struct stage *stage = *state;
    assert_int_equal(stage->plan.failed, TROUPE_OK);
    tr_weather_clear(&stage->weather);
    tr_plan_fini(&stage->plan);
    drop_world(&stage->world);
    return 0;
}

static uint32_t count_noted(struct stage *stage, tr_event event)
{
    uint32_t count = 0;
    for (uint32_t back = 0; back < TR_COURSE_KEPT; back++) {
        const tr_noted *noted = tr_course_last(tr_world_course(stage->world), back);
        count += noted != NULL && noted->event == event ? 1 : 0;
    }
    return count;
}

static void is_calm_by_itself(void **state)
{
    struct stage *stage = *state;
    assert_true(tr_weather_next_due_ns(&stage->weather) == TR_NEVER);
}

/* Promise: WEATHER-RATES */
static void brings_crashes_at_their_rate_and_the_crashed_back(void **state)
{
    struct stage *stage = *state;
    tr_weather_set(&stage->weather, TR_GUST_CRASH,
                   (tr_rate) {.every_ns = 100 * MS, .for_ns = 10 * MS});
    tr_world_advance(stage->world, 2000 * MS);
    assert_in_range(stage->starts, 10, 40);
    tr_weather_set(&stage->weather, TR_GUST_CRASH, (tr_rate) {0});
    tr_world_advance(stage->world, 20 * MS);
    const uint32_t starts = stage->starts;
    tr_world_advance(stage->world, 2000 * MS);
    assert_int_equal(stage->starts, starts);
    assert_non_null(tr_fleet_berth(tr_world_fleet(stage->world), 0)->node);
    assert_non_null(tr_fleet_berth(tr_world_fleet(stage->world), 1)->node);
}

static void brings_stalls_cuts_and_skews(void **state)
{
    struct stage *stage = *state;
    const tr_rate rate = {.every_ns = 20 * MS, .for_ns = 5 * MS};
    tr_weather_set(&stage->weather, TR_GUST_STALL, rate);
    tr_weather_set(&stage->weather, TR_GUST_CUT, rate);
    tr_weather_set(&stage->weather, TR_GUST_SKEW, rate);
    tr_world_advance(stage->world, 100 * MS);
    assert_in_range(count_noted(stage, TR_EVENT_STALL), 1, 20);
    assert_in_range(count_noted(stage, TR_EVENT_CUT), 1, 20);
    assert_in_range(count_noted(stage, TR_EVENT_SKEW), 1, 20);
}

int main(void)
{
#define WITH_WEATHER(test) cmocka_unit_test_setup_teardown(test, make, drop)
    const struct CMUnitTest tests[] = {
        WITH_WEATHER(is_calm_by_itself),
        WITH_WEATHER(brings_crashes_at_their_rate_and_the_crashed_back),
        WITH_WEATHER(brings_stalls_cuts_and_skews),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
