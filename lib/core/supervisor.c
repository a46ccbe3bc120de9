/* SPDX-License-Identifier: MIT */
#include "core/supervisor.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "core/bracket.h"
#include "core/placed.h"
#include "core/restart.h"
#include "core/supervisor_children.h"

/* The child that a word or tick is about, if it still is: NULL for what comes late. */
static tr_child *find(const tr_supervisor *supervisor, uint64_t id)
{
    return tr_table_find(&supervisor->ids, id);
}

static tr_child *sender_of(const tr_supervisor *supervisor, const troupe_message *message,
                           uint64_t id)
{
    tr_child *child = find(supervisor, id);
    /* Numbers begin anew when the supervisor does; addresses do not. */
    return child != NULL && message->sender.slot == child->ref.slot &&
                   message->sender.generation == child->ref.generation
               ? child
               : NULL;
}

static void log_about(const troupe_self *self, const tr_child *child, const char *what)
{
    tr_log_write(self->actor->worker->system->ports.log, TROUPE_LOG_WARNING,
                 "supervisor '%s': child '%s' (%u.%u) %s",
                 tr_actor_name(self->actor) != NULL ? tr_actor_name(self->actor) : "",
                 child->spec.id, child->ref.slot, child->ref.generation, what);
}

/* One timer per child. Without memory for it the limit does not hold; a pause is then none. */
static void limit(troupe_self *self, tr_child *child, uint64_t ns)
{
    (void) troupe_timer_cancel(self, child->timer);
    child->timer = (troupe_timer) {0};
    if (ns != TROUPE_FOREVER.ns &&
        troupe_timer_start(self, TROUPE_TIMER(.after = troupe_timeout_of_ns(ns), .key = child->id),
                           &child->timer) != TROUPE_OK) {
        child->plan.due_ns = 0;
    }
}

static void no_limit(troupe_self *self, tr_child *child)
{
    limit(self, child, TROUPE_FOREVER.ns);
}

/* Ends all children, then itself, with this verdict. */
static void begin_end(tr_supervisor *supervisor, troupe_error verdict)
{
    if (!supervisor->is_ending) {
        supervisor->is_ending = true;
        supervisor->verdict = verdict;
        tr_plan_end(&supervisor->children);
    }
}

/* The first cause stands last; of what is too long for the text the middle is left out. */
static void note_why(tr_supervisor *supervisor, const tr_child *child, const char *why,
                     troupe_error reason, const char *text)
{
    char *to = supervisor->text;
    const size_t room = sizeof supervisor->text;
    const int before = snprintf(to, room, "child '%.48s' %s: %s%s", child->spec.id, why,
                                troupe_error_name(reason), text[0] != '\0' ? ": " : "");
    const size_t length = strlen(text);
    TR_ASSERT(before > 0 && (size_t) before + sizeof "..." < room);
    const size_t left = room - 1 - (size_t) before;
    const bool is_short = length <= left;
    (void) snprintf(to + before, left + 1, "%s%s", is_short ? "" : "...",
                    is_short ? text : text + length - (left - 3)); /* it fits */
}

static void give_up(tr_supervisor *supervisor, const tr_child *child, const char *why,
                    troupe_error reason, const char *text)
{
    if (!supervisor->is_ending) {
        note_why(supervisor, child, why, reason, text);
    }
    begin_end(supervisor, reason != TROUPE_OK ? reason : TROUPE_ERROR_FAILED);
}

/* What the policy asks for. */

static void spawn(troupe_self *self, tr_supervisor *supervisor, tr_child *child)
{
    const troupe_supervisor_spec *below = child->spec.supervisor;
    const tr_terms terms = {.mailbox = child->spec.mailbox,
                            .heir = child->spec.heir,
                            .heir_name = child->spec.heir_name,
                            .retries = child->spec.retries};
    const troupe_placement *placement = child->spec.placement;
    troupe_spawn_options options;
    if (placement != NULL) {
        tr_placed_options(placement, child->spec.actor, &options);
    }
    const troupe_error error =
        below == NULL
            ? tr_restart_spawn(self, placement != NULL ? &options : child->spec.actor, child->id,
                               &terms, &child->ref)
            : tr_restart_spawn(
                  self,
                  TROUPE_SPAWN(.behavior = &tr_supervisor_behavior, .name = below->name,
                               .argument = (void *) (uintptr_t) below,
                               .timers_max = TR_CHILDREN_MAX, .ready_when = TROUPE_READY_WHEN_SAID),
                  child->id, &terms, &child->ref);
    if (error) {
        child->plan.want = TR_WANT_GONE;
        if (child->request == NULL) {
            give_up(supervisor, child, "could not be spawned", error, "");
        }
        tr_children_answer(self, child, error);
        return;
    }
    child->plan.stand = TR_STAND_STARTING;
    limit(self, child, child->spec.ready_timeout.ns);
}

