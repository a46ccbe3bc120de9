/* SPDX-License-Identifier: MIT */
#include "router.h"

#include <string.h>
#include <troupe/ask.h>
#include <troupe/send.h>
#include <troupe/spawn.h>

#include "route.h"

#define MEMBERS_MAX 4096
#define MAILBOX_BYTES (UINT64_C(1) << 20)

const troupe_type troupe_router_join_type = {.size = sizeof(troupe_type),
                                             .name = "troupe_router_join",
                                             .body_size = sizeof(troupe_router_member)};
const troupe_type troupe_router_leave_type = {.size = sizeof(troupe_type),
                                              .name = "troupe_router_leave",
                                              .body_size = sizeof(troupe_router_member)};
const troupe_type troupe_router_look_type = TROUPE_SIGNAL("troupe_router_look");
const troupe_type troupe_router_info_type = TROUPE_TYPE(troupe_router_info);

troupe_error route_init(struct router *router, const troupe_router_options *options)
{
    router->options = *options;
    return members_init(&router->members, options->members_max);
}

void route_fini(struct router *router)
{
    gathers_fini(&router->gathers);
    members_fini(&router->members);
}

static troupe_error router_start(troupe_self *self, void *state, void *argument)
{
    (void) self;
    return route_init(state, argument);
}

static void router_stop(troupe_self *self, void *state, troupe_error reason)
{
    (void) self;
    (void) reason;
    route_fini(state);
}

/* Answers a message to the router itself. That nobody waits for it any more is no error. */
static void tell_about(troupe_self *self, const struct router *router, troupe_message *message,
                       troupe_error error)
{
    const troupe_router_info info = {.routed = router->routed + router->gathers.asked,
                                     .refused = router->refused,
                                     .members = router->members.count,
                                     .gathers = router->gathers.count};
    if (!troupe_message_wants_reply(message)) {
        return;
    }
    if (error) {
        (void) troupe_reply_error(self, message, error);
    } else {
        (void) troupe_reply_struct(self, message, &troupe_router_info_type, &info);
    }
}

static troupe_error on_join(troupe_self *self, void *state, troupe_message **message)
{
    struct router *router = state;
    const troupe_router_member *member = troupe_message_struct(*message, &troupe_router_join_type);
    tell_about(self, router, *message,
               members_join(self, &router->members, member->ref, member->id));
    return TROUPE_OK;
}

static troupe_error on_leave(troupe_self *self, void *state, troupe_message **message)
{
    struct router *router = state;
    const troupe_router_member *member = troupe_message_struct(*message, &troupe_router_leave_type);
    members_leave(self, &router->members, member->ref);
    tell_about(self, router, *message, TROUPE_OK);
    return TROUPE_OK;
}

static troupe_error on_look(troupe_self *self, void *state, troupe_message **message)
{
    tell_about(self, state, *message, TROUPE_OK);
    return TROUPE_OK;
}

static troupe_error on_down(troupe_self *self, void *state, troupe_message **message)
{
    struct router *router = state;
    const troupe_down *down = troupe_message_struct(*message, &troupe_down_type);
    members_leave(self, &router->members, down->actor);
    return TROUPE_OK;
}

/* Nobody takes it: says so, be it to the one that asked or to the dead letters. To them goes what
 * is sent to a mailbox that may never have room, with that wish. */
static void refuse(troupe_self *self, struct router *router, troupe_error error,
                   troupe_message **message)
{
    router->refused++;
    if (troupe_message_wants_reply(*message)) {
        (void) troupe_reply_error(self, *message, error);
        return;
    }
    /* If it fails too, it ends as handled here, and counted as refused. */
    (void) troupe_send_message_with(
        self, troupe_self_ref(self), message,
        TROUPE_SEND(.on_full = TROUPE_ON_FULL_DEAD_LETTER, .margin = UINT32_MAX));
}

static const struct member *choose(troupe_self *self, struct router *router,
                                   const troupe_message *message, uint32_t attempt)
{
    struct members *members = &router->members;
    if (router->options.way == TROUPE_ROUTER_BY_KEY) {
        return members_by_key(members, router->options.key(message));
    }
    if (router->options.way == TROUPE_ROUTER_LEAST_LOADED && attempt == 0) {
        return members_least_loaded(self, members);
    }
    return members_take_turn(members);
}

static bool is_gone(troupe_error error)
{
    return error == TROUPE_ERROR_STALE || error == TROUPE_ERROR_NO_SUCH_ACTOR;
}

/* Passes it on to one member; one that has ended leaves, one that is full is passed over, unless
 * the key is its own. */
static troupe_error route(troupe_self *self, struct router *router, troupe_message **message)
{
    troupe_error error = TROUPE_ERROR_NO_SUCH_ACTOR;
    uint32_t left = router->members.count;
    for (uint32_t attempt = 0; left > 0; attempt++, left--) {
        const troupe_ref to = choose(self, router, *message, attempt)->ref;
        error = troupe_forward(self, to, message);
        if (is_gone(error)) {
            members_leave(self, &router->members, to);
        } else if (error != TROUPE_ERROR_MAILBOX_FULL ||
                   router->options.way == TROUPE_ROUTER_BY_KEY) {
            break;
        }
    }
    return error;
}

