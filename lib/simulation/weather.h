/* SPDX-License-Identifier: MIT */
/* weather: faults that happen by chance, at given rates. Each becomes an act of the plan.
 *
 * Owns:    nothing; the plan is borrowed.
 * Threads: the world's. */
#ifndef TR_SIMULATION_WEATHER_H
#define TR_SIMULATION_WEATHER_H

#include "simulation/plan.h"

typedef enum tr_gust {
    TR_GUST_CRASH,
    TR_GUST_STALL,
    TR_GUST_CUT,
    TR_GUST_SKEW,
    TR_GUST_COUNT
} tr_gust;

typedef struct tr_rate {
    uint64_t every_ns; /* about; 0: never */
    uint64_t for_ns;   /* at most, at least 1 */
    uint64_t due_ns;
} tr_rate;

typedef struct tr_weather {
    tr_plan *plan;
    tr_random random; /* of its own, so that what is left out of a run leaves the rest as it is */
    tr_rate rates[TR_GUST_COUNT];
} tr_weather;

void tr_weather_init(tr_weather *weather, tr_plan *plan, uint64_t seed);
/* From now on nothing happens by chance. */
void tr_weather_clear(tr_weather *weather);
/* `rate`'s due_ns says nothing. */
void tr_weather_set(tr_weather *weather, tr_gust gust, tr_rate rate);
uint64_t tr_weather_next_due_ns(const tr_weather *weather);
/* Adds the first that is due to the plan, to happen at this time. */
void tr_weather_happen(tr_weather *weather);

#endif
