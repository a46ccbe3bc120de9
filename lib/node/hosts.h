/* SPDX-License-Identifier: MIT */
/* hosts: what a node's options say of other nodes, checked and copied.
 *
 * Owns:       copies of endpoints and keys, in one block; the allow-list.
 * Threads:    read and free one at a time; the rest any, they do not change, but for the
 *             allow-list, which the node's hub has.
 * Fails:      in read. */
#ifndef TR_NODE_HOSTS_H
#define TR_NODE_HOSTS_H

#include <stdbool.h>
#include <troupe/node.h>

#include "node/hub.h"

typedef struct tr_hosts {
    char *block; /* NULL: nothing is wanted */
    size_t size;
    const char *listen;
    const char *listen_local;
    const char *public_key;
    const char *secret_key;
    tr_hub_address *addresses;
    const char **allowed_keys;
    const char *allowed_file; /* NULL: none */
    uint32_t address_count;
    uint32_t allowed_key_count;
    tr_allowed allowed;
    uint64_t suspect_ns;
    uint64_t dead_ns;
    bool squeezes;
} tr_hosts;

/* Whether the node is to have to do with others. */
bool tr_hosts_are_wanted(const troupe_node_options *options);

/* Errors: BAD_ARGUMENT, and the log says what would be right; NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_hosts_read(tr_hosts *hosts, const troupe_node_options *given,
                                             const troupe_allocator *allocator,
                                             const troupe_log *log);
/* Takes one that is all zero. */
void tr_hosts_free(tr_hosts *hosts, const troupe_allocator *allocator);

/* The allow-list as it is now, for the hub, to take the place of the one it has.
 * Errors: as tr_allowed_read. */
TROUPE_MUST_CHECK troupe_error tr_hosts_read_allowed(const tr_hosts *hosts,
                                                     const tr_text_reader *reader,
                                                     tr_allowed *out_allowed);

/* For the hub; with what the node still adds. */
tr_hub_options tr_hosts_hub_options(const tr_hosts *hosts);

#endif
