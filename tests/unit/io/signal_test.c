/* SPDX-License-Identifier: MIT */
/* What actors are told of the program's signals. */
#include <signal.h>

#include "unit/io/io_fixture.h"

static bool is_default(int number)
{
    struct sigaction found;
    assert_int_equal(sigaction(number, NULL, &found), 0);
    return found.sa_handler == SIG_DFL;
}

/* Until the keeper has ended. */
static void wait_until_default(const struct scene *scene, int number)
{
    for (unsigned i = 0; i < 20000 && !is_default(number); i++) {
        assert_ok(troupe_sleep(scene->self, TROUPE_WITHIN_MS(1)));
    }
    assert_true(is_default(number));
}

static void assert_told(const struct scene *scene, int number, uint64_t key, uint32_t count)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (count > 0) {
        assert_ok(troupe_receive(scene->self, &message, TROUPE_WITHIN_S(20)));
        const troupe_signal *told = troupe_message_struct(message, &troupe_signal_type);
        assert_non_null(told);
        assert_int_equal(told->signal, number);
        assert_int_equal(told->key, key);
        assert_true(told->count > 0 && told->count <= count);
        count -= told->count;
    }
}

/* Promise: SIGNAL-TOLD */
static void comes_as_a_message_from_the_watch_on(void **state)
{
    const struct scene *scene = *state;
    troupe_signal_watch watch;
    assert_true(is_default(SIGUSR1));
    assert_ok(troupe_watch_signal(scene->self, SIGUSR1, 42, &watch));
    assert_int_equal(raise(SIGUSR1), 0); /* at once */
    assert_told(scene, SIGUSR1, 42, 1);
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(raise(SIGUSR1), 0);
    }
    assert_told(scene, SIGUSR1, 42, 50);
    troupe_unwatch_signal(scene->self, &watch);
    assert_true(troupe_ref_is_none(watch.actor));
    troupe_unwatch_signal(scene->self, &watch);
    wait_until_default(scene, SIGUSR1);
}

static troupe_error play_listening(troupe_self *self, void *argument)
{
    const struct player *player = argument;
    troupe_signal_watch watch;
    troupe_error error = troupe_watch_signal(self, SIGHUP, (uint64_t) player->fd, &watch);
    probe_say(player->scene->seen, "watches %s", troupe_error_name(error));
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        const troupe_signal *told = troupe_message_struct(message, &troupe_signal_type);
        probe_say(player->scene->seen, "%d heard", told != NULL ? (int) told->key : -1);
    }
    return TROUPE_OK;
}

/* Promise: SIGNAL-TOLD, SIGNAL-RESTORED */
static void comes_to_all_that_watch_until_they_end(void **state)
{
    struct scene *scene = *state;
    struct player player[3];
    for (int i = 0; i < 3; i++) {
        spawn_player(&player[i], scene, play_listening, i);
    }
    assert_true(probe_wait(scene->seen, 3));
    assert_int_equal(probe_count_of(scene->seen, "watches OK"), 3);
    assert_int_equal(raise(SIGHUP), 0);
    assert_true(probe_wait(scene->seen, 6));
    assert_int_equal(probe_count_of(scene->seen, "0 heard"), 1);
    assert_int_equal(probe_count_of(scene->seen, "2 heard"), 1);
    assert_ok(troupe_cancel(scene->self, player[0].ref));
    assert_ok(troupe_stop(scene->self, player[1].ref));
    assert_false(is_default(SIGHUP)); /* the third goes on */
    assert_ok(troupe_stop(scene->self, player[2].ref));
    wait_until_default(scene, SIGHUP);
}

static troupe_error watch_in_start(troupe_self *self, void *state, void *argument)
{
    troupe_signal_watch watch;
    *(struct scene **) state = argument;
    return troupe_watch_signal(self, SIGUSR2, 5, &watch);
}

static troupe_error hear_signal(troupe_self *self, void *state, troupe_message **message)
{
    const struct scene *scene = *(struct scene **) state;
    const troupe_signal *told = troupe_message_struct(*message, &troupe_signal_type);
    (void) self;
    probe_say(scene->seen, "%d heard", (int) told->key);
    return TROUPE_OK;
}

static const troupe_handles handles[] = {{.type = &troupe_signal_type, .handler = hear_signal},
                                         {0}};
static const troupe_behavior hearing =
    TROUPE_BEHAVIOR(.name = "hearing", .state_size = sizeof(struct scene *),
                    .start = watch_in_start, .handlers = handles);

/* Promise: SIGNAL-TOLD */
static void comes_to_behaviors_too(void **state)
{
    struct scene *scene = *state;
    troupe_ref ref;
    assert_ok(troupe_spawn(
        scene->self,
        TROUPE_SPAWN(.behavior = &hearing, .argument = scene, .place = TROUPE_PLACE_ANY), &ref));
    assert_int_equal(raise(SIGUSR2), 0);
    assert_true(probe_wait(scene->seen, 1));
    assert_said(scene->seen, "5 heard");
    assert_ok(troupe_stop(scene->self, ref));
    wait_until_default(scene, SIGUSR2);
}

/* Promise: SIGNAL-REFUSED */
static void is_refused_if_it_cannot_be_caught(void **state)
{
    const struct scene *scene = *state;
    troupe_signal_watch watches[TROUPE_SIGNAL_WATCHES_MAX + 1];
    assert_fails(troupe_watch_signal(scene->self, SIGKILL, 1, &watches[0]), BAD_ARGUMENT);
    assert_fails(troupe_watch_signal(scene->self, SIGSEGV, 1, &watches[0]), BAD_ARGUMENT);
    for (unsigned i = 0; i < TROUPE_SIGNAL_WATCHES_MAX; i++) {
        assert_ok(troupe_watch_signal(scene->self, SIGUSR1, i, &watches[i]));
    }
    assert_fails(troupe_watch_signal(scene->self, SIGUSR1, 1, &watches[TROUPE_SIGNAL_WATCHES_MAX]),
                 LIMIT_REACHED);
    for (unsigned i = 0; i < TROUPE_SIGNAL_WATCHES_MAX; i++) {
        troupe_unwatch_signal(scene->self, &watches[i]);
    }
    wait_until_default(scene, SIGUSR1);
}

/* Promise: SIGNAL-RESTORED */
static void is_put_back_at_the_end_of_the_node(void **state)
{
    (void) state;
    troupe_node *node = a_node_of(1);
    troupe_self *self = NULL;
    troupe_signal_watch watch;
    assert_ok(troupe_attach(node, NULL, &self));
    assert_ok(troupe_watch_signal(self, SIGUSR1, 1, &watch));
    assert_false(is_default(SIGUSR1));
    assert_ok(troupe_detach(&self));
    drop_node(&node);
    assert_true(is_default(SIGUSR1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCENE(comes_as_a_message_from_the_watch_on),
        WITH_SCENE(comes_to_all_that_watch_until_they_end),
        WITH_SCENE(comes_to_behaviors_too),
        WITH_SCENE(is_refused_if_it_cannot_be_caught),
        cmocka_unit_test(is_put_back_at_the_end_of_the_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
