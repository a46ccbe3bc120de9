/* SPDX-License-Identifier: MIT */
/* Whole nodes: many workers with few descriptors, much traffic, programs that are told to stop. */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <troupe/troupe.h>
#include <unistd.h>

#include "support/node_fixture.h"

struct hop {
    uint32_t left;
    uint32_t from_worker;
};
static const troupe_type hop_type = TROUPE_TYPE(struct hop);

#define RING_MAX 64
#define HOPS_PER_MEMBER 20

/* A ring of actors, one a worker, through which one message goes round and round. */
struct ring {
    struct probe *probe;
    troupe_ref members[RING_MAX];
    _Atomic uint32_t ready;
    uint32_t count;
    uint32_t worker_changes; /* of the message; by whoever has it */
};

static troupe_error pass_on(troupe_self *self, struct ring *ring, const struct hop *hop)
{
    const uint32_t worker = troupe_self_worker(self);
    ring->worker_changes += worker != hop->from_worker ? 1 : 0;
    if (hop->left == 0) {
        probe_say(ring->probe, "round, %u changes", ring->worker_changes);
        return TROUPE_OK;
    }
    const struct hop next = {.left = hop->left - 1, .from_worker = worker};
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_message_create(self, &hop_type, &next, &message);
    return error ? error
                 : troupe_send_message(self, ring->members[(worker + 1) % ring->count], &message);
}

static troupe_error member_body(troupe_self *self, void *argument)
{
    struct ring *ring = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (!error && troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        error = pass_on(self, ring, troupe_message_struct(message, &hop_type));
    }
    return error;
}

static troupe_error first_body(troupe_self *self, void *argument)
{
    struct ring *ring = argument;
    const struct hop hop = {.left = ring->count * HOPS_PER_MEMBER,
                            .from_worker = troupe_self_worker(self)};
    return pass_on(self, ring, &hop);
}

static void go_round(uint32_t workers)
{
    troupe_node *node = a_node_of(workers);
    struct ring ring = {.probe = a_probe(), .count = workers};
    for (uint32_t i = 0; i < workers; i++) {
        ring.members[i] =
            a_root_of(node, TROUPE_SPAWN(.body = member_body, .argument = &ring,
                                         .place = TROUPE_PLACE_WORKER, .place_worker = i));
    }

    a_root_of(node, TROUPE_SPAWN(.body = first_body, .argument = &ring));

    assert_true(probe_wait(ring.probe, 1));
    char expected[64];
    const uint32_t changes = workers > 1 ? workers * HOPS_PER_MEMBER : 0;
    (void) snprintf(expected, sizeof expected, "round, %u changes", changes);
    assert_said(ring.probe, expected);
    drop_node(&node);
    drop_probe(&ring.probe);
}

