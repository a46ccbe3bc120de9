/* SPDX-License-Identifier: MIT */
#include "node/keeper.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "core/guardian.h"
#include "node/crew.h"
#include "node/node.h"
#include "node/outside.h"
#include "node/report.h"
#include "node/watchdog.h"

/* How often the ledgers are looked at while the node drains. */
#define LOOK_NS UINT64_C(1000000)
/* What a thread is given to end the turn it is in, when actors had to be left behind. */
#define GRACE_NS UINT64_C(300000000)
/* What other nodes are given to acknowledge what they were told last. */
#define LEAVE_NS UINT64_C(2000000000)
#define NS_PER_MS UINT64_C(1000000)
/* Of the report in the log. */
#define REPORT_BYTES_MAX 2048

struct keeping {
    troupe_node *node;
    uint32_t signals; /* read so far */
};

/* Looked at by the thread of the keeper. */

static bool is_stop_wanted(troupe_node *node)
{
    tr_mutex_lock(&node->mutex);
    const bool is_wanted = node->is_stop_wanted;
    tr_mutex_unlock(&node->mutex);
    return is_wanted;
}

static bool have_all_ended(troupe_node *node)
{
    tr_mutex_lock(&node->mutex);
    const bool have_ended = node->has_all_ended;
    tr_mutex_unlock(&node->mutex);
    return have_ended;
}

static uint64_t count_held(troupe_node *node)
{
    troupe_counts counts;
    tr_mutex_lock(&node->mutex);
    tr_ends_count(&node->ends, &counts);
    tr_mutex_unlock(&node->mutex);
    return troupe_counts_held(&counts);
}

static bool is_drained(troupe_node *node)
{
    return count_held(node) == 0 && !tr_crew_is_awaited(node->crew);
}

/* The actors have ended; what they had still to say to each other is said. */
static bool is_settled(troupe_node *node)
{
    return count_held(node) == 0 && tr_worker_slots_in_use(&node->system) == 0;
}

static bool has_left(troupe_node *node)
{
    return tr_hub_has_left(node->hub);
}

static void read_signals(struct keeping *keeping)
{
    troupe_node *node = keeping->node;
    const uint32_t count =
        tr_signals_are_open(&node->signals) ? tr_signals_read(&node->signals) : 0;
    keeping->signals += count;
    if (count > 0) {
        tr_log_write(&node->settings.log, TROUPE_LOG_NOTICE, "node '%s': told to stop by a %s",
                     node->settings.name,
                     keeping->signals == 1   ? "signal"
                     : keeping->signals == 2 ? "second signal: it waits no more for what is "
                                               "queued, and cancels actors that have not ended"
                                             : "signal again: what has not ended is left behind");
        troupe_node_stop(node);
    }
}

/* One thing to wait for. */
struct awaited {
    bool (*is_over)(troupe_node *node);
    uint64_t timeout_ns;
    uint64_t look_ns;     /* TR_NEVER: who brings it about wakes the keeper */
    uint32_t signals_max; /* so many end the wait */
};

/* Whether it came about in time. */
static bool wait_for(struct keeping *keeping, struct awaited awaited)
{
    troupe_node *node = keeping->node;
    uint64_t now_ns = tr_node_now_ns(node);
    const uint64_t deadline_ns =
        awaited.timeout_ns < TR_NEVER - now_ns ? now_ns + awaited.timeout_ns : TR_NEVER;
    for (;;) {
        read_signals(keeping);
        if (awaited.is_over(node)) {
            return true;
        }
        now_ns = tr_node_now_ns(node);
        if (now_ns >= deadline_ns || keeping->signals >= awaited.signals_max) {
            return false;
        }
        const uint64_t look_ns =
            awaited.look_ns < deadline_ns - now_ns ? now_ns + awaited.look_ns : deadline_ns;
        const tr_waiter_event *events = NULL;
        (void) tr_waiter_wait(node->keeper_waiter, look_ns, now_ns, &events); /* looks at all */
    }
}

static void enter(troupe_node *node, tr_node_phase phase)
{
    tr_mutex_lock(&node->mutex);
    TR_ASSERT(phase > node->phase);
    node->phase = phase;
    tr_condition_broadcast(&node->changed);
    tr_mutex_unlock(&node->mutex);
}

/* Logs what blocks, line by line. */
static void log_report(troupe_node *node, troupe_log_level level)
{
    char text[REPORT_BYTES_MAX];
    tr_report_write(node, text, sizeof text);
    for (char *line = text; *line != '\0';) {
        char *end = line + strcspn(line, "\n");
        char *next = *end == '\n' ? end + 1 : end;
        *end = '\0';
        tr_log_write(&node->settings.log, level, "node '%s': %s", node->settings.name, line);
        line = next;
    }
}

/* What has ended a wait that was in vain: its time or, before that, signals. */
struct limit {
    char text[48];
};

static struct limit limit_of(const struct keeping *keeping, struct awaited awaited)
{
    struct limit limit;
    if (keeping->signals >= awaited.signals_max) {
        (void) snprintf(limit.text, sizeof limit.text, "before another signal came");
    } else {
        (void) snprintf(limit.text, sizeof limit.text, "within %llu ms",
                        (unsigned long long) (awaited.timeout_ns / NS_PER_MS));
    }
    return limit;
}

