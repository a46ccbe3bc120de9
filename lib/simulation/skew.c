/* SPDX-License-Identifier: MIT */
#include "simulation/skew.h"

#include "base/assert.h"
#include "base/clock.h"

#define MILLION UINT64_C(1000000)

/* a * b / MILLION without overflow, for b below 2^32. */
static uint64_t part(uint64_t a, uint64_t b)
{
    return a / MILLION * b + a % MILLION * b / MILLION;
}

uint64_t tr_skew_own_ns(const tr_skew *skew, uint64_t world_ns)
{
    TR_ASSERT(world_ns >= skew->world_ns);
    const uint64_t passed_ns = world_ns - skew->world_ns;
    if (skew->ppm == 0) {
        return skew->own_ns + passed_ns;
    }
    return skew->own_ns + part(passed_ns, (uint64_t) ((int64_t) MILLION + skew->ppm));
}

uint64_t tr_skew_world_ns(const tr_skew *skew, uint64_t own_ns)
{
    if (own_ns == TR_NEVER || own_ns <= skew->own_ns) {
        return own_ns == TR_NEVER ? TR_NEVER : skew->world_ns;
    }
    if (skew->ppm == 0) {
        return skew->world_ns + (own_ns - skew->own_ns);
    }
    const uint64_t speed = (uint64_t) ((int64_t) MILLION + skew->ppm);
    const uint64_t wanted_ns = own_ns - skew->own_ns;
    if (wanted_ns / speed >= (TR_NEVER - skew->world_ns) / MILLION - 1) {
        return TR_NEVER - 1; /* later than anything is run */
    }
    uint64_t world_ns =
        skew->world_ns + wanted_ns / speed * MILLION + wanted_ns % speed * MILLION / speed;
    while (tr_skew_own_ns(skew, world_ns) < own_ns) {
        world_ns++;
    }
    return world_ns;
}

void tr_skew_set(tr_skew *skew, uint64_t world_now_ns, int32_t ppm, uint64_t ahead_ns)
{
    TR_ASSERT(ppm >= -TR_SKEW_PPM_MAX && ppm <= TR_SKEW_PPM_MAX);
    const uint64_t own_ns = tr_skew_own_ns(skew, world_now_ns) + ahead_ns;
    *skew = (tr_skew) {.world_ns = world_now_ns, .own_ns = own_ns, .ppm = ppm};
}
