/* SPDX-License-Identifier: MIT */
#include "cluster/frame.h"

#include <string.h>

#include "base/assert.h"
#include "cluster/fields.h"
#include "cluster/frame_fields.h"
#include "envelope.pb-c.h"

_Static_assert((int) TR_ENVELOPE_RING == (int) TROUPE__KIND__RING, "as the .proto says");
_Static_assert((int) TR_ENVELOPE_KILL == (int) TROUPE__SIGNAL__SIGNAL_KILL, "as the .proto says");
_Static_assert((int) TR_ENVELOPE_BYTES == (int) TROUPE__FORM__BYTES, "as the .proto says");
_Static_assert((int) TROUPE_DOWN_SHUTDOWN == (int) TROUPE__DOWN__SHUTDOWN, "as the .proto says");

/* Writing. */

void tr_frame_begin(tr_frame_writer *writer, const tr_frame_head *head)
{
    TR_ASSERT(writer->capacity >= TR_FRAME_HEAD_BYTES_MAX);
    unsigned char *at = writer->data;
    at = tr_put_fixed(at, FRAME_FROM, head->from);
    at = tr_put_fixed(at, FRAME_TO, head->to);
    at = tr_put_number(at, FRAME_CONNECTION, head->connection);
    at = tr_put_number(at, FRAME_SEQUENCE, head->sequence);
    at = tr_put_fixed(at, FRAME_GONE, head->gone);
    writer->size = (size_t) (at - writer->data);
    TR_ASSERT(writer->size <= TR_FRAME_HEAD_BYTES_MAX);
    writer->count = 0;
    writer->last_front = NULL;
}

static bool is_nobody(troupe_ref ref)
{
    return ref.generation == 0;
}

static size_t ref_size(troupe_ref ref)
{
    return tr_fixed_size(REF_NODE, ref.node) + tr_number_size(REF_SLOT, ref.slot) +
           tr_number_size(REF_GENERATION, ref.generation) + tr_fixed_size(REF_SEAL, ref.seal);
}

/* None is left out. */
static size_t ref_field_size(uint32_t number, troupe_ref ref)
{
    return is_nobody(ref) ? 0 : tr_sized_size(number, ref_size(ref));
}

static unsigned char *put_ref(unsigned char *at, uint32_t number, troupe_ref ref)
{
    if (is_nobody(ref)) {
        return at;
    }
    at = tr_put_varint(at, TR_FIELD_TAG(number, TR_FIELD_SIZED));
    at = tr_put_varint(at, ref_size(ref));
    at = tr_put_fixed(at, REF_NODE, ref.node);
    at = tr_put_number(at, REF_SLOT, ref.slot);
    at = tr_put_number(at, REF_GENERATION, ref.generation);
    return tr_put_fixed(at, REF_SEAL, ref.seal);
}

/* Of an enum or an int32. */
static uint64_t widened(int value)
{
    return (uint64_t) (int64_t) value;
}

static size_t length_of(const char *text)
{
    return text != NULL ? strlen(text) : 0;
}

/* Whether it has none of what only some kinds have. */
static bool is_plain(const tr_envelope *envelope)
{
    return ((unsigned) envelope->error | (unsigned) envelope->down | (unsigned) envelope->cause |
            (unsigned) envelope->signal | envelope->text_size | envelope->key | envelope->monitor |
            envelope->link | envelope->settles | envelope->whole | envelope->original) == 0 &&
           envelope->name == NULL;
}

static size_t rest_size(const tr_envelope *envelope)
{
    const size_t name = length_of(envelope->name);
    return tr_number_size(ERROR, widened((int) envelope->error)) +
           tr_number_size(DOWN, widened((int) envelope->down)) + tr_sized_size(NAME, name) +
           tr_number_size(CAUSE, widened((int) envelope->cause)) +
           tr_sized_size(TEXT, envelope->text_size) +
           tr_number_size(SIGNAL, widened((int) envelope->signal)) +
           tr_fixed_size(KEY, envelope->key) + tr_number_size(MONITOR, envelope->monitor) +
           tr_number_size(LINK, envelope->link) + tr_number_size(SETTLES, envelope->settles) +
           tr_number_size(WHOLE, envelope->whole) + tr_number_size(ORIGINAL, envelope->original);
}

static unsigned char *put_rest(unsigned char *at, const tr_envelope *envelope)
{
    at = tr_put_number(at, ERROR, widened((int) envelope->error));
    at = tr_put_number(at, DOWN, widened((int) envelope->down));
    at = tr_put_sized(at, NAME, envelope->name, length_of(envelope->name));
    at = tr_put_number(at, CAUSE, widened((int) envelope->cause));
    at = tr_put_sized(at, TEXT, envelope->text, envelope->text_size);
    at = tr_put_number(at, SIGNAL, widened((int) envelope->signal));
    at = tr_put_fixed(at, KEY, envelope->key);
    at = tr_put_number(at, MONITOR, envelope->monitor);
    at = tr_put_number(at, LINK, envelope->link);
    at = tr_put_number(at, SETTLES, envelope->settles);
    at = tr_put_number(at, WHOLE, envelope->whole);
    return tr_put_number(at, ORIGINAL, envelope->original);
}

