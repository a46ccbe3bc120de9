/* SPDX-License-Identifier: MIT */
/* What a coroutine is told that waits for a descriptor. In virtual time. */
#include <troupe/io.h>

#include "core/scope.h"
#include "support/cast.h"
#include "unit/core/fds_fixture.h"

#define MS UINT64_C(1000000)
#define BOTH (TROUPE_READABLE | TROUPE_WRITABLE)

/* Waits for its descriptor so many times. */
struct waiting {
    struct fake_fds *fake;
    struct probe *seen;
    const char *name;
    int fd;
    uint32_t events;
    troupe_timeout timeout;
    uint32_t times; /* 0: once */
    troupe_ref ref;
};

static void wait_once(troupe_self *self, const struct waiting *waiting)
{
    uint32_t ready = 0;
    const troupe_error error =
        troupe_wait_fd(self, waiting->fd, waiting->events, waiting->timeout, &ready);
    probe_say(waiting->seen, "%s %s %u", waiting->name, troupe_error_name(error), ready);
}

static troupe_error play_waiting(troupe_self *self, void *argument)
{
    const struct waiting *waiting = argument;
    for (uint32_t i = 0; i == 0 || i < waiting->times; i++) {
        wait_once(self, waiting);
    }
    return TROUPE_OK;
}

static void begin(struct waiting *waiting, struct fake_fds *fake, struct probe *seen)
{
    waiting->fake = fake;
    waiting->seen = seen;
    waiting->name = waiting->name != NULL ? waiting->name : "wait";
    waiting->ref =
        a_root(fake->world, TROUPE_SPAWN(.body = play_waiting, .argument = waiting,
                                         .place_worker = 0, .place = TROUPE_PLACE_WORKER));
}

struct scene {
    struct fake_fds fake;
    struct probe *seen;
};

static void open_scene(struct scene *scene)
{
    fake_open(&scene->fake, &(const tr_world_options) {.workers = 2});
    scene->seen = a_probe();
}

static void close_scene(struct scene *scene)
{
    assert_true(tr_fds_is_sound(&tr_world_worker(scene->fake.world, 0)->fds));
    drop_world(&scene->fake.world);
    assert_int_equal(fake_watched(&scene->fake), 0);
    drop_probe(&scene->seen);
}

static void signal(const struct scene *scene, const struct waiting *waiting, uint32_t bit)
{
    const tr_address address = {.slot = waiting->ref.slot, .generation = waiting->ref.generation};
    assert_ok(tr_actor_signal(tr_world_worker(scene->fake.world, 0), address, bit));
}

/* Promise: FD-READY */
static void waits_until_it_is_ready(void **state)
{
    (void) state;
    struct scene scene;
    open_scene(&scene);
    struct waiting waiting = {.fd = 3, .events = BOTH, .times = 2};
    begin(&waiting, &scene.fake, scene.seen);
    tr_world_advance(scene.fake.world, 700 * MS);
    assert_silent(scene.seen);
    fake_set(&scene.fake, 3, TROUPE_WRITABLE);
    tr_world_advance(scene.fake.world, 0);
    assert_said(scene.seen, "wait OK 2");
    fake_set(&scene.fake, 3, TROUPE_READABLE);
    tr_world_advance(scene.fake.world, 0);
    assert_said(scene.seen, "wait OK 2", "wait OK 1");
    close_scene(&scene);
}

/* Promise: FD-READY */
static void looks_only_when_it_may_not_wait(void **state)
{
    (void) state;
    struct scene scene;
    open_scene(&scene);
    struct waiting waiting = {.fd = 3, .events = TROUPE_READABLE, .timeout = TROUPE_NOW};
    begin(&waiting, &scene.fake, scene.seen);
    scene.fake.level[3] = BOTH;
    begin(&waiting, &scene.fake, scene.seen);
    scene.fake.is_open[3] = false;
    begin(&waiting, &scene.fake, scene.seen);
    assert_said(scene.seen, "wait TIMED_OUT 0", "wait OK 1", "wait BAD_ARGUMENT 0");
    close_scene(&scene);
}

