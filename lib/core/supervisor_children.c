/* SPDX-License-Identifier: MIT */
#include "core/supervisor_children.h"

#include <stdio.h>
#include <troupe/ask.h>

#include "base/assert.h"
#include "base/memory.h"
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
