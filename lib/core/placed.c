/* SPDX-License-Identifier: MIT */
#include "core/placed.h"

#include <string.h>
#include <troupe/ask.h>
#include <troupe/link.h>
#include <troupe/remote.h>
#include <troupe/scope.h>
#include <troupe/send.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/options.h"
#include "core/actor.h"
#include "core/bracket.h"
#include "core/offers.h"
#include "core/placements.h"

TR_OPTIONS_HAVE_NO_TAIL_PADDING(troupe_placement, not_here);

/* Nodes that are tried one after the other before it waits. */
#define TRIED_MAX 64
#define PAUSE_NS_MIN UINT64_C(20000000)
#define PAUSE_NS_MAX UINT64_C(1000000000)
#define WAIT_NS_DEFAULT UINT64_C(30000000000)
/* For the actor to end when it is told to; then it is cancelled. */
#define END_GRACE_NS UINT64_C(5000000000)

struct placed {
    const troupe_placement *placement;
    tr_node_seat seat;
    troupe_ref ref;
    troupe_monitor_id monitor;
    troupe_message *refused; /* which its actor did not get any more: for the next one */
    uint64_t tried[TRIED_MAX];
    size_t tried_count;
    uint64_t pause_ns;
    char lost_name[TROUPE_NODE_NAME_SIZE]; /* "": it waits for no node */
    uint64_t wait_until_ns;
    bool is_there;
    bool has_said; /* that no node fits */
};

static const troupe_type where_type = TROUPE_SIGNAL("troupe.where");
static const troupe_type there_type = TROUPE_TYPE(troupe_ref);

static tr_system *system_of(const troupe_self *self)
{
    return self->actor->worker->system;
}

static void say(const troupe_self *self, const struct placed *placed, troupe_log_level level,
                const char *what, const char *why)
{
    tr_log_write(system_of(self)->ports.log, level, "placement: '%s' ('%s') %s%s%s",
                 tr_actor_title(self->actor), placed->placement->name, what,
                 why[0] != '\0' ? ": " : "", why);
}

/* Placing. */

static troupe_error spawn_here(troupe_self *self, struct placed *placed)
{
    const troupe_placement *placement = placed->placement;
    const tr_offer *offer = tr_offers_find(system_of(self), placement->name);
    TR_REQUIRE(offer != NULL, NO_SUCH_ACTOR);
    const ProtobufCMessageDescriptor *protobuf =
        placement->protobuf != NULL ? placement->protobuf->descriptor : NULL;
    TR_REQUIRE(offer->argument.protobuf == protobuf && offer->argument.type == placement->type,
               PROTOCOL);
    troupe_spawn_options options = offer->options;
    options.argument = (void *) (uintptr_t) (protobuf != NULL ? (const void *) placement->protobuf
                                                              : placement->body);
    options.out_monitor = &placed->monitor;

    options.start_timeout = placement->start_timeout;
    return troupe_spawn(self, &options, &placed->ref);
}

static troupe_error spawn_there(troupe_self *self, struct placed *placed)
{
    const troupe_placement *placement = placed->placement;
    return troupe_spawn_on(self, placed->seat.node,
                           TROUPE_SPAWN_ON(.name = placement->name, .protobuf = placement->protobuf,
                                           .type = placement->type, .body = placement->body,
                                           .timeout = placement->start_timeout, .link = 1,
                                           .out_monitor = &placed->monitor),
                           &placed->ref);
}

/* Whether another node may do what this one did not. STOPPING is this actor's own, or the node's:
 * the next wait tells. */
static bool is_of_the_node(troupe_error error)
{
    return error == TROUPE_ERROR_UNREACHABLE || error == TROUPE_ERROR_STALE ||
           error == TROUPE_ERROR_NODE_LOST || error == TROUPE_ERROR_TIMED_OUT ||
           error == TROUPE_ERROR_STOPPING || error == TROUPE_ERROR_LIMIT_REACHED ||
           error == TROUPE_ERROR_NO_SUCH_ACTOR || error == TROUPE_ERROR_PROTOCOL ||
           error == TROUPE_ERROR_NOT_AUTHORISED || error == TROUPE_ERROR_NO_MEMORY;
}

