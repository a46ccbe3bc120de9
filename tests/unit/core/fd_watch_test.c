/* SPDX-License-Identifier: MIT */
/* What an actor is told by message of the descriptors that it watches. In virtual time. */
#include "core/fd_watch.h"

#include "support/cast.h"
#include "unit/core/fds_fixture.h"

#define MS UINT64_C(1000000)

/* A behavior that watches, and what it does when it hears. */
struct watching {
    struct fake_fds *fake;
    struct probe *seen;
    int fd;
    uint32_t events;
    uint32_t unwatch_after; /* messages; 0: never */
    uint32_t drain_after;   /* it reads all there is after so many; 0: never */
    int more_fd;            /* 0: none; also watched */
    bool fails;             /* when it hears; then it starts anew, watching nothing */
    uint32_t starts;
    uint32_t count;
    troupe_watch watch;
    troupe_ref ref;
};

static troupe_error start_watching(troupe_self *self, void *state, void *argument)
{
    struct watching *watching = argument;
    *(struct watching **) state = watching;
    if (watching->starts++ > 0 && watching->fails) {
        probe_say(watching->seen, "again");
        return TROUPE_OK;
    }
    const troupe_error error = troupe_watch_fd(
        self, TROUPE_WATCH(.fd = watching->fd, .events = watching->events, .key = 7),
        &watching->watch);
    if (error) {
        probe_say(watching->seen, "refused %s", troupe_error_name(error));
    }
    troupe_watch more;
    return watching->more_fd == 0
               ? TROUPE_OK
               : troupe_watch_fd(self, TROUPE_WATCH(.fd = watching->more_fd, .events = 1), &more);
}

static troupe_error hear_ready(troupe_self *self, void *state, troupe_message **message)
{
    struct watching *watching = *(struct watching **) state;
    const troupe_fd_ready *ready = troupe_message_struct(*message, &troupe_fd_ready_type);
    probe_say(watching->seen, "%d %u %u", ready->fd, ready->events, (unsigned) ready->key);
    watching->count++;
    if (watching->count == watching->drain_after) {
        watching->fake->level[watching->fd] = 0;
    }
    if (watching->count == watching->unwatch_after) {
        const bool was_there = troupe_unwatch_fd(self, ready->watch);
        const bool is_there = troupe_unwatch_fd(self, ready->watch);
        probe_say(watching->seen, "unwatched %d %d", was_there, is_there);
    }
    return watching->fails ? TROUPE_ERROR_FAILED : TROUPE_OK;
}

static const troupe_handles watching_handlers[] = {
    {.type = &troupe_fd_ready_type, .handler = hear_ready}, {0}};
static const troupe_behavior watching_behavior =
    TROUPE_BEHAVIOR(.name = "watching", .state_size = sizeof(struct watching *),
                    .start = start_watching, .handlers = watching_handlers);

static struct fake_fds fake;
static struct probe *seen;

static int open_scene(void **state)
{
    (void) state;
    fake_open(&fake, &(const tr_world_options) {.workers = 2});
    seen = a_probe();
    return 0;
}

static int close_scene(void **state)
{
    (void) state;
    assert_true(tr_fds_is_sound(&tr_world_worker(fake.world, 0)->fds));
    drop_world(&fake.world);
    assert_int_equal(fake_watched(&fake), 0);
    drop_probe(&seen);
    return 0;
}

static void begin(struct watching *watching)
{
    watching->fake = &fake;
    watching->seen = seen;
    watching->ref =
        a_root(fake.world, TROUPE_SPAWN(.behavior = &watching_behavior, .argument = watching));
}

/* Reports what is ready, and what that brings about, so many times. */
static void let_run(uint32_t times)
{
    for (uint32_t i = 0; i < times; i++) {
        (void) fake_report(&fake);
        tr_world_advance(fake.world, 0);
    }
}

/* Promise: WATCH-READY */
static void tells_again_while_it_is_ready(void **state)
{
    (void) state;
    struct watching watching = {.fd = 2, .events = TROUPE_READABLE, .drain_after = 3};
    begin(&watching);
    let_run(2);
    assert_silent(seen);
    fake.level[2] = 3;
    let_run(6);
    assert_said(seen, "2 1 7", "2 1 7", "2 1 7");
    fake.level[2] = 1;
    let_run(1);
    assert_said(seen, "2 1 7", "2 1 7", "2 1 7", "2 1 7");
}

