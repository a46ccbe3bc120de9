/* SPDX-License-Identifier: MIT */
/* eyes: what the simulator sees of the nodes it runs, as the core tells it (core/observe).
 *
 * Each node has an eye, through which its checkers see; what they find first is the finding of the
 * course; what people want to read goes into its journal. Nothing is drawn here, and nothing
 * changes what the world does. Without TR_CHANCES the eyes are shut.
 * Owns:       the eyes, with what the checkers keep; while one is open its thread is looked at.
 * Invariants: an eye is shut before what it looks at is freed.
 * Threads:    the world's.
 * Fails:      in open. */
#ifndef TR_SIMULATION_EYES_H
#define TR_SIMULATION_EYES_H

#include "core/system.h"
#include "simulation/course.h"

typedef struct tr_eye tr_eye;

/* True if there is something to be seen in this build. */
bool tr_eyes_can_see(void);

/* For this node of the world, of so many workers; its ports are to name the eye as observer. All
 * is borrowed.
 * Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_eye_open(tr_course *course, const tr_system *system,
                                           uint32_t node, uint32_t ends, tr_eye **out_eye);
/* Takes NULL; sets *eye to NULL. */
void tr_eye_shut(tr_eye **eye);

/* A worker has nothing to do before `due_ns`, by its node's clock. */
void tr_eye_see_sleep(tr_eye *eye, uint32_t worker, uint64_t due_ns);
/* Nothing is on its way in the node. */
void tr_eye_see_rest(tr_eye *eye);

#endif
