/* SPDX-License-Identifier: MIT */
/* far: actors of other nodes, as the core sees them.
 *
 * For each node that is connected there is one actor of ours, its carrier, by whose mailbox all
 * goes that is for an actor there: the order and the bound are those of any mailbox. What is sent
 * is admitted to the carrier; whom it is for stands in the message's extension. Monitors and asks
 * name the carrier where they would name an actor of ours.
 * The carriers' parent, the actor at home, may have one other child, the nursery: its children are
 * spawned for other nodes. It is told to stop before the carriers, so that these can say how those
 * have ended.
 * Owns:       the system's list of nodes.
 * Invariants: the carrier of a node on the list lives as long as its entry, or nearly so: who still
 *             sends to one that has ended is told STALE.
 * Threads:    any; guarded by the ports' lock. The port is set before the node has to do with any
 *             other. */
#ifndef TR_CORE_FAR_H
#define TR_CORE_FAR_H

#include "base/assert.h"
#include "core/actor.h"
#include "core/far_window.h"

struct tr_sending;

/* What carries to other nodes; see lib/cluster. Threads: the carrier's worker's. */
typedef struct tr_far_port {
    const troupe_behavior *home; /* of the actor that is the others' parent */
    /* Each takes the message. One that was sent to a carrier comes; its place is given back in
     * time. */
    void (*arrive)(tr_worker *worker, tr_actor *carrier, troupe_message *message);
    /* What an entrance sends, in whose name comes what is from another node: whether it has to
     * stand behind what has landed for that receiver; it lands; and a LINE_GRANT for it, false:
     * it is not wanted. */
    bool (*blocks)(const tr_actor *entrance, tr_address to);
    troupe_error (*land)(tr_worker *worker, struct tr_sending *sending);
    bool (*granted)(tr_worker *worker, tr_actor *entrance, troupe_message *grant);
    /* A watcher's entry for an actor there; its end; and an ask that nobody waits for any more. */
    void (*monitor)(tr_worker *worker, tr_actor *carrier, troupe_message *entry);
    void (*demonitor)(tr_worker *worker, tr_actor *carrier, troupe_message *message);
    void (*give_up)(tr_worker *worker, tr_actor *carrier, troupe_message *notice);
    /* A PROBE whose edge leads to an actor there. */
    void (*probe)(tr_worker *worker, tr_actor *carrier, troupe_message *message);
    /* An actor there was spawned for somebody who has not waited for it. `home` is as below. */
    void (*disown)(tr_worker *worker, tr_actor *home, troupe_ref actor);
    /* Somebody wants to reach a node that is not connected. `home` is the address below; it may
     * have moved on since it was told. */
    void (*want)(tr_worker *worker, tr_actor *home, uint64_t node);
    /* Somebody wants to hear of nodes (core/nodes). */
    void (*tell)(tr_worker *worker, tr_actor *home);
} tr_far_port;

static inline const tr_far_port *tr_far_port_of(const tr_worker *worker)
{
    return worker->system->far;
}

/* From now on this node knows of others. `port` lives as long as the system. */
void tr_far_open(tr_system *system, const tr_far_port *port);

/* The actor on whose worker wishes for connections are heard; nobody: none is. */
void tr_far_set_home(tr_system *system, tr_address home);
tr_address tr_far_home(tr_system *system);

/* The node is reached by this carrier; if it was on the list, what is there is replaced.
 * Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_far_add(tr_system *system, uint64_t node, tr_address carrier);

/* From now on whoever is to go there is told this: UNREACHABLE, or STALE where that incarnation is
 * over. */
void tr_far_close(tr_system *system, uint64_t node, troupe_error verdict);

/* Has who watches the nodes told what there is to tell. False: no memory. */
TROUPE_MUST_CHECK bool tr_far_look_at_news(tr_worker *worker);

