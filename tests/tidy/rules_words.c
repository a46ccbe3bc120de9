/* SPDX-License-Identifier: MIT */
/* What may not be written. */
#include <fnmatch.h>
#include <string.h>

#include "tidy/rules.h"

struct banned {
    const char *call;
    const char *except; /* pattern of paths, or NULL */
    const char *instead;
};

/* In lib/. Each stands for a habit that this library cannot afford. */
static const struct banned calls[] = {
    {"strcpy(", NULL, "memcpy or snprintf"},
    {"strcat(", NULL, "snprintf"},
    {"strncpy(", NULL, "memcpy or snprintf"},
    {"sprintf(", NULL, "snprintf"},
    {"vsprintf(", NULL, "vsnprintf"},
    {"gets(", NULL, "fgets"},
    {"strtok(", NULL, "strcspn"},
    {"atoi(", NULL, "strtol, checked"},
    {"atol(", NULL, "strtol, checked"},
    {"atof(", NULL, "strtod, checked"},
    {"rand(", NULL, "base/random"},
    {"srand(", NULL, "base/random"},
    {"random(", NULL, "base/random"},
    {"time(", NULL, "base/clock"},
    {"gettimeofday(", NULL, "base/clock"},
    {"clock_gettime(", "lib/base/clock*", "base/clock"},
    {"timespec_get(", "lib/node/settings.c", "base/clock"}, /* of an incarnation, not of time */
    {"sleep(", NULL, "a deadline"},
    {"usleep(", NULL, "a deadline"},
    {"nanosleep(", NULL, "a deadline"},
    {"sched_yield(", NULL, "a wait that is woken"},
    {"exit(", NULL, "an error"},
    {"_exit(", NULL, "an error"},
    {"atexit(", NULL, "the owner's destroy"},
    {"abort(", "lib/base/assert.c", "TR_ASSERT"},
    {"alloca(", NULL, "the node's allocator"},
    {"malloc(", "lib/base/memory.c", "the node's allocator"},
    {"calloc(", "lib/base/memory.c", "the node's allocator"},
    {"realloc(", "lib/base/memory.c", "the node's allocator"},
    {"strdup(", NULL, "the node's allocator"},
    {"volatile", NULL, "an atomic"},
};

static void check_calls(const struct source *source, size_t line, struct complaints *complaints)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        const bool is_excepted =
            calls[i].except != NULL && fnmatch(calls[i].except, source->path, 0) == 0;
        if (!is_excepted && find_word(source->code[line], calls[i].call) != NULL) {
            complain(complaints, source, line, "%s is banned here: %s instead", calls[i].call,
                     calls[i].instead);
        }
    }
}

void banned_calls_are_absent(const struct tree *tree, struct complaints *complaints)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct source *source = &tree->sources[i];
        if (source_is_c(source) && source_is_in(source, "lib")) {
            for (size_t line = 0; line < source->count; line++) {
                check_calls(source, line, complaints);
            }
        }
    }
}

/* Followed by an issue's number on the same line, such as #12. */
static bool names_an_issue(const char *text)
{
    for (const char *at = strchr(text, '#'); at != NULL; at = strchr(at + 1, '#')) {
        if (at[1] >= '1' && at[1] <= '9') {
            return true;
        }
    }
    return false;
}

static void check_to_dos(const struct source *source, size_t line, struct complaints *complaints)
{
    static const char *const words[] = {"TODO", "FIXME", "XXX"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const char *at = find_word(source->lines[line], words[i]);
        if (at != NULL && !names_an_issue(at)) {
            complain(complaints, source, line, "%s without an issue's number", words[i]);
        }
    }
}

void to_dos_name_an_issue(const struct tree *tree, struct complaints *complaints)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct source *source = &tree->sources[i];
        const bool speaks_of_them = source_is_in(source, "tests/tidy");
        for (size_t line = 0; !speaks_of_them && line < source->count; line++) {
            check_to_dos(source, line, complaints);
        }
    }
}

static bool needs_a_licence(const struct source *source)
{
    static const char *const endings[] = {".S",  ".proto", ".cmake", "CMakeLists.txt",
                                          ".sh", ".awk",   ".py"};
    bool needs = source_is_c(source) || source->is_script;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        needs = needs || source_ends_with(source, endings[i]);
    }
    return needs;
}

void files_name_their_licence(const struct tree *tree, struct complaints *complaints)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct source *source = &tree->sources[i];
        if (!needs_a_licence(source)) {
            continue;
        }
        bool has = false;
        for (size_t line = 0; line < 2 && line < source->count; line++) {
            has = has || strstr(source->lines[line], "SPDX-License-Identifier: MIT") != NULL;
        }
        if (!has) {
            complain(complaints, source, 0, "does not begin with its SPDX-License-Identifier");
        }
    }
}
