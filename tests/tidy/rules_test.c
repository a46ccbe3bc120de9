/* SPDX-License-Identifier: MIT */
/* The tidy rules find what they are there to find, in small trees made up for it. */
#include <string.h>

#include "support/fixtures.h"
#include "tidy/rules.h"

struct planted {
    const char *path;
    const char *text;
};

/* How often the rule complains about a tree of these files; the list ends with a NULL path. */
static int complaints_about(tidy_rule *rule, const struct planted *planted)
{
    static struct complaints complaints;
    struct tree tree = {0};
    complaints = (struct complaints) {0};
    for (; planted->path != NULL; planted++) {
        tree_add(&tree, planted->path, planted->text);
    }
    rule(&tree, &complaints);
    tree_free(&tree);
    return complaints.count;
}

#define COMPLAINTS(rule, ...)                                                                      \
    complaints_about(rule, (const struct planted[]) {__VA_ARGS__, {NULL, NULL}})

#define LIST "lib/base/list.h", "\n"
#define QUEUE "lib/core/queue.h", "\n"

static void finds_an_include_of_a_higher_layer(void **state)
{
    (void) state;
    assert_int_equal(COMPLAINTS(layers_include_downwards_only, {QUEUE},
                                {"lib/base/log.c", "#include \"core/queue.h\"\n"}),
                     1);
    assert_int_equal(COMPLAINTS(layers_include_downwards_only, {LIST},
                                {"lib/core/log.c", "#include \"base/list.h\"\n"}),
                     0);
}

static void keeps_the_simulation_away_from_transport(void **state)
{
    (void) state;
    assert_int_equal(COMPLAINTS(layers_include_downwards_only, {"lib/transport/link.h", ""},
                                {"lib/simulation/link.c", "#include \"transport/link.h\"\n"}),
                     1);
}

static void keeps_examples_to_the_public_headers(void **state)
{
    (void) state;
    assert_int_equal(COMPLAINTS(layers_include_downwards_only, {LIST}, {"examples/own.h", ""},
                                {"examples/hello.c",
                                 "#include \"own.h\"\n"
                                 "#include \"shop.pb-c.h\"\n"
                                 "#include \"base/list.h\"\n"
                                 "#include <troupe/troupe.h>\n"}),
                     1);
}

static void ignores_what_is_commented_out_or_quoted(void **state)
{
    (void) state;
    assert_int_equal(COMPLAINTS(few_files_see_special_headers, {"lib/core/actor.c",
                                                                "/* as in\n"
                                                                "#include <zmq.h>\n"
                                                                "*/\n"}),
                     0);
    assert_int_equal(COMPLAINTS(banned_calls_are_absent,
                                {"lib/core/actor.c", "log(\"exit( \\\" exit(\"); /* exit() */\n"}),
                     0);
}

static void finds_special_headers_where_they_do_not_belong(void **state)
{
    (void) state;
    assert_int_equal(COMPLAINTS(few_files_see_special_headers,
                                {"lib/transport/inproc.c", "#include <zmq.h>\n"},
                                {"lib/node/node.c", "#include <zmq.h>\n"},
                                {"examples/hello.c", "#  include <pthread.h>\n"}),
                     2);
}

static void finds_rings_of_headers(void **state)
{
    (void) state;
    assert_int_equal(COMPLAINTS(headers_do_not_include_each_other_in_a_ring,
                                {"lib/base/a.h", "#include \"base/b.h\"\n"},
                                {"lib/base/b.h", "#include \"base/c.h\"\n"},
                                {"lib/base/c.h", "#include \"base/b.h\"\n"}),
                     2);
}

/* A file of `count` lines. */
static const char *lines(size_t count, const char *line)
{
    static char text[65536];
    text[0] = '\0';
    char *end = text;
    for (size_t i = 0; i < count; i++) {
        end = stpcpy(end, line);
    }
    return text;
}

static void finds_long_files(void **state)
{
    (void) state;
    assert_int_equal(COMPLAINTS(files_are_short, {"lib/base/a.c", lines(601, "\n")}), 1);
    assert_int_equal(COMPLAINTS(files_are_short, {"lib/base/a.c", lines(600, "\n")}), 0);
    assert_int_equal(COMPLAINTS(files_are_short, {"include/troupe/a.h", lines(201, "\n")}), 1);
    assert_int_equal(COMPLAINTS(files_are_short, {"examples/a.c", lines(121, "\n")}), 1);
}

