/* SPDX-License-Identifier: MIT */
/* What files promise: data is where it was to go, and nothing stays open, whatever ended a call. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "unit/io/io_fixture.h"

static char folder[64];
static char path[96];
static int opener = -1; /* closed when the node has gone */

static int open_folder(void **state)
{
    (void) snprintf(folder, sizeof folder, "/tmp/troupe_file_test.XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void) snprintf(path, sizeof path, "%s/file", folder);
    return open_scene(state);
}

static int close_folder(void **state)
{
    (void) unlink(path);
    assert_int_equal(rmdir(folder), 0);
    const int result = close_scene(state);
    if (opener >= 0) {
        assert_int_equal(close(opener), 0);
        opener = -1;
    }
    return result;
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, open_folder, close_folder)
#define SOON TROUPE_WITHIN_S(20)

static troupe_file *a_file(const struct scene *scene, const troupe_file_options *options)
{
    troupe_file *file = NULL;
    int number = 9;
    assert_ok(troupe_file_open(scene->self, options, SOON, &file, &number));
    assert_int_equal(number, 0);
    assert_non_null(file);
    return file;
}

static void close_file(const struct scene *scene, troupe_file **file)
{
    int number = 9;
    assert_ok(troupe_file_close(scene->self, file, SOON, &number));
    assert_int_equal(number, 0);
    assert_null(*file);
}

/* Promise: FILE-DATA */
static void keeps_what_is_written_where_it_was_written(void **state)
{
    const struct scene *scene = *state;
    char bytes[32] = "";
    uint64_t size = 9;
    troupe_transfer done;
    troupe_file *file = a_file(scene, TROUPE_FILE(.path = path, .is_written = 1, .is_new = 1));
    assert_ok(troupe_file_write(scene->self, file, TROUPE_RANGE(4, 4), "spam", SOON, &done));
    assert_int_equal(done.count, 4);
    assert_ok(troupe_file_write(scene->self, file, TROUPE_RANGE(0, 4), "ham", SOON, &done));
    assert_ok(troupe_file_sync(scene->self, file, SOON, NULL));
    assert_ok(troupe_file_size(scene->self, file, SOON, &size));
    assert_int_equal(size, 8);
    assert_ok(
        troupe_file_read(scene->self, file, TROUPE_RANGE(0, sizeof bytes), bytes, SOON, &done));
    assert_int_equal(done.count, 8);
    assert_memory_equal(bytes, "ham\0spam", 8);
    assert_ok(troupe_file_read(scene->self, file, TROUPE_RANGE(5, 2), bytes, SOON, &done));
    assert_memory_equal(bytes, "pa", 2);
    assert_fails(troupe_file_read(scene->self, file, TROUPE_RANGE(8, 1), bytes, SOON, &done), END);
    assert_int_equal(done.count, 0);
    close_file(scene, &file);
    file = a_file(scene, TROUPE_FILE(.path = path, .is_written = 1, .is_appended = 1));
    assert_ok(troupe_file_write(scene->self, file, TROUPE_RANGE(0, 4), "eggs", SOON, &done));
    assert_ok(troupe_file_size(scene->self, file, SOON, &size));
    assert_int_equal(size, 12);
    close_file(scene, &file);
    file = a_file(scene, TROUPE_FILE(.path = path, .is_written = 1, .is_truncated = 1));
    assert_ok(troupe_file_size(scene->self, file, SOON, &size));
    assert_int_equal(size, 0);
    close_file(scene, &file);
}

/* Promise: FILE-REFUSED */
static void says_what_the_system_said(void **state)
{
    const struct scene *scene = *state;
    troupe_file *file = NULL;
    troupe_transfer done;
    int number = 0;
    char byte = 0;
    assert_fails(troupe_file_open(scene->self, TROUPE_FILE(.path = path), SOON, &file, &number),
                 SYSTEM);
    assert_int_equal(number, ENOENT);
    file = a_file(scene, TROUPE_FILE(.path = path, .is_created = 1, .mode = 0600));
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    assert_fails(troupe_file_write(scene->self, file, TROUPE_RANGE(0, 1), "x", SOON, &done),
                 BAD_ARGUMENT);
    assert_int_equal(done.system_error, EBADF); /* opened to be read */
    assert_fails(
        troupe_file_read(scene->self, file, TROUPE_RANGE(UINT64_MAX, 1), &byte, SOON, &done),
        BAD_ARGUMENT);
    assert_fails(troupe_file_read(scene->self, file, TROUPE_RANGE(0, 0), &byte, SOON, &done),
                 BAD_ARGUMENT);
    close_file(scene, &file);
    assert_fails(troupe_file_open(scene->self,
                                  TROUPE_FILE(.path = path, .is_written = 1, .is_new = 1), SOON,
                                  &file, &number),
                 SYSTEM);
    assert_int_equal(number, EEXIST);
    assert_fails(troupe_file_open(scene->self, TROUPE_FILE(.path = ""), SOON, &file, &number),
                 BAD_ARGUMENT);
    assert_fails(troupe_file_open(scene->self, TROUPE_FILE(.path = path, .mode = 010000), SOON,
                                  &file, &number),
                 BAD_ARGUMENT);
    assert_int_equal(number, 0);
    file = a_file(scene, TROUPE_FILE(.path = "/dev/full", .is_written = 1));
    assert_fails(troupe_file_write(scene->self, file, TROUPE_RANGE(0, 1), "x", SOON, &done),
                 SYSTEM);
    assert_int_equal(done.system_error, ENOSPC);
    close_file(scene, &file);
}

/* Opening the reading end of a named pipe blocks until somebody opens the other. */
static troupe_error play_opener(troupe_self *self, void *argument)
{
    const struct player *player = argument;
    troupe_file *file = NULL;
    probe_say(player->scene->seen, "opens");
    const troupe_error error =
        troupe_file_open(self, TROUPE_FILE(.path = path), TROUPE_FOREVER, &file, NULL);
    probe_say(player->scene->seen, "%s", troupe_error_name(error));
    return TROUPE_OK;
}

/* Promise: FILE-GIVEN-UP */
static void leaves_nothing_open_when_an_open_is_given_up(void **state)
{
    struct scene *scene = *state;
    troupe_file *file = NULL;
    struct player player;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_fails(
        troupe_file_open(scene->self, TROUPE_FILE(.path = path), TROUPE_WITHIN_MS(1), &file, NULL),
        TIMED_OUT);
    assert_null(file);
    spawn_player(&player, scene, play_opener, -1);
    assert_true(probe_wait(scene->seen, 1));
    assert_ok(troupe_cancel(scene->self, player.ref));
    assert_true(probe_wait(scene->seen, 2));
    assert_said(scene->seen, "opens", "CANCELLED");
    opener = open(path, O_RDWR | O_CLOEXEC); /* lets them go, whenever they come to open it */
    assert_true(opener >= 0);
    scene->descriptors++;
}

/* Promise: FILE-GIVEN-UP */
static void stays_open_for_the_job_that_uses_it(void **state)
{
    struct scene *scene = *state;
    char bytes[4] = "";
    troupe_transfer done;
    troupe_file *file = a_file(scene, TROUPE_FILE(.path = "/dev/zero"));
    static char many[1 << 20];
    for (unsigned i = 0; i < 20; i++) {
        const troupe_error error = troupe_file_read(scene->self, file, TROUPE_RANGE(0, sizeof many),
                                                    many, TROUPE_WITHIN_US(i * 20), &done);
        assert_true(error == TROUPE_OK || error == TROUPE_ERROR_TIMED_OUT);
        assert_int_equal(done.count, error == TROUPE_OK ? sizeof many : 0);
    }
    assert_ok(troupe_file_read(scene->self, file, TROUPE_RANGE(0, 4), bytes, SOON, &done));
    const troupe_error error = troupe_file_close(scene->self, &file, TROUPE_NOW, NULL);
    assert_int_equal(error, TROUPE_ERROR_TIMED_OUT);
    assert_null(file); /* and closed, see close_scene */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(keeps_what_is_written_where_it_was_written),
        WITH_FOLDER(says_what_the_system_said),
        WITH_FOLDER(leaves_nothing_open_when_an_open_is_given_up),
        WITH_FOLDER(stays_open_for_the_job_that_uses_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
