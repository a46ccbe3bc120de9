/* SPDX-License-Identifier: MIT */
/* chance: what happens rarely, made likely under simulation.
 *
 * A place in the library where something rare may happen asks TR_RARELY whether it is to happen
 * now; a place between two steps on what several threads share says TR_STEP, and the simulator may
 * let others run there. Nobody who uses Troupe may be able to tell, but by when things happen.
 * Without TR_CHANCES, as in builds for production, nothing is left of either.
 * Owns:    which chance the thread has; the simulator sets it around what it runs.
 * Threads: any; each has its own, or none. */
#ifndef TR_BASE_CHANCE_H
#define TR_BASE_CHANCE_H

#include <stdbool.h>

typedef enum tr_rare {
    TR_RARE_CONTENTION,  /* another thread was quicker at a compare-and-swap */
    TR_RARE_SMALL_BATCH, /* a batch goes with one message */
    TR_RARE_WAKE_UP,     /* a wait for a message ends though none has come */
    TR_RARE_SHORT_TURN,  /* a turn ends after one message */
    TR_RARE_EARLY_LOOK,  /* a ring is looked for at once */
    TR_RARE_COUNT
} tr_rare;

typedef struct tr_chance {
    void *context;
    bool (*happens)(void *context, tr_rare rare);
    void (*step)(void *context);
} tr_chance;

#if defined(TR_CHANCES)

/* Gives the calling thread its chance, or none; borrowed. Returns the one before. */
const tr_chance *tr_chance_set(const tr_chance *chance);

bool tr_chance_happens(tr_rare rare);
void tr_chance_step(void);

#define TR_RARELY(rare) tr_chance_happens(rare)
#define TR_STEP() tr_chance_step()

#else

#define TR_RARELY(rare) false
#define TR_STEP() ((void) 0)

#endif

#endif
