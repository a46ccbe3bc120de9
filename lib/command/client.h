/* SPDX-License-Identifier: MIT */
/* client: a node of the command's own, connected with the one that is asked.
 *
 * Owns:    the node, for the time of tr_client_run.
 * Threads: run the program's; the rest the body's.
 * Fails:   with a line on stderr. */
#ifndef TR_COMMAND_CLIENT_H
#define TR_COMMAND_CLIENT_H

#include <troupe/troupe.h>

#include "command/options.h"
#include "inspect.pb-c.h"

typedef struct tr_client tr_client;

/* What is done when the node is connected; returns an exit status. */
typedef int tr_client_body(tr_client *client, void *argument);

struct tr_client {
    troupe_self *self;
    const tr_command *command;
    const tr_reach *reach;
    uint64_t node;      /* the other's */
    char node_name[64]; /* plain */
    troupe_ref inspector;
    tr_client_body *body;
    void *argument;
    _Atomic bool was_stopped;    /* before there was a connection */
    _Atomic bool has_complained; /* its log, of an error */
    int status;
};

/* Connects, finds the inspector, runs the body. Returns its exit status, or TR_EXIT_FAILED. */
int tr_client_run(const tr_command *command, const tr_reach *reach, tr_client_body *body,
                  void *argument);

/* What the inspector answers, which *reply holds; NULL: it does not, which has been said. The
 * answer's type is learned. */
const void *tr_client_ask(tr_client *client, const ProtobufCMessage *request,
                          const ProtobufCMessageDescriptor *answer, troupe_message **reply);
/* The same with as much more time as the node was asked to take. */
const void *tr_client_ask_for(tr_client *client, const ProtobufCMessage *request,
                              const ProtobufCMessageDescriptor *answer, uint64_t more_ns,
                              troupe_message **reply);

/* Says on stderr what went wrong; TR_EXIT_FAILED. */
int tr_client_fail(const tr_client *client, const char *what, const char *why);

/* Fills in an actor of that node by what was given for it: a ref as `troupe ps` prints it, or else
 * a name. */
void tr_client_target(const tr_client *client, const char *text, Troupe__Inspect__Target *target,
                      Troupe__Ref *ref);

#endif
