/* SPDX-License-Identifier: MIT */
/* What a pool promises: workers enough for what comes, no more than it may have, and no loss. */
#include <troupe/actors/pool.h>

#include "support/actors.h"
#include "support/cast.h"
#include "support/world_fixture.h"

struct scene {
    tr_world *world;
    troupe_pool_options options;
    troupe_spawn_options worker;
    troupe_ref pool;
    troupe_pool_info info;
    troupe_error error;
    uint64_t service_us; /* of one message */
    uint64_t poison;     /* a number that a worker fails with; 0: none */
    uint64_t pause_us;   /* of a client between two requests */
    uint64_t until_ns;   /* clients ask until then */
    uint64_t asked;
    uint64_t answered;
    uint64_t failed;     /* HANDLER_FAILED, or what stood behind it: STALE, NO_SUCH_ACTOR */
    uint64_t longest_ns; /* that a request of after `warm_ns` took */
    uint64_t warm_ns;
    uint32_t live;
    uint32_t live_max;
};

static troupe_error work(troupe_self *self, struct scene *scene, troupe_message *message)
{
    const troupe_error error = troupe_sleep(self, TROUPE_WITHIN_US(scene->service_us));
    if (error) {
        return error;
    }
    const uint64_t number = figure_of(message);
    if (number != 0 && number == scene->poison) {
        return TROUPE_ERROR_FAILED;
    }
    return number != 0 && troupe_message_wants_reply(message)
               ? reply_figure(self, message, 2 * number)
               : TROUPE_OK;
}

static troupe_error worker_body(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    scene->live++;
    scene->live_max = scene->live > scene->live_max ? scene->live : scene->live_max;
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        error = error ? error : work(self, scene, message);
    }
    scene->live--;
    return error;
}

static troupe_error pool_root(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    scene->worker.size = sizeof scene->worker;
    scene->worker.body = worker_body;
    scene->worker.argument = scene;
    scene->options.size = sizeof scene->options;
    scene->options.worker = &scene->worker;
    scene->error = troupe_pool_spawn(self, &scene->options, &scene->pool);
    return scene->error ? TROUPE_OK : troupe_receive(self, &message, TROUPE_FOREVER);
}

static void begin(struct scene *scene, uint64_t seed, uint32_t workers)
{
    scene->world = a_world(seed, workers);
    (void) a_root(scene->world, TROUPE_SPAWN(.body = pool_root, .argument = scene));
    tr_world_run(scene->world);
}

static troupe_error look(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    scene->error = troupe_ask_struct(self, scene->pool, &troupe_pool_look_type, NULL,
                                     TROUPE_WITHIN_S(1), &reply);
    const troupe_pool_info *info = troupe_message_struct(reply, &troupe_pool_info_type);
    scene->info = info != NULL ? *info : (troupe_pool_info) {0};
    return TROUPE_OK;
}

static void look_at(struct scene *scene)
{
    scene->error = TROUPE_ERROR_USER;
    (void) a_root(scene->world, TROUPE_SPAWN(.body = look, .argument = scene));
    tr_world_advance(scene->world, 500 * MS); /* it may stand behind many */
    assert_int_equal(scene->error, TROUPE_OK);
}

static troupe_error ask_on(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    while (troupe_self_now_ns(self) < scene->until_ns) {
        uint64_t answer = 0;
        const uint64_t number = ++scene->asked;
        const uint64_t from_ns = troupe_self_now_ns(self);
        const troupe_error error =
            ask_figure(self, scene->pool, number, TROUPE_WITHIN_S(100), &answer);
        const uint64_t took_ns = troupe_self_now_ns(self) - from_ns;
        scene->answered += error == TROUPE_OK && answer == 2 * number ? 1 : 0;
        scene->failed += error == TROUPE_ERROR_HANDLER_FAILED || error == TROUPE_ERROR_STALE ||
                                 error == TROUPE_ERROR_NO_SUCH_ACTOR
                             ? 1
                             : 0;
        if (from_ns > scene->warm_ns && took_ns > scene->longest_ns) {
            scene->longest_ns = took_ns;
        }
        if (troupe_sleep(self, TROUPE_WITHIN_US(scene->pause_us))) {
            return TROUPE_OK;
        }
    }
    return TROUPE_OK;
}

/* Clients that ask for so long, each after a pause. */
static void put_under_load(struct scene *scene, unsigned clients, uint64_t ms)
{
    scene->until_ns = tr_world_now_ns(scene->world) + ms * MS;
    for (unsigned i = 0; i < clients; i++) {
        (void) a_root(scene->world,
                      TROUPE_SPAWN(.body = ask_on, .argument = scene, .place = TROUPE_PLACE_ANY));
    }
    tr_world_advance(scene->world, ms * MS);
}

