/* SPDX-License-Identifier: MIT */
/* arguments: the options of a node on the command line of its program.
 *
 * troupe_main and `troupe node` take the same ones; so can a program that makes its node itself:
 *
 *     TROUPE_AUTO(troupe_arguments) *arguments = NULL;
 *     error = troupe_arguments_take(argv[0], &argc, argv, TROUPE_NODE_OPTIONS(...), &arguments);
 *     error = error ? error : troupe_run(arguments->options, body, NULL);
 *
 *     --name NAME  --labels LABELS  --listen ENDPOINT  --listen-local ENDPOINT
 *     --join ENDPOINT[=KEY]  --key-file FILE  --allowed-file FILE
 *     --plain loopback | anywhere  --compress lz4 | none
 *     --workers N  --spares N  --watchdog-ms N  --drain-ms N  --log-level LEVEL
 *
 * The value of each may stand behind a '=', too. --join may be given several times; of the others
 * the last counts. docs/node.md says what they mean, and so does troupe_arguments_help.
 *
 * Threads: any. */
#ifndef TROUPE_ARGUMENTS_H
#define TROUPE_ARGUMENTS_H

#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/node.h>

TROUPE_BEGIN

typedef struct troupe_arguments {
    troupe_node_options *options; /* those given, with what the command line says */
} troupe_arguments;

/* Takes these options out of argv, in place and up to a "--", and counts *argc down; argv[*argc] is
 * NULL then. What is not among them stays. .peers of `options`, which may be NULL, come before
 * those of --join. A program that gives no .log gets one to stderr, of level notice.
 * Owns:   *out_arguments is the caller's; .options points into it, into argv, in which the texts of
 *         --join are parted, and to what `options` points to. A node that was made of them needs
 *         none of this any more.
 * Errors: BAD_ARGUMENT, after a line on stderr that begins with `program` and says what is wrong
 *         with which; NO_MEMORY. Then *out_arguments is NULL, and argv half done with. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_arguments_take(const char *program, int *argc,
                                                                char **argv,
                                                                const troupe_node_options *options,
                                                                troupe_arguments **out_arguments);

/* Takes NULL; sets *arguments to NULL. */
TROUPE_API void troupe_arguments_destroy(troupe_arguments **arguments);

/* What the options are, for people: lines of a help. */
TROUPE_API const char *troupe_arguments_help(void);

TROUPE_END

#endif
