/* SPDX-License-Identifier: MIT */
#include "cluster/frame.h"

#include <string.h>

#include "base/assert.h"
#include "cluster/check.h"
#include "envelope.pb-c.h"

_Static_assert((int) TR_ENVELOPE_SPAWNED == (int) TROUPE__KIND__SPAWNED, "as the .proto says");
_Static_assert((int) TR_ENVELOPE_KILL == (int) TROUPE__SIGNAL__SIGNAL_KILL, "as the .proto says");
_Static_assert((int) TR_ENVELOPE_BYTES == (int) TROUPE__FORM__BYTES, "as the .proto says");
_Static_assert((int) TROUPE_DOWN_NODE_LOST == (int) TROUPE__DOWN__NODE_LOST, "as the .proto says");

/* Field `envelopes` of a frame, with a length. */
#define ENVELOPES_TAG (5U << 3 | 2U)
/* A frame, an envelope, a ref; and what a newer peer may have put in. */
#define DEPTH_MAX 8

static size_t varint_size(size_t value)
{
    size_t size = 1;
    for (; value >= 128; value >>= 7) {
        size++;
    }
    return size;
}

static unsigned char *put_varint(unsigned char *at, size_t value)
{
    for (; value >= 128; value >>= 7) {
        *at++ = (unsigned char) (value | 128U);
    }
    *at++ = (unsigned char) value;
    return at;
}

void tr_frame_begin(tr_frame_writer *writer, const tr_frame_head *head)
{
    TR_ASSERT(writer->capacity >= TR_FRAME_HEAD_BYTES_MAX);
    Troupe__Frame frame = TROUPE__FRAME__INIT;
    frame.from = head->from;
    frame.to = head->to;
    frame.connection = head->connection;
    frame.sequence = head->sequence;
    frame.gone = head->gone;
    writer->size = troupe__frame__pack(&frame, writer->data);
    TR_ASSERT(writer->size <= TR_FRAME_HEAD_BYTES_MAX);
    writer->count = 0;
}

/* Protobuf-c has no const in what it packs. */
static char *unconst(const char *text)
{
    static char nothing[1];
    return text != NULL ? (char *) (uintptr_t) text : nothing;
}

static void fill_ref(Troupe__Ref *packed, troupe_ref ref)
{
    *packed = (Troupe__Ref) TROUPE__REF__INIT;
    packed->node = ref.node;
    packed->slot = ref.slot;
    packed->generation = ref.generation;
    packed->seal = ref.seal;
}

/* An envelope with its refs, which it points to. */
struct packed {
    Troupe__Envelope envelope;
    Troupe__Ref to;
    Troupe__Ref from;
};

static void fill(struct packed *packed, const tr_envelope *from)
{
    Troupe__Envelope *to = &packed->envelope;
    *to = (Troupe__Envelope) TROUPE__ENVELOPE__INIT;
    fill_ref(&packed->to, from->to);
    fill_ref(&packed->from, from->from);
    to->kind = (Troupe__Kind) from->kind;
    to->number = from->number;
    to->to = troupe_ref_is_none(from->to) ? NULL : &packed->to;
    to->from = troupe_ref_is_none(from->from) ? NULL : &packed->from;
    to->budget_ns = from->budget_ns;
    to->trace_id = from->trace_id;
    to->form = (Troupe__Form) from->form;
    to->type = unconst(from->type);
    to->body =
        (ProtobufCBinaryData) {.len = from->body_size, .data = (uint8_t *) (uintptr_t) from->body};
    to->error = (int32_t) from->error;
    to->down = (Troupe__Down) from->down;
    to->name = unconst(from->name);
    to->cause = (int32_t) from->cause;
    to->text =
        (ProtobufCBinaryData) {.len = from->text_size, .data = (uint8_t *) (uintptr_t) from->text};
    to->signal = (Troupe__Signal) from->signal;
    to->key = from->key;
    to->monitor = from->monitor;
    to->link = from->link;
}

size_t tr_frame_size_of(const tr_envelope *envelope)
{
    struct packed packed;
    fill(&packed, envelope);
    const size_t size = troupe__envelope__get_packed_size(&packed.envelope);
    return 1 + varint_size(size) + size;
}

bool tr_frame_add(tr_frame_writer *writer, const tr_envelope *envelope)
{
    struct packed packed;
    fill(&packed, envelope);
    const size_t size = troupe__envelope__get_packed_size(&packed.envelope);
    const size_t room = writer->capacity - writer->size;
    if (writer->count == TR_FRAME_ENVELOPES_MAX || size > TR_FRAME_BYTES_MAX ||
        1 + varint_size(size) + size > room) {
        return false;
    }
    unsigned char *at = writer->data + writer->size;
    *at++ = ENVELOPES_TAG;
    at = put_varint(at, size);
    at += troupe__envelope__pack(&packed.envelope, at);
    writer->size = (size_t) (at - writer->data);
    writer->count++;
    return true;
}

