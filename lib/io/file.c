/* SPDX-License-Identifier: MIT */
#include <troupe/file.h>

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <troupe/actor.h>
#include <troupe/offload.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/memory.h"
#include "base/options.h"
#include "io/errors.h"

#define MODE_DEFAULT 0666

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_file_options, mode);

struct troupe_file {
    const troupe_allocator *allocator;
    /* The handle and each job have a share. Who gives the last one back (acquire) closes what the
     * others have used before they gave theirs (release). */
    _Atomic uint32_t shares;
    int fd; /* -1: not open */
};

/* A job of the pool, and what comes of it. */
struct task {
    const troupe_allocator *allocator;
    size_t block_size;
    troupe_file *file; /* its share */
    void (*run)(struct task *task);
    uint64_t offset;
    size_t size;
    size_t count;
    int flags; /* of open */
    mode_t mode;
    int number;            /* an errno, or 0 */
    unsigned char bytes[]; /* `size`, of the path, the data or the room */
};

static void release(troupe_file **in_file)
{
    troupe_file *file = *in_file;
    *in_file = NULL;
    if (atomic_fetch_sub_explicit(&file->shares, 1, memory_order_acq_rel) == 1) {
        if (file->fd >= 0) {
            (void) close(file->fd); /* only where nobody is left to be told */
        }
        tr_free(file->allocator, file, sizeof *file);
    }
}

static void free_task(struct task *task)
{
    release(&task->file);
    tr_free(task->allocator, task, task->block_size);
}

/* What jobs do, on whatever thread. */

static void run_open(struct task *task)
{
    task->file->fd = open((const char *) task->bytes, task->flags, task->mode);
    task->number = task->file->fd < 0 ? errno : 0;
}

/* Whether there is more to do. */
static bool note_result(struct task *task, ssize_t result)
{
    if (result < 0) {
        task->number = errno == EINTR ? 0 : errno;
        return task->number == 0;
    }
    task->count += (size_t) result;
    return result > 0;
}

static void run_read(struct task *task)
{
    bool is_more = true;
    while (is_more && task->count < task->size) {
        const ssize_t result =
            pread(task->file->fd, task->bytes + task->count, task->size - task->count,
                  (off_t) (task->offset + task->count));
        is_more = note_result(task, result);
    }
}

static void run_write(struct task *task)
{
    bool is_more = true;
    while (is_more && task->count < task->size) {
        const ssize_t result =
            pwrite(task->file->fd, task->bytes + task->count, task->size - task->count,
                   (off_t) (task->offset + task->count));
        is_more = note_result(task, result);
    }
}

static void run_sync(struct task *task)
{
    task->number = fsync(task->file->fd) == 0 ? 0 : errno;
}

static void run_size(struct task *task)
{
    struct stat found;
    task->number = fstat(task->file->fd, &found) == 0 ? 0 : errno;
    task->offset = task->number == 0 ? (uint64_t) found.st_size : 0;
}

/* Has the file's own descriptor closed, if this is the last share: so its error is heard. */
static void run_close(struct task *task)
{
    troupe_file *file = task->file;
    if (atomic_load_explicit(&file->shares, memory_order_acquire) == 1) {
        task->number = close(file->fd) == 0 || errno == EINTR ? 0 : errno;
        file->fd = -1;
    }
}

static void *work(void *argument)
{
    struct task *task = argument;
    task->run(task);
    return task;
}

static void discard(void *argument, void *result)
{
    (void) result;
    free_task(argument);
}

/* A task with a share of the file, or NULL. */
static struct task *a_task(troupe_file *file, void (*run)(struct task *task), size_t size)
{
    if (size > SIZE_MAX - sizeof(struct task)) {
        return NULL;
    }
    const size_t block_size = sizeof(struct task) + size;
    struct task *task = tr_allocate_unset(file->allocator, block_size);
    if (task == NULL) {
        return NULL;
    }
    *task = (struct task) {.allocator = file->allocator,
                           .block_size = block_size,
                           .file = file,
                           .run = run,
                           .size = size};
    /* Relaxed: who makes a new share has one. */
    atomic_fetch_add_explicit(&file->shares, 1, memory_order_relaxed);
    return task;
}

/* Waits for the task. With TROUPE_OK it is the caller's again, and whether it went well is in its
 * number; otherwise it is gone. */
static troupe_error do_task(troupe_self *self, struct task *task, troupe_timeout timeout)
{
    return troupe_offload(
        self, TROUPE_JOB(.name = "file", .work = work, .argument = task, .discard = discard),
        timeout, NULL);
}

/* The same, for what has no more to say than its number. */
static troupe_error do_and_free(troupe_self *self, struct task *task, troupe_timeout timeout,
                                int *system_error)
{
    TR_REQUIRE(task != NULL, NO_MEMORY);
    troupe_error error = do_task(self, task, timeout);
    if (error == TROUPE_OK) {
        *system_error = task->number;
        error = task->number != 0 ? tr_io_error(task->number) : TROUPE_OK;
        free_task(task);
    }
    return error;
}

static bool read_options(const troupe_file_options *given, troupe_file_options *options)
{
    return given != NULL && tr_options_read(options, sizeof *options, given) &&
           options->path != NULL && options->path[0] != '\0' && (options->mode & ~07777U) == 0;
}

static int flags_of(const troupe_file_options *options)
{
    const bool is_new = options->is_new != 0;
    return O_CLOEXEC | (options->is_written != 0 ? O_RDWR : O_RDONLY) |
           (options->is_created != 0 || is_new ? O_CREAT : 0) | (is_new ? O_EXCL : 0) |
           (options->is_truncated != 0 ? O_TRUNC : 0) | (options->is_appended != 0 ? O_APPEND : 0);
}

