/* SPDX-License-Identifier: MIT */
/* squeeze: pieces of what is large made smaller, by LZ4, where the library was found.
 *
 * A piece at a time: so it takes its turn with what is small, and what it becomes again lies in
 * memory that was granted before.
 * Owns:    nothing.
 * Threads: its owner's.
 * Uses:    body, for its scratch. */
#ifndef TR_CLUSTER_SQUEEZE_H
#define TR_CLUSTER_SQUEEZE_H

#include "cluster/body.h"

/* A bit of `features` in a HELLO: who says it takes pieces that are LZ4 blocks. */
#define TR_FEATURE_LZ4 UINT64_C(1)

/* Of this build, as it says in a HELLO. */
uint64_t tr_squeeze_features(void);

/* Returns the size of the block that has become of the data, in the scratch; 0: it would have saved
 * less than an eighth, or there is no memory, or no library. */
size_t tr_squeeze(tr_scratch *scratch, const void *data, size_t size, const void **out_block);

/* False: the block is none of exactly so many bytes; what was read of it up to there is set. */
bool tr_unsqueeze(const void *block, size_t block_size, void *out_data, size_t size);

#endif