static void restart(troupe_self *self, tr_child *child)
{
    child->plan.stand = TR_STAND_STARTING;
    child->restarts++;
    child->verdict = TROUPE_OK;
    tr_restart_answer(self, &child->word, TR_WORD_BEGIN);
    limit(self, child, child->spec.ready_timeout.ns);
}

/* NO_MEMORY is the only error that counts: of one that has gone there is going to be word. */
static troupe_error tell(troupe_self *self, tr_child *child, uint32_t bits)
{
    const troupe_error error = tr_restart_signal(self, child->ref, bits);
    return error == TROUPE_ERROR_NO_MEMORY ? error : TROUPE_OK;
}

static troupe_error rest(troupe_self *self, tr_child *child)
{
    child->plan.stand = TR_STAND_FALLING;
    child->is_cancelled = false;
    limit(self, child, child->spec.stop_timeout.ns);
    return tell(self, child, TR_SIGNAL_STOP);
}

static troupe_error end(troupe_self *self, tr_supervisor *supervisor, tr_child *child)
{
    if (child->plan.stand == TR_STAND_NEW) {
        child->plan.stand = TR_STAND_GONE;
        supervisor->has_gone = true;
        return TROUPE_OK;
    }
    const bool rests = child->plan.stand == TR_STAND_RESTING;
    child->plan.stand = TR_STAND_ENDING;
    child->is_cancelled = false;
    limit(self, child, child->spec.stop_timeout.ns);
    if (rests) {
        tr_restart_answer(self, &child->word, TR_WORD_END);
        return TROUPE_OK;
    }
    return tell(self, child, TR_SIGNAL_STOP | TR_SIGNAL_END);
}

/* Its own end, for which all have gone or are stuck. */
static troupe_error conclude(troupe_self *self, const tr_supervisor *supervisor)
{
    if (supervisor->verdict != TROUPE_OK) {
        return troupe_fail(self, supervisor->verdict, "%s", supervisor->text);
    }
    (void) troupe_stop(self, troupe_self_ref(self)); /* of itself it does not fail */
    return TROUPE_ERROR_STOPPING;
}

/* Does one thing. *action becomes NOTHING where more has to wait. */
static troupe_error carry_out(troupe_self *self, tr_supervisor *supervisor, tr_action *action,
                              tr_child *child, uint64_t now_ns)
{
    switch (*action) {
    case TR_ACTION_SPAWN:
        spawn(self, supervisor, child);
        return TROUPE_OK;
    case TR_ACTION_RESTART:
        restart(self, child);
        return TROUPE_OK;
    case TR_ACTION_REST:
        return rest(self, child);
    case TR_ACTION_END:
        return end(self, supervisor, child);
    case TR_ACTION_PAUSE:
        /* One more: what is left may be 1, which as a timeout is none. */
        limit(self, child, child->plan.due_ns - now_ns + 1);
        if (child->plan.due_ns != 0) { /* there was memory for it */
            *action = TR_ACTION_NOTHING;
        }
        return TROUPE_OK;
    case TR_ACTION_NOTHING:
        break;
    }
    return TROUPE_OK;
}

static troupe_error settle_in_order(troupe_self *self, tr_supervisor *supervisor)
{
    const uint64_t now_ns = troupe_self_now_ns(self);
    tr_action action = TR_ACTION_NOTHING;
    troupe_error error = TROUPE_OK;
    do {
        tr_plan_child *next = NULL;
        action = tr_plan_next(&supervisor->children, supervisor->spec.strategy,
                              supervisor->is_ending, now_ns, &next);
        error = carry_out(self, supervisor, &action, (tr_child *) next, now_ns);
    } while (error == TROUPE_OK && action != TR_ACTION_NOTHING);
    return error;
}

