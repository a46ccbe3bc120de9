/* SPDX-License-Identifier: MIT */
/* What the inspector tells of the node, list by list. */
#include <stdio.h>
#include <string.h>
#include <troupe/ask.h>
#include <troupe/statistics.h>

#include "base/assert.h"
#include "base/memory.h"
#include "cluster/peer.h"
#include "core/far.h"
#include "core/nodes.h"
#include "core/snapshot.h"
#include "node/hub_list.h"
#include "node/inspect.h"
#include "node/inspector.h"

/* What one worker, and all for one answer, are waited for; and how long one that was silent is let
 * alone. */
#define WORKER_NS UINT64_C(200000000)
#define ANSWER_NS UINT64_C(1000000000)
#define ASLEEP_NS UINT64_C(2000000000)
/* Slots that are passed by in search of actors, for one answer. */
#define SLOTS_PER_ANSWER (UINT32_C(1) << 16)
#define NAME_MAX_SHOWN 63
#define PEERS_PER_ANSWER 256

static const troupe_allocator *allocator_of(const tr_inspector *inspector)
{
    return &inspector->node->settings.allocator;
}

/* Workers. */

/* Which were asked, and which did not answer. */
struct asked {
    uint64_t deadline_ns;
    uint32_t silent[TR_ENDS_MAX];
    uint32_t silent_count;
};

static bool ask_worker(tr_inspector *inspector, struct asked *asked, uint32_t index,
                       void (*run)(tr_worker *worker, void *context), void *context)
{
    const uint64_t now_ns = tr_node_now_ns(inspector->node);
    const uint64_t patient_ns = now_ns + WORKER_NS;
    if (inspector->asleep_ns[index] <= now_ns && now_ns < asked->deadline_ns &&
        tr_inspect_worker(inspector->node, index,
                          patient_ns < asked->deadline_ns ? patient_ns : asked->deadline_ns, run,
                          context) == TROUPE_OK) {
        return true;
    }
    if (inspector->asleep_ns[index] <= now_ns) {
        inspector->asleep_ns[index] = tr_node_now_ns(inspector->node) + ASLEEP_NS;
    }
    asked->silent[asked->silent_count++] = index;
    return false;
}

static char *name_of(const troupe_node *node, char name[TR_NAME_MAX + 1])
{
    (void) memcpy(name, node->settings.name, TR_NAME_MAX + 1);
    return tr_inspector_text(name);
}

static uint32_t ends_of(troupe_node *node)
{
    tr_mutex_lock(&node->mutex);
    const uint32_t count = node->ends.count;
    tr_mutex_unlock(&node->mutex);
    return count;
}

/* Actors. */

/* A piece of the list: the slots from `first` on, and what is said of each. */
struct piece {
    uint32_t first;
    uint32_t count;
    troupe_actor_info rows[TR_INSPECTOR_ROWS];
    Troupe__Inspect__Actor actors[TR_INSPECTOR_ROWS];
    Troupe__Inspect__Actor *pointers[TR_INSPECTOR_ROWS];
    Troupe__Ref refs[TR_INSPECTOR_ROWS][3];
    char behaviors[TR_INSPECTOR_ROWS][NAME_MAX_SHOWN + 1];
    /* Of each row, too: whether it is of those that the node itself is made of, and for whom. */
    bool are_own[TR_INSPECTOR_ROWS];
    uint64_t serve[TR_INSPECTOR_ROWS];
    char roles[TR_INSPECTOR_ROWS][NAME_MAX_SHOWN + 1];
    char served[TR_INSPECTOR_ROWS][TROUPE_NODE_NAME_SIZE];
    struct asked asked;
};

/* For which node it is there, if it is of those that stand for others. */
static void look_whom_for(tr_worker *worker, const tr_actor *actor, struct piece *piece,
                          uint32_t row)
{
    const uint64_t node = tr_peer_node_of(actor);
    tr_known_node *known = node != 0 ? tr_nodes_hold(worker->system, node) : NULL;
    piece->serve[row] = node;
    piece->served[row][0] = '\0';
    if (known != NULL) {
        (void) snprintf(piece->served[row], sizeof piece->served[row], "%s", known->info.name);
        tr_nodes_release(worker->system, known);
    }
}