/* Promise: WATCH-READY */
static void has_one_message_at_a_time(void **state)
{
    (void) state;
    struct watching watching = {.fd = 2, .events = TROUPE_READABLE};
    begin(&watching);
    fake.level[2] = 1;
    for (unsigned i = 0; i < 5; i++) {
        (void) fake_report(&fake); /* without a turn in between */
    }
    assert_int_equal(fake.reports, 1);
    let_run(1);
    assert_said(seen, "2 1 7");
}

/* Promise: WATCH-CANCEL */
static void tells_nothing_more_when_unwatched(void **state)
{
    (void) state;
    struct watching watching = {.fd = 2, .events = TROUPE_WRITABLE, .unwatch_after = 2};
    begin(&watching);
    fake.level[2] = 3;
    let_run(6);
    assert_said(seen, "2 2 7", "2 2 7", "unwatched 1 0");
    assert_int_equal(fake_watched(&fake), 0);
}

static troupe_error unwatches_what_is_queued(troupe_self *self, void *argument)
{
    struct watching *watching = argument;
    troupe_message *message = NULL;
    const troupe_error error = troupe_watch_fd(
        self, TROUPE_WATCH(.fd = watching->fd, .events = TROUPE_READABLE), &watching->watch);
    probe_say(seen, "%s", troupe_error_name(error));
    (void) troupe_sleep(self, TROUPE_WITHIN_MS(1));
    probe_say(seen, "unwatched %d", troupe_unwatch_fd(self, watching->watch));
    probe_say(seen, "%s", troupe_error_name(troupe_receive(self, &message, TROUPE_WITHIN_MS(1))));
    return TROUPE_OK;
}

/* Promise: WATCH-CANCEL */
static void tells_nothing_that_was_queued_when_unwatched(void **state)
{
    (void) state;
    struct watching watching = {.fd = 2};
    a_root(fake.world, TROUPE_SPAWN(.body = unwatches_what_is_queued, .argument = &watching));
    fake.level[2] = 1;
    let_run(1);
    tr_world_advance(fake.world, 5 * MS);
    assert_said(seen, "OK", "unwatched 1", "TIMED_OUT");
}

/* Promise: WATCH-CANCEL */
static void tells_nothing_of_a_close_when_unwatched(void **state)
{
    (void) state;
    struct watching watching = {.fd = 2};
    a_root(fake.world, TROUPE_SPAWN(.body = unwatches_what_is_queued, .argument = &watching));
    tr_fds_forget(tr_world_worker(fake.world, 0), 2); /* queued */
    tr_world_advance(fake.world, 5 * MS);
    assert_said(seen, "OK", "unwatched 1", "TIMED_OUT");
}

/* Promise: WATCH-CLOSED */
static void tells_that_the_descriptor_was_closed(void **state)
{
    (void) state;
    struct watching watching = {.fd = 2, .events = TROUPE_READABLE};
    begin(&watching);
    fake_close(&fake, 2);
    tr_world_advance(fake.world, TR_FDS_CHECK_NS);
    assert_said(seen, "2 0 7");
    begin(&watching);
    fake.level[2] = 1;
    (void) fake_report(&fake);
    fake_close(&fake, 2);
    fake.is_open[2] = false; /* and cannot be watched again */
    let_run(1);
    assert_said(seen, "2 0 7", "2 1 7", "2 0 7");
    begin(&watching);
    assert_said(seen, "2 0 7", "2 1 7", "2 0 7", "refused BAD_ARGUMENT");
}

static troupe_error watches_too_many(troupe_self *self, void *argument)
{
    const struct cast *cast = argument;
    troupe_watch watches[3];
    for (int i = 0; i < 3; i++) {
        (void) tell(cast, "watch",
                    troupe_watch_fd(self, TROUPE_WATCH(.fd = 1 + i, .events = 1), &watches[i]));
    }
    probe_say(cast->seen, "unwatched %d", troupe_unwatch_fd(self, watches[0]));
    (void) tell(cast, "watch",
                troupe_watch_fd(self, TROUPE_WATCH(.fd = 1, .events = 1), &watches[0]));
    return TROUPE_OK;
}

