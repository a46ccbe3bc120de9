/* SPDX-License-Identifier: MIT */
#include "integration/commands.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "support/fixtures.h"

static struct program run(const char *format, va_list arguments)
{
    char line[3000];
    char command[4000];
    assert_in_range(vsnprintf(line, sizeof line, format, arguments), 1, sizeof line - 1);
    const int length = snprintf(command, sizeof command,
                                "set -o pipefail; troupe() { '%s' \"$@\"; }; %s", COMMAND, line);
    assert_in_range(length, 1, sizeof command - 1);
    return program_run(command);
}

struct program command_run(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct program program = run(format, arguments);
    va_end(arguments);
    return program;
}

static void has(const char *line, const char *text, const char *wanted)
{
    if (wanted == NULL && text[0] != '\0') {
        fail_msg("%s: says '%s'", line, text);
    }
    if (wanted != NULL && strstr(text, wanted) == NULL) {
        fail_msg("%s: '%s' is not in '%s'", line, wanted, text);
    }
}

void command_ends(const char *line, int status, const char *out, const char *err)
{
    struct program program = command_run("%s", line);
    if (program.status != status) {
        fail_msg("%s: ended with %d, not %d: %s", line, program.status, status, program.err);
    }
    has(line, program.out, out);
    has(line, program.err, err);
    program_fini(&program);
}

void command_shows(const char *line, const char *expression, const char *expected)
{
    struct program program =
        command_run("%s | python3 -c 'import json, sys; d = json.load(sys.stdin); print(%s)'", line,
                    expression);
    if (program.status != 0 || program.err[0] != '\0') {
        fail_msg("%s: %d: %s", line, program.status, program.err);
    }
    program.out[strcspn(program.out, "\n")] = '\0';
    assert_string_equal(program.out, expected);
    program_fini(&program);
}

static void set(const char *name, const char *value)
{
    assert_int_equal(value != NULL ? setenv(name, value, 1) : unsetenv(name), 0);
}

void command_reach(const char *endpoint, const char *key_file, const char *peer_key)
{
    set("TROUPE_NODE", endpoint);
    set("TROUPE_KEY_FILE", key_file);
    set("TROUPE_PEER_KEY", peer_key);
}
