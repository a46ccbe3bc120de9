/* SPDX-License-Identifier: MIT */
#include "core/supervisor_children.h"

#include <stdio.h>
#include <string.h>
#include <troupe/ask.h>

#include "base/assert.h"
#include "base/memory.h"
#include "core/handle.h"
#include "core/supervisor.h"

const troupe_type tr_child_request_type = TROUPE_TYPE(tr_child_request);
const troupe_type tr_child_answer_type = TROUPE_TYPE(tr_child_answer);

static const troupe_allocator *allocator_of(const tr_worker *worker)
{
    return worker->system->ports.allocator;
}

void tr_children_remove(tr_supervisor *supervisor, tr_worker *worker, tr_child *child)
{
    tr_list_remove(&child->plan.link);
    (void) tr_table_remove(&supervisor->ids, child->id);
    tr_free(allocator_of(worker), child, sizeof *child);
}

troupe_error tr_children_add(troupe_self *self, tr_supervisor *supervisor,
                             const troupe_child_spec *spec, tr_child **out_child)
{
    const troupe_allocator *allocator = allocator_of(self->actor->worker);
    tr_child *child = tr_allocate(allocator, sizeof *child);
    TR_REQUIRE(child != NULL, NO_MEMORY);
    if (!tr_policy_complete_child(spec, &child->spec)) {
        tr_free(allocator, child, sizeof *child);
        return TROUPE_ERROR_BAD_ARGUMENT;
    }
    const troupe_error error = tr_table_add(&supervisor->ids, child, &child->id);
    if (error) {
        tr_free(allocator, child, sizeof *child);
        return error;
    }
    tr_list_push_back(&supervisor->children, &child->plan.link);
    supervisor->significant += child->spec.is_significant;
    *out_child = child;
    return TROUPE_OK;
}

void tr_children_free(tr_worker *worker, tr_supervisor *supervisor)
{
    const troupe_allocator *allocator = allocator_of(worker);
    if (supervisor->children.next == NULL) {
        return;
    }
    for (tr_list *node = tr_list_first(&supervisor->children); node != NULL;
         node = tr_list_first(&supervisor->children)) {
        tr_child *child = (tr_child *) TR_CONTAINER_OF(node, tr_plan_child, link);
        if (child->word != NULL) {
            tr_message_free(&worker->pool, child->word);
        }
        tr_children_remove(supervisor, worker, child);
    }
    tr_table_fini(&supervisor->ids);
    if (supervisor->intensity.times != NULL) {
        tr_free(allocator, supervisor->intensity.times,
                supervisor->intensity.limit * sizeof(uint64_t));
        supervisor->intensity.times = NULL;
    }
}

void tr_children_answer(troupe_self *self, tr_child *child, troupe_error error)
{
    troupe_message *request = child->request;
    if (request == NULL) {
        return;
    }
    child->request = NULL;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    if (error == TROUPE_OK) {
        error = troupe_message_create(self, &tr_child_answer_type, NULL, &reply);
    }
    if (error == TROUPE_OK) {
        tr_child_answer *body = troupe_message_body(reply);
        body->ref = child->ref;
        error = troupe_reply_message(self, request, &reply);
    }
    if (error) {
        (void) troupe_reply_error(self, request, error); /* it may have given up */
    }
    troupe_message_destroy(&request);
}

troupe_error tr_children_meaning_of_end(const tr_child *child)
{
    const tr_child_request *request = child->request != NULL ? child->request->body : NULL;
    if (request == NULL || request->wish == TR_CHILD_REMOVE) {
        return TROUPE_OK;
    }
    const bool has_failed = request->wish == TR_CHILD_ADD && child->last_reason != TROUPE_OK;
    return has_failed ? child->last_reason : TROUPE_ERROR_STOPPING;
}

/* What it is asked. */

static troupe_child_state state_of(tr_stand stand)
{
    switch (stand) {
    case TR_STAND_NEW:
        return TROUPE_CHILD_WAITING;
    case TR_STAND_STARTING:
        return TROUPE_CHILD_STARTING;
    case TR_STAND_UP:
        return TROUPE_CHILD_UP;
    case TR_STAND_RESTING:
        return TROUPE_CHILD_RESTING;
    case TR_STAND_FALLING:
    case TR_STAND_ENDING:
    case TR_STAND_GONE:
        break;
    }
    return TROUPE_CHILD_STOPPING;
}

