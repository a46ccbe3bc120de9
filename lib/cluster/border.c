/* SPDX-License-Identifier: MIT */
#include "cluster/border.h"

#include "base/assert.h"
#include "base/log.h"
#include "cluster/carrier.h"
#include "cluster/incoming.h"
#include "cluster/outgoing.h"
#include "cluster/peer.h"
#include "cluster/rings.h"
#include "core/bracket.h"
#include "core/far.h"

/* Of frames that wait to be used again: as many as a session keeps. */
#define SPARE_BYTES TR_SESSION_BYTES_MAX

/* What the core tells. */

static void want(tr_worker *worker, tr_actor *home, uint64_t node);
static void disown(tr_worker *worker, tr_actor *home, troupe_ref actor);
static void tell(tr_worker *worker, tr_actor *home);

/* Its actor. */

struct root {
    tr_border *border;
};

static troupe_error start(troupe_self *self, void *state, void *argument)
{
    tr_border *border = argument;
    ((struct root *) state)->border = border;
    border->worker = tr_enter(self);
    border->root = self->actor->address;
    self->actor->is_home = true;
    self->actor->is_own = true;
    tr_far_set_home(border->system, border->root);
    tr_herald_tell(&border->herald); /* who has watched before */
    tr_leave(self);
    return TROUPE_OK;
}

static void stop(troupe_self *self, void *state, troupe_error reason)
{
    (void) reason;
    (void) tr_enter(self);
    tr_border *border = ((struct root *) state)->border;
    border->root = (tr_address) {0};
    tr_far_set_home(border->system, border->root);
    if (border->wire.closed != NULL) {
        border->wire.closed(border->wire.context);
    }
    tr_leave(self);
}

static void want(tr_worker *worker, tr_actor *home, uint64_t node)
{
    (void) worker;
    if (home->is_started) {
        tr_border_want(((struct root *) home->state_block)->border, node);
    }
}

static void tell(tr_worker *worker, tr_actor *home)
{
    (void) worker;
    if (home->is_started) {
        tr_herald_tell(&((struct root *) home->state_block)->border->herald);
    }
}

static void disown(tr_worker *worker, tr_actor *home, troupe_ref actor)
{
    (void) worker;
    tr_peer *peer = home->is_started
                        ? tr_border_peer(((struct root *) home->state_block)->border, actor.node)
                        : NULL;
    if (peer != NULL && peer->is_connected) {
        tr_outgoing_push_stop(peer, actor);
    }
}

static const troupe_behavior border_behavior =
    TROUPE_BEHAVIOR(.name = "border", .state_size = sizeof(struct root), .start = start,
                    .stop = stop);

troupe_spawn_options tr_border_spawn_options(tr_border *border)
{
    return (troupe_spawn_options) {.size = sizeof(troupe_spawn_options),
                                   .behavior = &border_behavior,
                                   .argument = border,
                                   .pinned = 1};
}

static const tr_far_port far_port = {.home = &border_behavior,
                                     .arrive = tr_carrier_arrive,
                                     .blocks = tr_landing_blocks,
                                     .land = tr_landing_land,
                                     .granted = tr_landing_granted,
                                     .monitor = tr_carrier_monitor,
                                     .demonitor = tr_carrier_demonitor,
                                     .give_up = tr_carrier_give_up,
                                     .probe = tr_rings_leave,
                                     .disown = disown,
                                     .want = want,
                                     .tell = tell};

/* Life. */

void tr_border_init(tr_border *border, tr_system *system, const tr_wire_port *wire)
{
    const troupe_allocator *allocator = system->ports.allocator;
    *border = (tr_border) {.system = system,
                           .wire = *wire,
                           .body = {.allocator = allocator},
                           .squeezed = {.allocator = allocator}};
    tr_crates_init(&border->crates, allocator, SPARE_BYTES);
    tr_map_init(&border->peers, allocator);
    tr_nursery_init(&border->nursery, border);
    tr_herald_init(&border->herald, border);
    tr_arena_init(&border->frame_arena, allocator, TR_UNPACK_BYTES_MAX);
    tr_unpacker_init(&border->unpacker, allocator, TR_UNPACK_BYTES_MAX);
    tr_far_open(system, &far_port);
}

void tr_border_set_rights(tr_border *border, const tr_rights_port *rights)
{
    border->rights = *rights;
}

void tr_border_set_lender(tr_border *border, const tr_lender *lender)
{
    border->unpacker.lender = lender;
}

