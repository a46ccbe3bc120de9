/* SPDX-License-Identifier: MIT */
#include "command/actors.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static troupe_ref ref_of(const Troupe__Ref *ref)
{
    return ref == NULL ? troupe_ref_none()
                       : (troupe_ref) {.node = ref->node,
                                       .slot = ref->slot,
                                       .generation = ref->generation,
                                       .seal = ref->seal};
}

static void take(tr_actor_row *row, const Troupe__Inspect__Actor *actor)
{
    *row = (tr_actor_row) {
        .ref = ref_of(actor->ref),
        .parent = ref_of(actor->parent),
        .waits_for = ref_of(actor->waits_for),
        .wait = actor->wait,
        .worker = actor->worker,
        .depth = actor->depth,
        .depth_peak = actor->depth_peak,
        .capacity = actor->capacity,
        .stashed = actor->stashed,
        .parked = actor->parked,
        .waiting = actor->waiting,
        .asks = actor->asks,
        .bytes = actor->bytes,
        .handled = actor->handled,
        .refused = actor->refused,
        .restarts = actor->restarts,
        .waiting_ns = actor->waiting_ns,
        .is_supervisor = actor->is_supervisor,
        .serves = actor->serves,
    };
    (void) snprintf(row->name, sizeof row->name, "%s", actor->name);
    (void) snprintf(row->behavior, sizeof row->behavior, "%s", actor->behavior);
    (void) snprintf(row->role, sizeof row->role, "%s", actor->role);
    (void) snprintf(row->serves_name, sizeof row->serves_name, "%s", actor->serves_name);
}

static bool take_all(tr_actors *actors, const Troupe__Inspect__Actors *piece)
{
    if (actors->count + piece->n_actors > actors->capacity) {
        const size_t capacity = 2 * (actors->count + piece->n_actors);
        tr_actor_row *rows = realloc(actors->rows, capacity * sizeof *rows);
        if (rows == NULL) {
            return false;
        }
        actors->rows = rows;
        actors->capacity = capacity;
    }
    for (size_t i = 0; i < piece->n_actors; i++) {
        take(&actors->rows[actors->count++], piece->actors[i]);
    }
    return true;
}

static void note_silent(tr_actors *actors, uint32_t worker)
{
    for (size_t i = 0; i < actors->silent_count; i++) {
        if (actors->silent[i] == worker) {
            return;
        }
    }
    if (actors->silent_count < sizeof actors->silent / sizeof actors->silent[0]) {
        actors->silent[actors->silent_count++] = worker;
    }
}

bool tr_actors_fetch(tr_client *client, tr_actors *actors)
{
    TROUPE_AUTO(troupe_message) *reply = NULL;
    Troupe__Inspect__ListActors request = TROUPE__INSPECT__LIST_ACTORS__INIT;
    actors->count = 0;
    actors->silent_count = 0;
    do {
        const Troupe__Inspect__Actors *piece =
            tr_client_ask(client, &request.base, &troupe__inspect__actors__descriptor, &reply);
        if (piece == NULL) {
            return false;
        }
        if (!take_all(actors, piece)) {
            (void) tr_client_fail(client, "out of memory", NULL);
            return false;
        }
        if (request.cursor == 0) {
            actors->now_ns = piece->now_ns;
            actors->node = piece->node;
        }
        for (size_t i = 0; i < piece->n_silent; i++) {
            note_silent(actors, piece->silent[i]);
        }
        if (piece->next != 0 && piece->next <= request.cursor) {
            (void) tr_client_fail(client, "its list has no end", NULL);
            return false;
        }
        request.cursor = piece->next;
    } while (request.cursor != 0);
    return true;
}

void tr_actors_hide_own(tr_actors *actors)
{
    size_t kept = 0;
    for (size_t i = 0; i < actors->count; i++) { /* while all can be found */
        const tr_actor_row *parent = tr_actors_find(actors, actors->rows[i].parent);
        if (parent != NULL && parent->role[0] != '\0') {
            actors->rows[i].parent = troupe_ref_none();
        }
    }
    for (size_t i = 0; i < actors->count; i++) {
        if (actors->rows[i].role[0] == '\0') {
            actors->rows[kept++] = actors->rows[i];
        }
    }
    actors->count = kept;
}

bool tr_actors_copy(const tr_actors *actors, tr_actors *out_copy)
{
    const size_t size = (actors->count + 1) * sizeof *actors->rows;
    *out_copy = *actors;
    out_copy->capacity = actors->count + 1;
    out_copy->rows = malloc(size);
    if (out_copy->rows != NULL && actors->count > 0) {
        (void) memcpy(out_copy->rows, actors->rows, actors->count * sizeof *actors->rows);
    }
    return out_copy->rows != NULL;
}

void tr_actors_free(tr_actors *actors)
{
    free(actors->rows);
    *actors = (tr_actors) {0};
}

const tr_actor_row *tr_actors_find(const tr_actors *actors, troupe_ref ref)
{
    size_t low = 0;
    size_t high = actors->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (actors->rows[middle].ref.slot < ref.slot) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < actors->count && troupe_ref_is_same(actors->rows[low].ref, ref)
               ? &actors->rows[low]
               : NULL;
}

void tr_actors_set_rates(tr_actors *actors, const tr_actors *before)
{
    const double seconds =
        actors->now_ns > before->now_ns ? (double) (actors->now_ns - before->now_ns) / 1e9 : 0;
    for (size_t i = 0; i < actors->count && seconds > 0; i++) {
        tr_actor_row *row = &actors->rows[i];
        const tr_actor_row *then = tr_actors_find(before, row->ref);
        if (then != NULL && row->handled > then->handled) {
            row->rate = (double) (row->handled - then->handled) / seconds;
        }
    }
}

