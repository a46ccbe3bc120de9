/* SPDX-License-Identifier: MIT */
#include "node/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <troupe/keys.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"

_Static_assert(TROUPE_KEY_BYTES == TR_CURVE_KEY_BYTES, "a key is as long here as there");

/* Reading. */

static troupe_error read_line(const tr_text_file *file, tr_key_pair *pair)
{
    const bool is_public = strcmp(file->words[0], "public") == 0;
    if ((!is_public && strcmp(file->words[0], "secret") != 0) || file->count != 2) {
        return tr_text_file_blame(file, "a line should be 'public KEY' or 'secret KEY'");
    }
    char *key = is_public ? pair->public_key : pair->secret_key;
    if (key[0] != '\0') {
        return tr_text_file_blame(file, is_public ? "there is a public key already"
                                                  : "there is a secret key already");
    }
    if (!tr_curve_is_key(file->words[1])) {
        return tr_text_file_blame(file, "a key should be 40 characters of Z85");
    }
    (void) memcpy(key, file->words[1], TR_CURVE_KEY_BYTES);
    return TROUPE_OK;
}

static troupe_error check_pair(const tr_text_file *file, const tr_key_pair *pair)
{
    char belongs[TR_CURVE_KEY_BYTES] = "";
    if (pair->public_key[0] == '\0' || pair->secret_key[0] == '\0') {
        return tr_text_file_blame(
            file,
            "there should be a line 'public KEY' and a line 'secret KEY', as troupe keygen "
            "writes them");
    }
    const troupe_error error = tr_curve_public_of(pair->secret_key, belongs);
    if (error) {
        return tr_text_file_blame(file, "the secret key is none");
    }
    if (strcmp(belongs, pair->public_key) != 0) {
        return tr_text_file_blame(file, "the public key is not that of the secret key");
    }
    return TROUPE_OK;
}

troupe_error tr_key_file_read(const char *path, const tr_text_reader *reader, tr_key_pair *out_pair)
{
    tr_text_file file;
    tr_key_pair pair = {0};
    troupe_error error = tr_text_file_open(&file, path, true, reader);
    if (error) {
        return error;
    }
    while (!error && tr_text_file_next(&file)) {
        error = read_line(&file, &pair);
    }
    error = error ? error : check_pair(&file, &pair);
    if (!error) {
        *out_pair = pair;
    }
    explicit_bzero(&pair, sizeof pair);
    tr_text_file_close(&file);
    return error;
}

/* Writing. */

static bool write_all(int fd, const char *text, size_t size)
{
    while (size > 0) {
        const ssize_t written = write(fd, text, size);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        text += written > 0 ? written : 0;
        size -= written > 0 ? (size_t) written : 0;
    }
    return fsync(fd) == 0;
}

static troupe_error say_system(const troupe_log *log, const char *path)
{
    char text[128];
    const bool is_there = errno == EEXIST;
    tr_log_write(log, TROUPE_LOG_ERROR, "%s: %s%s", path, strerror_r(errno, text, sizeof text),
                 is_there ? "; keys are not overwritten" : "");
    return is_there ? TROUPE_ERROR_NAME_TAKEN : TROUPE_ERROR_SYSTEM;
}

static troupe_error write_pair(const char *path, const troupe_log *log, const tr_key_pair *pair)
{
    char text[512];
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0) {
        return say_system(log, path);
    }
    const int length = snprintf(text, sizeof text,
                                "# A key pair of Troupe. Nobody but its node may read this file.\n"
                                "public %s\nsecret %s\n",
                                pair->public_key, pair->secret_key);
    TR_ASSERT(length > 0 && (size_t) length < sizeof text);
    const bool is_written = write_all(fd, text, (size_t) length);
    troupe_error error = is_written ? TROUPE_OK : say_system(log, path);
    if (close(fd) != 0 && !error) {
        error = say_system(log, path);
    }
    if (error) {
        (void) unlink(path); /* half a file is no use */
    }
    explicit_bzero(text, sizeof text);
    return error;
}

troupe_error troupe_key_file_create(const char *path, const troupe_log *log, char *out_public_key,
                                    size_t size)
{
    tr_key_pair pair;
    TR_REQUIRE(path != NULL && path[0] != '\0' && out_public_key != NULL, BAD_ARGUMENT);
    TR_REQUIRE(size >= TROUPE_KEY_BYTES, TOO_LARGE);
    troupe_error error = tr_curve_make(pair.public_key, pair.secret_key);
    if (error) {
        tr_log_write(log, TROUPE_LOG_ERROR, "this libzmq was built without CURVE");
    }
    error = error ? error : write_pair(path, log, &pair);
    if (!error) {
        (void) memcpy(out_public_key, pair.public_key, TROUPE_KEY_BYTES);
    }
    explicit_bzero(&pair, sizeof pair);
    return error;
}
