/* SPDX-License-Identifier: MIT */
#include "core/supervisor_policy.h"

#include "base/assert.h"
#include "base/chance.h"
#include "base/options.h"
#include "core/placed.h"

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_child_spec, reserved);
TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_supervisor_spec, reserved);

#define SECOND_NS UINT64_C(1000000000)
#define BACKOFF_START_NS UINT64_C(50000000)
#define BACKOFF_MAX_NS (30 * SECOND_NS)
#define HEALTHY_AFTER_NS (30 * SECOND_NS)
#define READY_TIMEOUT_NS (5 * SECOND_NS)
#define STOP_TIMEOUT_NS (5 * SECOND_NS)
#define WINDOW_NS (30 * SECOND_NS)
#define RESTARTS_MAX_DEFAULT 3
#define RESTARTS_MAX 10000
#define JITTER_PERCENT 20
#define RETRIES_MAX 60 /* as a message can count */
#define NOW_NS 1       /* TROUPE_NOW */

static tr_plan_child *child_of(tr_list *node)
{
    return node != NULL ? TR_CONTAINER_OF(node, tr_plan_child, link) : NULL;
}

static bool is_ordered(troupe_strategy strategy)
{
    return strategy == TROUPE_ONE_FOR_ALL || strategy == TROUPE_REST_FOR_ONE;
}

/* Whether it still has to come down, as it is wanted. */
static bool is_to_come_down(const tr_plan_child *child)
{
    switch (child->want) {
    case TR_WANT_GONE:
        return child->stand != TR_STAND_GONE && !child->is_stuck;
    case TR_WANT_REST:
        return child->stand != TR_STAND_RESTING && child->stand != TR_STAND_GONE &&
               child->stand != TR_STAND_NEW;
    case TR_WANT_UP:
        break;
    }
    return false;
}

static tr_action way_down(const tr_plan_child *child)
{
    const bool is_gone_wanted = child->want == TR_WANT_GONE;
    switch (child->stand) {
    case TR_STAND_NEW:
    case TR_STAND_RESTING:
        return TR_ACTION_END;
    case TR_STAND_STARTING:
    case TR_STAND_UP:
        return is_gone_wanted ? TR_ACTION_END : TR_ACTION_REST;
    case TR_STAND_FALLING:
        return is_gone_wanted ? TR_ACTION_END : TR_ACTION_NOTHING;
    case TR_STAND_ENDING:
    case TR_STAND_GONE:
        break;
    }
    return TR_ACTION_NOTHING;
}

static tr_action way_up(const tr_plan_child *child, uint64_t now_ns)
{
    if (child->stand == TR_STAND_NEW) {
        return child->due_ns <= now_ns ? TR_ACTION_SPAWN : TR_ACTION_PAUSE;
    }
    if (child->stand == TR_STAND_RESTING) {
        return child->due_ns <= now_ns ? TR_ACTION_RESTART : TR_ACTION_PAUSE;
    }
    return TR_ACTION_NOTHING;
}

/* The last that is to come down comes first; with an order it is waited for. *out_waits: nobody is
 * to go up yet. */
static tr_action next_down(tr_list *children, bool in_order, tr_plan_child **out_child,
                           bool *out_waits)
{
    *out_waits = false;
    for (tr_list *node = children->previous; node != children; node = node->previous) {
        tr_plan_child *child = child_of(node);
        if (!is_to_come_down(child)) {
            continue;
        }
        *out_waits = *out_waits || in_order;
        const tr_action action = way_down(child);
        if (action != TR_ACTION_NOTHING) {
            *out_child = child;
            return action;
        }
        if (in_order) {
            break;
        }
    }
    return TR_ACTION_NOTHING;
}

