/* SPDX-License-Identifier: MIT */
/* target: what is fuzzed: a function of any bytes, by the name that libFuzzer calls.
 *
 * Inputs that mean something lie in tests/fuzz/corpus/NAME: the target's own samples, and whatever
 * has once broken something.
 * Threads: one. */
#ifndef TR_TESTS_FUZZ_TARGET_H
#define TR_TESTS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

/* 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* For the driver without libFuzzer. */
typedef struct fuzz_target {
    const char *name;
    unsigned long runs; /* inputs that a test takes */
} fuzz_target;

extern const fuzz_target fuzz_this;

#define FUZZ_INPUT_MAX 4096

/* Where bytes that mean something begin: writes the sample of this index, at most `capacity` bytes;
 * how many, 0 after the last. */
size_t fuzz_sample(size_t index, uint8_t *bytes, size_t capacity);

#endif
