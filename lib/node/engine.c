/* SPDX-License-Identifier: MIT */
#include "node/engine.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/memory.h"
#include "base/thread.h"
#include "core/takeover.h"
#include "node/faults.h"
#include "transport/waiter.h"

/* Batches taken in before the actors run again. */
#define ARRIVALS_PER_PASS TR_SHAKEN(64, 1)
/* How long to look for something to do before sleeping: about what a wake-up costs. */
#define SPIN_NS_MAX 30000
#define SPIN_NS_MIN 1000
/* Looks between two readings of the clock. */
#define SPIN_LOOKS 32
/* When a batch that was not taken is tried again. */
#define RETRY_NS UINT64_C(200000)

enum call_state {
    CALL_NEW,
    CALL_QUEUED,
    CALL_RUNNING,
    CALL_DONE,
    CALL_REFUSED
};

/* Leaves the core to its other thread for a moment. */
#if defined(__x86_64__) || defined(__i386__)
#define pause_processor() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define pause_processor() __asm__ __volatile__("yield")
#else
#define pause_processor() ((void) 0)
#endif

struct tr_engine {
    tr_worker *worker;
    tr_guard *guard;
    uint64_t sleeps_until_ns; /* 0: awake; inside the guard */
    tr_helm helm;
    tr_inproc_end *end;
    tr_waiter *waiter;
    tr_descriptors descriptors;
    const tr_guest *guest; /* NULL: none */
    const tr_crowd *crowd;
    const troupe_allocator *allocator;
    void (*ended)(void *context);
    void *context;
    tr_thread thread;
    tr_fault_thread faults;
    char name[TR_THREAD_NAME_BYTES_MAX];
    uint64_t spin_ns; /* how long the next spin lasts; the thread's own */
    tr_mutex mutex;
    tr_condition changed;
    /* Under the mutex. */
    tr_engine_call *first_call;
    tr_engine_call *last_call;
    bool is_started;
    bool has_ended;
    /* Hints: the waiter's wake comes after the store, the look at the calls is under the mutex. */
    _Atomic uint32_t has_calls;
    _Atomic uint32_t must_end;
    _Atomic uint64_t thread_id; /* 0: not running */
};

static uint64_t now_ns(const tr_engine *engine)
{
    const tr_clock *clock = &engine->worker->system->ports.clock;
    return clock->now_ns(clock->context);
}

/* Calls. */

static tr_engine_call *take_call(tr_engine *engine)
{
    tr_mutex_lock(&engine->mutex);
    tr_engine_call *call = engine->first_call;
    if (call != NULL) {
        engine->first_call = call->next;
        call->state = CALL_RUNNING;
    } else {
        atomic_store_explicit(&engine->has_calls, 0, memory_order_relaxed);
    }
    tr_mutex_unlock(&engine->mutex);
    return call;
}

static void finish_call(tr_engine *engine, tr_engine_call *call, enum call_state state)
{
    tr_mutex_lock(&engine->mutex);
    call->state = state; /* from here on it may be gone */
    tr_condition_broadcast(&engine->changed);
    tr_mutex_unlock(&engine->mutex);
}

static void run_calls(tr_engine *engine)
{
    if (TR_LIKELY(atomic_load_explicit(&engine->has_calls, memory_order_relaxed) == 0)) {
        return;
    }
    for (tr_engine_call *call = take_call(engine); call != NULL; call = take_call(engine)) {
        const bool is_brief = call->is_brief;
        call->run(engine->worker, call->context);
        if (!is_brief) {
            finish_call(engine, call, CALL_DONE);
        }
    }
}

/* Under the mutex. */
static void queue_call(tr_engine *engine, tr_engine_call *call)
{
    call->next = NULL;
    if (engine->first_call == NULL) {
        engine->first_call = call;
    } else {
        engine->last_call->next = call;
    }
    engine->last_call = call;
    call->state = CALL_QUEUED;
    atomic_store_explicit(&engine->has_calls, 1, memory_order_relaxed);
}

static void unqueue_call(tr_engine *engine, const tr_engine_call *call)
{
    tr_engine_call *previous = NULL;
    for (tr_engine_call *at = engine->first_call; at != call; at = at->next) {
        previous = at;
    }
    if (previous == NULL) {
        engine->first_call = call->next;
    } else {
        previous->next = call->next;
    }
    if (engine->last_call == call) {
        engine->last_call = previous;
    }
}

