/* SPDX-License-Identifier: MIT */
#include "unit/simulation/soak.h"

#include <string.h>

struct soak_bodies soak_bodies;

troupe_error soak_look(const struct soak *soak, const char *call, troupe_error error,
                       uint64_t allowed)
{
    const bool has_memory = !soak->memory_fails && error == TROUPE_ERROR_NO_MEMORY;
    if (error != TROUPE_OK && (has_memory || error >= 64 || (allowed >> error & 1) == 0)) {
        probe_say(soak->wrong, "%s gave %s", call, troupe_error_name(error));
    }
    return error;
}
uint64_t draw(troupe_self *self, uint64_t below)
{
    return troupe_self_random(self) % below;
}

troupe_ref somebody(troupe_self *self, const struct soak *soak)
{
    const troupe_ref ref = soak->refs[draw(self, CROWD)];
    return troupe_ref_is_none(ref) ? troupe_self_ref(self) : ref; /* not there yet */
}

troupe_timeout a_moment(troupe_self *self)
{
    return TROUPE_WITHIN_US(draw(self, 3000));
}

/* Messages of every form. */

struct thing {
    uint64_t number;
    char filling[600]; /* some are cut short */
};

static void thing_ended(void *body)
{
    (void) body;
    soak_bodies.ended++;
}
static const troupe_type large_type = TROUPE_TYPE_WITH(struct thing, .fini = thing_ended);
static const troupe_type small_type = TROUPE_TYPE_WITH(uint64_t, .fini = thing_ended);
const troupe_type plain_type = TROUPE_TYPE(uint64_t);

static void bytes_ended(void *context, const void *data, size_t size)
{
    (void) context;
    (void) data;
    (void) size;
    soak_bodies.ended++;
}

static troupe_error build(troupe_self *self, troupe_message **out_message)
{
    const troupe_error error =
        troupe_message_build(self, &shop__order__descriptor, 32, out_message);
    if (error == TROUPE_OK) {
        Shop__Order *order = troupe_message_body(*out_message);
        order->note = troupe_message_room(*out_message, 16);
        (void) strcpy(order->note, "built in place"); /* NOLINT: it fits */
    }
    return error;
}

troupe_error make_any(troupe_self *self, struct soak *soak, troupe_message **out_message)
{
    static const char data[700];
    const troupe_bytes bytes = {.data = data, .size = draw(self, sizeof data), .free = bytes_ended};
    Shop__Receipt receipt = SHOP__RECEIPT__INIT;
    troupe_error error = TROUPE_OK;
    switch (draw(self, 6)) {
    case 0:
        error = LOOK(troupe_message_create(self, &large_type, NULL, out_message), MAY(NO_MEMORY));
        soak_bodies.made += error == TROUPE_OK ? 1 : 0;
        return error;
    case 1:
        error = LOOK(troupe_message_create(self, &small_type, NULL, out_message), MAY(NO_MEMORY));
        soak_bodies.made += error == TROUPE_OK ? 1 : 0;
        return error;
    case 2:
        error = LOOK(troupe_message_create_bytes(self, NULL, &bytes, out_message), MAY(NO_MEMORY));
        soak_bodies.made += error == TROUPE_OK ? 1 : 0;
        return error;
    case 3:
        return LOOK(troupe_message_create_protobuf(self, &receipt.base, out_message),
                    MAY(NO_MEMORY));
    case 4:
        return LOOK(build(self, out_message), MAY(NO_MEMORY));
    default:
        return LOOK(troupe_message_create(self, &plain_type, NULL, out_message), MAY(NO_MEMORY));
    }
}

/* What any actor may do: none of it waits in a behavior. */

static troupe_send_options some_options(troupe_self *self)
{
    troupe_send_options options = {.size = sizeof options, .timeout = a_moment(self)};
    options.on_full = (troupe_on_full) draw(self, TROUPE_ON_FULL_DEAD_LETTER + 1);
    options.margin = draw(self, 8) == 0 ? 1 : 0;
    options.trace_id = draw(self, 3);
    if (draw(self, 3) == 0) {
        options.expires = a_moment(self);
    }
    return options;
}

static void sends(troupe_self *self, struct soak *soak)
{
    const troupe_send_options options = some_options(self);
    const uint64_t number = draw(self, 100);
    Shop__Receipt receipt = SHOP__RECEIPT__INIT;
    if (draw(self, 2) == 0) {
        (void) LOOK(troupe_send_with(self, somebody(self, soak), &receipt.base, &options),
                    MAY_SEND);
    } else if (self != NULL && draw(self, 8) == 0) {
        (void) LOOK(troupe_send_struct(self, troupe_self_ref(self), &plain_type, &number),
                    MAY_SEND);
    }
}

static void sends_messages(troupe_self *self, struct soak *soak)
{
    const troupe_send_options options = some_options(self);
    TROUPE_AUTO(troupe_message) *message = NULL;
    TROUPE_AUTO(troupe_message) *copy = NULL;
    if (make_any(self, soak, &message) != TROUPE_OK) {
        return;
    }
    if (LOOK(troupe_message_copy(self, message, &copy), MAY(NO_MEMORY) | MAY(BAD_ARGUMENT)) ==
        TROUPE_OK) {
        (void) LOOK(troupe_send_message_with(self, somebody(self, soak), &copy, &options),
                    MAY_SEND);
    }
    (void) LOOK(troupe_send_message_with(self, somebody(self, soak), &message, &options), MAY_SEND);
}

