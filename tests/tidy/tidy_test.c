/* SPDX-License-Identifier: MIT */
/* What every file of the project keeps to. The rules themselves are tested by rules_test.c. */
#include "support/fixtures.h"
#include "tidy/rules.h"

static int read_project(void **state)
{
    static const char *const folders[] = {"include", "lib",   "actors", "examples", "tests",
                                          "proto",   "cmake", "docs",   NULL};
    static struct tree tree;
    tree_read(&tree, folders);
    *state = &tree;
    return tree.count == 0;
}

static int drop_project(void **state)
{
    tree_free(*state);
    return 0;
}

static void check(const struct tree *tree, tidy_rule *rule)
{
    static struct complaints complaints;
    complaints = (struct complaints) {0};
    rule(tree, &complaints);
    if (complaints.count > 0) {
        (void) fprintf(stderr, "%s", complaints.text);
        fail_msg("%d complaints", complaints.count);
    }
}

#define RULES(X)                                                                                   \
    X(layers_include_downwards_only)                                                               \
    X(few_files_see_special_headers)                                                               \
    X(headers_do_not_include_each_other_in_a_ring)                                                 \
    X(files_are_short)                                                                             \
    X(functions_are_short)                                                                         \
    X(lines_are_short)                                                                             \
    X(banned_calls_are_absent)                                                                     \
    X(to_dos_name_an_issue)                                                                        \
    X(files_name_their_licence)                                                                    \
    X(headers_introduce_their_module)                                                              \
    X(modules_have_a_unit_test)                                                                    \
    X(files_are_in_a_source_list)                                                                  \
    X(headers_are_used)                                                                            \
    X(promises_have_tests)                                                                         \
    X(tests_name_known_promises)

#define TEST(rule)                                                                                 \
    static void test_##rule(void **state)                                                          \
    {                                                                                              \
        check(*state, rule);                                                                       \
    }
RULES(TEST)

int main(void)
{
#define ENTRY(rule) {#rule, test_##rule, NULL, NULL, NULL},
    const struct CMUnitTest tests[] = {RULES(ENTRY)};
    return cmocka_run_group_tests_name("tidy", tests, read_project, drop_project);
}
