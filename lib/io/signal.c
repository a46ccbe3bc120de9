/* SPDX-License-Identifier: MIT */
/* A row of the table is kept by a child of the actor that watches: it ends with it. */
#include <troupe/signal.h>

#include <stdbool.h>
#include <troupe/actor.h>
#include <troupe/behavior.h>
#include <troupe/io.h>
#include <troupe/send.h>
#include <troupe/spawn.h>
#include <troupe/timer.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/memory.h"
#include "io/signal_table.h"

const troupe_type troupe_signal_type = TROUPE_TYPE(troupe_signal);

/* When a message that could not be sent is tried again. */
#define RETRY TROUPE_WITHIN_MS(10)

/* A row on its way to its keeper. */
struct row {
    const troupe_allocator *allocator;
    uint64_t key;
    int signal;
    int index;
    int fd;
    bool is_kept; /* else it goes with the message */
};

struct begin {
    struct row *row;
};

static void end_begin(void *body)
{
    struct row *row = ((struct begin *) body)->row;
    if (!row->is_kept) {
        tr_signal_table_remove(row->index);
    }
    tr_free(row->allocator, row, sizeof *row);
}

static const troupe_type begin_type = TROUPE_TYPE_WITH(struct begin, .fini = end_begin);

struct keeper {
    bool has_row;
    int index;
    int fd;
    troupe_signal told; /* its count: not sent yet */
};

static troupe_error tell(troupe_self *self, struct keeper *keeper)
{
    const troupe_error error =
        troupe_send_struct(self, troupe_self_parent(self), &troupe_signal_type, &keeper->told);
    if (error == TROUPE_OK) {
        keeper->told.count = 0;
        return TROUPE_OK;
    }
    troupe_timer timer; /* its parent is ending, or does not come to its messages */
    return troupe_timer_start(self, TROUPE_TIMER(.after = RETRY), &timer);
}

static troupe_error handle_begin(troupe_self *self, void *state, troupe_message **message)
{
    struct keeper *keeper = state;
    troupe_watch watch;
    struct row *row = ((const struct begin *) troupe_message_struct(*message, &begin_type))->row;
    TR_REQUIRE(!keeper->has_row, BAD_ARGUMENT);
    row->is_kept = true;
    *keeper = (struct keeper) {.has_row = true,
                               .index = row->index,
                               .fd = row->fd,
                               .told = {.key = row->key, .signal = row->signal}};
    return troupe_watch_fd(self, TROUPE_WATCH(.fd = row->fd, .events = TROUPE_READABLE), &watch);
}

static troupe_error handle_ready(troupe_self *self, void *state, troupe_message **message)
{
    struct keeper *keeper = state;
    uint64_t count = 0;
    (void) message;
    if (read(keeper->fd, &count, sizeof count) != (ssize_t) sizeof count) {
        return TROUPE_OK;
    }
    const bool is_waiting = keeper->told.count > 0;
    const uint64_t sum = keeper->told.count + count;
    keeper->told.count = sum < UINT32_MAX ? (uint32_t) sum : UINT32_MAX;
    return is_waiting ? TROUPE_OK : tell(self, keeper);
}

static troupe_error handle_tick(troupe_self *self, void *state, troupe_message **message)
{
    (void) message;
    return tell(self, state);
}

static void stop(troupe_self *self, void *state, troupe_error reason)
{
    struct keeper *keeper = state;
    (void) reason;
    if (keeper->has_row) {
        troupe_forget_fd(self, keeper->fd);
        tr_signal_table_remove(keeper->index);
    }
}

static const troupe_handles handles[] = {{.type = &begin_type, .handler = handle_begin},
                                         {.type = &troupe_fd_ready_type, .handler = handle_ready},
                                         {.type = &troupe_tick_type, .handler = handle_tick},
                                         {0}};
static const troupe_behavior keeper_behavior =
    TROUPE_BEHAVIOR(.name = "signal", .state_size = sizeof(struct keeper), .handlers = handles,
                    .stop = stop);

/* The row is the message's from its creation on. */
static troupe_error make_begin(troupe_self *self, int number, uint64_t key,
                               troupe_message **out_message)
{
    const troupe_allocator *allocator = troupe_self_allocator(self);
    struct row *row = tr_allocate(allocator, sizeof *row);
    TR_REQUIRE(row != NULL, NO_MEMORY);
    *row = (struct row) {.allocator = allocator, .signal = number, .key = key};
    troupe_error error = tr_signal_table_add(number, &row->index, &row->fd);
    if (error) {
        tr_free(allocator, row, sizeof *row);
        return error;
    }
    struct begin begin = {.row = row};
    error = troupe_message_create(self, &begin_type, &begin, out_message);
    if (error) {
        end_begin(&begin);
    }
    return error;
}

troupe_error troupe_watch_signal(troupe_self *self, int number, uint64_t key,
                                 troupe_signal_watch *out_watch)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    TR_REQUIRE(self != NULL && out_watch != NULL, BAD_ARGUMENT);
    troupe_ref ref = troupe_ref_none();
    troupe_error error = make_begin(self, number, key, &message);
    if (!error) {
        error = troupe_spawn_nowait(self, TROUPE_SPAWN(.behavior = &keeper_behavior, .pinned = 1),
                                    &ref);
    }
    if (!error) {
        error = troupe_send_message(self, ref, &message);
        if (error) {
            (void) troupe_stop(self, ref); /* it has nothing to keep */
        }
    }
    if (!error) {
        out_watch->actor = ref;
    }
    return error;
}

void troupe_unwatch_signal(troupe_self *self, troupe_signal_watch *watch)
{
    if (self == NULL || watch == NULL || troupe_ref_is_none(watch->actor)) {
        return;
    }
    (void) troupe_stop(self, watch->actor); /* fails only for one that has ended */
    watch->actor = troupe_ref_none();
}
