/* SPDX-License-Identifier: MIT */
/* ref: the address of an actor.
 *
 * A ref is a value: copied freely, compared, sent in messages, printed and parsed; there is nothing
 * to release. It names exactly one actor. When that actor has ended the ref is stale, which every
 * call recognises; it never reaches a successor. A restarted actor keeps its ref.
 * Threads: any. */
#ifndef TROUPE_REF_H
#define TROUPE_REF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <troupe/api.h>
#include <troupe/error.h>

TROUPE_BEGIN

typedef struct troupe_ref {
    uint64_t node;       /* the node's incarnation: new at each start */
    uint32_t slot;       /* where the actor lives in its node */
    uint32_t generation; /* counts the actors that lived there; 0: no actor */
    uint64_t seal;       /* proves to its node that the ref was handed out; 0 within it */
} troupe_ref;

/* The size of a buffer that holds any printed ref, with its final zero. */
#define TROUPE_REF_TEXT_SIZE 64

/* The ref that names nobody: all zero. */
TROUPE_API troupe_ref troupe_ref_none(void);
TROUPE_API bool troupe_ref_is_none(troupe_ref ref);

/* Whether both name the same actor; the seal does not count. */
TROUPE_API bool troupe_ref_is_same(troupe_ref left, troupe_ref right);

/* Equal for refs that are the same. */
TROUPE_API uint64_t troupe_ref_hash(troupe_ref ref);

/* Writes the ref as text, such as "65a1f00000000001.12.3", at most TROUPE_REF_TEXT_SIZE bytes. */
TROUPE_API void troupe_ref_print(troupe_ref ref, char text[TROUPE_REF_TEXT_SIZE]);

/* Reads what troupe_ref_print wrote.
 * Errors: BAD_ARGUMENT if text is no ref. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_ref_parse(const char *text, troupe_ref *out_ref);

TROUPE_END

#endif
