/* SPDX-License-Identifier: MIT */
/* What brings results and items from one to another, called with bad arguments. */
#include "api/arguments.h"

static troupe_error resolved(troupe_self *self, void *state, troupe_error error, void *result,
                             void *context)
{
    (void) self;
    (void) state;
    (void) result;
    (void) context;
    return error;
}

void call_about_futures(troupe_self *self)
{
    troupe_future *none = NULL;
    troupe_future *future = NULL;
    troupe_promise *promise = NULL;
    troupe_promise *no_promise = NULL;
    size_t index = 0;
    BAD(troupe_future_create, (NULL, &future, &promise));
    BAD(troupe_future_create, (self, NULL, &promise));
    BAD(troupe_future_create, (self, &future, NULL));
    BAD(troupe_future_wait, (NULL, &none, TROUPE_NOW, NULL));
    BAD(troupe_future_wait, (self, NULL, TROUPE_NOW, NULL));
    BAD(troupe_future_wait, (self, &none, TROUPE_NOW, NULL));
    BAD(troupe_future_wait_any, (NULL, &none, 1, TROUPE_NOW, &index));
    BAD(troupe_future_wait_any, (self, NULL, 1, TROUPE_NOW, &index));
    BAD(troupe_future_wait_any, (self, &none, 1, TROUPE_NOW, &index));
    BAD(troupe_future_wait_any, (self, &none, 1, TROUPE_NOW, NULL));
    BAD(troupe_future_then, (NULL, &none, TROUPE_NOW, resolved, NULL));
    BAD(troupe_future_then, (self, &none, TROUPE_NOW, resolved, NULL));
    BAD(troupe_promise_complete, (NULL, NULL, NULL));
    BAD(troupe_promise_complete, (&no_promise, NULL, NULL));
    BAD(troupe_promise_fail, (NULL, TROUPE_ERROR_END));
    BAD(troupe_promise_fail, (&no_promise, TROUPE_ERROR_END));
    GIVES(troupe_promise_is_wanted, (NULL), false);
    RETURNS(troupe_promise_destroy, (NULL));
    RETURNS(troupe_promise_destroy, (&no_promise));
    RETURNS(troupe_future_destroy, (NULL));
    RETURNS(troupe_future_destroy, (&none));
}

static troupe_error then(troupe_self *self, void *state, troupe_error error, troupe_message **reply,
                         void *context)
{
    (void) reply;
    return resolved(self, state, error, NULL, context);
}

void call_about_queues(troupe_self *self)
{
    const troupe_ref nobody = {0};
    const troupe_ref me = troupe_self_ref(self);
    const troupe_queue_options short_one = {.size = 1};
    troupe_ref queue;
    troupe_message *none = NULL;
    BAD(troupe_ask_settled, (NULL, me, &none, TROUPE_NOW, &none));
    BAD(troupe_ask_settled, (self, me, &none, TROUPE_NOW, &none));
    BAD(troupe_ask_settled, (self, me, NULL, TROUPE_NOW, &none));
    BAD(troupe_ask_settled_then, (NULL, me, &none, TROUPE_NOW, then, NULL));
    BAD(troupe_ask_settled_then, (self, me, &none, TROUPE_NOW, then, NULL));
    GIVES(troupe_message_is_given_up, (NULL), false);
    BAD(troupe_queue_create, (NULL, NULL, &queue));
    BAD(troupe_queue_create, (self, NULL, NULL));
    BAD(troupe_queue_create, (self, &short_one, &queue));
    BAD(troupe_queue_create, (self, TROUPE_QUEUE(.capacity = UINT32_MAX), &queue));
    BAD(troupe_queue_create, (self, TROUPE_QUEUE(.closers = UINT32_MAX), &queue));
    BAD(troupe_queue_create, (self, TROUPE_QUEUE(.bytes_max = UINT64_MAX), &queue));
    BAD(troupe_queue_put, (NULL, me, &none, TROUPE_NOW));
    BAD(troupe_queue_put, (self, me, &none, TROUPE_NOW));
    BAD(troupe_queue_put, (self, me, NULL, TROUPE_NOW));
    BAD(troupe_queue_get, (NULL, me, &none, TROUPE_NOW));
    BAD(troupe_queue_get, (self, me, NULL, TROUPE_NOW));
    NOBODY(troupe_queue_get, (self, nobody, &none, TROUPE_NOW));
    BAD(troupe_queue_put_then, (NULL, me, &none, TROUPE_NOW, then, NULL));
    BAD(troupe_queue_put_then, (self, me, &none, TROUPE_NOW, then, NULL));
    BAD(troupe_queue_get_then, (NULL, me, TROUPE_NOW, then, NULL));
    BAD(troupe_queue_get_then, (self, me, TROUPE_NOW, NULL, NULL));
    BAD(troupe_queue_done, (NULL, me));
    NOBODY(troupe_queue_done, (self, nobody));
    BAD(troupe_queue_join, (NULL, me, TROUPE_NOW));
    NOBODY(troupe_queue_join, (self, nobody, TROUPE_NOW));
    BAD(troupe_queue_close, (NULL, me, TROUPE_CLOSE_DRAIN, TROUPE_NOW));
    BAD(troupe_queue_close, (self, me, (troupe_close) 9, TROUPE_NOW));
}

static uint64_t key_of(const troupe_message *message, void *context)
{
    (void) message;
    (void) context;
    return 0;
}

void call_about_streams(troupe_self *self)
{
    const troupe_ref nobody = {0};
    const troupe_ref me = troupe_self_ref(self);
    const troupe_batch nothing = {.max = 1};
    troupe_ref stream;
    troupe_message *none = NULL;
    size_t count = 0;
    BAD(troupe_stream_create, (NULL, NULL, &stream));
    BAD(troupe_stream_create, (self, NULL, NULL));
    BAD(troupe_stream_send, (NULL, me, &none, TROUPE_NOW));
    BAD(troupe_stream_send, (self, me, &none, TROUPE_NOW));
    BAD(troupe_stream_end, (NULL, me, TROUPE_OK, TROUPE_NOW));
    NOBODY(troupe_stream_end, (self, nobody, TROUPE_OK, TROUPE_NOW));
    BAD(troupe_stream_next, (NULL, me, &none, TROUPE_NOW));
    BAD(troupe_stream_next, (self, me, NULL, TROUPE_NOW));
    BAD(troupe_stream_next_batch, (NULL, me, &nothing, TROUPE_NOW, &count));
    BAD(troupe_stream_next_batch, (self, me, NULL, TROUPE_NOW, &count));
    BAD(troupe_stream_next_batch, (self, me, &nothing, TROUPE_NOW, &count));
    BAD(troupe_stream_map, (NULL, me, me, NULL, NULL));
    NOBODY(troupe_stream_map, (self, nobody, me, NULL, NULL));
    NOBODY(troupe_stream_map, (self, me, nobody, NULL, NULL));
    BAD(troupe_stream_merge, (NULL, &me, 1, me));
    BAD(troupe_stream_merge, (self, NULL, 1, me));
    BAD(troupe_stream_merge, (self, &me, 0, me));
    BAD(troupe_stream_partition, (NULL, me, key_of, NULL, &me, 1));
    BAD(troupe_stream_partition, (self, me, NULL, NULL, &me, 1));
    BAD(troupe_stream_partition, (self, me, key_of, NULL, NULL, 1));
    BAD(troupe_stream_partition, (self, me, key_of, NULL, &me, 0));
}
