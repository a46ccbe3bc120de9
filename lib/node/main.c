/* SPDX-License-Identifier: MIT */
/* A whole program around one actor. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/node.h>

#include "core/limits.h"

enum exit_status {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_BAD_ARGUMENT = 2
};

/* What the arguments say. */
struct wishes {
    uint32_t workers;
    bool is_help;
    bool is_bad;
};

static const char *program_name(int argc, char **argv)
{
    return argc > 0 && argv[0] != NULL ? argv[0] : "troupe";
}

static void read_workers(struct wishes *wishes, const char *program, const char *text)
{
    char *end = NULL;
    errno = 0;
    const long value = text != NULL ? strtol(text, &end, 10) : 0;
    const bool is_number = text != NULL && end != text && *end == '\0' && errno == 0;
    if (!is_number || value < 1 || value > TR_WORKERS_MAX) {
        (void) fprintf(stderr, "%s: --workers: '%s' is not a number from 1 to %d\n", program,
                       text != NULL ? text : "", TR_WORKERS_MAX);
        wishes->is_bad = true;
        return;
    }
    wishes->workers = (uint32_t) value;
}

/* Reads our arguments and closes the gaps they leave; "--" ends them. */
static struct wishes take_arguments(int argc, char **argv)
{
    static const char workers[] = "--workers";
    struct wishes wishes = {0};
    const char *program = program_name(argc, argv);
    int kept = 1;
    int at = 1;
    for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
        if (strcmp(argv[at], "--help") == 0) {
            wishes.is_help = true;
        } else if (strcmp(argv[at], workers) == 0) {
            read_workers(&wishes, program, at + 1 < argc ? argv[at + 1] : NULL);
            at += at + 1 < argc ? 1 : 0;
        } else if (strncmp(argv[at], "--workers=", sizeof workers) == 0) {
            read_workers(&wishes, program, argv[at] + sizeof workers);
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
        "usage: %s [--workers N] [--help] [argument ...]\n"
        "  --workers N  run on N threads, 1 to %d; without it one per core\n"
        "  --help       say this\n",
        program, TR_WORKERS_MAX);
}

int troupe_main(int argc, char **argv, troupe_body *body, void *argument)
{
    const char *program = program_name(argc, argv);
    const struct wishes wishes = take_arguments(argc, argv);
    if (wishes.is_bad) {
        return EXIT_BAD_ARGUMENT;
    }
    if (wishes.is_help) {
        print_help(program);
        return EXIT_OK;
    }
    const troupe_log log = {.write = troupe_log_to_stderr};
    const troupe_error error = troupe_run(
        TROUPE_NODE_OPTIONS(.log = &log, .workers = wishes.workers, .stop_on_signals = 1), body,
        argument);
    if (error) {
        (void) fprintf(stderr, "%s: %s\n", program, troupe_error_text(error));
        return EXIT_FAILED;
    }
    return EXIT_OK;
}
