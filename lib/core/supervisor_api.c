/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <troupe/ask.h>

#include "base/assert.h"
#include "core/handle.h"
#include "core/supervisor.h"
#include "core/supervisor_policy.h"

troupe_error troupe_supervise(troupe_self *self, const troupe_supervisor_spec *spec,
                              troupe_ref *out_ref)
{
    TR_CHECK_SELF(self);
    troupe_supervisor_spec complete;
    TR_REQUIRE(self != NULL && out_ref != NULL && tr_policy_complete(spec, &complete),
               BAD_ARGUMENT);
    return troupe_spawn(self,
                        TROUPE_SPAWN(.behavior = &tr_supervisor_behavior, .name = complete.name,
                                     .argument = (void *) (uintptr_t) spec,
                                     .timers_max = TR_CHILDREN_MAX, .start_timeout = {UINT64_MAX},
                                     .ready_when = TROUPE_READY_WHEN_SAID),
                        out_ref);
}

/* The answer lives as long as *reply. */
static troupe_error ask(troupe_self *self, troupe_ref supervisor, const tr_child_request *request,
                        troupe_timeout timeout, troupe_message **reply,
                        const tr_child_answer **out_answer)
{
    const troupe_error error =
        troupe_ask_struct(self, supervisor, &tr_child_request_type, request, timeout, reply);
    if (error) {
        return error;
    }
    *out_answer = troupe_message_struct(*reply, &tr_child_answer_type);
    return *out_answer != NULL ? TROUPE_OK : TROUPE_ERROR_PROTOCOL;
}

troupe_error troupe_child_add(troupe_self *self, troupe_ref supervisor,
                              const troupe_child_spec *spec, troupe_timeout timeout,
                              troupe_ref *out_ref)
{
    TR_CHECK_SELF(self);
    tr_child_request request = {.wish = TR_CHILD_ADD};
    TR_REQUIRE(self != NULL && out_ref != NULL && tr_policy_complete_child(spec, &request.spec),
               BAD_ARGUMENT);
    TROUPE_AUTO(troupe_message) *reply = NULL;
    const tr_child_answer *answer = NULL;
    const troupe_error error = ask(self, supervisor, &request, timeout, &reply, &answer);
    if (error == TROUPE_OK) {
        *out_ref = answer->ref;
    }
    return error;
}

static troupe_error change(troupe_self *self, troupe_ref supervisor, tr_child_wish wish,
                           troupe_ref child, troupe_timeout timeout)
{
    TR_REQUIRE(self != NULL && !troupe_ref_is_none(child), BAD_ARGUMENT);
    const tr_child_request request = {.wish = wish, .child = child};
    TROUPE_AUTO(troupe_message) *reply = NULL;
    const tr_child_answer *answer = NULL;
    return ask(self, supervisor, &request, timeout, &reply, &answer);
}

troupe_error troupe_child_remove(troupe_self *self, troupe_ref supervisor, troupe_ref child,
                                 troupe_timeout timeout)
{
    TR_CHECK_SELF(self);
    return change(self, supervisor, TR_CHILD_REMOVE, child, timeout);
}

troupe_error troupe_child_restart(troupe_self *self, troupe_ref supervisor, troupe_ref child,
                                  troupe_timeout timeout)
{
    TR_CHECK_SELF(self);
    return change(self, supervisor, TR_CHILD_RESTART, child, timeout);
}

troupe_error troupe_child_list(troupe_self *self, troupe_ref supervisor, troupe_timeout timeout,
                               troupe_child_info *infos, size_t room, size_t *out_count)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && out_count != NULL && (infos != NULL || room == 0), BAD_ARGUMENT);
    tr_child_request request = {.wish = TR_CHILD_LIST};
    size_t listed = 0;
    size_t count = 0;
    bool has_more = true;
    while (has_more) {
        TROUPE_AUTO(troupe_message) *reply = NULL;
        const tr_child_answer *answer = NULL;
        const troupe_error error = ask(self, supervisor, &request, timeout, &reply, &answer);
        if (error) {
            return error;
        }
        const size_t more = answer->listed < room - listed ? answer->listed : room - listed;
        if (more > 0) {
            memcpy(&infos[listed], answer->infos, more * sizeof *infos);
        }
        listed += more;
        request.from = listed;
        count = answer->count;
        has_more = more > 0 && listed < room && listed < count;
    }
    *out_count = count;
    return TROUPE_OK;
}
