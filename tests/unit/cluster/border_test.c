/* SPDX-License-Identifier: MIT */
/* What a border promises of the frames that come in: order, no repetition, and that gaps show. */
#include "cluster/border.h"

#include <stdlib.h>
#include <string.h>

#include "cluster/peer.h"
#include "support/actors.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/wire_fixture.h"

/* The frames that an end has sent, kept to be given to the other as the test likes. */
struct kept {
    unsigned char *frames[16];
    size_t sizes[16];
    size_t count;
    uint32_t from;
};

static void keep(void *context, uint32_t from, const void *frame, size_t size)
{
    struct kept *kept = context;
    if (from == kept->from && kept->count < 16) {
        kept->frames[kept->count] = malloc(size);
        memcpy(kept->frames[kept->count], frame, size);
        kept->sizes[kept->count++] = size;
    }
}

static void drop_kept(struct kept *kept)
{
    while (kept->count > 0) {
        free(kept->frames[--kept->count]);
    }
}

static void give(struct wires *wires, const struct kept *kept, size_t index)
{
    const uint32_t to = 1 - kept->from;
    tr_border_accept(&wires->ends[to].border, wires->ends[kept->from].node, kept->frames[index],
                     kept->sizes[index], 0);
    wires_run(wires, 1 * MS);
}

static troupe_error sends_three_slowly(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 1; i <= 3 && error == TROUPE_OK; i++) {
        error = send_figure(self, cast->refs[0], i);
        error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(1));
    }
    return error;
}

/* Three frames with a number each, from 0 to 1, that have not come. */
static void keep_three(struct wires *wires, struct kept *kept, struct cast *cast)
{
    cast->seen = a_probe();
    cast->refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_listener, .argument = cast));
    wires->ends[1].is_deaf = true;
    wires->see = keep;
    wires->context = kept;
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_three_slowly, .argument = cast));
    wires_run(wires, 5 * MS);
    assert_int_equal(kept->count, 3);
    assert_silent(cast->seen);
}

/* Promise: REMOTE-GAP */
static void shows_a_gap_and_takes_no_frame_twice_or_late(void **state)
{
    struct probe *lines = a_probe();
    const troupe_log log = log_of(lines);
    struct wires *wires = some_wires_of(&(const tr_world_options) {.seed = 1, .log = &log});
    (void) state;
    wires_connect(wires);
    struct cast cast = {0};
    struct kept kept = {0};
    keep_three(wires, &kept, &cast);
    const tr_border_counts *counts = &wires->ends[1].border.counts;

    give(wires, &kept, 0);
    give(wires, &kept, 2);
    give(wires, &kept, 1);
    give(wires, &kept, 2);

    assert_true(probe_has(lines, "1 frames of node"));
    assert_said(cast.seen, "got 1", "got 3");
    assert_int_equal(counts->frames_missing, 1);
    assert_int_equal(counts->frames_late, 2);
    drop_kept(&kept);
    drop_probe(&cast.seen);
    drop_wires(&wires);
    drop_probe(&lines);
}

/* Promise: REMOTE-GAP */
static void takes_nothing_of_a_connection_that_was_lost(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {0};
    struct kept kept = {0};
    keep_three(wires, &kept, &cast);
    wires_cut(wires, true);
    give(wires, &kept, 0);
    wires_connect(wires);
    wires_run(wires, 1 * MS);
    const tr_border_counts *counts = &wires->ends[1].border.counts;

    give(wires, &kept, 0);
    give(wires, &kept, 1);

    assert_silent(cast.seen);
    assert_int_equal(counts->frames_strange, 1);
    assert_int_equal(counts->frames_old, 2);
    drop_kept(&kept);
    drop_probe(&cast.seen);
}

static void note_frame(void *context, uint32_t from, const void *frame, size_t size)
{
    (void) frame;
    (void) size;
    *(unsigned *) context += from == 0 ? 1 : 0;
}

static troupe_error sends_in_vain(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    return tell(cast, "send", send_figure(self, cast->refs[0], 1)) == TROUPE_OK
               ? TROUPE_ERROR_FAILED
               : TROUPE_OK;
}

