/* SPDX-License-Identifier: MIT */
#include "cluster/squeeze.h"

#ifdef TR_HAS_LZ4

#include <limits.h>
#include <lz4.h>

uint64_t tr_squeeze_features(void)
{
    return TR_FEATURE_LZ4;
}

size_t tr_squeeze(tr_scratch *scratch, const void *data, size_t size, const void **out_block)
{
    const size_t state_size = ((size_t) LZ4_sizeofState() + 15) & ~(size_t) 15;
    const size_t most = size - size / 8;
    if (size > INT_MAX || !tr_scratch_reserve(scratch, state_size + most)) {
        return 0;
    }
    char *block = (char *) scratch->data + state_size;
    const int block_size =
        LZ4_compress_fast_extState(scratch->data, data, block, (int) size, (int) most, 1);
    *out_block = block;
    return (size_t) block_size;
}

bool tr_unsqueeze(const void *block, size_t block_size, void *out_data, size_t size)
{
    return block_size <= INT_MAX && size <= INT_MAX &&
           LZ4_decompress_safe(block, out_data, (int) block_size, (int) size) == (int) size;
}

#else

uint64_t tr_squeeze_features(void)
{
    return 0;
}

size_t tr_squeeze(tr_scratch *scratch, const void *data, size_t size, const void **out_block)
{
    (void) scratch;
    (void) data;
    (void) size;
    (void) out_block;
    return 0;
}

bool tr_unsqueeze(const void *block, size_t block_size, void *out_data, size_t size)
{
    (void) block;
    (void) block_size;
    (void) out_data;
    (void) size;
    return false;
}

#endif
