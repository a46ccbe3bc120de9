/* SPDX-License-Identifier: MIT */
/* What a node's options may say of other nodes. */
#include <string.h>
#include <troupe/keys.h>
#include <unistd.h>
#include <zmq.h>

#include "support/files.h"
#include "support/node_fixture.h"

static char said[1024];

static void keep(void *context, troupe_log_level level, const char *text)
{
    (void) context;
    (void) level;
    (void) snprintf(said, sizeof said, "%s", text);
}

static const troupe_log log_to_said = {.write = keep, .level = TROUPE_LOG_DEBUG};

/* Refused, and the log says why. */
static void refuses(troupe_node_options options, const char *because)
{
    troupe_node *node = NULL;
    said[0] = '\0';
    options.size = sizeof options;
    options.log = &log_to_said;
    assert_fails(troupe_node_create(&options, &node), BAD_ARGUMENT);
    if (strstr(said, because) == NULL) {
        fail_msg("'%s' is not in '%s'", because, said);
    }
}

#define KEY "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"

/* Promise: HOSTS-PLAIN */
static void plain_has_to_be_asked_for(void **state)
{
    (void) state;
    const troupe_peer near = {.endpoint = "tcp://127.0.0.1:7400"};
    const troupe_peer far = {.endpoint = "tcp://192.0.2.1:7400"};
    refuses((troupe_node_options) {.listen = "tcp://127.0.0.1:*"}, "keys are needed");
    refuses((troupe_node_options) {.listen = "tcp://*:*", .plain = TROUPE_PLAIN_ON_LOOPBACK},
            "TROUPE_PLAIN_ANYWHERE");
    refuses((troupe_node_options) {.peers = &near, .peer_count = 1}, "keys are needed");
    refuses(
        (troupe_node_options) {.peers = &far, .peer_count = 1, .plain = TROUPE_PLAIN_ON_LOOPBACK},
        "tcp://192.0.2.1:7400");
}

static void refuses_what_cannot_be(void **state)
{
    (void) state;
    const troupe_peer local_with_key = {.endpoint = "ipc:///run/x", .key = KEY};
    refuses((troupe_node_options) {.listen = "ipc:///run/x"}, "takes .listen_local");
    refuses((troupe_node_options) {.listen_local = "tcp://127.0.0.1:*"}, "like ipc:///run/node");
    refuses((troupe_node_options) {.listen_local = "ipc://@x"}, "like ipc:///run/node");
    refuses((troupe_node_options) {.peers = &local_with_key, .peer_count = 1}, "without keys");
    const troupe_peer nowhere = {.endpoint = "udp://127.0.0.1:7400"};
    const troupe_peer none = {.endpoint = NULL};
    const troupe_peer bad_key = {.endpoint = "tcp://127.0.0.1:7400", .key = "short"};
    const troupe_peer keyed = {.endpoint = "tcp://127.0.0.1:7400", .key = KEY};
    const char *const keys[] = {"short"};
    refuses((troupe_node_options) {.listen = "nonsense", .plain = 2}, "tcp://192.0.2.1:7400");
    static const char *const no_ports[] = {"tcp://127.0.0.1:99999", "tcp://127.0.0.1:0",
                                           "tcp://127.0.0.1:", "tcp://127.0.0.1:74x"};
    for (size_t i = 0; i < sizeof no_ports / sizeof no_ports[0]; i++) {
        const troupe_peer peer = {.endpoint = no_ports[i]};
        refuses((troupe_node_options) {.listen = no_ports[i], .plain = 2}, "from 1 to 65535");
        refuses((troupe_node_options) {.peers = &peer, .peer_count = 1, .plain = 2}, no_ports[i]);
    }
    const troupe_peer any = {.endpoint = "tcp://127.0.0.1:*"};
    refuses((troupe_node_options) {.peers = &any, .peer_count = 1, .plain = 2}, "from 1 to 65535");
    refuses((troupe_node_options) {.peers = &nowhere, .peer_count = 1, .plain = 2}, "udp://");
    refuses((troupe_node_options) {.peers = &none, .peer_count = 1, .plain = 2}, "NULL");
    refuses((troupe_node_options) {.peers = &keyed, .peer_count = 1}, "keys of its own");
    refuses((troupe_node_options) {.listen = "tcp://*:*", .public_key = KEY},
            "the other way round");
    refuses((troupe_node_options) {.listen = "tcp://*:*", .public_key = KEY, .secret_key = "x"},
            "own keys");
    refuses((troupe_node_options) {.listen = "tcp://*:*",
                                   .public_key = KEY,
                                   .secret_key = KEY,
                                   .allowed_keys = keys,
                                   .allowed_key_count = 1},
            "an allowed key");
    refuses(
        (troupe_node_options) {
            .public_key = KEY, .secret_key = KEY, .peers = &bad_key, .peer_count = 1},
        "the key of a peer");
    refuses((troupe_node_options) {.plain = 3}, "");
    refuses((troupe_node_options) {.peer_count = 1}, "");
    refuses((troupe_node_options) {.allowed_key_count = 1}, "");
}

