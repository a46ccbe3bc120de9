/* SPDX-License-Identifier: MIT */
/* town: two nodes of this process that talk all the while, and strangers who come by tcp or by
 * ZeroMQ and say what they like to the one that listens.
 *
 * Owns:    the nodes; a stranger's sockets are its own.
 * Threads: the test's own. */
#ifndef TR_TESTS_SUPPORT_TOWN_H
#define TR_TESTS_SUPPORT_TOWN_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/troupe.h>

#include "cluster/words.h"
#include "support/node_fixture.h"
#include "support/numbered.h"

#define TOWN_WAIT_MS 32000

/* Two nodes, the first of which listens, and what that one has logged. */
struct town {
    troupe_node *nodes[2];
    char endpoint[64];
    uint32_t fds;
    troupe_ref numbers; /* the receiver, on the first */
    struct numbered_receiver receiver;
    struct numbered_sender sender;
    struct probe *probe;
    _Atomic uint32_t refused;
    _Atomic uint32_t broken;
    _Atomic uint32_t versions;
    _Atomic uint32_t anew;
    _Atomic uint32_t interrupted;
    _Atomic uint32_t greeted; /* strangers */
};

/* As cmocka's setup and teardown: *state is the town, and it talks. At its end what was said has
 * come, as does what is said after that, and the friend's connection has not been interrupted. */
int make_town(void **state);
int drop_town(void **state);

/* Starts another round of numbers from the friend. */
void town_talk(struct town *town);
/* What the friend said has come. */
void town_assert_talked(const struct town *town);

uint64_t town_now_ms(void);
/* The test's own thread has nothing to wait on. */
void town_until(const _Atomic uint32_t *counter, uint32_t least);

/* By plain tcp. */

int town_dial(const struct town *town);
/* It may have been closed there. */
void tcp_say(int fd, const void *data, size_t size);
/* Hears until the other side closes. */
void tcp_assert_closed(int fd);

/* By ZeroMQ. */

struct stranger {
    void *context;
    void *sockets[2]; /* control and data */
    void *monitor;    /* of the first */
    uint64_t node;
    uint64_t session; /* theirs */
};

/* It has knocked, and was heard. */
struct stranger a_stranger(const char *endpoint, char mark);
/* Says who it is, as a node does. */
void stranger_greets(struct town *town, struct stranger *stranger, uint64_t node);
/* The same, and a session is open. */
struct stranger a_stranger_in_session(struct town *town, char mark, uint64_t node);
void stranger_says(struct stranger *stranger, int channel, const tr_word *word);
/* Reads the next word that comes on a channel; of a frame in it only that there is one. */
void stranger_hears(struct stranger *stranger, int channel, tr_word *out_word);
void stranger_assert_hung_up_on(struct stranger *stranger);
/* Its end is known there when this returns. */
void drop_stranger(const struct town *town, struct stranger *stranger);

#endif
