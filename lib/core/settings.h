/* SPDX-License-Identifier: MIT */
/* settings: what the spawn options say that is needed during an actor's life.
 *
 * Owns:    nothing. Actors whose options are the defaults share the system's.
 * Threads: any; they do not change. */
#ifndef TR_CORE_SETTINGS_H
#define TR_CORE_SETTINGS_H

#include <troupe/spawn.h>

typedef struct tr_settings {
    uint64_t reply_bytes;
    uint64_t parked_bytes;
    troupe_conflate_key *conflate_key;
    const troupe_type_rule *rules; /* borrowed */
    uint32_t rule_count;
    uint32_t high_water;
    uint32_t low_water;
    uint32_t parked_max;
    uint32_t asks_max;
    uint32_t timers_max;
    uint32_t monitors_max;
    troupe_on_full on_full;
} tr_settings;

/* The settings that complete options (see tr_spawn_check) ask for. */
tr_settings tr_settings_of(const troupe_spawn_options *options);

/* Fills in the defaults of spawn options.
 * Errors: BAD_ARGUMENT where a field is out of its range or two contradict each other. */
TROUPE_MUST_CHECK troupe_error tr_settings_complete(const troupe_spawn_options *given,
                                                    uint32_t capacity_default,
                                                    troupe_spawn_options *out_options);

#endif
