/* SPDX-License-Identifier: MIT */
/* A running supervisor's children are added, removed, restarted and listed. */
#include "core/supervisor.h"
#include "support/fixtures.h"
#include "support/parts.h"
#include "support/world_fixture.h"

#define SECOND UINT64_C(1000000000)
#define A_SECOND TROUPE_WITHIN_S(1)

struct scene {
    struct probe *seen;
    struct part parts[3];
    troupe_spawn_options spawns[3];
    troupe_child_spec children[3];
    troupe_supervisor_spec spec;
    troupe_ref supervisor;
    troupe_ref idle;
    void (*act)(troupe_self *self, struct scene *scene);
};

static void set_up(struct scene *scene, void (*act)(troupe_self *self, struct scene *scene))
{
    static const char *const names[] = {"a", "b", "c"};
    *scene = (struct scene) {.seen = a_probe(), .act = act};
    for (size_t i = 0; i < 3; i++) {
        scene->parts[i] = (struct part) {.seen = scene->seen, .name = names[i]};
        scene->spawns[i] = *PART_BODY_SPAWN(scene->parts[i]);
        scene->children[i] =
            (troupe_child_spec) TROUPE_CHILD(.id = names[i], .actor = &scene->spawns[i]);
    }
    scene->spec =
        (troupe_supervisor_spec) TROUPE_SUPERVISOR(.name = "head", .children = scene->children,
                                                   .child_count = 2);
}

static troupe_error root(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    troupe_error error = troupe_supervise(self, &scene->spec, &scene->supervisor);
    if (error == TROUPE_OK) {
        scene->act(self, scene);
    }
    (void) troupe_sleep(self, TROUPE_WITHIN_S(1));
    return error;
}

static void play(tr_world *world, struct scene *scene)
{
    (void) a_root(world, TROUPE_SPAWN(.body = root, .argument = scene));
    tr_world_advance(world, 100 * SECOND);
}

static void say(struct scene *scene, const char *what, troupe_error error)
{
    probe_say(scene->seen, "%s %s", what, troupe_error_name(error));
}

static troupe_ref ref_of(troupe_self *self, const char *name)
{
    troupe_ref ref;
    return troupe_lookup(self, name, &ref) == TROUPE_OK ? ref : troupe_ref_none();
}

static void adds_one(troupe_self *self, struct scene *scene)
{
    troupe_ref ref;
    say(scene, "add",
        troupe_child_add(self, scene->supervisor, &scene->children[2], A_SECOND, &ref));
    say(scene, "order", send_figure(self, ref, PART_FAIL)); /* it is restarted like the others */
}

/* Promise: SUPERVISOR-ADD */
static void takes_another_child(void **state)
{
    struct scene scene;
    set_up(&scene, adds_one);
    play(*state, &scene);
    assert_said(scene.seen, "a up", "b up", "c up", "add OK", "order OK", "c 1001",
                "c down PROTOCOL", "c up", "c down STOPPING", "b down STOPPING", "a down STOPPING");
    drop_probe(&scene.seen);
}

static void adds_one_that_fails(troupe_self *self, struct scene *scene)
{
    troupe_ref ref;
    scene->parts[2].fails_at = 1;
    say(scene, "add",
        troupe_child_add(self, scene->supervisor, &scene->children[2], A_SECOND, &ref));
    /* Its name is taken by another: it cannot even be spawned. */
    scene->spawns[2].name = "a";
    say(scene, "add",
        troupe_child_add(self, scene->supervisor, &scene->children[2], A_SECOND, &ref));
    size_t count = 0;
    say(scene, "list", troupe_child_list(self, scene->supervisor, A_SECOND, NULL, 0, &count));
    probe_say(scene->seen, "%zu children", count);
}

