/* SPDX-License-Identifier: MIT */
/* peers: the other nodes, as the one knows them that counts the words of its files.
 *
 * Owns: a list, made anew by each call. One for each actor. */
#ifndef WORDCOUNT_PEERS_H
#define WORDCOUNT_PEERS_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/troupe.h>

/* All zero: empty. */
struct peers {
    troupe_node_info *infos;
    size_t room;
};

void peers_fini(struct peers *peers);

/* One of the connected nodes, so that numbers from 0 up fall to each equally often; not `but`. 0:
 * there is none. */
uint64_t peers_choose(troupe_self *self, struct peers *peers, size_t number, uint64_t but);

/* Waits until so many nodes are connected, or a few seconds: the others may come later. Errors:
 * those of troupe_sleep. */
troupe_error peers_await(troupe_self *self, size_t count);

#endif
