/* SPDX-License-Identifier: MIT */
/* groups_word: what groups actors tell each other, as messages (proto/troupe/groups.proto).
 *
 * Owns:    nothing.
 * Threads: the actor's. */
#ifndef TR_CLUSTER_GROUPS_WORD_H
#define TR_CLUSTER_GROUPS_WORD_H

#include <troupe/message.h>

#include "core/groups.h"

#define TR_GROUPS_WORD_MAX 32

/* Of so many changes at most. Errors: those of troupe_message_create_protobuf. */
TROUPE_MUST_CHECK troupe_error tr_groups_word_make(troupe_self *self,
                                                   const tr_group_change *changes, size_t count,
                                                   bool is_first, bool is_last,
                                                   troupe_message **out_message);

typedef struct tr_groups_word {
    bool is_first;
    bool is_last;
    size_t count;
    tr_group_change changes[TR_GROUPS_WORD_MAX]; /* those that have joined, then those that left */
} tr_groups_word;

/* From now on they come in. Errors: those of troupe_learn. */
TROUPE_MUST_CHECK troupe_error tr_groups_word_learn(troupe_self *self);

/* Whether that is the type of one; NULL: no. */
bool tr_groups_word_is(const char *type);

/* Whether the message is one of another node, and all in it is right. */
bool tr_groups_word_read(const troupe_message *message, tr_groups_word *out_word);

#endif