static void sends_many(troupe_self *self, struct soak *soak)
{
    const troupe_send_options options = some_options(self);
    troupe_message *messages[4] = {NULL};
    size_t made = 0;
    size_t sent = 0;
    while (made < 4 && make_any(self, soak, &messages[made]) == TROUPE_OK) {
        made++;
    }
    (void) LOOK(troupe_send_many(self, somebody(self, soak), messages, made, &options, &sent),
                MAY_SEND);
    for (size_t i = 0; i < made; i++) {
        if ((i < sent) != (messages[i] == NULL)) {
            probe_say(soak->wrong, "troupe_send_many sent %zu, but not message %zu", sent, i);
        }
        troupe_message_destroy(&messages[i]);
    }
}

static void times(troupe_self *self, struct soak *soak)
{
    troupe_timer timer;
    if (LOOK(troupe_timer_start(self,
                                TROUPE_TIMER(.after = a_moment(self),
                                             .every = TROUPE_WITHIN_US(700 * draw(self, 2) + 300)),
                                &timer),
             MAY(NO_MEMORY) | MAY(LIMIT_REACHED) | MAY(STOPPING)) == TROUPE_OK &&
        draw(self, 3) != 0) {
        (void) troupe_timer_cancel(self, timer);
    }
}

static void watches(troupe_self *self, struct soak *soak)
{
    troupe_monitor_id monitor;
    if (LOOK(troupe_monitor(self, somebody(self, soak), &monitor),
             MAY(NO_MEMORY) | MAY(LIMIT_REACHED) | MAY(STOPPING)) == TROUPE_OK &&
        draw(self, 2) == 0) {
        (void) troupe_demonitor(self, monitor);
    }
    (void) LOOK(troupe_watch_pressure(self, somebody(self, soak)), MAY_MISS);
}

static void interferes(troupe_self *self, struct soak *soak)
{
    troupe_ref ref;
    switch (draw(self, 8)) {
    case 0:
        (void) LOOK(troupe_stop(self, somebody(self, soak)), MAY_MISS);
        break;
    case 1:
        (void) LOOK(troupe_cancel(self, somebody(self, soak)), MAY_MISS);
        break;
    case 2:
        (void) LOOK(troupe_dead_letters_subscribe(self), MAY(LIMIT_REACHED));
        break;
    case 3:
        (void) troupe_fail(self, TROUPE_ERROR_FAILED, "step %d", 3);
        break;
    case 4:
        (void) LOOK(troupe_lookup(self, "child 1", &ref), MAY(NO_SUCH_ACTOR));
        break;
    default:
        (void) troupe_unstash(self, draw(self, 3));
        break;
    }
}

void deals_with(troupe_self *self, struct soak *soak, troupe_message **message)
{
    const uint64_t all_of_them = MAY_SEND | MAY(BAD_ARGUMENT); /* a tick cannot go on */
    TROUPE_AUTO(troupe_message) *reply = NULL;
    Shop__Receipt receipt = SHOP__RECEIPT__INIT;
    const uint64_t number = 1;
    if (troupe_message_is(*message, &troupe_down_type)) {
        return;
    }
    switch (draw(self, 10)) {
    case 0:
        (void) LOOK(troupe_stash(self, message), all_of_them);
        return;
    case 1:
        (void) LOOK(troupe_forward(self, somebody(self, soak), message), all_of_them);
        return;
    case 2:
        (void) LOOK(troupe_send_message(self, somebody(self, soak), message), all_of_them);
        return;
    case 3:
        if (make_any(self, soak, &reply) == TROUPE_OK) {
            (void) LOOK(troupe_continue(self, &reply), all_of_them);
        }
        return;
    case 4:
        (void) LOOK(troupe_scope_detach(self), MAY(CANCELLED));
        return;
    default:
        break;
    }
    if (!troupe_message_wants_reply(*message)) {
        return;
    }
    switch (draw(self, 5)) {
    case 0:
        (void) LOOK(troupe_reply(self, *message, &receipt.base), MAY(NO_MEMORY));
        break;
    case 1:
        (void) LOOK(troupe_reply_struct(self, *message, &plain_type, &number), MAY(NO_MEMORY));
        break;
    case 2:
        (void) LOOK(troupe_reply_error(self, *message, TROUPE_ERROR_END), MAY(NO_MEMORY));
        break;
    default:
        if (make_any(self, soak, &reply) == TROUPE_OK) {
            (void) LOOK(troupe_reply_message(self, *message, &reply),
                        MAY(NO_MEMORY) | MAY(TOO_LARGE));
        }
        break;
    }
}

void does_anything(troupe_self *self, struct soak *soak)
{
    static void (*const what[])(troupe_self *, struct soak *) = {
        sends, sends_messages, sends_messages, sends_many, times, watches, interferes};
    what[draw(self, sizeof what / sizeof what[0])](self, soak);
}

void count_answer(const Shop__Receipt *receipt, void *context)
{
    struct soak *soak = context;
    (void) receipt;
    soak->answered++;
}

static void till_buy(Shop__Till_Service *service, const Shop__Order *order,
                     Shop__Receipt_Closure closure, void *closure_data)
{
    Shop__Receipt receipt = SHOP__RECEIPT__INIT;
    (void) service;
    (void) order;
    closure(&receipt, closure_data);
}

static void till_cancel(Shop__Till_Service *service, const Shop__Receipt *receipt,
                        Shop__Empty_Closure closure, void *closure_data)
{
    (void) service;
    (void) receipt;
    closure(NULL, closure_data);
}

troupe_error serves(troupe_self *self, void *argument)
{
    Shop__Till_Service till = SHOP__TILL__INIT(till_);
    (void) argument;
    return troupe_serve(self, &till.base);
}

void *soak_work(void *soak)
{
    return soak;
}

void soak_discard(void *argument, void *result)
{
    struct soak *soak = argument;
    soak->jobs_discarded++;
    if (result != NULL && result != soak) {
        probe_say(soak->wrong, "a job is discarded with the wrong result");
    }
}
