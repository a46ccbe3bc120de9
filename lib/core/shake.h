/* SPDX-License-Identifier: MIT */
/* shake: tiny limits in the build that is to bring out what rarely happens.
 *
 * Threads: any; these are constants. */
#ifndef TR_CORE_SHAKE_H
#define TR_CORE_SHAKE_H

#if defined(TR_SHAKE)
#define TR_SHAKEN(usual, shaken) (shaken)
#else
#define TR_SHAKEN(usual, shaken) (usual)
#endif

#endif
