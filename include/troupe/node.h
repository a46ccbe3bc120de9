/* SPDX-License-Identifier: MIT */
/* node: the workers of one process's share in a system, and the actors on them.
 *
 * Several nodes in one process do not know of each other. Nothing is taken over: no signal handler
 * unless asked for, and no thread before start.
 * Threads: any between create and destroy, unless said otherwise. */
#ifndef TROUPE_NODE_H
#define TROUPE_NODE_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/actor.h>
#include <troupe/allocator.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/hosts.h>
#include <troupe/log.h>
#include <troupe/ref.h>
#include <troupe/spawn.h>
#include <troupe/supervisor.h>
#include <troupe/time.h>

TROUPE_BEGIN

/* Whose handlers a thread of the node watches. One that runs longer than .slow_after is logged
 * while it runs, with actor, type of the message and, with .fault_signals, backtrace; and again
 * when it ends. At most ten at once and then one a second; what was left out is counted. */
typedef enum troupe_watchdog {
    TROUPE_WATCHDOG_OFF,
    TROUPE_WATCHDOG_ON, /* but for those of actors with a thread of their own, which may block */
    TROUPE_WATCHDOG_ALL
} troupe_watchdog;

/* Whether actors go from worker to worker by themselves, between their turns: from one that has
 * much to do to one that has less, if they compute more than they talk, and to the worker of those
 * they talk to. Not those that are .pinned, and not those placed on a worker, by a key or on a
 * thread of their own. */
typedef enum troupe_balance {
    TROUPE_BALANCE_ON,
    TROUPE_BALANCE_OFF
} troupe_balance;

/* What becomes of a node when one of its root actors fails, that is ends with an error and was
 * neither stopped nor cancelled, at its start too: most of all a supervisor that has given up.
 * Either is logged, and troupe_node_join returns the error of the first that failed. */
typedef enum troupe_on_root_failure {
    TROUPE_ROOT_GO_ON, /* the others go on */
    TROUPE_ROOT_STOP   /* the node stops, as by troupe_node_stop */
} troupe_on_root_failure;

/* Zero means the default of each field. */
typedef struct troupe_node_options {
    size_t size;                       /* set by TROUPE_NODE_OPTIONS */
    const char *name;                  /* for logs, copied; NULL: "node" */
    const troupe_allocator *allocator; /* copied; NULL: the C library's */
    const troupe_log *log;             /* copied; NULL: nothing is logged */
    uint64_t memory_budget;            /* bytes in all mailboxes above 256 a message; 0: half
                                         * of the machine's memory */
    uint64_t seed;                     /* of troupe_self_random; 0: from the system */
    troupe_timeout drain_timeout;      /* of a stop, for what is queued; not given: 5 s */
    troupe_timeout stop_timeout;       /* of a stop, for the actors to end; not given: 5 s */
    troupe_timeout slow_after;         /* what the watchdog calls slow; not given: 100 ms */
    troupe_timeout blocking_limit;     /* see .spares_max below; not given: 20 ms */
    troupe_timeout deaf_after;         /* when an attached thread that receives nothing is logged,
                                         * see below; not given: 5 s */
    uint32_t workers;                  /* threads, at most 64; 0: one per core */
    uint32_t actors_max;               /* 0: 4 million */
    uint32_t own_threads_max;          /* actors placed on their own thread; 0: 64, at most 192 */
    uint32_t mailbox_capacity_default; /* messages; 0: 1024 */
    uint32_t stack_size;               /* bytes of a coroutine's stack; 0: 65536 */
    uint32_t stop_on_signals;          /* 1: SIGINT and SIGTERM stop the node; they are blocked in
                                         * the thread that creates it and in those it starts */
    uint32_t turn_messages;            /* an actor's budget before others run; 0: 64 */
    uint32_t watchdog;                 /* a troupe_watchdog */
    uint32_t fault_signals;            /* 1: handlers for faults and backtraces, see below */
    uint32_t spares_max;               /* see below; 0: none, at most 256 */
    uint32_t offload_threads_max;      /* of troupe_offload's pool; 0: four more than processors,
                                         * but at most 32; given: at most 1024 */
    uint32_t offload_queue_max;        /* its jobs that wait for a thread; 0: 1024 */
    uint32_t debug;                    /* 1: debug mode, see below */
    uint32_t balance;                  /* a troupe_balance */
    uint32_t on_root_failure;          /* a troupe_on_root_failure */
    uint32_t plain;                    /* a troupe_plain */
    uint32_t border;                   /* a troupe_border; see hosts.h */
    /* Other nodes; see hosts.h. All copied. */
    const char *labels;       /* told to other nodes, as "rack=a,ssd": words of letters, digits and
                               * ._-:/=, below 128 bytes in all; see nodes.h. NULL: none */
    const char *listen;       /* where they may dial, as "tcp://192.0.2.1:7400" or with port "*" */
    const troupe_peer *peers; /* dialled again and again while the node runs */
    const char *public_key;   /* of this node: CURVE, 40 characters of ZeroMQ's Z85 */
    const char *secret_key;
    const char *const *allowed_keys; /* the public keys of who may dial */
    troupe_timeout suspect_after;    /* silence that is worth a line in the log; not given: 2 s */
    troupe_timeout dead_after;       /* silence after which it counts as lost; not given: 15 s */
    uint32_t peer_count;
    uint32_t allowed_key_count;
    const char *key_file;     /* instead of the two keys: a file with them; see keys.h */
    const char *allowed_file; /* who else may dial, and what each may do; see keys.h */
    uint32_t inspect;         /* a troupe_inspect */
    uint32_t compress;        /* 1: bodies above 64 KiB, for nodes that know LZ4; see hosts.h */
    const char *listen_local; /* besides, for this user on this machine: "ipc:///run/node" */
    uint32_t on_refusal;      /* a troupe_on_refusal */
    uint32_t reserved;
} troupe_node_options;