static void look(tr_worker *worker, void *context)
{
    struct piece *piece = context;
    tr_snapshot_look(worker, piece->first, piece->count, piece->rows);
    for (uint32_t i = 0; i < piece->count; i++) {
        const troupe_ref ref = piece->rows[i].ref;
        const tr_address address = {.slot = ref.slot, .generation = ref.generation};
        const tr_actor *actor = ref.generation != 0 ? tr_actor_at(worker, address) : NULL;
        if (actor != NULL && actor->is_own) {
            piece->are_own[i] = true;
            look_whom_for(worker, actor, piece, i);
        }
    }
}

/* Goes on to where there are actors; sees what can be seen from here. Where to look next, or 0. */
static uint64_t find_actors(tr_inspector *inspector, uint64_t cursor, uint32_t limit,
                            struct piece *piece, bool *is_wanted)
{
    const tr_system *system = &inspector->node->system;
    const uint32_t used = atomic_load_explicit(&system->slots.used, memory_order_relaxed);
    uint64_t at = cursor;
    const uint64_t end = at + SLOTS_PER_ANSWER < used ? at + SLOTS_PER_ANSWER : used;
    while (at < end && !tr_snapshot_glance(system, (uint32_t) at, &piece->rows[0])) {
        at++;
    }
    piece->first = (uint32_t) at;
    for (; at < end && piece->count < limit; at++) {
        troupe_actor_info *row = &piece->rows[piece->count];
        if (tr_snapshot_glance(system, (uint32_t) at, row)) {
            is_wanted[row->worker] = true;
        } else {
            *row = (troupe_actor_info) {0};
        }
        piece->are_own[piece->count] = false;
        piece->serve[piece->count] = 0;
        piece->count++;
    }
    return at < used ? at : 0;
}

static void show_wait(tr_system *system, const troupe_actor_info *row, uint64_t now_ns,
                      Troupe__Ref *ref, Troupe__Inspect__Actor *shown)
{
    const bool is_known = row->behavior[0] != '\0' || tr_snapshot_is_running(system, row);
    shown->wait = is_known ? (Troupe__Inspect__Wait) row->wait : TROUPE__INSPECT__WAIT__UNKNOWN;
    if (row->waiting_since_ns != 0 && row->waiting_since_ns < now_ns) {
        shown->waiting_ns = now_ns - row->waiting_since_ns;
    }
    if (troupe_ref_is_none(row->waits_for)) {
        return;
    }
    const tr_address carrier = {.slot = row->waits_for.slot,
                                .generation = row->waits_for.generation};
    const uint64_t far = system->far != NULL ? tr_far_node_of(system, carrier) : 0;
    shown->waits_for =
        tr_inspector_ref(ref, far != 0 ? (troupe_ref) {.node = far} : row->waits_for);
}

/* What an actor of the node's own is: its name behind the "troupe.", or else its behavior's. */
static void show_role(const tr_system *system, struct piece *piece, uint32_t index,
                      Troupe__Inspect__Actor *shown)
{
    const troupe_actor_info *row = &piece->rows[index];
    const char *dot = strchr(row->name, '.');
    const bool is_tap = row->parent.slot == system->inspector.slot &&
                        row->parent.generation == system->inspector.generation;
    if (piece->are_own[index]) {
        (void) snprintf(piece->roles[index], sizeof piece->roles[index], "%s",
                        dot != NULL ? dot + 1
                        : is_tap    ? "tap"
                                    : row->behavior);
        shown->role = tr_inspector_text(piece->roles[index]);
        shown->serves = piece->serve[index];
    }
    if (shown->serves != 0) {
        shown->serves_name = tr_inspector_text(piece->served[index]);
    }
}

static void show(tr_system *system, struct piece *piece, size_t place, uint32_t index,
                 uint64_t now_ns)
{
    troupe_actor_info *row = &piece->rows[index];
    Troupe__Inspect__Actor *shown = &piece->actors[place];
    Troupe__Ref *refs = piece->refs[place];
    *shown = (Troupe__Inspect__Actor) TROUPE__INSPECT__ACTOR__INIT;
    shown->ref = tr_inspector_ref(&refs[0], row->ref);
    if (row->name[0] != '\0') {
        shown->name = tr_inspector_text(row->name);
    }
    (void) snprintf(piece->behaviors[place], sizeof piece->behaviors[place], "%s", row->behavior);
    shown->behavior = tr_inspector_text(piece->behaviors[place]);
    if (!troupe_ref_is_none(row->parent)) {
        shown->parent = tr_inspector_ref(&refs[2], row->parent);
    }
    show_wait(system, row, now_ns, &refs[1], shown);
    shown->worker = row->worker;
    shown->depth = row->depth;
    shown->depth_peak = row->depth_peak;
    shown->capacity = row->capacity;
    shown->bytes = row->bytes;
    shown->handled = row->handled;
    shown->refused = row->refused;
    shown->stashed = row->stashed;
    shown->parked = row->parked;
    shown->waiting = row->waiting;
    shown->asks = row->asks;
    shown->restarts = row->restarts;
    shown->is_supervisor = row->is_supervisor != 0;
    show_role(system, piece, index, shown);
    piece->pointers[place] = shown;
}

