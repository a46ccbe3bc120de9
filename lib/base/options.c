/* SPDX-License-Identifier: MIT */
#include "base/options.h"

#include "base/assert.h"

#include <string.h>

bool tr_options_read(void *known, size_t known_size, const void *given)
{
    TR_ASSERT(known_size >= sizeof(size_t));
    memset(known, 0, known_size);
    if (given == NULL) {
        return true;
    }

    size_t given_size = 0;
    memcpy(&given_size, given, sizeof given_size);
    if (given_size < sizeof given_size) {
        return false;
    }

    const unsigned char *bytes = given;
    for (size_t i = known_size; i < given_size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }

    memcpy(known, given, given_size < known_size ? given_size : known_size);
    return true;
}
