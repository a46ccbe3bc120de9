/* SPDX-License-Identifier: MIT */
#include "support/files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/fixtures.h"

static void keep(void *context, troupe_log_level level, const char *text)
{
    (void) level;
    struct files *files = context;
    const size_t length = strlen(files->said);
    (void) snprintf(files->said + length, sizeof files->said - length, "%s\n", text);
}

int files_open(void **state)
{
    struct files *files = calloc(1, sizeof *files);
    assert_non_null(files);
    (void) snprintf(files->folder, sizeof files->folder, "/tmp/troupe-files-XXXXXX");
    assert_non_null(mkdtemp(files->folder));
    (void) snprintf(files->path, sizeof files->path, "%s/file", files->folder);
    files->log = (troupe_log) {.write = keep, .context = files, .level = TROUPE_LOG_DEBUG};
    *state = files;
    return 0;
}

int files_close(void **state)
{
    struct files *files = *state;
    (void) unlink(files->path); /* there may be none */
    assert_int_equal(rmdir(files->folder), 0);
    free(files);
    return 0;
}

void files_write(const struct files *files, const char *text, unsigned mode)
{
    (void) unlink(files->path);
    FILE *file = fopen(files->path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(files->path, mode), 0);
}

const char *files_read(const struct files *files)
{
    static char text[4096];
    FILE *file = fopen(files->path, "re");
    assert_non_null(file);
    const size_t length = fread(text, 1, sizeof text - 1, file);
    text[length] = '\0';
    assert_int_equal(fclose(file), 0);
    return text;
}

void files_assert_said(struct files *files, const char *text, const char *secret)
{
    if (strstr(files->said, text) == NULL) {
        fail_msg("'%s' is not in '%s'", text, files->said);
    }
    if (secret != NULL && strstr(files->said, secret) != NULL) {
        fail_msg("the secret is in '%s'", files->said);
    }
    files->said[0] = '\0';
}
