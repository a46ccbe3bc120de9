/* SPDX-License-Identifier: MIT */
/* limits: every limit and default of what goes between nodes, by name.
 *
 * Threads: any; these are constants. */
#ifndef TR_CLUSTER_LIMITS_H
#define TR_CLUSTER_LIMITS_H

#include "core/limits.h"

/* Of one frame. A message that takes more goes in pieces. */
#define TR_FRAME_BYTES_MAX (UINT32_C(1) << 20)
#define TR_FRAME_ENVELOPES_MAX 2048
/* A frame is given away when it is as large, unless its first message alone is larger. There is
 * room for one with a body of 64 KiB. */
#define TR_FRAME_BYTES_USUAL (UINT32_C(65) << 10)
/* What unpacking a frame, or one body, may take: a byte of a frame can stand for many in memory. */
#define TR_UNPACK_BYTES_MAX (UINT32_C(16) << 20)
/* The same, of a message that has come in pieces. */
#define TR_UNPACK_LARGE_BYTES_MAX (UINT32_C(192) << 20)
/* Of a message in pieces, as packed: more is TOO_LARGE. */
#define TR_LARGE_BYTES_MAX (UINT32_C(64) << 20)
/* Those that are under way to one other node at a time, and their bytes. */
#define TR_LARGES_MAX TR_SHAKEN(16, 2)
#define TR_LARGES_BYTES_MAX (UINT64_C(128) << 20)
/* Of pieces that are sent and not acknowledged: what is small waits for no more. */
#define TR_LARGE_AHEAD_BYTES (UINT64_C(1) << 20)
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
#define TR_ENTRANCE_ASKS_MAX TR_SHAKEN(UINT32_C(1) << 16, UINT32_C(1) << 10)
/* Answers to one other node on the way out, for which nothing waits here: who does not take them
 * may not ask for ever. */
#define TR_ANSWERS_AT_ONCE_MAX (2 * TR_ENTRANCE_ASKS_MAX)
#define TR_ANSWERS_BYTES_MAX (UINT64_C(256) << 20)
/* What has come from one other node and waits for room in the mailboxes here. */
#define TR_ENTRANCE_PARKED_MAX TR_SHAKEN(4096, 128)
#define TR_ENTRANCE_PARKED_BYTES (UINT64_C(8) << 20)
/* Of our own that wait for an answer from one other node. */
#define TR_NUMBERS_MAX TR_SHAKEN(UINT32_C(1) << 20, UINT32_C(1) << 12)

/* Windows: what the other may have sent and not yet have credit for, over all of them. */
#define TR_CREDIT_MESSAGES TR_SHAKEN(UINT32_C(131072), 64)
#define TR_CREDIT_BYTES (UINT64_C(64) << 20)
/* Bodies may be larger here than where they were sent. */
#define TR_CREDIT_BYTES_LANDED (2 * TR_CREDIT_BYTES)
/* Who has room for less knows no credit. */
#define TR_CREDIT_MESSAGES_LEAST TR_SHAKEN(4096, 64)
#define TR_CREDIT_BYTES_LEAST (UINT64_C(8) << 20)
/* Of one connection; and places of each: at least, at most. */
#define TR_WINDOWS_MAX 1024
#define TR_WINDOW_LEAST TR_SHAKEN(16, 2)
#define TR_WINDOW_MOST TR_SHAKEN(16384, 4)
#define TR_WINDOW_BYTES (UINT64_C(33) << 20)
/* So many wait for their first receiver. */
#define TR_WINDOWS_READY 4
/* So many are made at a time, and as many as there are, when some receivers found none ready. */
#define TR_WINDOWS_MORE 32
/* How often it is looked which are idle. */
#define TR_WINDOW_LOOK_NS UINT64_C(1000000000)
/* Credit waits no longer for a frame that goes anyway, unless so much of a window is owed. */
#define TR_CREDIT_NS UINT64_C(1000000)
#define TR_CREDIT_SOON_MESSAGES TR_SHAKEN(64, 1)
#define TR_CREDIT_SOON_BYTES (UINT64_C(64) << 10)

/* Sessions. Frames that are not yet acknowledged are kept to be sent again. */
#define TR_SESSION_FRAMES_MAX TR_SHAKEN(1024, 4)
#define TR_SESSION_BYTES_MAX (UINT64_C(8) << 20)
/* What a peer may ask for itself is at least this, so that one frame fits. */
#define TR_SESSION_BYTES_LEAST (UINT64_C(1) << 20)
/* Versions of the words that this node speaks. */
#define TR_SESSION_VERSION_LEAST 1
#define TR_SESSION_VERSION_MOST 1
/* No session has a number as large: there is always a next one. */
#define TR_SESSION_NUMBER_MAX (UINT64_C(1) << 62)
/* Something is heard of a node at least as often, if there is a link. */
#define TR_SESSION_BEAT_NS UINT64_C(500000000)
/* Nothing heard for so long: it is suspected; it is dead. */
#define TR_SESSION_SUSPECT_NS UINT64_C(2000000000)
#define TR_SESSION_DEAD_NS UINT64_C(15000000000)
/* An acknowledgement waits for so long, or for so much more, unless a frame takes it along. */
#define TR_SESSION_ACK_NS UINT64_C(2000000)
#define TR_SESSION_ACK_FRAMES TR_SHAKEN(64, 2)
#define TR_SESSION_ACK_BYTES (UINT64_C(256) << 10)
/* Hellos that answer are no closer to each other; one that is not answered is said again. */
#define TR_SESSION_HELLO_GAP_NS UINT64_C(1000000)
#define TR_SESSION_HELLO_AGAIN_NS UINT64_C(200000000)
/* What was sent and is not acknowledged is asked about; twice as long after each time in vain. */
#define TR_SESSION_PROBE_NS UINT64_C(50000000)
/* All is resent no more often than this, unless some of it has come. */
#define TR_SESSION_REWIND_NS UINT64_C(10000000)
/* A word that the link did not take is offered again. */
#define TR_SESSION_AGAIN_NS UINT64_C(1000000)
/* The pause before a link is asked for again: at least and at most, half of it drawn by chance. */
#define TR_SESSION_DIAL_NS UINT64_C(50000000)
#define TR_SESSION_DIAL_NS_MAX UINT64_C(1000000000)
/* There is room for as many of them in the time after which a node is dead. */
#define TR_SESSION_DIALS_LEAST 8
/* The same, after a link on which the other said what nobody may say. */
#define TR_SESSION_DIAL_NS_DESPAIR UINT64_C(5000000000)
/* For how long a link is asked for after somebody here last wanted to reach that node. */
#define TR_SESSION_WANT_NS UINT64_C(5000000000)

/* Spawns for other nodes that are under way at once; their keys, and for how long each is known. */
#define TR_SPAWNS_MAX TR_SHAKEN(4096, 8)
#define TR_SPAWN_KEYS_MAX TR_SHAKEN(65536, 64)
#define TR_SPAWN_KEY_NS UINT64_C(600000000000)

/* When a frame that the wire did not take is offered again. */
#define TR_WIRE_AGAIN_NS UINT64_C(1000000)
/* When who had no room to be told of a node is told. */
#define TR_HERALD_AGAIN_NS UINT64_C(10000000)
/* What a look at one message that has landed is reckoned with, ten times what it takes; and how far
 * ahead of the clock those looks may be. */
#define TR_RING_STEP_NS UINT64_C(100)
#define TR_RINGS_AHEAD_NS UINT64_C(5000000)
/* How often requests are looked for whose askers have given up by themselves. */
#define TR_NUMBERS_SWEEP_NS UINT64_C(1000000000)

#endif
