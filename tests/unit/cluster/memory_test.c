/* SPDX-License-Identifier: MIT */
/* Whichever allocation fails, on either node: each call that waits without a deadline is answered,
 * each monitor tells of the end, nothing is lost that is not counted, and nothing leaks. In a build
 * that shakes each message is an allocation. */
#include "support/actors.h"
#include "support/cast.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"
#include "support/wire_fixture.h"

#define MAY(error) (UINT64_C(1) << TROUPE_ERROR_##error)
/* What may become of anything when an allocation has failed: a connection that can no longer
 * answer is lost. */
#define MAY_ANYTHING (MAY(NO_MEMORY) | MAY(NO_REPLY) | MAY(NODE_LOST) | MAY(UNREACHABLE))

struct scene {
    struct probe *wrong;
    struct wires *wires;
    troupe_ref doubler;
    troupe_ref over;    /* has ended */
    troupe_ref failing; /* ends with the first message */
    bool begins_late;   /* actors wait a millisecond first */
    uint32_t ended;
    uint32_t succeeded;
};

static troupe_error look(struct scene *scene, const char *what, troupe_error error, uint64_t may)
{
    scene->succeeded += error == TROUPE_OK ? 1 : 0;
    if (error != TROUPE_OK && ((may | MAY_ANYTHING) >> error & 1) == 0) {
        probe_say(scene->wrong, "%s %s", what, troupe_error_name(error));
    }
    return error;
}

static struct scene *enter(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    if (scene->begins_late) {
        (void) troupe_sleep(self, TROUPE_WITHIN_MS(1));
    }
    return scene;
}

/* Answers twice the number, if there is memory for it. */
static troupe_error doubles(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        (void) reply_figure(self, message, 2 * figure_of(message));
    }
    return TROUPE_OK;
}

static troupe_error asks(troupe_self *self, void *argument)
{
    struct scene *scene = enter(self, argument);
    uint64_t answer = 0;
    for (uint64_t i = 1; i <= 3; i++) {
        if (look(scene, "ask", ask_figure(self, scene->doubler, i, TROUPE_FOREVER, &answer), 0) ==
                TROUPE_OK &&
            answer != 2 * i) {
            probe_say(scene->wrong, "the answer to %d is %d", (int) i, (int) answer);
        }
        (void) look(scene, "ask one that is over",
                    ask_figure(self, scene->over, i, TROUPE_FOREVER, &answer), MAY(NO_SUCH_ACTOR));
    }
    (void) look(scene, "ask with little time",
                ask_figure(self, scene->doubler, 9, TROUPE_WITHIN_US(1), &answer), MAY(TIMED_OUT));
    scene->ended++;
    return TROUPE_OK;
}

static troupe_error looks_up(troupe_self *self, void *argument)
{
    struct scene *scene = enter(self, argument);
    troupe_ref ref;
    (void) look(scene, "look up",
                troupe_lookup_on(self, scene->doubler.node, "doubler", TROUPE_FOREVER, &ref), 0);
    (void) look(scene, "look up nobody",
                troupe_lookup_on(self, scene->doubler.node, "nobody", TROUPE_FOREVER, &ref),
                MAY(NO_SUCH_ACTOR));
    scene->ended++;
    return TROUPE_OK;
}

static void hear_of_the_end(troupe_self *self, struct scene *scene, troupe_ref of)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_monitor_id id;
    if (look(scene, "monitor", troupe_monitor(self, of, &id), 0) == TROUPE_OK &&
        look(scene, "receive", troupe_receive(self, &message, TROUPE_FOREVER), 0) == TROUPE_OK &&
        !troupe_message_is(message, &troupe_down_type)) {
        probe_say(scene->wrong, "no DOWN");
    }
}

static troupe_error watches(troupe_self *self, void *argument)
{
    struct scene *scene = enter(self, argument);
    troupe_monitor_id id;
    hear_of_the_end(self, scene, scene->over);
    if (look(scene, "monitor", troupe_monitor(self, scene->doubler, &id), 0) == TROUPE_OK) {
        (void) look(scene, "demonitor", troupe_demonitor(self, id), 0);
    }
    hear_of_the_end(self, scene, scene->failing);
    scene->ended++;
    return TROUPE_OK;
}

/* A message may be lost there for want of memory, so it is sent until it has been heard. */
static troupe_error ends_the_other(troupe_self *self, void *argument)
{
    struct scene *scene = enter(self, argument);
    for (uint64_t i = 0; i < 10; i++) {
        (void) look(scene, "send", send_figure(self, scene->failing, 1), MAY(STALE));
        (void) troupe_sleep(self, TROUPE_WITHIN_MS(1));
    }
    scene->ended++;
    return TROUPE_OK;
}

