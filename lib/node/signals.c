/* SPDX-License-Identifier: MIT */
#include "node/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/thread.h"

static sigset_t wanted_signals(void)
{
    sigset_t wanted;
    (void) sigemptyset(&wanted); /* these fail only for no signal's number */
    (void) sigaddset(&wanted, SIGINT);
    (void) sigaddset(&wanted, SIGTERM);
    return wanted;
}

troupe_error tr_signals_open(tr_signals *signals)
{
    const sigset_t wanted = wanted_signals();
    const int fd = signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
    TR_REQUIRE(fd >= 0, SYSTEM);

    const int result = pthread_sigmask(SIG_BLOCK, &wanted, &signals->before);
    TR_ASSERT(result == 0);
    signals->fd = fd;
    signals->thread_id = tr_thread_id();
    return TROUPE_OK;
}

void tr_signals_close(tr_signals *signals)
{
    if (!tr_signals_are_open(signals)) {
        return;
    }
    (void) tr_signals_read(signals); /* they were for the node, which has stopped */
    if (signals->thread_id == tr_thread_id()) {
        const int result = pthread_sigmask(SIG_SETMASK, &signals->before, NULL);
        TR_ASSERT(result == 0);
    }
    (void) close(signals->fd); /* nothing was written */
    *signals = (tr_signals) {0};
}

void tr_signals_hold(sigset_t *out_before)
{
    const int result = pthread_sigmask(SIG_SETMASK, NULL, out_before);
    TR_ASSERT(result == 0);
    tr_thread_block_signals();
}

void tr_signals_release(const sigset_t *before)
{
    const int result = pthread_sigmask(SIG_SETMASK, before, NULL);
    TR_ASSERT(result == 0);
}

uint32_t tr_signals_read(const tr_signals *signals)
{
    struct signalfd_siginfo info;
    uint32_t count = 0;
    while (read(signals->fd, &info, sizeof info) == (ssize_t) sizeof info) {
        count++;
    }
    return count;
}
