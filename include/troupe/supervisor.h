/* SPDX-License-Identifier: MIT */
/* supervisor: an actor that starts others, restarts those that fail, and gives up by a written
 * rule.
 *
 * A tree is constant data: a supervisor's children are described by an array, and a child may be a
 * supervisor again. Children are started in the order of the array, each when the one before is
 * ready, and stopped in reverse.
 *
 *     static const troupe_child_spec children[] = {
 *         TROUPE_CHILD(.id = "till", .actor = TROUPE_SPAWN(.behavior = &till)),
 *         TROUPE_CHILD(.id = "desk", .actor = TROUPE_SPAWN(.body = desk)),
 *     };
 *     static const troupe_supervisor_spec shop = TROUPE_SUPERVISOR(.name = "shop",
 *         .children = children, .child_count = 2, .restarts_max = 5,
 *         .window = TROUPE_CONSTANT_S(10));
 *
 * A restart keeps the child's ref, name, mailbox and those who watch it. Unless the child's spec
 * says otherwise the message that was being handled when it failed has ended, and what is queued is
 * handled by the next start, as is what comes meanwhile. Its state is zeroed and its `start` or
 * body called again with the same argument; its own children, timers, asks and monitors have ended;
 * children that have not within 5 s are cancelled.
 * Those who watch it are told when it ends for good.
 * Threads: the handler or body that self was given to. */
#ifndef TROUPE_SUPERVISOR_H
#define TROUPE_SUPERVISOR_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/placement.h>
#include <troupe/ref.h>
#include <troupe/spawn.h>
#include <troupe/time.h>

TROUPE_BEGIN

/* Who is restarted when a child has failed. */
typedef enum troupe_strategy {
    TROUPE_ONE_FOR_ONE = 0, /* that child */
    TROUPE_ONE_FOR_ALL,     /* all: they are stopped in reverse order and started in order */
    TROUPE_REST_FOR_ONE,    /* that child and those after it */
    TROUPE_DYNAMIC /* that child; children have no order, are started and stopped at once */
} troupe_strategy;

/* When a child is restarted. */
typedef enum troupe_child_kind {
    TROUPE_PERMANENT = 0, /* however it ended */
    TROUPE_TRANSIENT,     /* when it failed; not when it returned OK or was stopped */
    TROUPE_TEMPORARY      /* never, nor with others: then it is ended for good */
} troupe_child_kind;

/* What becomes of the messages that a child has in its mailbox or stash when a start of it ends and
 * another may follow. What comes later is for that one in any case. */
typedef enum troupe_mailbox_fate {
    TROUPE_MAILBOX_KEEP = 0, /* they are for the next start, or dead letters if none comes */
    TROUPE_MAILBOX_DROP,     /* dead letters; asks are answered with RESTARTED */
    /* They go on to the heir, each as it is and in order. Those that find no room there or nobody
     * are dead letters; asks are answered with what a send to the heir would return. */
    TROUPE_MAILBOX_HEIR
} troupe_mailbox_fate;

/* When a supervisor ends by itself because significant children have ended for good. */
typedef enum troupe_auto_shutdown {
    TROUPE_AUTO_SHUTDOWN_NEVER = 0,
    TROUPE_AUTO_SHUTDOWN_ANY, /* one has */
    TROUPE_AUTO_SHUTDOWN_ALL  /* the last has */
} troupe_auto_shutdown;

typedef struct troupe_supervisor_spec troupe_supervisor_spec;

#define TROUPE_NO_RETRIES UINT32_MAX

/* A child. Give `actor`, `supervisor` or `placement`; what they point to is borrowed while the
 * supervisor lives. Zero means the default of each field. */
typedef struct troupe_child_spec {
    size_t size;                       /* set by TROUPE_CHILD */
    const char *id;                    /* for logs and lists; NULL: "" */
    const troupe_spawn_options *actor; /* without .out_monitor, .scope, .link */
    const troupe_supervisor_spec *supervisor;
    /* Before a restart it waits, twice as long each time it fails again before it has been up for
     * `healthy_after`. TROUPE_NOW: not at all. */
    troupe_timeout backoff_start; /* not given: 50 ms */
    troupe_timeout backoff_max;   /* not given: 30 s */
    troupe_timeout healthy_after; /* not given: 30 s */
    troupe_timeout ready_timeout; /* not given: 5 s; of each start */
    /* Not given: 5 s, of a supervisor TROUPE_FOREVER. One that has not ended by then is cancelled,
     * and named in the log if that does not end it either in the same time. */
    troupe_timeout stop_timeout;
    troupe_child_kind kind;
    uint32_t jitter_percent; /* 0: 20; at most 100; by so much a pause is longer or shorter */
    uint32_t is_significant; /* 1: counts for auto_shutdown */
    troupe_mailbox_fate mailbox;
    troupe_ref heir;                   /* with TROUPE_MAILBOX_HEIR: this, or .heir_name */
    const troupe_placement *placement; /* see placement.h; `actor` is without code then, or NULL */
    const char *heir_name;             /* whoever has this name at that moment, on this node */
    /* How often a message is tried again, first of all by the next start, if the child fails while
     * it handles it (behavior) or has received it last and not replied (coroutine); at most 60.
     * Then it goes into quarantine (quarantine.h). 0: it ends as failed. TROUPE_NO_RETRIES: into
     * quarantine at once. However often it is tried, `restarts_max` counts it as one. */
    uint32_t retries;
    uint32_t reserved;
} troupe_child_spec;

