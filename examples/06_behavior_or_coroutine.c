/* Behavior or coroutine: an actor that adds numbers up and answers with the sum, in both forms.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <troupe/troupe.h>

struct number {
    long value;
};
static const troupe_type number_type = TROUPE_TYPE(struct number);
static const troupe_type sum_type = TROUPE_TYPE(struct number);

static troupe_error reply_sum(troupe_self *self, troupe_message *request, long sum)
{
    const struct number number = {.value = sum};
    return troupe_reply_struct(self, request, &sum_type, &number);
}

/* As a coroutine: its state is in local variables; it could wait at any place, but has a stack. */
static troupe_error adder_coroutine(troupe_self *self, void *argument)
{
    (void) argument;
    long sum = 0;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        const struct number *number = error ? NULL : troupe_message_struct(message, &number_type);
        if (number != NULL) {
            sum += number->value;
            error = reply_sum(self, message, sum);
        }
    }
    return error == TROUPE_ERROR_STOPPING ? TROUPE_OK : error;
}

/* As a behavior: its state is a struct; it never waits, but costs some hundred bytes only. */
struct adder {
    long sum;
};

static troupe_error adder_number(troupe_self *self, void *state, troupe_message **message)
{
    struct adder *adder = state;
    const struct number *number = troupe_message_struct(*message, &number_type);
    adder->sum += number->value;
    return reply_sum(self, *message, adder->sum);
}

static const troupe_handles adder_handlers[] = {{.type = &number_type, .handler = adder_number},
                                                {0}};
static const troupe_behavior adder_behavior =
    TROUPE_BEHAVIOR(.name = "adder", .state_size = sizeof(struct adder),
                    .handlers = adder_handlers);

/* Nobody who has its ref can tell which form an actor has. */
static troupe_error add_up(troupe_self *self, const char *form, troupe_ref adder)
{
    TROUPE_AUTO(troupe_message) *reply = NULL;
    for (long value = 1; value <= 10; value++) {
        const struct number number = {.value = value};
        const troupe_error error = troupe_ask_struct(self, adder, &number_type, &number,
                                                     TROUPE_WITHIN_S(60), &reply);
        if (error) {
            return error;
        }
    }
    const struct number *sum = troupe_message_struct(reply, &sum_type);
    if (sum == NULL) {
        return TROUPE_ERROR_BAD_ARGUMENT;
    }
    (void) printf("%s: %ld\n", form, sum->value);
    return TROUPE_OK;
}

static troupe_error compare(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_ref ref;
    troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.body = adder_coroutine), &ref);
    if (!error) {
        error = add_up(self, "coroutine", ref);
    }
    if (!error) {
        error = troupe_spawn(self, TROUPE_SPAWN(.behavior = &adder_behavior), &ref);
    }
    return error ? error : add_up(self, "behavior", ref);
}

int main(int argc, char **argv)
{
    return troupe_main(argc, argv, compare, NULL);
}
