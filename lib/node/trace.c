/* SPDX-License-Identifier: MIT */
#include "node/trace.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/thread.h"

/* What a thread is given to answer: it may be in the middle of a system call that cannot be
 * interrupted. And what a handler that has begun is given to end. */
#define ANSWER_NS UINT64_C(50000000)
#define END_NS UINT64_C(1000000000)
#define NS_PER_S UINT64_C(1000000000)
/* Those below are the C library's, and the first few are popular. */
#define SIGNALS_LEFT_OUT 4

/* The state of a capture: its number above, one of these below. A handler that comes too late finds
 * another state than WANTED with its number and does nothing. */
enum {
    IDLE,
    WANTED,
    WRITING,
    DONE,
    STATE_BITS = 2
};

/* A signal's handler belongs to the process, and so does this. */
static struct {
    tr_mutex mutex; /* guards opening and closing, and all captures but for the handler's part */
    unsigned users;
    int signal;
    struct sigaction before;
    uint64_t number;
    bool is_broken; /* a handler did not come to its end */
    sem_t answered;
    _Atomic uint64_t state;
    tr_trace trace;         /* written by the handler while WRITING */
    const void *stopped_at; /* likewise: where it was interrupted */
} shared = {.mutex = TR_MUTEX_INIT};

static uint64_t state_of(uint64_t number, unsigned state)
{
    return number << STATE_BITS | state;
}

static const void *program_counter(const void *context)
{
    const ucontext_t *interrupted = context;
#if defined(__x86_64__)
    return (const void *) interrupted->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return (const void *) interrupted->uc_mcontext.pc;
#else
    (void) interrupted;
    return NULL;
#endif
}

/* In the thread that is looked at; async-signal-safe, backtrace having been called before. */
static void note_frames(int signal, siginfo_t *info, void *context)
{
    (void) signal;
    const int saved_errno = errno;
    const uint64_t number = (uint64_t) (uintptr_t) info->si_value.sival_ptr;
    uint64_t wanted = state_of(number, WANTED);
    if (info->si_code == SI_QUEUE && info->si_pid == getpid() &&
        atomic_compare_exchange_strong(&shared.state, &wanted, state_of(number, WRITING))) {
        shared.trace.count = (uint32_t) backtrace(shared.trace.frames, TR_TRACE_FRAMES_MAX);
        shared.stopped_at = program_counter(context);
        atomic_store(&shared.state, state_of(number, DONE));
        (void) sem_post(&shared.answered); /* fails only past SEM_VALUE_MAX */
    }
    errno = saved_errno;
}

/* One that nobody uses; 0 if there is none. */
static int find_signal(void)
{
    for (int candidate = SIGRTMIN + SIGNALS_LEFT_OUT; candidate <= SIGRTMAX; candidate++) {
        struct sigaction now;
        if (sigaction(candidate, NULL, &now) == 0 && (now.sa_flags & SA_SIGINFO) == 0 &&
            now.sa_handler == SIG_DFL) {
            return candidate;
        }
    }
    return 0;
}

