/* Hello: one actor brings another to life, sends it a message, and waits until it has ended.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <troupe/troupe.h>

/* What the greeter is sent: a plain struct, known by the address of its type. */
struct greeting {
    char name[32];
};
static const troupe_type greeting_type = TROUPE_TYPE(struct greeting);

/* Greets once. Returning TROUPE_OK is how an actor ends well. */
static troupe_error greeter(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    if (error) {
        return error;
    }

    const struct greeting *greeting = troupe_message_struct(message, &greeting_type);
    if (greeting == NULL) {
        return TROUPE_ERROR_BAD_ARGUMENT;
    }
    (void) printf("Hello, %s!\n", greeting->name);
    return TROUPE_OK;
}

static troupe_error greet_world(troupe_self *self, troupe_ref to)
{
    const struct greeting greeting = {.name = "world"}; /* a local is fine: it is copied */
    return troupe_send_struct(self, to, &greeting_type, &greeting);
}

/* The first actor. When it ends, so does the program. */
static troupe_error hello(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_ref ref;
    troupe_monitor_id monitor;
    troupe_error error = troupe_spawn(
        self, TROUPE_SPAWN(.name = "greeter", .body = greeter, .out_monitor = &monitor), &ref);
    if (error) {
        return error;
    }
    error = greet_world(self, ref);
    if (error) {
        return error;
    }

    TROUPE_AUTO(troupe_message) *message = NULL;
    error = troupe_receive(self, &message, TROUPE_FOREVER);
    if (error) {
        return error;
    }
    const troupe_down *down = troupe_message_struct(message, &troupe_down_type);
    return down != NULL ? down->reason : TROUPE_ERROR_BAD_ARGUMENT;
}

int main(int argc, char **argv)
{
    return troupe_main(argc, argv, hello, NULL);
}
