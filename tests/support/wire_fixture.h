/* SPDX-License-Identifier: MIT */
/* wire_fixture: two nodes, each a world of its own, with borders joined by a wire in memory.
 *
 * The wire delays each frame by a time of its own, loses, repeats and refuses some, as the seed
 * says, and is cut and joined by the test. Frames keep their order unless it is told otherwise.
 * Both worlds' clocks go together, in short steps.
 * Threads: the test's. */
#ifndef TR_TESTS_SUPPORT_WIRE_FIXTURE_H
#define TR_TESTS_SUPPORT_WIRE_FIXTURE_H

#include "base/random.h"
#include "cluster/border.h"
#include "support/world_fixture.h"

#define WIRE_STEP_NS UINT64_C(50000)
#define WIRE_FRAMES_MAX 4096

struct frame {
    unsigned char *data;
    size_t size;
    uint64_t due_ns;
    uint32_t to; /* 0 or 1 */
};

struct wire_end {
    struct wires *wires;
    tr_world *world;
    tr_border border;
    uint64_t node;
    uint32_t index;
    bool is_deaf;  /* what comes to it is lost */
    bool is_stuck; /* takes no frame from its border */
    uint64_t last_due_ns;
};

struct wires {
    struct wire_end ends[2];
    tr_random random;
    /* To be set by the test. */
    uint64_t delay_ns_max;
    uint32_t lose_percent;
    uint32_t repeat_percent;
    uint32_t refuse_percent;
    bool may_overtake;
    uint64_t age_ns; /* that frames are said to have waited */
    /* What is under way. */
    struct frame frames[WIRE_FRAMES_MAX];
    uint32_t count;
    uint64_t lost; /* frames */
    /* NULL, or sees each frame that is sent. */
    void (*see)(void *context, uint32_t from, const void *frame, size_t size);
    void *context;
};

/* Two connected nodes that know figure_type, without delay; each of `workers` workers. */
struct wires *some_wires(uint64_t seed, uint32_t workers);
/* The same, with the options of the worlds (seeds apart), not connected. */
struct wires *some_wires_of(const tr_world_options *options);
/* Stops both nodes, checks that they are sound, frees all. */
void drop_wires(struct wires **in_wires);

void wires_connect(struct wires *wires);
/* Both are told; what is under way is lost if `loses` says so, else it still comes. */
void wires_cut(struct wires *wires, bool loses);

/* Both nodes run for so long. */
void wires_run(struct wires *wires, uint64_t ns);

/* Each gives the other windows, as large as those of nodes; both know it when this returns. */
void wires_open_windows(struct wires *wires);

/* A root actor on one of them. */
troupe_ref wires_root(struct wires *wires, uint32_t end, const troupe_spawn_options *options);

/* What one of them knows of the other. */
tr_peer *wires_peer(struct wires *wires, uint32_t end);
tr_system *wires_system(const struct wires *wires, uint32_t end);
troupe_counts wires_counts(const struct wires *wires, uint32_t end);

/* Setup and teardown of a test whose state are wires of seed 1. */
int make_wires(void **state);
int drop_made_wires(void **state);
#define WITH_WIRES(test) cmocka_unit_test_setup_teardown(test, make_wires, drop_made_wires)

#endif
