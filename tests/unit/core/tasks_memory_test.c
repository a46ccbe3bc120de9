/* SPDX-License-Identifier: MIT */
/* Scopes, tasks, their children, futures and queues in worlds in which one allocation fails: each
 * call works or says so, what was started ends, what was deferred runs once, and nothing is left.
 * In a build that shakes each message is an allocation. */
#include "core/tasks.h"

#include "support/cast.h"
#include "support/failing_allocator.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)

struct scene {
    tr_failing_allocator memory;
    int64_t number; /* of the allocation that fails */
    struct probe *wrong;
    uint64_t started; /* tasks and children, by what their start returned */
    uint64_t ended;
    uint64_t deferred;
    uint64_t cleaned;
    uint64_t put;
    uint64_t got;
    bool is_done;
};

/* Whether it worked; without memory it may not. */
static bool look(const struct scene *scene, const char *what, troupe_error error)
{
    if (error != TROUPE_OK && error != TROUPE_ERROR_NO_MEMORY) {
        probe_say(scene->wrong, "allocation %lld: %s %s", (long long) scene->number, what,
                  troupe_error_name(error));
    }
    return error == TROUPE_OK;
}

static void cleans(troupe_self *self, void *context)
{
    struct scene *scene = context;
    (void) self;
    scene->cleaned++;
}

static void defers(troupe_self *self, struct scene *scene)
{
    scene->deferred += look(scene, "defer", troupe_defer(self, cleans, scene)) ? 1 : 0;
}

/* In a scope of its own, with a message or without. */
static troupe_error works(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    troupe_scope *scope = NULL;
    defers(self, scene);
    troupe_message *message = troupe_task_message(self);
    if (look(scene, "enter", troupe_scope_enter(self, TROUPE_SCOPE(.name = "inner"), &scope))) {
        defers(self, scene);
        (void) troupe_sleep(self, TROUPE_WITHIN_MS(1)); /* or is cancelled */
        (void) look(scene, "cancel", troupe_scope_cancel(self, scope, TROUPE_OK, "enough"));
        (void) troupe_scope_leave(self, &scope); /* with what it was cancelled with */
    }
    troupe_message_destroy(&message);
    scene->ended++;
    return TROUPE_OK;
}

static bool starts(troupe_self *self, struct scene *scene, troupe_scope *scope,
                   troupe_message **message, troupe_task *task)
{
    const troupe_error error = troupe_task_start(
        self, scope, TROUPE_TASK(.body = works, .argument = scene, .message = message), task);
    scene->started += error == TROUPE_OK ? 1 : 0;
    return look(scene, "start", error);
}

static void plays_tasks(troupe_self *self, struct scene *scene)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_scope *scope = NULL;
    troupe_task tasks[2] = {{0}, {0}};
    troupe_error result = TROUPE_OK;
    if (!look(scene, "enter", troupe_scope_enter(self, TROUPE_SCOPE(.tasks_max = 2), &scope))) {
        return;
    }
    defers(self, scene);
    if (look(scene, "send", send_figure(self, troupe_self_ref(self), 1)) &&
        look(scene, "receive", troupe_receive(self, &message, TROUPE_WITHIN_S(1)))) {
        (void) starts(self, scene, scope, &message, NULL);
    }
    const bool has_first = starts(self, scene, scope, NULL, &tasks[0]);
    if (starts(self, scene, scope, NULL, &tasks[1])) {
        (void) look(scene, "join", troupe_join(self, tasks[1], TROUPE_FOREVER, &result));
    }
    if (has_first) {
        (void) look(scene, "next", troupe_next(self, scope, TROUPE_FOREVER, &tasks[0], &result));
    }
    (void) look(scene, "leave", troupe_scope_leave(self, &scope));
}

static void plays_gather(troupe_self *self, struct scene *scene)
{
    const troupe_task_options *const tasks[] = {TROUPE_TASK(.body = works, .argument = scene),
                                                TROUPE_TASK(.body = works, .argument = scene),
                                                TROUPE_TASK(.body = works, .argument = scene)};
    const uint64_t ended = scene->ended;
    troupe_error results[3];
    size_t index = 0;
    (void) look(scene, "gather", troupe_gather(self, NULL, tasks, 3, results));
    for (size_t i = 0; i < 3; i++) {
        scene->started += results[i] == TROUPE_OK ? 1 : 0;
    }
    if (scene->started != scene->ended) {
        probe_say(scene->wrong, "allocation %lld: %u of a gather have ended",
                  (long long) scene->number, (unsigned) (scene->ended - ended));
    }
    (void) look(scene, "race", troupe_race(self, TROUPE_WITHIN_S(1), tasks, 3, &index));
    scene->started = scene->ended; /* those that ended are all that there were */
}