/* No node fits. */
static troupe_error wait_for_one(troupe_self *self, struct placed *placed)
{
    const bool is_patient = placed->lost_name[0] != '\0';
    if (is_patient && troupe_self_now_ns(self) >= placed->wait_until_ns) {
        say(self, placed, TROUPE_LOG_NOTICE, "does not wait any longer for node",
            placed->lost_name);
        placed->lost_name[0] = '\0';
        placed->has_said = false;
        return TROUPE_OK;
    }
    if (!placed->has_said) {
        placed->has_said = true;
        say(self, placed, TROUPE_LOG_WARNING,
            is_patient ? "waits for its node to come back" : "waits: there is no node for it",
            is_patient ? placed->lost_name : "");
    }
    placed->tried_count = 0;
    const uint64_t pause_ns = placed->pause_ns;
    placed->pause_ns = 2 * pause_ns < PAUSE_NS_MAX ? 2 * pause_ns : PAUSE_NS_MAX;
    return troupe_sleep(self, troupe_timeout_of_ns(pause_ns));
}

static bool take_seat(const troupe_self *self, struct placed *placed)
{
    const tr_choice choice = {.placement = placed->placement,
                              .tried = placed->tried,
                              .tried_count = placed->tried_count,
                              .only_name = placed->lost_name[0] != '\0' ? placed->lost_name : NULL,
                              .spread = (uint64_t) self->actor->address.generation << 32 |
                                        self->actor->address.slot};
    return placed->tried_count < TRIED_MAX &&
           tr_placements_take(system_of(self), &choice, &placed->seat);
}

/* One attempt, or a pause. */
static troupe_error try_to_place(troupe_self *self, struct placed *placed)
{
    tr_system *system = system_of(self);
    if (!take_seat(self, placed)) {
        return wait_for_one(self, placed);
    }
    const uint64_t node = placed->seat.node;
    const troupe_error error =
        node == system->options.node_id ? spawn_here(self, placed) : spawn_there(self, placed);
    char title[TR_NODE_TITLE_SIZE];
    tr_nodes_write_title(system, node, title);
    if (error == TROUPE_OK) {
        placed->is_there = true;
        say(self, placed, TROUPE_LOG_NOTICE, "runs on node",
            node == system->options.node_id ? system->nodes.own.name : title);
        return TROUPE_OK;
    }
    tr_placements_leave(system, &placed->seat);
    if (!is_of_the_node(error)) {
        return error;
    }
    say(self, placed, TROUPE_LOG_DEBUG, troupe_error_name(error), title);
    placed->tried[placed->tried_count++] = node;
    return TROUPE_OK;
}

static troupe_error place(troupe_self *self, struct placed *placed)
{
    troupe_error error = TROUPE_OK;
    placed->pause_ns = PAUSE_NS_MIN;
    placed->tried_count = 0;
    placed->has_said = false;
    while (error == TROUPE_OK && !placed->is_there) {
        error = try_to_place(self, placed);
    }
    placed->lost_name[0] = '\0';
    return error;
}

/* Its end. */

static const troupe_down *down_of(const struct placed *placed, const troupe_message *message)
{
    const troupe_down *down = troupe_message_struct(message, &troupe_down_type);
    return down != NULL && down->monitor.id == placed->monitor.id ? down : NULL;
}

/* The actor has ended, which it is not asked about again. OK: a new one is to be placed; else
 * *out_is_over is set and this is how the child ends. */
