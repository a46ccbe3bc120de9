/* SPDX-License-Identifier: MIT */
#include "node/farewell.h"

/* What the others may take to acknowledge. */
#define PATIENCE_NS UINT64_C(1000000000)
/* How often it is looked at whether they have. */
#define LOOK_NS UINT64_C(1000000)

static uint64_t now_ns(const tr_farewell *farewell)
{
    const tr_clock *clock = &farewell->sessions->system->ports.clock;
    return clock->now_ns(clock->context);
}

static bool send(void *context, uint64_t to_node, const void *frame, size_t size)
{
    const tr_farewell *farewell = context;
    return farewell->wire.send(farewell->wire.context, to_node, frame, size);
}

static bool give(void *context, uint64_t to_node, tr_crate *frame)
{
    const tr_farewell *farewell = context;
    return farewell->wire.give(farewell->wire.context, to_node, frame);
}

static bool may_add(void *context, uint64_t to_node)
{
    const tr_farewell *farewell = context;
    return farewell->wire.may_add(farewell->wire.context, to_node);
}

static void renew(void *context, uint64_t node)
{
    const tr_farewell *farewell = context;
    farewell->wire.renew(farewell->wire.context, node);
}

static bool believes(void *context, uint64_t node, uint64_t over)
{
    const tr_farewell *farewell = context;
    return farewell->wire.believes(farewell->wire.context, node, over);
}

static void closed(void *context)
{
    tr_farewell *farewell = context;
    farewell->deadline_ns = now_ns(farewell) + PATIENCE_NS;
}

void tr_farewell_init(tr_farewell *farewell, tr_sessions *sessions)
{
    *farewell = (tr_farewell) {
        .sessions = sessions, .wire = tr_sessions_wire(sessions), .deadline_ns = TR_NEVER};
}

tr_wire_port tr_farewell_wire(tr_farewell *farewell)
{
    return (tr_wire_port) {.context = farewell,
                           .send = send,
                           .give = give,
                           .may_add = may_add,
                           .renew = renew,
                           .believes = believes,
                           .closed = closed};
}

bool tr_farewell_look(tr_farewell *farewell)
{
    if (farewell->deadline_ns == TR_NEVER || tr_farewell_is_said(farewell) ||
        (!tr_sessions_are_quiet(farewell->sessions) && now_ns(farewell) < farewell->deadline_ns)) {
        return false;
    }
    farewell->wire.closed(farewell->wire.context);
    atomic_store_explicit(&farewell->is_said, 1, memory_order_release);
    return true;
}

uint64_t tr_farewell_due_ns(const tr_farewell *farewell)
{
    return farewell->deadline_ns == TR_NEVER || tr_farewell_is_said(farewell)
               ? TR_NEVER
               : now_ns(farewell) + LOOK_NS;
}