/* How many of the piece's rows are shown. */
static size_t show_all(const tr_inspector *inspector, struct piece *piece, bool only_waiting)
{
    const uint64_t now_ns = tr_node_now_ns(inspector->node);
    size_t count = 0;
    for (uint32_t i = 0; i < piece->count; i++) {
        const troupe_actor_info *row = &piece->rows[i];
        if (!troupe_ref_is_none(row->ref) &&
            (!only_waiting || !troupe_ref_is_none(row->waits_for))) {
            show(&inspector->node->system, piece, count++, i, now_ns);
        }
    }
    return count;
}

troupe_error tr_inspector_list_actors(tr_inspector *inspector, troupe_self *self,
                                      troupe_message **request)
{
    const Troupe__Inspect__ListActors *wanted =
        (const void *) troupe_message_as(*request, &troupe__inspect__list_actors__descriptor);
    struct piece *piece = tr_allocate_unset(allocator_of(inspector), sizeof *piece);
    TR_REQUIRE(piece != NULL, NO_MEMORY);
    Troupe__Inspect__Actors actors = TROUPE__INSPECT__ACTORS__INIT;
    bool is_wanted[TR_ENDS_MAX] = {false};
    const uint32_t limit =
        wanted->limit != 0 && wanted->limit < TR_INSPECTOR_ROWS ? wanted->limit : TR_INSPECTOR_ROWS;
    piece->count = 0;
    piece->asked.silent_count = 0;
    piece->asked.deadline_ns = tr_node_now_ns(inspector->node) + ANSWER_NS;
    actors.next = find_actors(inspector, wanted->cursor, limit, piece, is_wanted);
    const uint32_t ends = ends_of(inspector->node);
    for (uint32_t i = 0; i < ends; i++) {
        if (is_wanted[i]) {
            (void) ask_worker(inspector, &piece->asked, i, look, piece);
        }
    }
    actors.n_actors = show_all(inspector, piece, wanted->only_waiting);
    actors.actors = piece->pointers;
    actors.n_silent = piece->asked.silent_count;
    actors.silent = piece->asked.silent;
    actors.now_ns = tr_node_now_ns(inspector->node);
    actors.node = inspector->node->system.options.node_id;
    const troupe_error error = troupe_reply(self, *request, &actors.base);
    tr_free(allocator_of(inspector), piece, sizeof *piece);
    return error == TROUPE_ERROR_TOO_LARGE ? TROUPE_OK : error; /* the asker was told */
}

/* Statistics. */

static void show_counts(const troupe_counts *counts, Troupe__Inspect__Counts *shown)
{
    *shown = (Troupe__Inspect__Counts) TROUPE__INSPECT__COUNTS__INIT;
    shown->accepted = counts->accepted;
    shown->handled = counts->outcomes[TROUPE_OUTCOME_HANDLED];
    shown->failed = counts->outcomes[TROUPE_OUTCOME_FAILED];
    shown->expired = counts->outcomes[TROUPE_OUTCOME_EXPIRED];
    shown->cancelled = counts->outcomes[TROUPE_OUTCOME_CANCELLED];
    shown->dropped = counts->outcomes[TROUPE_OUTCOME_DROPPED];
    shown->dead_letters = counts->outcomes[TROUPE_OUTCOME_DEAD_LETTER];
    shown->quarantined = counts->outcomes[TROUPE_OUTCOME_QUARANTINED];
    shown->lost = counts->outcomes[TROUPE_OUTCOME_LOST];
    shown->carried = counts->outcomes[TROUPE_OUTCOME_CARRIED];
    shown->refused = counts->refused;
    shown->waited = counts->waited;
    shown->spawned = counts->spawned;
    shown->ended = counts->ended;
    shown->actors_failed = counts->failed;
    shown->turns = counts->turns;
}

