/* SPDX-License-Identifier: MIT */
#include "node/json_scan.h"

#include <locale.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* The buffer. */

void tr_json_buffer_append(tr_json_buffer *buffer, const void *data, size_t size)
{
    if (buffer->is_full || size > buffer->limit - buffer->size) {
        buffer->is_full = true;
        return;
    }
    if (size > buffer->capacity - buffer->size) {
        const size_t wanted = buffer->size + size + buffer->capacity;
        const size_t capacity = wanted < buffer->limit ? wanted : buffer->limit;
        void *grown = buffer->data == NULL
                          ? tr_allocate_unset(buffer->allocator, capacity)
                          : tr_resize(buffer->allocator, buffer->data, buffer->capacity, capacity);
        if (grown == NULL) {
            buffer->is_full = true;
            return;
        }
        buffer->data = grown;
        buffer->capacity = capacity;
    }
    if (size > 0) {
        (void) memcpy(buffer->data + buffer->size, data, size);
    }
    buffer->size += size;
}

void tr_json_buffer_free(tr_json_buffer *buffer)
{
    tr_free(buffer->allocator, buffer->data, buffer->capacity);
    buffer->data = NULL;
    buffer->size = 0;
    buffer->capacity = 0;
}

/* Numbers. */

/* That of C, for this thread; has to be left again. It is there always: the C library has it in
 * itself. */
static locale_t enter_plain(locale_t *out_plain)
{
    *out_plain = newlocale(LC_ALL_MASK, "C", (locale_t) 0);
    return uselocale(*out_plain);
}

static void leave_plain(locale_t before, locale_t plain)
{
    (void) uselocale(before);
    if (plain != (locale_t) 0) {
        freelocale(plain);
    }
}

double tr_json_to_real(const char *text, char **out_end)
{
    locale_t plain = (locale_t) 0;
    const locale_t before = enter_plain(&plain);
    const double number = strtod(text, out_end);
    leave_plain(before, plain);
    return number;
}

void tr_json_from_real(double number, int digits, char *text, size_t size)
{
    locale_t plain = (locale_t) 0;
    const locale_t before = enter_plain(&plain);
    (void) snprintf(text, size, "%.*g", digits, number);
    leave_plain(before, plain);
}

/* Complaints. */

/* The first one counts. False. */
bool tr_json_blame(tr_json_reader *reader, const char *format, ...)
{
    if (reader->why[0] == '\0') {
        char what[TR_JSON_WHY_SIZE - 32];
        va_list arguments;
        va_start(arguments, format);
        (void) vsnprintf(what, sizeof what, format, arguments);
        va_end(arguments);
        (void) snprintf(reader->why, TR_JSON_WHY_SIZE, "at character %zu: %s",
                        (size_t) (reader->at - reader->start) + 1, what);
    }
    return false;
}

/* Characters. */

static void skip_blanks(tr_json_reader *reader)
{
    while (reader->at < reader->end && *reader->at != '\0' &&
           strchr(" \t\r\n", *reader->at) != NULL) {
        reader->at++;
    }
}

/* The next character that is no blank; 0 at the end. */
char tr_json_peek(tr_json_reader *reader)
{
    skip_blanks(reader);
    return (char) (reader->at < reader->end ? *reader->at : '\0');
}

bool tr_json_take(tr_json_reader *reader, char wanted)
{
    if (tr_json_peek(reader) != wanted) {
        return false;
    }
    reader->at++;
    return true;
}

bool tr_json_need(tr_json_reader *reader, char wanted)
{
    return tr_json_take(reader, wanted) || tr_json_blame(reader, "there should be '%c'", wanted);
}

