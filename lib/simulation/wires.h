/* SPDX-License-Identifier: MIT */
/* wires: the pairs of nodes that have to do with each other, and the frames between the two.
 *
 * Owns:       the pairs; the frames.
 * Invariants: a frame is on the agenda, waits at a wire that is cut, or is in the caller's hand. In
 *             one direction they are due in the order added, unless the options say otherwise.
 * Threads:    the world's.
 * Fails:      in get, make_frame and add, by NULL or false. */
#ifndef TR_SIMULATION_WIRES_H
#define TR_SIMULATION_WIRES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "simulation/agenda.h"
#include "simulation/course.h"

/* One direction between two nodes. Zero is the default of each. */
typedef struct tr_wire_options {
    uint64_t latency_ns_min;   /* 0: 50 us */
    uint64_t latency_ns_max;   /* 0: ten times the least */
    uint64_t tail_ns_max;      /* how much longer some take */
    uint64_t bytes_per_second; /* 0: no limit */
    uint64_t detect_ns;        /* 0: 1 s */
    uint32_t tail_ppm;         /* how many in a million take longer; 0 with a tail: 10000 */
    uint32_t loss_ppm;         /* are lost */
    uint32_t repeat_ppm;       /* come twice */
    uint32_t reorder_ppm;      /* may overtake those before them */
    uint32_t queue_frames_max; /* under way at once; 0: 1024 */
    uint32_t queue_bytes_max;  /* but for one frame that is larger; 0: 4 MiB */
} tr_wire_options;

/* What can be changed of them by itself. */
typedef enum tr_wire_trait {
    TR_WIRE_DELAY, /* latency and tail */
    TR_WIRE_LOSS,
    TR_WIRE_REPETITION,
    TR_WIRE_REORDERING,
    TR_WIRE_SPEED,
    TR_WIRE_QUEUE_FRAMES,
    TR_WIRE_QUEUE_BYTES,
    TR_WIRE_TRAITS
} tr_wire_trait;

typedef struct tr_network_counts {
    uint64_t sent; /* = came + dropped + under way - repeated */
    uint64_t came;
    uint64_t dropped;
    uint64_t repeated;
    uint64_t refused; /* not taken by send */
    uint64_t connected;
    uint64_t lost;
} tr_network_counts;

/* What is going to happen at one side of a pair. */
typedef enum tr_wire_kind {
    TR_WIRE_OPEN,  /* this side is asked for a connection */
    TR_WIRE_UP,    /* this side is told that it has one */
    TR_WIRE_CLOSE, /* this side is told that the other has ended it */
    TR_WIRE_CHECK, /* has this side heard nothing for too long? */
    TR_WIRE_RETRY, /* does this side want a connection? */
    TR_WIRE_COUNT,
    TR_WIRE_FRAME = TR_WIRE_COUNT, /* comes to this side */
    TR_WIRE_REFUSED                /* this side is told that a node is not there */
} tr_wire_kind;

typedef struct tr_pair tr_pair;

typedef struct tr_happening {
    tr_date date;
    tr_pair *pair;
    tr_wire_kind kind;
    uint32_t side;
    uint64_t number; /* of the connection; of a check, of the silence */
    bool waits;      /* until the way is healed; frames wait in their own list */
} tr_happening;

typedef struct tr_frame {
    tr_happening happening;
    struct tr_frame *next; /* of those that wait for the way to be healed */
    uint64_t node;         /* of one that is refused */
    size_t size;
    unsigned char data[];
} tr_frame;

/* What leads to one side of a pair. */
typedef struct tr_wire {
    tr_wire_options options;
    uint32_t frames_most; /* what may be under way, also of what was sent under other options */
    uint64_t bytes_most;
    tr_happening happenings[TR_WIRE_COUNT];
    tr_frame *first_waiting;
    tr_frame *last_waiting;
    uint64_t busy_until_ns; /* with sending */
    uint64_t last_due_ns;
    uint64_t silences; /* times that this side could hear again */
    uint64_t bytes;    /* under way */
    uint32_t frames;
    uint32_t node; /* the one at this side */
    uint64_t id;   /* its incarnation, when last connected */
    bool is_up;    /* this side has been told that it is connected */
    bool has_end;  /* this side has a descriptor for the connection */
    bool is_cut;
} tr_wire;

struct tr_pair {
    tr_map_node node;
    uint64_t number; /* of the last connection */
    bool is_opening;
    bool is_kept;     /* it is made, and made again, without being asked for */
    tr_wire sides[2]; /* the lower node first */
};

typedef struct tr_wires {
    tr_course *course; /* borrowed */
    tr_wire_options usual;
    tr_wire_options present; /* of pairs still to be made: the usual, but for what was changed */
    tr_map pairs;            /* by the two nodes */
    tr_agenda agenda;        /* of what is to come */
    uint64_t order;
    uint64_t scheduled; /* room on the agenda that is spoken for */
    uint64_t under_way; /* frames, those that wait too */
    tr_network_counts counts;
} tr_wires;

void tr_wires_init(tr_wires *wires, tr_course *course);
/* Frees the pairs, and the frames, uncounted. */
void tr_wires_fini(tr_wires *wires);

/* Puts the default for each zero. */
void tr_wire_options_complete(tr_wire_options *options);
/* Takes over this of the other's. */
void tr_wire_options_take(tr_wire_options *options, tr_wire_trait trait,
                          const tr_wire_options *from);
void tr_wire_set_options(tr_wire *wire, const tr_wire_options *options);

/* NULL: the two have had nothing to do with each other. */
tr_pair *tr_wires_find(const tr_wires *wires, uint32_t one, uint32_t other);
/* Makes it if need be. NULL: no memory. */
tr_pair *tr_wires_get(tr_wires *wires, uint32_t one, uint32_t other);

static inline uint32_t tr_pair_side(const tr_pair *pair, uint32_t node)
{
    return pair->sides[1].node == node ? 1 : 0;
}

uint64_t tr_wires_latency_ns(const tr_wires *wires, const tr_wire_options *options);
void tr_wires_schedule(tr_wires *wires, tr_happening *what, uint64_t due_ns);
/* What has waited is due now, in its old order. */
void tr_wires_go_on(tr_wires *wires, tr_happening *what);
/* Behind all that is under way to this side. */
uint64_t tr_wires_due_in_order_ns(const tr_wires *wires, tr_wire *wire, uint64_t sent_ns);

/* The wire is busy with so many bytes more. */
void tr_wires_occupy(const tr_wires *wires, tr_wire *wire, size_t size);
/* Sends a copy to this side, when the wire is not busy any more; or loses it on the way. */
bool tr_wires_add(tr_wires *wires, tr_pair *pair, uint32_t side, const void *data, size_t size);
/* One that counts nowhere, for what is scheduled alone; to be freed by tr_wires_free. */
tr_frame *tr_wires_make_frame(tr_wires *wires, tr_pair *pair, uint32_t side, const void *data,
                              size_t size);
void tr_wires_free(tr_wires *wires, tr_frame *frame);
/* It has come; it never does. */
void tr_wires_end(tr_wires *wires, tr_frame *frame);
/* `why`: for people. */
void tr_wires_drop(tr_wires *wires, tr_frame *frame, const char *why);
/* It stays until the wire is healed; none of these ever comes. */
void tr_wires_wait(tr_wire *wire, tr_frame *frame);
void tr_wires_drop_waiting(tr_wires *wires, tr_wire *wire);

/* True if every invariant above holds, and the counts agree. */
bool tr_wires_are_sound(const tr_wires *wires);

#endif
