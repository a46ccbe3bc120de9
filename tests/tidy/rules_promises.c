/* SPDX-License-Identifier: MIT */
/* docs/promises.md and the tests agree.
 *
 * A row there is "| ID | sentence | path:test, path:test |". A test that holds promises has the
 * comment "Promise: ID, ID" directly above it, after the opening of the comment. */
#include <stdio.h>
#include <string.h>

#include "tidy/rules.h"

static const char table_path[] = "docs/promises.md";
static const char mark[] = "Promise: ";
static const char id_characters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";

struct cell {
    const char *text;
    int length;
};

/* The cells of a row, trimmed; false if the line is no row of a promise. */
static bool get_row(const char *line, struct cell cells[3])
{
    for (int i = 0; i < 3; i++) {
        if (*line != '|') {
            return false;
        }
        line++;
        line += strspn(line, " ");
        size_t length = strcspn(line, "|");
        const char *end = line + length;
        while (length > 0 && line[length - 1] == ' ') {
            length--;
        }
        cells[i] = (struct cell) {line, (int) length};
        line = end;
    }
    const size_t id_length = strspn(cells[0].text, id_characters);
    const bool is_rule = strspn(cells[0].text, "-") == id_length;
    return id_length == (size_t) cells[0].length && id_length > 0 && !is_rule &&
           strncmp(cells[0].text, "id ", 3) != 0;
}

/* Where the ids of a mark begin, or NULL. The mark is the first thing in a comment. */
static const char *find_mark(const char *line)
{
    const char *at = line + strspn(line, " /*#");
    return at != line && strncmp(at, mark, strlen(mark)) == 0 ? at + strlen(mark) : NULL;
}

/* The length of the first id in a list that commas part; 0 at its end. Moves *list to the id. */
static int next_id(const char **list)
{
    *list += strspn(*list, ", ");
    size_t length = strspn(*list, id_characters);
    while (length > 0 && (*list)[length - 1] == '.') {
        length--;
    }
    return (int) length;
}

static bool marks_have(const char *list, struct cell id)
{
    for (int length = next_id(&list); length > 0; length = next_id(&list)) {
        if (length == id.length && strncmp(list, id.text, (size_t) length) == 0) {
            return true;
        }
        list += length;
    }
    return false;
}

/* Whether the comment that ends above `line` marks it with the id. */
static bool is_marked(const struct source *source, size_t line, struct cell id)
{
    while (line > 0) {
        const char *above = source->lines[--line];
        const char *list = find_mark(above);
        if (list != NULL) {
            return marks_have(list, id);
        }
        if (strspn(above, " /*#") == 0) {
            return false;
        }
    }
    return false;
}

/* The line on which a test begins: its name, at the left but for what C puts before it. */
static bool begins_test(const char *line, const char *test)
{
    const char *at = find_word(line, test);
    return at != NULL && line[0] != ' ' && (at == line || strncmp(line, "static ", 7) == 0);
}

/* One entry "path:test" of a row. */
static void check_entry(const struct tree *tree, const struct source *table, size_t row,
                        struct cell id, struct cell entry, struct complaints *complaints)
{
    char path[512];
    (void) snprintf(path, sizeof path, "%.*s", entry.length, entry.text);
    char *test = strchr(path, ':');
    if (test == NULL) {
        complain(complaints, table, row, "'%s' is not path:test", path);
        return;
    }

    *test++ = '\0';
    const struct source *source = tree_find(tree, path);
    for (size_t line = 0; source != NULL && line < source->count; line++) {
        if (begins_test(source->lines[line], test)) {
            if (!is_marked(source, line, id)) {
                complain(complaints, source, line, "'%s' lacks the comment \"%s%.*s\"", test, mark,
                         id.length, id.text);
            }
            return;
        }
    }
    complain(complaints, table, row, "there is no test '%s' in %s", test, path);
}

static bool is_repeated(const struct source *table, size_t row, struct cell id)
{
    struct cell cells[3];
    for (size_t other = 0; other < row; other++) {
        if (get_row(table->lines[other], cells) && cells[0].length == id.length &&
            strncmp(cells[0].text, id.text, (size_t) id.length) == 0) {
            return true;
        }
    }
    return false;
}

void promises_have_tests(const struct tree *tree, struct complaints *complaints)
{
    const struct source *table = tree_find(tree, table_path);
    for (size_t row = 0; table != NULL && row < table->count; row++) {
        struct cell cells[3];
        if (!get_row(table->lines[row], cells)) {
            continue;
        }
        if (cells[2].length == 0) {
            complain(complaints, table, row, "the promise has no test");
        }
        if (is_repeated(table, row, cells[0])) {
            complain(complaints, table, row, "the id is used above");
        }
        const char *end = cells[2].text + cells[2].length;
        for (const char *at = cells[2].text; at < end; at += strspn(at, ", ")) {
            const struct cell entry = {at, (int) strcspn(at, ", |")};
            check_entry(tree, table, row, cells[0], entry, complaints);
            at += entry.length;
        }
    }
}

static bool is_known(const struct source *table, struct cell id)
{
    return table != NULL && is_repeated(table, table->count, id);
}

/* The ids of a mark, of which `list` is the rest of the line. */
static void check_marked(const struct source *table, const struct source *source, size_t line,
                         const char *list, struct complaints *complaints)
{
    for (int length = next_id(&list); length > 0; length = next_id(&list)) {
        if (!is_known(table, (struct cell) {list, length})) {
            complain(complaints, source, line, "%s has no promise %.*s", table_path, length, list);
        }
        list += length;
    }
}

void tests_name_known_promises(const struct tree *tree, struct complaints *complaints)
{
    const struct source *table = tree_find(tree, table_path);
    for (size_t i = 0; i < tree->count; i++) {
        const struct source *source = &tree->sources[i];
        for (size_t line = 0; source_is_in(source, "tests") && line < source->count; line++) {
            const char *list = find_mark(source->lines[line]);
            if (list != NULL) {
                check_marked(table, source, line, list, complaints);
            }
        }
    }
}
