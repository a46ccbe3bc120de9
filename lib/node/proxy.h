/* SPDX-License-Identifier: MIT */
/* proxy: the worker on which threads from outside act, and who is attached to it.
 *
 * It is the end after the regular workers. Its engine is started by the first attachment. Threads
 * take turns at it under its guard: each call of an attached thread runs on the caller's own
 * thread, as far as it goes without waiting, so that it costs no wake-up; what comes in while all
 * of them are elsewhere, the engine's thread takes.
 * Owns:       the guard, the list of attachments.
 * Invariants: an attachment is on the list from troupe_attach to its detach. The list changes under
 *             the guard and its own mutex, the inner one; either is enough to read it.
 * Threads:    any.
 * Fails:      in attach.
 * Uses:       engine, root, core/attached. */
#ifndef TR_NODE_PROXY_H
#define TR_NODE_PROXY_H

#include "node/deaf.h"
#include "node/node.h"

/* Frees the node's proxy, when nothing is attached and its engine has been joined. Takes a node
 * without. */
void tr_proxy_destroy(troupe_node *node);

/* Whether the calling thread is the one that attached as `self`, which is attached. In a bracket,
 * outside of the guard. */
bool tr_proxy_is_caller(const troupe_self *self);

/* How many attachments there are; logs them by name. */
uint32_t tr_proxy_report_attached(troupe_node *node);

/* A thread that has stopped receiving. */
typedef struct tr_deaf_thread {
    uint64_t thread_id;
    troupe_ref ref;
    char name[TR_NAME_MAX + 1]; /* it is attached as; "": none */
    tr_deaf_view view;
    uint64_t since_ns;
} tr_deaf_thread;

/* Looks at the attachments, up to the first whose thread has just been deaf for `limit_ns`. Returns
 * whether there was one; false too while another thread is inside the guard. Threads: one, the
 * watchdog's. */
bool tr_proxy_find_deaf(troupe_node *node, uint64_t limit_ns, tr_deaf_thread *out_thread);

/* Calls `tell` for each that is deaf as far as that has been seen; under the list's mutex. */
void tr_proxy_each_deaf(troupe_node *node,
                        void (*tell)(void *context, const tr_deaf_thread *thread), void *context);

#endif
