/* SPDX-License-Identifier: MIT */
#include "io/signal_table.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <troupe/signal.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/thread.h"

/* A row without a signal whose descriptor a handler may still write to. */
#define RETIRED (-1)

struct row {
    _Atomic int number; /* 0: free; or RETIRED; set last */
    _Atomic int fd;
};

static struct row rows[TROUPE_SIGNAL_WATCHES_MAX];
static _Atomic uint32_t handlers_running;
static _Atomic int64_t owner_id; /* the process that the rows are of */

/* Under the mutex. */
static tr_mutex mutex = TR_MUTEX_INIT;
static unsigned rows_of[NSIG];
static struct sigaction before[NSIG];

/* All atomics are seq_cst: a row is retired first and then handlers are looked for; a handler says
 * first that it runs and then looks at the rows. So one of the two sees the other. */
static void handle(int number)
{
    const int saved = errno;
    atomic_fetch_add(&handlers_running, 1);
    /* In a child by fork the rows are copies, but the descriptors are the parent's. */
    const bool is_own = atomic_load(&owner_id) == (int64_t) getpid();
    for (unsigned i = 0; is_own && i < TROUPE_SIGNAL_WATCHES_MAX; i++) {
        if (atomic_load(&rows[i].number) == number) {
            const uint64_t one = 1;
            const ssize_t size = write(atomic_load(&rows[i].fd), &one, sizeof one);
            (void) size; /* refused only when the count is at its end */
        }
    }
    atomic_fetch_sub(&handlers_running, 1);
    errno = saved;
}

static bool is_to_be_caught(int number)
{
    switch (number) {
    case SIGKILL:
    case SIGSTOP:
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGTRAP:
    case SIGSYS:
    case SIGABRT:
        return false;
    default: /* 32 and 33 are the C library's own */
        return number > 0 && number < NSIG && (number < 32 || number >= SIGRTMIN);
    }
}

static bool install(int number)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
    (void) sigfillset(&action.sa_mask);
    return sigaction(number, &action, &before[number]) == 0;
}

/* Closes what is retired, unless a handler runs just now. Under the mutex. */
static void sweep(void)
{
    const bool is_quiet = atomic_load(&handlers_running) == 0;
    for (unsigned i = 0; is_quiet && i < TROUPE_SIGNAL_WATCHES_MAX; i++) {
        if (atomic_load(&rows[i].number) == RETIRED) {
            (void) close(atomic_load(&rows[i].fd)); /* nothing is written that could be lost */
            atomic_store(&rows[i].number, 0);
        }
    }
}

static struct row *find_free(void)
{
    for (unsigned i = 0; i < TROUPE_SIGNAL_WATCHES_MAX; i++) {
        if (atomic_load(&rows[i].number) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

/* Under the mutex. */
static troupe_error add(int number, int *out_row, int *out_fd)
{
    sweep();
    struct row *row = find_free();
    TR_REQUIRE(row != NULL, LIMIT_REACHED);
    const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    TR_REQUIRE(fd >= 0, SYSTEM);
    atomic_store(&owner_id, (int64_t) getpid());
    atomic_store(&row->fd, fd);
    atomic_store(&row->number, number);
    if (rows_of[number] == 0 && !install(number)) {
        atomic_store(&row->number, 0);
        (void) close(fd);
        return TROUPE_ERROR_SYSTEM;
    }
    rows_of[number]++;
    *out_row = (int) (row - rows);
    *out_fd = fd;
    return TROUPE_OK;
}

troupe_error tr_signal_table_add(int number, int *out_row, int *out_fd)
{
    TR_REQUIRE(is_to_be_caught(number), BAD_ARGUMENT);
    tr_mutex_lock(&mutex);
    const troupe_error error = add(number, out_row, out_fd);
    tr_mutex_unlock(&mutex);
    return error;
}

void tr_signal_table_remove(int index)
{
    struct row *row = &rows[index];
    tr_mutex_lock(&mutex);
    const int number = atomic_load(&row->number);
    TR_ASSERT(number != 0 && rows_of[number] > 0);
    if (--rows_of[number] == 0) {
        (void) sigaction(number, &before[number], NULL); /* as it was installed, so it can be */
    }
    atomic_store(&row->number, RETIRED);
    sweep();
    tr_mutex_unlock(&mutex);
}
