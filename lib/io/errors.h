/* SPDX-License-Identifier: MIT */
/* errors: what the system's numbers mean to callers of this layer.
 *
 * Threads: any. */
#ifndef TR_IO_ERRORS_H
#define TR_IO_ERRORS_H

#include <troupe/error.h>

/* Of an errno that is not 0. */
troupe_error tr_io_error(int number);

#endif
