/* SPDX-License-Identifier: MIT */
/* `troupe ps`, `tree`, `peers` and `waits` on a node over loopback. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <troupe/troupe.h>
#include <unistd.h>

#include "integration/commands.h"
#include "support/node_fixture.h"

#define CROWD 10000

struct scene {
    troupe_node *node;
    char endpoint[64];
};

static int open_scene(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    scene->node = a_node(
        TROUPE_NODE_OPTIONS(.name = "stage", .workers = 2, .drain_timeout = TROUPE_NOW,
                            .listen = "tcp://127.0.0.1:*", .plain = TROUPE_PLAIN_ON_LOOPBACK));
    assert_ok(troupe_node_endpoint(scene->node, scene->endpoint, sizeof scene->endpoint));
    command_reach(scene->endpoint, NULL, NULL);
    *state = scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    drop_node(&scene->node);
    command_reach(NULL, NULL, NULL);
    free(scene);
    return 0;
}

/* What a command writes when all workers have answered it: on a machine with much to do one may be
 * late. */
#define ALL                                                                                        \
    "all() { until out=$(troupe \"$@\") && [[ $out == *'\"silent_workers\": []'* ]]; do :; done;"  \
    " echo \"$out\"; }; all "

/* Promise: COMMAND-PS */
static void ten_thousand_actors_are_listed(void **state)
{
    struct scene *scene = *state;
    struct idlers idlers = {.probe = a_probe(), .count = CROWD};
    (void) a_root_of(scene->node,
                     TROUPE_SPAWN(.name = "crowd", .body = idlers_body, .argument = &idlers));
    assert_true(probe_wait_for(idlers.probe, "OK"));
    command_shows(ALL "ps --json --over 0.01",
                  "sum(a[\"behavior\"] == \"member\" for a in d[\"actors\"])", "10000");
    command_shows("troupe ps --json --over 0.01",
                  "len({a[\"ref\"] for a in d[\"actors\"]}) =="
                  " len(d[\"actors\"])",
                  "True");
    command_shows(ALL "tree --json",
                  "[len(r[\"children\"]) for r in d[\"roots\"]"
                  " if r[\"actor\"][\"name\"] == \"crowd\"]",
                  "[10000]");
    command_ends("until [[ $(troupe ps | grep -c member) == 10000 ]]; do :; done", 0, NULL, NULL);
    command_ends("until [[ $(troupe tree | grep -c '^  [0-9.]* (member)') == 10000 ]]; do :; done",
                 0, NULL, NULL);
    drop_probe(&idlers.probe);
}

/* Promise: COMMAND-OWN */
static void the_nodes_own_actors_are_shown_if_wanted(void **state)
{
    struct scene *scene = *state;
    (void) a_root_of(scene->node, TROUPE_SPAWN(.name = "alpha", .body = idle_body));
    command_shows("troupe ps --json --over 0.01",
                  "[(a[\"name\"], a[\"role\"], a[\"serves\"]) for a in d[\"actors\"]]",
                  "[('alpha', None, None)]");
    command_shows("troupe top --json --every 0.01 --count 1",
                  "d[\"actor_count\"], [a[\"name\"] for a in d[\"actors\"]]", "1 ['alpha']");
    command_shows("troupe tree --json",
                  "[(r[\"actor\"][\"name\"], len(r[\"children\"])) for r in d[\"roots\"]]",
                  "[('alpha', 0)]");
    command_shows("troupe ps --json --all --over 0.01",
                  "sorted({(a[\"role\"] or a[\"name\"], a[\"serves\"] != None)"
                  " for a in d[\"actors\"]})",
                  "[('alpha', False), ('border', False), ('carrier', True), ('entrance', True), "
                  "('inspect', False), ('outlet', True)]");
    command_ends("troupe ps --all", 0, "[carrier to command]", NULL);
    command_ends("troupe tree --all", 0, "\n  [entrance from command] ", NULL);
    command_ends("troupe tree --all | grep '^troupe.inspect'", 0, "(coroutine)", NULL);
    command_ends("troupe top --all --every 0.01 --count 1", 0, "[border]", NULL);
}

