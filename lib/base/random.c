/* SPDX-License-Identifier: MIT */
#include "base/random.h"

#include "base/assert.h"

#include <stddef.h>

static uint64_t rotate_left(uint64_t value, unsigned bits)
{
    return (value << bits) | (value >> (64 - bits));
}

static uint64_t splitmix64_next(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = *state;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

void tr_random_seed(tr_random *random, uint64_t seed)
{
    for (size_t i = 0; i < 4; i++) {
        random->state[i] = splitmix64_next(&seed);
    }
}

uint64_t tr_random_next(tr_random *random)
{
    uint64_t *state = random->state;
    const uint64_t result = rotate_left(state[1] * 5, 7) * 9;
    const uint64_t shifted = state[1] << 17;

    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate_left(state[3], 45);
    return result;
}

uint64_t tr_random_below(tr_random *random, uint64_t limit)
{
    TR_ASSERT(limit > 0);

    /* 2^64 modulo limit: that many of the lowest numbers would favour some results. */
    const uint64_t rejected = (UINT64_MAX - limit + 1) % limit;
    uint64_t number = tr_random_next(random);
    while (number < rejected) {
        number = tr_random_next(random);
    }
    return number % limit;
}

bool tr_random_chance(tr_random *random, uint64_t numerator, uint64_t denominator)
{
    return tr_random_below(random, denominator) < numerator;
}
