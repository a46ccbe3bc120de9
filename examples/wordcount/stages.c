/* SPDX-License-Identifier: MIT */
#include "stages.h"

#include "text.h"

/* The bound in bytes of a mailbox is what it takes when full of the largest messages, so that the
 * bound in messages is the one that holds. The largest batch is one of a single long word. */
enum {
    BATCH_BYTES_MAX = WORD_BYTES_MAX + 64
};

/* It writes to files and terminals, and so may block. */
static troupe_spawn_options reporter_options(struct job *job)
{
    return *TROUPE_SPAWN(.name = "reporter", .body = reporter_run, .argument = job,
                         .place = TROUPE_PLACE_OWN_THREAD,
                         .mailbox_capacity = job->options->capacity, .reply_bytes = PULL_BYTES_MAX);
}

/* It blocks on the disk. */
static troupe_spawn_options reader_options(struct job *job)
{
    return *TROUPE_SPAWN(.name = "reader", .body = reader_run, .argument = job,
                         .place = TROUPE_PLACE_OWN_THREAD);
}

/* One of many, spread over the workers. */
static troupe_spawn_options worker_options(struct job *job, troupe_body *body,
                                           uint64_t message_bytes_max)
{
    return *TROUPE_SPAWN(.body = body, .argument = job, .place = TROUPE_PLACE_ANY,
                         .mailbox_capacity = job->options->capacity,
                         .mailbox_bytes = job->options->capacity * message_bytes_max);
}

static troupe_error spawn_watched(troupe_self *self, const troupe_spawn_options *options,
                                  troupe_ref *out_ref)
{
    troupe_ref ref;
    troupe_error error = troupe_spawn(self, options, &ref);
    if (error) {
        return error;
    }
    troupe_monitor_id monitor; /* stands as long as this actor */
    error = troupe_monitor(self, ref, &monitor);
    if (error) {
        return error;
    }
    *out_ref = ref;
    return TROUPE_OK;
}

/* It holds one unit and has the next one in its mailbox. An answer takes no more than five times
 * the text, when all of its words are as short as may be, and each is another. */
static troupe_error spawn_courier(troupe_self *self, struct job *job, uint32_t index)
{
    struct courier *courier = &job->couriers[index];
    *courier = (struct courier) {.job = job};
    return spawn_watched(self,
                         TROUPE_SPAWN(.body = courier_run, .argument = courier,
                                      .place = TROUPE_PLACE_ANY, .mailbox_capacity = 1,
                                      .reply_bytes = UINT64_C(5) * BLOCK_BYTES),
                         &courier->ref);
}

troupe_error stages_run(troupe_self *self, void *argument)
{
    const troupe_spawn_options reporter = reporter_options(argument);
    troupe_ref ref;
    troupe_error error = spawn_watched(self, &reporter, &ref);
    if (!error) {
        error = send_struct(self, ref, &begin_type, NULL);
    }
    if (error) {
        return error;
    }
    TROUPE_AUTO(troupe_message) *message = NULL;
    error = troupe_receive(self, &message, TROUPE_FOREVER);
    if (error) {
        return error;
    }
    const troupe_down *down = troupe_message_struct(message, &troupe_down_type);
    return down != NULL ? down->reason : TROUPE_ERROR_BAD_ARGUMENT;
}

troupe_error stages_spawn(troupe_self *self, struct job *job)
{
    job->reporter = troupe_self_ref(self);
    const troupe_spawn_options counter = worker_options(job, counter_run, BATCH_BYTES_MAX);
    for (uint32_t i = 0; i < job->options->workers; i++) {
        const troupe_error error = spawn_watched(self, &counter, &job->counters[i]);
        if (error) {
            return error;
        }
    }

    const troupe_spawn_options splitter = worker_options(job, splitter_run, BLOCK_BYTES);
    for (uint32_t i = 0; i < job->options->workers; i++) {
        const troupe_error error = spawn_watched(self, &splitter, &job->splitters[i]);
        if (error) {
            return error;
        }
    }

    for (uint32_t i = 0; i < job_couriers(job); i++) {
        const troupe_error error = spawn_courier(self, job, i);
        if (error) {
            return error;
        }
    }

    const troupe_spawn_options reader = reader_options(job);
    troupe_ref ref;
    const troupe_error error = spawn_watched(self, &reader, &ref);
    return error ? error : send_struct(self, ref, &begin_type, NULL);
}

static troupe_error read_depth(troupe_self *self, troupe_ref actor, struct depth *fullest)
{
    struct depth depth;
    const troupe_error error =
        troupe_node_depth(troupe_self_node(self), actor, &depth.now, &depth.peak);
    if (error) {
        return error;
    }
    fullest->now = depth.now > fullest->now ? depth.now : fullest->now;
    fullest->peak = depth.peak > fullest->peak ? depth.peak : fullest->peak;
    return TROUPE_OK;
}

troupe_error stages_depths(troupe_self *self, const struct job *job, struct depths *out_depths)
{
    struct depths depths = {0};
    troupe_error error = read_depth(self, job->reporter, &depths.reporter);
    for (uint32_t i = 0; i < job->options->workers && !error; i++) {
        error = read_depth(self, job->counters[i], &depths.counters);
        if (!error) {
            error = read_depth(self, job->splitters[i], &depths.splitters);
        }
    }
    if (!error) {
        *out_depths = depths;
    }
    return error;
}
