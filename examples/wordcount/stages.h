/* SPDX-License-Identifier: MIT */
/* stages: the actors of the pipeline, brought to life, and how full their mailboxes are. */
#ifndef WORDCOUNT_STAGES_H
#define WORDCOUNT_STAGES_H

#include "messages.h"

struct depth {
    uint32_t now; /* of the fullest mailbox of a stage */
    uint32_t peak;
};

struct depths {
    struct depth splitters;
    struct depth counters;
    struct depth reporter;
};

/* The body of the first actor: spawns the reporter and waits until it has ended, which is when all
 * is done. `argument` is the job. */
troupe_error stages_run(troupe_self *self, void *argument);

/* Spawns all others as children of the reporter, who is told when one of them ends. */
troupe_error stages_spawn(troupe_self *self, struct job *job);

/* Reads the depths. Errors: those of troupe_node_depth. */
troupe_error stages_depths(troupe_self *self, const struct job *job, struct depths *out_depths);

#endif