/* Promise: WATCH-LIMIT */
static void is_limited_in_number(void **state)
{
    (void) state;
    struct cast cast = {.seen = seen};
    a_root(fake.world, TROUPE_SPAWN(.body = watches_too_many, .argument = &cast, .timers_max = 2));
    assert_said(seen, "watch OK", "watch OK", "watch LIMIT_REACHED", "unwatched 1", "watch OK");
}

/* Promise: WATCH-END */
static void ends_with_its_actor(void **state)
{
    (void) state;
    struct watching watching = {.fd = 2, .events = TROUPE_READABLE};
    begin(&watching);
    assert_int_equal(fake_watched(&fake), 1);
    assert_false(tr_world_move(fake.world, watching.ref, 1)); /* it watches */
    fake.level[2] = 1;
    (void) fake_report(&fake); /* queued */
    const tr_address address = {.slot = watching.ref.slot, .generation = watching.ref.generation};
    assert_ok(tr_actor_signal(tr_world_worker(fake.world, 0), address, TR_SIGNAL_CANCEL));
    tr_world_advance(fake.world, MS);
    assert_int_equal(fake_watched(&fake), 0);
    assert_int_equal(tr_world_roots_ended(fake.world), 1);
}

static troupe_error supervises(troupe_self *self, void *argument)
{
    const troupe_spawn_options spawn =
        *TROUPE_SPAWN(.behavior = &watching_behavior, .argument = argument);
    const troupe_child_spec child = TROUPE_CHILD(.id = "watching", .actor = &spawn);
    const troupe_supervisor_spec spec = TROUPE_SUPERVISOR(.children = &child, .child_count = 1);
    troupe_ref ref;
    const troupe_error error = troupe_supervise(self, &spec, &ref);
    return error ? error : troupe_sleep(self, TROUPE_FOREVER);
}

/* Promise: WATCH-END */
static void ends_when_its_actor_is_restarted(void **state)
{
    (void) state;
    struct watching watching = {
        .fake = &fake, .seen = seen, .fd = 2, .events = TROUPE_READABLE, .fails = true};
    a_root(fake.world, TROUPE_SPAWN(.body = supervises, .argument = &watching));
    tr_world_advance(fake.world, MS); /* its supervisor has started it, in the shake build too */
    fake.level[2] = 1;
    let_run(1);
    tr_world_advance(fake.world, 1000 * MS);
    let_run(2);
    assert_said(seen, "2 1 7", "again");
    assert_int_equal(fake_watched(&fake), 0);
}

/* Promise: WATCH-END */
static void tells_nothing_of_a_close_to_who_has_begun_again(void **state)
{
    (void) state;
    struct watching watching = {
        .fake = &fake, .seen = seen, .fd = 2, .events = TROUPE_READABLE, .fails = true};
    watching.more_fd = 3;
    a_root(fake.world, TROUPE_SPAWN(.body = supervises, .argument = &watching));
    tr_world_advance(fake.world, MS);
    fake.level[2] = 1;
    (void) fake_report(&fake);
    tr_fds_forget(tr_world_worker(fake.world, 0), 3); /* behind what fails */
    tr_world_advance(fake.world, 1000 * MS);
    let_run(2);
    assert_said(seen, "2 1 7", "again");
}

#define WITH_SCENE(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCENE(tells_again_while_it_is_ready),
        WITH_SCENE(has_one_message_at_a_time),
        WITH_SCENE(tells_nothing_more_when_unwatched),
        WITH_SCENE(tells_nothing_that_was_queued_when_unwatched),
        WITH_SCENE(tells_nothing_of_a_close_when_unwatched),
        WITH_SCENE(tells_that_the_descriptor_was_closed),
        WITH_SCENE(is_limited_in_number),
        WITH_SCENE(ends_with_its_actor),
        WITH_SCENE(ends_when_its_actor_is_restarted),
        WITH_SCENE(tells_nothing_of_a_close_to_who_has_begun_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