static const troupe_behavior member = TROUPE_BEHAVIOR(.name = "member");

static troupe_error offers(troupe_self *self, void *argument)
{
    const troupe_error error =
        troupe_offer(self, "member.1", TROUPE_SPAWN(.behavior = &member), NULL);
    probe_say(argument, "offers %s", troupe_error_name(error));
    return error ? error : idle_body(self, NULL);
}

static troupe_error spawns_there(troupe_self *self, void *argument)
{
    uint64_t node = 0;
    troupe_ref ref;
    troupe_error error = troupe_await_node(self, "stage", TROUPE_WITHIN_S(60), &node);
    error = error ? error
                  : troupe_spawn_on(
                        self, node,
                        TROUPE_SPAWN_ON(.name = "member.1", .timeout = TROUPE_WITHIN_S(60)), &ref);
    probe_say(argument, "spawns %s", troupe_error_name(error));
    return error;
}

/* Promise: COMMAND-OWN */
static void what_others_have_spawned_is_the_programs(void **state)
{
    struct scene *scene = *state;
    struct probe *probe = a_probe();
    const troupe_peer peer = {.endpoint = scene->endpoint};
    troupe_node *other =
        a_node(TROUPE_NODE_OPTIONS(.name = "other", .workers = 1, .peers = &peer, .peer_count = 1,
                                   .plain = TROUPE_PLAIN_ON_LOOPBACK));
    (void) a_root_of(scene->node, TROUPE_SPAWN(.body = offers, .argument = probe));
    assert_true(probe_wait_for(probe, "offers OK"));
    (void) a_root_of(other, TROUPE_SPAWN(.body = spawns_there, .argument = probe));
    assert_true(probe_wait_for(probe, "spawns OK"));
    command_shows("troupe tree --json",
                  "[r[\"actor\"][\"parent\"] for r in d[\"roots\"]"
                  " if r[\"actor\"][\"behavior\"] == \"member\"]",
                  "[None]");
    command_shows("troupe ps --json --all --over 0.01",
                  "[a[\"role\"] for a in d[\"actors\"]"
                  " if a[\"behavior\"] in (\"member\", \"nursery\")]",
                  "['nursery', None]");
    drop_node(&other);
    drop_probe(&probe);
}

static const troupe_type stone_type = TROUPE_SIGNAL("stone");

static troupe_error sleeps_full(troupe_self *self, void *argument)
{
    (void) argument;
    for (int i = 0; i < 3; i++) {
        (void) !troupe_send_struct(self, troupe_self_ref(self), &stone_type, NULL);
    }
    (void) !troupe_sleep(self, TROUPE_FOREVER);
    return TROUPE_OK;
}

/* Promise: COMMAND-PS */
static void ps_sorts_and_cuts(void **state)
{
    struct scene *scene = *state;
    (void) a_root_of(scene->node, TROUPE_SPAWN(.name = "alpha", .body = idle_body));
    (void) a_root_of(scene->node,
                     TROUPE_SPAWN(.name = "full", .body = sleeps_full, .mailbox_capacity = 8));
    (void) a_root_of(scene->node, TROUPE_SPAWN(.name = "beta", .body = idle_body));
    command_shows("troupe ps --json --sort depth --top 1 --over 0.01",
                  "[(a[\"name\"], a[\"depth\"], a[\"state\"]) for a in d[\"actors\"]]",
                  "[('full', 3, 'time')]");
    command_shows("troupe ps --json --sort name --top 2 --over 0.01",
                  "\" \".join(a[\"name\"] for a in d[\"actors\"])", "alpha beta");
    command_ends("troupe ps --sort name --top 1", 0, "ACTOR", NULL);
    command_ends("troupe ps --sort weight", 2, NULL, "--sort takes id, depth");
    command_ends("troupe ps --top many", 2, NULL, "--top: takes a whole number");
    command_ends("troupe ps --over 0", 2, NULL, "--over: takes a number of seconds");
    command_ends("troupe ps --colour", 2, NULL, "--colour: there is no such option");
    command_ends("troupe ps now", 2, NULL, "there are only options");
}

