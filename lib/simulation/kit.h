/* SPDX-License-Identifier: MIT */
/* kit: the inside of <troupe/test_kit.h> and <troupe/test_probe.h>.
 *
 * A probe is an actor that takes in all that comes, and a promise by which the test's thread has it
 * do something: it is kept when there is an errand, and the actor makes the next before it runs it.
 * Owns:       the probes, what they have taken in and nobody was given; a simulation of its own.
 * Invariants: a probe that has not ended, and has no errand, has a promise that is not kept.
 *             Nothing that lies in a node is looked at after the node has gone.
 * Threads:    the world's. No call that fails the test is made while the world runs.
 * Uses:       simulation. */
#ifndef TR_SIMULATION_KIT_H
#define TR_SIMULATION_KIT_H

#include <troupe/future.h>
#include <troupe/test_probe.h>

#include "simulation/simulation.h"

/* What a probe has taken in, oldest first. */
typedef struct tr_catch {
    troupe_message **messages;
    size_t first;
    size_t count;
    size_t room;
} tr_catch;

struct troupe_probe {
    troupe_kit *kit;
    troupe_probe *next;
    troupe_ref ref;
    uint32_t node;
    tr_catch caught;
    troupe_promise *promise; /* NULL: an errand is under way, or it has ended */
    troupe_errand *errand;   /* NULL: it is only to be stirred */
    void *errand_context;
    troupe_error errand_error;
    bool is_done;
    bool has_lent; /* the test may have destroyed what it was given */
    bool has_ended;
    char name[64];
};

/* Places of a mailbox that are taken by nothing. */
typedef struct tr_filling {
    struct tr_filling *next;
    troupe_ref actor;
    uint32_t places;
} tr_filling;

/* What is going to be lost on the way from one node to another. */
typedef struct tr_losing {
    struct tr_losing *next;
    uint32_t from;
    uint32_t to;
    uint32_t count;
    char type[128]; /* "": any */
} tr_losing;

struct troupe_kit {
    troupe_kit_options options;
    troupe_log log;
    troupe_simulation *simulation;
    bool owns_simulation;
    bool has_failed;
    bool is_running; /* the world, by a call of the kit's */
    troupe_probe *probes;
    uint32_t node;    /* the one it has added */
    const char *file; /* of the first check that did not hold; NULL: all have */
    int line;
    tr_filling *fillings;
    tr_losing *losings;
    void *frame; /* the last of which something was lost */
    size_t frame_size;
    uint64_t nth;        /* 0: none */
    troupe_ref short_of; /* whose n-th allocation is to fail */
    /* A sweep's: the test is left by this, and nothing is told. NULL: as the options say. */
    void (*leave)(void *context);
    void *leave_context;
};

/* False: no memory. */
bool tr_catch_add(tr_catch *caught, troupe_message *message);
/* Takes the index-th out; NULL: there is none. */
troupe_message *tr_catch_take(tr_catch *caught, size_t index);
static inline troupe_message *tr_catch_at(const tr_catch *caught, size_t index)
{
    return index < caught->count ? caught->messages[caught->first + index] : NULL;
}
/* Forgets what is in it. */
void tr_catch_fini(tr_catch *caught);

/* Runs until it is so; time stands still for TROUPE_NOW. False: it is not within that time, nothing
 * more happens, or the run is broken. */
bool tr_kit_run(troupe_kit *kit, bool (*is_so)(void *context), void *context, troupe_timeout time);
/* Nothing has failed, and the test's thread is not in the middle of a run. */
bool tr_kit_is_well(const troupe_kit *kit);

/* The test has failed at this line, for this reason. */
__attribute__((format(printf, 4, 5))) void tr_kit_fail(troupe_kit *kit, const char *file, int line,
                                                       const char *format, ...);
/* The same if the run is broken. False if it is, or if this is called from within an actor. */
bool tr_kit_is_unbroken(troupe_kit *kit, const char *file, int line);

/* Gives all places back. */
void tr_kit_drain_all(troupe_kit *kit);
/* Frees what it knows of faults; none comes about any more. */
void tr_kit_forget_faults(troupe_kit *kit);

/* The actor, and the worker that it is on, between two steps; NULL: it has ended, is on the way to
 * another worker, or its node is gone. */
tr_actor *tr_kit_find(const troupe_kit *kit, troupe_ref ref, uint32_t *out_node,
                      tr_worker **out_worker);

/* Stops all on a simulation that goes on, with what they have spawned. */
void tr_probes_end(troupe_kit *kit);
/* Frees it; its node, if it is there, is not run any more. */
void tr_probe_free(troupe_probe *probe);
/* It has ended if its node has gone; then nothing of it is left. */
void tr_probe_look(troupe_probe *probe);
/* Has it end what the test has destroyed. */
void tr_probe_stir(troupe_probe *probe);
/* A line about it among the last that happened. */
__attribute__((format(printf, 2, 3))) void tr_probe_note(const troupe_probe *probe,
                                                         const char *format, ...);
/* What is in it, for people. */
void tr_probe_describe(const troupe_probe *probe, char *out, size_t size);

#endif