void tr_border_fini(tr_border *border)
{
    for (tr_map_node *node = tr_map_first(&border->peers); node != NULL;
         node = tr_map_first(&border->peers)) {
        tr_peer_destroy(TR_CONTAINER_OF(node, tr_peer, by_node));
    }
    tr_map_fini(&border->peers);
    tr_nursery_fini(&border->nursery);
    tr_herald_fini(&border->herald);
    tr_arena_fini(&border->frame_arena);
    tr_unpacker_fini(&border->unpacker);
    if (border->frame != NULL) {
        tr_crate_drop(border->frame);
    }
    tr_crates_clear(&border->crates);
    tr_scratch_fini(&border->body);
    tr_scratch_fini(&border->squeezed);
}

static bool is_node(const tr_map_node *node, const void *key)
{
    return TR_CONTAINER_OF_CONST(node, tr_peer, by_node)->node == *(const uint64_t *) key;
}

tr_peer *tr_border_peer(const tr_border *border, uint64_t node)
{
    tr_map_node *found = tr_map_find(&border->peers, tr_hash_u64(node), is_node, &node);
    return found != NULL ? TR_CONTAINER_OF(found, tr_peer, by_node) : NULL;
}

bool tr_border_is_connected(const tr_border *border, uint64_t node)
{
    const tr_peer *peer = tr_border_peer(border, node);
    return peer != NULL && peer->is_connected;
}

/* Connections. */

static void read_clock(tr_border *border)
{
    const tr_clock *clock = &border->system->ports.clock;
    border->worker->now_ns = clock->now_ns(clock->context);
}

static bool is_gone(const tr_border *border, uint64_t node)
{
    const uint32_t known = border->gone_count < TR_GONE_MAX ? border->gone_count : TR_GONE_MAX;
    for (uint32_t i = 0; i < known; i++) {
        if (border->gone[i] == node) {
            return true;
        }
    }
    return false;
}

/* Of one that is over nothing is left but that it is, if its actors have ended. */
static void clear_gone(const tr_border *border, uint64_t node)
{
    tr_peer *peer = tr_border_peer(border, node);
    if (peer != NULL && tr_peer_actor(peer, peer->carrier) == NULL &&
        tr_peer_actor(peer, peer->entrance) == NULL) {
        tr_peer_destroy(peer);
    }
}

/* The oldest of those that are over is forgotten: for who asks it is UNREACHABLE. */
static void note_gone(tr_border *border, uint64_t node)
{
    uint64_t *place = &border->gone[border->gone_count % TR_GONE_MAX];
    if (border->gone_count >= TR_GONE_MAX) {
        tr_far_remove(border->system, *place);
        clear_gone(border, *place);
    }
    *place = node;
    border->gone_count++;
}

/* Whether there is room for one more peer. */
static bool make_room(const tr_border *border)
{
    const uint32_t known = border->gone_count < TR_GONE_MAX ? border->gone_count : TR_GONE_MAX;
    for (uint32_t i = 0; i < known && border->peers.count >= TR_PEERS_MAX; i++) {
        clear_gone(border, border->gone[i]);
    }
    return border->peers.count < TR_PEERS_MAX;
}

troupe_error tr_border_connected(tr_border *border, uint64_t node)
{
    TR_REQUIRE(node != 0 && node != border->system->options.node_id, BAD_ARGUMENT);
    TR_REQUIRE(!is_gone(border, node), STALE);
    TR_REQUIRE(border->root.generation != 0, STOPPING);
    read_clock(border);
    tr_peer *peer = tr_border_peer(border, node);
    if (peer == NULL) {
        TR_REQUIRE(make_room(border), LIMIT_REACHED);
        const troupe_error error = tr_peer_create(border, node, &peer);
        if (error) {
            return error;
        }
    } else if (peer->is_connected) {
        tr_border_lost(border, node, TROUPE_ERROR_NODE_LOST);
    }
    return tr_peer_connect(peer);
}

void tr_border_give_windows(tr_border *border, uint64_t node, uint64_t messages, uint64_t bytes)
{
    tr_peer *peer = tr_border_peer(border, node);
    if (peer != NULL && peer->is_connected) {
        tr_outlet_open(peer, messages, bytes);
    }
}

void tr_border_give_squeezed(tr_border *border, uint64_t node)
{
    tr_peer *peer = tr_border_peer(border, node);
    if (peer != NULL && peer->is_connected) {
        peer->squeezes = border->squeezes;
    }
}

void tr_border_give_repeats(tr_border *border, uint64_t node)
{
    tr_peer *peer = tr_border_peer(border, node);
    if (peer != NULL && peer->is_connected) {
        peer->repeats = true;
    }
}

