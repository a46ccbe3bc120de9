/* SPDX-License-Identifier: MIT */
/* trace: what a thread is doing just now, seen from another one.
 *
 * One real-time signal is sent to the thread, whose handler notes the return addresses; they become
 * text here, outside the handler. System calls that the signal interrupts are restarted, as far as
 * they are (signal(7) lists those that return EINTR nevertheless).
 * Owns:    the signal's handler, from the first open to the last close; then it is what it was.
 * Threads: any. One capture at a time in the process; others wait.
 * Fails:   a thread that does not answer has no trace.
 * Uses:    thread, clock. */
#ifndef TR_NODE_TRACE_H
#define TR_NODE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/error.h>

#define TR_TRACE_FRAMES_MAX 48

/* The innermost first. */
typedef struct tr_trace {
    void *frames[TR_TRACE_FRAMES_MAX];
    uint32_t count;
} tr_trace;

/* Installs the handler, once for all that open. Errors: SYSTEM when no real-time signal is free. */
TROUPE_MUST_CHECK troupe_error tr_trace_open(void);
void tr_trace_close(void);

/* Lets the signal reach the calling thread, from here on. It is open. */
void tr_trace_admit(void);

/* The trace of a thread that has admitted the signal and has not ended, by its tr_thread_id.
 * Blocks: some milliseconds at most, as a rule microseconds. */
bool tr_trace_capture(uint64_t thread_id, tr_trace *out_trace);

/* "function+0x1f (program+0x2a1f)", cut where `size` is short; the second part is for addr2line. */
void tr_trace_print(const tr_trace *trace, uint32_t index, char *out, size_t size);

#endif
