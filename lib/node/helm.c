/* SPDX-License-Identifier: MIT */
#include "node/helm.h"

#include "base/assert.h"
#include "core/takeover.h"
#include "node/membarrier.h"

void tr_helm_init(tr_helm *helm, tr_worker *worker, void (*wake)(void *context),
                  bool (*has_work)(void *context), void *context)
{
    *helm = (tr_helm) {.worker = worker, .wake = wake, .has_work = has_work, .context = context};
    tr_runner_init(&helm->home, worker->system->options.is_debug != 0);
    tr_seat_set_taken(&helm->home.seat, worker->guard != NULL); /* see core/takeover */
    helm->owner = &helm->home;
    atomic_store_explicit(&worker->seat, &helm->home.seat, memory_order_relaxed);
    tr_mutex_init(&helm->mutex);
    tr_condition_init(&helm->changed);
}

void tr_helm_fini(tr_helm *helm)
{
    tr_condition_fini(&helm->changed);
    tr_mutex_fini(&helm->mutex);
}

/* All below: under the mutex. */

static void set_owner(tr_helm *helm, tr_runner *runner)
{
    helm->owner = runner;
    atomic_store_explicit(&helm->worker->seat, &runner->seat, memory_order_relaxed);
    tr_condition_broadcast(&helm->changed);
}

static tr_runner *pop_wanting(tr_helm *helm)
{
    tr_runner *runner = helm->first_wanting;
    helm->first_wanting = runner->next;
    runner->next = NULL;
    return runner;
}

static void push_wanting(tr_helm *helm, tr_runner *runner)
{
    runner->next = NULL;
    if (helm->first_wanting == NULL) {
        helm->first_wanting = runner;
    } else {
        helm->last_wanting->next = runner;
    }
    helm->last_wanting = runner;
}

/* The runner, which has the worker, does not have it as one that is away any more. */
static void settle(tr_helm *helm, tr_seat *seat)
{
    tr_takeover_end(helm->worker, seat);
    helm->away--;
    tr_seat_set_taken(seat, false);
}

static void wait_for_worker(tr_helm *helm, const tr_runner *runner)
{
    while (helm->owner != runner && !runner->is_released) {
        tr_condition_wait(&helm->changed, &helm->mutex);
    }
}

static void wait_at_home(tr_helm *helm)
{
    helm->is_home_idle = true;
    atomic_store_explicit(&helm->is_wanted, 1, memory_order_relaxed);
    helm->wake(helm->context);
    wait_for_worker(helm, &helm->home);
    helm->is_home_idle = false;
}

/* Whether it still has the worker after all. */
static bool pass_on(tr_helm *helm, tr_runner *runner)
{
    for (;;) {
        wait_for_worker(helm, runner);
        if (runner->is_released) {
            runner->is_released = false;
            if (runner != &helm->home) {
                return false;
            }
            wait_at_home(helm);
        } else if (helm->first_wanting != NULL) {
            TR_ASSERT(helm->lender == NULL);
            helm->lender = runner;
            set_owner(helm, pop_wanting(helm));
        } else if (runner != &helm->home && helm->is_home_idle) {
            set_owner(helm, &helm->home);
            return false;
        } else {
            atomic_store_explicit(&helm->is_wanted, 0, memory_order_relaxed);
            return true;
        }
    }
}

bool tr_helm_hold(tr_helm *helm, tr_runner *runner)
{
    if (TR_LIKELY(!tr_helm_is_wanted(helm))) {
        return true;
    }
    tr_mutex_lock(&helm->mutex);
    const bool holds = pass_on(helm, runner);
    tr_mutex_unlock(&helm->mutex);
    return holds;
}

bool tr_helm_is_alone(tr_helm *helm, const tr_runner *runner)
{
    tr_mutex_lock(&helm->mutex);
    const bool is_alone = runner == &helm->home && helm->away == 0;
    tr_mutex_unlock(&helm->mutex);
    return is_alone;
}

