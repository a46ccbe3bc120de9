/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <troupe/circuit_breaker.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/options.h"

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_circuit_options, reserved);

#define SECOND UINT64_C(1000000000)

static void fill_in(troupe_circuit_options *options)
{
    options->window.ns = options->window.ns != 0 ? options->window.ns : 10 * SECOND;
    options->open_for.ns = options->open_for.ns != 0 ? options->open_for.ns : SECOND;
    if (options->open_for_max.ns == 0) {
        options->open_for_max.ns =
            options->open_for.ns > 60 * SECOND ? options->open_for.ns : 60 * SECOND;
    }
    options->failures_in_row = options->failures_in_row != 0 ? options->failures_in_row : 5;
    options->failure_percent = options->failure_percent != 0 ? options->failure_percent : 50;
    options->calls_min = options->calls_min != 0 ? options->calls_min : 20;
    options->probes_max = options->probes_max != 0 ? options->probes_max : 1;
    options->probes_needed = options->probes_needed != 0 ? options->probes_needed : 1;
}

troupe_error troupe_circuit_breaker_init(troupe_circuit_breaker *breaker,
                                         const troupe_circuit_options *options)
{
    troupe_circuit_options known;
    TR_REQUIRE(breaker != NULL && tr_options_read(&known, sizeof known, options), BAD_ARGUMENT);
    TR_REQUIRE(known.reserved == 0, BAD_ARGUMENT);
    fill_in(&known);
    TR_REQUIRE(known.open_for_max.ns >= known.open_for.ns, BAD_ARGUMENT);
    memset(breaker, 0, sizeof *breaker);
    breaker->options = known;
    breaker->epoch = 1;
    return TROUPE_OK;
}

static void forget_calls(troupe_circuit_breaker *breaker)
{
    memset(breaker->succeeded, 0, sizeof breaker->succeeded);
    memset(breaker->failed, 0, sizeof breaker->failed);
    breaker->in_row = 0;
    breaker->probes = 0;
    breaker->probes_succeeded = 0;
}

static void change(troupe_circuit_breaker *breaker, troupe_circuit_state state)
{
    breaker->state = state;
    breaker->epoch++;
    forget_calls(breaker);
    if (breaker->options.changed != NULL) {
        breaker->options.changed(breaker->options.context, state);
    }
}

/* Twice as long each time that it opens without having been closed. */
static uint64_t open_for_ns(const troupe_circuit_breaker *breaker)
{
    uint64_t ns = breaker->options.open_for.ns;
    const uint64_t ns_max = breaker->options.open_for_max.ns;
    for (uint32_t i = 1; i < breaker->opened_in_row && ns < ns_max; i++) {
        ns = ns <= ns_max / 2 ? 2 * ns : ns_max;
    }
    return ns;
}

static void open_it(troupe_circuit_breaker *breaker, uint64_t now_ns)
{
    breaker->opened++;
    breaker->opened_in_row++;
    const troupe_timeout open_for = {open_for_ns(breaker)};
    breaker->until_ns = tr_deadline_of(now_ns, open_for);
    change(breaker, TROUPE_CIRCUIT_OPEN);
}

/* What time alone changes. */
static void look(troupe_circuit_breaker *breaker, uint64_t now_ns)
{
    if (breaker->state == TROUPE_CIRCUIT_OPEN && now_ns >= breaker->until_ns) {
        change(breaker, TROUPE_CIRCUIT_HALF_OPEN);
    } else if (breaker->state == TROUPE_CIRCUIT_HALF_OPEN && breaker->probes > 0 &&
               now_ns >= tr_deadline_of(breaker->probe_ns, breaker->options.open_for_max)) {
        open_it(breaker, now_ns);
    }
}

troupe_circuit_permit troupe_circuit_breaker_allow(troupe_circuit_breaker *breaker, uint64_t now_ns)
{
    const troupe_circuit_permit refused = {0};
    if (breaker == NULL) {
        return refused;
    }
    look(breaker, now_ns);
    const bool is_half_open = breaker->state == TROUPE_CIRCUIT_HALF_OPEN;
    if (breaker->state == TROUPE_CIRCUIT_OPEN ||
        (is_half_open && breaker->probes >= breaker->options.probes_max)) {
        breaker->refused++;
        return refused;
    }
    if (is_half_open) {
        breaker->probes++;
        breaker->probe_ns = now_ns;
    }
    breaker->allowed++;
    return (troupe_circuit_permit) {breaker->epoch};
}

