/* SPDX-License-Identifier: MIT */
#include "node/watchdog.h"

#include <stdio.h>

#include "base/log.h"
#include "base/memory.h"
#include "node/report.h"
#include "node/trace.h"

#define TICKS_PER_LIMIT 4
#define TICK_NS_MIN UINT64_C(1000000)
/* At once; then one a second. */
#define REPORTS_FIRST 10
#define REPORT_PAUSE_NS UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)
#define WHO_BYTES_MAX 128

/* What a thread was at. Two that are equal are of the same handler. */
struct sample {
    const tr_worker *worker;
    uint64_t turns; /* of the worker, so far */
    const void *type;
    uint32_t slot;
    uint32_t number;
};

/* What is known of one thread. */
struct row {
    struct sample sample;
    uint64_t since_ns; /* first seen */
    bool is_slow;      /* it has been logged, or counted as left out */
    bool is_logged;
    char who[WHO_BYTES_MAX]; /* if it has been logged */
};

/* A thread that is looked at, and the worker that it runs or was taken from it. */
struct subject {
    tr_engine *engine;
    const tr_worker *worker;
    tr_seat *seat;
    uint64_t thread_id;
};

struct tr_watchdog {
    troupe_node *node;
    tr_thread thread;
    uint64_t slow_ns;     /* TR_NEVER: nothing is reported */
    uint64_t blocking_ns; /* TR_NEVER: no worker is taken over */
    uint64_t deaf_ns;     /* TR_NEVER: nothing is reported */
    uint64_t tick_ns;
    uint64_t next_report_ns; /* for when the first have been spent */
    uint64_t left_out;
    uint32_t first_left;
    tr_mutex mutex;
    tr_condition changed;
    bool is_started;                  /* and not joined */
    bool must_end;                    /* under the mutex */
    struct row homes[TR_ENDS_MAX];    /* of the workers' first threads */
    struct row spares[TR_SPARES_MAX]; /* of the spare ones */
};

/* While its worker is taken from it, the thread's own handler is what it was before. */
static struct sample take_sample(const struct subject *subject, const struct sample *before)
{
    const tr_seat *seat = subject->seat;
    const _Atomic uint64_t *turns = &subject->worker->ledger.counts[TR_COUNT_TURNS];
    /* Relaxed: a mixture of two handlers is like none that was seen before. */
    return (struct sample) {
        .worker = subject->worker,
        .turns = tr_seat_is_taken(seat) ? before->turns
                                        : atomic_load_explicit(turns, memory_order_relaxed),
        .type = atomic_load_explicit(&seat->type, memory_order_relaxed),
        .slot = atomic_load_explicit(&seat->slot, memory_order_relaxed),
        .number = atomic_load_explicit(&seat->number, memory_order_relaxed),
    };
}

static bool is_same(const struct sample *left, const struct sample *right)
{
    return left->worker == right->worker && left->turns == right->turns &&
           left->type == right->type && left->slot == right->slot && left->number == right->number;
}

/* Whether one more may be logged now. */
static bool may_report(tr_watchdog *watchdog, uint64_t now_ns)
{
    if (watchdog->first_left == 0 && now_ns < watchdog->next_report_ns) {
        watchdog->left_out++;
        return false;
    }
    watchdog->first_left -= watchdog->first_left > 0 ? 1 : 0;
    watchdog->next_report_ns = now_ns + REPORT_PAUSE_NS;
    return true;
}

static void sum_up(tr_watchdog *watchdog, uint64_t now_ns)
{
    if (watchdog->left_out > 0 && now_ns >= watchdog->next_report_ns) {
        const tr_node_settings *settings = &watchdog->node->settings;
        tr_log_write(&settings->log, TROUPE_LOG_WARNING,
                     "node '%s': %llu more slow handlers were not reported", settings->name,
                     (unsigned long long) watchdog->left_out);
        watchdog->left_out = 0;
    }
}

static void log_trace(const tr_node_settings *settings, const char *who, const tr_trace *trace)
{
    for (uint32_t i = 0; i < trace->count; i++) {
        char frame[256];
        tr_trace_print(trace, i, frame, sizeof frame);
        tr_log_write(&settings->log, TROUPE_LOG_WARNING, "node '%s': actor %s: #%u %s",
                     settings->name, who, i, frame);
    }
}

static const char *handled_text(const struct sample *sample)
{
    return sample->type != NULL ? tr_type_name_of(sample->type) : "nothing but its own business";
}

