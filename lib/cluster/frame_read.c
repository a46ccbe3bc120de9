/* SPDX-License-Identifier: MIT */
/* Reading frames. */
#include <string.h>

#include "base/assert.h"
#include "cluster/fields.h"
#include "cluster/frame.h"
#include "cluster/frame_fields.h"

/* Fields that are not known here, in a frame, an envelope or a ref: a newer peer may send some. */
#define UNKNOWN_MAX 64

/* Of one envelope; who repeats them has no more. */
#define TEXTS_BYTES_MAX ((size_t) 4 << 10)

/* What is not known may stand there, but not much of it. */
static bool may_be_unknown(const tr_field *field, uint32_t last, unsigned *unknown)
{
    return field->number > last && ++*unknown <= UNKNOWN_MAX;
}

static bool read_ref(const tr_field *from, troupe_ref *ref)
{
    tr_fields fields = {.at = from->data, .end = from->data + from->value};
    tr_field field;
    unsigned unknown = 0;
    while (!tr_fields_end(&fields)) {
        if (!tr_fields_next(&fields, &field)) {
            return false;
        }
        if (field.number == REF_SLOT && field.type == TR_FIELD_VARINT) {
            ref->slot = (uint32_t) field.value;
        } else if (field.number == REF_GENERATION && field.type == TR_FIELD_VARINT) {
            ref->generation = (uint32_t) field.value;
        } else if (field.number == REF_NODE && field.type == TR_FIELD_FIXED64) {
            ref->node = field.value;
        } else if (field.number == REF_SEAL && field.type == TR_FIELD_FIXED64) {
            ref->seal = field.value;
        } else if (!may_be_unknown(&field, REF_SEAL, &unknown)) {
            return false;
        }
    }
    return true;
}

/* One more than may be is kept of a text that is too long: so it shows. NULL: there is no room. */
static const char *keep_text(tr_arena *arena, const tr_field *field, size_t max)
{
    const size_t length = field->value <= max ? (size_t) field->value : max + 1;
    if (length + 1 > arena->capacity - arena->used) {
        return NULL;
    }
    char *kept = (char *) tr_arena_take(arena, length + 1);
    (void) memcpy(kept, field->data, length);
    kept[length] = '\0';
    return kept;
}

/* Envelopes often say what the one before said: its type, or all but the body. */
struct before {
    const unsigned char *type;
    uint64_t type_length;
    const char *kept_type; /* NULL: none */
    tr_envelope *envelope;
    const unsigned char *front; /* of the envelope, up to its body, the last that it has */
    size_t front_size;          /* 0: it is not like that */
};

static const char *keep_type(tr_arena *arena, const tr_field *field, struct before *before)
{
    if (before->kept_type == NULL || before->type_length != field->value ||
        memcmp(before->type, field->data, (size_t) field->value) != 0) {
        before->type = field->data;
        before->type_length = field->value;
        before->kept_type = keep_text(arena, field, TR_TYPE_NAME_MAX);
    }
    return before->kept_type;
}

static bool set_number(tr_envelope *envelope, uint32_t number, uint64_t value)
{
    switch (number) {
    case KIND:
        envelope->kind = (tr_envelope_kind) (int32_t) value;
        return true;
    case NUMBER:
        envelope->number = value;
        return true;
    case BUDGET:
        envelope->budget_ns = value;
        return true;
    case TRACE_ID:
        envelope->trace_id = value;
        return true;
    case FORM:
        envelope->form = (tr_envelope_form) (int32_t) value;
        return true;
    case ERROR:
        envelope->error = (troupe_error) (int32_t) value;
        return true;
    case DOWN:
        envelope->down = (troupe_down_kind) (int32_t) value;
        return true;
    case CAUSE:
        envelope->cause = (troupe_error) (int32_t) value;
        return true;
    case SIGNAL:
        envelope->signal = (tr_envelope_signal) (int32_t) value;
        return true;
    case MONITOR:
        envelope->monitor = value;
        return true;
    case LINK:
        envelope->link = value;
        return true;
    case WINDOW:
        envelope->window = (uint32_t) value;
        return true;
    case CHARGE:
        envelope->charge = value;
        return true;
    case SETTLES:
        envelope->settles = (uint32_t) value;
        return true;
    case WHOLE:
        envelope->whole = value;
        return true;
    case ORIGINAL:
        envelope->original = value;
        return true;
    default:
        return false;
    }
}

