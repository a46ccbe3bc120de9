/* SPDX-License-Identifier: MIT */
/* What actors call of nodes. */
#include <string.h>
#include <troupe/nodes.h>
#include <troupe/remote.h>

#include "base/assert.h"
#include "core/bracket.h"
#include "core/far.h"
#include "core/scope.h"

/* How long who awaits something waits before it looks again, at first and at most. */
#define AWAIT_NS_MIN UINT64_C(1000000)
#define AWAIT_NS_MAX UINT64_C(20000000)
/* The same where each look is a question to another node. */
#define AWAIT_FAR_NS_MAX UINT64_C(200000000)
#define AWAIT_FAR_ASK_NS UINT64_C(1000000000)

_Static_assert(sizeof(troupe_node_event) <= TR_MESSAGE_FREE_BYTES, "its place pays for it");

const troupe_type troupe_node_event_type = TROUPE_TYPE(troupe_node_event);

troupe_error troupe_self_node_info(const troupe_self *self, troupe_node_info *out_info)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && out_info != NULL, BAD_ARGUMENT);
    const tr_worker *worker = tr_enter(self);
    *out_info = worker->system->nodes.own; /* which does not change any more */
    tr_leave(self);
    return TROUPE_OK;
}

troupe_error troupe_nodes(troupe_self *self, troupe_node_info *infos, size_t room,
                          size_t *out_count)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && out_count != NULL && (infos != NULL || room == 0), BAD_ARGUMENT);
    const tr_worker *worker = tr_enter(self);
    *out_count = tr_nodes_list(worker->system, infos, room);
    tr_leave(self);
    return TROUPE_OK;
}

troupe_error troupe_watch_nodes(troupe_self *self)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL, BAD_ARGUMENT);
    tr_worker *worker = tr_enter(self);
    troupe_error error = tr_nodes_watch(worker->system, self->actor->address);
    if (error == TROUPE_OK && !tr_far_look_at_news(worker)) {
        (void) tr_nodes_unwatch(worker->system, self->actor->address);
        error = TROUPE_ERROR_NO_MEMORY;
    }
    tr_leave(self);
    return error;
}

bool troupe_unwatch_nodes(troupe_self *self)
{
    TR_CHECK_SELF(self);
    if (self == NULL) {
        return false;
    }
    tr_worker *worker = tr_enter(self);
    const bool was_watching = tr_nodes_unwatch(worker->system, self->actor->address);
    tr_leave(self);
    return was_watching;
}

/* Waiting is looking again and again. */

struct wait {
    uint64_t deadline_ns;
    uint64_t pause_ns;
    uint64_t pause_ns_max;
};

/* Errors: TIMED_OUT when the time is over; those of troupe_sleep. */
static troupe_error pause(troupe_self *self, struct wait *wait)
{
    const uint64_t now_ns = troupe_self_now_ns(self);
    TR_REQUIRE(now_ns < wait->deadline_ns, TIMED_OUT);
    const uint64_t left_ns = wait->deadline_ns - now_ns;
    const uint64_t pause_ns = wait->pause_ns < left_ns ? wait->pause_ns : left_ns;
    wait->pause_ns =
        wait->pause_ns * 2 < wait->pause_ns_max ? wait->pause_ns * 2 : wait->pause_ns_max;
    return troupe_sleep(self, troupe_timeout_of_ns(pause_ns));
}

static struct wait begin_wait(const troupe_self *self, troupe_timeout timeout, uint64_t most_ns)
{
    return (struct wait) {.deadline_ns = tr_deadline_of(troupe_self_now_ns(self), timeout),
                          .pause_ns = AWAIT_NS_MIN,
                          .pause_ns_max = most_ns};
}

troupe_error troupe_await_node(troupe_self *self, const char *name, troupe_timeout timeout,
                               uint64_t *out_node)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && name != NULL && out_node != NULL && timeout.ns != 0, BAD_ARGUMENT);
    TR_REQUIRE(self->task != NULL, CANNOT_WAIT);
    struct wait wait = begin_wait(self, timeout, AWAIT_NS_MAX);
    const tr_system *system = tr_self_system(self);
    troupe_error error = TROUPE_OK;
    uint64_t node = 0;
    while (error == TROUPE_OK && node == 0) {
        const tr_worker *worker = tr_enter(self);
        node = tr_nodes_find(system, name);
        tr_leave(self);
        (void) worker;
        error = node == 0 ? pause(self, &wait) : TROUPE_OK;
    }
    *out_node = error ? *out_node : node;
    return error;
}

/* Whether it may be otherwise soon. */
static bool may_change(troupe_error error)
{
    return error == TROUPE_ERROR_NO_SUCH_ACTOR || error == TROUPE_ERROR_UNREACHABLE ||
           error == TROUPE_ERROR_NODE_LOST || error == TROUPE_ERROR_TIMED_OUT;
}

troupe_error troupe_await_on(troupe_self *self, uint64_t node, const char *name,
                             troupe_timeout timeout, troupe_ref *out_ref)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && timeout.ns != 0, BAD_ARGUMENT);
    TR_REQUIRE(self->task != NULL, CANNOT_WAIT);
    struct wait wait = begin_wait(self, timeout, AWAIT_FAR_NS_MAX);
    troupe_error error = TROUPE_OK;
    do {
        const uint64_t now_ns = troupe_self_now_ns(self);
        const uint64_t left_ns = wait.deadline_ns > now_ns ? wait.deadline_ns - now_ns : 1;
        const uint64_t ask_ns = left_ns < AWAIT_FAR_ASK_NS ? left_ns : AWAIT_FAR_ASK_NS;
        const troupe_error asked =
            troupe_lookup_on(self, node, name, troupe_timeout_of_ns(ask_ns), out_ref);
        if (!may_change(asked)) {
            return asked;
        }
        error = pause(self, &wait);
    } while (error == TROUPE_OK);
    return error;
}
