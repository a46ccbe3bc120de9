/* SPDX-License-Identifier: MIT */
/* plain: text that others have made up, as a terminal may be given it.
 *
 * Names, types and answers come from other programs. What a terminal would obey, as ESC or CSI in
 * one or two bytes, and what is no UTF-8, is shown as '?'.
 * Owns:    nothing.
 * Threads: any, each stream one. */
#ifndef TR_COMMAND_PLAIN_H
#define TR_COMMAND_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* How many bytes the character takes that begins here, in a text with an end; 0: it is none of
 * UTF-8. */
size_t tr_plain_character(const char *text);
/* Whether a character that begins here is one that a terminal would obey. */
bool tr_plain_is_control(const char *text);

/* In the text itself. */
void tr_plain_make(char *text);
void tr_plain_print(FILE *stream, const char *text);
/* Of so many bytes; lines and tabs are left as they are. */
void tr_plain_print_lines(FILE *stream, const char *bytes, size_t size);

#endif
