/* A thread that is not Troupe's own attaches to a node and talks to its actors.
 * SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdio.h>
#include <troupe/troupe.h>

struct reading {
    int celsius;
};
static const troupe_type reading_type = TROUPE_TYPE(struct reading);
static const troupe_type highest_type = TROUPE_SIGNAL("highest?");

static troupe_error note(troupe_self *self, void *state, troupe_message **message)
{
    struct reading *highest = state;
    const struct reading *reading = troupe_message_struct(*message, &reading_type);
    if (reading == NULL) { /* the question */
        return troupe_reply_struct(self, *message, &reading_type, highest);
    }
    if (reading->celsius > highest->celsius) {
        *highest = *reading;
    }
    return TROUPE_OK;
}

static const troupe_behavior keeper = {.size = sizeof(troupe_behavior),
                                       .name = "keeper",
                                       .state_size = sizeof(struct reading),
                                       .other = note};

/* As the thread of some library for sensors would: it knows the node and a name. */
static void *measure(void *argument)
{
    troupe_node *node = argument;
    static const struct reading readings[] = {{18}, {23}, {21}};
    troupe_self *self = NULL;
    troupe_ref to;
    troupe_error error = troupe_attach(node, NULL, &self);
    error = error ? error : troupe_lookup(self, "keeper", &to);
    for (size_t i = 0; i < sizeof readings / sizeof readings[0] && !error; i++) {
        error = troupe_send_struct(self, to, &reading_type, &readings[i]);
    }
    (void) printf("sensor: %s\n", troupe_error_name(error));
    return troupe_detach(&self) == TROUPE_OK ? argument : NULL;
}

/* `main` attaches too, to ask; here a thread may wait as long as it likes. */
int main(void)
{
    troupe_node *node = NULL;
    troupe_self *self = NULL;
    troupe_ref to;
    pthread_t sensor;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    if (troupe_node_create(NULL, &node) != TROUPE_OK || troupe_node_start(node) != TROUPE_OK ||
        troupe_node_spawn(
            node, TROUPE_SPAWN(.name = "keeper", .behavior = &keeper, .mailbox_capacity = 16),
            &to) != TROUPE_OK ||
        pthread_create(&sensor, NULL, measure, node) != 0 || pthread_join(sensor, NULL) != 0) {
        return 1;
    }
    troupe_error error = troupe_attach(node, NULL, &self);
    error = error ? error
                  : troupe_ask_struct(self, to, &highest_type, NULL, TROUPE_WITHIN_S(10), &reply);
    const struct reading *highest = error ? NULL : troupe_message_struct(reply, &reading_type);
    (void) printf("main: %s, %d\n", troupe_error_name(error),
                  highest != NULL ? highest->celsius : 0);
    troupe_message_destroy(&reply);
    error = error ? error : troupe_detach(&self);
    troupe_node_destroy(&node);
    return error ? 1 : 0;
}
