/* SPDX-License-Identifier: MIT */
/* Taps: an actor of its own for each, which keeps the copies until they are asked for. */
#include <string.h>
#include <troupe/ask.h>
#include <troupe/monitor.h>
#include <troupe/nodes.h>
#include <troupe/send.h>
#include <troupe/spawn.h>

#include "base/assert.h"
#include "base/memory.h"
#include "core/tap.h"
#include "node/inspect.h"
#include "node/inspector.h"

/* Notes that wait to be asked for, beside those in its mailbox; and those in one answer. */
#define NOTES_MAX 256
#define NOTES_PER_ANSWER 64
/* How long it lives unasked, and lets who asks wait. */
#define IDLE_NS UINT64_C(60000000000)
#define WITHIN_DEFAULT_NS UINT64_C(1000000000)
#define WITHIN_MAX_NS UINT64_C(30000000000)
/* What a worker is given to put the tap on, and how often an actor that moves is looked for. */
#define PUT_NS UINT64_C(500000000)
#define PUT_TRIES 8

/* What the tap's actor is to do. */
struct order {
    tr_tap *tap; /* a share */
    troupe_ref target;
    uint64_t number;
};

static void end_order(void *body)
{
    tr_tap_release(&((struct order *) body)->tap);
}

static const troupe_type order_type = TROUPE_TYPE_WITH(struct order, .fini = end_order);

/* What it has. */
struct ear {
    const troupe_allocator *allocator;
    tr_tap *tap; /* a share */
    uint64_t number;
    troupe_ref target;
    troupe_message *notes[NOTES_MAX]; /* the oldest first */
    size_t count;
    uint64_t heard;
    troupe_message *request; /* that waits for a note; NULL: none */
    uint64_t until_ns;       /* by when it is answered, or else another has to come */
    uint64_t asker;          /* the node of who has asked last */
    bool is_over;            /* the actor has ended */
};

/* Answering. */

struct answer {
    Troupe__Inspect__Tapped tapped;
    Troupe__Inspect__TappedMessage messages[NOTES_PER_ANSWER];
    Troupe__Inspect__TappedMessage *pointers[NOTES_PER_ANSWER];
    Troupe__Ref senders[NOTES_PER_ANSWER];
    size_t texts[NOTES_PER_ANSWER]; /* where in the buffer; SIZE_MAX: it has none */
};

static const tr_tap_note *note_of(const troupe_message *message)
{
    return troupe_message_struct(message, &tr_tap_note_type);
}

/* Puts the text behind the others. SIZE_MAX: there is none. False: there is no room for it, but
 * there may be in the next answer. */
static bool add_text(const struct ear *ear, const tr_tap_note *note, tr_json_buffer *texts,
                     size_t *out_place)
{
    tr_json_buffer json = {.allocator = ear->allocator, .limit = texts->limit};
    bool fits = true;
    *out_place = SIZE_MAX;
    if (note->copy != NULL && tr_inspector_show(note->copy, &json)) {
        fits = json.size <= texts->limit - texts->size || texts->size == 0;
        if (fits) {
            *out_place = texts->size;
            tr_json_buffer_append(texts, json.data, json.size);
            *out_place = texts->is_full ? SIZE_MAX : *out_place;
        }
    }
    tr_json_buffer_free(&json);
    return fits;
}

static void add_message(struct answer *answer, size_t place, const tr_tap_note *note)
{
    Troupe__Inspect__TappedMessage *shown = &answer->messages[place];
    *shown = (Troupe__Inspect__TappedMessage) TROUPE__INSPECT__TAPPED_MESSAGE__INIT;
    shown->at_ns = note->at_ns;
    shown->type = (char *) (uintptr_t) note->type; /* read only */
    shown->size = note->size;
    if (!troupe_ref_is_none(note->sender)) {
        shown->sender = tr_inspector_ref(&answer->senders[place], note->sender);
    }
    answer->pointers[place] = shown;
}

