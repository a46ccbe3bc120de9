/* SPDX-License-Identifier: MIT */
/* A whole program around one actor. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/node.h>

#include "core/limits.h"
#include "node/spares.h"

enum exit_status {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_BAD_ARGUMENT = 2
};

#define WATCHDOG_MS_DEFAULT 100
#define WATCHDOG_MS_DEBUG 10
#define WATCHDOG_MS_MAX 3600000 /* an hour */
#define SPARES_DEFAULT 8

/* What the arguments say. */
struct wishes {
    uint32_t workers;
    uint32_t watchdog_ms;
    uint32_t spares;
    bool is_help;
    bool is_bad;
};

static const char *program_name(int argc, char **argv)
{
    return argc > 0 && argv[0] != NULL ? argv[0] : "troupe";
}

/* An argument with a number, as "--name N" or "--name=N". */
struct option {
    const char *name;
    uint32_t *value;
    long least;
    long most;
};

/* Whether `text` is a number that the option takes; says so if not. */
static bool read_number(const struct option *option, const char *program, const char *text)
{
    char *end = NULL;
    errno = 0;
    const long value = text != NULL ? strtol(text, &end, 10) : 0;
    const bool is_number = text != NULL && end != text && *end == '\0' && errno == 0;
    if (!is_number || value < option->least || value > option->most) {
        (void) fprintf(stderr, "%s: %s: '%s' is not a number from %ld to %ld\n", program,
                       option->name, text != NULL ? text : "", option->least, option->most);
        return false;
    }
    *option->value = (uint32_t) value;
    return true;
}

/* The option that the argument names, or NULL; and its value if that is in the same argument. */
static const struct option *find_option(const struct option *options, const char *argument,
                                        const char **out_value)
{
    *out_value = NULL;
    for (; options->name != NULL; options++) {
        const size_t length = strlen(options->name);
        if (strncmp(argument, options->name, length) == 0) {
            if (argument[length] == '=') {
                *out_value = argument + length + 1;
            }
            if (argument[length] == '=' || argument[length] == '\0') {
                return options;
            }
        }
    }
    return NULL;
}

static bool is_debug_wanted(void)
{
    /* No thread that could change the environment has been started by us.
     * NOLINTNEXTLINE(concurrency-mt-unsafe) */
    const char *value = getenv("TROUPE_DEBUG");
    return value != NULL && value[0] != '\0' && strcmp(value, "0") != 0;
}

/* Reads our arguments and closes the gaps they leave; "--" ends them. */
static struct wishes take_arguments(int argc, char **argv, bool is_debug)
{
    struct wishes wishes = {.watchdog_ms = is_debug ? WATCHDOG_MS_DEBUG : WATCHDOG_MS_DEFAULT,
                            .spares = SPARES_DEFAULT};
    const struct option options[] = {
        {.name = "--workers", .value = &wishes.workers, .least = 1, .most = TR_WORKERS_MAX},
        {.name = "--watchdog-ms", .value = &wishes.watchdog_ms, .most = WATCHDOG_MS_MAX},
        {.name = "--spares", .value = &wishes.spares, .most = TR_SPARES_MAX},
        {.name = NULL},
    };
    const char *program = program_name(argc, argv);
    int kept = 1;
    int at = 1;
    for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
        const char *value = NULL;
        const struct option *option = find_option(options, argv[at], &value);
        if (strcmp(argv[at], "--help") == 0) {
            wishes.is_help = true;
        } else if (option != NULL) {
            if (value == NULL && at + 1 < argc) {
                value = argv[++at];
            }
            wishes.is_bad = !read_number(option, program, value) || wishes.is_bad;
        } else {
            argv[kept++] = argv[at];
        }
    }
    while (at < argc) {
        argv[kept++] = argv[at++];
    }
    if (kept < argc) {
        argv[kept] = NULL;
    }
    return wishes;
}

static void print_help(const char *program)
{
    (void) printf(
        "usage: %s [--workers N] [--spares N] [--watchdog-ms N] [--help] [argument ...]\n"
        "  --workers N      run on N threads, 1 to %d; without it one per core\n"
        "  --spares N       threads that help out while handlers block, 0 to %d; without it %d\n"
        "  --watchdog-ms N  report handlers that take longer than N ms; without it %d; 0: none\n"
        "  --help           say this\n"
        "TROUPE_DEBUG=1 in the environment turns debug mode on, and N of --watchdog-ms to %d\n",
        program, TR_WORKERS_MAX, TR_SPARES_MAX, SPARES_DEFAULT, WATCHDOG_MS_DEFAULT,
        WATCHDOG_MS_DEBUG);
}

int troupe_main(int argc, char **argv, troupe_body *body, void *argument)
{
    const char *program = program_name(argc, argv);
    const bool is_debug = is_debug_wanted();
    const struct wishes wishes = take_arguments(argc, argv, is_debug);
    if (wishes.is_bad) {
        return EXIT_BAD_ARGUMENT;
    }
    if (wishes.is_help) {
        print_help(program);
        return EXIT_OK;
    }
    const troupe_log log = {.write = troupe_log_to_stderr};
    const troupe_error error =
        troupe_run(TROUPE_NODE_OPTIONS(.log = &log, .workers = wishes.workers, .stop_on_signals = 1,
                                       .slow_after = TROUPE_WITHIN_MS(wishes.watchdog_ms),
                                       .watchdog = wishes.watchdog_ms > 0 ? TROUPE_WATCHDOG_ON
                                                                          : TROUPE_WATCHDOG_OFF,
                                       .fault_signals = 1, .spares_max = wishes.spares,
                                       .debug = is_debug ? 1 : 0),
                   body, argument);
    if (error) {
        (void) fprintf(stderr, "%s: %s\n", program, troupe_error_text(error));
        return EXIT_FAILED;
    }
    return EXIT_OK;
}
