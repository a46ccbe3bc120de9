/* SPDX-License-Identifier: MIT */
/* thread: threads, mutexes and conditions; the only module that sees pthreads.
 *
 * Owns:    the kernel's objects behind the structs, between init and fini or start and join.
 * Threads: as said at each function; lock and unlock on one thread, signal from any.
 * Fails:   only tr_thread_start. */
#ifndef TR_BASE_THREAD_H
#define TR_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <troupe/error.h>

/* Room for a thread's name with its end; the kernel's limit. */
#define TR_THREAD_NAME_BYTES_MAX 16

/* Lies still from start to join. */
typedef struct tr_thread {
    pthread_t handle;
    void (*function)(void *context);
    void *context;
    char name[TR_THREAD_NAME_BYTES_MAX];
} tr_thread;

typedef struct tr_mutex {
    pthread_mutex_t handle;
} tr_mutex;

/* Of one with static storage; it needs no init and no fini. */
#define TR_MUTEX_INIT                                                                              \
    {                                                                                              \
        .handle = PTHREAD_MUTEX_INITIALIZER                                                        \
    }

typedef struct tr_condition {
    pthread_cond_t handle;
} tr_condition;

/* Runs function(context) in a new thread with signals blocked as tr_thread_block_signals does. A
 * long name is cut.
 * Errors: SYSTEM when the system gives no more threads. */
TROUPE_MUST_CHECK troupe_error tr_thread_start(tr_thread *thread, const char *name,
                                               void (*function)(void *context), void *context);

/* Waits until the thread's function has returned. Once for each start. */
void tr_thread_join(tr_thread *thread);

/* Leaves all signals to the program's other threads, except those that a fault raises in the thread
 * that made it. */
void tr_thread_block_signals(void);

/* Tells live threads of this process apart; 0 is none. */
uint64_t tr_thread_id(void);

/* Something that each thread has of its own, known to the thread's end. */
typedef struct tr_thread_key {
    pthread_key_t handle;
} tr_thread_key;

/* `ended` is called with a thread's value when that thread ends, unless it is NULL.
 * Errors: SYSTEM when the system gives no more keys. */
TROUPE_MUST_CHECK troupe_error tr_thread_key_create(tr_thread_key *key,
                                                    void (*ended)(void *value));
/* No thread has a value. */
void tr_thread_key_delete(tr_thread_key *key);
/* Sets the calling thread's value. Errors: NO_MEMORY, not for NULL. */
TROUPE_MUST_CHECK troupe_error tr_thread_key_set(const tr_thread_key *key, void *value);

/* How many processors this process may run on; at least 1. */
uint32_t tr_processor_count(void);

void tr_mutex_init(tr_mutex *mutex);
void tr_mutex_fini(tr_mutex *mutex);
void tr_mutex_lock(tr_mutex *mutex);
/* False, and nothing is done, if it is locked. */
TROUPE_MUST_CHECK bool tr_mutex_try_lock(tr_mutex *mutex);
void tr_mutex_unlock(tr_mutex *mutex);

void tr_condition_init(tr_condition *condition);
void tr_condition_fini(tr_condition *condition);

/* The mutex is locked before and after. Both waits may return for no reason: look again. */
void tr_condition_wait(tr_condition *condition, tr_mutex *mutex);

/* By the real clock of base/clock; TR_NEVER waits without limit. False when the deadline passed. */
bool tr_condition_wait_until(tr_condition *condition, tr_mutex *mutex, uint64_t deadline_ns);

void tr_condition_signal(tr_condition *condition);
void tr_condition_broadcast(tr_condition *condition);

#endif
