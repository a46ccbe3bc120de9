/* SPDX-License-Identifier: MIT */
/* What reading and writing field by field promises: the bytes are those that protobuf itself
 * writes, and what it reads from any bytes is the same. */
#include "cluster/fields.h"

#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "cluster/frame.h"
#include "envelope.pb-c.h"
#include "support/fixtures.h"

#define ROUNDS 2000

static tr_arena *arena_of_test(void)
{
    static tr_arena arena;
    tr_arena_fini(&arena);
    tr_arena_init(&arena, tr_allocator_default(), TR_UNPACK_BYTES_MAX);
    return &arena;
}

/* Small, large and none, each as often. */
static uint64_t a_number(tr_random *random)
{
    return tr_random_below(random, 3) == 0 ? 0
                                           : tr_random_next(random) >> tr_random_below(random, 64);
}

static troupe_ref a_ref(tr_random *random)
{
    return (troupe_ref) {.node = a_number(random),
                         .slot = (uint32_t) a_number(random),
                         .generation = (uint32_t) a_number(random),
                         .seal = a_number(random)};
}

static tr_envelope an_envelope(tr_random *random)
{
    static const char *const texts[] = {NULL, "", "x", "shop.Order"};
    tr_envelope envelope = {.kind = (tr_envelope_kind) (1 + tr_random_below(random, 15)),
                            .form = (tr_envelope_form) tr_random_below(random, 4),
                            .number = a_number(random),
                            .to = a_ref(random),
                            .from = a_ref(random),
                            .budget_ns = a_number(random),
                            .trace_id = a_number(random),
                            .type = texts[tr_random_below(random, 4)],
                            .body = "a body of some bytes",
                            .body_size = (size_t) tr_random_below(random, 20)};
    if (tr_random_below(random, 2) == 0) {
        envelope.name = texts[tr_random_below(random, 4)];
        envelope.error = (troupe_error) tr_random_below(random, 30);
        envelope.down = (troupe_down_kind) tr_random_below(random, 8);
        envelope.cause = (troupe_error) ((int) tr_random_below(random, 30) - 15);
        envelope.text = "why";
        envelope.text_size = (size_t) tr_random_below(random, 4);
        envelope.signal = (tr_envelope_signal) tr_random_below(random, 4);
        envelope.key = a_number(random);
        envelope.monitor = a_number(random);
        envelope.link = a_number(random);
        envelope.whole = a_number(random);
    }
    return envelope;
}

static troupe_ref ref_of(const Troupe__Ref *ref)
{
    return ref == NULL ? troupe_ref_none()
                       : (troupe_ref) {.node = ref->node,
                                       .slot = ref->slot,
                                       .generation = ref->generation,
                                       .seal = ref->seal};
}

static void assert_same_text(const char *left, const char *right)
{
    assert_string_equal(left != NULL ? left : "", right != NULL ? right : "");
}

static void assert_same_refs(const tr_envelope *ours, const Troupe__Envelope *theirs)
{
    const troupe_ref to = ref_of(theirs->to);
    const troupe_ref from = ref_of(theirs->from);
    assert_int_equal(ours->to.generation, to.generation);
    assert_true(to.generation == 0 || memcmp(&ours->to, &to, sizeof to) == 0);
    assert_int_equal(ours->from.generation, from.generation);
    assert_true(from.generation == 0 || memcmp(&ours->from, &from, sizeof from) == 0);
}

/* All but the refs: protobuf-c leaves out some of one that stands there twice. */
static void assert_same(const tr_envelope *ours, const Troupe__Envelope *theirs)
{
    assert_int_equal((int) ours->kind, (int) theirs->kind);
    assert_int_equal((int) ours->form, (int) theirs->form);
    assert_int_equal(ours->number, theirs->number);
    assert_int_equal(ours->budget_ns, theirs->budget_ns);
    assert_int_equal(ours->trace_id, theirs->trace_id);
    assert_same_text(ours->type, theirs->type);
    assert_int_equal(ours->body_size, theirs->body.len);
    assert_true(ours->body_size == 0 ||
                memcmp(ours->body, theirs->body.data, ours->body_size) == 0);
    assert_same_text(ours->name, theirs->name);
    assert_int_equal((int) ours->error, (int) theirs->error);
    assert_int_equal((int) ours->down, (int) theirs->down);
    assert_int_equal((int) ours->cause, (int) theirs->cause);
    assert_int_equal(ours->text_size, theirs->text.len);
    assert_int_equal((int) ours->signal, (int) theirs->signal);
    assert_int_equal(ours->key, theirs->key);
    assert_int_equal(ours->monitor, theirs->monitor);
    assert_int_equal(ours->link, theirs->link);
    assert_int_equal(ours->window, theirs->window);
    assert_int_equal(ours->charge, theirs->charge);
    assert_int_equal(ours->whole, theirs->whole);
}

