/* SPDX-License-Identifier: MIT */
/* Drives a target without libFuzzer: samples, changed at random by a seed. A run takes
 * TROUPE_FUZZ_RUNS inputs, by default as many as a test may. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "fuzz/target.h"
#include "support/fixtures.h"

#define RUNS_DEFAULT 200000
#define CAPACITY 4096

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
        if (size * 2 <= CAPACITY) {
            memmove(bytes + size, bytes + at, size - at);
            return size + (size - at);
        }
        return size;
    default: /* taken out */
        memmove(bytes + at, bytes + at + 1, size - at - 1);
        return size > 1 ? size - 1 : size;
    }
}

static void bears_whatever_is_made_of_its_samples(void **state)
{
    (void) state;
    const char *given = getenv("TROUPE_FUZZ_RUNS"); /* NOLINT(concurrency-mt-unsafe) */
    const unsigned long runs = given != NULL ? strtoul(given, NULL, 10) : RUNS_DEFAULT;
    static uint8_t bytes[CAPACITY];
    size_t samples = 0;
    while (fuzz_sample(samples, bytes, sizeof bytes) > 0) {
        samples++;
    }
    assert_in_range(samples, 1, 1000);
    for (unsigned long run = 0; run < runs; run++) {
        tr_random random;
        tr_random_seed(&random, run);
        size_t size = fuzz_sample(tr_random_below(&random, samples), bytes, sizeof bytes);
        for (uint64_t changes = tr_random_below(&random, 8); changes > 0; changes--) {
            size = change(&random, bytes, size);
        }
        /* Of just this size, so that a read past its end is seen. */
        uint8_t *exact = malloc(size > 0 ? size : 1);
        memcpy(exact, bytes, size);
        assert_int_equal(LLVMFuzzerTestOneInput(exact, size), 0);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bears_whatever_is_made_of_its_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
