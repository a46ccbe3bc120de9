/* SPDX-License-Identifier: MIT */
/* options: reads an options struct that a program of another version may have made.
 *
 * An options struct begins with its `size_t size`; later versions append fields; zero means the
 * documented default for each.
 * Owns:    nothing.
 * Threads: any. */
#ifndef TR_BASE_OPTIONS_H
#define TR_BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Padding at the end is not zeroed by an initialiser and would look like an unknown option. */
#define TR_OPTIONS_HAVE_NO_TAIL_PADDING(type, last)                                                \
    _Static_assert(sizeof(type) == offsetof(type, last) + sizeof(((type *) 0)->last),              \
                   #type " has tail padding after " #last)

/* Fills `known`, a struct of known_size bytes, from `given`, which may be NULL, shorter or longer.
 * False if `given` asks for what this version does not know, or if its size cannot be right. */
bool tr_options_read(void *known, size_t known_size, const void *given);

#endif
