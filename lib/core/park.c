/* SPDX-License-Identifier: MIT */
#include "core/park.h"

#include "base/assert.h"
#include "base/memory.h"
#include "core/post.h"
#include "core/probe.h"

/* A place in one line. */
struct place {
    tr_address to;
    uint64_t ticket; /* 0: this row is free */
    uint64_t since_ns;
};

struct tr_park {
    tr_queue parked;   /* in the order sent */
    tr_queue returned; /* the reason stands in deadline_ns */
    tr_timer timer;    /* the next deadline, or the next look for a ring */
    tr_actor *actor;
    uint64_t bytes;
    uint64_t probe_due_ns;
    uint64_t probe_pause_ns;
    uint32_t count;
    uint32_t place_count;
    struct place places[];
};

static size_t park_size(uint32_t place_count)
{
    return sizeof(tr_park) + place_count * sizeof(struct place);
}

/* How long a message may be parked; for one that no correlation tells apart that lies there. */
static void limit_wait(troupe_message *message, uint64_t until_ns)
{
    if (!tr_message_has(message, TR_MESSAGE_WANTS_REPLY)) {
        message->correlation = until_ns;
    }
}

static uint64_t wait_limit_of(const troupe_message *message)
{
    return tr_message_has(message, TR_MESSAGE_WANTS_REPLY) || message->correlation == 0
               ? TR_NEVER
               : message->correlation;
}

static void set_timer(tr_worker *worker, tr_park *park)
{
    uint64_t due_ns = park->count > 0 ? park->probe_due_ns : TR_NEVER;
    for (const troupe_message *at = park->parked.head; at != NULL; at = at->next) {
        due_ns = at->deadline_ns < due_ns ? at->deadline_ns : due_ns;
        due_ns = wait_limit_of(at) < due_ns ? wait_limit_of(at) : due_ns;
    }
    if (tr_timer_is_running(&park->timer)) {
        tr_timers_cancel(&worker->timers, &park->timer);
    }
    if (due_ns != TR_NEVER) {
        tr_timers_start(&worker->timers, &park->timer, due_ns);
    }
}

/* Takes a message out of the parked ones; `previous` is the one before it. */
static void cut_out(tr_park *park, troupe_message *previous, troupe_message *message)
{
    tr_queue_remove(&park->parked, previous, message);
    limit_wait(message, 0);
    park->count--;
    park->bytes -= message->size;
}

static void give_back(tr_park *park, troupe_message *previous, troupe_message *message,
                      troupe_error reason)
{
    cut_out(park, previous, message);
    TR_TELL(GIVEN_BACK, .worker = park->actor->worker, .message = message,
            .number = (uint64_t) reason);
    message->deadline_ns = (uint64_t) reason;
    tr_queue_push(&park->returned, message);
}

/* Those whose time is up, as messages or for being parked. */
static void return_expired(tr_worker *worker, tr_park *park)
{
    troupe_message *previous = NULL;
    for (troupe_message *at = park->parked.head; at != NULL;) {
        troupe_message *next = at->next;
        if (at->deadline_ns <= worker->now_ns) {
            give_back(park, previous, at, TROUPE_ERROR_EXPIRED);
        } else if (wait_limit_of(at) <= worker->now_ns) {
            give_back(park, previous, at, TROUPE_ERROR_TIMED_OUT);
        } else {
            previous = at;
        }
        at = next;
    }
}

static void timer_fired(tr_timer *timer, void *context)
{
    (void) timer;
    tr_park *park = context;
    tr_worker *worker = park->actor->worker;
    return_expired(worker, park);
    if (park->count > 0 && park->probe_due_ns <= worker->now_ns) {
        tr_probe_start_parked(worker, park->actor);
        park->probe_pause_ns = park->probe_pause_ns * 2 < TR_PROBE_PAUSE_MAX_NS
                                   ? park->probe_pause_ns * 2
                                   : TR_PROBE_PAUSE_MAX_NS;
        park->probe_due_ns = worker->now_ns + park->probe_pause_ns;
    }
    set_timer(worker, park);
    tr_worker_make_runnable(worker, park->actor);
}

static tr_park *park_of(tr_worker *worker, tr_actor *actor)
{
    tr_extra *extra = tr_actor_extra(worker, actor);
    if (extra == NULL || extra->park != NULL) {
        return extra == NULL ? NULL : extra->park;
    }
    const uint32_t place_count = actor->settings->parked_max;
    tr_park *park = tr_allocate(worker->system->ports.allocator, park_size(place_count));
    if (park != NULL) {
        park->actor = actor;
        park->place_count = place_count;
        tr_timer_init(&park->timer, timer_fired, park);
        extra->park = park;
        actor->has_park = true;
    }
    return park;
}

static struct place *place_for(tr_park *park, tr_address to)
{
    struct place *unused = NULL;
    for (uint32_t i = 0; i < park->place_count; i++) {
        struct place *place = &park->places[i];
        if (place->ticket == 0) {
            unused = place;
        } else if (tr_address_is_same(place->to, to)) {
            return place;
        }
    }
    return unused;
}

