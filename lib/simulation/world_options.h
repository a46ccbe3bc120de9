/* SPDX-License-Identifier: MIT */
/* world_options: the options of a simulated world, and of each node in it, completed.
 *
 * Owns:    nothing.
 * Threads: any.
 * Fails:   in read. */
#ifndef TR_SIMULATION_WORLD_OPTIONS_H
#define TR_SIMULATION_WORLD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <troupe/allocator.h>
#include <troupe/error.h>
#include <troupe/log.h>

#include "core/ports.h"

/* Zero is the default of each. */
typedef struct tr_world_options {
    uint64_t seed;
    uint64_t delay_ns_max;             /* of a batch between two workers */
    uint64_t job_ns_max;               /* that a job takes; 0: 1 ms */
    uint64_t pass_ns;                  /* virtual time that a worker's pass takes; 0: none */
    uint64_t memory_budget;            /* 0: 1 GiB */
    const troupe_allocator *allocator; /* of the node, not of the world itself; NULL: C library's */
    const troupe_log *log;             /* borrowed; NULL: none */
    const char *name;                  /* borrowed; NULL: none */
    const char *labels;                /* likewise */
    const tr_fds_port *fds;            /* borrowed; NULL: there are no descriptors */
    uint32_t workers;                  /* 0: 1 */
    uint32_t own_threads_max;          /* workers for actors placed on their own thread; 0: 4 */
    uint32_t refuse_chance_percent;    /* how often a batch is not taken at once; below 100 */
    uint32_t moves_percent;            /* how often a step moves some actors first; below 100 */
    /* How often a worker's pass stops at a step on what workers share, so that others come between
     * (simulation/passes), and how often what is rare happens (base/chance); below 100. Errors:
     * where TR_CHANCES is not built in, BAD_ARGUMENT. */
    uint32_t switch_percent;
    uint32_t rare_percent;
    uint32_t actors_max;               /* 0: 65536 */
    uint32_t mailbox_capacity_default; /* 0: as limits.h says, as all below */
    uint32_t turn_messages;
    uint32_t stack_size;
    uint32_t offload_threads_max; /* 0: 4 */
    uint32_t offload_queue_max;   /* 0: 1024 */
    uint64_t session_dead_ns;     /* frames go in sessions, each dead after so long; 0: none */
    bool has_balance;             /* actors go to other workers as in a node */
    bool is_unseen;               /* simulation/eyes does not look at it */
} tr_world_options;

/* Puts the default for each zero; `given` may be NULL. Errors: BAD_ARGUMENT. */
TROUPE_MUST_CHECK troupe_error tr_world_options_read(tr_world_options *options,
                                                     const tr_world_options *given);

/* Whether anything is to happen that needs TR_CHANCES. */
static inline bool tr_world_options_have_chances(const tr_world_options *options)
{
    return options->switch_percent > 0 || options->rare_percent > 0;
}

#endif
