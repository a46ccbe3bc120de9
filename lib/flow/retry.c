/* SPDX-License-Identifier: MIT */
#include <troupe/retry.h>
#include <troupe/scope.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/options.h"

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_retry_options, reserved);

#define MS UINT64_C(1000000)
/* Of the balance, which counts hundredths. */
#define ONE_RETRY UINT64_C(100)

troupe_error troupe_retry_budget_init(troupe_retry_budget *budget, uint32_t percent,
                                      uint32_t reserve)
{
    TR_REQUIRE(budget != NULL && percent <= 1000, BAD_ARGUMENT);
    *budget = (troupe_retry_budget) {.percent = percent != 0 ? percent : 10,
                                     .reserve = reserve != 0 ? reserve : 10};
    budget->balance = budget->reserve * ONE_RETRY;
    return TROUPE_OK;
}

static void pay_in(troupe_retry_budget *budget)
{
    const uint64_t balance_max = budget->reserve * ONE_RETRY;
    budget->calls++;
    budget->balance += budget->percent;
    budget->balance = budget->balance < balance_max ? budget->balance : balance_max;
}

static bool pay_out(troupe_retry_budget *budget)
{
    if (budget->balance < ONE_RETRY) {
        budget->refused++;
        return false;
    }
    budget->balance -= ONE_RETRY;
    budget->retries++;
    return true;
}

static void fill_in(troupe_retry_options *options)
{
    options->first_delay.ns = options->first_delay.ns != 0 ? options->first_delay.ns : 20 * MS;
    if (options->delay_max.ns == 0) {
        options->delay_max.ns =
            options->first_delay.ns > 2000 * MS ? options->first_delay.ns : 2000 * MS;
    }
    options->attempts = options->attempts != 0 ? options->attempts : 3;
    options->jitter_percent = options->jitter_percent != 0 ? options->jitter_percent : 50;
}

troupe_error troupe_retry_init(troupe_self *self, const troupe_retry_options *options,
                               troupe_retry *out_retry)
{
    troupe_retry_options known;
    TR_REQUIRE(self != NULL && out_retry != NULL, BAD_ARGUMENT);
    TR_REQUIRE(tr_options_read(&known, sizeof known, options), BAD_ARGUMENT);
    TR_REQUIRE(known.jitter_percent <= 100 && known.is_idempotent <= 1 && known.reserved == 0,
               BAD_ARGUMENT);
    fill_in(&known);
    TR_REQUIRE(known.delay_max.ns >= known.first_delay.ns, BAD_ARGUMENT);
    *out_retry = (troupe_retry) {.options = known, .delay_ns = known.first_delay.ns, .attempt = 1};
    out_retry->deadline_ns = tr_deadline_of(troupe_self_now_ns(self), known.timeout);
    if (known.budget != NULL) {
        pay_in(known.budget);
    }
    return TROUPE_OK;
}

troupe_timeout troupe_retry_remaining(const troupe_self *self, const troupe_retry *retry)
{
    if (self == NULL || retry == NULL || retry->deadline_ns == TR_NEVER) {
        return TROUPE_FOREVER;
    }
    const uint64_t now_ns = troupe_self_now_ns(self);
    return troupe_timeout_of(now_ns < retry->deadline_ns ? retry->deadline_ns - now_ns : 0, 1);
}

static bool has(const troupe_error *errors, size_t count, troupe_error error)
{
    for (size_t i = 0; i < count; i++) {
        if (errors[i] == error) {
            return true;
        }
    }
    return false;
}

static bool is_worth_it(const troupe_retry_options *options, troupe_error error)
{
    static const troupe_error not_done[] = {TROUPE_ERROR_MAILBOX_FULL, TROUPE_ERROR_OVERLOADED,
                                            TROUPE_ERROR_EXPIRED,      TROUPE_ERROR_NO_SUCH_ACTOR,
                                            TROUPE_ERROR_STALE,        TROUPE_ERROR_LIMIT_REACHED,
                                            TROUPE_ERROR_NO_MEMORY};
    static const troupe_error not_known[] = {TROUPE_ERROR_TIMED_OUT, TROUPE_ERROR_HANDLER_FAILED,
                                             TROUPE_ERROR_NO_REPLY,  TROUPE_ERROR_NODE_LOST,
                                             TROUPE_ERROR_KILLED,    TROUPE_ERROR_WOULD_DEADLOCK};
    if (options->is_worth != NULL) {
        return options->is_worth(error, options->context);
    }
    return has(not_done, sizeof not_done / sizeof not_done[0], error) ||
           (options->is_idempotent != 0 &&
            has(not_known, sizeof not_known / sizeof not_known[0], error));
}

/* The back-off less what chance takes away; the next is twice as long. */
static uint64_t take_delay(troupe_self *self, troupe_retry *retry)
{
    const uint64_t ns = retry->delay_ns;
    const uint64_t ns_max = retry->options.delay_max.ns;
    const uint64_t span_ns = ns / 100 * retry->options.jitter_percent;
    retry->delay_ns = ns <= ns_max / 2 ? 2 * ns : ns_max;
    return ns - troupe_self_random(self) % (span_ns + 1);
}

bool troupe_retry_decide(troupe_self *self, troupe_retry *retry, troupe_error error,
                         troupe_timeout *out_delay)
{
    if (self == NULL || retry == NULL || out_delay == NULL || error == TROUPE_OK ||
        retry->attempt >= retry->options.attempts || !is_worth_it(&retry->options, error)) {
        return false;
    }
    const uint64_t delay_ns = take_delay(self, retry);
    const uint64_t now_ns = troupe_self_now_ns(self);
    if (retry->deadline_ns != TR_NEVER &&
        (retry->deadline_ns <= now_ns || delay_ns >= retry->deadline_ns - now_ns)) {
        return false;
    }
    if (retry->options.budget != NULL && !pay_out(retry->options.budget)) {
        return false;
    }
    retry->attempt++;
    *out_delay = troupe_timeout_of(delay_ns, 1);
    return true;
}

bool troupe_retry_next(troupe_self *self, troupe_retry *retry, troupe_error *error)
{
    troupe_timeout delay;
    if (error == NULL || !troupe_retry_decide(self, retry, *error, &delay)) {
        return false;
    }
    troupe_error slept = troupe_sleep(self, delay);
    if (slept == TROUPE_OK) {
        const troupe_error reason = troupe_scope_reason(self, NULL); /* came in the same moment */
        if (reason == TROUPE_OK) {
            return true;
        }
        slept = reason == TROUPE_ERROR_TIMED_OUT ? reason : TROUPE_ERROR_CANCELLED;
    }
    /* The deadline of the message being handled: what the attempt said tells more. */
    *error = slept == TROUPE_ERROR_TIMED_OUT ? *error : slept;
    return false;
}

troupe_error troupe_retry_call(troupe_self *self, const troupe_retry_options *options,
                               troupe_attempt *attempt, void *context)
{
    troupe_retry retry;
    TR_REQUIRE(attempt != NULL, BAD_ARGUMENT);
    troupe_error error = troupe_retry_init(self, options, &retry);
    if (error) {
        return error;
    }
    do {
        error = attempt(self, &retry, context);
    } while (troupe_retry_next(self, &retry, &error));
    return error;
}