/* Promise: FD-DEADLINE */
static void waits_no_longer_than_it_may(void **state)
{
    (void) state;
    struct scene scene;
    open_scene(&scene);
    struct waiting waiting = {.fd = 3, .events = TROUPE_READABLE, .timeout = TROUPE_WITHIN_MS(5)};
    begin(&waiting, &scene.fake, scene.seen);
    tr_world_advance(scene.fake.world, 5 * MS - 1);
    assert_silent(scene.seen);
    tr_world_advance(scene.fake.world, 1);
    assert_said(scene.seen, "wait TIMED_OUT 0");
    assert_int_equal(fake_watched(&scene.fake), 0);
    close_scene(&scene);
}

/* Waits while it handles a message. */
static troupe_error play_server(troupe_self *self, void *argument)
{
    const struct waiting *waiting = argument;
    troupe_message *message = NULL;
    while (troupe_receive(self, &message, TROUPE_FOREVER) == TROUPE_OK) {
        wait_once(self, waiting);
    }
    return TROUPE_OK;
}

static troupe_error play_asker(troupe_self *self, void *argument)
{
    const struct waiting *waiting = argument;
    uint64_t answer = 0;
    (void) ask_figure(self, waiting->ref, 1, TROUPE_WITHIN_MS(3), &answer);
    return TROUPE_OK;
}

/* Promise: FD-DEADLINE */
static void waits_no_longer_than_the_message_being_handled_may_take(void **state)
{
    (void) state;
    struct scene scene;
    open_scene(&scene);
    struct waiting waiting = {
        .fake = &scene.fake, .seen = scene.seen, .name = "wait", .fd = 1, .events = BOTH};
    waiting.ref = a_root(scene.fake.world, TROUPE_SPAWN(.body = play_server, .argument = &waiting));
    a_root(scene.fake.world, TROUPE_SPAWN(.body = play_asker, .argument = &waiting));
    tr_world_advance(scene.fake.world, 3 * MS - 1);
    assert_silent(scene.seen);
    tr_world_advance(scene.fake.world, MS);
    assert_int_equal(probe_count(scene.seen), 1);
    assert_true(probe_has(scene.seen, "wait TIMED_OUT") || probe_has(scene.seen, "wait CANCELLED"));
    close_scene(&scene);
}

/* Promise: FD-CANCEL-SAFE */
static void is_told_of_readiness_that_came_before_the_cancel_or_the_deadline(void **state)
{
    (void) state;
    for (unsigned i = 0; i < 2; i++) {
        struct scene scene;
        open_scene(&scene);
        struct waiting waiting = {
            .fd = 3, .events = TROUPE_READABLE, .timeout = TROUPE_WITHIN_MS(5)};
        begin(&waiting, &scene.fake, scene.seen);
        if (i == 0) {
            signal(&scene, &waiting, TR_SIGNAL_CANCEL);
            fake_set(&scene.fake, 3, TROUPE_READABLE);
        } else {
            tr_world_advance(scene.fake.world, 5 * MS - 1);
            fake_set(&scene.fake, 3, TROUPE_READABLE);
        }
        tr_world_advance(scene.fake.world, 1);
        assert_said(scene.seen, "wait OK 1");
        close_scene(&scene);
    }
}

/* Cancelled, and reported between that and its turn: both are there when it runs.
 * Promise: FD-CANCEL-SAFE */
static void is_told_of_readiness_that_came_before_it_ran_again(void **state)
{
    (void) state;
    struct scene scene;
    open_scene(&scene);
    struct waiting waiting = {.fd = 3, .events = TROUPE_READABLE};
    begin(&waiting, &scene.fake, scene.seen);
    tr_worker *worker = tr_world_worker(scene.fake.world, 0);
    const tr_address address = {.slot = waiting.ref.slot, .generation = waiting.ref.generation};
    tr_actor *actor = tr_actor_at(worker, address);
    signal(&scene, &waiting, TR_SIGNAL_CANCEL);
    tr_actor_signalled(worker, actor, 0);
    assert_true(actor->is_runnable);
    fake_set(&scene.fake, 3, TROUPE_READABLE);
    tr_world_advance(scene.fake.world, 0);
    assert_said(scene.seen, "wait OK 1");
    close_scene(&scene);
}

