/* SPDX-License-Identifier: MIT */
#include "node/node_gate.h"

#include "base/assert.h"
#include "base/memory.h"
#include "node/outside.h"

struct node_gate {
    tr_gate gate; /* first */
    tr_mutex mutex;
    troupe_node *node; /* not to be looked at once it is shut */
};

static struct node_gate *of(tr_gate *gate)
{
    return TR_CONTAINER_OF(gate, struct node_gate, gate);
}

static void lock(tr_gate *gate)
{
    tr_mutex_lock(&of(gate)->mutex);
}

static void unlock(tr_gate *gate)
{
    tr_mutex_unlock(&of(gate)->mutex);
}

static void deliver(tr_gate *gate, troupe_message *message, void *room)
{
    tr_outside_deliver(of(gate)->node, message, room);
}

static void free_gate(tr_gate *given)
{
    struct node_gate *gate = of(given);
    tr_mutex_fini(&gate->mutex);
    tr_free(tr_allocator_default(), gate, sizeof *gate);
}

troupe_error tr_node_gate_create(troupe_node *node, tr_gate **out_gate)
{
    /* It may outlive the node's allocator. */
    struct node_gate *gate = tr_allocate(tr_allocator_default(), sizeof *gate);
    TR_REQUIRE(gate != NULL, NO_MEMORY);
    gate->node = node;
    tr_mutex_init(&gate->mutex);
    gate->gate = (tr_gate) {.lock = lock,
                            .unlock = unlock,
                            .deliver = deliver,
                            .free = free_gate,
                            .allocator = tr_allocator_default(),
                            .room_size = sizeof(tr_engine_call)};
    tr_gate_init(&gate->gate);
    *out_gate = &gate->gate;
    return TROUPE_OK;
}
