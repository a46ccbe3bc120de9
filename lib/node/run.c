/* SPDX-License-Identifier: MIT */
/* A node for the life of one actor. */
#include "base/assert.h"
#include "node/node.h"

static troupe_error run(troupe_node *node, troupe_body *body, void *argument)
{
    troupe_error error = troupe_node_start(node);
    if (error) {
        return error;
    }
    /* Its start is not waited for: many a body never receives, and works on until it returns. */
    troupe_ref ref;
    error = tr_node_spawn_nowait(node, TROUPE_SPAWN(.body = body, .argument = argument), &ref);
    if (error == TROUPE_ERROR_STOPPING) {
        return troupe_node_join(node); /* by a signal that came first */
    }
    return error ? error : troupe_node_join(node);
}

troupe_error troupe_run(const troupe_node_options *options, troupe_body *body, void *argument)
{
    TR_REQUIRE(body != NULL, BAD_ARGUMENT);
    troupe_node *node = NULL;
    troupe_error error = troupe_node_create(options, &node);
    if (error) {
        return error;
    }
    node->stops_with_root = true;
    error = run(node, body, argument);
    troupe_node_destroy(&node);
    return error;
}
