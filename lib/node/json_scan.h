/* SPDX-License-Identifier: MIT */
/* json_scan: the characters, words and texts of JSON, one after the other.
 *
 * Owns:    nothing; the text is its owner's.
 * Threads: its owner's.
 * Fails:   false, with what is wrong in `why`; the first that was wrong counts. */
#ifndef TR_NODE_JSON_SCAN_H
#define TR_NODE_JSON_SCAN_H

#include "node/json.h"

#define TR_JSON_WORD_SIZE 128

typedef struct tr_json_reader {
    const char *start;
    const char *at;
    const char *end;
    tr_json_buffer *out;
    char *why; /* TR_JSON_WHY_SIZE bytes, "" at first */
    int depth;
} tr_json_reader;

/* A text of bounded length. */
typedef struct tr_json_word {
    char text[TR_JSON_WORD_SIZE];
    size_t length;
} tr_json_word;

/* Notes what is wrong here. False. */
__attribute__((format(printf, 2, 3))) bool tr_json_blame(tr_json_reader *reader, const char *format,
                                                         ...);

/* The next character that is no blank; 0 at the end. */
char tr_json_peek(tr_json_reader *reader);
/* Goes behind it, if it is this one; need complains if not. */
bool tr_json_take(tr_json_reader *reader, char wanted);
bool tr_json_need(tr_json_reader *reader, char wanted);
bool tr_json_take_word(tr_json_reader *reader, const char *word);

/* Reads a text in quotes, to the end of the reader's buffer, or into a word. */
bool tr_json_scan_text(tr_json_reader *reader);
bool tr_json_scan_word(tr_json_reader *reader, tr_json_word *out_word);
/* Reads the characters of a number, or of a text in quotes that may be one. */
bool tr_json_scan_digits(tr_json_reader *reader, tr_json_word *out_word);

/* strtod, and "%.*g", with a point whatever the program's locale has. */
double tr_json_to_real(const char *text, char **out_end);
void tr_json_from_real(double number, int digits, char *text, size_t size);

#endif
