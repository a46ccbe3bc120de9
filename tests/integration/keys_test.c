/* SPDX-License-Identifier: MIT */
/* Nodes with keys over real tcp: who may connect, who may do what, and lists that change. */
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/troupe.h>
#include <unistd.h>
#include <zmq.h>

#include "base/clock.h"
#include "cluster/greeting.h"
#include "integration/oracle.h"
#include "support/node_fixture.h"

/* A server, whose allow-list can be written, and what a guest needs to be one. */
struct scene {
    char folder[64];
    char list[96];
    char server_file[96];
    char guest_file[96];
    char server_key[TROUPE_KEY_BYTES];
    char guest_key[TROUPE_KEY_BYTES];
    char secrets[2][TROUPE_KEY_BYTES];
    char endpoint[64];
    troupe_node *server;
    troupe_node *guest;
    /* Lines of the logs of both, by what is in them. */
    _Atomic uint32_t cuts;
    _Atomic uint32_t strangers;
    _Atomic uint32_t denials;
    _Atomic uint32_t reloads;
    _Atomic uint32_t leaks;
    _Atomic uint32_t bad_lines;
    _Atomic uint32_t impostors;
    _Atomic uint32_t interrupted;
};

static void count(void *context, troupe_log_level level, const char *text)
{
    (void) level;
    struct scene *scene = context;
    scene->cuts += strstr(text, "cuts off node") != NULL ? 1 : 0;
    scene->strangers += strstr(text, "refuses who dials") != NULL ? 1 : 0;
    scene->denials += strstr(text, "key of guest-1 wants") != NULL ? 1 : 0;
    scene->reloads += strstr(text, "is read again") != NULL ? 1 : 0;
    scene->bad_lines += strstr(text, "list:1: ") != NULL ? 1 : 0;
    scene->impostors += strstr(text, "whose key is another") != NULL ? 1 : 0;
    scene->interrupted += strstr(text, "is interrupted") != NULL ? 1 : 0;
    for (int i = 0; i < 2; i++) {
        scene->leaks += strstr(text, scene->secrets[i]) != NULL ? 1 : 0;
    }
}

static void read_secret(const char *path, char *out_secret)
{
    char line[128];
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "secret ", 7) == 0) {
            (void) snprintf(out_secret, TROUPE_KEY_BYTES, "%.40s", line + 7);
        }
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(strlen(out_secret), TROUPE_KEY_BYTES - 1);
}

/* The guest stands in the list with these roles; NULL: it does not. */
static void write_list(const struct scene *scene, const char *roles)
{
    FILE *file = fopen(scene->list, "we");
    assert_non_null(file);
    if (roles != NULL) {
        assert_true(fprintf(file, "guest-1 %s %s\n", scene->guest_key, roles) > 0);
    }
    assert_int_equal(fclose(file), 0);
}

static void reload_with(struct scene *scene, const char *roles)
{
    write_list(scene, roles);
    assert_ok(troupe_node_reload_keys(scene->server));
}

static void start_guest(struct scene *scene)
{
    const troupe_peer peer = {.endpoint = scene->endpoint, .key = scene->server_key};
    const troupe_log log = {.write = count, .context = scene, .level = TROUPE_LOG_DEBUG};
    scene->guest =
        a_node(TROUPE_NODE_OPTIONS(.name = "guest", .workers = 1, .log = &log, .peers = &peer,
                                   .peer_count = 1, .key_file = scene->guest_file));
}