static void report_slow(tr_watchdog *watchdog, const struct subject *subject, struct row *row,
                        uint64_t now_ns)
{
    troupe_node *node = watchdog->node;
    const tr_node_settings *settings = &node->settings;
    tr_trace trace = {.count = 0};
    const bool has_trace = settings->has_fault_signals && subject->thread_id != 0 &&
                           tr_trace_capture(subject->thread_id, &trace);
    tr_report_actor(node, row->sample.slot, row->who, sizeof row->who);
    const struct sample after = take_sample(subject, &row->sample);
    const bool is_over = !is_same(&after, &row->sample);
    const char *remark = "";
    if (!settings->has_fault_signals) {
        remark = "; no backtrace without .fault_signals";
    } else if (!has_trace || is_over) {
        remark = is_over ? "; it has just ended" : "; its thread gives no backtrace";
    }
    tr_log_write(&settings->log, TROUPE_LOG_WARNING,
                 "node '%s': slow handler: actor %s on worker %u has been handling %s for %llu "
                 "ms%s%s",
                 settings->name, row->who, subject->worker->index, handled_text(&row->sample),
                 (unsigned long long) ((now_ns - row->since_ns) / NS_PER_MS),
                 tr_seat_is_taken(subject->seat) ? "; its worker goes on without it" : "", remark);
    if (has_trace && !is_over) {
        log_trace(settings, row->who, &trace);
    }
}

static void report_end(const tr_watchdog *watchdog, const struct row *row, uint64_t now_ns)
{
    const tr_node_settings *settings = &watchdog->node->settings;
    tr_log_write(&settings->log, TROUPE_LOG_WARNING,
                 "node '%s': slow handler ended: actor %s on worker %u handled %s for %llu ms",
                 settings->name, row->who, row->sample.worker->index, handled_text(&row->sample),
                 (unsigned long long) ((now_ns - row->since_ns) / NS_PER_MS));
}

/* Gives the worker to a spare thread, if it is the subject's still and that helps anybody. */
static void take_over(tr_watchdog *watchdog, const struct subject *subject)
{
    if (subject->worker->is_own_thread || tr_seat_is_taken(subject->seat) ||
        tr_seat_is_inside(subject->seat)) {
        return;
    }
    tr_spare *spare = tr_spares_take(watchdog->node->spares);
    const tr_helm_outcome outcome = tr_helm_take(tr_engine_helm(subject->engine), subject->seat,
                                                 spare != NULL ? tr_spare_runner(spare) : NULL);
    if (outcome == TR_HELM_TAKEN) {
        tr_spare_assign(spare, subject->engine);
    }
}

static void look_at(tr_watchdog *watchdog, const struct subject *subject, struct row *row,
                    uint64_t now_ns)
{
    const struct sample sample = take_sample(subject, &row->sample);
    if (!is_same(&sample, &row->sample)) {
        if (row->is_logged) {
            report_end(watchdog, row, now_ns);
        }
        row->sample = sample;
        row->since_ns = now_ns;
        row->is_slow = false;
        row->is_logged = false;
        return;
    }
    if (sample.slot == TR_SEAT_EMPTY) {
        return;
    }
    if (now_ns - row->since_ns >= watchdog->blocking_ns) {
        take_over(watchdog, subject);
    }
    if (!row->is_slow && now_ns - row->since_ns >= watchdog->slow_ns) {
        row->is_slow = true;
        row->is_logged = may_report(watchdog, now_ns);
        if (row->is_logged) {
            report_slow(watchdog, subject, row, now_ns);
        }
    }
}

static void look_at_homes(tr_watchdog *watchdog, uint64_t now_ns)
{
    troupe_node *node = watchdog->node;
    tr_mutex_lock(&node->mutex);
    const uint32_t count = node->ends.count;
    tr_mutex_unlock(&node->mutex);
    for (uint32_t i = 0; i < count; i++) {
        tr_mutex_lock(&node->mutex);
        tr_engine *engine = node->engines[i];
        tr_mutex_unlock(&node->mutex);
        const tr_worker *worker = tr_ends_worker(&node->ends, i);
        if (engine != NULL && worker->guard == NULL &&
            (!worker->is_own_thread || node->settings.watch == TROUPE_WATCHDOG_ALL)) {
            const struct subject subject = {.engine = engine,
                                            .worker = worker,
                                            .seat = &tr_engine_helm(engine)->home.seat,
                                            .thread_id = tr_engine_thread_id(engine)};
            look_at(watchdog, &subject, &watchdog->homes[i], now_ns);
        }
    }
}

