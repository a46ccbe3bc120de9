/* SPDX-License-Identifier: MIT */
/* membarrier: a full fence in all running threads of this process at once, at the cost of who asks.
 *
 * Owns:    nothing.
 * Threads: any. */
#ifndef TR_NODE_MEMBARRIER_H
#define TR_NODE_MEMBARRIER_H

#include <stdbool.h>

/* Tells the kernel that this process is going to ask. False if it cannot: an old kernel, a filter
 * on system calls, valgrind. */
bool tr_membarrier_open(void);

/* When it returns every other thread of the process has passed a full fence. It has been opened. */
void tr_membarrier(void);

#endif
