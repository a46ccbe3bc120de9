/* Factorials, computed on threads of the pool at the same time, and gathered.
 * SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <troupe/troupe.h>

struct number {
    unsigned n;
    uint64_t factorial;
};

/* Runs on a thread of the pool. The number is the job's own: whoever waits may go away. */
static void *multiply(void *argument)
{
    struct number *number = argument;
    number->factorial = 1;
    for (unsigned i = 2; i <= number->n; i++) {
        number->factorial *= i;
    }
    return number;
}

static void drop(void *argument, void *result)
{
    (void) result; /* the same */
    free(argument);
}

/* A task: waits while a thread computes, the others go on. */
static troupe_error compute(troupe_self *self, void *argument)
{
    struct number *number = argument;
    struct number *copy = malloc(sizeof *copy);
    if (copy == NULL) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    *copy = *number;
    const troupe_error error = troupe_offload(
        self, TROUPE_JOB(.name = "factorial", .work = multiply, .argument = copy, .discard = drop),
        TROUPE_FOREVER, NULL);
    if (error == TROUPE_OK) {
        *number = *copy;
        free(copy);
    }
    return error;
}

static troupe_error mathematician(troupe_self *self, void *argument)
{
    (void) argument;
    struct number numbers[] = {{.n = 5}, {.n = 10}, {.n = 20}};
    const troupe_task_options *const tasks[] = {
        TROUPE_TASK(.body = compute, .argument = &numbers[0]),
        TROUPE_TASK(.body = compute, .argument = &numbers[1]),
        TROUPE_TASK(.body = compute, .argument = &numbers[2]),
    };
    const troupe_error error = troupe_gather(self, NULL, tasks, 3, NULL);
    for (int i = 0; i < 3 && error == TROUPE_OK; i++) {
        (void) printf("%u! = %llu\n", numbers[i].n, (unsigned long long) numbers[i].factorial);
    }
    return error;
}

int main(int argc, char **argv)
{
    return troupe_main(argc, argv, mathematician, NULL);
}
