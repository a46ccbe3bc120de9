/* SPDX-License-Identifier: MIT */
/* The command `troupe node`, run as a service: COMMAND is where it lies, MODULES the folder of the
 * tests' modules, SHOP the module of the examples. */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <troupe/troupe.h>
#include <unistd.h>

#include "integration/program.h"
#include "integration/service.h"
#include "support/node_fixture.h"
#include "support/numbered.h"
#include "till.pb-c.h"

static const troupe_type block_type = TROUPE_SIGNAL("block");
static const troupe_type sleep_type = TROUPE_SIGNAL("sleep");

/* A folder of the test's, a service, and a node beside it. */
struct scene {
    char folder[64];
    char key_file[96];
    char allowed_file[96];
    char lock_file[96];
    char own_file[96];
    char key[TROUPE_KEY_BYTES];
    char own_key[TROUPE_KEY_BYTES];
    int lock;
    struct service service;
    troupe_node *node;
    struct probe *said;
    const char *told;        /* the actor there, */
    const troupe_type *type; /* and what is sent to it */
    _Atomic uint32_t left;
    _Atomic uint32_t lost;
    _Atomic uint32_t named; /* lines that name the service, as important as a notice or more */
};

static void write_log(void *context, troupe_log_level level, const char *text)
{
    struct scene *scene = context;
    (void) level;
    scene->left += strstr(text, " has left") != NULL ? 1 : 0;
    scene->lost += strstr(text, "is lost; who waits") != NULL ? 1 : 0;
    scene->named += strstr(text, "served") != NULL ? 1 : 0;
}

