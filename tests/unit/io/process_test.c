/* SPDX-License-Identifier: MIT */
/* What is promised of the programs that actors start: they run as they were asked to, and none
 * outlives its owner. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "unit/io/io_fixture.h"

/* The kernel's call, which a test can take away as an older kernel would. */
static bool has_pidfds = true;

int pidfd_open(pid_t id, unsigned int flags)
{
    if (!has_pidfds) {
        errno = ENOSYS;
        return -1;
    }
    return (int) syscall(SYS_pidfd_open, id, flags);
}

#define SHELL(text)                                                                                \
    (const char *const[])                                                                          \
    {                                                                                              \
        "sh", "-c", (text), NULL                                                                   \
    }

static troupe_process a_process(const struct scene *scene, const troupe_process_options *options)
{
    troupe_process process = {.id = 0};
    int number = 9;
    assert_ok(troupe_process_start(scene->self, options, TROUPE_WITHIN_S(20), &process, &number));
    assert_int_equal(number, 0);
    assert_true(process.id > 0);
    return process;
}

static void assert_ends(const struct scene *scene, const troupe_process *process, int code,
                        int number)
{
    troupe_process_status status = {.code = 99, .signal = 99};
    assert_ok(troupe_process_wait(scene->self, process, TROUPE_WITHIN_S(20), &status));
    assert_int_equal(status.signal, number);
    assert_int_equal(status.code, code);
}

/* Its number means nothing any more: it has ended, and its status was taken. */
static bool is_gone(int64_t id)
{
    return kill((pid_t) id, 0) != 0 && errno == ESRCH;
}

/* Sees to it that what was told to the keeper has been done. */
static void wait_until_gone(const struct scene *scene, int64_t id)
{
    for (unsigned i = 0; i < 20000 && !is_gone(id); i++) {
        assert_ok(troupe_sleep(scene->self, TROUPE_WITHIN_MS(1)));
    }
    assert_true(is_gone(id));
}

static void assert_reads(const struct scene *scene, int fd, const char *text)
{
    char found[256] = "";
    troupe_transfer done;
    assert_fails(
        troupe_read_fd_all(scene->self, fd, found, sizeof found - 1, TROUPE_WITHIN_S(20), &done),
        END);
    assert_string_equal(found, text);
}

/* Promise: PROCESS-RUN */
static void runs_with_pipes_and_tells_its_status(void **state)
{
    const struct scene *scene = *state;
    troupe_process process =
        a_process(scene, TROUPE_PROCESS(.program = "sh", .input = TROUPE_STREAM_PIPE,
                                        .output = TROUPE_STREAM_PIPE, .errors = TROUPE_STREAM_PIPE,
                                        .arguments = SHELL("cat; echo wrong >&2; exit 7")));
    assert_ok(troupe_write_fd(scene->self, process.input, "ham", 3, TROUPE_FOREVER, NULL));
    troupe_process_status status;
    assert_fails(troupe_process_wait(scene->self, &process, TROUPE_WITHIN_MS(1), &status),
                 TIMED_OUT);
    assert_ok(troupe_process_close_input(scene->self, &process));
    assert_int_equal(process.input, -1);
    assert_reads(scene, process.output, "ham");
    assert_reads(scene, process.errors, "wrong\n");
    assert_ends(scene, &process, 7, 0);
    assert_ends(scene, &process, 7, 0); /* again */
    assert_true(is_gone(process.id));
    const troupe_process copy = process;
    troupe_process_destroy(scene->self, &process);
    assert_true(troupe_ref_is_none(process.actor));
    troupe_process_destroy(scene->self, &process);
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        error = troupe_process_wait(scene->self, &copy, TROUPE_WITHIN_S(20), &status);
    }
    assert_int_equal(error, TROUPE_ERROR_STALE);
}

/* Promise: PROCESS-RUN */
static void may_be_waited_for_again_and_again(void **state)
{
    const struct scene *scene = *state;
    troupe_process process = a_process(
        scene, TROUPE_PROCESS(.program = "cat", .arguments = NULL, .input = TROUPE_STREAM_PIPE));
    for (unsigned i = 0; i < 40; i++) {
        troupe_process_status status;
        assert_fails(troupe_process_wait(scene->self, &process, TROUPE_WITHIN_MS(1), &status),
                     TIMED_OUT);
    }
    assert_ok(troupe_process_close_input(scene->self, &process));
    assert_ends(scene, &process, 0, 0);
    troupe_process_destroy(scene->self, &process);
}

