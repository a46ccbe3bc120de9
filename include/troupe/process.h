/* SPDX-License-Identifier: MIT */
/* process: programs that an actor starts, as children of it like its actors.
 *
 *     troupe_process process;
 *     const troupe_process_options *sort = TROUPE_PROCESS(
 *         .program = "sort", .input = TROUPE_STREAM_PIPE, .output = TROUPE_STREAM_PIPE);
 *     error = troupe_process_start(self, sort, TROUPE_FOREVER, &process, NULL);
 *     ... troupe_write_fd(self, process.input, ...), troupe_process_close_input(self, &process),
 *         troupe_read_fd(self, process.output, ...)
 *     error = troupe_process_wait(self, &process, TROUPE_WITHIN_S(5), &status);
 *     troupe_process_destroy(self, &process);
 *
 * A child actor of the one that starts a process keeps it: it hears of its end, takes its status,
 * and kills it (SIGKILL) when it is still running at the destroy or when its owner ends. So no
 * process outlives its owner, and none is left as a zombie. It has a process group of its own,
 * which signals are sent to, with the processes that it has started in it. It inherits no
 * descriptors but its three streams, no ignored signals and no blocked ones.
 * A program that ignores SIGCHLD has given the status away to the system: it is unknown then.
 * Threads: the handler or body that self was given to. */
#ifndef TROUPE_PROCESS_H
#define TROUPE_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/ref.h>
#include <troupe/time.h>

TROUPE_BEGIN

/* What a process has for its standard input, output and error output. */
typedef enum troupe_stream {
    TROUPE_STREAM_NONE = 0,   /* reads nothing; what it writes is lost */
    TROUPE_STREAM_PIPE,       /* the other end is in troupe_process */
    TROUPE_STREAM_SHARED,     /* that of this program */
    TROUPE_STREAM_WITH_OUTPUT /* of errors: where output goes */
} troupe_stream;

typedef struct troupe_process_options {
    size_t size;                    /* set by TROUPE_PROCESS */
    const char *program;            /* its path; without a slash, looked for in PATH */
    const char *const *arguments;   /* with the program's name first, ended by NULL; NULL: none */
    const char *const *environment; /* "NAME=value", ended by NULL; NULL: that of this program */
    const char *folder;             /* where it runs; NULL: where this program does */
    troupe_stream input;
    troupe_stream output;
    troupe_stream errors;
    uint32_t is_in_our_group; /* 1: in this program's process group; signals go to it alone */
} troupe_process_options;

#define TROUPE_PROCESS(...)                                                                        \
    (&(const troupe_process_options) {.size = sizeof(troupe_process_options), __VA_ARGS__})

/* Copied freely; any actor of this node may use it. The descriptors belong to the process: they are
 * non-blocking, and closed by the destroy; -1 where there is none. */
typedef struct troupe_process {
    troupe_ref actor; /* that keeps it; can be monitored */
    int64_t id;       /* the system's */
    int input;        /* to be written */
    int output;       /* to be read */
    int errors;       /* to be read */
} troupe_process;

typedef struct troupe_process_status {
    int code;   /* what it returned, 0 to 255; -1 if it was killed by a signal, or is not known */
    int signal; /* that killed it; 0: none */
} troupe_process_status;

/* Starts a program. For coroutines, and for threads that are attached.
 * Owns:        the options are copied. *out_system_error (may be NULL) is the system's own number,
 *              such as ENOENT, where it has one, else 0; always set.
 * Waits:       until it runs, at most `timeout` (not given: no limit) and no longer than the
 *              message being handled may take.
 * Cancel-safe: on an error there is no process; if it was begun already it is killed.
 * Errors:      SYSTEM, NOT_AUTHORISED, LIMIT_REACHED, NO_MEMORY; TIMED_OUT, CANCELLED, STOPPING;
 *              CANNOT_WAIT; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error
troupe_process_start(troupe_self *self, const troupe_process_options *options,
                     troupe_timeout timeout, troupe_process *out_process, int *out_system_error);

/* Waits for its end; any number of times, also when it has ended long ago.
 * Waits:       at most `timeout` (not given: no limit) and no longer than the message being handled
 *              may take.
 * Cancel-safe: the status stays to be asked for.
 * Errors:      TIMED_OUT, CANCELLED; STALE when it was destroyed; LIMIT_REACHED when 16 wait
 *              already; CANNOT_WAIT; NO_MEMORY; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_process_wait(troupe_self *self,
                                                              const troupe_process *process,
                                                              troupe_timeout timeout,
                                                              troupe_process_status *out_status);

/* Sends it a signal, and its group. Does not wait for what comes of it; one that has ended hears
 * nothing.
 * Errors: as troupe_send; STALE when it was destroyed; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_process_signal(troupe_self *self,
                                                                const troupe_process *process,
                                                                int signal);

/* Asks it to end (SIGTERM), and kills it (SIGKILL) if it has not when `grace` is over (not given:
 * five seconds). Does not wait for its end. Errors: as troupe_process_signal. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_process_terminate(troupe_self *self,
                                                                   const troupe_process *process,
                                                                   troupe_timeout grace);

/* Closes its input: it reads the end. Sets process->input to -1.
 * Errors: as troupe_process_signal. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_process_close_input(troupe_self *self,
                                                                     troupe_process *process);

/* Kills it if it has not ended, and closes its descriptors; copies of the handle are STALE then. */
TROUPE_API void troupe_process_destroy(troupe_self *self, troupe_process *process);

TROUPE_END

#endif
