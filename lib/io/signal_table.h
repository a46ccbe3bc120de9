/* SPDX-License-Identifier: MIT */
/* signal_table: who in the program is told of which signal, each by an eventfd of its own.
 *
 * The one thing that is the process's and no node's, as signals are.
 * Owns:       the handlers while there are rows, what was there before, the eventfds.
 * Invariants: the handler of a signal is installed while a row names it. A descriptor is closed
 *             when no handler can be writing to it.
 * Threads:    any.
 * Fails:      in add, with nothing changed. */
#ifndef TR_IO_SIGNAL_TABLE_H
#define TR_IO_SIGNAL_TABLE_H

#include <troupe/error.h>

/* The descriptor becomes readable with each signal, and counts them; it is the row's.
 * Errors: LIMIT_REACHED; SYSTEM; BAD_ARGUMENT for a signal that is not to be caught. */
TROUPE_MUST_CHECK troupe_error tr_signal_table_add(int number, int *out_row, int *out_fd);

void tr_signal_table_remove(int row);

#endif
