/* SPDX-License-Identifier: MIT */
/* arguments: how calls with bad arguments are noted, and those calls that have a file of their own.
 *
 * Threads: the test's. */
#ifndef TR_TESTS_API_ARGUMENTS_H
#define TR_TESTS_API_ARGUMENTS_H

#include <stdbool.h>
#include <string.h>
#include <troupe/troupe.h>

/* The function was called; `what` says what was wrong with the answer. */
void note(const char *name, bool is_right, const char *what);

/* The call gives this; its arguments in parentheses. */
#define GIVES(function, arguments, expected)                                                       \
    note(#function, (function arguments) == (expected), #arguments " is not " #expected)
#define BAD(function, arguments) GIVES(function, arguments, TROUPE_ERROR_BAD_ARGUMENT)
#define NOBODY(function, arguments) GIVES(function, arguments, TROUPE_ERROR_NO_SUCH_ACTOR)
#define IS_NONE(function, arguments)                                                               \
    note(#function, troupe_ref_is_none(function arguments), #arguments " is somebody")
#define IS_TEXT(function, arguments, expected)                                                     \
    note(#function, strcmp((function arguments), (expected)) == 0, #arguments " is not " #expected)
/* It returns, at least. */
#define RETURNS(function, arguments)                                                               \
    do {                                                                                           \
        function arguments;                                                                        \
        note(#function, true, "");                                                                 \
    } while (0)

/* From within an actor. */
void call_about_descriptors(troupe_self *self);
void call_about_limits(troupe_self *self);
void call_to_retry(troupe_self *self);
void call_about_futures(troupe_self *self);
void call_about_sockets(troupe_self *self);
void call_about_tasks(troupe_self *self);
void call_about_processes(troupe_self *self);
void call_about_files(troupe_self *self);
void call_about_signals(troupe_self *self);
void call_about_supervisors(troupe_self *self);
void call_about_queues(troupe_self *self);
void call_about_streams(troupe_self *self);

/* Of a node that was not started. */
void call_about_hosts(troupe_node *node);
void call_about_snapshots(troupe_node *node);

#endif