static troupe_error settle_one(troupe_self *self, tr_supervisor *supervisor, tr_child *child)
{
    const uint64_t now_ns = troupe_self_now_ns(self);
    tr_action action = TR_ACTION_NOTHING;
    troupe_error error = TROUPE_OK;
    do {
        action = tr_plan_one(&child->plan, now_ns);
        error = carry_out(self, supervisor, &action, child, now_ns);
    } while (error == TROUPE_OK && action != TR_ACTION_NOTHING);
    return error;
}

static troupe_error settle_each(troupe_self *self, tr_supervisor *supervisor)
{
    troupe_error error = TROUPE_OK;
    for (tr_list *node = supervisor->children.next;
         node != &supervisor->children && error == TROUPE_OK; node = node->next) {
        tr_plan_child *plan = TR_CONTAINER_OF(node, tr_plan_child, link);
        if (plan->stand == TR_STAND_NEW || supervisor->is_ending) {
            error = settle_one(self, supervisor, (tr_child *) plan);
        }
    }
    return error;
}

/* Each of a dynamic supervisor's children is looked at when something has happened to it, and all
 * of them once at the beginning and at the end. */
static troupe_error settle_dynamic(troupe_self *self, tr_supervisor *supervisor, tr_child *subject)
{
    troupe_error error = TROUPE_OK;
    if (!supervisor->has_begun) {
        supervisor->has_begun = true;
        error = settle_each(self, supervisor);
    } else if (subject != NULL) {
        error = settle_one(self, supervisor, subject);
    }
    if (error == TROUPE_OK && supervisor->is_ending && !supervisor->has_told_all) {
        supervisor->has_told_all = true;
        error = settle_each(self, supervisor);
    }
    return error;
}

static void forget_those_that_never_were(troupe_self *self, tr_supervisor *supervisor)
{
    supervisor->has_gone = false;
    for (tr_list *node = tr_list_first(&supervisor->children); node != NULL;) {
        tr_list *next = tr_list_next(&supervisor->children, node);
        tr_child *child = (tr_child *) TR_CONTAINER_OF(node, tr_plan_child, link);
        if (child->plan.stand == TR_STAND_GONE) {
            tr_children_answer(self, child, TROUPE_ERROR_STOPPING);
            tr_children_remove(supervisor, self->actor->worker, child);
        }
        node = next;
    }
}

/* Does what is to be done, as far as it can be now. `subject` is the child that something has
 * happened to, or NULL. */
static troupe_error settle(troupe_self *self, tr_supervisor *supervisor, tr_child *subject)
{
    const troupe_error error = supervisor->spec.strategy == TROUPE_DYNAMIC
                                   ? settle_dynamic(self, supervisor, subject)
                                   : settle_in_order(self, supervisor);
    if (error) {
        return error;
    }
    if (supervisor->has_gone) {
        forget_those_that_never_were(self, supervisor);
    }
    if (supervisor->is_ending) {
        return tr_plan_is_done(&supervisor->children) ? conclude(self, supervisor) : TROUPE_OK;
    }
    if (!supervisor->is_ready && tr_plan_is_done(&supervisor->children)) {
        supervisor->is_ready = true;
        troupe_ready(self);
    }
    return TROUPE_OK;
}

troupe_error tr_supervisor_told_to_stop(troupe_self *self, void *state)
{
    tr_supervisor *supervisor = state;
    begin_end(supervisor, TROUPE_OK);
    return settle(self, supervisor, NULL);
}

/* What has happened. */

static void gone_for_good(tr_supervisor *supervisor, tr_child *child)
{
    child->plan.want = TR_WANT_GONE;
    if (child->spec.is_significant != 0) {
        child->spec.is_significant = 0;
        supervisor->significant--;
        if (supervisor->spec.auto_shutdown == TROUPE_AUTO_SHUTDOWN_ANY ||
            (supervisor->spec.auto_shutdown == TROUPE_AUTO_SHUTDOWN_ALL &&
             supervisor->significant == 0)) {
            begin_end(supervisor, TROUPE_OK);
        }
    }
}

/* Of those that are to go down with another, unless they are restarted because somebody asks for
 * it. That is no end of theirs by themselves. */
