/* SPDX-License-Identifier: MIT */
/* Acts in which messages flow: pipelines and crowds. */
#include "support/acts.h"
#include "support/cast.h"

enum {
    WORDS = 24,
    SENDERS = 3,
    NAPS_MAX = 200
};

/* Pipelines: one sends, one passes on, one looks at the order. */

struct stage {
    struct act *act;
    troupe_ref next;
};

static troupe_error passes_on(troupe_self *self, void *argument)
{
    const struct stage stage = *(const struct stage *) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    uint64_t figure = 1;
    troupe_error error = TROUPE_OK;
    while (!error && figure != 0) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (!error) {
            figure = figure_of(message);
            error = send_figure(self, stage.next, figure);
        }
    }
    return error;
}

static troupe_error looks_at_order(troupe_self *self, void *argument)
{
    const struct stage stage = *(const struct stage *) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    uint64_t last = 0;
    for (;;) {
        const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
        const uint64_t figure = error ? 0 : figure_of(message);
        if (error || figure == 0) {
            if (!error && last != WORDS) {
                BREAK(stage.act, "the end came after %" PRIu64 " words", last);
            }
            return error;
        }
        if (figure != last + 1) {
            BREAK(stage.act, "word %" PRIu64 " came after %" PRIu64, figure, last);
        }
        last = figure;
        if (figure % 5 == 0) {
            (void) troupe_sleep(self, a_pause(self)); /* the next wait says the same */
        }
    }
}

troupe_error play_pipeline(troupe_self *self, struct act *act)
{
    struct stage last = {.act = act};
    struct stage middle = {.act = act};
    troupe_ref first = troupe_ref_none();
    troupe_scope *scope = NULL;
    troupe_error error = troupe_scope_enter(self, NULL, &scope);
    if (error) {
        return error;
    }
    error = spawn_in(self, scope, looks_at_order, &last, a_capacity(self), &middle.next);
    error = error ? error : spawn_in(self, scope, passes_on, &middle, a_capacity(self), &first);
    for (uint64_t i = 1; i <= WORDS + 1 && !error; i++) {
        error = send_figure(self, first, i <= WORDS ? i : 0);
    }
    if (error) {
        (void) troupe_scope_cancel(self, scope, error, NULL);
    }
    const troupe_error left = troupe_scope_leave(self, &scope);
    return error ? error : left;
}

/* Crowds: many send to one, some without patience, and some are told to end; then nothing that was
 * promised to them is still taken. */

struct crowd {
    struct act *act;
    troupe_ref hall;
    uint64_t last[SENDERS];
};

struct sender {
    struct crowd *crowd;
    uint64_t index;
};

static void look_at_depth(troupe_self *self, const struct crowd *crowd)
{
    uint32_t depth = 0;
    uint32_t capacity = 0;
    if (troupe_self_depth(self, troupe_self_ref(self), &depth, &capacity) == TROUPE_OK &&
        depth > capacity) {
        BREAK(crowd->act, "%" PRIu32 " messages where there is room for %" PRIu32, depth, capacity);
    }
}

static troupe_error listens(troupe_self *self, void *argument)
{
    struct crowd *crowd = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    while (!error) {
        const uint64_t figure = figure_of(message);
        uint64_t *last = &crowd->last[figure / 100];
        if (figure % 100 <= *last) {
            BREAK(crowd->act, "word %" PRIu64 " of a sender came after %" PRIu64, figure % 100,
                  *last);
        }
        *last = figure % 100;
        look_at_depth(self, crowd);
        error = troupe_self_random(self) % 8 == 0 ? troupe_sleep(self, a_pause(self)) : TROUPE_OK;
        error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    }
    return error;
}

static troupe_error talks(troupe_self *self, void *argument)
{
    const struct sender sender = *(const struct sender *) argument;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 1; i <= WORDS && !error; i++) {
        TROUPE_AUTO(troupe_message) *message = NULL;
        const troupe_timeout patience =
            troupe_self_random(self) % 2 == 0 ? TROUPE_FOREVER : a_pause(self);
        error = a_figure(self, 100 * sender.index + i, &message);
        error = error ? error
                      : troupe_send_message_with(self, sender.crowd->hall, &message,
                                                 TROUPE_SEND(.timeout = patience));
        error = error == TROUPE_ERROR_TIMED_OUT ? TROUPE_OK : error;
    }
    return error;
}

/* Those who talk, some of the time not to their end. */
static troupe_error let_talk(troupe_self *self, struct crowd *crowd)
{
    struct sender senders[SENDERS];
    const bool is_cut_short = troupe_self_random(self) % 2 == 0;
    troupe_scope *scope = NULL;
    troupe_error error = troupe_scope_enter(self, NULL, &scope);
    if (error) {
        return error;
    }
    for (uint64_t i = 0; i < SENDERS && !error; i++) {
        troupe_ref ref = troupe_ref_none();
        senders[i] = (struct sender) {crowd, i};
        error = spawn_in(self, scope, talks, &senders[i], 0, &ref);
    }
    if (!error && is_cut_short) {
        error = troupe_sleep(self, a_pause(self));
    }
    if (error || is_cut_short) {
        const troupe_error left = end_scope(self, &scope);
        return error ? error : left;
    }
    return troupe_scope_leave(self, &scope);
}

/* When all have gone, and the last word was heard, all places are free. */
static troupe_error look_at_places(troupe_self *self, const struct crowd *crowd)
{
    uint32_t depth = 1;
    uint32_t capacity = 0;
    troupe_error error = TROUPE_OK;
    for (int i = 0; i < NAPS_MAX && depth != 0 && !error; i++) {
        error = troupe_sleep(self, TROUPE_WITHIN_MS(1));
        error = error ? error : troupe_self_depth(self, crowd->hall, &depth, &capacity);
    }
    if (!error && depth != 0) {
        BREAK(crowd->act, "%" PRIu32 " of %" PRIu32 " places are taken where nobody is", depth,
              capacity);
    }
    return error;
}

troupe_error play_crowd(troupe_self *self, struct act *act)
{
    struct crowd crowd = {.act = act};
    troupe_scope *scope = NULL;
    troupe_error error = troupe_scope_enter(self, NULL, &scope);
    if (error) {
        return error;
    }
    error = spawn_in(self, scope, listens, &crowd, a_capacity(self), &crowd.hall);
    error = error ? error : let_talk(self, &crowd);
    error = error ? error : look_at_places(self, &crowd);
    const troupe_error left = end_scope(self, &scope);
    return error ? error : left;
}
