/* SPDX-License-Identifier: MIT */
/* What troupe_main promises: its own arguments taken out, an exit status, a word on what failed. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/node.h>
#include <unistd.h>

#include "support/fixtures.h"
#include "support/node_fixture.h"

/* What the program wrote to one of its descriptors. */
struct capture {
    int fd;
    int saved;
    FILE *file;
    char text[2048];
};

static void begin_capture(struct capture *capture, int fd)
{
    (void) fflush(NULL);
    capture->fd = fd;
    capture->saved = dup(fd);
    capture->file = tmpfile();
    assert_true(capture->saved >= 0 && capture->file != NULL);
    assert_true(dup2(fileno(capture->file), fd) == fd);
}

static void end_capture(struct capture *capture)
{
    (void) fflush(NULL);
    (void) dup2(capture->saved, capture->fd);
    (void) close(capture->saved);
    rewind(capture->file);
    const size_t size = fread(capture->text, 1, sizeof capture->text - 1, capture->file);
    capture->text[size] = '\0';
    (void) fclose(capture->file);
}

static const troupe_type leak_type = TROUPE_SIGNAL("leak");

struct given {
    troupe_error error;
    bool leaks;        /* one message */
    bool has_watchdog; /* seen by the body */
    bool has_fault_handler;
    unsigned workers; /* likewise, as all below */
    unsigned threads;
    unsigned runs;
};

static unsigned count_threads(void)
{
    unsigned count = 0;
    DIR *threads = opendir("/proc/self/task");
    for (const struct dirent *entry = readdir(threads); entry != NULL; entry = readdir(threads)) {
        count += entry->d_name[0] != '.' ? 1 : 0;
    }
    (void) closedir(threads);
    return count;
}

static troupe_error body(troupe_self *self, void *argument)
{
    struct given *given = argument;
    TROUPE_AUTO(troupe_snapshot) *snapshot = NULL;
    struct sigaction action;
    given->runs++;
    given->threads = count_threads();
    given->has_fault_handler =
        sigaction(SIGSEGV, NULL, &action) == 0 && (action.sa_flags & SA_ONSTACK) != 0;
    const troupe_error error = troupe_self_snapshot(self, &snapshot);
    given->workers = error ? 0 : (unsigned) snapshot->worker_count;
    troupe_message *message = NULL;
    if (given->leaks && troupe_message_create(self, &leak_type, NULL, &message)) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    return given->error;
}

static int run(struct given *given, struct capture *capture, int fd, char **arguments)
{
    int count = 0;
    while (arguments[count] != NULL) {
        count++;
    }
    begin_capture(capture, fd);
    const int status = troupe_main(count, arguments, body, given);
    end_capture(capture);
    return status;
}

#define ARGUMENTS(...) ((char *[]) {(char[]) {"./prog"}, __VA_ARGS__, NULL})
#define WORD(text) ((char[]) {text})

/* Promise: RUN-MAIN */
static void ends_with_0_when_the_body_did(void **state)
{
    (void) state;
    struct given given = {0};
    struct capture capture;

    assert_int_equal(run(&given, &capture, STDERR_FILENO, ARGUMENTS(NULL)), 0);

    assert_string_equal(capture.text, "");
    assert_int_equal(given.runs, 1);
}

/* Promise: RUN-MAIN */
static void ends_with_1_and_says_what_failed(void **state)
{
    (void) state;
    struct given given = {.error = TROUPE_ERROR_TOO_LARGE};
    struct capture capture;

    assert_int_equal(run(&given, &capture, STDERR_FILENO, ARGUMENTS(NULL)), 1);

    assert_non_null(strstr(capture.text, "./prog: larger than the receiver accepts\n"));
}

/* Promise: RUN-MAIN */
static void ends_with_2_at_a_bad_argument(void **state)
{
    (void) state;
    static const char *const bad[] = {"0", "65", "x", "3x", "-1", "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof(const char *); i++) {
        struct given given = {0};
        struct capture capture;
        char value[32];
        (void) snprintf(value, sizeof value, "%s", bad[i]);
        assert_int_equal(run(&given, &capture, STDERR_FILENO, ARGUMENTS(WORD("--workers"), value)),
                         2);
        assert_non_null(strstr(capture.text, "is not a number from 1 to 64\n"));
        assert_int_equal(given.runs, 0);
    }
    struct given given = {0};
    struct capture capture;
    assert_int_equal(run(&given, &capture, STDERR_FILENO, ARGUMENTS(WORD("--workers"))), 2);
}