static bool set_sized(tr_envelope *envelope, tr_arena *arena, const tr_field *field,
                      struct before *before)
{
    switch (field->number) {
    case TO:
        return read_ref(field, &envelope->to);
    case FROM:
        return read_ref(field, &envelope->from);
    case TYPE:
        envelope->type = keep_type(arena, field, before);
        return envelope->type != NULL;
    case BODY:
        envelope->body = field->data;
        envelope->body_size = (size_t) field->value;
        return true;
    case NAME:
        envelope->name = keep_text(arena, field, TR_NAME_MAX);
        return envelope->name != NULL;
    case TEXT:
        envelope->text = field->data;
        envelope->text_size = (size_t) field->value;
        return true;
    default:
        return false;
    }
}

/* The same as before but for the body, or nothing but one. False: it is not. */
static bool read_like_before(tr_frame_entry *entry, const tr_field *from,
                             const struct before *before)
{
    tr_fields fields = {.at = from->data, .end = from->data + from->value};
    tr_field field;
    if (before->front_size == 0 || tr_fields_end(&fields)) {
        return false;
    }
    if (*fields.at != TR_FIELD_TAG(BODY, TR_FIELD_SIZED)) {
        if (from->value <= before->front_size ||
            memcmp(from->data, before->front, before->front_size) != 0) {
            return false;
        }
        fields.at += before->front_size;
    }
    if (!tr_fields_next(&fields, &field) || field.number != BODY || field.type != TR_FIELD_SIZED ||
        !tr_fields_end(&fields)) {
        return false;
    }
    *entry = (tr_frame_entry) {
        .envelope = before->envelope, .body = field.data, .body_size = (size_t) field.value};
    return true;
}

static bool read_envelope(tr_envelope *envelope, tr_arena *arena, const tr_field *from,
                          struct before *before)
{
    tr_fields fields = {.at = from->data, .end = from->data + from->value};
    tr_field field;
    unsigned unknown = 0;
    *envelope = (tr_envelope) {.type = "", .name = ""};
    before->front_size = 0;
    while (!tr_fields_end(&fields)) {
        const unsigned char *const start = fields.at;
        bool is_set = false;
        if (!tr_fields_next(&fields, &field)) {
            return false;
        }
        if (field.type == TR_FIELD_VARINT) {
            is_set = set_number(envelope, field.number, field.value);
        } else if (field.type == TR_FIELD_SIZED) {
            is_set = set_sized(envelope, arena, &field, before);
        } else if (field.type == TR_FIELD_FIXED64 && field.number == KEY) {
            envelope->key = field.value;
            is_set = true;
        }
        if (!is_set && !may_be_unknown(&field, ORIGINAL, &unknown)) {
            return false;
        }
        if (field.number == BODY && tr_fields_end(&fields)) {
            before->envelope = envelope;
            before->front = from->data;
            before->front_size = (size_t) (start - from->data);
        }
    }
    return true;
}

/* The head, and how many envelopes there are. */
static bool read_head(tr_fields fields, tr_frame_head *head, size_t *out_count)
{
    tr_field field;
    unsigned unknown = 0;
    *head = (tr_frame_head) {0};
    *out_count = 0;
    while (!tr_fields_end(&fields)) {
        if (!tr_fields_next(&fields, &field)) {
            return false;
        }
        if (field.number == FRAME_ENVELOPES && field.type == TR_FIELD_SIZED) {
            ++*out_count;
        } else if (field.number == FRAME_FROM && field.type == TR_FIELD_FIXED64) {
            head->from = field.value;
        } else if (field.number == FRAME_TO && field.type == TR_FIELD_FIXED64) {
            head->to = field.value;
        } else if (field.number == FRAME_CONNECTION && field.type == TR_FIELD_VARINT) {
            head->connection = field.value;
        } else if (field.number == FRAME_SEQUENCE && field.type == TR_FIELD_VARINT) {
            head->sequence = field.value;
        } else if (field.number == FRAME_GONE && field.type == TR_FIELD_FIXED64) {
            head->gone = field.value;
        } else if (!may_be_unknown(&field, FRAME_GONE, &unknown)) {
            return false;
        }
    }
    return true;
}