/* Promise: REMOTE-UNREACHABLE */
static void offers_the_wire_a_frame_where_a_connection_is_wanted(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe(), .refs = {{.node = 4711, .slot = 1, .generation = 1}}};
    unsigned frames = 0;
    wires->see = note_frame;
    wires->context = &frames;

    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = sends_in_vain, .argument = &cast));
    wires_run(wires, 1 * MS);

    assert_said(cast.seen, "send UNREACHABLE");
    assert_int_equal(frames, 1);
    drop_probe(&cast.seen);
}

static troupe_error watches(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_monitor_id id;
    const troupe_error error = troupe_monitor(self, cast->refs[0], &id);
    return error ? error : play_listener(self, argument);
}

/* Promise: REMOTE-LOST */
static void learns_from_the_other_that_the_connection_was_lost(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {.seen = a_probe()};
    cast.refs[0] = wires_root(wires, 1, TROUPE_SPAWN(.body = play_idle, .argument = &cast));
    (void) wires_root(wires, 0, TROUPE_SPAWN(.body = watches, .argument = &cast));
    wires_run(wires, 5 * MS);

    /* Only one of them has noticed. */
    tr_border_lost(&wires->ends[1].border, wires->ends[0].node, TROUPE_ERROR_NODE_LOST);
    assert_ok(tr_border_connected(&wires->ends[1].border, wires->ends[0].node));
    wires_run(wires, 5 * MS);

    assert_said(cast.seen, "down NODE_LOST");
    assert_int_equal(wires->ends[0].border.counts.connections, 2);
    assert_int_equal(wires->ends[0].border.counts.frames_strange, 0);
    drop_probe(&cast.seen);
}

/* Promise: REMOTE-INCARNATION */
static void tells_who_means_another_incarnation_that_it_is_over(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {0};
    struct kept kept = {0};
    keep_three(wires, &kept, &cast);
    drop_kept(&kept);
    kept.from = 1;
    wires->ends[1].is_deaf = false;

    /* What node 0 sends to node 4711 comes to node 1, which has its place now. */
    assert_ok(tr_border_connected(&wires->ends[0].border, 4711));
    wires_run(wires, 1 * MS);

    assert_int_equal(wires->ends[1].border.counts.frames_strange, 1);
    assert_fails(tr_border_connected(&wires->ends[0].border, 4711), STALE);
    assert_true(tr_border_is_connected(&wires->ends[0].border, wires->ends[1].node));
    drop_kept(&kept);
    drop_probe(&cast.seen);
}

/* Promise: REMOTE-HOSTILE */
static void bears_any_bytes(void **state)
{
    struct wires *wires = *state;
    struct cast cast = {0};
    struct kept kept = {0};
    keep_three(wires, &kept, &cast);
    tr_border *border = &wires->ends[1].border;
    tr_random random;
    tr_random_seed(&random, 7);

    for (unsigned i = 0; i < 20000; i++) {
        unsigned char bytes[256];
        const size_t index = tr_random_below(&random, kept.count);
        const size_t size = kept.sizes[index];
        assert_in_range(size, 1, sizeof bytes);
        memcpy(bytes, kept.frames[index], size);
        for (uint64_t changes = 1 + tr_random_below(&random, 4); changes > 0; changes--) {
            bytes[tr_random_below(&random, size)] = (unsigned char) tr_random_next(&random);
        }
        const size_t cut = tr_random_chance(&random, 1, 4) ? tr_random_below(&random, size) : 0;
        tr_border_accept(border, wires->ends[0].node, bytes, size - cut, 0);
        if (i % 100 == 0) {
            wires_run(wires, WIRE_STEP_NS);
        }
    }
    wires_run(wires, 10 * MS);

    assert_in_range(border->counts.frames_malformed, 1000, 20000);
    assert_sound(wires->ends[1].world);
    drop_kept(&kept);
    drop_probe(&cast.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_a_gap_and_takes_no_frame_twice_or_late),
        WITH_WIRES(takes_nothing_of_a_connection_that_was_lost),
        WITH_WIRES(offers_the_wire_a_frame_where_a_connection_is_wanted),
        WITH_WIRES(learns_from_the_other_that_the_connection_was_lost),
        WITH_WIRES(tells_who_means_another_incarnation_that_it_is_over),
        WITH_WIRES(bears_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
