/* SPDX-License-Identifier: MIT */
/* text_file: a small file of lines with words, as people write it, with complaints that say where.
 *
 * Blanks part words; empty lines and those that begin with '#' say nothing.
 * Owns:       the text, which is wiped when it is closed: there may be secrets in it.
 * Invariants: nothing of the text gets into the log.
 * Threads:    one at a time.
 * Fails:      in open. */
#ifndef TR_NODE_TEXT_FILE_H
#define TR_NODE_TEXT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <troupe/allocator.h>
#include <troupe/error.h>
#include <troupe/log.h>

#define TR_TEXT_FILE_BYTES_MAX ((size_t) 1 << 20)
/* Of those in a line that are looked at. */
#define TR_TEXT_FILE_WORDS 4

/* Who reads, for complaints. */
typedef struct tr_text_reader {
    const troupe_allocator *allocator;
    const troupe_log *log;
    const char *who; /* what each line of the log begins with */
} tr_text_reader;

typedef struct tr_text_file {
    const tr_text_reader *reader;
    const char *path;
    char *text;
    size_t size; /* of the text's block */
    char *rest;
    unsigned line; /* the one that was read last, from 1 up */
    char *words[TR_TEXT_FILE_WORDS];
    unsigned count; /* of its words, be they more than there is room for */
} tr_text_file;

/* A secret file is refused if others than its owner can do anything with it.
 * Errors: BAD_ARGUMENT, or SYSTEM if it cannot be read; the log says why. NO_MEMORY. */
TROUPE_MUST_CHECK troupe_error tr_text_file_open(tr_text_file *file, const char *path,
                                                 bool is_secret, const tr_text_reader *reader);
/* Takes one that could not be opened. */
void tr_text_file_close(tr_text_file *file);

/* The next line that says something. False: there is none. */
bool tr_text_file_next(tr_text_file *file);

/* Says in the log where it is and what would be right. BAD_ARGUMENT. */
TROUPE_MUST_CHECK troupe_error tr_text_file_blame(const tr_text_file *file, const char *what);

#endif
