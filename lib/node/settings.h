/* SPDX-License-Identifier: MIT */
/* settings: the options of a node, checked and complete.
 *
 * Owns:    copies of the name, the allocator and the log.
 * Threads: any; they do not change. */
#ifndef TR_NODE_SETTINGS_H
#define TR_NODE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <troupe/node.h>

#include "core/limits.h"
#include "core/system.h"

typedef struct tr_node_settings {
    tr_system_options system;
    troupe_allocator allocator;
    troupe_log log;            /* without `write` if none was given */
    uint64_t drain_timeout_ns; /* TR_NEVER: no limit */
    uint64_t stop_timeout_ns;
    uint32_t stack_size; /* 0: the default of core/stacks */
    uint64_t slow_after_ns;
    uint64_t blocking_limit_ns;
    uint64_t deaf_after_ns;
    uint32_t spares_max;
    uint32_t offload_threads_max;
    uint32_t offload_queue_max;
    troupe_watchdog watch;
    bool stops_on_signals;
    bool stops_with_failed_root;
    bool stops_when_refused;
    bool has_fault_signals;
    bool has_inspector;
    char name[TR_NAME_MAX + 1];
    char labels[TROUPE_NODE_LABELS_SIZE];
} tr_node_settings;

/* Reads the options, which may be NULL, and fills in what was not given: seed and incarnation too.
 * Errors: BAD_ARGUMENT for what is out of range or unknown; SYSTEM if there is no randomness. */
TROUPE_MUST_CHECK troupe_error tr_node_settings_read(tr_node_settings *settings,
                                                     const troupe_node_options *options);

#endif
