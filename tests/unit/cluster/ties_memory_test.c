/* SPDX-License-Identifier: MIT */
/* Whichever allocation fails, on either node: each link ends, each spawn that waits without a
 * deadline is answered, and what it is tied by tells of the end; nothing leaks. */
#include <troupe/remote.h>

#include "support/actors.h"
#include "support/cast.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"
#include "support/wire_fixture.h"

#define MAY(error) (UINT64_C(1) << TROUPE_ERROR_##error)
#define MAY_ANYTHING                                                                               \
    (MAY(NO_MEMORY) | MAY(NO_REPLY) | MAY(NODE_LOST) | MAY(UNREACHABLE) | MAY(LIMIT_REACHED))

struct scene {
    struct probe *wrong;
    struct wires *wires;
    troupe_ref failing;
    troupe_ref idle;
    uint32_t ended;
    uint32_t begun;
};

static troupe_error look(struct scene *scene, const char *what, troupe_error error, uint64_t may)
{
    if (error != TROUPE_OK && ((may | MAY_ANYTHING) >> error & 1) == 0) {
        probe_say(scene->wrong, "%s %s", what, troupe_error_name(error));
    }
    return error;
}

static troupe_error fails_later(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_ready(self);
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(3));
    return error ? error : TROUPE_ERROR_FAILED;
}

static troupe_error offers(troupe_self *self, void *argument)
{
    (void) argument;
    const troupe_accept figure = {.type = &figure_type};
    return troupe_offer(self, "it",
                        TROUPE_SPAWN(.body = fails_later, .ready_when = TROUPE_READY_WHEN_SAID),
                        &figure);
}

static troupe_error fails_in_time(troupe_self *self, void *argument)
{
    (void) argument;
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(8));
    return error ? error : TROUPE_ERROR_FAILED;
}

/* So many ends come, and no more. */
static void hear_ends(troupe_self *self, struct scene *scene, uint32_t count)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    for (uint32_t i = 0; i < count; i++) {
        (void) look(scene, "wait", troupe_receive(self, &message, TROUPE_FOREVER), 0);
    }
    const troupe_error more = troupe_receive(self, &message, TROUPE_WITHIN_MS(10));
    if (more != TROUPE_ERROR_TIMED_OUT) {
        probe_say(scene->wrong, "one end more: %s", troupe_error_name(more));
    }
}

static troupe_error links(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    if (look(scene, "link", troupe_link(self, scene->failing), 0) == TROUPE_OK) {
        hear_ends(self, scene, 1);
    }
    scene->ended++;
    return TROUPE_OK;
}

static troupe_error unlinks(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    if (look(scene, "link", troupe_link(self, scene->failing), 0) == TROUPE_OK) {
        (void) troupe_sleep(self, TROUPE_WITHIN_MS(1));
        hear_ends(self, scene, troupe_unlink(self, scene->failing) ? 0 : 1);
    }
    scene->ended++;
    return TROUPE_OK;
}

static troupe_error wishes(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    const uint64_t figure = 1;
    for (uint64_t key = 0; key < 2; key++) {
        troupe_monitor_id id;
        troupe_ref ref;
        const troupe_error error = troupe_spawn_on(
            self, scene->failing.node,
            TROUPE_SPAWN_ON(.name = "it", .type = &figure_type, .body = &figure, .key = key,
                            .timeout = TROUPE_FOREVER, .link = 1, .out_monitor = &id),
            &ref);
        (void) look(scene, "spawn", error, 0);
        hear_ends(self, scene, error == TROUPE_OK ? 2 : 0);
    }
    scene->ended++;
    return TROUPE_OK;
}

static troupe_error stops(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    (void) troupe_sleep(self, TROUPE_WITHIN_MS(6));
    (void) look(scene, "stop", troupe_stop(self, scene->idle), 0);
    scene->ended++;
    return TROUPE_OK;
}

static void begin(struct scene *scene, troupe_body *body)
{
    troupe_ref ref;
    troupe_error error = TROUPE_ERROR_NO_MEMORY;
    while (error == TROUPE_ERROR_NO_MEMORY) { /* one fails, not two */
        error =
            tr_world_spawn(scene->wires->ends[0].world,
                           TROUPE_SPAWN(.body = body, .argument = scene, .trap_exits = 1), &ref);
    }
    assert_ok(error);
    scene->begun++;
}

static tr_failing_allocator memory;
static troupe_allocator port;

/* Whether the allocation was reached. */
static bool run_without_one(int64_t number)
{
    memory = (tr_failing_allocator) TR_FAILING_ALLOCATOR_INIT;
    port = tr_failing_allocator_port(&memory);
    struct scene scene = {.wrong = a_probe()};
    scene.wires = some_wires_of(&(const tr_world_options) {
        .seed = 1, .workers = 2, .delay_ns_max = UINT64_C(20000), .allocator = &port});
    wires_connect(scene.wires);
    (void) wires_root(scene.wires, 1, TROUPE_SPAWN(.body = offers));
    scene.failing = wires_root(scene.wires, 1, TROUPE_SPAWN(.body = fails_in_time));
    scene.idle = wires_root(scene.wires, 1, TROUPE_SPAWN(.body = play_idle));
    tr_failing_allocator_fail_one(&memory, number);
    begin(&scene, links);
    begin(&scene, unlinks);
    begin(&scene, wishes);
    begin(&scene, stops);
    wires_run(scene.wires, 60 * MS);
    wires_cut(scene.wires, true); /* a signal that was lost leaves somebody there */
    wires_run(scene.wires, 40 * MS);

    if (scene.ended != scene.begun || probe_count(scene.wrong) > 0) {
        print_error("without allocation %d\n", (int) number);
    }
    assert_silent(scene.wrong);
    assert_int_equal(scene.ended, scene.begun);
    drop_wires(&scene.wires);
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
    drop_probe(&scene.wrong);
    return atomic_load(&memory.refused) > 0;
}

/* Promise: REMOTE-MEMORY */
static void end_and_are_told_whichever_allocation_fails(void **state)
{
    (void) state;
    int64_t number = 0;
    while (run_without_one(number)) {
        number++;
    }
    assert_true(number > (SHAKES ? 80 : 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(end_and_are_told_whichever_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
