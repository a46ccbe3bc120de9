/* SPDX-License-Identifier: MIT */
#include "simulation/virtual_descriptors.h"

#include "base/assert.h"

void tr_virtual_descriptors_limit(tr_virtual_descriptors *descriptors, uint64_t most)
{
    descriptors->is_limited = true;
    descriptors->most = most;
}

void tr_virtual_descriptors_heal(tr_virtual_descriptors *descriptors)
{
    descriptors->is_limited = false;
}

bool tr_virtual_descriptors_take(tr_virtual_descriptors *descriptors)
{
    if (descriptors->is_limited && descriptors->used >= descriptors->most) {
        descriptors->refused++;
        return false;
    }
    descriptors->used++;
    return true;
}

void tr_virtual_descriptors_give(tr_virtual_descriptors *descriptors)
{
    TR_ASSERT(descriptors->used > 0);
    descriptors->used--;
}
