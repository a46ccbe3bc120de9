/* SPDX-License-Identifier: MIT */
/* limits: every limit and default of what goes between nodes, by name.
 *
 * Threads: any; these are constants. */
#ifndef TR_CLUSTER_LIMITS_H
#define TR_CLUSTER_LIMITS_H

#include "core/limits.h"

/* Of one frame. A message that takes more is TOO_LARGE. */
#define TR_FRAME_BYTES_MAX (UINT32_C(1) << 20)
#define TR_FRAME_ENVELOPES_MAX 512
/* A frame is given away when it is as large, unless its first message alone is larger. */
#define TR_FRAME_BYTES_USUAL (UINT32_C(64) << 10)
/* What unpacking a frame, or one body, may take: a byte of a frame can stand for many in memory. */
#define TR_UNPACK_BYTES_MAX (UINT32_C(16) << 20)
/* Of the name of a type. */
#define TR_TYPE_NAME_MAX 255

/* Nodes that one is connected to. */
#define TR_PEERS_MAX 1024
/* Incarnations that are over and are still known as such. */
#define TR_GONE_MAX 64

/* The mailbox by which all goes to one other node. */
#define TR_CARRIER_CAPACITY TR_SHAKEN(4096, 4)
#define TR_CARRIER_BYTES (UINT64_C(8) << 20)
/* Open at once in the name of one other node. */
#define TR_CARRIER_MONITORS_MAX (UINT32_C(1) << 20)
#define TR_ENTRANCE_ASKS_MAX (UINT32_C(1) << 16)
/* What has come from one other node and waits for room in the mailboxes here. */
#define TR_ENTRANCE_PARKED_MAX TR_SHAKEN(4096, 128)
#define TR_ENTRANCE_PARKED_BYTES (UINT64_C(8) << 20)
/* Of our own that wait for an answer from one other node. */
#define TR_NUMBERS_MAX (UINT32_C(1) << 20)

/* When a frame that the wire did not take is offered again. */
#define TR_WIRE_AGAIN_NS UINT64_C(1000000)
/* How often DOWNs are looked at that stand behind messages without room. */
#define TR_LATE_LOOK_NS UINT64_C(1000000)
/* How often requests are looked for whose askers have given up by themselves. */
#define TR_NUMBERS_SWEEP_NS UINT64_C(1000000000)

#endif
