/* SPDX-License-Identifier: MIT */
/* The command on the machine of its node: over ipc, without keys. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <troupe/troupe.h>
#include <unistd.h>

#include "integration/commands.h"
#include "support/files.h"
#include "support/node_fixture.h"

struct local {
    char endpoint[128];
    char key_file[128];
    char key[TROUPE_KEY_BYTES];
};

static struct local local_of(const struct files *files)
{
    struct local local;
    (void) snprintf(local.endpoint, sizeof local.endpoint, "ipc://%s.socket", files->path);
    (void) snprintf(local.key_file, sizeof local.key_file, "%s.key", files->path);
    assert_ok(troupe_key_file_create(local.key_file, NULL, local.key, sizeof local.key));
    return local;
}

/* Promise: LOCAL-COMMAND */
static void a_node_with_keys_is_asked_without(void **state)
{
    struct local local = local_of(*state);
    struct stat status;
    char endpoint[128];
    files_write(*state, "", 0600);
    troupe_node *node =
        a_node(TROUPE_NODE_OPTIONS(.name = "here", .workers = 1, .listen = "tcp://127.0.0.1:*",
                                   .key_file = local.key_file,
                                   .allowed_file = ((struct files *) *state)->path,
                                   .listen_local = local.endpoint));
    (void) a_root_of(node, TROUPE_SPAWN(.name = "desk", .body = idle_body));
    assert_int_equal(stat(local.endpoint + 6, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    command_reach(local.endpoint, NULL, NULL);
    command_ends("troupe ps", 0, "desk", NULL);
    command_ends("troupe tree", 0, "desk", NULL);
    command_ends("troupe stop desk", 0, NULL, NULL);
    command_ends("while troupe ps | grep -q desk; do :; done", 0, NULL, NULL);
    assert_ok(troupe_node_endpoint(node, endpoint, sizeof endpoint));
    command_reach(endpoint, NULL, NULL); /* by the front door it takes a key */
    command_ends("troupe ps --timeout 1", 1, NULL, "there is no connection in time");
    drop_node(&node);
    assert_int_not_equal(stat(local.endpoint + 6, &status), 0);
    assert_int_equal(unlink(local.key_file), 0);
    command_reach(NULL, NULL, NULL);
}

/* Two that meet by nothing else, and whose connection is made again. */
static void a_node_may_listen_there_alone(void **state)
{
    struct local local = local_of(*state);
    char endpoint[128];
    troupe_node *node =
        a_node(TROUPE_NODE_OPTIONS(.name = "here", .workers = 1, .listen_local = local.endpoint));
    assert_ok(troupe_node_endpoint(node, endpoint, sizeof endpoint));
    assert_string_equal(endpoint, local.endpoint);
    troupe_node *second = NULL;
    assert_ok(troupe_node_create(TROUPE_NODE_OPTIONS(.workers = 1, .listen_local = local.endpoint),
                                 &second));
    assert_fails(troupe_node_start(second), NAME_TAKEN);
    troupe_node_destroy(&second);
    command_reach(local.endpoint, local.key_file, local.key);
    command_shows("troupe peers --json", "d[\"name\"], d[\"endpoint\"].startswith(\"ipc:///\")",
                  "here True");
    command_shows("troupe stop --json --whole-node", "d[\"error\"]", "OK");
    assert_ok(troupe_node_join(node));
    drop_node(&node);
    command_ends("troupe ps --timeout 0.5", 1, NULL, "there is no connection in time");
    assert_int_equal(unlink(local.key_file), 0);
    command_reach(NULL, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_node_with_keys_is_asked_without, files_open, files_close),
        cmocka_unit_test_setup_teardown(a_node_may_listen_there_alone, files_open, files_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
