/* SPDX-License-Identifier: MIT */
/* Makes the key pair of a node. */
#include <stdio.h>
#include <troupe/troupe.h>

#include "command/command.h"

static void complain(void *context, troupe_log_level level, const char *text)
{
    (void) context;
    (void) level;
    (void) fprintf(stderr, "troupe keygen: %s\n", text); /* there is no other place to say it */
}

static int run(int argc, char **argv)
{
    char key[TROUPE_KEY_BYTES];
    const troupe_log log = {.write = complain, .level = TROUPE_LOG_DEBUG};
    if (argc != 2) {
        return tr_command_misused(&tr_command_keygen,
                                  argc < 2 ? "FILE is missing" : "there should be one FILE");
    }
    if (argv[1][0] == '-' || argv[1][0] == '\0') {
        return tr_command_misused(&tr_command_keygen,
                                  "there are no options; a FILE that begins with '-' is './-...'");
    }
    if (troupe_key_file_create(argv[1], &log, key, sizeof key) != TROUPE_OK) {
        return TR_EXIT_FAILED;
    }
    if (printf("%s\n", key) < 0 || fflush(stdout) != 0) {
        (void) fprintf(stderr,
                       "troupe keygen: the public key cannot be written to standard output; it is "
                       "in %s\n",
                       argv[1]);
        return TR_EXIT_FAILED;
    }
    return TR_EXIT_OK;
}

const tr_command tr_command_keygen = {
    .name = "keygen",
    .arguments = "FILE",
    .summary = "make the key pair of a node",
    .details =
        "Makes a new key pair and writes it into FILE, which must not exist yet, with mode\n"
        "0600. Prints the public key. FILE is what the option .key_file of a node names,\n"
        "and stays on its host; the public key is for the allow-lists of other nodes\n"
        "(.allowed_file), in lines 'NAME KEY ROLES'.\n",
    .run = run,
};
