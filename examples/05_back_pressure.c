/* Back-pressure: a fast producer is held back by the bounded mailbox of a slow consumer.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <troupe/troupe.h>

enum {
    CAPACITY = 5,
    PARCELS = 20
};

struct parcel {
    unsigned number;
};
static const troupe_type parcel_type = TROUPE_TYPE(struct parcel);

/* Takes its time over each parcel. */
static troupe_error consumer(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    for (unsigned number = 1; number <= PARCELS; number++) {
        troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
        const struct parcel *parcel = error ? NULL : troupe_message_struct(message, &parcel_type);
        if (parcel != NULL && parcel->number != number) {
            error = TROUPE_ERROR_BAD_ARGUMENT;
        }
        error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(1));
        if (error) {
            return error;
        }
    }
    (void) puts("all parcels came, in order");
    return TROUPE_OK;
}

/* Sends as fast as it can; a send waits, which lets others run, whenever the mailbox is full. */
static troupe_error produce(troupe_self *self, troupe_ref to)
{
    troupe_error error = TROUPE_OK;
    for (unsigned number = 1; number <= PARCELS && !error; number++) {
        const struct parcel parcel = {.number = number};
        error = troupe_send_struct(self, to, &parcel_type, &parcel);
    }
    uint32_t depth = 0;
    uint32_t peak = 0;
    error = error ? error : troupe_node_depth(troupe_self_node(self), to, &depth, &peak);
    if (!error) {
        (void) printf("all %d parcels sent, at most %" PRIu32 " in the mailbox\n", PARCELS, peak);
    }
    return error;
}

static troupe_error producer(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_ref ref;
    troupe_monitor_id monitor;
    troupe_error error = troupe_spawn(
        self,
        TROUPE_SPAWN(.body = consumer, .mailbox_capacity = CAPACITY, .out_monitor = &monitor),
        &ref);
    if (error) {
        return error;
    }
    error = produce(self, ref);
    TROUPE_AUTO(troupe_message) *down = NULL; /* comes when the consumer has ended */
    return error ? error : troupe_receive(self, &down, TROUPE_FOREVER);
}

int main(int argc, char **argv)
{
    return troupe_main(argc, argv, producer, NULL);
}
