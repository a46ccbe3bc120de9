/* SPDX-License-Identifier: MIT */
#include "base/thread.h"

#include "base/assert.h"
#include "base/clock.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static void *run(void *argument)
{
    tr_thread *thread = argument;
    (void) pthread_setname_np(pthread_self(), thread->name); /* as its maker does */
    thread->function(thread->context);
    return NULL;
}

/* Blocking a signal that a fault raises would end the process without its handler. */
static sigset_t signals_to_block(void)
{
    static const int raised_by_faults[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL,
                                           SIGSEGV, SIGSYS, SIGTRAP};
    sigset_t signals;
    (void) sigfillset(&signals);
    for (size_t i = 0; i < sizeof raised_by_faults / sizeof raised_by_faults[0]; i++) {
        (void) sigdelset(&signals, raised_by_faults[i]); /* fails only for no signal's number */
    }
    return signals;
}

troupe_error tr_thread_start(tr_thread *thread, const char *name, void (*function)(void *context),
                             void *context)
{
    thread->function = function;
    thread->context = context;
    (void) snprintf(thread->name, sizeof thread->name, "%s", name); /* cut when long */

    /* A thread inherits its maker's mask, so that none arrives before it could block them. */
    const sigset_t blocked = signals_to_block();
    sigset_t before;
    (void) pthread_sigmask(SIG_BLOCK, &blocked, &before);
    const int result = pthread_create(&thread->handle, NULL, run, thread);
    (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
    TR_REQUIRE(result == 0, SYSTEM);
    /* Here too, so that it has its name when this returns; the name only helps people. */
    (void) pthread_setname_np(thread->handle, thread->name);
    return TROUPE_OK;
}

void tr_thread_join(tr_thread *thread)
{
    const int result = pthread_join(thread->handle, NULL);
    TR_ASSERT(result == 0);
}

void tr_thread_block_signals(void)
{
    const sigset_t blocked = signals_to_block();
    const int result = pthread_sigmask(SIG_BLOCK, &blocked, NULL);
    TR_ASSERT(result == 0);
}

uint64_t tr_thread_id(void)
{
    return (uint64_t) pthread_self();
}

troupe_error tr_thread_key_create(tr_thread_key *key, void (*ended)(void *value))
{
    return pthread_key_create(&key->handle, ended) == 0 ? TROUPE_OK : TROUPE_ERROR_SYSTEM;
}

void tr_thread_key_delete(tr_thread_key *key)
{
    const int result = pthread_key_delete(key->handle);
    TR_ASSERT(result == 0);
}

troupe_error tr_thread_key_set(const tr_thread_key *key, void *value)
{
    return pthread_setspecific(key->handle, value) == 0 ? TROUPE_OK : TROUPE_ERROR_NO_MEMORY;
}

uint32_t tr_processor_count(void)
{
    cpu_set_t usable;
    CPU_ZERO(&usable);
    if (sched_getaffinity(0, sizeof usable, &usable) == 0) {
        return (uint32_t) CPU_COUNT(&usable);
    }

    const long online = sysconf(_SC_NPROCESSORS_ONLN); /* more processors than the set holds */
    return online > 0 ? (uint32_t) online : 1;
}

void tr_mutex_init(tr_mutex *mutex)
{
    const int result = pthread_mutex_init(&mutex->handle, NULL);
    TR_ASSERT(result == 0);
}

void tr_mutex_fini(tr_mutex *mutex)
{
    const int result = pthread_mutex_destroy(&mutex->handle);
    TR_ASSERT(result == 0);
}

void tr_mutex_lock(tr_mutex *mutex)
{
    const int result = pthread_mutex_lock(&mutex->handle);
    TR_ASSERT(result == 0);
}

bool tr_mutex_try_lock(tr_mutex *mutex)
{
    const int result = pthread_mutex_trylock(&mutex->handle);
    TR_ASSERT(result == 0 || result == EBUSY);
    return result == 0;
}

void tr_mutex_unlock(tr_mutex *mutex)
{
    const int result = pthread_mutex_unlock(&mutex->handle);
    TR_ASSERT(result == 0);
}

void tr_condition_init(tr_condition *condition)
{
    pthread_condattr_t attributes;
    int result = pthread_condattr_init(&attributes);
    TR_ASSERT(result == 0);
    result = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    TR_ASSERT(result == 0);

    result = pthread_cond_init(&condition->handle, &attributes);
    TR_ASSERT(result == 0);
    (void) pthread_condattr_destroy(&attributes); /* cannot fail for what init has made */
}

void tr_condition_fini(tr_condition *condition)
{
    const int result = pthread_cond_destroy(&condition->handle);
    TR_ASSERT(result == 0);
}

void tr_condition_wait(tr_condition *condition, tr_mutex *mutex)
{
    const int result = pthread_cond_wait(&condition->handle, &mutex->handle);
    TR_ASSERT(result == 0);
}

bool tr_condition_wait_until(tr_condition *condition, tr_mutex *mutex, uint64_t deadline_ns)
{
    if (deadline_ns == TR_NEVER) {
        tr_condition_wait(condition, mutex);
        return true;
    }

    const struct timespec deadline = {
        .tv_sec = (time_t) (deadline_ns / UINT64_C(1000000000)),
        .tv_nsec = (long) (deadline_ns % UINT64_C(1000000000)),
    };
    const int result = pthread_cond_timedwait(&condition->handle, &mutex->handle, &deadline);
    TR_ASSERT(result == 0 || result == ETIMEDOUT);
    return result == 0;
}

void tr_condition_signal(tr_condition *condition)
{
    const int result = pthread_cond_signal(&condition->handle);
    TR_ASSERT(result == 0);
}

void tr_condition_broadcast(tr_condition *condition)
{
    const int result = pthread_cond_broadcast(&condition->handle);
    TR_ASSERT(result == 0);
}
