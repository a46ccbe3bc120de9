/* SPDX-License-Identifier: MIT */
/* monitor: those who watch an actor, and the one DOWN that each gets.
 *
 * The MONITOR message becomes the entry at the watched and, at its end, the DOWN: nothing has to be
 * allocated then. The watcher knows its monitors by id; a DOWN whose id is not there any more is
 * ended unseen.
 * Threads: the worker's of the actor concerned. */
#ifndef TR_CORE_MONITOR_H
#define TR_CORE_MONITOR_H

#include <troupe/monitor.h>

#include "core/actor.h"

/* Makes `watcher` watch an actor that is still its spawner's. Errors: LIMIT_REACHED, NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_monitor_attach(tr_worker *worker, tr_actor *watcher,
                                                 tr_actor *watched,
                                                 troupe_monitor_id *out_monitor);

/* MONITOR came. */
void tr_monitor_enter(tr_worker *worker, troupe_message *entry);
/* DEMONITOR came. */
void tr_monitor_leave(tr_worker *worker, troupe_message *message);
/* DOWN came. */
void tr_monitor_down(tr_worker *worker, troupe_message *down);

/* A DOWN is about to be handled: whether its monitor still stands; it does not any more. */
bool tr_monitor_take(tr_actor *actor, const troupe_message *down);

/* The actor has ended: tells all who watch it. */
void tr_monitor_tell_all(tr_worker *worker, tr_actor *actor);

/* The actor ends: it watches nobody any more. */
void tr_monitor_forget_all(tr_worker *worker, tr_actor *actor);

/* As troupe_demonitor. */
bool tr_monitor_end(tr_worker *worker, tr_actor *actor, troupe_monitor_id monitor_id);

#endif
