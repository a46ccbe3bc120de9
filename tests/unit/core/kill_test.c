/* SPDX-License-Identifier: MIT */
/* What a kill ends that a cancel does not, and how it is told. */
#include <troupe/troupe.h>

#include "support/cast.h"
#include "support/fixtures.h"
#include "support/world_fixture.h"

#define SECOND UINT64_C(1000000000)

struct scene {
    struct probe *seen;
    troupe_error (*end)(troupe_self *self, troupe_ref actor);
    troupe_ref victim;
    troupe_ref child;
    troupe_ref linked;
    uint64_t starts;
    bool ends_itself;
};

static void cleans_up(troupe_self *self, void *context)
{
    const struct scene *scene = context;
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_MS(300));
    probe_say(scene->seen, "clean-up %s", troupe_error_name(error));
}

/* Shields itself for two seconds, and so does what it has deferred. */
static troupe_error is_shielded(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    troupe_scope *scope = NULL;
    scene->starts++;
    (void) troupe_defer(self, cleans_up, scene);
    (void) troupe_shield(self, TROUPE_WITHIN_S(2), &scope);
    if (scene->ends_itself) {
        (void) scene->end(self, troupe_self_ref(self));
    }
    const uint64_t begin_ns = troupe_self_now_ns(self);
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_S(1));
    probe_say(scene->seen, "slept %s, %s, for %llu ms", troupe_error_name(error),
              troupe_error_name(troupe_scope_reason(self, NULL)),
              (unsigned long long) ((troupe_self_now_ns(self) - begin_ns) / 1000000));
    (void) troupe_scope_leave(self, &scope);
    return troupe_sleep(self, TROUPE_FOREVER);
}

static troupe_error has_a_child(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    const troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.body = play_idle), &scene->child);
    return error ? error : is_shielded(self, scene);
}

static void say_down(const struct scene *scene, const troupe_message *message)
{
    const troupe_down *down = troupe_message_struct(message, &troupe_down_type);
    if (down != NULL) {
        const char *who = troupe_ref_is_same(down->actor, scene->victim)  ? "victim"
                          : troupe_ref_is_same(down->actor, scene->child) ? "child"
                                                                          : "linked";
        probe_say(scene->seen, "%s down %s, kind %d", who, troupe_error_name(down->reason),
                  (int) down->kind);
    }
}

static troupe_error links(troupe_self *self, void *argument)
{
    const struct scene *scene = argument;
    const troupe_error error = troupe_link(self, scene->victim);
    return error ? error : troupe_sleep(self, TROUPE_FOREVER);
}

static troupe_error ends_one(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_monitor_id monitor;
    troupe_error error = troupe_spawn(self,
                                      TROUPE_SPAWN(.body = has_a_child, .argument = scene,
                                                   .trap_exits = 1, .out_monitor = &monitor),
                                      &scene->victim);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(10));
    error = error
                ? error
                : troupe_spawn(
                      self, TROUPE_SPAWN(.body = links, .argument = scene, .out_monitor = &monitor),
                      &scene->linked);
    error = error ? error : troupe_monitor(self, scene->child, &monitor);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(90));
    if (!scene->ends_itself) {
        error = error ? error : scene->end(self, scene->victim);
    }
    for (int i = 0; i < 3 && error == TROUPE_OK; i++) {
        error = troupe_receive(self, &message, TROUPE_WITHIN_S(20));
        say_down(scene, message);
    }
    return error;
}

static void play(tr_world *world, struct scene *scene)
{
    scene->seen = a_probe();
    (void) a_root(world, TROUPE_SPAWN(.body = ends_one, .argument = scene));
    tr_world_advance(world, 60 * SECOND);
}

/* Promise: KILL-SHIELD */
static void is_not_held_off_by_a_shield(void **state)
{
    struct scene scene = {.end = troupe_kill};
    play(*state, &scene);
    assert_said(scene.seen, "slept CANCELLED, KILLED, for 100 ms", "clean-up CANCELLED",
                "child down KILLED, kind 6", "victim down KILLED, kind 6",
                "linked down LINKED, kind 3");
    drop_probe(&scene.seen);
}