/* Promise: POOL-GROWS */
static void has_workers_enough_and_lets_them_go_again(void **state)
{
    (void) state;
    /* 50 clients, 5 ms each, 50 ms pause: 45 at work if none waits, so 5 workers will do, or 4 if
     * each waits 8 ms. */
    struct scene scene = {.service_us = 5000, .pause_us = 50000};
    begin(&scene, 1, 3);
    scene.warm_ns = tr_world_now_ns(scene.world) + 2000 * MS;
    put_under_load(&scene, 50, 5000);
    look_at(&scene);
    assert_in_range(scene.info.workers, 4, 16);
    assert_true(scene.longest_ns < 60 * MS);
    tr_world_advance(scene.world, 60000 * MS);
    look_at(&scene);
    assert_int_equal(scene.info.workers, 1);
    assert_int_equal(scene.live, 1);
    assert_int_equal(scene.info.shrunk, scene.info.grown - 1);
    assert_int_equal(scene.answered, scene.asked);
    drop_world(&scene.world);
}

/* Promise: POOL-LIMITS */
static void has_no_more_workers_than_it_may(void **state)
{
    (void) state;
    struct scene scene = {
        .options = {.workers_min = 2, .workers_max = 3}, .service_us = 20000, .pause_us = 1000};
    begin(&scene, 1, 2);
    look_at(&scene);
    assert_int_equal(scene.info.workers, 2);
    put_under_load(&scene, 60, 3000);
    look_at(&scene);
    assert_int_equal(scene.info.workers, 3);
    tr_world_advance(scene.world, 60000 * MS);
    look_at(&scene);
    assert_int_equal(scene.info.workers, 2);
    assert_int_equal(scene.live_max, 3);
    assert_int_equal(scene.answered, scene.asked);
    drop_world(&scene.world);
}

/* Promise: POOL-REPLACES */
static void replaces_a_worker_that_fails(void **state)
{
    (void) state;
    struct scene scene = {.options = {.workers_min = 3, .workers_max = 3},
                          .service_us = 1000,
                          .pause_us = 5000,
                          .poison = 20};
    begin(&scene, 1, 2);
    put_under_load(&scene, 5, 1000);
    tr_world_advance(scene.world, 200 * MS);
    look_at(&scene);
    assert_int_equal(scene.info.workers, 3);
    assert_int_equal(scene.info.grown, 4);
    assert_int_equal(scene.answered + scene.failed, scene.asked);
    assert_in_range(scene.failed, 1, 5);
    drop_world(&scene.world);
}

static void refuses_options_that_make_no_sense(void **state)
{
    (void) state;
    troupe_monitor_id monitor;
    struct scene scenes[] = {{.options = {.workers_min = 3, .workers_max = 2}},
                             {.options = {.workers_max = 5000}},
                             {.worker = {.name = "one"}},
                             {.worker = {.out_monitor = &monitor}}};
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        begin(&scenes[i], 1, 1);
        assert_int_equal(scenes[i].error, TROUPE_ERROR_BAD_ARGUMENT);
        drop_world(&scenes[i].world);
    }
}

/* Load that comes and goes: each request is answered while workers are let go. */
static void come_in_waves(uint64_t seed, void *context)
{
    (void) context;
    struct scene scene = {.options = {.workers_max = 1 + (uint32_t) (seed % 8),
                                      .check_every = TROUPE_WITHIN_MS(5),
                                      .delay_max = TROUPE_WITHIN_MS(2),
                                      .calm_checks = 1},
                          .worker = {.mailbox_capacity = seed % 3 == 0 ? 2 : 0},
                          .service_us = 200 + seed % 5 * 300,
                          .pause_us = 500 + seed % 7 * 1000};
    begin(&scene, seed, 1 + (uint32_t) (seed % 3));
    for (unsigned wave = 0; wave < 3; wave++) {
        put_under_load(&scene, 4 + (unsigned) (seed % 10), 50);
        tr_world_advance(scene.world, 100 * MS);
    }
    tr_world_advance(scene.world, 500 * MS);
    look_at(&scene);
    assert_int_equal(scene.info.workers, 1);
    assert_int_equal(scene.live, 1);
    assert_true(scene.live_max <= scene.options.workers_max + 1); /* and one that is leaving */
    assert_true(scene.asked > 20);
    assert_int_equal(scene.answered, scene.asked);
    assert_int_equal(scene.info.refused, 0);
    drop_world(&scene.world);
}

/* Promise: POOL-NO-LOSS */
static void loses_nothing_when_it_lets_workers_go(void **state)
{
    (void) state;
    for_each_seed(200, come_in_waves, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_workers_enough_and_lets_them_go_again),
        cmocka_unit_test(has_no_more_workers_than_it_may),
        cmocka_unit_test(replaces_a_worker_that_fails),
        cmocka_unit_test(refuses_options_that_make_no_sense),
        cmocka_unit_test(loses_nothing_when_it_lets_workers_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
