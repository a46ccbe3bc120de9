/* SPDX-License-Identifier: MIT */
/* remote: actors of other nodes.
 *
 * A ref of another node is used like any: sends, asks, replies, monitors, links, stop, cancel and
 * kill go there. A message that goes is packed: protobuf messages, raw bytes and types without a
 * body always can be, a struct if its troupe_type has pack and unpack. The node that it goes to has
 * to know its type, by name: who does not gets no such message, and who asks is told PROTOCOL.
 *
 * A send is admitted here, by a window for its receiver: of what was sent and has not entered the
 * receiver's mailbox yet, some 16 to 8192 messages, the fewer the more receivers there are. While
 * that is full a send waits, fails or is dropped, as .on_full, .margin and .timeout of its options
 * say; by default it waits. What was accepted is not refused for want of room any more. The
 * receiver's own policy holds when it enters: one that drops or redirects slows nobody, for one
 * that has senders wait or fail it stands in line there, and nobody else has to wait for that.
 * What becomes of it there the other node counts. If the connection is
 * lost, whoever waits for a reply from there is told NODE_LOST, each monitor gets its DOWN, and
 * each link is ended by an exit with NODE_LOST, at both ends.
 * Threads: the handler or body that self was given to. */
#ifndef TROUPE_REMOTE_H
#define TROUPE_REMOTE_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/actor.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/monitor.h>
#include <troupe/ref.h>
#include <troupe/spawn.h>
#include <troupe/time.h>

TROUPE_BEGIN

/* From now on this node takes in messages of the type from other nodes, replies too. The descriptor
 * lives as long as the node. Again: nothing happens.
 * Errors: NAME_TAKEN by another type; NO_MEMORY; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error
troupe_learn(troupe_self *self, const ProtobufCMessageDescriptor *descriptor);

/* The same for a struct, for raw bytes and for a type without a body.
 * Errors: as troupe_learn; LOCAL_ONLY for a struct without pack or unpack. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_learn_type(troupe_self *self,
                                                            const troupe_type *type);

/* The ref of the live actor of this name on the node with this id (see troupe_self_node_id, and
 * `node` in a ref).
 * Waits:  for the other node, in a coroutine; a behavior cannot.
 * Errors: NO_SUCH_ACTOR; UNREACHABLE, STALE, NODE_LOST; those of troupe_ask. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_lookup_on(troupe_self *self, uint64_t node,
                                                           const char *name, troupe_timeout timeout,
                                                           troupe_ref *out_ref);

/* From now on this node spawns such actors for other nodes, by this name of at most 63 bytes, as
 * `counter.2`: what is to mean another kind of actor or another argument is another name. Give
 * `actor` as to troupe_spawn, without a name, argument, monitor, scope or link; placed with its
 * parent means on any worker. `argument` is NULL, or the type of what it is handed as its argument:
 * a struct, or a protobuf message, that is there until it is ready. The type is learned. Such an
 * actor has no parent among the user's: it ends of itself, or is stopped, or with the node. Again:
 * nothing happens.
 * Errors: NAME_TAKEN by another offer; those of troupe_learn; BAD_ARGUMENT. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_offer(troupe_self *self, const char *name,
                                                       const troupe_spawn_options *actor,
                                                       const troupe_accept *argument);

/* What another node is to spawn. Zero means the default of each field. */
typedef struct troupe_spawn_on_options {
    size_t size;                      /* set by TROUPE_SPAWN_ON */
    const char *name;                 /* by which it is offered there */
    const ProtobufCMessage *protobuf; /* the argument: this, or a type with its body, or neither */
    const troupe_type *type;
    const void *body;
    /* Not 0: at that node the first request for this name with this key spawns, and those that come
     * in ten minutes after it, from whichever node, get the same actor, ended or not, or the same
     * error. So who is not answered may ask again. */
    uint64_t key;
    troupe_timeout timeout; /* not given: 5 s */
    /* NULL, or the actor is monitored from its start on, as if its spawner was of its node. */
    troupe_monitor_id *out_monitor;
    uint32_t link; /* 1: linked to its spawner from its start on */
    uint32_t reserved;
} troupe_spawn_on_options;

#define TROUPE_SPAWN_ON(...)                                                                       \
    (&(const troupe_spawn_on_options) {.size = sizeof(troupe_spawn_on_options), __VA_ARGS__})

/* Has another node spawn one of the actors that it offers, and reports what its start returned.
 * Waits:       until it is ready, at most `timeout`; in a coroutine.
 * Cancel-safe: TROUPE_OK and an actor that is ready; on an error one that had begun is stopped, but
 *              for NODE_LOST, after which it may be there. With a key it may be there after
 *              TIMED_OUT and CANCELLED too: ask again.
 * Errors:      the actor's own; NO_SUCH_ACTOR if nothing is offered there by this name; PROTOCOL if
 *              its argument is of another type; UNREACHABLE, STALE, NODE_LOST; LIMIT_REACHED (too
 *              many spawns under way there, or keys); those of troupe_ask and troupe_monitor;
 *              BAD_ARGUMENT, also for this node itself. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_spawn_on(troupe_self *self, uint64_t node,
                                                          const troupe_spawn_on_options *options,
                                                          troupe_ref *out_ref);

/* The id of the node's incarnation, which is `node` in the refs of its actors. 0 of NULL. */
TROUPE_API uint64_t troupe_self_node_id(const troupe_self *self);

TROUPE_END

#endif
