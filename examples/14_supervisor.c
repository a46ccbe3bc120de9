/* SPDX-License-Identifier: MIT */
/* A worker that crashes and comes back, under a supervisor; and a tree that gives up in order. What
 * supervises what is constant data. A restart keeps ref, name and mailbox: who sends to the worker
 * does not notice, but for the one number that was lost with its state. */
#include <stdio.h>
#include <troupe/troupe.h>

static const troupe_type number_type = TROUPE_TYPE(int);

static troupe_error start(troupe_self *self, void *state, void *argument)
{
    (void) self;
    (void) state;
    (void) argument;
    printf("  counter: starts from 0\n");
    return TROUPE_OK;
}

/* Adds up what comes, says the sum, and fails at negative numbers. */
static troupe_error add(troupe_self *self, void *state, troupe_message **message)
{
    int *sum = state;
    const int *number = troupe_message_struct(*message, &number_type);
    if (*number < 0) {
        printf("  counter: fails\n");
        return troupe_fail(self, TROUPE_ERROR_USER, "%d is negative", *number);
    }
    *sum += *number;
    printf("  counter: %d\n", *sum);
    return troupe_reply_struct(self, *message, &number_type, sum);
}

static const troupe_handles handlers[] = {
    {.type = &number_type, .handler = add},
    {0},
};
static const troupe_behavior counter = TROUPE_BEHAVIOR(.name = "counter", .state_size = sizeof(int),
                                                       .start = start, .handlers = handlers);

/* Others that have to be there before the counter, and to end after it. */
static troupe_error assistant(troupe_self *self, void *argument)
{
    const char *name = argument;
    printf("  %s: begins\n", name);
    const troupe_error error = troupe_sleep(self, TROUPE_FOREVER);
    printf("  %s: ends\n", name);
    return error;
}

static char store[] = "store";
static char clerk[] = "clerk";

static const troupe_child_spec children[] = {
    TROUPE_CHILD(.id = "store", .actor = TROUPE_SPAWN(.body = assistant, .argument = store)),
    TROUPE_CHILD(.id = "clerk", .actor = TROUPE_SPAWN(.body = assistant, .argument = clerk)),
    TROUPE_CHILD(.id = "counter", .actor = TROUPE_SPAWN(.name = "counter", .behavior = &counter),
                 .backoff_start = TROUPE_CONSTANT_MS(1)),
};
static const troupe_supervisor_spec shop =
    TROUPE_SUPERVISOR(.name = "shop", .children = children, .child_count = 3, .restarts_max = 2);

/* Waits for the answer, also through a restart. */
static troupe_error count(troupe_self *self, int number)
{
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_ref ref;
    troupe_error error = troupe_lookup(self, "counter", &ref);
    return error ? error
                 : troupe_ask_struct(self, ref, &number_type, &number, TROUPE_WITHIN_S(5), &reply);
}

static troupe_error root(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_ref supervisor;
    troupe_monitor_id monitor;
    troupe_error error = troupe_supervise(self, &shop, &supervisor);
    error = error ? error : troupe_monitor(self, supervisor, &monitor);
    const int numbers[] = {1, 2, -3, 4, 5};
    for (size_t i = 0; i < 5 && error == TROUPE_OK; i++) {
        const troupe_error answer = count(self, numbers[i]);
        printf("root: %d: %s\n", numbers[i], troupe_error_name(answer));
    }

    /* More failures than it may mend. */
    for (int i = 0; i < 2 && error == TROUPE_OK; i++) {
        (void) count(self, -1);
    }
    TROUPE_AUTO(troupe_message) *message = NULL;
    error = error ? error : troupe_receive(self, &message, TROUPE_WITHIN_S(5));
    const troupe_down *down = troupe_message_struct(message, &troupe_down_type);
    printf("root: the shop has ended: %s\n",
           down != NULL ? troupe_error_text(down->reason) : troupe_error_text(error));
    return error;
}

int main(void)
{
    return troupe_run(TROUPE_NODE_OPTIONS(.workers = 1), root, NULL) == TROUPE_OK ? 0 : 1;
}
