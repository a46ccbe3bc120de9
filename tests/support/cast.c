/* SPDX-License-Identifier: MIT */
#include "support/cast.h"

#include <string.h>

/* The number, lowest byte first. */
static size_t pack_figure(const void *body, void *to, size_t size)
{
    const uint64_t number = *(const uint64_t *) body;
    unsigned char *bytes = to;
    for (size_t i = 0; i < sizeof number && size >= sizeof number; i++) {
        bytes[i] = (unsigned char) (number >> (8 * i));
    }
    return sizeof number;
}

static bool unpack_figure(void *body, const void *from, size_t size)
{
    uint64_t number = 0;
    const unsigned char *bytes = from;
    for (size_t i = 0; i < sizeof number && size == sizeof number; i++) {
        number |= (uint64_t) bytes[i] << (8 * i);
    }
    *(uint64_t *) body = number;
    return size == sizeof number;
}

const troupe_type figure_type = {.size = sizeof(troupe_type),
                                 .name = "figure",
                                 .body_size = sizeof(uint64_t),
                                 .pack = pack_figure,
                                 .unpack = unpack_figure};
const troupe_type other_figure_type = {
    .size = sizeof(troupe_type), .name = "other", .body_size = sizeof(uint64_t)};

troupe_error tell(const struct cast *cast, const char *what, troupe_error error)
{
    probe_say(cast->seen, "%s %s", what, troupe_error_name(error));
    return error;
}

troupe_error a_figure(troupe_self *self, uint64_t number, troupe_message **out_message)
{
    return troupe_message_create(self, &figure_type, &number, out_message);
}

troupe_error send_figure(troupe_self *self, troupe_ref to, uint64_t number)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = a_figure(self, number, &message);
    return error ? error : troupe_send_message(self, to, &message);
}

troupe_error ask_figure(troupe_self *self, troupe_ref to, uint64_t number, troupe_timeout timeout,
                        uint64_t *answer)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_error error = a_figure(self, number, &message);
    if (error == TROUPE_OK) {
        error = troupe_ask_message(self, to, &message, timeout, &reply);
    }
    if (answer != NULL) {
        *answer = figure_of(reply);
    }
    return error;
}

troupe_error reply_figure(troupe_self *self, troupe_message *request, uint64_t number)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = a_figure(self, number, &message);
    return error ? error : troupe_reply_message(self, request, &message);
}

uint64_t figure_of(const troupe_message *message)
{
    const uint64_t *number = message != NULL ? troupe_message_struct(message, &figure_type) : NULL;
    return number != NULL ? *number : 0;
}

troupe_error play_idle(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
    }
    return error;
}

troupe_error play_doubler(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    while (error == TROUPE_OK) {
        if (troupe_message_wants_reply(message)) {
            error = reply_figure(self, message, 2 * figure_of(message));
        }
        error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    }
    return error;
}

troupe_error play_hoarder(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    return error ? error : troupe_sleep(self, TROUPE_FOREVER);
}

troupe_error play_failing(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    return error ? error : TROUPE_ERROR_FAILED;
}

troupe_error play_sleeper(troupe_self *self, void *argument)
{
    (void) argument;
    return troupe_sleep(self, TROUPE_FOREVER);
}

/* To refs[0], counted in `count`. */
troupe_error play_sender(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    troupe_error error = TROUPE_OK;
    for (; cast->count < cast->number && error == TROUPE_OK; cast->count++) {
        error = send_figure(self, cast->refs[0], cast->count + 1);
    }
    return tell(cast, "sent", error);
}

troupe_error play_listener(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    while (error == TROUPE_OK) {
        const troupe_down *down = troupe_message_struct(message, &troupe_down_type);
        if (down != NULL) {
            (void) tell(cast, "down", down->reason);
        } else {
            probe_say(cast->seen, "got %llu", (unsigned long long) figure_of(message));
        }
        error = troupe_receive(self, &message, TROUPE_FOREVER);
    }
    return error;
}

static void say_line(void *context, troupe_log_level level, const char *text)
{
    (void) level;
    probe_say(context, "%s", text);
}

troupe_log log_of(struct probe *seen)
{
    return (troupe_log) {.write = say_line, .context = seen, .level = TROUPE_LOG_DEBUG};
}

bool probe_has(struct probe *seen, const char *text)
{
    bool is_there = false;
    for (size_t i = 0; i < probe_count(seen); i++) {
        is_there = is_there || strstr(probe_line(seen, i), text) != NULL;
    }
    return is_there;
}
