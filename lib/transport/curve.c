/* SPDX-License-Identifier: MIT */
#include "transport/curve.h"

#include <string.h>
#include <zmq.h>

#include "base/assert.h"

bool tr_curve_is_key(const char *text)
{
    static const char z85[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
        ".-:+=^!/*?&<>()[]{}@%$#";
    return strlen(text) == TR_CURVE_KEY_BYTES - 1 && strspn(text, z85) == TR_CURVE_KEY_BYTES - 1;
}

troupe_error tr_curve_make(char *out_public, char *out_secret)
{
    return zmq_curve_keypair(out_public, out_secret) == 0 ? TROUPE_OK : TROUPE_ERROR_SYSTEM;
}

troupe_error tr_curve_public_of(const char *secret, char *out_public)
{
    TR_REQUIRE(tr_curve_is_key(secret), BAD_ARGUMENT);
    if (zmq_curve_public(out_public, secret) != 0) {
        return zmq_errno() == EINVAL ? TROUPE_ERROR_BAD_ARGUMENT : TROUPE_ERROR_SYSTEM;
    }
    return TROUPE_OK;
}
