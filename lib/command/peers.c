/* SPDX-License-Identifier: MIT */
/* `troupe peers`. */
#include <inttypes.h>
#include <stdio.h>

#include "command/client.h"
#include "command/json_writer.h"
#include "command/plain.h"
#include "command/table.h"

static const char *state_name(Troupe__Inspect__PeerState state)
{
    switch ((unsigned) state) {
    case TROUPE__INSPECT__PEER_STATE__UP:
        return "up";
    case TROUPE__INSPECT__PEER_STATE__SUSPECT:
        return "suspect";
    default:
        return "down";
    }
}

static void add_rows(tr_table *table, const Troupe__Inspect__Peers *peers)
{
    for (size_t i = 0; i < peers->n_peers; i++) {
        const Troupe__Inspect__Peer *peer = peers->peers[i];
        tr_table_add(table, peer->node != 0 ? "%" PRIx64 : "-", peer->node);
        tr_table_add(table, "%s", peer->name[0] != '\0' ? peer->name : "-");
        tr_table_add(table, "%s%s",
                     peer->endpoint[0] == '\0' ? "-"
                     : peer->is_dialled        ? "to "
                                               : "from ",
                     peer->endpoint);
        tr_table_add(table, "%s", state_name(peer->state));
        tr_table_add(table, "%s", peer->roles[0] != '\0' ? peer->roles : "-");
        tr_table_add(table, "%" PRIu64, peer->sessions);
        tr_table_add(table, "%" PRIu64, peer->links);
        tr_table_add(table, "%" PRIu64, peer->frames_sent);
        tr_table_add(table, "%" PRIu64, peer->frames_resent);
        tr_table_add(table, "%" PRIu64, peer->frames_received);
        tr_table_add(table, "%" PRIu64, peer->bytes_unacknowledged);
    }
}

static void write_id(tr_json *json, const char *key, uint64_t node)
{
    char text[24];
    (void) snprintf(text, sizeof text, "%" PRIx64, node);
    if (node != 0) {
        tr_json_text(json, key, text);
    } else {
        tr_json_null(json, key);
    }
}

static void write_peer(tr_json *json, const Troupe__Inspect__Peer *peer)
{
    tr_json_open(json, NULL, '{');
    write_id(json, "node", peer->node);
    tr_json_text(json, "name", peer->name);
    tr_json_text(json, "labels", peer->labels);
    tr_json_text(json, "endpoint", peer->endpoint);
    tr_json_text(json, "state", state_name(peer->state));
    tr_json_flag(json, "is_dialled", peer->is_dialled);
    tr_json_text(json, "roles", peer->roles);
    tr_json_text(json, "key_name", peer->key_name);
    tr_json_number(json, "sessions", peer->sessions);
    tr_json_number(json, "sessions_lost", peer->sessions_lost);
    tr_json_number(json, "links", peer->links);
    tr_json_number(json, "frames_sent", peer->frames_sent);
    tr_json_number(json, "frames_resent", peer->frames_resent);
    tr_json_number(json, "frames_received", peer->frames_received);
    tr_json_number(json, "suspicions", peer->suspicions);
    tr_json_number(json, "bytes_unacknowledged", peer->bytes_unacknowledged);
    tr_json_close(json, '}');
}

static void write_head(tr_json *json, const Troupe__Inspect__Peers *peers)
{
    tr_json_open(json, NULL, '{');
    write_id(json, "node", peers->node);
    tr_json_text(json, "name", peers->name);
    tr_json_text(json, "endpoint", peers->endpoint);
    tr_json_open(json, "peers", '[');
}

static bool is_self(const tr_client *client, const Troupe__Inspect__Peer *peer)
{
    return peer->node == troupe_self_node_id(client->self);
}

/* This command's own node is no matter of theirs. */
static void leave_out_self(const tr_client *client, Troupe__Inspect__Peers *peers)
{
    size_t kept = 0;
    for (size_t i = 0; i < peers->n_peers; i++) {
        if (!is_self(client, peers->peers[i])) {
            peers->peers[kept++] = peers->peers[i];
        }
    }
    peers->n_peers = kept;
}

static int show(tr_client *client, void *argument)
{
    static const char *const titles[] = {"NODE",   "NAME",      "ENDPOINT", "STATE",
                                         "ROLES",  ">SESSIONS", ">LINKS",   ">SENT",
                                         ">AGAIN", ">RECEIVED", ">UNACKED"};
    TROUPE_AUTO(troupe_message) *reply = NULL;
    Troupe__Inspect__ListPeers request = TROUPE__INSPECT__LIST_PEERS__INIT;
    tr_table table = {.titles = titles, .columns = sizeof titles / sizeof titles[0]};
    tr_json json = {0};
    bool is_begun = false;
    (void) argument;
    do {
        const Troupe__Inspect__Peers *answer =
            tr_client_ask(client, &request.base, &troupe__inspect__peers__descriptor, &reply);
        if (answer == NULL || (answer->next != 0 && answer->next <= request.cursor)) {
            tr_table_free(&table);
            return answer == NULL ? TR_EXIT_FAILED
                                  : tr_client_fail(client, "its list has no end", NULL);
        }
        Troupe__Inspect__Peers peers = *answer;
        leave_out_self(client, &peers);
        if (client->reach->is_json && !is_begun) {
            write_head(&json, &peers);
        } else if (!is_begun) {
            (void) printf("node %" PRIx64 " '", peers.node);
            tr_plain_print(stdout, peers.name);
            (void) printf("' listens at ");
            tr_plain_print(stdout, peers.endpoint[0] != '\0' ? peers.endpoint : "no address");
            (void) putchar('\n');
        }
        is_begun = true;
        for (size_t i = 0; i < peers.n_peers && client->reach->is_json; i++) {
            write_peer(&json, peers.peers[i]);
        }
        add_rows(&table, &peers);
        request.cursor = answer->next;
    } while (request.cursor != 0);
    if (client->reach->is_json) {
        tr_json_close(&json, ']');
        tr_json_close(&json, '}');
    } else {
        tr_table_print(&table);
    }
    tr_table_free(&table);
    return tr_command_written();
}

static int run(int argc, char **argv)
{
    tr_reach reach;
    const int status = tr_options_take(&tr_command_peers, &argc, argv, NULL, &reach);
    if (status != TR_EXIT_OK) {
        return status;
    }
    if (argc > 1) {
        return tr_command_misused(&tr_command_peers, "there are only options");
    }
    return tr_client_run(&tr_command_peers, &reach, show, NULL);
}

const tr_command tr_command_peers = {
    .name = "peers",
    .arguments = "[OPTION]...",
    .summary = "list the nodes that a node has to do with",
    .details =
        "Lists the nodes that a node is connected with, and those that it dials in vain:\n"
        "whether they are up, what they may do there by their keys, how many sessions were\n"
        "begun and by how many links, frames sent, sent again and received, and the bytes\n"
        "that are not acknowledged. This command's own connection is left out.\n\n" TR_REACH_HELP,
    .run = run,
};
