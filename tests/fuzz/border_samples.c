/* SPDX-License-Identifier: MIT */
/* Scripts for border_test in which something happens. */
#include <string.h>

#include "fuzz/border_script.h"
#include "fuzz/target.h"

#define USUAL_BODY 2, 1, 0, 0, 0, 0, 0, 0, 0 /* a figure, as a struct */
/* kind, number, receiver, sender, budget; behind the body: error, down, name */
#define TELL(to) ENVELOPE, 1, 0, (to), 1, 0, USUAL_BODY, 0, 0, 0
#define ASK(number, to) ENVELOPE, 2, (number), (to), 1, 0, USUAL_BODY, 0, 0, 0
#define REPLY_OURS(index) ENVELOPE, 3, 64 + (index), 12, 1, 0, USUAL_BODY, 0, 0, 0
#define CANCEL(number) ENVELOPE, 4, (number), 12, 1, 0, USUAL_BODY, 0, 0, 0
#define MONITOR(number, to) ENVELOPE, 5, (number), (to), 1, 0, USUAL_BODY, 0, 0, 0
#define DEMONITOR(number) ENVELOPE, 6, (number), 12, 1, 0, USUAL_BODY, 0, 0, 0
#define DOWN_OURS(index) ENVELOPE, 7, 64 + (index), 12, 1, 0, USUAL_BODY, 128 + 1, 2, 0
#define LOOKUP(number) ENVELOPE, 8, (number), 12, 1, 0, USUAL_BODY, 0, 0, 1
/* The same, and which signal, key, monitor and link: see border_test. */
#define LINK(number, to) ENVELOPE, 9, (number), (to), 1, 0, USUAL_BODY, 0, 0, 0, 1
#define EXIT(number) ENVELOPE, 10, (number), 12, 1, 0, USUAL_BODY, 128 + 24, 2, 0, 1
#define SIGNAL(to, signal) ENVELOPE, 11, 0, (to), 1, 0, USUAL_BODY, 0, 0, 0, (signal)
#define SPAWN(number, tie)                                                                         \
    ENVELOPE, 12, (number), 12, 1, 0, USUAL_BODY, 0, 0, 4, 12, (tie), (tie) + 1
#define SPAWNED_OURS(index) ENVELOPE, 13, 64 + (index), 12, 1, 0, USUAL_BODY, 0, 0, 0, 1

size_t fuzz_sample(size_t index, uint8_t *bytes, size_t capacity)
{
    static const uint8_t asks[] = {ASK(1, 0), ASK(2, 4), FRAME, ADVANCE, CANCEL(2), FRAME};
    static const uint8_t tells[] = {TELL(3), TELL(3), TELL(3), TELL(3), TELL(5),
                                    TELL(8), FRAME,   ADVANCE, TELL(2), FRAME};
    static const uint8_t watches[] = {MONITOR(1, 2), MONITOR(2, 3), MONITOR(3, 5), FRAME,
                                      ADVANCE,       TELL(2),       DEMONITOR(2),  FRAME};
    static const uint8_t looks_up[] = {LOOKUP(1), LOOKUP(1), FRAME, ADVANCE};
    static const uint8_t answers[] = {DEAL,          0,    0, DEAL, 2, 0, ADVANCE, REPLY_OURS(0),
                                      REPLY_OURS(1), FRAME};
    static const uint8_t ends[] = {DEAL,         3,     0,      DEAL, 4, 0, ADVANCE, DOWN_OURS(0),
                                   DOWN_OURS(1), FRAME, ADVANCE};
    static const uint8_t connects[] = {DEAL,  5,          0, CONNECTION, 2, ASK(1, 0),
                                       FRAME, CONNECTION, 0, CONNECTION, 5, TELL(0),
                                       FRAME, CONNECTION, 3, CONNECTION, 1};
    static const uint8_t odd[] = {ODD, 0, 0, ODD, 3, 1, ODD, 4, 2, ODD, 5, 3,
                                  ODD, 0, 4, ODD, 1, 4, RAW, 1, 2, 3,   4, 5};
    static const uint8_t short_of_memory[] = {
        CONNECTION, 4,          3, ASK(1, 0),  FRAME,     CONNECTION, 4,          1, ASK(2, 2),
        FRAME,      CONNECTION, 4, 0,          LOOKUP(3), FRAME,      CONNECTION, 4, 2,
        DEAL,       0,          0, CONNECTION, 4,         2,          DEAL,       3, 0};
    static const uint8_t links[] = {LINK(1, 2), LINK(2, 3), LINK(3, 7), FRAME,
                                    ADVANCE,    EXIT(1),    TELL(2),    FRAME};
    static const uint8_t signals[] = {SIGNAL(5, 3), SIGNAL(6, 3), SIGNAL(7, 3), SIGNAL(8, 2),
                                      SIGNAL(0, 1), FRAME,        ADVANCE};
    static const uint8_t spawns[] = {SPAWN(1, 20), SPAWN(2, 30), FRAME,     ADVANCE,
                                     EXIT(21),     FRAME,        CANCEL(2), FRAME};
    static const uint8_t spawned[] = {DEAL,  6,      0, DEAL, 7, 0, ADVANCE, SPAWNED_OURS(0),
                                      FRAME, ADVANCE};
    static const struct {
        const uint8_t *bytes;
        size_t size;
    } samples[] = {{asks, sizeof asks},
                   {tells, sizeof tells},
                   {watches, sizeof watches},
                   {looks_up, sizeof looks_up},
                   {answers, sizeof answers},
                   {ends, sizeof ends},
                   {connects, sizeof connects},
                   {odd, sizeof odd},
                   {short_of_memory, sizeof short_of_memory},
                   {links, sizeof links},
                   {signals, sizeof signals},
                   {spawns, sizeof spawns},
                   {spawned, sizeof spawned}};
    if (index >= sizeof samples / sizeof samples[0] || samples[index].size > capacity) {
        return 0;
    }
    memcpy(bytes, samples[index].bytes, samples[index].size);
    return samples[index].size;
}
