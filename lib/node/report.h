/* SPDX-License-Identifier: MIT */
/* report: what a stop is waiting for, in words.
 *
 * Owns:    nothing.
 * Threads: any.
 * Fails:   never; what cannot be found out is said so. */
#ifndef TR_NODE_REPORT_H
#define TR_NODE_REPORT_H

#include <stddef.h>
#include <troupe/node.h>

#include "node/proxy.h"

/* One line for each attached thread that is deaf; for each actor that the phase of the stop waits
 * for, and for each worker that is stuck in a turn; "" if there is none. Cut at a line's end where
 * `size` is short.
 * Blocks: a tenth of a second at most. */
void tr_report_write(troupe_node *node, char *text, size_t size);

/* "'till' 5.1", or "5.1" without a name: who has this slot now. Does not ask its worker. */
void tr_report_actor(troupe_node *node, uint32_t slot, char *out, size_t size);

/* "thread 7, attached as 'till' 5.1, has received nothing for 5000 ms: ..." */
void tr_report_deaf(const tr_deaf_thread *thread, uint64_t now_ns, char *out, size_t size);

#endif