static void forget(struct ear *ear, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        troupe_message_destroy(&ear->notes[i]);
    }
    ear->count -= count;
    for (size_t i = 0; i < ear->count; i++) {
        ear->notes[i] = ear->notes[i + count];
    }
}

static void fill(struct ear *ear, struct answer *answer, tr_json_buffer *texts)
{
    Troupe__Inspect__Tapped *tapped = &answer->tapped;
    *tapped = (Troupe__Inspect__Tapped) TROUPE__INSPECT__TAPPED__INIT;
    size_t count = 0;
    for (; count < ear->count && count < NOTES_PER_ANSWER; count++) {
        const tr_tap_note *note = note_of(ear->notes[count]);
        if (!add_text(ear, note, texts, &answer->texts[count])) {
            break;
        }
        add_message(answer, count, note);
    }
    for (size_t i = 0; i < count; i++) {
        if (answer->texts[i] != SIZE_MAX) {
            answer->messages[i].json = (char *) texts->data + answer->texts[i];
        }
    }
    const uint64_t notes = atomic_load_explicit(&ear->tap->notes, memory_order_relaxed);
    tapped->number = ear->number;
    tapped->n_messages = count;
    tapped->messages = answer->pointers;
    tapped->seen = atomic_load_explicit(&ear->tap->seen, memory_order_relaxed);
    tapped->missed = notes > ear->heard ? notes - ear->heard : 0;
    tapped->is_over = ear->is_over && count == ear->count;
}

/* To the request that waits. */
static void give(troupe_self *self, struct ear *ear)
{
    tr_json_buffer texts = {.allocator = ear->allocator, .limit = TR_INSPECTOR_SHOWN_MAX};
    struct answer *answer = tr_allocate_unset(ear->allocator, sizeof *answer);
    if (answer != NULL) {
        fill(ear, answer, &texts);
        (void) !troupe_reply(self, ear->request, &answer->tapped.base);
        forget(ear, answer->tapped.n_messages);
        tr_free(ear->allocator, answer, sizeof *answer);
    } else {
        (void) !troupe_reply_error(self, ear->request, TROUPE_ERROR_NO_MEMORY);
    }
    tr_json_buffer_free(&texts);
    troupe_message_destroy(&ear->request);
    ear->until_ns = troupe_self_now_ns(self) + IDLE_NS;
}

/* The tap's actor. */

static void take_note(struct ear *ear, troupe_message **message)
{
    if (ear->count < NOTES_MAX) {
        ear->heard++;
        ear->notes[ear->count++] = *message;
        *message = NULL;
    }
}

/* False: it was the last. */
static bool take_request(troupe_self *self, struct ear *ear, troupe_message **message)
{
    const Troupe__Inspect__Tap *wanted =
        (const void *) troupe_message_as(*message, &troupe__inspect__tap__descriptor);
    const bool ends = wanted->ends != 0;
    uint64_t within_ns = wanted->within_ns != 0 ? wanted->within_ns : WITHIN_DEFAULT_NS;
    within_ns = within_ns < WITHIN_MAX_NS ? within_ns : WITHIN_MAX_NS;
    if (ear->request != NULL) {
        give(self, ear); /* who has asked twice gets two answers */
    }
    ear->request = *message;
    *message = NULL;
    ear->asker = troupe_message_sender(ear->request).node;
    ear->until_ns = troupe_self_now_ns(self) + within_ns;
    if (ends) {
        tr_tap_end(ear->tap); /* who is answered can begin another */
    }
    if (ends || ear->count > 0 || ear->is_over) {
        give(self, ear);
    }
    return !ends;
}

/* What is left of the time; 0: nothing, however much comes. */
static uint64_t patience_ns(troupe_self *self, const struct ear *ear)
{
    const uint64_t now_ns = troupe_self_now_ns(self);
    return ear->until_ns > now_ns ? ear->until_ns - now_ns : 0;
}

