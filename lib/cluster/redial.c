/* SPDX-License-Identifier: MIT */
#include "cluster/redial.h"

#include "cluster/limits.h"

void tr_redial_init(tr_redial *redial, uint64_t seed, uint64_t dead_ns)
{
    const uint64_t part_ns = dead_ns / TR_SESSION_DIALS_LEAST;
    *redial = (tr_redial) {.pause_max_ns =
                               part_ns < TR_SESSION_DIAL_NS_MAX ? part_ns : TR_SESSION_DIAL_NS_MAX};
    tr_random_seed(&redial->random, seed);
    tr_redial_succeed(redial);
}

void tr_redial_succeed(tr_redial *redial)
{
    redial->pause_ns =
        TR_SESSION_DIAL_NS < redial->pause_max_ns ? TR_SESSION_DIAL_NS : redial->pause_max_ns;
}

void tr_redial_despair(tr_redial *redial)
{
    redial->pause_ns = TR_SESSION_DIAL_NS_DESPAIR;
}

void tr_redial_pause(tr_redial *redial, uint64_t now_ns)
{
    const uint64_t half_ns = redial->pause_ns / 2;
    const uint64_t next_ns = 2 * redial->pause_ns;
    redial->from_ns = now_ns + half_ns + tr_random_below(&redial->random, half_ns + 1);
    redial->pause_ns = next_ns < redial->pause_max_ns ? next_ns : redial->pause_max_ns;
}
