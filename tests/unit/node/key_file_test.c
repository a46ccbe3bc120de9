/* SPDX-License-Identifier: MIT */
#include "node/key_file.h"

#include <string.h>
#include <sys/stat.h>
#include <troupe/keys.h>

#include "base/memory.h"
#include "support/files.h"
#include "support/fixtures.h"

static tr_text_reader reader_of(struct files *files)
{
    return (tr_text_reader) {
        .allocator = tr_allocator_default(), .log = &files->log, .who = "node 'n'"};
}

/* Promise: KEYS-FILE */
static void is_made_once_with_mode_0600_and_read_again(void **state)
{
    struct files *files = *state;
    const tr_text_reader reader = reader_of(files);
    char key[TROUPE_KEY_BYTES];
    char text[1024];
    tr_key_pair pair;
    struct stat status;
    assert_ok(troupe_key_file_create(files->path, &files->log, key, sizeof key));
    assert_int_equal(stat(files->path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_ok(tr_key_file_read(files->path, &reader, &pair));
    assert_string_equal(pair.public_key, key);
    assert_string_equal(files->said, "");

    /* What is there stays. */
    (void) snprintf(text, sizeof text, "%s", files_read(files));
    assert_fails(troupe_key_file_create(files->path, &files->log, key, sizeof key), NAME_TAKEN);
    files_assert_said(files, "not overwritten", pair.secret_key);
    assert_string_equal(files_read(files), text);
    assert_string_equal(pair.public_key, key);
}

static void cannot_be_made_of_nothing(void **state)
{
    struct files *files = *state;
    char key[TROUPE_KEY_BYTES];
    char path[128];
    assert_fails(troupe_key_file_create(NULL, NULL, key, sizeof key), BAD_ARGUMENT);
    assert_fails(troupe_key_file_create("", NULL, key, sizeof key), BAD_ARGUMENT);
    assert_fails(troupe_key_file_create(files->path, NULL, NULL, sizeof key), BAD_ARGUMENT);
    assert_fails(troupe_key_file_create(files->path, NULL, key, sizeof key - 1), TOO_LARGE);
    (void) snprintf(path, sizeof path, "%s/none/file", files->folder);
    assert_fails(troupe_key_file_create(path, &files->log, key, sizeof key), SYSTEM);
    files_assert_said(files, "No such file", NULL);
}

/* It is refused, and the log says where and why, and never a key. */
static void refuses(struct files *files, const char *text, const char *because)
{
    const tr_text_reader reader = reader_of(files);
    tr_key_pair pair = {.public_key = "unchanged"};
    files_write(files, text, 0600);
    assert_fails(tr_key_file_read(files->path, &reader, &pair), BAD_ARGUMENT);
    assert_non_null(strstr(files->said, "node 'n': "));
    assert_non_null(strstr(files->said, files->path));
    files_assert_said(files, because, "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs");
    assert_string_equal(pair.public_key, "unchanged");
}

#define PUBLIC "public Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID\n"
#define SECRET "secret D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs\n"

/* Promise: KEYS-LINES */
static void is_refused_with_a_bad_line(void **state)
{
    struct files *files = *state;
    refuses(files, "", "'public KEY'");
    refuses(files, PUBLIC, "'secret KEY'");
    refuses(files, SECRET, "'public KEY'");
    refuses(files, PUBLIC SECRET "other x\n", ":3: a line should be");
    refuses(files, PUBLIC "secret\n", ":2: a line should be");
    refuses(files, PUBLIC "secret D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs x\n",
            ":2: a line should be");
    refuses(files, PUBLIC PUBLIC SECRET, ":2: there is a public key already");
    refuses(files, PUBLIC SECRET SECRET, ":3: there is a secret key already");
    refuses(files, PUBLIC "secret short\n", ":2: a key should be 40 characters");
    refuses(files, PUBLIC "secret ~:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs\n",
            ":2: a key should be 40 characters");
    refuses(files, "# a comment\n\npublic rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\n" SECRET,
            "not that of the secret key");
    /* 40 characters of which five are more than 32 bits can hold. */
    refuses(files, PUBLIC "secret ########################################\n", "the secret key");
}

/* Promise: KEYS-MODE */
static void is_refused_if_others_can_read_it(void **state)
{
    struct files *files = *state;
    const tr_text_reader reader = reader_of(files);
    tr_key_pair pair;
    files_write(files, "# a comment\n\n" SECRET "  " PUBLIC, 0640);
    assert_fails(tr_key_file_read(files->path, &reader, &pair), BAD_ARGUMENT);
    files_assert_said(files, "0640 and should be 0600", "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs");
    files_write(files, "# a comment\n\n" SECRET "  " PUBLIC, 0400);
    assert_ok(tr_key_file_read(files->path, &reader, &pair));
    assert_int_equal(strncmp(pair.secret_key, "D:)Q", 4), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(is_made_once_with_mode_0600_and_read_again, files_open,
                                        files_close),
        cmocka_unit_test_setup_teardown(cannot_be_made_of_nothing, files_open, files_close),
        cmocka_unit_test_setup_teardown(is_refused_with_a_bad_line, files_open, files_close),
        cmocka_unit_test_setup_teardown(is_refused_if_others_can_read_it, files_open, files_close),
    };
    return cmocka_run_group_tests_name("A key file", tests, NULL, NULL);
}
