/* A handler that blocks, as code of other libraries does, while the others on its worker go on.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <troupe/troupe.h>
#include <unistd.h>

struct number {
    int value;
};
static const troupe_type number_type = TROUPE_TYPE(struct number);
static const troupe_type start_type = TROUPE_SIGNAL("start");

/* The two ends of a pipe. */
static int ends[2];

/* Blocks its thread until somebody has written to the pipe. */
static troupe_error read_pipe(troupe_self *self, void *state, troupe_message **message)
{
    char byte = 0;
    (void) self;
    (void) state;
    (void) message;
    (void) puts("reader: blocks");
    (void) fflush(stdout);
    const ssize_t count = read(ends[0], &byte, 1);
    (void) printf("reader: has read %d byte, '%c'\n", (int) count, byte);
    return TROUPE_OK;
}

static troupe_error double_it(troupe_self *self, void *state, troupe_message **message)
{
    (void) state;
    const struct number *number = troupe_message_struct(*message, &number_type);
    return troupe_reply_struct(self, *message, &number_type,
                               &(const struct number) {.value = 2 * number->value});
}

static const troupe_behavior reader = {
    .size = sizeof(troupe_behavior), .name = "reader", .other = read_pipe};
static const troupe_behavior doubler = {
    .size = sizeof(troupe_behavior), .name = "doubler", .other = double_it};

/* All three actors are on one worker; troupe_main has spare threads for that. An actor that does
 * nothing but block should have a thread of its own: .place = TROUPE_PLACE_OWN_THREAD. */
static troupe_error asker(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_ref blocking;
    troupe_ref other;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.behavior = &reader), &blocking);
    error = error ? error : troupe_spawn(self, TROUPE_SPAWN(.behavior = &doubler), &other);
    error = error ? error : troupe_send_struct(self, blocking, &start_type, NULL);
    error = error ? error : troupe_yield(self); /* the reader goes first */
    for (int i = 1; i <= 3 && !error; i++) {
        error = troupe_ask_struct(self, other, &number_type, &(const struct number) {.value = i},
                                  TROUPE_WITHIN_S(10), &reply);
        const struct number *answer = error ? NULL : troupe_message_struct(reply, &number_type);
        (void) printf("asker: %s, %d\n", troupe_error_name(error),
                      answer != NULL ? answer->value : 0);
    }
    if (write(ends[1], "x", 1) != 1 && !error) {
        error = TROUPE_ERROR_SYSTEM;
    }
    return error; /* the program ends when the reader's handler has */
}

int main(int argc, char **argv)
{
    return pipe(ends) == 0 ? troupe_main(argc, argv, asker, NULL) : 1;
}
