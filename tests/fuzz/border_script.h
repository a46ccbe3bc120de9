/* SPDX-License-Identifier: MIT */
/* border_script: what the bytes of an input of border_test stand for, each with what follows it.
 *
 * Threads: any; these are constants. */
#ifndef TR_TESTS_FUZZ_BORDER_SCRIPT_H
#define TR_TESTS_FUZZ_BORDER_SCRIPT_H

enum {
    ENVELOPE = 0, /* and 1 to 4: one more in the guest's next frame */
    RAW = 5,      /* bytes as they are, for a frame */
    FRAME = 6,    /* the guest's frame comes */
    FRAME_TOO = 7,
    ADVANCE = 8,
    DEAL = 9,        /* one more actor here, that deals with the guest */
    CONNECTION = 10, /* it is lost, begins, the wire takes nothing, memory fails */
    ODD = 11,        /* a frame with another head */
    SCRIPT_WORDS = 12
};

#endif
