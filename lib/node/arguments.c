/* SPDX-License-Identifier: MIT */
/* The options of a node on a command line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/arguments.h>

#include "base/assert.h"
#include "base/memory.h"
#include "base/options.h"
#include "core/limits.h"
#include "core/nodes.h"
#include "node/spares.h"

#define AN_HOUR_MS 3600000

#define AS_TEXT(number) AS_TEXT_2(number)
#define AS_TEXT_2(number) #number

static const char help[] =
    "  --name NAME            for logs, here and at other nodes; without it 'node'\n"
    "  --listen ENDPOINT      where other nodes may dial, as tcp://192.0.2.1:7400; the port may\n"
    "                         be '*'\n"
    "  --listen-local ENDPOINT  where this user's programs may come without keys, as\n"
    "                         ipc:///run/node\n"
    "  --join ENDPOINT[=KEY]  another node, by where it listens and its public key; dialled again\n"
    "                         and again while this node runs; may be given several times\n"
    "  --key-file FILE        the key pair of this node, as 'troupe keygen' writes it\n"
    "  --allowed-file FILE    who may dial, and what each may do\n"
    "  --labels LABELS        told to other nodes, as rack=a,ssd; actors may be placed by them\n"
    "  --plain WHERE          without keys: 'loopback', within this machine, or 'anywhere'\n"
    "  --compress HOW         'lz4': what is large, for nodes that can read it; else 'none'\n"
    "  --workers N            threads that run actors, 1 to " AS_TEXT(TR_WORKERS_MAX)
    "; without it one per core\n"
    "  --spares N             threads that help out while handlers block, 0 to " AS_TEXT(
        TR_SPARES_MAX) "; without\n"
    "                         it 8\n"
    "  --watchdog-ms N        handlers that take longer than N ms are logged; without it 100;\n"
    "                         0: none\n"
    "  --drain-ms N           what a stop gives messages that are queued, and then actors to\n"
    "                         end, each; without it 5000\n"
    "  --log-level LEVEL      error, warning, notice, info or debug; without it notice\n";

/* What is handed out, with all that it points to. */
struct taken {
    troupe_arguments shown; /* first */
    troupe_node_options options;
    troupe_log log;
    size_t size;         /* of this block */
    troupe_peer peers[]; /* as many as can be */
};

/* Where a command line is being read. */
struct reading {
    const char *program;
    const char *name; /* of the option whose value it is at */
    struct taken *taken;
};

static bool complain(const struct reading *reading, const char *value, const char *what)
{
    (void) fprintf(stderr, "%s: %s: '%s' %s\n", reading->program, reading->name, value, what);
    return false;
}

static bool read_number(const struct reading *reading, const char *value, long least, long most,
                        uint32_t *out_number)
{
    char text[96];
    char *end = NULL;
    errno = 0;
    const long number = strtol(value, &end, 10);
    if (end == value || *end != '\0' || errno != 0 || number < least || number > most) {
        (void) snprintf(text, sizeof text, "is not a number from %ld to %ld", least, most);
        return complain(reading, value, text);
    }
    *out_number = (uint32_t) number;
    return true;
}

static bool take_name(struct reading *reading, char *value)
{
    if (strlen(value) > TR_NAME_MAX) {
        return complain(reading, value, "has more than " AS_TEXT(TR_NAME_MAX) " bytes");
    }
    reading->taken->options.name = value;
    return true;
}

static bool take_labels(struct reading *reading, char *value)
{
    if (!tr_nodes_are_labels(value)) {
        return complain(reading, value,
                        "should be words of letters, digits and ._-:/=, with commas between them, "
                        "below 128 bytes");
    }
    reading->taken->options.labels = value;
    return true;
}

static bool take_listen(struct reading *reading, char *value)
{
    reading->taken->options.listen = value;
    return true;
}

static bool take_listen_local(struct reading *reading, char *value)
{
    reading->taken->options.listen_local = value;
    return true;
}

static bool take_join(struct reading *reading, char *value)
{
    troupe_node_options *options = &reading->taken->options;
    char *equals = strchr(value, '='); /* a key may have one, an endpoint not */
    if (equals != NULL) {
        *equals++ = '\0';
    }
    reading->taken->peers[options->peer_count++] = (troupe_peer) {.endpoint = value, .key = equals};
    return true;
}

static bool take_key_file(struct reading *reading, char *value)
{
    reading->taken->options.key_file = value;
    return true;
}

static bool take_allowed_file(struct reading *reading, char *value)
{
    reading->taken->options.allowed_file = value;
    return true;
}

static bool take_plain(struct reading *reading, char *value)
{
    const bool is_loopback = strcmp(value, "loopback") == 0;
    reading->taken->options.plain = is_loopback ? TROUPE_PLAIN_ON_LOOPBACK : TROUPE_PLAIN_ANYWHERE;
    return is_loopback || strcmp(value, "anywhere") == 0 ||
           complain(reading, value, "is neither 'loopback' nor 'anywhere'");
}

static bool take_compress(struct reading *reading, char *value)
{
    const bool is_lz4 = strcmp(value, "lz4") == 0;
    reading->taken->options.compress = is_lz4 ? 1 : 0;
    return is_lz4 || strcmp(value, "none") == 0 ||
           complain(reading, value, "is neither 'lz4' nor 'none'");
}

static bool take_workers(struct reading *reading, char *value)
{
    return read_number(reading, value, 1, TR_WORKERS_MAX, &reading->taken->options.workers);
}

static bool take_spares(struct reading *reading, char *value)
{
    return read_number(reading, value, 0, TR_SPARES_MAX, &reading->taken->options.spares_max);
}

