/* SPDX-License-Identifier: MIT */
#include "messages.h"

#include <stdlib.h>

static void end_unit(void *body)
{
    const struct unit *unit = body;
    blocks_give_back(unit->block);
}

const troupe_type begin_type = TROUPE_SIGNAL("begin");
const troupe_type unit_type = TROUPE_TYPE_WITH(struct unit, .fini = end_unit);
const troupe_type batch_type = TROUPE_SIGNAL("batch");
const troupe_type end_type = TROUPE_SIGNAL("end");
const troupe_type pull_type = TROUPE_SIGNAL("pull");
const troupe_type trouble_type = TROUPE_SIGNAL("trouble");
const troupe_type progress_type = TROUPE_TYPE(struct progress);
const troupe_type tally_type = TROUPE_TYPE(struct tally);

troupe_error wait_to_begin(troupe_self *self)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_receive(self, &message, TROUPE_FOREVER);
    if (error) {
        return error;
    }
    return troupe_message_is(message, &begin_type) ? TROUPE_OK : TROUPE_ERROR_BAD_ARGUMENT;
}

troupe_error end_of(troupe_error error)
{
    return error == TROUPE_ERROR_STOPPING || error == TROUPE_ERROR_STALE ? TROUPE_OK : error;
}

troupe_error send_struct(troupe_self *self, troupe_ref to, const troupe_type *type,
                         const void *body)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    const troupe_error error = troupe_message_create(self, type, body, &message);
    if (error) {
        return error;
    }
    return troupe_send_message(self, to, &message);
}

static void free_bytes(void *context, const void *data, size_t size)
{
    (void) data;
    (void) size;
    free(context);
}

troupe_error create_owned(troupe_self *self, const troupe_type *type, char **bytes, size_t size,
                          troupe_message **out_message)
{
    const troupe_bytes body = {.data = *bytes, .size = size, .free = free_bytes, .context = *bytes};
    const troupe_error error = troupe_message_create_bytes(self, type, &body, out_message);
    if (!error) {
        *bytes = NULL;
    }
    return error;
}