/* Whether the node of who asks is not connected any more: the one who asked may be dead. */
static bool is_cut_off(troupe_self *self, const struct ear *ear)
{
    const tr_system *system = &troupe_self_node(self)->system;
    troupe_node_info info;
    return ear->asker != system->options.node_id && tr_nodes_look(system, ear->asker, &info) &&
           info.state != TROUPE_NODE_CONNECTED && info.state != TROUPE_NODE_SUSPECTED;
}

static void listen_on(troupe_self *self, struct ear *ear)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    bool goes_on = true;
    (void) !troupe_watch_nodes(self); /* else it ends when it is left alone */
    while (goes_on) {
        const uint64_t left_ns = patience_ns(self, ear);
        const troupe_error error =
            left_ns > 0 ? troupe_receive(self, &message, troupe_timeout_of_ns(left_ns))
                        : TROUPE_ERROR_TIMED_OUT;
        if (error == TROUPE_ERROR_TIMED_OUT && ear->request != NULL) {
            give(self, ear);
        } else if (error) {
            goes_on = false; /* told to stop, or left alone */
        } else if (troupe_message_struct(message, &troupe_node_event_type) != NULL) {
            goes_on = !is_cut_off(self, ear);
        } else if (note_of(message) != NULL) {
            take_note(ear, &message);
        } else if (troupe_message_struct(message, &troupe_down_type) != NULL) {
            ear->is_over = true;
        } else if (troupe_message_as(message, &troupe__inspect__tap__descriptor) != NULL) {
            goes_on = take_request(self, ear, &message) && !is_cut_off(self, ear);
        }
        if (ear->request != NULL && (ear->count > 0 || ear->is_over)) {
            give(self, ear);
        }
    }
}

static void free_ear(struct ear *ear)
{
    tr_tap_end(ear->tap);
    tr_tap_release(&ear->tap);
    forget(ear, ear->count);
    troupe_message_destroy(&ear->request);
    tr_free(ear->allocator, ear, sizeof *ear);
}

static struct ear *make_ear(const troupe_allocator *allocator, const struct order *order)
{
    struct ear *ear = tr_allocate(allocator, sizeof *ear);
    if (ear != NULL) {
        *ear = (struct ear) {.allocator = allocator,
                             .tap = tr_tap_share(order->tap),
                             .target = order->target,
                             .number = order->number};
    }
    return ear;
}

static troupe_error ear_body(troupe_self *self, void *argument)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    troupe_monitor_id id;
    (void) argument;
    const struct order *order = NULL;
    while (order == NULL) { /* a note may overtake it */
        if (troupe_receive(self, &message, TROUPE_FOREVER) != TROUPE_OK) {
            return TROUPE_OK;
        }
        order = troupe_message_struct(message, &order_type);
    }
    struct ear *ear = make_ear(troupe_self_allocator(self), order);
    troupe_message_destroy(&message);
    if (ear == NULL) {
        return TROUPE_OK; /* who asks is told that it has ended */
    }
    ear->until_ns = troupe_self_now_ns(self) + IDLE_NS;
    ear->asker = troupe_self_ref(self).node;
    if (troupe_monitor(self, ear->target, &id) == TROUPE_OK) {
        listen_on(self, ear);
    }
    free_ear(ear);
    return TROUPE_OK;
}

/* Putting it on. */

struct putting {
    tr_address target;
    tr_tap *tap;
    troupe_error error;
};

static void put_on(tr_worker *worker, void *context)
{
    struct putting *putting = context;
    tr_actor *actor = tr_actor_at(worker, putting->target);
    /* One that moves is found on its new worker, or by its slot as gone. */
    putting->error = actor != NULL && tr_list_is_linked(&actor->link)
                         ? tr_tap_put(worker, actor, putting->tap)
                         : TROUPE_ERROR_STALE;
}

