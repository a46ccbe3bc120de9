/* SPDX-License-Identifier: MIT */
/* table: rows of cells for people, in columns as wide as they have to be.
 *
 *     tr_table table = {.titles = titles, .columns = 3};
 *     tr_table_add(&table, "%s", name);      a cell; a row is full with its last column
 *     tr_table_print(&table);
 *     tr_table_free(&table);
 *
 * Each is made plain (plain.h); a character counts as one column.
 * Owns:    the cells.
 * Threads: one.
 * Fails:   without memory: what finds none is left out, and print says so. */
#ifndef TR_COMMAND_TABLE_H
#define TR_COMMAND_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#define TR_TABLE_COLUMNS_MAX 16

typedef struct tr_table {
    const char *const *titles; /* borrowed; one that begins with '>' is of numbers, to the right */
    size_t columns;
    char **cells;
    size_t count;
    size_t capacity;
    bool lacks_memory;
} tr_table;

__attribute__((format(printf, 2, 3))) void tr_table_add(tr_table *table, const char *format, ...);
void tr_table_print(const tr_table *table);
void tr_table_free(tr_table *table);

#endif
