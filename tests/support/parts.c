/* SPDX-License-Identifier: MIT */
#include "support/parts.h"

static troupe_error obey(troupe_self *self, const struct part *part, uint64_t figure)
{
    probe_say(part->seen, "%s %llu", part->name, (unsigned long long) figure);
    switch (figure) {
    case PART_FAIL:
        return troupe_fail(self, TROUPE_ERROR_PROTOCOL, "told to");
    case PART_RETURN:
        (void) troupe_stop(self, troupe_self_ref(self));
        break;
    default:
        break;
    }
    return TROUPE_OK;
}

static troupe_error begin(troupe_self *self, struct part *part)
{
    part->starts++;
    part->last_start_ns = troupe_self_now_ns(self);
    probe_say(part->seen, "%s up", part->name);
    return part->starts == part->fails_at ? TROUPE_ERROR_SYSTEM : TROUPE_OK;
}

static troupe_error start(troupe_self *self, void *state, void *argument)
{
    struct part **part = state;
    if (*part != NULL) {
        return TROUPE_ERROR_BAD_ARGUMENT; /* it was to be zeroed */
    }
    *part = argument;
    return begin(self, *part);
}

static troupe_error take(troupe_self *self, void *state, troupe_message **message)
{
    struct part **part = state;
    return obey(self, *part, figure_of(*message));
}

static void stop(troupe_self *self, void *state, troupe_error reason)
{
    (void) self;
    struct part **part = state;
    probe_say((*part)->seen, "%s down %s", (*part)->name, troupe_error_name(reason));
}

static const troupe_handles handlers[] = {
    {.type = &figure_type, .handler = take},
    {0},
};

const troupe_behavior part_behavior =
    TROUPE_BEHAVIOR(.name = "part", .state_size = sizeof(struct part *), .start = start,
                    .handlers = handlers, .stop = stop);

static troupe_error serve(troupe_self *self, struct part *part)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (error == TROUPE_OK && figure_of(message) == PART_RETURN) {
            return obey(self, part, 0);
        }
        error = error ? error : obey(self, part, figure_of(message));
    }
    return error;
}

/* Virtual time that a told stop does not end. */
static void linger(troupe_self *self, uint64_t ms)
{
    const uint64_t until_ns = troupe_self_now_ns(self) + ms * UINT64_C(1000000);
    TROUPE_AUTO(troupe_message) *reply = NULL;
    while (troupe_self_now_ns(self) < until_ns &&
           troupe_ask_struct(self, troupe_self_ref(self), &figure_type, NULL, TROUPE_WITHIN_MS(1),
                             &reply) == TROUPE_ERROR_TIMED_OUT) {}
}

troupe_error part_body(troupe_self *self, void *argument)
{
    struct part *part = argument;
    troupe_error error = begin(self, part);
    if (part->starts == part->is_slow_at) {
        error = error ? error : troupe_sleep(self, TROUPE_WITHIN_S(100));
    }
    if (error == TROUPE_OK) {
        troupe_ready(self);
        error = serve(self, part);
    }
    if (error == TROUPE_ERROR_STOPPING) {
        linger(self, part->stops_in_ms);
    }
    probe_say(part->seen, "%s down %s", part->name, troupe_error_name(error));
    return error;
}

troupe_error order(troupe_self *self, const char *name, uint64_t figure)
{
    troupe_ref ref;
    const troupe_error error = troupe_lookup(self, name, &ref);
    return error ? error : send_figure(self, ref, figure);
}