static int set(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    const troupe_log log = {.write = count, .context = scene, .level = TROUPE_LOG_DEBUG};
    assert_non_null(scene);
    (void) snprintf(scene->folder, sizeof scene->folder, "/tmp/troupe-keys-XXXXXX");
    assert_non_null(mkdtemp(scene->folder));
    (void) snprintf(scene->list, sizeof scene->list, "%s/list", scene->folder);
    (void) snprintf(scene->server_file, sizeof scene->server_file, "%s/server", scene->folder);
    (void) snprintf(scene->guest_file, sizeof scene->guest_file, "%s/guest", scene->folder);
    assert_ok(troupe_key_file_create(scene->server_file, &log, scene->server_key,
                                     sizeof scene->server_key));
    assert_ok(
        troupe_key_file_create(scene->guest_file, &log, scene->guest_key, sizeof scene->guest_key));
    read_secret(scene->server_file, scene->secrets[0]);
    read_secret(scene->guest_file, scene->secrets[1]);
    write_list(scene, NULL);
    scene->server =
        a_node(TROUPE_NODE_OPTIONS(.name = "server", .workers = 1, .log = &log,
                                   .listen = "tcp://127.0.0.1:*", .key_file = scene->server_file,
                                   .allowed_file = scene->list));
    assert_ok(troupe_node_endpoint(scene->server, scene->endpoint, sizeof scene->endpoint));
    (void) a_root_of(scene->server, TROUPE_SPAWN(.name = "oracle", .body = answers));
    start_guest(scene);
    *state = scene;
    return 0;
}

static int drop(void **state)
{
    struct scene *scene = *state;
    drop_node(&scene->guest);
    drop_node(&scene->server);
    assert_int_equal(scene->leaks, 0);
    assert_int_equal(unlink(scene->list), 0);
    assert_int_equal(unlink(scene->server_file), 0);
    assert_int_equal(unlink(scene->guest_file), 0);
    assert_int_equal(rmdir(scene->folder), 0);
    free(scene);
    return 0;
}

/* The test's own thread has nothing to wait on. */
static void until(_Atomic uint32_t *counter, uint32_t least)
{
    const uint64_t limit_ns = tr_clock_real().now_ns(NULL) + UINT64_C(20000000000);
    while (*counter < least) {
        assert_true(tr_clock_real().now_ns(NULL) < limit_ns);
        (void) sched_yield();
    }
}

/* What is done on the guest, and how it ends. */
struct deed {
    uint64_t server;
    struct probe *probe;
    bool monitors;
};

static troupe_error does(troupe_self *self, void *argument)
{
    const struct deed *deed = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_ref oracle;
    troupe_monitor_id id;
    troupe_error error = find_oracle(self, deed->server, &oracle);
    if (error) {
        probe_say(deed->probe, "lookup %s", troupe_error_name(error));
        return TROUPE_OK;
    }
    if (deed->monitors) {
        error = troupe_monitor(self, oracle, &id);
        error = error ? error : troupe_receive(self, &message, TROUPE_WITHIN_S(20));
        const troupe_down *down = error ? NULL : troupe_message_struct(message, &troupe_down_type);
        probe_say(deed->probe, "%s",
                  troupe_error_name(down != NULL ? down->reason : TROUPE_ERROR_NO_REPLY));
        return TROUPE_OK;
    }
    error = troupe_ask_struct(self, oracle, &question_type, NULL, TROUPE_WITHIN_S(20), &message);
    probe_say(deed->probe, "%s", troupe_error_name(error));
    return TROUPE_OK;
}

static void assert_ends(const struct scene *scene, bool monitors, const char *how)
{
    struct deed deed = {
        .server = troupe_node_id(scene->server), .probe = a_probe(), .monitors = monitors};
    (void) a_root_of(scene->guest, TROUPE_SPAWN(.body = does, .argument = &deed));
    assert_true(probe_wait(deed.probe, 1));
    assert_string_equal(probe_line(deed.probe, 0), how);
    drop_probe(&deed.probe);
}

/* Promise: KEYS-ROLES */
static void who_has_no_role_is_told_so(void **state)
{
    struct scene *scene = *state;
    reload_with(scene, "monitor,inspect");
    assert_ends(scene, false, "NOT_AUTHORISED");
    until(&scene->denials, 1);
    reload_with(scene, "send");
    assert_ends(scene, false, "OK");
    assert_ends(scene, true, "NOT_AUTHORISED");
    until(&scene->denials, 2);
    reload_with(scene, "all");
    assert_ends(scene, false, "OK");
    assert_int_equal(scene->cuts, 0);
}