bool tr_frame_read(tr_arena *arena, const void *data, size_t size, tr_frame_head *out_head,
                   tr_frame_reader *out_reader)
{
    if (size == 0 || size > TR_FRAME_BYTES_MAX ||
        !tr_check_packed(&troupe__frame__descriptor, data, size, DEPTH_MAX)) {
        return false;
    }
    const ProtobufCMessage *message =
        tr_arena_unpack(arena, &troupe__frame__descriptor, data, size);
    if (message == NULL) {
        return false;
    }
    const Troupe__Frame *frame = (const Troupe__Frame *) (const void *) message;
    if (frame->n_envelopes > TR_FRAME_ENVELOPES_MAX || frame->from == 0) {
        return false;
    }
    *out_head = (tr_frame_head) {.from = frame->from,
                                 .to = frame->to,
                                 .connection = frame->connection,
                                 .sequence = frame->sequence,
                                 .gone = frame->gone};
    *out_reader = (tr_frame_reader) {.frame = frame, .count = frame->n_envelopes};
    return true;
}

static troupe_ref read_ref(const Troupe__Ref *packed)
{
    return packed == NULL ? troupe_ref_none()
                          : (troupe_ref) {.node = packed->node,
                                          .slot = packed->slot,
                                          .generation = packed->generation,
                                          .seal = packed->seal};
}

/* Whether the enums have values that this side knows, and the texts are no longer than may be. */
static bool is_known(const Troupe__Envelope *envelope)
{
    return envelope->kind >= TROUPE__KIND__TELL && envelope->kind <= TROUPE__KIND__SPAWNED &&
           (unsigned) envelope->form <= TROUPE__FORM__BYTES &&
           (unsigned) envelope->down <= TROUPE__DOWN__NODE_LOST && envelope->error >= 0 &&
           (unsigned) envelope->signal <= TROUPE__SIGNAL__SIGNAL_KILL && envelope->cause >= 0 &&
           envelope->text.len < TR_FAILURE_TEXT_SIZE &&
           strnlen(envelope->type, TR_TYPE_NAME_MAX + 1) <= TR_TYPE_NAME_MAX &&
           strnlen(envelope->name, TR_NAME_MAX + 1) <= TR_NAME_MAX;
}

/* Whether the numbers that are given are each another. */
static bool are_apart(uint64_t number, uint64_t monitor, uint64_t link)
{
    return number != monitor && number != link && (monitor != link || link == 0);
}

/* Whether it has what its kind asks for. */
static bool is_whole(const tr_envelope *envelope)
{
    const bool has_number = envelope->number != 0;
    const bool has_receiver = !troupe_ref_is_none(envelope->to);
    const bool has_sender = !troupe_ref_is_none(envelope->from);
    const bool has_body = envelope->form != TR_ENVELOPE_NONE;
    switch (envelope->kind) {
    case TR_ENVELOPE_TELL:
        return has_receiver && has_body;
    case TR_ENVELOPE_ASK:
        return has_number && has_receiver && has_body;
    case TR_ENVELOPE_MONITOR:
        return has_number && has_receiver;
    case TR_ENVELOPE_LOOKUP:
        return has_number && envelope->name[0] != '\0';
    case TR_ENVELOPE_LINK:
        return has_number && has_receiver && has_sender;
    case TR_ENVELOPE_SIGNAL:
        return has_receiver && envelope->signal != TR_ENVELOPE_NO_SIGNAL;
    case TR_ENVELOPE_SPAWN:
        return has_number && has_sender && envelope->name[0] != '\0' &&
               are_apart(envelope->number, envelope->monitor, envelope->link);
    case TR_ENVELOPE_SPAWNED:
        return has_number && has_sender == (envelope->error == TROUPE_OK);
    case TR_ENVELOPE_EXIT:
    case TR_ENVELOPE_REPLY:
    case TR_ENVELOPE_CANCEL:
    case TR_ENVELOPE_DEMONITOR:
    case TR_ENVELOPE_DOWN:
        break;
    }
    return has_number;
}

bool tr_frame_envelope(const tr_frame_reader *reader, size_t index, tr_envelope *out_envelope)
{
    const Troupe__Frame *frame = reader->frame;
    TR_ASSERT(index < reader->count);
    const Troupe__Envelope *from = frame->envelopes[index];
    if (!is_known(from)) {
        return false;
    }
    *out_envelope = (tr_envelope) {
        .kind = (tr_envelope_kind) from->kind,
        .form = (tr_envelope_form) from->form,
        .number = from->number,
        .to = read_ref(from->to),
        .from = read_ref(from->from),
        .budget_ns = from->budget_ns,
        .trace_id = from->trace_id,
        .type = from->type,
        .body = from->body.data,
        .body_size = from->body.len,
        .name = from->name,
        .error = (troupe_error) from->error,
        .down = (troupe_down_kind) from->down,
        .cause = (troupe_error) from->cause,
        .text = from->text.data,
        .text_size = from->text.len,
        .signal = (tr_envelope_signal) from->signal,
        .key = from->key,
        .monitor = from->monitor,
        .link = from->link,
    };
    return is_whole(out_envelope);
}
