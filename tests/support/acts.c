/* SPDX-License-Identifier: MIT */
#include "support/acts.h"

play *const all_plays[PLAYS] = {play_pipeline, play_crowd, play_pool,  play_haste, play_relay,
                                play_caller,   play_tree,  play_scope, play_parts};

troupe_timeout a_pause(troupe_self *self)
{
    return TROUPE_WITHIN_US(1 + troupe_self_random(self) % 2000);
}

/* Narrow or wide. */
uint32_t a_capacity(troupe_self *self)
{
    return troupe_self_random(self) % 2 == 0 ? 1 : 16;
}

bool is_end(troupe_error error)
{
    return error == TROUPE_ERROR_CANCELLED || error == TROUPE_ERROR_STOPPING;
}

troupe_error spawn_in(troupe_self *self, troupe_scope *scope, troupe_body *body, void *argument,
                      uint32_t capacity, troupe_ref *out_ref)
{
    return troupe_spawn(self,
                        TROUPE_SPAWN(.body = body, .argument = argument, .scope = scope,
                                     .mailbox_capacity = capacity, .place = TROUPE_PLACE_ANY),
                        out_ref);
}

troupe_error end_scope(troupe_self *self, troupe_scope **scope)
{
    (void) troupe_scope_cancel(self, *scope, TROUPE_OK, NULL);
    const troupe_error left = troupe_scope_leave(self, scope);
    return left == TROUPE_ERROR_CANCELLED ? TROUPE_OK : left;
}
