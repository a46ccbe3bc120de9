/* SPDX-License-Identifier: MIT */
/* numbered: actors that send each other numbered messages, over nodes, and see what is missing.
 *
 * A sender looks its receiver up by name, again until the nodes are connected, and sends it numbers
 * from 1 up, each in a body whose size and bytes follow from it; now and then it asks how many have
 * come, which also says that none is missing, and keeps the receiver from drowning.
 * Threads: the structs are the test's again when what the actor says has been heard. */
#ifndef TR_TESTS_SUPPORT_NUMBERED_H
#define TR_TESTS_SUPPORT_NUMBERED_H

#include <troupe/troupe.h>

#include "support/probe.h"

#define NUMBERED_SENDERS_MAX 32

/* Says the error's name when it has sent all, or could not; and what else it sees. */
struct numbered_sender {
    uint64_t node;       /* where the receiver is */
    const char *name;    /* the receiver's */
    uint32_t sender;     /* its own number with the receiver */
    uint64_t count;      /* and those that were sent beyond it, in the end */
    uint32_t asks_after; /* so many messages; at least 1 */
    const char *until;   /* goes on until there is a file of this name; NULL: does not */
    struct probe *probe;
};
troupe_error numbered_sends(troupe_self *self, void *argument);

/* Receives until it is stopped. */
struct numbered_receiver {
    uint64_t last[NUMBERED_SENDERS_MAX]; /* by sender */
    uint64_t came;
    uint64_t wrong; /* out of order, repeated, or after one that is missing */
    struct probe *probe;
};
troupe_error numbered_receives(troupe_self *self, void *argument);

/* Says "so far" when so many have come to the receiver of this name, on its own node. */
struct numbered_watcher {
    const char *name;
    uint32_t sender;
    uint64_t count; /* of that one */
    struct probe *probe;
};
troupe_error numbered_watches(troupe_self *self, void *argument);

/* For who receives numbers in another way. */
troupe_error numbered_learn(troupe_self *self);

/* What a receiver needs, beside .name and .argument. */
#define NUMBERED_RECEIVER                                                                          \
    .body = numbered_receives, .mailbox_capacity = 16384, .mailbox_bytes = UINT64_C(1) << 26

/* The ref of the actor of that name there, when the nodes are connected and it is there. */
troupe_error lookup_when_there(troupe_self *self, uint64_t node, const char *name,
                               troupe_ref *out_ref);

/* Answers each request with an "answer", until it is stopped; asked with a "question". */
troupe_error answers(troupe_self *self, void *argument);
extern const troupe_type question_type;
extern const troupe_type answer_type;

#endif