/* Asks for a place for the message that is first for this receiver. */
static void enter_line(tr_worker *worker, tr_park *park, struct place *place, troupe_message *enter,
                       const troupe_message *first)
{
    tr_actor *actor = park->actor;
    place->to = first->receiver;
    place->ticket = ++actor->tickets_made;
    place->since_ns = worker->now_ns;
    actor->tickets++;
    enter->sender = actor->address;
    enter->receiver = place->to;
    enter->correlation = place->ticket;
    enter->size = tr_message_charge(first);
    tr_message_set_kind(enter, TR_KIND_LINE_ENTER);
    tr_slot *slot = tr_system_slot(worker->system, place->to);
    (void) tr_slot_set_waiting(slot, place->to.generation, 0); /* the owner sees to it anyway */
    tr_worker_route(worker, enter);
}

static void park_message(tr_worker *worker, tr_park *park, tr_sending *sending)
{
    troupe_message *message = tr_send_take(worker, sending);
    if (park->count == 0) {
        park->probe_pause_ns = TR_PROBE_AFTER_NS;
        park->probe_due_ns = worker->now_ns + TR_PROBE_AFTER_NS;
    }
    limit_wait(message, sending->park_until_ns);
    tr_queue_push(&park->parked, message);
    park->count++;
    park->bytes += message->size;
    sending->was_parked = true;
    set_timer(worker, park);
    tr_ledger_add(&worker->ledger, TR_COUNT_WAITED, 1);
}

troupe_error tr_park_add(tr_worker *worker, tr_sending *sending)
{
    tr_actor *actor = sending->sender;
    TR_REQUIRE(actor->state == TR_ACTOR_LIVE, MAILBOX_FULL);
    tr_park *park = park_of(worker, actor);
    TR_REQUIRE(park != NULL, NO_MEMORY);
    const uint64_t size = (*sending->message)->size;
    TR_REQUIRE(park->count < actor->settings->parked_max, LIMIT_REACHED);
    TR_REQUIRE(park->bytes + size <= actor->settings->parked_bytes, LIMIT_REACHED);
    struct place *place = place_for(park, sending->to);
    TR_REQUIRE(place != NULL, LIMIT_REACHED);
    if (place->ticket != 0) {
        park_message(worker, park, sending);
        return TROUPE_OK;
    }
    troupe_message *enter = tr_message_of_kind(&worker->pool, TR_KIND_LINE_ENTER);
    TR_REQUIRE(enter != NULL, NO_MEMORY);
    park_message(worker, park, sending);
    enter_line(worker, park, place, enter, park->parked.tail);
    return TROUPE_OK;
}

bool tr_park_has(const tr_actor *actor, tr_address to)
{
    if (!tr_park_is_used(actor)) {
        return false;
    }
    for (const troupe_message *at = actor->extra->park->parked.head; at != NULL; at = at->next) {
        if (tr_address_is_same(at->receiver, to)) {
            return true;
        }
    }
    return false;
}

const troupe_message *tr_park_first(const tr_actor *actor)
{
    return tr_park_is_used(actor) ? actor->extra->park->parked.head : NULL;
}

uint32_t tr_park_count_used(const tr_actor *actor)
{
    return actor->extra->park->count;
}

uint32_t tr_park_held(const tr_actor *actor)
{
    uint32_t held = tr_park_count(actor);
    const troupe_message *at = tr_park_is_used(actor) ? actor->extra->park->returned.head : NULL;
    for (; at != NULL; at = at->next) {
        held++;
    }
    return held;
}

/* The first parked message for the receiver, and the one before it in the queue. */
static troupe_message *first_for(const tr_park *park, tr_address to, troupe_message **out_previous)
{
    *out_previous = NULL;
    troupe_message *at = park->parked.head;
    while (at != NULL && !tr_address_is_same(at->receiver, to)) {
        *out_previous = at;
        at = at->next;
    }
    return at;
}

static void return_all_for(tr_park *park, tr_address to, troupe_error reason)
{
    troupe_message *previous = NULL;
    for (troupe_message *at = first_for(park, to, &previous); at != NULL;
         at = first_for(park, to, &previous)) {
        give_back(park, previous, at, reason);
    }
}

static struct place *place_of_ticket(tr_park *park, uint64_t ticket)
{
    for (uint32_t i = 0; i < park->place_count; i++) {
        if (park->places[i].ticket == ticket) {
            return &park->places[i];
        }
    }
    return NULL;
}

/* The line was passed on: all that is parked for this receiver goes to who grants the place. */
static void follow(tr_park *park, struct place *place, tr_address to)
{
    for (troupe_message *at = park->parked.head; at != NULL; at = at->next) {
        if (tr_address_is_same(at->receiver, place->to)) {
            at->receiver = to;
        }
    }
    place->to = to;
}

/* Uses a granted place for the first message, and asks for the next. False: there is none that it
 * fits, and the place is to be returned. */
