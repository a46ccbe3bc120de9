/* SPDX-License-Identifier: MIT */
#include "rates.h"

const troupe_type rate_wanted_type = TROUPE_SIGNAL("rate wanted");
const troupe_type rate_type = TROUPE_TYPE(struct rate);

struct rates {
    struct rates_source source;
    struct rate rate;
    uint64_t kept_until_ns;
    troupe_message *waiting[RATES_WAITING_MAX];
    uint32_t waiting_count;
    uint32_t tries;
    bool is_asking;
};

static troupe_error hear(troupe_self *self, void *state, troupe_error error, troupe_message **reply,
                         void *context);

static troupe_error ask_source(troupe_self *self, struct rates *rates)
{
    troupe_message *message = NULL;
    rates->is_asking = true;
    rates->tries++;
    troupe_error error = troupe_message_create(self, &rate_wanted_type, NULL, &message);
    if (!error) {
        error = troupe_ask_message_then(self, rates->source.ref, &message,
                                        TROUPE_WITHIN_MS(RATES_TRY_MS), hear, NULL);
    }
    if (error) {
        troupe_message_destroy(&message);
        rates->is_asking = rates->source.has_mistake;
    }
    return error;
}

/* Who cannot be told because there is no memory hears NO_REPLY. */
static void answer(troupe_self *self, const struct rates *rates, troupe_error error,
                   troupe_message **request)
{
    const troupe_error told = error ? troupe_reply_error(self, *request, error)
                                    : troupe_reply_struct(self, *request, &rate_type, &rates->rate);
    (void) told;
    troupe_message_destroy(request);
}

static void answer_all(troupe_self *self, struct rates *rates, troupe_error error)
{
    for (uint32_t i = 0; i < rates->waiting_count; i++) {
        answer(self, rates, error, &rates->waiting[i]);
    }
    rates->waiting_count = 0;
}

static troupe_error hear(troupe_self *self, void *state, troupe_error error, troupe_message **reply,
                         void *context)
{
    struct rates *rates = state;
    (void) context;
    const struct rate *rate = error ? NULL : troupe_message_struct(*reply, &rate_type);
    rates->is_asking = false;
    if (rate != NULL) {
        rates->rate = *rate;
        rates->kept_until_ns = troupe_self_now_ns(self) + RATES_KEPT_S * UINT64_C(1000000000);
    } else {
        error = error ? error : TROUPE_ERROR_PROTOCOL;
        if (rates->tries < RATES_TRIES) {
            error = ask_source(self, rates);
            if (!error) {
                return TROUPE_OK;
            }
        }
    }
    answer_all(self, rates, error);
    return TROUPE_OK;
}

static troupe_error want(troupe_self *self, void *state, troupe_message **message)
{
    struct rates *rates = state;
    if (troupe_self_now_ns(self) < rates->kept_until_ns) {
        answer(self, rates, TROUPE_OK, message);
        return TROUPE_OK;
    }
    if (rates->waiting_count == RATES_WAITING_MAX) {
        answer(self, rates, TROUPE_ERROR_OVERLOADED, message);
        return TROUPE_OK;
    }
    rates->waiting[rates->waiting_count++] = *message;
    *message = NULL;
    if (!rates->is_asking) {
        rates->tries = 0;
        const troupe_error error = ask_source(self, rates);
        if (error) {
            answer_all(self, rates, error);
        }
    }
    return TROUPE_OK;
}

static troupe_error start(troupe_self *self, void *state, void *argument)
{
    struct rates *rates = state;
    (void) self;
    rates->source = *(const struct rates_source *) argument;
    return TROUPE_OK;
}

static const troupe_handles handles[] = {{.type = &rate_wanted_type, .handler = want}, {0}};

const troupe_behavior rates_behavior =
    TROUPE_BEHAVIOR(.name = "rates", .state_size = sizeof(struct rates), .start = start,
                    .handlers = handles);