static void look_at_spares(tr_watchdog *watchdog, uint64_t now_ns)
{
    tr_spares *spares = watchdog->node->spares;
    for (uint32_t i = 0; spares != NULL && i < tr_spares_count(spares); i++) {
        tr_spare *spare = tr_spares_at(spares, i);
        tr_engine *engine = tr_spare_engine(spare);
        if (engine != NULL) {
            const struct subject subject = {.engine = engine,
                                            .worker = tr_engine_helm(engine)->worker,
                                            .seat = &tr_spare_runner(spare)->seat,
                                            .thread_id = tr_spare_thread_id(spare)};
            look_at(watchdog, &subject, &watchdog->spares[i], now_ns);
        }
    }
}

static void look_at_attached(tr_watchdog *watchdog)
{
    troupe_node *node = watchdog->node;
    tr_deaf_thread thread;
    while (tr_proxy_find_deaf(node, watchdog->deaf_ns, &thread)) {
        char text[256];
        tr_report_deaf(&thread, tr_node_now_ns(node), text, sizeof text);
        tr_log_write(&node->settings.log, TROUPE_LOG_WARNING, "node '%s': %s", node->settings.name,
                     text);
    }
}

static void look_at_all(tr_watchdog *watchdog)
{
    const uint64_t now_ns = tr_node_now_ns(watchdog->node);
    look_at_homes(watchdog, now_ns);
    look_at_spares(watchdog, now_ns);
    if (watchdog->deaf_ns != TR_NEVER) {
        look_at_attached(watchdog);
    }
    sum_up(watchdog, now_ns);
}

static void watch(void *context)
{
    tr_watchdog *watchdog = context;
    tr_mutex_lock(&watchdog->mutex);
    while (!watchdog->must_end) {
        const uint64_t next_ns = tr_node_now_ns(watchdog->node) + watchdog->tick_ns;
        while (!watchdog->must_end &&
               tr_condition_wait_until(&watchdog->changed, &watchdog->mutex, next_ns)) {
            /* woken for no reason, or to end */
        }
        tr_mutex_unlock(&watchdog->mutex);
        look_at_all(watchdog);
        tr_mutex_lock(&watchdog->mutex);
    }
    tr_mutex_unlock(&watchdog->mutex);
}

static uint64_t least(uint64_t one, uint64_t other)
{
    return one < other ? one : other;
}

troupe_error tr_watchdog_create(troupe_node *node, tr_watchdog **out_watchdog)
{
    tr_watchdog *watchdog = tr_allocate(&node->settings.allocator, sizeof *watchdog);
    if (watchdog == NULL) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    watchdog->node = node;
    const tr_node_settings *settings = &node->settings;
    watchdog->slow_ns = settings->watch != TROUPE_WATCHDOG_OFF ? settings->slow_after_ns : TR_NEVER;
    watchdog->blocking_ns = node->spares != NULL ? settings->blocking_limit_ns : TR_NEVER;
    watchdog->deaf_ns = settings->watch != TROUPE_WATCHDOG_OFF ? settings->deaf_after_ns : TR_NEVER;
    const uint64_t limit_ns =
        least(least(watchdog->slow_ns, watchdog->blocking_ns), watchdog->deaf_ns);
    const uint64_t tick_ns = limit_ns / TICKS_PER_LIMIT;
    watchdog->tick_ns = tick_ns > TICK_NS_MIN ? tick_ns : TICK_NS_MIN;
    watchdog->first_left = REPORTS_FIRST;
    tr_mutex_init(&watchdog->mutex);
    tr_condition_init(&watchdog->changed);
    *out_watchdog = watchdog;
    return TROUPE_OK;
}

troupe_error tr_watchdog_start(tr_watchdog *watchdog)
{
    char name[TR_THREAD_NAME_BYTES_MAX];
    (void) snprintf(name, sizeof name, "%.8s-watch", watchdog->node->settings.name); /* as others */
    watchdog->must_end = false; /* of an earlier start of the node that failed */
    const troupe_error error = tr_thread_start(&watchdog->thread, name, watch, watchdog);
    watchdog->is_started = !error;
    return error;
}

void tr_watchdog_end(tr_watchdog *watchdog)
{
    if (watchdog == NULL || !watchdog->is_started) {
        return;
    }
    tr_mutex_lock(&watchdog->mutex);
    watchdog->must_end = true;
    tr_condition_broadcast(&watchdog->changed);
    tr_mutex_unlock(&watchdog->mutex);
    tr_thread_join(&watchdog->thread);
    watchdog->is_started = false;
}

void tr_watchdog_destroy(tr_watchdog **in_watchdog)
{
    tr_watchdog *watchdog = *in_watchdog;
    if (watchdog == NULL) {
        return;
    }
    const troupe_allocator *allocator = &watchdog->node->settings.allocator;
    tr_condition_fini(&watchdog->changed);
    tr_mutex_fini(&watchdog->mutex);
    tr_free(allocator, watchdog, sizeof *watchdog);
    *in_watchdog = NULL;
}