#define TROUPE_CHILD(...)                                                                          \
    {                                                                                              \
        .size = sizeof(troupe_child_spec), __VA_ARGS__                                             \
    }

#define TROUPE_NO_RESTARTS UINT32_MAX

struct troupe_supervisor_spec {
    size_t size;      /* set by TROUPE_SUPERVISOR */
    const char *name; /* registered; NULL: none */
    const troupe_child_spec *children;
    size_t child_count;
    troupe_timeout window; /* not given: 30 s */
    troupe_strategy strategy;
    /* More restarts within any `window` and it gives up: it ends its children and fails with the
     * reason of the child that failed last. 0: 3; TROUPE_NO_RESTARTS: the first failure is one too
     * many. At most 10000. */
    uint32_t restarts_max;
    troupe_auto_shutdown auto_shutdown;
    uint32_t reserved;
};

#define TROUPE_SUPERVISOR(...)                                                                     \
    {                                                                                              \
        .size = sizeof(troupe_supervisor_spec), __VA_ARGS__                                        \
    }

/* Spawns a supervisor as a child of this actor. It is ready when all its children are; if the first
 * start of one fails it ends those started before and fails with that child's error. Told to stop,
 * it ends its children first. The specs are borrowed for its life.
 * Waits:  until it is ready. For coroutines. Cancel-safe: as troupe_spawn.
 * Errors: the first failing child's own; as troupe_spawn; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_supervise(troupe_self *self,
                                                           const troupe_supervisor_spec *spec,
                                                           troupe_ref *out_ref);

/* While a supervisor runs its children can be looked at and changed. These ask it, from a
 * coroutine, which waits. A child that asks so about itself waits for its own end: give a short
 * timeout.
 * Cancel-safe: TROUPE_OK if it was done; with CANCELLED or TIMED_OUT it may be done, too, or still
 *         be: ask for the list.
 * Errors: those of troupe_ask; STALE for a ref that is no child of it (any more); LIMIT_REACHED
 *         while another such call about the same child is under way; STOPPING when it is ending;
 *         PROTOCOL or NO_REPLY if it is no supervisor. */

/* Adds a child, behind the others, and starts it. The spec is copied; what it points to is borrowed
 * while the child lives.
 * Waits:  until the child is ready.
 * Errors: also the child's own, if its first start fails: then it is not added; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_child_add(troupe_self *self, troupe_ref supervisor,
                                                           const troupe_child_spec *spec,
                                                           troupe_timeout timeout,
                                                           troupe_ref *out_ref);

/* Ends a child for good. Waits: until it has ended. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_child_remove(troupe_self *self,
                                                              troupe_ref supervisor,
                                                              troupe_ref child,
                                                              troupe_timeout timeout);

/* Stops a child and starts it again, that one only and uncounted. Waits: until it is ready.
 * Errors: also the child's own, if it fails again first; it is then restarted by the rules. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_child_restart(troupe_self *self,
                                                               troupe_ref supervisor,
                                                               troupe_ref child,
                                                               troupe_timeout timeout);

typedef enum troupe_child_state {
    TROUPE_CHILD_WAITING,  /* for those before it to be ready */
    TROUPE_CHILD_STARTING, /* not ready yet */
    TROUPE_CHILD_UP,
    TROUPE_CHILD_RESTING, /* to be restarted */
    TROUPE_CHILD_STOPPING
} troupe_child_state;

typedef struct troupe_child_info {
    troupe_ref ref; /* none while it waits */
    char id[48];    /* cut if longer */
    troupe_child_state state;
    troupe_child_kind kind;
    uint64_t restarts;
    troupe_error last_reason; /* why it was restarted last */
    uint32_t reserved;
} troupe_child_info;

/* Describes the first `room` children, in the order of their start. *out_count becomes how many
 * there are in all. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_child_list(troupe_self *self,
                                                            troupe_ref supervisor,
                                                            troupe_timeout timeout,
                                                            troupe_child_info *infos, size_t room,
                                                            size_t *out_count);

TROUPE_END

#endif
