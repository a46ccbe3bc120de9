/* SPDX-License-Identifier: MIT */
#include "command/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_DEFAULT_NS UINT64_C(5000000000)
#define SECONDS_MAX 1e9

static bool read_number(const char *text, uint64_t *out_number)
{
    char *end = NULL;
    errno = 0;
    const unsigned long long number = strtoull(text, &end, 10);
    *out_number = number;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}

static bool read_seconds(const char *text, uint64_t *out_ns)
{
    char *end = NULL;
    const double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !(seconds > 0 && seconds <= SECONDS_MAX)) {
        return false;
    }
    *out_ns = (uint64_t) (seconds * 1e9);
    return true;
}

/* False: the text is none of this kind. */
static bool set(const tr_option *option, const char *text)
{
    switch (option->kind) {
    case TR_OPTION_FLAG:
        *(bool *) option->into = true;
        return true;
    case TR_OPTION_TEXT:
        *(const char **) option->into = text;
        return true;
    case TR_OPTION_NUMBER:
        return read_number(text, option->into);
    case TR_OPTION_SECONDS:
        return read_seconds(text, option->into);
    }
    return false;
}

static const tr_option *find(const tr_option *options, const char *name, size_t length)
{
    for (const tr_option *at = options; at != NULL && at->name != NULL; at++) {
        if (strlen(at->name) == length && strncmp(at->name, name, length) == 0) {
            return at;
        }
    }
    return NULL;
}

static int misused(const tr_command *command, const char *name, const char *what)
{
    char text[160];
    (void) snprintf(text, sizeof text, "%s: %s", name, what);
    return tr_command_misused(command, text);
}

/* The option at argv[*at], with what belongs to it. */
static int take(const tr_command *command, int argc, char **argv, int *at, const tr_option *own,
                const tr_option *common)
{
    char *text = argv[*at];
    const size_t length = strcspn(text, "=");
    const tr_option *option = find(own, text, length);
    option = option != NULL ? option : find(common, text, length);
    if (option == NULL) {
        return misused(command, text, "there is no such option");
    }
    const char *value = text[length] == '=' ? text + length + 1 : NULL;
    if (option->kind == TR_OPTION_FLAG && value != NULL) {
        return misused(command, option->name, "takes no value");
    }
    if (option->kind != TR_OPTION_FLAG && value == NULL) {
        if (*at + 1 >= argc) {
            return misused(command, option->name, "its value is missing");
        }
        value = argv[++*at];
    }
    if (!set(option, value)) {
        return misused(command, option->name,
                       option->kind == TR_OPTION_NUMBER
                           ? "takes a whole number that is not negative"
                           : "takes a number of seconds that is more than 0");
    }
    return TR_EXIT_OK;
}

static const char *from_environment(const char *given, const char *name)
{
    /* No thread has been started yet. NOLINTNEXTLINE(concurrency-mt-unsafe) */
    const char *value = given != NULL ? given : getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static int complete(const tr_command *command, tr_reach *reach)
{
    reach->endpoint = from_environment(reach->endpoint, "TROUPE_NODE");
    reach->key_file = from_environment(reach->key_file, "TROUPE_KEY_FILE");
    reach->peer_key = from_environment(reach->peer_key, "TROUPE_PEER_KEY");
    if (reach->endpoint == NULL) {
        return tr_command_misused(command, "--node ENDPOINT is missing (or TROUPE_NODE)");
    }
    if (strncmp(reach->endpoint, "ipc://", 6) == 0) { /* without keys: its file has a mode */
        reach->key_file = NULL;
        reach->peer_key = NULL;
    }
    if ((reach->key_file == NULL) != (reach->peer_key == NULL)) {
        return tr_command_misused(command, "--key-file and --peer-key go together");
    }
    if (reach->key_file != NULL && reach->is_plain_forced) {
        return tr_command_misused(command, "--plain is without keys");
    }
    return TR_EXIT_OK;
}

int tr_options_take(const tr_command *command, int *argc, char **argv, const tr_option *own,
                    tr_reach *reach)
{
    *reach = (tr_reach) {.timeout_ns = TIMEOUT_DEFAULT_NS};
    const tr_option common[] = {
        {"--node", TR_OPTION_TEXT, &reach->endpoint},
        {"--key-file", TR_OPTION_TEXT, &reach->key_file},
        {"--peer-key", TR_OPTION_TEXT, &reach->peer_key},
        {"--timeout", TR_OPTION_SECONDS, &reach->timeout_ns},
        {"--plain", TR_OPTION_FLAG, &reach->is_plain_forced},
        {"--json", TR_OPTION_FLAG, &reach->is_json},
        {NULL, TR_OPTION_FLAG, NULL},
    };
    int left = 1;
    bool is_over = false;
    for (int i = 1; i < *argc; i++) {
        if (!is_over && strcmp(argv[i], "--") == 0) {
            is_over = true;
        } else if (!is_over && strncmp(argv[i], "--", 2) == 0) {
            const int status = take(command, *argc, argv, &i, own, common);
            if (status != TR_EXIT_OK) {
                return status;
            }
        } else {
            argv[left++] = argv[i];
        }
    }
    *argc = left;
    return complete(command, reach);
}