/* Handlers that block. When one has held its worker for longer than .blocking_limit while others
 * there have something to do, a spare thread takes the worker over, of which there are at most
 * .spares_max. The handler goes on beside it on its own thread; its calls with `self` work, each
 * waits for a moment when the worker is between two actors. Its actor stays in that handler: what
 * comes for it waits. When it returns or waits the worker is on its own thread again. Without
 * spares, or when all of them are held up, a handler that blocks holds up the others on its worker.
 * Not for actors with a thread of their own, nor for `stop` of a behavior. */

/* Debug mode looks for what a program does wrong, at some cost, and logs it:
 *   - a call with a `self` that is not the caller's: on another thread, or in another actor's turn;
 *   - messages that were neither sent nor destroyed when the node is destroyed, by type;
 *   - tasks whose result was kept and futures that nobody ever waited for, unless their scope was
 *     cancelled or its time was over; of this and the above the first ten;
 *   - handlers that take longer than 10 ms, unless .slow_after or .watchdog say otherwise. */

/* Attached threads (attach.h) that stop receiving. With a watchdog one that has received nothing
 * for .deaf_after while messages or senders wait for it, and does not wait for a message either, is
 * logged, once until it receives again; troupe_node_report names it as long as that lasts. */

/* Signal handlers. With .fault_signals the process has, while a node with it exists,
 *   - a handler for SIGSEGV and SIGBUS, on a stack of its own in each thread that runs actors: it
 *     writes to standard error which actor overflowed its stack, or in which actor the fault was,
 *     and then does what was done before, be it another handler or the end of the process;
 *   - a handler for one real-time signal that nobody used: the watchdog sends it to a thread whose
 *     handler is slow, once, for the backtrace in the log. A system call that waits there goes on
 *     by itself, but for those that return EINTR after any signal: poll, epoll_wait, nanosleep and
 *     the like (signal(7)).
 * When the last such node is destroyed what was there before is put back. Without it there are no
 * handlers: a slow handler is logged without backtrace, and an overflow just ends the process. */

#define TROUPE_NODE_OPTIONS(...)                                                                   \
    (&(const troupe_node_options) {.size = sizeof(troupe_node_options), __VA_ARGS__})

/* Makes a node; `options` may be NULL.
 * Owns:   *out_node is the caller's.
 * Errors: NO_MEMORY; SYSTEM; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_node_create(const troupe_node_options *options,
                                                             troupe_node **out_node);

/* Starts the workers. Errors: BAD_ARGUMENT if done before; SYSTEM; NO_MEMORY; FORKED. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_node_start(troupe_node *node);

/* Spawns a root actor and reports what its start returned, as troupe_spawn does. Not from within an
 * actor of this node.
 * Waits: until the child is ready, at most start_timeout.
 * Errors: as troupe_spawn; STOPPING; BAD_ARGUMENT before start. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_node_spawn(troupe_node *node,
                                                            const troupe_spawn_options *options,
                                                            troupe_ref *out_ref);

/* Spawns a supervisor as a root actor; see supervisor.h. The spec is borrowed for its life.
 * Waits: until all its children are ready.
 * Errors: as troupe_supervise; otherwise as troupe_node_spawn. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_node_supervise(troupe_node *node,
                                                                const troupe_supervisor_spec *spec,
                                                                troupe_ref *out_ref);

/* Tells the node to stop: no new root actors; what is queued is drained within drain_timeout; then
 * all actors are stopped, children first, within stop_timeout, and none can spawn from then on;
 * then those left are cancelled and named. Returns at once; may be called from a handler and
 * again. */
TROUPE_API void troupe_node_stop(troupe_node *node);

/* Waits until the node has stopped and its threads have ended. Not from within an actor.
 * Errors: the first error with which a root actor failed, else OK; TIMED_OUT if actors had to be
 *         left behind (troupe_node_report names them). */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_node_join(troupe_node *node);

/* What a stop is waiting for, or what it had to leave behind, as text for people: one line each
 * with actor, state, and what it waits for; and, at any time, the attached threads that have
 * stopped receiving; "" if nothing. Truncated to `size`. */
TROUPE_API void troupe_node_report(troupe_node *node, char *text, size_t size);

/* Stops the node if need be, waits, frees everything. Takes NULL; sets *node to NULL. Not from
 * within an actor. Messages that are still the program's must have been destroyed. */
TROUPE_API void troupe_node_destroy(troupe_node **node);

/* Makes and starts a node, spawns a coroutine as its root actor, at first on worker 0, waits until
 * that one has ended, stops the node. For `main`.
 * Errors: what the body returned, or why it could not run. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_run(const troupe_node_options *options,
                                                     troupe_body *body, void *argument);

/* The same for a whole program: takes the options of a node, those of arguments.h, and --help out
 * of argv, in place, up to a "--": so it may listen, and join other nodes. Without them it logs to
 * stderr, watches for handlers that take more than 100 ms, and has 8 spare threads for those that
 * block; always it has .fault_signals and stops at SIGINT and SIGTERM. TROUPE_DEBUG=1 in the
 * environment turns debug mode on. Other arguments are the program's own and may come through
 * `argument`. Returns the exit status: 0, or 1 after saying on stderr what failed, or 2 for a bad
 * option. */
TROUPE_API int troupe_main(int argc, char **argv, troupe_body *body, void *argument);

TROUPE_END

#endif
