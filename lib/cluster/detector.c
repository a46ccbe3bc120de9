/* SPDX-License-Identifier: MIT */
#include "cluster/detector.h"

void tr_detector_start(tr_detector *detector, uint64_t now_ns)
{
    detector->looked_ns = now_ns;
    detector->silence_ns = 0;
    detector->lag_ns = 0;
}

tr_verdict tr_detector_look(tr_detector *detector, uint64_t now_ns)
{
    const uint64_t passed_ns = now_ns > detector->looked_ns ? now_ns - detector->looked_ns : 0;
    const uint64_t most_ns = detector->step_ns + detector->step_ns / 2;
    const uint64_t counted_ns = passed_ns < most_ns ? passed_ns : most_ns;
    detector->looked_ns = now_ns;
    detector->silence_ns += counted_ns;
    detector->lag_ns += passed_ns - counted_ns;
    return detector->silence_ns >= detector->dead_ns      ? TR_VERDICT_DEAD
           : detector->silence_ns >= detector->suspect_ns ? TR_VERDICT_SUSPECT
                                                          : TR_VERDICT_LIVES;
}
