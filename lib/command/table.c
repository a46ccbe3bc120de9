/* SPDX-License-Identifier: MIT */
#include "command/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/plain.h"

#define CELL_MAX 256

static bool reserve(tr_table *table)
{
    if (table->count < table->capacity) {
        return true;
    }
    const size_t capacity = table->capacity == 0 ? 64 : 2 * table->capacity;
    char **cells = realloc(table->cells, capacity * sizeof *cells);
    if (cells == NULL) {
        table->lacks_memory = true;
        return false;
    }
    table->cells = cells;
    table->capacity = capacity;
    return true;
}

void tr_table_add(tr_table *table, const char *format, ...)
{
    char text[CELL_MAX];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0 || table->lacks_memory || !reserve(table)) {
        return;
    }
    const size_t size = strlen(text) + 1;
    char *cell = malloc(size);
    if (cell == NULL) {
        table->lacks_memory = true;
        return;
    }
    (void) memcpy(cell, text, size);
    tr_plain_make(cell);
    table->cells[table->count++] = cell;
}

static bool is_number(const char *title)
{
    return title[0] == '>';
}

static const char *title_of(const tr_table *table, size_t column)
{
    return table->titles[column] + (is_number(table->titles[column]) ? 1 : 0);
}

/* In columns: characters, as how wide each is only a locale knows. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (const char *at = text; *at != '\0'; width++) {
        const size_t size = tr_plain_character(at);
        at += size != 0 ? size : 1;
    }
    return width;
}

static void print_cell(const char *text, size_t width, bool is_right, bool is_last)
{
    const int blanks = (int) (width - width_of(text));
    (void) printf("%*s%s%*s%s", is_right ? blanks : 0, "", text, is_right || is_last ? 0 : blanks,
                  "", is_last ? "\n" : "  ");
}

void tr_table_print(const tr_table *table)
{
    size_t widths[TR_TABLE_COLUMNS_MAX] = {0};
    for (size_t column = 0; column < table->columns; column++) {
        widths[column] = width_of(title_of(table, column));
    }
    const size_t rows = table->columns > 0 ? table->count / table->columns : 0;
    for (size_t i = 0; i < rows * table->columns; i++) {
        const size_t width = width_of(table->cells[i]);
        size_t *widest = &widths[i % table->columns];
        *widest = width > *widest ? width : *widest;
    }
    for (size_t column = 0; column < table->columns; column++) {
        print_cell(title_of(table, column), widths[column], is_number(table->titles[column]),
                   column + 1 == table->columns);
    }
    for (size_t i = 0; i < rows * table->columns; i++) {
        const size_t column = i % table->columns;
        print_cell(table->cells[i], widths[column], is_number(table->titles[column]),
                   column + 1 == table->columns);
    }
    if (table->lacks_memory) {
        (void) printf("... out of memory: there are more\n");
    }
}

void tr_table_free(tr_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        free(table->cells[i]);
    }
    free(table->cells);
    table->cells = NULL;
    table->count = 0;
    table->capacity = 0;
}