static tr_action next_up(tr_list *children, bool in_order, uint64_t now_ns,
                         tr_plan_child **out_child)
{
    tr_plan_child *pausing = NULL;
    for (tr_list *node = children->next; node != children; node = node->next) {
        tr_plan_child *child = child_of(node);
        if (child->want != TR_WANT_UP || child->stand == TR_STAND_UP) {
            continue;
        }
        const tr_action action = way_up(child, now_ns);
        if (action == TR_ACTION_SPAWN || action == TR_ACTION_RESTART) {
            *out_child = child;
            return action;
        }
        if (action == TR_ACTION_PAUSE && (pausing == NULL || child->due_ns < pausing->due_ns)) {
            pausing = child;
        }
        if ((in_order && !TR_PLANTED(TR_BUG_OUT_OF_ORDER)) || !child->was_up) {
            break; /* those behind wait for it */
        }
    }
    *out_child = pausing;
    return pausing != NULL ? TR_ACTION_PAUSE : TR_ACTION_NOTHING;
}

/* Those that were to rest first rest now. */
static void want_up(tr_list *children)
{
    for (tr_list *node = children->next; node != children; node = node->next) {
        tr_plan_child *child = child_of(node);
        if (child->want == TR_WANT_REST && !is_to_come_down(child)) {
            child->want = TR_WANT_UP;
        }
    }
}

tr_action tr_plan_next(tr_list *children, troupe_strategy strategy, bool is_ending, uint64_t now_ns,
                       tr_plan_child **out_child)
{
    const bool in_order = is_ordered(strategy);
    bool waits = false;
    const tr_action action = next_down(
        children, in_order || (is_ending && strategy != TROUPE_DYNAMIC), out_child, &waits);
    if (action != TR_ACTION_NOTHING || waits || is_ending) {
        return action;
    }
    want_up(children);
    return next_up(children, in_order, now_ns, out_child);
}

tr_action tr_plan_one(tr_plan_child *child, uint64_t now_ns)
{
    if (is_to_come_down(child)) {
        return way_down(child);
    }
    child->want = child->want == TR_WANT_REST ? TR_WANT_UP : child->want;
    return child->want == TR_WANT_UP ? way_up(child, now_ns) : TR_ACTION_NOTHING;
}

bool tr_plan_is_done(tr_list *children)
{
    for (tr_list *node = children->next; node != children; node = node->next) {
        const tr_plan_child *child = child_of(node);
        if (is_to_come_down(child) ||
            (child->want != TR_WANT_GONE && child->stand != TR_STAND_UP)) {
            return false;
        }
    }
    return true;
}

void tr_plan_restart(tr_list *children, troupe_strategy strategy, tr_plan_child *child,
                     uint64_t due_ns)
{
    child->due_ns = due_ns;
    child->want = child->want == TR_WANT_GONE ? TR_WANT_GONE : TR_WANT_REST;
    tr_list *first = strategy == TROUPE_ONE_FOR_ALL    ? children->next
                     : strategy == TROUPE_REST_FOR_ONE ? child->link.next
                                                       : children;
    for (tr_list *node = first; node != children; node = node->next) {
        tr_plan_child *other = child_of(node);
        if (other->want == TR_WANT_UP) {
            other->want = TR_WANT_REST;
        }
    }
}

void tr_plan_end(tr_list *children)
{
    for (tr_list *node = children->next; node != children; node = node->next) {
        child_of(node)->want = TR_WANT_GONE;
    }
}

bool tr_policy_restarts(troupe_child_kind kind, troupe_error reason)
{
    return kind == TROUPE_PERMANENT || (kind == TROUPE_TRANSIENT && reason != TROUPE_OK);
}

uint64_t tr_policy_pause_ns(const troupe_child_spec *spec, tr_plan_child *child, uint64_t now_ns,
                            uint64_t random)
{
    const bool was_healthy =
        child->stand == TR_STAND_UP && now_ns - child->up_since_ns >= spec->healthy_after.ns;
    child->failures = was_healthy ? 1 : child->failures + 1;
    if (spec->backoff_start.ns <= NOW_NS) {
        return 0;
    }
    uint64_t pause_ns = spec->backoff_start.ns;
    for (uint32_t i = 1; i < child->failures && pause_ns < spec->backoff_max.ns; i++) {
        pause_ns = pause_ns <= spec->backoff_max.ns / 2 ? 2 * pause_ns : spec->backoff_max.ns;
    }
    pause_ns = pause_ns < spec->backoff_max.ns ? pause_ns : spec->backoff_max.ns;
    const uint64_t most_ns = pause_ns / 100 * spec->jitter_percent;
    return pause_ns - most_ns + random % (2 * most_ns + 1);
}

