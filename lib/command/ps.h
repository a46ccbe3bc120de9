/* SPDX-License-Identifier: MIT */
/* ps: the actors of a node in a table, in the order that is wanted.
 *
 * Owns:    nothing.
 * Threads: the body's of the client. */
#ifndef TR_COMMAND_PS_H
#define TR_COMMAND_PS_H

#include "command/actors.h"

typedef enum tr_order {
    TR_ORDER_SLOT,
    TR_ORDER_DEPTH,
    TR_ORDER_RATE,
    TR_ORDER_HANDLED,
    TR_ORDER_BYTES,
    TR_ORDER_NAME
} tr_order;

/* False: there is none of that name. */
bool tr_order_read(const char *text, tr_order *out_order);
/* Sorts and keeps the first `most`; 0: all. Nothing can be found in the list any more. */
void tr_order_apply(tr_actors *actors, tr_order order, uint64_t most);
void tr_ps_print(const tr_actors *actors);
/* One object in a line. */
void tr_ps_write(const tr_actors *actors);

#endif
