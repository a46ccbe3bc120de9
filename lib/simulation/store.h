/* SPDX-License-Identifier: MIT */
/* store: the files of one simulated node, on a disk that forgets what was not synced.
 *
 * What is written is seen by reads at once, and is lasting when a sync of the file has returned. At
 * a crash each write since then is kept, lost or torn, as chance says; a torn one has its first
 * sectors only. Files are made and removed lastingly at once.
 * Owns:       the files, across incarnations of the node.
 * Invariants: what is lasting and the writes since give what reads see.
 * Threads:    the world's; from within actors.
 * Fails:      as the calls say, and when told to. */
#ifndef TR_SIMULATION_STORE_H
#define TR_SIMULATION_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/error.h>

#include "base/random.h"
#include "simulation/virtual_descriptors.h"

/* What is written at once or not at all. */
#define TR_SECTOR 512

typedef struct tr_file tr_file;

typedef struct tr_store {
    tr_file *files;
    uint64_t bytes;     /* in all files, as reads see them */
    uint64_t bytes_max; /* 0: no limit */
    uint32_t fail_ppm;  /* how many writes and syncs in a million fail */
    uint32_t open_max;  /* files; 0: no limit */
    uint32_t count;
    tr_random *random;                   /* borrowed */
    tr_virtual_descriptors *descriptors; /* borrowed; NULL: as many as are wanted */
    bool is_dead; /* nothing more gets there: the node crashes in this step */
} tr_store;

void tr_store_init(tr_store *store, tr_random *random);
void tr_store_fini(tr_store *store);

/* Makes the file if there is none, and opens it if nothing was written since its last sync.
 * Errors: LIMIT_REACHED (open_max; bytes_max: the disk is full; there is no descriptor); SYSTEM;
 * NO_MEMORY. Nothing was written then. */
TROUPE_MUST_CHECK troupe_error tr_store_write(tr_store *store, const char *name, uint64_t offset,
                                              const void *data, size_t size);

/* What there is from `offset` on, at most `size` bytes; none behind the end, and of a file that is
 * not there. */
size_t tr_store_read(const tr_store *store, const char *name, uint64_t offset, void *out,
                     size_t size);
uint64_t tr_store_size(const tr_store *store, const char *name);

/* All that was written is lasting. Errors: SYSTEM, and what was written since the last is lost in a
 * crash or not. */
TROUPE_MUST_CHECK troupe_error tr_store_sync(tr_store *store, const char *name);

/* Does nothing if there is none. */
void tr_store_remove(tr_store *store, const char *name);

/* The node has crashed. */
void tr_store_crash(tr_store *store);

#endif
