/* SPDX-License-Identifier: MIT */
#include "command/node_options.h"

#include <stdio.h>
#include <string.h>

static const char program[] = "troupe node";

/* What is left of the command line: the modules. */
static bool take_modules(tr_modules *modules, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const bool is_joined = strncmp(argv[i], "--load=", 7) == 0;
        if (!is_joined && strcmp(argv[i], "--load") != 0) {
            (void) fprintf(stderr, "%s: there is no option '%s'\n", program, argv[i]);
            return false;
        }
        const char *path = is_joined ? argv[i] + 7 : argv[++i]; /* argv ends with NULL */
        if (path == NULL || path[0] == '\0') {
            (void) fprintf(stderr, "%s: --load: its value is missing\n", program);
            return false;
        }
        if (modules->count == TR_MODULES_MAX) {
            (void) fprintf(stderr, "%s: --load: there may be %d of them\n", program,
                           TR_MODULES_MAX);
            return false;
        }
        modules->paths[modules->count++] = path;
    }
    return true;
}

bool tr_node_options_read(tr_node_wishes *wishes, int argc, char **argv,
                          const troupe_node_options *options)
{
    *wishes = (tr_node_wishes) {.arguments = NULL};
    const troupe_error error =
        troupe_arguments_take(program, &argc, argv, options, &wishes->arguments);
    if (error && error != TROUPE_ERROR_BAD_ARGUMENT) { /* else that has been said */
        (void) fprintf(stderr, "%s: %s\n", program, troupe_error_text(error));
    }
    return !error && take_modules(&wishes->modules, argc, argv);
}

const char *tr_node_options_help(void)
{
    static char text[4096];
    (void) snprintf(text, sizeof text, "%s%s", troupe_arguments_help(),
                    "  --load FILE            a module, see <troupe/module.h>; may be given "
                    "several times\n");
    return text;
}
