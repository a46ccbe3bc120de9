/* SPDX-License-Identifier: MIT */
#include "command/plain.h"

#include <stdint.h>

size_t tr_plain_character(const char *text)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    const unsigned char *at = (const unsigned char *) text;
    for (size_t more = 0; more < 4; more++) {
        if ((at[0] & forms[more].mask) != forms[more].lead) {
            continue;
        }
        uint32_t code = at[0] & (unsigned char) ~forms[more].mask;
        for (size_t i = 1; i <= more; i++) {
            if ((at[i] & 0xc0) != 0x80) { /* the end of the text, too */
                return 0;
            }
            code = code << 6 | (at[i] & 0x3fU);
        }
        const bool is_one =
            code >= forms[more].least && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
        return is_one ? more + 1 : 0;
    }
    return 0;
}

/* C0, DEL, and C1: the latter are U+0080 to U+009F. */
bool tr_plain_is_control(const char *text)
{
    const unsigned char *at = (const unsigned char *) text;
    return at[0] < 0x20 || at[0] == 0x7f || (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0);
}

void tr_plain_make(char *text)
{
    char *to = text;
    for (const char *at = text; *at != '\0';) {
        const size_t size = tr_plain_character(at);
        const bool is_good = size != 0 && !tr_plain_is_control(at);
        const size_t taken = size != 0 ? size : 1;
        for (size_t i = 0; i < taken && is_good; i++) {
            to[i] = at[i];
        }
        if (!is_good) {
            *to = '?';
        }
        to += is_good ? size : 1;
        at += taken;
    }
    *to = '\0';
}

void tr_plain_print(FILE *stream, const char *text)
{
    while (*text != '\0') {
        const size_t size = tr_plain_character(text);
        if (size == 0 || tr_plain_is_control(text)) {
            (void) fputc('?', stream);
        } else {
            (void) fwrite(text, 1, size, stream);
        }
        text += size != 0 ? size : 1;
    }
}

void tr_plain_print_lines(FILE *stream, const char *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        char character[5] = {0};
        for (size_t i = 0; i < 4 && at + i < size; i++) {
            character[i] = bytes[at + i];
        }
        const size_t taken = tr_plain_character(character);
        if (character[0] == '\n' || character[0] == '\t') {
            (void) fputc(character[0], stream);
        } else {
            character[taken] = '\0';
            tr_plain_print(stream, taken != 0 && character[0] != '\0' ? character : "?");
        }
        at += taken != 0 ? taken : 1;
    }
}
