/* SPDX-License-Identifier: MIT */
/* reader: walks the paths and hands their text to the splitters and couriers, unit by unit.
 *
 * It has a thread of its own, where it may block on the disk. Small files share a block; a line
 * feed ends each file, and with it its last word. A unit is a block up to its last whole word; the
 * unfinished word moves into the next block, so that each unit can be split by itself. Of a
 * word that is too long already only the beginning moves, enough for the splitter to see that. */
#include "messages.h"
#include "peers.h"
#include "text.h"
#include "walk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct reader {
    troupe_self *self;
    struct job *job;
    struct walk *walk;
    struct block *block;
    size_t fill;
    uint32_t next; /* the splitter whose turn it is */
    struct tally tally;
};

static troupe_error hand_if_room(struct reader *reader, troupe_ref to, troupe_message **message)
{
    return troupe_send_message_with(reader->self, to, message,
                                    TROUPE_SEND(.on_full = TROUPE_ON_FULL_FAIL));
}

static troupe_ref next_splitter(struct reader *reader)
{
    const troupe_ref splitter = reader->job->splitters[reader->next];
    reader->next++;
    if (reader->next == reader->job->options->workers) {
        reader->next = 0;
    }
    return splitter;
}

/* To the first courier or splitter that has room; if none has, waits for the splitter whose turn it
 * is: never for a courier, who may be waiting for a node that is cut off. */
static troupe_error hand_over(struct reader *reader, troupe_message **message)
{
    troupe_error error = TROUPE_ERROR_MAILBOX_FULL;
    const uint32_t couriers = job_couriers(reader->job);
    for (uint32_t i = 0; i < couriers && error == TROUPE_ERROR_MAILBOX_FULL; i++) {
        error = hand_if_room(reader, reader->job->couriers[i].ref, message);
    }
    for (uint32_t i = 0; i < reader->job->options->workers && error == TROUPE_ERROR_MAILBOX_FULL;
         i++) {
        error = hand_if_room(reader, next_splitter(reader), message);
    }
    if (error == TROUPE_ERROR_MAILBOX_FULL) {
        error = troupe_send_message(reader->self, next_splitter(reader), message);
    }
    return error;
}

/* A progress that meets a full mailbox is not worth waiting for: the next one says more. */
static troupe_error tell_progress(struct reader *reader)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error =
        troupe_message_create(reader->self, &progress_type, &reader->tally.read, &message);
    if (error) {
        return error;
    }
    return troupe_send_message_with(reader->self, reader->job->reporter, &message,
                                    TROUPE_SEND(.on_full = TROUPE_ON_FULL_DROP_NEWEST));
}

/* Hands over what is whole of the block and begins a new one with the rest. */
static troupe_error pass_block(struct reader *reader)
{
    size_t whole = reader->fill;
    while (whole > 0 && text_is_word_byte(reader->block->text[whole - 1])) {
        whole--;
    }
    size_t rest = reader->fill - whole;
    if (rest > WORD_BYTES_MAX + 1) {
        rest = WORD_BYTES_MAX + 1;
    }
    if (whole == 0) {
        reader->fill = rest;
        return TROUPE_OK;
    }

    struct block *block = blocks_take(&reader->job->blocks);
    if (block == NULL) {
        return TROUPE_ERROR_NO_MEMORY;
    }
    memcpy(block->text, reader->block->text + whole, rest);

    TROUPE_AUTO(troupe_message) *message = NULL;
    const struct unit unit = {
        .number = reader->tally.handed_out + 1, .block = reader->block, .size = whole};
    troupe_error error = troupe_message_create(reader->self, &unit_type, &unit, &message);
    if (error) {
        blocks_give_back(block);
        return error;
    }
    reader->tally.handed_out++;
    reader->block = block;
    reader->fill = rest;

    error = hand_over(reader, &message);
    if (error) {
        return error;
    }
    return tell_progress(reader);
}

static troupe_error tell_trouble(struct reader *reader, const char *path, const char *what)
{
    reader->tally.unreadable++;
    char *line = NULL;
    const int length = asprintf(&line, "wordcount: cannot read '%s': %s; skipped\n", path, what);
    if (length < 0) {
        return TROUPE_ERROR_NO_MEMORY;
    }

    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error =
        create_owned(reader->self, &trouble_type, &line, (size_t) length, &message);
    if (error) {
        free(line);
        return error;
    }
    return troupe_send_message(reader->self, reader->job->reporter, &message);
}

static troupe_error read_file(struct reader *reader, const struct step *file)
{
    for (;;) {
        if (reader->fill == BLOCK_BYTES) {
            const troupe_error error = pass_block(reader);
            if (error) {
                return error;
            }
        }
        const ssize_t size =
            read(file->fd, reader->block->text + reader->fill, BLOCK_BYTES - reader->fill);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size < 0) {
            return tell_trouble(reader, file->path, strerrordesc_np(errno));
        }
        if (size == 0) {
            reader->tally.read.files++;
            return TROUPE_OK;
        }
        reader->fill += (size_t) size;
        reader->tally.read.bytes += (uint64_t) size;
    }
}

static troupe_error end_file(struct reader *reader)
{
    if (reader->fill == BLOCK_BYTES) {
        const troupe_error error = pass_block(reader);
        if (error) {
            return error;
        }
    }
    reader->block->text[reader->fill] = '\n';
    reader->fill++;
    return TROUPE_OK;
}

static troupe_error take_step(struct reader *reader, const struct step *step)
{
    if (step->fd < 0) {
        return tell_trouble(reader, step->path, step->trouble);
    }
    troupe_error error = read_file(reader, step);
    (void) close(step->fd); /* only read */
    if (!error) {
        error = end_file(reader);
    }
    return error;
}

static troupe_error read_all(struct reader *reader)
{
    struct step step;
    while (walk_next(reader->walk, &step)) {
        const troupe_error error = take_step(reader, &step);
        if (error) {
            return error;
        }
    }
    if (reader->fill > 0) {
        const troupe_error error = pass_block(reader);
        if (error) {
            return error;
        }
    }

    for (uint32_t i = 0; i < reader->job->options->workers; i++) {
        const troupe_error error =
            send_struct(reader->self, reader->job->splitters[i], &end_type, NULL);
        if (error) {
            return error;
        }
    }
    for (uint32_t i = 0; i < job_couriers(reader->job); i++) {
        const troupe_error error =
            send_struct(reader->self, reader->job->couriers[i].ref, &end_type, NULL);
        if (error) {
            return error;
        }
    }
    return send_struct(reader->self, reader->job->reporter, &tally_type, &reader->tally);
}

troupe_error reader_run(troupe_self *self, void *argument)
{
    troupe_error error = wait_to_begin(self);
    if (error) {
        return error;
    }
    struct job *job = argument;
    error = peers_await(self, job->options->peer_count);
    if (error) {
        return end_of(error);
    }
    struct reader reader = {
        .self = self,
        .job = job,
        .walk = walk_create(job->options->paths),
        .block = blocks_take(&job->blocks),
    };
    error =
        reader.walk != NULL && reader.block != NULL ? read_all(&reader) : TROUPE_ERROR_NO_MEMORY;
    walk_destroy(&reader.walk);
    if (reader.block != NULL) {
        blocks_give_back(reader.block);
    }
    return end_of(error);
}