/* Promise: NODE-WORKERS */
static void works_with_one_to_64_workers_and_1024_descriptors(void **state)
{
    (void) state;
    const uint32_t counts[] = {1, 2, 8, 64};
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit few = {.rlim_cur = 1024, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        go_round(counts[i]);
    }

    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* Promise: NODE-APART */
static void two_nodes_work_side_by_side(void **state)
{
    (void) state;
    troupe_node *nodes[2] = {a_node_of(2), a_node_of(2)};
    struct ring rings[2] = {{.probe = a_probe(), .count = 2}, {.probe = a_probe(), .count = 2}};
    for (uint32_t i = 0; i < 4; i++) {
        rings[i % 2].members[i / 2] = a_root_of(
            nodes[i % 2], TROUPE_SPAWN(.body = member_body, .argument = &rings[i % 2],
                                       .place = TROUPE_PLACE_WORKER, .place_worker = i / 2));
    }

    for (uint32_t i = 0; i < 2; i++) {
        a_root_of(nodes[i], TROUPE_SPAWN(.body = first_body, .argument = &rings[i]));
    }

    for (uint32_t i = 0; i < 2; i++) {
        assert_true(probe_wait(rings[i].probe, 1));
        assert_said(rings[i].probe, "round, 40 changes");
        drop_node(&nodes[i]);
        drop_probe(&rings[i].probe);
    }
}

#define OWN_THREADS 192

static troupe_error sleeper_body(troupe_self *self, void *argument)
{
    struct blocking *blocking = argument;
    (void) self;
    probe_say(blocking->probe, "here");
    latch_pass(blocking->latch);
    return TROUPE_OK;
}

/* Spawns as many actors with threads of their own as there may be, and one more. */
static troupe_error crowd_body(troupe_self *self, void *argument)
{
    struct blocking *blocking = argument;
    troupe_ref ref;
    troupe_error error = TROUPE_OK;
    unsigned count = 0;
    for (; !error; count++) {
        error = troupe_spawn_nowait(self,
                                    TROUPE_SPAWN(.body = sleeper_body, .argument = blocking,
                                                 .place = TROUPE_PLACE_OWN_THREAD),
                                    &ref);
    }
    probe_say(blocking->probe, "%u: %s", count, troupe_error_name(error));
    return TROUPE_OK;
}

/* Promise: NODE-OWN-THREADS */
static void has_192_threads_of_their_own_and_gets_them_back(void **state)
{
    (void) state;
    troupe_node *node = a_node(TROUPE_NODE_OPTIONS(.workers = 2, .own_threads_max = OWN_THREADS));

    for (unsigned round = 0; round < 2; round++) {
        struct blocking blocking = {.probe = a_probe(), .latch = a_latch()};
        uint64_t ended = 0;
        a_root_of(node, TROUPE_SPAWN(.body = crowd_body, .argument = &blocking));
        assert_true(probe_wait(blocking.probe, OWN_THREADS + 1));
        assert_int_equal(probe_count_of(blocking.probe, "here"), OWN_THREADS);
        assert_int_equal(probe_count_of(blocking.probe, "193: LIMIT_REACHED"), 1);
        latch_open(blocking.latch);
        while (ended < (round + UINT64_C(1)) * (OWN_THREADS + 1)) {
            TROUPE_AUTO(troupe_snapshot) *snapshot = NULL;
            assert_ok(troupe_node_snapshot(node, &snapshot));
            ended = snapshot->node.ended;
        }
        drop_probe(&blocking.probe);
        drop_latch(&blocking.latch);
    }
    drop_node(&node);
}

/* Sends to a mailbox that nobody empties, and waits for room. */
static troupe_error pusher_body(troupe_self *self, void *argument)
{
    const troupe_ref *to = argument;
    troupe_error error = TROUPE_OK;
    troupe_ready(self);
    while (!error) {
        TROUPE_AUTO(troupe_message) *message = NULL;
        const struct hop hop = {0};
        error = troupe_message_create(self, &hop_type, &hop, &message);
        if (!error) {
            error = troupe_send_message(self, *to, &message);
        }
    }
    return error == TROUPE_ERROR_STALE ? TROUPE_OK : error;
}

static troupe_error full_body(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_ready(self);
    (void) troupe_sleep(self, TROUPE_FOREVER); /* until told to stop */
    return TROUPE_OK;
}

/* Promise: NODE-STOP */
static void stops_while_actors_wait_for_room(void **state)
{
    (void) state;
    troupe_node *node =
        a_node(TROUPE_NODE_OPTIONS(.workers = 2, .drain_timeout = TROUPE_WITHIN_MS(50)));
    troupe_ref full = a_root_of(node, TROUPE_SPAWN(.body = full_body, .mailbox_capacity = 4));
    for (uint32_t i = 0; i < 20; i++) {
        a_root_of(node, TROUPE_SPAWN(.body = pusher_body, .argument = &full,
                                     .place = TROUPE_PLACE_WORKER, .place_worker = i % 2));
    }

    drop_node(&node);
}

/* Programs: this one, run anew with the name of a role. */

static troupe_error said_body(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    (void) printf("ready\n");
    (void) fflush(stdout);
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {}
    (void) printf("stopped\n");
    return TROUPE_OK;
}

/* Never comes back. */
static troupe_error stuck_body(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_ready(self);
    troupe_flush(self);
    latch_pass(a_latch());
    return TROUPE_OK;
}

static int be_stuck(void)
{
    const troupe_log log = {.write = troupe_log_to_stderr};
    troupe_node *node = NULL;
    troupe_ref ref;
    troupe_error error =
        troupe_node_create(TROUPE_NODE_OPTIONS(.name = "mire", .log = &log, .workers = 2,
                                               .stop_timeout = TROUPE_WITHIN_MS(20)),
                           &node);
    error = error ? error : troupe_node_start(node);
    error = error ? error
                  : troupe_node_spawn(node,
                                      TROUPE_SPAWN(.name = "plug", .body = stuck_body,
                                                   .place = TROUPE_PLACE_WORKER, .place_worker = 1),
                                      &ref);
    if (error) {
        return 3;
    }
    troupe_node_stop(node);
    error = troupe_node_join(node);
    troupe_node_destroy(&node);
    _exit(error == TROUPE_ERROR_TIMED_OUT && node == NULL ? 0 : 4);
}

static int play(int argc, char **argv)
{
    if (strcmp(argv[1], "main") == 0) {
        return troupe_main(argc - 1, argv + 1, said_body, NULL);
    }
    return strcmp(argv[1], "stuck") == 0 ? be_stuck() : 5;
}

struct player {
    pid_t pid;
    FILE *out; /* what it says on both */
};

static struct player start_player(const char *role)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    char name[16];
    (void) snprintf(name, sizeof name, "%s", role);
    char *arguments[] = {(char[]) {"node_test"}, name, NULL};
    posix_spawn_file_actions_t actions;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO), 0);
    assert_int_equal(posix_spawn_file_actions_addclose(&actions, ends[0]), 0);

    struct player player = {0};
    assert_int_equal(posix_spawn(&player.pid, "/proc/self/exe", &actions, NULL, arguments, environ),
                     0);
    assert_int_equal(posix_spawn_file_actions_destroy(&actions), 0);
    assert_int_equal(close(ends[1]), 0);
    player.out = fdopen(ends[0], "r");
    assert_non_null(player.out);
    return player;
}

