/* SPDX-License-Identifier: MIT */
/* A module that tests of `troupe node` load: actors that block where they are told to, and sleep in
 * the middle of a request that they have answered. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <troupe/troupe.h>
#include <unistd.h>

static const troupe_type block_type = TROUPE_SIGNAL("block");
static const troupe_type sleep_type = TROUPE_SIGNAL("sleep");
static const troupe_type answer_type = TROUPE_SIGNAL("answer");

/* Holds its thread up while the test has the lock of the file that the environment names. */
static void block(void)
{
    const char *path = getenv("TROUPE_TEST_LOCK");
    const int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        (void) flock(fd, LOCK_SH);
        (void) close(fd);
    }
}

static troupe_error works(troupe_self *self, void *argument)
{
    (void) argument;
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_error error = TROUPE_OK;
    while (!error) {
        error = troupe_receive(self, &message, TROUPE_FOREVER);
        if (!error && troupe_message_is(message, &block_type)) {
            block();
        } else if (!error && troupe_message_is(message, &sleep_type)) {
            error = troupe_reply_struct(self, message, &answer_type, NULL);
            error = error ? error : troupe_sleep(self, TROUPE_WITHIN_S(3600));
        }
    }
    return error;
}

static troupe_error start(troupe_self *self)
{
    troupe_ref ref;
    troupe_error error = troupe_learn_type(self, &block_type);
    error = error ? error : troupe_learn_type(self, &sleep_type);
    error = error ? error : troupe_spawn(self, TROUPE_SPAWN(.name = "one", .body = works), &ref);
    return error ? error : troupe_spawn(self, TROUPE_SPAWN(.name = "other", .body = works), &ref);
}

TROUPE_MODULE(.name = "test", .start = start);
