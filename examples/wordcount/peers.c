/* SPDX-License-Identifier: MIT */
#include "peers.h"

#include "messages.h"

#include <stdlib.h>

void peers_fini(struct peers *peers)
{
    free(peers->infos);
    *peers = (struct peers) {0};
}

/* Lists all nodes that are known; those that have gone are among them. Returns how many. */
static size_t list(troupe_self *self, struct peers *peers)
{
    for (;;) {
        size_t count = 0;
        if (troupe_nodes(self, peers->infos, peers->room, &count) != TROUPE_OK) {
            return 0;
        }
        if (count <= peers->room) {
            return count;
        }
        troupe_node_info *infos = realloc(peers->infos, 2 * count * sizeof *infos);
        if (infos == NULL) {
            return 0;
        }
        peers->infos = infos;
        peers->room = 2 * count;
    }
}

uint64_t peers_choose(troupe_self *self, struct peers *peers, size_t number, uint64_t but)
{
    uint64_t usable[PEERS_MAX];
    size_t usable_count = 0;
    const size_t count = list(self, peers);
    for (size_t i = 0; i < count && usable_count < PEERS_MAX; i++) {
        const troupe_node_info *info = &peers->infos[i];
        if (info->state == TROUPE_NODE_CONNECTED && info->node != but) {
            usable[usable_count] = info->node;
            usable_count++;
        }
    }
    return usable_count > 0 ? usable[number % usable_count] : 0;
}

static size_t count_connected(troupe_self *self, struct peers *peers)
{
    size_t connected = 0;
    const size_t count = list(self, peers);
    for (size_t i = 0; i < count; i++) {
        connected += peers->infos[i].state == TROUPE_NODE_CONNECTED ? 1 : 0;
    }
    return connected;
}

troupe_error peers_await(troupe_self *self, size_t count)
{
    struct peers peers = {0};
    const uint64_t end_ns = troupe_self_now_ns(self) + PEERS_SECONDS * UINT64_C(1000000000);
    troupe_error error = TROUPE_OK;
    while (!error && count_connected(self, &peers) < count && troupe_self_now_ns(self) < end_ns) {
        error = troupe_sleep(self, TROUPE_WITHIN_MS(5));
    }
    peers_fini(&peers);
    return error;
}