/* Under the mutex: waits until the runner has the worker, if it was taken from it at all. */
static void want(tr_helm *helm, tr_runner *runner)
{
    if (tr_seat_is_taken(&runner->seat) && helm->owner != runner) {
        push_wanting(helm, runner);
        atomic_store_explicit(&helm->is_wanted, 1, memory_order_relaxed);
        helm->wake(helm->context);
        wait_for_worker(helm, runner);
    }
}

void tr_helm_want(tr_helm *helm, tr_seat *seat)
{
    tr_mutex_lock(&helm->mutex);
    want(helm, TR_CONTAINER_OF(seat, tr_runner, seat));
    tr_mutex_unlock(&helm->mutex);
}

void tr_helm_return(tr_helm *helm, tr_seat *seat)
{
    tr_mutex_lock(&helm->mutex);
    if (tr_seat_is_taken(seat) && helm->owner == TR_CONTAINER_OF(seat, tr_runner, seat)) {
        tr_runner *lender = helm->lender;
        helm->lender = NULL;
        set_owner(helm, lender);
    }
    tr_mutex_unlock(&helm->mutex);
}

void tr_helm_come_back(tr_helm *helm, tr_seat *seat)
{
    tr_mutex_lock(&helm->mutex);
    want(helm, TR_CONTAINER_OF(seat, tr_runner, seat));
    if (tr_seat_is_taken(seat)) {
        helm->lender->is_released = true;
        helm->lender = NULL;
        settle(helm, seat);
        tr_condition_broadcast(&helm->changed);
    }
    tr_mutex_unlock(&helm->mutex);
}

/* Under the mutex. Whether the runner with this seat, which has the worker, is in user code and
 * cannot touch the worker from here on. */
static bool hold_off(tr_seat *seat)
{
    tr_seat_set_taken(seat, true);
    tr_membarrier(); /* from here on that thread sees it on entry, or we see that it is inside */
    if (tr_seat_is_inside(seat)) {
        tr_seat_set_taken(seat, false);
        return false;
    }
    return true;
}

static bool is_worth_it(tr_helm *helm)
{
    return helm->first_wanting != NULL || helm->has_work(helm->context);
}

static tr_helm_outcome take(tr_helm *helm, tr_seat *seat, tr_runner *spare)
{
    if (!hold_off(seat)) {
        return TR_HELM_LEFT;
    }
    if (!tr_takeover_is_possible(helm->worker, seat) || !is_worth_it(helm)) {
        tr_seat_set_taken(seat, false);
        return TR_HELM_LEFT;
    }
    tr_takeover_begin(helm->worker, seat);
    helm->away++;
    if (helm->first_wanting == NULL) {
        set_owner(helm, spare);
        return TR_HELM_TAKEN;
    }
    tr_runner *runner = pop_wanting(helm);
    set_owner(helm, runner);
    settle(helm, &runner->seat);
    return TR_HELM_STEPPED_IN;
}

tr_helm_outcome tr_helm_take(tr_helm *helm, tr_seat *seat, tr_runner *spare)
{
    tr_helm_outcome outcome = TR_HELM_LEFT;
    tr_mutex_lock(&helm->mutex);
    if (&helm->owner->seat == seat && !tr_seat_is_taken(seat) && !tr_seat_is_inside(seat) &&
        (spare != NULL || helm->first_wanting != NULL)) {
        outcome = take(helm, seat, spare);
    }
    tr_mutex_unlock(&helm->mutex);
    return outcome;
}

void tr_runner_init(tr_runner *runner, bool is_debug)
{
    *runner = (tr_runner) {.next = NULL};
    tr_seat_init(&runner->seat);
    if (is_debug) {
        tr_seat_set_checked(&runner->seat);
    }
}

/* Relaxed: a thread has to find its own number only. */

void tr_runner_sit(tr_runner *runner)
{
    atomic_store_explicit(&runner->thread_id, tr_thread_id(), memory_order_relaxed);
}

bool tr_runner_is_here(tr_seat *seat)
{
    const tr_runner *runner = TR_CONTAINER_OF(seat, tr_runner, seat);
    return atomic_load_explicit(&runner->thread_id, memory_order_relaxed) == tr_thread_id();
}
