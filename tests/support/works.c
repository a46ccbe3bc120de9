/* SPDX-License-Identifier: MIT */
#include "support/works.h"

#include "support/node_fixture.h"

static void say(struct probe *seen, const char *what, const char *more)
{
    if (seen != NULL) {
        probe_say(seen, "%s%s", what, more);
    }
}

void *work_on_piece(void *argument)
{
    struct piece *piece = argument;
    atomic_fetch_add(&piece->begun, 1);
    say(piece->seen, "works", "");
    if (piece->latch != NULL) {
        latch_pass(piece->latch);
    }
    return piece;
}

void discard_piece(void *argument, void *result)
{
    struct piece *piece = argument;
    struct probe *seen = piece->seen;
    const bool is_undone = result == NULL;
    atomic_fetch_add(&piece->undone, is_undone ? 1 : 0);
    atomic_fetch_add(&piece->discarded, 1);
    say(seen, is_undone ? "undone" : "discarded", "");
}

static void note(struct piece *piece, const char *what, troupe_error error, const void *result)
{
    if (error == TROUPE_OK) {
        atomic_fetch_add(&piece->taken, result == piece ? 1 : 1000); /* another's is noticed */
    }
    say(piece->seen, what, troupe_error_name(error));
}

troupe_error offload_piece(troupe_self *self, struct piece *piece, troupe_timeout timeout)
{
    void *result = NULL;
    const troupe_error error = troupe_offload(self, PIECE_JOB(piece), timeout, &result);
    note(piece, "offload ", error, result);
    return error;
}

troupe_error piece_is_over(troupe_self *self, void *state, troupe_error error, void *result,
                           void *context)
{
    (void) self;
    (void) state;
    note(context, "then ", error, result);
    return TROUPE_OK;
}