static bool use_place(tr_worker *worker, tr_park *park, struct place *place, troupe_message *grant)
{
    troupe_message *previous = NULL;
    troupe_message *first = first_for(park, place->to, &previous);
    if (first == NULL || tr_message_charge(first) != grant->size) {
        return false;
    }
    cut_out(park, previous, first);
    tr_worker_post(worker, tr_system_slot(worker->system, place->to), first);
    return true;
}

/* Asks for a place for what is still parked for this receiver. */
static void ask_again(tr_worker *worker, tr_park *park, struct place *place,
                      troupe_message *envelope)
{
    troupe_message *previous = NULL;
    const troupe_message *next = first_for(park, place->to, &previous);
    if (next == NULL) {
        if (envelope != NULL) {
            tr_message_free(&worker->pool, envelope);
        }
        return;
    }
    if (envelope == NULL) {
        envelope = tr_message_of_kind(&worker->pool, TR_KIND_LINE_ENTER);
    }
    if (envelope == NULL) {
        return_all_for(park, place->to, TROUPE_ERROR_NO_MEMORY);
        return;
    }
    enter_line(worker, park, place, envelope, next);
}

bool tr_park_granted(tr_worker *worker, tr_actor *actor, troupe_message *grant)
{
    tr_park *park = tr_park_is_used(actor) ? actor->extra->park : NULL;
    struct place *place = park != NULL ? place_of_ticket(park, grant->correlation) : NULL;
    if (place == NULL) {
        return false;
    }
    place->ticket = 0;
    const troupe_error error = (troupe_error) grant->value;
    bool is_taken = true;
    if (error) {
        return_all_for(park, place->to, error);
        tr_message_free(&worker->pool, grant);
    } else {
        if (!tr_address_is_same(grant->sender, place->to)) {
            follow(park, place, grant->sender);
        }
        is_taken = use_place(worker, park, place, grant);
        ask_again(worker, park, place, is_taken ? grant : NULL);
    }
    set_timer(worker, park);
    if (actor->state == TR_ACTOR_LIVE) {
        tr_worker_make_runnable(worker, actor);
    }
    return is_taken;
}

troupe_message *tr_park_take_returned(tr_actor *actor, troupe_error *out_reason)
{
    if (!tr_park_is_used(actor)) {
        return NULL;
    }
    troupe_message *message = tr_queue_pop(&actor->extra->park->returned);
    if (message != NULL) {
        *out_reason = (troupe_error) message->deadline_ns;
        message->deadline_ns = TR_NEVER;
    }
    return message;
}

void tr_park_return_all(tr_actor *actor, troupe_error reason)
{
    if (!tr_park_is_used(actor)) {
        return;
    }
    tr_park *park = actor->extra->park;
    while (park->parked.head != NULL) {
        give_back(park, NULL, park->parked.head, reason);
    }
}

bool tr_park_edge(const tr_actor *actor, uint64_t choice, tr_address *out_to, uint64_t *out_ticket,
                  uint64_t *out_since_ns)
{
    const tr_park *park = tr_park_count(actor) > 0 ? actor->extra->park : NULL;
    uint32_t count = 0;
    for (uint32_t i = 0; park != NULL && i < park->place_count; i++) {
        count += park->places[i].ticket != 0 ? 1 : 0;
    }
    if (count == 0) {
        return false;
    }
    uint64_t skip = choice % count;
    const struct place *place = park->places;
    while (place->ticket == 0 || skip-- > 0) {
        place++;
    }
    *out_to = place->to;
    *out_ticket = place->ticket;
    *out_since_ns = place->since_ns;
    return true;
}

void tr_park_break(tr_worker *worker, tr_actor *actor, uint64_t ticket)
{
    tr_park *park = actor->extra->park;
    const struct place *place = place_of_ticket(park, ticket);
    troupe_message *previous = NULL;
    troupe_message *first = place != NULL ? first_for(park, place->to, &previous) : NULL;
    if (first != NULL) {
        give_back(park, previous, first, TROUPE_ERROR_WOULD_DEADLOCK);
        set_timer(worker, park);
        tr_worker_make_runnable(worker, actor);
    }
}

void tr_park_pack_timer(tr_worker *worker, tr_actor *actor, tr_list *packed)
{
    if (tr_park_is_used(actor)) {
        tr_timers_pack(&worker->timers, &actor->extra->park->timer, packed);
    }
}

void tr_park_free(tr_worker *worker, tr_actor *actor)
{
    if (!tr_park_is_used(actor)) {
        return;
    }
    tr_park *park = actor->extra->park;
    actor->extra->park = NULL;
    actor->has_park = false;
    if (tr_timer_is_running(&park->timer)) {
        tr_timers_cancel(&worker->timers, &park->timer);
    }
    tr_queue *queues[] = {&park->parked, &park->returned};
    for (size_t i = 0; i < 2; i++) {
        for (troupe_message *at = tr_queue_pop(queues[i]); at != NULL;
             at = tr_queue_pop(queues[i])) {
            tr_message_free(&worker->pool, at);
        }
    }
    tr_free(worker->system->ports.allocator, park, park_size(park->place_count));
}
