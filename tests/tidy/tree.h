/* SPDX-License-Identifier: MIT */
/* tree: the text files of the project, read into memory, line by line.
 *
 * Owns:    the text; source_find and the lines borrow it.
 * Threads: one. Ends the program if it cannot read a file: there is nothing to check then. */
#ifndef TR_TESTS_TIDY_TREE_H
#define TR_TESTS_TIDY_TREE_H

#include <stdbool.h>
#include <stddef.h>

struct source {
    char *path;   /* from the top of the project */
    char **lines; /* without line feeds */
    char **code;  /* the same lines, comments and the inside of strings blanked; C only */
    size_t count; /* of lines */
    bool is_script;
};

struct tree {
    struct source *sources; /* sorted by path */
    size_t count;
};

/* Reads every text file below the named folders of the working directory; one that is not there is
 * an empty one. `folders` ends with NULL. */
void tree_read(struct tree *tree, const char *const *folders);

/* Adds a file that is in no folder: for tests of the rules. */
void tree_add(struct tree *tree, const char *path, const char *text);

void tree_free(struct tree *tree);

/* The file of that path, or NULL. */
const struct source *tree_find(const struct tree *tree, const char *path);

/* The name of the nearest CMakeLists.txt in or above the source's folder, or NULL. */
const struct source *tree_find_list(const struct tree *tree, const struct source *source);

bool source_is_in(const struct source *source, const char *folder);
bool source_ends_with(const struct source *source, const char *ending);

/* The path after its last slash. */
const char *source_name(const struct source *source);

/* A C source or header. */
bool source_is_c(const struct source *source);

/* Where `word` stands in the line as a whole word, or NULL. */
const char *find_word(const char *line, const char *word);

#endif
