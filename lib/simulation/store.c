/* SPDX-License-Identifier: MIT */
#include "simulation/store.h"

#include <string.h>

#include "base/assert.h"
#include "base/memory.h"

/* A write that is not lasting yet. */
struct write {
    struct write *next;
    uint64_t offset;
    size_t size;
    unsigned char data[];
};

struct content {
    unsigned char *data;
    size_t size;
    size_t room;
};

struct tr_file {
    tr_file *next;
    struct content seen;
    struct content lasting;
    struct write *first;
    struct write **last; /* where the next goes */
    size_t name_size;
    char name[];
};

void tr_store_init(tr_store *store, tr_random *random)
{
    *store = (tr_store) {.random = random};
}

static bool is_open(const tr_file *file)
{
    return file != NULL && file->first != NULL;
}

/* And closes it. */
static void free_writes(const tr_store *store, tr_file *file)
{
    if (is_open(file) && store->descriptors != NULL) {
        tr_virtual_descriptors_give(store->descriptors);
    }
    while (file->first != NULL) {
        struct write *first = file->first;
        file->first = first->next;
        tr_free(tr_allocator_default(), first, sizeof *first + first->size);
    }
    file->last = &file->first;
}

static void free_file(const tr_store *store, tr_file *file)
{
    free_writes(store, file);
    tr_free(tr_allocator_default(), file->seen.data, file->seen.room);
    tr_free(tr_allocator_default(), file->lasting.data, file->lasting.room);
    tr_free(tr_allocator_default(), file, sizeof *file + file->name_size);
}

void tr_store_fini(tr_store *store)
{
    store->descriptors = NULL; /* the node that had them may be gone */
    while (store->files != NULL) {
        tr_file *file = store->files;
        store->files = file->next;
        free_file(store, file);
    }
    *store = (tr_store) {0};
}

static tr_file *find(const tr_store *store, const char *name)
{
    tr_file *file = store->files;
    while (file != NULL && strcmp(file->name, name) != 0) {
        file = file->next;
    }
    return file;
}

static troupe_error make(tr_store *store, const char *name, tr_file **out_file)
{
    TR_REQUIRE(store->open_max == 0 || store->count < store->open_max, LIMIT_REACHED);
    const size_t name_size = strlen(name) + 1;
    tr_file *file = tr_allocate(tr_allocator_default(), sizeof *file + name_size);
    TR_REQUIRE(file != NULL, NO_MEMORY);
    file->name_size = name_size;
    memcpy(file->name, name, name_size);
    file->last = &file->first;
    file->next = store->files;
    store->files = file;
    store->count++;
    *out_file = file;
    return TROUPE_OK;
}

/* Room for so many bytes; what is new is zero. */
static troupe_error reserve(struct content *content, size_t size)
{
    if (size <= content->room) {
        return TROUPE_OK;
    }
    size_t room = content->room != 0 ? content->room : 1024;
    while (room < size) {
        room *= 2;
    }
    unsigned char *data =
        content->room == 0 ? tr_allocate(tr_allocator_default(), room)
                           : tr_resize(tr_allocator_default(), content->data, content->room, room);
    TR_REQUIRE(data != NULL, NO_MEMORY);
    memset(data + content->room, 0, room - content->room);
    content->data = data;
    content->room = room;
    return TROUPE_OK;
}

/* There is room. */
static void apply(struct content *content, uint64_t offset, const void *data, size_t size)
{
    TR_ASSERT(offset + size <= content->room);
    if (size == 0) {
        return;
    }
    memcpy(content->data + offset, data, size);
    if (offset + size > content->size) {
        content->size = offset + size;
    }
}

static bool fails(const tr_store *store)
{
    return store->fail_ppm != 0 && tr_random_chance(store->random, store->fail_ppm, 1000000);
}