/* Promise: KILL-SHIELD */
static void is_more_than_a_cancel(void **state)
{
    struct scene scene = {.end = troupe_cancel};
    play(*state, &scene);
    assert_said(scene.seen, "slept OK, OK, for 1000 ms", "clean-up OK",
                "child down CANCELLED, kind 3", "victim down CANCELLED, kind 3",
                "linked down LINKED, kind 3");
    drop_probe(&scene.seen);
}

/* Promise: KILL-SHIELD */
static void works_on_oneself(void **state)
{
    struct scene scene = {.end = troupe_kill, .ends_itself = true};
    play(*state, &scene);
    assert_int_equal(probe_count_of(scene.seen, "slept CANCELLED, KILLED, for 0 ms"), 1);
    assert_int_equal(probe_count_of(scene.seen, "victim down KILLED, kind 6"), 1);
    drop_probe(&scene.seen);
}

static troupe_error start(troupe_self *self, void *state, void *argument)
{
    (void) self;
    (void) state;
    struct scene *scene = argument;
    scene->starts++;
    return TROUPE_OK;
}

static const troupe_behavior behavior = TROUPE_BEHAVIOR(.name = "victim", .start = start);

static troupe_error ends_a_supervised_one(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    const troupe_child_spec children[] = {
        TROUPE_CHILD(.id = "behavior", .kind = TROUPE_TRANSIENT,
                     .actor = TROUPE_SPAWN(.name = "behavior", .behavior = &behavior,
                                           .argument = scene)),
        TROUPE_CHILD(.id = "body", .kind = TROUPE_TRANSIENT,
                     .actor = TROUPE_SPAWN(.name = "body", .body = is_shielded, .argument = scene)),
    };
    const troupe_supervisor_spec spec =
        TROUPE_SUPERVISOR(.name = "head", .children = children, .child_count = 2);
    troupe_ref head;
    troupe_ref ref;
    troupe_error error = troupe_supervise(self, &spec, &head);
    const char *const names[] = {"behavior", "body"};
    for (int i = 0; i < 2 && error == TROUPE_OK; i++) {
        error = troupe_lookup(self, names[i], &ref);
        error = error ? error : troupe_kill(self, ref);
        error = error ? error : troupe_sleep(self, TROUPE_WITHIN_S(1));
        probe_say(scene->seen, "%llu starts", (unsigned long long) scene->starts);
    }
    troupe_child_info infos[2];
    size_t count = 0;
    error = error ? error : troupe_child_list(self, head, TROUPE_WITHIN_S(1), infos, 2, &count);
    probe_say(scene->seen, "%s, %s", troupe_error_name(infos[0].last_reason),
              troupe_error_name(infos[1].last_reason));
    error = error ? error : troupe_kill(self, head);
    error = error ? error : troupe_sleep(self, TROUPE_WITHIN_MS(100));
    probe_say(scene->seen, "then %s", troupe_error_name(troupe_lookup(self, "body", &ref)));
    return error;
}

/* Promise: KILL-RESTART */
static void restarts_one_that_is_killed(void **state)
{
    struct scene scene = {.seen = a_probe()};
    (void) a_root(*state, TROUPE_SPAWN(.body = ends_a_supervised_one, .argument = &scene));
    tr_world_advance(*state, 60 * SECOND);
    assert_int_equal(probe_count_of(scene.seen, "3 starts"), 1);
    assert_int_equal(probe_count_of(scene.seen, "4 starts"), 1);
    assert_int_equal(probe_count_of(scene.seen, "KILLED, KILLED"), 1);
    assert_int_equal(probe_count_of(scene.seen, "slept CANCELLED, KILLED, for 0 ms"), 0);
    assert_int_equal(probe_count_of(scene.seen, "then NO_SUCH_ACTOR"), 1);
    drop_probe(&scene.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(is_not_held_off_by_a_shield),
        WITH_WORLD(is_more_than_a_cancel),
        WITH_WORLD(works_on_oneself),
        WITH_WORLD(restarts_one_that_is_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
