/* SPDX-License-Identifier: MIT */
#include "command/client.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <troupe/nodes.h>

#include "command/plain.h"

#define REPLY_BYTES (UINT64_C(1) << 20)
#define STACK_BYTES (256 << 10)
#define INSPECTOR "troupe.inspect"

int tr_client_fail(const tr_client *client, const char *what, const char *why)
{
    (void) fprintf(stderr, "troupe %s: %s: %s%s", client->command->name, client->reach->endpoint,
                   what, why != NULL ? ": " : "");
    tr_plain_print(stderr, why != NULL ? why : "");
    (void) fputc('\n', stderr);
    return TR_EXIT_FAILED;
}

static troupe_timeout patience(const tr_client *client)
{
    return troupe_timeout_of_ns(client->reach->timeout_ns);
}

static int fail_by(const tr_client *client, const char *what, troupe_error error)
{
    if (error == TROUPE_ERROR_NOT_AUTHORISED) {
        return tr_client_fail(
            client, what, "the node's allow-list gives this key no role for it (docs/security.md)");
    }
    if (error == TROUPE_ERROR_NAME_TAKEN) { /* no answer but that to Tap is this */
        return tr_client_fail(client, what,
                              "somebody taps this actor already, and one at a time can");
    }
    return tr_client_fail(client, what, troupe_error_text(error));
}

const void *tr_client_ask_for(tr_client *client, const ProtobufCMessage *request,
                              const ProtobufCMessageDescriptor *answer, uint64_t more_ns,
                              troupe_message **reply)
{
    const uint64_t timeout_ns = client->reach->timeout_ns;
    const troupe_timeout timeout =
        troupe_timeout_of_ns(more_ns < UINT64_MAX - timeout_ns ? timeout_ns + more_ns : UINT64_MAX);
    troupe_error error = troupe_learn(client->self, answer);
    error = error ? error : troupe_ask(client->self, client->inspector, request, timeout, reply);
    if (error) {
        (void) fail_by(client, request->descriptor->short_name, error);
        return NULL;
    }
    const void *found = troupe_message_as(*reply, answer);
    if (found == NULL) {
        (void) tr_client_fail(client, request->descriptor->short_name, "it answers something else");
    }
    return found;
}

const void *tr_client_ask(tr_client *client, const ProtobufCMessage *request,
                          const ProtobufCMessageDescriptor *answer, troupe_message **reply)
{
    return tr_client_ask_for(client, request, answer, 0, reply);
}

/* Connecting. */

/* Waits until the node is connected, and takes its id and name. */
static troupe_error await_node(tr_client *client)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = troupe_watch_nodes(client->self);
    while (!error) {
        error = troupe_receive(client->self, &message, patience(client));
        const troupe_node_event *event =
            error ? NULL : troupe_message_struct(message, &troupe_node_event_type);
        if (event != NULL && event->node.state == TROUPE_NODE_CONNECTED) {
            client->node = event->node.node;
            (void) snprintf(client->node_name, sizeof client->node_name, "%s", event->node.name);
            tr_plain_make(client->node_name);
            (void) troupe_unwatch_nodes(client->self);
            return TROUPE_OK;
        }
    }
    return error;
}

static int connect_and_run(tr_client *client)
{
    troupe_error error = await_node(client);
    if (error == TROUPE_ERROR_TIMED_OUT) {
        return tr_client_fail(client, "there is no connection in time", NULL);
    }
    if (error == TROUPE_ERROR_STOPPING) {
        client->was_stopped = true; /* why is known when the node has ended */
        return TR_EXIT_FAILED;
    }
    if (error) {
        return fail_by(client, "there is no connection", error);
    }
    error = troupe_lookup_on(client->self, client->node, INSPECTOR, patience(client),
                             &client->inspector);
    if (error == TROUPE_ERROR_NO_SUCH_ACTOR) {
        return tr_client_fail(client, "the node does not let itself be looked at",
                              "'.inspect' of its options says so");
    }
    if (error) {
        return fail_by(client, "it does not answer", error);
    }
    return client->body(client, client->argument);
}

static troupe_error client_body(troupe_self *self, void *argument)
{
    tr_client *client = argument;
    client->self = self;
    client->status = connect_and_run(client);
    troupe_node_stop(troupe_self_node(self));
    return TROUPE_OK;
}

/* Why there is no connection, most of all. */
static void say(void *context, troupe_log_level level, const char *text)
{
    tr_client *client = context;
    client->has_complained = client->has_complained || level == TROUPE_LOG_ERROR;
    (void) fprintf(stderr, "troupe %s: %s\n", client->command->name, text);
}

static troupe_error run(tr_client *client, troupe_node *node)
{
    troupe_ref ref;
    troupe_error error = troupe_node_start(node);
    if (error) {
        return error;
    }
    error = troupe_node_spawn(
        node, TROUPE_SPAWN(.body = client_body, .argument = client, .reply_bytes = REPLY_BYTES),
        &ref);
    if (error == TROUPE_ERROR_STOPPING) {
        client->was_stopped = true; /* already */
    } else if (error) {
        return error;
    }
    return troupe_node_join(node);
}

int tr_client_run(const tr_command *command, const tr_reach *reach, tr_client_body *body,
                  void *argument)
{
    tr_client client = {.command = command,
                        .reach = reach,
                        .body = body,
                        .argument = argument,
                        .status = TR_EXIT_FAILED};
    const troupe_peer peer = {.endpoint = reach->endpoint, .key = reach->peer_key};
    const troupe_log log = {.write = say, .context = &client, .level = TROUPE_LOG_WARNING};
    troupe_node *node = NULL;
    troupe_error error = troupe_node_create(
        TROUPE_NODE_OPTIONS(.name = "command", .workers = 1, .log = &log, .peers = &peer,
                            .peer_count = 1, .key_file = reach->key_file, .stack_size = STACK_BYTES,
                            .stop_on_signals = 1, .inspect = TROUPE_INSPECT_OFF,
                            .on_refusal = TROUPE_REFUSAL_STOP,
                            .plain = reach->is_plain_forced ? TROUPE_PLAIN_ANYWHERE
                                                            : TROUPE_PLAIN_ON_LOOPBACK),
        &node);
    if (!error) {
        error = run(&client, node);
        troupe_node_destroy(&node);
    }
    /* A refusal, and what its log calls an error, was said there. */
    if (error && error != TROUPE_ERROR_NOT_AUTHORISED && !client.has_complained) {
        return tr_client_fail(&client, "it cannot be asked", troupe_error_text(error));
    }
    if (!error && client.was_stopped) {
        return fail_by(&client, "there is no connection", TROUPE_ERROR_STOPPING);
    }
    return error ? TR_EXIT_FAILED : client.status;
}

void tr_client_target(const tr_client *client, const char *text, Troupe__Inspect__Target *target,
                      Troupe__Ref *ref)
{
    troupe_ref read;
    char full[TROUPE_REF_TEXT_SIZE];
    *target = (Troupe__Inspect__Target) TROUPE__INSPECT__TARGET__INIT;
    (void) snprintf(full, sizeof full, "%016" PRIx64 ".%s", client->node, text);
    if (troupe_ref_parse(text, &read) != TROUPE_OK && troupe_ref_parse(full, &read) != TROUPE_OK) {
        target->name = (char *) (uintptr_t) text; /* read only */
        return;
    }
    *ref = (Troupe__Ref) TROUPE__REF__INIT;
    ref->node = read.node;
    ref->slot = read.slot;
    ref->generation = read.generation;
    ref->seal = read.seal;
    target->ref = ref;
}
