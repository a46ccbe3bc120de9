/* SPDX-License-Identifier: MIT */
/* wordcount: counts the words of all files below some paths, with a pipeline of actors.
 *
 *     reader --> splitters --> counters --> reporter
 *
 * Every mailbox is bounded: who is faster than the next one waits for it. See messages.h. */
#include "messages.h"
#include "options.h"
#include "stages.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <troupe/troupe.h>

/* With as many blocks as can be under way: in each splitter's mailbox and hands, and two in the
 * reader's. */
static troupe_error run(struct job *job)
{
    const size_t count = (size_t) job->options->workers * (job->options->capacity + 1) + 2;
    if (!blocks_init(&job->blocks, count)) {
        return TROUPE_ERROR_NO_MEMORY;
    }

    /* Who presses Ctrl-C does not want the rest: nothing is drained. */
    const troupe_log log = {.write = troupe_log_to_stderr, .level = TROUPE_LOG_ERROR};
    const troupe_error error = troupe_run(
        TROUPE_NODE_OPTIONS(.name = "wordcount", .log = &log, .workers = job->options->workers,
                            .stop_on_signals = 1, .drain_timeout = TROUPE_NOW),
        stages_run, job);
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
