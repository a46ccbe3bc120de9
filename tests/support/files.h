/* SPDX-License-Identifier: MIT */
/* files: a file in a folder of the test's own, and what a log says of it.
 *
 * Owns:    the folder, which is removed with the file.
 * Threads: the test's own. */
#ifndef TR_TESTS_SUPPORT_FILES_H
#define TR_TESTS_SUPPORT_FILES_H

#include <troupe/log.h>

struct files {
    char folder[64];
    char path[96];
    char said[2048]; /* the last lines */
    troupe_log log;
};

/* As cmocka's setup and teardown: *state is the files. */
int files_open(void **state);
int files_close(void **state);

/* The file has this text and mode from now on. */
void files_write(const struct files *files, const char *text, unsigned mode);
/* What is in it, until the next call. */
const char *files_read(const struct files *files);

/* `text` was said, and the secret was not; what was said is forgotten. */
void files_assert_said(struct files *files, const char *text, const char *secret);

#endif
