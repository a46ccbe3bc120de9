/* SPDX-License-Identifier: MIT */
#include "node/text_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "support/failing_allocator.h"
#include "support/files.h"
#include "support/fixtures.h"

static tr_text_reader reader_of(struct files *files)
{
    return (tr_text_reader) {
        .allocator = tr_allocator_default(), .log = &files->log, .who = "node 'n'"};
}

static void gives_lines_that_say_something(void **state)
{
    struct files *files = *state;
    const tr_text_reader reader = reader_of(files);
    tr_text_file file;
    files_write(files, "# one\n\n  \t\n a\tb  c\r\n#x y\nd e f g h\n  # two\nlast", 0644);
    assert_ok(tr_text_file_open(&file, files->path, false, &reader));
    assert_true(tr_text_file_next(&file));
    assert_int_equal(file.line, 4);
    assert_int_equal(file.count, 3);
    assert_string_equal(file.words[0], "a");
    assert_string_equal(file.words[2], "c");
    assert_true(tr_text_file_next(&file));
    assert_int_equal(file.line, 6);
    assert_int_equal(file.count, 5); /* more than there is room for */
    assert_string_equal(file.words[3], "g");
    assert_true(tr_text_file_next(&file));
    assert_int_equal(file.line, 8);
    assert_int_equal(file.count, 1);
    assert_string_equal(file.words[0], "last");
    assert_fails(tr_text_file_blame(&file, "it is bad"), BAD_ARGUMENT);
    files_assert_said(files, "/file:8: it is bad", NULL);
    assert_false(tr_text_file_next(&file));
    assert_false(tr_text_file_next(&file));
    tr_text_file_close(&file);
    files_write(files, "", 0644);
    assert_ok(tr_text_file_open(&file, files->path, false, &reader));
    assert_false(tr_text_file_next(&file));
    tr_text_file_close(&file);
}

/* Promise: KEYS-MODE */
static void is_refused_with_a_secret_that_others_can_get_at(void **state)
{
    struct files *files = *state;
    const tr_text_reader reader = reader_of(files);
    tr_text_file file;
    static const unsigned bad[] = {0640, 0604, 0620, 0602, 0610, 0601, 0644, 0777};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char mode[8];
        (void) snprintf(mode, sizeof mode, "%04o", bad[i]);
        files_write(files, "secret x\n", bad[i]);
        assert_fails(tr_text_file_open(&file, files->path, true, &reader), BAD_ARGUMENT);
        assert_non_null(strstr(files->said, files->path));
        assert_non_null(strstr(files->said, mode));
        files_assert_said(files, "0600", "secret x");
        assert_ok(tr_text_file_open(&file, files->path, false, &reader));
        tr_text_file_close(&file);
    }
    files_write(files, "secret x\n", 0600);
    assert_ok(tr_text_file_open(&file, files->path, true, &reader));
    tr_text_file_close(&file);
    files_write(files, "secret x\n", 0400);
    assert_ok(tr_text_file_open(&file, files->path, true, &reader));
    tr_text_file_close(&file);
}

static void is_refused_if_it_is_no_text_file(void **state)
{
    struct files *files = *state;
    const tr_text_reader reader = reader_of(files);
    tr_text_file file;
    assert_fails(tr_text_file_open(&file, files->path, false, &reader), SYSTEM);
    files_assert_said(files, "No such file", NULL);
    assert_fails(tr_text_file_open(&file, files->folder, false, &reader), BAD_ARGUMENT);
    files_assert_said(files, "something else", NULL);
    assert_int_equal(mkfifo(files->path, 0600), 0);
    assert_fails(tr_text_file_open(&file, files->path, false, &reader), BAD_ARGUMENT);
    files_assert_said(files, "something else", NULL);

    char *text = malloc(TR_TEXT_FILE_BYTES_MAX + 2);
    assert_non_null(text);
    memset(text, '\n', TR_TEXT_FILE_BYTES_MAX + 1);
    text[TR_TEXT_FILE_BYTES_MAX + 1] = '\0';
    files_write(files, text, 0600);
    assert_fails(tr_text_file_open(&file, files->path, false, &reader), BAD_ARGUMENT);
    files_assert_said(files, "larger", NULL);
    text[TR_TEXT_FILE_BYTES_MAX] = '\0';
    files_write(files, text, 0600);
    assert_ok(tr_text_file_open(&file, files->path, false, &reader));
    tr_text_file_close(&file);
    free(text);

    files_write(files, "abc", 0600);
    FILE *stream = fopen(files->path, "ae");
    assert_non_null(stream);
    assert_int_equal(fputc('\0', stream), 0);
    assert_int_equal(fclose(stream), 0);
    assert_fails(tr_text_file_open(&file, files->path, false, &reader), BAD_ARGUMENT);
    files_assert_said(files, "bytes that are zero", NULL);
}

static void needs_memory(void **state)
{
    struct files *files = *state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    tr_text_reader reader = reader_of(files);
    tr_text_file file;
    reader.allocator = &allocator;
    files_write(files, "a b\n", 0600);
    tr_failing_allocator_fail_after(&memory, 0);
    assert_fails(tr_text_file_open(&file, files->path, false, &reader), NO_MEMORY);
    tr_failing_allocator_fail_never(&memory);
    assert_ok(tr_text_file_open(&file, files->path, false, &reader));
    tr_text_file_close(&file);
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gives_lines_that_say_something, files_open, files_close),
        cmocka_unit_test_setup_teardown(is_refused_with_a_secret_that_others_can_get_at, files_open,
                                        files_close),
        cmocka_unit_test_setup_teardown(is_refused_if_it_is_no_text_file, files_open, files_close),
        cmocka_unit_test_setup_teardown(needs_memory, files_open, files_close),
    };
    return cmocka_run_group_tests_name("A text file", tests, NULL, NULL);
}