struct statistics {
    Troupe__Inspect__Counts shown[TR_WORKERS_MAX + 1]; /* the last is the sum */
    Troupe__Inspect__Counts *pointers[TR_WORKERS_MAX];
    char name[TR_NAME_MAX + 1];
};

/* The counts of a ledger may be read by any thread. */
troupe_error tr_inspector_get_statistics(tr_inspector *inspector, troupe_self *self,
                                         troupe_message **request)
{
    troupe_node *node = inspector->node;
    struct statistics *room = tr_allocate_unset(allocator_of(inspector), sizeof *room);
    TR_REQUIRE(room != NULL, NO_MEMORY);
    troupe_counts total = {0};
    Troupe__Inspect__Statistics statistics = TROUPE__INSPECT__STATISTICS__INIT;
    const uint32_t ends = ends_of(node);
    const uint32_t workers = node->settings.system.workers;
    for (uint32_t i = 0; i < ends; i++) {
        troupe_counts counts;
        tr_ledger_read(&tr_ends_worker(&node->ends, i)->ledger, &counts);
        tr_counts_add(&total, &counts);
        if (i < workers) {
            show_counts(&counts, &room->shown[i]);
            room->pointers[i] = &room->shown[i];
        }
    }
    show_counts(&total, &room->shown[TR_WORKERS_MAX]);
    statistics.node = node->system.options.node_id;
    statistics.name = name_of(node, room->name);
    statistics.now_ns = tr_node_now_ns(node);
    statistics.total = &room->shown[TR_WORKERS_MAX];
    statistics.n_workers = workers;
    statistics.workers = room->pointers;
    const troupe_error error = troupe_reply(self, *request, &statistics.base);
    tr_free(allocator_of(inspector), room, sizeof *room);
    return error == TROUPE_ERROR_TOO_LARGE ? TROUPE_OK : error;
}

/* Dead letters. */

struct letters {
    troupe_dead_sample samples[TROUPE_DEAD_LETTERS_KEPT];
    Troupe__Inspect__DeadLetter shown[TROUPE_DEAD_LETTERS_KEPT];
    Troupe__Inspect__DeadLetter *pointers[TROUPE_DEAD_LETTERS_KEPT];
    Troupe__Ref refs[TROUPE_DEAD_LETTERS_KEPT][2];
    char types[TROUPE_DEAD_LETTERS_KEPT][NAME_MAX_SHOWN + 1];
};

static void show_letter(struct letters *letters, size_t place, uint64_t now_ns)
{
    const troupe_dead_letter *letter = &letters->samples[place].letter;
    Troupe__Inspect__DeadLetter *shown = &letters->shown[place];
    *shown = (Troupe__Inspect__DeadLetter) TROUPE__INSPECT__DEAD_LETTER__INIT;
    (void) snprintf(letters->types[place], sizeof letters->types[place], "%s", letter->type);
    shown->type = tr_inspector_text(letters->types[place]);
    shown->reason = (char *) (uintptr_t) troupe_dead_reason_text(letter->reason); /* read only */
    shown->age_ns = now_ns - letters->samples[place].time_ns;
    if (!troupe_ref_is_none(letter->sender)) {
        shown->sender = tr_inspector_ref(&letters->refs[place][0], letter->sender);
    }
    shown->receiver = tr_inspector_ref(&letters->refs[place][1], letter->receiver);
    letters->pointers[place] = shown;
}

troupe_error tr_inspector_list_dead_letters(tr_inspector *inspector, troupe_self *self,
                                            troupe_message **request)
{
    struct letters *letters = tr_allocate_unset(allocator_of(inspector), sizeof *letters);
    TR_REQUIRE(letters != NULL, NO_MEMORY);
    Troupe__Inspect__DeadLetters shown = TROUPE__INSPECT__DEAD_LETTERS__INIT;
    shown.n_letters =
        troupe_node_dead_letters(inspector->node, letters->samples, TROUPE_DEAD_LETTERS_KEPT);
    shown.letters = letters->pointers;
    for (size_t i = 0; i < shown.n_letters; i++) {
        show_letter(letters, i, tr_node_now_ns(inspector->node));
    }
    const troupe_error error = troupe_reply(self, *request, &shown.base);
    tr_free(allocator_of(inspector), letters, sizeof *letters);
    return error == TROUPE_ERROR_TOO_LARGE ? TROUPE_OK : error;
}

