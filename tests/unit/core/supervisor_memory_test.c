/* SPDX-License-Identifier: MIT */
/* Supervisors and links in worlds in which one allocation fails: each call works or says so, what
 * is supervised is up again after a while or has ended with its supervisor, and nothing is left. In
 * a build that shakes each message is an allocation. */
#include "support/cast.h"
#include "support/failing_allocator.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define SECOND UINT64_C(1000000000)
#define LEAVES 4
#define ROOM 8

enum {
    FAIL = 1
};

struct scene {
    tr_failing_allocator memory;
    int64_t number; /* of the allocation that fails */
    struct probe *wrong;
    const char *const *names;
    uint64_t starts[LEAVES];
    uint64_t ends[LEAVES];
    troupe_ref supervisor;
    bool works;    /* no call of the supervisor's has failed */
    bool has_exit; /* of the friend */
    bool is_down;  /* the supervisor */
    bool is_done;
};

struct leaf {
    struct scene *scene;
    int index;
};

static void blame(const struct scene *scene, const char *what, troupe_error error)
{
    probe_say(scene->wrong, "allocation %lld: %s %s", (long long) scene->number, what,
              troupe_error_name(error));
}

static troupe_error leaf_body(troupe_self *self, void *argument)
{
    const struct leaf *leaf = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    leaf->scene->starts[leaf->index]++;
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        error = error == TROUPE_OK && figure_of(message) == FAIL ? TROUPE_ERROR_PROTOCOL : error;
    }
    leaf->scene->ends[leaf->index]++;
    return error;
}

static troupe_error leaf_start(troupe_self *self, void *state, void *argument)
{
    const struct leaf **leaf = state;
    (void) self;
    *leaf = argument;
    (*leaf)->scene->starts[(*leaf)->index]++;
    return TROUPE_OK;
}

static troupe_error leaf_handle(troupe_self *self, void *state, troupe_message **message)
{
    (void) self;
    (void) state;
    return figure_of(*message) == FAIL ? TROUPE_ERROR_PROTOCOL : TROUPE_OK;
}

static void leaf_stop(troupe_self *self, void *state, troupe_error reason)
{
    const struct leaf **leaf = state;
    (void) self;
    (void) reason;
    (*leaf)->scene->ends[(*leaf)->index]++;
}

static const troupe_behavior leaf_behavior =
    TROUPE_BEHAVIOR(.name = "leaf", .state_size = sizeof(struct leaf *), .start = leaf_start,
                    .other = leaf_handle, .stop = leaf_stop);

/* One allocation fails, not two. */
#define INSIST(error, call)                                                                        \
    do {                                                                                           \
        (error) = (call);                                                                          \
    } while ((error) == TROUPE_ERROR_NO_MEMORY)

#define MAY(name) (UINT64_C(1) << TROUPE_ERROR_##name)

/* Whether a call about the supervisor worked; it has a reason if not. */
static bool look(struct scene *scene, const char *what, troupe_error error)
{
    const uint64_t has_ended =
        MAY(STALE) | MAY(NO_SUCH_ACTOR) | MAY(STOPPING) | MAY(HANDLER_FAILED) | MAY(NO_REPLY);
    if (error == TROUPE_OK) {
        return true;
    }
    if ((has_ended >> error & 1) != 0) {
        scene->works = false;
    } else if (error != TROUPE_ERROR_NO_MEMORY) {
        blame(scene, what, error);
    }
    return false;
}

/* A link that was made gives its exit, whatever memory there is. */
static void links(troupe_self *self, struct scene *scene)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    struct cast cast = {.seen = scene->wrong};
    troupe_ref friend;
    troupe_error error;
    INSIST(error, troupe_spawn(self,
                               TROUPE_SPAWN(.body = play_failing, .argument = &cast,
                                            .place = TROUPE_PLACE_ANY),
                               &friend));
    const troupe_error linked = error ? error : troupe_link(self, friend);
    const bool was = linked == TROUPE_OK;
    if (!was && linked != TROUPE_ERROR_NO_MEMORY) {
        blame(scene, "link", linked);
    }
    if (!was && troupe_unlink(self, friend)) {
        blame(scene, "half a link", linked);
    }
    INSIST(error, send_figure(self, friend, FAIL));
    error = troupe_receive(self, &message, TROUPE_WITHIN_S(1));
    const bool has_come =
        error == TROUPE_OK && troupe_message_struct(message, &troupe_exit_type) != NULL;
    if (has_come != was) {
        blame(scene, "exit", error);
    }
    scene->has_exit = has_come;
}

static bool all_are_up(troupe_self *self, struct scene *scene)
{
    troupe_child_info infos[ROOM];
    size_t count = 0;
    troupe_error error = TROUPE_OK;
    for (int i = 0; i < 50; i++) {
        INSIST(error, troupe_child_list(self, scene->supervisor, TROUPE_WITHIN_S(20), infos, ROOM,
                                        &count));
        if (!look(scene, "list", error)) {
            return false;
        }
        size_t up = 0;
        for (size_t k = 0; k < count && k < ROOM; k++) {
            up += infos[k].state == TROUPE_CHILD_UP ? 1 : 0;
        }
        if (up == count) {
            return true;
        }
        (void) troupe_sleep(self, TROUPE_WITHIN_S(1));
    }
    blame(scene, "never up", error);
    return false;
}

static void fails_each(troupe_self *self, const struct scene *scene)
{
    for (size_t i = 0; i < LEAVES; i++) {
        troupe_ref ref;
        troupe_error error = troupe_lookup(self, scene->names[i], &ref);
        if (error == TROUPE_OK) {
            INSIST(error, send_figure(self, ref, FAIL));
        }
    }
}

