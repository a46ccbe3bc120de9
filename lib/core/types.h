/* SPDX-License-Identifier: MIT */
/* types: the types of messages that a node takes in from others, by their names.
 *
 * Owns:    the entries; the types themselves are the program's.
 * Threads: any; guarded by the ports' lock. */
#ifndef TR_CORE_TYPES_H
#define TR_CORE_TYPES_H

#include "core/system.h"

/* `type` is a ProtobufCMessageDescriptor, or else a troupe_type. Again: nothing happens.
 * Errors: NAME_TAKEN by another type of this form; NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_types_learn(tr_system *system, bool is_protobuf,
                                              const void *type);

/* The type of this name, which need not end with a zero, or NULL. */
const void *tr_types_find(const tr_system *system, bool is_protobuf, const char *name,
                          size_t length);

void tr_types_forget_all(tr_system *system);

#endif
