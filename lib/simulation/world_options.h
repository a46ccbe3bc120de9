/* SPDX-License-Identifier: MIT */
/* world_options: the options of a simulated world, completed.
 *
 * Owns:    nothing.
 * Threads: any.
 * Fails:   in read. */
#ifndef TR_SIMULATION_WORLD_OPTIONS_H
#define TR_SIMULATION_WORLD_OPTIONS_H

#include "simulation/world.h"

/* Puts the default for each zero; `given` may be NULL. Errors: BAD_ARGUMENT. */
TROUPE_MUST_CHECK troupe_error tr_world_options_read(tr_world_options *options,
                                                     const tr_world_options *given);

#endif