/* Promise: PROCESS-RUN */
static void has_the_environment_and_the_folder_it_was_given(void **state)
{
    const struct scene *scene = *state;
    troupe_process process = a_process(
        scene, TROUPE_PROCESS(.program = "/bin/sh", .folder = "/", .output = TROUPE_STREAM_PIPE,
                              .errors = TROUPE_STREAM_WITH_OUTPUT,
                              .environment = (const char *const[]) {"CHEESE=brie", NULL},
                              .arguments = SHELL("echo $CHEESE $HOME; pwd; echo err >&2")));
    assert_reads(scene, process.output, "brie\n/\nerr\n");
    assert_ends(scene, &process, 0, 0);
    troupe_process_destroy(scene->self, &process);
}

/* Promise: PROCESS-INHERITS */
static void inherits_neither_descriptors_nor_signals(void **state)
{
    const struct scene *scene = *state;
    const int careless = dup(scene->near); /* without CLOEXEC */
    assert_true(careless >= 3);
    char name[16];
    (void) snprintf(name, sizeof name, "%d", careless);
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction before;
    assert_int_equal(sigaction(SIGUSR1, &ignore, &before), 0);
    const char *const arguments[] = {
        "sh", "-c", "test -e /proc/$$/fd/$0 && echo has $0; kill -USR1 $$; echo lives", name, NULL};
    troupe_process process =
        a_process(scene, TROUPE_PROCESS(.program = "sh", .output = TROUPE_STREAM_PIPE,
                                        .arguments = arguments));
    assert_reads(scene, process.output, "");
    assert_ends(scene, &process, -1, SIGUSR1);
    troupe_process_destroy(scene->self, &process);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    assert_int_equal(close(careless), 0);
}

/* Promise: PROCESS-REFUSED */
static void says_why_it_was_not_started(void **state)
{
    const struct scene *scene = *state;
    troupe_process process = {.id = 5};
    int number = 0;
    assert_fails(troupe_process_start(scene->self, TROUPE_PROCESS(.program = "/no/such/program"),
                                      TROUPE_WITHIN_S(20), &process, &number),
                 SYSTEM);
    assert_int_equal(number, ENOENT);
    assert_fails(troupe_process_start(scene->self, TROUPE_PROCESS(.program = "/etc/passwd"),
                                      TROUPE_WITHIN_S(20), &process, &number),
                 NOT_AUTHORISED);
    assert_int_equal(number, EACCES);
    assert_fails(troupe_process_start(scene->self,
                                      TROUPE_PROCESS(.program = "sh", .folder = "/no/such/folder"),
                                      TROUPE_WITHIN_S(20), &process, &number),
                 SYSTEM);
    assert_int_equal(number, ENOENT);
    assert_int_equal(process.id, 5);
}

/* Promise: PROCESS-SIGNAL */
static void is_signalled_with_its_group(void **state)
{
    const struct scene *scene = *state;
    for (unsigned i = 0; i < 2; i++) {
        has_pidfds = i == 0;
        troupe_process process =
            a_process(scene, TROUPE_PROCESS(.program = "sh", .output = TROUPE_STREAM_PIPE,
                                            .arguments = SHELL("sleep 1000 & echo $!; wait")));
        char child[16] = "";
        troupe_transfer done;
        assert_ok(troupe_read_fd(scene->self, process.output, child, sizeof child - 1,
                                 TROUPE_WITHIN_S(20), &done));
        assert_ok(troupe_process_signal(scene->self, &process, SIGKILL));
        assert_ends(scene, &process, -1, SIGKILL);
        assert_reads(scene, process.output, ""); /* the last that could write is gone */
        assert_ok(troupe_process_signal(scene->self, &process, SIGKILL)); /* nobody hears it */
        troupe_process_destroy(scene->self, &process);
    }
    has_pidfds = true;
}

/* Promise: PROCESS-SIGNAL */
static void is_killed_if_it_does_not_end_when_asked(void **state)
{
    const struct scene *scene = *state;
    troupe_process process = a_process(
        scene, TROUPE_PROCESS(.program = "sleep",
                              .arguments = (const char *const[]) {"sleep", "1000", NULL}));
    assert_ok(troupe_process_terminate(scene->self, &process, TROUPE_FOREVER));
    assert_ends(scene, &process, -1, SIGTERM);
    troupe_process_destroy(scene->self, &process);
    process = a_process(
        scene, TROUPE_PROCESS(.program = "sh", .output = TROUPE_STREAM_PIPE,
                              .arguments = SHELL("trap '' TERM; echo; while :; do sleep 1; done")));
    char byte = 0;
    assert_ok(troupe_read_fd(scene->self, process.output, &byte, 1, TROUPE_WITHIN_S(20), NULL));
    assert_ok(troupe_process_terminate(scene->self, &process, TROUPE_WITHIN_MS(20)));
    assert_ends(scene, &process, -1, SIGKILL);
    troupe_process_destroy(scene->self, &process);
}