static void drain(struct keeping *keeping)
{
    troupe_node *node = keeping->node;
    atomic_store_explicit(&node->system.is_stopping, 1, memory_order_relaxed);
    enter(node, TR_NODE_DRAINING);
    const struct awaited drained = {.is_over = is_drained,
                                    .timeout_ns = node->settings.drain_timeout_ns,
                                    .look_ns = LOOK_NS,
                                    .signals_max = 2};
    if (!wait_for(keeping, drained)) {
        tr_log_write(&node->settings.log, TROUPE_LOG_WARNING,
                     "node '%s': %llu messages were not handled %s; its actors are stopped",
                     node->settings.name, (unsigned long long) count_held(node),
                     limit_of(keeping, drained).text);
        log_report(node, TROUPE_LOG_WARNING);
    }
}

static void stop_guardian(tr_worker *worker, void *context)
{
    (void) context;
    tr_guardian_stop(worker);
}

static void cancel_guardian(tr_worker *worker, void *context)
{
    (void) context;
    tr_guardian_cancel(worker);
}

/* Whether all actors have ended. */
static bool stop_actors(struct keeping *keeping)
{
    troupe_node *node = keeping->node;
    const tr_node_settings *settings = &node->settings;
    struct awaited ended = {.is_over = have_all_ended,
                            .timeout_ns = settings->stop_timeout_ns,
                            .look_ns = TR_NEVER,
                            .signals_max = 2};
    enter(node, TR_NODE_STOPPING);
    node->stop_call.run = stop_guardian;
    tr_engine_post(node->engines[0], &node->stop_call);
    if (wait_for(keeping, ended)) {
        return true;
    }

    tr_log_write(&settings->log, TROUPE_LOG_WARNING,
                 "node '%s': not all actors stopped %s; they are cancelled", settings->name,
                 limit_of(keeping, ended).text);
    log_report(node, TROUPE_LOG_WARNING);
    enter(node, TR_NODE_CANCELLING);
    node->cancel_call.run = cancel_guardian;
    tr_engine_post(node->engines[0], &node->cancel_call);
    ended.signals_max = 3;
    if (wait_for(keeping, ended)) {
        return true;
    }

    tr_log_write(&settings->log, TROUPE_LOG_ERROR,
                 "node '%s': not all actors ended when cancelled; they are left behind",
                 settings->name);
    log_report(node, TROUPE_LOG_ERROR);
    return false;
}

static bool have_jobs_ended(troupe_node *node)
{
    return tr_crew_is_at_rest(node->crew);
}

/* Whether all jobs have ended, most of them at once: nobody waits for them any more. */
static bool end_jobs(struct keeping *keeping, bool have_ended)
{
    troupe_node *node = keeping->node;
    const tr_node_settings *settings = &node->settings;
    const struct awaited ended = {.is_over = have_jobs_ended,
                                  .timeout_ns = have_ended ? settings->stop_timeout_ns : GRACE_NS,
                                  .look_ns = TR_NEVER,
                                  .signals_max = 3};
    tr_crew_stop(node->crew);
    if (wait_for(keeping, ended)) {
        return true;
    }
    tr_log_write(&settings->log, TROUPE_LOG_ERROR,
                 "node '%s': not all jobs ended in time; they are left behind", settings->name);
    log_report(node, TROUPE_LOG_ERROR);
    return false;
}

/* Whether all threads have ended. */
static bool end_threads(struct keeping *keeping, bool have_ended)
{
    troupe_node *node = keeping->node;
    if (have_ended) {
        const struct awaited settled = {.is_over = is_settled,
                                        .timeout_ns = GRACE_NS,
                                        .look_ns = LOOK_NS,
                                        .signals_max = UINT32_MAX};
        (void) wait_for(keeping, settled); /* what is lost now had nobody to take it */
    }
    if (have_ended && node->hub != NULL && tr_hub_border(node->hub)->worker != NULL) {
        const struct awaited left = {
            .is_over = has_left, .timeout_ns = LEAVE_NS, .look_ns = LOOK_NS, .signals_max = 3};
        (void) wait_for(keeping, left); /* else they find out */
    }
    enter(node, TR_NODE_ENDING);
    tr_watchdog_end(node->watchdog); /* before the threads that it looks at */
    tr_outside_end(node);
    const struct awaited at_rest = {.is_over = tr_outside_is_at_rest,
                                    .timeout_ns = have_ended ? TR_NEVER : GRACE_NS,
                                    .look_ns = TR_NEVER,
                                    .signals_max = UINT32_MAX};
    return wait_for(keeping, at_rest);
}

static void keep(void *context)
{
    struct keeping keeping = {.node = context};
    troupe_node *node = context;
    const struct awaited stop = {.is_over = is_stop_wanted,
                                 .timeout_ns = TR_NEVER,
                                 .look_ns = TR_NEVER,
                                 .signals_max = UINT32_MAX};
    (void) wait_for(&keeping, stop); /* without limit: it is wanted now */

    drain(&keeping);
    const bool have_ended = stop_actors(&keeping);
    const bool are_jobs_over = end_jobs(&keeping, have_ended);
    const bool are_at_rest = end_threads(&keeping, have_ended);
    tr_mutex_lock(&node->mutex);
    node->has_left_behind = !have_ended || !are_jobs_over || !are_at_rest;
    tr_mutex_unlock(&node->mutex);
    tr_log_write(&node->settings.log, TROUPE_LOG_INFO, "node '%s': stopped", node->settings.name);
    enter(node, TR_NODE_STOPPED);
}

troupe_error tr_keeper_start(troupe_node *node)
{
    const troupe_error error = tr_thread_start(&node->keeper, node->settings.name, keep, node);
    node->has_keeper = !error;
    return error;
}

void tr_keeper_join(troupe_node *node)
{
    if (node->has_keeper) {
        tr_thread_join(&node->keeper);
        node->has_keeper = false;
    }
}

void tr_keeper_wake(troupe_node *node)
{
    tr_waiter_wake(node->keeper_waiter);
}
