/* A producer and a consumer over a queue of five, joined when all is eaten and then closed.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <troupe/troupe.h>

#define LOAVES 12

static const troupe_type loaf_type = TROUPE_TYPE(uint32_t);

/* Eats what comes until the queue is closed and empty. */
static troupe_error consumer(troupe_self *self, void *argument)
{
    const troupe_ref queue = *(const troupe_ref *) argument;
    TROUPE_AUTO(troupe_message) *loaf = NULL;
    troupe_error error = troupe_queue_get(self, queue, &loaf, TROUPE_FOREVER);
    while (error == TROUPE_OK) {
        const uint32_t *number = troupe_message_struct(loaf, &loaf_type);
        if (number != NULL) {
            (void) printf("loaf %" PRIu32 " is eaten\n", *number);
        }
        error = troupe_queue_done(self, queue);
        if (error == TROUPE_OK) {
            error = troupe_queue_get(self, queue, &loaf, TROUPE_FOREVER);
        }
    }
    (void) printf("no more: %s\n", troupe_error_text(error));
    return error == TROUPE_ERROR_CLOSED ? TROUPE_OK : error;
}

static troupe_error bake(troupe_self *self, troupe_ref queue, uint32_t number)
{
    TROUPE_AUTO(troupe_message) *loaf = NULL;
    const troupe_error error = troupe_message_create(self, &loaf_type, &number, &loaf);
    return error ? error : troupe_queue_put(self, queue, &loaf, TROUPE_WITHIN_S(10));
}

/* Waits until the consumer, which it monitors, has ended. */
static troupe_error see_it_end(troupe_self *self)
{
    TROUPE_AUTO(troupe_message) *down = NULL;
    return troupe_receive(self, &down, TROUPE_WITHIN_S(10));
}

static troupe_error producer(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_ref queue;
    troupe_ref eater;
    troupe_monitor_id monitor;
    troupe_error error = troupe_queue_create(self, TROUPE_QUEUE(.capacity = 5), &queue);
    if (error == TROUPE_OK) {
        error = troupe_spawn(
            self, TROUPE_SPAWN(.body = consumer, .argument = &queue, .out_monitor = &monitor),
            &eater);
    }
    for (uint32_t number = 1; number <= LOAVES && error == TROUPE_OK; number++) {
        error = bake(self, queue, number);
    }
    if (error == TROUPE_OK) {
        error = troupe_queue_join(self, queue, TROUPE_WITHIN_S(10));
    }
    if (error == TROUPE_OK) {
        (void) printf("all %d are eaten\n", LOAVES);
        error = troupe_queue_close(self, queue, TROUPE_CLOSE_DRAIN, TROUPE_WITHIN_S(10));
    }
    return error ? error : see_it_end(self);
}

int main(int argc, char **argv)
{
    return troupe_main(argc, argv, producer, NULL);
}
