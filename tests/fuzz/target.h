/* SPDX-License-Identifier: MIT */
/* target: what is fuzzed: a function of any bytes, by the name that libFuzzer calls.
 *
 * Threads: one. */
#ifndef TR_TESTS_FUZZ_TARGET_H
#define TR_TESTS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

/* 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Where bytes that mean something begin: writes the sample of this index, at most `capacity` bytes;
 * how many, 0 after the last. For the driver without libFuzzer. */
size_t fuzz_sample(size_t index, uint8_t *bytes, size_t capacity);

#endif
