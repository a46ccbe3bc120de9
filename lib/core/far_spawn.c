/* SPDX-License-Identifier: MIT */
#include "core/far_spawn.h"

#include <string.h>
#include <troupe/ask.h>
#include <troupe/remote.h>

#include "base/assert.h"
#include "base/options.h"
#include "core/bracket.h"
#include "core/far.h"
#include "core/link.h"
#include "core/monitor.h"
#include "core/protobuf.h"

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_spawn_on_options, reserved);

const troupe_type tr_far_spawn_type = TROUPE_TYPE(tr_far_spawn);

enum {
    MONITOR,
    LINK
};

bool tr_far_spawn_is_tie(const troupe_message *entry)
{
    return ((const troupe_down *) entry->body)->actor.generation == 0;
}

/* The request. */

/* What its argument takes when it is packed. */
static troupe_error measure(const troupe_spawn_on_options *options, size_t *out_size)
{
    *out_size = 0;
    if (options->protobuf != NULL) {
        const troupe_error error = tr_protobuf_measure(options->protobuf, out_size);
        *out_size = error ? 0 : protobuf_c_message_get_packed_size(options->protobuf);
        return error;
    }
    if (options->type != NULL && options->type->body_size > 0) {
        TR_REQUIRE(options->body != NULL, BAD_ARGUMENT);
        TR_REQUIRE(options->type->pack != NULL, LOCAL_ONLY);
        unsigned char nothing[1];
        *out_size = options->type->pack(options->body, nothing, 0);
    }
    return TROUPE_OK;
}

static troupe_error pack(const troupe_spawn_on_options *options, tr_far_spawn *spawn, size_t size)
{
    unsigned char *bytes = (unsigned char *) (spawn + 1);
    spawn->size = (uint32_t) size;
    if (options->protobuf != NULL) {
        spawn->is_protobuf = 1;
        spawn->type = options->protobuf->descriptor->name;
        (void) protobuf_c_message_pack(options->protobuf, bytes);
    } else if (options->type != NULL) {
        spawn->type = options->type->name;
        TR_REQUIRE(size == 0 || options->type->pack(options->body, bytes, size) == size,
                   LOCAL_ONLY); /* it does not know its own size */
    }
    return TROUPE_OK;
}

static troupe_error make_request(tr_worker *worker, const troupe_spawn_on_options *options,
                                 const uint64_t ties[2], troupe_message **out_message)
{
    size_t size = 0;
    troupe_message *message = NULL;
    troupe_error error = measure(options, &size);
    error = error ? error
                  : tr_message_with_body(&worker->pool, TR_FORM_STRUCT, &tr_far_spawn_type,
                                         sizeof(tr_far_spawn) + size, &message);
    if (error) {
        return error;
    }
    tr_far_spawn *spawn = troupe_message_body(message);
    memcpy(spawn->name, options->name, strlen(options->name));
    spawn->key = options->key;
    spawn->ties[MONITOR] = ties[MONITOR];
    spawn->ties[LINK] = ties[LINK];
    error = pack(options, spawn, size);
    if (error) {
        tr_message_free(&worker->pool, message);
        return error;
    }
    *out_message = message;
    return TROUPE_OK;
}

/* The ties. */

struct ties {
    tr_address carrier;
    uint64_t numbers[2];
};

static troupe_error tie_monitor(tr_worker *worker, tr_actor *actor, troupe_ref node,
                                struct ties *ties)
{
    troupe_message *entry = NULL;
    const troupe_error error = tr_monitor_make_entry(
        worker, actor, node, tr_monitor_value(ties->carrier, false), &troupe_down_type, &entry);
    if (error == TROUPE_OK) {
        ties->numbers[MONITOR] = entry->correlation;
        entry->receiver = ties->carrier;
        TR_TELL(MONITOR_MADE, .worker = worker, .message = entry);
        tr_worker_route(worker, entry);
    }
    return error;
}

static troupe_error tie_link(tr_worker *worker, tr_actor *actor, troupe_ref node, struct ties *ties)
{
    tr_link_ends ends;
    const troupe_error error = tr_link_make(
        worker, actor, tr_system_ref(worker->system, actor->address), node, ties->carrier, &ends);
    if (error == TROUPE_OK) {
        ties->numbers[LINK] = ends.here->correlation;
        tr_monitor_add_entry(actor, ends.here);
        tr_worker_route(worker, ends.there);
    }
    return error;
}

