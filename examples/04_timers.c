/* Timers: messages to oneself, later: every so often, once, or not at all if cancelled.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <troupe/troupe.h>

enum {
    METRONOME = 1,
    ALARM = 2
};

/* Waits for the next timer and says which it was. */
static troupe_error wait_for_tick(troupe_self *self, troupe_message **message)
{
    const troupe_error error = troupe_receive(self, message, TROUPE_FOREVER);
    if (error) {
        return error;
    }
    const troupe_tick *tick = troupe_message_struct(*message, &troupe_tick_type);
    if (tick == NULL) {
        return TROUPE_ERROR_BAD_ARGUMENT;
    }
    (void) puts(tick->key == METRONOME ? "tick" : "alarm");
    return TROUPE_OK;
}

static troupe_error three_ticks(troupe_self *self, troupe_message **message)
{
    troupe_timer metronome;
    troupe_error error = troupe_timer_start(
        self, TROUPE_TIMER(.every = TROUPE_WITHIN_MS(10), .key = METRONOME), &metronome);
    for (int i = 0; i < 3 && !error; i++) {
        error = wait_for_tick(self, message);
    }
    if (error) {
        return error;
    }
    /* After this no tick comes, not even one that is in the mailbox already. */
    (void) printf("metronome %s\n", troupe_timer_cancel(self, metronome) ? "cancelled" : "lost");
    return TROUPE_OK;
}

static troupe_error one_alarm(troupe_self *self, troupe_message **message)
{
    troupe_timer alarm;
    const troupe_error error =
        troupe_timer_start(self, TROUPE_TIMER(.after = TROUPE_WITHIN_MS(20), .key = ALARM), &alarm);
    return error ? error : wait_for_tick(self, message);
}

static troupe_error sleeper(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = three_ticks(self, &message);
    if (error) {
        return error;
    }
    error = one_alarm(self, &message);
    if (error) {
        return error;
    }

    /* A receive with a time limit needs no timer. */
    error = troupe_receive(self, &message, TROUPE_WITHIN_MS(30));
    (void) printf("then: %s\n", troupe_error_name(error));
    return error == TROUPE_ERROR_TIMED_OUT ? TROUPE_OK : error;
}

int main(int argc, char **argv)
{
    return troupe_main(argc, argv, sleeper, NULL);
}
