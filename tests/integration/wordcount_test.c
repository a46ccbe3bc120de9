/* SPDX-License-Identifier: MIT */
/* The main job counts every word, whatever the workers and the capacity, and says what it cannot
 * read. The scripts wordcount_tree and wordcount_reference make the input and the right answer. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "integration/program.h"
#include "support/fixtures.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum {
    IS_SANITIZED = 1
};
static const char some_tens[] = "$(printf 'ten %.0s' {1..5})";
#else
enum {
    IS_SANITIZED = 0
};
static const char some_tens[] = "$(printf 'ten %.0s' {1..30})";
#endif

/* Runs a command of bash, in the folder of the input; $W is the program, $S has the scripts. */
__attribute__((format(printf, 2, 3))) static struct program shell(void **state, const char *format,
                                                                  ...)
{
    char command[1024];
    va_list arguments;
    va_start(arguments, format);
    (void) vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);

    const char *folder = *state;
    char all[2048];
    (void) snprintf(all, sizeof all,
                    "set -u; W='%s'; S=$PWD/tests/integration; cd '%s' || exit; %s", WORDCOUNT,
                    folder, command);
    return program_run(all);
}

static void assert_status(const struct program *program, int status)
{
    if (program->status != status) {
        (void) fprintf(stderr, "%s%s", program->out, program->err);
    }
    assert_int_equal(program->status, status);
}

static void assert_contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("'%s' is not in:\n%s", part, text);
    }
}

/* The number that stands behind these words. */
static double figure(const char *text, const char *words)
{
    assert_contains(text, words);
    return strtod(strstr(text, words) + strlen(words), NULL);
}

static int make_input(void **state)
{
    static char folder[] = "/tmp/wordcount_test.XXXXXX";
    assert_non_null(mkdtemp(folder));
    *state = folder;
    struct program program = shell(state,
                                   "\"$S/wordcount_tree\" . && mkdir none && "
                                   "\"$S/wordcount_reference\" slice >slice.expected && "
                                   "\"$S/wordcount_reference\" tricky borders slice >expected");
    assert_status(&program, 0);
    program_fini(&program);
    return 0;
}

static int drop_input(void **state)
{
    struct program program = shell(state, "rm -rf \"$PWD\"");
    program_fini(&program);
    return 0;
}

static void counts_every_word(void **state, int workers, int capacity)
{
    struct program program =
        shell(state,
              "\"$W\" --workers %d --capacity %d --output got tricky borders slice && "
              "cmp got expected",
              workers, capacity);

    assert_status(&program, 0);
    assert_string_equal(program.err, "");
    assert_true(figure(program.out, ": splitters ") <= capacity);
    assert_true(figure(program.out, ", counters ") <= capacity);
    assert_true(figure(program.out, ", reporter ") <= capacity);
    program_fini(&program);
}

static void counts_every_word_with_one_worker(void **state)
{
    counts_every_word(state, 1, 1);
    counts_every_word(state, 1, 2);
    counts_every_word(state, 1, 64);
}

static void counts_every_word_with_two_workers(void **state)
{
    counts_every_word(state, 2, 1);
    counts_every_word(state, 2, 2);
    counts_every_word(state, 2, 64);
}

static void counts_every_word_with_eight_workers(void **state)
{
    counts_every_word(state, 8, 1);
    counts_every_word(state, 8, 2);
    counts_every_word(state, 8, 64);
}

static void counts_words_across_the_border_of_a_block(void **state)
{
    struct program program =
        shell(state,
              "for file in borders/*; do \"$W\" --output got \"$file\" >/dev/null && "
              "\"$S/wordcount_reference\" \"$file\" | cmp - got || exit; done");

    assert_status(&program, 0);
    program_fini(&program);
}

static void counts_words_that_are_too_long(void **state)
{
    struct program program = shell(state, "\"$W\" tricky");

    assert_status(&program, 0);
    assert_true(figure(program.out, "too long (over 65536 bytes): ") == 4);
    program_fini(&program);
}

