/* SPDX-License-Identifier: MIT */
/* plan_text: reads one line of a plan.
 *
 * Owns:    nothing.
 * Threads: the world's.
 * Fails:   false: it is not understood; what is wrong is in the plan's fault. */
#ifndef TR_SIMULATION_PLAN_TEXT_H
#define TR_SIMULATION_PLAN_TEXT_H

#include "simulation/plan.h"

/* The longest line. */
#define TR_PLAN_LINE_MAX 255

/* Its date is from now. An empty line, or one that is a comment only: *out_is_empty. */
bool tr_plan_text_read(tr_plan *plan, const char *line, tr_act *out_act, bool *out_is_empty);

/* Writes a line that reads as this act; cut if it is long. */
void tr_plan_text_write(const tr_act *act, const char *(*name)(void *context, uint32_t node),
                        void *context, char *out, size_t size);

#endif