/* Gives each member a message with the same body. */
static troupe_error spread(troupe_self *self, struct router *router, troupe_message **message)
{
    struct members *members = &router->members;
    troupe_error first = TROUPE_OK;
    uint32_t taken = 0;
    for (uint32_t i = members->count; i > 0; i--) { /* backwards: one may leave */
        const troupe_ref to = members->list[i - 1].ref;
        troupe_message *copy = NULL;
        troupe_error error = troupe_message_copy(self, *message, &copy);
        error = error ? error : troupe_send_message(self, to, &copy);
        troupe_message_destroy(&copy);
        taken += error == TROUPE_OK ? 1 : 0;
        first = first ? first : error;
        if (is_gone(error)) {
            members_leave(self, members, to);
        }
    }
    router->routed += taken;
    return taken > 0 ? TROUPE_OK : first;
}

static troupe_timeout time_to_gather(troupe_self *self, const struct router *router,
                                     const troupe_message *message)
{
    const troupe_timeout left = troupe_message_remaining(self, message);
    if (router->options.answer_within.ns != 0 || left.ns == UINT64_MAX) {
        return router->options.answer_within.ns != 0 ? router->options.answer_within : left;
    }
    return troupe_timeout_of_ns(left.ns / 10 * 9 + 1);
}

static troupe_error gather(troupe_self *self, struct router *router, troupe_message **message)
{
    if (router->gathers.count >= router->options.gathers_max) {
        return TROUPE_ERROR_OVERLOADED;
    }
    return gather_begin(self, &router->gathers, &router->members, router->options.answers_needed,
                        time_to_gather(self, router, *message), message);
}

void route_one(troupe_self *self, struct router *router, troupe_message **message)
{
    troupe_error error = TROUPE_ERROR_NO_SUCH_ACTOR;
    if (router->members.count == 0) {
        /* none to choose from */
    } else if (router->options.way != TROUPE_ROUTER_BROADCAST) {
        error = route(self, router, message);
        router->routed += error == TROUPE_OK ? 1 : 0;
    } else if (troupe_message_wants_reply(*message)) {
        error = gather(self, router, message);
    } else {
        error = spread(self, router, message);
    }
    if (error) {
        refuse(self, router, error, message);
    }
}

static troupe_error on_other(troupe_self *self, void *state, troupe_message **message)
{
    route_one(self, state, message);
    return TROUPE_OK;
}

static const troupe_handles handlers[] = {{.type = &troupe_router_join_type, .handler = on_join},
                                          {.type = &troupe_router_leave_type, .handler = on_leave},
                                          {.type = &troupe_router_look_type, .handler = on_look},
                                          {.type = &troupe_down_type, .handler = on_down},
                                          {0}};
static const troupe_behavior router_behavior =
    TROUPE_BEHAVIOR(.name = "router", .state_size = sizeof(struct router), .start = router_start,
                    .handlers = handlers, .other = on_other, .stop = router_stop);

static troupe_error complete(const troupe_router_options *given, troupe_router_options *out_options)
{
    static const troupe_router_options defaults = {.size = sizeof defaults};
    troupe_router_options options = given != NULL ? *given : defaults;
    options.members_max = options.members_max != 0 ? options.members_max : 64;
    options.gathers_max = options.gathers_max != 0 ? options.gathers_max : 64;
    if (options.size != sizeof options || options.members_max > MEMBERS_MAX ||
        options.gathers_max > MEMBERS_MAX || (unsigned) options.way > TROUPE_ROUTER_BROADCAST ||
        options.reserved != 0 || (options.way == TROUPE_ROUTER_BY_KEY) != (options.key != NULL)) {
        return TROUPE_ERROR_BAD_ARGUMENT;
    }
    *out_options = options;
    return TROUPE_OK;
}

troupe_error troupe_router_spawn(troupe_self *self, const troupe_router_options *options,
                                 troupe_ref *out_router)
{
    troupe_router_options known;
    const troupe_error error = complete(options, &known);
    if (error) {
        return error;
    }
    /* At most one message is parked, as no other is taken then; once for each member. */
    const uint32_t asks_max = known.members_max * known.gathers_max; /* at most 2^24 */
    return troupe_spawn(self,
                        TROUPE_SPAWN(.name = known.name, .behavior = &router_behavior,
                                     .argument = &known, .monitors_max = known.members_max + 1,
                                     .parked_max = known.members_max,
                                     .parked_bytes = known.members_max * (MAILBOX_BYTES + 256),
                                     .mailbox_bytes = MAILBOX_BYTES, .asks_max = asks_max,
                                     .mailbox_capacity = known.mailbox_capacity),
                        out_router);
}

troupe_error troupe_router_join(troupe_self *self, troupe_ref router, troupe_ref member,
                                uint64_t id)
{
    const troupe_router_member body = {.ref = member, .id = id};
    return troupe_send_struct(self, router, &troupe_router_join_type, &body);
}

troupe_error troupe_router_leave(troupe_self *self, troupe_ref router, troupe_ref member)
{
    const troupe_router_member body = {.ref = member};
    return troupe_send_struct(self, router, &troupe_router_leave_type, &body);
}