static void untie(tr_worker *worker, tr_actor *actor, const struct ties *ties)
{
    if (ties->numbers[MONITOR] != 0) {
        (void) tr_monitor_end(worker, actor, (troupe_monitor_id) {.id = ties->numbers[MONITOR]});
    }
    if (ties->numbers[LINK] != 0) {
        tr_link_end_one(worker, actor, ties->carrier, ties->numbers[LINK]);
    }
}

static troupe_error tie(tr_worker *worker, tr_actor *actor, uint64_t node,
                        const troupe_spawn_on_options *options, struct ties *ties)
{
    const troupe_ref somebody = {.node = node, .generation = 1};
    troupe_error error = tr_far_address(worker, somebody, &ties->carrier);
    if (error == TROUPE_OK && options->out_monitor != NULL) {
        error = tie_monitor(worker, actor, (troupe_ref) {.node = node}, ties);
    }
    if (error == TROUPE_OK && options->link != 0) {
        error = tie_link(worker, actor, (troupe_ref) {.node = node}, ties);
    }
    return error;
}

/* The ties and the request; neither is left on an error. */
static troupe_error begin(troupe_self *self, uint64_t node, const troupe_spawn_on_options *options,
                          struct ties *ties, troupe_message **out_message)
{
    tr_worker *worker = tr_enter(self);
    troupe_error error = tie(worker, self->actor, node, options, ties);
    error = error ? error : make_request(worker, options, ties->numbers, out_message);
    if (error) {
        untie(worker, self->actor, ties);
    }
    tr_leave(self);
    return error;
}

/* It is there, or its end is told by the error. */
static void settle(troupe_self *self, const struct ties *ties, troupe_error error, troupe_ref ref)
{
    tr_worker *worker = tr_enter(self);
    if (error) {
        untie(worker, self->actor, ties);
    } else if (ties->numbers[LINK] != 0) {
        tr_link_name(self->actor, ties->carrier, ties->numbers[LINK], ref);
    }
    tr_leave(self);
}

static troupe_error spawn_on(troupe_self *self, uint64_t node,
                             const troupe_spawn_on_options *options, troupe_ref *out_ref)
{
    struct ties ties = {0};
    TROUPE_AUTO(troupe_message) *message = NULL;
    TROUPE_AUTO(troupe_message) *reply = NULL;
    troupe_error error = begin(self, node, options, &ties, &message);
    if (error) {
        return error;
    }
    if (options->out_monitor != NULL) {
        options->out_monitor->id = ties.numbers[MONITOR];
    }
    error =
        troupe_ask_message(self, (troupe_ref) {.node = node}, &message, options->timeout, &reply);
    const tr_far_found *found = troupe_message_struct(reply, &tr_far_found_type);
    if (error == TROUPE_OK && found == NULL) {
        error = TROUPE_ERROR_PROTOCOL;
    }
    settle(self, &ties, error, error == TROUPE_OK ? found->actor : troupe_ref_none());
    *out_ref = error == TROUPE_OK ? found->actor : *out_ref;
    return error;
}

troupe_error troupe_spawn_on(troupe_self *self, uint64_t node, const troupe_spawn_on_options *given,
                             troupe_ref *out_ref)
{
    TR_CHECK_SELF(self);
    troupe_spawn_on_options options;
    TR_REQUIRE(self != NULL && given != NULL && out_ref != NULL, BAD_ARGUMENT);
    TR_REQUIRE(tr_options_read(&options, sizeof options, given), BAD_ARGUMENT);
    TR_REQUIRE(options.name != NULL && options.link <= 1 && options.reserved == 0, BAD_ARGUMENT);
    TR_REQUIRE(options.protobuf == NULL || options.type == NULL, BAD_ARGUMENT);
    const size_t length = strnlen(options.name, TR_NAME_MAX + 1);
    TR_REQUIRE(length > 0 && length <= TR_NAME_MAX, BAD_ARGUMENT);
    TR_REQUIRE(node != 0 && node != tr_self_system(self)->options.node_id, BAD_ARGUMENT);
    TR_REQUIRE(self->task != NULL, CANNOT_WAIT);
    if (options.timeout.ns == 0) {
        options.timeout = (troupe_timeout) {.ns = TR_START_TIMEOUT_NS};
    }
    return spawn_on(self, node, &options, out_ref);
}
