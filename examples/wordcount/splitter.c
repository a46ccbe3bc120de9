/* SPDX-License-Identifier: MIT */
/* splitter: finds the words of a unit, counts them, and sends each counter its share. */
#include "messages.h"
#include "split.h"

/* Stays after its end, so that its statistics can be read; the reporter's end stops it. */
static troupe_error serve(struct split *split)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (!error) {
        error = troupe_receive(split->self, &message, TROUPE_FOREVER);
        const struct unit *unit = troupe_message_struct(message, &unit_type);
        if (!error) {
            error = unit != NULL ? split_text(split, unit) : split_end(split);
        }
    }
    return end_of(error);
}

troupe_error splitter_run(troupe_self *self, void *argument)
{
    struct split split;
    troupe_error error = split_init(&split, self, argument);
    error = error ? error : serve(&split);
    split_fini(&split);
    return error;
}