static void describe(const tr_child *child, troupe_child_info *info)
{
    *info = (troupe_child_info) {.ref = child->ref,
                                 .state = state_of(child->plan.stand),
                                 .kind = child->spec.kind,
                                 .restarts = child->restarts,
                                 .last_reason = child->last_reason};
    (void) snprintf(info->id, sizeof info->id, "%s", child->spec.id); /* cut if long */
}

static troupe_error list(troupe_self *self, tr_supervisor *supervisor, uint64_t from,
                         troupe_message *request)
{
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_error error = troupe_message_create(self, &tr_child_answer_type, NULL, &reply);
    if (error) {
        return error;
    }
    tr_child_answer *body = troupe_message_body(reply);
    for (tr_list *node = supervisor->children.next; node != &supervisor->children;
         node = node->next) {
        const tr_child *child = (const tr_child *) TR_CONTAINER_OF(node, tr_plan_child, link);
        if (body->count++ >= from && body->listed < TR_CHILDREN_PER_LIST) {
            describe(child, &body->infos[body->listed++]);
        }
    }
    return troupe_reply_message(self, request, &reply);
}

static troupe_error find_free(const tr_supervisor *supervisor, troupe_ref ref, tr_child **out_child)
{
    for (tr_list *node = supervisor->children.next; node != &supervisor->children;
         node = node->next) {
        tr_child *child = (tr_child *) TR_CONTAINER_OF(node, tr_plan_child, link);
        if (child->plan.stand != TR_STAND_NEW && troupe_ref_is_same(child->ref, ref)) {
            *out_child = child;
            return child->request == NULL ? TROUPE_OK : TROUPE_ERROR_LIMIT_REACHED;
        }
    }
    return TROUPE_ERROR_STALE;
}

/* What is asked for begins; *out_child is whom it is about. */
static troupe_error begin_wish(troupe_self *self, tr_supervisor *supervisor,
                               const tr_child_request *request, tr_child **out_child)
{
    TR_REQUIRE(!supervisor->is_ending, STOPPING);
    if (request->wish == TR_CHILD_ADD) {
        return tr_children_add(self, supervisor, &request->spec, out_child);
    }
    const troupe_error error = find_free(supervisor, request->child, out_child);
    if (error) {
        return error;
    }
    tr_plan_child *plan = &(*out_child)->plan;
    TR_REQUIRE(plan->want != TR_WANT_GONE, STALE);
    plan->want = request->wish == TR_CHILD_REMOVE ? TR_WANT_GONE : TR_WANT_REST;
    plan->due_ns = 0;
    return TROUPE_OK;
}

void tr_children_request(troupe_self *self, tr_supervisor *supervisor, troupe_message **message,
                         tr_child **out_child)
{
    const tr_child_request *request = (*message)->body;
    tr_child *child = NULL;
    const troupe_error error = request->wish == TR_CHILD_LIST
                                   ? list(self, supervisor, request->from, *message)
                                   : begin_wish(self, supervisor, request, &child);
    *out_child = NULL;
    if (error) {
        (void) troupe_reply_error(self, *message, error); /* it may have given up */
    } else if (child != NULL) {
        child->request = *message;
        *message = NULL;
        *out_child = child;
    }
}

/* The calls. */

troupe_error tr_supervisor_options(const troupe_supervisor_spec *spec,
                                   troupe_spawn_options *out_options)
{
    troupe_supervisor_spec complete;
    TR_REQUIRE(tr_policy_complete(spec, &complete), BAD_ARGUMENT);
    *out_options =
        *TROUPE_SPAWN(.behavior = &tr_supervisor_behavior, .name = complete.name,
                      .argument = (void *) (uintptr_t) spec, .timers_max = TR_CHILDREN_MAX,
                      .start_timeout = {UINT64_MAX}, .ready_when = TROUPE_READY_WHEN_SAID);
    return TROUPE_OK;
}

troupe_error troupe_supervise(troupe_self *self, const troupe_supervisor_spec *spec,
                              troupe_ref *out_ref)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && out_ref != NULL, BAD_ARGUMENT);
    troupe_spawn_options options;
    const troupe_error error = tr_supervisor_options(spec, &options);
    return error ? error : troupe_spawn(self, &options, out_ref);
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