static void finds_nothing_in_an_empty_folder(void **state)
{
    struct program program = shell(state, "\"$W\" --output got none && cmp got /dev/null");

    assert_status(&program, 0);
    assert_true(figure(program.out, "distinct: ") == 0);
    program_fini(&program);
}

static void shows_the_most_frequent_words(void **state)
{
    struct program program =
        shell(state,
              "\"$W\" --top 30 slice | head -n 30 >got; "
              "LC_ALL=C sort -k 1,1nr -k 2 slice.expected | head -n 30 |"
              "awk '{ printf \"%%10d  %%s\\n\", $1, $2 }' | cmp - got && \"$W\" --top 0 slice");

    assert_status(&program, 0);
    assert_int_equal(strncmp(program.out, "words: ", 7), 0);
    program_fini(&program);
}

static void names_what_it_cannot_read(void **state)
{
    struct program program =
        shell(state,
              "\"$W\" --top 2 /proc/self/mem nowhere tricky/dangling tricky/joined1 "
              "tricky/pipe tricky/ring/x");

    assert_status(&program, 1);
    assert_string_equal(
        program.err,
        "wordcount: cannot read '/proc/self/mem': Input/output error; skipped\n"
        "wordcount: cannot read 'nowhere': No such file or directory; skipped\n"
        "wordcount: cannot read 'tricky/dangling': a symbolic link; skipped\n"
        "wordcount: cannot read 'tricky/pipe': neither a file nor a directory; skipped\n"
        "wordcount: cannot read 'tricky/ring/x': Too many levels of symbolic links; skipped\n"
        "wordcount: 5 could not be read\n");
    assert_int_equal(strncmp(program.out, "         1  no_final_newline\nwords: 1,", 38), 0);
    program_fini(&program);
}

/* Root may read everything, unless it gives up that right. */
static void names_what_it_may_not_read(void **state)
{
    struct program program =
        shell(state,
              "mkdir -p secret/folder && echo word | tee secret/file secret/open && "
              "chmod 0 secret/file secret/folder; run=; [ $(id -u) = 0 ] && "
              "run='setpriv --bounding-set=-dac_override,-dac_read_search'; "
              "$run \"$W\" secret");

    assert_status(&program, 1);
    assert_string_equal(program.err,
                        "wordcount: cannot read 'secret/file': Permission denied; skipped\n"
                        "wordcount: cannot read 'secret/folder': Permission denied; skipped\n"
                        "wordcount: 2 could not be read\n");
    assert_contains(program.out, "         1  word\nwords: 1,");
    program_fini(&program);
}

static void refuses_bad_arguments(void **state)
{
    static const char *const bad[] = {
        "--workers 0",
        "--workers 65",
        "--workers x",
        "--workers",
        "--capacity 0",
        "--capacity ''",
        "--capacity 1025",
        "--top -1",
        "--top 1x",
        "--frequent",
        "''",
        "--dead-after 0",
        "$(printf -- '--join tcp://127.0.0.1:%d ' {1..17})",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct program program = shell(state, "\"$W\" %s", bad[i]);
        assert_status(&program, 2);
        assert_string_equal(program.out, "");
        assert_contains(program.err, "\nusage: wordcount [--workers N]");
        program_fini(&program);
    }
}

static void says_which_address_is_wrong(void **state)
{
    static const char *const bad[] = {
        "--join 127.0.0.1:7400",
        "--join tcp://192.0.2.1:7400",
        "--join tcp://127.0.0.1:7400=x",
        "--help-at tcp://0.0.0.0:7400",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct program program = shell(state, "\"$W\" %s slice", bad[i]);
        assert_status(&program, 1);
        assert_string_equal(program.out, "");
        assert_contains(program.err, "tcp://");
        program_fini(&program);
    }
}

static void explains_itself(void **state)
{
    struct program program = shell(state, "\"$W\" --help");

    assert_status(&program, 0);
    assert_contains(program.out, "usage: wordcount [--workers N]");
    program_fini(&program);
}

