/* SPDX-License-Identifier: MIT */
#include "node/allowed.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "support/failing_allocator.h"
#include "support/files.h"
#include "support/fixtures.h"

#define ONE "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
#define TWO "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
#define THREE "#:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"

static tr_text_reader reader_of(struct files *files)
{
    return (tr_text_reader) {
        .allocator = tr_allocator_default(), .log = &files->log, .who = "node 'n'"};
}

/* Promise: KEYS-ALLOWED */
static void says_who_may_do_what(void **state)
{
    struct files *files = *state;
    const tr_text_reader reader = reader_of(files);
    tr_allowed allowed;
    files_write(files,
                "# who may dial\n"
                "worker-1 " ONE
                " send,monitor\n"
                "\n"
                "  admin\t" THREE "\tall\r\n",
                0644);
    assert_ok(tr_allowed_read(&allowed, files->path, NULL, 0, &reader));
    assert_true(allowed.is_from_file);
    assert_int_equal(allowed.count, 2);
    assert_null(tr_allowed_find(&allowed, TWO));
    const tr_allowed_key *one = tr_allowed_find(&allowed, ONE);
    assert_non_null(one);
    assert_string_equal(one->name, "worker-1");
    assert_int_equal(one->rights, TR_RIGHT_SEND | TR_RIGHT_MONITOR);
    const tr_allowed_key *three = tr_allowed_find(&allowed, THREE);
    assert_non_null(three);
    assert_int_equal(three->rights, TR_RIGHTS_ALL);
    tr_allowed_free(&allowed, reader.allocator);
    assert_string_equal(files->said, "");
}

static void has_those_given_too_unless_the_file_says_otherwise(void **state)
{
    struct files *files = *state;
    const tr_text_reader reader = reader_of(files);
    const char *const keys[] = {ONE, TWO, TWO};
    tr_allowed allowed;
    files_write(files, "worker-1 " ONE " monitor", 0644);
    assert_ok(tr_allowed_read(&allowed, files->path, keys, 3, &reader));
    assert_int_equal(allowed.count, 2);
    assert_int_equal(tr_allowed_find(&allowed, ONE)->rights, TR_RIGHT_MONITOR);
    assert_int_equal(tr_allowed_find(&allowed, TWO)->rights, TR_RIGHTS_ALL);
    tr_allowed_free(&allowed, reader.allocator);

    assert_ok(tr_allowed_read(&allowed, NULL, keys, 3, &reader));
    assert_false(allowed.is_from_file);
    assert_int_equal(tr_allowed_find(&allowed, ONE)->rights, TR_RIGHTS_ALL);
    tr_allowed_free(&allowed, reader.allocator);

    assert_ok(tr_allowed_read(&allowed, NULL, NULL, 0, &reader));
    assert_null(tr_allowed_find(&allowed, ONE));
    tr_allowed_free(&allowed, reader.allocator);
}

static void refuses(struct files *files, const char *text, const char *because)
{
    const tr_text_reader reader = reader_of(files);
    tr_allowed allowed;
    char where[128];
    files_write(files, text, 0644);
    assert_fails(tr_allowed_read(&allowed, files->path, NULL, 0, &reader), BAD_ARGUMENT);
    (void) snprintf(where, sizeof where, "node 'n': %s:2: ", files->path);
    assert_non_null(strstr(files->said, where));
    files_assert_said(files, because, TWO);
}

#define GOOD "a " ONE " all\n"
#define NAME_63 "123456789012345678901234567890123456789012345678901234567890123"

/* Promise: KEYS-LINES */
static void refuses_each_bad_line_and_says_where(void **state)
{
    struct files *files = *state;
    const tr_text_reader reader = reader_of(files);
    tr_allowed allowed;
    refuses(files, GOOD "b\n", "NAME KEY ROLES");
    refuses(files, GOOD "b " TWO "\n", "NAME KEY ROLES");
    refuses(files, GOOD TWO " all\n", "NAME KEY ROLES");
    refuses(files, GOOD "b " TWO " all # mine\n", "NAME KEY ROLES");
    refuses(files, GOOD "b " TWO " send, monitor\n", "NAME KEY ROLES");
    refuses(files, GOOD NAME_63 "4 " TWO " all\n", "63 bytes");
    refuses(files, GOOD "b " TWO "x all\n", "40 characters");
    refuses(files, GOOD "b all " TWO "\n", "40 characters");
    refuses(files, GOOD "b ~" TWO " all\n", "40 characters");
    refuses(files, GOOD "b " TWO " write\n", "send, monitor, spawn, inspect and all");
    refuses(files, GOOD "b " TWO " send,\n", "send, monitor, spawn, inspect and all");
    refuses(files, GOOD "b " THREE " " TWO "\n", "send, monitor, spawn, inspect and all");
    refuses(files, GOOD "b " ONE " send\n", "earlier line");
    files_write(files, GOOD NAME_63 " " TWO " all\n", 0644);
    assert_ok(tr_allowed_read(&allowed, files->path, NULL, 0, &reader));
    tr_allowed_free(&allowed, reader.allocator);
}

static void grows_and_needs_memory_for_it(void **state)
{
    struct files *files = *state;
    tr_failing_allocator memory = TR_FAILING_ALLOCATOR_INIT;
    const troupe_allocator allocator = tr_failing_allocator_port(&memory);
    tr_text_reader reader = reader_of(files);
    tr_allowed allowed;
    char *text = calloc(100, 64);
    assert_non_null(text);
    reader.allocator = &allocator;
    for (unsigned i = 0; i < 100; i++) {
        (void) snprintf(text + strlen(text), 64, "n%u %s%02u send\n", i,
                        "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]y", i);
    }
    files_write(files, text, 0644);
    for (int64_t allowed_count = 0;; allowed_count++) {
        tr_failing_allocator_fail_after(&memory, allowed_count);
        const troupe_error error = tr_allowed_read(&allowed, files->path, NULL, 0, &reader);
        if (error == TROUPE_OK) {
            assert_true(allowed_count > 3);
            break;
        }
        assert_int_equal(error, TROUPE_ERROR_NO_MEMORY);
        assert_int_equal(tr_failing_allocator_live(&memory), 0);
    }
    assert_int_equal(allowed.count, 100);
    assert_string_equal(tr_allowed_find(&allowed, "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]y77")->name,
                        "n77");
    tr_allowed_free(&allowed, &allocator);
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(says_who_may_do_what, files_open, files_close),
        cmocka_unit_test_setup_teardown(has_those_given_too_unless_the_file_says_otherwise,
                                        files_open, files_close),
        cmocka_unit_test_setup_teardown(refuses_each_bad_line_and_says_where, files_open,
                                        files_close),
        cmocka_unit_test_setup_teardown(grows_and_needs_memory_for_it, files_open, files_close),
    };
    return cmocka_run_group_tests_name("An allow-list", tests, NULL, NULL);
}