static bool take_watchdog_ms(struct reading *reading, char *value)
{
    troupe_node_options *options = &reading->taken->options;
    uint32_t number = 0;
    const bool is_good = read_number(reading, value, 0, AN_HOUR_MS, &number);
    options->slow_after = TROUPE_WITHIN_MS(number);
    options->watchdog = number > 0 ? TROUPE_WATCHDOG_ON : TROUPE_WATCHDOG_OFF;
    return is_good;
}

static bool take_drain_ms(struct reading *reading, char *value)
{
    troupe_node_options *options = &reading->taken->options;
    uint32_t number = 0;
    const bool is_good = read_number(reading, value, 1, AN_HOUR_MS, &number);
    options->drain_timeout = TROUPE_WITHIN_MS(number);
    options->stop_timeout = options->drain_timeout;
    return is_good;
}

static bool take_log_level(struct reading *reading, char *value)
{
    static const char *const names[] = {
        [TROUPE_LOG_ERROR] = "error",   [TROUPE_LOG_WARNING] = "warning",
        [TROUPE_LOG_NOTICE] = "notice", [TROUPE_LOG_INFO] = "info",
        [TROUPE_LOG_DEBUG] = "debug",
    };
    for (unsigned i = TROUPE_LOG_ERROR; i <= TROUPE_LOG_DEBUG; i++) {
        if (strcmp(value, names[i]) == 0) {
            reading->taken->log.level = (troupe_log_level) i;
            return true;
        }
    }
    return complain(reading, value, "is not error, warning, notice, info or debug");
}

/* One option; its value is in the same argument behind '=', or in the next one. */
struct option {
    const char *name;
    bool (*take)(struct reading *reading, char *value); /* false: said what is wrong */
};

static const struct option options[] = {
    {"--name", take_name},
    {"--labels", take_labels},
    {"--listen", take_listen},
    {"--listen-local", take_listen_local},
    {"--join", take_join},
    {"--key-file", take_key_file},
    {"--allowed-file", take_allowed_file},
    {"--plain", take_plain},
    {"--compress", take_compress},
    {"--workers", take_workers},
    {"--spares", take_spares},
    {"--watchdog-ms", take_watchdog_ms},
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

static bool read_all(struct reading *reading, int *argc, char **argv)
{
    int left = *argc < 1 ? *argc : 1;
    bool is_over = false;
    for (int at = left; at < *argc; at++) {
        char *value = NULL;
        is_over = is_over || strcmp(argv[at], "--") == 0;
        const struct option *option = is_over ? NULL : find(argv[at], &value);
        if (option == NULL) {
            argv[left++] = argv[at];
            continue;
        }
        reading->name = option->name;
        value = value == NULL && at + 1 < *argc ? argv[++at] : value;
        if (value == NULL || value[0] == '\0') {
            (void) fprintf(stderr, "%s: %s: its value is missing\n", reading->program,
                           option->name);
            return false;
        }
        if (!option->take(reading, value)) {
            return false;
        }
    }
    if (left < *argc) {
        argv[left] = NULL;
    }
    *argc = left;
    return true;
}

/* There is no node yet whose it could be. */
static const troupe_allocator *allocator(void)
{
    return tr_allocator_default();
}

static void begin(struct taken *taken, const troupe_node_options *given, size_t size)
{
    taken->shown.options = &taken->options;
    taken->options = *given;
    taken->log = given->log != NULL ? *given->log : (troupe_log) {.write = troupe_log_to_stderr};
    taken->log.level = taken->log.level != 0 ? taken->log.level : TROUPE_LOG_NOTICE;
    taken->options.log = &taken->log;
    taken->size = size;
    for (uint32_t i = 0; i < given->peer_count; i++) {
        taken->peers[i] = given->peers[i];
    }
    taken->options.peers = taken->peers;
}

troupe_error troupe_arguments_take(const char *program, int *argc, char **argv,
                                   const troupe_node_options *given,
                                   troupe_arguments **out_arguments)
{
    troupe_node_options known;
    TR_REQUIRE(out_arguments != NULL, BAD_ARGUMENT);
    *out_arguments = NULL;
    TR_REQUIRE(program != NULL && argc != NULL && *argc >= 0 && (argv != NULL || *argc == 0),
               BAD_ARGUMENT);
    TR_REQUIRE(tr_options_read(&known, sizeof known, given), BAD_ARGUMENT);
    TR_REQUIRE(known.peer_count == 0 || known.peers != NULL, BAD_ARGUMENT);
    const size_t peers_max = (size_t) known.peer_count + (size_t) *argc;
    const size_t size = sizeof(struct taken) + peers_max * sizeof(troupe_peer);
    struct taken *taken = tr_allocate(allocator(), size);
    TR_REQUIRE(taken != NULL, NO_MEMORY);
    begin(taken, &known, size);
    struct reading reading = {.program = program, .taken = taken};
    if (!read_all(&reading, argc, argv)) {
        tr_free(allocator(), taken, size);
        return TROUPE_ERROR_BAD_ARGUMENT;
    }
    *out_arguments = &taken->shown;
    return TROUPE_OK;
}

void troupe_arguments_destroy(troupe_arguments **in_arguments)
{
    if (in_arguments == NULL || *in_arguments == NULL) {
        return;
    }
    struct taken *taken = TR_CONTAINER_OF(*in_arguments, struct taken, shown);
    *in_arguments = NULL;
    tr_free(allocator(), taken, taken->size);
}

const char *troupe_arguments_help(void)
{
    return help;
}