/* Peers. */

struct peers {
    tr_hub *hub;
    uint64_t cursor;
    size_t total;
    tr_hub_row rows[PEERS_PER_ANSWER];
    Troupe__Inspect__Peer peers[PEERS_PER_ANSWER];
    Troupe__Inspect__Peer *pointers[PEERS_PER_ANSWER];
    char roles[PEERS_PER_ANSWER][64];
    char name[TR_NAME_MAX + 1]; /* this node's */
    struct asked asked;
};

static void look_at_hub(tr_worker *worker, void *context)
{
    (void) worker;
    struct peers *peers = context;
    peers->total = tr_hub_list(peers->hub, peers->cursor, peers->rows, PEERS_PER_ANSWER);
}

static void show_peer(struct peers *peers, size_t place)
{
    tr_hub_row *row = &peers->rows[place];
    Troupe__Inspect__Peer *shown = &peers->peers[place];
    *shown = (Troupe__Inspect__Peer) TROUPE__INSPECT__PEER__INIT;
    tr_rights_write(row->rights, peers->roles[place], sizeof peers->roles[place]);
    shown->node = row->node;
    shown->name = tr_inspector_text(row->name);
    shown->labels = row->labels;
    shown->endpoint = row->endpoint;
    shown->state = !row->is_up       ? TROUPE__INSPECT__PEER_STATE__DOWN
                   : row->is_suspect ? TROUPE__INSPECT__PEER_STATE__SUSPECT
                                     : TROUPE__INSPECT__PEER_STATE__UP;
    shown->is_dialled = row->is_dialled;
    shown->roles = peers->roles[place];
    shown->key_name = tr_inspector_text(row->key_name);
    shown->sessions = row->counts.begun;
    shown->sessions_lost = row->counts.lost;
    shown->links = row->counts.links;
    shown->frames_sent = row->counts.frames_sent;
    shown->frames_resent = row->counts.frames_again;
    shown->frames_received = row->counts.frames_received;
    shown->suspicions = row->counts.suspicions;
    shown->bytes_unacknowledged = row->bytes;
    peers->pointers[place] = shown;
}

troupe_error tr_inspector_list_peers(tr_inspector *inspector, troupe_self *self,
                                     troupe_message **request)
{
    troupe_node *node = inspector->node;
    const Troupe__Inspect__ListPeers *wanted =
        (const void *) troupe_message_as(*request, &troupe__inspect__list_peers__descriptor);
    struct peers *peers = tr_allocate_unset(allocator_of(inspector), sizeof *peers);
    TR_REQUIRE(peers != NULL, NO_MEMORY);
    Troupe__Inspect__Peers shown = TROUPE__INSPECT__PEERS__INIT;
    peers->hub = node->hub;
    peers->cursor = wanted->cursor;
    peers->total = 0;
    peers->asked.silent_count = 0;
    peers->asked.deadline_ns = tr_node_now_ns(node) + ANSWER_NS;
    shown.node = node->system.options.node_id;
    shown.name = name_of(node, peers->name);
    troupe_error error = TROUPE_OK;
    if (node->hub != NULL) {
        const char *endpoint = tr_hub_endpoint(node->hub);
        shown.endpoint = endpoint != NULL ? (char *) (uintptr_t) endpoint : shown.endpoint;
        error = ask_worker(inspector, &peers->asked, tr_system_border_worker(&node->system),
                           look_at_hub, peers)
                    ? TROUPE_OK
                    : TROUPE_ERROR_TIMED_OUT;
    }
    for (; peers->cursor + shown.n_peers < peers->total && shown.n_peers < PEERS_PER_ANSWER;
         shown.n_peers++) {
        show_peer(peers, shown.n_peers);
    }
    shown.peers = peers->pointers;
    shown.next = peers->cursor + shown.n_peers < peers->total ? peers->cursor + shown.n_peers : 0;
    error = error ? error : troupe_reply(self, *request, &shown.base);
    tr_free(allocator_of(inspector), peers, sizeof *peers);
    return error == TROUPE_ERROR_TOO_LARGE ? TROUPE_OK : error;
}