static void changes(troupe_self *self, struct scene *scene, const troupe_child_spec *spec)
{
    troupe_ref child;
    const troupe_timeout long_enough = TROUPE_WITHIN_S(60);
    if (!look(scene, "add", troupe_child_add(self, scene->supervisor, spec, long_enough, &child))) {
        (void) all_are_up(self, scene);
        return;
    }
    fails_each(self, scene);
    (void) troupe_sleep(self, TROUPE_WITHIN_MS(1));
    (void) all_are_up(self, scene);
    (void) look(scene, "restart",
                troupe_child_restart(self, scene->supervisor, child, long_enough));
    (void) all_are_up(self, scene);
    (void) look(scene, "remove", troupe_child_remove(self, scene->supervisor, child, long_enough));
    (void) all_are_up(self, scene);
}

static void waits_for_its_end(troupe_self *self, struct scene *scene)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_monitor_id monitor;
    troupe_error error;
    INSIST(error, troupe_monitor(self, scene->supervisor, &monitor));
    INSIST(error, troupe_stop(self, scene->supervisor));
    error = troupe_receive(self, &message, TROUPE_WITHIN_S(60));
    const troupe_down *down = error ? NULL : troupe_message_struct(message, &troupe_down_type);
    scene->is_down = down != NULL;
    if (down == NULL) {
        blame(scene, "no down", error);
    } else if (!scene->works && down->kind != TROUPE_DOWN_STALE &&
               down->reason != TROUPE_ERROR_NO_MEMORY) {
        blame(scene, "a call failed, but it ended with", down->reason);
    }
}

static troupe_error root(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    struct leaf leaves[LEAVES];
    troupe_spawn_options spawns[LEAVES];
    troupe_child_spec specs[LEAVES];
    static const uint32_t retries[LEAVES] = {TROUPE_NO_RETRIES, 1, 2, 0};
    for (int i = 0; i < LEAVES; i++) {
        leaves[i] = (struct leaf) {scene, i};
        spawns[i] = *TROUPE_SPAWN(.name = scene->names[i], .argument = &leaves[i],
                                  .place = TROUPE_PLACE_ANY);
        spawns[i].body = i % 2 == 0 ? leaf_body : NULL;
        spawns[i].behavior = i % 2 == 0 ? NULL : &leaf_behavior;
        specs[i] = (troupe_child_spec)
            TROUPE_CHILD(.id = scene->names[i], .actor = &spawns[i],
                         .mailbox = (troupe_mailbox_fate) (i % (TROUPE_MAILBOX_HEIR + 1)),
                         .heir_name =
                             i % (TROUPE_MAILBOX_HEIR + 1) == TROUPE_MAILBOX_HEIR ? "a" : NULL,
                         .retries = retries[i]);
    }
    const troupe_supervisor_spec inner =
        TROUPE_SUPERVISOR(.children = &specs[2], .child_count = 1, .restarts_max = 20);
    const troupe_child_spec children[] = {specs[0], specs[1],
                                          TROUPE_CHILD(.id = "inner", .supervisor = &inner)};
    const troupe_supervisor_spec spec =
        TROUPE_SUPERVISOR(.name = "head", .children = children, .child_count = 3,
                          .strategy = TROUPE_REST_FOR_ONE, .restarts_max = 20);
    tr_failing_allocator_fail_one(&scene->memory, scene->number);
    links(self, scene);
    if (look(scene, "supervise", troupe_supervise(self, &spec, &scene->supervisor))) {
        changes(self, scene, &specs[3]);
        waits_for_its_end(self, scene);
    } else if (!scene->works) {
        blame(scene, "supervise", TROUPE_ERROR_STALE);
    }
    scene->is_done = true;
    return TROUPE_OK;
}

/* Whether the allocation was reached. */
static bool run_without_one(int64_t number)
{
    static const char *const names[LEAVES] = {"a", "b", "c", "d"};
    static struct scene scene;
    scene = (struct scene) {.memory = TR_FAILING_ALLOCATOR_INIT,
                            .number = number,
                            .wrong = a_probe(),
                            .names = names,
                            .works = true};
    const troupe_allocator port = tr_failing_allocator_port(&scene.memory);
    tr_world *world = a_world_of(&(const tr_world_options) {
        .seed = 1, .workers = 2, .delay_ns_max = 1000000, .moves_percent = 20, .allocator = &port});
    (void) a_root(world, TROUPE_SPAWN(.body = root, .argument = &scene, .trap_exits = 1,
                                      .ready_when = TROUPE_READY_WHEN_WAITING));
    tr_world_advance(world, 1000 * SECOND);
    assert_silent(scene.wrong);
    assert_true(scene.is_done);
    drop_world(&world);
    for (size_t i = 0; i < LEAVES; i++) {
        assert_int_equal(scene.starts[i], scene.ends[i]);
    }
    assert_int_equal(tr_failing_allocator_live(&scene.memory), 0);
    const bool was_reached = atomic_load(&scene.memory.refused) > 0;
    assert_true(was_reached || (scene.has_exit && scene.is_down && scene.works));
    assert_true(was_reached || scene.starts[3] == 3);
    drop_probe(&scene.wrong);
    return was_reached;
}

/* Promise: SUPERVISOR-MEMORY */
static void works_or_says_so_whichever_allocation_fails(void **state)
{
    (void) state;
    int64_t number = 0;
    while (run_without_one(number)) {
        number++;
    }
    assert_true(number > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(works_or_says_so_whichever_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