static void says_that_it_cannot_write(void **state)
{
    struct program program = shell(state, "\"$W\" --output none/x/y slice");
    assert_status(&program, 1);
    assert_string_equal(program.err,
                        "wordcount: cannot write 'none/x/y': No such file or directory\n");
    program_fini(&program);

    program = shell(state, "\"$W\" --output /dev/full tricky/joined1");
    assert_status(&program, 1);
    assert_contains(program.err, "cannot write '/dev/full': No space left on device");
    program_fini(&program);

    program = shell(state, "\"$W\" --output /dev/full slice");
    assert_status(&program, 1);
    assert_contains(program.err, "cannot write '/dev/full': No space left on device");
    program_fini(&program);
}

static void shows_progress_on_a_terminal_only(void **state)
{
    struct program program = shell(state, "script -qec \"'$W' %s\" /dev/null", some_tens);
    assert_status(&program, 0);
    assert_contains(program.out, " MB/s; queued: splitters ");
    program_fini(&program);

    program = shell(state, "\"$W\" %s", some_tens);
    assert_status(&program, 0);
    assert_string_equal(program.err, "");
    program_fini(&program);
}

/* A file of holes takes as long as one likes. */
static void ends_when_interrupted(void **state)
{
    struct program program =
        shell(state,
              "truncate -s 1T endless; timeout --preserve-status -k 30 -s INT 1 \"$W\" ten "
              "endless; status=$?; rm endless; exit $status");

    assert_status(&program, 1);
    assert_string_equal(program.err, "wordcount: stopped before the end\n");
    assert_string_equal(program.out, "");
    program_fini(&program);
}

static double peak_memory(void **state, const char *paths)
{
    struct program program = shell(state, "\"$W\" --workers 2 --output got %s", paths);
    assert_status(&program, 0);
    const double mebibytes = figure(program.out, "peak memory: ");
    program_fini(&program);
    return mebibytes;
}

static void needs_memory_for_distinct_words_only(void **state)
{
    if (IS_SANITIZED) {
        skip_because("sanitizers keep freed memory");
    }
    const double once = peak_memory(state, "ten");
    const double often = peak_memory(state, "$(printf 'ten %.0s' {1..100})");

    (void) fprintf(stderr, "peak memory: once %.1f MiB, a hundred times %.1f MiB\n", once, often);
    assert_true(often < once * 1.05);
    assert_true(once < often * 1.05);
}

static void needs_no_memory_for_an_endless_word(void **state)
{
    struct program program =
        shell(state, "head -c %s /dev/zero | tr '\\0' a >endless; \"$W\" endless; rm endless",
              IS_SANITIZED ? "20M" : "200M");

    assert_true(figure(program.out, "too long (over 65536 bytes): ") == 1);
    assert_true(figure(program.out, "distinct: ") == 0);
    assert_true(IS_SANITIZED || figure(program.out, "peak memory: ") < 32);
    program_fini(&program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_every_word_with_one_worker),
        cmocka_unit_test(counts_every_word_with_two_workers),
        cmocka_unit_test(counts_every_word_with_eight_workers),
        cmocka_unit_test(counts_words_across_the_border_of_a_block),
        cmocka_unit_test(counts_words_that_are_too_long),
        cmocka_unit_test(finds_nothing_in_an_empty_folder),
        cmocka_unit_test(shows_the_most_frequent_words),
        cmocka_unit_test(names_what_it_cannot_read),
        cmocka_unit_test(names_what_it_may_not_read),
        cmocka_unit_test(refuses_bad_arguments),
        cmocka_unit_test(says_which_address_is_wrong),
        cmocka_unit_test(explains_itself),
        cmocka_unit_test(says_that_it_cannot_write),
        cmocka_unit_test(shows_progress_on_a_terminal_only),
        cmocka_unit_test(ends_when_interrupted),
        cmocka_unit_test(needs_memory_for_distinct_words_only),
        cmocka_unit_test(needs_no_memory_for_an_endless_word),
    };
    return cmocka_run_group_tests(tests, make_input, drop_input);
}