static troupe_error sends(troupe_self *self, void *argument)
{
    struct scene *scene = enter(self, argument);
    TROUPE_AUTO(troupe_message) *message = NULL;
    for (uint64_t i = 0; i < 5; i++) {
        (void) look(scene, "send", send_figure(self, scene->doubler, i), 0);
    }
    if (look(scene, "make", make_bulk(self, 100000, &message), 0) == TROUPE_OK) {
        (void) look(scene, "send", troupe_send_message(self, scene->doubler, &message), 0);
    }
    scene->ended++;
    return TROUPE_OK;
}

static void begin(struct scene *scene, troupe_error (*body)(troupe_self *self, void *argument))
{
    troupe_ref ref;
    troupe_error error = TROUPE_ERROR_NO_MEMORY;
    while (error == TROUPE_ERROR_NO_MEMORY) { /* one fails, not two */
        error = tr_world_spawn(scene->wires->ends[0].world,
                               TROUPE_SPAWN(.body = body, .argument = scene), &ref);
    }
    assert_ok(error);
}

static void connect_again(struct scene *scene)
{
    for (uint32_t i = 0; i < 2; i++) {
        struct wires *wires = scene->wires;
        if (look(scene, "connect",
                 tr_border_connected(&wires->ends[i].border, wires->ends[1 - i].node), 0)) {
            assert_ok(tr_border_connected(&wires->ends[i].border, wires->ends[1 - i].node));
        }
    }
}

static tr_failing_allocator memory;
static troupe_allocator port;

static void set_the_scene(struct scene *scene)
{
    memory = (tr_failing_allocator) TR_FAILING_ALLOCATOR_INIT;
    port = tr_failing_allocator_port(&memory);
    scene->wrong = a_probe();
    scene->wires = some_wires_of(&(const tr_world_options) {
        .seed = 1, .workers = 2, .delay_ns_max = UINT64_C(20000), .allocator = &port});
    scene->doubler = wires_root(scene->wires, 1, TROUPE_SPAWN(.body = doubles, .name = "doubler"));
    scene->failing = wires_root(scene->wires, 1, TROUPE_SPAWN(.body = play_failing));
    scene->over = scene->failing;
    scene->over.generation += 1000;
}

static void begin_all(struct scene *scene)
{
    begin(scene, asks);
    begin(scene, looks_up);
    begin(scene, watches);
    begin(scene, sends);
    begin(scene, ends_the_other);
}

/* Whether an allocation was refused. */
static bool drop_the_scene(struct scene *scene, int64_t number)
{
    assert_silent(scene->wrong);
    if (scene->ended != 5) {
        print_error("without allocation %d\n", (int) number);
    }
    assert_int_equal(scene->ended, 5);
    drop_wires(&scene->wires);
    assert_int_equal(tr_failing_allocator_live(&memory), 0);
    drop_probe(&scene->wrong);
    return atomic_load(&memory.refused) > 0;
}

/* Whether the allocation was reached. */
static bool run_without_one(int64_t number, bool is_late)
{
    struct scene scene = {0};
    set_the_scene(&scene);
    if (is_late) {
        connect_again(&scene);
        wires_run(scene.wires, 1 * MS);
    }
    tr_failing_allocator_fail_one(&memory, number);
    if (!is_late) {
        connect_again(&scene);
    }
    begin_all(&scene);
    wires_run(scene.wires, 100 * MS);
    return drop_the_scene(&scene, number);
}

/* From this allocation on there is none for a while. */
static bool run_with_a_drought(int64_t number)
{
    struct scene scene = {.begins_late = true};
    set_the_scene(&scene);
    connect_again(&scene);
    begin_all(&scene);
    tr_failing_allocator_fail_after(&memory, number);
    wires_run(scene.wires, 5 * MS);
    tr_failing_allocator_fail_never(&memory);
    wires_run(scene.wires, 100 * MS);
    return drop_the_scene(&scene, number);
}

/* Promise: REMOTE-MEMORY */
static void answer_and_tell_whichever_allocation_fails(void **state)
{
    (void) state;
    int64_t number = 0;
    while (run_without_one(number, true)) {
        number++;
    }
    assert_true(number > (SHAKES ? 80 : 10));
}

/* Promise: REMOTE-MEMORY */
static void connect_whichever_allocation_fails(void **state)
{
    (void) state;
    int64_t number = 0;
    while (run_without_one(number, false)) {
        number++;
    }
    assert_true(number > (SHAKES ? 80 : 10));
}

/* Promise: REMOTE-MEMORY */
static void answer_and_tell_when_memory_is_back(void **state)
{
    (void) state;
    int64_t number = 0;
    while (run_with_a_drought(number)) {
        number++;
    }
    assert_true(number > (SHAKES ? 80 : 10));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_and_tell_whichever_allocation_fails),
        cmocka_unit_test(answer_and_tell_when_memory_is_back),
        cmocka_unit_test(connect_whichever_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