/* Under the mutex. */
static troupe_error install(void)
{
    void *frames[1];
    (void) backtrace(frames, 1); /* loads what it needs, which a handler must not */
    shared.signal = find_signal();
    TR_REQUIRE(shared.signal != 0, SYSTEM);
    struct sigaction action = {.sa_sigaction = note_frames,
                               .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
    (void) sigemptyset(&action.sa_mask); /* cannot fail */
    TR_REQUIRE(sem_init(&shared.answered, 0, 0) == 0, SYSTEM);
    const int result = sigaction(shared.signal, &action, &shared.before);
    TR_ASSERT(result == 0);
    return TROUPE_OK;
}

troupe_error tr_trace_open(void)
{
    tr_mutex_lock(&shared.mutex);
    const troupe_error error = shared.users == 0 ? install() : TROUPE_OK;
    shared.users += error ? 0 : 1;
    tr_mutex_unlock(&shared.mutex);
    return error;
}

void tr_trace_close(void)
{
    tr_mutex_lock(&shared.mutex);
    shared.users--;
    if (shared.users == 0) {
        struct sigaction now;
        int result = sigaction(shared.signal, NULL, &now);
        TR_ASSERT(result == 0);
        if ((now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == note_frames) {
            result = sigaction(shared.signal, &shared.before, NULL);
            TR_ASSERT(result == 0);
        }                                     /* else somebody else's stands there now */
        (void) sem_destroy(&shared.answered); /* nobody waits */
    }
    tr_mutex_unlock(&shared.mutex);
}

void tr_trace_admit(void)
{
    sigset_t own;
    (void) sigemptyset(&own); /* these fail only for no signal's number */
    (void) sigaddset(&own, shared.signal);
    const int result = pthread_sigmask(SIG_UNBLOCK, &own, NULL);
    TR_ASSERT(result == 0);
}

static uint64_t now_ns(void)
{
    const tr_clock clock = tr_clock_real();
    return clock.now_ns(clock.context);
}

/* Whether the handler has come to its end. */
static bool wait_for_end(uint64_t number, uint64_t timeout_ns)
{
    const uint64_t deadline_ns = now_ns() + timeout_ns;
    const struct timespec deadline = {.tv_sec = (time_t) (deadline_ns / NS_PER_S),
                                      .tv_nsec = (long) (deadline_ns % NS_PER_S)};
    while (atomic_load(&shared.state) != state_of(number, DONE)) {
        if (sem_clockwait(&shared.answered, CLOCK_MONOTONIC, &deadline) != 0 && errno != EINTR) {
            break;
        }
    }
    return atomic_load(&shared.state) == state_of(number, DONE);
}

/* Leaves the handler's own frames out. */
static void copy(tr_trace *out_trace)
{
    uint32_t first = 0;
    while (first < shared.trace.count && shared.trace.frames[first] != shared.stopped_at) {
        first++;
    }
    first = first < shared.trace.count ? first : 0;
    out_trace->count = shared.trace.count - first;
    memcpy(out_trace->frames, shared.trace.frames + first, out_trace->count * sizeof(void *));
}

/* Under the mutex. */
static bool capture(uint64_t thread_id, tr_trace *out_trace)
{
    const uint64_t number = ++shared.number;
    const union sigval value = {.sival_ptr = (void *) (uintptr_t) number};
    atomic_store(&shared.state, state_of(number, WANTED));
    if (pthread_sigqueue((pthread_t) thread_id, shared.signal, value) != 0) {
        return false;
    }
    if (!wait_for_end(number, ANSWER_NS)) {
        uint64_t wanted = state_of(number, WANTED);
        if (atomic_compare_exchange_strong(&shared.state, &wanted, state_of(number, IDLE))) {
            return false; /* it comes too late, if it comes */
        }
        shared.is_broken = !wait_for_end(number, END_NS);
    }
    if (!shared.is_broken) {
        copy(out_trace);
    }
    return !shared.is_broken;
}

bool tr_trace_capture(uint64_t thread_id, tr_trace *out_trace)
{
    tr_mutex_lock(&shared.mutex);
    const bool can = shared.users > 0 && !shared.is_broken;
    const bool has_captured = can && capture(thread_id, out_trace);
    tr_mutex_unlock(&shared.mutex);
    return has_captured && out_trace->count > 0;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

void tr_trace_print(const tr_trace *trace, uint32_t index, char *out, size_t size)
{
    const char *frame = trace->frames[index];
    /* But for the innermost these are return addresses: the call lies before. */
    const char *call = index > 0 ? frame - 1 : frame;
    Dl_info info;
    if (dladdr(call, &info) == 0 || info.dli_fname == NULL) {
        (void) snprintf(out, size, "%p", (const void *) frame); /* cut if long, as below */
        return;
    }
    const char *module = last_part(info.dli_fname);
    const size_t offset = (size_t) (call - (const char *) info.dli_fbase);
    if (info.dli_sname != NULL) {
        (void) snprintf(out, size, "%s+0x%zx (%s+0x%zx)", info.dli_sname,
                        (size_t) (call - (const char *) info.dli_saddr), module, offset);
    } else {
        (void) snprintf(out, size, "(%s+0x%zx)", module, offset);
    }
}
