/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: wordcount [--workers N] [--capacity N] [--top N] [--output FILE]\n"
    "                 [--join ADDRESS[=KEY]]... [--key-file FILE] [--dead-after N] [PATH ...]\n"
    "       wordcount --help-at ADDRESS [--workers N] [--key-file FILE] [--allowed-file FILE]\n";

static const char help[] =
    "Counts the words of all files below the given paths, /usr/include if none is given.\n"
    "A word is a longest run of letters, digits and underscores in a file.\n"
    "  --workers N    threads that split and count, 1 to 64; else one per core\n"
    "  --capacity N   messages in each mailbox, 1 to 1024; else 16\n"
    "  --top N        how many words to show, 0 to 10000; else 20\n"
    "  --output FILE  write every word to FILE, as lines COUNT WORD sorted by word\n"
    "Other nodes may help; they need no files, but are sent the text.\n"
    "  --join ADDRESS=KEY   have the node there count too, as tcp://192.0.2.2:7400, that has this\n"
    "                       public key; up to 16 times\n"
    "  --dead-after N       seconds of silence after which a node counts as dead, and what it was\n"
    "                       given is counted anew, 1 to 3600; else 15\n"
    "  --help-at ADDRESS    be such a node, until one that was helped has ended\n"
    "  --key-file FILE      this node's keys, made by 'troupe keygen FILE'; without them, no\n"
    "                       encryption, and only within this machine\n"
    "  --allowed-file FILE  who may dial, a line NAME KEY send for each\n";

static char *default_paths[] = {(char[]) {"/usr/include"}, NULL};

static uint32_t cores(void)
{
    const long count = sysconf(_SC_NPROCESSORS_ONLN);
    if (count < 1) {
        return 1;
    }
    return count < WORKERS_MAX ? (uint32_t) count : WORKERS_MAX;
}

static int complain(const char *name, const char *value, unsigned long min, unsigned long max)
{
    (void) fprintf(stderr, "wordcount: --%s is '%s', not a number from %lu to %lu\n%s", name, value,
                   min, max, usage);
    return 2;
}

/* Returns -1 after reading the number. */
static int read_number(const char *name, unsigned long min, unsigned long max, uint32_t *out_number)
{
    char *end = NULL;
    errno = 0;
    const unsigned long number = strtoul(optarg, &end, 10);
    if (optarg[0] < '0' || optarg[0] > '9' || *end != '\0' || errno != 0 || number < min ||
        number > max) {
        return complain(name, optarg, min, max);
    }
    *out_number = (uint32_t) number;
    return -1;
}

/* An address has no '=', a key may have. */
static int read_peer(struct options *options)
{
    if (options->peer_count == PEERS_MAX) {
        (void) fprintf(stderr, "wordcount: --join is given more than %d times\n%s", PEERS_MAX,
                       usage);
        return 2;
    }
    struct peer *peer = &options->peers[options->peer_count];
    options->peer_count++;
    peer->endpoint = optarg;
    char *equals = strchr(optarg, '=');
    if (equals != NULL) {
        *equals = '\0';
        peer->key = equals + 1;
    }
    return -1;
}

static int read_option(struct options *options, int letter)
{
    switch (letter) {
    case 'w':
        return read_number("workers", 1, WORKERS_MAX, &options->workers);
    case 'c':
        return read_number("capacity", 1, CAPACITY_MAX, &options->capacity);
    case 't':
        return read_number("top", 0, TOP_MAX, &options->top);
    case 'o':
        options->output = optarg;
        return -1;
    case 'j':
        return read_peer(options);
    case 'a':
        options->help_at = optarg;
        return -1;
    case 'd':
        return read_number("dead-after", 1, 3600, &options->dead_after);
    case 'k':
        options->key_file = optarg;
        return -1;
    case 'l':
        options->allowed_file = optarg;
        return -1;
    case 'h':
        (void) printf("%s%s", usage, help);
        return 0;
    default: /* getopt_long has said what is wrong */
        (void) fputs(usage, stderr);
        return 2;
    }
}

int options_read(struct options *options, int argc, char **argv)
{
    static const struct option known[] = {{"workers", required_argument, NULL, 'w'},
                                          {"capacity", required_argument, NULL, 'c'},
                                          {"top", required_argument, NULL, 't'},
                                          {"output", required_argument, NULL, 'o'},
                                          {"join", required_argument, NULL, 'j'},
                                          {"help-at", required_argument, NULL, 'a'},
                                          {"key-file", required_argument, NULL, 'k'},
                                          {"allowed-file", required_argument, NULL, 'l'},
                                          {"dead-after", required_argument, NULL, 'd'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    *options = (struct options) {.workers = cores(), .capacity = 16, .top = 20, .dead_after = 15};

    int letter = 0;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is no other thread yet */
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        const int status = read_option(options, letter);
        if (status != -1) {
            return status;
        }
    }

    options->paths = optind < argc ? argv + optind : default_paths;
    for (char **path = options->paths; *path != NULL; path++) {
        if (**path == '\0') {
            (void) fprintf(stderr, "wordcount: a path is empty\n%s", usage);
            return 2;
        }
    }
    return -1;
}
