/* SPDX-License-Identifier: MIT */
/* module: a shared object whose actors `troupe node` runs; docs/node.md.
 *
 * A module is a library of the program's own, linked to libtroupe, with one of these in it:
 *
 *     static troupe_error start(troupe_self *self)
 *     {
 *         return troupe_offer(self, "till.1", TROUPE_SPAWN(.behavior = &till), &order);
 *     }
 *     TROUPE_MODULE(.name = "shop", .start = start, .supervisor = &shop);
 *
 * It is loaded once, before the node is made, and stays until the program ends.
 * Threads: as for actors: `start` is the beginning of one. */
#ifndef TROUPE_MODULE_H
#define TROUPE_MODULE_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/actor.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/supervisor.h>

TROUPE_BEGIN

/* Who loads modules takes those of its own version only. It is another one when what a module was
 * compiled with does not hold any more: this struct, or what the library's calls take. */
#define TROUPE_MODULE_VERSION 1

/* Zero means the default of each field. */
typedef struct troupe_module {
    uint32_t version; /* first for ever; set by TROUPE_MODULE, as is size */
    uint32_t reserved;
    size_t size;
    const char *name; /* for the log */
    /* Runs in a root actor of the module's, a coroutine, which lives as long as the node: what it
     * spawns are its children, what it offers (remote.h) others can have spawned, what it links
     * itself to takes the node with it when it fails. The module is ready when it has returned; an
     * error ends the node. NULL: nothing to do. */
    troupe_error (*start)(troupe_self *self);
    /* Started behind it. The node ends when this supervisor gives up. NULL: none. */
    const troupe_supervisor_spec *supervisor;
} troupe_module;

/* Stands once in a module, at file scope, followed by a semicolon. */
#define TROUPE_MODULE(...)                                                                         \
    extern __attribute__((visibility("default"))) const troupe_module troupe_module_entry;         \
    const troupe_module troupe_module_entry = {                                                    \
        .version = TROUPE_MODULE_VERSION, .size = sizeof(troupe_module), __VA_ARGS__}

TROUPE_END

#endif