static troupe_error take_end(troupe_self *self, struct placed *placed, const troupe_down *down,
                             bool *out_is_over)
{
    const troupe_placement *placement = placed->placement;
    placed->is_there = false;
    if (down->kind == TROUPE_DOWN_SHUTDOWN || down->kind == TROUPE_DOWN_NODE_LOST ||
        down->kind == TROUPE_DOWN_STALE) {
        say(self, placed, TROUPE_LOG_NOTICE, "is placed anew, its node has gone",
            placed->seat.name);
        if (placement->on_loss == TROUPE_NODE_LOSS_WAIT) {
            memcpy(placed->lost_name, placed->seat.name, sizeof placed->lost_name);
            placed->wait_until_ns = tr_deadline_of(
                troupe_self_now_ns(self),
                placement->wait.ns != 0 ? placement->wait : troupe_timeout_of_ns(WAIT_NS_DEFAULT));
        }
        tr_placements_leave(system_of(self), &placed->seat);
        return TROUPE_OK;
    }
    *out_is_over = true;
    char node[TROUPE_NODE_NAME_SIZE];
    memcpy(node, placed->seat.name, sizeof node);
    tr_placements_leave(system_of(self), &placed->seat);
    return down->reason == TROUPE_OK
               ? TROUPE_OK
               : troupe_fail(self, down->reason, "so ended the one on node '%s'", node);
}

/* Waits for the DOWN only; what else there is stays. */
static troupe_error await_down(troupe_self *self, const struct placed *placed,
                               troupe_message **message)
{
    const troupe_accept accepted = {.type = &troupe_down_type};
    troupe_error error = TROUPE_OK;
    do {
        error = troupe_receive_only(self, &accepted, 1, message, TROUPE_FOREVER);
        if (error == TROUPE_ERROR_MAILBOX_FULL) { /* of the rest */
            error = troupe_sleep(self, TROUPE_WITHIN_MS(5));
        } else if (error == TROUPE_OK && down_of(placed, *message) != NULL) {
            return TROUPE_OK;
        }
    } while (error == TROUPE_OK);
    return error;
}

/* This child ends: the actor before it. */
static void end_it(troupe_self *self, struct placed *placed, bool is_stop)
{
    troupe_scope *scope = NULL;
    TROUPE_AUTO(troupe_message) *message = NULL;
    if (placed->is_there &&
        troupe_shield(self, troupe_timeout_of_ns(END_GRACE_NS), &scope) == TROUPE_OK) {
        const troupe_error told =
            is_stop ? troupe_stop(self, placed->ref) : troupe_cancel(self, placed->ref);
        if (told == TROUPE_OK && await_down(self, placed, &message) != TROUPE_OK) {
            (void) troupe_cancel(self, placed->ref); /* its node goes on waiting for it */
        }
        (void) troupe_scope_leave(self, &scope);
    } else if (placed->is_there) {
        (void) troupe_cancel(self, placed->ref);
    }
    tr_placements_leave(system_of(self), &placed->seat);
}

/* Passing on. */

/* The actor is not there any more, and its DOWN tells that. */
static bool is_of_its_end(troupe_error error)
{
    return error == TROUPE_ERROR_UNREACHABLE || error == TROUPE_ERROR_STALE ||
           error == TROUPE_ERROR_NODE_LOST || error == TROUPE_ERROR_NO_SUCH_ACTOR;
}

static void pass_on(troupe_self *self, struct placed *placed, troupe_message **message)
{
    const troupe_error error = troupe_forward(self, placed->ref, message);
    if (is_of_its_end(error)) {
        placed->refused = *message;
        *message = NULL;
    } else if (error != TROUPE_OK) {
        say(self, placed, TROUPE_LOG_WARNING, "could not be given a message",
            troupe_error_name(error));
        if (troupe_message_wants_reply(*message)) {
            (void) troupe_reply_error(self, *message, error); /* else NO_REPLY says as much */
        }
    }
}