/* There is room on the disk, and it may be open. */
static troupe_error add_write(tr_store *store, tr_file *file, const char *name, uint64_t offset,
                              const void *data, size_t size)
{
    troupe_error error = file != NULL ? TROUPE_OK : make(store, name, &file);
    error = error ? error : reserve(&file->seen, offset + size);
    error = error ? error : reserve(&file->lasting, offset + size);
    if (error) {
        return error;
    }
    struct write *write = tr_allocate(tr_allocator_default(), sizeof *write + size);
    TR_REQUIRE(write != NULL, NO_MEMORY);
    write->offset = offset;
    write->size = size;
    memcpy(write->data, data, size);
    *file->last = write;
    file->last = &write->next;
    const uint64_t had = file->seen.size;
    apply(&file->seen, offset, data, size);
    store->bytes += file->seen.size - had;
    return TROUPE_OK;
}

troupe_error tr_store_write(tr_store *store, const char *name, uint64_t offset, const void *data,
                            size_t size)
{
    if (size == 0 || store->is_dead) {
        return TROUPE_OK;
    }
    tr_file *file = find(store, name);
    const uint64_t had = file != NULL ? file->seen.size : 0;
    TR_REQUIRE(offset <= UINT32_MAX && size <= UINT32_MAX, LIMIT_REACHED);
    const uint64_t more = offset + size > had ? offset + size - had : 0;
    TR_REQUIRE(store->bytes_max == 0 || store->bytes + more <= store->bytes_max, LIMIT_REACHED);
    TR_REQUIRE(!fails(store), SYSTEM);
    const bool opens = store->descriptors != NULL && !is_open(file);
    TR_REQUIRE(!opens || tr_virtual_descriptors_take(store->descriptors), LIMIT_REACHED);
    const troupe_error error = add_write(store, file, name, offset, data, size);
    if (error && opens) {
        tr_virtual_descriptors_give(store->descriptors);
    }
    return error;
}

size_t tr_store_read(const tr_store *store, const char *name, uint64_t offset, void *out,
                     size_t size)
{
    const tr_file *file = find(store, name);
    if (file == NULL || offset >= file->seen.size) {
        return 0;
    }
    const size_t there = file->seen.size - (size_t) offset;
    const size_t read = there < size ? there : size;
    memcpy(out, file->seen.data + offset, read);
    return read;
}

uint64_t tr_store_size(const tr_store *store, const char *name)
{
    const tr_file *file = find(store, name);
    return file != NULL ? file->seen.size : 0;
}

troupe_error tr_store_sync(tr_store *store, const char *name)
{
    tr_file *file = find(store, name);
    if (file == NULL || store->is_dead) {
        return TROUPE_OK;
    }
    TR_REQUIRE(!fails(store), SYSTEM);
    for (const struct write *write = file->first; write != NULL; write = write->next) {
        apply(&file->lasting, write->offset, write->data, write->size);
    }
    free_writes(store, file);
    return TROUPE_OK;
}

void tr_store_remove(tr_store *store, const char *name)
{
    tr_file **at = &store->files;
    while (*at != NULL && strcmp((*at)->name, name) != 0) {
        at = &(*at)->next;
    }
    tr_file *file = *at;
    if (file != NULL && !store->is_dead) {
        *at = file->next;
        store->bytes -= file->seen.size;
        store->count--;
        free_file(store, file);
    }
}

/* How much of a write gets to the disk. */
static size_t surviving(tr_random *random, const struct write *write)
{
    switch (tr_random_below(random, 3)) {
    case 0:
        return 0;
    case 1:
        return write->size;
    default: {
        /* Sectors are whole: up to the end of one, counted from the beginning of the file. */
        const uint64_t cut = write->offset + tr_random_below(random, write->size + 1);
        const uint64_t end = cut / TR_SECTOR * TR_SECTOR;
        return end > write->offset ? (size_t) (end - write->offset) : 0;
    }
    }
}

void tr_store_crash(tr_store *store)
{
    store->is_dead = false;
    for (tr_file *file = store->files; file != NULL; file = file->next) {
        for (const struct write *write = file->first; write != NULL; write = write->next) {
            apply(&file->lasting, write->offset, write->data, surviving(store->random, write));
        }
        free_writes(store, file);
        store->bytes -= file->seen.size;
        memset(file->seen.data, 0, file->seen.room);
        file->seen.size = 0;
        apply(&file->seen, 0, file->lasting.data, file->lasting.size);
        store->bytes += file->seen.size;
    }
}
