/* SPDX-License-Identifier: MIT */
/* api: the marks that public declarations carry. */
#ifndef TROUPE_API_H
#define TROUPE_API_H

#if defined(__cplusplus)
#define TROUPE_BEGIN extern "C" {
#define TROUPE_END }
#else
#define TROUPE_BEGIN
#define TROUPE_END
#endif

/* Exported from the shared library; everything else is hidden. */
#define TROUPE_API __attribute__((visibility("default")))

/* The result is an error code that the caller has to look at, or ignore with a cast to void. Only
 * clang's warning lets such a cast pass, so with gcc there is none. */
#if defined(__clang__)
#define TROUPE_MUST_CHECK __attribute__((warn_unused_result))
#else
#define TROUPE_MUST_CHECK
#endif

/* An owning local: destroyed when it goes out of scope, whichever way that happens.
 *
 *     TROUPE_AUTO(troupe_message) *message = NULL;
 */
#define TROUPE_AUTO(type) __attribute__((cleanup(type##_destroy))) type

#endif