void tr_engine_post(tr_engine *engine, tr_engine_call *call)
{
    tr_mutex_lock(&engine->mutex);
    if (engine->has_ended) {
        call->state = CALL_REFUSED;
    } else if (call->state != CALL_QUEUED) {
        queue_call(engine, call);
    }
    tr_mutex_unlock(&engine->mutex);
    tr_waiter_wake(engine->waiter);
}

troupe_error tr_engine_call_and_wait(tr_engine *engine,
                                     void (*run)(tr_worker *worker, void *context), void *context,
                                     uint64_t deadline_ns)
{
    tr_engine_call call = {.run = run, .context = context};
    bool is_in_time = true;
    tr_engine_post(engine, &call);

    tr_mutex_lock(&engine->mutex);
    while (call.state == CALL_QUEUED && is_in_time) {
        is_in_time = tr_condition_wait_until(&engine->changed, &engine->mutex, deadline_ns);
    }
    if (call.state == CALL_QUEUED) {
        unqueue_call(engine, &call);
        tr_mutex_unlock(&engine->mutex);
        return TROUPE_ERROR_TIMED_OUT;
    }
    while (call.state == CALL_RUNNING) { /* the library's own code: it ends soon */
        tr_condition_wait(&engine->changed, &engine->mutex);
    }
    tr_mutex_unlock(&engine->mutex);
    return call.state == CALL_DONE ? TROUPE_OK : TROUPE_ERROR_STOPPING;
}

/* The loop. */

static bool must_end(const tr_engine *engine)
{
    return atomic_load_explicit(&engine->must_end, memory_order_relaxed) != 0;
}

static bool receive(tr_engine *engine)
{
    tr_inproc_arrival arrival;
    unsigned count = 0;
    while (count < ARRIVALS_PER_PASS && tr_inproc_receive(engine->end, &arrival)) {
        tr_worker_accept(engine->worker, &arrival.batch);
        count++;
    }
    return count > 0;
}

static bool look_at_guest(const tr_engine *engine)
{
    return TR_UNLIKELY(engine->guest != NULL) && engine->guest->look(engine->guest->context);
}

static uint64_t next_due_ns(const tr_engine *engine)
{
    const uint64_t due_ns = tr_worker_next_due_ns(engine->worker);
    const uint64_t guest_ns =
        engine->guest != NULL ? engine->guest->next_due_ns(engine->guest->context) : TR_NEVER;
    return guest_ns < due_ns ? guest_ns : due_ns;
}

/* False: there is something to be taken in. */
static bool prepare_sleep(const tr_engine *engine)
{
    return tr_inproc_prepare_sleep(engine->end) &&
           (engine->guest == NULL || engine->guest->prepare_sleep(engine->guest->context));
}

static bool is_crowded(const tr_crowd *crowd)
{
    return atomic_load_explicit(&crowd->threads, memory_order_relaxed) > crowd->processors;
}

/* Looks for batches and calls until spin_ns is over or a timer is due. True: there is something. */
static bool spin(tr_engine *engine, uint64_t due_ns)
{
    const uint64_t start_ns = now_ns(engine);
    uint64_t time_ns = start_ns;
    while (time_ns < due_ns && time_ns - start_ns < engine->spin_ns) {
        for (unsigned i = 0; i < SPIN_LOOKS; i++) {
            if (receive(engine) ||
                atomic_load_explicit(&engine->has_calls, memory_order_relaxed) != 0 ||
                tr_helm_is_wanted(&engine->helm)) {
                return true;
            }
            pause_processor();
        }
        if (look_at_guest(engine)) {
            return true;
        }
        if (!tr_fds_is_empty(&engine->worker->fds) &&
            tr_descriptors_look(&engine->descriptors, engine->worker)) {
            return true;
        }
        time_ns = now_ns(engine);
    }
    return time_ns >= due_ns;
}

/* Spins longer after a success, half as long after a failure. */
static bool spin_if_worth_it(tr_engine *engine, uint64_t due_ns)
{
    if (is_crowded(engine->crowd)) {
        return false;
    }
    const bool has_found = spin(engine, due_ns);
    const uint64_t next_ns = has_found ? engine->spin_ns * 2 : engine->spin_ns / 2;
    engine->spin_ns = next_ns > SPIN_NS_MAX   ? SPIN_NS_MAX
                      : next_ns < SPIN_NS_MIN ? SPIN_NS_MIN
                                              : next_ns;
    return has_found;
}