/* Promise: KEYS-GIVES-UP */
static void who_is_refused_gives_up_if_it_is_to(void **state)
{
    const struct scene *scene = *state;
    const troupe_peer peer = {.endpoint = scene->endpoint, .key = scene->server_key};
    troupe_node *node = a_node(TROUPE_NODE_OPTIONS(.name = "guest", .workers = 1, .peers = &peer,
                                                   .peer_count = 1, .key_file = scene->guest_file,
                                                   .on_refusal = TROUPE_REFUSAL_STOP));
    assert_fails(troupe_node_join(node), NOT_AUTHORISED);
    troupe_node_destroy(&node);
}

/* Promise: KEYS-RELOAD, KEYS-GIVES-UP */
static void who_is_no_longer_in_the_list_is_cut_off(void **state)
{
    struct scene *scene = *state;
    until(&scene->strangers, 1); /* it is not in the list yet */
    reload_with(scene, "all");
    assert_ends(scene, false, "OK");
    const uint32_t strangers = scene->strangers;
    reload_with(scene, NULL);
    assert_int_equal(scene->cuts, 1);
    until(&scene->strangers, strangers + 1); /* it dials again */
    reload_with(scene, "all");
    assert_ends(scene, false, "OK");
    assert_int_equal(scene->cuts, 1);
}

/* Promise: KEYS-RELOAD */
static void a_bad_list_changes_nothing(void **state)
{
    struct scene *scene = *state;
    reload_with(scene, "send");
    assert_ends(scene, false, "OK");
    write_list(scene, "sned");
    assert_fails(troupe_node_reload_keys(scene->server), BAD_ARGUMENT);
    assert_int_equal(scene->bad_lines, 1);
    assert_int_equal(unlink(scene->list), 0);
    assert_fails(troupe_node_reload_keys(scene->server), SYSTEM);
    write_list(scene, "send");
    assert_ends(scene, false, "OK");
    assert_int_equal(scene->cuts, 0);
    assert_int_equal(scene->reloads, 1);
    assert_fails(troupe_node_reload_keys(scene->guest), END);
}

/* Somebody without a node, whose key is allowed, too. */
struct stranger {
    char public_key[TROUPE_KEY_BYTES];
    char secret_key[TROUPE_KEY_BYTES];
    void *context;
    void *sockets[2];
};

/* The guest and the stranger stand in the list. */
static void let_in(struct scene *scene, struct stranger *stranger)
{
    assert_int_equal(zmq_curve_keypair(stranger->public_key, stranger->secret_key), 0);
    FILE *file = fopen(scene->list, "we");
    assert_non_null(file);
    assert_true(fprintf(file, "guest-1 %s all\nguest-2 %s all\n", scene->guest_key,
                        stranger->public_key) > 0);
    assert_int_equal(fclose(file), 0);
    assert_ok(troupe_node_reload_keys(scene->server));
    assert_ends(scene, false, "OK");
}

static void dial(const struct scene *scene, struct stranger *stranger)
{
    char answer = 0;
    const int none = 0;
    stranger->context = zmq_ctx_new();
    for (int i = 0; i < 2; i++) {
        void *socket = zmq_socket(stranger->context, ZMQ_DEALER);
        char id[18] = "c0123456789abcdef";
        id[0] = i == 0 ? 'c' : 'd';
        assert_int_equal(zmq_setsockopt(socket, ZMQ_ROUTING_ID, id, 17), 0);
        assert_int_equal(zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none), 0);
        assert_int_equal(
            zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, scene->server_key, TROUPE_KEY_BYTES), 0);
        assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, stranger->public_key, 41), 0);
        assert_int_equal(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, stranger->secret_key, 41), 0);
        assert_int_equal(zmq_connect(socket, scene->endpoint), 0);
        assert_int_equal(zmq_send(socket, "", 0, 0), 0);
        stranger->sockets[i] = socket;
    }
    assert_true(zmq_recv(stranger->sockets[0], &answer, 1, 0) >= 0);
}

