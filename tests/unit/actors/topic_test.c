/* SPDX-License-Identifier: MIT */
/* What a topic promises: each subscriber gets what is published, in order, as its policy says. */
#include <troupe/actors/topic.h>

#include "support/actors.h"
#include "support/cast.h"
#include "support/world_fixture.h"

#define READERS 6

/* A subscriber: notes what it gets. */
struct reader {
    struct scene *scene;
    troupe_topic_subscription says;
    uint64_t each_us;  /* that it takes for a message */
    uint64_t first_ms; /* before the first */
    uint64_t quits_at; /* unsubscribes when it has got so many; 0: never */
    uint64_t got;
    uint64_t last;   /* number */
    uint64_t breaks; /* in the order */
    uint64_t lost;   /* .published of the notice */
    const void *body;
    uint32_t capacity;
    troupe_on_full policy; /* of its mailbox */
};

struct scene {
    tr_world *world;
    troupe_topic_options options;
    troupe_ref topic;
    struct reader readers[READERS];
    troupe_ref refs[READERS];
    uint64_t count; /* that a publisher publishes */
    troupe_topic_info info;
    troupe_error error;
};

static void note(troupe_self *self, struct reader *reader, const troupe_message *message)
{
    size_t size = 0;
    const troupe_topic_lost *lost = troupe_message_struct(message, &troupe_topic_lost_type);
    if (lost != NULL) {
        reader->lost = lost->published;
        return;
    }
    reader->got++;
    reader->body = troupe_message_bytes(message, &size);
    const uint64_t number = figure_of(message);
    reader->breaks += number <= reader->last ? 1 : 0;
    reader->last = number;
    if (reader->got == reader->quits_at) {
        reader->scene->error = troupe_topic_unsubscribe(self, reader->scene->topic);
    }
}

static troupe_error read_on(troupe_self *self, void *argument)
{
    struct reader *reader = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    reader->says.subscriber = troupe_self_ref(self);
    troupe_error error =
        troupe_send_struct(self, reader->scene->topic, &troupe_topic_subscribe_type, &reader->says);
    if (error == TROUPE_OK && reader->first_ms != 0) {
        error = troupe_sleep(self, TROUPE_WITHIN_MS(reader->first_ms));
    }
    while (error == TROUPE_OK) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (error == TROUPE_OK) {
            note(self, reader, message);
        }
        if (error == TROUPE_OK && reader->each_us != 0) {
            error = troupe_sleep(self, TROUPE_WITHIN_US(reader->each_us));
        }
    }
    return error;
}

static troupe_error topic_root(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    scene->error = troupe_topic_spawn(self, &scene->options, &scene->topic);
    return scene->error ? TROUPE_OK : troupe_receive(self, &message, TROUPE_FOREVER);
}

static void begin(struct scene *scene, uint64_t seed, uint32_t workers)
{
    scene->options.size = sizeof scene->options;
    scene->world = a_world(seed, workers);
    (void) a_root(scene->world, TROUPE_SPAWN(.body = topic_root, .argument = scene));
    tr_world_run(scene->world);
    assert_int_equal(scene->error, TROUPE_OK);
}

static void add_readers(struct scene *scene, size_t from, size_t count)
{
    for (size_t i = from; i < from + count; i++) {
        struct reader *reader = &scene->readers[i];
        reader->scene = scene;
        scene->refs[i] = a_root(scene->world,
                                TROUPE_SPAWN(.body = read_on, .argument = reader,
                                             .mailbox_capacity = reader->capacity,
                                             .on_full = reader->policy, .place = TROUPE_PLACE_ANY));
        tr_world_advance(scene->world, 5 * MS);
    }
}

static troupe_error publish(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    troupe_error error = TROUPE_OK;
    for (uint64_t i = 1; i <= scene->count && error == TROUPE_OK; i++) {
        error = send_figure(self, scene->topic, i);
    }
    scene->error = error;
    return TROUPE_OK;
}

static troupe_error look(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    scene->error = troupe_ask_struct(self, scene->topic, &troupe_topic_look_type, NULL,
                                     TROUPE_WITHIN_S(1), &reply);
    const troupe_topic_info *info = troupe_message_struct(reply, &troupe_topic_info_type);
    scene->info = info != NULL ? *info : (troupe_topic_info) {0};
    return TROUPE_OK;
}

static void play(struct scene *scene, troupe_body *body)
{
    (void) a_root(scene->world, TROUPE_SPAWN(.body = body, .argument = scene));
    tr_world_advance(scene->world, 20000 * MS);
    assert_int_equal(scene->error, TROUPE_OK);
}