/* These two stand before the body, where protobuf has them behind it. */
static void add_window(tr_random *random, tr_envelope *envelope)
{
    envelope->window = 1 + (uint32_t) tr_random_below(random, 1000);
    envelope->charge = a_number(random);
}

static size_t write_frame(tr_random *random, unsigned char *bytes, size_t capacity,
                          tr_envelope *envelopes, unsigned count)
{
    const tr_frame_head head = {.from = 1 + a_number(random),
                                .to = a_number(random),
                                .connection = a_number(random),
                                .sequence = a_number(random)};
    tr_frame_writer writer = {.data = bytes, .capacity = capacity};
    const bool has_windows = tr_random_below(random, 2) == 0;
    tr_frame_begin(&writer, &head);
    for (unsigned i = 0; i < count; i++) {
        envelopes[i] = an_envelope(random);
        if (has_windows) {
            add_window(random, &envelopes[i]);
        }
        const size_t before = writer.size;
        assert_true(tr_frame_add(&writer, &envelopes[i]));
        assert_int_equal(writer.size - before, tr_frame_size_of(&envelopes[i]));
    }
    return writer.size;
}

/* Promise: REMOTE-WIRE */
static void write_what_protobuf_writes(void **state)
{
    (void) state;
    unsigned char bytes[1024];
    unsigned char again[1024];
    tr_envelope envelopes[4];
    tr_random random;
    tr_random_seed(&random, 1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        const unsigned count = (unsigned) tr_random_below(&random, 4);
        const size_t size = write_frame(&random, bytes, sizeof bytes, envelopes, count);
        Troupe__Frame *frame = troupe__frame__unpack(NULL, size, bytes);
        assert_non_null(frame);
        assert_int_equal(frame->n_envelopes, count);
        for (unsigned i = 0; i < count; i++) {
            assert_same(&envelopes[i], frame->envelopes[i]);
            assert_same_refs(&envelopes[i], frame->envelopes[i]);
        }
        assert_int_equal(troupe__frame__pack(frame, again), size);
        if (count == 0 || envelopes[0].window + envelopes[0].charge == 0) {
            assert_memory_equal(bytes, again, size);
        }
        troupe__frame__free_unpacked(frame, NULL);
    }
}

/* Checked or not. */
static tr_envelope what_was_read(const tr_frame_reader *reader, size_t index)
{
    const tr_frame_entry *entry = &reader->entries[index];
    tr_envelope read = *entry->envelope;
    read.body = entry->body;
    read.body_size = entry->body_size;
    return read;
}

/* It says no more than its body, the rest stands in the one before. */
static bool is_repeat(const Troupe__Envelope *envelope)
{
    Troupe__Envelope rest = *envelope;
    rest.body = (ProtobufCBinaryData) {0};
    return troupe__envelope__get_packed_size(&rest) == 0;
}

static void assert_same_frame(const tr_frame_head *head, const tr_frame_reader *reader,
                              const Troupe__Frame *frame)
{
    assert_non_null(frame);
    assert_int_equal(head->from, frame->from);
    assert_int_equal(head->sequence, frame->sequence);
    assert_int_equal(reader->count, frame->n_envelopes);
    for (size_t i = 0; i < reader->count; i++) {
        const tr_envelope read = what_was_read(reader, i);
        if (!is_repeat(frame->envelopes[i]) || (int) read.kind == 0) {
            assert_same(&read, frame->envelopes[i]);
        }
    }
}

/* Whatever is changed in a frame: what is read is what protobuf reads, or it is refused. */
static void read_what_protobuf_reads(void **state)
{
    (void) state;
    unsigned char bytes[1024];
    tr_envelope envelopes[4];
    tr_random random;
    unsigned read_count = 0;
    tr_arena *arena = arena_of_test();
    tr_random_seed(&random, 2);
    for (unsigned round = 0; round < 10 * ROUNDS; round++) {
        const size_t size = write_frame(&random, bytes, sizeof bytes, envelopes, 3);
        for (uint64_t i = tr_random_below(&random, 3); i > 0; i--) {
            bytes[tr_random_below(&random, size)] = (unsigned char) tr_random_next(&random);
        }
        tr_frame_head head;
        tr_frame_reader reader;
        Troupe__Frame *frame = troupe__frame__unpack(NULL, size, bytes);
        if (tr_frame_read(arena, bytes, size, &head, &reader)) {
            assert_same_frame(&head, &reader, frame);
            read_count++;
        }
        if (frame != NULL) {
            troupe__frame__free_unpacked(frame, NULL);
        }
    }
    assert_true(read_count > ROUNDS);
    tr_arena_fini(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write_what_protobuf_writes),
        cmocka_unit_test(read_what_protobuf_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
