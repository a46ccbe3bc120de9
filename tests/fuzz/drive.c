/* SPDX-License-Identifier: MIT */
/* Drives a target without libFuzzer: its corpus as it is, then changed at random by a seed. A run
 * takes TROUPE_FUZZ_RUNS inputs, by default as many as a test may. With TROUPE_FUZZ_WRITE it writes
 * the target's samples into its corpus instead. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "fuzz/target.h"
#include "support/fixtures.h"

struct corpus {
    glob_t paths;
};

static void open_corpus(struct corpus *corpus)
{
    char pattern[256];
    (void) snprintf(pattern, sizeof pattern, "tests/fuzz/corpus/%s/*", fuzz_this.name);
    assert_int_equal(glob(pattern, 0, NULL, &corpus->paths), 0);
}

static size_t read_file(const char *path, uint8_t *bytes)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return 0;
    }
    const size_t size = fread(bytes, 1, FUZZ_INPUT_MAX, file);
    (void) fclose(file);
    return size;
}

static void sample_path(size_t index, char *path, size_t size)
{
    (void) snprintf(path, size, "tests/fuzz/corpus/%s/sample-%02zu", fuzz_this.name, index);
}

static void write_samples(void)
{
    static uint8_t bytes[FUZZ_INPUT_MAX];
    size_t size = 0;
    for (size_t i = 0; (size = fuzz_sample(i, bytes, sizeof bytes)) > 0; i++) {
        char path[256];
        sample_path(i, path, sizeof path);
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, size, file), size);
        assert_int_equal(fclose(file), 0);
    }
}

/* What the bytes mean must not change: the corpus would say nothing any more. */
static void has_its_samples_in_the_corpus(void **state)
{
    (void) state;
    static uint8_t bytes[FUZZ_INPUT_MAX];
    static uint8_t kept[FUZZ_INPUT_MAX];
    size_t size = 0;
    if (getenv("TROUPE_FUZZ_WRITE") != NULL) { /* NOLINT(concurrency-mt-unsafe) */
        write_samples();
    }
    for (size_t i = 0; (size = fuzz_sample(i, bytes, sizeof bytes)) > 0; i++) {
        char path[256];
        sample_path(i, path, sizeof path);
        assert_int_equal(read_file(path, kept), size);
        assert_memory_equal(bytes, kept, size);
    }
}

/* Of just this size, so that a read past its end is seen. */
static void run(const uint8_t *bytes, size_t size)
{
    uint8_t *exact = malloc(size > 0 ? size : 1);
    memcpy(exact, bytes, size);
    assert_int_equal(LLVMFuzzerTestOneInput(exact, size), 0);
    free(exact);
}

static void bears_its_corpus(void **state)
{
    (void) state;
    static uint8_t bytes[FUZZ_INPUT_MAX];
    struct corpus corpus;
    open_corpus(&corpus);
    for (size_t i = 0; i < corpus.paths.gl_pathc; i++) {
        run(bytes, read_file(corpus.paths.gl_pathv[i], bytes));
    }
    globfree(&corpus.paths);
}

static size_t change(tr_random *random, uint8_t *bytes, size_t size)
{
    const uint64_t at = tr_random_below(random, size);
    switch (tr_random_below(random, 5)) {
    case 0:
        bytes[at] = (uint8_t) tr_random_next(random);
        return size;
    case 1:
        bytes[at] ^= (uint8_t) (1U << tr_random_below(random, 8));
        return size;
    case 2: /* cut off */
        return at + 1;
    case 3: /* some bytes again */
        if (size * 2 <= FUZZ_INPUT_MAX) {
            memmove(bytes + size, bytes + at, size - at);
            return size + (size - at);
        }
        return size;
    default: /* taken out */
        memmove(bytes + at, bytes + at + 1, size - at - 1);
        return size > 1 ? size - 1 : size;
    }
}

/* Promise: REMOTE-HOSTILE */
static void bears_whatever_is_made_of_its_corpus(void **state)
{
    (void) state;
    const char *given = getenv("TROUPE_FUZZ_RUNS"); /* NOLINT(concurrency-mt-unsafe) */
    const unsigned long runs = given != NULL ? strtoul(given, NULL, 10) : fuzz_this.runs;
    static uint8_t bytes[FUZZ_INPUT_MAX];
    struct corpus corpus;
    open_corpus(&corpus);
    for (unsigned long i = 0; i < runs; i++) {
        tr_random random;
        tr_random_seed(&random, i);
        const char *path = corpus.paths.gl_pathv[tr_random_below(&random, corpus.paths.gl_pathc)];
        size_t size = read_file(path, bytes);
        for (uint64_t changes = tr_random_below(&random, 8); changes > 0 && size > 0; changes--) {
            size = change(&random, bytes, size);
        }
        run(bytes, size);
    }
    globfree(&corpus.paths);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_its_samples_in_the_corpus),
        cmocka_unit_test(bears_its_corpus),
        cmocka_unit_test(bears_whatever_is_made_of_its_corpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
