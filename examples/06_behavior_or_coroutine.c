/* Behavior or coroutine: an actor that adds numbers up and answers with the sum, in both forms.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <troupe/troupe.h>

struct number {
    long value;
};
static const troupe_type number_type = TROUPE_TYPE(struct number);

/* As a coroutine: its state is in local variables; it could wait at any place, but has a stack. */
static troupe_error adder_coroutine(troupe_self *self, void *argument)
{
    (void) argument;
    struct number sum = {0};
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        const struct number *number = troupe_message_struct(message, &number_type);
        if (number != NULL) {
            sum.value += number->value;
            error = troupe_reply_struct(self, message, &number_type, &sum);
        }
    }
    return error; /* STOPPING: it was told to stop, and ends well */
}

/* As a behavior: its state is a struct; it never waits, but costs some hundred bytes only. */
static troupe_error adder_number(troupe_self *self, void *state, troupe_message **message)
{
    struct number *sum = state;
    const struct number *number = troupe_message_struct(*message, &number_type);
    sum->value += number->value;
    return troupe_reply_struct(self, *message, &number_type, sum);
}

static const troupe_handles handlers[] = {{.type = &number_type, .handler = adder_number}, {0}};
static const troupe_behavior adder_behavior =
    TROUPE_BEHAVIOR(.name = "adder", .state_size = sizeof(struct number), .handlers = handlers);

/* Nobody who has its ref can tell which form an actor has. */
static troupe_error add_up(troupe_self *self, const char *form, troupe_ref adder)
{
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_error error = TROUPE_OK;
    for (long value = 1; value <= 10 && !error; value++) {
        const struct number number = {.value = value};
        error = troupe_ask_struct(self, adder, &number_type, &number, TROUPE_WITHIN_S(60), &reply);
    }
    const struct number *sum = troupe_message_struct(reply, &number_type);
    if (sum != NULL) {
        (void) printf("%s: %ld\n", form, sum->value);
    }
    return error;
}

static troupe_error compare(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_ref ref;
    troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.body = adder_coroutine), &ref);
    error = error ? error : add_up(self, "coroutine", ref);
    error = error ? error : troupe_spawn(self, TROUPE_SPAWN(.behavior = &adder_behavior), &ref);
    return error ? error : add_up(self, "behavior", ref);
}

int main(int argc, char **argv)
{
    return troupe_main(argc, argv, compare, NULL);
}
