/* SPDX-License-Identifier: MIT */
/* remote: actors of other nodes.
 *
 * A ref of another node is used like any: sends, asks, replies and monitors go there. A message
 * that goes is packed: protobuf messages, raw bytes and types without a body always can be, a
 * struct if its troupe_type has pack and unpack. The node that it goes to has to know its type, by
 * name: who does not gets no such message, and who asks is told PROTOCOL.
 *
 * A send that is accepted waits here for the connection, within the bounds of a mailbox that all
 * share who send to that node; what becomes of it there the other node counts. If the connection is
 * lost, whoever waits for a reply from there is told NODE_LOST, and each monitor gets its DOWN.
 * Threads: the handler or body that self was given to. */
#ifndef TROUPE_REMOTE_H
#define TROUPE_REMOTE_H

#include <protobuf-c/protobuf-c.h>
#include <stdint.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/message.h>
#include <troupe/ref.h>
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

/* The id of the node's incarnation, which is `node` in the refs of its actors. 0 of NULL. */
TROUPE_API uint64_t troupe_self_node_id(const troupe_self *self);

TROUPE_END

#endif
