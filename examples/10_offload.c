/* Work that computes for long runs on a thread of the pool; the actor waits, the others go on.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <troupe/troupe.h>

struct numbers {
    unsigned below;
    unsigned primes;
};

/* Runs on a thread of the pool, without `self`. */
static void *count_primes(void *argument)
{
    struct numbers *numbers = argument;
    for (unsigned candidate = 2; candidate < numbers->below; candidate++) {
        unsigned divisor = 2;
        while (divisor * divisor <= candidate && candidate % divisor != 0) {
            divisor++;
        }
        numbers->primes += divisor * divisor > candidate ? 1 : 0;
    }
    return numbers;
}

/* Nobody waits for it any more. */
static void drop_numbers(void *argument, void *result)
{
    (void) result; /* the same */
    free(argument);
}

static troupe_error count(troupe_self *self, unsigned below, troupe_timeout timeout)
{
    struct numbers *numbers = calloc(1, sizeof *numbers);
    if (numbers == NULL) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    numbers->below = below;
    const troupe_error error =
        troupe_offload(self,
                       TROUPE_JOB(.name = "primes", .work = count_primes, .argument = numbers,
                                  .discard = drop_numbers),
                       timeout, NULL);
    if (error) {
        (void) printf("below %u: %s\n", below, troupe_error_name(error));
        return TROUPE_OK; /* the numbers are discarded when the work has ended */
    }
    (void) printf("below %u: %u primes\n", numbers->below, numbers->primes);
    free(numbers); /* ours again */
    return TROUPE_OK;
}

static troupe_error mathematician(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_error error = count(self, 100, TROUPE_FOREVER);
    error = error ? error : count(self, 100000, TROUPE_FOREVER);
    return error ? error : count(self, 500000, TROUPE_WITHIN_US(1));
}

int main(int argc, char **argv)
{
    return troupe_main(argc, argv, mathematician, NULL);
}