/* Promise: SUPERVISOR-ADD */
static void does_not_keep_one_whose_first_start_fails(void **state)
{
    struct scene scene;
    set_up(&scene, adds_one_that_fails);
    play(*state, &scene);
    assert_said(scene.seen, "a up", "b up", "c up", "c down SYSTEM", "add SYSTEM", "add NAME_TAKEN",
                "list OK", "2 children", "b down STOPPING", "a down STOPPING");
    drop_probe(&scene.seen);
}

static void removes_one(troupe_self *self, struct scene *scene)
{
    const troupe_ref a = ref_of(self, "a");
    say(scene, "remove", troupe_child_remove(self, scene->supervisor, a, A_SECOND));
    say(scene, "send", send_figure(self, a, 1));
    say(scene, "again", troupe_child_remove(self, scene->supervisor, a, A_SECOND));
    say(scene, "self",
        troupe_child_remove(self, scene->supervisor, troupe_self_ref(self), A_SECOND));
}

/* Promise: SUPERVISOR-REMOVE */
static void ends_the_child_that_is_removed(void **state)
{
    struct scene scene;
    set_up(&scene, removes_one);
    play(*state, &scene);
    assert_said(scene.seen, "a up", "b up", "a down STOPPING", "remove OK", "send STALE",
                "again STALE", "self STALE", "b down STOPPING");
    drop_probe(&scene.seen);
}

static void removes_one_that_rests(troupe_self *self, struct scene *scene)
{
    const troupe_ref a = ref_of(self, "a");
    say(scene, "order", order(self, "a", PART_FAIL));
    (void) troupe_sleep(self, TROUPE_WITHIN_MS(5));
    say(scene, "remove", troupe_child_remove(self, scene->supervisor, a, A_SECOND));
}

/* Promise: SUPERVISOR-REMOVE */
static void ends_one_that_rests_when_it_is_removed(void **state)
{
    struct scene scene;
    set_up(&scene, removes_one_that_rests);
    play(*state, &scene);
    assert_said(scene.seen, "a up", "b up", "order OK", "a 1001", "a down PROTOCOL", "remove OK",
                "b down STOPPING");
    drop_probe(&scene.seen);
}

static void restarts_one(troupe_self *self, struct scene *scene)
{
    const troupe_ref a = ref_of(self, "a");
    for (int i = 0; i < 5; i++) { /* more than may fail */
        say(scene, "restart", troupe_child_restart(self, scene->supervisor, a, A_SECOND));
    }
    troupe_child_info infos[4];
    size_t count = 0;
    say(scene, "list", troupe_child_list(self, scene->supervisor, A_SECOND, infos, 4, &count));
    for (size_t i = 0; i < count && i < 4; i++) {
        probe_say(scene->seen, "%s: %d, %llu restarts, %s", infos[i].id, (int) infos[i].state,
                  (unsigned long long) infos[i].restarts,
                  troupe_ref_is_same(infos[i].ref, a) ? "it" : "another");
    }
}

/* Promise: SUPERVISOR-LIST */
static void restarts_when_it_is_asked_to_and_lists(void **state)
{
    struct scene scene;
    set_up(&scene, restarts_one);
    scene.spec.strategy = TROUPE_ONE_FOR_ALL; /* this concerns the one only */
    play(*state, &scene);
    assert_int_equal(probe_count_of(scene.seen, "restart OK"), 5);
    assert_int_equal(probe_count_of(scene.seen, "a up"), 6);
    assert_int_equal(probe_count_of(scene.seen, "b up"), 1);
    assert_int_equal(probe_count_of(scene.seen, "a: 2, 5 restarts, it"), 1);
    assert_int_equal(probe_count_of(scene.seen, "b: 2, 0 restarts, another"), 1);
    drop_probe(&scene.seen);
}

static troupe_error stops_soon(troupe_self *self, void *argument)
{
    const struct scene *scene = argument;
    (void) troupe_sleep(self, TROUPE_WITHIN_MS(100));
    return troupe_stop(self, scene->supervisor);
}

