/* SPDX-License-Identifier: MIT */
#include "cluster/redial.h"

#include "cluster/limits.h"

void tr_redial_init(tr_redial *redial, uint64_t seed)
{
    *redial = (tr_redial) {.pause_ns = TR_SESSION_DIAL_NS};
    tr_random_seed(&redial->random, seed);
}

void tr_redial_pause(tr_redial *redial, uint64_t now_ns)
{
    const uint64_t half_ns = redial->pause_ns / 2;
    const uint64_t next_ns = 2 * redial->pause_ns;
    redial->from_ns = now_ns + half_ns + tr_random_below(&redial->random, half_ns + 1);
    redial->pause_ns = next_ns < TR_SESSION_DIAL_NS_MAX ? next_ns : TR_SESSION_DIAL_NS_MAX;
}
