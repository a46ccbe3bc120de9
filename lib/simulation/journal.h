/* SPDX-License-Identifier: MIT */
/* journal: the last that happened in a world and that its nodes logged, for people.
 *
 * What happens all the time (passes, batches, the going on of time) is left out.
 * Owns:       its entries.
 * Invariants: nothing in an entry is looked up later: who it is about may be gone by then. Names of
 *             types are kept by pointer.
 * Threads:    the world's. */
#ifndef TR_SIMULATION_JOURNAL_H
#define TR_SIMULATION_JOURNAL_H

#include <stdint.h>
#include <troupe/log.h>

#include "core/message.h"
#include "simulation/course.h"

/* What is kept, of what happened and of what was logged. */
#define TR_JOURNAL_EVENTS 60
#define TR_JOURNAL_LINES 64

/* What an entry is about; of messages `who` sends and `whom` is to receive. */
typedef enum tr_news {
    TR_NEWS_NONE,
    TR_NEWS_NOTED,       /* in the course */
    TR_NEWS_SENT,        /* number: the priority */
    TR_NEWS_CAME,        /* from another node, and is sent on */
    TR_NEWS_ANSWERED,    /* number: the error, if there is no type */
    TR_NEWS_ENDED,       /* number: the outcome, none of those that are told otherwise */
    TR_NEWS_BURIED,      /* number: the reason */
    TR_NEWS_GIVEN_BACK,  /* number: the error */
    TR_NEWS_GAVE_UP,     /* who waits no longer for whom */
    TR_NEWS_IN_VAIN,     /* who has asked whom */
    TR_NEWS_DOWN,        /* of who, to whom; number: the error */
    TR_NEWS_SPAWNED,     /* whom, by who */
    TR_NEWS_ACTOR_ENDED, /* number: the error, as below */
    TR_NEWS_ACTOR_FELL
} tr_news;

/* An actor, as it was called then. */
#define TR_NO_NODE UINT32_MAX
typedef struct tr_party {
    tr_address address;
    uint32_t node; /* NO_NODE: one that is down now */
    bool is_name;  /* the title is a name */
    char title[27];
} tr_party;

typedef struct tr_entry {
    uint64_t order; /* how much had happened or was logged before */
    uint64_t at_ns;
    uint32_t node;
    uint32_t worker;
    tr_news news;
    union {
        struct {
            tr_party who;
            tr_party whom;
            const char *type; /* of the message; NULL: none */
            uint64_t number;
        };
        struct {
            tr_noted noted;
            const char *why; /* NULL: it goes without saying */
        };
    };
} tr_entry;

typedef struct tr_logged {
    uint64_t order; /* as in an entry */
    char text[232];
} tr_logged;

typedef struct tr_journal {
    uint64_t count; /* of both, ever */
    uint64_t event_count;
    uint64_t line_count;
    tr_entry events[TR_JOURNAL_EVENTS]; /* by their number in the count, modulo; so the lines */
    tr_logged lines[TR_JOURNAL_LINES];
} tr_journal;

/* A new entry, to be filled in; all zero but for its news and time. */
tr_entry *tr_journal_add(tr_journal *journal, tr_news news, uint64_t at_ns);

/* Adds what was noted, if it is worth it. */
void tr_journal_note(tr_journal *journal, const tr_noted *noted, const char *why);

/* Adds a line: time, node's name, text. Returns it as it is; it is there until the next. */
const char *tr_journal_log(tr_journal *journal, uint64_t at_ns, const char *node, const char *text);

/* What nodes are called; NULL: by their numbers. */
typedef const char *tr_node_namer(void *context, uint32_t node);

/* A line about the entry, cut if it is long. */
void tr_journal_print(const tr_entry *entry, tr_node_namer *name_of, void *context, char *out,
                      size_t size);

/* Writes the last of it, in its order, as NOTICE. */
void tr_journal_tell(const tr_journal *journal, tr_node_namer *name_of, void *context,
                     const troupe_log *log);

#endif