/* The node that this carrier, or outlet, stands for, 0 if there is none: for who tells people. */
uint64_t tr_far_node_of(const tr_system *system, tr_address carrier);

/* The carrier of an outlet, which may end before what went by it is answered; else the same. */
tr_address tr_far_carrier_of(const tr_system *system, tr_address address);

/* Sends to actors there are admitted by these windows; NULL: by the carrier. */
void tr_far_set_windows(tr_system *system, uint64_t node, tr_far_windows *windows);

/* Takes it off the list. */
void tr_far_remove(tr_system *system, uint64_t node);
void tr_far_forget_all(tr_system *system);

/* Whether actors of this behavior may be placed on the border's worker. */
static inline bool tr_far_is_home(const tr_system *system, const troupe_behavior *behavior)
{
    return system->far != NULL && system->far->home == behavior;
}

static inline bool tr_far_is(const tr_system *system, troupe_ref ref)
{
    return ref.node != system->options.node_id && ref.node != 0;
}

/* What is asked of a node itself, not of an actor there: who has this name. Answered with a
 * tr_far_found. */
typedef struct tr_far_lookup {
    char name[TR_NAME_MAX + 1];
} tr_far_lookup;
typedef struct tr_far_found {
    troupe_ref actor;
    bool is_made; /* it was spawned for who asks, and nobody else can know it: see disown */
} tr_far_found;
extern const troupe_type tr_far_lookup_type;
bool tr_far_is_for_node(const troupe_message *request);
extern const troupe_type tr_far_found_type;

/* What an actor there is told to do: TR_SIGNAL_STOP, _CANCEL, _KILL. */
typedef struct tr_far_signal {
    uint32_t bits;
} tr_far_signal;
extern const troupe_type tr_far_signal_type;

/* Tells an actor of another node, behind what was sent to it before; never waits.
 * Errors: as tr_far_address; MAILBOX_FULL if too much is to go there already; NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_far_tell(tr_actor *sender, troupe_ref actor, uint32_t bits);

/* An answer comes to nobody. */
void tr_far_came_late(tr_worker *worker, const troupe_message *reply);

/* The address that stands for the actor: its own, or its node's carrier.
 * Errors: as tr_system_address, less LOCAL_ONLY; STALE; UNREACHABLE, and the connection is wished
 *         for. */
TROUPE_MUST_CHECK troupe_error tr_far_address(tr_worker *worker, troupe_ref ref,
                                              tr_address *out_address);

/* What becomes of a message that an actor holds and sends on to another node: a copy is sent. */
typedef struct tr_passage {
    troupe_message *original; /* NULL: the message itself is sent */
} tr_passage;

/* The cold half of tr_far_begin. */
TROUPE_MUST_CHECK troupe_error tr_far_begin_there(tr_actor *sender, troupe_ref to,
                                                  troupe_message **message, tr_address *out_address,
                                                  tr_passage *passage);
void tr_far_end_there(tr_actor *sender, troupe_message **message, const tr_passage *passage);

/* The address to send to; a message for another node is made ready for it. After OK it has to be
 * ended.
 * Errors: as tr_far_address; LOCAL_ONLY for a message that cannot leave its node; NO_MEMORY. */
TROUPE_MUST_CHECK static inline troupe_error tr_far_begin(tr_actor *sender, troupe_ref to,
                                                          troupe_message **message,
                                                          tr_address *out_address,
                                                          tr_passage *passage)
{
    const troupe_error error = tr_system_address(sender->worker->system, to, out_address);
    return TR_LIKELY(error == TROUPE_OK)
               ? TROUPE_OK
               : tr_far_begin_there(sender, to, message, out_address, passage);
}

/* It was sent, or not: *message and what was held are what they are after a send. */
static inline void tr_far_end(tr_actor *sender, troupe_message **message, const tr_passage *passage)
{
    if (TR_UNLIKELY(passage->original != NULL)) {
        tr_far_end_there(sender, message, passage);
    }
}

#endif