static troupe_error open_file(troupe_self *self, const troupe_file_options *options,
                              troupe_timeout timeout, troupe_file **out_file, int *system_error)
{
    const troupe_allocator *allocator = troupe_self_allocator(self);
    troupe_file *file = tr_allocate(allocator, sizeof *file);
    TR_REQUIRE(file != NULL, NO_MEMORY);
    file->allocator = allocator;
    file->fd = -1;
    atomic_init(&file->shares, 1);
    struct task *task = a_task(file, run_open, strlen(options->path) + 1);
    if (task != NULL) {
        memcpy(task->bytes, options->path, task->size);
        task->flags = flags_of(options);
        task->mode = (mode_t) (options->mode != 0 ? options->mode : MODE_DEFAULT);
    }
    const troupe_error error = do_and_free(self, task, timeout, system_error);
    if (error) {
        release(&file);
        return error;
    }
    *out_file = file;
    return TROUPE_OK;
}

troupe_error troupe_file_open(troupe_self *self, const troupe_file_options *given,
                              troupe_timeout timeout, troupe_file **out_file, int *out_system_error)
{
    troupe_file_options options;
    int system_error = 0;
    troupe_error error = TROUPE_ERROR_BAD_ARGUMENT;
    if (self != NULL && out_file != NULL && read_options(given, &options)) {
        error = open_file(self, &options, timeout, out_file, &system_error);
    }
    if (out_system_error != NULL) {
        *out_system_error = system_error;
    }
    return error;
}

/* Whether the system can be asked for these bytes. */
static bool is_range(troupe_file_range range)
{
    return range.size > 0 && range.size <= INT64_MAX &&
           range.offset <= (uint64_t) INT64_MAX - range.size;
}

/* Reads into `buffer`, or writes what the task has been given. */
static troupe_error transfer(troupe_self *self, struct task *task, void *buffer,
                             troupe_timeout timeout, troupe_transfer *out_transfer)
{
    TR_REQUIRE(task != NULL, NO_MEMORY);
    const troupe_error error = do_task(self, task, timeout);
    if (error) {
        return error;
    }
    *out_transfer = (troupe_transfer) {.count = task->count, .system_error = task->number};
    if (buffer != NULL) {
        memcpy(buffer, task->bytes, task->count);
    }
    const int number = task->number;
    free_task(task);
    if (number != 0) {
        return tr_io_error(number);
    }
    return out_transfer->count == 0 ? TROUPE_ERROR_END : TROUPE_OK;
}

troupe_error troupe_file_read(troupe_self *self, troupe_file *file, troupe_file_range range,
                              void *buffer, troupe_timeout timeout, troupe_transfer *out_transfer)
{
    TR_REQUIRE(out_transfer != NULL, BAD_ARGUMENT);
    *out_transfer = (troupe_transfer) {0};
    TR_REQUIRE(self != NULL && file != NULL && buffer != NULL, BAD_ARGUMENT);
    TR_REQUIRE(is_range(range), BAD_ARGUMENT);
    struct task *task = a_task(file, run_read, range.size);
    if (task != NULL) {
        task->offset = range.offset;
    }
    return transfer(self, task, buffer, timeout, out_transfer);
}

troupe_error troupe_file_write(troupe_self *self, troupe_file *file, troupe_file_range range,
                               const void *data, troupe_timeout timeout,
                               troupe_transfer *out_transfer)
{
    TR_REQUIRE(out_transfer != NULL, BAD_ARGUMENT);
    *out_transfer = (troupe_transfer) {0};
    TR_REQUIRE(self != NULL && file != NULL && data != NULL, BAD_ARGUMENT);
    TR_REQUIRE(is_range(range), BAD_ARGUMENT);
    struct task *task = a_task(file, run_write, range.size);
    if (task != NULL) {
        task->offset = range.offset;
        memcpy(task->bytes, data, range.size);
    }
    return transfer(self, task, NULL, timeout, out_transfer);
}

troupe_error troupe_file_sync(troupe_self *self, troupe_file *file, troupe_timeout timeout,
                              int *out_system_error)
{
    int number = 0;
    const bool is_good = self != NULL && file != NULL;
    const troupe_error error = is_good
                                   ? do_and_free(self, a_task(file, run_sync, 0), timeout, &number)
                                   : TROUPE_ERROR_BAD_ARGUMENT;
    if (out_system_error != NULL) {
        *out_system_error = number;
    }
    return error;
}

troupe_error troupe_file_size(troupe_self *self, troupe_file *file, troupe_timeout timeout,
                              uint64_t *out_size)
{
    TR_REQUIRE(self != NULL && file != NULL && out_size != NULL, BAD_ARGUMENT);
    struct task *task = a_task(file, run_size, 0);
    TR_REQUIRE(task != NULL, NO_MEMORY);
    troupe_error error = do_task(self, task, timeout);
    if (error) {
        return error;
    }
    if (task->number == 0) {
        *out_size = task->offset;
    } else {
        error = tr_io_error(task->number);
    }
    free_task(task);
    return error;
}

troupe_error troupe_file_close(troupe_self *self, troupe_file **file, troupe_timeout timeout,
                               int *out_system_error)
{
    int number = 0;
    troupe_error error = TROUPE_ERROR_BAD_ARGUMENT;
    if (self != NULL && file != NULL && *file != NULL) {
        struct task *task = a_task(*file, run_close, 0);
        release(file); /* the task has a share; without one it is closed here */
        error = do_and_free(self, task, timeout, &number);
    }
    if (out_system_error != NULL) {
        *out_system_error = number;
    }
    return error;
}
