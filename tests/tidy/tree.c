/* SPDX-License-Identifier: MIT */
#include "tidy/tree.h"

#include <ctype.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *block)
{
    if (block == NULL) {
        perror("tidy");
        abort();
    }
    return block;
}

/* What the text is in the middle of, at the end of a line. */
enum state {
    IN_CODE,
    IN_COMMENT,
    IN_STRING,
    IN_CHARACTER
};

static enum state after_code(const char *at)
{
    if (at[0] == '/' && at[1] == '*') {
        return IN_COMMENT;
    }
    if (at[0] == '"') {
        return IN_STRING;
    }
    return at[0] == '\'' ? IN_CHARACTER : IN_CODE;
}

/* Blanks one line in place and returns the state it ends in. */
static enum state blank(char *line, enum state state)
{
    for (char *at = line; *at != '\0'; at++) {
        if (state == IN_CODE) {
            state = after_code(at);
            if (state == IN_COMMENT) {
                *at = ' ';
                at[1] = ' ';
                at++;
            }
        } else if (state == IN_COMMENT) {
            if (at[0] == '*' && at[1] == '/') {
                state = IN_CODE;
                *at++ = ' ';
            }
            *at = ' ';
        } else if (*at == (state == IN_STRING ? '"' : '\'')) {
            state = IN_CODE;
        } else {
            const bool is_escape = *at == '\\' && at[1] != '\0';
            *at = ' ';
            if (is_escape) {
                *++at = ' ';
            }
        }
    }
    return state == IN_COMMENT ? IN_COMMENT : IN_CODE;
}

static void make_code(struct source *source)
{
    enum state state = IN_CODE;
    if (source->count == 0) {
        return;
    }
    source->code = checked(calloc(source->count, sizeof(char *)));
    for (size_t i = 0; i < source->count; i++) {
        source->code[i] = checked(strdup(source->lines[i]));
        const bool is_include = strncmp(source->lines[i], "#include", 8) == 0;
        if (!is_include || state != IN_CODE) {
            state = blank(source->code[i], state);
        }
    }
}

static void split(struct source *source, const char *text)
{
    size_t capacity = 1;
    for (const char *at = text; *at != '\0'; at++) {
        capacity += *at == '\n';
    }

    source->lines = checked(calloc(capacity, sizeof(char *)));
    while (*text != '\0') {
        const size_t length = strcspn(text, "\n");
        source->lines[source->count++] = checked(strndup(text, length));
        text += length + (text[length] == '\n');
    }
}

void tree_add(struct tree *tree, const char *path, const char *text)
{
    struct source source = {
        .path = checked(strdup(path)),
        .is_script = strncmp(text, "#!", 2) == 0,
    };
    split(&source, text);
    if (source_is_c(&source)) {
        make_code(&source);
    }

    tree->sources = checked(realloc(tree->sources, (tree->count + 1) * sizeof *tree->sources));
    tree->sources[tree->count++] = source;
}

static void read_file(struct tree *tree, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return; /* an editor's or a build's, gone since the folder was read */
    }

    char *text = NULL;
    size_t capacity = 0;
    const ssize_t size = getdelim(&text, &capacity, '\0', file);
    (void) fclose(file);
    if (size > 0 && strlen(text) == (size_t) size) { /* else it is not text */
        tree_add(tree, path, text);
    }
    free(text);
}

static int by_path(const void *left, const void *right)
{
    return strcmp(((const struct source *) left)->path, ((const struct source *) right)->path);
}

/* nftw hands nothing through to its callback. */
static struct tree *reading;

static int visit(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void) status;
    const char *name = path + place->base;
    if (kind == FTW_F && name[0] != '.' && name[strlen(name) - 1] != '~') {
        read_file(reading, path);
    }
    return 0;
}

void tree_read(struct tree *tree, const char *const *folders)
{
    reading = tree;
    for (size_t i = 0; folders[i] != NULL; i++) {
        /* Fails where there is no such folder.
         * NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread. */
        (void) nftw(folders[i], visit, 16, FTW_PHYS);
    }
    reading = NULL;
    if (tree->count > 0) {
        qsort(tree->sources, tree->count, sizeof *tree->sources, by_path);
    }
}

void tree_free(struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        struct source *source = &tree->sources[i];
        for (size_t line = 0; line < source->count; line++) {
            free(source->lines[line]);
            if (source->code != NULL) {
                free(source->code[line]);
            }
        }
        free(source->lines);
        free(source->code);
        free(source->path);
    }
    free(tree->sources);
    *tree = (struct tree) {0};
}

const struct source *tree_find(const struct tree *tree, const char *path)
{
    for (size_t i = 0; i < tree->count; i++) {
        if (strcmp(tree->sources[i].path, path) == 0) {
            return &tree->sources[i];
        }
    }
    return NULL;
}

const struct source *tree_find_list(const struct tree *tree, const struct source *source)
{
    char path[512];
    size_t length = strlen(source->path);
    while (length > 0) {
        while (length > 0 && source->path[length - 1] != '/') {
            length--;
        }
        (void) snprintf(path, sizeof path, "%.*sCMakeLists.txt", (int) length, source->path);
        const struct source *list = tree_find(tree, path);
        if (list != NULL) {
            return list;
        }
        length -= length > 0;
    }
    return NULL;
}

bool source_is_in(const struct source *source, const char *folder)
{
    const size_t length = strlen(folder);
    return strncmp(source->path, folder, length) == 0 && source->path[length] == '/';
}

bool source_ends_with(const struct source *source, const char *ending)
{
    const size_t length = strlen(source->path);
    return length >= strlen(ending) && strcmp(source->path + length - strlen(ending), ending) == 0;
}

const char *source_name(const struct source *source)
{
    const char *slash = strrchr(source->path, '/');
    return slash == NULL ? source->path : slash + 1;
}

bool source_is_c(const struct source *source)
{
    return source_ends_with(source, ".c") || source_ends_with(source, ".h");
}

static bool is_word_character(char character)
{
    return isalnum((unsigned char) character) || character == '_';
}

const char *find_word(const char *line, const char *word)
{
    for (const char *at = strstr(line, word); at != NULL; at = strstr(at + 1, word)) {
        const char last = word[strlen(word) - 1];
        if ((at == line || !is_word_character(at[-1])) &&
            !(is_word_character(last) && is_word_character(at[strlen(word)]))) {
            return at;
        }
    }
    return NULL;
}
