/* SPDX-License-Identifier: MIT */
#include <troupe/queue.h>

#include <string.h>
#include <troupe/send.h>

#include "base/assert.h"
#include "base/options.h"
#include "flow/queue_actor.h"

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_queue_options, place_worker);

#define CAPACITY_DEFAULT 64U

static troupe_error set_up(const troupe_queue_options *options, tr_queue_setup *out_setup)
{
    const uint64_t kib = options->bytes_max / 1024 + (options->bytes_max % 1024 != 0 ? 1 : 0);
    TR_REQUIRE(options->capacity <= TR_QUEUE_CAPACITY_MAX && kib <= TR_QUEUE_KIB_MAX, BAD_ARGUMENT);
    TR_REQUIRE(options->closers <= TR_QUEUE_CLOSERS_MAX, BAD_ARGUMENT);
    const uint32_t capacity = options->capacity != 0 ? options->capacity : CAPACITY_DEFAULT;
    const uint32_t closers = options->closers != 0 ? options->closers : 1;
    *out_setup = (tr_queue_setup) {
        .kib_max = (uint32_t) kib, .capacity = capacity & 0xfffffU, .closers = closers & 0xfffU};
    return TROUPE_OK;
}

troupe_error troupe_queue_create(troupe_self *self, const troupe_queue_options *given,
                                 troupe_ref *out_queue)
{
    troupe_queue_options options = {.size = sizeof options};
    tr_queue_setup setup;
    void *argument = NULL;
    TR_REQUIRE(self != NULL && out_queue != NULL, BAD_ARGUMENT);
    TR_REQUIRE(given == NULL || tr_options_read(&options, sizeof options, given), BAD_ARGUMENT);
    troupe_error error = set_up(&options, &setup);
    error = error ? error : tr_queue_learn_requests(self);
    if (error) {
        return error;
    }
    memcpy(&argument, &setup, sizeof argument);
    return troupe_spawn_nowait(self,
                               TROUPE_SPAWN(.name = options.name, .behavior = &tr_queue_behavior,
                                            .argument = argument, .place = options.place,
                                            .place_worker = options.place_worker),
                               out_queue);
}

static troupe_timeout or_forever(troupe_timeout timeout)
{
    return timeout.ns != 0 ? timeout : TROUPE_FOREVER;
}

/* Asks for nothing but that it be so. */
static troupe_error ask_for_yes(troupe_self *self, troupe_ref queue, troupe_message **message,
                                troupe_timeout timeout)
{
    TROUPE_AUTO(troupe_message) *yes = NULL;
    const troupe_error error = tr_queue_learn(self, queue);
    return error ? error : troupe_ask_settled(self, queue, message, or_forever(timeout), &yes);
}

troupe_error troupe_queue_put(troupe_self *self, troupe_ref queue, troupe_message **message,
                              troupe_timeout timeout)
{
    return ask_for_yes(self, queue, message, timeout);
}

troupe_error troupe_queue_get(troupe_self *self, troupe_ref queue, troupe_message **message,
                              troupe_timeout timeout)
{
    TROUPE_AUTO(troupe_message) *request = NULL;
    TR_REQUIRE(self != NULL && message != NULL, BAD_ARGUMENT);
    const troupe_error error = troupe_message_create(self, &tr_queue_get_type, NULL, &request);
    return error ? error : troupe_ask_settled(self, queue, &request, or_forever(timeout), message);
}

troupe_error troupe_queue_put_then(troupe_self *self, troupe_ref queue, troupe_message **message,
                                   troupe_timeout timeout, troupe_continuation *then, void *context)
{
    const troupe_error error = tr_queue_learn(self, queue);
    return error
               ? error
               : troupe_ask_settled_then(self, queue, message, or_forever(timeout), then, context);
}

troupe_error troupe_queue_get_then(troupe_self *self, troupe_ref queue, troupe_timeout timeout,
                                   troupe_continuation *then, void *context)
{
    TROUPE_AUTO(troupe_message) *request = NULL;
    const troupe_error error = troupe_message_create(self, &tr_queue_get_type, NULL, &request);
    return error
               ? error
               : troupe_ask_settled_then(self, queue, &request, or_forever(timeout), then, context);
}

troupe_error troupe_queue_done(troupe_self *self, troupe_ref queue)
{
    return troupe_send_struct(self, queue, &tr_queue_done_type, NULL);
}

troupe_error troupe_queue_join(troupe_self *self, troupe_ref queue, troupe_timeout timeout)
{
    TROUPE_AUTO(troupe_message) *request = NULL;
    const troupe_error error = troupe_message_create(self, &tr_queue_join_type, NULL, &request);
    return error ? error : ask_for_yes(self, queue, &request, timeout);
}

troupe_error troupe_queue_close(troupe_self *self, troupe_ref queue, troupe_close how,
                                troupe_timeout timeout)
{
    const tr_queue_closing closing = {.how = how, .reason = TROUPE_ERROR_CLOSED};
    TROUPE_AUTO(troupe_message) *answer = NULL;
    TR_REQUIRE(how == TROUPE_CLOSE_DRAIN || how == TROUPE_CLOSE_DISCARD, BAD_ARGUMENT);
    const troupe_error error = tr_queue_learn(self, queue);
    return error ? error
                 : troupe_ask_struct(self, queue, &tr_queue_close_type, &closing,
                                     or_forever(timeout), &answer);
}
