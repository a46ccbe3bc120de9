/* SPDX-License-Identifier: MIT */
/* warden: an actor that looks after a node which runs as a service.
 *
 * While the manager wants to hear that the service lives it asks an actor on each worker, twice in
 * the time that the manager gives, and says so when all have answered; a worker that does not
 * answer is named in the status, and while there is one the manager hears nothing. At SIGHUP it has
 * the allow-list read again. When it is told to stop it says so. It is on a thread of its own, so
 * that no worker holds it up.
 * Owns:    nothing; the struct is there until the node has ended.
 * Threads: its own. */
#ifndef TR_COMMAND_WARDEN_H
#define TR_COMMAND_WARDEN_H

#include <stdint.h>
#include <troupe/troupe.h>

#include "command/notify.h"

typedef struct tr_warden {
    const tr_notify *notify;
    const troupe_log *log;
    uint64_t watchdog_ns; /* 0: nobody wants to hear */
    char status[256];     /* of the service while all is well */
} tr_warden;

/* Waits: until it runs. Errors: as troupe_node_spawn. */
troupe_error tr_warden_start(tr_warden *warden, troupe_node *node);

#endif
