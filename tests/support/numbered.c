/* SPDX-License-Identifier: MIT */
#include "support/numbered.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define HEAD_BYTES 12
/* One in so many is large. */
#define LARGE_EACH 97
#define LARGE_BYTES 8192
#define SMALL_BYTES_MAX 200

struct number {
    uint64_t value;
    uint32_t sender;
};

static size_t size_of(uint64_t value)
{
    return HEAD_BYTES +
           (value % LARGE_EACH == 0 ? LARGE_BYTES : (size_t) (value * 31 % SMALL_BYTES_MAX));
}

static size_t pack_number(const void *body, void *to, size_t size)
{
    const struct number *number = body;
    unsigned char *bytes = to;
    const size_t needed = size_of(number->value);
    if (size >= needed) {
        for (unsigned i = 0; i < HEAD_BYTES; i++) {
            const uint64_t from = i < 8 ? number->value : number->sender;
            bytes[i] = (unsigned char) (from >> (8 * (i % 8)));
        }
        memset(bytes + HEAD_BYTES, (int) (number->value % 251), needed - HEAD_BYTES);
    }
    return needed;
}

static bool unpack_number(void *body, const void *from, size_t size)
{
    struct number *number = body;
    const unsigned char *bytes = from;
    for (unsigned i = 0; i < HEAD_BYTES && size >= HEAD_BYTES; i++) {
        if (i < 8) {
            number->value |= (uint64_t) bytes[i] << (8 * i);
        } else {
            number->sender |= (uint32_t) bytes[i] << (8 * (i - 8));
        }
    }
    bool is_right = size >= HEAD_BYTES && size == size_of(number->value);
    for (size_t i = HEAD_BYTES; i < size && is_right; i++) {
        is_right = bytes[i] == number->value % 251;
    }
    return is_right;
}

static const troupe_type number_type = {.size = sizeof(troupe_type),
                                        .name = "number",
                                        .body_size = sizeof(struct number),
                                        .pack = pack_number,
                                        .unpack = unpack_number};
const troupe_type question_type = TROUPE_SIGNAL("question");
const troupe_type answer_type = TROUPE_SIGNAL("answer");

troupe_error lookup_when_there(troupe_self *self, uint64_t node, const char *name,
                               troupe_ref *out_ref)
{
    troupe_error error = TROUPE_ERROR_UNREACHABLE;
    while (error == TROUPE_ERROR_UNREACHABLE || error == TROUPE_ERROR_NO_SUCH_ACTOR ||
           error == TROUPE_ERROR_NODE_LOST) {
        error = troupe_lookup_on(self, node, name, TROUPE_WITHIN_S(60), out_ref);
        if (error && troupe_sleep(self, TROUPE_WITHIN_MS(1)) != TROUPE_OK) {
            break;
        }
    }
    return error;
}

troupe_error numbered_learn(troupe_self *self)
{
    return troupe_learn_type(self, &number_type);
}

static bool goes_on(const struct numbered_sender *sender)
{
    return sender->until != NULL && access(sender->until, F_OK) != 0;
}

static troupe_error send_all(troupe_self *self, struct numbered_sender *sender, troupe_ref to)
{
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 1; i <= sender->count && !error; i++) {
        const struct number number = {.value = i, .sender = sender->sender};
        if (i == sender->count && goes_on(sender)) {
            sender->count += sender->asks_after;
        }
        error = troupe_send_struct(self, to, &number_type, &number);
        if (!error && (i % sender->asks_after == 0 || i == sender->count)) {
            TROUPE_AUTO(troupe_message) *reply = NULL;
            error =
                troupe_ask_struct(self, to, &number_type, &number, TROUPE_WITHIN_S(120), &reply);
            const struct number *came =
                reply != NULL ? troupe_message_struct(reply, &number_type) : NULL;
            if (came != NULL && came->value != i) {
                probe_say(sender->probe, "sender %" PRIu32 ": %" PRIu64 " instead of %" PRIu64,
                          sender->sender, came->value, i);
            }
        }
    }
    return error;
}

troupe_error numbered_sends(troupe_self *self, void *argument)
{
    struct numbered_sender *sender = argument;
    troupe_ref to;
    troupe_ready(self);
    troupe_error error = troupe_learn_type(self, &number_type);
    error = error ? error : lookup_when_there(self, sender->node, sender->name, &to);
    error = error ? error : send_all(self, sender, to);
    probe_say(sender->probe, "%s", troupe_error_name(error));
    return TROUPE_OK;
}

static void receive_number(struct numbered_receiver *receiver, const struct number *number)
{
    uint64_t *last = &receiver->last[number->sender % NUMBERED_SENDERS_MAX];
    receiver->came++;
    receiver->wrong += number->value != *last + 1 ? 1 : 0;
    *last = number->value;
}

troupe_error numbered_receives(troupe_self *self, void *argument)
{
    struct numbered_receiver *receiver = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_learn_type(self, &number_type);
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        const struct number *number = error ? NULL : troupe_message_struct(message, &number_type);
        if (number == NULL) {
            continue;
        }
        if (troupe_message_wants_reply(message)) {
            const struct number last = {.value =
                                            receiver->last[number->sender % NUMBERED_SENDERS_MAX],
                                        .sender = number->sender};
            error = troupe_reply_struct(self, message, &number_type, &last);
        } else {
            receive_number(receiver, number);
        }
    }
    return error;
}

troupe_error numbered_watches(troupe_self *self, void *argument)
{
    const struct numbered_watcher *watcher = argument;
    const struct number none = {.sender = watcher->sender};
    uint64_t count = 0;
    troupe_ref to;
    troupe_ready(self);
    troupe_error error = troupe_lookup(self, watcher->name, &to);
    while (!error && count < watcher->count) {
        TROUPE_AUTO(troupe_message) *reply = NULL;
        error = troupe_ask_struct(self, to, &number_type, &none, TROUPE_WITHIN_S(120), &reply);
        const struct number *last =
            reply != NULL ? troupe_message_struct(reply, &number_type) : NULL;
        count = last != NULL ? last->value : count;
        error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(1));
    }
    probe_say(watcher->probe, "so far");
    return error;
}

troupe_error answers(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_learn_type(self, &question_type);
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        error = error ? error : troupe_reply_struct(self, message, &answer_type, NULL);
    }
    return error;
}
