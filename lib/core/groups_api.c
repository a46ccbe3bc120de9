/* SPDX-License-Identifier: MIT */
/* What actors call of groups. */
#include <string.h>

#include "base/assert.h"
#include "base/memory.h"
#include "core/bracket.h"
#include "core/groups.h"

/* Members that a message is tried with, one after the other. */
#define TRIES_MAX 8

const troupe_type troupe_group_event_type = TROUPE_TYPE(troupe_group_event);
const troupe_type tr_groups_look_type = TROUPE_SIGNAL("troupe.groups.look");

static bool is_name(const char *group)
{
    return group != NULL && group[0] != '\0' && strnlen(group, TR_NAME_MAX + 1) <= TR_NAME_MAX;
}

/* Has the actor look at what has changed. One that has no room looks anyway. */
static troupe_error call_actor(troupe_self *self)
{
    tr_system *system = self->actor->worker->system;
    const troupe_ref actor = tr_groups_call(system);
    troupe_message *message = NULL;
    if (troupe_ref_is_none(actor)) {
        return TROUPE_OK;
    }
    troupe_error error = troupe_message_create(self, &tr_groups_look_type, NULL, &message);
    error = error ? error
                  : troupe_send_message_with(self, actor, &message,
                                             TROUPE_SEND(.on_full = TROUPE_ON_FULL_FAIL));
    troupe_message_destroy(&message);
    if (error != TROUPE_OK) {
        tr_groups_call_failed(system);
    }
    return error == TROUPE_ERROR_NO_MEMORY ? error : TROUPE_OK;
}

/* Whether it is a live actor of this node. */
static troupe_error check_own(const troupe_self *self, troupe_ref actor)
{
    uint32_t depth = 0;
    uint32_t capacity = 0;
    TR_REQUIRE(!troupe_ref_is_none(actor), BAD_ARGUMENT);
    TR_REQUIRE(actor.node == tr_self_system(self)->options.node_id, LOCAL_ONLY);
    return troupe_self_depth((troupe_self *) (uintptr_t) self, actor, &depth, &capacity);
}

troupe_error troupe_group_join(troupe_self *self, const char *group, troupe_ref actor)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && is_name(group), BAD_ARGUMENT);
    troupe_error error = check_own(self, actor);
    if (error) {
        return error;
    }
    const tr_worker *worker = tr_enter(self);
    error = tr_groups_join(worker->system, group, actor);
    tr_leave(self);
    return error ? error : call_actor(self);
}

troupe_error troupe_group_leave(troupe_self *self, const char *group, troupe_ref actor)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && is_name(group) && !troupe_ref_is_none(actor), BAD_ARGUMENT);
    TR_REQUIRE(actor.node == tr_self_system(self)->options.node_id, LOCAL_ONLY);
    const tr_worker *worker = tr_enter(self);
    const bool was_in_it = tr_groups_leave(worker->system, group, actor);
    tr_leave(self);
    TR_REQUIRE(was_in_it, NO_SUCH_ACTOR);
    return call_actor(self);
}

static size_t list(const troupe_self *self, const char *group, troupe_ref *members, size_t room)
{
    const tr_worker *worker = tr_enter(self);
    const size_t count = tr_groups_list(worker->system, group, members, room);
    tr_leave(self);
    return count;
}

troupe_error troupe_group_members(troupe_self *self, const char *group, troupe_ref *members,
                                  size_t room, size_t *out_count)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && is_name(group) && out_count != NULL &&
                   (members != NULL || room == 0),
               BAD_ARGUMENT);
    *out_count = list(self, group, members, room);
    return TROUPE_OK;
}

troupe_error troupe_group_pick(troupe_self *self, const char *group, troupe_group_rule rule,
                               uint64_t key, troupe_ref *out_member)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && is_name(group) && (unsigned) rule <= TROUPE_GROUP_BY_KEY &&
                   out_member != NULL,
               BAD_ARGUMENT);
    const tr_worker *worker = tr_enter(self);
    const troupe_ref picked = tr_groups_pick(worker->system, group, rule, key);
    tr_leave(self);
    TR_REQUIRE(!troupe_ref_is_none(picked), NO_SUCH_ACTOR);
    *out_member = picked;
    return TROUPE_OK;
}

static bool has_gone(troupe_error error)
{
    return error == TROUPE_ERROR_STALE || error == TROUPE_ERROR_NO_SUCH_ACTOR ||
           error == TROUPE_ERROR_UNREACHABLE;
}

troupe_error troupe_group_send(troupe_self *self, const char *group, troupe_group_rule rule,
                               uint64_t key, troupe_message **message)
{
    TR_REQUIRE(message != NULL && *message != NULL, BAD_ARGUMENT);
    troupe_ref member;
    troupe_error error = TROUPE_OK;
    for (uint32_t i = 0; i < TRIES_MAX; i++) {
        error = troupe_group_pick(self, group, rule, key, &member);
        if (error) {
            return error;
        }
        error = troupe_send_message(self, member, message);
        if (!has_gone(error) || rule == TROUPE_GROUP_BY_KEY) {
            break;
        }
    }
    return error;
}

static troupe_error send_copy(troupe_self *self, troupe_ref member, troupe_message *message,
                              const troupe_send_options *options)
{
    troupe_message *copy = NULL;
    troupe_error error = troupe_message_copy(self, message, &copy);
    error = error ? error : troupe_send_message_with(self, member, &copy, options);
    troupe_message_destroy(&copy);
    return error;
}

static void send_all(troupe_self *self, const troupe_ref *members, troupe_message *message,
                     const troupe_send_options *options, troupe_group_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const troupe_error error = send_copy(self, members[i], message, options);
        if (i < report->room) {
            report->outcomes[i] = (troupe_group_outcome) {.member = members[i], .error = error};
        }
    }
}

troupe_error troupe_group_broadcast(troupe_self *self, const char *group, troupe_message *message,
                                    const troupe_send_options *options, troupe_group_report *report)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && is_name(group) && message != NULL, BAD_ARGUMENT);
    TR_REQUIRE(report != NULL && (report->outcomes != NULL || report->room == 0), BAD_ARGUMENT);
    const troupe_allocator *allocator = troupe_self_allocator(self);
    const troupe_send_options usual = {.size = sizeof usual};
    const size_t most = list(self, group, NULL, 0); /* who joins meanwhile gets none */
    report->count = 0;
    if (most == 0) {
        return TROUPE_OK;
    }
    troupe_ref *members = tr_allocate(allocator, most * sizeof *members);
    TR_REQUIRE(members != NULL, NO_MEMORY);
    const size_t found = list(self, group, members, most);
    report->count = found < most ? found : most;
    send_all(self, members, message, options != NULL ? options : &usual, report);
    tr_free(allocator, members, most * sizeof *members);
    return TROUPE_OK;
}

troupe_error troupe_watch_group(troupe_self *self, const char *group)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && is_name(group), BAD_ARGUMENT);
    const tr_worker *worker = tr_enter(self);
    const troupe_error error = tr_groups_watch(worker->system, group, self->actor->address);
    tr_leave(self);
    return error ? error : call_actor(self);
}
