/* SPDX-License-Identifier: MIT */
#include "node/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/memory.h"

#define BLANKS " \t\r"

static void say(const tr_text_file *file, const char *what)
{
    tr_log_write(file->reader->log, TROUPE_LOG_ERROR, "%s: %s: %s", file->reader->who, file->path,
                 what);
}

static troupe_error say_system(const tr_text_file *file)
{
    char text[128];
    say(file, strerror_r(errno, text, sizeof text));
    return TROUPE_ERROR_SYSTEM;
}

static troupe_error check_kind(const tr_text_file *file, const struct stat *status, bool is_secret)
{
    if (!S_ISREG(status->st_mode)) {
        say(file, "it should be a file and is something else");
        return TROUPE_ERROR_BAD_ARGUMENT;
    }
    if (is_secret && (status->st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        tr_log_write(
            file->reader->log, TROUPE_LOG_ERROR,
            "%s: %s: others than its owner can get at the secret key: its mode is %04o and "
            "should be 0600 (chmod 600 FILE)",
            file->reader->who, file->path, (unsigned) status->st_mode & 07777U);
        return TROUPE_ERROR_BAD_ARGUMENT;
    }
    return TROUPE_OK;
}

/* As much as there is; one byte is left for the end of the text. */
static troupe_error read_all(tr_text_file *file, int fd)
{
    size_t length = 0;
    while (length < file->size - 1) {
        const ssize_t got = read(fd, file->text + length, file->size - 1 - length);
        if (got < 0 && errno != EINTR) {
            return say_system(file);
        }
        if (got == 0) {
            break;
        }
        length += got > 0 ? (size_t) got : 0;
    }
    if (length == file->size - 1) {
        say(file, "it is larger than a mebibyte, or grows while it is read");
        return TROUPE_ERROR_BAD_ARGUMENT;
    }
    if (strlen(file->text) != length) {
        say(file, "it should be text and has bytes that are zero");
        return TROUPE_ERROR_BAD_ARGUMENT;
    }
    return TROUPE_OK;
}

static troupe_error read_from(tr_text_file *file, int fd, bool is_secret)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return say_system(file);
    }
    troupe_error error = check_kind(file, &status, is_secret);
    if (error) {
        return error;
    }
    const size_t size = (size_t) status.st_size;
    file->size = (size < TR_TEXT_FILE_BYTES_MAX ? size : TR_TEXT_FILE_BYTES_MAX) + 2;
    file->text = tr_allocate(file->reader->allocator, file->size);
    TR_REQUIRE(file->text != NULL, NO_MEMORY);
    file->rest = file->text;
    return read_all(file, fd);
}

troupe_error tr_text_file_open(tr_text_file *file, const char *path, bool is_secret,
                               const tr_text_reader *reader)
{
    *file = (tr_text_file) {.reader = reader, .path = path};
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return say_system(file);
    }
    const troupe_error error = read_from(file, fd, is_secret);
    (void) close(fd); /* nothing was written */
    if (error) {
        tr_text_file_close(file);
    }
    return error;
}

void tr_text_file_close(tr_text_file *file)
{
    if (file->text != NULL) {
        explicit_bzero(file->text, file->size);
        tr_free(file->reader->allocator, file->text, file->size);
        file->text = NULL;
    }
}

static void split(tr_text_file *file, char *line)
{
    file->count = 0;
    char *state = NULL;
    for (char *word = strtok_r(line, BLANKS, &state); word != NULL;
         word = strtok_r(NULL, BLANKS, &state)) {
        if (file->count < TR_TEXT_FILE_WORDS) {
            file->words[file->count] = word;
        }
        file->count++;
    }
}

bool tr_text_file_next(tr_text_file *file)
{
    while (file->rest != NULL) {
        char *line = file->rest;
        char *end = strchr(line, '\n');
        file->rest = end != NULL ? end + 1 : NULL;
        if (end != NULL) {
            *end = '\0';
        }
        file->line++;
        split(file, line);
        if (file->count > 0 && file->words[0][0] != '#') {
            return true;
        }
    }
    return false;
}

troupe_error tr_text_file_blame(const tr_text_file *file, const char *what)
{
    tr_log_write(file->reader->log, TROUPE_LOG_ERROR, "%s: %s:%u: %s", file->reader->who,
                 file->path, file->line, what);
    return TROUPE_ERROR_BAD_ARGUMENT;
}
