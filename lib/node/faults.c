/* SPDX-License-Identifier: MIT */
#include "node/faults.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/memory.h"
#include "base/thread.h"
#include "core/actor.h"
#include "node/trace.h"

/* For this handler and the one before, which may be a sanitizer's that prints a report. */
#define HANDLER_STACK_SIZE ((size_t) 256 << 10)
#define LINE_BYTES_MAX 512

enum {
    SEGMENT,
    BUS,
    FAULT_COUNT
};
static const int fault_signals[FAULT_COUNT] = {[SEGMENT] = SIGSEGV, [BUS] = SIGBUS};
static const char *const fault_names[FAULT_COUNT] = {[SEGMENT] = "SIGSEGV", [BUS] = "SIGBUS"};

/* A signal's handler belongs to the process, and so does this. */
static struct {
    tr_mutex mutex;
    unsigned users;
    struct sigaction before[FAULT_COUNT]; /* not changed while the handlers stand */
    bool stands[FAULT_COUNT];             /* the last close found another's above ours, left it */
} shared = {.mutex = TR_MUTEX_INIT};

static _Thread_local tr_fault_thread *current;

/* The line, made without the C library's formatting, which a handler must not use. */

struct line {
    char text[LINE_BYTES_MAX];
    size_t length;
};

static void add(struct line *line, const char *text)
{
    while (*text != '\0' && line->length < sizeof line->text - 1) { /* room for the line feed */
        line->text[line->length++] = *text++;
    }
}

static void add_number(struct line *line, uint64_t number, unsigned base)
{
    char digits[24];
    size_t at = sizeof digits - 1;
    digits[at] = '\0';
    do {
        digits[--at] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number > 0);
    add(line, digits + at);
}

static void write_out(struct line *line)
{
    line->text[line->length++] = '\n';
    size_t done = 0;
    while (done < line->length) {
        const ssize_t count = write(STDERR_FILENO, line->text + done, line->length - done);
        if (count <= 0) {
            break; /* there is nowhere to say it */
        }
        done += (size_t) count;
    }
}

/* "actor 'till' 5.1" */
static void add_actor(struct line *line, const tr_actor *actor)
{
    add(line, "actor ");
    if (tr_actor_name(actor) != NULL) {
        add(line, "'");
        add(line, tr_actor_name(actor));
        add(line, "' ");
    }
    add_number(line, actor->address.slot, 10);
    add(line, ".");
    add_number(line, actor->address.generation, 10);
}

static const void *stack_pointer(const void *context)
{
    const ucontext_t *interrupted = context;
#if defined(__x86_64__)
    return (const void *) interrupted->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
    return (const void *) interrupted->uc_mcontext.sp;
#else
    (void) interrupted;
    return NULL;
#endif
}

/* The actor whose stack has overflowed, or NULL: the fault is in the guard of the very stack that
 * was in use. */
static const tr_actor *find_overflow(const tr_fault_thread *thread, const void *address,
                                     const void *context)
{
    const tr_stacks *stacks = thread->system->ports.stacks;
    const tr_stack *stack = tr_stacks_find(stacks, address);
    const void *pointer = stack_pointer(context);
    if (stack == NULL || !tr_stack_guards(stack, address) ||
        (pointer != NULL && tr_stacks_find(stacks, pointer) != stack)) {
        return NULL;
    }
    return tr_stack_owner(stack);
}

/* In whose turn the thread is, or NULL. */
static const tr_actor *find_actor(const tr_fault_thread *thread)
{
    const uint32_t index = atomic_load_explicit(&thread->seat->slot, memory_order_relaxed);
    const tr_slot *slot =
        index != TR_SEAT_EMPTY ? tr_slots_at(&thread->system->slots, index) : NULL;
    return slot != NULL ? atomic_load_explicit(&slot->actor, memory_order_relaxed) : NULL;
}

static void report(const tr_fault_thread *thread, unsigned fault, const siginfo_t *info,
                   const void *context)
{
    const tr_actor *overflowed = find_overflow(thread, info->si_addr, context);
    const tr_actor *actor = overflowed != NULL ? overflowed : find_actor(thread);
    struct line line = {.length = 0};
    add(&line, "troupe: node '");
    add(&line, thread->node_name);
    add(&line, "': ");
    if (overflowed != NULL) {
        add_actor(&line, actor);
        add(&line, " has overflowed its stack of ");
        add_number(&line,
                   tr_stack_size(tr_stacks_find(thread->system->ports.stacks, info->si_addr)), 10);
        add(&line, " bytes (.stack_size of the node): ");
        add(&line, fault_names[fault]);
    } else {
        add(&line, fault_names[fault]);
        if (actor != NULL) {
            add(&line, " in ");
            add_actor(&line, actor);
        }
    }
    add(&line, " at 0x");
    add_number(&line, (uint64_t) (uintptr_t) info->si_addr, 16);
    write_out(&line);
}

