/* SPDX-License-Identifier: MIT */
#include "flow/stage.h"

#include <string.h>
#include <troupe/ask.h>
#include <troupe/send.h>
#include <troupe/timer.h>

#include "base/assert.h"
#include "base/memory.h"
#include "flow/queue_actor.h"

/* Until a full mailbox is tried again. */
#define PAUSE TROUPE_WITHIN_MS(1)

static const troupe_type plan_type = TROUPE_SIGNAL("troupe_stage_plan");

/* The plan as it is kept: its outs lie behind it. */
struct plan {
    const troupe_allocator *allocator; /* the node's, which outlives all messages */
    tr_stage_plan plan;
    troupe_ref outs[];
};

struct stage {
    troupe_message *holder; /* of the plan; NULL: it has not come */
    const struct plan *plan;
    troupe_message *item; /* in hand; NULL: none */
    uint32_t open;        /* closings that are asked for */
    bool is_ending;
};

static size_t size_of_plan(size_t count)
{
    return sizeof(struct plan) + count * sizeof(troupe_ref);
}

static void free_plan(void *context, const void *data, size_t size)
{
    (void) data;
    struct plan *plan = context;
    tr_free(plan->allocator, plan, size);
}

/* Ending. */

static troupe_error was_closed(troupe_self *self, void *state, troupe_error error,
                               troupe_message **reply, void *context)
{
    struct stage *stage = state;
    (void) error; /* it has ended, then */
    (void) reply;
    (void) context;
    return --stage->open == 0 ? troupe_stop(self, troupe_self_ref(self)) : TROUPE_OK;
}

static void close_one(troupe_self *self, struct stage *stage, troupe_ref queue, troupe_close how,
                      troupe_error reason)
{
    const tr_queue_closing closing = {.how = how, .reason = reason};
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_message_create(self, &tr_queue_close_type, &closing, &message);
    if (error == TROUPE_OK) {
        error = troupe_ask_message_then(self, queue, &message, TROUPE_FOREVER, was_closed, NULL);
    }
    stage->open += error == TROUPE_OK ? 1 : 0;
}

/* The outputs end with this reason; the input is closed if it goes on. */
static troupe_error end(troupe_self *self, struct stage *stage, troupe_error reason,
                        bool input_goes_on)
{
    stage->is_ending = true;
    troupe_message_destroy(&stage->item);
    for (size_t i = 0; i < stage->plan->plan.count; i++) {
        close_one(self, stage, stage->plan->outs[i], TROUPE_CLOSE_DRAIN, reason);
    }
    if (input_goes_on) {
        close_one(self, stage, stage->plan->plan.in, TROUPE_CLOSE_DISCARD, TROUPE_ERROR_CLOSED);
    }
    return stage->open == 0 ? troupe_stop(self, troupe_self_ref(self)) : TROUPE_OK;
}

/* Working. */

static troupe_error put(troupe_self *self, struct stage *stage);
static troupe_error get(troupe_self *self, struct stage *stage);

/* An ask could not be sent: it is tried again where that helps. */
static troupe_error pause_or_end(troupe_self *self, struct stage *stage, troupe_error error)
{
    troupe_timer timer;
    if (error == TROUPE_ERROR_MAILBOX_FULL) {
        error = troupe_timer_start(self, TROUPE_TIMER(.after = PAUSE), &timer);
    }
    return error ? end(self, stage, error, true) : TROUPE_OK;
}

static troupe_error was_put(troupe_self *self, void *state, troupe_error error,
                            troupe_message **reply, void *context)
{
    struct stage *stage = state;
    (void) reply;
    (void) context;
    return error ? end(self, stage, error, true) : get(self, stage);
}

static troupe_error put(troupe_self *self, struct stage *stage)
{
    const tr_stage_plan *plan = &stage->plan->plan;
    const uint64_t key = plan->key != NULL ? plan->key(stage->item, plan->context) : 0;
    const troupe_error error = troupe_queue_put_then(self, stage->plan->outs[key % plan->count],
                                                     &stage->item, TROUPE_FOREVER, was_put, NULL);
    return error ? pause_or_end(self, stage, error) : TROUPE_OK;
}

