/* SPDX-License-Identifier: MIT */
/* What the ring of dead letters promises: the last ones, newest first, none of them torn. */
#include "core/dead_ring.h"

#include <stdatomic.h>

#include "base/thread.h"
#include "support/cast.h"
#include "support/fixtures.h"
#include "support/node_fixture.h"

#define ROUNDS 200000
#define WRITERS 3

/* Every part of it says the number. */
static tr_dead_note note_of(uint64_t number)
{
    static const char types[1000];
    return (tr_dead_note) {.sender = {.slot = (uint32_t) number, .generation = 1},
                           .receiver = {.slot = (uint32_t) number, .generation = 2},
                           .type = &types[number % sizeof types],
                           .trace_id = number,
                           .time_ns = number,
                           .reason = (troupe_dead_reason) (number % TROUPE_DEAD_REASON_COUNT)};
}

static bool is_whole(const tr_dead_note *note)
{
    const tr_dead_note wanted = note_of(note->trace_id);
    return note->sender.slot == wanted.sender.slot && note->receiver.slot == wanted.receiver.slot &&
           note->type == wanted.type && note->time_ns == wanted.time_ns &&
           note->reason == wanted.reason;
}

static void keeps_the_last_newest_first(void **state)
{
    (void) state;
    static tr_dead_ring ring;
    tr_dead_note notes[TROUPE_DEAD_LETTERS_KEPT + 1];
    assert_int_equal(tr_dead_ring_read(&ring, notes, 10), 0);
    for (uint64_t i = 1; i <= 100; i++) {
        const tr_dead_note note = note_of(i);
        tr_dead_ring_add(&ring, &note);
        const size_t kept = i < TROUPE_DEAD_LETTERS_KEPT ? i : TROUPE_DEAD_LETTERS_KEPT;
        assert_int_equal(tr_dead_ring_read(&ring, notes, TROUPE_DEAD_LETTERS_KEPT + 1), kept);
        for (size_t back = 0; back < kept; back++) {
            assert_int_equal(notes[back].trace_id, i - back);
            assert_true(is_whole(&notes[back]));
        }
    }
    assert_int_equal(tr_dead_ring_read(&ring, notes, 2), 2);
    assert_int_equal(notes[1].trace_id, 99);
}

static tr_dead_ring shared;
static _Atomic uint64_t next_number;
static _Atomic int writers_left;

static void write_many(void *context)
{
    (void) context;
    for (int i = 0; i < ROUNDS; i++) {
        const tr_dead_note note = note_of(atomic_fetch_add(&next_number, 1));
        tr_dead_ring_add(&shared, &note);
    }
    atomic_fetch_sub(&writers_left, 1);
}

static void tears_none_while_all_write(void **state)
{
    (void) state;
    tr_thread writers[WRITERS];
    tr_dead_note notes[TROUPE_DEAD_LETTERS_KEPT];
    uint64_t torn = 0;
    atomic_store(&writers_left, WRITERS);
    for (int i = 0; i < WRITERS; i++) {
        assert_ok(tr_thread_start(&writers[i], "writer", write_many, NULL));
    }
    while (atomic_load(&writers_left) > 0) {
        const size_t count = tr_dead_ring_read(&shared, notes, TROUPE_DEAD_LETTERS_KEPT);
        for (size_t i = 0; i < count; i++) {
            torn += is_whole(&notes[i]) ? 0 : 1;
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        tr_thread_join(&writers[i]);
    }
    assert_int_equal(torn, 0);
    assert_true(tr_dead_ring_read(&shared, notes, TROUPE_DEAD_LETTERS_KEPT) > 0);
}

static const troupe_behavior deaf = TROUPE_BEHAVIOR(.name = "deaf");

/* Sends itself out of a job: three figures that nobody handles. */
static troupe_error writes_three(troupe_self *self, void *argument)
{
    struct cast *cast = argument;
    troupe_error error = troupe_spawn(self, TROUPE_SPAWN(.behavior = &deaf), &cast->refs[0]);
    for (uint64_t i = 0; i < 3 && error == TROUPE_OK; i++) {
        error = send_figure(self, cast->refs[0], i);
    }
    cast->refs[1] = troupe_self_ref(self);
    return error ? error : troupe_yield(self);
}

/* Promise: DEAD-SAMPLE */
static void is_read_through_the_node(void **state)
{
    (void) state;
    struct cast cast = {.number = 0};
    troupe_dead_sample samples[5];
    troupe_node *node = a_node_of(1);
    (void) a_root_of(node, TROUPE_SPAWN(.body = writes_three, .argument = &cast,
                                        .ready_when = TROUPE_READY_WHEN_SAID));
    assert_int_equal(troupe_node_dead_letters(node, samples, 5), 3);
    assert_int_equal(troupe_node_dead_letters(node, samples, 2), 2);
    assert_string_equal(samples[0].letter.type, "figure");
    assert_int_equal(samples[0].letter.reason, TROUPE_DEAD_UNHANDLED);
    assert_true(troupe_ref_is_same(samples[0].letter.sender, cast.refs[1]));
    assert_true(troupe_ref_is_same(samples[0].letter.receiver, cast.refs[0]));
    assert_true(samples[0].time_ns > 0 && samples[0].time_ns >= samples[1].time_ns);
    drop_node(&node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_last_newest_first),
        cmocka_unit_test(tears_none_while_all_write),
        cmocka_unit_test(is_read_through_the_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