/* Asks the one at `argument`, for ever. */
static troupe_error asks(troupe_self *self, void *argument)
{
    const troupe_ref *other = argument;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    (void) !troupe_ask_struct(self, *other, &stone_type, NULL, TROUPE_FOREVER, &reply);
    return TROUPE_OK;
}

/* Is ready when its parent, which waits for that, has answered. */
static troupe_error asks_its_parent(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    (void) !troupe_ask_struct(self, troupe_self_parent(self), &stone_type, NULL, TROUPE_FOREVER,
                              &reply);
    return TROUPE_OK;
}

static troupe_error waits_for_its_child(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_ref kid;
    (void) !troupe_spawn(self,
                         TROUPE_SPAWN(.name = "kid", .body = asks_its_parent,
                                      .ready_when = TROUPE_READY_WHEN_SAID,
                                      .start_timeout = TROUPE_FOREVER),
                         &kid);
    return TROUPE_OK;
}

/* Promise: COMMAND-WAITS */
static void a_ring_is_shown(void **state)
{
    struct scene *scene = *state;
    (void) a_root_of(scene->node, TROUPE_SPAWN(.name = "mother", .body = waits_for_its_child));
    command_ends("until troupe waits | grep -q kid; do :; done; troupe waits", 0, "1 ring: ", NULL);
    command_shows("troupe waits --json",
                  "d[\"rings\"], [(w[\"actor\"][\"name\"], w[\"actor\"][\"state\"], w[\"ring\"])"
                  " for w in d[\"waits\"]]",
                  "1 [('mother', 'start', 1), ('kid', 'reply', 1)]");
}

/* Promise: COMMAND-WAITS */
static void waits_are_shown(void **state)
{
    struct scene *scene = *state;
    troupe_ref deaf = a_root_of(
        scene->node, TROUPE_SPAWN(.name = "deaf", .body = sleeps_full, .mailbox_capacity = 8));
    (void) a_root_of(scene->node, TROUPE_SPAWN(.name = "asker", .body = asks, .argument = &deaf));
    command_shows("troupe waits --json",
                  "[(w[\"actor\"][\"name\"], w[\"actor\"][\"state\"], w[\"ring\"]) for w in"
                  " d[\"waits\"] if w[\"actor\"][\"name\"]]",
                  "[('asker', 'reply', 0)]");
    command_ends("troupe waits", 0, "deaf", NULL);
}

static const troupe_type ball_type = TROUPE_SIGNAL("ball");

/* Sends itself a ball each time it has one. */
static troupe_error plays(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *ball = NULL;
    troupe_error error = troupe_send_struct(self, troupe_self_ref(self), &ball_type, NULL);
    while (!error) {
        error = troupe_receive(self, &ball, TROUPE_FOREVER);
        error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(1));
        error = error ? error : troupe_send_struct(self, troupe_self_ref(self), &ball_type, NULL);
    }
    return TROUPE_OK;
}

/* Promise: COMMAND-TOP */
static void top_shows_who_is_busy(void **state)
{
    struct scene *scene = *state;
    (void) a_root_of(scene->node, TROUPE_SPAWN(.name = "idle", .body = idle_body));
    (void) a_root_of(scene->node, TROUPE_SPAWN(.name = "player", .body = plays));
    command_ends("troupe top --every 0.2 --count 3 --top 1 | grep -c player", 0, "3", NULL);
    command_ends("troupe top --every 0.2 --count 2 | grep -c messages/s", 0, "2", NULL);
    command_shows("troupe top --json --every 0.2 --count 1 --top 1",
                  "d[\"rate\"] > 0, d[\"actor_count\"], [(a[\"name\"], a[\"rate\"] > 0)"
                  " for a in d[\"actors\"]]",
                  "True 2 [('player', True)]");
    command_ends("troupe top --sort weight", 2, NULL, "--sort takes");
}

