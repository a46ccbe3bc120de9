/* SPDX-License-Identifier: MIT */
#include "node/hosts.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/keys.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/options.h"
#include "node/key_file.h"
#include "node/node.h"
#include "transport/local.h"

bool tr_hosts_are_wanted(const troupe_node_options *options)
{
    return options->listen != NULL || options->listen_local != NULL || options->peer_count > 0;
}

/* Checking. */

static const char *name_of(const troupe_node_options *options)
{
    return options->name != NULL ? options->name : "node";
}

/* Says what is wrong; false. */
static bool blame(const troupe_node_options *options, const troupe_log *log, const char *what,
                  const char *which)
{
    tr_log_write(log, TROUPE_LOG_ERROR, "node '%s': %s%s%s", name_of(options), what,
                 which != NULL ? ": " : "", which != NULL ? which : "");
    return false;
}

static bool is_loopback(const char *endpoint)
{
    static const char *const prefixes[] = {"tcp://127.", "tcp://[::1]:", "tcp://localhost:"};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (strncmp(endpoint, prefixes[i], strlen(prefixes[i])) == 0) {
            return true;
        }
    }
    return false;
}

static bool may_be_plain(const troupe_node_options *options, const char *endpoint)
{
    return options->plain == TROUPE_PLAIN_ANYWHERE ||
           (options->plain == TROUPE_PLAIN_ON_LOOPBACK && is_loopback(endpoint));
}

/* ZeroMQ would take another for one above 65535. */
static bool has_port(const char *endpoint, bool may_be_any)
{
    const char *port = strrchr(endpoint, ':') + 1;
    const size_t digits = strspn(port, "0123456789");
    const bool is_number = digits > 0 && digits <= 5 && port[digits] == '\0';
    return is_number ? strtoul(port, NULL, 10) - 1 < 65535 : may_be_any && strcmp(port, "*") == 0;
}

static bool check_endpoint(const troupe_node_options *options, const troupe_log *log,
                           const char *endpoint, bool is_plain)
{
    if (endpoint != NULL && tr_local_is_possible(endpoint) && is_plain) {
        return true;
    }
    if (endpoint != NULL && tr_local_is(endpoint)) {
        return blame(options, log,
                     is_plain
                         ? "an endpoint of this machine should be like ipc:///run/node, with a "
                           "path of at most 107 bytes, and is"
                         : "an endpoint of this machine is without keys",
                     endpoint);
    }
    if (endpoint == NULL || strncmp(endpoint, "tcp://", 6) != 0 ||
        strrchr(endpoint, ':') == endpoint + 3) {
        return blame(options, log, "an endpoint should be like tcp://192.0.2.1:7400 and is",
                     endpoint != NULL ? endpoint : "NULL");
    }
    if (!has_port(endpoint, endpoint == options->listen)) {
        return blame(options, log,
                     "an endpoint should have a port from 1 to 65535 (or *, to listen at any "
                     "that is free), like tcp://192.0.2.1:7400, and is",
                     endpoint);
    }
    if (is_plain && !may_be_plain(options, endpoint)) {
        return blame(options, log,
                     options->plain == TROUPE_PLAIN_ON_LOOPBACK
                         ? "without keys only this machine may be reached (.plain = "
                           "TROUPE_PLAIN_ANYWHERE would allow it), not"
                         : "keys are needed (or .plain, --plain, to do without them) for",
                     endpoint);
    }
    return true;
}

static bool check_keys(const troupe_node_options *options, const troupe_log *log)
{
    if ((options->public_key != NULL) != (options->secret_key != NULL)) {
        return blame(options, log, "a public key needs a secret key and the other way round", NULL);
    }
    if (options->public_key != NULL &&
        (!tr_curve_is_key(options->public_key) || !tr_curve_is_key(options->secret_key))) {
        return blame(options, log, "the node's own keys are not 40 characters of Z85", NULL);
    }
    if (options->allowed_file != NULL && options->secret_key == NULL) {
        return blame(options, log, "an allow-list needs keys of the node's own",
                     options->allowed_file);
    }
    for (uint32_t i = 0; i < options->allowed_key_count; i++) {
        if (options->allowed_keys[i] == NULL || !tr_curve_is_key(options->allowed_keys[i])) {
            return blame(options, log, "an allowed key should be 40 characters of Z85 and is",
                         options->allowed_keys[i] != NULL ? options->allowed_keys[i] : "NULL");
        }
    }
    return true;
}