static void plays_children(troupe_self *self, struct scene *scene)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_scope *scope = NULL;
    troupe_monitor_id monitor;
    troupe_ref ref;
    if (!look(scene, "enter", troupe_scope_enter(self, NULL, &scope))) {
        return;
    }
    const bool has_child =
        look(scene, "spawn",
             troupe_spawn(self,
                          TROUPE_SPAWN(.body = play_idle, .scope = scope, .out_monitor = &monitor,
                                       .place = TROUPE_PLACE_ANY),
                          &ref));
    (void) look(scene, "spawn",
                troupe_spawn_nowait(
                    self, TROUPE_SPAWN(.body = play_sleeper, .scope = scope, .link = 1), &ref));
    (void) look(scene, "cancel", troupe_scope_cancel(self, scope, TROUPE_OK, "over"));
    const troupe_error error = troupe_scope_leave(self, &scope);
    (void) look(scene, "leave", error == TROUPE_ERROR_CANCELLED ? TROUPE_OK : error);
    while (troupe_receive(self, &message, TROUPE_WITHIN_MS(50)) == TROUPE_OK) {
        scene->got += troupe_message_struct(message, &troupe_down_type) != NULL ? 1 : 0;
    }
    scene->put += has_child ? 1 : 0; /* a DOWN for each monitor */
}

static void plays_queue(troupe_self *self, struct scene *scene)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_ref queue;
    if (!look(scene, "queue", troupe_queue_create(self, TROUPE_QUEUE(.capacity = 2), &queue))) {
        return;
    }
    for (uint64_t i = 0; i < 2; i++) {
        TROUPE_AUTO(troupe_message) *item = NULL;
        if (look(scene, "item", a_figure(self, i, &item))) {
            const bool was_put =
                look(scene, "put", troupe_queue_put(self, queue, &item, TROUPE_WITHIN_S(1)));
            scene->put += was_put ? 1 : 0;
            if (was_put == (item != NULL)) {
                probe_say(scene->wrong, "allocation %lld: an item is lost or doubled",
                          (long long) scene->number);
            }
        }
    }
    for (unsigned i = 0; i < 4; i++) {
        scene->got +=
            troupe_queue_get(self, queue, &message, TROUPE_WITHIN_MS(5)) == TROUPE_OK ? 1 : 0;
    }
    (void) look(scene, "stop", troupe_stop(self, queue));
}

static void plays_future(troupe_self *self, struct scene *scene)
{
    troupe_future *future = NULL;
    troupe_promise *promise = NULL;
    void *result = NULL;
    if (look(scene, "future", troupe_future_create(self, &future, &promise))) {
        (void) look(scene, "complete", troupe_promise_complete(&promise, scene, NULL));
        (void) look(scene, "wait", troupe_future_wait(self, &future, TROUPE_WITHIN_S(1), &result));
        troupe_future_destroy(&future);
    }
}

static troupe_error root(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    tr_failing_allocator_fail_one(&scene->memory, scene->number);
    plays_tasks(self, scene);
    plays_gather(self, scene);
    plays_children(self, scene);
    plays_queue(self, scene);
    plays_future(self, scene);
    scene->is_done = true;
    return TROUPE_OK;
}

/* Whether the allocation was reached. */
static bool run_without_one(int64_t number)
{
    struct scene scene = {
        .memory = TR_FAILING_ALLOCATOR_INIT, .number = number, .wrong = a_probe()};
    const troupe_allocator port = tr_failing_allocator_port(&scene.memory);
    tr_world *world = a_world_of(&(const tr_world_options) {
        .seed = 1, .workers = 2, .delay_ns_max = MS, .moves_percent = 20, .allocator = &port});
    (void) a_root(world, TROUPE_SPAWN(.body = root, .argument = &scene, .trap_exits = 1));
    tr_world_advance(world, 60000 * MS);
    assert_silent(scene.wrong);
    assert_true(scene.is_done);
    drop_world(&world);
    assert_int_equal(scene.started, scene.ended);
    assert_int_equal(scene.deferred, scene.cleaned);
    assert_int_equal(scene.put, scene.got);
    assert_int_equal(tr_failing_allocator_live(&scene.memory), 0);
    drop_probe(&scene.wrong);
    return atomic_load(&scene.memory.refused) > 0;
}

/* Promise: TASK-MEMORY */
static void works_or_says_so_whichever_allocation_fails(void **state)
{
    (void) state;
    int64_t number = 0;
    while (run_without_one(number)) {
        number++;
    }
    assert_true(number > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(works_or_says_so_whichever_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
