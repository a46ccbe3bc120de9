/* SPDX-License-Identifier: MIT */
/* rules: what holds for every file of the project. Each rule looks at a whole tree and complains.
 *
 * Threads: one. */
#ifndef TR_TESTS_TIDY_RULES_H
#define TR_TESTS_TIDY_RULES_H

#include "tidy/tree.h"

struct complaints {
    int count;
    size_t length;
    char text[16384]; /* one a line; what does not fit is only counted */
};

__attribute__((format(printf, 4, 5))) void complain(struct complaints *complaints,
                                                    const struct source *source, size_t line,
                                                    const char *format, ...);

typedef void tidy_rule(const struct tree *tree, struct complaints *complaints);

/* rules_includes.c */
tidy_rule layers_include_downwards_only;
tidy_rule few_files_see_special_headers;
tidy_rule headers_do_not_include_each_other_in_a_ring;

/* rules_size.c */
tidy_rule files_are_short;
tidy_rule functions_are_short;
tidy_rule lines_are_short;

/* rules_words.c */
tidy_rule banned_calls_are_absent;
tidy_rule to_dos_name_an_issue;
tidy_rule files_name_their_licence;

/* rules_modules.c */
tidy_rule headers_introduce_their_module;
tidy_rule modules_have_a_unit_test;
tidy_rule files_are_in_a_source_list;
tidy_rule headers_are_used;

/* rules_promises.c */
tidy_rule promises_have_tests;
tidy_rule tests_name_known_promises;

#endif
