/* SPDX-License-Identifier: MIT */
/* far_spawn: having another node spawn one of the actors that it offers.
 *
 * The spawn is a request to that node; the monitor and the link that are to come with it are made
 * here, before it goes, as entries that name nobody yet: ties. The carrier (far) keeps them until
 * the answer says of whom they are, or the spawn has failed.
 * Owns:    nothing.
 * Threads: the spawner's worker.
 * Uses:    far, link, monitor. */
#ifndef TR_CORE_FAR_SPAWN_H
#define TR_CORE_FAR_SPAWN_H

#include "core/message.h"

/* What a node is asked for. The answer is a tr_far_found. */
typedef struct tr_far_spawn {
    char name[TR_NAME_MAX + 1];
    uint64_t key;     /* 0: none */
    uint64_t ties[2]; /* of a monitor and of a link, 0: none; the spawner's numbers, and then those
                       * on the wire */
    const char *type; /* of the argument; NULL: there is none */
    uint32_t is_protobuf;
    uint32_t size; /* of what follows: the argument, packed */
} tr_far_spawn;
extern const troupe_type tr_far_spawn_type;

/* Whether an entry is a tie: it names a node, and no actor. */
bool tr_far_spawn_is_tie(const troupe_message *entry);

#endif