/* Until the actor has ended. */
static troupe_error serve(troupe_self *self, struct placed *placed, bool *out_is_over)
{
    TROUPE_AUTO(troupe_message) *message = placed->refused;
    troupe_error error = TROUPE_OK;
    placed->refused = NULL;
    if (message != NULL) {
        pass_on(self, placed, &message);
    }
    while (error == TROUPE_OK) {
        error = placed->refused != NULL ? await_down(self, placed, &message)
                                        : troupe_receive(self, &message, TROUPE_FOREVER);
        const troupe_down *down = error == TROUPE_OK ? down_of(placed, message) : NULL;
        if (down != NULL) {
            return take_end(self, placed, down, out_is_over);
        }
        if (error != TROUPE_OK || troupe_message_is(message, &troupe_exit_type) ||
            troupe_message_is(message, &troupe_down_type)) {
            continue; /* the DOWN says it, too; or it is that of one before */
        }
        if (troupe_message_is(message, &where_type)) {
            (void) troupe_reply_struct(self, message, &there_type, &placed->ref);
        } else {
            pass_on(self, placed, &message);
        }
    }
    return error;
}

static troupe_error body(troupe_self *self, void *argument)
{
    troupe_placement placement;
    struct placed placed = {.placement = &placement};
    bool is_over = false;
    TR_REQUIRE(tr_options_read(&placement, sizeof placement, argument), BAD_ARGUMENT);
    tr_placements_init_seat(&placed.seat, tr_actor_parent(self->actor));
    troupe_error error = TROUPE_OK;
    while (error == TROUPE_OK && !is_over) {
        error = place(self, &placed);
        if (error == TROUPE_OK) {
            troupe_ready(self);
            error = serve(self, &placed, &is_over);
        }
    }
    end_it(self, &placed, error == TROUPE_ERROR_STOPPING);
    troupe_message_destroy(&placed.refused);
    return error;
}

/* For supervisors. */

bool tr_placed_is_right(const troupe_placement *given, const troupe_spawn_options *actor)
{
    troupe_placement placement;
    troupe_spawn_options options = {0};
    return tr_options_read(&placement, sizeof placement, given) && placement.name != NULL &&
           placement.name[0] != '\0' && strnlen(placement.name, TR_NAME_MAX + 1) <= TR_NAME_MAX &&
           (placement.protobuf == NULL || placement.type == NULL) &&
           (unsigned) placement.rule <= TROUPE_NODES_KEY &&
           (unsigned) placement.on_loss <= TROUPE_NODE_LOSS_WAIT && placement.not_here <= 1 &&
           (actor == NULL || tr_options_read(&options, sizeof options, actor)) &&
           options.body == NULL && options.behavior == NULL && options.argument == NULL;
}

void tr_placed_options(const troupe_placement *placement, const troupe_spawn_options *actor,
                       troupe_spawn_options *out_options)
{
    *out_options = (troupe_spawn_options) {.size = sizeof *out_options};
    if (actor != NULL) {
        const bool is_right = tr_options_read(out_options, sizeof *out_options, actor);
        TR_ASSERT(is_right);
    }
    out_options->body = body;
    out_options->argument = (void *) (uintptr_t) placement;
    out_options->ready_when = TROUPE_READY_WHEN_SAID;
    out_options->trap_exits = 1;
}

troupe_error troupe_placed(troupe_self *self, troupe_ref child, troupe_timeout timeout,
                           troupe_ref *out_ref)
{
    TR_CHECK_SELF(self);
    TR_REQUIRE(self != NULL && out_ref != NULL, BAD_ARGUMENT);
    TROUPE_AUTO(troupe_message) *reply = NULL;
    const troupe_error error = troupe_ask_struct(self, child, &where_type, NULL, timeout, &reply);
    if (error) {
        return error;
    }
    const troupe_ref *there = troupe_message_struct(reply, &there_type);
    TR_REQUIRE(there != NULL, PROTOCOL);
    *out_ref = *there;
    return TROUPE_OK;
}
