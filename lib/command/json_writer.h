/* SPDX-License-Identifier: MIT */
/* json_writer: JSON on stdout, one value in a line.
 *
 *     tr_json json = {0};
 *     tr_json_open(&json, NULL, '{');
 *     tr_json_text(&json, "name", name);
 *     tr_json_close(&json, '}');
 *
 * Keys are NULL in lists. Text that is not UTF-8 is made so.
 * Owns:    nothing.
 * Threads: one. */
#ifndef TR_COMMAND_JSON_WRITER_H
#define TR_COMMAND_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <troupe/ref.h>

typedef struct tr_json {
    int depth;
    bool has_more; /* something stands before, in this list or object */
} tr_json;

/* `bracket`: of an object or a list. The line ends with the outermost. */
void tr_json_open(tr_json *json, const char *key, char bracket);
void tr_json_close(tr_json *json, char bracket);
void tr_json_text(tr_json *json, const char *key, const char *text);
void tr_json_number(tr_json *json, const char *key, uint64_t number);
void tr_json_real(tr_json *json, const char *key, double number);
void tr_json_flag(tr_json *json, const char *key, bool flag);
/* As text, or null for nobody. */
void tr_json_ref(tr_json *json, const char *key, troupe_ref ref);
void tr_json_null(tr_json *json, const char *key);
/* What is JSON already. */
void tr_json_raw(tr_json *json, const char *key, const char *value);

#endif
