/* SPDX-License-Identifier: MIT */
/* Sockets in the file system: who may come by them, and what is left of them. */
#include "transport/local.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/files.h"
#include "support/fixtures.h"

struct place {
    char endpoint[128];
    const char *path;
};

static struct place place_of(const struct files *files)
{
    static struct place place;
    (void) snprintf(place.endpoint, sizeof place.endpoint, "ipc://%s", files->path);
    place.path = place.endpoint + 6;
    return place;
}

/* Promise: LOCAL-MODE */
static void is_for_its_owner_alone(void **state)
{
    struct place place = place_of(*state);
    struct stat status;
    tr_local local = {.path = ""};
    const mode_t before = umask(0);
    assert_ok(tr_local_open(&local, place.endpoint));
    (void) umask(before);
    assert_int_equal(lstat(place.path, &status), 0);
    assert_true(S_ISSOCK(status.st_mode));
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_true(tr_local_is_trusted(place.endpoint));
    tr_local_close(&local);
    assert_int_not_equal(lstat(place.path, &status), 0);
    assert_true(tr_local_is_trusted(place.endpoint)); /* nobody is there */
    assert_int_equal(close(local.fd), 0);
    tr_local_close(&local);
}

static void is_not_taken_from_who_listens(void **state)
{
    struct place place = place_of(*state);
    tr_local first = {.path = ""};
    tr_local second = {.path = ""};
    assert_ok(tr_local_open(&first, place.endpoint));
    assert_fails(tr_local_open(&second, place.endpoint), NAME_TAKEN);
    assert_string_equal(second.path, "");
    assert_int_equal(close(first.fd), 0); /* as if it was killed */
    assert_ok(tr_local_open(&second, place.endpoint));
    tr_local_close(&first); /* which is not its file any more */
    struct stat status;
    assert_int_equal(lstat(place.path, &status), 0);
    tr_local_close(&second);
    assert_int_equal(close(second.fd), 0);
}

static void leaves_other_files_alone(void **state)
{
    const struct files *files = *state;
    struct place place = place_of(files);
    tr_local local = {.path = ""};
    files_write(files, "mine", 0600);
    assert_fails(tr_local_open(&local, place.endpoint), NAME_TAKEN);
    assert_string_equal(files_read(files), "mine");
    assert_fails(tr_local_open(&local, "ipc:///none/at/all"), SYSTEM);
}

static void has_to_be_a_path(void **state)
{
    (void) state;
    char endpoint[160] = "ipc:///";
    assert_true(tr_local_is("ipc://x"));
    assert_false(tr_local_is("tcp://127.0.0.1:1"));
    assert_true(tr_local_is_possible("ipc:///run/x"));
    assert_false(tr_local_is_possible("ipc://x"));
    assert_false(tr_local_is_possible("ipc://@x"));
    assert_false(tr_local_is_possible("ipc://*"));
    (void) memset(endpoint + 7, 'a', 106);
    assert_true(tr_local_is_possible(endpoint));
    endpoint[7 + 106] = 'a';
    assert_false(tr_local_is_possible(endpoint));
    tr_local local = {.path = ""};
    assert_fails(tr_local_open(&local, endpoint), BAD_ARGUMENT);
}

/* Promise: LOCAL-OWNER */
static void of_another_user_is_not_trusted(void **state)
{
    struct place place = place_of(*state);
    tr_local local = {.path = ""};
    if (geteuid() != 0) {
        skip(); /* nobody else may give a file away */
    }
    assert_ok(tr_local_open(&local, place.endpoint));
    assert_int_equal(lchown(place.path, 12345, 12345), 0);
    assert_false(tr_local_is_trusted(place.endpoint));
    tr_local_close(&local);
    assert_int_equal(close(local.fd), 0);
}

int main(void)
{
#define WITH_FILES(test) cmocka_unit_test_setup_teardown(test, files_open, files_close)
    const struct CMUnitTest tests[] = {
        WITH_FILES(is_for_its_owner_alone),         WITH_FILES(is_not_taken_from_who_listens),
        WITH_FILES(leaves_other_files_alone),       cmocka_unit_test(has_to_be_a_path),
        WITH_FILES(of_another_user_is_not_trusted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