static troupe_error was_got(troupe_self *self, void *state, troupe_error error,
                            troupe_message **reply, void *context)
{
    struct stage *stage = state;
    const tr_stage_plan *plan = &stage->plan->plan;
    (void) context;
    if (error) { /* of one that has ended, or of this get only */
        return end(self, stage, error, error != TROUPE_ERROR_END && error != TROUPE_ERROR_CLOSED);
    }
    stage->item = *reply;
    *reply = NULL;
    if (plan->function != NULL) {
        error = plan->function(self, &stage->item, plan->context);
    }
    if (error) {
        return end(self, stage, error, true);
    }
    return stage->item != NULL ? put(self, stage) : get(self, stage);
}

static troupe_error get(troupe_self *self, struct stage *stage)
{
    const troupe_error error =
        troupe_queue_get_then(self, stage->plan->plan.in, TROUPE_FOREVER, was_got, NULL);
    return error ? pause_or_end(self, stage, error) : TROUPE_OK;
}

static troupe_error on_plan(troupe_self *self, void *state, troupe_message **message)
{
    struct stage *stage = state;
    size_t size = 0;
    stage->holder = *message;
    *message = NULL;
    stage->plan = troupe_message_bytes(stage->holder, &size);
    return get(self, stage);
}

static troupe_error on_pause(troupe_self *self, void *state, troupe_message **message)
{
    struct stage *stage = state;
    (void) message;
    return stage->item != NULL ? put(self, stage) : get(self, stage);
}

static void stop(troupe_self *self, void *state, troupe_error reason)
{
    struct stage *stage = state;
    const tr_queue_closing closing = {.how = TROUPE_CLOSE_DRAIN,
                                      .reason = reason ? reason : TROUPE_ERROR_STOPPING};
    for (size_t i = 0; stage->plan != NULL && !stage->is_ending && i < stage->plan->plan.count;
         i++) {
        /* As well as may be: nothing more can be done here. */
        (void) troupe_send_struct(self, stage->plan->outs[i], &tr_queue_close_type, &closing);
    }
    troupe_message_destroy(&stage->item);
    troupe_message_destroy(&stage->holder);
}

static const troupe_handles handles[] = {
    {.type = &plan_type, .handler = on_plan},
    {.type = &troupe_tick_type, .handler = on_pause},
    {.handler = NULL},
};

static const troupe_behavior stage_behavior =
    TROUPE_BEHAVIOR(.name = "stage", .state_size = sizeof(struct stage), .handlers = handles,
                    .stop = stop);

/* A message that holds a copy of the plan. */
static troupe_error make_holder(troupe_self *self, const tr_stage_plan *given,
                                troupe_message **out_message)
{
    const size_t size = size_of_plan(given->count);
    const troupe_allocator *allocator = troupe_self_allocator(self);
    struct plan *plan = tr_allocate(allocator, size);
    TR_REQUIRE(plan != NULL, NO_MEMORY);
    plan->allocator = allocator;
    plan->plan = *given;
    memcpy(plan->outs, given->outs, given->count * sizeof(troupe_ref));
    plan->plan.outs = plan->outs;
    const troupe_bytes bytes = {.data = plan, .size = size, .free = free_plan, .context = plan};
    const troupe_error error = troupe_message_create_bytes(self, &plan_type, &bytes, out_message);
    if (error) {
        tr_free(allocator, plan, size);
    }
    return error;
}

troupe_error tr_stage_create(troupe_self *self, const tr_stage_plan *plan, troupe_ref *out_stage)
{
    TROUPE_AUTO(troupe_message) *holder = NULL;
    troupe_ref ref;
    troupe_error error = make_holder(self, plan, &holder);
    if (error == TROUPE_OK) {
        /* What bounds messages is the streams; it holds one at a time. */
        error = troupe_spawn_nowait(
            self, TROUPE_SPAWN(.behavior = &stage_behavior, .reply_bytes = UINT64_MAX), &ref);
    }
    if (error) {
        return error;
    }
    error =
        troupe_send_message_with(self, ref, &holder, TROUPE_SEND(.on_full = TROUPE_ON_FULL_FAIL));
    if (error) {
        (void) troupe_stop(self, ref); /* it has nothing to do anyway */
        return error;
    }
    *out_stage = ref;
    return TROUPE_OK;
}