static troupe_error put_tap(const tr_inspector *inspector, troupe_ref target, tr_tap *tap)
{
    troupe_node *node = inspector->node;
    struct putting putting = {.target = {.slot = target.slot, .generation = target.generation},
                              .tap = tap,
                              .error = TROUPE_ERROR_STALE};
    for (int i = 0; i < PUT_TRIES && putting.error == TROUPE_ERROR_STALE; i++) {
        const tr_slot *slot = tr_system_slot(&node->system, putting.target);
        const uint64_t way = atomic_load_explicit(&slot->way, memory_order_relaxed);
        const uint32_t worker = tr_way_is_moving(way) ? tr_way_to(way) : (uint32_t) way;
        const troupe_error error =
            tr_inspect_worker(node, worker, tr_node_now_ns(node) + PUT_NS, put_on, &putting);
        TR_REQUIRE(error == TROUPE_OK, TIMED_OUT);
    }
    return putting.error;
}

/* The place of the tap with this number; 0: of one that is free. NULL: there is none. */
static tr_inspector_tap *find_tap(tr_inspector *inspector, uint64_t number)
{
    for (size_t i = 0; i < TR_INSPECTOR_TAPS; i++) {
        if (inspector->taps[i].number == number) {
            return &inspector->taps[i];
        }
    }
    return NULL;
}

static troupe_error give_order(troupe_self *self, tr_tap *tap, const tr_inspector_tap *place,
                               troupe_ref target)
{
    TROUPE_AUTO(troupe_message) *message = NULL;
    const struct order order = {
        .tap = tr_tap_share(tap), .target = target, .number = place->number};
    const troupe_error error = troupe_message_create(self, &order_type, &order, &message);
    if (error) {
        tr_tap_release(&tap);
        return error;
    }
    return troupe_send_message(self, place->ear, &message);
}

/* Spawns the tap's actor, and has it told what the target is sent. */
static troupe_error begin(tr_inspector *inspector, troupe_self *self, troupe_ref target,
                          uint32_t one_in, tr_inspector_tap *place)
{
    tr_tap *tap = NULL;
    troupe_monitor_id monitor;
    troupe_error error = tr_tap_create(&inspector->node->settings.allocator, one_in, &tap);
    if (error) {
        return error;
    }
    error = troupe_spawn_nowait(self,
                                TROUPE_SPAWN(.body = ear_body, .place = TROUPE_PLACE_ANY,
                                             .mailbox_capacity = 256, .out_monitor = &monitor),
                                &place->ear);
    if (!error) {
        place->number = ++inspector->taps_begun;
        tap->to = (tr_address) {.slot = place->ear.slot, .generation = place->ear.generation};
        error = give_order(self, tap, place, target);
        error = error ? error : put_tap(inspector, target, tap);
        if (error) {
            tr_tap_end(tap);
            (void) !troupe_stop(self, place->ear); /* it may have ended */
        }
    }
    tr_tap_release(&tap);
    return error;
}

troupe_error tr_inspector_tap_actor(tr_inspector *inspector, troupe_self *self,
                                    troupe_message **request)
{
    const Troupe__Inspect__Tap *wanted =
        (const void *) troupe_message_as(*request, &troupe__inspect__tap__descriptor);
    tr_inspector_tap *place = find_tap(inspector, wanted->number);
    if (place == NULL) {
        return wanted->number == 0 ? TROUPE_ERROR_LIMIT_REACHED : TROUPE_ERROR_STALE;
    }
    if (wanted->number == 0) {
        troupe_ref target;
        troupe_error error = tr_inspector_find(inspector, self, wanted->target, &target);
        error = error ? error : begin(inspector, self, target, wanted->one_in, place);
        if (error) {
            return error;
        }
    }
    return troupe_forward(self, place->ear, request);
}

void tr_inspector_tap_ended(tr_inspector *inspector, troupe_ref ear)
{
    for (size_t i = 0; i < TR_INSPECTOR_TAPS; i++) {
        if (inspector->taps[i].number != 0 && troupe_ref_is_same(inspector->taps[i].ear, ear)) {
            inspector->taps[i] = (tr_inspector_tap) {0};
        }
    }
}