static void publish_to(struct scene *scene, uint64_t count)
{
    scene->count = count;
    play(scene, publish);
    play(scene, look);
}

static troupe_error stop_reader(troupe_self *self, void *argument)
{
    const struct scene *scene = argument;
    return troupe_stop(self, scene->refs[1]);
}

/* Promise: TOPIC-ALL */
static void gives_each_subscriber_all_in_order(void **state)
{
    (void) state;
    struct scene scene = {.readers = {{.quits_at = 0}, {.quits_at = 0}, {.quits_at = 100}}};
    begin(&scene, 1, 3);
    publish_to(&scene, 10); /* to nobody */
    add_readers(&scene, 0, 3);
    publish_to(&scene, 100);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(scene.readers[i].got, 100);
        assert_int_equal(scene.readers[i].breaks, 0);
    }
    assert_int_equal(scene.info.subscribers, 2);
    play(&scene, stop_reader);
    add_readers(&scene, 3, 1);
    publish_to(&scene, 5);
    assert_int_equal(scene.info.subscribers, 2);
    assert_int_equal(scene.readers[0].got, 105);
    assert_int_equal(scene.readers[2].got, 100);
    assert_int_equal(scene.readers[3].got, 5);
    assert_int_equal(scene.info.published, 115);
    assert_int_equal(scene.info.delivered, 310);
    drop_world(&scene.world);
}

/* Promise: TOPIC-DROP */
static void lets_a_slow_one_miss_some_and_counts_them(void **state)
{
    (void) state;
    struct scene scene = {
        .readers = {
            {.says = {.on_full = TROUPE_ON_FULL_DROP_NEWEST}, .first_ms = 100, .capacity = 4},
            {.capacity = 4, .first_ms = 100, .policy = TROUPE_ON_FULL_DROP_OLDEST},
            {.quits_at = 0},
        }};
    begin(&scene, 1, 1);
    add_readers(&scene, 0, 3);
    publish_to(&scene, 100);
    assert_int_equal(scene.readers[0].got, 4);
    assert_int_equal(scene.readers[0].last, 4); /* the oldest */
    assert_int_equal(scene.readers[1].got, 4);
    assert_int_equal(scene.readers[1].last, 100); /* the newest */
    assert_int_equal(scene.readers[2].got, 100);
    assert_int_equal(scene.info.missed, 96); /* of the second the mailbox knows */
    drop_world(&scene.world);
}

/* Promise: TOPIC-LOST */
static void unsubscribes_one_that_is_full_and_tells_it(void **state)
{
    (void) state;
    struct scene scene = {
        .readers = {
            {.says = {.on_full = TROUPE_ON_FULL_FAIL}, .first_ms = 1000, .capacity = 4},
            {.quits_at = 0},
        }};
    begin(&scene, 1, 2);
    add_readers(&scene, 0, 2);
    scene.count = 100;
    (void) a_root(scene.world, TROUPE_SPAWN(.body = publish, .argument = &scene));
    tr_world_advance(scene.world, 100 * MS);
    assert_int_equal(scene.readers[1].got, 100);
    assert_int_equal(scene.readers[0].got, 0);
    play(&scene, look);
    assert_int_equal(scene.info.subscribers, 1);
    assert_int_equal(scene.readers[0].got, 4);
    assert_int_equal(scene.readers[0].lost, 5); /* what it misses begins with that */
    assert_int_equal(scene.info.missed, 1);
    play(&scene, look);
    assert_int_equal(scene.info.lost, 0);
    drop_world(&scene.world);
}

/* Promise: TOPIC-LOST */
static void forgets_to_tell_one_that_has_ended(void **state)
{
    (void) state;
    struct scene scene = {
        .readers = {
            {.quits_at = 0},
            {.says = {.on_full = TROUPE_ON_FULL_FAIL}, .first_ms = 1000000, .capacity = 4},
        }};
    begin(&scene, 1, 2);
    add_readers(&scene, 0, 2);
    publish_to(&scene, 10);
    assert_int_equal(scene.info.lost, 1);
    play(&scene, stop_reader);
    play(&scene, look);
    assert_int_equal(scene.info.lost, 0);
    drop_world(&scene.world);
}

