/* SPDX-License-Identifier: MIT */
/* How long things may be. Raising a number here is a change of its own, with the reason. */
#include <fnmatch.h>
#include <string.h>

#include "tidy/rules.h"

enum {
    FUNCTION_LINES_MAX = 70,
    COLUMNS_MAX = 100
};

struct limit {
    const char *pattern; /* of paths; the first that fits holds */
    size_t lines_max;
};

static const struct limit limits[] = {
    {"include/troupe/*.h", 200},
    {"tests/*_test.c", 500},
    {"examples/*/*", 600}, /* a folder of its own: a program, not a lesson */
    {"examples/*.c", 120},
    {"*.c", 600},
    {"*.h", 600},
};

void files_are_short(const struct tree *tree, struct complaints *complaints)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct source *source = &tree->sources[i];
        if (!source_is_c(source)) {
            continue;
        }
        const struct limit *limit = limits;
        while (fnmatch(limit->pattern, source->path, 0) != 0) {
            limit++;
        }
        if (source->count > limit->lines_max) {
            complain(complaints, source, source->count - 1, "has %zu lines, more than %zu",
                     source->count, limit->lines_max);
        }
    }
}

/* In our layout a function is what stands between a line "{" and a line "}". */
void functions_are_short(const struct tree *tree, struct complaints *complaints)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct source *source = &tree->sources[i];
        size_t start = 0;
        for (size_t line = 0; source_is_c(source) && line < source->count; line++) {
            if (strcmp(source->lines[line], "{") == 0) {
                start = line;
            } else if (strcmp(source->lines[line], "}") == 0 &&
                       line - start + 1 > FUNCTION_LINES_MAX) {
                complain(complaints, source, start, "a function of %zu lines, more than %d",
                         line - start + 1, FUNCTION_LINES_MAX);
            }
        }
    }
}

/* Characters, not bytes: those that continue a UTF-8 sequence do not count. */
static size_t columns(const char *line)
{
    size_t count = 0;
    for (; *line != '\0'; line++) {
        count += ((unsigned char) *line & 0xC0) != 0x80;
    }
    return count;
}

void lines_are_short(const struct tree *tree, struct complaints *complaints)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct source *source = &tree->sources[i];
        for (size_t line = 0; source_is_c(source) && line < source->count; line++) {
            const char *text = source->lines[line];
            if (columns(text) > COLUMNS_MAX) {
                complain(complaints, source, line, "%zu columns, more than %d", columns(text),
                         COLUMNS_MAX);
            }
            if (strchr(text, '\t') != NULL || (*text != '\0' && text[strlen(text) - 1] == ' ')) {
                complain(complaints, source, line, "a tab or a space at the end");
            }
        }
    }
}
