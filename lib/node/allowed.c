/* SPDX-License-Identifier: MIT */
#include "node/allowed.h"

#include <string.h>

#include "base/assert.h"
#include "base/memory.h"

const tr_allowed_key *tr_allowed_find(const tr_allowed *allowed, const char *key)
{
    for (uint32_t i = 0; i < allowed->count; i++) {
        if (strcmp(allowed->keys[i].key, key) == 0) {
            return &allowed->keys[i];
        }
    }
    return NULL;
}

static troupe_error grow(tr_allowed *allowed, const troupe_allocator *allocator)
{
    const uint32_t capacity = allowed->capacity > 0 ? 2 * allowed->capacity : 16;
    tr_allowed_key *keys = tr_allocate(allocator, capacity * sizeof *keys);
    TR_REQUIRE(keys != NULL, NO_MEMORY);
    if (allowed->count > 0) {
        (void) memcpy(keys, allowed->keys, allowed->count * sizeof *keys);
    }
    tr_free(allocator, allowed->keys, allowed->capacity * sizeof *keys);
    allowed->keys = keys;
    allowed->capacity = capacity;
    return TROUPE_OK;
}

/* Key and name are of a length that fits. */
static troupe_error add(tr_allowed *allowed, const troupe_allocator *allocator, const char *key,
                        const char *name, uint32_t rights)
{
    if (allowed->count == allowed->capacity) {
        const troupe_error error = grow(allowed, allocator);
        if (error) {
            return error;
        }
    }
    tr_allowed_key *added = &allowed->keys[allowed->count++];
    added->rights = rights;
    (void) memcpy(added->key, key, sizeof added->key);
    (void) memcpy(added->name, name, strlen(name) + 1);
    return TROUPE_OK;
}

static troupe_error read_line(tr_allowed *allowed, const tr_text_file *file)
{
    uint32_t rights = 0;
    if (file->count != 3) {
        return tr_text_file_blame(file,
                                  "a line should be NAME KEY ROLES, as 'worker-1 KEY "
                                  "send,monitor'");
    }
    if (strlen(file->words[0]) > TR_ALLOWED_NAME_MAX) {
        return tr_text_file_blame(file, "a name should be no longer than 63 bytes");
    }
    if (!tr_curve_is_key(file->words[1])) {
        return tr_text_file_blame(file,
                                  "the second word should be a public key, 40 characters of Z85");
    }
    if (!tr_rights_read(file->words[2], &rights)) {
        return tr_text_file_blame(
            file,
            "the roles should be of send, monitor, spawn, inspect and all, parted by commas "
            "without blanks");
    }
    if (tr_allowed_find(allowed, file->words[1]) != NULL) {
        return tr_text_file_blame(file, "this key stands in an earlier line already");
    }
    return add(allowed, file->reader->allocator, file->words[1], file->words[0], rights);
}

static troupe_error read_file(tr_allowed *allowed, const char *path, const tr_text_reader *reader)
{
    tr_text_file file;
    troupe_error error = tr_text_file_open(&file, path, false, reader);
    if (error) {
        return error;
    }
    while (!error && tr_text_file_next(&file)) {
        error = read_line(allowed, &file);
    }
    tr_text_file_close(&file);
    return error;
}

troupe_error tr_allowed_read(tr_allowed *allowed, const char *path, const char *const *keys,
                             uint32_t key_count, const tr_text_reader *reader)
{
    *allowed = (tr_allowed) {.is_from_file = path != NULL};
    troupe_error error = path != NULL ? read_file(allowed, path, reader) : TROUPE_OK;
    for (uint32_t i = 0; i < key_count && !error; i++) {
        if (tr_allowed_find(allowed, keys[i]) == NULL) {
            error = add(allowed, reader->allocator, keys[i], "", TR_RIGHTS_ALL);
        }
    }
    if (error) {
        tr_allowed_free(allowed, reader->allocator);
    }
    return error;
}

void tr_allowed_free(tr_allowed *allowed, const troupe_allocator *allocator)
{
    tr_free(allocator, allowed->keys, allowed->capacity * sizeof *allowed->keys);
    *allowed = (tr_allowed) {0};
}