static void restarts_one_of_a_stopped(troupe_self *self, struct scene *scene)
{
    troupe_ref ref;
    scene->parts[0].stops_in_ms = 500;
    say(scene, "stopper",
        troupe_spawn_nowait(self, TROUPE_SPAWN(.body = stops_soon, .argument = scene), &ref));
    say(scene, "restart",
        troupe_child_restart(self, scene->supervisor, ref_of(self, "a"), A_SECOND));
}

/* Promise: SUPERVISOR-LIST */
static void says_when_one_is_not_going_to_be_restarted(void **state)
{
    struct scene scene;
    set_up(&scene, restarts_one_of_a_stopped);
    scene.spawns[0].mailbox_capacity = 1024; /* it asks itself while it lingers */
    play(*state, &scene);
    assert_said(scene.seen, "a up", "b up", "stopper OK", "b down STOPPING", "a down STOPPING",
                "restart STOPPING");
    drop_probe(&scene.seen);
}

/* A stop does not end what it waits for. */
static troupe_error is_stubborn(troupe_self *self, void *argument)
{
    const struct scene *scene = argument;
    uint64_t answer = 0;
    const troupe_error error = ask_figure(self, scene->idle, 1, TROUPE_FOREVER, &answer);
    probe_say(scene->seen, "stubborn one %s", troupe_error_name(error));
    return error;
}

static troupe_error has_a_stubborn_child(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_ref ref;
    troupe_error error =
        troupe_spawn(self, TROUPE_SPAWN(.body = is_stubborn, .argument = scene), &ref);
    probe_say(scene->seen, "up");
    troupe_ready(self);
    error = error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
    return error ? error : TROUPE_ERROR_PROTOCOL;
}

static void restarts_one_with_a_stubborn_child(troupe_self *self, struct scene *scene)
{
    troupe_ref ref;
    say(scene, "idle", troupe_spawn(self, TROUPE_SPAWN(.body = play_sleeper), &scene->idle));
    const troupe_spawn_options spawn =
        *TROUPE_SPAWN(.body = has_a_stubborn_child, .argument = scene,
                      .ready_when = TROUPE_READY_WHEN_SAID);
    const troupe_child_spec spec = TROUPE_CHILD(.id = "parent", .actor = &spawn);
    say(scene, "add", troupe_child_add(self, scene->supervisor, &spec, A_SECOND, &ref));
    say(scene, "restart", troupe_child_restart(self, scene->supervisor, ref, TROUPE_WITHIN_S(20)));
    say(scene, "remove", troupe_child_remove(self, scene->supervisor, ref, TROUPE_WITHIN_S(20)));
}

/* Promise: SUPERVISOR-STOP-TIMEOUT */
static void cancels_what_a_child_waits_for_before_it_rests(void **state)
{
    struct scene scene;
    set_up(&scene, restarts_one_with_a_stubborn_child);
    play(*state, &scene);
    assert_said(scene.seen, "a up", "b up", "idle OK", "up", "add OK", "stubborn one CANCELLED",
                "up", "restart OK", "stubborn one CANCELLED", "remove OK", "b down STOPPING",
                "a down STOPPING");
    drop_probe(&scene.seen);
}

static void fails_one_with_a_stubborn_child(troupe_self *self, struct scene *scene)
{
    troupe_ref ref;
    say(scene, "idle", troupe_spawn(self, TROUPE_SPAWN(.body = play_sleeper), &scene->idle));
    const troupe_spawn_options spawn =
        *TROUPE_SPAWN(.body = has_a_stubborn_child, .argument = scene,
                      .ready_when = TROUPE_READY_WHEN_SAID);
    const troupe_child_spec spec = TROUPE_CHILD(.id = "parent", .actor = &spawn);
    say(scene, "add", troupe_child_add(self, scene->supervisor, &spec, A_SECOND, &ref));
    say(scene, "send", send_figure(self, ref, PART_FAIL));
    (void) troupe_sleep(self, TROUPE_WITHIN_S(10));
    say(scene, "remove", troupe_child_remove(self, scene->supervisor, ref, TROUPE_WITHIN_S(20)));
}