static void end_temporary_ones(tr_supervisor *supervisor)
{
    for (tr_list *node = tr_list_first(&supervisor->children); node != NULL;
         node = tr_list_next(&supervisor->children, node)) {
        tr_child *child = (tr_child *) TR_CONTAINER_OF(node, tr_plan_child, link);
        if (child->spec.kind == TROUPE_TEMPORARY && child->plan.want == TR_WANT_REST &&
            child->plan.stand != TR_STAND_NEW && child->request == NULL) {
            child->plan.want = TR_WANT_GONE;
            supervisor->significant -= child->spec.is_significant;
            child->spec.is_significant = 0;
        }
    }
}

/* A child has ended that was to be up, as its word tells. A message counts as one failure, however
 * often it is tried. */
static void ended_by_itself(troupe_self *self, tr_supervisor *supervisor, tr_child *child,
                            const tr_word *word)
{
    const troupe_error reason = child->verdict != TROUPE_OK ? child->verdict : word->reason;
    const bool is_known = word->is_known && child->verdict == TROUPE_OK;
    const char *text = word->text;
    const uint64_t now_ns = troupe_self_now_ns(self);
    child->last_reason = reason;
    if (!child->plan.was_up && child->request != NULL) {
        child->plan.want = TR_WANT_GONE; /* it is not added; who asked is told when it has ended */
        return;
    } else if (!child->plan.was_up) {
        child->plan.want = TR_WANT_GONE;
        give_up(supervisor, child, "did not start", reason, text);
    } else if (!tr_policy_restarts(child->spec.kind, reason)) {
        gone_for_good(supervisor, child);
    } else if (!is_known && !tr_intensity_note(&supervisor->intensity, now_ns)) {
        give_up(supervisor, child, "failed too often", reason, text);
    } else {
        const uint64_t pause_ns =
            tr_policy_pause_ns(&child->spec, &child->plan, now_ns, troupe_self_random(self));
        tr_plan_restart(&supervisor->children, supervisor->spec.strategy, &child->plan,
                        now_ns + pause_ns);
        end_temporary_ones(supervisor);
    }
    tr_children_answer(self, child, reason != TROUPE_OK ? reason : TROUPE_ERROR_FAILED);
}

static troupe_error handle_rests(troupe_self *self, tr_supervisor *supervisor, tr_child *child,
                                 troupe_message **message)
{
    child->word = *message;
    *message = NULL;
    tr_restart_keep(self, child->word);
    no_limit(self, child);
    const tr_word *word = child->word->body;
    const tr_stand stood = child->plan.stand;
    const bool was_to_be_up =
        (stood == TR_STAND_STARTING || stood == TR_STAND_UP) && child->plan.want == TR_WANT_UP;
    if (was_to_be_up) {
        ended_by_itself(self, supervisor, child, word);
    }
    child->plan.stand = TR_STAND_RESTING;
    return settle(self, supervisor, child);
}

static troupe_error handle_word(troupe_self *self, void *state, troupe_message **message)
{
    tr_supervisor *supervisor = state;
    const tr_word *word = (*message)->body;
    tr_child *child = sender_of(supervisor, *message, word->child);
    if (child == NULL) {
        return TROUPE_OK;
    }
    if (word->about == TR_WORD_RESTS) {
        return handle_rests(self, supervisor, child, message);
    }
    troupe_message_destroy(message); /* it is handled, also if this was the last child */
    no_limit(self, child);
    if (child->plan.want != TR_WANT_GONE) {
        gone_for_good(supervisor, child);
    }
    tr_children_answer(self, child, tr_children_meaning_of_end(child));
    tr_children_remove(supervisor, self->actor->worker, child);
    return settle(self, supervisor, NULL);
}

static troupe_error handle_ready(troupe_self *self, void *state, troupe_message **message)
{
    tr_supervisor *supervisor = state;
    tr_child *child = sender_of(supervisor, *message, (*message)->correlation);
    if (child == NULL || child->plan.stand != TR_STAND_STARTING || child->verdict != TROUPE_OK) {
        return TROUPE_OK;
    }
    no_limit(self, child);
    child->plan.stand = TR_STAND_UP;
    child->plan.was_up = true;
    child->plan.up_since_ns = troupe_self_now_ns(self);
    tr_children_answer(self, child, TROUPE_OK);
    return settle(self, supervisor, child);
}

