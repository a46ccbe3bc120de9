/* SPDX-License-Identifier: MIT */
#include "command/node_options.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPARES_DEFAULT 8

const char tr_node_options_help[] =
    "  --name NAME            for logs, here and at other nodes; without it 'node'\n"
    "  --listen ENDPOINT      where other nodes may dial, as tcp://192.0.2.1:7400; the port may\n"
    "                         be '*'\n"
    "  --listen-local ENDPOINT  where this user's programs may come without keys, as\n"
    "                         ipc:///run/node\n"
    "  --join ENDPOINT[=KEY]  another node, by where it listens and its public key; dialled again\n"
    "                         and again while this node runs; may be given several times\n"
    "  --key-file FILE        the key pair of this node, as 'troupe keygen' writes it\n"
    "  --allowed-file FILE    who may dial, and what each may do; read again at SIGHUP\n"
    "  --labels LABELS        told to other nodes, as rack=a,ssd; actors may be placed by them\n"
    "  --plain WHERE          without keys: 'loopback', within this machine, or 'anywhere'\n"
    "  --compress HOW         'lz4': what is large, for nodes that can read it; without it 'none'\n"
    "  --load FILE            a module, see <troupe/module.h>; may be given several times\n"
    "  --workers N            threads that run actors, 1 to 64; without it one per core\n"
    "  --spares N             threads that help out while handlers block, 1 to 256; without it 8\n"
    "  --drain-ms N           what a stop gives messages that are queued, and then actors to\n"
    "                         end, each; without it 5000\n"
    "  --log-level LEVEL      error, warning, notice, info or debug; without it notice\n";

/* One option; its value is in the same argument behind '=', or in the next one. */
struct option {
    const char *name;
    bool (*take)(tr_node_wishes *wishes, char *value); /* false: said what is wrong */
};

static bool complain(const char *option, const char *value, const char *what)
{
    (void) fprintf(stderr, "troupe node: %s '%s': %s\n", option, value, what);
    return false;
}

static bool take_number(const char *option, const char *value, unsigned long most,
                        unsigned long *out_number)
{
    char text[96];
    char *end = NULL;
    errno = 0;
    const unsigned long number = strtoul(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0 || number < 1 ||
        number > most) {
        (void) snprintf(text, sizeof text, "should be a number from 1 to %lu", most);
        return complain(option, value, text);
    }
    *out_number = number;
    return true;
}

static bool take_name(tr_node_wishes *wishes, char *value)
{
    wishes->options.name = value;
    return true;
}

static bool take_listen_local(tr_node_wishes *wishes, char *value)
{
    wishes->options.listen_local = value;
    return true;
}

static bool take_listen(tr_node_wishes *wishes, char *value)
{
    wishes->options.listen = value;
    return true;
}

static bool take_join(tr_node_wishes *wishes, char *value)
{
    if (wishes->options.peer_count == TR_NODE_PEERS_MAX) {
        return complain("--join", value, "there may be 256 of them");
    }
    char *equals = strchr(value, '='); /* a key may have one, an endpoint not */
    if (equals != NULL) {
        *equals++ = '\0';
    }
    wishes->peers[wishes->options.peer_count++] = (troupe_peer) {.endpoint = value, .key = equals};
    return true;
}

static bool take_key_file(tr_node_wishes *wishes, char *value)
{
    wishes->options.key_file = value;
    return true;
}

static bool take_allowed_file(tr_node_wishes *wishes, char *value)
{
    wishes->options.allowed_file = value;
    return true;
}

static bool take_labels(tr_node_wishes *wishes, char *value)
{
    wishes->options.labels = value;
    return true;
}

static bool take_plain(tr_node_wishes *wishes, char *value)
{
    const bool is_loopback = strcmp(value, "loopback") == 0;
    if (!is_loopback && strcmp(value, "anywhere") != 0) {
        return complain("--plain", value, "should be 'loopback' or 'anywhere'");
    }
    wishes->options.plain = is_loopback ? TROUPE_PLAIN_ON_LOOPBACK : TROUPE_PLAIN_ANYWHERE;
    return true;
}

