/* SPDX-License-Identifier: MIT */
/* detector: how long nothing has been heard of a node, and what to think of it.
 *
 * It is looked at in steps. Silence is what passes between looks; of a pause between two looks
 * that is longer than a step and a half only so much counts: who was stalled itself, or came late,
 * doubts itself first, and gives the other the time that it was away in addition.
 * Owns:    nothing.
 * Threads: its owner's.
 * Fails:   never. */
#ifndef TR_CLUSTER_DETECTOR_H
#define TR_CLUSTER_DETECTOR_H

#include <stdint.h>

typedef enum tr_verdict {
    TR_VERDICT_LIVES,
    TR_VERDICT_SUSPECT,
    TR_VERDICT_DEAD
} tr_verdict;

typedef struct tr_detector {
    uint64_t step_ns;
    uint64_t suspect_ns;
    uint64_t dead_ns;
    uint64_t looked_ns;
    uint64_t silence_ns;
    uint64_t lag_ns; /* own, that did not count since something was last heard */
} tr_detector;

void tr_detector_start(tr_detector *detector, uint64_t now_ns);

static inline void tr_detector_heard(tr_detector *detector, uint64_t now_ns)
{
    tr_detector_start(detector, now_ns);
}

tr_verdict tr_detector_look(tr_detector *detector, uint64_t now_ns);

/* When to look next. */
static inline uint64_t tr_detector_due_ns(const tr_detector *detector)
{
    return detector->looked_ns + detector->step_ns;
}

#endif