void tr_border_set_squeezes(tr_border *border, bool squeezes)
{
    border->squeezes = squeezes;
}

void tr_border_lost(tr_border *border, uint64_t node, troupe_error reason)
{
    tr_peer *peer = tr_border_peer(border, node);
    const bool is_over = reason == TROUPE_ERROR_STALE;
    if (peer == NULL || border->worker == NULL || is_gone(border, node)) {
        return;
    }
    if (peer->is_connected) {
        char title[TR_NODE_TITLE_SIZE];
        tr_nodes_write_title(border->system, node, title);
        /* Of one that has left, who has its connection says so, too. */
        tr_log_write(border->system->ports.log, is_over ? TROUPE_LOG_INFO : TROUPE_LOG_NOTICE,
                     "border: node %s is %s; who waits for it is told", title,
                     is_over ? "not there any more" : "lost");
    }
    read_clock(border);
    tr_peer_lose(peer, TROUPE_ERROR_NODE_LOST,
                 is_over ? TROUPE_ERROR_STALE : TROUPE_ERROR_UNREACHABLE);
    if (is_over) {
        note_gone(border, node);
    }
}

void tr_border_want(tr_border *border, uint64_t node)
{
    unsigned char frame[TR_FRAME_HEAD_BYTES_MAX];
    tr_frame_writer writer = {.data = frame, .capacity = sizeof frame};
    const tr_frame_head head = {.from = border->system->options.node_id, .to = node};
    if (tr_border_is_connected(border, node) || is_gone(border, node)) {
        return;
    }
    tr_frame_begin(&writer, &head);
    /* If it is taken: it is of no connection, and nobody takes it in. */
    (void) border->wire.send(border->wire.context, node, frame, writer.size);
}

void tr_border_ready(tr_border *border, uint64_t node)
{
    tr_peer *peer = tr_border_peer(border, node);
    if (peer != NULL && peer->is_connected) {
        read_clock(border);
        tr_outgoing_flush(peer);
    }
}

/* Frames. */

bool tr_border_make_room(tr_border *border, size_t size)
{
    if (border->frame != NULL && border->frame->capacity >= size) {
        return true;
    }
    tr_crate *larger = tr_crates_take(&border->crates, size);
    if (larger != NULL && border->frame != NULL) {
        tr_crates_give(border->frame);
    }
    border->frame = larger != NULL ? larger : border->frame;
    return larger != NULL;
}

bool tr_border_may_add(const tr_border *border, uint64_t node)
{
    const tr_wire_port *wire = &border->wire;
    return wire->may_add == NULL || wire->may_add(wire->context, node);
}

bool tr_border_send(tr_border *border, uint64_t node, size_t size)
{
    const tr_wire_port *wire = &border->wire;
    tr_crate *frame = border->frame;
    frame->size = size;
    /* Not to keep so much for so little; of what is bulk there is not much at a time. */
    if (wire->give == NULL || (size < frame->capacity / 2 && frame->bulk == 0)) {
        return wire->send(wire->context, node, frame->data, size);
    }
    border->frame = NULL; /* it is the wire's, which may ask for the next one */
    if (wire->give(wire->context, node, frame)) {
        return true;
    }
    tr_crates_give(frame);
    return false;
}

/* The frame was for an incarnation of this node that is over. */
static void say_gone(tr_border *border, const tr_frame_head *head)
{
    unsigned char frame[TR_FRAME_HEAD_BYTES_MAX];
    tr_frame_writer writer = {.data = frame, .capacity = sizeof frame};
    const tr_frame_head answer = {
        .from = border->system->options.node_id, .to = head->from, .gone = head->to};
    tr_frame_begin(&writer, &answer);
    /* Not now: they will send another. */
    (void) border->wire.send(border->wire.context, head->from, frame, writer.size);
}

/* A frame of another connection of theirs than the last one came. Whether it is to be taken in. */
static bool meet_connection(tr_peer *peer, const tr_frame_head *head)
{
    tr_border *border = peer->border;
    if (head->connection < peer->their_connection || head->connection < peer->their_least) {
        /* They may not know yet that there is a new one. */
        border->counts.frames_old++;
        peer->greets = true;
        tr_outgoing_flush_soon(peer);
        return false;
    }
    if (peer->has_heard) { /* they have lost it, and we have not been told */
        tr_border_lost(border, peer->node, TROUPE_ERROR_NODE_LOST);
        if (tr_peer_connect(peer) != TROUPE_OK) {
            return false;
        }
    }
    peer->their_connection = head->connection;
    peer->their_sequence = 0;
    return true;
}

