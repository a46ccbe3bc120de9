/* SPDX-License-Identifier: MIT */
#include "cluster/groups_word.h"

#include <string.h>
#include <troupe/remote.h>

#include "base/assert.h"
#include "core/limits.h"
#include "groups.pb-c.h"

/* What a message is made of. */
struct parts {
    Troupe__GroupMember members[TR_GROUPS_WORD_MAX];
    Troupe__Ref refs[TR_GROUPS_WORD_MAX];
    Troupe__GroupMember *joined[TR_GROUPS_WORD_MAX];
    Troupe__GroupMember *left[TR_GROUPS_WORD_MAX];
};

troupe_error tr_groups_word_make(troupe_self *self, const tr_group_change *changes, size_t count,
                                 bool is_first, bool is_last, troupe_message **out_message)
{
    struct parts parts;
    Troupe__GroupsWord word = TROUPE__GROUPS_WORD__INIT;
    TR_ASSERT(count <= TR_GROUPS_WORD_MAX);
    word.first = is_first;
    word.last = is_last;
    word.joined = parts.joined;
    word.left = parts.left;
    for (size_t i = 0; i < count; i++) {
        const tr_group_change *change = &changes[i];
        Troupe__GroupMember *member = &parts.members[i];
        troupe__ref__init(&parts.refs[i]);
        troupe__group_member__init(member);
        parts.refs[i].node = change->ref.node;
        parts.refs[i].slot = change->ref.slot;
        parts.refs[i].generation = change->ref.generation;
        parts.refs[i].seal = change->ref.seal;
        member->group = (char *) (uintptr_t) change->group; /* protobuf-c has no const here */
        member->actor = &parts.refs[i];
        if (change->has_joined) {
            parts.joined[word.n_joined++] = member;
        } else {
            parts.left[word.n_left++] = member;
        }
    }
    return troupe_message_create_protobuf(self, &word.base, out_message);
}

troupe_error tr_groups_word_learn(troupe_self *self)
{
    return troupe_learn(self, &troupe__groups_word__descriptor);
}

bool tr_groups_word_is(const char *type)
{
    return type != NULL && strcmp(type, troupe__groups_word__descriptor.name) == 0;
}

static bool read_member(const Troupe__GroupMember *member, uint64_t node, bool has_joined,
                        tr_group_change *out_change)
{
    const size_t length = member->group != NULL ? strnlen(member->group, TR_NAME_MAX + 1) : 0;
    if (length == 0 || length > TR_NAME_MAX || member->actor == NULL ||
        member->actor->node != node || member->actor->generation == 0) {
        return false;
    }
    *out_change = (tr_group_change) {.ref = {.node = member->actor->node,
                                             .slot = member->actor->slot,
                                             .generation = member->actor->generation,
                                             .seal = member->actor->seal},
                                     .has_joined = has_joined};
    memcpy(out_change->group, member->group, length + 1);
    return true;
}

bool tr_groups_word_read(const troupe_message *message, tr_groups_word *out_word)
{
    const Troupe__GroupsWord *word = troupe_message_as(message, &troupe__groups_word__descriptor);
    const uint64_t node = troupe_message_sender(message).node;
    if (word == NULL || word->n_joined > TR_GROUPS_WORD_MAX ||
        word->n_left > TR_GROUPS_WORD_MAX - word->n_joined) {
        return false;
    }
    bool is_right = true;
    out_word->is_first = word->first != 0;
    out_word->is_last = word->last != 0;
    out_word->count = 0;
    for (size_t i = 0; i < word->n_joined && is_right; i++) {
        is_right = read_member(word->joined[i], node, true, &out_word->changes[out_word->count++]);
    }
    for (size_t i = 0; i < word->n_left && is_right; i++) {
        is_right = read_member(word->left[i], node, false, &out_word->changes[out_word->count++]);
    }
    return is_right;
}
