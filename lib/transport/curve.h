/* SPDX-License-Identifier: MIT */
/* curve: key pairs, as text in ZeroMQ's Z85.
 *
 * Owns:    nothing.
 * Threads: any.
 * Uses:    libzmq. */
#ifndef TR_TRANSPORT_CURVE_H
#define TR_TRANSPORT_CURVE_H

#include <stdbool.h>
#include <troupe/error.h>

/* A key's characters, with the end of the text. */
#define TR_CURVE_KEY_BYTES 41

bool tr_curve_is_key(const char *text);

/* Each TR_CURVE_KEY_BYTES. Errors: SYSTEM: this ZeroMQ has no CURVE. */
TROUPE_MUST_CHECK troupe_error tr_curve_make(char *out_public, char *out_secret);

/* The public key that goes with a secret one. Errors: BAD_ARGUMENT; SYSTEM as above. */
TROUPE_MUST_CHECK troupe_error tr_curve_public_of(const char *secret, char *out_public);

#endif
