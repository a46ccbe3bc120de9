/* SPDX-License-Identifier: MIT */
/* modules: the shared objects that a node is to run (<troupe/module.h>).
 *
 * Owns:       what is loaded, which stays until the program ends: threads may be in its code.
 * Invariants: each of those that are loaded is of this version.
 * Threads:    one; the actors' as they may. */
#ifndef TR_COMMAND_MODULES_H
#define TR_COMMAND_MODULES_H

#include <stdbool.h>
#include <troupe/troupe.h>

#define TR_MODULES_MAX 64

typedef struct tr_modules {
    const char *paths[TR_MODULES_MAX]; /* borrowed */
    const troupe_module *loaded[TR_MODULES_MAX];
    unsigned count;
} tr_modules;

/* Loads what stands in .paths; says on stderr what is wrong with one. */
bool tr_modules_load(tr_modules *modules);

/* Starts them on the node, in order; says on stderr which fails. They lie still until it has ended.
 * Waits:  until all are ready.
 * Errors: that of the first that fails; STOPPING if the node is told to stop meanwhile. */
troupe_error tr_modules_start(tr_modules *modules, troupe_node *node);

#endif
