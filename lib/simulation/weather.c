/* SPDX-License-Identifier: MIT */
#include "simulation/weather.h"

#include "base/assert.h"

void tr_weather_init(tr_weather *weather, tr_plan *plan, uint64_t seed)
{
    *weather = (tr_weather) {.plan = plan};
    tr_random_seed(&weather->random, seed);
}

void tr_weather_clear(tr_weather *weather)
{
    for (tr_gust i = 0; i < TR_GUST_COUNT; i++) {
        weather->rates[i] = (tr_rate) {0};
    }
}

/* From a moment to twice the mean. */
static void draw_next(tr_weather *weather, tr_rate *rate)
{
    const uint64_t mean_ns = rate->every_ns < TR_NEVER / 4 ? rate->every_ns : TR_NEVER / 4;
    rate->due_ns =
        tr_world_now_ns(weather->plan->world) + 1 + tr_random_below(&weather->random, 2 * mean_ns);
}

void tr_weather_set(tr_weather *weather, tr_gust gust, tr_rate rate)
{
    TR_ASSERT(rate.every_ns == 0 || rate.for_ns > 0);
    weather->rates[gust] = rate;
    if (rate.every_ns != 0) {
        draw_next(weather, &weather->rates[gust]);
    }
}

/* The first of those that are due first; TR_GUST_COUNT if there is none. */
static tr_gust find_next(const tr_weather *weather)
{
    tr_gust next = TR_GUST_COUNT;
    for (tr_gust i = 0; i < TR_GUST_COUNT; i++) {
        if (weather->rates[i].every_ns != 0 &&
            (next == TR_GUST_COUNT || weather->rates[i].due_ns < weather->rates[next].due_ns)) {
            next = i;
        }
    }
    return next;
}

uint64_t tr_weather_next_due_ns(const tr_weather *weather)
{
    const tr_gust next = find_next(weather);
    return next != TR_GUST_COUNT ? weather->rates[next].due_ns : TR_NEVER;
}

static tr_act draw_act(tr_weather *weather, tr_gust gust)
{
    tr_random *random = &weather->random;
    const uint32_t count = tr_world_fleet(weather->plan->world)->count;
    tr_act act = {.node = (uint32_t) tr_random_below(random, count),
                  .for_ns = 1 + tr_random_below(random, weather->rates[gust].for_ns)};
    if (gust == TR_GUST_CRASH) {
        act.deed = tr_random_chance(random, 1, 2) ? TR_DEED_DROP : TR_DEED_CRASH;
    } else if (gust == TR_GUST_STALL) {
        act.deed = TR_DEED_STALL;
    } else if (gust == TR_GUST_SKEW) {
        act.deed = TR_DEED_SKEW;
        act.for_ns = 0;
        act.number = (int64_t) tr_random_below(random, 2001) - 1000;
    } else {
        act.deed = TR_DEED_CUT;
        act.other =
            (act.node + 1 + (uint32_t) tr_random_below(random, count > 1 ? count - 1 : 1)) % count;
        act.is_one_way = tr_random_chance(random, 1, 2);
    }
    return act;
}

void tr_weather_happen(tr_weather *weather)
{
    const tr_gust gust = find_next(weather);
    TR_ASSERT(gust != TR_GUST_COUNT);
    draw_next(weather, &weather->rates[gust]);
    const tr_world *world = weather->plan->world;
    if (tr_world_fleet(weather->plan->world)->count == 0) {
        return;
    }
    tr_act act = draw_act(weather, gust);
    act.date.due_ns = tr_world_now_ns(world);
    tr_plan_count(weather->plan, &act);
    const bool is_up = tr_fleet_berth(tr_world_fleet(weather->plan->world), act.node)->node != NULL;
    if ((is_up || act.deed == TR_DEED_CUT) && tr_plan_add(weather->plan, &act) != TROUPE_OK) {
        weather->plan->failed = TROUPE_ERROR_NO_MEMORY;
    }
}