/* Promise: RUN-MAIN */
static void takes_its_own_arguments_out(void **state)
{
    (void) state;
    struct given given = {0};
    struct capture capture;
    char **arguments = ARGUMENTS(WORD("-x"), WORD("--workers"), WORD("3"), WORD("file"), WORD("--"),
                                 WORD("--workers"));

    assert_int_equal(run(&given, &capture, STDERR_FILENO, arguments), 0);

    assert_int_equal(given.workers, 3);
    assert_string_equal(arguments[1], "-x");
    assert_string_equal(arguments[2], "file");
    assert_string_equal(arguments[3], "--");
    assert_string_equal(arguments[4], "--workers");
    assert_null(arguments[5]);
}

static void takes_the_number_after_an_equals_sign_too(void **state)
{
    (void) state;
    struct given given = {0};
    struct capture capture;

    assert_int_equal(run(&given, &capture, STDERR_FILENO, ARGUMENTS(WORD("--workers=2"))), 0);

    assert_int_equal(given.workers, 2);
}

/* Promise: RUN-WATCH */
static void watches_its_handlers_unless_told_otherwise(void **state)
{
    (void) state;
    struct given given = {0};
    struct capture capture;
    assert_int_equal(run(&given, &capture, STDERR_FILENO,
                         ARGUMENTS(WORD("--watchdog-ms=0"), WORD("--spares=0"))),
                     0);
    const unsigned threads = given.threads;
    assert_true(given.has_fault_handler);
    assert_int_equal(run(&given, &capture, STDERR_FILENO, ARGUMENTS(NULL)), 0);
    assert_int_equal(given.threads, threads + 1);
    assert_true(given.has_fault_handler);
    assert_int_equal(run(&given, &capture, STDERR_FILENO,
                         ARGUMENTS(WORD("--watchdog-ms"), WORD("1"), WORD("--spares"), WORD("0"))),
                     0);
    assert_int_equal(given.threads, threads + 1);
    assert_int_equal(run(&given, &capture, STDERR_FILENO, ARGUMENTS(WORD("--watchdog-ms=0"))), 0);
    assert_int_equal(given.threads, threads + 1);

    given.runs = 0;
    assert_int_equal(run(&given, &capture, STDERR_FILENO, ARGUMENTS(WORD("--watchdog-ms=-1"))), 2);
    assert_non_null(strstr(capture.text, "--watchdog-ms: '-1' is not a number from 0 to 3600000"));
    assert_int_equal(given.runs, 0);
}

/* Promise: DEBUG-SLOW */
static void is_in_debug_mode_if_the_environment_says_so(void **state)
{
    (void) state;
    static const char *const values[] = {"0", "", "1"};
    for (size_t i = 0; i < sizeof values / sizeof(const char *); i++) {
        struct given given = {.leaks = true};
        struct capture capture;
        assert_int_equal(setenv("TROUPE_DEBUG", values[i], 1), 0);
        assert_int_equal(run(&given, &capture, STDERR_FILENO, ARGUMENTS(NULL)), 0);
        const bool is_told = strstr(capture.text, "misuse: 1 messages of type leak") != NULL;
        assert_int_equal(is_told, i == 2);
    }
    assert_int_equal(unsetenv("TROUPE_DEBUG"), 0);
}

static void helps(void **state)
{
    (void) state;
    struct given given = {0};
    struct capture capture;

    assert_int_equal(run(&given, &capture, STDOUT_FILENO, ARGUMENTS(WORD("--help"))), 0);

    assert_non_null(strstr(capture.text, "usage: ./prog [OPTION]... [ARGUMENT]...\n"));
    assert_non_null(strstr(capture.text, "\n  --join ENDPOINT[=KEY]  "));
    assert_int_equal(given.runs, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_with_0_when_the_body_did),
        cmocka_unit_test(ends_with_1_and_says_what_failed),
        cmocka_unit_test(ends_with_2_at_a_bad_argument),
        cmocka_unit_test(takes_its_own_arguments_out),
        cmocka_unit_test(takes_the_number_after_an_equals_sign_too),
        cmocka_unit_test(watches_its_handlers_unless_told_otherwise),
        cmocka_unit_test(is_in_debug_mode_if_the_environment_says_so),
        cmocka_unit_test(helps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
