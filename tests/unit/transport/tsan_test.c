/* SPDX-License-Identifier: MIT */
/* The marks stand for the order that ZeroMQ gives: with them the thread sanitizer, where it is on,
 * finds nothing to say about what one thread writes and another reads. */
#include "transport/tsan.h"

#include <stdint.h>
#include <stdlib.h>
#include <zmq.h>

#include "base/thread.h"
#include "support/fixtures.h"

enum {
    NOTES = 1000
};

struct note {
    uint64_t number;
    uint64_t square;
};

static void write_notes(void *context)
{
    for (uint64_t i = 0; i < NOTES; i++) {
        struct note *note = malloc(sizeof *note);
        if (note == NULL) {
            abort();
        }
        *note = (struct note) {i, i * i};
        tr_tsan_release(note);
        if (zmq_send(context, &note, sizeof(struct note *), 0) < 0) {
            abort();
        }
    }
}

static void what_was_written_before_a_send_is_seen_after_the_receive(void **state)
{
    (void) state;
    void *context = zmq_ctx_new();
    void *near = zmq_socket(context, ZMQ_PAIR);
    void *far = zmq_socket(context, ZMQ_PAIR);
    assert_int_equal(zmq_bind(near, "inproc://notes"), 0);
    assert_int_equal(zmq_connect(far, "inproc://notes"), 0);
    tr_thread thread;
    assert_ok(tr_thread_start(&thread, "writer", write_notes, far));

    for (uint64_t i = 0; i < NOTES; i++) {
        struct note *note = NULL;
        assert_int_equal(zmq_recv(near, &note, sizeof(struct note *), 0), sizeof(struct note *));
        tr_tsan_acquire(note);
        assert_int_equal(note->number, i);
        assert_int_equal(note->square, i * i);
        free(note);
    }

    tr_thread_join(&thread);
    assert_int_equal(zmq_close(near), 0);
    assert_int_equal(zmq_close(far), 0);
    assert_int_equal(zmq_ctx_term(context), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_before_a_send_is_seen_after_the_receive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
