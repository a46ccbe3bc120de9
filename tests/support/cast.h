/* SPDX-License-Identifier: MIT */
/* cast: actors that tests need again and again, and short forms of what actors do in them.
 *
 * Threads: the actor's that calls; log_of any. */
#ifndef TR_TESTS_SUPPORT_CAST_H
#define TR_TESTS_SUPPORT_CAST_H

#include <troupe/troupe.h>

#include "support/probe.h"

/* What tests send: a uint64_t. */
extern const troupe_type figure_type;
extern const troupe_type other_figure_type; /* the same, by another name */

/* What the actors of a test share; handed to each as its argument. */
struct cast {
    struct probe *seen;
    troupe_ref refs[8];
    uint64_t number;
    uint64_t count;
    void *more;
};

/* Says "what NAME" and gives the error back. */
troupe_error tell(const struct cast *cast, const char *what, troupe_error error);

troupe_error a_figure(troupe_self *self, uint64_t number, troupe_message **out_message);
troupe_error send_figure(troupe_self *self, troupe_ref to, uint64_t number);
/* *answer is the number that came back, 0 if none did. */
troupe_error ask_figure(troupe_self *self, troupe_ref to, uint64_t number, troupe_timeout timeout,
                        uint64_t *answer);
troupe_error reply_figure(troupe_self *self, troupe_message *request, uint64_t number);
/* 0 if it is none. */
uint64_t figure_of(const troupe_message *message);

/* Bodies; the argument is a cast, or NULL where nothing is said. */
troupe_error play_idle(troupe_self *self, void *argument);     /* ends what comes */
troupe_error play_doubler(troupe_self *self, void *argument);  /* answers twice the number */
troupe_error play_hoarder(troupe_self *self, void *argument);  /* takes one, sleeps for ever */
troupe_error play_failing(troupe_self *self, void *argument);  /* takes one, and fails */
troupe_error play_sleeper(troupe_self *self, void *argument);  /* takes nothing */
troupe_error play_sender(troupe_self *self, void *argument);   /* 1 to `number`, says "sent NAME" */
troupe_error play_listener(troupe_self *self, void *argument); /* says "got N", "down NAME" */

/* A log whose lines are said into the probe. */
troupe_log log_of(struct probe *seen);
/* Whether some line contains this text. */
bool probe_has(struct probe *seen, const char *text);

#endif