static bool check(const troupe_node_options *options, const troupe_log *log)
{
    const bool has_keys = options->secret_key != NULL;
    if (!check_keys(options, log) ||
        (options->listen != NULL && !check_endpoint(options, log, options->listen, !has_keys))) {
        return false;
    }
    if (options->listen != NULL && tr_local_is(options->listen)) {
        return blame(options, log, "to listen on this machine alone takes .listen_local",
                     options->listen);
    }
    if (options->listen_local != NULL && !tr_local_is_possible(options->listen_local)) {
        return blame(options, log,
                     "an endpoint of this machine should be like ipc:///run/node and is",
                     options->listen_local);
    }
    for (uint32_t i = 0; i < options->peer_count; i++) {
        const troupe_peer *peer = &options->peers[i];
        if (!check_endpoint(options, log, peer->endpoint, peer->key == NULL)) {
            return false;
        }
        if (peer->key != NULL && (!has_keys || !tr_curve_is_key(peer->key))) {
            return blame(options, log,
                         has_keys ? "the key of a peer should be 40 characters of Z85"
                                  : "to dial with keys the node needs keys of its own",
                         peer->endpoint);
        }
    }
    return true;
}

/* Copying. */

/* Puts texts one after the other; or only counts, while there is no block. */
struct copier {
    char *block;
    size_t used;
};

static const char *copy(struct copier *copier, const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    const size_t size = strlen(text) + 1;
    char *copied = copier->block != NULL ? copier->block + copier->used : NULL;
    copier->used += size;
    return copied != NULL ? memcpy(copied, text, size) : NULL;
}

