/* SPDX-License-Identifier: MIT */
/* pressure: telling those who asked when a mailbox reaches its high mark, and is back at its low
 * one.
 *
 * Threads: the worker's. */
#ifndef TR_CORE_PRESSURE_H
#define TR_CORE_PRESSURE_H

#include "core/actor.h"

/* PRESSURE came: its sender is told from now on. */
void tr_pressure_watch(tr_worker *worker, troupe_message *entry);

/* After the depth has changed. */
void tr_pressure_look(tr_worker *worker, tr_actor *actor);

#endif