/* It says that it is the guest. */
static void greet_as_guest(const struct scene *scene, const struct stranger *stranger)
{
    unsigned char data[TR_GREETING_BYTES_MAX];
    const tr_greeting greeting = tr_greeting_of(troupe_node_id(scene->guest), "guest");
    const size_t size = tr_greeting_write(&greeting, data);
    assert_int_equal(zmq_send(stranger->sockets[0], data, size, 0), size);
}

static void hang_up(struct stranger *stranger)
{
    for (int i = 0; i < 2; i++) {
        assert_int_equal(zmq_close(stranger->sockets[i]), 0);
    }
    assert_int_equal(zmq_ctx_term(stranger->context), 0);
}

/* Promise: KEYS-RELOAD */
static void who_has_not_greeted_yet_is_cut_off_too(void **state)
{
    struct scene *scene = *state;
    struct stranger stranger;
    let_in(scene, &stranger);
    dial(scene, &stranger);
    reload_with(scene, "all");
    assert_int_equal(scene->cuts, 1);
    assert_ends(scene, false, "OK");
    hang_up(&stranger);
}

/* Promise: KEYS-IDENTITY */
static void nobody_is_taken_for_a_node_with_another_key(void **state)
{
    struct scene *scene = *state;
    struct stranger stranger;
    let_in(scene, &stranger);
    dial(scene, &stranger);
    greet_as_guest(scene, &stranger);
    until(&scene->impostors, 1);
    assert_ends(scene, false, "OK");
    assert_int_equal(scene->interrupted, 0);
    hang_up(&stranger);
}

/* An actor as docs/security.md shows it. */
static troupe_error reloads(troupe_self *self, void *argument)
{
    troupe_node *node = argument;
    troupe_signal_watch watch;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_watch_signal(self, SIGHUP, 0, &watch);
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (!error) {
            (void) !troupe_node_reload_keys(node); /* the log says it */
        }
    }
    return error;
}

/* Promise: KEYS-RELOAD */
static void an_actor_reloads_at_sighup(void **state)
{
    struct scene *scene = *state;
    (void) a_root_of(scene->server, TROUPE_SPAWN(.body = reloads, .argument = scene->server,
                                                 .start_timeout = TROUPE_WITHIN_S(20)));
    reload_with(scene, "all");
    assert_ends(scene, false, "OK");
    write_list(scene, NULL);
    const uint64_t limit_ns = tr_clock_real().now_ns(NULL) + UINT64_C(20000000000);
    while (scene->cuts == 0) { /* the watch may begin after the first */
        assert_true(tr_clock_real().now_ns(NULL) < limit_ns);
        if (scene->reloads < 2) {
            assert_int_equal(raise(SIGHUP), 0);
        }
        (void) sched_yield();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_has_no_role_is_told_so, set, drop),
        cmocka_unit_test_setup_teardown(who_is_no_longer_in_the_list_is_cut_off, set, drop),
        cmocka_unit_test_setup_teardown(who_is_refused_gives_up_if_it_is_to, set, drop),
        cmocka_unit_test_setup_teardown(a_bad_list_changes_nothing, set, drop),
        cmocka_unit_test_setup_teardown(who_has_not_greeted_yet_is_cut_off_too, set, drop),
        cmocka_unit_test_setup_teardown(nobody_is_taken_for_a_node_with_another_key, set, drop),
        cmocka_unit_test_setup_teardown(an_actor_reloads_at_sighup, set, drop),
    };
    (void) signal(SIGHUP, SIG_IGN); /* until an actor watches it */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
