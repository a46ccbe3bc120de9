/* SPDX-License-Identifier: MIT */
/* A node for the life of one actor. */
#include <troupe/hosts.h>

#include "base/assert.h"
#include "base/log.h"
#include "node/node.h"

/* Where others can dial it, which with the port "*" nobody knows yet. */
static void say_where(const troupe_node *node)
{
    char endpoint[128];
    if (troupe_node_endpoint(node, endpoint, sizeof endpoint) == TROUPE_OK) {
        tr_log_write(&node->settings.log, TROUPE_LOG_NOTICE, "node '%s': listening on %s",
                     node->settings.name, endpoint);
    }
}

static troupe_error run(troupe_node *node, troupe_body *body, void *argument)
{
    troupe_error error = troupe_node_start(node);
    if (error) {
        return error;
    }
    say_where(node);
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
