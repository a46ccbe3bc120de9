/* SPDX-License-Identifier: MIT */
/* hub_list: what people are told of the nodes that a hub has to do with.
 *
 * Owns:    nothing.
 * Threads: the hub's.
 * Fails:   never.
 * Uses:    hub_inside. */
#ifndef TR_NODE_HUB_LIST_H
#define TR_NODE_HUB_LIST_H

#include "cluster/greeting.h"
#include "cluster/session.h"
#include "core/nodes.h"
#include "node/allowed.h"
#include "node/hub.h"

typedef struct tr_hub_row {
    uint64_t node; /* 0: nobody has answered there so far */
    char name[TR_NODE_NAME_MAX + 1];
    char labels[TROUPE_NODE_LABELS_SIZE];
    char endpoint[128]; /* "": it has dialled, and is gone */
    char key_name[TR_ALLOWED_NAME_MAX + 1];
    uint32_t rights;
    bool is_up;
    bool is_suspect;
    bool is_dialled;
    tr_session_counts counts; /* of its session; all zero: there is none */
    uint64_t bytes;           /* it has not said to have received */
} tr_hub_row;

/* Fills the rows with the nodes that are connected, then the addresses where nobody is, then the
 * nodes that were connected and may come back, from the one of this place on. Returns how many
 * there are in all. */
size_t tr_hub_list(tr_hub *hub, size_t first, tr_hub_row *rows, size_t room);

#endif
