/* SPDX-License-Identifier: MIT */
#include "cluster/words.h"

#include <string.h>

#include "base/assert.h"
#include "session.pb-c.h"

_Static_assert((int) TR_WORD_BYE == (int) TROUPE__WORD_KIND__BYE, "as the .proto says");
_Static_assert((int) TR_BYE_BROKEN == (int) TROUPE__BYE_REASON__BROKEN, "as the .proto says");

/* Numbers of fields, as the .proto says. */
enum {
    KIND = 1,
    FROM,
    TO,
    SESSION,
    RECEIVED,
    SEQUENCE,
    AGE,
    AGAIN,
    KNOWN,
    VERSION_LEAST,
    VERSION_MOST,
    FEATURES,
    FRAMES_MAX,
    BYTES_MAX,
    FRAME,
    REASON,
    OVER,
    CREDIT_MESSAGES = 20,
    CREDIT_BYTES
};

/* As protobuf has them. */
enum {
    VARINT = 0,
    FIXED64 = 1,
    BYTES = 2,
    FIXED32 = 5
};

/* Of one word, known or not. */
#define FIELDS_MAX 64

unsigned char *tr_word_write_before(const tr_word *word, unsigned char *end)
{
    unsigned char head[TR_WORD_HEAD_BYTES_MAX];
    Troupe__Word packed = TROUPE__WORD__INIT;
    packed.kind = (Troupe__WordKind) word->kind;
    packed.from = word->from;
    packed.to = word->to;
    packed.session = word->session;
    packed.received = word->received;
    packed.sequence = word->sequence;
    packed.age_ns = word->age_ns;
    packed.again = word->again;
    packed.known = word->known;
    packed.version_least = word->version_least;
    packed.version_most = word->version_most;
    packed.features = word->features;
    packed.frames_max = word->frames_max;
    packed.bytes_max = word->bytes_max;
    packed.reason = (Troupe__ByeReason) word->reason;
    packed.over = word->over;
    packed.credit_messages = word->credit_messages;
    packed.credit_bytes = word->credit_bytes;
    size_t size = troupe__word__pack(&packed, head);
    TR_ASSERT(size + 6 <= sizeof head);
    if (word->frame_size > 0) {
        head[size++] = FRAME << 3 | BYTES;
        for (size_t left = word->frame_size; left > 0; left >>= 7) {
            head[size++] = (unsigned char) (left >= 128 ? left | 128U : left);
        }
    }
    unsigned char *start = end - size;
    memcpy(start, head, size);
    return start;
}

/* Reading. */

struct reader {
    const unsigned char *at;
    const unsigned char *end;
};

static bool read_varint(struct reader *reader, uint64_t *out_value)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && reader->at < reader->end; shift += 7) {
        const unsigned char byte = *reader->at++;
        value |= (uint64_t) (byte & 127U) << shift;
        if (byte < 128) {
            *out_value = value;
            return shift < 63 || byte <= 1;
        }
    }
    return false;
}

static bool read_fixed(struct reader *reader, unsigned bytes, uint64_t *out_value)
{
    uint64_t value = 0;
    if ((size_t) (reader->end - reader->at) < bytes) {
        return false;
    }
    for (unsigned i = 0; i < bytes; i++) {
        value |= (uint64_t) *reader->at++ << 8 * i;
    }
    *out_value = value;
    return true;
}

static bool set_32(uint32_t *place, uint64_t value)
{
    *place = (uint32_t) value;
    return value <= UINT32_MAX;
}

/* A number of the field; of what is not known nothing is made. */
static bool set(tr_word *word, uint64_t field, uint64_t value)
{
    switch (field) {
    case KIND:
        word->kind = (tr_word_kind) value;
        return value >= TR_WORD_HELLO && value <= TR_WORD_BYE;
    case REASON:
        word->reason = (tr_bye) value;
        return value >= TR_BYE_LEAVING && value <= TR_BYE_BROKEN;
    case AGAIN:
        word->again = value != 0;
        return value <= 1;
    case VERSION_LEAST:
        return set_32(&word->version_least, value);
    case VERSION_MOST:
        return set_32(&word->version_most, value);
    case FRAMES_MAX:
        return set_32(&word->frames_max, value);
    case CREDIT_MESSAGES:
        return set_32(&word->credit_messages, value);
    default:
        break;
    }
    uint64_t *const places[] = {[FROM] = &word->from,
                                [TO] = &word->to,
                                [SESSION] = &word->session,
                                [RECEIVED] = &word->received,
                                [SEQUENCE] = &word->sequence,
                                [AGE] = &word->age_ns,
                                [KNOWN] = &word->known,
                                [FEATURES] = &word->features,
                                [BYTES_MAX] = &word->bytes_max,
                                [OVER] = &word->over,
                                [CREDIT_BYTES] = &word->credit_bytes};
    if (field < sizeof places / sizeof places[0] && places[field] != NULL) {
        *places[field] = value;
    }
    return true;
}

static bool is_fixed(uint64_t field)
{
    return field == FROM || field == TO || field == OVER;
}

static bool read_field(struct reader *reader, tr_word *word)
{
    uint64_t tag = 0;
    uint64_t value = 0;
    if (!read_varint(reader, &tag) || tag >> 3 == 0 || tag > UINT32_MAX) {
        return false;
    }
    const uint64_t field = tag >> 3;
    const bool is_known = field <= OVER || field == CREDIT_MESSAGES || field == CREDIT_BYTES;
    switch (tag & 7U) {
    case VARINT:
        return read_varint(reader, &value) && (!is_known || (field != FRAME && !is_fixed(field))) &&
               set(word, field, value);
    case FIXED64:
        return read_fixed(reader, 8, &value) && (!is_known || is_fixed(field)) &&
               set(word, field, value);
    case FIXED32:
        return read_fixed(reader, 4, &value) && !is_known;
    case BYTES:
        if (!read_varint(reader, &value) || value > (uint64_t) (reader->end - reader->at) ||
            (is_known && field != FRAME)) {
            return false;
        }
        if (field == FRAME) {
            word->frame = reader->at;
            word->frame_size = (size_t) value;
        }
        reader->at += value;
        return true;
    default:
        return false;
    }
}

/* Whether it has what its kind asks for. */
static bool is_whole(const tr_word *word)
{
    const bool has_number = word->session != 0 && word->session < TR_SESSION_NUMBER_MAX;
    if (word->from == 0 || word->frame_size > TR_FRAME_BYTES_MAX) {
        return false;
    }
    switch (word->kind) {
    case TR_WORD_HELLO:
        return has_number && word->version_least != 0 && word->version_least <= word->version_most;
    case TR_WORD_DATA:
        return has_number && word->sequence != 0 && word->frame_size > 0;
    case TR_WORD_PROBE:
    case TR_WORD_ACK:
        return has_number;
    case TR_WORD_BYE:
        return word->reason != 0;
    }
    return false;
}

bool tr_word_read(const void *data, size_t size, tr_word *out_word)
{
    struct reader reader = {.at = data, .end = (const unsigned char *) data + size};
    *out_word = (tr_word) {0};
    if (size > TR_WORD_BYTES_MAX) {
        return false;
    }
    for (unsigned fields = 0; reader.at < reader.end; fields++) {
        if (fields == FIELDS_MAX || !read_field(&reader, out_word)) {
            return false;
        }
    }
    return is_whole(out_word);
}
