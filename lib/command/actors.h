/* SPDX-License-Identifier: MIT */
/* actors: all actors of the node, as they were listed.
 *
 * Owns:    the rows.
 * Threads: the body's of the client.
 * Fails:   in fetch, with a line on stderr. */
#ifndef TR_COMMAND_ACTORS_H
#define TR_COMMAND_ACTORS_H

#include "command/client.h"
#include "command/json_writer.h"

#define TR_ACTORS_TITLE_SIZE 144

typedef struct tr_actor_row {
    troupe_ref ref;
    troupe_ref parent;    /* none: it is a root actor */
    troupe_ref waits_for; /* none; or with generation 0 and a node: some actor there */
    char name[64];
    char behavior[64];
    char role[64];        /* "": it is the program's, not of those that the node is made of */
    char serves_name[64]; /* of these: the node it is there for */
    uint64_t serves;      /* 0: none */
    Troupe__Inspect__Wait wait;
    uint32_t worker;
    uint32_t depth;
    uint32_t depth_peak;
    uint32_t capacity;
    uint32_t stashed;
    uint32_t parked;
    uint32_t waiting;
    uint32_t asks;
    uint64_t bytes;
    uint64_t handled;
    uint64_t refused;
    uint64_t restarts;
    uint64_t waiting_ns;
    double rate; /* messages a second; 0 of one look */
    bool is_supervisor;
} tr_actor_row;

typedef struct tr_actors {
    tr_actor_row *rows; /* by slot, that is by ref */
    size_t count;
    size_t capacity;
    uint64_t now_ns; /* of the node, when the first of them were listed */
    uint64_t node;
    uint32_t silent[64]; /* workers that did not answer, up to so many */
    size_t silent_count;
} tr_actors;

/* False: it failed, which has been said. */
bool tr_actors_fetch(tr_client *client, tr_actors *actors);
/* Twice, so far apart, with the rates of the time between. */
bool tr_actors_fetch_rates(tr_client *client, uint64_t apart_ns, tr_actors *actors);
/* The rates of those that were listed before, too. */
void tr_actors_set_rates(tr_actors *actors, const tr_actors *before);
/* Leaves the program's own; who has a parent among the others is a root actor then. */
void tr_actors_hide_own(tr_actors *actors);
/* False without memory. */
bool tr_actors_copy(const tr_actors *actors, tr_actors *out_copy);
void tr_actors_free(tr_actors *actors);

/* Of the option of several commands. */
#define TR_ALL_HELP "  --all             those of the node's own, too\n"

/* NULL: it is not in the list. */
const tr_actor_row *tr_actors_find(const tr_actors *actors, troupe_ref ref);

/* For people: its name, or what it is if it is one of the node's own, or "". */
void tr_actors_title(const tr_actor_row *row, char *text, size_t size);
/* What it is at, in a word. */
const char *tr_actors_wait_name(Troupe__Inspect__Wait wait);
/* "12.3 shop": by what one may be named, without its node, and its title if it has one. */
void tr_actors_label(const tr_actors *actors, troupe_ref ref, char *text, size_t size);
/* For people: whom there was no answer from. */
void tr_actors_print_silent(const tr_actors *actors);
/* The members of the object that has the list, and one actor of it, for programs. */
void tr_actors_write_head(tr_json *json, const tr_actors *actors);
void tr_actors_write(tr_json *json, const char *key, const tr_actor_row *row);

#endif
