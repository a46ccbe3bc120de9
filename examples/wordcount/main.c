/* SPDX-License-Identifier: MIT */
/* wordcount: counts the words of all files below some paths, with a pipeline of actors.
 *
 *     reader --> splitters --> counters --> reporter
 *
 * Every mailbox is bounded: who is faster than the next one waits for it. See messages.h. With
 * --join other nodes take their part of the splitters' work. */
#include "helper.h"
#include "messages.h"
#include "options.h"
#include "stages.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <troupe/troupe.h>

/* What all nodes have in common. */
static troupe_error run_node(const struct options *options, const char *name, troupe_body *body,
                             void *argument, troupe_timeout drain_timeout)
{
    troupe_peer peers[PEERS_MAX];
    for (uint32_t i = 0; i < options->peer_count; i++) {
        peers[i] =
            (troupe_peer) {.endpoint = options->peers[i].endpoint, .key = options->peers[i].key};
    }
    /* Of one node alone only what is wrong: who interrupts it knows that work is dropped. */
    const bool is_alone = options->peer_count == 0 && options->help_at == NULL;
    const troupe_log log = {.write = troupe_log_to_stderr,
                            .level = is_alone ? TROUPE_LOG_ERROR : TROUPE_LOG_WARNING};
    return troupe_run(
        TROUPE_NODE_OPTIONS(.name = name, .log = &log, .workers = options->workers,
                            .stop_on_signals = 1, .drain_timeout = drain_timeout, .peers = peers,
                            .peer_count = options->peer_count, .listen = options->help_at,
                            .dead_after = TROUPE_WITHIN_S(options->dead_after),
                            .key_file = options->key_file, .allowed_file = options->allowed_file,
                            .plain = options->key_file == NULL ? TROUPE_PLAIN_ON_LOOPBACK
                                                               : TROUPE_PLAIN_NEVER),
        body, argument);
}

static int help_others(struct options *options)
{
    const troupe_error error =
        run_node(options, "helper", helper_serve, options, TROUPE_WITHIN_S(5));
    if (error) {
        (void) fprintf(stderr, "wordcount: %s\n", troupe_error_text(error));
    }
    return error ? 1 : 0;
}

/* With as many blocks as can be under way: in each splitter's mailbox and hands, two for each
 * courier likewise, and two in the reader's. */
static troupe_error run(struct job *job)
{
    const size_t count = (size_t) job->options->workers * (job->options->capacity + 1) +
                         (size_t) 2 * job_couriers(job) + 2;
    if (!blocks_init(&job->blocks, count)) {
        return TROUPE_ERROR_NO_MEMORY;
    }

    /* Who presses Ctrl-C does not want the rest: nothing is drained. */
    const troupe_error error = run_node(job->options, "wordcount", stages_run, job, TROUPE_NOW);
    blocks_fini(&job->blocks);
    return error;
}

static int close_output(const struct job *job)
{
    if (job->output != NULL && fclose(job->output) != 0) {
        (void) fprintf(stderr, "wordcount: cannot write '%s': %s\n", job->options->output,
                       strerrordesc_np(errno));
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct options options;
    int status = options_read(&options, argc, argv);
    if (status != -1) {
        return status;
    }
    if (options.help_at != NULL) {
        return help_others(&options);
    }

    struct job job = {.options = &options};
    if (options.output != NULL) {
        job.output = fopen(options.output, "we");
        if (job.output == NULL) {
            (void) fprintf(stderr, "wordcount: cannot write '%s': %s\n", options.output,
                           strerrordesc_np(errno));
            return 1;
        }
    }

    const troupe_error error = run(&job);
    status = close_output(&job);
    if (error) {
        (void) fprintf(stderr, "wordcount: %s\n", troupe_error_text(error));
        return 1;
    }
    if (!job.is_complete) {
        (void) fputs("wordcount: stopped before the end\n", stderr);
        return 1;
    }
    if (job.unreadable > 0) {
        (void) fprintf(stderr, "wordcount: %" PRIu64 " could not be read\n", job.unreadable);
        return 1;
    }
    return status;
}