/* Lets the kernel do what it does by default, when the handler has returned. */
static void fall(int signal, const siginfo_t *info)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    (void) sigemptyset(&action.sa_mask); /* these cannot fail here */
    (void) sigaction(signal, &action, NULL);
    if (info->si_code <= 0) {
        (void) raise(signal); /* it was sent: the instruction does not fault again */
    }
}

static void do_as_before(unsigned fault, siginfo_t *info, void *context)
{
    const int signal = fault_signals[fault];
    const struct sigaction *before = &shared.before[fault];
    const bool has_handler = (before->sa_flags & SA_SIGINFO) != 0 ||
                             (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN);
    if (!has_handler) {
        const bool is_ignored = before->sa_handler == SIG_IGN && info->si_code <= 0;
        if (!is_ignored) { /* a fault cannot be */
            fall(signal, info);
        }
        return;
    }
    (void) pthread_sigmask(SIG_BLOCK, &before->sa_mask, NULL); /* until the handler returns */
    if ((before->sa_flags & (int) SA_RESETHAND) != 0) {
        struct sigaction action = {.sa_handler = SIG_DFL};
        (void) sigemptyset(&action.sa_mask); /* these cannot fail here */
        (void) sigaction(signal, &action, NULL);
    }
    if ((before->sa_flags & SA_SIGINFO) != 0) {
        before->sa_sigaction(signal, info, context);
    } else {
        before->sa_handler(signal);
    }
}

static void handle(int signal, siginfo_t *info, void *context)
{
    const int saved_errno = errno;
    const unsigned fault = signal == SIGBUS ? BUS : SEGMENT;
    if (current != NULL && info->si_code > 0) {
        report(current, fault, info, context);
    }
    do_as_before(fault, info, context);
    errno = saved_errno;
}

/* Under the mutex. */
static void install(void)
{
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    (void) sigemptyset(&action.sa_mask); /* cannot fail */
    for (unsigned i = 0; i < FAULT_COUNT; i++) {
        if (!shared.stands[i]) {
            const int result = sigaction(fault_signals[i], &action, &shared.before[i]);
            TR_ASSERT(result == 0);
        }
    }
}

static void uninstall(void)
{
    for (unsigned i = 0; i < FAULT_COUNT; i++) {
        struct sigaction now;
        int result = sigaction(fault_signals[i], NULL, &now);
        TR_ASSERT(result == 0);
        shared.stands[i] = (now.sa_flags & SA_SIGINFO) == 0 || now.sa_sigaction != handle;
        if (!shared.stands[i]) {
            result = sigaction(fault_signals[i], &shared.before[i], NULL);
            TR_ASSERT(result == 0);
        }
    }
}

troupe_error tr_faults_open(void)
{
    const troupe_error error = tr_trace_open();
    if (error) {
        return error;
    }
    tr_mutex_lock(&shared.mutex);
    if (shared.users == 0) {
        install();
    }
    shared.users++;
    tr_mutex_unlock(&shared.mutex);
    return TROUPE_OK;
}

void tr_faults_close(void)
{
    tr_mutex_lock(&shared.mutex);
    shared.users--;
    if (shared.users == 0) {
        uninstall();
    }
    tr_mutex_unlock(&shared.mutex);
    tr_trace_close();
}

troupe_error tr_fault_thread_init(tr_fault_thread *thread, tr_system *system, const char *node_name,
                                  const tr_seat *seat)
{
    *thread = (tr_fault_thread) {.node_name = node_name, .system = system, .seat = seat};
    thread->stack = tr_allocate(system->ports.allocator, HANDLER_STACK_SIZE);
    TR_REQUIRE(thread->stack != NULL, NO_MEMORY);
    return TROUPE_OK;
}

void tr_fault_thread_fini(tr_fault_thread *thread)
{
    if (thread->stack != NULL) {
        tr_free(thread->system->ports.allocator, thread->stack, HANDLER_STACK_SIZE);
        thread->stack = NULL;
    }
}

void tr_faults_enter(tr_fault_thread *thread)
{
    if (thread->stack == NULL) {
        return;
    }
    const stack_t own = {.ss_sp = thread->stack, .ss_size = HANDLER_STACK_SIZE};
    const int result = sigaltstack(&own, &thread->before);
    TR_ASSERT(result == 0);
    current = thread;
    tr_trace_admit();
}

void tr_faults_leave(tr_fault_thread *thread)
{
    if (thread->stack == NULL) {
        return;
    }
    current = NULL;
    const int result = sigaltstack(&thread->before, NULL); /* a sanitizer's, or none */
    TR_ASSERT(result == 0);
}