static bool take_compress(tr_node_wishes *wishes, char *value)
{
    const bool is_lz4 = strcmp(value, "lz4") == 0;
    wishes->options.compress = is_lz4 ? 1 : 0;
    return is_lz4 || strcmp(value, "none") == 0 ||
           complain("--compress", value, "should be 'lz4' or 'none'");
}

static bool take_load(tr_node_wishes *wishes, char *value)
{
    if (wishes->modules.count == TR_MODULES_MAX) {
        return complain("--load", value, "there may be 64 of them");
    }
    wishes->modules.paths[wishes->modules.count++] = value;
    return true;
}

static bool take_workers(tr_node_wishes *wishes, char *value)
{
    unsigned long number = 0;
    const bool is_good = take_number("--workers", value, 64, &number);
    wishes->options.workers = (uint32_t) number;
    return is_good;
}

static bool take_spares(tr_node_wishes *wishes, char *value)
{
    unsigned long number = 0;
    const bool is_good = take_number("--spares", value, 256, &number);
    wishes->options.spares_max = (uint32_t) number;
    return is_good;
}

static bool take_drain_ms(tr_node_wishes *wishes, char *value)
{
    unsigned long number = 0;
    const bool is_good = take_number("--drain-ms", value, 3600000, &number);
    wishes->options.drain_timeout = TROUPE_WITHIN_MS(number);
    wishes->options.stop_timeout = wishes->options.drain_timeout;
    return is_good;
}

static bool take_log_level(tr_node_wishes *wishes, char *value)
{
    static const char *const names[] = {
        [TROUPE_LOG_ERROR] = "error",   [TROUPE_LOG_WARNING] = "warning",
        [TROUPE_LOG_NOTICE] = "notice", [TROUPE_LOG_INFO] = "info",
        [TROUPE_LOG_DEBUG] = "debug",
    };
    for (unsigned i = TROUPE_LOG_ERROR; i <= TROUPE_LOG_DEBUG; i++) {
        if (strcmp(value, names[i]) == 0) {
            wishes->log_level = (troupe_log_level) i;
            return true;
        }
    }
    return complain("--log-level", value, "should be error, warning, notice, info or debug");
}

static const struct option options[] = {
    {"--name", take_name},
    {"--listen", take_listen},
    {"--listen-local", take_listen_local},
    {"--join", take_join},
    {"--key-file", take_key_file},
    {"--allowed-file", take_allowed_file},
    {"--labels", take_labels},
    {"--plain", take_plain},
    {"--compress", take_compress},
    {"--load", take_load},
    {"--workers", take_workers},
    {"--spares", take_spares},
    {"--drain-ms", take_drain_ms},
    {"--log-level", take_log_level},
};

/* The option that the argument names, or NULL; its value if that is in the same argument. */
static const struct option *find(char *argument, char **out_value)
{
    const size_t length = strcspn(argument, "=");
    *out_value = argument[length] == '=' ? argument + length + 1 : NULL;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (strlen(options[i].name) == length && memcmp(argument, options[i].name, length) == 0) {
            return &options[i];
        }
    }
    return NULL;
}

bool tr_node_options_read(tr_node_wishes *wishes, int argc, char **argv)
{
    *wishes =
        (tr_node_wishes) {.options = {.size = sizeof wishes->options, .spares_max = SPARES_DEFAULT},
                          .log_level = TROUPE_LOG_NOTICE};
    for (int i = 1; i < argc; i++) {
        char *value = NULL;
        const struct option *option = find(argv[i], &value);
        if (option == NULL) {
            (void) fprintf(stderr, "troupe node: there is no option '%s'\n", argv[i]);
            return false;
        }
        if (value == NULL && ++i < argc) {
            value = argv[i];
        }
        if (value == NULL || value[0] == '\0') {
            (void) fprintf(stderr, "troupe node: %s has no value\n", option->name);
            return false;
        }
        if (!option->take(wishes, value)) {
            return false;
        }
    }
    wishes->options.peers = wishes->peers;
    return true;
}
