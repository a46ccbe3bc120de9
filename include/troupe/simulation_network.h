/* SPDX-License-Identifier: MIT */
/* simulation_network: how frames go between simulated nodes. Part of libtroupe_simulation.
 *
 * Between two nodes there is one connection at most, as one of tcp: each frame, of one or many
 * messages, takes its time, in order, and comes once. Where a way is slow or full, what is sent
 * waits with its sender. Frames that are lost, come twice or overtake are what no tcp does: the
 * receiving node takes in what is the next or comes behind a gap, and nothing else. What was in a
 * frame that is lost never comes, be it a message, an answer or a DOWN.
 *
 * What is usual for all ways is said here. In a script (troupe_simulation_script) a line changes
 * one thing of one way, from its time on, or `for` a time; then it is as usual again:
 *     lose 5 percent of a to b            what a sends to b; `2000 ppm`
 *     lose 5 percent of a from b          both ways. `of a`: to and from all others; `of all`
 *     repeat 1 percent of a to b          come twice
 *     reorder 1 percent of a to b         may overtake those before them
 *     delay a from b by 1 ms to 20 ms     on the way; `by 5 ms`
 *     pass 1000000 bytes of a to b        a second
 *     queue 64 frames of a to b           under way at once; `queue 65536 bytes`
 * Threads: the one of the simulation. Not from within an actor or a check. */
#ifndef TROUPE_SIMULATION_NETWORK_H
#define TROUPE_SIMULATION_NETWORK_H

#include <troupe/simulation.h>

TROUPE_BEGIN

/* Zero means the default of each field. */
typedef struct troupe_simulation_network_options {
    size_t size;                /* set by TROUPE_SIMULATION_NETWORK */
    troupe_timeout latency_min; /* not given: 50 us */
    troupe_timeout latency_max; /* evenly between the two; not given: ten times the least */
    troupe_timeout tail_max;    /* how much longer some take; not given: none do */
    troupe_timeout detect;      /* without hearing anything: then it is lost; not given: 1 s */
    uint64_t bytes_per_second;  /* 0: no limit */
    uint32_t tail_ppm;          /* how many of a million take longer; 0 with a tail: 10000 */
    uint32_t loss_ppm;
    uint32_t repeat_ppm;
    uint32_t reorder_ppm;
    uint32_t queue_frames_max; /* under way at once, each way; 0: 1024 */
    uint32_t queue_bytes_max;  /* the same; a larger frame goes alone; 0: 4 MiB */
} troupe_simulation_network_options;
#define TROUPE_SIMULATION_NETWORK(...)                                                             \
    (&(const troupe_simulation_network_options) {                                                  \
        .size = sizeof(troupe_simulation_network_options), __VA_ARGS__})

/* From now on this is usual between all nodes, those still to come too; what scripts have changed
 * is as usual. NULL: the defaults. Errors: BAD_ARGUMENT. */
TROUPE_SIMULATION_API TROUPE_MUST_CHECK troupe_error troupe_simulation_shape_network(
    troupe_simulation *simulation, const troupe_simulation_network_options *options);

TROUPE_END

#endif