/* Promise: TOPIC-WAIT */
static void slows_publishers_down_to_one_that_has_it_wait(void **state)
{
    (void) state;
    struct scene scene = {
        .options = {.mailbox_capacity = 4},
        .readers = {{.says = {.on_full = TROUPE_ON_FULL_WAIT}, .each_us = 10000, .capacity = 2},
                    {.quits_at = 0}}};
    begin(&scene, 1, 2);
    add_readers(&scene, 0, 2);
    scene.count = 100;
    (void) a_root(scene.world, TROUPE_SPAWN(.body = publish, .argument = &scene));
    tr_world_advance(scene.world, 500 * MS);
    assert_in_range(scene.readers[0].got, 45, 51);
    assert_in_range(scene.readers[1].got, 45, 60); /* with it the others */
    play(&scene, look);
    assert_int_equal(scene.readers[0].got, 100);
    assert_int_equal(scene.readers[0].breaks, 0);
    assert_int_equal(scene.info.missed, 0);
    drop_world(&scene.world);
}

/* Promise: TOPIC-WAIT */
static void goes_on_when_the_one_it_waits_for_ends(void **state)
{
    (void) state;
    struct scene scene = {
        .readers = {
            {.quits_at = 0},
            {.says = {.on_full = TROUPE_ON_FULL_WAIT}, .first_ms = 1000000, .capacity = 1}}};
    begin(&scene, 1, 2);
    add_readers(&scene, 0, 2);
    scene.count = 2;
    play(&scene, publish);
    assert_int_equal(scene.readers[0].got, 2); /* of the other one waits for room */
    play(&scene, stop_reader);
    play(&scene, look);
    assert_int_equal(scene.info.missed, 1);
    assert_int_equal(scene.info.delivered, 3);
    publish_to(&scene, 8);
    assert_int_equal(scene.readers[0].got, 10);
    assert_int_equal(scene.info.missed, 1);
    drop_world(&scene.world);
}

/* Promise: TOPIC-PATIENCE */
static void loses_patience_with_one_that_never_takes(void **state)
{
    (void) state;
    struct scene scene = {
        .options = {.mailbox_capacity = 1, .patience = TROUPE_WITHIN_MS(250)},
        .readers = {{.quits_at = 0},
                    {.says = {.on_full = TROUPE_ON_FULL_WAIT}, .first_ms = 60000, .capacity = 2},
                    {.first_ms = 60000, .capacity = 2}}}; /* waits by its mailbox's policy */
    begin(&scene, 1, 2);
    add_readers(&scene, 0, 3);
    scene.count = 10;
    scene.error = TROUPE_ERROR_FAILED;
    (void) a_root(scene.world, TROUPE_SPAWN(.body = publish, .argument = &scene));
    tr_world_advance(scene.world, 240 * MS);
    assert_int_equal(scene.error, TROUPE_ERROR_FAILED); /* the publisher still waits */
    tr_world_advance(scene.world, 20 * MS);
    assert_int_equal(scene.error, TROUPE_OK);
    assert_int_equal(scene.readers[0].got, 10);
    assert_int_equal(scene.readers[0].breaks, 0);
    play(&scene, look);
    assert_int_equal(scene.info.subscribers, 1);
    assert_int_equal(scene.info.missed, 2);
    assert_int_equal(scene.info.delivered, 10 + 2 + 2);
    assert_int_equal(scene.info.lost, 2);
    tr_world_advance(scene.world, 60000 * MS);
    for (size_t i = 1; i < 3; i++) {
        assert_int_equal(scene.readers[i].got, 2);
        assert_int_equal(scene.readers[i].lost, 3);
    }
    play(&scene, look);
    assert_int_equal(scene.info.lost, 0);
    drop_world(&scene.world);
}

static troupe_error publish_bulk(troupe_self *self, void *argument)
{
    struct scene *scene = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_error error = make_bulk(self, 100000, &message);
    error = error ? error
                  : troupe_ask_message(self, scene->topic, &message, TROUPE_WITHIN_S(1), &reply);
    const troupe_topic_info *info = troupe_message_struct(reply, &troupe_topic_info_type);
    scene->info = info != NULL ? *info : (troupe_topic_info) {0};
    scene->error = error;
    return TROUPE_OK;
}

/* Promise: TOPIC-SHARED */
static void shares_a_large_body_among_all(void **state)
{
    (void) state;
    struct scene scene = {0};
    begin(&scene, 1, 2);
    add_readers(&scene, 0, READERS);
    play(&scene, publish_bulk);
    assert_int_equal(scene.info.delivered, READERS); /* the answer to a publication */
    for (size_t i = 0; i < READERS; i++) {
        assert_non_null(scene.readers[i].body);
        assert_ptr_equal(scene.readers[i].body, scene.readers[0].body);
    }
    drop_world(&scene.world);
}

