/* SPDX-License-Identifier: MIT */
/* A whole program around one actor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/arguments.h>

enum exit_status {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_BAD_ARGUMENT = 2
};

#define WATCHDOG_MS_DEFAULT 100
#define WATCHDOG_MS_DEBUG 10
#define SPARES_DEFAULT 8

static bool is_debug_wanted(void)
{
    /* No thread that could change the environment has been started by us.
     * NOLINTNEXTLINE(concurrency-mt-unsafe) */
    const char *value = getenv("TROUPE_DEBUG");
    return value != NULL && value[0] != '\0' && strcmp(value, "0") != 0;
}

static bool is_help_wanted(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            return true;
        }
    }
    return false;
}

static int print_help(const char *program)
{
    (void) printf(
        "usage: %s [OPTION]... [ARGUMENT]...\n"
        "Options of its node:\n"
        "%s"
        "  --help                 say this\n"
        "TROUPE_DEBUG=1 in the environment turns debug mode on, and N of --watchdog-ms\n"
        "to %d.\n",
        program, troupe_arguments_help(), WATCHDOG_MS_DEBUG);
    return EXIT_OK;
}

static int fail(const char *program, troupe_error error)
{
    (void) fprintf(stderr, "%s: %s\n", program, troupe_error_text(error));
    return EXIT_FAILED;
}

int troupe_main(int argc, char **argv, troupe_body *body, void *argument)
{
    const char *program = argc > 0 && argv[0] != NULL ? argv[0] : "troupe";
    const bool is_debug = is_debug_wanted();
    const uint32_t slow_ms = is_debug ? WATCHDOG_MS_DEBUG : WATCHDOG_MS_DEFAULT;
    if (is_help_wanted(argc, argv)) {
        return print_help(program);
    }
    troupe_arguments *arguments = NULL;
    troupe_error error = troupe_arguments_take(
        program, &argc, argv,
        TROUPE_NODE_OPTIONS(.stop_on_signals = 1, .fault_signals = 1,
                            .slow_after = TROUPE_WITHIN_MS(slow_ms), .watchdog = TROUPE_WATCHDOG_ON,
                            .spares_max = SPARES_DEFAULT, .debug = is_debug ? 1 : 0),
        &arguments);
    if (error == TROUPE_ERROR_BAD_ARGUMENT) {
        return EXIT_BAD_ARGUMENT;
    }
    error = error ? error : troupe_run(arguments->options, body, argument);
    troupe_arguments_destroy(&arguments);
    return error ? fail(program, error) : EXIT_OK;
}
