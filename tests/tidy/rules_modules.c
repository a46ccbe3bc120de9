/* SPDX-License-Identifier: MIT */
/* What a module is: a header that introduces it, a unit test, a place in a source list. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "tidy/rules.h"

struct exception {
    const char *path; /* pattern */
    const char *reason;
};

/* Sources without a unit test of their own. */
static const struct exception untested[] = {
    {"lib/command/*", "a program: tested as a whole in tests/integration"},
};

/* The path without folders and ending. */
static void get_stem(const struct source *source, char *out_stem, size_t size)
{
    const char *name = source_name(source);
    (void) snprintf(out_stem, size, "%.*s", (int) strcspn(name, "."), name);
}

/* Whether the comment that begins on this line, to its end, has the word. */
static bool comment_has(const struct source *source, size_t line, const char *word)
{
    for (; line < source->count; line++) {
        if (strstr(source->lines[line], word) != NULL) {
            return true;
        }
        if (strstr(source->lines[line], "*/") != NULL) {
            return false;
        }
    }
    return false;
}

void headers_introduce_their_module(const struct tree *tree, struct complaints *complaints)
{
    char stem[128];
    char start[160];
    for (size_t i = 0; i < tree->count; i++) {
        const struct source *source = &tree->sources[i];
        const bool is_internal = source_is_in(source, "lib");
        if (!source_ends_with(source, ".h") || source->count < 2 ||
            !(is_internal || source_is_in(source, "include"))) {
            continue;
        }
        get_stem(source, stem, sizeof stem);
        (void) snprintf(start, sizeof start, "/* %s: ", stem);
        if (strncmp(source->lines[1], start, strlen(start)) != 0) {
            complain(complaints, source, 1, "the second line does not begin with \"%s\"", start);
        } else if (is_internal && !comment_has(source, 1, "Threads:")) {
            complain(complaints, source, 1, "the module's comment has no \"Threads:\"");
        }
    }
}

static bool is_untested(const char *path)
{
    for (size_t i = 0; i < sizeof untested / sizeof untested[0]; i++) {
        if (fnmatch(untested[i].path, path, 0) == 0) {
            return true;
        }
    }
    return false;
}

void modules_have_a_unit_test(const struct tree *tree, struct complaints *complaints)
{
    char path[512];
    for (size_t i = 0; i < tree->count; i++) {
        const struct source *source = &tree->sources[i];
        if (!source_is_in(source, "lib") || !source_ends_with(source, ".c") ||
            is_untested(source->path)) {
            continue;
        }
        const char *module = source->path + strlen("lib/");
        (void) snprintf(path, sizeof path, "tests/unit/%.*s_test.c", (int) strcspn(module, "."),
                        module);
        if (tree_find(tree, path) == NULL) {
            complain(complaints, source, 0, "there is no %s", path);
        }
    }
}

static bool mentions(const struct source *source, const char *word)
{
    for (size_t line = 0; line < source->count; line++) {
        if (find_word(source->lines[line], word) != NULL) {
            return true;
        }
    }
    return false;
}

void files_are_in_a_source_list(const struct tree *tree, struct complaints *complaints)
{
    char stem[128];
    for (size_t i = 0; i < tree->count; i++) {
        const struct source *source = &tree->sources[i];
        if (!source_ends_with(source, ".c") && !source_ends_with(source, ".S")) {
            continue;
        }
        /* troupe_test and the like are given the name without its ending. */
        get_stem(source, stem, sizeof stem);
        const struct source *list = tree_find_list(tree, source);
        if (list == NULL || !mentions(list, stem)) {
            complain(complaints, source, 0, "is not in the source list %s",
                     list == NULL ? "CMakeLists.txt" : list->path);
        }
    }
}

/* Whether some other file includes the header. */
static bool is_included(const struct tree *tree, const struct source *header)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct source *source = &tree->sources[i];
        for (size_t line = 0; source != header && source_is_c(source) && line < source->count;
             line++) {
            if (strncmp(source->lines[line], "#include", 8) == 0 &&
                find_word(source->lines[line], source_name(header)) != NULL) {
                return true;
            }
        }
    }
    return false;
}

void headers_are_used(const struct tree *tree, struct complaints *complaints)
{
    const struct source *umbrella = tree_find(tree, "include/troupe/troupe.h");
    for (size_t i = 0; i < tree->count; i++) {
        const struct source *source = &tree->sources[i];
        if (!source_ends_with(source, ".h") || source == umbrella) {
            continue;
        }
        if (!is_included(tree, source)) {
            complain(complaints, source, 0, "is included by no file");
        }
        if (source_is_in(source, "include") && umbrella != NULL &&
            !mentions(umbrella, source->path + strlen("include/"))) {
            complain(complaints, umbrella, 0, "lacks %s", source->path);
        }
    }
}
