/* SPDX-License-Identifier: MIT */
/* proxy: the worker on which threads from outside act, and who is attached to it.
 *
 * It is the end after the regular workers. Its engine is started by the first attachment. Threads
 * take turns at it under its guard: each call of an attached thread runs on the caller's own
 * thread, as far as it goes without waiting, so that it costs no wake-up; what comes in while all
 * of them are elsewhere, the engine's thread takes.
 * Owns:       the guard, the list of attachments.
 * Invariants: an attachment is on the list from troupe_attach to its detach.
 * Threads:    any.
 * Fails:      in attach.
 * Uses:       engine, root, core/attached. */
#ifndef TR_NODE_PROXY_H
#define TR_NODE_PROXY_H

#include "node/node.h"

/* Frees the node's proxy, when nothing is attached and its engine has been joined. Takes a node
 * without. */
void tr_proxy_destroy(troupe_node *node);

/* Whether the calling thread is the one that attached as `self`, which is attached. In a bracket,
 * outside of the guard. */
bool tr_proxy_is_caller(const troupe_self *self);

/* How many attachments there are; logs them by name. */
uint32_t tr_proxy_report_attached(troupe_node *node);

#endif