bool tr_intensity_note(tr_intensity *intensity, uint64_t now_ns)
{
    if (intensity->limit == 0) {
        return false;
    }
    const uint64_t oldest_ns = intensity->times[intensity->next];
    if (intensity->count == intensity->limit && now_ns - oldest_ns <= intensity->window_ns) {
        return false;
    }
    intensity->times[intensity->next] = now_ns;
    intensity->next = (intensity->next + 1) % intensity->limit;
    intensity->count += intensity->count < intensity->limit ? 1 : 0;
    return true;
}

static void or_default(troupe_timeout *timeout, uint64_t ns)
{
    timeout->ns = timeout->ns != 0 ? timeout->ns : ns;
}

static bool has_right_fate(const troupe_child_spec *spec)
{
    const int heirs = (troupe_ref_is_none(spec->heir) ? 0 : 1) + (spec->heir_name != NULL ? 1 : 0);
    return (unsigned) spec->mailbox <= TROUPE_MAILBOX_HEIR &&
           heirs == (spec->mailbox == TROUPE_MAILBOX_HEIR ? 1 : 0) &&
           (spec->retries <= RETRIES_MAX || spec->retries == TROUPE_NO_RETRIES) &&
           (spec->supervisor == NULL ||
            (spec->mailbox == TROUPE_MAILBOX_KEEP && spec->retries == 0));
}

static bool has_right_code(const troupe_child_spec *spec)
{
    return spec->placement != NULL
               ? spec->supervisor == NULL && tr_placed_is_right(spec->placement, spec->actor)
               : (spec->actor != NULL) != (spec->supervisor != NULL);
}

bool tr_policy_complete_child(const troupe_child_spec *given, troupe_child_spec *out_spec)
{
    if (given == NULL || !tr_options_read(out_spec, sizeof *out_spec, given)) {
        return false;
    }
    out_spec->id = out_spec->id != NULL ? out_spec->id : "";
    or_default(&out_spec->backoff_start, BACKOFF_START_NS);
    or_default(&out_spec->backoff_max, BACKOFF_MAX_NS);
    or_default(&out_spec->healthy_after, HEALTHY_AFTER_NS);
    or_default(&out_spec->ready_timeout,
               out_spec->supervisor != NULL ? TROUPE_FOREVER.ns : READY_TIMEOUT_NS);
    or_default(&out_spec->stop_timeout,
               out_spec->supervisor != NULL ? TROUPE_FOREVER.ns : STOP_TIMEOUT_NS);
    out_spec->jitter_percent =
        out_spec->jitter_percent != 0 ? out_spec->jitter_percent : JITTER_PERCENT;
    return has_right_code(out_spec) && (unsigned) out_spec->kind <= TROUPE_TEMPORARY &&
           out_spec->jitter_percent <= 100 && out_spec->is_significant <= 1 &&
           has_right_fate(out_spec) && out_spec->reserved == 0;
}

bool tr_policy_complete(const troupe_supervisor_spec *given, troupe_supervisor_spec *out_spec)
{
    if (given == NULL || !tr_options_read(out_spec, sizeof *out_spec, given)) {
        return false;
    }
    or_default(&out_spec->window, WINDOW_NS);
    if (out_spec->restarts_max == 0) {
        out_spec->restarts_max = RESTARTS_MAX_DEFAULT;
    } else if (out_spec->restarts_max == TROUPE_NO_RESTARTS) {
        out_spec->restarts_max = 0;
    }
    bool is_right = (out_spec->child_count == 0 || out_spec->children != NULL) &&
                    (unsigned) out_spec->strategy <= TROUPE_DYNAMIC &&
                    (unsigned) out_spec->auto_shutdown <= TROUPE_AUTO_SHUTDOWN_ALL &&
                    out_spec->restarts_max <= RESTARTS_MAX && out_spec->reserved == 0;
    for (size_t i = 0; is_right && i < out_spec->child_count; i++) {
        troupe_child_spec child;
        is_right = tr_policy_complete_child(&out_spec->children[i], &child);
    }
    return is_right;
}