/* Promise: KEYS-MODE, KEYS-LINES */
static void reads_keys_from_files(void **state)
{
    struct files *files = *state;
    char key[TROUPE_KEY_BYTES];
    char list[128];
    char text[1024];
    (void) snprintf(list, sizeof list, "%s/list", files->folder);
    refuses((troupe_node_options) {.listen = "tcp://127.0.0.1:*", .allowed_file = list},
            "needs keys of the node's own");
    assert_ok(troupe_key_file_create(files->path, NULL, key, sizeof key));
    refuses((troupe_node_options) {.listen = "tcp://127.0.0.1:*",
                                   .key_file = files->path,
                                   .public_key = KEY,
                                   .secret_key = KEY},
            "given twice");
    FILE *file = fopen(list, "we");
    assert_non_null(file);
    assert_true(fprintf(file, "a %s all\nb %s\n", key, KEY) > 0);
    assert_int_equal(fclose(file), 0);
    refuses((troupe_node_options) {.listen = "tcp://127.0.0.1:*",
                                   .key_file = files->path,
                                   .allowed_file = list},
            "/list:2: a line should be NAME KEY ROLES");
    assert_int_equal(unlink(list), 0);
    troupe_node *node = a_node(
        TROUPE_NODE_OPTIONS(.workers = 1, .listen = "tcp://127.0.0.1:*", .key_file = files->path));
    assert_fails(troupe_node_reload_keys(node), END);
    drop_node(&node);
    (void) snprintf(text, sizeof text, "%s", files_read(files));
    files_write(files, text, 0644);
    refuses((troupe_node_options) {.listen = "tcp://127.0.0.1:*", .key_file = files->path},
            "its mode is 0644 and should be 0600");
    files_write(files, "", 0600);
    refuses((troupe_node_options) {.listen = "tcp://127.0.0.1:*", .key_file = files->path},
            "as troupe keygen writes them");
}

/* Promise: HOSTS-ENDPOINT */
static void says_where_it_listens(void **state)
{
    (void) state;
    char text[64];
    char small[8];
    troupe_node *quiet = a_node_of(1);
    assert_fails(troupe_node_endpoint(quiet, text, sizeof text), END);
    assert_true(troupe_node_id(quiet) != 0);
    drop_node(&quiet);
    assert_true(troupe_node_id(NULL) == 0);
    assert_fails(troupe_node_endpoint(NULL, text, sizeof text), BAD_ARGUMENT);

    troupe_node *node = a_node(TROUPE_NODE_OPTIONS(.workers = 1, .listen = "tcp://127.0.0.1:*",
                                                   .plain = TROUPE_PLAIN_ON_LOOPBACK));
    assert_ok(troupe_node_endpoint(node, text, sizeof text));
    assert_int_equal(strncmp(text, "tcp://127.0.0.1:", 16), 0);
    assert_fails(troupe_node_endpoint(node, small, sizeof small), TOO_LARGE);

    /* Nobody else can listen there. */
    troupe_node *second = NULL;
    assert_ok(troupe_node_create(
        TROUPE_NODE_OPTIONS(.workers = 1, .listen = text, .plain = TROUPE_PLAIN_ON_LOOPBACK),
        &second));
    assert_fails(troupe_node_start(second), NAME_TAKEN);
    troupe_node_destroy(&second);
    drop_node(&node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_has_to_be_asked_for),
        cmocka_unit_test(refuses_what_cannot_be),
        cmocka_unit_test_setup_teardown(reads_keys_from_files, files_open, files_close),
        cmocka_unit_test(says_where_it_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
