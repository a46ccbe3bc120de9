/* SPDX-License-Identifier: MIT */
/* file: files on disk, read and written by the pool of threads.
 *
 * What is on disk is always ready and may take long all the same: so each call here is a job of
 * troupe_offload, and the actor waits for it like for any other. Reads and writes say where in the
 * file; there is no position that an interrupted call could leave behind. Data is copied to and
 * from the job, so that the caller's memory is free again as soon as the call returns, whatever
 * became of it. A file stays open until the last job that uses it has ended, closed or not.
 * Threads: for coroutines, and for threads that are attached. A file may be used by any actors of
 *          its node, at the same time. */
#ifndef TROUPE_FILE_H
#define TROUPE_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <troupe/api.h>
#include <troupe/error.h>
#include <troupe/io.h>
#include <troupe/message.h>
#include <troupe/time.h>

TROUPE_BEGIN

typedef struct troupe_file troupe_file;

typedef struct troupe_file_options {
    size_t size; /* set by TROUPE_FILE */
    const char *path;
    uint32_t is_written;   /* 1: to read and write; 0: to read only */
    uint32_t is_created;   /* 1: made if it is not there */
    uint32_t is_new;       /* 1: must not be there yet; is made */
    uint32_t is_truncated; /* 1: what was in it is gone */
    uint32_t is_appended;  /* 1: all writes go to its end, whatever their offset */
    uint32_t mode;         /* permissions of one that is made, less the umask; 0: 0666 */
} troupe_file_options;

#define TROUPE_FILE(...)                                                                           \
    (&(const troupe_file_options) {.size = sizeof(troupe_file_options), __VA_ARGS__})

/* Each of these waits until its job is done, at most `timeout` (not given: no limit) and no longer
 * than the message being handled may take; and each returns TIMED_OUT, CANCELLED, CANNOT_WAIT,
 * STOPPING, NO_MEMORY and BAD_ARGUMENT as troupe_offload. A write, sync or close whose wait has
 * ended may have been done, or be done later. `out_system_error`, which may be NULL, is an errno
 * where the system has given one, else 0; it is always set.
 * Cancel-safe: a job that has ended when the wait does is a TROUPE_OK. */

/* Owns:   *out_file is the caller's, to be closed. If it fails nothing stays open.
 * Errors: SYSTEM, for example with ENOENT; NOT_AUTHORISED; LIMIT_REACHED when descriptors are
 *         out. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_file_open(troupe_self *self,
                                                           const troupe_file_options *options,
                                                           troupe_timeout timeout,
                                                           troupe_file **out_file,
                                                           int *out_system_error);

/* A part of a file. */
typedef struct troupe_file_range {
    uint64_t offset;
    size_t size;
} troupe_file_range;

static inline troupe_file_range troupe_file_range_of(uint64_t offset, size_t size)
{
    troupe_file_range range;
    range.offset = offset;
    range.size = size;
    return range;
}
#define TROUPE_RANGE(offset, size) (troupe_file_range_of((offset), (size)))

/* Reads this part of the file, less only where the file ends.
 * Owns:   *out_transfer, always set.
 * Errors: END if the file ends at or before its beginning; SYSTEM. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_file_read(troupe_self *self, troupe_file *file,
                                                           troupe_file_range range, void *buffer,
                                                           troupe_timeout timeout,
                                                           troupe_transfer *out_transfer);

/* Writes all of it. If it fails the count says how much was written, if that is known.
 * Owns:   *out_transfer, always set.
 * Errors: SYSTEM, for example with ENOSPC. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_file_write(troupe_self *self, troupe_file *file,
                                                            troupe_file_range range,
                                                            const void *data,
                                                            troupe_timeout timeout,
                                                            troupe_transfer *out_transfer);

/* Returns when what was written before is on the disk (fsync). Errors: SYSTEM. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_file_sync(troupe_self *self, troupe_file *file,
                                                           troupe_timeout timeout,
                                                           int *out_system_error);

/* How long it is. Errors: SYSTEM. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_file_size(troupe_self *self, troupe_file *file,
                                                           troupe_timeout timeout,
                                                           uint64_t *out_size);

/* Closes it, and says what the system has to say of earlier writes.
 * Owns:   takes *file and sets it to NULL, whatever it returns but BAD_ARGUMENT: in a cancelled
 *         actor, too, it is closed.
 * Errors: SYSTEM. */
TROUPE_API TROUPE_MUST_CHECK troupe_error troupe_file_close(troupe_self *self, troupe_file **file,
                                                            troupe_timeout timeout,
                                                            int *out_system_error);

TROUPE_END

#endif
