/* SPDX-License-Identifier: MIT */
/* network: what lies between the nodes of a world: connections, and the frames on them.
 *
 * Two nodes have one connection at most, made when one of them first sends. On it a frame is under
 * way for a while that chance draws from the pair's limits; frames from one node to another keep
 * their order and none is lost or comes twice, unless the pair's options say so. While a direction
 * is cut what is sent that way waits; a node that hears nothing for as long as `detect_ns` loses
 * the connection, and with it all that is under way. A node that crashes is noticed by the others
 * at once, or if it fell silently only after that time: until then their end is half open. Where
 * either end has no descriptor left the connection is refused, and tried again as after a loss.
 * Owns:       the frames under way (copies); what it knows of each pair.
 * Invariants: each frame taken comes, waits or was dropped, and each was noted. What is under way
 *             in one direction is within the pair's limits.
 * Threads:    the world's. send, cut and heal may be called from within an actor.
 * Fails:      in send and shape.
 * Uses:       fleet, wires. */
#ifndef TR_SIMULATION_NETWORK_H
#define TR_SIMULATION_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "simulation/fleet.h"
#include "simulation/incarnations.h"
#include "simulation/wires.h"

/* Who hears what comes to a node. Of a loss the reason is STALE if the incarnation is over, else
 * NODE_LOST. Called outside any step of a node, while it is up and not
 * stalled; may send. Nodes are named by the ids of their incarnations. */
typedef struct tr_ears {
    void *context;
    void (*connected)(void *context, uint32_t at, uint64_t node);
    /* It had been connected, or could not be. */
    void (*lost)(void *context, uint32_t at, uint64_t node, troupe_error reason);
    void (*came)(void *context, uint32_t at, uint64_t from, const void *frame, size_t size);
} tr_ears;

typedef struct tr_network {
    tr_fleet *fleet; /* borrowed */
    tr_course *course;
    tr_ears ears;
    tr_wires wires;
    tr_incarnations incarnations;
} tr_network;

void tr_network_init(tr_network *network, tr_fleet *fleet);
void tr_network_fini(tr_network *network);

void tr_network_set_ears(tr_network *network, const tr_ears *ears);

/* How frames go from one node to another from now on; both -1: from any to any, and this is what
 * is usual. Errors: NO_MEMORY; BAD_ARGUMENT. */
TROUPE_MUST_CHECK troupe_error tr_network_shape(tr_network *network, int64_t from, int64_t to,
                                                const tr_wire_options *options);

/* The same for one trait alone, of which `options` has what is to be; NULL: as usual. Both
 * TR_NETWORK_ALL: from any to any. Errors: NO_MEMORY. */
#define TR_NETWORK_ALL UINT32_MAX
TROUPE_MUST_CHECK troupe_error tr_network_alter(tr_network *network, uint32_t from, uint32_t to,
                                                tr_wire_trait trait,
                                                const tr_wire_options *options);
/* All is healed and as usual, and nothing is lost, comes twice or overtakes. */
void tr_network_calm(tr_network *network);

/* Copies it. False: not now; they are not connected yet, or too much is under way. `connected` or
 * `lost` follows in the first case. */
bool tr_network_send(tr_network *network, uint32_t from, uint64_t to_node, const void *frame,
                     size_t size);

/* Ends the connection with that node, if there is one: both lose it. */
void tr_network_close(tr_network *network, uint32_t from, uint64_t to_node);

/* The two are connected whenever they can be: now, and some time after each loss.
 * Errors: NO_MEMORY; BAD_ARGUMENT. */
TROUPE_MUST_CHECK troupe_error tr_network_keep(tr_network *network, uint32_t one, uint32_t other);

/* Nothing that `from` sends gets to `to` any more; it does again. Not known nodes: nothing.
 * Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_network_cut(tr_network *network, uint32_t from, uint32_t to);
void tr_network_heal(tr_network *network, uint32_t from, uint32_t to);
void tr_network_heal_all(tr_network *network);

/* A node has come up, or went down; if silently, nobody is told. Errors: NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_network_node_is_up(tr_network *network, uint32_t index);
void tr_network_node_is_down(tr_network *network, uint32_t index, bool is_silent);
/* It is stalled from now on. */
void tr_network_node_stalls(tr_network *network, uint32_t index);

/* When the next thing happens; TR_NEVER if nothing is under way. */
uint64_t tr_network_next_due_ns(const tr_network *network);

/* One thing that is due; false if there is none. */
bool tr_network_step(tr_network *network);

bool tr_network_are_connected(const tr_network *network, uint32_t at, uint32_t other);

/* True if every invariant above holds. */
bool tr_network_is_sound(const tr_network *network);

#endif
