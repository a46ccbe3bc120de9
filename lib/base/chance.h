/* SPDX-License-Identifier: MIT */
/* chance: what happens rarely, made likely under simulation.
 *
 * A place in the library where something rare may happen asks TR_RARELY whether it is to happen
 * now; a place between two steps on what several threads share says TR_STEP, and the simulator may
 * let others run there. Nobody who uses Troupe may be able to tell, but by when things happen.
 * Without TR_CHANCES, as in builds for production, nothing is left of either, nor of the bugs that
 * tests plant to see that the simulator finds them.
 * Owns:    which chance and which bug the thread has; the simulator, or a test, sets them.
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

/* What a test may plant. */
typedef enum tr_bug {
    TR_BUG_NONE,
    TR_BUG_LOST_WAKE_UP,    /* an actor that is runnable when it is moved does not run there */
    TR_BUG_OFF_BY_ONE,      /* a full mailbox takes one message more */
    TR_BUG_NO_MARK,         /* messages to a moved actor take the new way before the old is empty */
    TR_BUG_LEAKED_PLACE,    /* a place granted to one that has given up does not come back */
    TR_BUG_LONGER_DEADLINE, /* an ask made for a request may take longer than that */
    TR_BUG_OUT_OF_ORDER,    /* children that were up before are restarted without an order */
    TR_BUG_REPLY_TWICE,     /* an ask that was given up is answered, and so is the next, by that */
    TR_BUG_LAST_FIRST,      /* a message is handled before those that were there before it */
    TR_BUG_NO_DOWN,         /* a monitor of one that has just ended is forgotten */
    TR_BUG_LOST_TIMER       /* the timers of an actor stay behind when it is moved */
} tr_bug;

#if defined(TR_CHANCES)

void tr_bug_plant(tr_bug bug);
bool tr_bug_is_planted(tr_bug bug);

/* Gives the calling thread its chance, or none; borrowed. Returns the one before. */
const tr_chance *tr_chance_set(const tr_chance *chance);

bool tr_chance_happens(tr_rare rare);
void tr_chance_step(void);

#define TR_RARELY(rare) tr_chance_happens(rare)
#define TR_STEP() tr_chance_step()
#define TR_PLANTED(bug) tr_bug_is_planted(bug)

#else

#define TR_RARELY(rare) false
#define TR_STEP() ((void) 0)
#define TR_PLANTED(bug) false

#endif

#endif