/* The part of the window that the moment falls into; those that it has left are emptied. */
static size_t part_of(troupe_circuit_breaker *breaker, uint64_t now_ns)
{
    const uint64_t part_ns = (breaker->options.window.ns - 1) / TROUPE_CIRCUIT_PARTS + 1;
    const uint64_t part = now_ns / part_ns;
    for (unsigned i = 0; i < TROUPE_CIRCUIT_PARTS && breaker->part < part; i++) {
        breaker->part++;
        breaker->succeeded[breaker->part % TROUPE_CIRCUIT_PARTS] = 0;
        breaker->failed[breaker->part % TROUPE_CIRCUIT_PARTS] = 0;
    }
    breaker->part = breaker->part < part ? part : breaker->part;
    return (size_t) (breaker->part % TROUPE_CIRCUIT_PARTS);
}

static bool fails_too_often(const troupe_circuit_breaker *breaker)
{
    uint64_t succeeded = 0;
    uint64_t failed = 0;
    for (size_t i = 0; i < TROUPE_CIRCUIT_PARTS; i++) {
        succeeded += breaker->succeeded[i];
        failed += breaker->failed[i];
    }
    const uint64_t calls = succeeded + failed;
    return calls >= breaker->options.calls_min &&
           failed * 100 >= calls * breaker->options.failure_percent;
}

static void record_call(troupe_circuit_breaker *breaker, troupe_circuit_result result,
                        uint64_t now_ns)
{
    const size_t part = part_of(breaker, now_ns);
    if (result == TROUPE_CIRCUIT_SUCCESS) {
        breaker->in_row = 0;
        breaker->succeeded[part]++;
        return;
    }
    breaker->failed[part]++;
    breaker->in_row += breaker->in_row < UINT32_MAX - 1 ? 1 : 0; /* never UINT32_MAX */
    if (breaker->in_row >= breaker->options.failures_in_row || fails_too_often(breaker)) {
        open_it(breaker, now_ns);
    }
}

static void record_probe(troupe_circuit_breaker *breaker, troupe_circuit_result result,
                         uint64_t now_ns)
{
    breaker->probes -= breaker->probes > 0 ? 1 : 0;
    if (result == TROUPE_CIRCUIT_FAILURE) {
        open_it(breaker, now_ns);
    } else if (result == TROUPE_CIRCUIT_SUCCESS &&
               ++breaker->probes_succeeded >= breaker->options.probes_needed) {
        breaker->opened_in_row = 0;
        change(breaker, TROUPE_CIRCUIT_CLOSED);
    }
}

void troupe_circuit_breaker_record(troupe_circuit_breaker *breaker, troupe_circuit_permit permit,
                                   troupe_circuit_result result, uint64_t now_ns)
{
    if (breaker == NULL) {
        return;
    }
    look(breaker, now_ns);
    if (permit.epoch != breaker->epoch) {
        return;
    }
    if (breaker->state == TROUPE_CIRCUIT_HALF_OPEN) {
        record_probe(breaker, result, now_ns);
    } else if (breaker->state == TROUPE_CIRCUIT_CLOSED && result != TROUPE_CIRCUIT_IGNORED) {
        record_call(breaker, result, now_ns);
    }
}

troupe_circuit_state troupe_circuit_breaker_state(troupe_circuit_breaker *breaker, uint64_t now_ns)
{
    if (breaker == NULL) {
        return TROUPE_CIRCUIT_OPEN;
    }
    look(breaker, now_ns);
    return breaker->state;
}

troupe_circuit_result troupe_circuit_result_of(troupe_error error)
{
    static const troupe_error of_ours[] = {TROUPE_ERROR_CANCELLED,    TROUPE_ERROR_STOPPING,
                                           TROUPE_ERROR_BAD_ARGUMENT, TROUPE_ERROR_CANNOT_WAIT,
                                           TROUPE_ERROR_FORKED,       TROUPE_ERROR_NO_MEMORY,
                                           TROUPE_ERROR_LIMIT_REACHED};
    if (error == TROUPE_OK) {
        return TROUPE_CIRCUIT_SUCCESS;
    }
    for (size_t i = 0; i < sizeof of_ours / sizeof of_ours[0]; i++) {
        if (error == of_ours[i]) {
            return TROUPE_CIRCUIT_IGNORED;
        }
    }
    return TROUPE_CIRCUIT_FAILURE;
}
