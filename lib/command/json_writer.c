/* SPDX-License-Identifier: MIT */
#include "command/json_writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command/plain.h"

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

static void quote(const char *text)
{
    const char *at = text;
    (void) putchar('"');
    while (*at != '\0') {
        const size_t size = tr_plain_character(at);
        if (*at == '"' || *at == '\\') {
            (void) printf("\\%c", *at);
        } else if (size == 0) {
            (void) fputs("\\ufffd", stdout);
        } else if (tr_plain_is_control(
                       at)) { /* of one byte, or of two with the code in the second */
            (void) printf("\\u%04x", (unsigned) (unsigned char) at[size - 1]);
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
