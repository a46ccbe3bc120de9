/* SPDX-License-Identifier: MIT */
#include <troupe/simulation_network.h>

#include "base/assert.h"
#include "base/options.h"
#include "simulation/simulation.h"

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_simulation_network_options, queue_bytes_max);

troupe_error troupe_simulation_shape_network(troupe_simulation *simulation,
                                             const troupe_simulation_network_options *given)
{
    troupe_simulation_network_options options;
    TR_REQUIRE(tr_options_read(&options, sizeof options, given), BAD_ARGUMENT);
    return tr_network_shape(tr_world_network(simulation->world), -1, -1,
                            &(const tr_wire_options) {
                                .latency_ns_min = options.latency_min.ns,
                                .latency_ns_max = options.latency_max.ns,
                                .tail_ns_max = options.tail_max.ns,
                                .bytes_per_second = options.bytes_per_second,
                                .detect_ns = options.detect.ns,
                                .tail_ppm = options.tail_ppm,
                                .loss_ppm = options.loss_ppm,
                                .repeat_ppm = options.repeat_ppm,
                                .reorder_ppm = options.reorder_ppm,
                                .queue_frames_max = options.queue_frames_max,
                                .queue_bytes_max = options.queue_bytes_max,
                            });
}