static void enter_guard(tr_engine *engine)
{
    if (engine->guard != NULL) {
        engine->guard->enter(engine->guard);
        engine->sleeps_until_ns = 0;
    }
}

static void leave_guard(tr_engine *engine, uint64_t sleeps_until_ns)
{
    if (engine->guard != NULL) {
        engine->sleeps_until_ns = sleeps_until_ns;
        engine->guard->leave(engine->guard);
    }
}

static void rest(tr_engine *engine)
{
    uint64_t due_ns = next_due_ns(engine);
    const bool may_spin = engine->guard == NULL; /* others are to get at the worker */
    if ((may_spin && spin_if_worth_it(engine, due_ns)) || !prepare_sleep(engine)) {
        return;
    }
    const uint64_t time_ns = now_ns(engine);
    if (tr_worker_has_outgoing(engine->worker) && due_ns > time_ns + RETRY_NS) {
        due_ns = time_ns + RETRY_NS;
    }
    const tr_waiter_event *events = NULL;
    leave_guard(engine, due_ns);
    (void) tr_waiter_wait(engine->waiter, due_ns, time_ns, &events); /* whatever it was: look */
    enter_guard(engine);
    engine->worker->now_ns = now_ns(engine); /* what comes in now comes after the sleep */
    (void) tr_descriptors_look(&engine->descriptors, engine->worker);
}

/* Lets nobody call or send any more. */
static void leave(tr_engine *engine)
{
    tr_inproc_arrival arrival;
    while (tr_inproc_drain(engine->end, &arrival)) {
        tr_worker_drop(engine->worker, &arrival.batch);
    }
    tr_inproc_close(&engine->end);

    tr_mutex_lock(&engine->mutex);
    for (tr_engine_call *call = engine->first_call; call != NULL;) {
        tr_engine_call *next = call->next;
        call->state = CALL_REFUSED;
        call = next;
    }
    engine->first_call = NULL;
    engine->has_ended = true;
    atomic_store_explicit(&engine->thread_id, 0, memory_order_relaxed);
    tr_condition_broadcast(&engine->changed);
    tr_mutex_unlock(&engine->mutex);
}

/* Whether the thread at home has been told to end, and no other has anything to do here. */
static bool is_over(tr_engine *engine, const tr_runner *runner)
{
    return must_end(engine) && tr_helm_is_alone(&engine->helm, runner);
}

void tr_engine_serve(tr_engine *engine, tr_runner *runner)
{
    tr_runner_sit(runner);
    while (tr_helm_hold(&engine->helm, runner) && !is_over(engine, runner)) {
        run_calls(engine);
        tr_descriptors_look_now_and_then(&engine->descriptors, engine->worker);
        const bool has_received = receive(engine);
        const bool has_looked = look_at_guest(engine);
        const bool has_more = tr_worker_pass(engine->worker);
        if (!has_received && !has_looked && !has_more) {
            rest(engine);
        }
        leave_guard(engine, 0);
        enter_guard(engine);
    }
}

static void run(void *context)
{
    tr_engine *engine = context;
    atomic_store_explicit(&engine->thread_id, tr_thread_id(), memory_order_relaxed);
    tr_faults_enter(&engine->faults);
    enter_guard(engine);
    tr_engine_serve(engine, &engine->helm.home);
    void (*const ended)(void *context) = engine->ended;
    void *const ended_context = engine->context;
    tr_faults_leave(&engine->faults);
    leave(engine);
    if (engine->guard != NULL) {
        engine->guard->wake(engine->guard); /* who waits there would wait for ever */
    }
    leave_guard(engine, 0);
    ended(ended_context);
}

/* For the helm. */

static void wake(void *context)
{
    const tr_engine *engine = context;
    tr_waiter_wake(engine->waiter);
}

static bool has_work(void *context)
{
    const tr_engine *engine = context;
    return atomic_load_explicit(&engine->has_calls, memory_order_relaxed) != 0 ||
           tr_inproc_has_arrivals(engine->end) ||
           tr_takeover_is_useful(engine->worker, now_ns(engine)) ||
           tr_descriptors_are_ready(&engine->descriptors);
}

/* For those that wait for descriptors. */

tr_descriptors *tr_engine_descriptors(tr_engine *engine)
{
    return &engine->descriptors;
}

tr_helm *tr_engine_helm(tr_engine *engine)
{
    return &engine->helm;
}

/* Making and ending. */

