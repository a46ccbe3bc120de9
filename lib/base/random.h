/* SPDX-License-Identifier: MIT */
/* random: a generator of numbers that the same seed repeats on every machine. Not for secrets.
 *
 * xoshiro256** 1.0, seeded through splitmix64, both by David Blackman and Sebastiano Vigna, given
 * to the public domain at https://prng.di.unimi.it/.
 * Owns:       nothing.
 * Invariants: the state is never all zero.
 * Threads:    only the thread that owns the generator. */
#ifndef TR_BASE_RANDOM_H
#define TR_BASE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct tr_random {
    uint64_t state[4];
} tr_random;

/* Any seed will do, 0 too. */
void tr_random_seed(tr_random *random, uint64_t seed);

uint64_t tr_random_next(tr_random *random);

/* From 0 to limit - 1, each as likely as the others. `limit` is at least 1. */
uint64_t tr_random_below(tr_random *random, uint64_t limit);

/* True in `numerator` of `denominator` cases. */
bool tr_random_chance(tr_random *random, uint64_t numerator, uint64_t denominator);

#endif
