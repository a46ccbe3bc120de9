/* SPDX-License-Identifier: MIT */
/* What may not be written. */
#include <fnmatch.h>
#include <string.h>

#include "tidy/rules.h"

struct banned {
    const char *call;
    const char *instead;
    const char *except[8]; /* patterns of paths */
};

/* In lib/. Each stands for a habit that this library cannot afford. What is of time, chance,
 * threads, memory and the world outside goes through core/ports.h, so that a simulation has it in
 * its hand. */
static const struct banned calls[] = {
    {"strcpy(", "memcpy or snprintf", {NULL}},
    {"strcat(", "snprintf", {NULL}},
    {"strncpy(", "memcpy or snprintf", {NULL}},
    {"sprintf(", "snprintf", {NULL}},
    {"vsprintf(", "vsnprintf", {NULL}},
    {"gets(", "fgets", {NULL}},
    {"strtok(", "strcspn", {NULL}},
    {"atoi(", "strtol, checked", {NULL}},
    {"atol(", "strtol, checked", {NULL}},
    {"atof(", "strtod, checked", {NULL}},
    {"sleep(", "a deadline", {NULL}},
    {"usleep(", "a deadline", {NULL}},
    {"nanosleep(", "a deadline", {NULL}},
    {"clock_nanosleep(", "a deadline", {NULL}},
    {"sched_yield(", "a wait that is woken", {NULL}},
    {"exit(", "an error", {NULL}},
    {"_exit(", "an error", {NULL}},
    {"atexit(", "the owner's destroy", {NULL}},
    {"abort(", "TR_ASSERT", {"lib/base/assert.c"}},
    {"alloca(", "the node's allocator", {NULL}},
    {"volatile", "an atomic", {NULL}},
    /* Time. */
    {"time(", "the port's clock", {NULL}},
    {"clock(", "the port's clock", {NULL}},
    {"times(", "the port's clock", {NULL}},
    {"gettimeofday(", "the port's clock", {NULL}},
    {"clock_gettime(", "the port's clock", {"lib/base/clock.c"}},
    {"timespec_get(",
     "the port's clock",
     {"lib/node/settings.c"}}, /* of an incarnation, not of time */
    {"getrusage(", "the port's clock", {NULL}},
    {"__rdtsc(", "the port's clock", {NULL}},
    {"__builtin_ia32_rdtsc(", "the port's clock", {NULL}},
    {"timerfd_create(", "a deadline", {NULL}},
    {"tr_clock_real(",
     "the port's clock",
     {"lib/base/clock.[ch]", "lib/node/*",
      "lib/simulation/simulate.c"}}, /* how long it may search */
    /* Chance. */
    {"rand(", "base/random", {NULL}},
    {"srand(", "base/random", {NULL}},
    {"rand_r(", "base/random", {NULL}},
    {"random(", "base/random", {NULL}},
    {"drand48(", "base/random", {NULL}},
    {"lrand48(", "base/random", {NULL}},
    {"arc4random(", "base/random", {NULL}},
    {"getentropy(", "base/random", {NULL}},
    {"getrandom(", "base/random", {"lib/node/settings.c"}}, /* the seed, and an incarnation */
    /* Threads. */
    {"pthread_create(", "base/thread, in lib/node", {"lib/base/thread.c"}},
    {"thrd_create(", "base/thread, in lib/node", {NULL}},
    {"_Thread_local",
     "what the worker has",
     {"lib/base/chance.c", "lib/node/faults.c", "lib/core/observe.c", "lib/simulation/eyes.c"}},
    {"__thread", "what the worker has", {NULL}},
    {"poll(", "the port for descriptors", {"lib/transport/*"}},
    {"ppoll(", "the port for descriptors", {NULL}},
    {"select(", "the port for descriptors", {NULL}},
    {"epoll_wait(", "the port for descriptors", {"lib/transport/*"}},
    /* Memory. */
    {"malloc(", "the node's allocator", {"lib/base/memory.c", "lib/command/*"}},
    {"calloc(", "the node's allocator", {"lib/base/memory.c", "lib/command/*"}},
    {"realloc(", "the node's allocator", {"lib/base/memory.c", "lib/command/*"}},
    {"reallocarray(", "the node's allocator", {NULL}},
    {"aligned_alloc(", "the node's allocator", {NULL}},
    {"posix_memalign(", "the node's allocator", {NULL}},
    {"strdup(", "the node's allocator", {NULL}},
    {"strndup(", "the node's allocator", {NULL}},
    {"asprintf(", "the node's allocator", {NULL}},
    {"vasprintf(", "the node's allocator", {NULL}},
    {"getline(", "the node's allocator", {NULL}},
    {"open_memstream(", "the node's allocator", {NULL}},
    {"mmap(",
     "the node's allocator",
     {"lib/core/stacks.c", "lib/core/slot.c"}}, /* as little is used */
    {"tr_allocator_default(",
     "the node's allocator",
     {"lib/base/memory.[ch]", "lib/simulation/*", "lib/node/settings.c", "lib/transport/inproc.c",
      /* What outlives its node, or is there before it. */
      "lib/node/node_gate.c", "lib/core/snapshot.c", "lib/node/arguments.c"}},
    /* Order, and what the machine is like. */
    {"qsort(", "an order that no address and no library decides", {"lib/command/*"}},
    {"getenv(", "an option", {"lib/node/main.c", "lib/simulation/environment.c", "lib/command/*"}},
};

static bool is_excepted(const struct banned *banned, const char *path)
{
    for (size_t i = 0; banned->except[i] != NULL; i++) {
        if (fnmatch(banned->except[i], path, 0) == 0) {
            return true;
        }
    }
    return false;
}

static void check_calls(const struct source *source, size_t line, struct complaints *complaints)
{
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (find_word(source->code[line], calls[i].call) != NULL &&
            !is_excepted(&calls[i], source->path)) {
            complain(complaints, source, line, "%s is banned here: %s instead", calls[i].call,
                     calls[i].instead);
        }
    }
}

/* A hash of an address orders a map otherwise in each run. */
static void check_hashes(const struct source *source, size_t line, struct complaints *complaints)
{
    /* Who reads that map puts it in order. */
    /* By which things are found, and nothing is done in an order. */
    static const struct banned hashes = {.except = {"lib/core/ledger.c",
                                                    "lib/simulation/message_checker.c",
                                                    "lib/simulation/timer_checker.c"}};
    if (strstr(source->code[line], "tr_hash_") != NULL &&
        find_word(source->code[line], "uintptr_t") != NULL && !is_excepted(&hashes, source->path)) {
        complain(complaints, source, line, "an address is hashed: a number or a name instead");
    }
}

void banned_calls_are_absent(const struct tree *tree, struct complaints *complaints)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct source *source = &tree->sources[i];
        if (source_is_c(source) && source_is_in(source, "lib")) {
            for (size_t line = 0; line < source->count; line++) {
                check_calls(source, line, complaints);
                check_hashes(source, line, complaints);
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