/* Promise: COMMAND-TOP */
static void top_is_no_larger_than_its_terminal(void **state)
{
    const struct scene *scene = *state;
    for (int i = 0; i < 10; i++) {
        (void) a_root_of(scene->node, TROUPE_SPAWN(.body = idle_body));
    }
    command_ends(
        "python3 -c '\n"
        "import fcntl, os, pty, struct, termios\n"
        "pid, fd = pty.fork()\n"
        "if pid == 0:\n"
        "    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack(\"HHHH\", 6, 30, 0, 0))\n"
        "    os.execl(\"" COMMAND
        "\", \"troupe\", \"top\", \"--count\", \"1\",\n"
        "             \"--every\", \"0.1\", \"--top\", \"0\")\n"
        "seen = b\"\"\n"
        "try:\n"
        "    while more := os.read(fd, 4096): seen += more\n"
        "except OSError: pass\n" /* so a terminal's other side ends */
        "print(os.waitpid(pid, 0)[1], seen.count(b\"\\n\"), seen[:12], seen[-5:])\n"
        "'",
        0, "0 5 b'\\x1b[H\\x1b[2J\\x1b[?7l' b'\\x1b[?7h'\n", NULL);
}

/* Promise: COMMAND-PEERS */
static void peers_are_shown(void **state)
{
    struct scene *scene = *state;
    const troupe_peer peer = {.endpoint = scene->endpoint};
    troupe_node *other =
        a_node(TROUPE_NODE_OPTIONS(.name = "other", .workers = 1, .peers = &peer, .peer_count = 1,
                                   .plain = TROUPE_PLAIN_ON_LOOPBACK));
    command_ends("until troupe peers | grep -q other; do :; done; troupe peers", 0, "up", NULL);
    command_shows("troupe peers --json",
                  "d[\"name\"], [(p[\"name\"], p[\"state\"], p[\"roles\"]) for p in d[\"peers\"]]",
                  "stage [('other', 'up', 'all')]");
    drop_node(&other);
}

/* A port that is taken, and nobody listens there. */
static int a_deaf_port(unsigned *out_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *) &address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *) &address, &size), 0);
    *out_port = ntohs(address.sin_port);
    return fd;
}

static void nobody_listens(void)
{
    char line[512];
    char said[128];
    unsigned port = 0;
    const int fd = a_deaf_port(&port);
    (void) snprintf(line, sizeof line, "troupe ps --node tcp://127.0.0.1:%u --timeout 0.5", port);
    (void) snprintf(said, sizeof said,
                    "troupe ps: tcp://127.0.0.1:%u: there is no connection in time", port);
    command_ends(line, 1, NULL, said);
    (void) snprintf(line, sizeof line,
                    "coproc P { exec '" COMMAND
                    "' ps --node tcp://127.0.0.1:%u --timeout 60 2>&1; };"
                    " p=$P_PID; exec {f}<&${P[0]}; read -r -u $f line; kill -INT $p; cat <&$f;"
                    " wait $p",
                    port);
    command_ends(line, 1, "there is no connection: the node or the actor is stopping", NULL);
    assert_int_equal(close(fd), 0);
}

/* Promise: COMMAND-REACH */
static void says_why_a_node_is_not_reached(void **state)
{
    (void) state;
    nobody_listens();
    command_ends("troupe ps --node 127.0.0.1:1", 1, NULL, "an endpoint should be like tcp://");
    command_ends("troupe ps --node tcp://192.0.2.1:7400", 1, NULL, "without keys");
    command_ends("troupe ps --key-file /none", 2, NULL, "--key-file and --peer-key go together");
    command_ends("TROUPE_NODE= troupe ps", 2, NULL, "--node ENDPOINT is missing");
    command_ends("troupe ps >/dev/full", 1, NULL, "cannot be written");
    troupe_node *closed = a_node(
        TROUPE_NODE_OPTIONS(.name = "closed", .workers = 1, .listen = "tcp://127.0.0.1:*",
                            .inspect = TROUPE_INSPECT_OFF, .plain = TROUPE_PLAIN_ON_LOOPBACK));
    char endpoint[64];
    assert_ok(troupe_node_endpoint(closed, endpoint, sizeof endpoint));
    command_reach(endpoint, NULL, NULL);
    command_ends("troupe ps", 1, NULL, "the node does not let itself be looked at");
    drop_node(&closed);
}