static void *take(struct copier *copier, size_t size)
{
    void *taken = copier->block != NULL ? copier->block + copier->used : NULL;
    copier->used += (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
    return taken;
}

static void copy_all(tr_hosts *hosts, const troupe_node_options *options, struct copier *copier)
{
    hosts->addresses = take(copier, options->peer_count * sizeof *hosts->addresses);
    hosts->allowed_keys = take(copier, options->allowed_key_count * sizeof *hosts->allowed_keys);
    hosts->listen = copy(copier, options->listen);
    hosts->listen_local = copy(copier, options->listen_local);
    hosts->public_key = copy(copier, options->public_key);
    hosts->secret_key = copy(copier, options->secret_key);
    hosts->allowed_file = copy(copier, options->allowed_file);
    for (uint32_t i = 0; i < options->peer_count; i++) {
        const tr_hub_address address = {.endpoint = copy(copier, options->peers[i].endpoint),
                                        .server_key = copy(copier, options->peers[i].key)};
        if (copier->block != NULL) {
            hosts->addresses[i] = address;
        }
    }
    for (uint32_t i = 0; i < options->allowed_key_count; i++) {
        const char *key = copy(copier, options->allowed_keys[i]);
        if (copier->block != NULL) {
            hosts->allowed_keys[i] = key;
        }
    }
}

/* The keys of the key file take the place of those that were not given. */
static troupe_error use_key_file(troupe_node_options *options, const tr_text_reader *reader,
                                 tr_key_pair *pair)
{
    if (options->key_file == NULL) {
        return TROUPE_OK;
    }
    if (options->public_key != NULL || options->secret_key != NULL) {
        (void) blame(options, reader->log, "its keys are given twice, also by .key_file",
                     options->key_file);
        return TROUPE_ERROR_BAD_ARGUMENT;
    }
    const troupe_error error = tr_key_file_read(options->key_file, reader, pair);
    options->public_key = pair->public_key;
    options->secret_key = pair->secret_key;
    return error;
}

static troupe_error copy_options(tr_hosts *hosts, const troupe_node_options *options,
                                 const troupe_allocator *allocator)
{
    struct copier copier = {.block = NULL};
    copy_all(hosts, options, &copier);
    hosts->size = copier.used;
    hosts->block = tr_allocate(allocator, hosts->size);
    TR_REQUIRE(hosts->block != NULL, NO_MEMORY);
    copier = (struct copier) {.block = hosts->block};
    copy_all(hosts, options, &copier);
    TR_ASSERT(copier.used == hosts->size);
    return TROUPE_OK;
}

static troupe_error read_wanted(tr_hosts *hosts, troupe_node_options *options,
                                const tr_text_reader *reader, tr_key_pair *pair)
{
    troupe_error error = use_key_file(options, reader, pair);
    if (!error && !check(options, reader->log)) {
        error = TROUPE_ERROR_BAD_ARGUMENT;
    }
    error = error ? error : copy_options(hosts, options, reader->allocator);
    error = error ? error : tr_hosts_read_allowed(hosts, reader, &hosts->allowed);
    if (error) {
        tr_hosts_free(hosts, reader->allocator);
    }
    return error;
}

troupe_error tr_hosts_read_allowed(const tr_hosts *hosts, const tr_text_reader *reader,
                                   tr_allowed *out_allowed)
{
    return tr_allowed_read(out_allowed, hosts->allowed_file, hosts->allowed_keys,
                           hosts->allowed_key_count, reader);
}

troupe_error tr_hosts_read(tr_hosts *hosts, const troupe_node_options *given,
                           const troupe_allocator *allocator, const troupe_log *log)
{
    troupe_node_options known;
    TR_REQUIRE(tr_options_read(&known, sizeof known, given), BAD_ARGUMENT);
    *hosts = (tr_hosts) {.address_count = known.peer_count,
                         .allowed_key_count = known.allowed_key_count,
                         .suspect_ns = known.suspect_after.ns,
                         .dead_ns = known.dead_after.ns,
                         .squeezes = known.compress != 0};
    char who[TR_LOG_LINE_BYTES_MAX / 2];
    (void) snprintf(who, sizeof who, "node '%s'", name_of(&known));
    const tr_text_reader reader = {.allocator = allocator, .log = log, .who = who};
    tr_key_pair pair = {0};
    const troupe_error error =
        tr_hosts_are_wanted(&known) ? read_wanted(hosts, &known, &reader, &pair) : TROUPE_OK;
    explicit_bzero(&pair, sizeof pair);
    return error;
}

void tr_hosts_free(tr_hosts *hosts, const troupe_allocator *allocator)
{
    if (hosts->block != NULL) {
        explicit_bzero(hosts->block, hosts->size); /* the secret key */
        tr_free(allocator, hosts->block, hosts->size);
        tr_allowed_free(&hosts->allowed, allocator);
        *hosts = (tr_hosts) {0};
    }
}

tr_hub_options tr_hosts_hub_options(const tr_hosts *hosts)
{
    return (tr_hub_options) {
        .addresses = hosts->addresses,
        .address_count = hosts->address_count,
        .listen = hosts->listen,
        .local = hosts->listen_local,
        .public_key = hosts->public_key,
        .secret_key = hosts->secret_key,
        .allowed = hosts->secret_key != NULL ? &hosts->allowed : NULL,
        .suspect_ns = hosts->suspect_ns,
        .dead_ns = hosts->dead_ns,
        .squeezes = hosts->squeezes,
    };
}

uint64_t troupe_node_id(const troupe_node *node)
{
    TR_CHECK_NODE(node);
    return node != NULL ? node->system.options.node_id : 0;
}

troupe_error troupe_node_endpoint(const troupe_node *node, char *out_text, size_t size)
{
    TR_CHECK_NODE(node);
    TR_REQUIRE(node != NULL && out_text != NULL && size > 0, BAD_ARGUMENT);
    const char *endpoint = node->hub != NULL ? tr_hub_endpoint(node->hub) : NULL;
    out_text[0] = '\0';
    TR_REQUIRE(endpoint != NULL, END);
    const int length = snprintf(out_text, size, "%s", endpoint);
    TR_REQUIRE(length >= 0 && (size_t) length < size, TOO_LARGE);
    return TROUPE_OK;
}

/* Reloading. */

struct reload {
    troupe_node *node;
    tr_allowed next;
};

/* On the hub's thread. */
static void put_in_force(tr_worker *worker, void *context)
{
    (void) worker;
    struct reload *reload = context;
    tr_hosts *hosts = &reload->node->hosts;
    const tr_allowed before = hosts->allowed;
    hosts->allowed = reload->next;
    reload->next = before;
    tr_hub_recheck(reload->node->hub);
}

static troupe_error reload_keys(troupe_node *node)
{
    char who[TR_LOG_LINE_BYTES_MAX / 2];
    struct reload reload = {.node = node};
    tr_engine *engine = node->engines[tr_system_border_worker(&node->system)];
    TR_REQUIRE(!tr_engine_is_current(engine), CANNOT_WAIT);
    (void) snprintf(who, sizeof who, "node '%s'", node->settings.name);
    const tr_text_reader reader = {
        .allocator = &node->settings.allocator, .log = &node->settings.log, .who = who};
    troupe_error error = tr_hosts_read_allowed(&node->hosts, &reader, &reload.next);
    if (error) {
        return error;
    }
    const uint32_t count = reload.next.count;
    error = tr_engine_call_and_wait(engine, put_in_force, &reload, TR_NEVER);
    tr_allowed_free(&reload.next, &node->settings.allocator);
    if (!error) {
        tr_log_write(&node->settings.log, TROUPE_LOG_NOTICE, "%s: %s is read again: %u keys", who,
                     node->hosts.allowed_file, (unsigned) count);
    }
    return error;
}

troupe_error troupe_node_reload_keys(troupe_node *node)
{
    TR_CHECK_NODE(node);
    TR_REQUIRE(node != NULL, BAD_ARGUMENT);
    TR_REQUIRE(!tr_node_is_forked(node), FORKED);
    TR_REQUIRE(node->hosts.allowed_file != NULL, END);
    const tr_node_phase phase = tr_node_phase_now(node);
    TR_REQUIRE(phase != TR_NODE_MADE && phase != TR_NODE_STOPPED, STOPPING);
    tr_mutex_lock(&node->reloading); /* what was read last is in force last */
    const troupe_error error = reload_keys(node);
    tr_mutex_unlock(&node->reloading);
    return error;
}
