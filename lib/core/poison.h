/* SPDX-License-Identifier: MIT */
/* poison: marks memory of ours that nobody may touch, for AddressSanitizer.
 *
 * Threads: any. */
#ifndef TR_CORE_POISON_H
#define TR_CORE_POISON_H

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define TR_POISON(address, size) __asan_poison_memory_region((address), (size))
#define TR_UNPOISON(address, size) __asan_unpoison_memory_region((address), (size))
/* Bytes between things that lie side by side. */
#define TR_POISON_GAP 32
#else
#define TR_POISON(address, size) ((void) (address), (void) (size))
#define TR_UNPOISON(address, size) ((void) (address), (void) (size))
#define TR_POISON_GAP 0
#endif

#endif
