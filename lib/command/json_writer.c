/* SPDX-License-Identifier: MIT */
#include "command/json_writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What stdout does not take is told at the end: see tr_command_written. */

static void begin(tr_json *json, const char *key)
{
    if (json->has_more) {
        (void) fputs(", ", stdout);
    }
    json->has_more = true;
    if (key != NULL) {
        (void) printf("\"%s\": ", key);
    }
}

void tr_json_open(tr_json *json, const char *key, char bracket)
{
    begin(json, key);
    (void) putchar(bracket);
    json->depth++;
    json->has_more = false;
}

void tr_json_close(tr_json *json, char bracket)
{
    (void) putchar(bracket);
    json->depth--;
    json->has_more = true;
    if (json->depth == 0) {
        (void) putchar('\n');
        json->has_more = false;
    }
}

/* How many bytes the character takes that begins here; 0: it is none of UTF-8. */
static size_t character(const unsigned char *text)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least;
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t more = 0; more < 4; more++) {
        if ((text[0] & forms[more].mask) != forms[more].lead) {
            continue;
        }
        uint32_t code = text[0] & (unsigned char) ~forms[more].mask;
        for (size_t i = 1; i <= more; i++) {
            if ((text[i] & 0xc0) != 0x80) { /* the end of the text, too */
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

static void quote(const char *text)
{
    const unsigned char *at = (const unsigned char *) text;
    (void) putchar('"');
    while (*at != '\0') {
        const size_t size = character(at);
        if (*at == '"' || *at == '\\') {
            (void) printf("\\%c", *at);
        } else if (size == 0) {
            (void) fputs("\\ufffd", stdout);
        } else if (*at < 0x20 || *at == 0x7f) {
            (void) printf("\\u%04x", (unsigned) *at);
        } else {
            (void) fwrite(at, 1, size, stdout);
        }
        at += size != 0 ? size : 1;
    }
    (void) putchar('"');
}

void tr_json_text(tr_json *json, const char *key, const char *text)
{
    begin(json, key);
    quote(text);
}

void tr_json_number(tr_json *json, const char *key, uint64_t number)
{
    begin(json, key);
    (void) printf("%" PRIu64, number);
}

void tr_json_real(tr_json *json, const char *key, double number)
{
    begin(json, key);
    (void) printf("%.3f", number);
}

void tr_json_flag(tr_json *json, const char *key, bool flag)
{
    begin(json, key);
    (void) fputs(flag ? "true" : "false", stdout);
}

void tr_json_null(tr_json *json, const char *key)
{
    begin(json, key);
    (void) fputs("null", stdout);
}

void tr_json_ref(tr_json *json, const char *key, troupe_ref ref)
{
    char text[TROUPE_REF_TEXT_SIZE];
    if (troupe_ref_is_none(ref)) {
        tr_json_null(json, key);
        return;
    }
    troupe_ref_print(ref, text);
    tr_json_text(json, key, text);
}

void tr_json_raw(tr_json *json, const char *key, const char *value)
{
    begin(json, key);
    (void) fputs(value, stdout);
}