/* Promise: COMMAND-REACH */
static void says_so_when_it_is_given_up(void **state)
{
    (void) state;
    command_ends("coproc P { exec '" COMMAND
                 "' ps --over 60; }; p=$P_PID;"
                 " until troupe peers | grep -q command; do :; done; kill -INT $p; wait $p",
                 1, NULL, "it was given up: the node or the actor is stopping");
}

/* What comes behind the names of all begins in the same column, be they of so many bytes or not.
 * Promise: COMMAND-PS */
static void columns_stand_below_each_other_in_any_language(void **state)
{
    const struct scene *scene = *state;
    static const troupe_behavior same = TROUPE_BEHAVIOR(.name = "the_same");
    (void) a_root_of(scene->node, TROUPE_SPAWN(.name = "cheese", .behavior = &same));
    (void) a_root_of(scene->node, TROUPE_SPAWN(.name = "K\u00e4se", .behavior = &same));
    (void) a_root_of(scene->node, TROUPE_SPAWN(.name = "\u0441\u044b\u0440", .behavior = &same));
    command_ends(
        "troupe ps | PYTHONUTF8=1 python3 -c 'import sys; print({l.index(\"the_same\")"
        " - l.index(s) for l in sys.stdin for s in [\"cheese\", \"K\u00e4se\","
        " \"\u0441\u044b\u0440\"] if s in l})'",
        0, "{8}", NULL);
}

/* What a terminal would obey is not written to it, whoever has made it up. In JSON it is escaped.
 * Promise: COMMAND-PLAIN */
static void names_do_nothing_to_a_terminal(void **state)
{
    (void) state;
    static const troupe_behavior evil = TROUPE_BEHAVIOR(.name = "wicked\033[2J\xc2\x9b");
    char endpoint[64];
    troupe_node *node = a_node(TROUPE_NODE_OPTIONS(.name = "bad\033]0;me\a\xc2\x9b", .workers = 1,
                                                   .listen = "tcp://127.0.0.1:*",
                                                   .plain = TROUPE_PLAIN_ON_LOOPBACK));
    (void) a_root_of(node, TROUPE_SPAWN(.name = "foul\033[31m\xc2\x9b!\xff", .behavior = &evil));
    assert_ok(troupe_node_endpoint(node, endpoint, sizeof endpoint));
    command_reach(endpoint, NULL, NULL);
    command_ends(
        "(troupe ps; troupe tree; troupe peers; troupe top --count 1 --every 0.1) |"
        " LC_ALL=C grep -c '[^ -~]'",
        1, "0", NULL);
    command_ends("troupe tree", 0, "foul?[31m?!? ", NULL);
    command_ends("troupe peers", 0, "'bad?]0;me", NULL);
    command_ends("troupe ps --json | LC_ALL=C grep -c '[^ -~]'", 1, "0", NULL);
    command_shows("troupe ps --json",
                  "ascii([a[\"name\"] for a in d[\"actors\"]"
                  " if a[\"behavior\"].startswith(\"wicked\")][0])",
                  "'foul\\x1b[31m\\x9b!?'");
    drop_node(&node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ten_thousand_actors_are_listed, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(the_nodes_own_actors_are_shown_if_wanted, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(what_others_have_spawned_is_the_programs, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(ps_sorts_and_cuts, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(columns_stand_below_each_other_in_any_language, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(waits_are_shown, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(a_ring_is_shown, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(top_shows_who_is_busy, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(top_is_no_larger_than_its_terminal, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(peers_are_shown, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(says_so_when_it_is_given_up, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(names_do_nothing_to_a_terminal, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(says_why_a_node_is_not_reached, open_scene, close_scene),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
