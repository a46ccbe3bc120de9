/* SPDX-License-Identifier: MIT */
#include "support/wire_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "cluster/peer.h"
#include "core/types.h"
#include "support/actors.h"
#include "support/cast.h"

static uint64_t now_of(const struct wires *wires)
{
    return tr_world_now_ns(wires->ends[0].world);
}

static void put(struct wires *wires, uint32_t to, const void *data, size_t size, uint64_t due_ns)
{
    if (wires->count == WIRE_FRAMES_MAX) {
        wires->lost++;
        return;
    }
    unsigned char *copy = malloc(size);
    memcpy(copy, data, size);
    wires->frames[wires->count++] =
        (struct frame) {.data = copy, .size = size, .due_ns = due_ns, .to = to};
}

static bool send_frame(void *context, uint64_t to_node, const void *data, size_t size)
{
    struct wire_end *end = context;
    struct wires *wires = end->wires;
    struct wire_end *other = &wires->ends[1 - end->index];
    if (end->is_stuck || tr_random_chance(&wires->random, wires->refuse_percent, 100)) {
        return false;
    }
    if (wires->see != NULL) {
        wires->see(wires->context, end->index, data, size);
    }
    if (to_node == 0 || other->is_deaf ||
        tr_random_chance(&wires->random, wires->lose_percent, 100)) {
        wires->lost++;
        return true;
    }
    const uint32_t copies = tr_random_chance(&wires->random, wires->repeat_percent, 100) ? 2 : 1;
    for (uint32_t i = 0; i < copies; i++) {
        uint64_t due_ns = now_of(wires) + tr_random_below(&wires->random, wires->delay_ns_max + 1);
        if (!wires->may_overtake && due_ns < other->last_due_ns) {
            due_ns = other->last_due_ns;
        }
        other->last_due_ns = due_ns;
        put(wires, other->index, data, size, due_ns);
    }
    return true;
}

/* Takes out the first of the frames that is due; the earliest, and of these the first sent. */
static bool take_due(struct wires *wires, struct frame *out_frame)
{
    uint32_t best = wires->count;
    for (uint32_t i = 0; i < wires->count; i++) {
        if (wires->frames[i].due_ns <= now_of(wires) &&
            (best == wires->count || wires->frames[i].due_ns < wires->frames[best].due_ns)) {
            best = i;
        }
    }
    if (best == wires->count) {
        return false;
    }
    *out_frame = wires->frames[best];
    memmove(&wires->frames[best], &wires->frames[best + 1],
            (wires->count - best - 1) * sizeof wires->frames[0]);
    wires->count--;
    return true;
}

void wires_run(struct wires *wires, uint64_t ns)
{
    for (uint64_t past = 0; past < ns; past += WIRE_STEP_NS) {
        struct frame frame;
        while (take_due(wires, &frame)) {
            const struct wire_end *from = &wires->ends[1 - frame.to];
            tr_border_accept(&wires->ends[frame.to].border, from->node, frame.data, frame.size,
                             wires->age_ns);
            free(frame.data);
        }
        tr_world_advance(wires->ends[0].world, WIRE_STEP_NS);
        tr_world_advance(wires->ends[1].world, WIRE_STEP_NS);
    }
}

tr_system *wires_system(const struct wires *wires, uint32_t end)
{
    return tr_world_worker(wires->ends[end].world, 0)->system;
}

troupe_counts wires_counts(const struct wires *wires, uint32_t end)
{
    troupe_counts counts;
    tr_world_counts(wires->ends[end].world, &counts);
    return counts;
}

static void make_end(struct wires *wires, uint32_t index, const tr_world_options *options)
{
    struct wire_end *end = &wires->ends[index];
    tr_world_options own = *options;
    own.seed = 2 * options->seed + index;
    end->wires = wires;
    end->index = index;
    end->world = a_world_of(&own);
    tr_system *system = wires_system(wires, index);
    end->node = system->options.node_id;
    const tr_wire_port port = {.context = end, .send = send_frame};
    tr_border_init(&end->border, system, &port);
    const troupe_spawn_options spawn = tr_border_spawn_options(&end->border);
    (void) a_root(end->world, &spawn);
    assert_ok(tr_types_learn(system, false, &figure_type));
}

struct wires *some_wires_of(const tr_world_options *options)
{
    struct wires *wires = calloc(1, sizeof *wires);
    tr_random_seed(&wires->random, options->seed);
    make_end(wires, 0, options);
    make_end(wires, 1, options);
    return wires;
}

struct wires *some_wires(uint64_t seed, uint32_t workers)
{
    struct wires *wires = some_wires_of(&(const tr_world_options) {
        .seed = seed, .workers = workers, .delay_ns_max = UINT64_C(20000)});
    wires_connect(wires);
    return wires;
}

void wires_connect(struct wires *wires)
{
    for (uint32_t i = 0; i < 2; i++) {
        wires->ends[i].is_deaf = false;
        assert_ok(tr_border_connected(&wires->ends[i].border, wires->ends[1 - i].node));
    }
    wires_run(wires, WIRE_STEP_NS);
}

static void lose_all(struct wires *wires)
{
    for (uint32_t i = 0; i < wires->count; i++) {
        free(wires->frames[i].data);
    }
    wires->lost += wires->count;
    wires->count = 0;
}

void wires_cut(struct wires *wires, bool loses)
{
    if (loses) {
        lose_all(wires);
    }
    for (uint32_t i = 0; i < 2; i++) {
        wires->ends[i].is_deaf = true;
        tr_border_lost(&wires->ends[i].border, wires->ends[1 - i].node, TROUPE_ERROR_NODE_LOST);
    }
    wires_run(wires, WIRE_STEP_NS);
}

void wires_open_windows(struct wires *wires)
{
    for (uint32_t i = 0; i < 2; i++) {
        tr_border_give_windows(&wires->ends[i].border, wires->ends[1 - i].node, TR_CREDIT_MESSAGES,
                               TR_CREDIT_BYTES);
    }
    wires_run(wires, 2 * MS);
}

tr_peer *wires_peer(struct wires *wires, uint32_t end)
{
    return tr_border_peer(&wires->ends[end].border, wires->ends[1 - end].node);
}

troupe_ref wires_root(struct wires *wires, uint32_t end, const troupe_spawn_options *options)
{
    /* Its start may take some virtual time; the other clock is made to follow. */
    const troupe_ref ref = a_root(wires->ends[end].world, options);
    tr_world *other = wires->ends[1 - end].world;
    const uint64_t now_ns = tr_world_now_ns(wires->ends[end].world);
    if (now_ns > tr_world_now_ns(other)) {
        tr_world_advance(other, now_ns - tr_world_now_ns(other));
    }
    return ref;
}

static void drop_end(struct wire_end *end)
{
    if (!tr_world_stop(end->world)) {
        print_error("the world does not stop: %s\n", tr_world_fault(end->world));
        _fail(__FILE__, __LINE__);
    }
    assert_sound(end->world);
    tr_border_fini(&end->border);
    end->is_deaf = true;
    tr_world_destroy(&end->world);
}

void drop_wires(struct wires **in_wires)
{
    struct wires *wires = *in_wires;
    if (wires == NULL) {
        return;
    }
    drop_end(&wires->ends[0]);
    drop_end(&wires->ends[1]);
    lose_all(wires);
    free(wires);
    *in_wires = NULL;
}

int make_wires(void **state)
{
    *state = some_wires(1, 2);
    return 0;
}

int drop_made_wires(void **state)
{
    struct wires *wires = *state;
    drop_wires(&wires);
    return 0;
}
