/* SPDX-License-Identifier: MIT */
/* kit_fixture: a kit whose failures are counted instead of failing the test, and what it tells.
 *
 * Threads: the test's. */
#ifndef TR_TESTS_SUPPORT_KIT_FIXTURE_H
#define TR_TESTS_SUPPORT_KIT_FIXTURE_H

#include <troupe/test_probe.h>

#include "support/cast.h"
#include "support/fixtures.h"

struct kit_stage {
    troupe_kit *kit;
    troupe_probe *probe;
    struct probe *told; /* what the kit has said, line by line */
    uint32_t failures;
    int line; /* of the last */
};

/* A kit of these options, but for fail, log and out_probe; there is one at a time. */
struct kit_stage *a_kit_of(const troupe_kit_options *options);
/* Destroys it, if it is still there; the test may have had it fail. */
void drop_kit(struct kit_stage **stage);

int make_kit(void **state);
/* Also asserts that it has failed at no line that the test did not look at. */
int drop_made_kit(void **state);

#define WITH_KIT(test) cmocka_unit_test_setup_teardown(test, make_kit, drop_made_kit)

/* The call, or one just before, fails once, at its line, and tells a line that has this text. Then
 * the kit is gone. */
#define assert_fails_test(stage, call, text)                                                       \
    do {                                                                                           \
        (void) (call);                                                                             \
        tr_assert_failed_once((stage), (text), __FILE__, __LINE__);                                \
    } while (0)
void tr_assert_failed_once(struct kit_stage *stage, const char *text, const char *file, int line);

/* The next message, which is a figure; 0 if it fails. */
uint64_t tr_expect_figure(troupe_probe *probe, troupe_timeout time, const char *file, int line);
#define expect_figure(probe, time) tr_expect_figure((probe), (time), __FILE__, __LINE__)

#endif
