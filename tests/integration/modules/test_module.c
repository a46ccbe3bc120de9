/* SPDX-License-Identifier: MIT */
/* A module that tests of `troupe node` load: actors that block where they are told to, and sleep in
 * the middle of a request that they have answered; and one that counts. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <troupe/troupe.h>
#include <unistd.h>

static const troupe_type block_type = TROUPE_SIGNAL("block");
static const troupe_type sleep_type = TROUPE_SIGNAL("sleep");
static const troupe_type answer_type = TROUPE_SIGNAL("answer");

/* Holds its thread up, at the start too, while the test has the lock of the file that the
 * environment names. */
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

/* The numbers, as text, that have come to the tally, which is asked with no bytes. */
static const troupe_type number_type = TROUPE_SIGNAL("number");

struct tally {
    uint64_t last;
    uint32_t wrong;
};

static troupe_error say_tally(troupe_self *self, const struct tally *tally, troupe_message *request)
{
    static char text[64];
    troupe_message *reply = NULL;
    const int size = snprintf(text, sizeof text, "%" PRIu64 " %s", tally->last,
                              tally->wrong == 0 ? "in order" : "out of order");
    const troupe_bytes bytes = {.data = text, .size = (size_t) size};
    const troupe_error error = troupe_message_create_bytes(self, &number_type, &bytes, &reply);
    return error ? error : troupe_reply_message(self, request, &reply);
}

static troupe_error counts(troupe_self *self, void *state, troupe_message **message)
{
    struct tally *tally = state;
    char text[32] = "";
    size_t size = 0;
    const void *bytes = troupe_message_bytes(*message, &size);
    if (troupe_message_wants_reply(*message)) {
        return say_tally(self, tally, *message);
    }
    if (bytes != NULL && size < sizeof text) {
        memcpy(text, bytes, size);
    }
    const uint64_t value = strtoull(text, NULL, 10);
    tally->wrong += value == tally->last + 1 ? 0 : 1;
    tally->last = value;
    return TROUPE_OK;
}

static const troupe_handles tally_handlers[] = {{.type = &number_type, .handler = counts},
                                                {.handler = NULL}};
static const troupe_behavior tally_behavior =
    TROUPE_BEHAVIOR(.name = "tally", .state_size = sizeof(struct tally),
                    .handlers = tally_handlers);

static troupe_error start(troupe_self *self)
{
    troupe_ref ref;
    block();
    troupe_error error = troupe_learn_type(self, &block_type);
    error = error ? error : troupe_learn_type(self, &sleep_type);
    error = error ? error : troupe_learn_type(self, &number_type);
    error = error ? error
                  : troupe_spawn(self,
                                 TROUPE_SPAWN(.name = "tally", .behavior = &tally_behavior,
                                              .mailbox_capacity = 100000),
                                 &ref);
    error = error ? error : troupe_spawn(self, TROUPE_SPAWN(.name = "one", .body = works), &ref);
    return error ? error : troupe_spawn(self, TROUPE_SPAWN(.name = "other", .body = works), &ref);
}

TROUPE_MODULE(.name = "test", .start = start);