/* Reads lines to one that has the words; "" at the end. */
static const char *find_line(struct player *player, const char *words)
{
    static char line[1024];
    while (fgets(line, sizeof line, player->out) != NULL) {
        if (strstr(line, words) != NULL) {
            return line;
        }
    }
    return "";
}

static int end_of(struct player *player)
{
    int status = -1;
    assert_int_equal(waitpid(player->pid, &status, 0), player->pid);
    (void) fclose(player->out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Promise: NODE-SIGNALS */
static void a_program_stops_in_order_at_sigterm(void **state)
{
    (void) state;
    const int signals[] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < 2; i++) {
        struct player player = start_player("main");
        assert_string_equal(find_line(&player, "ready"), "ready\n");

        assert_int_equal(kill(player.pid, signals[i]), 0);

        assert_string_equal(find_line(&player, "stopped"), "stopped\n");
        assert_int_equal(end_of(&player), 0);
    }
}

/* Promise: NODE-STUCK */
static void a_stuck_thread_is_left_behind_by_name(void **state)
{
    (void) state;
    struct player player = start_player("stuck");

    assert_string_not_equal(find_line(&player, "'plug'"), "");
    assert_string_not_equal(find_line(&player, "1 threads are stuck"), "");
    assert_int_equal(end_of(&player), 0);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        return play(argc, argv);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(works_with_one_to_64_workers_and_1024_descriptors),
        cmocka_unit_test(two_nodes_work_side_by_side),
        cmocka_unit_test(has_192_threads_of_their_own_and_gets_them_back),
        cmocka_unit_test(stops_while_actors_wait_for_room),
        cmocka_unit_test(a_program_stops_in_order_at_sigterm),
        cmocka_unit_test(a_stuck_thread_is_left_behind_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
