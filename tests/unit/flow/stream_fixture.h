/* SPDX-License-Identifier: MIT */
/* stream_fixture: producers and consumers of streams of figures, and the actor that owns these.
 *
 * Threads: the test's, and its world's. */
#ifndef TR_TESTS_UNIT_FLOW_STREAM_FIXTURE_H
#define TR_TESTS_UNIT_FLOW_STREAM_FIXTURE_H

#include <troupe/troupe.h>

#include "core/actor.h"
#include "support/cast.h"
#include "support/world_fixture.h"

#define MS UINT64_C(1000000)
#define STREAMS 4

struct stage {
    tr_world *world;
    struct probe *seen;
    troupe_ref streams[STREAMS];
    uint32_t capacity;
    uint32_t closers; /* of the last stream */
    /* Connects the streams. */
    troupe_error (*connect)(troupe_self *self, struct stage *stage);
};

static inline troupe_error play_owner(troupe_self *self, void *argument)
{
    struct stage *stage = argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    for (unsigned i = 0; i < STREAMS && error == TROUPE_OK; i++) {
        error = troupe_stream_create(self,
                                     TROUPE_QUEUE(.capacity = stage->capacity,
                                                  .place = TROUPE_PLACE_ANY,
                                                  .closers = i == STREAMS - 1 ? stage->closers : 1),
                                     &stage->streams[i]);
    }
    if (error == TROUPE_OK && stage->connect != NULL) {
        error = stage->connect(self, stage);
    }
    return error ? error : troupe_receive(self, &message, TROUPE_FOREVER);
}

static inline void make(struct stage *stage, uint64_t seed,
                        troupe_error (*connect)(troupe_self *self, struct stage *stage))
{
    *stage = (struct stage) {
        .seen = a_probe(), .capacity = 1 + (uint32_t) seed % 3, .closers = 1, .connect = connect};
    stage->world = a_world(seed, 3);
}

static inline void drop(struct stage *stage)
{
    drop_world(&stage->world);
    drop_probe(&stage->seen);
}

/* Sends the figures from first to last, then ends the stream. */
struct producer {
    struct stage *stage;
    unsigned stream;
    uint64_t first;
    uint64_t last;
    troupe_error end;
};

static inline troupe_error play_producer(troupe_self *self, void *argument)
{
    const struct producer *producer = argument;
    const troupe_ref stream = producer->stage->streams[producer->stream];
    for (uint64_t i = producer->first; i <= producer->last; i++) {
        TROUPE_AUTO(troupe_message) *message = NULL;
        troupe_error error = a_figure(self, i, &message);
        if (error == TROUPE_OK) {
            error = troupe_stream_send(self, stream, &message, TROUPE_FOREVER);
        }
        if (error) {
            probe_say(producer->stage->seen, "send %s", troupe_error_name(error));
            return TROUPE_OK;
        }
    }
    return troupe_stream_end(self, stream, producer->end, TROUPE_FOREVER);
}

/* Says what comes, at most `count`; then closes the stream if that is set. */
struct consumer {
    struct stage *stage;
    unsigned stream;
    unsigned count;
    uint64_t sum;
    uint64_t got[64];
    unsigned got_count;
    troupe_error error;
};

static inline troupe_error play_consumer(troupe_self *self, void *argument)
{
    struct consumer *consumer = argument;
    const troupe_ref stream = consumer->stage->streams[consumer->stream];
    TROUPE_AUTO(troupe_message) *message = NULL;
    while (consumer->error == TROUPE_OK &&
           (consumer->count == 0 || consumer->got_count < consumer->count)) {
        consumer->error = troupe_stream_next(self, stream, &message, TROUPE_FOREVER);
        if (consumer->error == TROUPE_OK && consumer->got_count < 64) {
            consumer->got[consumer->got_count++] = figure_of(message);
            consumer->sum += figure_of(message);
        }
    }
    return consumer->error != TROUPE_OK
               ? TROUPE_OK
               : troupe_queue_close(self, stream, TROUPE_CLOSE_DISCARD, TROUPE_FOREVER);
}

static inline void produce(struct stage *stage, struct producer *producer)
{
    producer->stage = stage;
    a_root(stage->world,
           TROUPE_SPAWN(.body = play_producer, .argument = producer, .place = TROUPE_PLACE_ANY));
}

static inline void consume(struct stage *stage, struct consumer *consumer)
{
    consumer->stage = stage;
    a_root(stage->world,
           TROUPE_SPAWN(.body = play_consumer, .argument = consumer, .place = TROUPE_PLACE_ANY));
}

#endif
