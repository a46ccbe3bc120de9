/* SPDX-License-Identifier: MIT */
#include "command/warden.h"

#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

/* As many workers as a node may have. */
#define WORKERS_MAX 64

/* Goes to the actor on a worker, and comes back. */
struct beat {
    uint32_t worker;
};
static const troupe_type beat_type = TROUPE_TYPE(struct beat);

/* What it knows while it runs. */
struct watch {
    tr_warden *warden;
    troupe_ref pulses[WORKERS_MAX]; /* by worker */
    uint64_t missing;               /* workers that have not answered, a bit each */
    uint32_t count;
    bool is_alarmed;
};

static troupe_error comes_back(troupe_self *self, void *state, troupe_message **message)
{
    (void) state;
    return troupe_send_message(self, troupe_message_sender(*message), message);
}

static const troupe_handles pulse_handles[] = {{.type = &beat_type, .handler = comes_back},
                                               {.handler = NULL}};
static const troupe_behavior pulse_behavior =
    TROUPE_BEHAVIOR(.name = "pulse", .handlers = pulse_handles);

/* One on each worker there is. */
static troupe_error spawn_pulses(troupe_self *self, struct watch *watch)
{
    troupe_error error = TROUPE_OK;
    while (!error && watch->count < WORKERS_MAX) {
        error = troupe_spawn(self,
                             TROUPE_SPAWN(.behavior = &pulse_behavior, .place = TROUPE_PLACE_WORKER,
                                          .place_worker = watch->count),
                             &watch->pulses[watch->count]);
        watch->count += error ? 0 : 1;
    }
    return watch->count > 0 && error == TROUPE_ERROR_BAD_ARGUMENT ? TROUPE_OK : error;
}

/* Asks all once more if all have answered, else says who has not. */
static void ask_all(troupe_self *self, struct watch *watch)
{
    const tr_warden *warden = watch->warden;
    if (watch->missing != 0) {
        const int worker = __builtin_ctzll(watch->missing);
        tr_notify_say(warden->notify, "STATUS=worker %d does not answer", worker);
        watch->is_alarmed = true;
        return;
    }
    for (uint32_t i = 0; i < watch->count; i++) {
        const struct beat beat = {.worker = i};
        watch->missing |= UINT64_C(1) << i;
        /* One that does not go is as one that is not answered. */
        (void) !troupe_send_struct(self, watch->pulses[i], &beat_type, &beat);
    }
}

static void hear(struct watch *watch, const struct beat *beat)
{
    const tr_warden *warden = watch->warden;
    watch->missing &= ~(UINT64_C(1) << beat->worker);
    if (watch->missing == 0 && watch->is_alarmed) {
        tr_notify_say(warden->notify, "WATCHDOG=1\nSTATUS=%s", warden->status);
        watch->is_alarmed = false;
    } else if (watch->missing == 0) {
        tr_notify_say(warden->notify, "WATCHDOG=1");
    }
}

static void reload(troupe_self *self, const tr_warden *warden)
{
    tr_notify_say(warden->notify, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
                  troupe_self_now_ns(self) / 1000);
    const troupe_error error = troupe_node_reload_keys(troupe_self_node(self));
    if (error == TROUPE_ERROR_END) {
        warden->log->write(warden->log->context, TROUPE_LOG_NOTICE,
                           "SIGHUP: there is no allow-list to read again");
    }
    tr_notify_say(warden->notify, "READY=1\nSTATUS=%s%s", warden->status,
                  error && error != TROUPE_ERROR_END ? "; its new allow-list is bad, see the log"
                                                     : "");
}

static void handle(troupe_self *self, struct watch *watch, const troupe_message *message)
{
    const struct beat *beat = troupe_message_struct(message, &beat_type);
    if (beat != NULL) {
        hear(watch, beat);
    } else if (troupe_message_is(message, &troupe_tick_type)) {
        ask_all(self, watch);
    } else if (troupe_message_is(message, &troupe_signal_type)) {
        reload(self, watch->warden);
    }
}

static troupe_error watches(troupe_self *self, void *argument)
{
    struct watch watch = {.warden = argument};
    const uint64_t watchdog_ns = watch.warden->watchdog_ns;
    troupe_signal_watch hang_up;
    troupe_timer timer;
    troupe_error error = troupe_watch_signal(self, SIGHUP, 0, &hang_up);
    if (!error && watchdog_ns > 0) {
        error = spawn_pulses(self, &watch);
    }
    if (!error && watchdog_ns > 0) {
        error = troupe_timer_start(
            self,
            TROUPE_TIMER(.after = TROUPE_NOW,
                         .every = troupe_timeout_of_ns(watchdog_ns / 2 > 0 ? watchdog_ns / 2 : 1)),
            &timer);
    }
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (!error) {
            handle(self, &watch, message);
        }
    }
    if (error == TROUPE_ERROR_STOPPING || error == TROUPE_ERROR_CANCELLED) {
        tr_notify_say(watch.warden->notify, "STOPPING=1\nSTATUS=stopping");
    }
    return error;
}

troupe_error tr_warden_start(tr_warden *warden, troupe_node *node)
{
    troupe_ref ref;
    return troupe_node_spawn(node,
                             TROUPE_SPAWN(.name = "troupe.warden", .body = watches,
                                          .argument = warden, .place = TROUPE_PLACE_OWN_THREAD),
                             &ref);
}