/* Promise: FD-STOP */
static void ends_with_cancel_and_to_read_with_stop(void **state)
{
    (void) state;
    struct scene scene;
    open_scene(&scene);
    struct waiting reader = {.name = "reader", .fd = 1, .events = BOTH, .times = 2};
    struct waiting writer = {.name = "writer", .fd = 1, .events = TROUPE_WRITABLE, .times = 2};
    struct waiting cancelled = {
        .name = "cancelled", .fd = 1, .events = TROUPE_WRITABLE, .times = 2};
    begin(&reader, &scene.fake, scene.seen);
    begin(&writer, &scene.fake, scene.seen);
    begin(&cancelled, &scene.fake, scene.seen);
    signal(&scene, &reader, TR_SIGNAL_STOP);
    tr_world_advance(scene.fake.world, MS);
    signal(&scene, &writer, TR_SIGNAL_STOP);
    tr_world_advance(scene.fake.world, MS);
    signal(&scene, &cancelled, TR_SIGNAL_CANCEL);
    tr_world_advance(scene.fake.world, MS);
    assert_said(scene.seen, "reader STOPPING 0", "reader STOPPING 0", "cancelled CANCELLED 0",
                "cancelled CANCELLED 0");
    probe_clear(scene.seen);
    fake_set(&scene.fake, 1, TROUPE_WRITABLE);
    tr_world_advance(scene.fake.world, MS);
    (void) fake_report(&scene.fake);
    tr_world_advance(scene.fake.world, MS);
    assert_said(scene.seen, "writer OK 2", "writer OK 2");
    close_scene(&scene);
}

/* Promise: FD-MANY */
static void shares_a_descriptor_with_others(void **state)
{
    (void) state;
    struct scene scene;
    open_scene(&scene);
    struct waiting first = {.name = "first", .fd = 4, .events = TROUPE_READABLE};
    struct waiting second = {.name = "second", .fd = 4, .events = TROUPE_READABLE};
    struct waiting third = {.name = "third", .fd = 4, .events = TROUPE_WRITABLE};
    begin(&first, &scene.fake, scene.seen);
    begin(&second, &scene.fake, scene.seen);
    begin(&third, &scene.fake, scene.seen);
    assert_int_equal(scene.fake.asked[0][4], BOTH);
    fake_set(&scene.fake, 4, TROUPE_READABLE);
    tr_world_advance(scene.fake.world, 0);
    assert_said(scene.seen, "first OK 1", "second OK 1");
    assert_int_equal(scene.fake.asked[0][4], TROUPE_WRITABLE);
    fake_set(&scene.fake, 4, BOTH);
    tr_world_advance(scene.fake.world, 0);
    assert_said(scene.seen, "first OK 1", "second OK 1", "third OK 2");
    close_scene(&scene);
}

static troupe_error play_forgetful(troupe_self *self, void *argument)
{
    (void) argument;
    troupe_forget_fd(self, 4);
    return TROUPE_OK;
}

/* Promise: FD-CLOSED */
static void hears_that_the_descriptor_was_closed(void **state)
{
    (void) state;
    struct scene scene;
    open_scene(&scene);
    struct waiting old = {.name = "old", .fd = 4, .events = TROUPE_READABLE};
    begin(&old, &scene.fake, scene.seen);
    fake_close(&scene.fake, 4);
    tr_world_advance(scene.fake.world, TR_FDS_CHECK_NS);
    assert_said(scene.seen, "old BAD_ARGUMENT 0");
    probe_clear(scene.seen);

    /* Another has its number before anybody has looked. */
    begin(&old, &scene.fake, scene.seen);
    fake_close(&scene.fake, 4);
    struct waiting new = {.name = "new", .fd = 4, .events = TROUPE_READABLE};
    begin(&new, &scene.fake, scene.seen);
    tr_world_advance(scene.fake.world, 0);
    assert_said(scene.seen, "old BAD_ARGUMENT 0");
    a_root(scene.fake.world, TROUPE_SPAWN(.body = play_forgetful));
    tr_world_advance(scene.fake.world, 0);
    assert_said(scene.seen, "old BAD_ARGUMENT 0", "new BAD_ARGUMENT 0");
    close_scene(&scene);
}

static troupe_error wait_in_start(troupe_self *self, void *state, void *argument)
{
    (void) state;
    wait_once(self, argument);
    return TROUPE_OK;
}

static const troupe_behavior waiting_behavior =
    TROUPE_BEHAVIOR(.name = "waiting", .start = wait_in_start);