/* In the arena, one after the other, with their texts behind them. */
static bool read_envelopes(tr_arena *arena, tr_fields fields, tr_envelope *envelopes,
                           tr_frame_entry *entries)
{
    tr_field field;
    struct before before = {0};
    while (!tr_fields_end(&fields)) {
        if (!tr_fields_next(&fields, &field)) {
            return false;
        }
        if (field.number != FRAME_ENVELOPES) {
            continue;
        }
        if (!read_like_before(entries, &field, &before)) {
            if (!read_envelope(envelopes, arena, &field, &before)) {
                return false;
            }
            *entries = (tr_frame_entry) {
                .envelope = envelopes, .body = envelopes->body, .body_size = envelopes->body_size};
            envelopes++;
        }
        entries++;
    }
    return true;
}

bool tr_frame_read(tr_arena *arena, const void *data, size_t size, tr_frame_head *out_head,
                   tr_frame_reader *out_reader)
{
    const tr_fields fields = {.at = data, .end = (const unsigned char *) data + size};
    size_t count = 0;
    arena->lacks_memory = false;
    if (size == 0 || size > TR_FRAME_BYTES_MAX || !read_head(fields, out_head, &count) ||
        count > TR_FRAME_ENVELOPES_MAX || out_head->from == 0) {
        return false;
    }
    /* A text takes no more than it does in the frame. */
    const size_t bytes = count * sizeof(tr_envelope);
    const size_t entry_bytes = count * sizeof(tr_frame_entry);
    if (!tr_arena_reserve(arena, bytes + entry_bytes + size)) {
        return false;
    }
    tr_envelope *envelopes = (tr_envelope *) (void *) tr_arena_take(arena, bytes);
    tr_frame_entry *entries = (tr_frame_entry *) (void *) tr_arena_take(arena, entry_bytes);
    *out_reader = (tr_frame_reader) {.entries = entries, .count = count};
    return read_envelopes(arena, fields, envelopes, entries);
}

/* Whether the enums have values that this side knows, and the texts are no longer than may be. */
static bool is_known(const tr_envelope *envelope)
{
    return (int) envelope->kind >= (int) TR_ENVELOPE_TELL &&
           (int) envelope->kind <= (int) TR_ENVELOPE_RING &&
           (unsigned) envelope->form <= TR_ENVELOPE_BYTES &&
           (unsigned) envelope->down <= TROUPE_DOWN_SHUTDOWN && (int) envelope->error >= 0 &&
           (unsigned) envelope->signal <= TR_ENVELOPE_KILL && (int) envelope->cause >= 0 &&
           envelope->text_size < TR_FAILURE_TEXT_SIZE && envelope->window <= TR_WINDOWS_MAX &&
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
    const bool has_receiver = envelope->to.generation != 0;
    const bool has_sender = envelope->from.generation != 0;
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
    case TR_ENVELOPE_CREDIT:
        return has_number && envelope->window != 0;
    case TR_ENVELOPE_PIECE:
        return has_number && envelope->body_size > 0 &&
               (envelope->whole == 0 || envelope->original == 0);
    case TR_ENVELOPE_RING:
        return has_sender && has_body && has_number != (envelope->window != 0 && has_receiver);
    case TR_ENVELOPE_EXIT:
    case TR_ENVELOPE_REPLY:
    case TR_ENVELOPE_CANCEL:
    case TR_ENVELOPE_DEMONITOR:
    case TR_ENVELOPE_DOWN:
        break;
    }
    return has_number;
}

tr_envelope *tr_frame_look(tr_frame_reader *reader, size_t index)
{
    TR_ASSERT(index < reader->count);
    const tr_frame_entry *entry = &reader->entries[index];
    tr_envelope *envelope = entry->envelope;
    envelope->body = entry->body;
    envelope->body_size = entry->body_size;
    if (envelope != reader->known) {
        reader->known = is_known(envelope) ? envelope : NULL;
    }
    return reader->known != NULL && is_whole(envelope) ? envelope : NULL;
}

bool tr_frame_envelope(tr_frame_reader *reader, size_t index, tr_envelope *out_envelope)
{
    const tr_envelope *envelope = tr_frame_look(reader, index);
    if (envelope != NULL) {
        *out_envelope = *envelope;
    }
    return envelope != NULL;
}

bool tr_frame_read_one(tr_arena *arena, const void *data, size_t size, tr_envelope *out_envelope)
{
    const tr_field whole = {.data = data, .value = size};
    struct before before = {0};
    if (!tr_arena_reserve(arena, TEXTS_BYTES_MAX)) {
        return false;
    }
    const bool is_read = read_envelope(out_envelope, arena, &whole, &before);
    return is_read && is_known(out_envelope) && is_whole(out_envelope);
}