/* Without the tag and length that it has in a frame. */
static size_t envelope_size(const tr_envelope *envelope, size_t type_length)
{
    return tr_number_size(KIND, widened((int) envelope->kind)) +
           tr_number_size(NUMBER, envelope->number) + ref_field_size(TO, envelope->to) +
           ref_field_size(FROM, envelope->from) + tr_number_size(BUDGET, envelope->budget_ns) +
           tr_number_size(TRACE_ID, envelope->trace_id) +
           tr_number_size(FORM, widened((int) envelope->form)) + tr_sized_size(TYPE, type_length) +
           tr_number_size(WINDOW, envelope->window) + tr_number_size(CHARGE, envelope->charge) +
           tr_sized_size(BODY, envelope->body_size) +
           (is_plain(envelope) ? 0 : rest_size(envelope));
}

static size_t with_length(size_t size)
{
    return 1 + tr_varint_size(size) + size;
}

size_t tr_frame_size_of(const tr_envelope *envelope)
{
    return with_length(envelope_size(envelope, length_of(envelope->type)));
}

static bool is_same_ref(troupe_ref left, troupe_ref right)
{
    return left.slot == right.slot && left.generation == right.generation &&
           left.node == right.node && left.seal == right.seal;
}

/* Whether it says the same as the last one, but for its body, which both have. */
static bool is_like_last(const tr_frame_writer *writer, const tr_envelope *envelope)
{
    const tr_envelope *last = &writer->last;
    return writer->last_front != NULL && envelope->body_size > 0 && envelope->kind == last->kind &&
           envelope->form == last->form && envelope->type == last->type &&
           envelope->number == last->number && envelope->budget_ns == last->budget_ns &&
           envelope->trace_id == last->trace_id && envelope->window == last->window &&
           envelope->charge == last->charge && is_same_ref(envelope->to, last->to) &&
           is_same_ref(envelope->from, last->from) && is_plain(envelope);
}

/* All up to the body. */
static unsigned char *put_front(unsigned char *at, const tr_envelope *envelope, size_t type_length)
{
    at = tr_put_number(at, KIND, widened((int) envelope->kind));
    at = tr_put_number(at, NUMBER, envelope->number);
    at = put_ref(at, TO, envelope->to);
    at = put_ref(at, FROM, envelope->from);
    at = tr_put_number(at, BUDGET, envelope->budget_ns);
    at = tr_put_number(at, TRACE_ID, envelope->trace_id);
    at = tr_put_number(at, FORM, widened((int) envelope->form));
    at = tr_put_sized(at, TYPE, envelope->type, type_length);
    at = tr_put_number(at, WINDOW, envelope->window);
    return tr_put_number(at, CHARGE, envelope->charge);
}

/* Room for an envelope of so many bytes, with its tag and length before it. NULL: there is none. */
static unsigned char *begin_envelope(tr_frame_writer *writer, size_t size)
{
    const size_t room = writer->capacity - writer->size;
    if (writer->count == TR_FRAME_ENVELOPES_MAX || size > TR_FRAME_BYTES_MAX ||
        with_length(size) > room) {
        return NULL;
    }
    unsigned char *at = writer->data + writer->size;
    at = tr_put_varint(at, TR_FIELD_TAG(FRAME_ENVELOPES, TR_FIELD_SIZED));
    at = tr_put_varint(at, size);
    writer->size += with_length(size);
    writer->count++;
    return at;
}

bool tr_frame_add_again(tr_frame_writer *writer, const tr_envelope *envelope)
{
    TR_ASSERT(writer->last_front != NULL && envelope->body_size > 0);
    const size_t front = writer->repeats ? 0 : writer->last_front_size;
    const size_t size = front + tr_sized_size(BODY, envelope->body_size);
    unsigned char *at = begin_envelope(writer, size);
    if (at == NULL) {
        return false;
    }
    if (front > 0) {
        (void) memcpy(at, writer->last_front, front);
    }
    (void) tr_put_sized(at + front, BODY, envelope->body, envelope->body_size);
    return true;
}

bool tr_frame_add(tr_frame_writer *writer, const tr_envelope *envelope)
{
    if (is_like_last(writer, envelope)) {
        return tr_frame_add_again(writer, envelope);
    }
    const size_t type_length = length_of(envelope->type);
    unsigned char *const front = begin_envelope(writer, envelope_size(envelope, type_length));
    if (front == NULL) {
        return false;
    }
    unsigned char *at = put_front(front, envelope, type_length);
    writer->last = *envelope;
    writer->last_front_size = (size_t) (at - front);
    writer->last_front = is_plain(envelope) && envelope->body_size > 0 ? front : NULL;
    at = tr_put_sized(at, BODY, envelope->body, envelope->body_size);
    at = is_plain(envelope) ? at : put_rest(at, envelope);
    TR_ASSERT(at == writer->data + writer->size);
    return true;
}

size_t tr_frame_write_front(const tr_envelope *envelope, unsigned char *data, size_t capacity)
{
    const size_t type_length = length_of(envelope->type);
    const size_t size = envelope_size(envelope, type_length) - envelope->body_size;
    if (size <= capacity) {
        unsigned char *at = put_front(data, envelope, type_length);
        at = is_plain(envelope) ? at : put_rest(at, envelope);
        at = tr_put_varint(at, TR_FIELD_TAG(BODY, TR_FIELD_SIZED));
        at = tr_put_varint(at, envelope->body_size);
        TR_ASSERT(at == data + size);
    }
    return size;
}