bool tr_json_take_word(tr_json_reader *reader, const char *word)
{
    const size_t length = strlen(word);
    skip_blanks(reader);
    if ((size_t) (reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0) {
        return false;
    }
    reader->at += length;
    return true;
}

size_t tr_json_character(const unsigned char *text, size_t size)
{
    static const struct {
        unsigned char mask;
        unsigned char lead;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t more = 0; more < 4 && more < size; more++) {
        if ((text[0] & forms[more].mask) != forms[more].lead) {
            continue;
        }
        uint32_t code = text[0] & (unsigned char) ~forms[more].mask;
        for (size_t i = 1; i <= more; i++) {
            if ((text[i] & 0xc0) != 0x80) {
                return 0;
            }
            code = code << 6 | (text[i] & 0x3fU);
        }
        const bool is_one =
            code >= forms[more].least && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
        return is_one ? more + 1 : 0;
    }
    return 0;
}

/* Texts: into a buffer, or into a word of bounded length. */

struct sink {
    tr_json_buffer *buffer; /* or else */
    tr_json_word *word;
};

static bool put(tr_json_reader *reader, const struct sink *sink, const void *data, size_t size)
{
    if (sink->buffer != NULL) {
        tr_json_buffer_append(sink->buffer, data, size);
        return !sink->buffer->is_full || tr_json_blame(reader, "it is too large");
    }
    tr_json_word *word = sink->word;
    if (size >= sizeof word->text - word->length) {
        return tr_json_blame(reader, "this is too long");
    }
    if (memchr(data, 0, size) != NULL) { /* it would be taken for the word's end */
        return tr_json_blame(reader, "there should be no \\u0000 here");
    }
    (void) memcpy(word->text + word->length, data, size);
    word->length += size;
    word->text[word->length] = '\0';
    return true;
}

static bool put_code(tr_json_reader *reader, const struct sink *sink, uint32_t code)
{
    unsigned char bytes[4];
    size_t size = 1;
    if (code < 0x80) {
        bytes[0] = (unsigned char) code;
    } else if (code < 0x800) {
        bytes[0] = (unsigned char) (0xc0U | code >> 6);
        size = 2;
    } else if (code < 0x10000) {
        bytes[0] = (unsigned char) (0xe0U | code >> 12);
        size = 3;
    } else {
        bytes[0] = (unsigned char) (0xf0U | code >> 18);
        size = 4;
    }
    for (size_t i = 1; i < size; i++) {
        bytes[i] = (unsigned char) (0x80U | (code >> (6 * (size - 1 - i)) & 0x3fU));
    }
    return put(reader, sink, bytes, size);
}

static bool read_hex(tr_json_reader *reader, uint32_t *out_unit)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        const char *digit =
            reader->at < reader->end && *reader->at != '\0' ? strchr(digits, *reader->at) : NULL;
        if (digit == NULL) {
            return tr_json_blame(reader, "\\u takes four digits of base 16");
        }
        unit = unit << 4 | ((uint32_t) (digit - digits) & 15U);
        reader->at++;
    }
    *out_unit = unit;
    return true;
}

static bool read_unicode(tr_json_reader *reader, const struct sink *sink)
{
    uint32_t code = 0;
    uint32_t low = 0;
    if (!read_hex(reader, &code)) {
        return false;
    }
    if (code >= 0xd800 && code <= 0xdbff && reader->end - reader->at >= 2 &&
        memcmp(reader->at, "\\u", 2) == 0) {
        reader->at += 2;
        if (!read_hex(reader, &low)) {
            return false;
        }
        if (low < 0xdc00 || low > 0xdfff) {
            return tr_json_blame(reader, "this is half a character");
        }
        code = 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
    }
    if (code >= 0xd800 && code <= 0xdfff) {
        return tr_json_blame(reader, "this is half a character");
    }
    return put_code(reader, sink, code);
}

static bool read_escape(tr_json_reader *reader, const struct sink *sink)
{
    static const char escapes[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    const char letter = (char) (reader->at < reader->end ? *reader->at : '\0');
    if (letter == 'u') {
        reader->at++;
        return read_unicode(reader, sink);
    }
    const char *found = letter != '\0' ? strchr(escapes, letter) : NULL;
    if (found == NULL) {
        return tr_json_blame(reader, "there is no such escape");
    }
    reader->at++;
    return put(reader, sink, &meanings[found - escapes], 1);
}

static bool read_text(tr_json_reader *reader, const struct sink *sink)
{
    if (!tr_json_need(reader, '"')) {
        return false;
    }
    while (reader->at < reader->end && *reader->at != '"') {
        const size_t size = tr_json_character((const unsigned char *) reader->at,
                                              (size_t) (reader->end - reader->at));
        if (size == 0 || (unsigned char) *reader->at < 0x20) {
            return tr_json_blame(reader,
                                 size == 0 ? "this is no UTF-8" : "control characters are escaped");
        }
        const char *character = reader->at;
        reader->at += size;
        if (*character == '\\' ? !read_escape(reader, sink) : !put(reader, sink, character, size)) {
            return false;
        }
    }
    return reader->at < reader->end ? (reader->at++, true)
                                    : tr_json_blame(reader, "the text has no end");
}

bool tr_json_scan_text(tr_json_reader *reader)
{
    const struct sink sink = {.buffer = reader->out};
    return read_text(reader, &sink);
}

bool tr_json_scan_word(tr_json_reader *reader, tr_json_word *out_word)
{
    const struct sink sink = {.word = out_word};
    out_word->length = 0;
    out_word->text[0] = '\0';
    (void) tr_json_peek(reader);
    return read_text(reader, &sink);
}

bool tr_json_scan_digits(tr_json_reader *reader, tr_json_word *out_word)
{
    const struct sink sink = {.word = out_word};
    if (tr_json_peek(reader) == '"') {
        return tr_json_scan_word(reader, out_word);
    }
    out_word->length = 0;
    out_word->text[0] = '\0';
    while (reader->at < reader->end && *reader->at != '\0' &&
           strchr("+-.0123456789eE", *reader->at) != NULL) {
        if (!put(reader, &sink, reader->at, 1)) {
            return false;
        }
        reader->at++;
    }
    return true;
}