static void write_list(const struct scene *scene, const char *line)
{
    FILE *file = fopen(scene->allowed_file, "we");
    assert_non_null(file);
    assert_true(fputs(line, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int open_scene(void **state)
{
    static struct scene scene;
    char line[128];
    memset(&scene, 0, sizeof scene);
    (void) snprintf(scene.folder, sizeof scene.folder, "/tmp/troupe-node-XXXXXX");
    assert_non_null(mkdtemp(scene.folder));
    (void) snprintf(scene.key_file, sizeof scene.key_file, "%s/key", scene.folder);
    (void) snprintf(scene.own_file, sizeof scene.own_file, "%s/own", scene.folder);
    (void) snprintf(scene.allowed_file, sizeof scene.allowed_file, "%s/allowed", scene.folder);
    (void) snprintf(scene.lock_file, sizeof scene.lock_file, "%s/lock", scene.folder);
    assert_ok(troupe_key_file_create(scene.key_file, NULL, scene.key, sizeof scene.key));
    assert_ok(troupe_key_file_create(scene.own_file, NULL, scene.own_key, sizeof scene.own_key));
    (void) snprintf(line, sizeof line, "tester %s all\n", scene.own_key);
    write_list(&scene, line);
    scene.lock = open(scene.lock_file, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    assert_true(scene.lock >= 0);
    assert_int_equal(setenv("TROUPE_TEST_LOCK", scene.lock_file, 1), 0);
    scene.said = a_probe();
    *state = &scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    if (scene->node != NULL) {
        drop_node(&scene->node);
    }
    drop_service(&scene->service);
    drop_probe(&scene->said);
    assert_int_equal(close(scene->lock), 0);
    assert_int_equal(unlink(scene->lock_file), 0);
    assert_int_equal(unlink(scene->allowed_file), 0);
    assert_int_equal(unlink(scene->own_file), 0);
    assert_int_equal(unlink(scene->key_file), 0);
    assert_int_equal(rmdir(scene->folder), 0);
    return 0;
}

/* Starts the service with this module, and the node of the test, which dials it. */
static void begin(struct scene *scene, const char *module, const char *drain_ms,
                  uint64_t watchdog_us)
{
    const char *const arguments[] = {"--name=served",
                                     "--listen",
                                     "tcp://127.0.0.1:*",
                                     "--key-file",
                                     scene->key_file,
                                     "--allowed-file",
                                     scene->allowed_file,
                                     "--load",
                                     module,
                                     "--workers",
                                     "1",
                                     "--spares",
                                     "1",
                                     "--drain-ms",
                                     drain_ms,
                                     NULL};
    scene->service = a_service(COMMAND, arguments, watchdog_us);
    service_get_ready(&scene->service);
    const troupe_peer peer = {.endpoint = scene->service.endpoint, .key = scene->key};
    const troupe_log log = {.write = write_log, .context = scene, .level = TROUPE_LOG_NOTICE};
    scene->node =
        a_node(TROUPE_NODE_OPTIONS(.name = "tester", .workers = 1, .log = &log, .peers = &peer,
                                   .peer_count = 1, .key_file = scene->own_file));
}

/* Actors of the test's node. */

static troupe_error buy(troupe_self *self, troupe_ref till, uint32_t count, struct probe *said)
{
    char item[] = "apples";
    Shop__Order order = SHOP__ORDER__INIT;
    order.item = item;
    order.count = count;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    const troupe_error error = troupe_ask(self, till, &order.base, TROUPE_WITHIN_S(60), &reply);
    const Shop__Receipt *receipt =
        error ? NULL : troupe_message_as(reply, &shop__receipt__descriptor);
    probe_say(said, "%s, %u to pay", troupe_error_name(error),
              receipt != NULL ? receipt->total : 0);
    return error;
}

/* Buys at the till that is there, and at one that it has spawned; then it waits for that one's
 * end. */
static troupe_error shops(troupe_self *self, void *argument)
{
    const struct scene *scene = argument;
    const uint64_t node = scene->service.node;
    troupe_ref till;
    troupe_monitor_id monitor;
    troupe_ready(self);
    troupe_error error = troupe_learn(self, &shop__receipt__descriptor);
    error = error ? error : lookup_when_there(self, node, "till", &till);
    error = error ? error : buy(self, till, 4, scene->said);
    error = error ? error
                  : troupe_spawn_on(self, node,
                                    TROUPE_SPAWN_ON(.name = "till.1", .out_monitor = &monitor,
                                                    .timeout = TROUPE_WITHIN_S(60)),
                                    &till);
    error = error ? error : buy(self, till, 5, scene->said);
    probe_say(scene->said, "%s", troupe_error_name(error));
    TROUPE_AUTO(troupe_message) *message = NULL;
    error = error ? error : troupe_receive(self, &message, TROUPE_WITHIN_S(60));
    const troupe_down *down = error ? NULL : troupe_message_struct(message, &troupe_down_type);
    probe_say(scene->said, "%s, %s", troupe_error_name(error),
              down == NULL                         ? "something"
              : down->kind == TROUPE_DOWN_SHUTDOWN ? "down SHUTDOWN"
                                                   : "down");
    return TROUPE_OK;
}

/* Sends to an actor there, and hears from one that is to sleep. */
static troupe_error tells(troupe_self *self, void *argument)
{
    const struct scene *scene = argument;
    troupe_ref told;
    troupe_ready(self);
    troupe_error error = lookup_when_there(self, scene->service.node, scene->told, &told);
    if (!error && scene->type == &sleep_type) {
        TROUPE_AUTO(troupe_message) *reply = NULL;
        error = troupe_learn_type(self, &answer_type);
        error = error
                    ? error
                    : troupe_ask_struct(self, told, &sleep_type, NULL, TROUPE_WITHIN_S(60), &reply);
    } else if (!error) {
        error = troupe_send_struct(self, told, scene->type, NULL);
    }
    probe_say(scene->said, "told %s", troupe_error_name(error));
    return TROUPE_OK;
}

static void tell(struct scene *scene, const char *name, const troupe_type *type)
{
    scene->told = name;
    scene->type = type;
    probe_clear(scene->said);
    (void) a_root_of(scene->node, TROUPE_SPAWN(.body = tells, .argument = scene));
    assert_true(probe_wait_for(scene->said, "told OK"));
}

/* Tests. */

/* Promise: SERVICE-MODULE, SERVICE-STOPS */
static void runs_a_module_and_leaves_in_order(void **state)
{
    struct scene *scene = *state;
    begin(scene, SHOP, "60000", 0);
    (void) a_root_of(scene->node, TROUPE_SPAWN(.body = shops, .argument = scene));
    assert_true(probe_wait(scene->said, 3));
    assert_said(scene->said, "OK, 12 to pay", "OK, 15 to pay", "OK");
    assert_int_equal(kill(scene->service.pid, SIGTERM), 0);
    service_hear_until(&scene->service, "STOPPING=1");
    assert_true(probe_wait(scene->said, 4));
    assert_string_equal(probe_line(scene->said, 3), "OK, down SHUTDOWN");
    assert_int_equal(service_end(&scene->service), 0);
    service_hear_until(&scene->service, "STATUS=stopped");
    service_assert_logged(&scene->service, ", 1 module, 0 nodes to join");
    drop_node(&scene->node);
    assert_int_equal(scene->left, 1);
    assert_int_equal(scene->lost, 0);
    assert_int_equal(scene->named, 2); /* it came, and it left */
}

/* Promise: SERVICE-WATCHDOG */
static void a_stuck_worker_keeps_the_watchdog_waiting(void **state)
{
    struct scene *scene = *state;
    struct service *service = &scene->service;
    begin(scene, MODULES "/test_module.so", "60000", 100000);
    for (int i = 0; i < 3; i++) {
        service_hear_until(service, "WATCHDOG=1");
    }
    /* One blocks the worker, one the spare that has taken it over. */
    assert_int_equal(flock(scene->lock, LOCK_EX), 0);
    tell(scene, "one", &block_type);
    tell(scene, "other", &block_type);
    service_hear_until(service, "STATUS=worker 0 does not answer");
    for (int i = 0; i < 5; i++) {
        service_hear(service);
        assert_string_equal(service->said, "STATUS=worker 0 does not answer");
    }
    assert_int_equal(flock(scene->lock, LOCK_UN), 0);
    service_hear_until(service, "WATCHDOG=1\nSTATUS=node ");
    for (int i = 0; i < 3; i++) {
        service_hear_until(service, "WATCHDOG=1");
    }
    assert_int_equal(kill(service->pid, SIGTERM), 0);
    assert_int_equal(service_end(service), 0);
}

/* Promise: SERVICE-STOPS */
static void a_second_signal_hurries(void **state)
{
    struct scene *scene = *state;
    begin(scene, MODULES "/test_module.so", "3600000", 0);
    tell(scene, "one", &sleep_type); /* for an hour */
    assert_int_equal(kill(scene->service.pid, SIGTERM), 0);
    service_assert_logged(&scene->service, "told to stop by a signal");
    assert_int_equal(kill(scene->service.pid, SIGTERM), 0);
    service_assert_logged(&scene->service, "told to stop by a second signal: it waits no more");
    service_assert_logged(&scene->service, "before another signal came");
    service_hear_until(&scene->service, "STATUS=stopped");
    assert_int_equal(service_end(&scene->service), 0);
}

/* Promise: SERVICE-RELOADS */
static void reads_the_allow_list_again_at_sighup(void **state)
{
    struct scene *scene = *state;
    struct service *service = &scene->service;
    begin(scene, SHOP, "60000", 0);
    write_list(scene, "this is no key\n");
    assert_int_equal(kill(service->pid, SIGHUP), 0);
    service_hear(service);
    assert_non_null(strstr(service->said, "RELOADING=1\nMONOTONIC_USEC="));
    service_hear(service);
    assert_non_null(strstr(service->said, "READY=1\nSTATUS=node "));
    assert_non_null(strstr(service->said, "its new allow-list is bad"));
    write_list(scene, "# nobody\n");
    assert_int_equal(kill(service->pid, SIGHUP), 0);
    service_hear_until(service, "READY=1");
    assert_null(strstr(service->said, "is bad"));
    service_assert_logged(service, "is read again");
    assert_int_equal(kill(service->pid, SIGTERM), 0);
    assert_int_equal(service_end(service), 0);
}

/* Promise: SERVICE-FAILS */
static void ends_when_a_supervisor_gives_up(void **state)
{
    struct scene *scene = *state;
    const char *const arguments[] = {"--load", MODULES "/ending_module.so", NULL};
    scene->service = a_service(COMMAND, arguments, 0);
    service_hear_until(&scene->service, "STATUS=failed, for a reason");
    assert_int_equal(service_end(&scene->service), 1);
    service_assert_logged(&scene->service, "the till is broken");
}

static void ends(const char *arguments, int status, const char *err)
{
    char command[1024];
    (void) snprintf(command, sizeof command, "'%s' node %s", COMMAND, arguments);
    struct program program = program_run(command);
    assert_int_equal(program.status, status);
    if (strstr(program.err, err) == NULL) {
        fail_msg("'%s' is not in '%s'", err, program.err);
    }
    program_fini(&program);
}

/* Promise: SERVICE-FAILS */
static void says_what_is_wrong_with_a_module(void **state)
{
    (void) state;
    ends("--load /none/module.so", 1,
         "troupe node: --load /none/module.so: cannot open shared object file");
    ends("--load none.so", 1, "perhaps ./FILE is meant");
    ends("--load ./README.md", 1, "--load ./README.md: invalid ELF header");
    ends("--load '" LIBRARY "'", 1, "it has no troupe_module_entry");
    ends("--load '" MODULES "/tomorrows_module.so'", 1,
         "it is a module of version 2, and this node takes version 1");
    ends("--load '" MODULES "/empty_module.so'", 1, "it has neither .start nor .supervisor");
    ends("--load '" MODULES "/failing_module.so'", 1, "module 'failing' (" MODULES);
    ends("--load '" MODULES "/failing_module.so'", 1, "there is no till");
}

/* Promise: SERVICE-FAILS */
static void says_what_it_did_not_understand(void **state)
{
    (void) state;
    ends("--listen", 2, "troupe node: --listen: its value is missing");
    ends("--listen=", 2, "--listen: its value is missing");
    ends("--load", 2, "--load: its value is missing");
    ends("--nam x", 2, "there is no option '--nam'");
    ends("x", 2, "there is no option 'x'");
    ends("--workers 65", 2, "--workers: '65' is not a number from 1 to 64");
    ends("--workers -1", 2, "is not a number");
    ends("--plain here", 2, "is neither 'loopback' nor 'anywhere'");
    ends("--compress zip", 2, "is neither 'lz4' nor 'none'");
    ends("--log-level loud", 2, "'loud' is not error, warning");
    ends("--listen tcp://127.0.0.1:1", 1, "keys are needed");
    ends("--join 'tcp://127.0.0.1:1=k=y'", 1, "to dial with keys the node needs keys of its own");
    ends("--join tcp://127.0.0.1:1 --key-file /none", 1, "/none");
}

/* Nothing but this line is on stderr. */
static void says_only(const char *arguments, const char *line)
{
    char command[1024];
    (void) snprintf(command, sizeof command, "'%s' node %s", COMMAND, arguments);
    struct program program = program_run(command);
    assert_int_equal(program.status, 1);
    assert_string_equal(program.err, line);
    program_fini(&program);
}

/* Promise: SERVICE-FAILS */
static void says_once_what_is_wrong_with_a_file(void **state)
{
    const struct scene *scene = *state;
    char arguments[512];
    char line[256];
    write_list(scene, "# name key roles\nno line\n");
    (void) snprintf(arguments, sizeof arguments,
                    "--listen 'tcp://127.0.0.1:*' --key-file %s --allowed-file %s", scene->key_file,
                    scene->allowed_file);
    (void) snprintf(line, sizeof line,
                    "ERROR node 'node': %s:2: a line should be NAME KEY ROLES, as 'worker-1 KEY "
                    "send,monitor'\n",
                    scene->allowed_file);
    says_only(arguments, line);
    says_only("--listen tcp://127.0.0.1:1 --key-file /none",
              "ERROR node 'node': /none: No such file or directory\n");
    says_only(
        "--listen tcp://192.0.2.1:7400 --plain anywhere",
        "ERROR node 'node': cannot listen at tcp://192.0.2.1:7400 (BAD_ARGUMENT); it should "
        "be like tcp://*:7400, with an address of this machine and a port that nobody uses\n");
}

int main(void)
{
#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)
    const struct CMUnitTest tests[] = {
        IN_SCENE(runs_a_module_and_leaves_in_order),
        IN_SCENE(a_stuck_worker_keeps_the_watchdog_waiting),
        IN_SCENE(a_second_signal_hurries),
        IN_SCENE(reads_the_allow_list_again_at_sighup),
        IN_SCENE(ends_when_a_supervisor_gives_up),
        IN_SCENE(says_once_what_is_wrong_with_a_file),
        cmocka_unit_test(says_what_is_wrong_with_a_module),
        cmocka_unit_test(says_what_it_did_not_understand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
