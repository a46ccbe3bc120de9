/* SPDX-License-Identifier: MIT */
/* service: the program `troupe node`, started as systemd would, and what it tells its manager.
 *
 * Owns:    the process, which is killed if it has not ended, and the socket.
 * Threads: the test's own. */
#ifndef TR_TESTS_INTEGRATION_SERVICE_H
#define TR_TESTS_INTEGRATION_SERVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct service {
    pid_t pid;
    int socket;        /* what $NOTIFY_SOCKET names */
    int log;           /* a file with what it wrote to stderr */
    char said[512];    /* the last that it told */
    char endpoint[64]; /* where it listens, */
    uint64_t node;     /* and its incarnation, both of its status; when it is ready */
};

/* Starts COMMAND with these arguments, ended by NULL. `watchdog_us` 0: it has no watchdog. */
struct service a_service(const char *command, const char *const *arguments, uint64_t watchdog_us);

/* The next that it tells is in .said; fails the test if nothing comes. */
void service_hear(struct service *service);
/* Hears until this is in it. */
void service_hear_until(struct service *service, const char *text);
/* Hears until it is ready, and reads .endpoint and .node. */
void service_get_ready(struct service *service);

/* Waits until the text is in its log. */
void service_assert_logged(const struct service *service, const char *text);
bool service_has_logged(const struct service *service, const char *text);

/* Waits for its end; as it exited, or 128 and more: killed by a signal. */
int service_end(struct service *service);
/* Kills it if it has not ended. Takes one that has been dropped. */
void drop_service(struct service *service);

#endif
