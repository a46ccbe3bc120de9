/* SPDX-License-Identifier: MIT */
/* descriptors: how many this process has open.
 *
 * Threads: the test's own. */
#ifndef TR_TESTS_SUPPORT_DESCRIPTORS_H
#define TR_TESTS_SUPPORT_DESCRIPTORS_H

#include <dirent.h>
#include <stdint.h>

#include "support/fixtures.h"

static inline uint32_t descriptors_open(void)
{
    uint32_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
        count++;
    }
    assert_int_equal(closedir(folder), 0);
    return count;
}

#endif
