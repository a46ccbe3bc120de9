/* SPDX-License-Identifier: MIT */
/* reporter: brings the others to life, shows how far they are, and reports the result.
 *
 * It alone writes to files and to the terminal. What each of the others has seen comes as one
 * tally; once all are in, the counters are through and can be asked for their words. */
#include "merge.h"
#include "messages.h"
#include "print.h"
#include "stages.h"
#include "top.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct reporter {
    troupe_self *self;
    struct job *job;
    struct top top;
    struct progress progress;
    struct result result;
    uint64_t start_ns;
    uint32_t tallies_left;
};

static double seconds_since_start(const struct reporter *reporter)
{
    return (double) (troupe_self_now_ns(reporter->self) - reporter->start_ns) / 1e9;
}

static void show_progress(const struct reporter *reporter)
{
    struct depths depths;
    if (stages_depths(reporter->self, reporter->job, &depths) == TROUPE_OK) {
        print_progress(&reporter->progress, seconds_since_start(reporter), &depths);
    }
}

static void add_tally(struct reporter *reporter, const struct tally *tally)
{
    struct tally *total = &reporter->result.total;
    total->read.files += tally->read.files;
    total->read.bytes += tally->read.bytes;
    total->unreadable += tally->unreadable;
    total->handed_out += tally->handed_out;
    total->units += tally->units;
    total->away += tally->away;
    total->anew += tally->anew;
    total->words += tally->words;
    total->too_long += tally->too_long;
    total->distinct += tally->distinct;
    reporter->tallies_left--;
}

static troupe_error handle(struct reporter *reporter, const troupe_message *message)
{
    const struct progress *progress = troupe_message_struct(message, &progress_type);
    const struct tally *tally = troupe_message_struct(message, &tally_type);
    const struct troupe_down *down = troupe_message_struct(message, &troupe_down_type);
    if (progress != NULL) {
        reporter->progress = *progress;
    } else if (tally != NULL) {
        add_tally(reporter, tally);
    } else if (down != NULL) {
        return down->reason; /* OK only of the reader; all others stay to the end */
    } else if (troupe_message_is(message, &trouble_type)) {
        size_t size = 0;
        const char *line = troupe_message_bytes(message, &size);
        print_trouble(line, size);
    } else {
        show_progress(reporter); /* by the timer */
    }
    return TROUPE_OK;
}

static troupe_error collect_tallies(struct reporter *reporter)
{
    const struct job *job = reporter->job;
    if (print_shows_progress()) {
        troupe_timer timer;
        const troupe_error error = troupe_timer_start(
            reporter->self, TROUPE_TIMER(.every = TROUPE_WITHIN_MS(200)), &timer);
        if (error) {
            return error;
        }
    }

    TROUPE_AUTO(troupe_message) *message = NULL;
    reporter->tallies_left = 1 + 2 * job->options->workers + job_couriers(job);
    while (reporter->tallies_left > 0) {
        troupe_error error = troupe_receive(reporter->self, &message, TROUPE_FOREVER);
        if (!error) {
            error = handle(reporter, message);
        }
        if (error) {
            return error;
        }
    }
    return stages_depths(reporter->self, job, &reporter->result.depths);
}

static troupe_error take_word(void *context, const struct word *word)
{
    struct reporter *reporter = context;
    if (!top_offer(&reporter->top, word)) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    if (reporter->job->output != NULL &&
        fprintf(reporter->job->output, "%" PRIu64 " %.*s\n", word->count, (int) word->length,
                word->bytes) < 0) {
        return troupe_fail(reporter->self, TROUPE_ERROR_SYSTEM, "cannot write '%s': %s",
                           reporter->job->options->output, strerrordesc_np(errno));
    }
    return TROUPE_OK;
}

static troupe_error report(struct reporter *reporter)
{
    troupe_error error = stages_spawn(reporter->self, reporter->job);
    if (!error) {
        error = collect_tallies(reporter);
    }
    print_no_progress();
    if (!error) {
        error = merge_counters(reporter->self, reporter->job, take_word, reporter);
    }
    const struct tally *total = &reporter->result.total;
    if (!error && total->units != total->handed_out) {
        error = troupe_fail(reporter->self, TROUPE_ERROR_FAILED,
                            "%" PRIu64 " units were handed out, and %" PRIu64 " counted",
                            total->handed_out, total->units);
    }
    if (error) {
        return error;
    }
    reporter->result.seconds = seconds_since_start(reporter);
    print_result(&reporter->result, &reporter->top, reporter->job->options->capacity);
    reporter->job->unreadable = reporter->result.total.unreadable;
    reporter->job->is_complete = true;
    return TROUPE_OK;
}

troupe_error reporter_run(troupe_self *self, void *argument)
{
    troupe_error error = wait_to_begin(self);
    if (error) {
        return error;
    }
    struct reporter reporter = {
        .self = self, .job = argument, .start_ns = troupe_self_now_ns(self)};
    if (!top_init(&reporter.top, reporter.job->options->top)) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    error = report(&reporter);
    top_fini(&reporter.top);
    return error;
}
