/* SPDX-License-Identifier: MIT */
/* rates: what a pound costs, asked of a source that is slow and not always there.
 *
 * Who asks with rate_wanted_type is answered with a rate. It is kept for a while, so that the
 * source is asked once for all who want it meanwhile, and again if it does not answer. */
#ifndef EXAMPLE_RATES_H
#define EXAMPLE_RATES_H

#include <troupe/troupe.h>

enum {
    RATES_WAITING_MAX = 64, /* more are refused with OVERLOADED */
    RATES_TRIES = 2,
    RATES_TRY_MS = 100,
    RATES_KEPT_S = 10
};

struct rate {
    uint64_t cents;
};

extern const troupe_type rate_wanted_type;
extern const troupe_type rate_type;

/* Its argument. */
struct rates_source {
    troupe_ref ref;
    bool has_mistake; /* see rates.c: for docs/testing.md */
};

extern const troupe_behavior rates_behavior;

#endif
