/* SPDX-License-Identifier: MIT */
/* The program `troupe` without a node. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "integration/commands.h"
#include "support/files.h"
#include "support/fixtures.h"

static struct program run(const char *arguments)
{
    return command_run("troupe %s", arguments);
}

static void ends(const char *arguments, int status, const char *out, const char *err)
{
    char line[512];
    (void) snprintf(line, sizeof line, "troupe %s", arguments);
    command_ends(line, status, out, err);
}

/* Promise: COMMAND-HELP */
static void says_what_it_can_do(void **state)
{
    (void) state;
    ends("help", 0, "keygen", NULL);
    ends("--help", 0, "Exit status: 0: done", NULL);
    ends("help keygen", 0, "Usage: troupe keygen FILE", NULL);
    ends("keygen --help", 0, "Usage: troupe keygen FILE", NULL);
    ends("--version", 0, "troupe 0.", NULL);
    ends("--version >/dev/full", 1, NULL, "cannot be written");
}

/* Promise: COMMAND-HELP */
static void says_what_it_did_not_understand(void **state)
{
    (void) state;
    ends("", 2, NULL, "a command is missing");
    ends("keygne x", 2, NULL, "no such command: keygne");
    ends("help keygne", 2, NULL, "no such command: keygne");
    ends("help keygen now", 2, NULL, "one command");
    ends("keygen", 2, NULL, "FILE is missing");
    ends("keygen a b", 2, NULL, "one FILE");
    ends("keygen --force", 2, NULL, "no options");
    ends("keygen ''", 2, NULL, "no options");
}

/* Promise: KEYS-FILE */
static void makes_keys_and_does_not_overwrite_them(void **state)
{
    const struct files *files = *state;
    char arguments[128];
    char line[64];
    char text[1024];
    struct stat status;
    (void) snprintf(arguments, sizeof arguments, "keygen '%s'", files->path);
    struct program program = run(arguments);
    assert_int_equal(program.status, 0);
    assert_string_equal(program.err, "");
    assert_int_equal(strlen(program.out), 41);
    assert_int_equal(stat(files->path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    (void) snprintf(line, sizeof line, "\npublic %s", program.out);
    (void) snprintf(text, sizeof text, "%s", files_read(files));
    assert_non_null(strstr(text, line));
    assert_non_null(strstr(text, "\nsecret "));
    program_fini(&program);

    ends(arguments, 1, NULL, "not overwritten");
    assert_string_equal(files_read(files), text);
    ends("keygen /none/file", 1, NULL, "/none/file: No such file");
    (void) snprintf(arguments, sizeof arguments, "keygen '%s' >/dev/full", files->path);
    assert_int_equal(unlink(files->path), 0);
    ends(arguments, 1, NULL, "cannot be written to standard output");
}

/* What bash completes the last of these words to, in one line. */
static void completes(const char *words, const char *expected)
{
    char line[1024];
    (void) snprintf(line, sizeof line,
                    "source lib/command/troupe.bash && COMP_WORDS=(%s) &&"
                    " COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) && _troupe && echo \"${COMPREPLY[*]}\"",
                    words);
    struct program program = command_run("%s", line);
    assert_string_equal(program.err, "");
    assert_int_equal(program.status, 0);
    program.out[strcspn(program.out, "\n")] = '\0';
    assert_string_equal(program.out, expected);
    program_fini(&program);
}

/* Promise: COMMAND-COMPLETION */
static void bash_completes_commands_and_options(void **state)
{
    (void) state;
    completes("troupe p", "peers ps");
    completes("troupe help k", "keygen");
    completes("troupe ps --s", "--sort");
    completes("troupe ps --sort d", "depth");
    completes("troupe waits --", "--node --key-file --peer-key --plain --timeout --json");
    completes("troupe stop --whole", "--whole-node");
    completes("troupe tree --key-file tests/ru", "tests/run");
    completes("troupe keygen tests/ru", "tests/run");
    completes("troupe nothing --", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_it_can_do),
        cmocka_unit_test(says_what_it_did_not_understand),
        cmocka_unit_test(bash_completes_commands_and_options),
        cmocka_unit_test_setup_teardown(makes_keys_and_does_not_overwrite_them, files_open,
                                        files_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
