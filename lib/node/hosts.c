/* SPDX-License-Identifier: MIT */
#include "node/hosts.h"

#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/options.h"
#include "node/node.h"

#define KEY_LENGTH 40

bool tr_hosts_are_wanted(const troupe_node_options *options)
{
    return options->listen != NULL || options->peer_count > 0;
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

static bool is_key(const char *key)
{
    static const char z85[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
        ".-:+=^!/*?&<>()[]{}@%$#";
    return strlen(key) == KEY_LENGTH && strspn(key, z85) == KEY_LENGTH;
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

static bool check_endpoint(const troupe_node_options *options, const troupe_log *log,
                           const char *endpoint, bool is_plain)
{
    if (endpoint == NULL || strncmp(endpoint, "tcp://", 6) != 0 ||
        strrchr(endpoint, ':') == endpoint + 3) {
        return blame(options, log, "an endpoint should be like tcp://192.0.2.1:7400 and is",
                     endpoint != NULL ? endpoint : "NULL");
    }
    if (is_plain && !may_be_plain(options, endpoint)) {
        return blame(options, log,
                     options->plain == TROUPE_PLAIN_ON_LOOPBACK
                         ? "without keys only this machine may be reached (.plain = "
                           "TROUPE_PLAIN_ANYWHERE would allow it), not"
                         : "keys are needed (or .plain, to do without them) for",
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
        (!is_key(options->public_key) || !is_key(options->secret_key))) {
        return blame(options, log, "the node's own keys are not 40 characters of Z85", NULL);
    }
    for (uint32_t i = 0; i < options->allowed_key_count; i++) {
        if (options->allowed_keys[i] == NULL || !is_key(options->allowed_keys[i])) {
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
    for (uint32_t i = 0; i < options->peer_count; i++) {
        const troupe_peer *peer = &options->peers[i];
        if (!check_endpoint(options, log, peer->endpoint, peer->key == NULL)) {
            return false;
        }
        if (peer->key != NULL && (!has_keys || !is_key(peer->key))) {
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
    hosts->public_key = copy(copier, options->public_key);
    hosts->secret_key = copy(copier, options->secret_key);
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

troupe_error tr_hosts_read(tr_hosts *hosts, const troupe_node_options *given,
                           const troupe_allocator *allocator, const troupe_log *log)
{
    troupe_node_options known;
    TR_REQUIRE(tr_options_read(&known, sizeof known, given), BAD_ARGUMENT);
    const troupe_node_options *options = &known;
    *hosts = (tr_hosts) {.address_count = options->peer_count,
                         .allowed_key_count = options->allowed_key_count,
                         .suspect_ns = options->suspect_after.ns,
                         .dead_ns = options->dead_after.ns};
    if (!tr_hosts_are_wanted(options)) {
        return TROUPE_OK;
    }
    TR_REQUIRE(check(options, log), BAD_ARGUMENT);
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

void tr_hosts_free(tr_hosts *hosts, const troupe_allocator *allocator)
{
    if (hosts->block != NULL) {
        explicit_bzero(hosts->block, hosts->size); /* the secret key */
        tr_free(allocator, hosts->block, hosts->size);
        *hosts = (tr_hosts) {0};
    }
}

static bool admits(void *context, const char *key, const char *address)
{
    const tr_hosts *hosts = context;
    (void) address;
    for (uint32_t i = 0; i < hosts->allowed_key_count; i++) {
        if (strcmp(hosts->allowed_keys[i], key) == 0) {
            return true;
        }
    }
    return false;
}

tr_hub_options tr_hosts_hub_options(const tr_hosts *hosts)
{
    return (tr_hub_options) {
        .addresses = hosts->addresses,
        .address_count = hosts->address_count,
        .listen = hosts->listen,
        .public_key = hosts->public_key,
        .secret_key = hosts->secret_key,
        .judge = {.context = (void *) (uintptr_t) hosts, .admits = admits},
        .suspect_ns = hosts->suspect_ns,
        .dead_ns = hosts->dead_ns,
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