static void finds_long_functions(void **state)
{
    (void) state;
    char text[512];
    (void) snprintf(text, sizeof text, "int f(void)\n{\n%s}\n", lines(69, ";\n"));
    assert_int_equal(COMPLAINTS(functions_are_short, {"lib/base/a.c", text}), 1);
    (void) snprintf(text, sizeof text, "int f(void)\n{\n%s}\n", lines(68, ";\n"));
    assert_int_equal(COMPLAINTS(functions_are_short, {"lib/base/a.c", text}), 0);
}

static void counts_columns_as_characters(void **state)
{
    (void) state;
    assert_int_equal(COMPLAINTS(lines_are_short, {"lib/base/a.c", lines(100, "\xc3\xb6")}), 0);
    assert_int_equal(COMPLAINTS(lines_are_short, {"lib/base/a.c", lines(101, "x")}), 1);
    assert_int_equal(COMPLAINTS(lines_are_short, {"lib/base/a.c", "x \n"}), 1);
}

/* Promise: TIME-ONE-CLOCK */
static void finds_banned_calls_as_whole_words(void **state)
{
    (void) state;
    assert_int_equal(
        COMPLAINTS(banned_calls_are_absent, {"lib/base/a.c", "on_exit_time(1); run_time(2);\n"},
                   {"lib/base/b.c", "exit(1);\n"}, {"tests/unit/base/b_test.c", "exit(1);\n"},
                   {"lib/base/clock.c", "clock_gettime(0);\n"},
                   {"lib/node/node.c", "clock_gettime(0);\n"}),
        2);
}

/* Promise: SIMULATION-PORTS */
/* Of time, chance, threads, memory, order: each goes through a port. */
static void finds_what_goes_past_the_ports(void **state)
{
    (void) state;
    static const char *const lines[] = {
        "now = time(NULL);\n",
        "now = clock();\n",
        "clock_gettime(CLOCK_MONOTONIC, &now);\n",
        "now = __rdtsc();\n",
        "tr_clock clock = tr_clock_real();\n",
        "clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);\n",
        "number = rand();\n",
        "number = arc4random();\n",
        "getrandom(&number, sizeof number, 0);\n",
        "pthread_create(&thread, NULL, run, NULL);\n",
        "static _Thread_local int own;\n",
        "poll(&set, 1, -1);\n",
        "block = malloc(12);\n",
        "name = strndup(given, 12);\n",
        "block = tr_allocate(tr_allocator_default(), 12);\n",
        "block = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, -1, 0);\n",
        "qsort(all, count, sizeof *all, compare);\n",
        "hash = tr_hash_u64((uint64_t) (uintptr_t) block);\n",
        "value = getenv(name);\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_int_equal(COMPLAINTS(banned_calls_are_absent, {"lib/core/a.c", lines[i]}), 1);
        assert_int_equal(COMPLAINTS(banned_calls_are_absent, {"examples/a.c", lines[i]}), 0);
    }
    assert_int_equal(COMPLAINTS(few_files_see_special_headers,
                                {"lib/core/a.c", "#include \"base/thread.h\"\n"},
                                {"lib/node/a.c", "#include \"base/thread.h\"\n"}),
                     1);
    assert_int_equal(COMPLAINTS(banned_calls_are_absent,
                                {"lib/core/a.c",
                                 "port.clock.now_ns(port.clock.context);\n"
                                 "hash = tr_hash_u64(node);\n"
                                 "at = (uintptr_t) block;\n"},
                                {"lib/base/memory.c", "malloc(1);\n"}),
                     0);
}

static void finds_to_dos_without_a_number(void **state)
{
    (void) state;
    assert_int_equal(COMPLAINTS(to_dos_name_an_issue, {"lib/base/a.c", "/* TODO: later */\n"},
                                {"lib/base/b.c", "/* TODO #12: later */\n"}),
                     1);
}

static void finds_files_without_a_licence(void **state)
{
    (void) state;
    assert_int_equal(COMPLAINTS(files_name_their_licence, {"lib/base/a.c", "int x;\n"},
                                {"tests/go", "#!/bin/sh\n# SPDX-License-Identifier: MIT\n"},
                                {"tests/README.md", "text\n"}),
                     1);
}