static troupe_error subscribe_others(troupe_self *self, void *argument)
{
    static const troupe_on_full policies[] = {TROUPE_ON_FULL_DEFAULT, TROUPE_ON_FULL_DEFAULT,
                                              TROUPE_ON_FULL_FAIL, TROUPE_ON_FULL_DROP_OLDEST};
    static const troupe_error expected[] = {TROUPE_OK, TROUPE_ERROR_LIMIT_REACHED, TROUPE_OK,
                                            TROUPE_ERROR_BAD_ARGUMENT};
    struct scene *scene = argument;
    for (size_t i = 0; i < 4; i++) {
        TROUPE_AUTO(troupe_message) *reply = NULL;
        const troupe_topic_subscription says = {.subscriber = scene->refs[i % 2],
                                                .on_full = policies[i]};
        const troupe_error error = troupe_ask_struct(
            self, scene->topic, &troupe_topic_subscribe_type, &says, TROUPE_WITHIN_S(1), &reply);
        scene->error = error != expected[i] ? TROUPE_ERROR_FAILED : scene->error;
    }
    return TROUPE_OK;
}

static void has_so_many_subscribers_and_no_more(void **state)
{
    (void) state;
    struct scene scene = {.options = {.subscribers_max = 1}};
    begin(&scene, 1, 1);
    for (size_t i = 0; i < 2; i++) {
        scene.refs[i] = a_root(scene.world, TROUPE_SPAWN(.body = play_idle));
    }
    play(&scene, subscribe_others);
    drop_world(&scene.world);
}

/* Readers of every policy, slow and fast: what each got and missed is what was published. */
static void publish_at_random(uint64_t seed, void *context)
{
    (void) context;
    static const troupe_on_full policies[] = {TROUPE_ON_FULL_WAIT, TROUPE_ON_FULL_DROP_NEWEST,
                                              TROUPE_ON_FULL_FAIL, TROUPE_ON_FULL_DEFAULT};
    struct scene scene = {.options = {.mailbox_capacity = 1 + (uint32_t) (seed % 7)}};
    const bool is_impatient = seed % 5 == 0;
    scene.options.patience = is_impatient ? TROUPE_WITHIN_US(300) : TROUPE_FOREVER;
    begin(&scene, seed, 1 + (uint32_t) (seed % 3));
    for (size_t i = 0; i < READERS; i++) {
        scene.readers[i] = (struct reader) {
            .says = {.on_full = policies[(seed + i) % 4]},
            .each_us = (seed * 7 + i * 13) % 5 * 100,
            .capacity = 1 + (uint32_t) ((seed + i * 3) % 9),
        };
    }
    add_readers(&scene, 0, READERS);
    publish_to(&scene, 60);
    uint64_t missed = 0;
    for (size_t i = 0; i < READERS; i++) {
        const struct reader *reader = &scene.readers[i];
        const bool may_wait = reader->says.on_full == TROUPE_ON_FULL_WAIT ||
                              reader->says.on_full == TROUPE_ON_FULL_DEFAULT;
        assert_int_equal(reader->breaks, 0);
        assert_true(!may_wait || reader->got == 60 || (is_impatient && reader->lost != 0));
        assert_true(reader->lost == 0 || reader->got == reader->lost - 1);
        missed += reader->lost != 0 ? 1 : 60 - reader->got;
    }
    assert_int_equal(scene.info.missed, missed);
    assert_int_equal(scene.info.lost, 0);
    drop_world(&scene.world);
}

/* Promise: TOPIC-ALL, TOPIC-PATIENCE */
static void loses_nothing_but_what_it_says(void **state)
{
    (void) state;
    for_each_seed(200, publish_at_random, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_each_subscriber_all_in_order),
        cmocka_unit_test(lets_a_slow_one_miss_some_and_counts_them),
        cmocka_unit_test(unsubscribes_one_that_is_full_and_tells_it),
        cmocka_unit_test(forgets_to_tell_one_that_has_ended),
        cmocka_unit_test(slows_publishers_down_to_one_that_has_it_wait),
        cmocka_unit_test(goes_on_when_the_one_it_waits_for_ends),
        cmocka_unit_test(loses_patience_with_one_that_never_takes),
        cmocka_unit_test(shares_a_large_body_among_all),
        cmocka_unit_test(has_so_many_subscribers_and_no_more),
        cmocka_unit_test(loses_nothing_but_what_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