bool tr_actors_fetch_rates(tr_client *client, uint64_t apart_ns, tr_actors *actors)
{
    tr_actors before = {0};
    bool is_done = tr_actors_fetch(client, &before);
    if (is_done) {
        const troupe_error error = troupe_sleep(client->self, troupe_timeout_of_ns(apart_ns));
        if (error) {
            (void) tr_client_fail(client, "it was given up", troupe_error_text(error));
        }
        is_done = error == TROUPE_OK && tr_actors_fetch(client, actors);
    }
    if (is_done) {
        tr_actors_set_rates(actors, &before);
    }
    tr_actors_free(&before);
    return is_done;
}

void tr_actors_title(const tr_actor_row *row, char *text, size_t size)
{
    char node[24];
    (void) snprintf(node, sizeof node, "%" PRIx64, row->serves);
    if (row->name[0] != '\0' || row->role[0] == '\0') {
        (void) snprintf(text, size, "%s", row->name);
    } else if (row->serves == 0) {
        (void) snprintf(text, size, "[%s]", row->role);
    } else {
        (void) snprintf(text, size, "[%s %s %s]", row->role,
                        strcmp(row->role, "entrance") == 0 ? "from" : "to",
                        row->serves_name[0] != '\0' ? row->serves_name : node);
    }
}

const char *tr_actors_wait_name(Troupe__Inspect__Wait wait)
{
    static const char *const names[] = {"running",  "message", "room", "reply",  "time", "start",
                                        "children", "offload", "fd",   "future", "task", "restart"};
    return (unsigned) wait < sizeof names / sizeof names[0] ? names[wait] : "unknown";
}

void tr_actors_label(const tr_actors *actors, troupe_ref ref, char *text, size_t size)
{
    if (ref.node != actors->node) {
        (void) snprintf(text, size, "an actor of node %" PRIx64, ref.node);
        return;
    }
    char title[TR_ACTORS_TITLE_SIZE] = "";
    const tr_actor_row *row = tr_actors_find(actors, ref);
    if (row != NULL) {
        tr_actors_title(row, title, sizeof title);
    }
    (void) snprintf(text, size, "%" PRIu32 ".%" PRIu32 "%s%s", ref.slot, ref.generation,
                    title[0] != '\0' ? " " : "", title);
}

void tr_actors_print_silent(const tr_actors *actors)
{
    for (size_t i = 0; i < actors->silent_count; i++) {
        (void) printf("worker %" PRIu32 " is in a long turn: little is known of its actors\n",
                      actors->silent[i]);
    }
}

void tr_actors_write_head(tr_json *json, const tr_actors *actors)
{
    char node[24];
    (void) snprintf(node, sizeof node, "%" PRIx64, actors->node);
    tr_json_text(json, "node", node);
    tr_json_open(json, "silent_workers", '[');
    for (size_t i = 0; i < actors->silent_count; i++) {
        tr_json_number(json, NULL, actors->silent[i]);
    }
    tr_json_close(json, ']');
}

static void write_waits_for(tr_json *json, const tr_actor_row *row)
{
    char node[24];
    if (!troupe_ref_is_none(row->waits_for) || row->waits_for.node == 0) {
        tr_json_ref(json, "waits_for", row->waits_for);
        return;
    }
    (void) snprintf(node, sizeof node, "%" PRIx64, row->waits_for.node);
    tr_json_text(json, "waits_for", node);
}

/* null: it is the program's; or is there for no node. */
static void write_role(tr_json *json, const tr_actor_row *row)
{
    char node[24];
    (void) snprintf(node, sizeof node, "%" PRIx64, row->serves);
    if (row->role[0] != '\0') {
        tr_json_text(json, "role", row->role);
    } else {
        tr_json_null(json, "role");
    }
    if (row->serves != 0) {
        tr_json_text(json, "serves", node);
    } else {
        tr_json_null(json, "serves");
    }
}

void tr_actors_write(tr_json *json, const char *key, const tr_actor_row *row)
{
    tr_json_open(json, key, '{');
    tr_json_ref(json, "ref", row->ref);
    tr_json_text(json, "name", row->name);
    tr_json_text(json, "behavior", row->behavior);
    tr_json_text(json, "state", tr_actors_wait_name(row->wait));
    write_waits_for(json, row);
    tr_json_real(json, "waiting_seconds", (double) row->waiting_ns / 1e9);
    tr_json_ref(json, "parent", row->parent);
    tr_json_flag(json, "is_supervisor", row->is_supervisor);
    tr_json_number(json, "restarts", row->restarts);
    tr_json_number(json, "worker", row->worker);
    tr_json_number(json, "depth", row->depth);
    tr_json_number(json, "depth_peak", row->depth_peak);
    tr_json_number(json, "capacity", row->capacity);
    tr_json_number(json, "bytes", row->bytes);
    tr_json_number(json, "handled", row->handled);
    tr_json_real(json, "rate", row->rate);
    tr_json_number(json, "refused", row->refused);
    tr_json_number(json, "stashed", row->stashed);
    tr_json_number(json, "parked", row->parked);
    tr_json_number(json, "senders_waiting", row->waiting);
    tr_json_number(json, "asks", row->asks);
    write_role(json, row);
    tr_json_close(json, '}');
}
