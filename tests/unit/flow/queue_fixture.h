/* SPDX-License-Identifier: MIT */
/* queue_fixture: actors that put figures into a queue and get them, as a script of letters says.
 *
 * Threads: the test's, and its world's. */
#ifndef TR_TESTS_UNIT_FLOW_QUEUE_FIXTURE_H
#define TR_TESTS_UNIT_FLOW_QUEUE_FIXTURE_H

#include <troupe/troupe.h>

#include "core/actor.h"
#include "support/cast.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)

/* Of all actors of a test. */
struct stage {
    tr_world *world;
    struct probe *seen;
    troupe_ref queue;
    troupe_queue_options options;
};

/* Does one thing after another: p puts the next number, g gets, d says that one is done, j joins, c
 * closes with drain, x with discard, n from here on waits for nothing, w waits a millisecond. */
struct actor {
    struct stage *stage;
    const char *script;
    uint64_t number; /* of the first that it puts */
    troupe_timeout timeout;
    troupe_ref ref;
};

static inline void put_one(troupe_self *self, struct actor *actor)
{
    const struct stage *stage = actor->stage;
    const uint64_t number = actor->number++;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = a_figure(self, number, &message);
    if (error == TROUPE_OK) {
        error = troupe_queue_put(self, stage->queue, &message, actor->timeout);
        probe_say(stage->seen, "put %u %s%s", (unsigned) number, troupe_error_name(error),
                  figure_of(message) == number ? " back" : "");
    }
}

static inline void get_one(troupe_self *self, const struct actor *actor)
{
    const struct stage *stage = actor->stage;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_queue_get(self, stage->queue, &message, actor->timeout);
    probe_say(stage->seen, "get %s %u", troupe_error_name(error), (unsigned) figure_of(message));
}

static inline void say(const struct stage *stage, const char *what, troupe_error error)
{
    probe_say(stage->seen, "%s %s", what, troupe_error_name(error));
}

static inline void close_it(troupe_self *self, const struct actor *actor, troupe_close how)
{
    say(actor->stage, "close", troupe_queue_close(self, actor->stage->queue, how, actor->timeout));
}

static inline void do_one(troupe_self *self, struct actor *actor, char what)
{
    const struct stage *stage = actor->stage;
    switch (what) {
    case 'p':
        put_one(self, actor);
        break;
    case 'g':
        get_one(self, actor);
        break;
    case 'd':
        say(stage, "done", troupe_queue_done(self, stage->queue));
        break;
    case 'j':
        say(stage, "join", troupe_queue_join(self, stage->queue, actor->timeout));
        break;
    case 'c':
        close_it(self, actor, TROUPE_CLOSE_DRAIN);
        break;
    case 'x':
        close_it(self, actor, TROUPE_CLOSE_DISCARD);
        break;
    case 'n':
        actor->timeout = TROUPE_NOW;
        break;
    default:
        (void) troupe_sleep(self, TROUPE_WITHIN_MS(1));
        break;
    }
}

static inline troupe_error play_script(troupe_self *self, void *argument)
{
    struct actor *actor = argument;
    for (const char *at = actor->script; *at != '\0'; at++) {
        do_one(self, actor, *at);
    }
    return TROUPE_OK;
}

static inline troupe_error play_owner(troupe_self *self, void *argument)
{
    struct stage *stage = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_queue_create(self, &stage->options, &stage->queue);
    return error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
}

/* With a queue of this capacity on the second of two workers. */
static inline void make(struct stage *stage, uint64_t seed, uint32_t capacity)
{
    *stage = (struct stage) {.seen = a_probe(),
                             .options = {.size = sizeof(troupe_queue_options),
                                         .capacity = capacity,
                                         .place = TROUPE_PLACE_WORKER,
                                         .place_worker = 1}};
    stage->world = a_world(seed, 2);
}

static inline void open_queue(struct stage *stage)
{
    a_root(stage->world, TROUPE_SPAWN(.body = play_owner, .argument = stage));
}

static inline void play(struct stage *stage, struct actor *actor, const char *script)
{
    actor->stage = stage;
    actor->script = script;
    actor->ref = a_root(stage->world, TROUPE_SPAWN(.body = play_script, .argument = actor));
}

static inline void cancel(const struct stage *stage, const struct actor *actor)
{
    const tr_address address = {.slot = actor->ref.slot, .generation = actor->ref.generation};
    assert_ok(tr_actor_signal(tr_world_worker(stage->world, 0), address, TR_SIGNAL_CANCEL));
}

static inline void drop(struct stage *stage)
{
    drop_world(&stage->world);
    drop_probe(&stage->seen);
}

#endif
