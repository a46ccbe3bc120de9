/* SPDX-License-Identifier: MIT */
/* Who may include what. */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tidy/rules.h"

struct layer {
    const char *name;
    const char *sees[6]; /* besides itself */
};

static const struct layer layers[] = {
    {"base", {NULL}},
    {"core", {"base"}},
    {"flow", {"base"}},
    {"cluster", {"base", "core"}},
    {"transport", {"base", "core", "cluster"}},
    {"node", {"base", "core", "transport", "cluster"}},
    {"io", {"base"}},
    {"simulation", {"base", "core", "cluster"}},
    {"command", {NULL}},
};

struct special {
    const char *header;      /* pattern */
    const char *allowed[20]; /* patterns of paths */
};

/* To let one more file in, add it here; the commit says why. Tests may include what they need. */
static const struct special specials[] = {
    {"<zmq.h>", {"lib/transport/*"}},
    {"<pthread.h>", {"lib/base/thread.[ch]", "examples/09_outside_thread.c"}},
    {"<threads.h>", {NULL}},
    /* Threads are the node's, and what of it is handed over goes through the ports. */
    {"\"base/thread.h\"",
     {"lib/base/thread.c", "lib/node/*", "lib/core/stacks.c", "lib/io/signal_table.c"}},
    {"<stdatomic.h>",
     {"lib/base/crate.[ch]", "lib/base/thread.[ch]", "lib/core/dead_ring.[ch]",
      "lib/core/ledger.[ch]", "lib/core/message.[ch]", "lib/core/nodes.[ch]", "lib/core/pool.[ch]",
      "lib/core/seat.h", "lib/core/slot.[ch]", "lib/core/stacks.[ch]", "lib/core/system.[ch]",
      "lib/core/tap.[ch]", "lib/core/worker.[ch]", "lib/transport/*", "lib/io/file.c",
      "lib/io/signal_table.c", /* what a signal's handler may look at */
      "lib/node/*",
      /* Blocks are given back on whatever thread ends the last message with them. */
      "examples/wordcount/blocks.[ch]"}},
    {"<protobuf-c/*>",
     {"include/troupe/actor.h", "include/troupe/ask.h", "include/troupe/behavior.h",
      "include/troupe/mailbox.h", "include/troupe/message.h", "include/troupe/placement.h",
      "include/troupe/remote.h", "include/troupe/send.h", "include/troupe/service.h",
      "lib/cluster/arena.[ch]", "lib/cluster/check.[ch]", "lib/core/message.[ch]",
      "lib/core/protobuf.[ch]", "lib/core/service.[ch]", "lib/node/json*"}},
    {"<boost/*>", {NULL}},
    {"<valgrind/*>", {"lib/core/sanitizers.h"}},
    {"<sanitizer/*>", {"lib/core/poison.h", "lib/core/sanitizers.h", "lib/transport/*"}},
    {"<troupe/troupe.h>", {"examples/*", "actors/*", "lib/command/*"}},
    {"<troupe/actors/*>", {"examples/*", "actors/*", "lib/command/*"}},
    {"<assert.h>", {NULL}},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What the line includes, with its brackets or quotes, or false. */
static bool get_include(const char *line, char *out_target, size_t size)
{
    const char *at = line + strspn(line, " ");
    if (*at++ != '#') {
        return false;
    }
    at += strspn(at, " ");
    if (strncmp(at, "include", 7) != 0) {
        return false;
    }
    at += 7 + strspn(at + 7, " ");
    const size_t length = strcspn(at + 1, ">\"") + 2;
    return (size_t) snprintf(out_target, size, "%.*s", (int) length, at) < size;
}

static const struct layer *find_layer(const char *path)
{
    for (size_t i = 0; i < COUNT(layers); i++) {
        const size_t length = strlen(layers[i].name);
        if (strncmp(path, layers[i].name, length) == 0 && path[length] == '/') {
            return &layers[i];
        }
    }
    return NULL;
}

static bool sees(const struct layer *layer, const struct layer *other)
{
    if (layer == other) {
        return true;
    }
    for (size_t i = 0; layer != NULL && other != NULL && layer->sees[i] != NULL; i++) {
        if (strcmp(layer->sees[i], other->name) == 0) {
            return true;
        }
    }
    return false;
}

/* What protoc-c makes of proto/, and the files that see it. */
static const struct {
    const char *path;
    const char *header;
} wire[] = {
    {"lib/cluster/frame.c", "envelope.pb-c.h"},     {"lib/cluster/greeting.c", "greeting.pb-c.h"},
    {"lib/cluster/groups_word.c", "groups.pb-c.h"}, {"lib/cluster/words.c", "session.pb-c.h"},
    {"lib/node/inspector*", "inspect.pb-c.h"},      {"lib/command/*", "inspect.pb-c.h"},
};

static bool is_wire(const char *path, const char *target)
{
    for (size_t i = 0; i < sizeof wire / sizeof wire[0]; i++) {
        if (fnmatch(wire[i].path, path, 0) == 0 && strcmp(target, wire[i].header) == 0) {
            return true;
        }
    }
    return false;
}

/* A quoted include of the library: "layer/module.h", which is there and not above. */
static void check_layer(const struct tree *tree, const struct source *source, size_t line,
                        const char *target, struct complaints *complaints)
{
    char path[512];
    (void) snprintf(path, sizeof path, "lib/%s", target);
    const struct layer *own = find_layer(source->path + strlen("lib/"));
    if (is_wire(source->path, target)) {
        return;
    }
    if (own == NULL || tree_find(tree, path) == NULL) {
        complain(complaints, source, line, "\"%s\" is not \"layer/module.h\" of lib/", target);
    } else if (!sees(own, find_layer(target))) {
        complain(complaints, source, line, "layer %s may not see \"%s\"", own->name, target);
    }
}

/* A quoted include of an actor or example: of its own folder, or made by protoc-c. */
static void check_own_folder(const struct tree *tree, const struct source *source, size_t line,
                             const char *target, struct complaints *complaints)
{
    char path[512];
    const int folder_length = (int) (source_name(source) - source->path);
    (void) snprintf(path, sizeof path, "%.*s%s", folder_length, source->path, target);
    const bool is_generated = fnmatch("*.pb-c.h", target, 0) == 0;
    if (!is_generated && tree_find(tree, path) == NULL) {
        complain(complaints, source, line,
                 "\"%s\" is neither of this folder nor made by protoc-c; the library is seen "
                 "through <troupe/...>",
                 target);
    }
}

static void check_quoted(const struct tree *tree, const struct source *source, size_t line,
                         const char *target, struct complaints *complaints)
{
    if (source_is_in(source, "include")) {
        complain(complaints, source, line, "a public header includes <troupe/...>, not \"%s\"",
                 target);
    } else if (source_is_in(source, "lib")) {
        check_layer(tree, source, line, target, complaints);
    } else if (source_is_in(source, "actors") || source_is_in(source, "examples")) {
        check_own_folder(tree, source, line, target, complaints);
    }
}

void layers_include_downwards_only(const struct tree *tree, struct complaints *complaints)
{
    char target[256];
    for (size_t i = 0; i < tree->count; i++) {
        const struct source *source = &tree->sources[i];
        for (size_t line = 0; source_is_c(source) && line < source->count; line++) {
            if (get_include(source->code[line], target, sizeof target) && target[0] == '"') {
                target[strlen(target) - 1] = '\0';
                check_quoted(tree, source, line, target + 1, complaints);
            }
        }
    }
}

static bool is_allowed(const struct special *special, const char *path)
{
    for (size_t i = 0; special->allowed[i] != NULL; i++) {
        if (fnmatch(special->allowed[i], path, 0) == 0) {
            return true;
        }
    }
    return false;
}

static void check_special(const struct source *source, size_t line, const char *target,
                          struct complaints *complaints)
{
    for (size_t i = 0; i < COUNT(specials); i++) {
        if (fnmatch(specials[i].header, target, 0) == 0 &&
            !is_allowed(&specials[i], source->path)) {
            complain(complaints, source, line,
                     "may not include %s; tests/tidy/rules_includes.c says "
                     "who may",
                     target);
        }
    }
}

void few_files_see_special_headers(const struct tree *tree, struct complaints *complaints)
{
    char target[256];
    for (size_t i = 0; i < tree->count; i++) {
        const struct source *source = &tree->sources[i];
        if (!source_is_c(source) || source_is_in(source, "tests") ||
            strcmp(source->path, "include/troupe/troupe.h") == 0) {
            continue;
        }
        for (size_t line = 0; line < source->count; line++) {
            if (get_include(source->code[line], target, sizeof target)) {
                check_special(source, line, target, complaints);
            }
        }
    }
}

/* The header of ours that this line includes, or NULL. */
static const struct source *included_header(const struct tree *tree, const char *line)
{
    char target[256];
    char path[512];
    if (!get_include(line, target, sizeof target)) {
        return NULL;
    }
    target[strlen(target) - 1] = '\0';
    (void) snprintf(path, sizeof path, "%s/%s", target[0] == '"' ? "lib" : "include", target + 1);
    return tree_find(tree, path);
}

/* Whether `goal` is included by `from`, directly or through headers not seen yet. */
static bool reaches(const struct tree *tree, const struct source *from, const struct source *goal,
                    bool *seen)
{
    for (size_t line = 0; line < from->count; line++) {
        const struct source *next = included_header(tree, from->code[line]);
        if (next == NULL || seen[next - tree->sources]) {
            continue;
        }
        seen[next - tree->sources] = true;
        if (next == goal || reaches(tree, next, goal, seen)) {
            return true;
        }
    }
    return false;
}

void headers_do_not_include_each_other_in_a_ring(const struct tree *tree,
                                                 struct complaints *complaints)
{
    bool *seen = calloc(tree->count + 1, sizeof *seen);
    for (size_t i = 0; seen != NULL && i < tree->count; i++) {
        const struct source *source = &tree->sources[i];
        const bool is_ours = source_is_in(source, "lib") || source_is_in(source, "include");
        memset(seen, 0, tree->count * sizeof *seen);
        if (is_ours && source_ends_with(source, ".h") && reaches(tree, source, source, seen)) {
            complain(complaints, source, 0, "includes itself through other headers");
        }
    }
    free(seen);
}
