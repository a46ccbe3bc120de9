/* SPDX-License-Identifier: MIT */
/* notify: what a service tells the manager that has started it, by the protocol of sd_notify(3):
 * datagrams of lines NAME=VALUE to the socket that $NOTIFY_SOCKET names.
 *
 * Owns:    a socket, until the program ends.
 * Threads: any may say; open is for the first. */
#ifndef TR_COMMAND_NOTIFY_H
#define TR_COMMAND_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Zeroed or without a manager: what is said is said to nobody. */
typedef struct tr_notify {
    struct sockaddr_un address;
    socklen_t address_size; /* 0: nobody */
    int fd;
} tr_notify;

/* False, and a line on stderr, if there is a manager that cannot be spoken to. */
bool tr_notify_open(tr_notify *notify);

/* What does not get through is lost: there is nobody else to tell. */
__attribute__((format(printf, 2, 3))) void tr_notify_say(const tr_notify *notify,
                                                         const char *format, ...);

/* The time within which WATCHDOG=1 is expected of this process; 0: it is not. */
uint64_t tr_notify_watchdog_ns(void);

/* Whether stderr is read by the journal, which takes a level from lines that begin with "<N>". */
bool tr_notify_is_journal(void);

#endif
