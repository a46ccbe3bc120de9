/* SPDX-License-Identifier: MIT */
/* What calls on processes and files promise of a cancel in the moment in which they complete: no
 * status is lost, no process or descriptor is left, and what is said to be written is. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "integration/io_races.h"

/* Waits until no child of this program is left, nor a zombie of one. */
static void assert_childless(const struct scene *scene)
{
    siginfo_t info;
    unsigned i = 0;
    while (i < 20000 && waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0) {
        assert_ok(troupe_sleep(scene->self, TROUPE_WITHIN_MS(1)));
        i++;
    }
    assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT), -1);
    assert_int_equal(errno, ECHILD);
}

static const troupe_process_options *sevens(void)
{
    static const char *const arguments[] = {"sh", "-c", "exit 7", NULL};
    static const troupe_process_options options = {.size = sizeof options,
                                                   .program = "sh",
                                                   .arguments = arguments,
                                                   .output = TROUPE_STREAM_PIPE};
    return &options;
}

static void starts_one(troupe_self *self, struct race *race)
{
    expect(race, troupe_process_start(self, sevens(), SOON, &race->process, NULL) == TROUPE_OK,
           "not started");
}

static troupe_error waits_for_end(troupe_self *self, struct race *race)
{
    troupe_process_status status = {.code = 99};
    const troupe_error error = troupe_process_wait(self, &race->process, TROUPE_FOREVER, &status);
    expect(race, error != TROUPE_OK || status.code == 7, "a wrong status");
    return error;
}

static void has_its_status_still(troupe_self *self, struct race *race)
{
    troupe_process_status status = {.code = 99};
    expect(race, troupe_process_wait(self, &race->process, SOON, &status) == TROUPE_OK,
           "a status was lost");
    expect(race, status.code == 7, "a wrong status");
    troupe_process_destroy(self, &race->process);
}

/* Promise: CANCEL-PROCESS */
static void leaves_a_status_to_be_asked_for(void **state)
{
    static const struct race_kind kind = {
        .prepare = starts_one, .attempt = waits_for_end, .settle = has_its_status_still};
    run(*state, &kind);
    assert_childless(*state);
}

static troupe_error starts(troupe_self *self, struct race *race)
{
    race->process = (troupe_process) {.id = 0};
    return troupe_process_start(self, sevens(), TROUPE_FOREVER, &race->process, NULL);
}

static void is_one_or_none(troupe_self *self, struct race *race)
{
    if (race->is_done) {
        has_its_status_still(self, race);
    } else {
        expect(race, race->process.id == 0, "a process with an error");
    }
}

/* Promise: CANCEL-PROCESS */
static void has_a_process_or_none(void **state)
{
    static const struct race_kind kind = {.attempt = starts, .settle = is_one_or_none};
    run(*state, &kind);
    assert_childless(*state);
}

/* Files. */

static char folder[64];
static char path[96];

static int open_folder(void **state)
{
    (void) snprintf(folder, sizeof folder, "/tmp/troupe_races_test.XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void) snprintf(path, sizeof path, "%s/file", folder);
    return open_scene(state);
}

static int close_folder(void **state)
{
    (void) unlink(path);
    assert_int_equal(rmdir(folder), 0);
    return close_scene(state);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, open_folder, close_folder)
#define WORD TROUPE_RANGE(8 * race->round, 8)

static void opens_file(troupe_self *self, struct race *race)
{
    expect(race,
           troupe_file_open(self, TROUPE_FILE(.path = path, .is_written = 1, .is_created = 1), SOON,
                            &race->file, NULL) == TROUPE_OK,
           "not opened");
}

static void closes_file(troupe_self *self, struct race *race)
{
    expect(race, troupe_file_close(self, &race->file, SOON, NULL) == TROUPE_OK, "not closed");
}

static troupe_error writes_word(troupe_self *self, struct race *race)
{
    troupe_transfer transfer = {.count = 99};
    uint64_t word = race->round;
    const troupe_error error =
        troupe_file_write(self, race->file, WORD, &word, TROUPE_FOREVER, &transfer);
    word = 0; /* the call has let go of it */
    expect(race, error != TROUPE_OK || transfer.count == 8, "not all");
    return error;
}

/* It may have been written, or be so later, even so. */
static void has_the_word_if_it_says_so(troupe_self *self, struct race *race)
{
    troupe_transfer transfer = {.count = 0};
    uint64_t word = 0;
    const troupe_error error = troupe_file_read(self, race->file, WORD, &word, SOON, &transfer);
    const bool is_there = error == TROUPE_OK && transfer.count == 8 && word == race->round;
    expect(race, is_there || !race->is_done, "said to be written");
    expect(race, is_there || error == TROUPE_ERROR_END || (error == TROUPE_OK && word == 0),
           "written in part, or another");
}

static void writes_for_sure(troupe_self *self, struct race *race)
{
    troupe_transfer transfer;
    const uint64_t word = race->round;
    expect(race, troupe_file_write(self, race->file, WORD, &word, SOON, &transfer) == TROUPE_OK,
           "not written");
}

static troupe_error reads_word(troupe_self *self, struct race *race)
{
    troupe_transfer transfer = {.count = 99};
    uint64_t word = 0;
    const troupe_error error =
        troupe_file_read(self, race->file, WORD, &word, TROUPE_FOREVER, &transfer);
    expect(race, error == TROUPE_OK ? word == race->round && transfer.count == 8 : word == 0,
           "read, or not, with an error");
    return error;
}

/* Promise: CANCEL-FILE */
static void has_written_or_read_what_it_says(void **state)
{
    static const struct race_kind kinds[] = {{.begin = opens_file,
                                              .attempt = writes_word,
                                              .settle = has_the_word_if_it_says_so,
                                              .end = closes_file},
                                             {.begin = opens_file,
                                              .prepare = writes_for_sure,
                                              .attempt = reads_word,
                                              .end = closes_file}};
    struct scene *scene = *state;
    run(scene, &kinds[0]);
    run(scene, &kinds[1]);
}

static troupe_error opens(troupe_self *self, struct race *race)
{
    race->file = NULL;
    const troupe_error error =
        troupe_file_open(self, TROUPE_FILE(.path = path, .is_written = 1, .is_created = 1),
                         TROUPE_FOREVER, &race->file, NULL);
    expect(race, (error == TROUPE_OK) == (race->file != NULL), "a file with an error");
    return error;
}

static void closes_what_was_opened(troupe_self *self, struct race *race)
{
    if (race->file != NULL) {
        closes_file(self, race);
    }
}

static troupe_error closes(troupe_self *self, struct race *race)
{
    const troupe_error error = troupe_file_close(self, &race->file, TROUPE_FOREVER, NULL);
    expect(race, race->file == NULL, "not taken");
    return error;
}

/* Promise: CANCEL-FILE */
static void leaves_no_file_open(void **state)
{
    static const struct race_kind kinds[] = {{.attempt = opens, .settle = closes_what_was_opened},
                                             {.prepare = opens_file, .attempt = closes}};
    struct scene *scene = *state;
    run(scene, &kinds[0]); /* the teardown counts descriptors */
    run(scene, &kinds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCENE(leaves_a_status_to_be_asked_for),
        WITH_SCENE(has_a_process_or_none),
        WITH_FOLDER(has_written_or_read_what_it_says),
        WITH_FOLDER(leaves_no_file_open),
    };
    return cmocka_run_group_tests_name("process_races", tests, NULL, NULL);
}