/* Whether the frame is the next, or one after a gap, which is then told. */
static bool is_in_order(tr_peer *peer, const tr_frame_head *head)
{
    tr_border *border = peer->border;
    if (head->sequence <= peer->their_sequence) {
        border->counts.frames_late++;
        return false;
    }
    const uint64_t missing = head->sequence - peer->their_sequence - 1;
    peer->their_sequence = head->sequence;
    if (missing > 0) {
        border->counts.frames_missing += missing;
        tr_pieces_clear(peer); /* there may have been some in them */
        char title[TR_NODE_TITLE_SIZE];
        tr_nodes_write_title(border->system, peer->node, title);
        tr_log_write(border->system->ports.log, TROUPE_LOG_WARNING,
                     "border: %llu frames of node %s are missing before number %llu; what was in "
                     "them is lost",
                     (unsigned long long) missing, title, (unsigned long long) head->sequence);
    }
    return true;
}

/* When the node stops a carrier that is choked ends later than who takes in what comes. */
static bool is_open(const tr_peer *peer)
{
    const tr_actor *entrance = tr_peer_actor(peer, peer->entrance);
    return entrance != NULL && entrance->state == TR_ACTOR_LIVE;
}

/* The connected peer that has sent the frame, if it is to be taken in. */
static tr_peer *find_sender(tr_border *border, uint64_t from_node, const tr_frame_head *head)
{
    if (head->from != from_node) {
        border->counts.frames_malformed++;
        return NULL;
    }
    if (head->gone != 0) {
        if (border->wire.believes == NULL ||
            border->wire.believes(border->wire.context, from_node, head->gone)) {
            tr_border_lost(border, head->gone, TROUPE_ERROR_STALE); /* of us there is no peer */
        }
        return NULL;
    }
    tr_peer *peer = tr_border_peer(border, from_node);
    if (head->to != border->system->options.node_id) {
        border->counts.frames_strange++;
        say_gone(border, head);
        return NULL;
    }
    if (peer == NULL || !peer->is_connected || !is_open(peer)) {
        border->counts.frames_strange++;
        return NULL;
    }
    if (head->connection != peer->their_connection || head->connection < peer->their_least) {
        return meet_connection(peer, head) && is_in_order(peer, head) ? peer : NULL;
    }
    return is_in_order(peer, head) ? peer : NULL;
}

/* It is no frame, or there is no memory to read it. */
static void refuse_frame(tr_border *border, uint64_t from_node)
{
    tr_peer *peer = tr_border_peer(border, from_node);
    if (!border->frame_arena.lacks_memory) {
        border->counts.frames_malformed++;
    } else {
        border->counts.frames_missing++;
        if (peer != NULL && peer->is_connected) {
            tr_outgoing_break(peer);
        }
    }
}

/* Time that the frame has waited is off the budgets in it. */
static tr_envelope older_of(const tr_envelope *envelope, uint64_t age_ns)
{
    tr_envelope older = *envelope;
    older.budget_ns = older.budget_ns > age_ns ? older.budget_ns - age_ns : 1;
    return older;
}

static tr_rights rights_of(const tr_border *border, uint64_t node)
{
    const tr_rights_port *port = &border->rights;
    return port->of != NULL ? port->of(port->context, node)
                            : (tr_rights) {.granted = TR_RIGHTS_ALL};
}

void tr_border_accept(tr_border *border, uint64_t from_node, const void *frame, size_t size,
                      uint64_t age_ns)
{
    tr_frame_head head;
    tr_frame_reader reader;
    border->counts.frames_received++;
    if (border->root.generation == 0) {
        border->counts.frames_strange++;
        return;
    }
    read_clock(border);
    tr_unpacker_begin(&border->unpacker);
    if (!tr_frame_read(&border->frame_arena, frame, size, &head, &reader)) {
        refuse_frame(border, from_node);
        return;
    }
    tr_peer *peer = find_sender(border, from_node, &head);
    if (peer == NULL) {
        return;
    }
    peer->has_heard = true;
    peer->rights = rights_of(border, from_node);
    border->counts.envelopes_received += reader.count;
    tr_nodes_count(&peer->known->received, reader.count);
    for (size_t i = 0; i < reader.count && peer->is_connected; i++) {
        const tr_envelope *envelope = tr_frame_look(&reader, i);
        if (envelope == NULL) {
            border->counts.envelopes_refused++;
        } else if (envelope->budget_ns == 0) {
            tr_incoming_take(peer, envelope);
        } else {
            const tr_envelope older = older_of(envelope, age_ns);
            tr_incoming_take(peer, &older);
        }
    }
}
