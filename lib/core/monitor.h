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
                                                 tr_actor *watched, troupe_monitor_id *out_monitor);

/* MONITOR came. */
void tr_monitor_enter(tr_worker *worker, troupe_message *entry);
/* DEMONITOR came. */
void tr_monitor_leave(tr_worker *worker, troupe_message *message);
/* DOWN came. */
void tr_monitor_down(tr_worker *worker, troupe_message *down);

/* Turns an entry into the DOWN and sends it. */
void tr_monitor_send_down(tr_worker *worker, troupe_message *entry, troupe_error reason,
                          troupe_down_kind kind);

/* A DOWN is about to be handled: whether its monitor still stands; it does not any more. */
bool tr_monitor_take(tr_actor *actor, const troupe_message *down);

/* The actor has ended: tells all who watch it or are linked to it. `is_told`: its spawner has just
 * been told otherwise; if it is linked to it that link is gone in silence. */
void tr_monitor_tell_all(tr_worker *worker, tr_actor *actor, bool is_told);

/* The actor ends: it watches nobody any more. Links are for tr_monitor_tell_all to end; with
 * `keeps_links` they stay. */
void tr_monitor_forget_all(tr_worker *worker, tr_actor *actor, bool keeps_links);

/* For link. */

/* In the watcher's table of monitors stands the address of the watched, as the value itself, with a
 * mark if it is of a link. */
#define TR_MONITOR_LINK UINT32_C(0x80000000)
void *tr_monitor_value(tr_address watched, bool is_link);
tr_address tr_monitor_address(const void *value);
bool tr_monitor_is_link(const void *value);

void tr_monitor_add_entry(tr_actor *watched, troupe_message *entry);
/* The entry of this watcher, of a monitor or a link as the type says, or NULL. */
troupe_message *tr_monitor_take_entry(tr_actor *watched, tr_address watcher, uint64_t id,
                                      const troupe_type *type);

/* Makes an entry, known to the watcher by a number of its own; its receiver is still to be set.
 * Errors: LIMIT_REACHED, NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_monitor_make_entry(tr_worker *worker, tr_actor *watcher,
                                                     troupe_ref watched, void *value,
                                                     const troupe_type *type,
                                                     troupe_message **out_entry);
/* Sends an entry to the actor that it is about; to the watcher, if there is none such. */
void tr_monitor_send_entry(tr_worker *worker, troupe_message *entry, troupe_error unreachable);
/* Tells the watched that a watcher is none any more, or has unlinked. */
void tr_monitor_send_leave(tr_worker *worker, const tr_actor *actor, tr_address watched,
                           uint64_t id, bool is_link);
/* Which of them such a message says. */
static inline bool tr_monitor_leaves_link(const troupe_message *message)
{
    return message->value != 0;
}

/* As troupe_monitor. */
TROUPE_MUST_CHECK troupe_error tr_monitor_begin(tr_worker *worker, tr_actor *actor,
                                                troupe_ref watched, troupe_monitor_id *out_monitor);
/* As troupe_demonitor. */
bool tr_monitor_end(tr_worker *worker, tr_actor *actor, troupe_monitor_id monitor_id);

#endif
