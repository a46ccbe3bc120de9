/* SPDX-License-Identifier: MIT */
/* hub_inside: what the parts of the hub know of each other.
 *
 * Owns:    see hub.
 * Threads: the hub's. */
#ifndef TR_NODE_HUB_INSIDE_H
#define TR_NODE_HUB_INSIDE_H

#include "base/map.h"
#include "base/random.h"
#include "cluster/greeting.h"
#include "cluster/sessions.h"
#include "node/doorman.h"
#include "node/farewell.h"
#include "node/hub.h"

#define TR_HUB_NS_PER_MS UINT64_C(1000000)
#define TR_HUB_HANDSHAKE_MS 5000
/* Before an address is dialled again, at first. */
#define TR_HUB_PAUSE_NS_MIN (50 * TR_HUB_NS_PER_MS)

typedef struct tr_target tr_target;
typedef struct tr_way tr_way;

/* What is dialled. */
struct tr_target {
    tr_hub_address given;
    tr_way *way;      /* NULL: none was dialled from here */
    uint64_t node;    /* who was there last; 0: nobody yet */
    uint64_t dial_ns; /* TR_NEVER: not while it has a tr_way */
    uint64_t pause_ns;
    bool has_failed; /* which was said */
    bool is_self;
    bool is_given_up;
};

/* A link, whoever dialled it. */
struct tr_way {
    tr_hub *hub;
    tr_map_node by_node;
    tr_list waiting; /* for a greeting */
    tr_mesh_link *link;
    tr_target *from;      /* NULL: others have dialled */
    uint64_t deadline_ns; /* for the greeting */
    uint64_t node;        /* 0: it has not greeted */
    char name[TR_NODE_NAME_MAX + 1];
};

struct tr_hub {
    tr_hub_options options;
    const troupe_allocator *allocator;
    tr_border border;
    tr_sessions sessions;
    tr_farewell farewell;
    tr_mesh *mesh;
    tr_map ways;     /* that have greeted, by node */
    tr_list waiting; /* by deadline */
    tr_random random;
    tr_target *addresses;
    size_t addresses_bytes;
    tr_doorman doorman;
};

static inline uint64_t tr_hub_now_ns(const tr_hub *hub)
{
    const tr_clock *clock = &hub->options.system->ports.clock;
    return clock->now_ns(clock->context);
}

static inline const troupe_log *tr_hub_log(const tr_hub *hub)
{
    return hub->options.system->ports.log;
}

static inline uint64_t tr_hub_own_node(const tr_hub *hub)
{
    return hub->options.system->options.node_id;
}

/* NULL: nobody has still to greet. */
tr_way *tr_hub_first_waiting(const tr_hub *hub);
void tr_hub_end_way(tr_way *gone);

/* Dials, and ends who does not greet in time. False: nothing was due. */
bool tr_hub_do_the_due(tr_hub *hub);
uint64_t tr_hub_next_due_ns(const tr_hub *hub);

/* What the mesh tells, and what sessions ask for. */
tr_mesh_ears tr_hub_ears(tr_hub *hub);
tr_link_port tr_hub_links(tr_hub *hub);
/* Whose keys may connect, and what who may do. */
tr_mesh_judge tr_hub_judge(tr_hub *hub);
tr_rights_port tr_hub_rights(tr_hub *hub);

#endif