static troupe_error play_owner(troupe_self *self, void *argument)
{
    const struct player *player = argument;
    troupe_process process;
    troupe_process_status status;
    const troupe_error error = troupe_process_start(
        self,
        TROUPE_PROCESS(.program = "sleep",
                       .arguments = (const char *const[]) {"sleep", "1000", NULL}),
        TROUPE_FOREVER, &process, NULL);
    probe_say(player->scene->seen, "%lld", error == TROUPE_OK ? (long long) process.id : -1LL);
    probe_say(player->scene->seen, "%s",
              troupe_error_name(troupe_process_wait(self, &process, TROUPE_FOREVER, &status)));
    return TROUPE_OK;
}

/* Promise: PROCESS-OWNED */
static void ends_with_its_owner(void **state)
{
    struct scene *scene = *state;
    for (unsigned i = 0; i < 2; i++) {
        struct player player;
        probe_clear(scene->seen);
        spawn_player(&player, scene, play_owner, -1);
        assert_true(probe_wait(scene->seen, 1));
        const int64_t id = strtoll(probe_line(scene->seen, 0), NULL, 10);
        assert_true(id > 0);
        assert_int_equal(kill((pid_t) id, 0), 0);
        assert_ok(troupe_cancel(scene->self, player.ref));
        assert_true(probe_wait_for(scene->seen, "CANCELLED"));
        wait_until_gone(scene, id);
    }
    troupe_process process =
        a_process(scene, TROUPE_PROCESS(.program = "cat", .input = TROUPE_STREAM_PIPE));
    const int64_t id = process.id;
    troupe_process_destroy(scene->self, &process);
    wait_until_gone(scene, id);
    (void) a_process(scene, TROUPE_PROCESS(.program = "cat", .input = TROUPE_STREAM_PIPE));
    /* It ends with the node, and its descriptors are closed. */
}

/* What a process that is this program too does: goes over to the group of the one that began it. */
static int leave_the_group(void)
{
    if (setpgid(0, getpgid(getppid())) != 0 || write(STDOUT_FILENO, "x", 1) != 1) {
        return 1;
    }
    for (;;) {
        (void) pause();
    }
}

/* Promise: PROCESS-OWNED */
static void ends_with_its_owner_also_if_it_has_left_its_group(void **state)
{
    const struct scene *scene = *state;
    troupe_process process = a_process(
        scene, TROUPE_PROCESS(.program = "/proc/self/exe", .output = TROUPE_STREAM_PIPE,
                              .arguments = (const char *const[]) {"test", "leave", NULL}));
    char found = ' ';
    assert_ok(
        troupe_read_fd_all(scene->self, process.output, &found, 1, TROUPE_WITHIN_S(20), NULL));
    assert_int_equal(found, 'x');
    const int64_t id = process.id;
    troupe_process_destroy(scene->self, &process);
    wait_until_gone(scene, id);
}

/* Promise: PROCESS-OWNED */
static void is_not_left_behind_by_a_start_that_was_given_up(void **state)
{
    const struct scene *scene = *state;
    for (unsigned i = 0; i < 20; i++) {
        troupe_process process;
        const troupe_error error = troupe_process_start(
            scene->self,
            TROUPE_PROCESS(.program = "sleep",
                           .arguments = (const char *const[]) {"sleep", "1000", NULL}),
            TROUPE_WITHIN_US(100 * i), &process, NULL);
        assert_true(error == TROUPE_OK || error == TROUPE_ERROR_TIMED_OUT);
        if (error == TROUPE_OK) {
            troupe_process_destroy(scene->self, &process);
        }
    }
    /* All end: then none is left to be waited for. */
    int result = 0;
    for (unsigned i = 0; i < 20000 && result >= 0; i++) {
        assert_ok(troupe_sleep(scene->self, TROUPE_WITHIN_MS(1)));
        siginfo_t info;
        result = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT);
    }
    assert_int_equal(result, -1);
    assert_int_equal(errno, ECHILD);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "leave") == 0) {
        return leave_the_group();
    }
    const struct CMUnitTest tests[] = {
        WITH_SCENE(runs_with_pipes_and_tells_its_status),
        WITH_SCENE(may_be_waited_for_again_and_again),
        WITH_SCENE(has_the_environment_and_the_folder_it_was_given),
        WITH_SCENE(inherits_neither_descriptors_nor_signals),
        WITH_SCENE(says_why_it_was_not_started),
        WITH_SCENE(is_signalled_with_its_group),
        WITH_SCENE(is_killed_if_it_does_not_end_when_asked),
        WITH_SCENE(ends_with_its_owner),
        WITH_SCENE(ends_with_its_owner_also_if_it_has_left_its_group),
        WITH_SCENE(is_not_left_behind_by_a_start_that_was_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