static void finds_headers_without_an_introduction(void **state)
{
    (void) state;
    assert_int_equal(COMPLAINTS(headers_introduce_their_module,
                                {"lib/base/a.h", "x\n/* a: words.\n * Threads: any. */\n"},
                                {"lib/base/b.h", "x\n/* b: words. */\n/* Threads: */\n"},
                                {"lib/base/c.h", "x\n#ifndef C\n"}),
                     2);
}

static void finds_modules_without_a_unit_test(void **state)
{
    (void) state;
    assert_int_equal(COMPLAINTS(modules_have_a_unit_test, {"lib/base/a.c", ""},
                                {"lib/core/a.c", ""}, {"tests/unit/base/a_test.c", ""}),
                     1);
}

static void finds_files_that_nothing_builds_or_includes(void **state)
{
    (void) state;
    const struct planted tree[] = {
        {"lib/CMakeLists.txt", "other\n"},
        {"lib/base/CMakeLists.txt", "a.c\n"},
        {"lib/base/a.c", "#include \"a.h\"\n"},
        {"lib/base/other.c", ""},
        {"lib/base/a.h", ""},
        {"lib/base/b.h", "#include \"base/b.h\"\n"},
        {NULL, NULL},
    };
    assert_int_equal(complaints_about(files_are_in_a_source_list, tree), 1);
    assert_int_equal(complaints_about(headers_are_used, tree), 1);
}

#define TABLE_HEAD "| id | sentence | tests |\n|---|---|---|\n"
#define ROW(id) "| " id " | It holds. | tests/a_test.c:it_holds |\n"
#define HOLDER(ids) "/* Promise: " ids " */\nstatic void it_holds(void **state)\n"

static void accepts_promises_and_tests_that_agree(void **state)
{
    (void) state;
    const struct planted tree[] = {
        {"docs/promises.md", TABLE_HEAD ROW("M-1") ROW("4.2")},
        {"tests/a_test.c", HOLDER("M-1, 4.2")},
        {NULL, NULL},
    };
    assert_int_equal(complaints_about(promises_have_tests, tree), 0);
    assert_int_equal(complaints_about(tests_name_known_promises, tree), 0);
}

static void finds_promises_without_a_test(void **state)
{
    (void) state;
    assert_int_equal(COMPLAINTS(promises_have_tests, {"docs/promises.md", TABLE_HEAD ROW("M-1")}),
                     1);
    assert_int_equal(
        COMPLAINTS(promises_have_tests, {"docs/promises.md", TABLE_HEAD "| M-1 | It holds. | |\n"}),
        1);
    assert_int_equal(COMPLAINTS(promises_have_tests, {"docs/promises.md", TABLE_HEAD ROW("M-1")},
                                {"tests/a_test.c", HOLDER("M-11")}),
                     1);
    assert_int_equal(COMPLAINTS(promises_have_tests, {"docs/promises.md", ROW("M-1") ROW("M-1")},
                                {"tests/a_test.c", HOLDER("M-1")}),
                     1);
}

static void finds_tests_of_unknown_promises(void **state)
{
    (void) state;
    assert_int_equal(COMPLAINTS(tests_name_known_promises, {"docs/promises.md", ROW("M-1")},
                                {"tests/a_test.c", HOLDER("M-1, M-2")}),
                     1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_an_include_of_a_higher_layer),
        cmocka_unit_test(keeps_the_simulation_away_from_transport),
        cmocka_unit_test(keeps_examples_to_the_public_headers),
        cmocka_unit_test(ignores_what_is_commented_out_or_quoted),
        cmocka_unit_test(finds_special_headers_where_they_do_not_belong),
        cmocka_unit_test(finds_rings_of_headers),
        cmocka_unit_test(finds_long_files),
        cmocka_unit_test(finds_long_functions),
        cmocka_unit_test(counts_columns_as_characters),
        cmocka_unit_test(finds_banned_calls_as_whole_words),
        cmocka_unit_test(finds_what_goes_past_the_ports),
        cmocka_unit_test(finds_to_dos_without_a_number),
        cmocka_unit_test(finds_files_without_a_licence),
        cmocka_unit_test(finds_headers_without_an_introduction),
        cmocka_unit_test(finds_modules_without_a_unit_test),
        cmocka_unit_test(finds_files_that_nothing_builds_or_includes),
        cmocka_unit_test(accepts_promises_and_tests_that_agree),
        cmocka_unit_test(finds_promises_without_a_test),
        cmocka_unit_test(finds_tests_of_unknown_promises),
    };
    return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