/* Promise: RESTART-ENDS */
static void cancels_what_a_failed_child_waits_for_before_it_rests(void **state)
{
    struct scene scene;
    set_up(&scene, fails_one_with_a_stubborn_child);
    play(*state, &scene);
    assert_said(scene.seen, "a up", "b up", "idle OK", "up", "add OK", "send OK",
                "stubborn one CANCELLED", "up", "stubborn one CANCELLED", "remove OK",
                "b down STOPPING", "a down STOPPING");
    drop_probe(&scene.seen);
}

#define MANY (TR_CHILDREN_PER_LIST * 2 + 5)

static void lists_many(troupe_self *self, struct scene *scene)
{
    static troupe_child_info infos[MANY];
    const troupe_spawn_options idle = *TROUPE_SPAWN(.body = play_idle);
    const troupe_child_spec spec = TROUPE_CHILD(.id = "idle", .actor = &idle);
    troupe_ref refs[MANY];
    troupe_error error = TROUPE_OK;
    for (size_t i = 0; i < MANY && error == TROUPE_OK; i++) {
        error = troupe_child_add(self, scene->supervisor, &spec, A_SECOND, &refs[i]);
    }
    say(scene, "all", error);
    size_t count = 0;
    say(scene, "list", troupe_child_list(self, scene->supervisor, A_SECOND, infos, MANY, &count));
    size_t same = 0;
    for (size_t i = 2; i < MANY; i++) {
        same += troupe_ref_is_same(infos[i].ref, refs[i - 2]) ? 1 : 0;
    }
    probe_say(scene->seen, "%zu of %zu", same, count);
    for (size_t i = 0; i < MANY; i++) { /* the idle ones borrow what lies here */
        error = error ? error : troupe_child_remove(self, scene->supervisor, refs[i], A_SECOND);
    }
    say(scene, "removed", error);
}

/* Promise: SUPERVISOR-LIST */
static void lists_more_than_fit_into_one_answer(void **state)
{
    struct scene scene;
    set_up(&scene, lists_many);
    scene.spec.strategy = TROUPE_DYNAMIC;
    scene.spawns[0].place = scene.spawns[1].place = TROUPE_PLACE_WITH_PARENT;
    play(*state, &scene);
    assert_said(scene.seen, "a up", "b up", "all OK", "list OK", "131 of 135", "removed OK",
                "a down STOPPING", "b down STOPPING");
    drop_probe(&scene.seen);
}

static void asks_another(troupe_self *self, struct scene *scene)
{
    troupe_ref idle;
    size_t count = 0;
    const troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.body = play_idle), &idle);
    say(scene, "no supervisor",
        error ? error : troupe_child_list(self, idle, A_SECOND, NULL, 0, &count));
}

static void says_that_another_is_no_supervisor(void **state)
{
    struct scene scene;
    set_up(&scene, asks_another);
    play(*state, &scene);
    assert_int_equal(probe_count_of(scene.seen, "no supervisor NO_REPLY"), 1);
    drop_probe(&scene.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD_OF_THREE(takes_another_child),
        WITH_WORLD_OF_TWO(does_not_keep_one_whose_first_start_fails),
        WITH_WORLD_OF_TWO(ends_the_child_that_is_removed),
        WITH_WORLD_OF_TWO(ends_one_that_rests_when_it_is_removed),
        WITH_WORLD_OF_TWO(restarts_when_it_is_asked_to_and_lists),
        WITH_WORLD_OF_TWO(says_when_one_is_not_going_to_be_restarted),
        WITH_WORLD_OF_TWO(cancels_what_a_child_waits_for_before_it_rests),
        WITH_WORLD_OF_TWO(cancels_what_a_failed_child_waits_for_before_it_rests),
        WITH_WORLD_OF_TWO(lists_more_than_fit_into_one_answer),
        WITH_WORLD_OF_TWO(says_that_another_is_no_supervisor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
