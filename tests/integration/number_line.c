/* SPDX-License-Identifier: MIT */
/* number_line send ENDPOINT COUNT FILE, number_line receive ENDPOINT: two ends of numbered messages
 * for scripts. So many are sent at least, and then until there is the file. The receiver ends with
 * the sender. Each says how many there were, and what went wrong. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/numbered.h"

static troupe_error send_all(troupe_self *self, void *argument)
{
    struct numbered_sender *sender = argument;
    troupe_error error = troupe_await_node(self, "receiver", TROUPE_WITHIN_S(30), &sender->node);
    return error ? error : numbered_sends(self, sender);
}

static int send_numbers(const troupe_log *log, const char *endpoint, uint64_t count,
                        const char *until)
{
    struct numbered_sender sender = {
        .name = "numbers", .count = count, .asks_after = 1000, .until = until, .probe = a_probe()};
    const troupe_peer peer = {.endpoint = endpoint};
    const troupe_error error =
        troupe_run(TROUPE_NODE_OPTIONS(.name = "sender", .workers = 1, .log = log, .peers = &peer,
                                       .peer_count = 1, .plain = TROUPE_PLAIN_ANYWHERE),
                   send_all, &sender);
    (void) printf("%" PRIu64 " sent\n", sender.count);
    for (size_t i = 0; i < probe_count(sender.probe); i++) {
        (void) printf("%s\n", probe_line(sender.probe, i));
    }
    const bool is_good = error == TROUPE_OK && probe_count(sender.probe) == 1 &&
                         strcmp(probe_line(sender.probe, 0), "OK") == 0;
    drop_probe(&sender.probe);
    return is_good ? 0 : 1;
}

/* Until the sender has left. */
static troupe_error receive_all(troupe_self *self, void *argument)
{
    troupe_ref ref;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_node_event *event = NULL;
    troupe_error error = troupe_spawn(
        self, TROUPE_SPAWN(NUMBERED_RECEIVER, .name = "numbers", .argument = argument), &ref);
    error = error ? error : troupe_watch_nodes(self);
    while (!error && (event == NULL || event->node.state != TROUPE_NODE_LEFT)) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        event = troupe_message_struct(message, &troupe_node_event_type);
    }
    return error;
}

static int receive_numbers(const troupe_log *log, const char *endpoint)
{
    struct numbered_receiver receiver = {.probe = a_probe()};
    const troupe_error error =
        troupe_run(TROUPE_NODE_OPTIONS(.name = "receiver", .workers = 1, .log = log,
                                       .listen = endpoint, .plain = TROUPE_PLAIN_ANYWHERE),
                   receive_all, &receiver);
    (void) printf("%" PRIu64 " came, %" PRIu64 " wrong\n", receiver.came, receiver.wrong);
    drop_probe(&receiver.probe);
    return error == TROUPE_OK && receiver.wrong == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    const troupe_log log = {.write = troupe_log_to_stderr, .level = TROUPE_LOG_WARNING};
    if (argc == 5 && strcmp(argv[1], "send") == 0) {
        return send_numbers(&log, argv[2], strtoull(argv[3], NULL, 10), argv[4]);
    }
    return argc == 3 && strcmp(argv[1], "receive") == 0 ? receive_numbers(&log, argv[2]) : 2;
}
