/* SPDX-License-Identifier: MIT */
/* budget: the node's bytes, over all mailboxes, of what messages take above 256 each.
 *
 * Workers take shares in pieces, so that most charges are plain arithmetic. A worker without work
 * holds none.
 * Invariants: shares in hand + what is charged + what is left = the node's budget.
 * Threads:    the worker's. */
#ifndef TR_CORE_BUDGET_H
#define TR_CORE_BUDGET_H

#include "core/worker.h"

typedef enum tr_bytes_verdict {
    TR_BYTES_TAKEN,
    TR_BYTES_MAILBOX_FULL,
    TR_BYTES_NODE_FULL
} tr_bytes_verdict;

/* Of what several mailboxes share each may take so much as long as any is left. */
#define TR_POOL_SHARE_MUCH (UINT64_C(64) << 10)

/* Charges bytes to a mailbox and to the node, or to neither. */
tr_bytes_verdict tr_budget_take(tr_worker *worker, tr_slot *slot, uint64_t bytes);
void tr_budget_return(tr_worker *worker, tr_slot *slot, uint64_t bytes);

/* Gives all that is in hand back to the node. */
void tr_budget_settle(tr_worker *worker);

#endif