/* The time for a start or an end is over: it is cancelled, and then given up. */
static troupe_error be_impatient(troupe_self *self, tr_child *child, uint32_t how)
{
    if (child->is_cancelled) {
        child->plan.is_stuck = how == TR_SIGNAL_END;
        log_about(self, child, "does not end");
        return TROUPE_OK;
    }
    child->is_cancelled = true;
    limit(self, child, child->spec.stop_timeout.ns);
    return tell(self, child, TR_SIGNAL_CANCEL | how);
}

static troupe_error handle_tick(troupe_self *self, void *state, troupe_message **message)
{
    tr_supervisor *supervisor = state;
    const troupe_tick *tick = troupe_message_struct(*message, &troupe_tick_type);
    tr_child *child = find(supervisor, tick->key);
    if (child == NULL || child->timer.id != tick->timer.id) {
        return TROUPE_OK;
    }
    troupe_error error = TROUPE_OK;
    troupe_message_destroy(message);
    child->timer = (troupe_timer) {0};
    switch (child->plan.stand) {
    case TR_STAND_STARTING:
        child->is_cancelled = child->verdict != TROUPE_OK;
        child->verdict = TROUPE_ERROR_TIMED_OUT;
        error = be_impatient(self, child, 0);
        break;
    case TR_STAND_FALLING:
        error = be_impatient(self, child, 0);
        break;
    case TR_STAND_ENDING:
        error = be_impatient(self, child, TR_SIGNAL_END);
        break;
    case TR_STAND_RESTING: /* its pause is over */
    case TR_STAND_NEW:
    case TR_STAND_UP:
    case TR_STAND_GONE:
        break;
    }
    return error ? error : settle(self, supervisor, child);
}

static troupe_error handle_request(troupe_self *self, void *state, troupe_message **message)
{
    tr_supervisor *supervisor = state;
    tr_child *child = NULL;
    tr_children_request(self, supervisor, message, &child);
    return child != NULL ? settle(self, supervisor, child) : TROUPE_OK;
}

/* Its life. */

static troupe_error fill_in(troupe_self *self, tr_supervisor *supervisor,
                            const troupe_supervisor_spec *spec)
{
    const troupe_allocator *allocator = self->actor->worker->system->ports.allocator;
    TR_REQUIRE(tr_policy_complete(spec, &supervisor->spec), BAD_ARGUMENT);
    supervisor->intensity.limit = supervisor->spec.restarts_max;
    supervisor->intensity.window_ns = supervisor->spec.window.ns;
    if (supervisor->intensity.limit > 0) {
        supervisor->intensity.times =
            tr_allocate(allocator, supervisor->intensity.limit * sizeof(uint64_t));
        TR_REQUIRE(supervisor->intensity.times != NULL, NO_MEMORY);
    }
    for (size_t i = 0; i < supervisor->spec.child_count; i++) {
        tr_child *child = NULL;
        const troupe_error error =
            tr_children_add(self, supervisor, &supervisor->spec.children[i], &child);
        if (error) {
            return error;
        }
    }
    return TROUPE_OK;
}

void tr_supervisor_free(tr_worker *worker, tr_actor *actor)
{
    tr_children_free(worker, actor->state_block);
}

static troupe_error start(troupe_self *self, void *state, void *argument)
{
    tr_supervisor *supervisor = state;
    tr_worker *worker = tr_enter(self);
    tr_list_init(&supervisor->children);
    tr_table_init(&supervisor->ids, worker->system->ports.allocator, TR_CHILDREN_MAX);
    self->actor->is_supervisor = true;
    tr_leave(self);
    const troupe_error error = fill_in(self, supervisor, argument);
    return error ? error : settle(self, supervisor, NULL);
}

static const troupe_handles handlers[] = {
    {.type = &tr_word_type, .handler = handle_word},
    {.type = &tr_ready_word_type, .handler = handle_ready},
    {.type = &troupe_tick_type, .handler = handle_tick},
    {.type = &tr_child_request_type, .handler = handle_request},
    {0},
};

const troupe_behavior tr_supervisor_behavior =
    TROUPE_BEHAVIOR(.name = "supervisor", .state_size = sizeof(tr_supervisor), .start = start,
                    .handlers = handlers);
