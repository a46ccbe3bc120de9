/* SPDX-License-Identifier: MIT */
/* print: what the program tells people. */
#ifndef WORDCOUNT_PRINT_H
#define WORDCOUNT_PRINT_H

#include "messages.h"
#include "stages.h"
#include "top.h"

#include <stdbool.h>
#include <stddef.h>

struct result {
    struct tally total;
    struct depths depths;
    double seconds;
};

/* Whether anybody sees a progress line: whether stderr is a terminal. */
bool print_shows_progress(void);

/* Writes the progress line over the one before, without a line feed. */
void print_progress(const struct progress *progress, double seconds, const struct depths *depths);

/* Takes the progress line away. */
void print_no_progress(void);

/* Writes a whole line to stderr. */
void print_trouble(const char *line, size_t size);

/* Writes the most frequent words and the figures to stdout. */
void print_result(const struct result *result, const struct top *top, uint32_t capacity);

#endif
