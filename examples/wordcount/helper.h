/* SPDX-License-Identifier: MIT */
/* helper: what is on a node that counts for another one.
 *
 * A pool of helpers, one for each worker, by the name HELPERS_NAME, answers each wordcount.Unit
 * with its wordcount.Counts and keeps nothing. The door waits for who was helped to leave. */
#ifndef WORDCOUNT_HELPER_H
#define WORDCOUNT_HELPER_H

#include "options.h"

#include <troupe/troupe.h>

/* The body of the first actor, whose argument is the options: brings the others to life and ends
 * when the door has. */
troupe_error helper_serve(troupe_self *self, void *argument);

#endif
