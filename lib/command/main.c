/* SPDX-License-Identifier: MIT */
/* The program `troupe`: finds the subcommand and runs it. */
#include <stdio.h>
#include <string.h>

#include "command/command.h"

/* One in a line, by name. */
static const tr_command *const commands[] = {
    &tr_command_ask,    //
    &tr_command_keygen, //
    &tr_command_node,   //
    &tr_command_peers,  //
    &tr_command_ps,     //
    &tr_command_send,   //
    &tr_command_stop,   //
    &tr_command_tap,    //
    &tr_command_top,    //
    &tr_command_tree,   //
    &tr_command_waits,  //
};

#define COMMANDS (sizeof commands / sizeof commands[0])

int tr_command_misused(const tr_command *command, const char *what)
{
    if (what != NULL) {
        (void) fprintf(stderr, "troupe %s: %s\n", command->name, what);
    }
    (void) fprintf(stderr, "Usage: troupe %s %s\n'troupe help %s' says more.\n", command->name,
                   command->arguments, command->name);
    return TR_EXIT_BAD_ARGUMENT;
}

static const tr_command *find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

int tr_command_written(void)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        (void) fprintf(stderr, "troupe: standard output cannot be written\n");
        return TR_EXIT_FAILED;
    }
    return TR_EXIT_OK;
}

static void print_usage(FILE *stream)
{
    (void) fprintf(stream, "Usage: troupe COMMAND [ARGUMENT]...\n\nCommands:\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        (void) fprintf(stream, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    }
    (void) fprintf(stream,
                   "  help       say more of a command\n"
                   "  --version  print the version\n"
                   "\n"
                   "Exit status: 0: done; 1: it could not be done; 2: the command line was\n"
                   "not understood. Errors are written to standard error.\n");
}

static int not_understood(const char *what, const char *which)
{
    (void) fprintf(stderr, "troupe: %s%s%s\n", what, which != NULL ? ": " : "",
                   which != NULL ? which : "");
    print_usage(stderr);
    return TR_EXIT_BAD_ARGUMENT;
}

static int explain(const tr_command *command)
{
    (void) printf("troupe %s - %s\n\nUsage: troupe %s %s\n\n%s%s", command->name, command->summary,
                  command->name, command->arguments, command->details,
                  command->options != NULL ? command->options() : "");
    return tr_command_written();
}

static int help(int argc, char **argv)
{
    if (argc > 2) {
        return not_understood("help takes one command", NULL);
    }
    if (argc < 2) {
        print_usage(stdout);
        return tr_command_written();
    }
    const tr_command *command = find(argv[1]);
    return command != NULL ? explain(command) : not_understood("there is no such command", argv[1]);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        return not_understood("a command is missing", NULL);
    }
    const tr_command *command = find(argv[1]);
    if (command != NULL && argc == 3 && strcmp(argv[2], "--help") == 0) {
        return explain(command);
    }
    if (command != NULL) {
        return command->run(argc - 1, argv + 1);
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0) {
        return help(argc - 1, argv + 1);
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void) printf("troupe %s\n", TROUPE_VERSION);
        return tr_command_written();
    }
    return not_understood("there is no such command", argv[1]);
}
