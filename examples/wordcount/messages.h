/* SPDX-License-Identifier: MIT */
/* messages: what the actors of this program send each other, and what all of them know.
 *
 *     reader --unit--> splitters --batch--> counters --batch, when asked to pull--> reporter
 *
 * After the last unit the reader sends each splitter `end`, and each splitter sends it to each
 * counter. The reader, then each splitter, then each counter sends the reporter its tally.
 *
 * Where other nodes help there are couriers beside the splitters, and do what these do, but ask a
 * helper on another node for what is in a unit (courier.c, helper.c, wordcount.proto). */
#ifndef WORDCOUNT_MESSAGES_H
#define WORDCOUNT_MESSAGES_H

#include "blocks.h"
#include "options.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <troupe/troupe.h>

enum {
    PULL_BYTES_MAX = 128 * 1024 /* of a batch that was pulled; has room for a word and more */
};

extern const troupe_type begin_type;    /* no body: sent by the parent, which is watching now */
extern const troupe_type unit_type;     /* struct unit */
extern const troupe_type batch_type;    /* raw bytes: words and counts, see batch.h */
extern const troupe_type end_type;      /* no body: nothing more comes from this sender */
extern const troupe_type pull_type;     /* no body: asks for the next batch of sorted words */
extern const troupe_type trouble_type;  /* raw bytes: a line for people */
extern const troupe_type progress_type; /* struct progress */
extern const troupe_type tally_type;    /* struct tally */

/* Some of the text, by number; whole words, and a byte of no word at the end. Of each unit the
 * counts are taken over once, by whoever has been handed it. */
struct unit {
    uint64_t number; /* from 1 */
    struct block *block;
    size_t size;
};

/* What has been read so far. */
struct progress {
    uint64_t files;
    uint64_t bytes;
};

#define HELPERS_NAME "helpers" /* on a node that helps: answers wordcount.Unit with Counts */
enum {
    HELP_SECONDS = 60, /* after which a unit is counted here */
    PEERS_SECONDS = 5  /* that other nodes are waited for at the beginning */
};

/* What an actor has seen in its life; each fills in what it knows. */
struct tally {
    struct progress read;
    uint64_t unreadable;
    uint64_t handed_out; /* units, by the reader */
    uint64_t units;      /* whose counts were taken over */
    uint64_t away;       /* of these, counted by other nodes */
    uint64_t anew;       /* that another node was given and did not answer: counted here */
    uint64_t words;
    uint64_t too_long;
    uint64_t distinct;
};

/* Has one unit at a time counted by another node. */
struct courier {
    struct job *job;
    troupe_ref ref;
};

/* What all actors know. The refs are written by the reporter, each before those who read it are
 * spawned. */
struct job {
    const struct options *options;
    struct blocks blocks; /* the reader's; outlives all messages */
    troupe_ref reporter;
    troupe_ref counters[WORKERS_MAX];  /* options->workers of them */
    troupe_ref splitters[WORKERS_MAX]; /* as many */
    struct courier couriers[PEERS_MAX * PEER_UNITS];
    FILE *output;        /* for the counts of all words, or NULL */
    bool is_complete;    /* the result: whether nothing stopped it before the end */
    uint64_t unreadable; /* and how many files and directories could not be read */
};

/* How many couriers there are: PEER_UNITS for each other node. */
static inline uint32_t job_couriers(const struct job *job)
{
    return job->options->peer_count * PEER_UNITS;
}

/* The bodies of the actors; `argument` is the job, of a courier its own struct. */
troupe_error reader_run(troupe_self *self, void *argument);
troupe_error splitter_run(troupe_self *self, void *argument);
troupe_error courier_run(troupe_self *self, void *argument);
troupe_error counter_run(troupe_self *self, void *argument);
troupe_error reporter_run(troupe_self *self, void *argument);

/* Waits for `begin`. An actor that might end at once does this first: of one that has ended before
 * it was watched the reason is not known any more. */
troupe_error wait_to_begin(troupe_self *self);

/* How an actor has ended that met this error: well, if it was told to stop, or if one that it sends
 * to has ended, who has told the reporter why. */
troupe_error end_of(troupe_error error);

/* Sends a message of this type with a copy of this body (NULL: none), waiting for room. */
troupe_error send_struct(troupe_self *self, troupe_ref to, const troupe_type *type,
                         const void *body);

/* Makes a message of bytes from malloc: *bytes is taken over and NULL after success. */
troupe_error create_owned(troupe_self *self, const troupe_type *type, char **bytes, size_t size,
                          troupe_message **out_message);

#endif