/* Promise: FD-REFUSED */
static void is_refused_with_the_reason(void **state)
{
    (void) state;
    struct scene scene;
    open_scene(&scene);
    struct waiting waiting = {.fd = -1, .events = BOTH};
    begin(&waiting, &scene.fake, scene.seen);
    waiting = (struct waiting) {.fd = 1};
    begin(&waiting, &scene.fake, scene.seen);
    waiting = (struct waiting) {.fd = 1, .events = 4};
    begin(&waiting, &scene.fake, scene.seen);
    scene.fake.is_open[1] = false;
    waiting = (struct waiting) {.fd = 1, .events = BOTH};
    begin(&waiting, &scene.fake, scene.seen);
    scene.fake.refusal = TROUPE_ERROR_SYSTEM;
    begin(&waiting, &scene.fake, scene.seen);
    a_root(scene.fake.world, TROUPE_SPAWN(.behavior = &waiting_behavior, .argument = &waiting));
    assert_said(scene.seen, "wait BAD_ARGUMENT 0", "wait BAD_ARGUMENT 0", "wait BAD_ARGUMENT 0",
                "wait BAD_ARGUMENT 0", "wait SYSTEM 0", "wait CANNOT_WAIT 0");
    close_scene(&scene);
}

/* Promise: FD-REFUSED */
static void is_refused_where_there_are_no_descriptors(void **state)
{
    struct fake_fds fake = {.world = *state};
    struct waiting waiting = {.events = BOTH};
    struct probe *seen = a_probe();
    begin(&waiting, &fake, seen);
    waiting.timeout = TROUPE_NOW;
    begin(&waiting, &fake, seen);
    assert_said(seen, "wait SYSTEM 0", "wait SYSTEM 0");
    drop_probe(&seen);
}

/* Promise: FD-MOVES */
static void stays_on_its_worker_meanwhile(void **state)
{
    (void) state;
    struct scene scene;
    open_scene(&scene);
    struct cast cast = {.seen = scene.seen};
    struct waiting waiting = {.fake = &scene.fake,
                              .seen = scene.seen,
                              .name = "wait",
                              .fd = 2,
                              .events = TROUPE_READABLE,
                              .timeout = TROUPE_WITHIN_MS(5)};
    const troupe_ref server =
        a_root(scene.fake.world, TROUPE_SPAWN(.body = play_server, .argument = &waiting));
    assert_true(tr_world_move(scene.fake.world, server, 1));
    tr_world_advance(scene.fake.world, 100 * MS);
    waiting.ref = server;
    a_root(scene.fake.world, TROUPE_SPAWN(.body = play_asker, .argument = &waiting));
    tr_world_advance(scene.fake.world, 2 * MS);
    assert_int_equal(fake_watched(&scene.fake), 1);
    assert_true(scene.fake.is_watched[1][2]);
    assert_false(tr_world_move(scene.fake.world, server, 0));
    tr_world_advance(scene.fake.world, 10 * MS);
    assert_true(tr_world_move(scene.fake.world, server, 0));
    (void) cast;
    close_scene(&scene);
}

/* What lies on their stacks is let go of before those are. */
static void is_let_go_of_at_the_end_of_a_node(void **state)
{
    (void) state;
    struct scene scene;
    open_scene(&scene);
    struct waiting first = {.fd = 4, .events = TROUPE_READABLE};
    struct waiting second = {.fd = 4, .events = TROUPE_READABLE};
    begin(&first, &scene.fake, scene.seen);
    begin(&second, &scene.fake, scene.seen);
    drop_world_as_it_is(&scene.fake.world);
    assert_silent(scene.seen);
    drop_probe(&scene.seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_until_it_is_ready),
        cmocka_unit_test(looks_only_when_it_may_not_wait),
        cmocka_unit_test(waits_no_longer_than_it_may),
        cmocka_unit_test(waits_no_longer_than_the_message_being_handled_may_take),
        cmocka_unit_test(is_told_of_readiness_that_came_before_the_cancel_or_the_deadline),
        cmocka_unit_test(is_told_of_readiness_that_came_before_it_ran_again),
        cmocka_unit_test(ends_with_cancel_and_to_read_with_stop),
        cmocka_unit_test(shares_a_descriptor_with_others),
        cmocka_unit_test(hears_that_the_descriptor_was_closed),
        cmocka_unit_test(is_refused_with_the_reason),
        WITH_WORLD(is_refused_where_there_are_no_descriptors),
        cmocka_unit_test(stays_on_its_worker_meanwhile),
        cmocka_unit_test(is_let_go_of_at_the_end_of_a_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
