/* SPDX-License-Identifier: MIT */
#include <troupe/stream.h>

#include <troupe/ask.h>

#include "base/assert.h"
#include "base/clock.h"
#include "flow/queue_actor.h"
#include "flow/stage.h"

troupe_error troupe_stream_create(troupe_self *self, const troupe_queue_options *options,
                                  troupe_ref *out_stream)
{
    return troupe_queue_create(self, options, out_stream);
}

troupe_error troupe_stream_send(troupe_self *self, troupe_ref stream, troupe_message **message,
                                troupe_timeout timeout)
{
    return troupe_queue_put(self, stream, message, timeout);
}

troupe_error troupe_stream_end(troupe_self *self, troupe_ref stream, troupe_error error,
                               troupe_timeout timeout)
{
    const tr_queue_closing closing = {.how = TROUPE_CLOSE_DRAIN,
                                      .reason = error ? error : TROUPE_ERROR_END};
    TROUPE_AUTO(troupe_message) *answer = NULL;
    const troupe_error learned = tr_queue_learn(self, stream);
    return learned ? learned
                   : troupe_ask_struct(self, stream, &tr_queue_close_type, &closing,
                                       timeout.ns != 0 ? timeout : TROUPE_FOREVER, &answer);
}

troupe_error troupe_stream_next(troupe_self *self, troupe_ref stream, troupe_message **message,
                                troupe_timeout timeout)
{
    return troupe_queue_get(self, stream, message, timeout);
}

/* The time left until then. */
static troupe_timeout left_until(const troupe_self *self, uint64_t end_ns)
{
    const uint64_t now_ns = troupe_self_now_ns(self);
    return end_ns == TR_NEVER ? TROUPE_FOREVER
           : end_ns > now_ns  ? troupe_timeout_of_ns(end_ns - now_ns)
                              : TROUPE_NOW;
}

troupe_error troupe_stream_next_batch(troupe_self *self, troupe_ref stream,
                                      const troupe_batch *batch, troupe_timeout timeout,
                                      size_t *out_count)
{
    TR_REQUIRE(self != NULL && batch != NULL && out_count != NULL, BAD_ARGUMENT);
    TR_REQUIRE(batch->messages != NULL && batch->max > 0, BAD_ARGUMENT);
    troupe_message *message = NULL;
    troupe_error error = troupe_queue_get(self, stream, &message, timeout);
    if (error) {
        return error;
    }
    const troupe_timeout linger = batch->linger.ns != 0 ? batch->linger : TROUPE_NOW;
    const uint64_t end_ns = tr_deadline_of(troupe_self_now_ns(self), linger);
    size_t count = 0;
    while (error == TROUPE_OK) {
        batch->messages[count++] = message;
        message = NULL;
        if (count == batch->max) {
            break;
        }
        error = troupe_queue_get(self, stream, &message, left_until(self, end_ns));
    }
    *out_count = count;
    return TROUPE_OK;
}

troupe_error troupe_stream_map(troupe_self *self, troupe_ref in, troupe_ref out,
                               troupe_stream_function *function, void *context)
{
    const tr_stage_plan plan = {
        .in = in, .function = function, .context = context, .count = 1, .outs = &out};
    troupe_ref stage;
    TR_REQUIRE(self != NULL, BAD_ARGUMENT);
    TR_REQUIRE(!troupe_ref_is_none(in) && !troupe_ref_is_none(out), NO_SUCH_ACTOR);
    return tr_stage_create(self, &plan, &stage);
}

troupe_error troupe_stream_merge(troupe_self *self, const troupe_ref *ins, size_t count,
                                 troupe_ref out)
{
    TR_REQUIRE(self != NULL && ins != NULL && count > 0, BAD_ARGUMENT);
    for (size_t i = 0; i < count; i++) {
        const troupe_error error = troupe_stream_map(self, ins[i], out, NULL, NULL);
        if (error) {
            return error; /* those made end when `out` is ended or closed */
        }
    }
    return TROUPE_OK;
}

troupe_error troupe_stream_partition(troupe_self *self, troupe_ref in, troupe_stream_key *key,
                                     void *context, const troupe_ref *outs, size_t count)
{
    const tr_stage_plan plan = {
        .in = in, .key = key, .context = context, .count = count, .outs = outs};
    troupe_ref stage;
    TR_REQUIRE(self != NULL && key != NULL && outs != NULL && count > 0, BAD_ARGUMENT);
    TR_REQUIRE(count <= UINT32_MAX / sizeof(troupe_ref), BAD_ARGUMENT);
    return tr_stage_create(self, &plan, &stage);
}
