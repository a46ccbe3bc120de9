/* SPDX-License-Identifier: MIT */
#include "base/chance.h"

#if defined(TR_CHANCES)

#include <stddef.h>

static _Thread_local const tr_chance *present;
static _Thread_local tr_bug planted;

/* None of these is inlined: where a coroutine goes on, on whatever thread, present is looked up
 * anew. */

__attribute__((noinline)) const tr_chance *tr_chance_set(const tr_chance *chance)
{
    const tr_chance *before = present;
    present = chance;
    return before;
}

__attribute__((noinline)) bool tr_chance_happens(tr_rare rare)
{
    return present != NULL && present->happens(present->context, rare);
}

__attribute__((noinline)) void tr_chance_step(void)
{
    if (present != NULL) {
        present->step(present->context);
    }
}

__attribute__((noinline)) void tr_bug_plant(tr_bug bug)
{
    planted = bug;
}

__attribute__((noinline)) bool tr_bug_is_planted(tr_bug bug)
{
    return planted == bug;
}

#endif