troupe_error tr_engine_create(const tr_engine_options *options, tr_engine **out_engine)
{
    const troupe_allocator *allocator = options->worker->system->ports.allocator;
    tr_engine *engine = tr_allocate(allocator, sizeof *engine);
    TR_REQUIRE(engine != NULL, NO_MEMORY);
    engine->worker = options->worker;
    engine->guard = options->guard;
    engine->guest = options->guest;
    engine->crowd = options->crowd;
    engine->allocator = allocator;
    engine->ended = options->ended;
    engine->context = options->context;
    engine->spin_ns = SPIN_NS_MAX;
    (void) snprintf(engine->name, sizeof engine->name, "%.8s-%u", options->node_name,
                    options->worker->index); /* cut if long; it only helps people */
    tr_mutex_init(&engine->mutex);
    tr_condition_init(&engine->changed);
    tr_helm_init(&engine->helm, options->worker, wake, has_work, engine);

    troupe_error error = tr_waiter_create(allocator, &engine->waiter);
    if (!error) {
        tr_descriptors_init(&engine->descriptors, allocator, engine->waiter);
        error = tr_inproc_open(options->inproc, options->worker->index, &engine->end);
    }
    if (!error && options->has_fault_signals) {
        error = tr_fault_thread_init(&engine->faults, options->worker->system, options->node_name,
                                     &engine->helm.home.seat);
    }
    if (!error) {
        error = tr_waiter_add(engine->waiter, tr_inproc_fd(engine->end), TR_WAITER_READ, engine);
    }
    if (!error && engine->guest != NULL) {
        error = tr_waiter_add(engine->waiter, engine->guest->fd, TR_WAITER_READ, engine);
    }
    if (error) {
        tr_engine_destroy(&engine);
        return error;
    }
    *out_engine = engine;
    return TROUPE_OK;
}

void tr_engine_destroy(tr_engine **in_engine)
{
    tr_engine *engine = *in_engine;
    if (engine == NULL) {
        return;
    }
    TR_ASSERT(!engine->is_started);
    tr_inproc_close(&engine->end);
    tr_descriptors_fini(&engine->descriptors);
    tr_waiter_destroy(&engine->waiter);
    tr_fault_thread_fini(&engine->faults);
    tr_helm_fini(&engine->helm);
    tr_condition_fini(&engine->changed);
    tr_mutex_fini(&engine->mutex);
    tr_free(engine->allocator, engine, sizeof *engine);
    *in_engine = NULL;
}

troupe_error tr_engine_start(tr_engine *engine)
{
    TR_ASSERT(!engine->is_started && !engine->has_ended);
    engine->is_started = true;
    const troupe_error error = tr_thread_start(&engine->thread, engine->name, run, engine);
    if (error) {
        engine->is_started = false;
    }
    return error;
}

void tr_engine_end(tr_engine *engine)
{
    atomic_store_explicit(&engine->must_end, 1, memory_order_relaxed);
    tr_waiter_wake(engine->waiter);
}

bool tr_engine_is_at_rest(tr_engine *engine)
{
    tr_mutex_lock(&engine->mutex);
    const bool is_at_rest = !engine->is_started || engine->has_ended;
    tr_mutex_unlock(&engine->mutex);
    return is_at_rest;
}

uint64_t tr_engine_thread_id(const tr_engine *engine)
{
    return atomic_load_explicit(&engine->thread_id, memory_order_relaxed);
}

bool tr_engine_is_current(const tr_engine *engine)
{
    return tr_engine_thread_id(engine) == tr_thread_id();
}

void tr_engine_join(tr_engine *engine)
{
    if (engine->is_started) {
        tr_thread_join(&engine->thread);
        engine->is_started = false;
    }
}

void tr_engine_look_again(tr_engine *engine, bool has_more)
{
    const uint64_t until_ns = engine->sleeps_until_ns;
    if (until_ns == 0 || engine->end == NULL) {
        return;
    }
    if (has_more || tr_worker_next_due_ns(engine->worker) < until_ns ||
        tr_worker_has_outgoing(engine->worker) || !tr_inproc_prepare_sleep(engine->end)) {
        tr_waiter_wake(engine->waiter);
    }
}

bool tr_engine_send(tr_engine *engine, uint32_t to, const tr_batch *batch)
{
    /* No end: the worker is guarded, and its own thread has left it. */
    return engine->end != NULL && tr_inproc_send(engine->end, to, batch) == TROUPE_OK;
}
